//! Deadlines: a point in time, days after the approval, or `none`.

use chrono::{DateTime, Datelike, NaiveTime, SubsecRound, Utc};

use super::super::document::Field;
use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, integer, text, wrong_type};
use crate::diagnostic::Diagnostic;
use crate::model::approval::Deadline;
use crate::model::origin::Declared;

pub(super) const RELATIVE: Shape = Shape::new("a deadline", &["days", "at"]);

/// Days that a relative deadline may be away.
pub(super) const DAYS_MAX: u32 = 3650;

/// First and last year of a deadline: SQL Server's datetime begins in 1753, and WSUS writes 9999-12-31 for none.
///
/// Source: learn.microsoft.com, datetime (Transact-SQL) (grade A).
const YEARS: std::ops::RangeInclusive<i32> = 1753..=9998;

/// Reads a deadline.
pub(super) fn deadline(value: Keyed<'_>, problems: &mut Problems) -> Field<Deadline> {
    if value.node.is_null() {
        return Field::Null;
    }
    let origin = value.place();
    let deadline = match value.node.value {
        Value::Mapping(_) => relative(value, problems),
        Value::Sequence(_) => {
            problems.push(wrong_type("a time, a map with `days` and `at`, or none", &value.node, origin));
            None
        }
        _ => text(&value, problems).and_then(|text| absolute(&text, problems)),
    };
    deadline.map_or(Field::Absent, |value| Field::Value(Declared { value, origin }))
}

fn relative(value: Keyed<'_>, problems: &mut Problems) -> Option<Deadline> {
    let mut fields = Fields::of(value, &RELATIVE, problems)?;
    let days = fields.require("days", problems).and_then(|value| integer(&value, 0, DAYS_MAX, problems));
    let at = fields
        .require("at", problems)
        .and_then(|value| text(&value, problems))
        .and_then(|text| time_of_day(&text, problems));
    let days = u16::try_from(days?.value).ok()?;
    Some(Deadline::After { days, at: at? })
}

fn absolute(text: &Declared<String>, problems: &mut Problems) -> Option<Deadline> {
    if text.value == "none" {
        return Some(Deadline::None);
    }
    match parse_absolute(&text.value) {
        Ok(time) => Some(Deadline::At(time)),
        Err((detail, help)) => {
            problems.push(bad_deadline(text, detail, help));
            None
        }
    }
}

/// Whether a text is written like a date whose year has more than four digits.
pub(super) fn is_beyond_9999(text: &str) -> bool {
    let year = text.strip_prefix('+').unwrap_or(text).split('-').next().unwrap_or_default();
    year.len() > 4 && year.len() < text.len() && year.bytes().all(|byte| byte.is_ascii_digit())
}

/// What is wrong with a time, and what to write instead.
pub(super) type Refusal = (String, Option<String>);

fn parse_absolute(text: &str) -> Result<DateTime<Utc>, Refusal> {
    let Ok(time) = DateTime::parse_from_rfc3339(text) else {
        // Perhaps only the offset is missing, or the T.
        let with_offset = format!("{}Z", text.replacen(' ', "T", 1));
        if DateTime::parse_from_rfc3339(&with_offset).is_ok() {
            let detail = format!("`{text}` does not say in which time zone");
            return Err((detail, Some(format!("if it is UTC, write \"{with_offset}\""))));
        }
        if is_beyond_9999(text) {
            return Err((format!("`{text}` is later than the year 9999, the last that SQL Server knows"), None));
        }
        let help = "write a time as \"2026-12-01T18:00:00Z\", {days: 7, at: \"18:00Z\"}, or none";
        return Err((format!("`{text}` is not a time"), Some(help.to_owned())));
    };
    let utc = time.with_timezone(&Utc);
    // chrono keeps a leap second as a second with more than 10^9 nanoseconds.
    if utc.timestamp_subsec_nanos() >= 1_000_000_000 {
        return Err((format!("`{text}` is a leap second, which SQL Server does not know"), None));
    }
    if utc.timestamp_subsec_nanos() != 0 {
        let whole = utc.trunc_subsecs(0).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        return Err((format!("`{text}` has fractions of a second"), Some(format!("write \"{whole}\""))));
    }
    if utc.year() == 9999 {
        let detail = "WSUS takes a deadline in the year 9999 for none".to_owned();
        return Err((detail, Some("write none".to_owned())));
    }
    if !YEARS.contains(&utc.year()) {
        let detail = format!("`{text}` is outside the years {} to {}", YEARS.start(), YEARS.end());
        return Err((detail, None));
    }
    Ok(utc)
}

fn time_of_day(text: &Declared<String>, problems: &mut Problems) -> Option<NaiveTime> {
    match utc_time_of_day(&text.value) {
        Ok(time) => Some(time),
        Err((detail, help)) => {
            problems.push(bad_deadline(text, detail, help));
            None
        }
    }
}

/// A time of day with its Z.
pub(super) fn utc_time_of_day(written: &str) -> Result<NaiveTime, Refusal> {
    let (time, is_utc) = match written.strip_suffix('Z') {
        Some(time) => (time, true),
        None => (written, false),
    };
    match parse_time(time) {
        Some(time) if is_utc => Ok(time),
        Some(_) => Err((
            format!("`{written}` does not say in which time zone"),
            Some(format!("times of day are UTC: write \"{time}Z\"")),
        )),
        None => Err((
            format!("`{written}` is not a UTC time of day"),
            Some("write hours and minutes as \"18:00Z\"".to_owned()),
        )),
    }
}

/// `HH:MM` or `HH:MM:SS`. Exactly two digits each, which chrono does not insist on; no leap seconds, which it would take.
fn parse_time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.split(':').map(|part| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten()
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = match parts.next() {
        Some(second) => second?,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_opt(hour, minute, second)
}

fn bad_deadline(text: &Declared<String>, detail: String, help: Option<String>) -> Diagnostic {
    let problem = Diagnostic::error("bad-deadline", "not a deadline").detail(detail).at(text.origin, "");
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}
