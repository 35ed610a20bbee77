//! `notifications`: mails, and who gets them.

use super::super::document::{Notifications, Recipients};
use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, list, name};
use super::connection::secret;
use super::settings::{declared, used_or_none};
use crate::diagnostic::Diagnostic;
use crate::model::notifications::{MailKind, notification};
use crate::model::setting::Setting;

pub(super) const NOTIFICATIONS: Shape =
    Shape::new("notifications", &["smtp", "sender", "language", "newUpdates", "status"]);
pub(super) const SMTP: Shape = Shape::new("a mail server", &["server", "port", "authentication", "user", "password"]);
pub(super) const SENDER: Shape = Shape::new("a sender", &["name", "address"]);
pub(super) const NEW_UPDATES: Shape = Shape::new("mails about new updates", &["recipients"]);
pub(super) const STATUS: Shape = Shape::new("mails about the status", &["recipients", "frequency", "at"]);

/// Reads the section.
pub(super) fn notifications(value: Keyed<'_>, problems: &mut Problems) -> Notifications {
    let mut found = Notifications::default();
    let Some(mut fields) = Fields::of(value, &NOTIFICATIONS, problems) else { return found };
    if let Some(value) = fields.take("smtp") {
        smtp(value, &mut found, problems);
    }
    if let Some(mut fields) = fields.take("sender").and_then(|value| Fields::of(value, &SENDER, problems)) {
        for key in ["name", "address"] {
            take("notifications.sender", key, &mut fields, &mut found, problems);
        }
    }
    take("notifications", "language", &mut fields, &mut found, problems);
    if let Some(value) = fields.take("newUpdates") {
        mail(value, MailKind::NewUpdates, &mut found, problems);
    }
    if let Some(value) = fields.take("status") {
        mail(value, MailKind::Status, &mut found, problems);
    }
    found
}

fn smtp(value: Keyed<'_>, found: &mut Notifications, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(value, &SMTP, problems) else { return };
    for key in ["server", "port", "authentication", "user"] {
        take("notifications.smtp", key, &mut fields, found, problems);
    }
    if let Some(password) = fields.take("password") {
        let place = password.key;
        found.smtp_password = secret(password, problems).map(|_| place);
    }
}

/// A kind of mail: a map, which switches it on, or `none`.
fn mail(value: Keyed<'_>, kind: MailKind, found: &mut Notifications, problems: &mut Problems) {
    let (path, shape) = match kind {
        MailKind::NewUpdates => ("notifications.newUpdates", &NEW_UPDATES),
        MailKind::Status => ("notifications.status", &STATUS),
    };
    let Some(value) = used_or_none(setting(path), value, &mut found.scalars, problems) else { return };
    let Some(mut fields) = Fields::of(value, shape, problems) else { return };
    if let Some(recipients) = fields.take("recipients").and_then(|value| recipients(value, kind, problems)) {
        found.recipients.push(recipients);
    }
    for key in shape.keys.iter().filter(|key| **key != "recipients") {
        take(path, key, &mut fields, found, problems);
    }
}

/// A set that the manifest owns as a whole.
fn recipients(value: Keyed<'_>, kind: MailKind, problems: &mut Problems) -> Option<Recipients> {
    let (key, place) = (value.key, value.place());
    if matches!(&value.node.value, Value::Sequence(items) if items.is_empty()) {
        problems.push(
            Diagnostic::error("no-recipients", "a mail to nobody")
                .detail("a mail that is switched on goes to somebody")
                .at(place, "")
                .help("name who gets it, write `none` in place of the map, or remove the key"),
        );
        return None;
    }
    let items = list(value, "mail addresses", problems)?;
    let addresses = items.filter_map(|item| name(&item, "a recipient", problems)).collect();
    Some(Recipients { kind, addresses, origin: key })
}

fn take(prefix: &str, key: &str, fields: &mut Fields<'_>, found: &mut Notifications, problems: &mut Problems) {
    if let Some(value) = fields.take(key) {
        found.scalars.extend(declared(setting(&format!("{prefix}.{key}")), &value, problems));
    }
}

fn setting(path: &str) -> &'static Setting {
    notification(path).expect("a test holds that every key that is read is in the table")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{NEW_UPDATES, NOTIFICATIONS, SENDER, SMTP, STATUS};
    use crate::model::notifications;

    #[test]
    fn the_keys_that_are_read_are_those_of_the_table() {
        let sections = [
            ("", &NOTIFICATIONS),
            (".smtp", &SMTP),
            (".sender", &SENDER),
            (".newUpdates", &NEW_UPDATES),
            (".status", &STATUS),
        ];
        let keys = sections
            .iter()
            .flat_map(|(section, shape)| shape.keys.iter().map(move |key| format!("notifications{section}.{key}")));
        // Maps, sets and the secret are no scalars.
        let others = ["notifications.smtp", "notifications.sender", notifications::SMTP_PASSWORD];
        let read: BTreeSet<String> =
            keys.filter(|key| !others.contains(&key.as_str()) && !key.ends_with(".recipients")).collect();
        let known: BTreeSet<String> =
            notifications::NOTIFICATIONS.iter().map(|setting| setting.path.to_owned()).collect();
        assert_eq!(read, known);
    }
}
