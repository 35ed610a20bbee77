//! Users, roles and logins: what clients see of them, and the few statements that change them.

use super::*;
use crate::sandbox::access::Role;
use crate::sandbox::engine::tests::{error, rows};
use crate::sandbox::{procedures, schema, seeds};

fn initialise_product(connection: &mut Connection, _: Seed) -> rusqlite::Result<()> {
    schema::create(connection)?;
    seeds::fill(connection, Seed::Demo)?;
    connection.execute_batch("UPDATE sandbox_principals SET sid = x'0a' WHERE name = 'wsus-report'")
}

fn product(options: &Options) -> Session {
    session(&Engine::open(Location::Memory, options, procedures::all(), &initialise_product).unwrap())
}

fn role_call(session: &mut Session, procedure: &str, role: &str, member: &str) -> Result<Option<i32>, i32> {
    let name = |name: &str, value: &str| named(name, SqlType::NVarChar(Some(128)), text(value));
    let (outcome, recording) = call(session, procedure, vec![name("@rolename", role), name("@membername", member)]);
    match recording.errors.first() {
        Some(error) => Err(error.number),
        None => Ok(outcome.return_code),
    }
}

const MEMBERS: &str = "SELECT m.name FROM sys.database_role_members x
    JOIN sys.database_principals r ON r.principal_id = x.role_principal_id
    JOIN sys.database_principals m ON m.principal_id = x.member_principal_id
    WHERE r.name = 'PublicViewAccess' ORDER BY m.name";
const ORPHANS: &str = "SELECT p.name FROM sys.database_principals p LEFT JOIN sys.server_principals l ON l.sid = p.sid
    WHERE l.sid IS NULL AND p.authentication_type = 1";

#[test]
fn members_come_and_go_and_every_session_sees_it() {
    let mut session = product(&Options::default());
    let before = rows(&mut session, MEMBERS);
    assert_eq!(role_call(&mut session, "sp_addrolemember", "PublicViewAccess", "contoso\\wsus01$"), Ok(Some(0)));
    assert_eq!(rows(&mut session, MEMBERS).len(), before.len() + 1);
    assert_eq!(role_call(&mut session, "SYS.SP_DROPROLEMEMBER", "publicviewaccess", "CONTOSO\\WSUS01$"), Ok(Some(0)));
    assert_eq!(rows(&mut session, MEMBERS), before);
    assert_eq!(writes_count(&mut session), Value::Int(2));
    for (role, member, number) in [
        ("nothing", "CONTOSO\\WSUS01$", 15_151),
        ("wsus-report", "CONTOSO\\WSUS01$", 15_151),
        ("PublicViewAccess", "nobody", 15_151),
        ("PublicViewAccess", "dbo", 15_405),
        ("PublicViewAccess", "db_owner", 15_405),
        ("PublicViewAccess", "PublicViewAccess", 15_405),
    ] {
        assert_eq!(role_call(&mut session, "sp_addrolemember", role, member), Err(number), "{role} {member}");
    }
    assert_eq!(rows(&mut session, MEMBERS), before);
}

#[test]
fn a_user_is_mapped_to_a_login_of_its_kind() {
    let mut session = product(&Options::default());
    assert_eq!(rows(&mut session, ORPHANS), [[text("wsus-report")]]);
    for (statement, number) in [
        ("ALTER USER [wsus-report] WITH LOGIN = [CONTOSO\\WSUS01$]", 33_016),
        ("ALTER USER [wsus-report] WITH LOGIN = [sa]", 15_063),
        ("ALTER USER [wsus-report] WITH LOGIN = [nobody]", 15_007),
        ("ALTER USER [nobody] WITH LOGIN = [sa]", 15_151),
        ("ALTER USER [wsus-report] WITH NAME = [sa]", 229),
        ("ALTER TABLE tbUpdate ADD x int", 229),
    ] {
        assert_eq!(error(&mut session, statement).number, number, "{statement}");
    }
    let dynamic =
        "DECLARE @statement nvarchar(1000) = N'ALTER USER ' + QUOTENAME(@user) + N' WITH LOGIN = ' + QUOTENAME(@user)
        EXEC sp_executesql @statement";
    let sent = |value: &str| named("", SqlType::NVarChar(Some(4000)), text(value));
    let parameters = vec![sent(dynamic), sent("@user nvarchar(4000)"), sent("wsus-report")];
    assert_eq!(call(&mut session, "sp_executesql", parameters).1.errors, []);
    assert_eq!(rows(&mut session, ORPHANS), Vec::<Vec<Value>>::new());
}

#[test]
fn a_login_without_rights_sees_and_changes_nothing() {
    let mut session = product(&Options { roles: vec![Role::DataReader], ..Options::default() });
    assert_eq!(rows(&mut session, MEMBERS), Vec::<Vec<Value>>::new());
    let seen = rows(&mut session, "SELECT name FROM sys.database_principals WHERE type = 'U'");
    assert_eq!(seen, Vec::<Vec<Value>>::new());
    assert_eq!(rows(&mut session, "SELECT name FROM sys.server_principals"), [[text("sa")]]);
    assert_eq!(role_call(&mut session, "sp_addrolemember", "webService", "wsus-report"), Err(15_247));
    assert_eq!(error(&mut session, "ALTER USER [wsus-report] WITH LOGIN = [wsus-report]").number, 15_247);
    for (permission, may) in [("'webService', 'ROLE', 'ALTER'", 0), ("NULL, NULL, 'VIEW ANY DEFINITION'", 0)] {
        let asked = format!("SELECT HAS_PERMS_BY_NAME({permission})");
        assert_eq!(rows(&mut session, &asked), [[Value::Int(may)]], "{permission}");
    }
}
