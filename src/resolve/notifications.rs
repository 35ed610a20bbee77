//! Mails: what only the server can tell about them.

use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::desired::{Desired, Notifications};
use crate::model::notifications::{LiveNotifications, SMTP_PASSWORD, notification};
use crate::model::setting::Cell;
use crate::model::snapshot::Snapshot;

use super::notes::Notes;

/// Takes what is declared as it is. None where nothing is.
pub(super) fn resolve(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) -> Option<Notifications> {
    let declared = &desired.notifications;
    if *declared == Notifications::default() {
        return None;
    }
    if let Some(live) = &snapshot.notifications {
        warn_of_mails_that_go_nowhere(declared, live, notes);
        warn_of_unused_user(declared, live, notes);
    }
    Some(declared.clone())
}

/// What a column will hold: as declared, or else as it is.
fn cell(path: &str, declared: &Notifications, live: &LiveNotifications) -> Option<Cell> {
    let setting = notification(path)?;
    match declared.scalars.get(path) {
        Some(declared) => setting.cell(&declared.value),
        None => live.row.cell(setting.column).cloned(),
    }
}

/// A server that nobody configured has both mails switched on and no mail server.
fn warn_of_mails_that_go_nowhere(declared: &Notifications, live: &LiveNotifications, notes: &mut Notes) {
    let server = cell("notifications.smtp.server", declared, live);
    let nowhere =
        matches!(&server, Some(Cell::Null)) || matches!(&server, Some(Cell::Text(name)) if name.trim().is_empty());
    for path in ["notifications.newUpdates", "notifications.status"] {
        let Some(mail) = declared.scalars.get(path).filter(|mail| mail.value == Attribute::text("used")) else {
            continue;
        };
        if nowhere {
            let message = "no mail is sent without a mail server; declare notifications.smtp.server".to_owned();
            notes.warn(Address::Setting(path), "noMailServer", message, mail.origin);
        }
    }
}

/// A user is sent only where the mail server wants one.
fn warn_of_unused_user(declared: &Notifications, live: &LiveNotifications, notes: &mut Notes) {
    const USER: &str = "notifications.smtp.user";
    let wanted = cell("notifications.smtp.authentication", declared, live);
    let unused = wanted.is_some_and(|wanted| !wanted.is(&Cell::Bit(true)));
    let message = "the mail server is used without a user; declare notifications.smtp.authentication: true";
    let user = declared.scalars.get_key_value(USER).filter(|(_, user)| user.value != Attribute::text(""));
    let secret = declared.smtp_password.map(|origin| (SMTP_PASSWORD, origin));
    let both = user.map(|(path, user)| (*path, user.origin)).into_iter().chain(secret);
    for (path, origin) in both.filter(|_| unused) {
        notes.warn(Address::Setting(path), "smtpUserUnused", message.to_owned(), origin);
    }
}
