//! The journal of what changed the state: one row a procedure call that changed at least one row.

use chrono::NaiveDateTime;
use rusqlite::{Connection, params};

use super::database::Login;
use super::sql::convert;
use super::value::{SqlType, Value};

/// Makes the table where it is not there yet.
///
/// # Errors
/// SQLite's.
pub fn create(store: &Connection) -> rusqlite::Result<()> {
    store.execute_batch(
        "CREATE TABLE IF NOT EXISTS sandbox_writes (
             id INTEGER PRIMARY KEY,
             at datetime NOT NULL,
             login nvarchar(128) NOT NULL COLLATE NOCASE,
             application nvarchar(128) NOT NULL COLLATE NOCASE,
             statement ntext NOT NULL COLLATE NOCASE,
             changes int NOT NULL
         )",
    )
}

/// Adds a row.
///
/// # Errors
/// SQLite's.
pub fn record(
    store: &Connection,
    at: NaiveDateTime,
    login: &Login,
    statement: &str,
    changes: u64,
) -> rusqlite::Result<()> {
    let at = at.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let changes = i64::try_from(changes).unwrap_or(i64::MAX);
    let mut insert = store.prepare(
        "INSERT INTO main.sandbox_writes (at, login, application, statement, changes) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    insert.execute(params![at, login.user, login.application, statement, changes])?;
    Ok(())
}

/// A call as the journal shows it: `EXEC name @a = 1, @b = N'text'`. What could be a password is not shown.
pub fn statement<'n, 'v>(procedure: &str, arguments: impl Iterator<Item = (&'n str, &'v Value)>) -> String {
    let arguments: Vec<_> = arguments
        .map(|(name, value)| {
            let secret = name.to_lowercase().contains("password") && *value != Value::Null;
            let shown = if secret { "'***'".to_owned() } else { shown(value) };
            format!("{name} = {shown}")
        })
        .collect();
    format!("EXEC {procedure} {}", arguments.join(", ")).trim_end().to_owned()
}

/// The longest text that the journal shows of a value.
const SHOWN_MAX: usize = 400;

fn shown(value: &Value) -> String {
    let text = match convert::convert_with_style(value, SqlType::NVarChar(None), 121) {
        Ok(Value::NVarChar(text)) => text,
        _ => return "NULL".to_owned(),
    };
    match value {
        Value::NVarChar(_) | Value::UniqueIdentifier(_) | Value::DateTime(_) => {
            let cut: String = text.chars().take(SHOWN_MAX).collect();
            format!("N'{}'", cut.replace('\'', "''"))
        }
        Value::VarBinary(bytes) => format!("0x... ({} bytes)", bytes.len()),
        _ => text,
    }
}

/// The number of rows that this connection has changed since it was opened.
pub fn changes(store: &Connection) -> u64 {
    store.total_changes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let arguments = [("@ProxyPassword", Value::NVarChar("secret".to_owned())), ("@n", Value::Int(1))];
        let text = statement("spX", arguments.iter().map(|(name, value)| (*name, value)));
        assert_eq!(text, "EXEC spX @ProxyPassword = '***', @n = 1");
    }

    #[test]
    fn values_are_shown_as_constants() {
        let id = Value::UniqueIdentifier(uuid::Uuid::nil());
        let arguments = [("@id", id), ("@t", Value::NVarChar("it's".to_owned())), ("@x", Value::Null)];
        let text = statement("spX", arguments.iter().map(|(name, value)| (*name, value)));
        assert_eq!(text, "EXEC spX @id = N'00000000-0000-0000-0000-000000000000', @t = N'it''s', @x = NULL");
    }
}
