//! What forbids a plan's execution as a whole.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::approvals;
use super::change::ChangeAction;
use super::context::Context;
use super::draft::Draft;
use super::permission::Permission;
use super::reach::Reach;
use super::step::Operation;
use super::{Blocker, BlockerSubject};
use crate::model::address::Kind;
use crate::model::management::{Limits, Prune};
use crate::model::resolved::GroupReference;

/// The kinds that limits and pruning know.
const KINDS: [Kind; 6] = [Kind::Group, Kind::Membership, Kind::Approval, Kind::Decline, Kind::Rule, Kind::Downstream];

/// What a plan does to a kind.
#[derive(Debug, Default)]
struct Toll {
    creations: u64,
    modifications: u64,
    /// Everything that goes, members of a group included.
    deletions: u64,
    /// Objects that are gone afterwards.
    gone: u64,
    pruned: u64,
    /// Of the pruned ones those that pruning asks about.
    asking: u64,
}

/// Blockers of limits and pruning.
pub(super) fn blockers(context: &Context<'_>, drafts: &[Draft], reach: &BTreeMap<Kind, Reach>) -> Vec<Blocker> {
    let mut blockers = Vec::new();
    for kind in KINDS {
        let mut toll = toll(drafts, kind);
        if kind == Kind::Approval {
            take_along(context, drafts, &mut toll);
        }
        let existing = reach.get(&kind).map_or(0, |reach| reach.managed_live + reach.prunable);
        blockers.extend(over_delete_limit(context, kind, &toll, existing));
        blockers.extend(over_modify_limit(context, kind, &toll, existing));
        blockers.extend(unconfirmed(context, kind, &toll));
        blockers.extend(emptied(context, kind, &toll, existing));
    }
    blockers
}

fn toll(drafts: &[Draft], kind: Kind) -> Toll {
    let mut toll = Toll::default();
    for draft in drafts.iter().filter(|draft| draft.change.address.kind() == kind) {
        toll.pruned += u64::from(draft.pruned.is_some());
        toll.asking += u64::from(draft.pruned == Some(Prune::Confirm));
        match draft.change.action {
            ChangeAction::Create => toll.creations += 1,
            ChangeAction::Delete => {
                toll.deletions += 1;
                toll.gone += 1;
            }
            // A computer that pruning takes out of one of its groups.
            ChangeAction::Modify if draft.pruned.is_some() => toll.deletions += 1,
            ChangeAction::Modify => toll.modifications += 1,
        }
    }
    toll
}

/// Adds the approvals that pruning would take and that go with a pruned group instead, without a change of their own.
/// Those that go with a declined update are declared to: they only count as gone.
fn take_along(context: &Context<'_>, drafts: &[Draft], toll: &mut Toll) {
    let operations = || drafts.iter().flat_map(|draft| &draft.steps).map(|step| &step.operation);
    let declined: BTreeSet<Uuid> = operations()
        .filter_map(|operation| if let Operation::Decline { update } = operation { Some(*update) } else { None })
        .collect();
    let deleted: BTreeSet<Uuid> = operations()
        .filter_map(|operation| if let Operation::DeleteGroup { group, .. } = operation { Some(*group) } else { None })
        .collect();
    for ((update, group), rows) in approvals::undeclared(context) {
        let prune = approvals::pruning(context, rows);
        let address = context.approval_address(update, &GroupReference::Existing(group));
        if prune == Prune::Never || context.ignores(&address) {
            continue;
        }
        let (declined, deleted) = (declined.contains(&update), deleted.contains(&group));
        toll.gone += u64::from(declined || deleted);
        if deleted && !declined {
            toll.deletions += 1;
            toll.pruned += 1;
            toll.asking += u64::from(prune == Prune::Confirm);
        }
    }
}

fn over_delete_limit(context: &Context<'_>, kind: Kind, toll: &Toll, existing: u64) -> Option<Blocker> {
    let limits = context.resolved.management.limits;
    let permitted = context.policy.permissions.delete_percent(kind);
    let limit = limits.delete_percent.max(permitted.unwrap_or_default());
    let over = over(toll.deletions, existing, limit, kind, &limits)?;
    Some(blocker(kind, "deletePercent", format!("deletes {}", over.text), Permission::DeletePercent(kind, over.needed)))
}

fn over_modify_limit(context: &Context<'_>, kind: Kind, toll: &Toll, existing: u64) -> Option<Blocker> {
    let limits = context.resolved.management.limits;
    let permitted = context.policy.permissions.modify_percent(kind);
    let limit = limits.modify_percent.max(permitted.unwrap_or_default());
    let over = over(toll.modifications, existing, limit, kind, &limits)?;
    let permission = Permission::ModifyPercent(kind, over.needed);
    Some(blocker(kind, "modifyPercent", format!("modifies {}", over.text), permission))
}

/// A share over its limit.
struct Over {
    /// The arithmetic.
    text: String,
    /// The whole percentage that permits it.
    needed: u8,
}

fn over(count: u64, existing: u64, limit: u8, kind: Kind, limits: &Limits) -> Option<Over> {
    if existing < u64::from(limits.minimum) || existing == 0 || count * 100 <= u64::from(limit) * existing {
        return None;
    }
    let hundredths = (count * 10_000 + existing / 2) / existing;
    let share = format!("{}.{:02} %", hundredths / 100, hundredths % 100);
    let text = format!("{count} of {existing} {} = {share} is over {limit}.00 %", kind.plural());
    let needed = u8::try_from((count * 100).div_ceil(existing)).unwrap_or(100).min(100);
    Some(Over { text, needed })
}

fn unconfirmed(context: &Context<'_>, kind: Kind, toll: &Toll) -> Option<Blocker> {
    if toll.asking == 0 || context.policy.permissions.may_delete(kind) {
        return None;
    }
    let message = format!("pruning {} deletes {} and has to be confirmed", kind.plural(), toll.asking);
    Some(blocker(kind, "pruneConfirm", message, Permission::Delete(kind)))
}

fn emptied(context: &Context<'_>, kind: Kind, toll: &Toll, existing: u64) -> Option<Blocker> {
    let left = (existing + toll.creations).saturating_sub(toll.gone);
    if toll.pruned == 0 || left > 0 || context.policy.permissions.has(Permission::Empty) {
        return None;
    }
    let message = format!("pruning would leave no {} at all ({existing} now)", kind.plural());
    Some(blocker(kind, "pruneToEmpty", message, Permission::Empty))
}

fn blocker(kind: Kind, code: &'static str, message: String, permission: Permission) -> Blocker {
    Blocker { subject: BlockerSubject::Kind(kind), code, message, permission: Some(permission), origin: None }
}

#[cfg(test)]
mod tests {
    use super::over;
    use crate::model::address::Kind;
    use crate::model::management::Limits;

    #[test]
    fn only_strictly_more_than_the_limit_is_too_much() {
        let limits = Limits::default();
        assert!(over(6, 20, 30, Kind::Group, &limits).is_none());
        let over_it = over(14, 20, 30, Kind::Group, &limits).unwrap();
        assert_eq!(over_it.text, "14 of 20 groups = 70.00 % is over 30.00 %");
        assert_eq!(over_it.needed, 70);
        assert_eq!(
            over(104, 261, 30, Kind::Approval, &limits).unwrap().text,
            "104 of 261 approvals = 39.85 % is over 30.00 %"
        );
    }

    #[test]
    fn few_objects_have_no_limit() {
        assert!(over(9, 9, 30, Kind::Group, &Limits::default()).is_none());
        assert!(over(4, 10, 30, Kind::Group, &Limits::default()).is_some());
    }
}
