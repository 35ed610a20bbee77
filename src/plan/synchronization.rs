//! What is synchronised and when: three changes at most, saved in one call, since the procedure replaces all three.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::change::Members;
use super::context::Context;
use super::draft::Draft;
use super::settings::{Settings, change, notice};
use super::step::Operation;
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::category::Categories;
use crate::model::name::fold;
use crate::model::object::ObjectState;
use crate::model::origin::{Declared, Origin};
use crate::model::procedure::Procedure;
use crate::model::resolved::ResolvedSynchronization;
use crate::model::synchronization::{
    CLASSIFICATIONS, LiveSynchronization, PRODUCTS, Parts, SCHEDULE, Schedule, Subscription, products_meant,
    products_to_hold,
};

/// The paths of what is declared.
pub(super) fn paths(declared: &ResolvedSynchronization) -> impl Iterator<Item = &'static str> {
    let ResolvedSynchronization { schedule, products, classifications } = declared;
    let paths = [
        schedule.as_ref().map(|_| SCHEDULE),
        products.as_ref().map(|_| PRODUCTS),
        classifications.as_ref().map(|_| CLASSIFICATIONS),
    ];
    paths.into_iter().flatten()
}

/// What is declared and not so.
pub(super) fn declared(context: &Context<'_>) -> Settings {
    let mut found = Settings::default();
    let Some(declared) = &context.resolved.synchronization else { return found };
    let Some(live) = &context.snapshot.synchronization else { return found };
    let categories = &context.snapshot.categories;
    // Where nothing can be saved, the procedure's own notice says why.
    let all = Parts { schedule: true, products: true, classifications: true };
    let saved = if context.can_call(Procedure::SetSubscription) { live.saved } else { all };
    if let Some(schedule) = &declared.schedule {
        schedule_change(schedule, live, &saved, &mut found);
    }
    if let Some(products) = &declared.products {
        let is = products_meant(&live.products, categories);
        if is != products.value {
            let held = products_to_hold(&live.products, &products.value, categories);
            let wanted = Subscription { products: Some(held), ..Subscription::default() };
            let set = Set { path: PRODUCTS, is, saved: saved.products, parameter: "@CategoryIDListXml" };
            set_change(set, products, wanted, live, categories, &mut found);
        }
    }
    if let Some(classifications) = &declared.classifications {
        let is = live.classifications.clone();
        if is != classifications.value {
            let held = Some(classifications.value.clone());
            let wanted = Subscription { classifications: held, ..Subscription::default() };
            let (saved, parameter) = (saved.classifications, "@UpdateClassificationIDListXml");
            let set = Set { path: CLASSIFICATIONS, is, saved, parameter };
            set_change(set, classifications, wanted, live, categories, &mut found);
        }
    }
    found.unsupported.retain(|notice| !context.ignores(&notice.address));
    found
}

fn schedule_change(declared: &Declared<Schedule>, live: &LiveSynchronization, saved: &Parts, found: &mut Settings) {
    let (address, origin) = (Address::Setting(SCHEDULE), declared.origin);
    let Some(is) = live.schedule else {
        let message = "spGetSubscription gives the schedule in a way that wsusctl does not know".to_owned();
        found.unsupported.push(notice(address, "settingMissing", message, origin));
        return;
    };
    if is == declared.value {
        return;
    }
    if !saved.schedule {
        found.unsupported.push(not_saved(address, "all of the schedule", origin));
        return;
    }
    let wanted = Subscription { schedule: Some(declared.value), ..Subscription::default() };
    let change = change(address, is.attribute(), declared.value.attribute(), origin);
    found.drafts.push(draft(change, wanted, live));
}

/// A set that differs.
struct Set {
    path: &'static str,
    is: BTreeSet<Uuid>,
    /// Whether the live procedure takes it.
    saved: bool,
    parameter: &'static str,
}

fn set_change(
    set: Set,
    declared: &Declared<BTreeSet<Uuid>>,
    wanted: Subscription,
    live: &LiveSynchronization,
    categories: &Categories,
    found: &mut Settings,
) {
    let Set { path, is, saved, parameter } = set;
    let address = Address::Setting(path);
    if !saved {
        found.unsupported.push(not_saved(address, parameter, declared.origin));
        return;
    }
    let labels = Labels::new(categories, is.union(&declared.value));
    let (before, after) = (labels.of(&is), labels.of(&declared.value));
    let list = |labels: &BTreeSet<String>| Attribute::List(labels.iter().map(Attribute::text).collect());
    let mut change = change(address, list(&before), list(&after), declared.origin);
    let difference = |of: &BTreeSet<String>, without: &BTreeSet<String>| of.difference(without).cloned().collect();
    change.members = Some(Members { added: difference(&after, &before), removed: difference(&before, &after) });
    found.drafts.push(draft(change, wanted, live));
}

fn not_saved(address: Address, what: &str, origin: Origin) -> crate::model::resolved::Notice {
    notice(address, "settingNotSaved", format!("spSetSubscription has no parameter for {what} on this server"), origin)
}

fn draft(change: super::change::Change, wanted: Subscription, live: &LiveSynchronization) -> Draft {
    let before = ObjectState::Synchronization(live.parts(wanted.parts()));
    Draft::of_one_step(change, Operation::SaveSynchronization(wanted), before)
}

/// Titles of categories, with the id where another one is called the same.
struct Labels(BTreeMap<Uuid, String>);

impl Labels {
    fn new<'a>(categories: &Categories, shown: impl Iterator<Item = &'a Uuid>) -> Self {
        let mut bearers: BTreeMap<String, usize> = BTreeMap::new();
        for category in categories.0.values() {
            *bearers.entry(fold(&category.title)).or_default() += 1;
        }
        let label = |id: &Uuid| match categories.0.get(id) {
            Some(category) if bearers.get(&fold(&category.title)) == Some(&1) => category.title.clone(),
            Some(category) => format!("{} ({id})", category.title),
            None => id.to_string(),
        };
        Self(shown.map(|id| (*id, label(id))).collect())
    }

    fn of(&self, ids: &BTreeSet<Uuid>) -> BTreeSet<String> {
        ids.iter().filter_map(|id| self.0.get(id)).cloned().collect()
    }
}
