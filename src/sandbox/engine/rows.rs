//! Results, sent row by row as SQLite finds them.

use rusqlite::{Connection, params_from_iter};

use super::session::Stop;
use crate::sandbox::database::{Response, ServerError};
use crate::sandbox::sql::translate::Translated;
use crate::sandbox::sql::{errors, storage};
use crate::sandbox::value::{Column, SqlType, Value};

/// Runs a query and sends its rows. Gives how many there were.
pub(super) fn stream(
    connection: &Connection,
    translated: &Translated,
    metadata_only: bool,
    session: i32,
    response: &mut dyn Response,
) -> Result<u64, Stop> {
    let failed = |error: &rusqlite::Error| Stop::Failed(errors::from_store(error, session));
    let mut statement = connection.prepare(&translated.sql).map_err(|error| failed(&error))?;
    let mut rows = statement.query(params_from_iter(&translated.parameters)).map_err(|error| failed(&error))?;
    let mut row = if metadata_only { None } else { rows.next().map_err(|error| failed(&error))? };
    let mut columns = Vec::with_capacity(translated.columns.len());
    for (index, column) in translated.columns.iter().enumerate() {
        let sql_type = match (column.sql_type, row) {
            (Some(sql_type), _) => sql_type,
            (None, Some(row)) => storage::type_by_value(row.get_ref(index).map_err(|error| failed(&error))?),
            (None, None) => SqlType::NVarChar(None),
        };
        columns.push(Column { name: column.name.clone(), sql_type });
    }
    response.columns(&columns)?;
    let mut values = Vec::with_capacity(columns.len());
    let mut count = 0;
    while let Some(current) = row {
        values.clear();
        for (index, column) in columns.iter().enumerate() {
            let stored = current.get_ref(index).map_err(|error| failed(&error))?;
            values.push(storage::load(stored, column.sql_type)?);
        }
        response.row(&values)?;
        count += 1;
        row = rows.next().map_err(|error| failed(&error))?;
    }
    Ok(count)
}

/// Runs a query for the values of its last row. Gives how many rows there were.
pub(super) fn last_row(
    connection: &Connection,
    translated: &Translated,
    session: i32,
) -> Result<(u64, Option<Vec<Value>>), ServerError> {
    let failed = |error: &rusqlite::Error| errors::from_store(error, session);
    let mut statement = connection.prepare(&translated.sql).map_err(|error| failed(&error))?;
    let mut rows = statement.query(params_from_iter(&translated.parameters)).map_err(|error| failed(&error))?;
    let mut last = None;
    let mut count = 0;
    while let Some(row) = rows.next().map_err(|error| failed(&error))? {
        let mut values = Vec::with_capacity(translated.columns.len());
        for (index, column) in translated.columns.iter().enumerate() {
            let stored = row.get_ref(index).map_err(|error| failed(&error))?;
            let sql_type = column.sql_type.unwrap_or_else(|| storage::type_by_value(stored));
            values.push(storage::load(stored, sql_type)?);
        }
        last = Some(values);
        count += 1;
    }
    Ok((count, last))
}
