//! `approvals` and `declines`.

use super::super::document::{Approval, Decline, Field, GroupEntry};
use super::super::node::{Entry, Value};
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, boolean, check_name, entries, list, name, word};
use super::deadline::deadline;
use super::select::{Purpose, SELECT, select};
use super::update::update;
use crate::diagnostic::Diagnostic;
use crate::model::approval::ApprovalAction;
use crate::model::desired::UpdateReference;
use crate::model::origin::Declared;

pub(super) const APPROVAL: Shape = Shape {
    what: "an approval",
    keys: &["name", "update", "updates", "select", "groups", "acceptLicense"],
    below: Some(("select", &SELECT)),
};
pub(super) const GROUP: Shape = Shape::new("a group's approval", &["action", "deadline", "optional"]);
pub(super) const DECLINE: Shape =
    Shape { what: "a decline", keys: &["update", "select"], below: Some(("select", &SELECT)) };

pub(super) const ACTIONS: &[(&str, ApprovalAction)] = &[
    ("install", ApprovalAction::Install),
    ("uninstall", ApprovalAction::Uninstall),
    ("notApproved", ApprovalAction::NotApproved),
    ("inherit", ApprovalAction::Inherit),
];

/// Reads the approvals.
pub(super) fn approvals(value: Keyed<'_>, problems: &mut Problems) -> Vec<Approval> {
    let Some(items) = list(value, "approvals", problems) else { return Vec::new() };
    let mut read = Vec::with_capacity(items.len());
    read.extend(items.filter_map(|item| approval(item, problems)));
    read
}

fn approval(value: Keyed<'_>, problems: &mut Problems) -> Option<Approval> {
    let mut fields = Fields::of(value, &APPROVAL, problems)?;
    let origin = fields.origin();
    let name = fields.take("name").and_then(|value| name(&value, "an approval", problems));
    let updates = references(&mut fields, problems);
    let groups = fields.require("groups", problems).map(|value| groups(value, problems)).unwrap_or_default();
    let accept_license = fields.take("acceptLicense").map(|value| boolean(&value, problems)).unwrap_or_default();
    Some(Approval { name, updates, groups, accept_license, origin })
}

fn groups(value: Keyed<'_>, problems: &mut Problems) -> Vec<GroupEntry> {
    let place = value.place();
    let Some(entries) = entries(value, "group names and what the group does", problems) else { return Vec::new() };
    if entries.is_empty() {
        problems.push(
            Diagnostic::error("no-groups", "an approval for no group")
                .detail("it approves nothing")
                .at(place, "")
                .help("name a group, or remove the entry"),
        );
    }
    // Collected, a filtered iterator would make room for four of which most approvals have one.
    let mut read = Vec::with_capacity(entries.len());
    read.extend(entries.into_iter().filter_map(|entry| group(entry, problems)));
    read
}

fn group(entry: Entry<'_>, problems: &mut Problems) -> Option<GroupEntry> {
    let group = Declared { value: entry.key.into_owned(), origin: entry.origin };
    if !check_name(&group, "a computer group", problems) {
        return None;
    }
    let value = Keyed { key: entry.origin, node: entry.node };
    if !matches!(value.node.value, Value::Mapping(_)) {
        let action = word(&value, ACTIONS, problems);
        return Some(GroupEntry { group, action, deadline: Field::Absent, optional: Field::Absent });
    }
    let mut fields = Fields::of(value, &GROUP, problems)?;
    let action = fields.require("action", problems).and_then(|value| word(&value, ACTIONS, problems));
    let deadline = fields.take("deadline").map(|value| deadline(value, problems)).unwrap_or_default();
    let optional = fields.take("optional").map(|value| boolean(&value, problems)).unwrap_or_default();
    Some(GroupEntry { group, action, deadline, optional })
}

/// Reads the declines.
pub(super) fn declines(value: Keyed<'_>, problems: &mut Problems) -> Vec<Decline> {
    let Some(items) = list(value, "declines", problems) else { return Vec::new() };
    let mut read = Vec::with_capacity(items.len());
    read.extend(items.filter_map(|item| decline(item, problems)));
    read
}

fn decline(value: Keyed<'_>, problems: &mut Problems) -> Option<Decline> {
    // A word alone is the update.
    if value.node.text().is_some() {
        let origin = value.place();
        return Some(Decline { update: update(value, problems), origin });
    }
    let mut fields = Fields::of(value, &DECLINE, problems)?;
    let origin = fields.origin();
    let update = reference(&mut fields, Purpose::Decline, problems);
    Some(Decline { update, origin })
}

/// Which updates an approval means: a list of references, or what [`reference()`] reads.
fn references(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<UpdateReference> {
    let Some(updates) = fields.take("updates") else {
        return reference(fields, Purpose::Approve, problems).into_iter().collect();
    };
    let place = updates.key;
    for other in ["update", "select"] {
        if let Some(other) = fields.take(other) {
            problems.push(
                Diagnostic::error("update-and-select", "an entry that says twice which updates it is about")
                    .detail("an entry has one of `update`, `updates` and `select`")
                    .at(place.max(other.key), "and here")
                    .and(place.min(other.key), "here")
                    .help("put every update into `updates`, or make two entries of it"),
            );
        }
    }
    let Some(items) = list(updates, "references to updates", problems) else { return Vec::new() };
    if items.len() == 0 {
        problems.push(
            Diagnostic::error("no-updates", "an approval of no update")
                .detail("it approves nothing")
                .at(place, "")
                .help("name an update, or remove the entry"),
        );
    }
    items.filter_map(|item| update(item, problems)).collect()
}

/// Which updates an entry means: exactly one of `update` and `select`.
fn reference(fields: &mut Fields<'_>, purpose: Purpose, problems: &mut Problems) -> Option<UpdateReference> {
    match (fields.take("update"), fields.take("select")) {
        (Some(value), None) => update(value, problems),
        (None, Some(value)) => {
            select(value, purpose, problems).map(|selector| UpdateReference::Select(Box::new(selector)))
        }
        (Some(update), Some(select)) => {
            problems.push(
                Diagnostic::error("update-and-select", "an entry with both `update` and `select`")
                    .detail("`update` names updates and `select` chooses them: an entry has one of the two")
                    .at(update.key.max(select.key), "and here")
                    .and(update.key.min(select.key), "here")
                    .help("make two entries of it; to narrow down a KB write update: {kb: KB5060526, title: \"*x64*\"}, or select: {kb: KB5060526, ...}"),
            );
            None
        }
        (None, None) => {
            problems.push(
                Diagnostic::error("missing-key", "a required key is missing")
                    .detail("an entry says which updates it is about with `update` or `select`")
                    .at(fields.origin(), "neither `update` nor `select` here"),
            );
            None
        }
    }
}
