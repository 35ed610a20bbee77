//! What saved settings leave behind that no setting says: warnings.

use super::change::Change;
use super::context::Context;
use super::draft::Draft;
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::resolved::Notice;

const PROXY_USER: &str = "updateSource.proxy.user";
const PROXY_DOMAIN: &str = "updateSource.proxy.domain";
const SMTP_USER: &str = "notifications.smtp.user";
const MODE: &str = "updateSource.upstream.mode";

/// What these changes leave behind.
pub(super) fn of(context: &Context<'_>, drafts: &[Draft]) -> Vec<Notice> {
    drafts.iter().filter_map(|draft| of_change(context, &draft.change)).collect()
}

fn of_change(context: &Context<'_>, change: &Change) -> Option<Notice> {
    let Address::Setting(path) = change.address else { return None };
    let (before, after) = change.fields.first().map(|field| (&field.before, &field.after))?;
    let (code, message) = match path {
        PROXY_USER => ("passwordStays", password(before, after, "the proxy's user", PROXY_CONSOLE)?),
        PROXY_DOMAIN => ("passwordStays", password(before, after, "the domain of the proxy's user", PROXY_CONSOLE)?),
        SMTP_USER => ("passwordStays", password(before, after, "the mail server's user", MAIL_CONSOLE)?),
        MODE if *after == Attribute::text("replica") => ("replicaSupersedes", superseded(context)),
        _ => return None,
    };
    Some(Notice { address: Address::Setting(path), code, message, origin: change.origin })
}

const PROXY_CONSOLE: &str = "Options, Update Source and Proxy Server";
const MAIL_CONSOLE: &str = "Options, E-Mail Notifications, E-Mail Server";

/// WSUS keeps the password apart from the user, where no save through the database reaches it.
fn password(before: &Attribute, after: &Attribute, of: &str, place: &str) -> Option<String> {
    let text = |value: &Attribute| match value {
        Attribute::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let after = text(after)?;
    Some(match text(before) {
        Some(before) => format!(
            "{of} becomes `{after}`, and the stored password stays that of `{before}`: enter the new one in the console ({place})"
        ),
        None => format!(
            "{of} becomes `{after}`, and the password that WSUS has stored, if any, stays: enter the right one in the console \
             ({place})"
        ),
    })
}

/// What the server's own groups and approvals come to once it is a replica.
///
/// Source: windowsserverdocs, WSUS deployment: replicas inherit groups and approvals (grade A).
fn superseded(context: &Context<'_>) -> String {
    let groups = context.snapshot.groups.values().filter(|group| !group.builtin).count();
    let approvals = context.snapshot.totals.approvals;
    let many = |number: u64, one: &str| format!("{number} {one}{}", if number == 1 { "" } else { "s" });
    format!(
        "a replica takes its groups and approvals from the upstream server: {} and {} of this server give way to those at its next \
         synchronisation; export them first if they may be wanted again",
        many(groups as u64, "group"),
        many(approvals, "approval")
    )
}
