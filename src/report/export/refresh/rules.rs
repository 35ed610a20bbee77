//! Automatic approval rules: what each declared key says.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::sets::{self, Meant};
use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::category::{CategoryKind, CategoryReference};
use crate::model::desired::DesiredRule;
use crate::model::name::fold;
use crate::model::origin::Declared;
use crate::model::revision::{Edit, Place};
use crate::model::rule::Rule;
use crate::report::export::categories::{Item, Titles, by_title};
use crate::report::export::rules::{RuleWords, approves_for_nobody, chooses_nothing, deadline};
use crate::report::yaml::scalar;

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    let Some(rules) = &compared.snapshot.rules else { return };
    let words = RuleWords { rules, titles: Titles::new(&compared.snapshot.categories), groups: &compared.groups };
    let numbers: BTreeMap<Uuid, i32> = rules.categories.iter().map(|(number, id)| (*id, *number)).collect();
    let declared = compared.desired.rules.iter().zip(&compared.resolved.rules).enumerate();
    for (index, (rule, resolved)) in declared {
        let address = Address::Rule(rule.name.clone());
        let Some(live) = resolved.id.and_then(|id| rules.all.get(&id)) else { continue };
        if !compared.differing.contains_key(&address) {
            continue;
        }
        let place = Place::in_spec("approvalRules").item(index);
        OneRule { compared, words: &words, numbers: &numbers, rule, live, place, address }.revise(refresh);
    }
}

struct OneRule<'a> {
    compared: &'a Compared<'a>,
    words: &'a RuleWords<'a>,
    numbers: &'a BTreeMap<Uuid, i32>,
    rule: &'a DesiredRule,
    live: &'a Rule,
    place: Place,
    address: Address,
}

impl OneRule<'_> {
    fn revise(self, refresh: &mut Refresh) {
        let Self { rule, live, .. } = &self;
        let key = |key: &str| self.place.clone().key(key);
        let take = |edits: Result<Vec<Edit>, String>, refresh: &mut Refresh| match edits {
            Ok(edits) if edits.is_empty() => {}
            edits => refresh.take(self.address.clone(), edits),
        };
        let idle = approves_for_nobody(live) && rule.groups.is_some();
        if idle {
            refresh.leave(self.address.clone(), "an enabled rule without any group cannot be declared");
        } else if rule.enabled.is_some_and(|enabled| enabled != live.enabled) {
            refresh.set(self.address.clone(), key("enabled"), live.enabled.to_string());
        }
        if chooses_nothing(live) && (rule.classifications.is_some() || rule.products.is_some()) {
            refresh.leave(
                self.address.clone(),
                "an enabled rule without any classification and product cannot be declared",
            );
        } else {
            if let Some(classifications) = &rule.classifications {
                let items = self.meant(classifications, &[CategoryKind::Classification]);
                let name = |missing: &BTreeSet<i32>| self.named(missing, &[CategoryKind::Classification]);
                take(sets::revise(&key("classifications"), &items, &live.classifications, true, name), refresh);
            }
            if let Some(products) = &rule.products {
                const KINDS: [CategoryKind; 3] =
                    [CategoryKind::Product, CategoryKind::ProductFamily, CategoryKind::Company];
                let items = self.meant(products, &KINDS);
                let name = |missing: &BTreeSet<i32>| self.named(missing, &KINDS);
                take(sets::revise(&key("products"), &items, &live.products, true, name), refresh);
            }
        }
        if let Some(groups) = rule.groups.as_ref().filter(|_| !idle) {
            let items: Vec<Meant<Uuid>> = groups.iter().map(|group| self.group(&group.value)).collect();
            let name = |missing: &BTreeSet<Uuid>| self.group_names(missing);
            take(sets::revise(&key("groups"), &items, &live.groups, true, name), refresh);
        }
        if rule.deadline.is_some_and(|declared| declared != live.deadline) {
            match deadline(live.deadline) {
                Some(yaml) => refresh.set(self.address.clone(), key("deadline"), yaml),
                None => refresh.leave(self.address.clone(), "no manifest can say the deadline that the server has"),
            }
        }
    }

    /// A rule keeps a family itself, and an id means whatever it is the id of.
    fn meant(&self, items: &[Declared<CategoryReference>], kinds: &[CategoryKind]) -> Vec<Meant<i32>> {
        let categories = &self.compared.snapshot.categories;
        let item = |item: &Declared<CategoryReference>| {
            let (found, open) = match &item.value {
                CategoryReference::Family(title) => {
                    let title = CategoryReference::Title(title.clone());
                    (
                        categories.matching(&title, CategoryKind::ProductFamily),
                        matches!(&title, CategoryReference::Title(title) if title.has_wildcard()),
                    )
                }
                CategoryReference::Title(title) => (categories.matching(&item.value, kinds[0]), title.has_wildcard()),
                CategoryReference::Id(id) => (BTreeSet::from([*id]), false),
            };
            Meant { meant: found.iter().filter_map(|id| self.numbers.get(id).copied()).collect(), open }
        };
        items.iter().map(item).collect()
    }

    fn named(&self, numbers: &BTreeSet<i32>, kinds: &[CategoryKind]) -> Result<Vec<Item>, String> {
        let mut found = Vec::new();
        for number in numbers {
            let category = self.words.category(*number).filter(|category| kinds.contains(&category.kind));
            found
                .push(category.ok_or_else(|| format!("the server's catalogue does not know category {number} there"))?);
        }
        by_title(&mut found);
        let item = |category| match kinds {
            [CategoryKind::Classification] => self.words.titles.item(category),
            _ => self.words.product(category),
        };
        Ok(found.into_iter().map(item).collect())
    }

    /// The group that a name means; nothing that the server has where it has no such group.
    fn group(&self, name: &str) -> Meant<Uuid> {
        let groups = &self.compared.groups;
        let own = self.compared.snapshot.groups.keys().copied();
        let found = own.filter(|id| groups.place(*id).is_some_and(|(_, known)| fold(known) == fold(name))).collect();
        let meant: BTreeSet<Uuid> = found;
        // A name of nothing must not pass for true.
        let meant = if meant.is_empty() { BTreeSet::from([Uuid::nil()]) } else { meant };
        Meant { meant, open: false }
    }

    fn group_names(&self, groups: &BTreeSet<Uuid>) -> Result<Vec<Item>, String> {
        let mut named = Vec::new();
        for group in groups {
            let place = self.compared.groups.place(*group);
            named.push(place.ok_or_else(|| format!("a manifest cannot name the group {group}"))?);
        }
        named.sort_unstable();
        Ok(named.into_iter().map(|(_, name)| Item { yaml: scalar(name).into_owned(), remark: String::new() }).collect())
    }
}
