//! The one place where a value becomes a parameter, by the type that the live server declares.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use tiberius::ColumnData;
use tiberius::time::DateTime as TdsDateTime;
use uuid::Uuid;

use crate::model::procedure::LiveParameter;

/// A value to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::susdb) enum Value<'a> {
    /// An id.
    Guid(Uuid),
    /// A whole number.
    Int(i32),
    /// A truth value.
    Bit(bool),
    /// A text.
    Text(&'a str),
    /// A time in whole seconds.
    Time(DateTime<Utc>),
}

/// Why a value is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The parameter has a type that the value does not go into.
    #[error("{parameter} is {type_name}, and {value} does not go into that")]
    Type {
        /// The parameter.
        parameter: String,
        /// Its type.
        type_name: String,
        /// What kind of value there is.
        value: &'static str,
    },
    /// The value is out of the type's range.
    #[error("the value for {parameter} is out of the range of {type_name}")]
    Range {
        /// The parameter.
        parameter: String,
        /// Its type.
        type_name: String,
    },
    /// The text is longer than the parameter: SQL Server would cut it without a word.
    #[error("the value for {parameter} has {length} characters, and {length_max} fit")]
    TooLong {
        /// The parameter.
        parameter: String,
        /// The text's length in UTF-16 code units.
        length: usize,
        /// The parameter's.
        length_max: usize,
    },
}

/// Gives the value in the parameter's type: in any that takes it without loss.
pub(in crate::susdb) fn bind(parameter: &LiveParameter, value: &Value<'_>) -> Result<ColumnData<'static>, BindError> {
    match (parameter.type_name.as_str(), *value) {
        ("uniqueidentifier", Value::Guid(id)) => Ok(ColumnData::Guid(Some(id))),
        (_, Value::Int(number)) => whole(parameter, number.into()),
        (_, Value::Bit(bit)) => whole(parameter, bit.into()),
        (_, Value::Text(text)) => written(parameter, text),
        // SQL Server makes the later of the two types of the earlier one, and no part of it is lost.
        ("datetime" | "datetime2", Value::Time(time)) => {
            datetime(time).map(|time| ColumnData::DateTime(Some(time))).ok_or_else(|| range(parameter))
        }
        _ => Err(mismatch(parameter, kind(value))),
    }
}

/// Gives a whole number in the parameter's type.
pub(super) fn whole(parameter: &LiveParameter, number: i64) -> Result<ColumnData<'static>, BindError> {
    let range = || range(parameter);
    match parameter.type_name.as_str() {
        "bit" => match number {
            0 | 1 => Ok(ColumnData::Bit(Some(number == 1))),
            _ => Err(range()),
        },
        "tinyint" => u8::try_from(number).map(|n| ColumnData::U8(Some(n))).map_err(|_| range()),
        "smallint" => i16::try_from(number).map(|n| ColumnData::I16(Some(n))).map_err(|_| range()),
        "int" => i32::try_from(number).map(|n| ColumnData::I32(Some(n))).map_err(|_| range()),
        "bigint" => Ok(ColumnData::I64(Some(number))),
        _ => Err(mismatch(parameter, "a whole number")),
    }
}

/// Gives a text in the parameter's type.
pub(super) fn written(parameter: &LiveParameter, text: &str) -> Result<ColumnData<'static>, BindError> {
    match parameter.type_name.as_str() {
        "nvarchar" | "nchar" | "sysname" => {
            let length = text.encode_utf16().count();
            // Two bytes a character; -1 is max.
            match usize::try_from(parameter.max_length) {
                Ok(bytes) if length > bytes / 2 => {
                    Err(BindError::TooLong { parameter: parameter.name.clone(), length, length_max: bytes / 2 })
                }
                _ => Ok(ColumnData::String(Some(Cow::Owned(text.to_owned())))),
            }
        }
        "ntext" | "xml" => Ok(ColumnData::String(Some(Cow::Owned(text.to_owned())))),
        "uniqueidentifier" => Uuid::try_parse(text)
            .map(|id| ColumnData::Guid(Some(id)))
            .map_err(|_| mismatch(parameter, "a text that is no GUID")),
        _ => Err(mismatch(parameter, "a text")),
    }
}

fn range(parameter: &LiveParameter) -> BindError {
    BindError::Range { parameter: parameter.name.clone(), type_name: parameter.type_name.clone() }
}

pub(super) fn mismatch(parameter: &LiveParameter, value: &'static str) -> BindError {
    BindError::Type { parameter: parameter.name.clone(), type_name: parameter.type_name.clone(), value }
}

fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::Guid(_) => "an id",
        Value::Int(_) => "a whole number",
        Value::Bit(_) => "a truth value",
        Value::Text(_) => "a text",
        Value::Time(_) => "a time",
    }
}

/// A `datetime`: days since 1900 and three-hundredths of a second. Before 1753 there is none, and 9999 is WSUS's word for
/// no deadline, which is said by leaving it out.
///
/// Source: learn.microsoft.com, datetime (grade A); 9999: MS-WSUSSS, MS-WSUSAR (grade A).
pub(in crate::susdb) fn datetime(time: DateTime<Utc>) -> Option<TdsDateTime> {
    let epoch = NaiveDate::from_ymd_opt(1900, 1, 1)?;
    let first = NaiveDate::from_ymd_opt(1753, 1, 1)?;
    let beyond = NaiveDate::from_ymd_opt(9999, 1, 1)?;
    let date = time.date_naive();
    if date < first || date >= beyond {
        return None;
    }
    let days = i32::try_from(date.signed_duration_since(epoch).num_days()).ok()?;
    Some(TdsDateTime::new(days, time.num_seconds_from_midnight() * 300))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeZone, Utc};
    use tiberius::ColumnData;
    use uuid::uuid;

    use super::{BindError, Value, bind};
    use crate::model::procedure::LiveParameter;

    fn parameter(type_name: &str, max_length: i16) -> LiveParameter {
        LiveParameter { name: "@p".into(), type_name: type_name.into(), max_length, output: false, defaulted: false }
    }

    fn bound(type_name: &str, value: Value<'_>) -> String {
        format!("{:?}", bind(&parameter(type_name, -1), &value).unwrap())
    }

    fn time(year: i32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(year, 1, 2, 3, 4, 5).unwrap()
    }

    #[test]
    fn every_type_has_its_form() {
        let id = uuid!("a0a08746-4dbe-4a37-9adf-9e7652c0b421");
        assert_eq!(bound("uniqueidentifier", Value::Guid(id)), format!("Guid(Some({id:?}))"));
        assert_eq!(bound("bit", Value::Bit(true)), "Bit(Some(true))");
        assert_eq!(bound("tinyint", Value::Int(255)), "U8(Some(255))");
        assert_eq!(bound("smallint", Value::Int(-300)), "I16(Some(-300))");
        assert_eq!(bound("int", Value::Int(7)), "I32(Some(7))");
        assert_eq!(bound("bigint", Value::Int(7)), "I64(Some(7))");
        assert_eq!(bound("int", Value::Bit(true)), "I32(Some(1))");
        assert_eq!(bound("ntext", Value::Text("a")), "String(Some(\"a\"))");
        assert_eq!(bound("nvarchar", Value::Text("Ring 0 – IT")), "String(Some(\"Ring 0 – IT\"))");
        // 2026-01-02 is day 46022 since 1900; 03:04:05 is 11,045 seconds.
        let ColumnData::DateTime(Some(datetime)) = bind(&parameter("datetime", 8), &Value::Time(time(2026))).unwrap()
        else {
            panic!("not a datetime")
        };
        assert_eq!((datetime.days(), datetime.seconds_fragments()), (46_022, 11_045 * 300));
    }

    #[test]
    fn what_does_not_fit_is_not_sent() {
        let range = BindError::Range { parameter: "@p".into(), type_name: "tinyint".into() };
        assert_eq!(bind(&parameter("tinyint", 1), &Value::Int(256)), Err(range));
        assert!(bind(&parameter("smallint", 2), &Value::Int(40_000)).is_err());
        assert_eq!(
            bind(&parameter("nvarchar", 6), &Value::Text("four")),
            Err(BindError::TooLong { parameter: "@p".into(), length: 4, length_max: 3 })
        );
        // A surrogate pair takes two of them.
        assert!(bind(&parameter("nvarchar", 2), &Value::Text("😀")).is_err());
        assert!(bind(&parameter("nvarchar", 4), &Value::Text("😀")).is_ok());
        for year in [1752, 9999] {
            assert!(bind(&parameter("datetime", 8), &Value::Time(time(year))).is_err(), "{year}");
        }
        assert!(bind(&parameter("bit", 1), &Value::Int(2)).is_err());
        let other = bind(&parameter("int", 4), &Value::Text("1")).unwrap_err();
        assert_eq!(other.to_string(), "@p is int, and a text does not go into that");
    }
}
