//! What groups get from the groups above them once a plan is carried out: for people, it decides nothing.
//!
//! Source: learn.microsoft.com, IUpdate.Approve: a group without an approval of its own takes the one of the nearest group
//! above it (grade A).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::change::{ChangeAction, Inheritance, Inherited};
use super::context::Context;
use super::draft::Draft;
use super::step::Operation;
use super::values::{deadline_attribute, time_attribute};
use crate::model::approval::{ApprovalAction, ApprovalValue};
use crate::model::attribute::Attribute;
use crate::model::resolved::GroupReference;
use crate::model::snapshot::Deployment;

/// Tells each changed approval what the groups above pass down, where that matters to it.
pub(super) fn annotate(context: &Context<'_>, drafts: &mut [Draft]) {
    let after = Afterwards::new(context, drafts);
    for draft in drafts {
        let Some((effect, update, group)) = effect(draft) else { continue };
        draft.change.details.inherited = after.inherited(effect, update, group);
    }
}

/// What a changed approval does to the one that is passed down. None where it has little to do with it.
fn effect(draft: &Draft) -> Option<(Inheritance, Uuid, &GroupReference)> {
    draft.steps.iter().find_map(|step| {
        let Operation::SetApproval { update, group, value, .. } = &step.operation else { return None };
        let effect = match (draft.change.action, value.action) {
            (_, ApprovalAction::Inherit) => Inheritance::Holds,
            (_, ApprovalAction::NotApproved) => Inheritance::Blocked,
            (ChangeAction::Create, _) => Inheritance::Overridden,
            (ChangeAction::Modify | ChangeAction::Delete, _) => return None,
        };
        Some((effect, *update, group))
    })
}

/// The approvals that there will be.
struct Afterwards<'c, 'a> {
    context: &'c Context<'a>,
    /// Of each pair that the plan changes; none where it takes the approval away.
    changed: BTreeMap<(Uuid, GroupReference), Option<ApprovalValue>>,
    /// Updates that lose all approvals.
    declined: BTreeSet<Uuid>,
}

impl<'c, 'a> Afterwards<'c, 'a> {
    fn new(context: &'c Context<'a>, drafts: &[Draft]) -> Self {
        let (mut changed, mut declined) = (BTreeMap::new(), BTreeSet::new());
        for step in drafts.iter().flat_map(|draft| &draft.steps) {
            match &step.operation {
                Operation::SetApproval { update, group, value, .. } => {
                    let value = (value.action != ApprovalAction::Inherit).then_some(*value);
                    changed.insert((*update, group.clone()), value);
                }
                Operation::Decline { update } => {
                    declined.insert(*update);
                }
                _ => {}
            }
        }
        Self { context, changed, declined }
    }

    /// The approval of the nearest group above that has one.
    fn inherited(&self, effect: Inheritance, update: Uuid, group: &GroupReference) -> Option<Inherited> {
        let above = self.context.lineage(group).into_iter().skip(1);
        let nearest = above.filter(|_| !self.declined.contains(&update)).find_map(|above| {
            let from = self.context.name(&above);
            match self.changed.get(&(update, above.clone())) {
                Some(value) => value.map(|value| declared(effect, from, &value)),
                None => stored(effect, from, self.context.approvals_of(update, &above)),
            }
        });
        // Where nothing is passed down but that nothing is approved, nothing is kept off.
        nearest.filter(|nearest| (effect, nearest.action) != (Inheritance::Blocked, ApprovalAction::NotApproved))
    }
}

fn declared(effect: Inheritance, from: String, value: &ApprovalValue) -> Inherited {
    let ApprovalValue { action, deadline, optional } = *value;
    Inherited { effect, from, action, deadline: deadline_attribute(deadline), optional }
}

fn stored(effect: Inheritance, from: String, rows: &[&Deployment]) -> Option<Inherited> {
    let row = rows.iter().max_by_key(|row| (row.revision, row.deployed_at, row.id))?;
    let action = ApprovalAction::from_code(row.action)?;
    let deadline = row.deadline.map_or(Attribute::Null, time_attribute);
    Some(Inherited { effect, from, action, deadline, optional: !row.assigned })
}
