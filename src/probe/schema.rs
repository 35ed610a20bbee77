//! The JSON Schema of the document: what docs/reference/contract.md says of each field.

use crate::schema::{Document, Map, Property, Schema, Text, optional, required};

/// The largest number that every JSON parser keeps.
const LARGEST: i64 = 9_007_199_254_740_991;

/// The JSON Schema of the document.
#[must_use]
pub fn schema() -> Document {
    let tool = map(vec![required("name", text("`wsusctl`.")), required("version", text("Its version."))]);
    let root = map(vec![
        required("kind", Schema::words([super::KIND]).says("What the document is.")),
        required("formatVersion", Schema::pattern("1\\.[0-9]+").says("The version of this format.").example("\"1.0\"")),
        required("tool", tool.says("The program that wrote the document.")),
        required("server", server()),
        required("login", found(login())),
        required("procedures", found(Schema::list(procedure()).says("Every procedure that wsusctl calls."))),
        required("objects", found(Schema::list(object()).says("Every table and view that wsusctl reads."))),
        required(
            "reference",
            Schema::list(reference()).says("Tables that say what numbers and ids mean, with their rows."),
        ),
        required(
            "counts",
            Schema::table(found(count("So many."))).says("How much there is of what.").example("{groups: {value: 12}}"),
        ),
    ]);
    Document {
        root: root.title("The contract of a SUSDB").says("The document of `wsusctl doctor --contract`."),
        definitions: Vec::new(),
    }
}

fn server() -> Schema {
    let product = map(vec![
        required("productVersion", or_null(text("SERVERPROPERTY: ProductVersion.").example("\"15.0.4382.1\""))),
        required("level", or_null(text("ProductLevel."))),
        required("edition", or_null(text("Edition."))),
        required("serverCollation", or_null(text("Collation."))),
    ]);
    let engine = map(vec![
        required("edition", or_null(number("EngineEdition: 2 Standard, 3 Enterprise, 4 Express and WID."))),
        required("compatibilityLevel", number("The database's compatibility_level.")),
    ]);
    let database = map(vec![
        required("collation", or_null(text("DATABASEPROPERTYEX: Collation."))),
        required("updateability", or_null(text("READ_WRITE or READ_ONLY."))),
    ]);
    map(vec![
        required("version", found(text("The first line of @@VERSION."))),
        required("product", found(product.says("The database server's product."))),
        required("engine", found(engine.says("What kind of engine it is."))),
        required("database", found(database.says("The database."))),
    ])
    .says("The database server and the database.")
}

fn login() -> Schema {
    let member = or_null(Schema::flag().says("Whether it is in the role; null where there is no such role."));
    map(vec![
        required("roles", Schema::table(member).says("Roles that matter.").example("{db_owner: true}")),
        required("seesDefinitions", flag("Whether it has VIEW DEFINITION on the database.")),
    ])
    .says("What the login may do as a whole; its name is left out.")
}

fn procedure() -> Schema {
    let column = map(vec![
        required("name", text("Its name.")),
        required("type", or_null(text("Its type without a length; null where there was no row to tell."))),
    ]);
    let row = found(Schema::list(column).says("The columns of the first row set that it gives."));
    let codes = map(vec![
        required("raised", Schema::list(number("A state.")).unique().says("States of RAISERROR.")),
        required("returned", Schema::list(number("A return code.")).unique().says("What stands behind RETURN.")),
    ]);
    map(vec![
        required("name", name("Its name; it is in the schema dbo.").example("spDeployUpdate")),
        required("present", flag("Whether the server has it, and the login sees it.")),
        required("permitted", or_null(flag("Whether the login may run it; null where that could not be read."))),
        required(
            "definition",
            Schema::words(["readable", "hidden"]).says("Whether its definition may be read; its text is never here."),
        ),
        required("parameters", Schema::list(parameter()).says("Its parameters in order.")),
        required("lists", Schema::list(list()).says("How the lists are written that it takes as XML.")),
        required("codes", codes.says("Numbers that its definition names; none of a hidden one.")),
        required("row", or_null(row)),
    ])
}

fn parameter() -> Schema {
    map(vec![
        required("name", name("Its name with the `@`, as the server spells it.").example("'@updateID'")),
        required("type", name("Its type as T-SQL spells it.").example("nvarchar(256)")),
        required(
            "default",
            or_null(flag("Whether it may be left out; null where only a hidden definition would tell.")),
        ),
        required("output", flag("Whether it gives a value back.")),
    ])
}

fn list() -> Schema {
    map(vec![
        required("parameter", name("The parameter that takes it.")),
        required("root", name("The name of the root.")),
        required("item", name("The name of an entry's element.")),
        required(
            "content",
            Schema::words(["elements", "attributes", "guids", "localIds", "text"]).says("What stands in an entry."),
        ),
        required(
            "basis",
            Schema::words(["found", "assumedHidden", "assumedUnclear"])
                .says("How that is known: from the definition, or assumed since it is hidden or does not tell."),
        ),
    ])
}

fn object() -> Schema {
    let column = map(vec![
        required("name", name("Its name as the server spells it.")),
        required("type", name("Its type as T-SQL spells it.").example("uniqueidentifier")),
        required("nullable", flag("Whether it takes NULL.")),
    ]);
    map(vec![
        required("name", name("Schema and name.").example("dbo.tbUpdate")),
        required("present", flag("Whether the server has it, and the login sees it.")),
        required("permitted", or_null(flag("Whether the login may read it; null where that could not be read."))),
        required("columns", Schema::list(column).says("Its columns in order, all of them.")),
    ])
}

fn reference() -> Schema {
    let scalar = Schema::either([Schema::flag(), number(""), Schema::text()]);
    let rows = Schema::list(Schema::list(or_null(scalar))).says("Its rows, sorted: a value for each column.");
    map(vec![
        required("table", name("Schema and name.").example("dbo.tbUpdateType")),
        required("columns", Schema::list(name("A name.")).says("The columns that were read.")),
        required("rows", found(rows)),
    ])
}

/// What was found, or why nothing was.
fn found(value: Schema) -> Schema {
    let says = "Why it could not be read.";
    let either = vec![optional("value", value), optional("unchecked", text(says))];
    Map::of(either).exactly_one(&["value", "unchecked"]).into()
}

fn map(fields: Vec<Property>) -> Schema {
    Map::of(fields).into()
}

fn or_null(schema: Schema) -> Schema {
    Schema { nullable: true, ..schema }
}

fn text(says: &'static str) -> Schema {
    Schema::text().says(says)
}

fn name(says: &'static str) -> Schema {
    Schema::new(crate::schema::Form::Text(Text { shortest: 1, ..Text::default() })).says(says)
}

fn flag(says: &'static str) -> Schema {
    Schema::flag().says(says)
}

fn number(says: &'static str) -> Schema {
    Schema::number(-LARGEST, LARGEST).says(says)
}

fn count(says: &'static str) -> Schema {
    Schema::number(0, LARGEST).says(says)
}
