//! Languages of updates, and program keys: the lists that go back with the settings.

use tiberius::{ColumnData, Row};
use uuid::Uuid;

use super::ReadError;
use super::row::ColumnProblem;
use crate::susdb::contract::uses::{LANGUAGES, PROGRAM_KEYS};
use crate::susdb::session::Session;

/// A language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// Its short name: `en`, `zh-tw`. `all` is among them.
    pub name: String,
    /// Whether updates in it are fetched.
    pub enabled: bool,
    /// Whether the upstream server has it enabled.
    pub upstream: bool,
}

/// A program key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::susdb) struct ProgramKey {
    pub(in crate::susdb) id: Uuid,
    pub(in crate::susdb) description: String,
}

/// Reads every language that the server knows.
///
/// Source: WSUS 3.0 SP2, TypeScript WSUS console, Go client of MS-WSUSAR: short name, Enabled and UssEnabled in this order,
/// whatever they are called (grade A/B).
///
/// # Errors
/// [`ReadError`].
pub async fn read_languages(session: &mut Session) -> Result<Vec<Language>, ReadError> {
    let language = |row: &Row| {
        Ok(Language {
            name: text(row, 0, LANGUAGES, "short name")?,
            enabled: bit(row, 1, LANGUAGES, "Enabled")?,
            upstream: bit(row, 2, LANGUAGES, "UssEnabled")?,
        })
    };
    session.call_for_rows(LANGUAGES, &[], language).await
}

/// Reads the program keys.
///
/// Source: WSUS 3.0 SP2 (grade B): ProgramKey and Description in this order.
pub(in crate::susdb) async fn read_program_keys(session: &mut Session) -> Result<Vec<ProgramKey>, ReadError> {
    let key = |row: &Row| match row.get_column_data(0) {
        Ok(ColumnData::Guid(Some(id))) => {
            let description = match row.get_column_data(1) {
                Ok(ColumnData::String(None)) => String::new(),
                _ => text(row, 1, PROGRAM_KEYS, "Description")?,
            };
            Ok(ProgramKey { id: *id, description })
        }
        _ => Err(problem(PROGRAM_KEYS, "ProgramKey", "uniqueidentifier")),
    };
    session.call_for_rows(PROGRAM_KEYS, &[], key).await
}

fn text(row: &Row, index: usize, statement: &'static str, column: &'static str) -> Result<String, ReadError> {
    match row.get_column_data(index) {
        Ok(ColumnData::String(Some(text))) => Ok(text.to_string()),
        _ => Err(problem(statement, column, "nvarchar")),
    }
}

fn bit(row: &Row, index: usize, statement: &'static str, column: &'static str) -> Result<bool, ReadError> {
    match row.get_column_data(index) {
        Ok(ColumnData::Bit(Some(bit))) => Ok(*bit),
        Ok(ColumnData::I32(Some(number))) => Ok(*number != 0),
        _ => Err(problem(statement, column, "bit")),
    }
}

fn problem(statement: &'static str, column: &'static str, expected: &'static str) -> ReadError {
    ReadError::Column { statement, column, problem: ColumnProblem::Value { expected } }
}
