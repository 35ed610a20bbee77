//! Notes about updates that an entry names and that others supersede.

use super::approvals::pair_holds;
use super::context::Context;
use crate::model::approval::ApprovalAction;
use crate::model::resolved::{GroupReference, Notice};
use crate::model::snapshot::Update;

/// Superseding updates that a note names.
const NAMED_MAX: usize = 3;

/// One note for each install approval that is written, of an update that an entry names: by what it is superseded, and whether
/// the group has that. Selectors leave such updates out unless they ask for them.
pub(super) fn notes(context: &Context<'_>) -> Vec<Notice> {
    let mut notes = Vec::new();
    for ((update, group), approval) in &context.resolved.approvals {
        let Some(update) = context.snapshot.updates.get(update).filter(|update| !update.superseded_by.is_empty())
        else {
            continue;
        };
        let named = context.resolved.entries.get(approval.entry).is_some_and(|entry| !entry.selector);
        let address = context.approval_address(update.id, group);
        if !named
            || approval.value.action != ApprovalAction::Install
            || pair_holds(context, update, group, &approval.value)
            || context.ignores(&address)
        {
            continue;
        }
        let message = message(context, update, group);
        notes.push(Notice { address, code: "superseded", message, origin: Some(approval.origin) });
    }
    notes
}

fn message(context: &Context<'_>, update: &Update, group: &GroupReference) -> String {
    let by: Vec<String> =
        update.superseded_by.iter().take(NAMED_MAX).map(|by| described(context, *by, group)).collect();
    let more = update.superseded_by.len().saturating_sub(by.len());
    let more = if more > 0 { format!(", and by {more} more") } else { String::new() };
    format!("the update is superseded by {}{more}", by.join(", by "))
}

/// `2026-06 Cumulative Update (KB5060842), which is approved for this group`.
fn described(context: &Context<'_>, by: uuid::Uuid, group: &GroupReference) -> String {
    let Some(update) = context.snapshot.updates.get(&by) else { return by.to_string() };
    let approved = if installs(context, update, group) { "is approved" } else { "is not approved" };
    format!("{}, which {approved} for this group", update.label())
}

/// Whether the group will have an install approval: of the groups from it upwards, the first that has any decides.
fn installs(context: &Context<'_>, update: &Update, group: &GroupReference) -> bool {
    if update.declined || context.resolved.declines.contains_key(&update.id) {
        return false;
    }
    for above in context.lineage(group) {
        let declared = context.resolved.approvals.get(&(update.id, above.clone()));
        match declared.map(|approval| approval.value.action) {
            Some(ApprovalAction::Inherit) => continue,
            Some(action) => return action == ApprovalAction::Install,
            None => {}
        }
        if let Some(row) = context.approvals_of(update.id, &above).last() {
            return ApprovalAction::from_code(row.action) == Some(ApprovalAction::Install);
        }
    }
    false
}
