//! Mails: what of the row differs is saved in one call, who gets each kind of mail in one call each.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Members;
use super::context::Context;
use super::draft::{Draft, Milestone};
use super::settings::{Settings, change, notice};
use super::step::Operation;
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::configuration::Configuration;
use crate::model::notifications::{
    AUTHENTICATION, FREQUENCY, LiveNotifications, MailKind, RECIPIENTS_LENGTH_MAX, Recipients, SMTP_PASSWORD,
    TIME_OF_DAY, is_same, notification, recipients_length,
};
use crate::model::object::ObjectState;
use crate::model::origin::Declared;
use crate::model::procedure::Procedure;
use crate::model::resolved::Notice;
use crate::model::setting::{Cell, Setting};

/// What is declared and not so.
pub(super) fn declared(context: &Context<'_>) -> Settings {
    let mut found = Settings::default();
    let Some(declared) = &context.resolved.notifications else { return found };
    let Some(live) = &context.snapshot.notifications else { return found };
    // Where nothing can be saved, the procedure's own notice says why.
    let can_save = context.can_call(Procedure::SetEmailNotificationConfiguration);
    for (path, value) in &declared.scalars {
        let setting = notification(path).expect("the manifest's reader takes settings from the table");
        scalar(setting, value, live, can_save, &mut found);
    }
    for (kind, recipients) in &declared.recipients {
        let is = live.recipients(*kind);
        if is != recipients.value {
            found.drafts.push(recipients_draft(*kind, recipients, is));
        }
    }
    if let Some(origin) = declared.smtp_password {
        let message = "WSUS's own API encrypts the mail server's password and keeps it outside the database, so it cannot be \
                       written from here: set it once in the console (Options, E-Mail Notifications, E-Mail Server) and remove the key";
        found.unsupported.push(notice(Address::Setting(SMTP_PASSWORD), "encryptedByWsus", message.to_owned(), origin));
    }
    found.unsupported.retain(|notice| !context.ignores(&notice.address));
    found.drafts.retain(|draft| !context.ignores(&draft.change.address));
    refuse_to_lose_a_password(&mut found, live);
    wait_for_recipients(&mut found.drafts);
    refuse_what_nobody_gets(&mut found.drafts, live);
    found
}

fn scalar(
    setting: &'static Setting,
    declared: &Declared<Attribute>,
    live: &LiveNotifications,
    can_save: bool,
    found: &mut Settings,
) {
    let (address, column) = (Address::Setting(setting.path), setting.column.to_lowercase());
    let Some(cell) = live.row.cell(&column) else {
        let message = format!("spGetEmailNotificationConfiguration of this server gives no {}", setting.column);
        found.unsupported.push(notice(address, "settingMissing", message, declared.origin));
        return;
    };
    let wanted = setting.cell(&declared.value).expect("the manifest's reader takes values that the setting takes");
    if is_same(setting, cell, &wanted) {
        return;
    }
    if can_save && live.unsaved.contains(&column) {
        let message =
            format!("spSetEmailNotificationConfiguration has no parameter for {} on this server", setting.column);
        found.unsupported.push(notice(address, "settingNotSaved", message, declared.origin));
        return;
    }
    let mut change = change(address, setting.value(cell), declared.value.clone(), declared.origin);
    if let Some((by, at)) = &live.changed {
        (change.changed_by, change.changed_at) = (Some(by.clone()), Some(*at));
    }
    let before = ObjectState::Notifications(BTreeMap::from([(column.clone(), cell.clone())]));
    let operation = Operation::SaveNotifications(BTreeMap::from([(column, wanted)]));
    found.drafts.push(Draft::of_one_step(change, operation, before));
}

fn recipients_draft(kind: MailKind, declared: &Declared<Recipients>, is: Recipients) -> Draft {
    let wanted = declared.value.clone();
    let mut change = change(Address::Setting(kind.path()), is.attribute(), wanted.attribute(), declared.origin);
    change.members = Some(Members { added: wanted.without(&is), removed: is.without(&wanted) });
    let before = ObjectState::Recipients(is);
    let mut draft = Draft::of_one_step(change, Operation::SetRecipients { kind, recipients: wanted }, before);
    draft.steps.iter_mut().for_each(|step| step.achieves = Some(Milestone::Addressed(kind)));
    draft
}

/// The row after the drafts.
fn row_after(drafts: &[Draft], live: &Configuration) -> Configuration {
    let mut row = live.clone();
    for step in drafts.iter().flat_map(|draft| &draft.steps) {
        if let Operation::SaveNotifications(cells) = &step.operation {
            cells.iter().for_each(|(column, cell)| row.set(column, cell.clone()));
        }
    }
    row
}

/// A save that leaves out the password might clear it: the row is not saved where one is in use before or after.
///
/// Source: our guess (grade C).
fn refuse_to_lose_a_password(found: &mut Settings, live: &LiveNotifications) {
    let Some(parameter) = &live.password_parameter else { return };
    let after = row_after(&found.drafts, &live.row);
    if !live.row.is_on(AUTHENTICATION) && !after.is_on(AUTHENTICATION) {
        return;
    }
    let saves_row =
        |draft: &Draft| draft.steps.iter().any(|step| matches!(step.operation, Operation::SaveNotifications(_)));
    let (refused, kept) = std::mem::take(&mut found.drafts).into_iter().partition(saves_row);
    found.drafts = kept;
    let refused: Vec<Draft> = refused;
    found.unsupported.extend(refused.into_iter().map(|draft| {
        let message = format!(
            "needs spSetEmailNotificationConfiguration, which takes {parameter}, and what it holds cannot be read: to leave \
             it out might clear the password of the mail server, which is in use; change this setting in the console"
        );
        Notice { address: draft.change.address, code: "passwordParameter", message, origin: draft.change.origin }
    }));
}

/// A mail is not switched on unless those who are to get it do: neither where their list cannot be changed through this
/// connection, nor where changing it fails.
fn wait_for_recipients(drafts: &mut [Draft]) {
    let planned: BTreeSet<Milestone> = drafts.iter().flat_map(Draft::achieves).cloned().collect();
    for step in drafts.iter_mut().flat_map(|draft| &mut draft.steps) {
        let Operation::SaveNotifications(cells) = &step.operation else { continue };
        let on = |kind: &MailKind| cells.get(&kind.switch().to_lowercase()).is_some_and(|cell| cell.is(&Cell::Int(1)));
        let mails = MailKind::ALL.into_iter().filter(on).map(Milestone::Addressed);
        step.needs.extend(mails.filter(|mail| planned.contains(mail)));
    }
}

/// What must hold of the row after a save that switches a mail on, or a user.
///
/// Source: windowsserverdocs, Set up email notifications (what the console asks for, grade A).
fn refuse_what_nobody_gets(drafts: &mut [Draft], live: &LiveNotifications) {
    let row = row_after(drafts, &live.row);
    let empty = |column: &str| match row.cell(column) {
        Some(Cell::Text(text)) => text.trim().is_empty(),
        Some(Cell::Null) => true,
        _ => false,
    };
    let mut broken: Vec<(&str, &str)> = Vec::new();
    for kind in MailKind::ALL.into_iter().filter(|kind| row.is_on(kind.switch())) {
        let (switch, recipients) = match kind {
            MailKind::NewUpdates => ("notifications.newUpdates", "nobody would get the mail; declare its recipients"),
            MailKind::Status => ("notifications.status", "nobody would get the status; declare its recipients"),
        };
        let is_status = kind == MailKind::Status;
        let after = recipients_after(drafts, live, kind);
        let rules = [
            (empty("SmtpHostName"), "there would be no mail server; declare notifications.smtp.server"),
            (empty("SmtpUserMailAddress"), "the mail would have no sender; declare notifications.sender.address"),
            (after.is_empty(), recipients),
            (
                recipients_length(after.addresses()) > RECIPIENTS_LENGTH_MAX,
                "the list of recipients on the server is longer than WSUS takes; declare a shorter one",
            ),
            (is_status && empty(FREQUENCY), "nothing says how often the status is sent; declare its frequency"),
            (is_status && empty(TIME_OF_DAY), "nothing says when the status is sent; declare its time: at"),
        ];
        broken.extend(rules.iter().filter(|(broken, _)| *broken).map(|(_, rule)| (switch, *rule)));
    }
    if row.is_on(AUTHENTICATION) && empty("SmtpUserName") {
        let rule = "the mail server would want a user and get none; declare notifications.smtp.user";
        broken.extend(["notifications.smtp.authentication", "notifications.smtp.user"].map(|path| (path, rule)));
    }
    for (path, rule) in broken {
        // What was so before this plan is not its doing.
        if let Some(draft) = drafts.iter_mut().find(|draft| draft.change.address == Address::Setting(path)) {
            draft.block("saveRule", rule, None);
        }
    }
}

/// Who gets a mail after the drafts. A draft that cannot be carried out takes the switch that waits for it along, so it
/// may count here.
fn recipients_after(drafts: &[Draft], live: &LiveNotifications, kind: MailKind) -> Recipients {
    let declared = drafts.iter().flat_map(|draft| &draft.steps).find_map(|step| match &step.operation {
        Operation::SetRecipients { kind: of, recipients } if *of == kind => Some(recipients.clone()),
        _ => None,
    });
    declared.unwrap_or_else(|| live.recipients(kind))
}
