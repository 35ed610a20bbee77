//! The groups that pruning deletes.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::model::address::{Address, Kind};
use crate::model::management::{Management, Prune};
use crate::model::resolved::{GroupReference, Notice, ResolvedGroup};
use crate::model::snapshot::{ALL_COMPUTERS, Snapshot, UNASSIGNED_COMPUTERS};

use super::notes::Notes;

/// What `management.ignore` hides, by printed addresses.
pub(super) struct Hidden<'a> {
    management: &'a Management,
    /// What groups are called in addresses.
    names: BTreeMap<Uuid, String>,
}

impl<'a> Hidden<'a> {
    pub(super) fn new(management: &'a Management, snapshot: &Snapshot, declared: &[ResolvedGroup]) -> Self {
        let mut names: BTreeMap<Uuid, String> =
            snapshot.groups.values().map(|group| (group.id, group.name.clone())).collect();
        for group in declared {
            if let GroupReference::Existing(id) = group.group {
                names.insert(id, group.name.clone());
            }
        }
        names.insert(ALL_COMPUTERS, "All Computers".to_owned());
        names.insert(UNASSIGNED_COMPUTERS, "Unassigned Computers".to_owned());
        Self { management, names }
    }

    pub(super) fn group(&self, group: Uuid) -> bool {
        self.hides(|| Address::Group(self.name(group)))
    }

    pub(super) fn approval(&self, update: Uuid, group: &GroupReference) -> bool {
        self.hides(|| Address::Approval {
            update,
            group: match group {
                GroupReference::Existing(id) => self.name(*id),
                GroupReference::Planned(name) => name.clone(),
            },
        })
    }

    pub(super) fn decline(&self, update: Uuid) -> bool {
        self.hides(|| Address::Decline(update))
    }

    pub(super) fn name(&self, group: Uuid) -> String {
        self.names.get(&group).cloned().unwrap_or_else(|| group.to_string())
    }

    /// Printing addresses costs more than all else, so none is printed in vain.
    fn hides(&self, address: impl FnOnce() -> Address) -> bool {
        !self.management.ignore.is_empty() && self.management.ignores(&address().to_string())
    }
}

/// The groups of which nothing in the whole subtree is declared, named by an approval, ignored, home of something ignored
/// or built in, because WSUS deletes what is below a group along with it. `declining`: updates that entries decline by name,
/// and their approvals with them, ignored or not.
///
/// Source: MS-WSUSAR 3.1.4.29 (grade A).
pub(super) fn prunable(
    snapshot: &Snapshot,
    declared: &[ResolvedGroup],
    referenced: &BTreeSet<Uuid>,
    declining: &BTreeSet<Uuid>,
    hidden: &Hidden<'_>,
    notes: &mut Notes,
) -> BTreeSet<Uuid> {
    if hidden.management.prune(Kind::Group) == Prune::Never || snapshot.server.replica {
        return BTreeSet::new();
    }
    let declared: BTreeSet<&GroupReference> = declared.iter().map(|group| &group.group).collect();
    let hiding = hiding(snapshot, declining, hidden);
    let stays = |id: Uuid, builtin: bool| {
        builtin
            || declared.contains(&GroupReference::Existing(id))
            || referenced.contains(&id)
            || hidden.group(id)
            || hiding.contains(&id)
    };
    let kept = snapshot.groups.values().filter(|group| stays(group.id, group.builtin));
    let mut kept: Vec<Uuid> = kept.map(|group| group.id).collect();
    let mut staying: BTreeSet<Uuid> = kept.iter().copied().collect();
    while let Some(id) = kept.pop() {
        if let Some(parent) = snapshot.groups.get(&id).and_then(|group| group.parent)
            && staying.insert(parent)
        {
            kept.push(parent);
        }
    }
    for group in snapshot.groups.values().filter(|group| staying.contains(&group.id) && !group.builtin) {
        if declared.contains(&GroupReference::Existing(group.id)) || hidden.group(group.id) {
            continue;
        }
        let why = if referenced.contains(&group.id) {
            "an approval or a rule of the manifest names it"
        } else if hiding.contains(&group.id) {
            "it holds what `management.ignore` hides"
        } else {
            "a group below it stays"
        };
        let message = format!("not declared, and not pruned: {why}");
        notes.warnings.push(Notice {
            address: Address::Group(group.name.clone()),
            code: "note",
            message,
            origin: None,
        });
    }
    snapshot.groups.keys().copied().filter(|id| !staying.contains(id)).collect()
}

/// Groups that hold what `management.ignore` hides: it would go with them.
fn hiding(snapshot: &Snapshot, declining: &BTreeSet<Uuid>, hidden: &Hidden<'_>) -> BTreeSet<Uuid> {
    if hidden.management.ignore.is_empty() {
        return BTreeSet::new();
    }
    let computers = snapshot.computers.values();
    let computers = computers.filter(|computer| hidden.hides(|| Address::Membership(computer.name.clone())));
    let computers: BTreeSet<i32> = computers.map(|computer| computer.target_id).collect();
    let members = snapshot.memberships.iter().filter(|(_, computer)| computers.contains(computer));
    let deployments = snapshot.deployments.iter().filter(|(update, _)| !declining.contains(update));
    let rows = deployments.flat_map(|(update, rows)| rows.iter().map(|row| (*update, row.group)));
    let approvals = rows.filter(|(update, group)| hidden.approval(*update, &GroupReference::Existing(*group)));
    members.map(|(group, _)| *group).chain(approvals.map(|(_, group)| group)).collect()
}
