//! Which declared groups each computer belongs to.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::desired::{Desired, DesiredGroup};
use crate::model::glob::Glob;
use crate::model::name::{fold, trim};
use crate::model::origin::{Declared, Origin};
use crate::model::resolved::{GroupReference, ResolvedMembership};
use crate::model::snapshot::{Computer, Snapshot};

use super::groups::Groups;
use super::notes::Notes;
use super::unknown_computers::UnknownComputers;

/// How many computers an error names.
const NAMED_MAX: usize = 5;

/// The declared groups of computers.
#[derive(Default)]
pub(super) struct Memberships {
    /// By TargetID.
    pub(super) by_computer: BTreeMap<i32, ResolvedMembership>,
}

/// Names of one group that the server spells otherwise.
struct Respelled<'a> {
    group: &'a str,
    names: Vec<(&'a Declared<Glob>, &'a str)>,
}

impl Memberships {
    /// Looks up names and patterns. Exact names beat patterns.
    pub(super) fn resolve(desired: &Desired, snapshot: &Snapshot, groups: &Groups<'_>, notes: &mut Notes) -> Self {
        let mut memberships = Self::default();
        if !snapshot.scope.computers || !snapshot.server.server_side_targeting {
            // What was not read is not pending; the planner says that it was not read.
            return memberships;
        }
        let declared: Vec<(&DesiredGroup, &GroupReference)> =
            desired.groups.iter().zip(groups.declared.iter().map(|resolved| &resolved.group)).collect();
        memberships.take_exact(&declared, snapshot, notes);
        memberships.take_patterns(&declared, snapshot, notes);
        memberships
    }

    fn take_exact(&mut self, declared: &[(&DesiredGroup, &GroupReference)], snapshot: &Snapshot, notes: &mut Notes) {
        let mut by_name: BTreeMap<String, Vec<&Computer>> = BTreeMap::new();
        for computer in snapshot.computers.values() {
            by_name.entry(fold(&computer.name)).or_default().push(computer);
        }
        let mut unknown = BTreeSet::new();
        let mut known = None;
        for (group, reference) in declared {
            let mut respelled = Respelled { group: &group.name, names: Vec::new() };
            for name in group.computers.iter().flatten().filter(|name| !name.value.has_wildcard()) {
                let folded = fold(name.value.as_str());
                match by_name.get(&folded) {
                    None if unknown.insert(folded) => known
                        .get_or_insert_with(|| UnknownComputers::new(snapshot.computers.values()))
                        .note(name, group, notes),
                    None => {}
                    Some(computers) => {
                        if let [computer] = computers[..]
                            && trim(name.value.as_str()) != trim(&computer.name)
                        {
                            respelled.names.push((name, &computer.name));
                        }
                        self.take_named(name, computers, reference, notes);
                    }
                }
            }
            respelled.note(notes);
        }
    }

    fn take_named(
        &mut self,
        name: &Declared<Glob>,
        computers: &[&Computer],
        group: &GroupReference,
        notes: &mut Notes,
    ) {
        if computers.len() > 1 {
            let message = format!("{} computers of the server have this name; all of them are meant", computers.len());
            let address = Address::Membership(computers[0].name.clone());
            if !notes.warnings.iter().any(|warning| warning.code == "sameName" && warning.address == address) {
                notes.warn(address, "sameName", message, name.origin);
            }
        }
        if let Some(computer) = computers.iter().find(|computer| computer.from_downstream) {
            notes.error(downstream_computer(computer, name.origin));
            return;
        }
        for computer in computers {
            self.add(computer.target_id, group, name.origin);
        }
    }

    fn take_patterns(&mut self, declared: &[(&DesiredGroup, &GroupReference)], snapshot: &Snapshot, notes: &mut Notes) {
        let patterns: Vec<Pattern<'_>> = declared
            .iter()
            .flat_map(|(group, reference)| {
                let globs = group.computers.iter().flatten().filter(|name| name.value.has_wildcard());
                globs.map(|glob| Pattern { glob, group, reference })
            })
            .collect();
        if patterns.is_empty() {
            return;
        }
        let mut contested: BTreeMap<Vec<Origin>, Contest<'_>> = BTreeMap::new();
        let mut skipped: BTreeMap<(Origin, &str), usize> = BTreeMap::new();
        let mut matched: BTreeSet<Origin> = BTreeSet::new();
        for computer in snapshot.computers.values() {
            let folded: Vec<char> = fold(&computer.name).chars().collect();
            let mut matching: Vec<&Pattern<'_>> =
                patterns.iter().filter(|pattern| pattern.matches(&folded, &mut matched)).collect();
            if self.by_computer.contains_key(&computer.target_id) {
                continue;
            }
            // The first pattern of each group counts.
            matching.dedup_by_key(|pattern| pattern.reference);
            match matching.as_slice() {
                [] => {}
                [pattern, ..] if computer.from_downstream => {
                    *skipped.entry((pattern.glob.origin, pattern.group.name.as_str())).or_default() += 1;
                }
                [pattern] => self.add(computer.target_id, pattern.reference, pattern.glob.origin),
                several => {
                    let origins = several.iter().map(|pattern| pattern.glob.origin).collect();
                    let contest = contested.entry(origins).or_default();
                    contest.patterns = several.iter().map(|pattern| (pattern.group, pattern.glob)).collect();
                    contest.computers.push(&computer.name);
                }
            }
        }
        note_idle(&patterns, &matched, notes);
        for contest in contested.into_values() {
            notes.error(contest.into_error());
        }
        for ((origin, group), computers) in skipped {
            let message =
                format!("computers that the pattern matches and a downstream server reports: {computers}, skipped");
            notes.warn(Address::Group(group.to_owned()), "note", message, origin);
        }
    }

    fn add(&mut self, target_id: i32, group: &GroupReference, origin: Origin) {
        let empty = || ResolvedMembership { groups: BTreeSet::new(), origin };
        let membership = self.by_computer.entry(target_id).or_insert_with(empty);
        membership.origin = membership.origin.min(origin);
        membership.groups.insert(group.clone());
    }
}

/// A pattern of a group.
struct Pattern<'a> {
    glob: &'a Declared<Glob>,
    group: &'a DesiredGroup,
    reference: &'a GroupReference,
}

impl Pattern<'_> {
    /// Notes which patterns, those of `except` included, this name has met.
    fn matches(&self, folded: &[char], matched: &mut BTreeSet<Origin>) -> bool {
        if !self.glob.value.matches_folded(folded) {
            return false;
        }
        matched.insert(self.glob.origin);
        let excepted = self.group.except.iter().filter(|except| except.value.matches_folded(folded));
        let excepted: Vec<Origin> = excepted.map(|except| except.origin).collect();
        matched.extend(&excepted);
        excepted.is_empty()
    }
}

/// Patterns that mean no computer at all.
fn note_idle(patterns: &[Pattern<'_>], matched: &BTreeSet<Origin>, notes: &mut Notes) {
    let mut groups = BTreeSet::new();
    for Pattern { glob, group, .. } in patterns {
        if !matched.contains(&glob.origin) {
            let pattern = glob.value.as_str();
            if group.require_computers {
                notes.error(
                    Diagnostic::error("unknown-computer", "A required pattern that no computer matches")
                        .detail(format!("`{}` requires its computers, and `{pattern}` matches none", group.name))
                        .at(glob.origin, "matches nothing"),
                );
            } else {
                let message = format!("`{pattern}` matches no computer of the server");
                notes.warn(Address::Group(group.name.clone()), "matchesNothing", message, glob.origin);
            }
        }
        if !groups.insert(group.origin) {
            continue;
        }
        for except in group.except.iter().filter(|except| !matched.contains(&except.origin)) {
            let message =
                format!("`except`: `{}` matches no computer that the group's patterns match", except.value.as_str());
            notes.warn(Address::Group(group.name.clone()), "matchesNothing", message, except.origin);
        }
    }
}

/// Computers that patterns of the same several groups match.
#[derive(Default)]
struct Contest<'a> {
    patterns: Vec<(&'a DesiredGroup, &'a Declared<Glob>)>,
    computers: Vec<&'a str>,
}

impl Contest<'_> {
    fn into_error(mut self) -> Diagnostic {
        self.computers.sort_unstable();
        let mut named =
            self.computers.iter().take(NAMED_MAX).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if self.computers.len() > NAMED_MAX {
            named = format!("{named} and {} more", self.computers.len() - NAMED_MAX);
        }
        let groups: Vec<String> = self.patterns.iter().map(|(group, _)| format!("`{}`", group.name)).collect();
        let mut error = Diagnostic::error("contested-computer", "Patterns of several groups match the same computer")
            .detail(format!("{named}: matched by patterns of {}, and named by none.", groups.join(" and ")))
            .help("add `except` to all but one of the groups, or name the computer in the group it belongs to");
        let mut patterns = self.patterns.iter();
        if let Some((group, glob)) = patterns.next() {
            error = error.at(glob.origin, format!("pattern of `{}`", group.name));
        }
        for (group, glob) in patterns {
            error = error.and(glob.origin, format!("pattern of `{}`", group.name));
        }
        error
    }
}

impl Respelled<'_> {
    /// A list in capitals is one thing to say, however long it is.
    fn note(&self, notes: &mut Notes) {
        let Some((first, live)) = self.names.first() else { return };
        let (address, message) = match self.names.len() {
            1 => (Address::Membership((*live).to_owned()), format!("written `{}` here", first.value.as_str())),
            number => {
                let (written, group) = (first.value.as_str(), self.group.to_owned());
                let message =
                    format!("{number} of its computers are spelled otherwise on the server, `{written}` as `{live}`");
                (Address::Group(group), message)
            }
        };
        notes.warn(address, "note", format!("{message}; names compare without regard to case"), first.origin);
    }
}

fn downstream_computer(computer: &Computer, origin: Origin) -> Diagnostic {
    Diagnostic::error("downstream-computer", "A downstream server reports this computer")
        .detail(format!(
            "`{}` is read-only here: its groups are those of the downstream server that it reports to.",
            computer.name
        ))
        .at(origin, "reported by a downstream server")
        .help("declare the computer for that downstream server, and remove it here")
}
