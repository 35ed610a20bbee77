//! Mails and who gets them.

use super::Section;
use super::settings::Writer;
use crate::model::attribute::Attribute;
use crate::model::notifications::{LiveNotifications, MailKind, NOTIFICATIONS, is_address, may_say};
use crate::model::setting::Values;
use crate::model::snapshot::Snapshot;
use crate::report::yaml::sequence;

/// The section of mails.
pub(super) fn section(snapshot: &Snapshot) -> Section {
    let Some(live) = &snapshot.notifications else { return Section::default() };
    let mut writer = Writer::new(NOTIFICATIONS, &live.row);
    smtp(&mut writer);
    add(&mut writer, "notifications.sender.name");
    add(&mut writer, "notifications.sender.address");
    add(&mut writer, "notifications.language");
    mail(&mut writer, live, MailKind::NewUpdates);
    mail(&mut writer, live, MailKind::Status);
    writer.into_section(" of mails")
}

/// Writes a setting, if a manifest may say what it holds.
fn add(writer: &mut Writer<'_>, path: &'static str) {
    let Some((setting, value)) = writer.value(path) else { return };
    match &value {
        Attribute::Text(text) if matches!(setting.values, Values::Text { .. }) && !may_say(setting, text) => {
            writer.unsayable.push(format!("{path} ({}): {text}", setting.column));
        }
        _ => writer.put(path, setting, &value),
    }
}

/// A user is declared only where the mail server wants one.
fn smtp(writer: &mut Writer<'_>) {
    const USER: &str = "notifications.smtp.user";
    add(writer, "notifications.smtp.server");
    add(writer, "notifications.smtp.port");
    add(writer, "notifications.smtp.authentication");
    let wanted =
        writer.value("notifications.smtp.authentication").is_some_and(|(_, value)| value == Attribute::Bool(true));
    let user = writer.value(USER).map(|(_, value)| value).filter(|value| *value != Attribute::text(""));
    match user {
        Some(_) if wanted => {
            add(writer, USER);
            let how =
                "password: {env: NAME} is not exported: it cannot be read back, and WSUS's own API alone can set it";
            writer.comment("notifications.smtp.password", how);
        }
        Some(_) => writer.unsayable.push(format!("{USER}: a user, and no authentication")),
        None => {}
    }
}

/// A kind of mail: a map, or `none`. What belongs to one that is switched off is not declared.
fn mail(writer: &mut Writer<'_>, live: &LiveNotifications, kind: MailKind) {
    let (path, others): (_, &[&'static str]) = match kind {
        MailKind::NewUpdates => ("notifications.newUpdates", &[]),
        MailKind::Status => ("notifications.status", &["notifications.status.frequency", "notifications.status.at"]),
    };
    let Some((setting, used)) = writer.value(path) else { return };
    if used == Attribute::text("none") {
        writer.put(path, setting, &used);
        return;
    }
    writer.count += 1;
    let begin = writer.lines();
    let recipients = live.recipients(kind);
    let addresses: Vec<String> = recipients.addresses().map(str::to_owned).collect();
    if recipients.is_empty() || !recipients.addresses().all(is_address) {
        writer.unsayable.push(format!("{}: {recipients}", kind.path()));
    } else {
        writer.line(kind.path(), sequence(&addresses));
        writer.count += 1;
    }
    others.iter().for_each(|path| add(writer, path));
    if writer.lines() == begin {
        writer.line(path, "{}".to_owned());
    }
}
