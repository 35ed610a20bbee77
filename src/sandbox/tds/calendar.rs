//! Dates and times as the wire counts them (MS-TDS 2.2.5.5.1.8).

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

const NANOSECONDS_A_SECOND: u64 = 1_000_000_000;
const SECONDS_A_DAY: u64 = 86_400;
/// Steps of `datetime` in a second.
const TICKS_A_SECOND: u64 = 300;
const TICKS_A_DAY: u64 = SECONDS_A_DAY * TICKS_A_SECOND;
const MINUTES_A_DAY: u16 = 1440;
/// The first year that `datetime` knows: the Gregorian calendar's first whole year in Britain.
const FIRST_DATETIME_YEAR: i32 = 1753;
const LAST_YEAR: i32 = 9999;

/// Day 0 of `datetime` and `smalldatetime`.
pub(super) fn day_zero_1900() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).expect("a date of the calendar")
}

/// Day 0 of `date`, `datetime2` and `datetimeoffset`.
fn day_zero_1() -> NaiveDate {
    NaiveDate::from_ymd_opt(1, 1, 1).expect("a date of the calendar")
}

/// A `datetime`: days since 1900 and steps of 1/300 s. `None` if out of range. The value has whole milliseconds, as SQL
/// Server shows them (.000, .003, .007).
pub(super) fn from_datetime(days: i32, ticks: u32) -> Option<NaiveDateTime> {
    if u64::from(ticks) >= TICKS_A_DAY {
        return None;
    }
    let date = day_zero_1900().checked_add_signed(TimeDelta::days(i64::from(days)))?;
    let milliseconds = (i64::from(ticks) * 10 + 1) / 3;
    let value = date.and_time(NaiveTime::MIN) + TimeDelta::milliseconds(milliseconds);
    (FIRST_DATETIME_YEAR..=LAST_YEAR).contains(&value.year()).then_some(value)
}

/// The days since 1900 and the nearest step of 1/300 s. `None` if out of range.
pub(super) fn to_datetime(value: NaiveDateTime) -> Option<(i32, u32)> {
    let ticks = round(nanoseconds_of_day(value.time()) * TICKS_A_SECOND, NANOSECONDS_A_SECOND);
    let (date, ticks) = if ticks == TICKS_A_DAY { (value.date().succ_opt()?, 0) } else { (value.date(), ticks) };
    if !(FIRST_DATETIME_YEAR..=LAST_YEAR).contains(&date.year()) {
        return None;
    }
    let days = date.signed_duration_since(day_zero_1900()).num_days();
    Some((i32::try_from(days).ok()?, u32::try_from(ticks).ok()?))
}

/// A `smalldatetime`: days since 1900 and minutes.
pub(super) fn from_smalldatetime(days: u16, minutes: u16) -> Option<NaiveDateTime> {
    if minutes >= MINUTES_A_DAY {
        return None;
    }
    let date = day_zero_1900().checked_add_days(Days::new(u64::from(days)))?;
    Some(date.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(minutes)))
}

/// The date of a `date`, `datetime2` or `datetimeoffset`.
pub(super) fn from_days(days: u32) -> Option<NaiveDate> {
    day_zero_1().checked_add_days(Days::new(u64::from(days))).filter(|date| date.year() <= LAST_YEAR)
}

/// The time of a `time`, `datetime2` or `datetimeoffset` in steps of 10^-scale s.
pub(super) fn from_steps(steps: u64, scale: u8) -> Option<NaiveTime> {
    let nanoseconds = steps.checked_mul(10_u64.pow(9 - u32::from(scale)))?;
    let seconds = nanoseconds / NANOSECONDS_A_SECOND;
    let rest = u32::try_from(nanoseconds % NANOSECONDS_A_SECOND).ok()?;
    NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(seconds).ok()?, rest)
}

/// The days since year 1 and the nearest step of 10^-scale s. `None` if out of range.
pub(super) fn to_datetime2(value: NaiveDateTime, scale: u8) -> Option<(u32, u64)> {
    let steps_a_second = 10_u64.pow(u32::from(scale));
    let steps = round(nanoseconds_of_day(value.time()), NANOSECONDS_A_SECOND / steps_a_second);
    let steps_a_day = SECONDS_A_DAY * steps_a_second;
    let (date, steps) = if steps == steps_a_day { (value.date().succ_opt()?, 0) } else { (value.date(), steps) };
    if date.year() > LAST_YEAR {
        return None;
    }
    let days = date.signed_duration_since(day_zero_1()).num_days();
    Some((u32::try_from(days).ok()?, steps))
}

/// Bytes of the time part at this scale.
pub(super) fn time_length(scale: u8) -> usize {
    match scale {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// A leap second counts as the last instant of its second: SQL Server has none.
fn nanoseconds_of_day(time: NaiveTime) -> u64 {
    let nanoseconds = u64::from(time.nanosecond()).min(NANOSECONDS_A_SECOND - 1);
    u64::from(time.num_seconds_from_midnight()) * NANOSECONDS_A_SECOND + nanoseconds
}

fn round(value: u64, unit: u64) -> u64 {
    (value + unit / 2) / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap()
    }

    #[test]
    fn datetime_rounds_to_steps_of_a_300th() {
        assert_eq!(to_datetime(moment("1900-01-01 00:00:00.001")), Some((0, 0)));
        assert_eq!(to_datetime(moment("1900-01-01 00:00:00.002")), Some((0, 1)));
        assert_eq!(to_datetime(moment("1900-01-01 00:00:00.005")), Some((0, 2)));
        assert_eq!(to_datetime(moment("1900-01-01 00:00:00.009")), Some((0, 3)));
        assert_eq!(to_datetime(moment("1999-12-31 23:59:59.999")), to_datetime(moment("2000-01-01 00:00:00")));
        assert_eq!(from_datetime(0, 1), Some(moment("1900-01-01 00:00:00.003")));
        assert_eq!(from_datetime(0, 2), Some(moment("1900-01-01 00:00:00.007")));
        assert_eq!(from_datetime(-1, 299), Some(moment("1899-12-31 00:00:00.997")));
    }

    #[test]
    fn every_step_of_a_second_survives() {
        for tick in 0..300 {
            assert_eq!(to_datetime(from_datetime(40_000, tick).unwrap()), Some((40_000, tick)));
        }
    }

    #[test]
    fn datetime_has_a_range() {
        assert_eq!(to_datetime(moment("1753-01-01 00:00:00")), Some((-53_690, 0)));
        assert_eq!(to_datetime(moment("1752-12-31 00:00:00")), None);
        assert_eq!(from_datetime(i32::MIN, 0), None);
        assert_eq!(from_datetime(i32::MAX, 0), None);
        assert_eq!(from_datetime(2_958_463, 0), Some(moment("9999-12-31 00:00:00")));
        assert_eq!(from_datetime(2_958_464, 0), None);
        assert_eq!(from_datetime(0, 25_920_000), None);
        assert_eq!(to_datetime(moment("9999-12-31 23:59:59.999")), None);
    }

    #[test]
    fn datetime2_rounds_to_its_scale() {
        let value = moment("0001-01-01 23:59:59.9999999");
        assert_eq!(to_datetime2(value, 7), Some((0, 863_999_999_999)));
        assert_eq!(to_datetime2(value, 3), Some((1, 0)));
        assert_eq!(to_datetime2(moment("9999-12-31 00:00:00"), 0), Some((3_652_058, 0)));
        assert_eq!(from_days(3_652_058), NaiveDate::from_ymd_opt(9999, 12, 31));
        assert_eq!(from_days(3_652_059), None);
        assert_eq!(from_steps(u64::MAX, 0), None);
        assert_eq!(from_steps(86_400, 0), None);
    }
}
