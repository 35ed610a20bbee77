//! `approvalRules`.

use super::super::document::{Field, Rule};
use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, boolean, integer, list, name, names, null, text, word, wrong_type};
use super::category::{Named, category_set};
use crate::diagnostic::Diagnostic;
use crate::model::origin::Declared;
use crate::model::rule::{RULE_DEADLINE_DAYS_MAX, RuleDeadline};

pub(super) const RULE: Shape =
    Shape::new("an automatic approval rule", &["name", "enabled", "classifications", "products", "groups", "deadline"]);
pub(super) const DEADLINE: Shape = Shape::new("a deadline", &["days", "at"]);

/// Days that a rule's deadline may be away.
pub(super) const DAYS_MAX: u32 = RULE_DEADLINE_DAYS_MAX.unsigned_abs();

/// Reads a list of rules.
pub(super) fn approval_rules(value: Keyed<'_>, problems: &mut Problems) -> Vec<Rule> {
    let Some(items) = list(value, "automatic approval rules", problems) else { return Vec::new() };
    items.filter_map(|item| rule(item, problems)).collect()
}

fn rule(value: Keyed<'_>, problems: &mut Problems) -> Option<Rule> {
    let mut fields = Fields::of(value, &RULE, problems)?;
    let name = fields.require("name", problems).and_then(|value| name(&value, RULE.what, problems));
    let enabled = fields.take("enabled").and_then(|value| enabled(&value, problems));
    let classifications =
        fields.take("classifications").and_then(|value| category_set(value, Named::Classifications, problems));
    let products = fields.take("products").and_then(|value| category_set(value, Named::Products, problems));
    let groups = fields.take("groups").and_then(|value| names(value, "a computer group", problems));
    let deadline = fields.take("deadline").and_then(|value| deadline(value, problems));
    Some(Rule { name: name?, enabled, classifications, products, groups, deadline })
}

fn enabled(value: &Keyed<'_>, problems: &mut Problems) -> Option<Declared<bool>> {
    match boolean(value, problems) {
        Field::Value(enabled) => Some(enabled),
        Field::Null => {
            problems.push(null(value.place(), "write true or false, or remove the key"));
            None
        }
        Field::Absent => None,
    }
}

fn deadline(value: Keyed<'_>, problems: &mut Problems) -> Option<RuleDeadline> {
    if value.node.text().is_some() {
        return word(&value, &[("none", RuleDeadline::None)], problems).map(|word| word.value);
    }
    if matches!(value.node.value, Value::Sequence(_)) {
        problems.push(wrong_type("a map with `days` and `at`, or none", &value.node, value.place()));
        return None;
    }
    let mut fields = Fields::of(value, &DEADLINE, problems)?;
    let days = fields.require("days", problems).and_then(|value| integer(&value, 0, DAYS_MAX, problems));
    let minutes = fields
        .require("at", problems)
        .and_then(|value| text(&value, problems))
        .and_then(|text| time_of_day(&text, problems));
    Some(RuleDeadline::After { days: i32::try_from(days?.value).ok()?, minutes: minutes? })
}

/// Minutes after midnight. They count in the local time of the database server, so no zone is written.
fn time_of_day(text: &Declared<String>, problems: &mut Problems) -> Option<i32> {
    let bad = |detail: String, help: &str| {
        Diagnostic::error("bad-deadline", "not a deadline").detail(detail).at(text.origin, "").help(help)
    };
    let written = text.value.as_str();
    if let Some(minutes) = parse(written) {
        return Some(minutes);
    }
    let zone = written.strip_suffix('Z').filter(|time| parse(time).is_some());
    problems.push(match zone {
        Some(time) => bad(
            "the time of a rule's deadline is the local time of the database server".to_owned(),
            &format!("write \"{time}\" if that is the server's local time; UTC cannot be written here"),
        ),
        None => bad(format!("`{written}` is not a time of day"), "write hours and minutes as \"18:00\""),
    });
    None
}

/// `HH:MM`, two digits each.
fn parse(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str, below: i32| {
        let fine = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        fine.then(|| digits.parse::<i32>().ok()).flatten().filter(|number| *number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_of_day_have_two_digits_each() {
        assert_eq!(parse("04:00"), Some(240));
        assert_eq!(parse("23:59"), Some(1439));
        for text in ["4:00", "24:00", "04:60", "04:00:00", "04:00Z", "+4:00", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
