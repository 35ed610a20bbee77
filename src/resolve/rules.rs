//! Declared automatic approval rules: which rule on the server each one is, and what it refers to.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::category::{CategoryKind, CategoryReference};
use crate::model::desired::{Desired, DesiredRule};
use crate::model::name::{fold, trim};
use crate::model::origin::Declared;
use crate::model::resolved::{GroupReference, ResolvedRule};
use crate::model::rule::{Rule, RuleChange, Rules};
use crate::model::snapshot::Snapshot;

use super::categories;
use super::groups::Groups;
use super::notes::Notes;

/// Looks up every declared rule. The groups that one names count as referenced.
pub(super) fn resolve(
    desired: &Desired,
    snapshot: &Snapshot,
    groups: &mut Groups<'_>,
    notes: &mut Notes,
) -> Vec<ResolvedRule> {
    // Where no rules were read, the planner says so.
    let none = Rules::default();
    let rules = snapshot.rules.as_ref().unwrap_or(&none);
    let mut live: BTreeMap<String, Vec<&Rule>> = BTreeMap::new();
    for rule in rules.all.values() {
        live.entry(fold(&rule.name)).or_default().push(rule);
    }
    let numbers: BTreeMap<Uuid, i32> = rules.categories.iter().map(|(number, id)| (*id, *number)).collect();
    let look_up = Categories { snapshot, numbers };
    desired
        .rules
        .iter()
        .map(|rule| {
            let same_name = live.get(&fold(&rule.name)).map_or(&[][..], Vec::as_slice);
            ResolvedRule {
                name: rule.name.clone(),
                id: number(rule, same_name, notes),
                wanted: RuleChange {
                    enabled: rule.enabled,
                    classifications: rule.classifications.as_ref().map(|named| look_up.classifications(named, notes)),
                    products: rule.products.as_ref().map(|named| look_up.products(named, notes)),
                    groups: rule.groups.as_ref().map(|named| look_up_groups(named, groups, notes)),
                    deadline: rule.deadline,
                },
                origin: rule.origin,
            }
        })
        .collect()
}

fn number(rule: &DesiredRule, same_name: &[&Rule], notes: &mut Notes) -> Option<i32> {
    match same_name {
        [] => None,
        [live] => {
            if trim(&rule.name) != trim(&live.name) {
                let message = format!("the server spells it `{}`; names compare without regard to case", live.name);
                notes.warn(Address::Rule(rule.name.clone()), "note", message, rule.origin);
            }
            Some(live.id)
        }
        several => {
            let numbers: Vec<String> = several.iter().map(|live| live.id.to_string()).collect();
            notes.error(
                Diagnostic::error("ambiguous-rule", "A name that several rules have")
                    .detail(format!(
                        "The server has {} rules called `{}`: numbers {}.",
                        several.len(),
                        rule.name,
                        numbers.join(", ")
                    ))
                    .at(rule.origin, "means several")
                    .help("rename or delete all but one of them in the console"),
            );
            None
        }
    }
}

fn look_up_groups(named: &[Declared<String>], groups: &mut Groups<'_>, notes: &mut Notes) -> BTreeSet<GroupReference> {
    named.iter().filter_map(|name| groups.reference(&name.value, name.origin, notes)).collect()
}

struct Categories<'a> {
    snapshot: &'a Snapshot,
    numbers: BTreeMap<Uuid, i32>,
}

impl Categories<'_> {
    fn classifications(&self, named: &[Declared<CategoryReference>], notes: &mut Notes) -> BTreeSet<i32> {
        let found = categories::look_up(named, CategoryKind::Classification, &self.snapshot.categories, notes);
        self.numbered(found)
    }

    /// Products, and families where one is named: a rule keeps the family itself, which means what is below it.
    fn products(&self, named: &[Declared<CategoryReference>], notes: &mut Notes) -> BTreeSet<i32> {
        let mut found = BTreeSet::new();
        for Declared { value, origin } in named {
            let (reference, kind) = match value {
                CategoryReference::Family(title) => {
                    (CategoryReference::Title(title.clone()), CategoryKind::ProductFamily)
                }
                CategoryReference::Id(id) => (value.clone(), self.kind_of(*id)),
                CategoryReference::Title(_) => (value.clone(), CategoryKind::Product),
            };
            let reference = [Declared { value: reference, origin: *origin }];
            found.extend(categories::look_up(&reference, kind, &self.snapshot.categories, notes));
        }
        self.numbered(found)
    }

    /// The kind that an id among products is looked up as: whatever a rule may keep there.
    fn kind_of(&self, id: Uuid) -> CategoryKind {
        match self.snapshot.categories.0.get(&id).map(|category| category.kind) {
            Some(kind @ (CategoryKind::ProductFamily | CategoryKind::Company)) => kind,
            _ => CategoryKind::Product,
        }
    }

    fn numbered(&self, ids: BTreeSet<Uuid>) -> BTreeSet<i32> {
        ids.into_iter().filter_map(|id| self.numbers.get(&id).copied()).collect()
    }
}
