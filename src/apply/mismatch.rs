//! What to say where reading back shows something else than was asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::StepError;
use super::target::{describe_settings, describe_state, describe_subscription, describe_target};
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
        return StepError::Mismatch {
            before: describe_state(before),
            asked: describe_target(&step.operation),
            found: describe_state(found),
            unchanged,
            done: BTreeSet::new(),
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
    let describe = |cells: &BTreeMap<String, Cell>, languages: &BTreeMap<String, bool>| {
        let cells = cells.iter().filter(|(column, _)| wrong_cells.contains(column));
        let languages = languages.iter().filter(|(name, _)| wrong_languages.contains(name));
        describe_settings(cells, languages)
    };
    let is_done = |change: &usize| match &plan.changes[*change].address {
        Address::Setting(path) => match setting(path) {
            Some(setting) => !wrong_cells.contains(&setting.column.to_lowercase()),
            // The languages are the one setting without a column of its own.
            None => wrong_languages.is_empty() && !wrong_cells.contains(&"serversupportsalllanguages".to_owned()),
        },
        _ => false,
    };
    StepError::Mismatch {
        before: describe(cells_before, languages_before),
        asked: describe(cells, languages),
        found: describe(cells_now, languages_now),
        // Whatever it did with these values, the server saved.
        unchanged: false,
        done: std::iter::once(&step.change).chain(&step.also).copied().filter(is_done).collect(),
    }
}

/// Of the row of mails, which is saved as a whole, it names those columns that are not as asked.
fn notifications_mismatch(plan: &Plan, step: &Step, states: [&BTreeMap<String, Cell>; 3]) -> StepError {
    let [_, wanted, now] = states;
    let is_wrong = |column: &str| wanted.get(column).is_some_and(|wanted| !is_held(column, wanted, now.get(column)));
    let [before, asked, found] = states.map(|cells| {
        let wrong = cells.iter().filter(|(column, _)| is_wrong(column));
        describe_settings(wrong, &BTreeMap::<String, bool>::new())
    });
    let is_done = |change: &usize| match &plan.changes[*change].address {
        Address::Setting(path) => notification(path).is_some_and(|setting| !is_wrong(&setting.column.to_lowercase())),
        _ => false,
    };
    let done = std::iter::once(step.change).chain(step.also.iter().copied()).filter(is_done).collect();
    // Whatever it did with these values, the server saved.
    StepError::Mismatch { before, asked, found, unchanged: false, done }
}

/// Of schedule, products and classifications, which are saved together, it names those that are not as asked.
fn synchronization_mismatch(plan: &Plan, step: &Step, states: [&Subscription; 3]) -> StepError {
    let [_, wanted, now] = states;
    let wrong = wanted.unlike(now);
    let [before, asked, found] = states.map(|state| describe_subscription(&state.only(wrong)));
    let is_done = |change: &usize| match &plan.changes[*change].address {
        Address::Setting(SCHEDULE) => !wrong.schedule,
        Address::Setting(PRODUCTS) => !wrong.products,
        Address::Setting(CLASSIFICATIONS) => !wrong.classifications,
        _ => false,
    };
    let done = std::iter::once(step.change).chain(step.also.iter().copied()).filter(is_done).collect();
    // Whatever it did with these values, the server saved.
    StepError::Mismatch { before, asked, found, unchanged: false, done }
}
