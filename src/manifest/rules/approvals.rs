//! Rules about single approvals.

use std::collections::BTreeMap;

use chrono::Timelike;

use super::super::document::{Approval, Field, GroupEntry};
use super::super::problems::Problems;
use super::groups::BUILT_IN;
use crate::diagnostic::Diagnostic;
use crate::model::approval::{ApprovalAction, Deadline};
use crate::model::desired::UpdateReference;
use crate::model::name::fold;
use crate::model::origin::{Declared, Origin};

/// An entry names a group once.
pub(super) fn groups_unique(approval: &Approval, problems: &mut Problems) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for entry in &approval.groups {
        let Some(first) = seen.get(&fold(&entry.group.value)) else {
            seen.insert(fold(&entry.group.value), entry.group.origin);
            continue;
        };
        problems.push(
            Diagnostic::error("duplicate-approval", "an update is approved twice for a group")
                .detail(format!("`{}` is the same group: case and spaces at the end do not count", entry.group.value))
                .at(entry.group.origin, "again here")
                .and(*first, "first here")
                .help("remove one of them"),
        );
    }
}

/// Only what is installed or removed has a deadline.
pub(super) fn deadline_has_effect(entry: &GroupEntry, problems: &mut Problems) {
    let (Some(action), Some(deadline)) = (&entry.action, set_deadline(entry)) else { return };
    if matches!(action.value, ApprovalAction::NotApproved | ApprovalAction::Inherit) {
        problems.push(
            Diagnostic::error("deadline-without-effect", "a deadline for nothing")
                .detail(format!("nothing is installed or removed with the action {}", action.value.as_str()))
                .at(deadline, "")
                .and(action.origin, "the action")
                .help("remove `deadline`"),
        );
    }
}

/// Only installations are optional, and only without a deadline.
pub(super) fn optional_is_possible(entry: &GroupEntry, problems: &mut Problems) {
    let Field::Value(optional) = entry.optional else { return };
    if !optional.value {
        return;
    }
    let problem = Diagnostic::error("optional", "an optional approval that cannot be");
    if let Some(action) = entry.action.filter(|action| action.value != ApprovalAction::Install) {
        problems.push(
            problem
                .detail(format!("only installations can be optional, not {}", action.value.as_str()))
                .at(optional.origin, "")
                .and(action.origin, "the action")
                .help("remove `optional`"),
        );
    } else if let Some(deadline) = set_deadline(entry) {
        problems.push(
            problem
                .detail("what is optional is never enforced, and a deadline enforces; SUSDB refuses both together")
                .at(optional.origin, "")
                .and(deadline, "the deadline")
                .help("remove `optional` or `deadline`"),
        );
    }
}

/// `notApproved` blocks what a parent passes down, and All Computers has none.
pub(super) fn blockable(entry: &GroupEntry, problems: &mut Problems) {
    let blocks = entry.action.filter(|action| action.value == ApprovalAction::NotApproved);
    if let Some(action) = blocks
        && fold(&entry.group.value) == fold(BUILT_IN[0])
    {
        problems.push(
            Diagnostic::error("block-all-computers", "notApproved for All Computers")
                .detail("notApproved blocks what the group above passes down, and nothing is above All Computers")
                .at(action.origin, "")
                .help("write inherit to remove an approval, or decline the update"),
        );
    }
}

/// What a selector chooses next month has no use for a deadline of this month.
pub(super) fn deadline_is_relative(approval: &Approval, problems: &mut Problems) {
    let [UpdateReference::Select(selector)] = approval.updates.as_slice() else { return };
    for entry in &approval.groups {
        let Field::Value(Declared { value: Deadline::At(time), origin }) = entry.deadline else { continue };
        let at = time.format(if time.second() == 0 { "%H:%MZ" } else { "%H:%M:%SZ" });
        problems.push(
            Diagnostic::error("absolute-deadline", "a selector with an absolute deadline")
                .detail("a selector also chooses what arrives later, and a fixed time would be in the past for that")
                .at(origin, "a fixed time")
                .and(selector.origin, "chosen by conditions")
                .help(format!(
                    "write {{days: 7, at: \"{at}\"}}, which counts from the day the approval is written, or name the update with `update`"
                )),
        );
    }
}

fn set_deadline(entry: &GroupEntry) -> Option<Origin> {
    match entry.deadline {
        Field::Value(deadline) if deadline.value != Deadline::None => Some(deadline.origin),
        _ => None,
    }
}
