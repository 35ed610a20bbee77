//! Servers that synchronise from this one.

use rusqlite::{OptionalExtension, params};

use super::arguments::{defaulted, nvarchar, optional, required};
use super::refusals::not_found;
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure, computers, server_status};
use crate::sandbox::value::SqlType::{Bit, DateTime, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_ALL, &GET, &DELETE, &GET_ROLLUP];

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

/// Gives one server in a row like those of [`GET_ALL`].
///
/// Source: PoshWSUS assemblies (name, row; grade B). The parameter's name, and that an unknown server is refused, are our
/// guesses (grade C).
static GET: Procedure = Procedure {
    name: "spGetDownstreamServer",
    parameters: &[required("@downstreamServerID", UniqueIdentifier)],
    run: |call| {
        let target = require(call, "spGetDownstreamServer")?;
        call.send(
            COLUMNS,
            "SELECT server.AccountName, server.AccountServerID, server.RollupLastSyncTime, parent.AccountServerID,
                 server.LastRollupTime, server.Version, server.IsReplica
             FROM tbDownstreamServerTarget AS server
             LEFT JOIN tbDownstreamServerTarget AS parent ON parent.TargetID = server.ParentServerTargetID
             WHERE server.TargetID = ?1",
            [target],
        )?;
        Ok(0)
    },
};

/// Forgets a server, the servers below it and the computers that they reported. One that still synchronises comes back by
/// itself on a real server.
///
/// Source: PoshWSUS assemblies (name and one of two spellings of the parameter, grade B). That nested servers and computers
/// go with it is our guess (grade C).
static DELETE: Procedure = Procedure {
    name: "spDeleteDownstreamServer",
    parameters: &[required("@downstreamServerID", UniqueIdentifier)],
    run: delete,
};

fn delete(call: &mut Call<'_>) -> Result<i32, Failure> {
    let target = require(call, "spDeleteDownstreamServer")?;
    for server in targets(
        call,
        "WITH RECURSIVE doomed (TargetID) AS (
             VALUES (?1)
             UNION
             SELECT child.TargetID FROM doomed
             JOIN tbDownstreamServerTarget AS child ON child.ParentServerTargetID = doomed.TargetID
         )
         SELECT TargetID FROM doomed",
        target,
    )? {
        for computer in targets(call, "SELECT TargetID FROM tbComputerTarget WHERE ParentServerTargetID = ?1", server)?
        {
            computers::remove(call, computer)?;
        }
        for table in
            ["tbTargetInTargetGroup", "tbDownstreamServerSummaryRollup", "tbDownstreamServerTarget", "tbTarget"]
        {
            call.store.execute(&format!("DELETE FROM {table} WHERE TargetID = ?1"), [server])?;
        }
    }
    Ok(0)
}

fn targets(call: &Call<'_>, query: &str, of: i64) -> rusqlite::Result<Vec<i64>> {
    call.store.prepare(query)?.query_map([of], |row| row.get(0))?.collect()
}

/// Gives the counters that a server reported last; no row where it never did (grade C).
///
/// Source: PoshWSUS assemblies (name, parameter, counters; grade B); tbDownstreamServerSummaryRollup in
/// Intensive-Self-Service-Portal (grade A), which has no ShouldDeleteUnneededRevisions: it is 0 (grade C).
static GET_ROLLUP: Procedure = Procedure {
    name: "spGetDownstreamServerRollupSummary",
    parameters: &[required("@serverID", UniqueIdentifier)],
    run: |call| {
        let target = require(call, "spGetDownstreamServerRollupSummary")?;
        call.send(
            server_status::COLUMNS,
            "SELECT UpdateCount, DeclinedUpdateCount, NotApprovedUpdateCount, UpdatesWithStaleUpdateApprovalsCount,
                 ExpiredUpdateCount, CriticalUpdatesNotApprovedForInstallCount, WsusUpdatesNotApprovedForInstallCount,
                 UpdatesWithClientErrorsCount, UpdatesWithServerErrorsCount, UpdatesNeedingFilesCount,
                 CustomComputerTargetGroupCount, ComputerTargetCount, ComputerTargetsNeedingUpdatesCount,
                 ComputerTargetsWithUpdateErrorsCount, ApprovedUpdateCount, UpdatesNeededByComputersCount, 0,
                 UpdatesUpToDateCount, ComputersUpToDateCount
             FROM tbDownstreamServerSummaryRollup WHERE TargetID = ?1",
            [target],
        )?;
        Ok(0)
    },
};

/// Gives the TargetID of the server that the first argument names, or refuses.
fn require(call: &Call<'_>, procedure: &str) -> Result<i64, Failure> {
    call.store
        .query_row("SELECT TargetID FROM tbDownstreamServerTarget WHERE AccountServerID = ?1", [call.guid(0)], |row| {
            row.get(0)
        })
        .optional()?
        .ok_or_else(|| not_found(procedure, "the downstream server"))
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

    fn id(server: &Server, target: i64) -> Value {
        server.id(&format!("SELECT AccountServerID FROM tbDownstreamServerTarget WHERE TargetID = {target}"))
    }

    fn first(server: &Server) -> i64 {
        server.number("SELECT min(TargetID) FROM tbDownstreamServerTarget")
    }

    #[test]
    fn one_server_has_the_row_of_the_list() {
        let server = Server::demo();
        let one = server.call("spGetDownstreamServer", &[("@downstreamServerID", id(&server, first(&server)))]);
        let all = server.call("spGetAllDownstreamServers", &[]);
        assert_eq!(one.sets[0].rows, all.sets[0].rows[..1]);
    }

    #[test]
    fn unknown_servers_are_refused() {
        let server = Server::demo();
        let nobody = guid("11111111-2222-4333-8444-555555555555");
        server.refuses("spGetDownstreamServer", &[("@downstreamServerID", nobody.clone())], "not found");
        server.refuses("spDeleteDownstreamServer", &[("@downstreamServerID", nobody.clone())], "not found");
        server.refuses("spGetDownstreamServerRollupSummary", &[("@serverID", nobody)], "not found");
    }

    #[test]
    fn a_deleted_server_takes_its_servers_and_computers() {
        let server = Server::demo();
        let top = first(&server);
        server.by_hand(&format!(
            "UPDATE tbDownstreamServerTarget SET ParentServerTargetID = {top} WHERE TargetID = {top} + 1;
             UPDATE tbComputerTarget SET ParentServerTargetID = {top} + 1
                 WHERE TargetID = (SELECT min(TargetID) FROM tbComputerTarget WHERE ParentServerTargetID IS NULL)"
        ));
        server.call("spDeleteDownstreamServer", &[("@downstreamServerID", id(&server, top))]);
        assert_eq!(names(&server, &[]), [text("branch03.contoso.com")]);
        assert_eq!(server.number("SELECT count(*) FROM tbComputerTarget"), 60 - 3 - 1);
        assert_eq!(server.number("SELECT count(*) FROM tbComputerTarget WHERE ParentServerTargetID IS NOT NULL"), 0);
        assert_eq!(server.number("SELECT count(*) FROM tbTarget WHERE TargetTypeID = 1"), 1);
        assert_eq!(server.number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }

    #[test]
    fn counters_are_those_that_the_server_reported() {
        let server = Server::demo();
        let top = first(&server);
        let of_first = [("@serverID", id(&server, top))];
        assert!(server.call("spGetDownstreamServerRollupSummary", &of_first).sets[0].rows.is_empty());
        server.by_hand(&format!(
            "INSERT INTO tbDownstreamServerSummaryRollup
                 VALUES ({top}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)"
        ));
        let summary = server.call("spGetDownstreamServerRollupSummary", &of_first);
        for (name, value) in [
            ("UpdateCount", Value::Int(1)),
            ("ApprovedUpdateCount", Value::Int(3)),
            ("NotApprovedUpdateCount", Value::Int(4)),
            ("UpdatesUpToDateCount", Value::Int(13)),
            ("ShouldDeleteUnneededRevisions", Value::Bit(false)),
            ("ComputersUpToDateCount", Value::Int(18)),
        ] {
            assert_eq!(summary.sets[0].column(name), [value], "{name}");
        }
        server.call("spDeleteDownstreamServer", &[("@downstreamServerID", id(&server, top))]);
        assert_eq!(server.number("SELECT count(*) FROM tbDownstreamServerSummaryRollup"), 0);
    }
}
