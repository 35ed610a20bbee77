//! Reads the value of a parameter (MS-TDS 2.2.5.5 and 2.2.5.2.3) after its declaration.

use chrono::{NaiveTime, TimeDelta};
use uuid::Uuid;

use super::super::value::Value;
use super::error::Malformed;
use super::fields::{Fields, utf16};
use super::type_info::{Framing, TypeInfo, token};
use super::{calendar, code_page};

const NULL16: u16 = 0xFFFF;
const NULL32: u32 = 0xFFFF_FFFF;
const CHUNKS_NULL: u64 = 0xFFFF_FFFF_FFFF_FFFF;
const CHUNKS_OF_UNKNOWN_LENGTH: u64 = 0xFFFF_FFFF_FFFF_FFFE;
/// Digits behind the point of `money`.
const MONEY_SCALE: u8 = 4;
/// The largest offset from UTC, 14 hours.
const OFFSET_MINUTES_MAX: i16 = 840;

/// Reads a value of this type.
pub(super) fn read(fields: &mut Fields<'_>, info: &TypeInfo) -> Result<Value, Malformed> {
    let bytes = match info.framing {
        Framing::Nothing => None,
        Framing::Fixed(length) => Some(fields.bytes(length)?),
        Framing::Length8 => match fields.u8()? {
            0 => None,
            length => Some(fields.bytes(usize::from(length))?),
        },
        Framing::Length16 => match fields.u16()? {
            NULL16 => None,
            length => Some(fields.bytes(usize::from(length))?),
        },
        Framing::Length32 => match fields.u32()? {
            NULL32 => None,
            length => Some(fields.bytes(usize::try_from(length).unwrap_or(usize::MAX))?),
        },
        Framing::Chunks => {
            return chunks(fields)?.map_or(Ok(Value::Null), |bytes| value(&bytes, info));
        }
    };
    let Some(bytes) = bytes else {
        return Ok(Value::Null);
    };
    if bytes.len() > info.length_max {
        return Err(Malformed::ValueLength { token: info.token, length: bytes.len() });
    }
    value(bytes, info)
}

/// Partially length-prefixed bytes.
fn chunks(fields: &mut Fields<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    let claimed = fields.u64()?;
    if claimed == CHUNKS_NULL {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    loop {
        match fields.length32()? {
            0 => break,
            length => bytes.extend_from_slice(fields.bytes(length)?),
        }
    }
    let found = bytes.len() as u64;
    if claimed != CHUNKS_OF_UNKNOWN_LENGTH && claimed != found {
        return Err(Malformed::ChunkLength { claimed, found });
    }
    Ok(Some(bytes))
}

fn value(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    match info.token {
        token::INT1 | token::INT2 | token::INT4 | token::INT8 | token::INTN => integer(bytes, info),
        token::BIT | token::BITN => exact::<1>(bytes, info).map(|[bit]| Value::Bit(bit != 0)),
        token::FLT4 | token::FLT8 | token::FLTN => float(bytes, info),
        token::MONEY | token::MONEY4 | token::MONEYN => money(bytes, info),
        token::DECIMAL | token::NUMERIC | token::DECIMALN | token::NUMERICN => decimal(bytes, info),
        token::DATETIME | token::DATETIM4 | token::DATETIMN => datetime(bytes, info),
        token::DATEN | token::TIMEN | token::DATETIME2N | token::DATETIMEOFFSETN => datetime2(bytes, info),
        token::GUID => exact(bytes, info).map(|bytes| Value::UniqueIdentifier(Uuid::from_bytes_le(bytes))),
        token::NVARCHAR | token::NCHAR | token::NTEXT | token::XML => utf16(bytes).map(Value::NVarChar),
        token::BIGVARCHAR | token::BIGCHAR | token::TEXT => code_page::decode(bytes, info.utf8).map(Value::NVarChar),
        token::BIGVARBINARY | token::BIGBINARY | token::IMAGE => Ok(Value::VarBinary(bytes.to_vec())),
        token => Err(Malformed::UnknownType { token }),
    }
}

fn exact<const N: usize>(bytes: &[u8], info: &TypeInfo) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed::ValueLength { token: info.token, length: bytes.len() })
}

fn integer(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    match bytes.len() {
        1 => exact(bytes, info).map(|[byte]| Value::TinyInt(byte)),
        2 => exact(bytes, info).map(|bytes| Value::SmallInt(i16::from_le_bytes(bytes))),
        4 => exact(bytes, info).map(|bytes| Value::Int(i32::from_le_bytes(bytes))),
        _ => exact(bytes, info).map(|bytes| Value::BigInt(i64::from_le_bytes(bytes))),
    }
}

fn float(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    let value = match bytes.len() {
        4 => f64::from(f32::from_le_bytes(exact(bytes, info)?)),
        _ => f64::from_le_bytes(exact(bytes, info)?),
    };
    // SQL Server has neither infinities nor NaN.
    if value.is_finite() { Ok(Value::Float(value)) } else { Err(Malformed::ValueRange { token: info.token }) }
}

/// `money` is a 64-bit number in ten-thousandths, its upper half first (MS-TDS 2.2.5.5.1.4).
fn money(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    let unscaled = match bytes.len() {
        4 => i64::from(i32::from_le_bytes(exact(bytes, info)?)),
        _ => {
            let [a, b, c, d, e, f, g, h] = exact(bytes, info)?;
            i64::from_le_bytes([e, f, g, h, a, b, c, d])
        }
    };
    Ok(Value::Decimal { unscaled: i128::from(unscaled), scale: MONEY_SCALE })
}

fn decimal(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    let Some((sign, magnitude)) = bytes.split_first() else {
        return Err(Malformed::ValueLength { token: info.token, length: 0 });
    };
    if !(1..=16).contains(&magnitude.len()) {
        return Err(Malformed::ValueLength { token: info.token, length: bytes.len() });
    }
    let mut padded = [0; 16];
    padded[..magnitude.len()].copy_from_slice(magnitude);
    let unscaled = i128::from_le_bytes(padded);
    if !(0..10_i128.pow(38)).contains(&unscaled) {
        return Err(Malformed::ValueRange { token: info.token });
    }
    let unscaled = if *sign == 0 { -unscaled } else { unscaled };
    Ok(Value::Decimal { unscaled, scale: info.scale })
}

fn datetime(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    let value = match bytes.len() {
        4 => {
            let [day_low, day_high, minute_low, minute_high] = exact(bytes, info)?;
            let minutes = u16::from_le_bytes([minute_low, minute_high]);
            calendar::from_smalldatetime(u16::from_le_bytes([day_low, day_high]), minutes)
        }
        _ => {
            let bytes = exact::<8>(bytes, info)?;
            let mut fields = Fields::new(&bytes);
            let days = i32::from_le_bytes(fields.array()?);
            calendar::from_datetime(days, fields.u32()?)
        }
    };
    value.map(Value::DateTime).ok_or(Malformed::ValueRange { token: info.token })
}

/// The types with a scale, and `date`. A `time` gets the date 1900-01-01 and a `datetimeoffset` becomes its local time,
/// as SQL Server converts them to `datetime2`.
fn datetime2(bytes: &[u8], info: &TypeInfo) -> Result<Value, Malformed> {
    if bytes.len() != info.length_max {
        return Err(Malformed::ValueLength { token: info.token, length: bytes.len() });
    }
    let range = || Malformed::ValueRange { token: info.token };
    let mut fields = Fields::new(bytes);
    let time = if info.token == token::DATEN {
        NaiveTime::MIN
    } else {
        let mut steps = [0; 8];
        let length = calendar::time_length(info.scale);
        steps[..length].copy_from_slice(fields.bytes(length)?);
        calendar::from_steps(u64::from_le_bytes(steps), info.scale).ok_or_else(range)?
    };
    let date = if info.token == token::TIMEN {
        calendar::day_zero_1900()
    } else {
        let [low, middle, high] = fields.array()?;
        calendar::from_days(u32::from_le_bytes([low, middle, high, 0])).ok_or_else(range)?
    };
    let value = date.and_time(time);
    if info.token != token::DATETIMEOFFSETN {
        return Ok(Value::DateTime(value));
    }
    let offset = i16::from_le_bytes(fields.array()?);
    if !(-OFFSET_MINUTES_MAX..=OFFSET_MINUTES_MAX).contains(&offset) {
        return Err(range());
    }
    value.checked_add_signed(TimeDelta::minutes(i64::from(offset))).map(Value::DateTime).ok_or_else(range)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::super::super::value::SqlType;
    use super::*;

    const LATIN: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];

    fn parameter(bytes: &[u8]) -> Result<(Option<SqlType>, Value), Malformed> {
        let mut fields = Fields::new(bytes);
        let info = TypeInfo::parse(&mut fields)?;
        let value = read(&mut fields, &info)?;
        assert!(fields.is_empty(), "{} bytes left", fields.remaining());
        Ok((info.sql_type, value))
    }

    #[track_caller]
    fn check(bytes: &[u8], sql_type: SqlType, value: Value) {
        assert_eq!(parameter(bytes), Ok((Some(sql_type), value)));
    }

    fn with_collation(token: u8, length: [u8; 2], value: &[u8]) -> Vec<u8> {
        [&[token], &length[..], &LATIN, value].concat()
    }

    fn moment(text: &str) -> Value {
        Value::DateTime(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap())
    }

    #[test]
    fn whole_numbers() {
        check(&[0x26, 1, 1, 0xFF], SqlType::TinyInt, Value::TinyInt(255));
        check(&[0x26, 2, 2, 0xFE, 0xFF], SqlType::SmallInt, Value::SmallInt(-2));
        check(&[0x26, 4, 4, 0x78, 0x56, 0x34, 0x12], SqlType::Int, Value::Int(0x1234_5678));
        check(&[0x26, 8, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], SqlType::BigInt, Value::BigInt(i64::MAX));
        check(&[0x26, 4, 0], SqlType::Int, Value::Null);
        check(&[0x26, 8, 4, 1, 0, 0, 0], SqlType::BigInt, Value::Int(1));
        check(&[0x30, 7], SqlType::TinyInt, Value::TinyInt(7));
        check(&[0x34, 7, 0], SqlType::SmallInt, Value::SmallInt(7));
        check(&[0x38, 0x2A, 0, 0, 0], SqlType::Int, Value::Int(42));
        check(&[0x7F, 1, 0, 0, 0, 0, 0, 0, 0x80], SqlType::BigInt, Value::BigInt(i64::MIN + 1));
        check(&[0x68, 1, 1, 1], SqlType::Bit, Value::Bit(true));
        check(&[0x68, 1, 0], SqlType::Bit, Value::Null);
        check(&[0x32, 0], SqlType::Bit, Value::Bit(false));
    }

    #[test]
    fn null_without_a_type() {
        assert_eq!(parameter(&[0x1F]), Ok((None, Value::Null)));
    }

    #[test]
    fn floats() {
        check(&[0x6D, 8, 8, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F], SqlType::Float, Value::Float(1.5));
        check(&[0x6D, 4, 4, 0, 0, 0xC0, 0x3F], SqlType::Float, Value::Float(1.5));
        check(&[0x3B, 0, 0, 0xC0, 0xBF], SqlType::Float, Value::Float(-1.5));
        check(&[0x6D, 8, 0], SqlType::Float, Value::Null);
        assert_eq!(
            parameter(&[0x3E, 0, 0, 0, 0, 0, 0, 0xF0, 0x7F]),
            Err(Malformed::ValueRange { token: 0x3E }),
            "infinity"
        );
    }

    #[test]
    fn decimals() {
        let sql_type = SqlType::Decimal { precision: 9, scale: 2 };
        check(&[0x6C, 5, 9, 2, 5, 1, 0x39, 0x30, 0, 0], sql_type, Value::Decimal { unscaled: 12345, scale: 2 });
        check(&[0x6A, 5, 9, 2, 5, 0, 0x39, 0x30, 0, 0], sql_type, Value::Decimal { unscaled: -12345, scale: 2 });
        check(&[0x6A, 5, 9, 2, 0], sql_type, Value::Null);
        // As FreeTDS 1.4 sends 12.34, with the length that a precision of 33 needs.
        let freetds = [&[0x6A, 15, 33, 2, 15, 1, 0xD2, 0x04][..], &[0; 12]].concat();
        let sql_type = SqlType::Decimal { precision: 33, scale: 2 };
        check(&freetds, sql_type, Value::Decimal { unscaled: 1234, scale: 2 });
        let money = SqlType::Decimal { precision: 19, scale: 4 };
        // $1.0000 is 10000 = 0x2710, its upper half first.
        check(&[0x6E, 8, 8, 0, 0, 0, 0, 0x10, 0x27, 0, 0], money, Value::Decimal { unscaled: 10_000, scale: 4 });
        check(
            &[0x3C, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0, 0xD8, 0xFF, 0xFF],
            money,
            Value::Decimal { unscaled: -10_000, scale: 4 },
        );
        let small = SqlType::Decimal { precision: 10, scale: 4 };
        check(&[0x7A, 0x10, 0x27, 0, 0], small, Value::Decimal { unscaled: 10_000, scale: 4 });
        let wide = [&[0x6A, 17, 38, 0, 17, 1][..], &[0xFF; 16]].concat();
        assert_eq!(parameter(&wide), Err(Malformed::ValueRange { token: 0x6A }));
    }

    #[test]
    fn unicode_text() {
        let hi = [0x48, 0, 0xE4, 0];
        check(
            &with_collation(0xE7, [8, 0], &[&[4, 0][..], &hi].concat()),
            SqlType::NVarChar(Some(4)),
            Value::NVarChar("Hä".into()),
        );
        check(&with_collation(0xE7, [8, 0], &[0xFF, 0xFF]), SqlType::NVarChar(Some(4)), Value::Null);
        check(&with_collation(0xE7, [8, 0], &[0, 0]), SqlType::NVarChar(Some(4)), Value::NVarChar(String::new()));
        check(
            &with_collation(0xEF, [8, 0], &[&[4, 0][..], &hi].concat()),
            SqlType::NVarChar(Some(4)),
            Value::NVarChar("Hä".into()),
        );
        let ntext = [&[0x63, 0xFF, 0xFF, 0xFF, 0x7F][..], &LATIN, &[4, 0, 0, 0], &hi].concat();
        check(&ntext, SqlType::NVarChar(None), Value::NVarChar("Hä".into()));
        let half = [&[0x63, 2, 0, 0, 0][..], &LATIN, &[4, 0, 0, 0], &hi].concat();
        check(&half, SqlType::NVarChar(None), Value::NVarChar("Hä".into()));
        let ntext_null = [&[0x63, 0xFF, 0xFF, 0xFF, 0x7F][..], &LATIN, &[0xFF; 4]].concat();
        check(&ntext_null, SqlType::NVarChar(None), Value::Null);
    }

    #[test]
    fn long_text_in_chunks() {
        let known = [&[4, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x48, 0][..], &[2, 0, 0, 0, 0xE4, 0, 0, 0, 0, 0]].concat();
        check(&with_collation(0xE7, [0xFF, 0xFF], &known), SqlType::NVarChar(None), Value::NVarChar("Hä".into()));
        let unknown = [&[0xFE][..], &[0xFF; 7], &[2, 0, 0, 0, 0x48, 0, 0, 0, 0, 0]].concat();
        check(&with_collation(0xE7, [0xFF, 0xFF], &unknown), SqlType::NVarChar(None), Value::NVarChar("H".into()));
        check(&with_collation(0xE7, [0xFF, 0xFF], &[0xFF; 8]), SqlType::NVarChar(None), Value::Null);
        let short = [9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x48, 0, 0, 0, 0, 0];
        assert_eq!(
            parameter(&with_collation(0xE7, [0xFF, 0xFF], &short)),
            Err(Malformed::ChunkLength { claimed: 9, found: 2 })
        );
        let endless = [&[0xFE][..], &[0xFF; 7], &[0xFF, 0xFF, 0xFF, 0xFF, 0x48, 0]].concat();
        assert!(matches!(
            parameter(&with_collation(0xE7, [0xFF, 0xFF], &endless)),
            Err(Malformed::Truncated { wanted: 0xFFFF_FFFF, left: 2 })
        ));
    }

    #[test]
    fn text_of_a_code_page() {
        check(
            &with_collation(0xA7, [10, 0], &[3, 0, b'a', 0x80, 0xFC]),
            SqlType::NVarChar(Some(10)),
            Value::NVarChar("a€ü".into()),
        );
        check(
            &with_collation(0xAF, [2, 0], &[2, 0, b'a', b' ']),
            SqlType::NVarChar(Some(2)),
            Value::NVarChar("a ".into()),
        );
        let chunks = [2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, b'h', b'i', 0, 0, 0, 0];
        check(&with_collation(0xA7, [0xFF, 0xFF], &chunks), SqlType::NVarChar(None), Value::NVarChar("hi".into()));
        let text = [&[0x23, 0xFF, 0xFF, 0xFF, 0x7F][..], &LATIN, &[2, 0, 0, 0, b'h', 0xE4]].concat();
        check(&text, SqlType::NVarChar(None), Value::NVarChar("hä".into()));
        let utf8 = [0xA7, 4, 0, 0x09, 0x04, 0xD0, 0x04, 0x00, 2, 0, 0xC3, 0xA4];
        check(&utf8, SqlType::NVarChar(Some(4)), Value::NVarChar("ä".into()));
    }

    #[test]
    fn binary() {
        check(&[0xA5, 4, 0, 2, 0, 0xDE, 0xAD], SqlType::VarBinary(Some(4)), Value::VarBinary(vec![0xDE, 0xAD]));
        check(&[0xAD, 2, 0, 2, 0, 0xDE, 0xAD], SqlType::VarBinary(Some(2)), Value::VarBinary(vec![0xDE, 0xAD]));
        check(&[0xA5, 4, 0, 0xFF, 0xFF], SqlType::VarBinary(Some(4)), Value::Null);
        let max = [&[0xA5, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xAB][..], &[0; 4]].concat();
        check(&max, SqlType::VarBinary(None), Value::VarBinary(vec![0xAB]));
        check(&[0x22, 9, 0, 0, 0, 1, 0, 0, 0, 7], SqlType::VarBinary(None), Value::VarBinary(vec![7]));
        assert_eq!(parameter(&[0xA5, 1, 0, 2, 0, 1, 2]), Err(Malformed::ValueLength { token: 0xA5, length: 2 }));
    }

    #[test]
    fn a_guid_has_its_first_three_fields_reversed() {
        let bytes = [
            0x24, 16, 16, 0xFF, 0x19, 0x96, 0x6F, 0x86, 0x8B, 0x11, 0xD0, 0xB4, 0x2D, 0x00, 0xC0, 0x4F, 0xC9, 0x64,
            0xFF,
        ];
        let id = Uuid::parse_str("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
        check(&bytes, SqlType::UniqueIdentifier, Value::UniqueIdentifier(id));
        check(&[0x24, 16, 0], SqlType::UniqueIdentifier, Value::Null);
        assert_eq!(parameter(&[0x24, 16, 1, 0]), Err(Malformed::ValueLength { token: 0x24, length: 1 }));
    }

    #[test]
    fn dates_and_times() {
        // 2000-01-01 is day 36524 (0x8EAC) of 1900 and day 730119 (0x0B2407) of year 1; noon is tick 12960000 (0xC5C100).
        let datetime = [0x6F, 8, 8, 0xAC, 0x8E, 0, 0, 0x00, 0xC1, 0xC5, 0x00];
        check(&datetime, SqlType::DateTime, moment("2000-01-01 12:00:00"));
        check(&[0x3D, 0, 0, 0, 0, 1, 0, 0, 0], SqlType::DateTime, moment("1900-01-01 00:00:00.003"));
        check(&[0x6F, 4, 4, 0xAC, 0x8E, 0xD0, 0x02], SqlType::DateTime, moment("2000-01-01 12:00:00"));
        check(&[0x3A, 0xAC, 0x8E, 0x01, 0x00], SqlType::DateTime, moment("2000-01-01 00:01:00"));
        check(&[0x28, 3, 0x07, 0x24, 0x0B], SqlType::DateTime2(0), moment("2000-01-01 00:00:00"));
        check(&[0x28, 0], SqlType::DateTime2(0), Value::Null);
        // Noon is 432000000000 (0x649534E000) steps of 100 ns.
        let noon = [0x00, 0xE0, 0x34, 0x95, 0x64];
        assert_eq!(u64::from_le_bytes([0x00, 0xE0, 0x34, 0x95, 0x64, 0, 0, 0]), 432_000_000_000);
        let datetime2 = [&[0x2A, 7, 8][..], &noon, &[0x07, 0x24, 0x0B]].concat();
        check(&datetime2, SqlType::DateTime2(7), moment("2000-01-01 12:00:00"));
        check(&[0x2A, 7, 0], SqlType::DateTime2(7), Value::Null);
        check(&[&[0x29, 7, 5][..], &noon].concat(), SqlType::DateTime2(7), moment("1900-01-01 12:00:00"));
        check(&[0x29, 0, 3, 0x01, 0x00, 0x00], SqlType::DateTime2(0), moment("1900-01-01 00:00:01"));
        // Noon UTC at an offset of +90 minutes.
        let offset = [&[0x2B, 7, 10][..], &noon, &[0x07, 0x24, 0x0B, 90, 0]].concat();
        check(&offset, SqlType::DateTime2(7), moment("2000-01-01 13:30:00"));
        let wild = [&[0x2B, 7, 10][..], &noon, &[0x07, 0x24, 0x0B, 0xFF, 0x7F]].concat();
        assert_eq!(parameter(&wild), Err(Malformed::ValueRange { token: 0x2B }));
        assert_eq!(parameter(&[0x28, 3, 0xFF, 0xFF, 0xFF]), Err(Malformed::ValueRange { token: 0x28 }));
    }
}
