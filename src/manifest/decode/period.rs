//! Periods of time: `...Within`, `...After` and `...Before`.

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};

use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, null, wrong_type};
use super::deadline::is_beyond_9999;
use crate::diagnostic::Diagnostic;
use crate::model::origin::Declared;
use crate::model::selector::{Moment, Period};

/// The keys of a period.
pub(super) struct Keys {
    pub(super) within: &'static str,
    pub(super) after: &'static str,
    pub(super) before: &'static str,
}

/// When the server received an update.
pub(super) const ARRIVED: Keys = Keys { within: "arrivedWithin", after: "arrivedAfter", before: "arrivedBefore" };
/// When the publisher created it.
pub(super) const CREATED: Keys = Keys { within: "createdWithin", after: "createdAfter", before: "createdBefore" };

const AGE_MIN: Duration = Duration::minutes(1);
const AGE_MAX: Duration = Duration::days(3650);

/// Years that SQL Server's datetime has.
///
/// Source: learn.microsoft.com, datetime (Transact-SQL) (grade A).
const YEARS: std::ops::RangeInclusive<i32> = 1753..=9999;

/// Reads a period.
pub(super) fn period(fields: &mut Fields<'_>, keys: &Keys, problems: &mut Problems) -> Period {
    let within = fields.take(keys.within).map(|value| (value.key, moment(value, Some(keys.after), problems)));
    let after = fields.take(keys.after).map(|value| (value.key, moment(value, None, problems)));
    let before = fields.take(keys.before).and_then(|value| moment(value, None, problems));
    if let (Some((within, _)), Some((after, _))) = (&within, &after) {
        problems.push(
            Diagnostic::error("contradiction", "conditions that exclude each other")
                .detail(format!("`{}` and `{}` both say where the period begins", keys.within, keys.after))
                .at(*within.max(after), "again here")
                .and(*within.min(after), "first here")
                .help("remove one of them"),
        );
    }
    let from = within.and_then(|(_, moment)| moment).or(after.and_then(|(_, moment)| moment));
    if let (Some(from), Some(until)) = (from, before)
        && is_empty(from.value, until.value)
    {
        problems.push(
            Diagnostic::error("empty-period", "a period that ends before it begins")
                .detail("no time is in it")
                .at(until.origin, "ends here")
                .and(from.origin, "begins here")
                .help(format!(
                    "ages count back from now: `{}: 30d` with `{}: 7d` is from 30 days to a week ago",
                    keys.after, keys.before
                )),
        );
    }
    Period { from: from.map(|from| from.value), until: before.map(|until| until.value) }
}

/// Whether a period has no moment whatever the time is. An age and a time cannot be compared without one.
fn is_empty(from: Moment, until: Moment) -> bool {
    match (from, until) {
        (Moment::Ago(from), Moment::Ago(until)) => from <= until,
        (Moment::At(from), Moment::At(until)) => from >= until,
        _ => false,
    }
}

/// Reads an age.
pub(super) fn age(value: &Keyed<'_>, problems: &mut Problems) -> Option<Duration> {
    let usual = "write an age as 30d, 12h or 45m";
    if value.node.is_null() {
        problems.push(null(value.place(), format!("{usual}, or remove the key")));
        return None;
    }
    let Some(text) = value.node.text() else {
        problems.push(wrong_type("an age", &value.node, value.place()).help(usual));
        return None;
    };
    match parse_age(text) {
        Ok(age) => Some(age),
        Err(refusal) => {
            let problem = Diagnostic::error("bad-age", "not an age").detail(refusal.detail).at(value.place(), "");
            problems.push(problem.help(refusal.help.unwrap_or_else(|| usual.to_owned())));
            None
        }
    }
}

/// Reads an age or, unless `for_times` names the key that takes them, a time.
fn moment(value: Keyed<'_>, for_times: Option<&str>, problems: &mut Problems) -> Option<Declared<Moment>> {
    let origin = value.place();
    let (expected, usual) = if for_times.is_some() {
        ("an age", "write an age as 30d, 12h or 45m")
    } else {
        ("an age or a time", "write an age as 30d, or a time as \"2026-11-01T00:00:00Z\"")
    };
    if value.node.is_null() {
        problems.push(null(origin, format!("write {expected}, or remove the key")));
        return None;
    }
    let Some(text) = value.node.text() else {
        problems.push(wrong_type(expected, &value.node, origin).help(usual));
        return None;
    };
    let parsed = match (parse(text), for_times) {
        (Ok(Moment::At(_)), Some(key)) => {
            Err(Refusal { detail: format!("`{text}` is a time"), help: Some(format!("write {key}: \"{text}\"")) })
        }
        (parsed, _) => parsed,
    };
    match parsed {
        Ok(value) => Some(Declared { value, origin }),
        Err(refusal) => {
            let code = if for_times.is_some() { "bad-age" } else { "bad-time" };
            let problem = Diagnostic::error(code, format!("not {expected}")).detail(refusal.detail).at(origin, "");
            problems.push(problem.help(refusal.help.unwrap_or_else(|| usual.to_owned())));
            None
        }
    }
}

/// Why a text is no moment, and what to write instead where that is known.
struct Refusal {
    detail: String,
    help: Option<String>,
}

fn parse(text: &str) -> Result<Moment, Refusal> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return time_in_range(text, time.with_timezone(&Utc)).map(Moment::At);
    }
    let refuse = |detail: String, help: String| Err(Refusal { detail, help: Some(help) });
    if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() && text.len() == 10 {
        let detail = format!("`{text}` does not say at what time the day begins, nor in which time zone");
        return refuse(detail, format!("write \"{text}T00:00:00Z\""));
    }
    let with_offset = format!("{}Z", text.replacen(' ', "T", 1));
    if DateTime::parse_from_rfc3339(&with_offset).is_ok() {
        let detail = format!("`{text}` does not say in which time zone");
        return refuse(detail, format!("if it is UTC, write \"{with_offset}\""));
    }
    if is_beyond_9999(text) {
        let detail = format!("`{text}` is later than the year 9999, the last that SQL Server knows");
        return Err(Refusal { detail, help: None });
    }
    parse_age(text).map(Moment::Ago)
}

fn time_in_range(text: &str, time: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let refuse = |detail| Err(Refusal { detail, help: None });
    // chrono keeps a leap second as a second with more than 10^9 nanoseconds.
    if time.timestamp_subsec_nanos() >= 1_000_000_000 {
        return refuse(format!("`{text}` is a leap second, which SQL Server does not know"));
    }
    if !YEARS.contains(&time.year()) {
        return refuse(format!("`{text}` is outside the years {} to {}", YEARS.start(), YEARS.end()));
    }
    Ok(time)
}

/// An age: digits and one of `m`, `h`, `d` and `w`.
fn parse_age(text: &str) -> Result<Duration, Refusal> {
    let refuse = |detail: String, help: Option<String>| Err(Refusal { detail, help });
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    if digits.is_empty() {
        // A sign in front of a proper age says what was meant.
        return match text.strip_prefix(['-', '+']).map(parse_age) {
            Some(Ok(_)) => refuse(format!("`{text}` has a sign"), Some(format!("write {}", &text[1..]))),
            _ => refuse(format!("`{text}` is not digits and a unit: m, h, d or w"), None),
        };
    }
    if unit.is_empty() {
        return refuse(format!("`{text}` has no unit"), Some(format!("write {text}d for days, {text}h for hours")));
    }
    let Some(age) = age_in(digits, unit) else {
        return match meant_unit(unit) {
            Some(meant) if age_in(digits, meant).is_some() => {
                refuse(format!("`{text}` is not written as ages are"), Some(format!("write {digits}{meant}")))
            }
            _ => refuse(format!("`{text}` is not digits and a unit: m, h, d or w"), None),
        };
    };
    match age {
        Some(age) if (AGE_MIN..=AGE_MAX).contains(&age) => Ok(age),
        _ => refuse(format!("`{text}` is not between 1m and {}d", AGE_MAX.num_days()), None),
    }
}

/// The age of some digits and a unit; none where the unit is none, and nothing inside where the age is too long.
fn age_in(digits: &str, unit: &str) -> Option<Option<Duration>> {
    let minutes: i64 = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    let number = digits.parse::<i64>().ok();
    Some(number.and_then(|number| number.checked_mul(minutes)).and_then(Duration::try_minutes))
}

/// The unit that another spelling means.
fn meant_unit(unit: &str) -> Option<&'static str> {
    match unit.trim_start().to_ascii_lowercase().as_str() {
        "m" | "min" | "minute" | "minutes" => Some("m"),
        "h" | "hour" | "hours" => Some("h"),
        "d" | "day" | "days" => Some("d"),
        "w" | "week" | "weeks" => Some("w"),
        _ => None,
    }
}
