//! What a live server's SUSDB looks like, as a document: names, types and shapes of what wsusctl uses, and the texts of tables
//! that are the same for everybody. `doctor --contract` writes it.
//!
//! It is meant for bug reports: no name of a computer, a group, a person, a login or a host is in it, no id of the server and
//! no text of a definition. These types are the document, since it is nothing but what was found; docs/reference/contract.md
//! describes it. The same server gives the same bytes.

mod schema;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::schema::schema;

/// The version of the document's shape. Its first number changes when readers would have to change, its second when
/// something is added.
pub const FORMAT_VERSION: (u32, u32) = (1, 0);

/// What the document says that it is.
pub const KIND: &str = "SusdbContract";

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// [`KIND`].
    pub kind: String,
    /// [`FORMAT_VERSION`] as a text.
    pub format_version: String,
    /// Who wrote it.
    pub tool: Tool,
    /// The database server and the database.
    pub server: Server,
    /// What the login may do; its name is left out.
    pub login: Found<Login>,
    /// Every procedure that wsusctl calls, in its own order.
    pub procedures: Found<Vec<Procedure>>,
    /// Every table and view that wsusctl reads, by name.
    pub objects: Found<Vec<Object>>,
    /// Tables of states, types and languages with their rows.
    pub reference: Vec<Reference>,
    /// How much there is of what.
    pub counts: BTreeMap<String, Found<u64>>,
}

/// What was found, or why nothing was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Found<T> {
    /// What was found.
    Value(T),
    /// Why it could not be read: no text of the server is in it.
    Unchecked(String),
}

impl<T> Found<T> {
    /// What was found.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unchecked(_) => None,
        }
    }
}

impl<T> From<Result<T, String>> for Found<T> {
    fn from(result: Result<T, String>) -> Self {
        result.map_or_else(Self::Unchecked, Self::Value)
    }
}

/// The program that wrote the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `wsusctl`
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The database server and the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// The first line of @@VERSION.
    pub version: Found<String>,
    /// The database server's product.
    pub product: Found<Product>,
    /// Its engine and the database's level.
    pub engine: Found<Engine>,
    /// The database.
    pub database: Found<Database>,
}

/// SERVERPROPERTY of the database server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Product {
    /// ProductVersion.
    pub product_version: Option<String>,
    /// ProductLevel.
    pub level: Option<String>,
    /// Edition.
    pub edition: Option<String>,
    /// Collation.
    pub server_collation: Option<String>,
}

/// What kind of engine it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Engine {
    /// EngineEdition: 2 Standard, 3 Enterprise, 4 Express and the Windows Internal Database.
    ///
    /// Source: learn.microsoft.com, SERVERPROPERTY (grade A).
    pub edition: Option<i32>,
    /// The database's compatibility_level.
    pub compatibility_level: i32,
}

/// DATABASEPROPERTYEX of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// Collation.
    pub collation: Option<String>,
    /// Updateability.
    pub updateability: Option<String>,
}

/// What the login may do as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    /// Roles that matter, and whether it is in them; none where there is no such role.
    pub roles: BTreeMap<String, Option<bool>>,
    /// Whether it has VIEW DEFINITION on the database: what another login does not see is not there.
    pub sees_definitions: bool,
}

/// A procedure in the schema dbo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Procedure {
    /// Its name as wsusctl spells it.
    pub name: String,
    /// Whether the server has it, and the login sees it.
    pub present: bool,
    /// Whether the login may run it; none where that could not be read.
    pub permitted: Option<bool>,
    /// Whether its definition may be read.
    pub definition: Definition,
    /// Its parameters in order.
    pub parameters: Vec<Parameter>,
    /// How the lists are written that it takes as XML.
    pub lists: Vec<List>,
    /// Numbers that its definition names.
    pub codes: Codes,
    /// The columns of the first row set that it gives; none of one that is not called for that.
    pub row: Option<Found<Vec<RowColumn>>>,
}

/// Numbers that a definition names; none of a hidden one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    /// States of RAISERROR.
    pub raised: BTreeSet<i32>,
    /// What stands behind RETURN.
    pub returned: BTreeSet<i32>,
}

/// Whether a definition may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Definition {
    /// It may.
    Readable,
    /// It may not, or there is none.
    Hidden,
}

/// A parameter of a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name with the `@`, as the server spells it.
    pub name: String,
    /// Its type as T-SQL spells it: `nvarchar(256)`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it may be left out; none where only a hidden definition would tell.
    pub default: Option<bool>,
    /// Whether it gives a value back.
    pub output: bool,
}

/// How a list is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The parameter that takes it.
    pub parameter: String,
    /// The name of the root.
    pub root: String,
    /// The name of an entry's element.
    pub item: String,
    /// What stands in an entry.
    pub content: Content,
    /// How that is known.
    pub basis: Basis,
}

/// What stands in an entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// An element for each field.
    Elements,
    /// An attribute for each field.
    Attributes,
    /// GUIDs.
    Guids,
    /// SUSDB's own numbers.
    LocalIds,
    /// A text.
    Text,
}

/// How the shape of a list is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Basis {
    /// From the definition.
    Found,
    /// Assumed, since the definition is hidden.
    AssumedHidden,
    /// Assumed, since the definition does not tell.
    AssumedUnclear,
}

/// A column of a row set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowColumn {
    /// Its name.
    pub name: String,
    /// Its type without a length; none where there was no row to tell.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
}

/// A table or view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Schema and name as wsusctl spells them: `dbo.tbUpdate`.
    pub name: String,
    /// Whether the server has it, and the login sees it.
    pub present: bool,
    /// Whether the login may read it; none where that could not be read.
    pub permitted: Option<bool>,
    /// Its columns in order, those that wsusctl does not read among them.
    pub columns: Vec<Column>,
}

/// A column of a table or view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name as the server spells it.
    pub name: String,
    /// Its type as T-SQL spells it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it takes NULL.
    pub nullable: bool,
}

/// A table that says what numbers and ids mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Schema and name.
    pub table: String,
    /// The columns that were read.
    pub columns: Vec<String>,
    /// Its rows, sorted, a value for each column.
    pub rows: Found<Vec<Vec<Scalar>>>,
}

/// A value of a reference table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A bit.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A text or a GUID.
    Text(String),
    /// NULL.
    Null,
}

impl Contract {
    /// The document's text, with a line end at its end.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("every key of the document is a text");
        text.push('\n');
        text
    }
}
