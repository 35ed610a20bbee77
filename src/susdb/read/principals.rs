//! Database roles, who is in them, and users that have lost their login.
//!
//! System views only, whose columns Microsoft documents; names of the database and of the server are compared here, since the
//! two may have different collations.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{PRINCIPALS, PRINCIPALS_LOGINS, PRINCIPALS_PERMISSIONS, ROLE_MEMBERS};
use super::{Cells, ReadError, one, rows};
use crate::model::database_role::{DatabaseRole, LivePrincipals, LiveRole, Orphan, Principal};
use crate::model::name::{fold, named};
use crate::susdb::session::Session;

/// A row of `sys.database_principals`.
struct Row {
    name: String,
    kind: String,
    is_fixed: bool,
    /// 0 none, 1 instance, 2 database, 3 Windows.
    authentication: i32,
    has_login: bool,
}

/// What the login may do with principals.
struct Permissions {
    sees_principals: bool,
    sees_logins: bool,
    may_map_users: bool,
    may_alter: BTreeMap<DatabaseRole, bool>,
}

/// Reads the roles and the principals that may be in them.
///
/// Source: learn.microsoft.com, sys.database_principals, sys.database_role_members, sys.server_principals (columns, types and who
/// sees what), Troubleshoot orphaned users, HAS_PERMS_BY_NAME (grade A).
///
/// # Errors
/// [`ReadError`].
pub async fn read_principals(session: &mut Session) -> Result<LivePrincipals, ReadError> {
    let permissions = one(&PRINCIPALS_PERMISSIONS, rows(session, &PRINCIPALS_PERMISSIONS, permissions).await?)?;
    let principals = rows(session, &PRINCIPALS, principal).await?;
    let logins = rows(session, &PRINCIPALS_LOGINS, |row| Ok((row.text("LoginName")?, row.text("LoginType")?))).await?;
    let mut roles: BTreeMap<DatabaseRole, LiveRole> = BTreeMap::new();
    for row in principals.iter().filter(|row| row.kind == "R") {
        if let Some(role) = DatabaseRole::named(&row.name) {
            let may_alter = permissions.may_alter.get(&role).copied().unwrap_or_default();
            roles.insert(role, LiveRole { members: BTreeSet::new(), may_alter });
        }
    }
    for (role, members) in read_role_members(session).await? {
        roles.entry(role).or_default().members = members;
    }
    let sees_logins = permissions.sees_logins;
    let principals = principals.into_iter().map(|row| {
        let orphan = if sees_logins { orphan(&row, &logins) } else { None };
        let can_be_member = !row.is_fixed && fold(&row.name) != "public" && fold(&row.name) != "dbo";
        (row.name.clone(), Principal { name: row.name, can_be_member, orphan })
    });
    Ok(LivePrincipals {
        principals: principals.collect(),
        roles,
        sees_principals: permissions.sees_principals,
        sees_logins,
        may_map_users: permissions.may_map_users,
    })
}

/// Reads who is in the roles; a role without members is missing.
pub(super) async fn read_role_members(
    session: &mut Session,
) -> Result<BTreeMap<DatabaseRole, BTreeSet<String>>, ReadError> {
    let mut members: BTreeMap<DatabaseRole, BTreeSet<String>> = BTreeMap::new();
    let pairs = rows(session, &ROLE_MEMBERS, |row| Ok((row.text("RoleName")?, row.text("MemberName")?)));
    for (role, member) in pairs.await? {
        if let Some(role) = DatabaseRole::named(&role) {
            members.entry(role).or_default().insert(member);
        }
    }
    Ok(members)
}

/// Which principals have a login.
#[derive(Default)]
pub(super) struct Mapped(Vec<Row>);

impl Mapped {
    /// Whether a user has one. It may be spelled otherwise than it was: a Windows user takes its login's name on.
    pub(super) fn has_login(&self, user: &str) -> bool {
        matches!(named(user, &self.0, |row| &row.name)[..], [row] if row.has_login)
    }
}

/// Reads which principals have a login.
pub(super) async fn read_mapped(session: &mut Session) -> Result<Mapped, ReadError> {
    rows(session, &PRINCIPALS, principal).await.map(Mapped)
}

fn principal(row: &Cells<'_>) -> Result<Row, ReadError> {
    Ok(Row {
        name: row.text("PrincipalName")?,
        kind: row.text("PrincipalType")?.trim().to_owned(),
        is_fixed: row.bit("IsFixedRole")?,
        authentication: row.int("Authentication")?,
        has_login: row.text_or_null("LoginName")?.is_some(),
    })
}

fn permissions(row: &Cells<'_>) -> Result<Permissions, ReadError> {
    let may = |column| Ok::<_, ReadError>(row.int_or_null(column)? == Some(1));
    Ok(Permissions {
        sees_principals: may("SeesPrincipals")?,
        sees_logins: may("SeesDefinitions")? || may("AltersLogins")?,
        may_map_users: may("ControlsDatabase")?,
        may_alter: BTreeMap::from([
            (DatabaseRole::WebService, may("AltersWebService")?),
            (DatabaseRole::PublicViewAccess, may("AltersPublicViewAccess")?),
        ]),
    })
}

/// Principals that every database has and that belong to no role's member. A restored database's dbo may well have no login:
/// that is the owner, whom ALTER USER cannot map (ALTER AUTHORIZATION makes another one).
///
/// Source: learn.microsoft.com, ALTER USER, Principals (grade A).
const BUILT_IN: [&str; 4] = ["dbo", "guest", "sys", "information_schema"];

/// A user of SQL Server's own authentication needs a login. A Windows user may come in through a group's, so it is orphaned only
/// where a login of its name has another security identifier: that of another machine or domain.
///
/// Of several logins whose names differ in case alone, as a case-sensitive server may have, only one that is spelled like the
/// user is its namesake.
fn orphan(row: &Row, logins: &[(String, String)]) -> Option<Orphan> {
    if row.has_login || BUILT_IN.contains(&fold(&row.name).as_str()) {
        return None;
    }
    let of_kind = logins.iter().filter(|(_, kind)| kind.trim() == row.kind);
    let namesake = match named(&row.name, of_kind, |(name, _)| name)[..] {
        [(name, _)] => Some(name.clone()),
        _ => None,
    };
    match row.kind.as_str() {
        "S" if row.authentication == 1 => Some(Orphan { namesake }),
        "U" | "G" => namesake.map(|name| Orphan { namesake: Some(name) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Mapped, Orphan, Row, orphan};

    fn row(name: &str, kind: &str, authentication: i32) -> Row {
        Row { name: name.into(), kind: kind.into(), is_fixed: false, authentication, has_login: false }
    }

    #[test]
    fn only_a_user_that_needs_a_login_of_its_own_is_orphaned() {
        let login = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
        let logins = [
            login("Report", "S"),
            login("CONTOSO\\WSUS01$", "U"),
            login("sa", "S"),
            login("Twin", "S"),
            login("TWIN", "S"),
            login("dbo", "S"),
        ];
        let named = |name: &str| Some(Orphan { namesake: Some(name.to_owned()) });
        for (row, expected) in [
            (row("report", "S", 1), named("Report")),
            (row("other", "S", 1), Some(Orphan { namesake: None })),
            (row("TWIN", "S", 1), named("TWIN")),
            (row("twin", "S", 1), Some(Orphan { namesake: None })),
            // The owner of a restored database, and those that never have a login.
            (row("dbo", "S", 1), None),
            (row("dbo", "U", 3), None),
            (row("guest", "S", 1), None),
            (row("report", "S", 0), None),
            (row("contoso\\wsus01$", "U", 3), named("CONTOSO\\WSUS01$")),
            // A login of another kind is somebody else's.
            (row("CONTOSO\\WSUS01$", "G", 3), None),
            (row("CONTOSO\\WSUS02$", "U", 3), None),
            (row("webService", "R", 0), None),
            (Row { has_login: true, ..row("report", "S", 1) }, None),
        ] {
            assert_eq!(orphan(&row, &logins), expected, "{} {}", row.name, row.kind);
        }
    }

    #[test]
    fn a_user_that_was_mapped_may_be_spelled_like_its_login() {
        let mapped = Row { has_login: true, ..row("CONTOSO\\WSUS01$", "U", 3) };
        let twins = [row("report", "S", 1), Row { has_login: true, ..row("Report", "S", 1) }];
        let users = Mapped([mapped].into_iter().chain(twins).collect());
        assert!(users.has_login("contoso\\wsus01$") && users.has_login("Report"));
        assert!(!users.has_login("report") && !users.has_login("REPORT") && !users.has_login("other"));
    }
}
