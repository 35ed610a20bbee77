//! Procedures that save a whole row, judged with the row as plans judge them: their signature alone says too little.

use std::collections::BTreeMap;

use super::check;
use crate::model::configuration::{Configuration, LiveSettings};
use crate::model::health::{Answer, Difference, Unchecked};
use crate::model::notifications::{AUTHENTICATION, LiveNotifications, NOTIFICATIONS};
use crate::model::procedure::{Procedure, ProcedureState, Verdict};
use crate::model::setting::{SETTINGS, Setting};
use crate::model::synchronization::{CLASSIFICATIONS, LiveSynchronization, PRODUCTS, SCHEDULE};
use crate::susdb::read::configuration::{ConfigurationRow, cell, read_configuration};
use crate::susdb::read::notifications::{cells, read_notification_row};
use crate::susdb::read::synchronization::read_subscription_row;
use crate::susdb::read::{configuration, notifications, synchronization};
use crate::susdb::session::Session;
use crate::susdb::write;

/// What the procedures of a server are, by procedure.
pub(super) type Procedures = BTreeMap<Procedure, ProcedureState>;

/// What the rows say beyond the verdicts: what cannot be changed though the procedure can be called, or why nobody knows.
pub(super) type Saves = BTreeMap<Procedure, Answer<Vec<Difference>>>;

/// Reads each row by itself and judges the procedure that saves it. Verdicts become what plans make of them.
pub(super) async fn judge(session: &mut Session, live: &mut Procedures) -> Saves {
    notifications::judge_calls(live);
    let mut saves = Saves::new();
    if is_there(live, Procedure::SetConfiguration) {
        let row = check(session, read_configuration).await;
        saves.insert(Procedure::SetConfiguration, row.map(|row| settings(row, live)));
    }
    if is_there(live, Procedure::SetSubscription) {
        let row = check(session, read_subscription_row).await;
        saves.insert(Procedure::SetSubscription, row.map(|row| subscription(&row, live)));
    }
    if is_there(live, Procedure::SetEmailNotificationConfiguration) {
        let row = check(session, read_notification_row).await;
        saves.insert(Procedure::SetEmailNotificationConfiguration, row.map(|row| mails(&row, live)));
    }
    saves
}

fn is_there(live: &Procedures, procedure: Procedure) -> bool {
    live.get(&procedure).is_some_and(|state| state.verdict != Verdict::Missing)
}

fn settings(row: Configuration, live: &mut Procedures) -> Vec<Difference> {
    let mut settings = LiveSettings { row, ..LiveSettings::default() };
    configuration::judge(&mut settings, live);
    let mut found = unsaved(SETTINGS, |column| settings.unsaved.contains(column));
    for (column, kinds) in [
        ("ServerSupportsAllLanguages", &["updateFiles.languages"]),
        // Which server it is, is no setting, and is saved with them.
        ("ServerId", &["identity.replaces"]),
    ] {
        if settings.unsaved.contains(&column.to_lowercase()) {
            found.push(without(column, kinds));
        }
    }
    if settings.languages_unsaved {
        found.push(without(write::LANGUAGES_LIST, &["updateFiles.languages"]));
    }
    if let Some(parameter) = settings.password_parameter.filter(|_| settings.row.uses_proxy_password()) {
        found.push(password(&parameter, "the proxy", &["settings"]));
    }
    found
}

fn subscription(ConfigurationRow(row): &ConfigurationRow, live: &mut Procedures) -> Vec<Difference> {
    let row: Configuration = row.iter().map(|(column, data)| (column, cell(data))).collect();
    let mut subscription = LiveSynchronization::default();
    synchronization::judge(&mut subscription, &row, live);
    let mut found = Vec::new();
    if !subscription.saved.schedule {
        found.push(without("the whole schedule", &[SCHEDULE]));
    }
    if !subscription.saved.products {
        found.push(without(write::PRODUCTS, &[PRODUCTS]));
    }
    if !subscription.saved.classifications {
        found.push(without(write::CLASSIFICATIONS, &[CLASSIFICATIONS]));
    }
    found
}

fn mails(ConfigurationRow(row): &ConfigurationRow, live: &mut Procedures) -> Vec<Difference> {
    let mut mails = LiveNotifications { row: cells(row), ..LiveNotifications::default() };
    notifications::judge(&mut mails, live);
    let mut found = unsaved(NOTIFICATIONS, |column| mails.unsaved.contains(column));
    if let Some(parameter) = mails.password_parameter.filter(|_| mails.row.is_on(AUTHENTICATION)) {
        found.push(password(&parameter, "the mail server", &["notifications"]));
    }
    found
}

/// One difference for each key whose column has no parameter.
fn unsaved(table: &'static [Setting], is_unsaved: impl Fn(&str) -> bool) -> Vec<Difference> {
    let settings = table.iter().filter(|setting| is_unsaved(&setting.column.to_lowercase()));
    settings.map(|setting| without(setting.column, std::slice::from_ref(&setting.path))).collect()
}

fn without(what: &str, keys: &'static [&'static str]) -> Difference {
    Difference::Lacks { what: what.trim_start_matches('@').to_owned(), keys }
}

fn password(parameter: &str, of: &str, kinds: &'static [&'static str]) -> Difference {
    let details = format!(
        "it takes {parameter}, and what it holds cannot be read: to leave it out might clear the password of {of}, which is in use"
    );
    Difference::Takes { details, kinds }
}

/// Why the row of a procedure could not be read, or what cannot be changed through it.
pub(super) fn of(saves: &Saves, procedure: Procedure) -> Result<&[Difference], &Unchecked> {
    saves.get(&procedure).map_or(Ok(&[]), |answer| answer.as_deref())
}
