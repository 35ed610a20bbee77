//! The updates that entries decline.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::address::Kind;
use crate::model::approval::ApprovalAction;
use crate::model::desired::Desired;
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, ResolvedApproval, ResolvedDecline, ResolvedEntry};

use super::approvals::{label, named};
use super::notes::Notes;
use super::updates::Catalog;

/// What the entries of `declines` come to.
#[derive(Default)]
pub(super) struct Declined {
    /// The updates; their `entry` counts from the first entry of `declines`.
    pub(super) updates: BTreeMap<Uuid, ResolvedDecline>,
    /// What each entry came to.
    pub(super) entries: Vec<ResolvedEntry>,
}

/// Looks up every entry. Declined and expired updates are meant like any other.
pub(super) fn resolve(desired: &Desired, catalog: &Catalog<'_>, notes: &mut Notes) -> Declined {
    let mut declined = Declined::default();
    for (index, entry) in desired.declines.iter().enumerate() {
        let ids = catalog.find(&entry.update, notes).map_or_else(Vec::new, |referent| referent.ids());
        declined.entries.push(ResolvedEntry {
            kind: Kind::Decline,
            index,
            label: label(&entry.update),
            matched: ids.len(),
            skipped: Vec::new(),
            all_declined: false,
            origin: entry.origin,
        });
        for id in ids {
            declined.updates.entry(id).or_insert(ResolvedDecline { entry: index, origin: entry.origin });
        }
    }
    declined
}

/// Refuses updates that are both approved and declined. Having no approval of its own contradicts nothing.
pub(super) fn check_against_approvals(
    declined: &Declined,
    approvals: &BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    notes: &mut Notes,
) {
    let mut contradictions: BTreeMap<(Origin, Origin), BTreeSet<Uuid>> = BTreeMap::new();
    for ((update, _), approval) in approvals {
        if approval.value.action == ApprovalAction::Inherit {
            continue;
        }
        if let Some(decline) = declined.updates.get(update) {
            contradictions.entry((approval.origin, decline.origin)).or_default().insert(*update);
        }
    }
    for ((approval, decline), updates) in contradictions {
        let updates: Vec<Uuid> = updates.into_iter().collect();
        notes.error(
            Diagnostic::error("approved-and-declined", "An update is both approved and declined")
                .detail(format!("{}: declining an update destroys its approvals.", named(&updates)))
                .at(decline, "declined here")
                .and(approval, "approved here")
                .help("remove one of the two, or narrow one entry by `title`, `product` or an update id"),
        );
    }
}
