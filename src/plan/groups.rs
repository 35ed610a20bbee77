//! Groups that are created, misplaced or pruned.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::change::{Affects, Change, ChangeAction, Details, Reason, Risk};
use super::context::Context;
use super::draft::{Draft, DraftStep, Milestone};
use super::step::Operation;
use crate::model::address::{Address, Kind};
use crate::model::attribute::Attribute;
use crate::model::name::fold;
use crate::model::object::{GroupContents, GroupState, ObjectState};
use crate::model::procedure::Procedure;
use crate::model::resolved::{GroupReference, Notice, ResolvedGroup};
use crate::model::snapshot::TargetGroup;

/// Creations of declared groups that do not exist.
pub(super) fn creations(context: &Context<'_>) -> Vec<Draft> {
    let missing = context.resolved.groups.iter().filter(|group| matches!(group.group, GroupReference::Planned(_)));
    missing.map(|group| creation(context, group)).collect()
}

fn creation(context: &Context<'_>, group: &ResolvedGroup) -> Draft {
    let ResolvedGroup { name, group: reference, parent, origin } = group;
    let change = Change {
        address: Address::Group(name.clone()),
        action: ChangeAction::Create,
        before: None,
        after: Some(attributes(context, parent)),
        fields: Vec::new(),
        members: None,
        reason: Reason { code: "declared", text: "declared, and the server does not have it".to_owned() },
        risk: Risk::Low,
        affects: Affects::default(),
        changed_by: None,
        changed_at: None,
        origin: Some(*origin),
        label: None,
        details: Details::default(),
    };
    let step = DraftStep {
        operation: Operation::CreateGroup { name: name.clone(), parent: parent.clone() },
        before: ObjectState::Group(None),
        achieves: Some(Milestone::Created(reference.clone())),
        needs: Milestone::of_group(parent).into_iter().collect(),
    };
    Draft::new(change, context.path(reference), vec![step])
}

fn attributes(context: &Context<'_>, parent: &GroupReference) -> BTreeMap<String, Attribute> {
    BTreeMap::from([("parent".to_owned(), Attribute::text(context.name(parent)))])
}

/// Declared groups that exist under another parent: WSUS can neither rename nor move a group.
pub(super) fn misplaced(context: &Context<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    for group in &context.resolved.groups {
        let GroupReference::Existing(id) = group.group else { continue };
        let Some(live) = context.snapshot.groups.get(&id) else { continue };
        let live_parent = live.parent.map(GroupReference::Existing);
        let address = Address::Group(group.name.clone());
        if live_parent.as_ref() == Some(&group.parent) || context.ignores(&address) {
            continue;
        }
        let found = live_parent.map_or_else(|| "no group".to_owned(), |parent| format!("`{}`", context.name(&parent)));
        notices.push(Notice {
            address,
            code: "otherParent",
            message: format!(
                "declared under `{}`, but the server has it under {found}; WSUS cannot move a group: declare it there, \
                 or delete it on the server so that it can be created anew",
                context.name(&group.parent)
            ),
            origin: Some(group.origin),
        });
    }
    notices.sort_by(|a, b| a.address.cmp(&b.address));
    notices
}

/// Whether the manifest declares a live group.
pub(super) fn is_declared(context: &Context<'_>, group: &TargetGroup) -> bool {
    context.declared(&GroupReference::Existing(group.id)).is_some()
}

/// Whether pruned groups will really be deleted, so that what they hold goes with them.
pub(super) fn doomed<'a>(context: &Context<'a>) -> Option<&'a BTreeSet<Uuid>> {
    context.can_call(Procedure::DeleteTargetGroup).then_some(&context.resolved.prunable_groups)
}

/// Deletions of pruned groups, children before parents.
pub(super) fn deletions(context: &Context<'_>) -> Vec<Draft> {
    let prunable = &context.resolved.prunable_groups;
    let mut children: BTreeMap<Uuid, Vec<Milestone>> = BTreeMap::new();
    let mut approvals: BTreeMap<Uuid, u64> = BTreeMap::new();
    for id in prunable {
        let of_group = context.snapshot.totals.approvals_by_group.get(id).copied().unwrap_or_default();
        for above in context.groups_above(*id) {
            *approvals.entry(above).or_default() += of_group;
        }
        if let Some(parent) = context.snapshot.groups.get(id).and_then(|group| group.parent) {
            children.entry(parent).or_default().push(Milestone::Deleted(*id));
        }
    }
    let groups = prunable.iter().filter_map(|id| context.snapshot.groups.get(id));
    let of_group = |group: &TargetGroup| {
        let approvals = approvals.get(&group.id).copied().unwrap_or_default();
        deletion(context, group, children.remove(&group.id).unwrap_or_default(), approvals)
    };
    groups.map(of_group).collect()
}

/// The deletion of a group. `approvals` counts those of the group and of the groups below it.
fn deletion(context: &Context<'_>, group: &TargetGroup, children: Vec<Milestone>, approvals: u64) -> Draft {
    let TargetGroup { id, name, parent, builtin: _ } = group;
    let reference = GroupReference::Existing(*id);
    let order = context.path(&reference);
    let change = Change {
        address: Address::Group(name.clone()),
        action: ChangeAction::Delete,
        before: Some(attributes(context, &GroupReference::Existing(parent.unwrap_or_default()))),
        after: None,
        fields: Vec::new(),
        members: None,
        reason: Reason { code: "pruned", text: "nothing declares it, and groups are pruned".to_owned() },
        risk: Risk::Low,
        affects: Affects { computers: context.computers_below(&reference), approvals, ..Affects::default() },
        changed_by: None,
        changed_at: None,
        origin: None,
        label: None,
        details: Details::default(),
    };
    let step = DraftStep {
        operation: Operation::DeleteGroup { group: *id, name: name.clone() },
        before: ObjectState::Group(Some(GroupState {
            id: *id,
            name: name.clone(),
            parent: *parent,
            holds: contents(context, *id),
            children: context
                .snapshot
                .groups
                .values()
                .filter(|child| child.parent == Some(*id))
                .map(|child| child.id)
                .collect(),
        })),
        achieves: Some(Milestone::Deleted(*id)),
        needs: children,
    };
    let mut draft = Draft::new(change, order, vec![step]);
    draft.pruned = Some(context.resolved.management.prune(Kind::Group));
    draft
}

/// What goes with a group that is deleted, one by one.
fn contents(context: &Context<'_>, group: Uuid) -> GroupContents {
    let snapshot = context.snapshot;
    let members = snapshot.memberships.range((group, i32::MIN)..=(group, i32::MAX));
    // A read of everything has them with their updates.
    let asked = snapshot.scope.approvals_of_groups_but.is_some();
    let read = snapshot.approvals_of_groups.get(&group).into_iter().flatten().cloned();
    let all = snapshot.deployments.iter().filter(|_| !asked);
    let all = all.flat_map(|(update, rows)| rows.iter().map(|row| (*update, row.clone())));
    let approvals = read.chain(all.filter(|(_, row)| row.group == group));
    let rules = snapshot.rules.iter().flat_map(|rules| rules.all.values());
    GroupContents {
        computers: members.map(|(_, computer)| *computer).collect(),
        approvals: approvals.map(|(update, approval)| (approval.id, (update, approval))).collect(),
        rules: rules.filter(|rule| rule.groups.contains(&group)).map(|rule| rule.id).collect(),
    }
}

/// Live groups that can be declared, by whether something declares them.
pub(super) fn declarable<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a TargetGroup> {
    context.snapshot.groups.values().filter(|group| !group.builtin)
}

/// The order of groups in lists of names.
pub(super) fn sorted_names(context: &Context<'_>, groups: impl IntoIterator<Item = GroupReference>) -> Vec<String> {
    let mut names: Vec<String> = groups.into_iter().map(|group| context.name(&group)).collect();
    names.sort_by_key(|name| (fold(name), name.clone()));
    names
}
