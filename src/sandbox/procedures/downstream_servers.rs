//! Servers that synchronise from this one.

use rusqlite::params;

use super::arguments::{defaulted, nvarchar, optional};
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{Bit, DateTime, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_ALL];

/// A downstream server's row. `AccountName`, `Version` and `RollupLastSyncTime` are read by name by a working caller; the
/// others are known by position and have the names of tbDownstreamServerTarget here (grade B).
///
/// Source: SharpWSUS, lib/Status.cs; MS-WSUSAR 3.1.4.33 (grade A).
const COLUMNS: &[ColumnSpec] = &[
    ("AccountName", nvarchar(255)),
    ("AccountServerID", UniqueIdentifier),
    ("RollupLastSyncTime", DateTime),
    ("ParentServerID", UniqueIdentifier),
    ("LastRollupTime", DateTime),
    ("Version", nvarchar(32)),
    ("IsReplica", Bit),
];

/// Lists downstream servers: all of them where no parent is given or the parent is the all-zero id and nested ones are
/// included, else those of one parent.
///
/// Source: SharpWSUS, lib/Status.cs (call without arguments, grade A); TypeScript WSUS console (the all-zero parent, grade
/// A); PoshWSUS assemblies (parameters, grade B). The default of @includeNestedChildren is our guess (grade C).
static GET_ALL: Procedure = Procedure {
    name: "spGetAllDownstreamServers",
    parameters: &[optional("@parentServerID", UniqueIdentifier), defaulted("@includeNestedChildren", Bit, 1)],
    run: get_all,
};

fn get_all(call: &mut Call<'_>) -> Result<i32, Failure> {
    let parent = call.guid(0).filter(|id| id != "00000000-0000-0000-0000-000000000000");
    let nested = call.bit(1);
    call.send(
        COLUMNS,
        "WITH RECURSIVE listed (TargetID) AS (
             SELECT server.TargetID FROM tbDownstreamServerTarget AS server
             LEFT JOIN tbDownstreamServerTarget AS parent ON parent.TargetID = server.ParentServerTargetID
             WHERE (?1 IS NULL AND server.ParentServerTargetID IS NULL) OR parent.AccountServerID = ?1
             UNION
             SELECT child.TargetID FROM listed
             JOIN tbDownstreamServerTarget AS child ON child.ParentServerTargetID = listed.TargetID
             WHERE ?2
         )
         SELECT server.AccountName, server.AccountServerID, server.RollupLastSyncTime, parent.AccountServerID,
             server.LastRollupTime, server.Version, server.IsReplica
         FROM listed
         JOIN tbDownstreamServerTarget AS server ON server.TargetID = listed.TargetID
         LEFT JOIN tbDownstreamServerTarget AS parent ON parent.TargetID = server.ParentServerTargetID
         ORDER BY server.TargetID",
        params![parent, nested],
    )?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use crate::sandbox::value::Value;

    fn names(server: &Server, arguments: &[(&str, Value)]) -> Vec<Value> {
        server.call("spGetAllDownstreamServers", arguments).sets[0].column("AccountName")
    }

    #[test]
    fn all_servers_are_listed() {
        let server = Server::demo();
        let all = [text("branch01.contoso.com"), text("branch02.contoso.com"), text("branch03.contoso.com")];
        assert_eq!(names(&server, &[]), all);
        let zero = guid("00000000-0000-0000-0000-000000000000");
        assert_eq!(names(&server, &[("@parentServerID", zero), ("@includeNestedChildren", Value::Bit(true))]), all);
    }

    #[test]
    fn nested_servers_are_below_their_parent() {
        let server = Server::demo();
        server.by_hand("UPDATE tbDownstreamServerTarget SET ParentServerTargetID = 101 WHERE TargetID = 102");
        let direct = [("@includeNestedChildren", Value::Bit(false))];
        assert_eq!(names(&server, &direct), [text("branch01.contoso.com"), text("branch03.contoso.com")]);
        let parent = server.id("SELECT AccountServerID FROM tbDownstreamServerTarget WHERE TargetID = 101");
        assert_eq!(names(&server, &[("@parentServerID", parent)]), [text("branch02.contoso.com")]);
    }

    #[test]
    fn a_server_that_never_synchronised_has_no_times() {
        let answer = Server::demo().call("spGetAllDownstreamServers", &[]);
        assert_eq!(answer.sets[0].column("RollupLastSyncTime")[2], Value::Null);
        assert_eq!(answer.sets[0].column("Version")[2], Value::Null);
    }
}
