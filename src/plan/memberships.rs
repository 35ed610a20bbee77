//! The declared groups of computers.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Affects, Change, ChangeAction, Details, FieldChange, Members, Reason, Risk};
use super::context::Context;
use super::draft::{Draft, DraftStep, Milestone};
use super::groups::sorted_names;
use super::step::Operation;
use crate::model::address::{Address, Kind};
use crate::model::attribute::Attribute;
use crate::model::management::Prune;
use crate::model::name::fold;
use crate::model::object::ObjectState;
use crate::model::origin::Origin;
use crate::model::resolved::GroupReference;
use crate::model::snapshot::Computer;

/// Computers that are not in exactly the declared groups that name or match them.
pub(super) fn declared(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (target_id, membership) in &context.resolved.memberships {
        let Some(computer) = context.snapshot.computers.get(target_id) else { continue };
        let live = live_groups(context, *target_id);
        if live == membership.groups {
            continue;
        }
        let reason = Reason { code: "declared", text: "the declared groups name or match it otherwise".to_owned() };
        drafts.push(draft(context, computer, &live, &membership.groups, reason, Some(membership.origin)));
    }
    drafts
}

/// Members of groups with a `computers` key that nothing declares.
pub(super) fn pruned(context: &Context<'_>) -> Vec<Draft> {
    let prune = context.resolved.management.prune(Kind::Membership);
    if prune == Prune::Never || !context.snapshot.server.server_side_targeting {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for computer in undeclared(context) {
        let live = live_groups(context, computer.target_id);
        let kept = live.difference(&context.resolved.groups_with_computers).cloned().collect();
        let text = "in a declared group, no declared group names or matches it, and memberships are pruned";
        let reason = Reason { code: "pruned", text: text.to_owned() };
        let mut draft = draft(context, computer, &live, &kept, reason, None);
        draft.pruned = Some(prune);
        drafts.push(draft);
    }
    drafts
}

/// Computers in a group with a `computers` key that no declared group names or matches.
/// Those that a downstream server reports are not ours.
pub(super) fn undeclared<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Computer> {
    context.snapshot.computers.values().filter(|computer| {
        !computer.from_downstream
            && !context.resolved.memberships.contains_key(&computer.target_id)
            && context
                .groups_of(computer.target_id)
                .any(|group| context.resolved.groups_with_computers.contains(&GroupReference::Existing(group)))
    })
}

/// The declared groups that a computer is in.
pub(super) fn live_groups(context: &Context<'_>, target_id: i32) -> BTreeSet<GroupReference> {
    let groups = context.groups_of(target_id).map(GroupReference::Existing);
    groups.filter(|group| context.declared(group).is_some()).collect()
}

fn draft(
    context: &Context<'_>,
    computer: &Computer,
    live: &BTreeSet<GroupReference>,
    wanted: &BTreeSet<GroupReference>,
    reason: Reason,
    origin: Option<Origin>,
) -> Draft {
    let Computer { target_id, computer_id, name, from_downstream: _ } = computer;
    let added: Vec<GroupReference> = wanted.difference(live).cloned().collect();
    let removed: Vec<GroupReference> = live.difference(wanted).cloned().collect();
    let (before, after) = (attribute(context, live), attribute(context, wanted));
    let action = match (live.is_empty(), wanted.is_empty()) {
        (true, _) => ChangeAction::Create,
        (_, true) => ChangeAction::Delete,
        _ => ChangeAction::Modify,
    };
    let field = FieldChange { path: "groups".to_owned(), before: before.clone(), after: after.clone() };
    let attributes = |value: Attribute| Some(BTreeMap::from([("groups".to_owned(), value)]));
    let change = Change {
        address: Address::Membership(name.clone()),
        action,
        before: if action == ChangeAction::Create { None } else { attributes(before) },
        after: if action == ChangeAction::Delete { None } else { attributes(after) },
        fields: if action == ChangeAction::Modify { vec![field] } else { Vec::new() },
        members: Some(Members {
            added: sorted_names(context, added.iter().cloned()),
            removed: sorted_names(context, removed.iter().cloned()),
        }),
        reason,
        risk: Risk::Low,
        affects: Affects { computers: 1, approvals: 0, ..Affects::default() },
        changed_by: None,
        changed_at: None,
        origin,
        label: None,
        details: Details::default(),
    };
    // Joining before leaving: a computer that leaves its last group would fall into Unassigned Computers meanwhile.
    let joined: Vec<Milestone> = added.iter().map(|group| Milestone::Joined(*target_id, group.clone())).collect();
    let joins = added.into_iter().zip(&joined).map(|(group, milestone)| DraftStep {
        needs: Milestone::of_group(&group).into_iter().collect(),
        operation: Operation::AddComputer { group, target_id: *target_id, computer_id: computer_id.clone() },
        before: ObjectState::Membership(false),
        achieves: Some(milestone.clone()),
    });
    let leaves = removed.iter().filter_map(|group| match group {
        GroupReference::Planned(_) => None,
        GroupReference::Existing(group) => Some(DraftStep {
            operation: Operation::RemoveComputer {
                group: *group,
                target_id: *target_id,
                computer_id: computer_id.clone(),
            },
            before: ObjectState::Membership(true),
            achieves: None,
            needs: joined.clone(),
        }),
    });
    let steps = joins.chain(leaves).collect();
    Draft::new(change, vec![fold(name), format!("{target_id:010}")], steps)
}

fn attribute(context: &Context<'_>, groups: &BTreeSet<GroupReference>) -> Attribute {
    Attribute::List(sorted_names(context, groups.iter().cloned()).into_iter().map(Attribute::Text).collect())
}
