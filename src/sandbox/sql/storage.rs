//! Values as the SQLite file holds them: uniqueidentifier as upper-case text, datetime as `YYYY-MM-DD HH:MM:SS.mmm`, bit
//! as 0 or 1.

use rusqlite::types::{Value as Stored, ValueRef};

use super::{convert, declared, errors};
use crate::sandbox::database::ServerError;
use crate::sandbox::value::{SqlType, Value};

/// The value as the file holds it.
pub fn store(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Bit(bit) => Stored::Integer(i64::from(*bit)),
        Value::TinyInt(number) => Stored::Integer(i64::from(*number)),
        Value::SmallInt(number) => Stored::Integer(i64::from(*number)),
        Value::Int(number) => Stored::Integer(i64::from(*number)),
        Value::BigInt(number) => Stored::Integer(*number),
        Value::Float(number) => Stored::Real(*number),
        Value::Decimal { unscaled, scale: 0 } if i64::try_from(*unscaled).is_ok() => {
            Stored::Integer(i64::try_from(*unscaled).unwrap_or_default())
        }
        Value::Decimal { unscaled, scale } => Stored::Real(*unscaled as f64 / 10_f64.powi(i32::from(*scale))),
        Value::NVarChar(text) => Stored::Text(text.clone()),
        Value::VarBinary(bytes) => Stored::Blob(bytes.clone()),
        Value::UniqueIdentifier(id) => Stored::Text(id.hyphenated().to_string().to_uppercase()),
        Value::DateTime(at) => Stored::Text(at.format("%Y-%m-%d %H:%M:%S%.3f").to_string()),
    }
}

/// Reads what the file holds as a value of a type.
///
/// # Errors
/// As [`convert::convert`]: the file may have been arranged by hand.
pub fn load(stored: ValueRef<'_>, sql_type: SqlType) -> Result<Value, ServerError> {
    let value = match stored {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Integer(number) => match sql_type {
            SqlType::Int if i32::try_from(number).is_ok() => {
                return Ok(Value::Int(i32::try_from(number).unwrap_or_default()));
            }
            _ => Value::BigInt(number),
        },
        ValueRef::Real(number) => Value::Float(number),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            if let SqlType::NVarChar(length) = sql_type {
                return Ok(Value::NVarChar(convert::cut(text, length)));
            }
            Value::NVarChar(text)
        }
        ValueRef::Blob(bytes) => Value::VarBinary(bytes.to_vec()),
    };
    convert::convert(&value, sql_type).map_err(|mut error| {
        error.message =
            format!("A stored value is not of its column's type {}: {}", declared::name(sql_type), error.message);
        error
    })
}

/// The type of a column about which nothing is known but its first value.
pub fn type_by_value(stored: ValueRef<'_>) -> SqlType {
    match stored {
        ValueRef::Integer(_) => SqlType::BigInt,
        ValueRef::Real(_) => SqlType::Float,
        ValueRef::Blob(_) => SqlType::VarBinary(None),
        ValueRef::Null | ValueRef::Text(_) => SqlType::NVarChar(None),
    }
}

/// An error of ours as one of SQLite's functions' errors.
pub fn raise(error: &ServerError) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(errors::into_text(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        let at = convert::parse_date("2026-11-02 15:04:05.123").unwrap();
        for (value, sql_type) in [
            (Value::Bit(true), SqlType::Bit),
            (Value::TinyInt(255), SqlType::TinyInt),
            (Value::Int(-1), SqlType::Int),
            (Value::BigInt(i64::MAX), SqlType::BigInt),
            (Value::Float(0.5), SqlType::Float),
            (Value::Decimal { unscaled: 150, scale: 2 }, SqlType::Decimal { precision: 9, scale: 2 }),
            (Value::NVarChar("Grün".to_owned()), SqlType::NVarChar(Some(10))),
            (Value::VarBinary(vec![0, 255]), SqlType::VarBinary(None)),
            (Value::UniqueIdentifier(uuid::Uuid::from_u128(7)), SqlType::UniqueIdentifier),
            (Value::DateTime(at), SqlType::DateTime2(3)),
            (Value::Null, SqlType::Int),
        ] {
            let stored = store(&value);
            assert_eq!(load(ValueRef::from(&stored), sql_type).unwrap(), value);
        }
    }

    #[test]
    fn a_value_of_another_type_is_an_error() {
        let error = load(ValueRef::Text(b"x"), SqlType::Int).unwrap_err();
        assert_eq!(error.number, 245);
        assert!(error.message.contains("stored value"), "{}", error.message);
    }
}
