//! Memberships: a computer's exact name moves to the declared groups that it is in.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::desired::DesiredGroup;
use crate::model::glob::Glob;
use crate::model::name::{fold, trim};
use crate::model::origin::Declared;
use crate::model::resolved::{GroupReference, ResolvedGroup};
use crate::model::revision::{Edit, Place};
use crate::report::yaml::scalar;

type Declaration<'a> = (&'a DesiredGroup, &'a ResolvedGroup);

/// What a name means: the computers that have it, all of them in the same groups; else the address of one of them.
type Named<'a> = Result<(Address, &'a str, &'a BTreeSet<Uuid>), Address>;

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    let declared: Vec<Declaration<'_>> = compared.desired.groups.iter().zip(&compared.resolved.groups).collect();
    let mut live: BTreeMap<i32, BTreeSet<Uuid>> = BTreeMap::new();
    for (group, computer) in &compared.snapshot.memberships {
        live.entry(*computer).or_default().insert(*group);
    }
    let none = BTreeSet::new();
    // A name may mean several computers: it is right where all of them are in the same groups.
    let mut seen: BTreeMap<String, Named<'_>> = BTreeMap::new();
    for target in compared.resolved.memberships.keys() {
        let Some(computer) = compared.snapshot.computers.get(target) else { continue };
        let address = Address::Membership(computer.name.clone());
        if !compared.differing.contains_key(&address) {
            continue;
        }
        let groups = live.get(target).unwrap_or(&none);
        seen.entry(fold(&computer.name))
            .and_modify(|known| {
                if !matches!(known, Ok((_, _, same)) if *same == groups) {
                    *known = Err(address.clone());
                }
            })
            .or_insert_with(|| Ok((address.clone(), trim(&computer.name), groups)));
    }
    for found in seen.into_values() {
        match found {
            Ok((address, name, groups)) => refresh.take(address, moved(name, groups, &declared)),
            Err(address) => refresh.leave(address, "several computers have this name and are in different groups"),
        }
    }
}

/// What has to change for one name to stand in exactly the declared groups that are among some.
fn moved(name: &str, live: &BTreeSet<Uuid>, declared: &[Declaration<'_>]) -> Result<Vec<Edit>, String> {
    let mut edits = Vec::new();
    let mut named = false;
    for (group, resolved) in declared {
        let belongs = matches!(&resolved.group, GroupReference::Existing(id) if live.contains(id));
        let computers = group.computers.as_deref().unwrap_or_default();
        let position = computers.iter().position(|computer| is_name(computer, name));
        let list = Place::at(group.origin).up().key("computers");
        match (belongs, position) {
            (true, Some(_)) => named = true,
            (false, Some(index)) => edits.push(Edit::Removal { place: list.item(index) }),
            (true, None) => {
                if group.computers.is_none() {
                    return Err(format!("it is in `{}`, which has no `computers` here", group.name));
                }
                if group.except.iter().any(|computer| is_name(computer, name)) {
                    return Err(format!("it is in `{}`, which names it under `except`", group.name));
                }
                let yaml = scalar(name).into_owned();
                edits.push(Edit::Item { place: list, yaml, remark: String::new() });
                named = true;
            }
            (false, None) => {}
        }
    }
    let matched = declared.iter().find(|(group, _)| {
        group.computers.iter().flatten().any(|computer| computer.value.has_wildcard() && computer.value.matches(name))
    });
    match matched {
        Some((group, _)) if !named => Err(format!("a pattern of `{}` matches it", group.name)),
        _ => Ok(edits),
    }
}

fn is_name(computer: &Declared<Glob>, name: &str) -> bool {
    !computer.value.has_wildcard() && computer.value.matches(name)
}
