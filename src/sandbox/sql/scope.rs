//! What a statement can refer to: tables with their columns, variables, and facts about the session.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use crate::sandbox::catalogue::Catalogue;
use crate::sandbox::database::Login;
use crate::sandbox::value::{SqlType, Value};

/// A column of a table, a subquery or a result: its type is `None` where only its values can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// Its name; empty for an expression without one.
    pub name: String,
    /// Its type.
    pub sql_type: Option<SqlType>,
}

/// A variable or a parameter of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// Its declared type; its value is always of it.
    pub sql_type: SqlType,
    /// Its value.
    pub value: Value,
}

/// Variables by lower-case name, with the `@`.
pub type Variables = BTreeMap<String, Variable>;

/// What statements can ask about the session.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Who is logged in.
    pub login: Login,
    /// The database context.
    pub database: String,
    /// UTC now, the same for the whole statement.
    pub now: NaiveDateTime,
    /// `@@TRANCOUNT`.
    pub transactions: u32,
    /// `@@ROWCOUNT`.
    pub row_count: i64,
    /// `@@ERROR`.
    pub last_error: i32,
}

/// Everything a translation looks things up in.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Tables, views and procedures.
    pub catalogue: &'a Catalogue,
    /// Variables declared so far.
    pub variables: &'a Variables,
    /// The session.
    pub facts: &'a Facts,
}

/// A table in a FROM clause.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name that columns are qualified with.
    pub name: String,
    /// Its columns.
    pub columns: Vec<ResultColumn>,
}

/// A name as SQLite's SQL has it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether two names are the same: identifiers compare as SUSDB's text does.
pub fn same(left: &str, right: &str) -> bool {
    super::collation::compare(left, right).is_eq()
}
