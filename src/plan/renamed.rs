//! Groups that a manifest may have renamed. WSUS cannot rename a group, so a new name is a new group, and the approvals stay
//! with the old one: a plan that creates it says so.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::context::Context;
use super::groups::{declarable, is_declared};
use crate::model::address::Address;
use crate::model::resolved::{GroupReference, Notice};
use crate::model::snapshot::TargetGroup;

/// A note for each group to be created that an undeclared one looks like: most of what it will have is there.
pub(super) fn notes(context: &Context<'_>) -> Vec<Notice> {
    let created: BTreeSet<&GroupReference> =
        context.resolved.groups.iter().map(|group| &group.group).filter(|group| is_planned(group)).collect();
    let mut old: Vec<(&TargetGroup, BTreeSet<i32>)> = declarable(context)
        .filter(|group| !created.is_empty() && !is_declared(context, group))
        .filter(|group| !context.ignores(&Address::Group(group.name.clone())))
        .map(|group| (group, BTreeSet::new()))
        .collect();
    if old.is_empty() {
        return Vec::new();
    }
    let places: BTreeMap<Uuid, usize> = old.iter().enumerate().map(|(at, (group, _))| (group.id, at)).collect();
    for (group, computer) in &context.snapshot.memberships {
        if let Some(place) = places.get(group) {
            old[*place].1.insert(*computer);
        }
    }
    let declared = context.resolved.groups.iter().filter(|group| created.contains(&group.group));
    let notes = declared.filter_map(|group| {
        let (old, common) = by_computers(context, &group.group, &old).or_else(|| by_groups(context, &group.group, &old))?;
        Some(Notice {
            address: Address::Group(group.name.clone()),
            code: "renamedGroup",
            message: format!(
                "the undeclared group `{}` has {common}: if this is its new name, WSUS cannot rename it, and its approvals \
                 stay with the old one",
                old.name
            ),
            origin: Some(group.origin),
        })
    });
    notes.collect()
}

fn is_planned(group: &GroupReference) -> bool {
    matches!(group, GroupReference::Planned(_))
}

type Old<'a> = (&'a TargetGroup, BTreeSet<i32>);

/// The one that has no other computers than the new group will have, and at least half of them.
fn by_computers<'a>(
    context: &Context<'a>,
    created: &GroupReference,
    old: &[Old<'a>],
) -> Option<(&'a TargetGroup, String)> {
    let members = context.resolved.memberships.iter().filter(|(_, membership)| membership.groups.contains(created));
    let wanted: BTreeSet<i32> = members.map(|(computer, _)| *computer).collect();
    let alike = |(_, has): &&Old<'_>| !has.is_empty() && has.is_subset(&wanted) && 2 * has.len() >= wanted.len();
    let (group, has) = old.iter().filter(alike).max_by_key(|(group, has)| (has.len(), group.id))?;
    let common = match (has.len(), wanted.len()) {
        (1, 1) => "its one computer".to_owned(),
        (has, wanted) if has == wanted => format!("the same {has} computers"),
        (has, wanted) => format!("{has} of its {wanted} computers and no others"),
    };
    Some((group, common))
}

/// The one below which groups stand that are declared below the new one.
fn by_groups<'a>(
    context: &Context<'a>,
    created: &GroupReference,
    old: &[Old<'a>],
) -> Option<(&'a TargetGroup, String)> {
    let below = context.resolved.groups.iter().filter(|group| group.parent == *created);
    let mut parents = below.filter_map(|group| {
        let GroupReference::Existing(id) = group.group else { return None };
        Some((context.snapshot.groups.get(&id)?.parent?, &group.name))
    });
    parents.find_map(|(parent, below)| {
        let (group, _) = old.iter().find(|(group, _)| group.id == parent)?;
        Some((*group, format!("the group `{below}`, which is declared below this one")))
    })
}
