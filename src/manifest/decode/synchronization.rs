//! `synchronization`: what the server synchronises and when.

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, integer, null, text, word, wrong_type};
use super::category::{Named, categories};
use super::deadline::utc_time_of_day;
use crate::diagnostic::Diagnostic;
use crate::model::category::CategoryReference;
use crate::model::desired::Synchronization;
use crate::model::origin::Declared;
use crate::model::synchronization::{PER_DAY_MAX, Schedule};

pub(super) const SYNCHRONIZATION: Shape = Shape::new("synchronization", &["schedule", "products", "classifications"]);
pub(super) const DAILY: Shape = Shape::new("a schedule", &["firstAt", "perDay"]);

/// Reads the section.
pub(super) fn synchronization(value: Keyed<'_>, problems: &mut Problems) -> Synchronization {
    let Some(mut fields) = Fields::of(value, &SYNCHRONIZATION, problems) else { return Synchronization::default() };
    Synchronization {
        schedule: fields.take("schedule").and_then(|value| schedule(value, problems)),
        products: fields.take("products").and_then(|value| set(value, Named::Products, problems)),
        classifications: fields.take("classifications").and_then(|value| set(value, Named::Classifications, problems)),
    }
}

/// `manual`, or a map.
fn schedule(value: Keyed<'_>, problems: &mut Problems) -> Option<Declared<Schedule>> {
    let origin = value.place();
    if value.node.is_null() {
        problems.push(null(origin, "write manual or {firstAt: \"03:00Z\", perDay: 1}, or remove the key"));
        return None;
    }
    if value.node.text().is_some() {
        return word(&value, &[("manual", Schedule::Manual)], problems);
    }
    if !matches!(value.node.value, Value::Mapping(_)) {
        problems.push(wrong_type("`manual`, or a map with `firstAt` and `perDay`", &value.node, origin));
        return None;
    }
    let mut fields = Fields::of(value, &DAILY, problems)?;
    let first_at = fields.require("firstAt", problems).and_then(|value| time_of_day(&value, problems));
    let per_day = fields.require("perDay", problems).and_then(|value| integer(&value, 1, PER_DAY_MAX, problems));
    Some(Declared { value: Schedule::daily(first_at?, per_day?.value), origin })
}

/// A UTC time of day.
pub(super) fn time_of_day(value: &Keyed<'_>, problems: &mut Problems) -> Option<chrono::NaiveTime> {
    let text = text(value, problems)?;
    match utc_time_of_day(&text.value) {
        Ok(time) => Some(time),
        Err((detail, help)) => {
            let problem =
                Diagnostic::error("bad-time-of-day", "not a UTC time of day").detail(detail).at(text.origin, "");
            problems.push(help.into_iter().fold(problem, Diagnostic::help));
            None
        }
    }
}

/// A set that the manifest owns as a whole.
fn set(value: Keyed<'_>, named: Named, problems: &mut Problems) -> Option<Declared<Vec<Declared<CategoryReference>>>> {
    let (key, place) = (value.key, value.place());
    if matches!(&value.node.value, Value::Sequence(items) if items.is_empty()) {
        problems.push(
            Diagnostic::error("empty-list", "nothing to synchronise")
                .detail("with an empty list the server would get no updates at all")
                .at(place, "")
                .help("name what it is to synchronise, or remove the key; `schedule: manual` stops synchronisations"),
        );
        return None;
    }
    categories(value, named, false, problems).map(|value| Declared { value, origin: key })
}
