//! What must be read for a manifest.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::model::address::Kind;
use crate::model::desired::{Desired, DesiredGroup, Notifications, Settings, Synchronization, UpdateReference};
use crate::model::management::{Management, Prune};
use crate::model::name::fold;
use crate::model::scope::ReadScope;

use super::selection;

/// Says what has to be read before a manifest can be resolved and planned.
///
/// The cost of a read follows what is declared: everything of a kind is read only where pruning or an `ignore` pattern
/// has to look at what nothing declares.
#[must_use]
pub fn scope(desired: &Desired, now: DateTime<Utc>) -> ReadScope {
    let Desired { groups, approvals, declines, management, .. } = desired;
    let approval_references = approvals.iter().map(|entry| &entry.update);
    let decline_references = declines.iter().map(|entry| &entry.update);
    let mut scope = ReadScope {
        // A save goes through the settings' procedure, whatever is saved.
        settings: desired.settings != Settings::default() || desired.replaces.is_some(),
        // No other server may have the new id.
        downstream_servers: !desired.downstream_servers.is_empty()
            || desired.replaces.is_some()
            || management.prune(Kind::Downstream) != Prune::Never,
        // Rules approve for groups, and one whose last group goes is in the way of that.
        rules: !desired.rules.is_empty()
            || management.prune(Kind::Rule) != Prune::Never
            || management.prune(Kind::Group) != Prune::Never
            || ignores_some(management, "rule[\""),
        database_roles: !desired.database_roles.is_empty(),
        synchronization: desired.synchronization != Synchronization::default(),
        notifications: desired.notifications != Notifications::default(),
        // Pruned groups count their computers once, however many of the groups a computer is in.
        computers: groups.iter().any(|group| group.computers.is_some())
            || management.prune(Kind::Membership) != Prune::Never
            || management.prune(Kind::Group) != Prune::Never
            || ignores_some(management, "membership[\""),
        approvals_of_groups_but: (management.prune(Kind::Group) != Prune::Never).then(|| names(groups)),
        approved_updates: management.prune(Kind::Approval) != Prune::Never
            || management.prune_automatic_approvals != Prune::Never
            || ignores_some(management, "approval[\""),
        declined_updates: management.prune(Kind::Decline) != Prune::Never || ignores_some(management, "decline[\""),
        ..ReadScope::default()
    };
    for reference in approval_references {
        read_for(reference, &mut scope);
        if let UpdateReference::Select(selector) = reference {
            scope.selections.extend(selection::for_approvals(selector, now));
        }
    }
    for reference in decline_references {
        read_for(reference, &mut scope);
        if let UpdateReference::Select(selector) = reference {
            scope.selections.extend(selection::for_declines(selector, now));
        }
    }
    scope
}

/// The names of all declared groups, folded.
fn names(groups: &[DesiredGroup]) -> BTreeSet<String> {
    groups.iter().map(|group| fold(&group.name)).collect()
}

/// The ids and articles of a reference. Those of a selector, too: an unknown one deserves a warning whatever the other
/// conditions are.
fn read_for(reference: &UpdateReference, scope: &mut ReadScope) {
    match reference {
        UpdateReference::Id(id) => {
            scope.update_ids.insert(id.value);
        }
        UpdateReference::Kb(reference) => {
            scope.kbs.insert(reference.kb.value.clone());
        }
        UpdateReference::Select(selector) => {
            scope.selector_kbs.extend(selector.kb.iter().flatten().map(|kb| kb.value.clone()));
        }
    }
}

fn ignores_some(management: &Management, prefix: &str) -> bool {
    management.ignore.iter().any(|pattern| pattern.value.may_match_prefix(prefix))
}
