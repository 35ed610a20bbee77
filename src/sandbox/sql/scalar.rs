//! The functions that translated statements call and SQLite does not have, and the collation it has differently.
//!
//! They live on the connection only: no table, view or index of the file mentions them.

use chrono::{Months, NaiveDateTime, TimeDelta};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as Stored, ValueRef};
use uuid::Uuid;

use super::{collation, convert, declared, errors, storage};
use crate::sandbox::value::{SqlType, Value};

const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

/// Installs the functions and the collation on a connection.
///
/// # Errors
/// SQLite's, where it is out of memory.
pub fn install(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation("NOCASE", collation::compare)?;
    connection.create_scalar_function("like", 2, PURE, |call| like(call, None))?;
    connection.create_scalar_function("like", 3, PURE, |call| {
        let escape: String = call.get(2)?;
        like(call, escape.chars().next())
    })?;
    connection.create_scalar_function("tsql_upper", 1, PURE, |call| map_text(call, str::to_uppercase))?;
    connection.create_scalar_function("tsql_lower", 1, PURE, |call| map_text(call, str::to_lowercase))?;
    connection.create_scalar_function("tsql_len", 1, PURE, length)?;
    connection.create_scalar_function("tsql_divide", 2, PURE, |call| divide(call, i64::checked_div, |a, b| a / b))?;
    connection.create_scalar_function("tsql_modulo", 2, PURE, |call| divide(call, i64::checked_rem, |a, b| a % b))?;
    connection.create_scalar_function("tsql_cast", 5, PURE, cast)?;
    connection.create_scalar_function("tsql_dateadd", 3, PURE, date_add)?;
    connection.create_scalar_function("tsql_datediff", 3, PURE, date_difference)?;
    connection.create_scalar_function("tsql_newid", 0, FunctionFlags::SQLITE_UTF8, |_| {
        Ok(Uuid::new_v4().hyphenated().to_string().to_uppercase())
    })
}

fn like(call: &Context<'_>, escape: Option<char>) -> rusqlite::Result<Option<bool>> {
    let (pattern, text) = (text_of(call.get_raw(0)), text_of(call.get_raw(1)));
    Ok(pattern.zip(text).map(|(pattern, text)| collation::is_like(&text, &pattern, escape)))
}

/// A value as text; NULL is none.
fn text_of(stored: ValueRef<'_>) -> Option<String> {
    match stored {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn map_text(call: &Context<'_>, change: fn(&str) -> String) -> rusqlite::Result<Option<String>> {
    Ok(text_of(call.get_raw(0)).map(|text| change(&text)))
}

/// LEN counts UTF-16 units and no trailing spaces.
fn length(call: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let units = text_of(call.get_raw(0)).map(|text| text.trim_end_matches(' ').encode_utf16().count());
    Ok(units.and_then(|units| i64::try_from(units).ok()))
}

fn divide(
    call: &Context<'_>,
    whole: fn(i64, i64) -> Option<i64>,
    broken: fn(f64, f64) -> f64,
) -> rusqlite::Result<Stored> {
    let by_zero = || storage::raise(&errors::error(8134, "Divide by zero error encountered."));
    match (call.get_raw(0), call.get_raw(1)) {
        (ValueRef::Null, _) | (_, ValueRef::Null) => Ok(Stored::Null),
        (ValueRef::Integer(left), ValueRef::Integer(right)) => {
            whole(left, right).map(Stored::Integer).ok_or_else(by_zero)
        }
        (left, right) => {
            let (left, right) = (number_of(left)?, number_of(right)?);
            if right == 0.0 { Err(by_zero()) } else { Ok(Stored::Real(broken(left, right))) }
        }
    }
}

fn number_of(stored: ValueRef<'_>) -> rusqlite::Result<f64> {
    match storage::load(stored, SqlType::Float) {
        Ok(Value::Float(number)) => Ok(number),
        Ok(_) => Ok(0.0),
        Err(error) => Err(storage::raise(&error)),
    }
}

/// `tsql_cast(value, source type, target type, style, try)`; the source type is empty where it is not known.
fn cast(call: &Context<'_>) -> rusqlite::Result<Stored> {
    let (source, target): (String, String) = (call.get(1)?, call.get(2)?);
    let (style, lenient): (i64, bool) = (call.get(3)?, call.get(4)?);
    let stored = call.get_raw(0);
    let target = declared::parse(&target).ok_or_else(|| storage::raise(&errors::unsupported(&target)))?;
    let source = declared::parse(&source).unwrap_or_else(|| storage::type_by_value(stored));
    let converted = storage::load(stored, source)
        .and_then(|value| convert::convert_with_style(&value, target, style))
        .map(|value| storage::store(&value));
    match converted {
        Ok(stored) => Ok(stored),
        Err(_) if lenient => Ok(Stored::Null),
        Err(error) => Err(storage::raise(&error)),
    }
}

fn date_of(stored: ValueRef<'_>) -> rusqlite::Result<Option<NaiveDateTime>> {
    match storage::load(stored, SqlType::DateTime2(7)) {
        Ok(Value::DateTime(at)) => Ok(Some(at)),
        Ok(_) => Ok(None),
        Err(error) => Err(storage::raise(&error)),
    }
}

/// A part of a date as DATEADD and DATEDIFF name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// `year`
    Year,
    /// `month`
    Month,
    /// A part with a fixed length in milliseconds.
    Fixed(i64),
}

/// Reads the name of a part of a date.
pub fn date_part(name: &str) -> Option<DatePart> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" | "yy" | "yyyy" => DatePart::Year,
        "month" | "mm" | "m" => DatePart::Month,
        "week" | "wk" | "ww" => DatePart::Fixed(7 * 86_400_000),
        "day" | "dd" | "d" | "dayofyear" | "dy" | "y" => DatePart::Fixed(86_400_000),
        "hour" | "hh" => DatePart::Fixed(3_600_000),
        "minute" | "mi" | "n" => DatePart::Fixed(60_000),
        "second" | "ss" | "s" => DatePart::Fixed(1000),
        "millisecond" | "ms" => DatePart::Fixed(1),
        _ => return None,
    })
}

fn part_of(call: &Context<'_>) -> rusqlite::Result<DatePart> {
    let name: String = call.get(0)?;
    date_part(&name).ok_or_else(|| {
        storage::raise(&errors::severe(155, 15, format!("'{name}' is not a recognized dateadd option.")))
    })
}

fn date_add(call: &Context<'_>) -> rusqlite::Result<Stored> {
    let part = part_of(call)?;
    let number: Option<i64> = call.get(1)?;
    let (Some(number), Some(at)) = (number, date_of(call.get_raw(2))?) else { return Ok(Stored::Null) };
    let moved = match part {
        DatePart::Year => months(at, number.checked_mul(12)),
        DatePart::Month => months(at, Some(number)),
        DatePart::Fixed(length) => number
            .checked_mul(length)
            .and_then(TimeDelta::try_milliseconds)
            .and_then(|distance| at.checked_add_signed(distance)),
    };
    let in_datetime = moved.map(|at| convert::convert(&Value::DateTime(at), SqlType::DateTime));
    match in_datetime {
        Some(Ok(value)) => Ok(storage::store(&value)),
        _ => {
            let text = "Adding a value to a 'datetime' column caused an overflow.";
            Err(storage::raise(&errors::error(517, text)))
        }
    }
}

fn months(at: NaiveDateTime, number: Option<i64>) -> Option<NaiveDateTime> {
    let number = number?;
    let distance = Months::new(u32::try_from(number.unsigned_abs()).ok()?);
    if number < 0 { at.checked_sub_months(distance) } else { at.checked_add_months(distance) }
}

/// DATEDIFF counts the boundaries that lie between, not the time that passed.
fn date_difference(call: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let part = part_of(call)?;
    let (Some(from), Some(to)) = (date_of(call.get_raw(1))?, date_of(call.get_raw(2))?) else { return Ok(None) };
    let count = boundaries(part, to) - boundaries(part, from);
    if i32::try_from(count).is_ok() {
        return Ok(Some(count));
    }
    let text = "The datediff function resulted in an overflow. The number of dateparts separating two date/time \
                instances is too large. Try to use datediff with a less precise datepart.";
    Err(storage::raise(&errors::error(535, text)))
}

fn boundaries(part: DatePart, at: NaiveDateTime) -> i64 {
    use chrono::Datelike;
    let months = i64::from(at.year()) * 12 + i64::from(at.month0());
    match part {
        DatePart::Year => i64::from(at.year()),
        DatePart::Month => months,
        // Weeks begin on Sunday; 1970-01-01 was a Thursday.
        DatePart::Fixed(length) if length == 7 * 86_400_000 => {
            (at.and_utc().timestamp_millis() + 4 * 86_400_000).div_euclid(length)
        }
        DatePart::Fixed(length) => at.and_utc().timestamp_millis().div_euclid(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::database::ServerError;

    fn ask(sql: &str) -> Result<Stored, ServerError> {
        let connection = Connection::open_in_memory().unwrap();
        install(&connection).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).map_err(|error| errors::from_store(&error, 51))
    }

    fn text(expected: &str) -> Result<Stored, ServerError> {
        Ok(Stored::Text(expected.to_owned()))
    }

    #[test]
    fn text_functions_know_unicode() {
        assert_eq!(ask("SELECT tsql_upper('grün')"), text("GRÜN"));
        assert_eq!(ask("SELECT tsql_len('grün  ')"), Ok(Stored::Integer(4)));
        assert_eq!(ask("SELECT 'GRÜN ' = 'grün' COLLATE NOCASE"), Ok(Stored::Integer(1)));
        assert_eq!(ask("SELECT 'GRÜN' LIKE 'grü_'"), Ok(Stored::Integer(1)));
        assert_eq!(ask("SELECT NULL LIKE 'a'"), Ok(Stored::Null));
    }

    #[test]
    fn division_is_checked() {
        assert_eq!(ask("SELECT tsql_divide(7, 2)"), Ok(Stored::Integer(3)));
        assert_eq!(ask("SELECT tsql_divide(7, 2.0)"), Ok(Stored::Real(3.5)));
        assert_eq!(ask("SELECT tsql_divide(1, 0)").unwrap_err().number, 8134);
        assert_eq!(ask("SELECT tsql_modulo(7, 0.0)").unwrap_err().number, 8134);
        assert_eq!(ask("SELECT tsql_divide(NULL, 0)"), Ok(Stored::Null));
    }

    #[test]
    fn casts_fail_as_sql_server_s_do() {
        assert_eq!(ask("SELECT tsql_cast('x', 'nvarchar(1)', 'int', 0, 0)").unwrap_err().number, 245);
        assert_eq!(ask("SELECT tsql_cast('x', 'nvarchar(1)', 'int', 0, 1)"), Ok(Stored::Null));
        assert_eq!(ask("SELECT tsql_cast(1, '', 'nvarchar(9)', 0, 0)"), text("1"));
    }

    #[test]
    fn dates_move_and_differ() {
        assert_eq!(ask("SELECT tsql_dateadd('day', -1, '2026-03-01 10:00:00.000')"), text("2026-02-28 10:00:00.000"));
        assert_eq!(ask("SELECT tsql_dateadd('month', 1, '2026-01-31')"), text("2026-02-28 00:00:00.000"));
        assert_eq!(ask("SELECT tsql_dateadd('year', 9999, '2026-01-31')").unwrap_err().number, 517);
        assert_eq!(ask("SELECT tsql_datediff('day', '2026-01-01 23:59:00', '2026-01-02')"), Ok(Stored::Integer(1)));
        assert_eq!(ask("SELECT tsql_datediff('week', '2026-11-21', '2026-11-22')"), Ok(Stored::Integer(1)));
        assert_eq!(ask("SELECT tsql_datediff('ms', '1800-01-01', '2026-01-01')").unwrap_err().number, 535);
    }
}
