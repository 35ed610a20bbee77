//! One manifest a server: two would undo each other's work, and each run would say that all is well.

use std::collections::BTreeMap;
use std::path::Path;

use uuid::Uuid;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::desired::Desired;
use crate::model::name::fold;
use crate::model::object::ServerPlace;
use crate::model::origin::Origin;

/// Finds manifests that declare the same server: those whose names are equal as WSUS compares names, that pin the same
/// `identity.serverId`, or whose URLs lead to the same database. With each comes the directory that its paths are relative
/// to.
///
/// The reader applies this to the documents of one text; a caller that reads several applies it to all. What only the
/// servers themselves can tell is found by [`duplicate_live`].
#[must_use]
pub fn duplicate_servers<'a>(servers: impl IntoIterator<Item = (&'a Desired, &'a Path)>) -> Diagnostics {
    let mut seen: BTreeMap<Claim, (Origin, &Desired)> = BTreeMap::new();
    let mut problems = Diagnostics::default();
    for (server, directory) in servers {
        let mut reported = false;
        for (claim, origin) in claims(server, directory) {
            let Some((first_origin, first)) = seen.get(&claim) else {
                seen.insert(claim, (origin, server));
                continue;
            };
            if !std::mem::replace(&mut reported, true) {
                problems.push(duplicate((&first.name, *first_origin), (&server.name, origin), &claim));
            }
        }
    }
    problems
}

/// What is wrong where one manifest leads to the server `found` and another to `other`, and the two are one.
///
/// Two databases may have one id: a copy keeps it until somebody changes it. A manifest that does so (`identity.replaces`)
/// stands beside the one of the original.
#[must_use]
pub fn duplicate_live(
    (first, found): (&Desired, &ServerPlace),
    (again, other): (&Desired, &ServerPlace),
) -> Option<Diagnostic> {
    let id = found.server_id;
    let replaced = |desired: &Desired| desired.replaces.is_some_and(|replaces| replaces.value == id);
    let one_database = fold(&found.database) == fold(&other.database);
    if id != other.server_id || !one_database && (replaced(first) || replaced(again)) {
        return None;
    }
    let claim = if one_database { Claim::Live(found.clone()) } else { Claim::Copy(id) };
    Some(duplicate((&first.name, place(first)), (&again.name, place(again)), &claim))
}

/// Where a manifest says what it leads to.
fn place(server: &Desired) -> Origin {
    server.connection.as_ref().map_or(server.origin, |connection| connection.database.origin)
}

fn duplicate((first, first_origin): (&str, Origin), (again, origin): (&str, Origin), claim: &Claim) -> Diagnostic {
    Diagnostic::error("duplicate-server", "two manifests for one server")
        .detail(claim.of(again, first))
        .at(origin, "again here")
        .and(first_origin, "first here")
        .help(claim.help())
}

/// What says which server a manifest is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Name(String),
    ServerId(Uuid),
    Database(String),
    Live(ServerPlace),
    Copy(Uuid),
}

impl Claim {
    fn of(&self, name: &str, first: &str) -> String {
        match self {
            Self::Name(_) => format!("`{name}` is the name of another manifest already"),
            Self::ServerId(id) => format!("`{first}` and `{name}` both pin the server {id}"),
            Self::Database(database) => format!("`{first}` and `{name}` both lead to {database}"),
            Self::Live(ServerPlace { server_id: id, database }) => {
                format!("`{first}` and `{name}` both lead to the server {id}, which calls its database {database}")
            }
            Self::Copy(id) => {
                format!("`{first}` and `{name}` lead to two databases that both say they are the server {id}")
            }
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Name(_) => "one document a server: give this one another metadata.name, or put the two together",
            Self::ServerId(_) | Self::Database(_) | Self::Live(_) => {
                "one document a server: put the two together, or correct the one that is about another server"
            }
            Self::Copy(_) => {
                "where one is a copy of the other, give it an id of its own with identity.serverId and identity.replaces"
            }
        }
    }
}

fn claims(server: &Desired, directory: &Path) -> impl Iterator<Item = (Claim, Origin)> {
    let name = Some((Claim::Name(fold(&server.name)), server.origin));
    let id = server.server_id.as_ref().map(|id| (Claim::ServerId(id.value), id.origin));
    let database = server.connection.as_ref().and_then(|connection| {
        let database = &connection.database;
        database.value.location(directory).map(|location| (Claim::Database(location), database.origin))
    });
    [name, id, database].into_iter().flatten()
}
