//! Properties of the types: what is written is what is read, for every type and every value that fits it.
//!
//! A parameter and a column have the same declaration and the same value on the wire, so what [`row_value`] writes is what
//! [`parameter_value`] must read.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use uuid::Uuid;

use super::super::value::{SqlType, Value};
use super::error::Malformed;
use super::fields::Fields;
use super::type_info::{self, TypeInfo};
use super::{parameter_value, row_value};

/// A parameter as it is read.
type Parameter = Result<(Option<SqlType>, Value), Malformed>;

/// Declares, writes and reads.
fn round_trip(sql_type: SqlType, value: &Value) -> (Vec<u8>, Parameter) {
    let mut bytes = Vec::new();
    type_info::write(&mut bytes, sql_type);
    let declaration = bytes.len();
    row_value::write(&mut bytes, sql_type, value).unwrap();
    let read = read(&bytes);
    (bytes.split_off(declaration), read)
}

fn read(bytes: &[u8]) -> Parameter {
    let mut fields = Fields::new(bytes);
    let info = TypeInfo::parse(&mut fields)?;
    let value = parameter_value::read(&mut fields, &info)?;
    assert!(fields.is_empty(), "{} bytes left over", fields.remaining());
    Ok((info.sql_type, value))
}

/// Any moment that this type's calendar knows and that rounding does not push into the year 10000.
fn moments(first_year: i32) -> impl Strategy<Value = NaiveDateTime> {
    let first = NaiveDate::from_ymd_opt(first_year, 1, 1).unwrap();
    let days = NaiveDate::from_ymd_opt(9999, 12, 30).unwrap().signed_duration_since(first).num_days();
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap().and_hms_milli_opt(23, 59, 59, 0).unwrap();
    let any = (0..=days, 0..86_400_u32, 0..1_000_000_000_u32).prop_map(move |(day, second, nanosecond)| {
        let time = NaiveTime::from_num_seconds_from_midnight_opt(second, nanosecond).unwrap();
        (first + TimeDelta::days(day)).and_time(time)
    });
    prop_oneof![8 => any, 1 => Just(first.and_time(NaiveTime::MIN)), 1 => Just(last)]
}

/// Text of at most so many UTF-16 units: all planes, so surrogate pairs, and U+0000 are in it.
fn texts(units_max: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..=units_max / 2).prop_map(|chars| chars.into_iter().collect())
}

/// A type with a value that it holds exactly.
fn exact() -> impl Strategy<Value = (SqlType, Value)> {
    prop_oneof![
        any::<bool>().prop_map(|bit| (SqlType::Bit, Value::Bit(bit))),
        any::<u8>().prop_map(|number| (SqlType::TinyInt, Value::TinyInt(number))),
        any::<i16>().prop_map(|number| (SqlType::SmallInt, Value::SmallInt(number))),
        any::<i32>().prop_map(|number| (SqlType::Int, Value::Int(number))),
        any::<i64>().prop_map(|number| (SqlType::BigInt, Value::BigInt(number))),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| (SqlType::Float, Value::Float(n))),
        decimals(),
        (1_u16..=60).prop_flat_map(|limit| {
            texts(usize::from(limit)).prop_map(move |text| (SqlType::NVarChar(Some(limit)), Value::NVarChar(text)))
        }),
        Just((SqlType::NVarChar(Some(4000)), Value::NVarChar("x".repeat(4000)))),
        Just((SqlType::NVarChar(Some(4000)), Value::NVarChar("\u{1F600}".repeat(2000)))),
        texts(300).prop_map(|text| (SqlType::NVarChar(None), Value::NVarChar(text))),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|b| (SqlType::VarBinary(Some(50)), Value::VarBinary(b))),
        Just((SqlType::VarBinary(Some(8000)), Value::VarBinary(vec![0xFF; 8000]))),
        prop::collection::vec(any::<u8>(), 0..9000).prop_map(|b| (SqlType::VarBinary(None), Value::VarBinary(b))),
        any::<u128>().prop_map(|id| (SqlType::UniqueIdentifier, Value::UniqueIdentifier(Uuid::from_u128(id)))),
    ]
}

/// Every precision and scale, the largest and the smallest number of each included.
fn decimals() -> impl Strategy<Value = (SqlType, Value)> {
    (1_u8..=38)
        .prop_flat_map(|precision| {
            let largest = 10_i128.pow(u32::from(precision)) - 1;
            (Just(precision), 0..=precision, prop_oneof![-largest..=largest, Just(largest), Just(-largest), Just(0)])
        })
        .prop_map(|(precision, scale, unscaled)| {
            (SqlType::Decimal { precision, scale }, Value::Decimal { unscaled, scale })
        })
}

fn types() -> impl Strategy<Value = SqlType> {
    prop_oneof![
        exact().prop_map(|(sql_type, _)| sql_type),
        Just(SqlType::DateTime),
        (0_u8..=7).prop_map(SqlType::DateTime2)
    ]
}

fn datetime(value: &Value) -> NaiveDateTime {
    match value {
        Value::DateTime(moment) => *moment,
        other => panic!("{other:?}"),
    }
}

/// Cuts into chunks as a client may: of whatever length, with the total told or not.
fn in_chunks(bytes: &[u8], cuts: &[usize], told: bool) -> Vec<u8> {
    let total = if told { bytes.len() as u64 } else { u64::MAX - 1 };
    let mut written = total.to_le_bytes().to_vec();
    let mut rest = bytes;
    for cut in cuts.iter().map(|cut| 1 + cut).chain([usize::MAX]) {
        let (chunk, after) = rest.split_at(cut.min(rest.len()));
        if chunk.is_empty() {
            break;
        }
        written.extend_from_slice(&u32::try_from(chunk.len()).unwrap().to_le_bytes());
        written.extend_from_slice(chunk);
        rest = after;
    }
    written.extend_from_slice(&[0; 4]);
    written
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_is_read_as_it_was_written((sql_type, value) in exact()) {
        let (_, read) = round_trip(sql_type, &value);
        prop_assert_eq!(read, Ok((Some(sql_type), value)));
    }

    #[test]
    fn null_is_null_in_every_type(sql_type in types()) {
        let (bytes, read) = round_trip(sql_type, &Value::Null);
        prop_assert_eq!(read, Ok((Some(sql_type), Value::Null)));
        prop_assert_eq!(bytes.len(), row_value::null_length(sql_type));
    }

    /// Not further away than half a step of 1/300 s and the rounding to the milliseconds that are shown; always one of
    /// the three last digits that SQL Server shows; and stable from then on.
    #[test]
    fn a_datetime_is_rounded_once(moment in moments(1753)) {
        let (bytes, read) = round_trip(SqlType::DateTime, &Value::DateTime(moment));
        let rounded = datetime(&read.unwrap().1);
        prop_assert!((rounded - moment).abs() <= TimeDelta::microseconds(2_001), "{moment} became {rounded}");
        prop_assert_eq!(rounded.nanosecond() % 1_000_000, 0);
        prop_assert!([0, 3, 7].contains(&(rounded.nanosecond() / 1_000_000 % 10)), "{rounded}");
        let (again, _) = round_trip(SqlType::DateTime, &Value::DateTime(rounded));
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn a_datetime2_is_rounded_to_its_scale(moment in moments(1), scale in 0_u8..=7) {
        let (_, read) = round_trip(SqlType::DateTime2(scale), &Value::DateTime(moment));
        let step = 10_i64.pow(9 - u32::from(scale));
        let rounded = datetime(&read.unwrap().1);
        prop_assert!((rounded - moment).abs() <= TimeDelta::nanoseconds(step / 2), "{moment} became {rounded}");
        prop_assert_eq!(i64::from(rounded.nanosecond()) % step, 0);
        let (_, again) = round_trip(SqlType::DateTime2(scale), &Value::DateTime(rounded));
        prop_assert_eq!(datetime(&again.unwrap().1), rounded);
    }

    #[test]
    fn chunks_may_be_cut_anywhere(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        cuts in prop::collection::vec(0_usize..60, 0..20),
        told in any::<bool>(),
    ) {
        let mut parameter = Vec::new();
        type_info::write(&mut parameter, SqlType::VarBinary(None));
        parameter.extend(in_chunks(&bytes, &cuts, told));
        prop_assert_eq!(read(&parameter), Ok((Some(SqlType::VarBinary(None)), Value::VarBinary(bytes))));
    }

    /// Text is counted in UTF-16 units, so a lone surrogate can come in from a client; it is replaced, and nothing else is.
    #[test]
    fn any_units_are_text(units in prop::collection::vec(prop_oneof![any::<u16>(), 0xD800_u16..0xE000], 0..100)) {
        let mut parameter = Vec::new();
        type_info::write(&mut parameter, SqlType::NVarChar(None));
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        parameter.extend(in_chunks(&bytes, &[], true));
        let text = String::from_utf16_lossy(&units);
        prop_assert_eq!(read(&parameter), Ok((Some(SqlType::NVarChar(None)), Value::NVarChar(text))));
    }

    /// What does not fit is an error that names the type, whatever it is: nothing wraps round.
    #[test]
    fn what_does_not_fit_is_refused(sql_type in types(), (_, value) in exact()) {
        let mut bytes = Vec::new();
        type_info::write(&mut bytes, sql_type);
        if row_value::write(&mut bytes, sql_type, &value).is_ok() {
            let (declared, read) = read(&bytes).unwrap();
            prop_assert_eq!(declared, Some(sql_type));
            prop_assert!(same_number(&read, &value), "{value:?} became {read:?} in {sql_type:?}");
        }
    }
}

/// Whether two values are the same whole number, or the same otherwise. Numbers with a point may have been rounded.
fn same_number(read: &Value, written: &Value) -> bool {
    match (whole(read), whole(written), read, written) {
        (Some(read), Some(written), ..) => read == written,
        (_, _, Value::Decimal { .. }, Value::Decimal { .. }) => true,
        _ => read == written,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Bit(bit) => Some(i64::from(*bit)),
        Value::TinyInt(number) => Some(i64::from(*number)),
        Value::SmallInt(number) => Some(i64::from(*number)),
        Value::Int(number) => Some(i64::from(*number)),
        Value::BigInt(number) => Some(*number),
        _ => None,
    }
}
