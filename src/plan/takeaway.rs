//! Approvals that nothing declares and that go with a deleted group or a declined update, without a change of their own.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::approvals;
use super::context::Context;
use super::draft::Draft;
use super::step::Operation;
use crate::model::resolved::GroupReference;

/// How many go along.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Along {
    /// Those that somebody made.
    pub(super) unmanaged: u64,
    /// Those that WSUS made itself.
    pub(super) automatic: u64,
}

/// Counts pairs as `reach` counts what nothing declares: those that were read one by one, and of deleted groups the rest
/// by the totals.
pub(super) fn count(context: &Context<'_>, drafts: &[Draft]) -> Along {
    let (mut declined, mut deleted): (BTreeSet<Uuid>, BTreeSet<Uuid>) = (BTreeSet::new(), BTreeSet::new());
    for step in drafts.iter().flat_map(|draft| &draft.steps) {
        match &step.operation {
            Operation::Decline { update } => declined.insert(*update),
            Operation::DeleteGroup { group, .. } => deleted.insert(*group),
            _ => false,
        };
    }
    let mut along = Along::default();
    // Nothing declares an approval of a group that is deleted.
    let totals = &context.snapshot.totals;
    for group in &deleted {
        let of_group = |counts: &BTreeMap<Uuid, u64>| counts.get(group).copied().unwrap_or_default();
        let automatic = of_group(&totals.automatic_approvals_by_group);
        along.automatic += automatic;
        along.unmanaged += of_group(&totals.approvals_by_group).saturating_sub(automatic);
    }
    for ((update, group), rows) in approvals::undeclared(context) {
        let address = context.approval_address(update, &GroupReference::Existing(group));
        let counted = !context.snapshot.scope.approved_updates || !context.ignores(&address);
        if counted && declined.contains(&update) && !deleted.contains(&group) {
            let automatic = Context::is_automatic(rows);
            along.automatic += u64::from(automatic);
            along.unmanaged += u64::from(!automatic);
        }
    }
    along
}
