//! How a procedure sends a result set: a query over the state, its columns named and typed.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{Params, Row};
use uuid::Uuid;

use super::{Call, Failure};
use crate::sandbox::value::{Column, SqlType, Value};

/// A column of a result set: name and type.
pub(super) type ColumnSpec = (&'static str, SqlType);

impl Call<'_> {
    /// Sends what a query finds as a result set: the query's columns in order under the given names. Procedures run with
    /// NOCOUNT ON, so no count is sent. Gives the number of rows.
    pub(super) fn send(&mut self, columns: &[ColumnSpec], query: &str, values: impl Params) -> Result<u64, Failure> {
        self.send_columns(columns)?;
        let mut statement = self.store.prepare(query)?;
        let mut rows = statement.query(values)?;
        let mut sent = 0;
        while let Some(row) = rows.next()? {
            self.response.row(&values_of(row, columns)?)?;
            sent += 1;
        }
        self.response.done(None)?;
        Ok(sent)
    }

    fn send_columns(&mut self, columns: &[ColumnSpec]) -> Result<(), Failure> {
        let columns: Vec<Column> =
            columns.iter().map(|(name, sql_type)| Column { name: (*name).to_owned(), sql_type: *sql_type }).collect();
        Ok(self.response.columns(&columns)?)
    }
}

fn values_of(row: &Row<'_>, columns: &[ColumnSpec]) -> rusqlite::Result<Vec<Value>> {
    columns.iter().enumerate().map(|(index, (_, sql_type))| value_of(row, index, *sql_type)).collect()
}

/// Reads a value as the type that the result set declares. State that was changed by hand may hold anything.
fn value_of(row: &Row<'_>, index: usize, sql_type: SqlType) -> rusqlite::Result<Value> {
    let stored = row.get_ref(index)?;
    if stored == ValueRef::Null {
        return Ok(Value::Null);
    }
    let conversion =
        |error: FromSqlError| rusqlite::Error::FromSqlConversionFailure(index, stored.data_type(), Box::new(error));
    Ok(match sql_type {
        SqlType::Bit => Value::Bit(row.get::<_, i64>(index)? != 0),
        SqlType::TinyInt => Value::TinyInt(row.get(index)?),
        SqlType::SmallInt => Value::SmallInt(row.get(index)?),
        SqlType::Int => Value::Int(row.get(index)?),
        SqlType::BigInt => Value::BigInt(row.get(index)?),
        SqlType::Float => Value::Float(row.get(index)?),
        SqlType::NVarChar(_) => Value::NVarChar(text_of(stored).map_err(conversion)?),
        SqlType::VarBinary(_) => Value::VarBinary(stored.as_bytes().map_err(conversion)?.to_vec()),
        SqlType::UniqueIdentifier => Value::UniqueIdentifier(guid_of(stored).map_err(conversion)?),
        SqlType::DateTime | SqlType::DateTime2(_) => Value::DateTime(datetime_of(stored).map_err(conversion)?),
        SqlType::Decimal { .. } => return Err(conversion(FromSqlError::InvalidType)),
    })
}

/// `sandbox_unplaced` keeps numbers as numbers, whatever the type in the row.
fn text_of(stored: ValueRef<'_>) -> Result<String, FromSqlError> {
    match stored {
        ValueRef::Integer(number) => Ok(number.to_string()),
        other => Ok(other.as_str()?.to_owned()),
    }
}

fn guid_of(stored: ValueRef<'_>) -> Result<Uuid, FromSqlError> {
    Uuid::parse_str(stored.as_str()?).map_err(|error| FromSqlError::Other(Box::new(error)))
}

/// A date alone is midnight, as in SQL Server.
fn datetime_of(stored: ValueRef<'_>) -> Result<NaiveDateTime, FromSqlError> {
    let text = stored.as_str()?;
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|date| date.and_time(NaiveTime::MIN)))
        .map_err(|error| FromSqlError::Other(Box::new(error)))
}
