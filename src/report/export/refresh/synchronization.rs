//! What is synchronised and when.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::sets::{self, Meant};
use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::category::{Categories, Category, CategoryKind, CategoryReference};
use crate::model::origin::Declared;
use crate::model::revision::Place;
use crate::model::synchronization::{CLASSIFICATIONS, PRODUCTS, SCHEDULE, products_meant};
use crate::report::export::categories::{Item, Titles, by_title};
use crate::report::export::synchronization::schedule;

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    let declared = &compared.desired.synchronization;
    let Some(live) = &compared.snapshot.synchronization else { return };
    let categories = &compared.snapshot.categories;
    let titles = Titles::new(categories);
    let differs = |path: &'static str| compared.differing.contains_key(&Address::Setting(path));
    if differs(SCHEDULE) {
        match live.schedule.map(schedule) {
            Some(Ok(yaml)) => refresh.set(Address::Setting(SCHEDULE), Place::in_spec(SCHEDULE), yaml),
            Some(Err(_)) | None => {
                refresh.leave(Address::Setting(SCHEDULE), "no manifest can say the server's schedule")
            }
        }
    }
    if let Some(products) = declared.products.as_ref().filter(|_| differs(PRODUCTS)) {
        let items = meant(&products.value, CategoryKind::Product, categories);
        let has = products_meant(&live.products, categories);
        let name = |missing: &BTreeSet<Uuid>| name_products(missing, &live.products, categories, &titles);
        refresh.take(Address::Setting(PRODUCTS), sets::revise(&Place::in_spec(PRODUCTS), &items, &has, false, name));
    }
    if let Some(classifications) = declared.classifications.as_ref().filter(|_| differs(CLASSIFICATIONS)) {
        let items = meant(&classifications.value, CategoryKind::Classification, categories);
        let name = |missing: &BTreeSet<Uuid>| named(missing, CategoryKind::Classification, &titles);
        refresh.take(
            Address::Setting(CLASSIFICATIONS),
            sets::revise(&Place::in_spec(CLASSIFICATIONS), &items, &live.classifications, false, name),
        );
    }
}

fn meant(items: &[Declared<CategoryReference>], kind: CategoryKind, categories: &Categories) -> Vec<Meant<Uuid>> {
    let item = |item: &Declared<CategoryReference>| Meant {
        meant: categories.matching(&item.value, kind),
        open: match &item.value {
            CategoryReference::Title(title) => title.has_wildcard(),
            CategoryReference::Id(_) => false,
            CategoryReference::Family(_) => true,
        },
    };
    items.iter().map(item).collect()
}

/// A family that the server has as such is named as such, where none of what it means is named already.
fn name_products(
    missing: &BTreeSet<Uuid>,
    live: &BTreeSet<Uuid>,
    categories: &Categories,
    titles: &Titles<'_>,
) -> Result<Vec<Item>, String> {
    let mut missing = missing.clone();
    let mut families = Vec::new();
    let known = live.iter().filter_map(|id| titles.get(*id));
    for family in known.filter(|category| category.kind == CategoryKind::ProductFamily) {
        let below = products_meant(&BTreeSet::from([family.id]), categories);
        if let Some(item) = titles.family(family).filter(|_| !below.is_empty() && below.is_subset(&missing)) {
            missing.retain(|id| !below.contains(id));
            families.push(item);
        }
    }
    let mut items = named(&missing, CategoryKind::Product, titles)?;
    items.extend(families);
    Ok(items)
}

fn named(ids: &BTreeSet<Uuid>, kind: CategoryKind, titles: &Titles<'_>) -> Result<Vec<Item>, String> {
    let mut found: Vec<&Category> = Vec::new();
    for id in ids {
        let category = titles.get(*id).filter(|category| category.kind == kind);
        found.push(category.ok_or_else(|| format!("the server's catalogue does not know {id} there"))?);
    }
    by_title(&mut found);
    Ok(found.into_iter().map(|category| titles.item(category)).collect())
}
