//! Writes a value of a row or of an output parameter (MS-TDS 2.2.5.5), after its declaration.

use super::super::value::{SqlType, Value};
use super::{calendar, type_info};

const NULL16: [u8; 2] = [0xFF; 2];
const CHUNKS_NULL: [u8; 8] = [0xFF; 8];
/// A chunk's length is four bytes; longer values are cut.
const CHUNK_LENGTH_MAX: usize = 0x4000_0000;

/// A value that does not fit its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValueError {
    /// It is of another type.
    #[error("Error converting a value to data type {sql_type:?}.")]
    Type { sql_type: SqlType },
    /// It is of the type and out of its range.
    #[error("Arithmetic overflow error converting a value to data type {sql_type:?}.")]
    Range { sql_type: SqlType },
    /// It is too long.
    #[error("String or binary data would be truncated: a value is longer than {sql_type:?}.")]
    Length { sql_type: SqlType },
}

impl ValueError {
    /// The error number that SQL Server gives such a failure.
    pub(super) fn number(self) -> i32 {
        match self {
            Self::Type { .. } => 8114,
            Self::Range { .. } => 8115,
            Self::Length { .. } => 8152,
        }
    }
}

/// Bytes that a NULL of this type costs in a row.
pub(super) fn null_length(sql_type: SqlType) -> usize {
    match sql_type {
        SqlType::NVarChar(None) | SqlType::VarBinary(None) => CHUNKS_NULL.len(),
        SqlType::NVarChar(Some(_)) | SqlType::VarBinary(Some(_)) => NULL16.len(),
        _ => 1,
    }
}

/// Appends a value of this type.
pub(super) fn write(target: &mut Vec<u8>, sql_type: SqlType, value: &Value) -> Result<(), ValueError> {
    match (sql_type, value) {
        (_, Value::Null) => match null_length(sql_type) {
            1 => target.push(0),
            2 => target.extend_from_slice(&NULL16),
            _ => target.extend_from_slice(&CHUNKS_NULL),
        },
        (SqlType::Bit, Value::Bit(bit)) => short(target, &[u8::from(*bit)]),
        (SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt, _) => {
            return integer(target, sql_type, value);
        }
        (SqlType::Float, Value::Float(number)) if number.is_finite() => short(target, &number.to_le_bytes()),
        (SqlType::Float, Value::Float(_)) => return Err(ValueError::Range { sql_type }),
        (SqlType::Decimal { precision, scale }, Value::Decimal { unscaled, scale: given }) => {
            let unscaled = rescale(*unscaled, *given, scale)
                .filter(|unscaled| precision <= 38 && unscaled.unsigned_abs() < 10_u128.pow(u32::from(precision)))
                .ok_or(ValueError::Range { sql_type })?;
            decimal(target, precision, unscaled);
        }
        (SqlType::NVarChar(limit), Value::NVarChar(text)) => {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            return sized(target, sql_type, limit.map(|units| usize::from(units) * 2), &bytes);
        }
        (SqlType::VarBinary(limit), Value::VarBinary(bytes)) => {
            return sized(target, sql_type, limit.map(usize::from), bytes);
        }
        (SqlType::UniqueIdentifier, Value::UniqueIdentifier(id)) => short(target, &id.to_bytes_le()),
        (SqlType::DateTime, Value::DateTime(moment)) => {
            let (days, ticks) = calendar::to_datetime(*moment).ok_or(ValueError::Range { sql_type })?;
            target.push(8);
            target.extend_from_slice(&days.to_le_bytes());
            target.extend_from_slice(&ticks.to_le_bytes());
        }
        (SqlType::DateTime2(scale), Value::DateTime(moment)) => {
            let (days, steps) = calendar::to_datetime2(*moment, scale).ok_or(ValueError::Range { sql_type })?;
            let time = &steps.to_le_bytes()[..calendar::time_length(scale)];
            short(target, &[time, &days.to_le_bytes()[..3]].concat());
        }
        _ => return Err(ValueError::Type { sql_type }),
    }
    Ok(())
}

/// A length in one byte, then the bytes.
fn short(target: &mut Vec<u8>, bytes: &[u8]) {
    target.push(u8::try_from(bytes.len()).expect("the types with a one-byte length have at most 17 bytes"));
    target.extend_from_slice(bytes);
}

/// Whole numbers widen and narrow into each other as long as they fit, as SQL Server converts them.
fn integer(target: &mut Vec<u8>, sql_type: SqlType, value: &Value) -> Result<(), ValueError> {
    let number = match value {
        Value::Bit(bit) => i64::from(*bit),
        Value::TinyInt(number) => i64::from(*number),
        Value::SmallInt(number) => i64::from(*number),
        Value::Int(number) => i64::from(*number),
        Value::BigInt(number) => *number,
        _ => return Err(ValueError::Type { sql_type }),
    };
    let range = |_| ValueError::Range { sql_type };
    match sql_type {
        SqlType::TinyInt => short(target, &[u8::try_from(number).map_err(range)?]),
        SqlType::SmallInt => short(target, &i16::try_from(number).map_err(range)?.to_le_bytes()),
        SqlType::Int => short(target, &i32::try_from(number).map_err(range)?.to_le_bytes()),
        _ => short(target, &number.to_le_bytes()),
    }
    Ok(())
}

/// The same number with another scale, rounded half away from zero.
fn rescale(unscaled: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        return unscaled.checked_mul(10_i128.checked_pow(u32::from(to - from))?);
    }
    let divisor = 10_i128.checked_pow(u32::from(from - to))?;
    let (quotient, remainder) = (unscaled / divisor, unscaled % divisor);
    let carry = if remainder.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2) { unscaled.signum() } else { 0 };
    quotient.checked_add(carry)
}

/// A sign, 1 for positive, then as many bytes of the magnitude as the precision may need.
fn decimal(target: &mut Vec<u8>, precision: u8, unscaled: i128) {
    let length = type_info::decimal_length(precision);
    target.push(length);
    target.push(u8::from(unscaled >= 0));
    target.extend_from_slice(&unscaled.unsigned_abs().to_le_bytes()[..usize::from(length) - 1]);
}

/// With a length in two bytes where the type has a limit, otherwise in chunks.
fn sized(target: &mut Vec<u8>, sql_type: SqlType, limit: Option<usize>, bytes: &[u8]) -> Result<(), ValueError> {
    let Some(limit) = limit else {
        target.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        for chunk in bytes.chunks(CHUNK_LENGTH_MAX) {
            let length = u32::try_from(chunk.len()).expect("cut to the largest chunk");
            target.extend_from_slice(&length.to_le_bytes());
            target.extend_from_slice(chunk);
        }
        target.extend_from_slice(&[0; 4]);
        return Ok(());
    };
    let length = u16::try_from(bytes.len()).ok().filter(|length| usize::from(*length) <= limit);
    target.extend_from_slice(&length.ok_or(ValueError::Length { sql_type })?.to_le_bytes());
    target.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;
    use uuid::Uuid;

    use super::*;

    #[track_caller]
    fn check(sql_type: SqlType, value: Value, bytes: &[u8]) {
        let mut written = Vec::new();
        write(&mut written, sql_type, &value).unwrap();
        assert_eq!(written, bytes);
    }

    fn error(sql_type: SqlType, value: Value) -> ValueError {
        write(&mut Vec::new(), sql_type, &value).unwrap_err()
    }

    fn moment(text: &str) -> Value {
        Value::DateTime(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap())
    }

    #[test]
    fn whole_numbers() {
        check(SqlType::Bit, Value::Bit(true), &[1, 1]);
        check(SqlType::TinyInt, Value::TinyInt(255), &[1, 0xFF]);
        check(SqlType::SmallInt, Value::SmallInt(-2), &[2, 0xFE, 0xFF]);
        check(SqlType::Int, Value::Int(0x1234_5678), &[4, 0x78, 0x56, 0x34, 0x12]);
        check(SqlType::BigInt, Value::BigInt(i64::MIN), &[8, 0, 0, 0, 0, 0, 0, 0, 0x80]);
        check(SqlType::BigInt, Value::Int(-1), &[8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        check(SqlType::Int, Value::Null, &[0]);
        let sql_type = SqlType::Int;
        assert_eq!(error(sql_type, Value::BigInt(1 << 31)), ValueError::Range { sql_type });
        assert_eq!(error(sql_type, Value::NVarChar("1".into())), ValueError::Type { sql_type });
    }

    #[test]
    fn numbers_with_a_point() {
        check(SqlType::Float, Value::Float(1.5), &[8, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F]);
        check(SqlType::Float, Value::Null, &[0]);
        let sql_type = SqlType::Decimal { precision: 9, scale: 2 };
        check(sql_type, Value::Decimal { unscaled: 12345, scale: 2 }, &[5, 1, 0x39, 0x30, 0, 0]);
        check(sql_type, Value::Decimal { unscaled: -12345, scale: 2 }, &[5, 0, 0x39, 0x30, 0, 0]);
        check(sql_type, Value::Decimal { unscaled: 12, scale: 0 }, &[5, 1, 0xB0, 0x04, 0, 0]);
        check(sql_type, Value::Decimal { unscaled: -12_345, scale: 3 }, &[5, 0, 0xD3, 0x04, 0, 0]);
        check(sql_type, Value::Null, &[0]);
        assert_eq!(error(sql_type, Value::Decimal { unscaled: 10_000_000, scale: 0 }), ValueError::Range { sql_type });
        let wide = [&[17, 1, 1][..], &[0; 15]].concat();
        check(SqlType::Decimal { precision: 38, scale: 0 }, Value::Decimal { unscaled: 1, scale: 0 }, &wide);
    }

    #[test]
    fn text_and_bytes() {
        check(SqlType::NVarChar(Some(10)), Value::NVarChar("Hä".into()), &[4, 0, 0x48, 0, 0xE4, 0]);
        check(SqlType::NVarChar(Some(10)), Value::NVarChar(String::new()), &[0, 0]);
        check(SqlType::NVarChar(Some(10)), Value::Null, &[0xFF, 0xFF]);
        check(
            SqlType::NVarChar(None),
            Value::NVarChar("H".into()),
            &[2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x48, 0, 0, 0, 0, 0],
        );
        check(SqlType::NVarChar(None), Value::NVarChar(String::new()), &[0; 12]);
        check(SqlType::NVarChar(None), Value::Null, &[0xFF; 8]);
        check(SqlType::VarBinary(Some(2)), Value::VarBinary(vec![0xDE, 0xAD]), &[2, 0, 0xDE, 0xAD]);
        check(SqlType::VarBinary(None), Value::Null, &[0xFF; 8]);
        check(
            SqlType::VarBinary(None),
            Value::VarBinary(vec![0xDE]),
            &[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xDE, 0, 0, 0, 0],
        );
        let sql_type = SqlType::NVarChar(Some(2));
        assert_eq!(error(sql_type, Value::NVarChar("abc".into())), ValueError::Length { sql_type });
    }

    #[test]
    fn a_guid_has_its_first_three_fields_reversed() {
        let id = Uuid::parse_str("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
        let bytes =
            [16, 0xFF, 0x19, 0x96, 0x6F, 0x86, 0x8B, 0x11, 0xD0, 0xB4, 0x2D, 0x00, 0xC0, 0x4F, 0xC9, 0x64, 0xFF];
        check(SqlType::UniqueIdentifier, Value::UniqueIdentifier(id), &bytes);
        check(SqlType::UniqueIdentifier, Value::Null, &[0]);
    }

    #[test]
    fn dates_and_times() {
        // Day 36524 (0x8EAC) of 1900 and tick 12960000 (0xC5C100).
        let noon = moment("2000-01-01 12:00:00");
        check(SqlType::DateTime, noon.clone(), &[8, 0xAC, 0x8E, 0, 0, 0x00, 0xC1, 0xC5, 0x00]);
        check(SqlType::DateTime, moment("1900-01-01 00:00:00.007"), &[8, 0, 0, 0, 0, 2, 0, 0, 0]);
        check(SqlType::DateTime, Value::Null, &[0]);
        // Day 730119 (0x0B2407) of year 1; 432000000000 (0x649534E000) steps of 100 ns, 43200 (0xA8C0) s.
        let datetime2 = [8, 0x00, 0xE0, 0x34, 0x95, 0x64, 0x07, 0x24, 0x0B];
        check(SqlType::DateTime2(7), noon.clone(), &datetime2);
        check(SqlType::DateTime2(0), noon, &[6, 0xC0, 0xA8, 0x00, 0x07, 0x24, 0x0B]);
        check(SqlType::DateTime2(3), moment("0001-01-01 00:00:00.256"), &[7, 0, 1, 0, 0, 0, 0, 0]);
        let sql_type = SqlType::DateTime;
        assert_eq!(error(sql_type, moment("1600-01-01 00:00:00")), ValueError::Range { sql_type });
    }
}
