//! The mails that a server sends.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_default;
use super::row::RowWire;
use crate::model::notifications::{LiveNotifications, MailKind, NOTIFICATIONS, Recipients};
use crate::saved::text::Time;

/// The mails.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct NotificationsWire {
    row: RowWire,
    #[serde(default, skip_serializing_if = "is_default")]
    changed: Option<ChangedWire>,
    new_updates: Vec<String>,
    status: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    unsaved: BTreeSet<String>,
    /// A parameter's name; no password is read.
    #[serde(default, skip_serializing_if = "is_default")]
    password_parameter: Option<String>,
}

/// Who changed the row last, and when.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangedWire {
    by: String,
    at: Time,
}

impl From<&LiveNotifications> for NotificationsWire {
    fn from(live: &LiveNotifications) -> Self {
        let LiveNotifications { row, changed, recipients: _, unsaved, password_parameter } = live;
        let of = |kind| live.recipients(kind).addresses().map(str::to_owned).collect();
        Self {
            row: RowWire::new(row, is_saved),
            changed: changed.as_ref().map(|(by, at)| ChangedWire { by: by.clone(), at: Time(*at) }),
            new_updates: of(MailKind::NewUpdates),
            status: of(MailKind::Status),
            unsaved: unsaved.clone(),
            password_parameter: password_parameter.clone(),
        }
    }
}

impl From<NotificationsWire> for LiveNotifications {
    fn from(wire: NotificationsWire) -> Self {
        let NotificationsWire { row, changed, new_updates, status, unsaved, password_parameter } = wire;
        let recipients = [(MailKind::NewUpdates, new_updates), (MailKind::Status, status)];
        let recipients = recipients.into_iter().map(|(kind, addresses)| (kind, Recipients::from_iter(addresses)));
        Self {
            row: row.configuration(is_saved),
            changed: changed.map(|ChangedWire { by, at: Time(at) }| (by, at)),
            recipients: recipients.collect(),
            unsaved,
            password_parameter,
        }
    }
}

/// Whether a plan may look at what a column holds.
fn is_saved(column: &str) -> bool {
    NOTIFICATIONS.iter().any(|setting| setting.column.eq_ignore_ascii_case(column))
}
