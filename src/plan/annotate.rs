//! What a plan's changes come to for computers, added to it after it was made: for people, outside the digest.

use uuid::Uuid;

use super::Plan;
use super::change::{Change, ChangeAction, Figure};
use super::step::Operation;
use crate::model::approval::{ApprovalAction, ApprovalValue};
use crate::model::impact::{Impact, ImpactScope, Removed};
use crate::model::resolved::GroupReference;
use crate::model::snapshot::ALL_COMPUTERS;

const NO_FILES: &str = "the update's files are not known";
const NOT_TOLD: &str = "what computers report was not read";
const NO_PARTS: &str = "whether the update bundles others was not read";
const NO_GROUP: &str = "the group does not exist yet";

/// What has to be read to tell what a plan's changes come to. Empty where it changes no approvals and no declines.
#[must_use]
pub fn impact_scope(plan: &Plan) -> ImpactScope {
    let mut scope = ImpactScope::default();
    for step in &plan.steps {
        let (update, group) = match &step.operation {
            Operation::SetApproval { update, group: GroupReference::Existing(group), .. } => (*update, Some(*group)),
            Operation::SetApproval { update, group: GroupReference::Planned(_), .. } => (*update, None),
            Operation::Decline { update } | Operation::Reinstate { update } => (*update, Some(ALL_COMPUTERS)),
            Operation::AcceptLicense { .. }
            | Operation::CreateGroup { .. }
            | Operation::DeleteGroup { .. }
            | Operation::AddComputer { .. }
            | Operation::RemoveComputer { .. }
            | Operation::SaveSettings { .. }
            | Operation::CreateRule { .. }
            | Operation::SetRule { .. }
            | Operation::DeleteRule { .. }
            | Operation::DeleteDownstreamServer { .. }
            | Operation::SaveSynchronization(_)
            | Operation::SaveNotifications(_)
            | Operation::SetRecipients { .. }
            | Operation::SetRoleMembers { .. }
            | Operation::MapUser { .. } => continue,
        };
        scope.updates.insert(update);
        scope.groups.extend(group);
    }
    scope
}

impl Plan {
    /// Adds what was read for its [`impact_scope`]: whom changes hit, and who made what they differ from. Decides nothing
    /// and leaves the digest as it is.
    pub fn annotate(&mut self, impact: &Impact) {
        for step in &self.steps {
            let Some(change) = self.changes.get_mut(step.change) else { continue };
            match &step.operation {
                Operation::SetApproval { update, group, value, deploy, .. } => {
                    approval(change, impact, *update, group, value, *deploy);
                }
                Operation::Decline { update } => {
                    change.affects.parts = parts(impact, *update);
                    change.affects.needed = needed(impact, *update, ALL_COMPUTERS);
                }
                Operation::Reinstate { update } => {
                    change.affects.parts = parts(impact, *update);
                    change.affects.needed = needed(impact, *update, ALL_COMPUTERS);
                    let removed = impact.removed.range((*update, Uuid::nil())..=(*update, Uuid::max()));
                    blame(change, removed.map(|(_, removed)| removed).max_by_key(|removed| (removed.at, &removed.by)));
                }
                _ => {}
            }
        }
    }
}

fn approval(
    change: &mut Change,
    impact: &Impact,
    update: Uuid,
    group: &GroupReference,
    value: &ApprovalValue,
    deploy: bool,
) {
    // Who needs an update says nothing about who would lose it.
    if value.action != ApprovalAction::Uninstall {
        change.affects.needed = match group {
            GroupReference::Existing(group) => needed(impact, update, *group),
            GroupReference::Planned(_) => Some(Figure::Unknown(NO_GROUP)),
        };
    }
    if deploy && value.action == ApprovalAction::Install {
        let bytes = impact.bytes.get(&update);
        change.affects.bytes = Some(bytes.map_or(Figure::Unknown(NO_FILES), |bytes| Figure::Known(*bytes)));
    }
    if let (ChangeAction::Create, GroupReference::Existing(group)) = (change.action, group) {
        blame(change, impact.removed.get(&(update, *group)));
    }
}

fn needed(impact: &Impact, update: Uuid, group: Uuid) -> Option<Figure> {
    let Some(needed) = &impact.needed else { return Some(Figure::Unknown(NOT_TOLD)) };
    Some(Figure::Known(needed.get(&(update, group)).copied().unwrap_or_default()))
}

fn parts(impact: &Impact, update: Uuid) -> Option<Figure> {
    let Some(parts) = &impact.parts else { return Some(Figure::Unknown(NO_PARTS)) };
    parts.get(&update).map(|number| Figure::Known(*number))
}

fn blame(change: &mut Change, removed: Option<&Removed>) {
    if let Some(Removed { by, at }) = removed {
        change.changed_by = Some(by.clone());
        change.changed_at = Some(*at);
    }
}
