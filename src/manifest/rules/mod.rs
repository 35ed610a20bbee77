//! What must hold between the values of a document. One function a rule; each sees whatever could be read.

mod approval_rules;
mod approvals;
mod computers;
mod database_roles;
mod groups;
mod identity;
mod ignore;
mod notifications;
mod overlap;
mod settings;
mod synchronization;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::document::Document;
use super::problems::Problems;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::desired::Desired;
use crate::model::name::fold;
use crate::model::origin::Origin;

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

/// Finds manifests that declare the same server: those whose names are equal as WSUS compares names, that pin the same
/// `identity.serverId`, or whose URLs lead to the same database. One of them would undo what the other has done.
///
/// The reader applies this to the documents of one text; a caller that reads several applies it to all.
#[must_use]
pub fn duplicate_servers(servers: &[Desired]) -> Diagnostics {
    let mut seen: BTreeMap<Claim, (Origin, &Desired)> = BTreeMap::new();
    let mut problems = Diagnostics::default();
    for server in servers {
        let mut reported = false;
        for (claim, origin) in claims(server) {
            let Some((first_origin, first)) = seen.get(&claim) else {
                seen.insert(claim, (origin, server));
                continue;
            };
            if !std::mem::replace(&mut reported, true) {
                problems.push(
                    Diagnostic::error("duplicate-server", "two manifests for one server")
                        .detail(claim.of(&server.name, &first.name))
                        .at(origin, "again here")
                        .and(*first_origin, "first here")
                        .help(claim.help()),
                );
            }
        }
    }
    problems
}

/// What says which server a manifest is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Name(String),
    ServerId(Uuid),
    Database(String),
}

impl Claim {
    fn of(&self, name: &str, first: &str) -> String {
        match self {
            Self::Name(_) => format!("`{name}` is the name of another manifest already"),
            Self::ServerId(id) => format!("`{first}` and `{name}` both pin the server {id}"),
            Self::Database(database) => format!("`{first}` and `{name}` both lead to {database}"),
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Name(_) => "one document a server: give this one another metadata.name, or put the two together",
            Self::ServerId(_) | Self::Database(_) => {
                "one document a server: put the two together, or correct the one that is about another server"
            }
        }
    }
}

fn claims(server: &Desired) -> impl Iterator<Item = (Claim, Origin)> {
    let name = Some((Claim::Name(fold(&server.name)), server.origin));
    let id = server.server_id.as_ref().map(|id| (Claim::ServerId(id.value), id.origin));
    let database = server.connection.as_ref().and_then(|connection| {
        let database = &connection.database;
        database.value.location().map(|location| (Claim::Database(location), database.origin))
    });
    [name, id, database].into_iter().flatten()
}
