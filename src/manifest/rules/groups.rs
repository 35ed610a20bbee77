//! Rules about computer groups.

use std::collections::BTreeMap;

use super::super::document::Group;
use super::super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::name::{GROUP_NAME_LENGTH_MAX, fold, may_stand_in_group_name};
use crate::model::origin::{Declared, Origin};

/// The groups that every server has, as a manifest writes them.
pub(super) const BUILT_IN: [&str; 2] = ["All Computers", "Unassigned Computers"];

/// Calls a function with every group, parents before their children.
pub(super) fn each<'d>(groups: &'d [Group], visit: &mut impl FnMut(&'d Group)) {
    for group in groups {
        visit(group);
        each(&group.groups, visit);
    }
}

/// Group names are unique on a server, wherever the groups stand.
pub(super) fn unique(groups: &[Group], problems: &mut Problems) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    each(groups, &mut |group| {
        let Some(first) = seen.get(&fold(&group.name.value)) else {
            seen.insert(fold(&group.name.value), group.name.origin);
            return;
        };
        problems.push(
            Diagnostic::error("duplicate-group", "a computer group is declared twice")
                .detail(format!(
                    "`{}`: names are unique on a server, whatever their case and the group above",
                    group.name.value
                ))
                .at(group.name.origin, "again here")
                .and(*first, "first here")
                .help("remove one of them, or give it another name"),
        );
    });
}

/// The built-in groups cannot be declared.
pub(super) fn not_built_in(groups: &[Group], problems: &mut Problems) {
    each(groups, &mut |group| {
        if BUILT_IN.iter().any(|name| fold(name) == fold(&group.name.value)) {
            problems.push(
                Diagnostic::error("built-in-group", "a built-in group is declared")
                    .detail(format!("every server has `{}`, and nothing about it can be declared", group.name.value))
                    .at(group.name.origin, "")
                    .help("remove the entry; groups directly under `groups` are under All Computers"),
            );
        }
    });
}

/// Names that WSUS would refuse for a new group. A warning: the group may exist with that name.
pub(super) fn creatable(groups: &[Group], problems: &mut Problems) {
    each(groups, &mut |group| {
        forbidden_characters(&group.name, problems);
        length(&group.name, problems);
    });
}

fn forbidden_characters(name: &Declared<String>, problems: &mut Problems) {
    let mut found: Vec<char> = name.value.chars().filter(|c| !may_stand_in_group_name(*c)).collect();
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return;
    }
    let found: Vec<String> = found
        .iter()
        .map(|c| format!("`{}`", if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() }))
        .collect();
    problems.push(
        Diagnostic::warning("group-name-characters", "a group name that WSUS refuses for new groups")
            .detail(format!("it contains {}; this is an error if the group has to be created", found.join(" ")))
            .at(name.origin, ""),
    );
}

fn length(name: &Declared<String>, problems: &mut Problems) {
    let length = name.value.encode_utf16().count();
    if length > GROUP_NAME_LENGTH_MAX {
        problems.push(
            Diagnostic::warning("group-name-length", "a group name that is too long for new groups")
                .detail(format!(
                    "it has {length} characters (UTF-16) and WSUS takes {GROUP_NAME_LENGTH_MAX}; this is an error if the group has to be created"
                ))
                .at(name.origin, ""),
        );
    }
}
