//! Members of database roles: names become those of principals that the database has.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::database_role::{DatabaseRole, LivePrincipals, Principal};
use crate::model::desired::Desired;
use crate::model::name::trim;
use crate::model::near::suggestion;
use crate::model::origin::{Declared, Origin};
use crate::model::resolved::ResolvedDatabaseRoles;
use crate::model::snapshot::Snapshot;

use super::notes::Notes;

/// Looks up every member. Where the login does not see the database's principals, names stay as written.
pub(super) fn resolve(desired: &Desired, snapshot: &Snapshot, notes: &mut Notes) -> ResolvedDatabaseRoles {
    let mut roles = BTreeMap::new();
    let live = snapshot.database_roles.as_ref();
    for (role, members) in &desired.database_roles {
        let seen = live.filter(|live| live.sees_principals);
        let names = members.value.iter().map(|member| match seen {
            Some(live) => look_up(*role, member, live, notes),
            None => trim(&member.value).to_owned(),
        });
        let value = names.collect();
        roles.insert(*role, Declared { value, origin: members.origin });
        if seen.is_some_and(|live| !live.sees_logins) {
            warn_of_blindness(*role, members.origin, notes);
        }
    }
    roles
}

fn look_up(role: DatabaseRole, member: &Declared<String>, live: &LivePrincipals, notes: &mut Notes) -> String {
    let name = trim(&member.value);
    match live.named(name)[..] {
        [principal] if principal.can_be_member => return principal.name.clone(),
        [principal] => notes.error(
            Diagnostic::error("impossible-member", "no member of a database role")
                .detail(format!("`{}` is no user and no role that SQL Server takes into a role", principal.name))
                .at(member.origin, "")
                .help("name a user of the database or a role of its own, or remove it"),
        ),
        [] => notes.error(unknown(role, name, member.origin, live)),
        ref several => notes.error(ambiguous(role, name, member.origin, several)),
    }
    name.to_owned()
}

fn unknown(role: DatabaseRole, name: &str, origin: Origin, live: &LivePrincipals) -> Diagnostic {
    let candidates = live.principals.values().filter(|known| known.can_be_member).map(|known| known.name.as_str());
    let bracketed = format!("[{}]", name.replace(']', "]]"));
    let error = Diagnostic::error("unknown-database-user", "SUSDB has no such user")
        .detail(format!(
            "`{name}` is to be a member of {}, and the database has no user or role of that name",
            role.name()
        ))
        .at(origin, "")
        .help(format!(
            "where its login exists, make the user in SUSDB first: CREATE USER {bracketed} FOR LOGIN {bracketed}"
        ));
    match suggestion(name, candidates) {
        Some(question) => error.help(question),
        None => error,
    }
}

/// Only a case-sensitive database has several.
fn ambiguous(role: DatabaseRole, name: &str, origin: Origin, several: &[&Principal]) -> Diagnostic {
    let spellings: Vec<String> = several.iter().map(|principal| format!("`{}`", principal.name)).collect();
    Diagnostic::error("ambiguous-database-user", "several users of SUSDB differ only in case")
        .detail(format!("`{name}` is to be a member of {}, and the database has {}", role.name(), spellings.join(", ")))
        .at(origin, "")
        .help("write the name exactly as the database has it")
}

fn warn_of_blindness(role: DatabaseRole, origin: Origin, notes: &mut Notes) {
    let message = "whether a member is orphaned cannot be told: the login does not see the server's logins, which takes VIEW ANY \
                   DEFINITION";
    notes.warn(Address::Setting(role.path()), "loginsNotSeen", message.to_owned(), origin);
}
