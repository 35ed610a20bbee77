//! Rules about entries that mean the same updates, as far as their texts tell. What only a server can tell is found when
//! names are looked up.

use std::collections::BTreeMap;

use super::super::document::{Approval, Decline};
use super::super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::desired::UpdateReference;
use crate::model::name::fold;
use crate::model::origin::Origin;
use uuid::Uuid;

/// What a reference says, without places and `expect`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Id(Uuid),
    Kb(String, Option<String>, Option<String>),
}

impl Meaning {
    fn of(reference: &UpdateReference) -> Self {
        match reference {
            UpdateReference::Id(id) => Self::Id(id.value),
            UpdateReference::Kb(kb) => Self::Kb(
                kb.kb.value.clone(),
                kb.title.as_ref().map(|title| fold(title.value.as_str())),
                kb.product.as_ref().map(|product| fold(&product.value)),
            ),
        }
    }
}

fn place(reference: &UpdateReference) -> Origin {
    match reference {
        UpdateReference::Id(id) => id.origin,
        UpdateReference::Kb(kb) => kb.kb.origin,
    }
}

/// One entry for an update and a group.
pub(super) fn approvals(approvals: &[Approval], problems: &mut Problems) {
    // Per update, not per pair: the texts of 100,000 references are kept once.
    let mut seen: BTreeMap<Meaning, Vec<&Approval>> = BTreeMap::new();
    for approval in approvals {
        let Some(update) = &approval.update else { continue };
        let earlier = seen.entry(Meaning::of(update)).or_default();
        for group in &approval.groups {
            let name = fold(&group.group.value);
            let first = earlier.iter().flat_map(|entry| &entry.groups).find(|known| fold(&known.group.value) == name);
            if let Some(first) = first {
                problems.push(
                    Diagnostic::error("duplicate-approval", "an update is approved twice for a group")
                        .detail(format!("another entry approves the same update for `{}`", group.group.value))
                        .at(group.group.origin, "again here")
                        .and(first.group.origin, "first here")
                        .help("remove one of them"),
                );
            }
        }
        earlier.push(approval);
    }
}

/// One entry for a declined update.
pub(super) fn declines(declines: &[Decline], problems: &mut Problems) {
    let mut seen: BTreeMap<Meaning, Origin> = BTreeMap::new();
    for update in declines.iter().filter_map(|decline| decline.update.as_ref()) {
        let Some(first) = seen.get(&Meaning::of(update)) else {
            seen.insert(Meaning::of(update), place(update));
            continue;
        };
        problems.push(
            Diagnostic::error("duplicate-decline", "an update is declined twice")
                .at(place(update), "again here")
                .and(*first, "first here")
                .help("remove one of them"),
        );
    }
}

/// No update is both approved and declined.
pub(super) fn approvals_and_declines(approvals: &[Approval], declines: &[Decline], problems: &mut Problems) {
    let approved: BTreeMap<Meaning, Origin> = if declines.is_empty() {
        BTreeMap::new()
    } else {
        let references = approvals.iter().filter_map(|approval| approval.update.as_ref());
        references.map(|update| (Meaning::of(update), place(update))).collect()
    };
    for update in declines.iter().filter_map(|decline| decline.update.as_ref()) {
        if let Some(approval) = approved.get(&Meaning::of(update)) {
            problems.push(
                Diagnostic::error("approved-and-declined", "an update is approved and declined")
                    .detail("a declined update has no approvals")
                    .at(place(update), "declined here")
                    .and(*approval, "approved here")
                    .help("remove one of them"),
            );
        }
    }
}
