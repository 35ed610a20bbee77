//! Approvals as attributes of changes.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, SecondsFormat, Timelike, Utc};

use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline, whole_seconds};
use crate::model::attribute::Attribute;
use crate::model::snapshot::Deployment;

/// A declared approval: its relative deadline stays relative.
pub(super) fn value_attributes(value: &ApprovalValue, revision: i32) -> BTreeMap<String, Attribute> {
    let ApprovalValue { action, deadline, optional } = *value;
    BTreeMap::from([
        ("action".to_owned(), Attribute::text(action.as_str())),
        ("deadline".to_owned(), deadline_attribute(deadline)),
        ("optional".to_owned(), Attribute::Bool(optional)),
        ("revision".to_owned(), Attribute::Int(revision.into())),
    ])
}

/// The approval of a pair on the server. Where there are several, `revision` lists the revisions of all.
pub(super) fn row_attributes(row: &Deployment, all: &[&Deployment]) -> BTreeMap<String, Attribute> {
    let Deployment { id: _, revision, group: _, action, deadline, assigned, admin_name: _, deployed_at: _, pending: _ } =
        row;
    let mut revisions: Vec<i32> = all.iter().map(|row| row.revision).collect();
    revisions.sort_unstable();
    let revision = match revisions.as_slice() {
        [_] => Attribute::Int((*revision).into()),
        several => Attribute::List(several.iter().map(|revision| Attribute::Int((*revision).into())).collect()),
    };
    BTreeMap::from([
        ("action".to_owned(), action_attribute(*action)),
        ("deadline".to_owned(), deadline.map_or(Attribute::Null, time_attribute)),
        ("optional".to_owned(), Attribute::Bool(!assigned)),
        ("revision".to_owned(), revision),
    ])
}

/// An approval of a group, for the list of those that a decline destroys.
pub(super) fn lost_attributes(group: String, row: &Deployment) -> Attribute {
    let Deployment { id: _, revision: _, group: _, action, deadline, assigned, admin_name, deployed_at: _, pending: _ } =
        row;
    Attribute::map([
        ("action", action_attribute(*action)),
        ("by", Attribute::text(admin_name)),
        ("deadline", deadline.map_or(Attribute::Null, time_attribute)),
        ("group", Attribute::Text(group)),
        ("optional", Attribute::Bool(!assigned)),
    ])
}

fn action_attribute(code: i32) -> Attribute {
    match ApprovalAction::from_code(code) {
        Some(action) => Attribute::text(action.as_str()),
        None => Attribute::Int(code.into()),
    }
}

/// A declared deadline: null, a time, or a map of `days` and `at`.
pub(super) fn deadline_attribute(deadline: Deadline) -> Attribute {
    match deadline {
        Deadline::None => Attribute::Null,
        Deadline::At(time) => time_attribute(time),
        Deadline::After { days, at } => {
            Attribute::map([("days", Attribute::Int(days.into())), ("at", Attribute::Text(time_of_day(at)))])
        }
    }
}

/// A time in whole seconds.
pub(super) fn time_attribute(time: DateTime<Utc>) -> Attribute {
    Attribute::Text(whole_seconds(time).to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn time_of_day(at: NaiveTime) -> String {
    let seconds = if at.second() == 0 { String::new() } else { format!(":{:02}", at.second()) };
    format!("{:02}:{:02}{seconds}Z", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;

    use super::time_of_day;

    #[test]
    fn a_time_of_day_shows_seconds_only_where_there_are_some() {
        assert_eq!(time_of_day(NaiveTime::from_hms_opt(4, 0, 0).unwrap()), "04:00Z");
        assert_eq!(time_of_day(NaiveTime::from_hms_opt(18, 5, 9).unwrap()), "18:05:09Z");
    }
}
