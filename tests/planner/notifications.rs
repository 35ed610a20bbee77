//! Mails: each setting is one change, all of the row are one step, and what nobody could get is not switched on.

use std::collections::BTreeMap;

use chrono::{TimeZone, Utc};
use wsusctl::diagnostic::Sources;
use wsusctl::manifest::{ReadLimits, read};
use wsusctl::model::attribute::Attribute;
use wsusctl::model::configuration::Configuration;
use wsusctl::model::notifications::{LiveNotifications, MailKind, NOTIFICATIONS, notification};
use wsusctl::model::procedure::Procedure;
use wsusctl::model::setting::{Cell, Setting, Values};
use wsusctl::plan::step::Operation;

use crate::check::{change_of, check, plan_of, text};
use crate::desired::{Manifest, at, manifest};
use crate::snapshot::{Server, server};

fn values(setting: &Setting) -> [Attribute; 2] {
    match setting.values {
        Values::Flag => [Attribute::Bool(true), Attribute::Bool(false)],
        Values::Number(..) => [Attribute::Int(25), Attribute::Int(587)],
        Values::Text { .. } => ["one@contoso.com", "two@contoso.com"].map(Attribute::text),
        Values::Host { .. } => [Attribute::text("one.contoso.com"), Attribute::text("two.contoso.com")],
        Values::Word(words) => [Attribute::text(words[1].0), Attribute::text(words[0].0)],
        Values::TimeOfDay => ["08:00Z", "21:30Z"].map(Attribute::text),
    }
}

/// A server of which both mails go to somebody.
fn mails() -> LiveNotifications {
    let row: Configuration =
        NOTIFICATIONS.iter().map(|setting| (setting.column, setting.cell(&values(setting)[0]).unwrap())).collect();
    let somebody = || ["it@contoso.com"].into_iter().collect();
    LiveNotifications {
        row,
        changed: Some(("CONTOSO\\anna".into(), Utc.with_ymd_and_hms(2026, 11, 1, 8, 0, 0).unwrap())),
        recipients: MailKind::ALL.map(|kind| (kind, somebody())).into(),
        ..LiveNotifications::default()
    }
}

fn live_with(mails: LiveNotifications) -> Server {
    let mut server = server();
    server.snapshot.notifications = Some(mails);
    server
}

fn with(cells: &[(&str, Cell)]) -> Server {
    let mut mails = mails();
    cells.iter().for_each(|(column, cell)| mails.row.set(column, cell.clone()));
    live_with(mails)
}

fn spec(section: &str) -> Manifest {
    let text = format!(
        "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: hq}}\nspec: {{notifications: {section}}}\n"
    );
    let (mut servers, problems) = read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default());
    assert!(!problems.has_errors(), "{problems:#?}");
    let mut result = manifest();
    result.desired = servers.remove(0);
    result
}

fn declares(setting: &Setting, value: &Attribute) -> Manifest {
    let mut manifest = manifest();
    let declared = wsusctl::model::origin::Declared { value: value.clone(), origin: at(2) };
    manifest.desired.notifications.scalars.insert(setting.path, declared);
    manifest
}

#[test]
fn every_setting_that_differs_is_one_change_and_then_none() {
    for setting in NOTIFICATIONS {
        let [is, other] = values(setting);
        check(&declares(setting, &is), &live_with(mails()), &[]);
        let server = with(&[(setting.column, setting.cell(&other).unwrap())]);
        let (before, after) = (text(&other), text(&is));
        let line = format!("~ {} differs value: {before} -> {after}", setting.path);
        let warned = format!("warning passwordStays {}", setting.path);
        let expected = [line.as_str(), &warned];
        let count = if setting.path == "notifications.smtp.user" { 2 } else { 1 };
        check(&declares(setting, &is), &server, &expected[..count]);
        check(&manifest(), &server, &[]);
    }
}

#[test]
fn a_users_password_is_not_changed_with_the_user() {
    let with_user = |user: Cell| with(&[("SmtpUserName", user)]);
    let declared = spec("{smtp: {user: new}}");
    let plan = plan_of(&declared, &with_user(Cell::Text("old".into())));
    assert!(plan.warnings[0].message.contains("the stored password stays that of `old`"), "{:?}", plan.warnings);
    let plan = plan_of(&declared, &with_user(Cell::Null));
    assert!(plan.warnings[0].message.contains("if any, stays"), "{:?}", plan.warnings);
    assert_eq!(plan_of(&spec("{smtp: {user: ''}}"), &with_user(Cell::Text("old".into()))).warnings, []);
}

#[test]
fn who_changed_the_row_is_said_of_what_is_in_it() {
    let plan = plan_of(&spec("{language: de, status: {recipients: [a@b]}}"), &live_with(mails()));
    let language = change_of(&plan, "notifications.language");
    assert_eq!((language.changed_by.as_deref(), language.changed_at.is_some()), (Some("CONTOSO\\anna"), true));
    let recipients = change_of(&plan, "notifications.status.recipients");
    assert_eq!((recipients.changed_by, recipients.members.unwrap().added), (None, vec!["a@b".to_owned()]));
}

#[test]
fn the_row_is_one_step_after_those_who_get_mails() {
    let section = "{smtp: {port: 587}, language: de, status: {recipients: [a@b], at: \"10:00Z\"}, newUpdates: {recipients: [c@d]}}";
    let plan = plan_of(&spec(section), &live_with(mails()));
    assert_eq!((plan.changes.len(), plan.steps.len()), (5, 3));
    let kinds: Vec<_> = plan.steps[..2]
        .iter()
        .map(|step| match &step.operation {
            Operation::SetRecipients { kind, .. } => *kind,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, MailKind::ALL);
    let Operation::SaveNotifications(cells) = &plan.steps[2].operation else { panic!("{:?}", plan.steps[2]) };
    assert_eq!(
        *cells,
        BTreeMap::from([
            ("emaillanguage".to_owned(), Cell::Text("de".into())),
            ("smtpport".to_owned(), Cell::Int(587)),
            ("statusnotificationtimeofday".to_owned(), Cell::Int(36_000)),
        ])
    );
    let save = Procedure::SetEmailNotificationConfiguration;
    assert_eq!(plan.steps[2].operation.procedures(), [Procedure::ScheduleEmailNotification, save]);
    let without_time = plan_of(&spec("{language: de}"), &live_with(mails()));
    assert_eq!(without_time.steps[0].operation.procedures(), [save]);
}

#[test]
fn what_nobody_could_get_is_not_switched_on() {
    let off = ("EmailNeedToSendStatusNotification", Cell::Bit(false));
    let on = "~ notifications.status differs value: none -> used";
    let blocked = "blocker saveRule notifications.status (no permission)";
    let nothing = |column| (column, Cell::Null);
    let warned = "warning noMailServer notifications.status";
    check(&spec("{status: {}}"), &with(std::slice::from_ref(&off)), &[on]);
    check(&spec("{status: {}}"), &with(&[off.clone(), nothing("SmtpHostName")]), &[on, blocked, warned]);
    for column in ["SmtpUserMailAddress", "StatusNotification", "StatusNotificationTimeOfDay"] {
        check(&spec("{status: {}}"), &with(&[off.clone(), nothing(column)]), &[on, blocked]);
    }
    let mut nobody = mails();
    nobody.row.set(off.0, off.1.clone());
    nobody.recipients.clear();
    check(&spec("{status: {}}"), &live_with(nobody.clone()), &[on, blocked]);
    let added = "~ notifications.status.recipients differs value: [] -> [a@b]";
    check(&spec("{status: {recipients: [a@b]}}"), &live_with(nobody.clone()), &[on, added]);
    // Ten addresses of 256 characters, and nine between them: nine too many.
    let many = (0..10).map(|number| format!("{number}{}@b", "a".repeat(253))).collect();
    nobody.recipients.insert(MailKind::Status, many);
    check(&spec("{status: {}}"), &live_with(nobody), &[on, blocked]);
    // Switching off is always possible.
    let unsent = with(&[nothing("SmtpHostName"), nothing("SmtpUserMailAddress")]);
    check(&spec("{status: none}"), &unsent, &["~ notifications.status differs value: used -> none"]);
}

#[test]
fn what_the_server_cannot_do_is_unsupported_and_the_rest_is_planned() {
    let all = spec("{smtp: {port: 587}, status: {recipients: [a@b], at: \"10:00Z\"}}");
    let port = "~ notifications.smtp.port differs value: 25 -> 587";
    let to = "~ notifications.status.recipients differs value: [it@contoso.com] -> [a@b]";
    let at = "~ notifications.status.at differs value: 08:00Z -> 10:00Z";
    check(&all, &live_with(mails()), &[port, at, to]);
    let live = || live_with(mails());
    let lost = |path: &str| format!("unsupported procedureMissing notifications.{path}");
    check(&all, &live().missing(Procedure::ScheduleEmailNotification), &[port, to, &lost("status.at")]);
    check(&all, &live().missing(Procedure::AddEmailNotificationRecipient), &[port, at, &lost("status.recipients")]);
    let gone = live().missing(Procedure::SetEmailNotificationConfiguration);
    check(&all, &gone, &[to, &lost("smtp.port"), &lost("status.at")]);
    let mut other = mails();
    other.unsaved.insert("smtpport".to_owned());
    check(&all, &live_with(other), &[at, to, "unsupported settingNotSaved notifications.smtp.port"]);
    let empty = LiveNotifications { row: Configuration::default(), ..mails() };
    let missing = |path: &str| format!("unsupported settingMissing notifications.{path}");
    check(&all, &live_with(empty), &[to, &missing("smtp.port"), &missing("status"), &missing("status.at")]);
}

#[test]
fn a_password_in_use_is_not_put_at_risk() {
    let mut mails = mails();
    mails.password_parameter = Some("@SmtpUserPassword".to_owned());
    let refused = |path: &str| format!("unsupported passwordParameter notifications.smtp.{path}");
    let declared = spec("{smtp: {port: 587}, newUpdates: {recipients: [a@b]}}");
    let to = "~ notifications.newUpdates.recipients differs value: [it@contoso.com] -> [a@b]";
    check(&declared, &live_with(mails.clone()), &[to, &refused("port")]);
    mails.row.set(notification("notifications.smtp.authentication").unwrap().column, Cell::Bit(false));
    let port = "~ notifications.smtp.port differs value: 25 -> 587";
    check(&spec("{smtp: {port: 587}}"), &live_with(mails.clone()), &[port]);
    let declared = spec("{smtp: {port: 587, authentication: true}}");
    check(&declared, &live_with(mails), &[&refused("authentication"), &refused("port")]);
}
