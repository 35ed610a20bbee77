//! Mails: how they are sent and who gets them.

use super::{Compared, Refresh};
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::notifications::{LiveNotifications, MailKind, is_address, may_say, notification};
use crate::model::revision::{Edit, Place};
use crate::model::setting::Values;
use crate::report::export::settings::{sayable, written};
use crate::report::yaml::scalar;

/// Mails that a map stands for, or the word `none`.
const SWITCHES: [&str; 2] = ["notifications.newUpdates", "notifications.status"];

pub(super) fn revise(compared: &Compared<'_>, refresh: &mut Refresh) {
    let (Some(declared), Some(live)) = (&compared.resolved.notifications, &compared.snapshot.notifications) else {
        return;
    };
    let differs = |path: &'static str| compared.differing.contains_key(&Address::Setting(path));
    for path in declared.scalars.keys().copied().filter(|path| differs(path)) {
        match value(path, live) {
            Ok(value) => refresh.set(Address::Setting(path), Place::in_spec(path), written(&value)),
            Err(why) => refresh.leave(Address::Setting(path), why),
        }
    }
    for kind in declared.recipients.keys().filter(|kind| differs(kind.path())) {
        refresh.take(Address::Setting(kind.path()), recipients(*kind, live));
    }
}

fn value(path: &'static str, live: &LiveNotifications) -> Result<Attribute, &'static str> {
    if SWITCHES.contains(&path) {
        return Err("a mail that is sent and `none` are written in different shapes");
    }
    let setting = notification(path).expect("the manifest's reader takes settings from the table");
    let cell = live.row.cell(setting.column).ok_or("the server does not have this setting")?;
    let value = sayable(setting, cell).ok_or("no manifest can say the value that the server has")?;
    match &value {
        Attribute::Text(text) if matches!(setting.values, Values::Text { .. }) && !may_say(setting, text) => {
            Err("no manifest can say the value that the server has")
        }
        _ => Ok(value),
    }
}

fn recipients(kind: MailKind, live: &LiveNotifications) -> Result<Vec<Edit>, String> {
    let recipients = live.recipients(kind);
    if recipients.is_empty() {
        return Err("nobody gets the mail on the server, and a manifest has to name somebody".to_owned());
    }
    if !recipients.addresses().all(is_address) {
        return Err("no manifest can say an address that the server has".to_owned());
    }
    let words = recipients.addresses().map(|address| scalar(address).into_owned()).collect();
    Ok(vec![Edit::Words { place: Place::in_spec(kind.path()), words }])
}
