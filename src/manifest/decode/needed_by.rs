//! `neededBy`: how many computers need an update.

use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, integer, null, wrong_type};
use crate::diagnostic::Diagnostic;
use crate::model::selector::NeededBy;

pub(super) const NEEDED_BY: Shape = Shape::new("a number of computers", &["atLeast", "atMost"]);

/// More computers than a server has.
pub(super) const COMPUTERS_MAX: u32 = 10_000_000;

/// Reads a number of computers: `0`, or a map with `atLeast`, `atMost` or both.
pub(super) fn needed_by(value: Keyed<'_>, problems: &mut Problems) -> Option<NeededBy> {
    if value.node.is_null() {
        problems.push(null(value.place(), "write 0, {atLeast: 1} or {atMost: 3}, or remove the key"));
        return None;
    }
    match &value.node.value {
        Value::Mapping(_) => range(value, problems),
        Value::Plain(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => exactly(&value, problems),
        _ => {
            let problem = wrong_type("0 or a map with `atLeast`, `atMost` or both", &value.node, value.place());
            problems.push(problem.help("write 0, {atLeast: 1} or {atMost: 3}"));
            None
        }
    }
}

/// Only 0 can be written as a number: of 5, nobody could tell whether 5 or at least 5 is meant.
fn exactly(value: &Keyed<'_>, problems: &mut Problems) -> Option<NeededBy> {
    let number = integer(value, 0, COMPUTERS_MAX, problems)?;
    if number.value == 0 {
        return Some(NeededBy { at_least: 0, at_most: Some(0) });
    }
    let number = number.value;
    problems.push(
        Diagnostic::error("ambiguous-number", "a number that could mean two things")
            .detail(format!("`{number}` does not say whether more computers than that are meant too"))
            .at(value.place(), "")
            .help(format!("write {{atLeast: {number}}} or {{atLeast: {number}, atMost: {number}}}")),
    );
    None
}

fn range(value: Keyed<'_>, problems: &mut Problems) -> Option<NeededBy> {
    let place = value.place();
    let is_empty = matches!(&value.node.value, Value::Mapping(entries) if entries.is_empty());
    let mut fields = Fields::of(value, &NEEDED_BY, problems)?;
    if is_empty {
        problems.push(
            Diagnostic::error("missing-key", "a required key is missing")
                .detail("a number of computers needs `atLeast`, `atMost` or both")
                .at(place, ""),
        );
    }
    let least = fields.take("atLeast").and_then(|value| integer(&value, 0, COMPUTERS_MAX, problems));
    let most = fields.take("atMost").and_then(|value| integer(&value, 0, COMPUTERS_MAX, problems));
    if let (Some(least), Some(most)) = (least, most)
        && least.value > most.value
    {
        problems.push(
            Diagnostic::error("contradiction", "conditions that exclude each other")
                .detail(format!("no number is at least {} and at most {}", least.value, most.value))
                .at(most.origin, "")
                .and(least.origin, ""),
        );
    }
    let at_least = least.map_or(0, |least| least.value);
    (least.is_some() || most.is_some()).then(|| NeededBy { at_least, at_most: most.map(|most| most.value) })
}
