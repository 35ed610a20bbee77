//! What to say where reading back shows something else than was asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::StepError;
use super::target::{describe_cell, describe_state, describe_subscription, describe_target, name_of_column};
use crate::model::address::Address;
use crate::model::notifications::{is_held, notification};
use crate::model::object::ObjectState;
use crate::model::setting::{Cell, setting};
use crate::model::synchronization::{CLASSIFICATIONS, PRODUCTS, SCHEDULE, Subscription};
use crate::plan::Plan;
use crate::plan::step::{Operation, Step};

/// The error of a step whose object is not as asked. Of settings, which are saved together, it names those that are not, and
/// says which changes are done all the same.
pub(super) fn mismatch(
    plan: &Plan,
    step: &Step,
    before: &ObjectState,
    found: &ObjectState,
    unchanged: bool,
) -> StepError {
    if let (
        Operation::SaveSynchronization(wanted),
        ObjectState::Synchronization(before),
        ObjectState::Synchronization(now),
    ) = (&step.operation, before, found)
    {
        return synchronization_mismatch(plan, step, [before, wanted, now]);
    }
    if let (Operation::SaveNotifications(wanted), ObjectState::Notifications(before), ObjectState::Notifications(now)) =
        (&step.operation, before, found)
    {
        return notifications_mismatch(plan, step, [before, wanted, now]);
    }
    // Whatever the server did with the list, it took it for saved.
    let unchanged = unchanged && !matches!(step.operation, Operation::SetRecipients { .. });
    let (
        Operation::SaveSettings { cells, languages },
        ObjectState::Settings { cells: cells_before, languages: languages_before },
        ObjectState::Settings { cells: cells_now, languages: languages_now },
    ) = (&step.operation, before, found)
    else {
        let parts = [describe_target(&step.operation), describe_state(found), describe_state(before)];
        return StepError::Mismatch {
            difference: difference(parts),
            unchanged,
            done: BTreeSet::new(),
            lists: Vec::new(),
        };
    };
    let wrong_cells: BTreeSet<&String> = cells
        .iter()
        .filter(|(column, cell)| !cells_now.get(*column).is_some_and(|now| now.is(cell)))
        .map(|(column, _)| column)
        .collect();
    let wrong_languages: BTreeSet<&String> = languages
        .iter()
        .filter(|(name, enabled)| languages_now.get(*name) != Some(enabled))
        .map(|(name, _)| name)
        .collect();
    let mut differences = compare_cells(wrong_cells.iter().copied(), [cells, cells_now, cells_before]);
    differences.extend(wrong_languages.iter().map(|name| {
        let [asked, found, before] = [languages, languages_now, languages_before].map(|languages| {
            languages.get(*name).map_or("not known", |enabled| if *enabled { "enabled" } else { "disabled" })
        });
        compared(&format!("language {name}"), [asked, found, before])
    }));
    let is_done = |change: &usize| match &plan.changes[*change].address {
        Address::Setting(path) => match setting(path) {
            Some(setting) => !wrong_cells.contains(&setting.column.to_lowercase()),
            // The languages are the one setting without a column of its own.
            None => wrong_languages.is_empty() && !wrong_cells.contains(&"serversupportsalllanguages".to_owned()),
        },
        _ => false,
    };
    StepError::Mismatch {
        difference: differences.join("; "),
        // Whatever it did with these values, the server saved.
        unchanged: false,
        done: std::iter::once(&step.change).chain(&step.also).copied().filter(is_done).collect(),
        lists: Vec::new(),
    }
}

/// What is there instead of what was asked for, and what was there before.
fn difference([asked, found, before]: [String; 3]) -> String {
    format!("asked for {asked}, found {found}; before: {before}")
}

/// The same of one setting.
fn compared(name: &str, [asked, found, before]: [&str; 3]) -> String {
    format!("{name}: asked {asked}, found {found}, before {before}")
}

/// The same of several columns, each by the key that drives it. `rows` is what was asked for, what is there and what was.
fn compare_cells<'a>(columns: impl Iterator<Item = &'a String>, rows: [&BTreeMap<String, Cell>; 3]) -> Vec<String> {
    let one = |column: &String| {
        let values = rows.map(|row| row.get(column).map_or("not there".to_owned(), |cell| describe_cell(column, cell)));
        compared(name_of_column(column), values.each_ref().map(String::as_str))
    };
    columns.map(one).collect()
}

/// Of the row of mails, which is saved as a whole, it names those columns that are not as asked.
fn notifications_mismatch(plan: &Plan, step: &Step, states: [&BTreeMap<String, Cell>; 3]) -> StepError {
    let [before, wanted, now] = states;
    let is_wrong = |column: &str| wanted.get(column).is_some_and(|wanted| !is_held(column, wanted, now.get(column)));
    let difference = compare_cells(wanted.keys().filter(|column| is_wrong(column)), [wanted, now, before]).join("; ");
    let is_done = |change: &usize| match &plan.changes[*change].address {
        Address::Setting(path) => notification(path).is_some_and(|setting| !is_wrong(&setting.column.to_lowercase())),
        _ => false,
    };
    let done = std::iter::once(step.change).chain(step.also.iter().copied()).filter(is_done).collect();
    // Whatever it did with these values, the server saved.
    StepError::Mismatch { difference, unchanged: false, done, lists: Vec::new() }
}

/// Of schedule, products and classifications, which are saved together, it names those that are not as asked.
fn synchronization_mismatch(plan: &Plan, step: &Step, states: [&Subscription; 3]) -> StepError {
    let [before, wanted, now] = states;
    let wrong = wanted.unlike(now);
    let difference = difference([wanted, now, before].map(|state| describe_subscription(&state.only(wrong))));
    let is_done = |change: &usize| match &plan.changes[*change].address {
        Address::Setting(SCHEDULE) => !wrong.schedule,
        Address::Setting(PRODUCTS) => !wrong.products,
        Address::Setting(CLASSIFICATIONS) => !wrong.classifications,
        _ => false,
    };
    let done = std::iter::once(step.change).chain(step.also.iter().copied()).filter(is_done).collect();
    // Whatever it did with these values, the server saved.
    StepError::Mismatch { difference, unchanged: false, done, lists: Vec::new() }
}
