//! Which computers are named in which groups.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::groups::Groups;
use super::head::LeftOut;
use super::{Section, counted};
use crate::model::name::{fold, trim};
use crate::model::snapshot::{Computer, Snapshot};

/// Computers by group.
pub(super) struct Memberships<'a> {
    /// The names that stand in each group, sorted; none empty.
    by_group: BTreeMap<Uuid, Vec<&'a str>>,
    pairs: usize,
    left_out: Vec<LeftOut>,
}

impl<'a> Memberships<'a> {
    /// A name means every computer that is called so, and all of them belong to every group that says it.
    pub(super) fn new(snapshot: &'a Snapshot, groups: &Groups<'_>) -> Self {
        let mut found = Self { by_group: BTreeMap::new(), pairs: 0, left_out: Vec::new() };
        if !snapshot.server.server_side_targeting {
            let why = "memberships, since group policy places the computers of this server";
            found.left_out.extend(LeftOut::number(snapshot.memberships.len() as u64, why));
            return found;
        }
        let mut groups_of: BTreeMap<i32, BTreeSet<Uuid>> = BTreeMap::new();
        let mut undeclared = 0;
        for (group, computer) in &snapshot.memberships {
            if groups.declares(*group) {
                groups_of.entry(*computer).or_default().insert(*group);
            } else {
                undeclared += 1;
            }
        }
        let mut by_name: BTreeMap<String, Vec<&Computer>> = BTreeMap::new();
        for computer in snapshot.computers.values() {
            by_name.entry(fold(&computer.name)).or_default().push(computer);
        }
        let mut left = Refused::default();
        for computers in by_name.values() {
            found.take(computers, &groups_of, &mut left);
        }
        for names in found.by_group.values_mut() {
            names.sort_by_cached_key(|name| fold(name));
        }
        found.left_out = left.into_left_out();
        found.left_out.extend(LeftOut::number(undeclared, "memberships in groups that are not declared"));
        found
    }

    fn take(&mut self, computers: &[&'a Computer], groups_of: &BTreeMap<i32, BTreeSet<Uuid>>, left: &mut Refused) {
        let none = BTreeSet::new();
        let groups = |computer: &Computer| groups_of.get(&computer.target_id).unwrap_or(&none);
        let pairs: usize = computers.iter().map(|computer| groups(computer).len()).sum();
        let Some(first) = computers.first().filter(|_| pairs > 0) else { return };
        let name = trim(&first.name);
        if computers.iter().any(|computer| computer.from_downstream) {
            left.downstream += pairs as u64;
        } else if name.trim().is_empty() || name.contains(['*', '?']) {
            left.unnameable.push(name.to_owned());
        } else if computers.iter().any(|computer| groups(computer) != groups(first)) {
            left.ambiguous.push(name.to_owned());
        } else {
            for group in groups(first) {
                self.by_group.entry(*group).or_default().push(name);
            }
            self.pairs += pairs;
        }
    }

    /// The computers to name in a group; none where there are none.
    pub(super) fn of(&self, group: Uuid) -> Option<&[&'a str]> {
        self.by_group.get(&group).map(Vec::as_slice)
    }

    /// What there is to say about them: their lines stand with the groups.
    pub(super) fn into_section(self) -> Section {
        let Self { pairs, left_out, .. } = self;
        let declares = if pairs == 0 { String::new() } else { counted(pairs, "membership") };
        Section { declares, yaml: String::new(), left_out }
    }
}

/// Memberships that a manifest cannot say.
#[derive(Default)]
struct Refused {
    downstream: u64,
    unnameable: Vec<String>,
    ambiguous: Vec<String>,
}

impl Refused {
    fn into_left_out(self) -> Vec<LeftOut> {
        let Self { downstream, unnameable, ambiguous } = self;
        let reasons = [
            LeftOut::number(downstream, "memberships of computers that downstream servers report (read-only here)"),
            LeftOut::list(unnameable, "computers whose names are empty or patterns in a manifest"),
            LeftOut::list(ambiguous, "names that several computers have, which are in different groups"),
        ];
        reasons.into_iter().flatten().collect()
    }
}
