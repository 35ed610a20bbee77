//! Names become ids: what a manifest declares is looked up in what was read from the server.
//!
//! Pure, and all problems at once. Whoever gets a `Resolved` may plan it: an error leaves no value behind.
//! What a selector or glob means is decided here alone, over the snapshot; `plan` compares and never looks up a name.

mod approvals;
mod categories;
mod database_roles;
mod declines;
mod downstream_servers;
mod groups;
mod memberships;
mod notes;
mod notifications;
mod prunable;
mod rules;
mod scope;
pub mod select;
mod selected;
mod selected_approvals;
mod selection;
mod server_rules;
mod settings;
mod superseding;
mod synchronization;
mod unknown_computers;
mod updates;

pub use scope::scope;
pub use selection::selection;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::diagnostic::Diagnostics;
use crate::model::desired::Desired;
use crate::model::resolved::{Resolved, ResolvedIdentity};
use crate::model::snapshot::Snapshot;

use self::approvals::Approvals;
use self::declines::{Declined, Remaining};
use self::groups::Groups;
use self::memberships::Memberships;
use self::notes::Notes;
use self::prunable::Hidden;
use self::selected::Selected;
use self::superseding::Outlook;
use self::updates::Catalog;

/// Looks up what a manifest declares in a snapshot that was read with the manifest's scope. Selectors count ages back from
/// `now`, the time that the scope was made with.
///
/// # Errors
///
/// Everything that is wrong with the manifest against this server, sorted by place: unknown and ambiguous references,
/// entries that contradict each other, and what a replica or client-side targeting does not allow.
pub fn resolve(desired: &Desired, snapshot: &Snapshot, now: DateTime<Utc>) -> Result<Resolved, Diagnostics> {
    let mut notes = Notes::default();
    // What a replica and client-side targeting forbid goes by the declared mode, and by the live one where none is declared.
    let snapshot = &*snapshot.in_mode_of(&settings::declared_cells(desired));
    server_rules::check(desired, snapshot, &mut notes);
    let settings = settings::resolve(desired, snapshot, &mut notes);
    let synchronization = synchronization::resolve(desired, snapshot, &mut notes);
    let notifications = notifications::resolve(desired, snapshot, &mut notes);
    let database_roles = database_roles::resolve(desired, snapshot, &mut notes);
    let catalog = Catalog::new(snapshot);
    let mut groups = Groups::declare(desired, snapshot, &mut notes);
    server_rules::requested_groups(snapshot, &groups, &mut notes);
    let memberships = Memberships::resolve(desired, snapshot, &groups, &mut notes);
    let downstream_servers = downstream_servers::resolve(desired, snapshot, now, &mut notes);
    let rules = rules::resolve(desired, snapshot, &mut groups, &mut notes);
    let Settled { approvals, declined, lapsed_declines, prunable_groups } =
        settle(desired, snapshot, now, &catalog, &mut groups, &mut notes);
    selected::tell_of_nothing(approvals.entries.iter().chain(&declined.entries), &mut notes);
    let Approvals { pairs, lapsed, reinstatable, mut entries } = approvals;
    let offset = entries.len();
    let declines = declined.updates.into_iter().map(|(update, mut decline)| {
        decline.entry += offset;
        (update, decline)
    });
    let declines = declines.collect();
    entries.extend(declined.entries);
    let Notes { mut diagnostics, pending, warnings, findings, .. } = notes;
    if diagnostics.has_errors() {
        diagnostics.sort();
        return Err(diagnostics);
    }
    Ok(Resolved {
        server_name: desired.name.clone(),
        identity: desired
            .server_id
            .zip(desired.replaces)
            .map(|(server_id, replaces)| ResolvedIdentity { server_id, replaces: replaces.value }),
        settings,
        synchronization,
        notifications,
        database_roles,
        groups_with_computers: groups.with_computers(desired),
        groups: groups.declared,
        memberships: memberships.by_computer,
        referenced_groups: groups.referenced,
        approvals: pairs,
        reinstatable,
        declines,
        lapsed: lapsed.into_keys().collect(),
        lapsed_declines,
        rules,
        downstream_servers: downstream_servers.declared,
        prunable_downstream_servers: downstream_servers.prunable,
        prunable_groups,
        entries,
        pending,
        warnings,
        findings,
        management: desired.management.clone(),
    })
}

/// What approvals and declines come to.
struct Settled {
    approvals: Approvals,
    declined: Declined,
    lapsed_declines: BTreeSet<Uuid>,
    prunable_groups: BTreeSet<Uuid>,
}

/// Resolves approvals and declines in the order that keeps a plan from changing what selectors mean: what entries name, the
/// declines on the server that remain, what selectors approve, what selectors decline.
fn settle(
    desired: &Desired,
    snapshot: &Snapshot,
    now: DateTime<Utc>,
    catalog: &Catalog<'_>,
    groups: &mut Groups<'_>,
    notes: &mut Notes,
) -> Settled {
    let selected = Selected::new(desired, snapshot, now, notes);
    let mut declined = declines::resolve(desired, catalog, notes);
    let entry_groups: Vec<_> =
        desired.approvals.iter().map(|entry| approvals::look_up_groups(entry, groups, notes)).collect();
    let hidden = Hidden::new(&desired.management, snapshot, &groups.declared);
    let reinstated = approvals::reinstated(desired, &entry_groups, &hidden);
    let remaining = Remaining::new(desired, snapshot, &declined, &selected, reinstated, &hidden);
    let mut approvals = Approvals::resolve(desired, snapshot, catalog, &entry_groups, &remaining, notes);
    declines::check_against_approvals(&declined, snapshot, &approvals.pairs, notes);
    selected_approvals::select(&mut approvals, desired, &entry_groups, &selected, snapshot, &remaining, notes);
    let declining = declined.declining(snapshot, &hidden);
    let prunable_groups =
        prunable::prunable(snapshot, &groups.declared, &groups.referenced, &declining, &hidden, notes);
    let outlook = Outlook {
        snapshot,
        management: &desired.management,
        pairs: &approvals.pairs,
        lapsed: &approvals.lapsed,
        doomed: &prunable_groups,
        hidden: &hidden,
    };
    declines::select(&mut declined, desired, &selected, &remaining, &outlook);
    approvals.settle(desired, &declined, &hidden);
    let lapsed_declines = remaining.lapsed(snapshot, &declined);
    declined.tell_lapsed(&selected, &lapsed_declines, &hidden);
    Settled { approvals, declined, lapsed_declines, prunable_groups }
}
