//! What every part of the planner looks things up in.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Policy;
use crate::model::address::Address;
use crate::model::name::fold;
use crate::model::procedure::{Procedure, Verdict};
use crate::model::resolved::{GroupReference, Resolved, ResolvedGroup};
use crate::model::snapshot::{ALL_COMPUTERS, Deployment, Snapshot, UNASSIGNED_COMPUTERS};

/// The planner's inputs with the lookups that several kinds need.
pub(super) struct Context<'a> {
    pub(super) resolved: &'a Resolved,
    pub(super) snapshot: &'a Snapshot,
    pub(super) policy: &'a Policy,
    declared: BTreeMap<&'a GroupReference, &'a ResolvedGroup>,
    groups_of_computer: BTreeMap<i32, BTreeSet<Uuid>>,
    computers_below: BTreeMap<GroupReference, u64>,
    approvals: BTreeMap<(Uuid, Uuid), Vec<&'a Deployment>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(resolved: &'a Resolved, snapshot: &'a Snapshot, policy: &'a Policy) -> Self {
        let declared = resolved.groups.iter().map(|group| (&group.group, group)).collect();
        let mut groups_of_computer: BTreeMap<i32, BTreeSet<Uuid>> = BTreeMap::new();
        for (group, target_id) in &snapshot.memberships {
            groups_of_computer.entry(*target_id).or_default().insert(*group);
        }
        let computers_below = BTreeMap::new();
        let approvals = approvals_by_pair(snapshot);
        let mut context = Self { resolved, snapshot, policy, declared, groups_of_computer, computers_below, approvals };
        context.computers_below = context.count_computers();
        context
    }

    /// The declared group with this reference.
    pub(super) fn declared(&self, group: &GroupReference) -> Option<&'a ResolvedGroup> {
        self.declared.get(group).copied()
    }

    /// What a group is called: as declared, or as the server has it; the built-in ones always in English.
    pub(super) fn name(&self, group: &GroupReference) -> String {
        if let Some(declared) = self.declared(group) {
            return declared.name.clone();
        }
        match group {
            GroupReference::Planned(name) => name.clone(),
            GroupReference::Existing(id) if *id == ALL_COMPUTERS => "All Computers".to_owned(),
            GroupReference::Existing(id) if *id == UNASSIGNED_COMPUTERS => "Unassigned Computers".to_owned(),
            GroupReference::Existing(id) => {
                self.snapshot.groups.get(id).map_or_else(|| id.to_string(), |group| group.name.clone())
            }
        }
    }

    /// The folded names from the top down to a group: sorting by it puts parents before their children.
    pub(super) fn path(&self, group: &GroupReference) -> Vec<String> {
        let mut path: Vec<String> = self.lineage(group).iter().map(|group| fold(&self.name(group))).collect();
        path.reverse();
        path
    }

    /// A group and the groups above it.
    pub(super) fn lineage(&self, group: &GroupReference) -> Vec<GroupReference> {
        let mut lineage = Vec::new();
        let mut next = Some(group.clone());
        while let Some(group) = next {
            // A server whose groups are each other's parents must not keep us here.
            if lineage.contains(&group) {
                break;
            }
            next = match &group {
                GroupReference::Planned(_) => self.declared(&group).map(|declared| declared.parent.clone()),
                GroupReference::Existing(id) => {
                    self.snapshot.groups.get(id).and_then(|group| group.parent).map(GroupReference::Existing)
                }
            };
            lineage.push(group);
        }
        lineage
    }

    /// A group that exists, and the groups above it.
    pub(super) fn groups_above(&self, group: Uuid) -> impl Iterator<Item = Uuid> {
        let lineage = self.lineage(&GroupReference::Existing(group)).into_iter();
        lineage.filter_map(|above| match above {
            GroupReference::Existing(id) => Some(id),
            GroupReference::Planned(_) => None,
        })
    }

    /// The groups that a computer is explicitly in.
    pub(super) fn groups_of(&self, target_id: i32) -> impl Iterator<Item = Uuid> + '_ {
        self.groups_of_computer.get(&target_id).into_iter().flatten().copied()
    }

    /// Computers that are in some group that is not built in.
    pub(super) fn grouped_computers(&self) -> impl Iterator<Item = i32> + '_ {
        self.groups_of_computer.keys().copied()
    }

    /// The computers of a group and of those below it, each counted once where computers were read; else at most
    /// this many. Of a group to be created: the computers that it will have.
    pub(super) fn computers_below(&self, group: &GroupReference) -> u64 {
        self.computers_below.get(group).copied().unwrap_or_default()
    }

    fn count_computers(&self) -> BTreeMap<GroupReference, u64> {
        let mut counts: BTreeMap<GroupReference, u64> = BTreeMap::new();
        if self.snapshot.scope.computers {
            for computer in self.snapshot.computers.keys() {
                let mut groups: BTreeSet<GroupReference> =
                    self.groups_of(*computer).map(GroupReference::Existing).collect();
                if groups.is_empty() {
                    groups.insert(GroupReference::Existing(UNASSIGNED_COMPUTERS));
                }
                let planned = self.resolved.memberships.get(computer).map(|membership| &membership.groups);
                let planned = planned.into_iter().flatten();
                groups.extend(planned.filter(|group| matches!(group, GroupReference::Planned(_))).cloned());
                let mut above: BTreeSet<GroupReference> = groups.iter().flat_map(|group| self.lineage(group)).collect();
                above.insert(GroupReference::Existing(ALL_COMPUTERS));
                for group in above {
                    *counts.entry(group).or_default() += 1;
                }
            }
        } else {
            for (group, computers) in &self.snapshot.totals.computers_by_group {
                for above in self.lineage(&GroupReference::Existing(*group)) {
                    // The counts may be what a file says.
                    let count = counts.entry(above).or_default();
                    *count = count.saturating_add(*computers);
                }
            }
        }
        counts
    }

    /// The approvals of an update for a group, of every revision, sorted by id.
    pub(super) fn approvals_of(&self, update: Uuid, group: &GroupReference) -> &[&'a Deployment] {
        match group {
            GroupReference::Existing(group) => self.approvals.get(&(update, *group)).map_or(&[], Vec::as_slice),
            GroupReference::Planned(_) => &[],
        }
    }

    /// Every pair of update and group that was read with an approval.
    pub(super) fn live_approvals(&self) -> impl Iterator<Item = ((Uuid, Uuid), &[&'a Deployment])> {
        self.approvals.iter().map(|(pair, rows)| (*pair, rows.as_slice()))
    }

    /// Whether WSUS itself made all of these approvals.
    pub(super) fn is_automatic(rows: &[&Deployment]) -> bool {
        rows.iter().all(|row| row.is_automatic())
    }

    /// The address of an approval.
    pub(super) fn approval_address(&self, update: Uuid, group: &GroupReference) -> Address {
        Address::Approval { update, group: self.name(group) }
    }

    /// Whether `management.ignore` hides an object.
    pub(super) fn ignores(&self, address: &Address) -> bool {
        let management = &self.resolved.management;
        !management.ignore.is_empty() && management.ignores(&address.to_string())
    }

    /// Whether a procedure is what wsusctl knows.
    pub(super) fn can_call(&self, procedure: Procedure) -> bool {
        self.snapshot.procedures.get(&procedure).is_some_and(|state| state.verdict == Verdict::Matches)
    }
}

fn approvals_by_pair(snapshot: &Snapshot) -> BTreeMap<(Uuid, Uuid), Vec<&Deployment>> {
    let mut approvals: BTreeMap<(Uuid, Uuid), Vec<&Deployment>> = BTreeMap::new();
    for (update, rows) in &snapshot.deployments {
        // Rows of groups that are not computer groups are none of the planner's business.
        for row in rows.iter().filter(|row| snapshot.groups.contains_key(&row.group)) {
            approvals.entry((*update, row.group)).or_default().push(row);
        }
    }
    for rows in approvals.values_mut() {
        rows.sort_unstable_by_key(|row| row.id);
    }
    approvals
}
