//! Conversion of values between SQL Server's types: parameters, CAST, assignments.

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use uuid::Uuid;

use super::{declared, errors};
use crate::sandbox::database::ServerError;
use crate::sandbox::value::{SqlType, Value};

/// Converts a value to a type as an assignment does: text too long for it is cut.
///
/// # Errors
/// 206 types that never convert, 220 and 8115 out of range, 241 not a date, 245 and 8114 not a number, 8169 not a
/// uniqueidentifier.
pub fn convert(value: &Value, target: SqlType) -> Result<Value, ServerError> {
    convert_with_style(value, target, 0)
}

/// Converts as CONVERT does, whose style says how dates are written.
///
/// # Errors
/// Those of [`convert`], and 281 for a style that the sandbox does not know.
pub fn convert_with_style(value: &Value, target: SqlType, style: i64) -> Result<Value, ServerError> {
    if *value == Value::Null {
        return Ok(Value::Null);
    }
    match target {
        SqlType::Bit => match value {
            Value::NVarChar(text) if text.trim().eq_ignore_ascii_case("true") => Ok(Value::Bit(true)),
            Value::NVarChar(text) if text.trim().eq_ignore_ascii_case("false") => Ok(Value::Bit(false)),
            other => Ok(Value::Bit(integer(other, target)? != 0)),
        },
        SqlType::TinyInt => fit(integer(value, target)?, target).map(Value::TinyInt),
        SqlType::SmallInt => fit(integer(value, target)?, target).map(Value::SmallInt),
        SqlType::Int => fit(integer(value, target)?, target).map(Value::Int),
        SqlType::BigInt => fit(integer(value, target)?, target).map(Value::BigInt),
        SqlType::Float => float(value, target).map(Value::Float),
        SqlType::Decimal { precision, scale } => decimal(value, target, precision, scale),
        SqlType::NVarChar(length) => Ok(Value::NVarChar(cut(text(value, target, style)?, length))),
        SqlType::VarBinary(length) => binary(value, target, length),
        SqlType::UniqueIdentifier => unique_identifier(value, target),
        SqlType::DateTime => {
            date_time(value, target).and_then(|at| in_range(at).map(round_datetime)).map(Value::DateTime)
        }
        SqlType::DateTime2(_) => date_time(value, target).map(Value::DateTime),
    }
}

/// The type that a value has by itself.
pub fn type_of(value: &Value) -> Option<SqlType> {
    Some(match value {
        Value::Null => return None,
        Value::Bit(_) => SqlType::Bit,
        Value::TinyInt(_) => SqlType::TinyInt,
        Value::SmallInt(_) => SqlType::SmallInt,
        Value::Int(_) => SqlType::Int,
        Value::BigInt(_) => SqlType::BigInt,
        Value::Float(_) => SqlType::Float,
        Value::Decimal { scale, .. } => SqlType::Decimal { precision: 38, scale: *scale },
        Value::NVarChar(_) => SqlType::NVarChar(None),
        Value::VarBinary(_) => SqlType::VarBinary(None),
        Value::UniqueIdentifier(_) => SqlType::UniqueIdentifier,
        Value::DateTime(_) => SqlType::DateTime2(7),
    })
}

fn clash(value: &Value, target: SqlType) -> ServerError {
    let from = type_of(value).map_or("NULL", declared::name);
    errors::error(206, format!("Operand type clash: {from} is incompatible with {}", declared::name(target)))
}

fn overflow(target: SqlType) -> ServerError {
    errors::error(
        8115,
        format!("Arithmetic overflow error converting expression to data type {}.", declared::name(target)),
    )
}

fn fit<T: TryFrom<i128>>(number: i128, target: SqlType) -> Result<T, ServerError> {
    T::try_from(number).map_err(|_| overflow(target))
}

fn integer(value: &Value, target: SqlType) -> Result<i128, ServerError> {
    match value {
        Value::Bit(bit) => Ok(i128::from(*bit)),
        Value::TinyInt(number) => Ok(i128::from(*number)),
        Value::SmallInt(number) => Ok(i128::from(*number)),
        Value::Int(number) => Ok(i128::from(*number)),
        Value::BigInt(number) => Ok(i128::from(*number)),
        // Saturates at the ends of i128, which is out of range for every integer type.
        Value::Float(number) if number.is_finite() => Ok(number.trunc() as i128),
        Value::Float(_) => Err(overflow(target)),
        Value::Decimal { unscaled, scale } => Ok(unscaled / power_of_ten(*scale)),
        Value::NVarChar(text) => {
            let trimmed = text.trim();
            if trimmed.is_empty() {
                return Ok(0);
            }
            trimmed.parse().map_err(|_| {
                let (text, target) = (text.as_str(), declared::name(target));
                errors::error(
                    245,
                    format!("Conversion failed when converting the nvarchar value '{text}' to data type {target}."),
                )
            })
        }
        Value::VarBinary(bytes) => {
            let tail = &bytes[bytes.len().saturating_sub(8)..];
            let number = tail.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
            Ok(i128::from(number.cast_signed()))
        }
        Value::Null | Value::UniqueIdentifier(_) | Value::DateTime(_) => Err(clash(value, target)),
    }
}

fn float(value: &Value, target: SqlType) -> Result<f64, ServerError> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Decimal { unscaled, scale } => Ok(*unscaled as f64 / power_of_ten(*scale) as f64),
        Value::NVarChar(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ if text.trim().is_empty() => Ok(0.0),
            _ => Err(errors::error(8114, "Error converting data type nvarchar to float.")),
        },
        other => integer(other, target).map(|number| number as f64),
    }
}

fn decimal(value: &Value, target: SqlType, precision: u8, scale: u8) -> Result<Value, ServerError> {
    let unscaled = match value {
        Value::Decimal { unscaled, scale: from } => rescale(*unscaled, *from, scale),
        Value::Float(number) => {
            let scaled = (number * power_of_ten(scale) as f64).round();
            (scaled.abs() < 1e38).then_some(scaled as i128)
        }
        Value::NVarChar(text) => {
            let (unscaled, from) = parse_decimal(text.trim())
                .ok_or_else(|| errors::error(8114, "Error converting data type nvarchar to numeric."))?;
            rescale(unscaled, from, scale)
        }
        other => integer(other, target)?.checked_mul(power_of_ten(scale)),
    };
    match unscaled {
        Some(unscaled) if unscaled.unsigned_abs() < power_of_ten(precision).unsigned_abs() => {
            Ok(Value::Decimal { unscaled, scale })
        }
        _ => Err(overflow(target)),
    }
}

/// 10 to a power of at most 38, which i128 can hold.
fn power_of_ten(exponent: u8) -> i128 {
    10_i128.pow(u32::from(exponent.min(38)))
}

fn rescale(unscaled: i128, from: u8, to: u8) -> Option<i128> {
    if from <= to {
        return unscaled.checked_mul(power_of_ten(to - from));
    }
    let divisor = power_of_ten(from - to);
    let half = if unscaled < 0 { -(divisor / 2) } else { divisor / 2 };
    Some(unscaled.checked_add(half)? / divisor)
}

/// Reads `-12.50` as (-1250, 2).
pub fn parse_decimal(text: &str) -> Option<(i128, u8)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.chars().all(|c| c.is_ascii_digit()) || fraction.len() > 38 {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let unscaled = digits.parse().ok()?;
    Some((unscaled, u8::try_from(fraction.len()).ok()?))
}

fn text(value: &Value, target: SqlType, style: i64) -> Result<String, ServerError> {
    Ok(match value {
        Value::NVarChar(text) => text.clone(),
        Value::Decimal { unscaled, scale } => decimal_text(*unscaled, *scale),
        Value::Float(number) => number.to_string(),
        Value::UniqueIdentifier(id) => id.hyphenated().to_string().to_uppercase(),
        Value::DateTime(at) => date_text(*at, style)?,
        Value::VarBinary(bytes) => match style {
            1 => format!("0x{}", hexadecimal(bytes)),
            2 => hexadecimal(bytes),
            _ => utf16(bytes),
        },
        other => integer(other, target)?.to_string(),
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn decimal_text(unscaled: i128, scale: u8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = unscaled.unsigned_abs().to_string();
    let scale = usize::from(scale);
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// A date in one of CONVERT's styles; 0 is what a CAST gives.
fn date_text(at: NaiveDateTime, style: i64) -> Result<String, ServerError> {
    let format = match style {
        0 | 100 => return Ok(at.format("%b %e %Y %l:%M%p").to_string()),
        23 => "%Y-%m-%d",
        108 | 8 => "%H:%M:%S",
        112 | 12 => "%Y%m%d",
        20 | 120 => "%Y-%m-%d %H:%M:%S",
        21 | 25 | 121 => "%Y-%m-%d %H:%M:%S%.3f",
        126 => "%Y-%m-%dT%H:%M:%S%.3f",
        127 => "%Y-%m-%dT%H:%M:%S%.3fZ",
        other => {
            let text =
                format!("{other} is not a valid style number when converting from datetime to a character string.");
            return Err(errors::error(281, text));
        }
    };
    Ok(at.format(format).to_string())
}

/// Cuts a text to a number of UTF-16 units, never through a character.
pub fn cut(text: String, length: Option<u16>) -> String {
    let Some(limit) = length.map(usize::from) else { return text };
    // A character takes at least as many bytes as units, so most texts need no counting.
    if text.len() <= limit {
        return text;
    }
    let mut units = 0;
    text.chars()
        .take_while(|character| {
            units += character.len_utf16();
            units <= limit
        })
        .collect()
}

fn binary(value: &Value, target: SqlType, length: Option<u16>) -> Result<Value, ServerError> {
    let mut bytes = match value {
        Value::VarBinary(bytes) => bytes.clone(),
        Value::NVarChar(text) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Value::UniqueIdentifier(id) => id.to_bytes_le().to_vec(),
        Value::Bit(bit) => vec![u8::from(*bit)],
        Value::TinyInt(number) => vec![*number],
        Value::SmallInt(number) => number.to_be_bytes().to_vec(),
        Value::Int(number) => number.to_be_bytes().to_vec(),
        Value::BigInt(number) => number.to_be_bytes().to_vec(),
        other => return Err(clash(other, target)),
    };
    if let Some(length) = length {
        bytes.truncate(usize::from(length));
    }
    Ok(Value::VarBinary(bytes))
}

fn unique_identifier(value: &Value, target: SqlType) -> Result<Value, ServerError> {
    match value {
        Value::UniqueIdentifier(id) => Ok(Value::UniqueIdentifier(*id)),
        Value::NVarChar(text) => parse_uuid(text).map(Value::UniqueIdentifier).ok_or_else(|| {
            errors::error(8169, "Conversion failed when converting from a character string to uniqueidentifier.")
        }),
        Value::VarBinary(bytes) => {
            let mut exact = [0; 16];
            let count = bytes.len().min(16);
            exact[..count].copy_from_slice(&bytes[..count]);
            Ok(Value::UniqueIdentifier(Uuid::from_bytes_le(exact)))
        }
        other => Err(clash(other, target)),
    }
}

/// Reads the two spellings that SQL Server takes: with hyphens, in braces or not. What follows is ignored, as there.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let text = text.trim_start_matches(' ');
    let text = match text.strip_prefix('{') {
        Some(inner) if inner.get(36..37) == Some("}") => inner,
        Some(_) => return None,
        None => text,
    };
    let text = text.get(..36)?;
    (text.matches('-').count() == 4).then(|| Uuid::parse_str(text).ok())?
}

fn date_time(value: &Value, target: SqlType) -> Result<NaiveDateTime, ServerError> {
    match value {
        Value::DateTime(at) => Ok(*at),
        Value::NVarChar(text) => parse_date(text).ok_or_else(|| {
            errors::error(241, "Conversion failed when converting date and/or time from character string.")
        }),
        other => Err(clash(other, target)),
    }
}

/// Reads the spellings of a date that do not depend on a language setting.
pub fn parse_date(text: &str) -> Option<NaiveDateTime> {
    const DATE_TIMES: [&str; 6] = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.fZ",
        "%Y-%m-%d %H:%M",
        "%Y%m%d %H:%M:%S%.f",
        "%Y%m%d %H:%M",
    ];
    let text = text.trim();
    if text.is_empty() {
        return NaiveDate::from_ymd_opt(1900, 1, 1)?.and_hms_opt(0, 0, 0);
    }
    if let Some(at) = DATE_TIMES.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()) {
        return Some(at);
    }
    let date = match text.len() {
        8 => NaiveDate::parse_from_str(text, "%Y%m%d"),
        10 => NaiveDate::parse_from_str(text, "%Y-%m-%d"),
        _ => return None,
    };
    date.ok()?.and_hms_opt(0, 0, 0)
}

/// `datetime` begins in 1753.
fn in_range(at: NaiveDateTime) -> Result<NaiveDateTime, ServerError> {
    use chrono::Datelike;
    if (1753..=9999).contains(&at.year()) {
        return Ok(at);
    }
    Err(errors::error(242, "The conversion of a date to a datetime data type resulted in an out-of-range value."))
}

/// Rounds to what `datetime` can hold: steps of 1/300 s, written with three digits as .000, .003 and .007.
pub fn round_datetime(at: NaiveDateTime) -> NaiveDateTime {
    let nanoseconds = u64::from(at.nanosecond()) % 1_000_000_000;
    let ticks = (nanoseconds * 300 + 500_000_000) / 1_000_000_000;
    let milliseconds = (ticks * 1000 + 150) / 300;
    let second = at.with_nanosecond(0).unwrap_or(at);
    let rounded = chrono::TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or_default());
    second.checked_add_signed(rounded).unwrap_or(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nvarchar(text: &str) -> Value {
        Value::NVarChar(text.to_owned())
    }

    #[test]
    fn numbers_widen_and_overflow() {
        assert_eq!(convert(&Value::Int(7), SqlType::BigInt).unwrap(), Value::BigInt(7));
        assert_eq!(convert(&nvarchar(" 7 "), SqlType::Int).unwrap(), Value::Int(7));
        assert_eq!(convert(&Value::Int(300), SqlType::TinyInt).unwrap_err().number, 8115);
        assert_eq!(convert(&nvarchar("x"), SqlType::Int).unwrap_err().number, 245);
        assert_eq!(convert(&nvarchar("true"), SqlType::Bit).unwrap(), Value::Bit(true));
        assert_eq!(convert(&Value::Null, SqlType::Int).unwrap(), Value::Null);
    }

    #[test]
    fn decimals_are_rescaled() {
        let target = SqlType::Decimal { precision: 5, scale: 1 };
        assert_eq!(convert(&nvarchar("-12.55"), target).unwrap(), Value::Decimal { unscaled: -126, scale: 1 });
        assert_eq!(convert(&Value::Int(99_999), target).unwrap_err().number, 8115);
        let value = Value::Decimal { unscaled: -5, scale: 2 };
        assert_eq!(convert(&value, SqlType::NVarChar(None)).unwrap(), nvarchar("-0.05"));
        assert_eq!(convert(&Value::Decimal { unscaled: 1, scale: 38 }, SqlType::Int).unwrap(), Value::Int(0));
    }

    #[test]
    fn identifiers_need_hyphens() {
        let id = Uuid::parse_str("a0a08746-4dbe-4a37-9adf-9e7652c0b421").unwrap();
        for text in [
            "A0A08746-4DBE-4A37-9ADF-9E7652C0B421",
            "{a0a08746-4dbe-4a37-9adf-9e7652c0b421}",
            "a0a08746-4dbe-4a37-9adf-9e7652c0b421 and more",
        ] {
            let converted = convert(&nvarchar(text), SqlType::UniqueIdentifier).unwrap();
            assert_eq!(converted, Value::UniqueIdentifier(id), "{text}");
        }
        for text in ["", "a0a087464dbe4a379adf9e7652c0b421", "{a0a08746-4dbe-4a37-9adf-9e7652c0b421", "é"] {
            assert_eq!(convert(&nvarchar(text), SqlType::UniqueIdentifier).unwrap_err().number, 8169, "{text}");
        }
        assert_eq!(convert(&Value::UniqueIdentifier(id), SqlType::Int).unwrap_err().number, 206);
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(convert(&nvarchar("Grün"), SqlType::NVarChar(Some(3))).unwrap(), nvarchar("Grü"));
        assert_eq!(convert(&nvarchar("a😀"), SqlType::NVarChar(Some(2))).unwrap(), nvarchar("a"));
    }

    #[test]
    fn datetime_has_steps_of_a_three_hundredth() {
        for (from, to) in [("12:00:00.001", ".000"), ("12:00:00.002", ".003"), ("12:00:00.006", ".007")] {
            let Value::DateTime(at) = convert(&nvarchar(&format!("2026-01-01 {from}")), SqlType::DateTime).unwrap()
            else {
                panic!("not a date")
            };
            assert_eq!(at.format("%.3f").to_string(), to);
        }
        let last = convert(&nvarchar("2026-12-31T23:59:59.999"), SqlType::DateTime).unwrap();
        assert_eq!(last, Value::DateTime(parse_date("2027-01-01").unwrap()));
        assert_eq!(convert(&nvarchar("1600-01-01"), SqlType::DateTime).unwrap_err().number, 242);
        assert_eq!(convert(&nvarchar("yesterday"), SqlType::DateTime).unwrap_err().number, 241);
    }

    #[test]
    fn styles_of_dates() {
        let at = Value::DateTime(parse_date("2026-11-02 15:04:05.123").unwrap());
        for (style, expected) in [
            (0, "Nov  2 2026  3:04PM"),
            (120, "2026-11-02 15:04:05"),
            (121, "2026-11-02 15:04:05.123"),
            (112, "20261102"),
            (126, "2026-11-02T15:04:05.123"),
        ] {
            assert_eq!(convert_with_style(&at, SqlType::NVarChar(None), style).unwrap(), nvarchar(expected));
        }
        assert_eq!(convert_with_style(&at, SqlType::NVarChar(None), 999).unwrap_err().number, 281);
    }
}
