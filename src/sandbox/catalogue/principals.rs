//! The rows of the system views about principals, which come from tables: changing one there is what a statement does.

use rusqlite::Connection;

use crate::sandbox::access::Access;
use crate::sandbox::sql::scope::quoted;

/// Every principal, as sys.database_principals shows it.
///
/// Source: learn.microsoft.com, sys.database_principals (grade A).
const DATABASE_PRINCIPALS: &str = "SELECT name, principal_id, type,
    CASE type WHEN 'S' THEN 'SQL_USER' WHEN 'U' THEN 'WINDOWS_USER' WHEN 'G' THEN 'WINDOWS_GROUP' ELSE 'DATABASE_ROLE' END,
    NULL, '2000-01-01 00:00:00.000', '2000-01-01 00:00:00.000', CASE WHEN type = 'R' THEN 1 END, sid, is_fixed_role,
    CASE WHEN type IN ('U', 'G') THEN 3 WHEN type = 'S' AND principal_id > 4 THEN 1 ELSE 0 END,
    CASE WHEN type IN ('U', 'G') THEN 'WINDOWS' WHEN type = 'S' AND principal_id > 4 THEN 'INSTANCE' ELSE 'NONE' END
    FROM main.sandbox_principals";

/// Source: learn.microsoft.com, sys.database_role_members (grade A).
const ROLE_MEMBERS: &str = "SELECT role_principal_id, member_principal_id FROM main.sandbox_role_members";

/// Source: learn.microsoft.com, sys.server_principals (grade A).
const SERVER_PRINCIPALS: &str = "SELECT name, principal_id, sid, type,
    CASE type WHEN 'S' THEN 'SQL_LOGIN' WHEN 'U' THEN 'WINDOWS_LOGIN' ELSE 'WINDOWS_GROUP' END, 0,
    '2000-01-01 00:00:00.000', '2000-01-01 00:00:00.000' FROM main.sandbox_logins";

/// Whether a system view is one of these.
pub fn is_about(full_name: &str) -> bool {
    rows(full_name).is_some()
}

/// What a view shows to a login that sees everything, and the condition for one that does not: its own principals, which the
/// sandbox does not know, and those that everybody sees.
fn rows(full_name: &str) -> Option<(&'static str, &'static str)> {
    match full_name {
        "sys.database_principals" => Some((DATABASE_PRINCIPALS, "principal_id < 5 OR is_fixed_role = 1")),
        "sys.database_role_members" => Some((ROLE_MEMBERS, "0")),
        "sys.server_principals" => Some((SERVER_PRINCIPALS, "principal_id = 1")),
        _ => None,
    }
}

/// Fills the temporary table behind a view, which is empty.
///
/// # Errors
/// SQLite's.
pub(super) fn fill(connection: &Connection, full_name: &str, access: &Access) -> rusqlite::Result<()> {
    let Some((rows, everybody)) = rows(full_name) else { return Ok(()) };
    let sees_all = match full_name {
        "sys.server_principals" => access.is_administrator(),
        _ => !access.is_limited(),
    };
    let condition = if sees_all { String::new() } else { format!(" WHERE {everybody}") };
    connection.execute(&format!("INSERT INTO temp.{} {rows}{condition}", quoted(full_name)), []).map(drop)
}
