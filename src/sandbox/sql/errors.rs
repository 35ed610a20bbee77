//! The errors of SQL Server that the sandbox gives, each with SQL Server's number and wording.

use crate::sandbox::database::ServerError;

/// An error of severity 16 that belongs to no procedure.
pub fn error(number: i32, message: impl Into<String>) -> ServerError {
    severe(number, 16, message)
}

/// An error of a given severity.
pub fn severe(number: i32, class: u8, message: impl Into<String>) -> ServerError {
    ServerError { number, state: 1, class, message: message.into(), procedure: String::new(), line: 1 }
}

/// 102: the text is not T-SQL, or not the part of it that the sandbox reads.
pub fn syntax(near: &str) -> ServerError {
    severe(102, 15, format!("Incorrect syntax near '{near}'."))
}

/// 102 for T-SQL that SQL Server would take and the sandbox does not.
pub fn unsupported(what: &str) -> ServerError {
    severe(
        102,
        15,
        format!("The sandbox does not support {what}. It is read through SELECT and written through procedures only."),
    )
}

/// 229: the sandbox is not changed by statements.
pub fn read_only(statement: &str) -> ServerError {
    severe(
        229,
        14,
        format!(
            "The {statement} permission was denied: the sandbox is read through SELECT and written through procedures \
             only."
        ),
    )
}

/// 229: the login may not do this to an object.
///
/// Source: learn.microsoft.com, Database Engine events and errors (grade A).
pub fn denied(permission: &str, schema: &str, object: &str) -> ServerError {
    let text = format!(
        "The {permission} permission was denied on the object '{object}', database 'SUSDB', schema '{schema}'."
    );
    ServerError { state: 5, ..severe(229, 14, text) }
}

/// 195: no such function.
pub fn unknown_function(name: &str) -> ServerError {
    severe(195, 15, format!("'{name}' is not a recognized built-in function name."))
}

/// 207: no such column.
pub fn unknown_column(name: &str) -> ServerError {
    error(207, format!("Invalid column name '{name}'."))
}

/// 208: no such table or view.
pub fn unknown_object(name: &str) -> ServerError {
    error(208, format!("Invalid object name '{name}'."))
}

/// 209: a column that several tables have.
pub fn ambiguous_column(name: &str) -> ServerError {
    error(209, format!("Ambiguous column name '{name}'."))
}

/// 4104: a qualified column whose table is not in the statement.
pub fn unbound_column(name: &str) -> ServerError {
    error(4104, format!("The multi-part identifier \"{name}\" could not be bound."))
}

/// 137: a variable that nobody declared.
pub fn unknown_variable(name: &str) -> ServerError {
    severe(137, 15, format!("Must declare the scalar variable \"{name}\"."))
}

/// 8632: the batch is longer than the sandbox reads.
pub fn too_long(limit: usize) -> ServerError {
    let text = format!(
        "Internal error: An expression services limit has been reached. The sandbox takes batches of at most {limit} bytes."
    );
    severe(8632, 17, text)
}

/// 2812: no such procedure.
pub fn unknown_procedure(name: &str) -> ServerError {
    error(2812, format!("Could not find stored procedure '{name}'."))
}

/// 1205: another process holds what is needed.
pub fn deadlock(session: i32) -> ServerError {
    ServerError {
        number: 1205,
        state: 51,
        class: 13,
        message: format!(
            "Transaction (Process ID {session}) was deadlocked on lock resources with another process and has been chosen \
             as the deadlock victim. Rerun the transaction."
        ),
        procedure: String::new(),
        line: 1,
    }
}

/// Marks a message as one of ours on its way through SQLite, whose functions can fail with a text only.
const MARK: &str = "\u{1}";

/// The error as a text that [`from_store`] recognises.
pub fn into_text(error: &ServerError) -> String {
    format!("{MARK}{}{MARK}{}{MARK}{}", error.number, error.class, error.message)
}

/// What SQL Server would say where SQLite says this.
pub fn from_store(failure: &rusqlite::Error, session: i32) -> ServerError {
    use rusqlite::ffi;
    let (code, text) = match failure {
        rusqlite::Error::SqliteFailure(code, text) => (Some(*code), text.clone().unwrap_or_default()),
        rusqlite::Error::SqlInputError { error, msg, .. } => (Some(*error), msg.clone()),
        other => (None, other.to_string()),
    };
    if let Some(own) = from_text(&text) {
        return own;
    }
    let Some(code) = code else {
        return error(8630, format!("Internal Query Processor Error: {text}"));
    };
    if matches!(failure, rusqlite::Error::SqlInputError { .. }) {
        return refused(&text);
    }
    match code.code {
        rusqlite::ErrorCode::TypeMismatch => {
            let text = "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.";
            return error(1060, text);
        }
        rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => return deadlock(session),
        rusqlite::ErrorCode::OperationInterrupted => return error(3621, "The statement has been terminated."),
        rusqlite::ErrorCode::TooBig => {
            return error(
                8152,
                "String or binary data would be truncated: the sandbox takes values of at most 16 MiB.",
            );
        }
        rusqlite::ErrorCode::ReadOnly => return error(3906, "The sandbox's file is read-only."),
        _ => {}
    }
    match code.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            severe(2627, 14, format!("Violation of a UNIQUE or PRIMARY KEY constraint. {text}."))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => error(515, format!("Cannot insert the value NULL. {text}.")),
        ffi::SQLITE_CONSTRAINT_CHECK | ffi::SQLITE_CONSTRAINT_FOREIGNKEY => {
            error(547, format!("The statement conflicted with a constraint. {text}."))
        }
        _ => error(8630, format!("Internal Query Processor Error: {text}")),
    }
}

/// What SQLite does not take of what was translated.
fn refused(text: &str) -> ServerError {
    if text.starts_with("misuse of aggregate") {
        let text = "An aggregate may not appear here: not in WHERE, GROUP BY or ON, nor in another aggregate.";
        return severe(147, 15, text);
    }
    error(8623, format!("The query processor could not produce a query plan: {text}."))
}

fn from_text(text: &str) -> Option<ServerError> {
    let mut parts = text.split(MARK).skip(1);
    let number = parts.next()?.parse().ok()?;
    let class = parts.next()?.parse().ok()?;
    Some(severe(number, class, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_its_way_through_sqlite() {
        let own = error(8134, "Divide by zero error encountered.");
        assert_eq!(from_text(&into_text(&own)), Some(own));
        assert_eq!(from_text("no such column: x"), None);
    }
}
