//! Who may use the database: what every SQL Server database has, WSUS's roles, and the demo's servers and readers.

use rusqlite::{Connection, params};

use super::Seed;

/// Principal id, name, type, and the last byte of the security identifier; 0 for a principal without a login of its own.
type Principal = (i64, &'static str, &'static str, u8);

/// Source: learn.microsoft.com, Database-level roles, sys.database_principals (names and ids, grade A).
const BUILT_IN: &[Principal] = &[
    (0, "public", "R", 0),
    (1, "dbo", "S", 1),
    (2, "guest", "S", 0),
    (3, "INFORMATION_SCHEMA", "S", 0),
    (4, "sys", "S", 0),
    (16_384, "db_owner", "R", 0),
    (16_385, "db_accessadmin", "R", 0),
    (16_386, "db_securityadmin", "R", 0),
    (16_387, "db_ddladmin", "R", 0),
    (16_389, "db_backupoperator", "R", 0),
    (16_390, "db_datareader", "R", 0),
    (16_391, "db_datawriter", "R", 0),
    (16_392, "db_denydatareader", "R", 0),
    (16_393, "db_denydatawriter", "R", 0),
];

/// The first id of a fixed role.
const FIRST_FIXED: i64 = 16_384;

const WEB_SERVICE: i64 = 5;
const PUBLIC_VIEW_ACCESS: i64 = 6;

/// Source: Black Hat USA 2026 deck, learn.microsoft.com, Using WSUS Views (the roles, grade A); that NETWORK SERVICE is the
/// user of a server with its database on the same machine is our guess (grade C).
const OF_WSUS: &[Principal] = &[
    (WEB_SERVICE, "webService", "R", 0),
    (PUBLIC_VIEW_ACCESS, "PublicViewAccess", "R", 0),
    (7, "NT AUTHORITY\\NETWORK SERVICE", "U", 20),
];

const OF_DEMO: &[Principal] = &[
    (8, "CONTOSO\\WSUS01$", "U", 8),
    (9, "CONTOSO\\wsus-readers", "G", 9),
    (10, "wsus-report", "S", 10),
    (11, "CONTOSO\\WSUS02$", "U", 11),
];

/// Writes principals, logins and members.
pub(super) fn write(store: &Connection, seed: Seed) -> rusqlite::Result<()> {
    let more = if seed == Seed::Demo { OF_DEMO } else { &[] };
    for (id, name, kind, sid) in BUILT_IN.iter().chain(OF_WSUS).chain(more) {
        let sid = (*sid > 0).then(|| identifier(*sid));
        store.execute(
            "INSERT INTO sandbox_principals (principal_id, name, type, sid, is_fixed_role) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, name, kind, sid, *id >= FIRST_FIXED],
        )?;
        if let Some(sid) = sid {
            let login = if *name == "dbo" { "sa" } else { name };
            store.execute(
                "INSERT INTO sandbox_logins (principal_id, name, type, sid) VALUES (?1, ?2, ?3, ?4)",
                params![id, login, kind, sid],
            )?;
        }
    }
    let mut members = vec![(WEB_SERVICE, 7)];
    if seed == Seed::Demo {
        members.extend([(WEB_SERVICE, 8), (PUBLIC_VIEW_ACCESS, 9), (PUBLIC_VIEW_ACCESS, 10)]);
    }
    for (role, member) in members {
        store.execute(
            "INSERT INTO sandbox_role_members (role_principal_id, member_principal_id) VALUES (?1, ?2)",
            [role, member],
        )?;
    }
    Ok(())
}

/// A security identifier of a domain that does not exist.
fn identifier(last: u8) -> Vec<u8> {
    match last {
        // sa is the same everywhere.
        1 => vec![1],
        last => vec![1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, last, 4, 0, 0],
    }
}
