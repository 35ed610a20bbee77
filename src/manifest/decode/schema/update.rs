//! References to updates, classifications and products.

use super::super::category::{CLASSIFICATION, PRODUCT};
use super::super::update::UPDATE;
use super::{UUID, keys};
use crate::schema::{Schema, optional, required};

/// A knowledge-base article.
pub(super) const KB: &str = "[Kk][Bb][0-9]{6,8}";

/// An article or an update's id, without more.
pub(super) fn bare() -> Schema {
    Schema::pattern("(?:[Kk][Bb][0-9]{6,8}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})").example("KB5060526")
}

pub(super) fn update() -> Schema {
    let narrowed = keys(
        &UPDATE,
        vec![
            required("kb", Schema::pattern(KB).says("The knowledge-base article.").example("KB5060842")),
            optional(
                "title",
                Schema::name().says("A pattern that the update's title matches.").example("\"*Windows 11*x64*\""),
            ),
            optional("product", Schema::name().says("The title of a product that it is for.").example("Windows 11")),
            optional(
                "expect",
                Schema::number(1, 1_000_000)
                    .says("How many updates there must be, counted before anything is left out; another number is an error.")
                    .example("1"),
            ),
        ],
    );
    let forms = [bare(), Schema::from(narrowed)];
    Schema::either(forms)
        .title("A reference to updates")
        .says(
            "A knowledge-base article means all its latest updates that can be approved; expired and declined ones are left \
             out while others remain. An id means that update even if it is declined.",
        )
        .example("KB5060526")
        .example("7cb9e5a1-0000-4000-8000-000000000001")
        .example("{kb: KB5060842, title: \"*Windows 11*x64*\", expect: 1}")
}

pub(super) fn classification() -> Schema {
    let id = Schema::pattern(UUID).says("The classification's id.").example("0fa1201d-4330-4fa8-8ae9-b877473b6441");
    // The map comes first: editors explain a wrong key by it.
    let forms = [Schema::from(keys(&CLASSIFICATION, vec![required("id", id)])), Schema::name()];
    Schema::either(forms)
        .title("A reference to classifications")
        .says("A title in any language that the server has, a pattern (* any run, ? one character), or an id.")
        .example("Security Updates")
        .example("{id: 0fa1201d-4330-4fa8-8ae9-b877473b6441}")
}

pub(super) fn product() -> Schema {
    let by_key = keys(
        &PRODUCT,
        vec![
            optional(
                "id",
                Schema::pattern(UUID).says("The product's id.").example("72e7624a-5b00-45d2-b92f-e561c0a6a160"),
            ),
            optional(
                "family",
                Schema::name()
                    .says("The title of a product family, or a pattern: all products of the family.")
                    .example("SQL Server"),
            ),
        ],
    );
    let forms = [Schema::from(by_key.exactly_one(&["id", "family"])), Schema::name()];
    Schema::either(forms)
        .title("A reference to products")
        .says(
            "A title in any language that the server has, a pattern (* any run, ? one character), an id, or a family of \
             products.",
        )
        .example("Windows 11")
        .example("\"Windows Server 20*\"")
        .example("{family: SQL Server}")
}
