//! What a replica and client-side targeting do not allow.

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::resolved::Notice;
use crate::model::snapshot::Snapshot;

use super::groups::Groups;
use super::notes::Notes;

/// Refuses what this server's mode does not allow.
///
/// Source: learn.microsoft.com, IUpdateServer (ms746997 remarks) and bb294928: a replica cannot create groups or
/// approve (grade A); under client-side targeting clients place themselves (scaffold of a live SUSDB, grade A).
pub(super) fn check(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) {
    let Desired { groups, approvals, declines, rules, .. } = desired;
    if snapshot.server.replica {
        let first_approval = approvals.first().map(|entry| ("approvals", approvals.len(), entry.origin));
        let first_decline = declines.first().map(|entry| ("declines", declines.len(), entry.origin));
        let first_rule = rules.first().map(|rule| ("approvalRules", rules.len(), rule.origin));
        for (key, count, origin) in first_approval.into_iter().chain(first_decline).chain(first_rule) {
            notes.error(
                Diagnostic::error(
                    "declared-on-replica",
                    "A replica takes approvals, declines and rules from its parent",
                )
                .detail(format!("This server is a replica, so its `{key}` cannot be declared: {count} declared here."))
                .at(origin, "cannot be declared for a replica")
                .help(format!("declare them for the upstream server and remove `{key}` here")),
            );
        }
    }
    if !snapshot.server.server_side_targeting {
        for group in groups {
            let Some(computers) = &group.computers else { continue };
            let origin = computers.first().map_or(group.origin, |computer| computer.origin);
            notes.error(
                Diagnostic::error(
                    "computers-under-client-side-targeting",
                    "Group policy places the computers of this server",
                )
                .detail(format!(
                    "The server uses client-side targeting, so the computers of `{}` cannot be declared.",
                    group.name
                ))
                .at(origin, "computers of a group")
                .help("remove `computers` and `except` from the group; the group itself and approvals for it may stay"),
            );
        }
    }
}

/// Finds groups that computers ask for in vain.
pub(super) fn requested_groups(snapshot: &Snapshot, groups: &Groups<'_>, notes: &mut Notes) {
    if snapshot.server.server_side_targeting {
        return;
    }
    for (name, computers) in &snapshot.requested_groups {
        if groups.is_known(name) {
            continue;
        }
        let asks = if *computers == 1 { "computer asks" } else { "computers ask" };
        notes.findings.push(Notice {
            address: Address::Group(name.clone()),
            code: "requestedGroup",
            message: format!("{computers} {asks} for this group, which neither exists nor is declared"),
            origin: None,
        });
    }
}
