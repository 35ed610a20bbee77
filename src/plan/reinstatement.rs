//! Entries by article of which every update is declined: an article does not reinstate without a permission.

use std::borrow::Cow;

use super::Policy;
use super::context::Context;
use super::permission::Permission;
use crate::model::address::Address;
use crate::model::resolved::{Notice, Resolved, ResolvedEntry};

/// Updates that a message names.
const NAMED_MAX: usize = 3;

/// A manifest as the permissions mean it: with `reinstate`, entries whose updates are all declined yield what they name.
/// What the manifest declines stays declined.
pub(super) fn permitted<'a>(resolved: &'a Resolved, policy: &Policy) -> Cow<'a, Resolved> {
    if resolved.reinstatable.is_empty() || !policy.permissions.has(Permission::Reinstate) {
        return Cow::Borrowed(resolved);
    }
    let mut resolved = resolved.clone();
    for ((update, group), approval) in std::mem::take(&mut resolved.reinstatable) {
        if resolved.declines.contains_key(&update) {
            continue;
        }
        if let Some(entry) = resolved.entries.get_mut(approval.entry) {
            reinstates(entry, update);
        }
        resolved.approvals.entry((update, group)).or_insert(approval);
    }
    Cow::Owned(resolved)
}

/// Accounts for an update that an entry yields after all.
fn reinstates(entry: &mut ResolvedEntry, update: uuid::Uuid) {
    entry.all_declined = false;
    entry.skipped.retain(|notice| !is_about(notice, update));
    if let Err(at) = entry.updates.binary_search(&update) {
        entry.updates.insert(at, update);
    }
    entry.matched = entry.updates.len();
}

fn is_about(notice: &Notice, update: uuid::Uuid) -> bool {
    matches!(&notice.address, Address::Approval { update: other, .. } if *other == update)
}

/// The entries that are left, with what is declined. Everything else of the plan goes on without them.
pub(super) fn left(context: &Context<'_>) -> Vec<Notice> {
    let entries = context.resolved.entries.iter().filter(|entry| entry.all_declined);
    entries.map(|entry| notice(context, entry)).collect()
}

fn notice(context: &Context<'_>, entry: &ResolvedEntry) -> Notice {
    let of_entry = |approval: &crate::model::resolved::ResolvedApproval| approval.entry == entry.index;
    let pairs = context.resolved.reinstatable.iter().filter(|(_, approval)| of_entry(approval));
    let mut declined: Vec<uuid::Uuid> = pairs.map(|((update, _), _)| *update).collect();
    declined.dedup();
    let named: Vec<String> = declined
        .iter()
        .take(NAMED_MAX)
        .map(|id| match context.snapshot.updates.get(id) {
            Some(update) => format!("{} ({id})", update.label()),
            None => id.to_string(),
        })
        .collect();
    let more = declined.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Notice {
        address: entry.address(),
        code: "allDeclined",
        message: format!(
            "every update of {} is declined, by whom WSUS does not record: {}{more}; to take that back and approve: --allow \
             reinstate, or name an update's id",
            entry.label,
            named.join(", ")
        ),
        origin: Some(entry.origin),
    }
}
