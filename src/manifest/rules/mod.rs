//! What must hold between the values of a document. One function a rule; each sees whatever could be read.

mod approval_rules;
mod approvals;
mod computers;
mod database_roles;
mod duplicate_servers;
mod groups;
mod identity;
mod ignore;
mod notifications;
mod overlap;
mod settings;
mod synchronization;

pub use duplicate_servers::{duplicate_live, duplicate_servers};

use super::document::Document;
use super::problems::Problems;

/// Applies every rule.
pub(super) fn check(document: &Document, problems: &mut Problems) {
    identity::check(document, problems);
    groups::unique(&document.groups, problems);
    groups::not_built_in(&document.groups, problems);
    groups::creatable(&document.groups, problems);
    computers::check(&document.groups, problems);
    for approval in &document.approvals {
        approvals::groups_unique(approval, problems);
        approvals::deadline_is_relative(approval, problems);
        for group in &approval.groups {
            approvals::deadline_has_effect(group, problems);
            approvals::optional_is_possible(group, problems);
            approvals::blockable(group, problems);
        }
    }
    overlap::approvals(&document.approvals, problems);
    overlap::declines(&document.declines, problems);
    overlap::approvals_and_declines(&document.approvals, &document.declines, problems);
    approval_rules::check(document, problems);
    let servers = document.downstream_servers.iter().map(|server| &server.name);
    approval_rules::unique(servers, "duplicate-downstream-server", "a downstream server is declared twice", problems);
    settings::check(document, problems);
    database_roles::check(document, problems);
    synchronization::below_an_upstream_server(document, problems);
    notifications::check(document, problems);
    ignore::declared_groups(&document.management.ignore, &document.groups, problems);
    ignore::declared_servers(&document.management.ignore, &document.downstream_servers, problems);
    ignore::declared_rules(&document.management.ignore, &document.approval_rules, problems);
}
