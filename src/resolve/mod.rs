//! Names become ids: what a manifest declares is looked up in what was read from the server.
//!
//! Pure, and all problems at once. Whoever gets a `Resolved` may plan it: an error leaves no value behind.
//! What a selector or glob means is decided here alone, over the snapshot; `plan` compares and never looks up a name.

mod approvals;
mod categories;
mod declines;
mod groups;
mod memberships;
mod near;
mod notes;
mod scope;
pub mod select;
mod selection;
mod server_rules;
mod updates;

pub use near::{did_you_mean, nearest};
pub use scope::scope;
pub use selection::selection;

use chrono::{DateTime, Utc};

use crate::diagnostic::Diagnostics;
use crate::model::desired::Desired;
use crate::model::resolved::Resolved;
use crate::model::snapshot::Snapshot;

use self::approvals::Approvals;
use self::groups::Groups;
use self::memberships::Memberships;
use self::notes::Notes;
use self::updates::Catalog;

/// Looks up what a manifest declares in a snapshot that was read with the manifest's scope. Selectors count ages back from
/// `now`, the time that the scope was made with.
///
/// # Errors
///
/// Everything that is wrong with the manifest against this server, sorted by place: unknown and ambiguous references,
/// entries that contradict each other, and what a replica or client-side targeting does not allow.
pub fn resolve(desired: &Desired, snapshot: &Snapshot, _now: DateTime<Utc>) -> Result<Resolved, Diagnostics> {
    let mut notes = Notes::default();
    server_rules::check(desired, snapshot, &mut notes);
    let catalog = Catalog::new(snapshot);
    let mut groups = Groups::declare(desired, snapshot, &mut notes);
    server_rules::requested_groups(snapshot, &groups, &mut notes);
    let memberships = Memberships::resolve(desired, snapshot, &groups, &mut notes);
    let declined = declines::resolve(desired, &catalog, &mut notes);
    let Approvals { pairs, lapsed, mut entries } =
        Approvals::resolve(desired, snapshot, &catalog, &mut groups, &declined, &mut notes);
    declines::check_against_approvals(&declined, &pairs, &mut notes);
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
        groups_with_computers: groups.with_computers(desired),
        groups: groups.declared,
        memberships: memberships.by_computer,
        referenced_groups: groups.referenced,
        approvals: pairs,
        declines,
        lapsed,
        entries,
        pending,
        warnings,
        findings,
        management: desired.management.clone(),
    })
}
