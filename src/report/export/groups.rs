//! The tree of groups, and by which name a manifest means each one.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::head::LeftOut;
use super::memberships::Memberships;
use super::{Section, counted};
use crate::model::name::{fold, trim};
use crate::model::snapshot::{ALL_COMPUTERS, Snapshot, TargetGroup, UNASSIGNED_COMPUTERS};
use crate::report::yaml::scalar;

/// How deep groups are declared: the manifest's reader goes a little deeper.
const DEPTH_MAX: usize = 45;

/// The built-in groups as manifests write them, whatever the server's language.
const BUILT_IN: [(Uuid, &str); 2] = [(ALL_COMPUTERS, "All Computers"), (UNASSIGNED_COMPUTERS, "Unassigned Computers")];

/// The groups of a server.
pub(super) struct Groups<'a> {
    /// Those that can be declared, parents before their children, with their depth.
    tree: Vec<(usize, &'a TargetGroup)>,
    /// Those that an approval can name: their place in the order of the tree, and the name.
    named: BTreeMap<Uuid, (usize, &'a str)>,
    declared: BTreeSet<Uuid>,
    left_out: Vec<LeftOut>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
        for group in snapshot.groups.values() {
            *by_name.entry(fold(&group.name)).or_default() += 1;
        }
        let own: Vec<&TargetGroup> = snapshot.groups.values().filter(|group| !group.builtin).collect();
        let can_be_named = |group: &&TargetGroup| {
            let name = fold(&group.name);
            by_name.get(&name) == Some(&1)
                && !group.name.trim().is_empty()
                && BUILT_IN.iter().all(|(_, built_in)| fold(built_in) != name)
        };
        let (named, unnamed): (Vec<&TargetGroup>, Vec<&TargetGroup>) = own.iter().copied().partition(can_be_named);
        let mut children: BTreeMap<Uuid, Vec<&TargetGroup>> = BTreeMap::new();
        for group in &named {
            if let Some(parent) = group.parent {
                children.entry(parent).or_default().push(group);
            }
        }
        for siblings in children.values_mut() {
            siblings.sort_by_cached_key(|group| (fold(&group.name), group.id));
        }
        let mut tree = Vec::new();
        descend(ALL_COMPUTERS, 0, &children, &mut tree);
        let declared: BTreeSet<Uuid> = tree.iter().map(|(_, group)| group.id).collect();
        let mut elsewhere: Vec<&TargetGroup> =
            named.into_iter().filter(|group| !declared.contains(&group.id)).collect();
        elsewhere.sort_by_cached_key(|group| (fold(&group.name), group.id));
        let left_out = [
            LeftOut::list(
                unnamed.iter().map(|group| format!("{} {}", group.id, group.name)).collect(),
                "groups that no name means alone (several are called so, or the name is empty or that of a built-in group)",
            ),
            LeftOut::list(
                elsewhere.iter().map(|group| format!("{} {}", group.id, group.name)).collect(),
                "groups below one that is not declared, or deeper than a manifest goes",
            ),
        ];
        let own = tree.iter().map(|(_, group)| *group).chain(elsewhere).map(|group| (group.id, trim(&group.name)));
        let in_order = BUILT_IN.into_iter().chain(own).enumerate();
        let named = in_order.map(|(place, (id, name))| (id, (place, name))).collect();
        Self { tree, named, declared, left_out: left_out.into_iter().flatten().collect() }
    }

    /// Whether the manifest declares a group.
    pub(super) fn declares(&self, group: Uuid) -> bool {
        self.declared.contains(&group)
    }

    /// The place in the order of the tree of a group that an approval can name.
    pub(super) fn place(&self, group: Uuid) -> Option<(usize, &'a str)> {
        self.named.get(&group).copied()
    }

    /// The groups with the computers that are declared for them. A group without any has no key for them: an empty list would
    /// claim them.
    pub(super) fn section(&self, memberships: Option<&Memberships<'_>>) -> Section {
        let mut yaml = if self.tree.is_empty() { String::new() } else { "  groups:\n".to_owned() };
        let mut above = 0;
        for (depth, group) in &self.tree {
            let indent = "    ".repeat(*depth);
            if *depth > above {
                yaml += &format!("{indent}  groups:\n");
            }
            above = *depth;
            yaml += &format!("{indent}    - name: {}\n", scalar(trim(&group.name)));
            let computers = memberships.and_then(|memberships| memberships.of(group.id));
            if let Some(computers) = computers {
                yaml += &format!("{indent}      computers:\n");
                for computer in computers {
                    yaml += &format!("{indent}        - {}\n", scalar(computer));
                }
            }
        }
        Section {
            declares: if self.tree.is_empty() { String::new() } else { counted(self.tree.len(), "group") },
            yaml,
            left_out: self.left_out.clone(),
        }
    }
}

fn descend<'a>(
    parent: Uuid,
    depth: usize,
    children: &BTreeMap<Uuid, Vec<&'a TargetGroup>>,
    tree: &mut Vec<(usize, &'a TargetGroup)>,
) {
    if depth == DEPTH_MAX {
        return;
    }
    for group in children.get(&parent).into_iter().flatten() {
        tree.push((depth, group));
        descend(group.id, depth + 1, children, tree);
    }
}
