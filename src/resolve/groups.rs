//! Declared groups and the groups that approvals name.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::desired::{Desired, DesiredGroup};
use crate::model::name::{FORBIDDEN_IN_GROUP_NAMES, GROUP_NAME_LENGTH_MAX, fold, may_stand_in_group_name, trim};
use crate::model::near::suggestion;
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, ResolvedGroup};
use crate::model::snapshot::{ALL_COMPUTERS, Snapshot, TargetGroup, UNASSIGNED_COMPUTERS};

use super::notes::Notes;

/// How manifests write the built-in groups, whose names on a server are in its language.
const BUILT_IN: [(&str, Uuid); 2] = [("All Computers", ALL_COMPUTERS), ("Unassigned Computers", UNASSIGNED_COMPUTERS)];

/// The groups that a manifest can mean.
pub(super) struct Groups<'a> {
    live: BTreeMap<String, Vec<&'a TargetGroup>>,
    by_name: BTreeMap<String, usize>,
    /// The declared groups in the manifest's order.
    pub(super) declared: Vec<ResolvedGroup>,
    /// Groups that approvals name without `groups` declaring them.
    pub(super) referenced: BTreeSet<Uuid>,
    spelling_noted: BTreeSet<String>,
}

impl<'a> Groups<'a> {
    /// Looks up the declared groups.
    pub(super) fn declare(desired: &Desired, snapshot: &'a Snapshot, notes: &mut Notes) -> Self {
        let mut live: BTreeMap<String, Vec<&TargetGroup>> = BTreeMap::new();
        for group in snapshot.groups.values() {
            live.entry(fold(&group.name)).or_default().push(group);
        }
        let mut groups = Self {
            live,
            by_name: BTreeMap::new(),
            declared: Vec::with_capacity(desired.groups.len()),
            referenced: BTreeSet::new(),
            spelling_noted: BTreeSet::new(),
        };
        for group in &desired.groups {
            let parent = group.parent.and_then(|index| groups.declared.get(index));
            let parent = parent.map_or(GroupReference::Existing(ALL_COMPUTERS), |parent| parent.group.clone());
            let reference = groups.declare_one(group, snapshot.server.replica, notes);
            groups.by_name.insert(fold(&group.name), groups.declared.len());
            let (name, origin) = (group.name.clone(), group.origin);
            groups.declared.push(ResolvedGroup { name, group: reference, parent, origin });
        }
        groups
    }

    fn declare_one(&mut self, group: &DesiredGroup, replica: bool, notes: &mut Notes) -> GroupReference {
        let planned = GroupReference::Planned(group.name.clone());
        match self.live.get(&fold(&group.name)).map_or(&[][..], Vec::as_slice) {
            [] => {
                if replica {
                    let error = self.unknown(
                        &group.name,
                        group.origin,
                        "create the group on the parent server, or remove it here",
                        notes,
                    );
                    notes.error(error.detail(format!(
                        "This server is a replica: its groups come from its parent, and `{}` is not among them.",
                        group.name
                    )));
                } else {
                    check_name(group, notes);
                }
                planned
            }
            [live] if live.builtin => {
                notes.error(built_in_name(live, group.origin));
                planned
            }
            [live] => {
                let live = *live;
                self.note_spelling(&group.name, live, group.origin, notes);
                GroupReference::Existing(live.id)
            }
            several => {
                notes.error(ambiguous(&group.name, several, group.origin));
                planned
            }
        }
    }

    /// The group that an approval means.
    pub(super) fn reference(&mut self, name: &str, origin: Origin, notes: &mut Notes) -> Option<GroupReference> {
        let folded = fold(name);
        if let Some((_, id)) = BUILT_IN.iter().find(|(known, _)| fold(known) == folded) {
            return Some(GroupReference::Existing(*id));
        }
        if let Some(index) = self.by_name.get(&folded) {
            return Some(self.declared[*index].group.clone());
        }
        match self.live.get(&folded).map_or(&[][..], Vec::as_slice) {
            [] => {
                let error = self.unknown(
                    name,
                    origin,
                    "declare the group under `groups`, or write the name of one that exists",
                    notes,
                );
                notes.error(error.detail(format!(
                    "No group is called `{name}`: the manifest does not declare one and the server has none."
                )));
                None
            }
            [live] if live.builtin => {
                notes.error(built_in_name(live, origin));
                None
            }
            [live] => {
                let live = *live;
                self.note_spelling(name, live, origin, notes);
                self.referenced.insert(live.id);
                Some(GroupReference::Existing(live.id))
            }
            several => {
                notes.error(ambiguous(name, several, origin));
                None
            }
        }
    }

    /// Whether a group of this name exists or is declared.
    pub(super) fn is_known(&self, name: &str) -> bool {
        let folded = fold(name);
        self.by_name.contains_key(&folded)
            || self.live.contains_key(&folded)
            || BUILT_IN.iter().any(|(known, _)| fold(known) == folded)
    }

    /// The declared groups that have a `computers` key.
    pub(super) fn with_computers(&self, desired: &Desired) -> BTreeSet<GroupReference> {
        let declared = desired.groups.iter().zip(&self.declared);
        declared.filter(|(group, _)| group.computers.is_some()).map(|(_, resolved)| resolved.group.clone()).collect()
    }

    fn note_spelling(&mut self, name: &str, live: &TargetGroup, origin: Origin, notes: &mut Notes) {
        if trim(name) == trim(&live.name) || !self.spelling_noted.insert(fold(name)) {
            return;
        }
        let message = format!("the server spells it `{}`; names compare without regard to case", live.name);
        notes.warn(Address::Group(name.to_owned()), "note", message, origin);
    }

    fn unknown(&self, name: &str, origin: Origin, otherwise: &str, notes: &mut Notes) -> Diagnostic {
        let declared = self.declared.iter().map(|group| group.name.as_str());
        let live = self.live.values().flatten().filter(|group| !group.builtin).map(|group| group.name.as_str());
        let built_in = BUILT_IN.iter().map(|(known, _)| *known);
        let known = declared.chain(live).chain(built_in);
        let near = match last_of_path(name).filter(|last| known.clone().any(|known| fold(known) == fold(last))) {
            Some(last) => Some(format!("groups are called by their own name, without those above: write `{last}`")),
            None if notes.may_compare(self.declared.len() + self.live.len()) => {
                suggestion(last_of_path(name).unwrap_or(name), known)
            }
            None => None,
        };
        let error = Diagnostic::error("unknown-group", "Unknown computer group").at(origin, "no such group");
        error.help(near.as_deref().unwrap_or(otherwise))
    }
}

/// What a path of groups ends in; none for a name alone.
fn last_of_path(name: &str) -> Option<&str> {
    let (_, last) = name.rsplit_once(['/', '\\', '>'])?;
    Some(last.trim()).filter(|last| !last.is_empty())
}

fn check_name(group: &DesiredGroup, notes: &mut Notes) {
    let forbidden: BTreeSet<char> = group.name.chars().filter(|c| !may_stand_in_group_name(*c)).collect();
    if !forbidden.is_empty() {
        let forbidden: Vec<String> = forbidden.iter().map(char::to_string).collect();
        notes.error(
            Diagnostic::error("forbidden-group-name", "A group cannot be created with this name")
                .detail(format!(
                    "`{}` does not exist and would have to be created, but WSUS forbids {} in names of groups.",
                    group.name,
                    forbidden.join(" ")
                ))
                .at(group.origin, "forbidden characters")
                .help(format!("choose a name without any of {FORBIDDEN_IN_GROUP_NAMES}")),
        );
    }
    let length = group.name.encode_utf16().count();
    if length > GROUP_NAME_LENGTH_MAX {
        notes.error(
            Diagnostic::error("long-group-name", "A group cannot be created with this name")
                .detail(format!("The name has {length} UTF-16 code units; WSUS allows {GROUP_NAME_LENGTH_MAX}."))
                .at(group.origin, "too long"),
        );
    }
}

fn built_in_name(live: &TargetGroup, origin: Origin) -> Diagnostic {
    let error = Diagnostic::error("built-in-group", "A built-in group is not called by its name on the server")
        .detail(format!(
            "`{}` is a built-in group of this server. Its name there depends on the server's language.",
            live.name
        ))
        .at(origin, "a built-in group");
    match BUILT_IN.iter().find(|(_, id)| *id == live.id) {
        Some((name, _)) => {
            error.help(format!("under `approvals`, write `{name}`; under `groups` it cannot be declared"))
        }
        None => error.help("it can be neither declared nor approved for"),
    }
}

fn ambiguous(name: &str, several: &[&TargetGroup], origin: Origin) -> Diagnostic {
    let mut error = Diagnostic::error("ambiguous-group", "Several groups have this name")
        .detail(format!("{} groups on the server are called `{name}`.", several.len()))
        .at(origin, "means several groups");
    for group in several {
        error = error.help(format!("{} `{}`", group.id, group.name));
    }
    error.help("give them different names in the WSUS console, which identifies them")
}
