//! The JSON Schema of the manifest, one file a section: what the reader beside it takes.
//!
//! Keys come from the reader's own shapes, words from its tables, and settings from the model's table; [`keys`] refuses a
//! schema whose keys are not exactly a shape's. What a schema cannot say well, such as keys that contradict each other, is
//! the reader's business alone: `wsusctl validate` knows more than an editor.

mod approval_rules;
mod approvals;
mod connection;
mod downstream_servers;
mod groups;
mod management;
mod notifications;
mod select;
mod settings;
mod synchronization;
mod update;

use super::{DOCUMENT, IDENTITY, METADATA, SPEC, Shape};
use crate::schema::{Document, Map, Property, Schema, optional, required};

/// An id in its usual form, in any case.
const UUID: &str = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/// The schema of a manifest.
pub(in super::super) fn document() -> Document {
    Document {
        root: manifest(),
        definitions: vec![
            ("group", groups::group()),
            ("groupApproval", approvals::group_approval()),
            ("approvalSelector", select::approval_selector()),
            ("declineSelector", select::decline_selector()),
            ("update", update::update()),
            ("classification", update::classification()),
            ("product", update::product()),
            ("moment", select::moment()),
            ("age", select::age()),
            ("secret", connection::secret()),
        ],
    }
}

fn manifest() -> Schema {
    let labels = Schema::table(Schema::text().example("hq"));
    let metadata = keys(
        &METADATA,
        vec![
            required("name", Schema::name().says("How reports call the server; unique in a run.").example("contoso-hq")),
            optional(
                "labels",
                labels
                    .says("Labels for other programs, as texts. What looks like a number or a truth value goes in quotes.")
                    .example("{site: hq}"),
            ),
        ],
    );
    let root = keys(
        &DOCUMENT,
        vec![
            required("apiVersion", Schema::words(["wsusctl/v1alpha1"]).says("The version of the manifest's format.")),
            required("kind", Schema::words(["WsusServer"]).says("What the document declares.")),
            required("metadata", Schema::from(metadata).says("What the server is called.")),
            optional("connection", connection::connection()),
            required("spec", spec()),
        ],
    );
    Schema::from(root).title("A manifest of wsusctl").says(
        "One WSUS server. A key that is not there is not managed, and what is declared is owned. An empty list is written \
         []; null is an error but where a default is stated.",
    )
}

fn spec() -> Schema {
    let spec = keys(
        &SPEC,
        vec![
            optional("identity", identity()),
            optional("updateSource", settings::update_source()),
            optional("updateFiles", settings::update_files()),
            optional("synchronization", synchronization::synchronization()),
            optional("targeting", settings::scalar("targeting")),
            optional("automation", settings::automation()),
            optional("reporting", settings::reporting()),
            optional("serverLimits", settings::server_limits()),
            optional("cleanup", settings::cleanup()),
            optional("logging", settings::logging()),
            optional("security", settings::security()),
            optional("advanced", settings::advanced()),
            optional("notifications", notifications::notifications()),
            optional("groups", groups::groups()),
            optional("approvals", approvals::approvals()),
            optional("declines", approvals::declines()),
            optional("approvalRules", approval_rules::approval_rules()),
            optional("downstreamServers", downstream_servers::downstream_servers()),
            optional("management", management::management()),
        ],
    );
    Schema::from(spec).says("What the server is to be, section by section.")
}

fn identity() -> Schema {
    let id = Schema::pattern(UUID)
        .says("The server's id. It is read before anything else, and a server with another id stops the run (exit status 4).")
        .example("3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11");
    let replaces = Schema::pattern(UUID)
        .says(
            "The id that the server has until it gets serverId: the restored or cloned database of another server brings that \
             one's along. The change is alone in its run, and of high risk: `apply` needs --allow high-risk.",
        )
        .example("c2a1f7de-3a44-4f0e-9d3b-6f1f0a2b3c4d");
    Schema::from(keys(&IDENTITY, vec![required("serverId", id), optional("replaces", replaces)]))
        .title("Identity")
        .says("A pin: a copied manifest or a wrong address cannot rewrite the wrong server.")
}

/// A map with exactly the keys that the reader takes, in the reader's order.
///
/// # Panics
///
/// Where the keys are others: every test that builds the schema finds that.
fn keys(shape: &Shape, mut properties: Vec<Property>) -> Map {
    let place = |name: &str| shape.keys.iter().position(|key| *key == name);
    let missing: Vec<_> = shape.keys.iter().filter(|key| properties.iter().all(|it| it.name != **key)).collect();
    let unknown: Vec<_> = properties.iter().map(|it| it.name).filter(|name| place(name).is_none()).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "{}: the schema lacks {missing:?} and adds {unknown:?}",
        shape.what
    );
    properties.sort_by_key(|property| place(property.name));
    Map::of(properties)
}

/// The words of one of the reader's tables.
fn words<T>(table: &[(&'static str, T)]) -> Schema {
    Schema::words(table.iter().map(|(word, _)| *word))
}

/// A list of names.
fn names() -> Schema {
    Schema::list(Schema::name())
}

#[cfg(test)]
mod tests;
