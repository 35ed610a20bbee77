//! Roles of the database that give WSUS's servers and report readers their rights, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::name::fold;

/// A role of SUSDB whose members a manifest can declare.
///
/// Source: Black Hat USA 2026 deck (webService); learn.microsoft.com, Using WSUS Views (PublicViewAccess); grade A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DatabaseRole {
    /// The WSUS servers' machine accounts: they run procedures.
    WebService,
    /// Readers of the views in PUBLIC_VIEWS.
    PublicViewAccess,
}

impl DatabaseRole {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::WebService, Self::PublicViewAccess];

    /// Its name in SUSDB, and its key in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebService => "webService",
            Self::PublicViewAccess => "PublicViewAccess",
        }
    }

    /// Its path in `spec`, which is its address.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::WebService => "security.databaseRoles.webService",
            Self::PublicViewAccess => "security.databaseRoles.PublicViewAccess",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| fold(role.name()) == fold(name))
    }
}

/// The roles, and the principals that may be in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LivePrincipals {
    /// The roles that the database has.
    pub roles: BTreeMap<DatabaseRole, LiveRole>,
    /// Users and roles of the database by folded name.
    pub principals: BTreeMap<String, Principal>,
    /// Whether the login sees all of them: what it does not see is not there.
    pub sees_principals: bool,
    /// Whether the login sees all logins: else nobody can tell an orphaned user.
    pub sees_logins: bool,
    /// Whether the login may map users to logins.
    pub may_map_users: bool,
}

impl LivePrincipals {
    /// The principal with this name.
    #[must_use]
    pub fn principal(&self, name: &str) -> Option<&Principal> {
        self.principals.get(&fold(name))
    }

    /// The orphaned users, by name.
    pub fn orphans(&self) -> impl Iterator<Item = (&Principal, &Orphan)> {
        self.principals.values().filter_map(|principal| Some((principal, principal.orphan.as_ref()?)))
    }
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveRole {
    /// Its members, by name as stored.
    pub members: BTreeSet<String>,
    /// Whether the login may change them.
    pub may_alter: bool,
}

/// A user or role of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its name as stored.
    pub name: String,
    /// Whether a role can have it as a member.
    pub can_be_member: bool,
    /// How it has lost its login; none where it has one, needs none, or the logins are not seen.
    pub orphan: Option<Orphan>,
}

/// A user whose security identifier is that of no login, as after the restore of a database on another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The login that is called like it; none where there is none.
    pub namesake: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::DatabaseRole;

    #[test]
    fn roles_are_found_as_sql_server_compares_names() {
        for role in DatabaseRole::ALL {
            assert_eq!(DatabaseRole::named(&role.name().to_uppercase()), Some(role));
            assert!(role.path().ends_with(role.name()));
        }
        assert_eq!(DatabaseRole::named("db_owner"), None);
    }
}
