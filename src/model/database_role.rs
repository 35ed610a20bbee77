//! Roles of the database that give WSUS's servers and report readers their rights, and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{fold, named};

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
    /// Users and roles of the database by name as stored.
    pub principals: BTreeMap<String, Principal>,
    /// Whether the login sees all of them: what it does not see is not there.
    pub sees_principals: bool,
    /// Whether the login sees all logins: else nobody can tell an orphaned user.
    pub sees_logins: bool,
    /// Whether the login may map users to logins.
    pub may_map_users: bool,
}

impl LivePrincipals {
    /// The principal with this name, if there is exactly one.
    #[must_use]
    pub fn principal(&self, name: &str) -> Option<&Principal> {
        match self.named(name)[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The principals that a name may mean: the one that is spelled like it, else all whose names fold alike.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<&Principal> {
        named(name, self.principals.values(), |principal| &principal.name)
    }

    /// The orphaned users, by name.
    pub fn orphans(&self) -> impl Iterator<Item = (&Principal, &Orphan)> {
        self.principals.values().filter_map(|principal| Some((principal, principal.orphan.as_ref()?)))
    }
}

/// What is to become of a role's members: who comes, who goes, and nobody else.
///
/// Names that fold alike mean the same member, for a user that is mapped to a login takes the login's spelling on. Only where
/// both spellings are members of their own, as a case-sensitive database allows, is one not the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembersChange {
    add: BTreeSet<String>,
    remove: BTreeSet<String>,
    /// Those that are neither: no spelling of one that goes or comes.
    keep: BTreeSet<String>,
}

impl MembersChange {
    /// What makes these members those that are wanted. Two spellings that are principals both are never each other.
    #[must_use]
    pub fn between(live: &BTreeSet<String>, wanted: &BTreeSet<String>, is_principal: impl Fn(&str) -> bool) -> Self {
        let are_apart = |name: &str, other: &str| is_principal(name) && is_principal(other);
        let lacks = |names: &BTreeSet<String>, others: &BTreeSet<String>| -> BTreeSet<String> {
            names
                .iter()
                .filter(|name| {
                    spelling_of(name, others, |other| names.contains(other) || are_apart(name, other)).is_none()
                })
                .cloned()
                .collect()
        };
        let (add, remove) = (lacks(wanted, live), lacks(live, wanted));
        let keep = live.difference(&remove).chain(wanted.difference(&add)).cloned().collect();
        Self { add, remove, keep }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }

    /// Who comes.
    #[must_use]
    pub fn add(&self) -> &BTreeSet<String> {
        &self.add
    }

    /// Who goes.
    #[must_use]
    pub fn remove(&self) -> &BTreeSet<String> {
        &self.remove
    }

    /// Who of those that come is not among these members.
    pub fn missing<'a>(&'a self, live: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
        self.add.iter().filter(|name| self.find(name, live).is_none())
    }

    /// Who of those that go is still among these members, spelled as there.
    pub fn left<'a>(&'a self, live: &'a BTreeSet<String>) -> impl Iterator<Item = &'a String> {
        self.remove.iter().filter_map(|name| self.find(name, live))
    }

    fn find<'a>(&self, name: &str, live: &'a BTreeSet<String>) -> Option<&'a String> {
        spelling_of(name, live, |other| [&self.add, &self.remove, &self.keep].iter().any(|names| names.contains(other)))
    }
}

/// The spelling of a name among others: itself, or one that folds alike and is nobody else's.
fn spelling_of<'a>(name: &str, others: &'a BTreeSet<String>, is_taken: impl Fn(&String) -> bool) -> Option<&'a String> {
    let alike = || others.iter().find(|other| fold(other) == fold(name) && !is_taken(other));
    others.get(name).or_else(alike)
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
    /// The login that is called like it; none where there is none, or where several are and none is spelled like it.
    pub namesake: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DatabaseRole, MembersChange};

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn members_that_only_their_case_tells_apart_are_the_same_unless_both_are_there() {
        let principals = ["Twin", "TWIN", "W1$"];
        for (live, wanted, add, remove) in [
            (&["w1$"][..], &["W1$"][..], &[][..], &[][..]),
            (&["Twin"], &["TWIN"], &["TWIN"], &["Twin"]),
            (&["w1$", "w2$"], &["W1$", "W3$"], &["W3$"], &["w2$"]),
            (&["report", "Report"], &["Report"], &[], &["report"]),
            (&["report"], &["report", "Report"], &["Report"], &[]),
        ] {
            let change = MembersChange::between(&names(live), &names(wanted), |name| principals.contains(&name));
            assert_eq!((change.add(), change.remove()), (&names(add), &names(remove)), "{live:?} {wanted:?}");
            assert_eq!(change.is_empty(), add.is_empty() && remove.is_empty());
            assert_eq!(
                (change.missing(&names(live)).count(), change.left(&names(live)).count()),
                (add.len(), remove.len())
            );
            let wanted = names(wanted);
            assert_eq!((change.missing(&wanted).count(), change.left(&wanted).count()), (0, 0));
        }
    }

    #[test]
    fn roles_are_found_as_sql_server_compares_names() {
        for role in DatabaseRole::ALL {
            assert_eq!(DatabaseRole::named(&role.name().to_uppercase()), Some(role));
            assert!(role.path().ends_with(role.name()));
        }
        assert_eq!(DatabaseRole::named("db_owner"), None);
    }
}
