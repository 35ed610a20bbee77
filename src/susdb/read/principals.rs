//! Database roles, who is in them, and users that have lost their login.
//!
//! System views only, whose columns Microsoft documents; names of the database and of the server are compared here, since the
//! two may have different collations.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{PRINCIPALS, PRINCIPALS_LOGINS, PRINCIPALS_PERMISSIONS, ROLE_MEMBERS};
use super::{Cells, ReadError, one, rows};
use crate::model::database_role::{DatabaseRole, LivePrincipals, LiveRole, Orphan, Principal};
use crate::model::name::fold;
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
    let logins: BTreeMap<String, (String, String)> =
        logins.into_iter().map(|(name, kind)| (fold(&name), (name, kind))).collect();
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
        (fold(&row.name), Principal { name: row.name, can_be_member, orphan })
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

/// Reads which principals have a login, by folded name.
pub(super) async fn read_mapped(session: &mut Session) -> Result<BTreeMap<String, bool>, ReadError> {
    let rows = rows(session, &PRINCIPALS, principal).await?;
    Ok(rows.into_iter().map(|row| (fold(&row.name), row.has_login)).collect())
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

/// A user of SQL Server's own authentication needs a login. A Windows user may come in through a group's, so it is orphaned only
/// where a login of its name has another security identifier: that of another machine or domain.
fn orphan(row: &Row, logins: &BTreeMap<String, (String, String)>) -> Option<Orphan> {
    if row.has_login {
        return None;
    }
    let namesake =
        logins.get(&fold(&row.name)).filter(|(_, kind)| kind.trim() == row.kind).map(|(name, _)| name.clone());
    match row.kind.as_str() {
        "S" if row.authentication == 1 => Some(Orphan { namesake }),
        "U" | "G" => namesake.map(|name| Orphan { namesake: Some(name) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Orphan, Row, orphan};

    fn row(name: &str, kind: &str, authentication: i32) -> Row {
        Row { name: name.into(), kind: kind.into(), is_fixed: false, authentication, has_login: false }
    }

    #[test]
    fn only_a_user_that_needs_a_login_of_its_own_is_orphaned() {
        let login = |name: &str, kind: &str| (name.to_lowercase(), (name.to_owned(), kind.to_owned()));
        let logins = BTreeMap::from([login("Report", "S"), login("CONTOSO\\WSUS01$", "U")]);
        let named = |name: &str| Some(Orphan { namesake: Some(name.to_owned()) });
        for (row, expected) in [
            (row("report", "S", 1), named("Report")),
            (row("other", "S", 1), Some(Orphan { namesake: None })),
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
}
