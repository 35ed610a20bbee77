//! Rules about entries that mean the same updates, as far as their texts tell. What only a server can tell is found when
//! names are looked up.

use std::collections::BTreeMap;

use super::super::document::{Approval, Decline, GroupEntry};
use super::super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline};
use crate::model::desired::UpdateReference;
use crate::model::name::fold;
use crate::model::origin::Origin;
use uuid::Uuid;

/// What a reference says, without places and `expect`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning<'d> {
    Id(Uuid),
    Kb(&'d str, Option<String>, Option<String>),
}

impl<'d> Meaning<'d> {
    /// None for conditions: what they choose is known on a server only.
    fn of(reference: &'d UpdateReference) -> Option<Self> {
        Some(match reference {
            UpdateReference::Select(_) => return None,
            UpdateReference::Id(id) => Self::Id(id.value),
            UpdateReference::Kb(kb) => Self::Kb(
                &kb.kb.value,
                kb.title.as_ref().map(|title| fold(title.value.as_str())),
                kb.product.as_ref().map(|product| fold(&product.value)),
            ),
        })
    }
}

/// One entry for an update and a group.
pub(super) fn approvals(approvals: &[Approval], problems: &mut Problems) {
    // Sorted, and stably, so that equal ones stand together in the manifest's order: a map of 100,000 would be four times
    // as large.
    let mut by_update: Vec<(Meaning<'_>, Origin, &Approval)> = approvals
        .iter()
        .flat_map(|approval| approval.updates.iter().map(move |update| (update, approval)))
        .filter_map(|(update, approval)| Some((Meaning::of(update)?, update.origin(), approval)))
        .collect();
    by_update.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    for same in by_update.chunk_by(|(one, ..), (other, ..)| one == other).filter(|same| same.len() > 1) {
        let mut entries: Vec<&Approval> = Vec::with_capacity(same.len());
        let mut first = same.first().map(|(_, origin, _)| *origin);
        for (_, origin, approval) in same {
            match entries.last() {
                // Those of one entry stand together.
                Some(last) if std::ptr::eq(*last, *approval) => {
                    if let Some(first) = first {
                        problems.push(named_twice(*origin, first));
                    }
                }
                _ => {
                    entries.push(approval);
                    first = Some(*origin);
                }
            }
        }
        once_for_each_group(entries.into_iter(), problems);
    }
}

fn named_twice(again: Origin, first: Origin) -> Diagnostic {
    Diagnostic::warning("redundant-update", "an entry names an update twice")
        .at(again, "again here")
        .and(first, "first here")
        .help("remove one of them")
}

/// Looks at entries for the same update. A group twice in one entry is another rule's, and entries that could not be read
/// whole have been reported.
fn once_for_each_group<'d>(entries: impl Iterator<Item = &'d Approval>, problems: &mut Problems) {
    let mut seen: BTreeMap<String, (usize, &GroupEntry)> = BTreeMap::new();
    for (at, entry) in entries.enumerate() {
        for group in &entry.groups {
            let (first_at, first) = *seen.entry(fold(&group.group.value)).or_insert((at, group));
            if first_at != at
                && let (Some(value), Some(first_value)) = (value(group), value(first))
            {
                problems.push(twice(group, first, value == first_value));
            }
        }
    }
}

/// Two entries for an update and a group: harmless where they agree.
fn twice(again: &GroupEntry, first: &GroupEntry, agree: bool) -> Diagnostic {
    let group = &again.group.value;
    let problem = if agree {
        Diagnostic::warning("redundant-approval", "an update is approved twice for a group")
            .detail(format!("another entry says the same of this update and `{group}`"))
    } else {
        Diagnostic::error("duplicate-approval", "two approvals of an update for a group disagree")
            .detail(format!("another entry says something else of this update and `{group}`"))
    };
    problem.at(again.group.origin, "again here").and(first.group.origin, "first here").help("remove one of them")
}

/// The approval as it is compared, absent keys replaced by their defaults; none where its action could not be read.
fn value(entry: &GroupEntry) -> Option<ApprovalValue> {
    let action = entry.action?.value;
    Some(ApprovalValue { action, deadline: entry.deadline.or(Deadline::None), optional: entry.optional.or(false) })
}

/// One entry for a declined update. A second one says nothing new.
pub(super) fn declines(declines: &[Decline], problems: &mut Problems) {
    let mut seen: BTreeMap<Meaning<'_>, Origin> = BTreeMap::new();
    for update in declines.iter().filter_map(|decline| decline.update.as_ref()) {
        let Some(meaning) = Meaning::of(update) else { continue };
        let Some(first) = seen.get(&meaning) else {
            seen.insert(meaning, update.origin());
            continue;
        };
        problems.push(
            Diagnostic::warning("redundant-decline", "an update is declined twice")
                .at(update.origin(), "again here")
                .and(*first, "first here")
                .help("remove one of them"),
        );
    }
}

/// No update is both approved and declined. To have no approval of its own contradicts nothing.
pub(super) fn approvals_and_declines(approvals: &[Approval], declines: &[Decline], problems: &mut Problems) {
    let approved: BTreeMap<Meaning<'_>, Origin> = if declines.is_empty() {
        BTreeMap::new()
    } else {
        let references = approvals.iter().filter(|approval| approves(approval));
        let references = references.flat_map(|approval| &approval.updates);
        references.filter_map(|update| Some((Meaning::of(update)?, update.origin()))).collect()
    };
    for update in declines.iter().filter_map(|decline| decline.update.as_ref()) {
        if let Some(approval) = Meaning::of(update).and_then(|meaning| approved.get(&meaning)) {
            problems.push(
                Diagnostic::error("approved-and-declined", "an update is approved and declined")
                    .detail("a declined update has no approvals")
                    .at(update.origin(), "declined here")
                    .and(*approval, "approved here")
                    .help("remove one of them"),
            );
        }
    }
}

fn approves(approval: &Approval) -> bool {
    let inherits = |entry: &GroupEntry| entry.action.is_some_and(|action| action.value == ApprovalAction::Inherit);
    approval.groups.is_empty() || !approval.groups.iter().all(inherits)
}
