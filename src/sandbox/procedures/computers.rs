//! Computers as they reported themselves.

use rusqlite::OptionalExtension;

use super::arguments::{nvarchar, required};
use super::refusals::{Reason, not_found, refusal};
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::schema::UNASSIGNED_COMPUTERS;
use crate::sandbox::value::SqlType::{self, DateTime, Int, SmallInt, TinyInt, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_ALL, &GET_BY_ID, &GET_BY_NAME, &COUNT, &DELETE];

/// A computer's row, with the columns of newer servers. `FullDomainName`, `IPAddress`, `ClientVersion` and
/// `LastReportedStatusTime` are read by name by a working caller; the others are known by position, most of them with the
/// names of tbComputerTarget and tbComputerTargetDetail (grade B).
///
/// Source: SharpWSUS, lib/Status.cs; Go client of MS-WSUSAR (grade A).
pub(super) const COMPUTER_COLUMNS: &[ColumnSpec] = &[
    ("ComputerID", nvarchar(256)),
    ("LastSyncTime", DateTime),
    ("LastReportedStatusTime", DateTime),
    ("IPAddress", nvarchar(56)),
    ("FullDomainName", nvarchar(255)),
    ("OSMajorVersion", Int),
    ("OSMinorVersion", Int),
    ("OSBuildNumber", Int),
    ("OSServicePackMajorNumber", Int),
    ("OSServicePackMinorNumber", Int),
    ("OSLocale", nvarchar(10)),
    ("ComputerMake", nvarchar(64)),
    ("ComputerModel", nvarchar(64)),
    ("BiosVersion", nvarchar(64)),
    ("BiosName", nvarchar(64)),
    ("BiosReleaseDate", DateTime),
    ("ProcessorArchitecture", nvarchar(50)),
    ("RequestedTargetGroupName", nvarchar(256)),
    ("LastInventoryTime", DateTime),
    ("ParentServerId", UniqueIdentifier),
    ("LastSyncResult", Int),
    ("SuiteMask", SmallInt),
    ("OldProductType", TinyInt),
    ("NewProductType", Int),
    ("SystemMetrics", Int),
    ("ClientVersion", nvarchar(23)),
    ("OSFamily", nvarchar(256)),
    ("OSDescription", nvarchar(256)),
    ("OEM", nvarchar(64)),
    ("DeviceType", nvarchar(64)),
    ("FirmwareVersion", nvarchar(64)),
    ("MobileOperator", nvarchar(15)),
];

/// Selects the columns of [`COMPUTER_COLUMNS`] from `computer`.
pub(super) const COMPUTER_QUERY: &str = "SELECT computer.ComputerID, computer.LastSyncTime,
        computer.LastReportedStatusTime, computer.IPAddress, computer.FullDomainName, detail.OSMajorVersion,
        detail.OSMinorVersion, detail.OSBuildNumber, detail.OSServicePackMajorNumber, detail.OSServicePackMinorNumber,
        detail.OSLocale, detail.ComputerMake, detail.ComputerModel, detail.BiosVersion, detail.BiosName,
        detail.BiosReleaseDate, detail.ProcessorArchitecture,
        (SELECT min(asked.Name) FROM tbRequestedTargetGroupsForTarget AS link
            JOIN tbRequestedTargetGroup AS asked ON asked.RequestedTargetGroupID = link.RequestedTargetGroupID
            WHERE link.TargetID = computer.TargetID),
        computer.LastInventoryTime, server.AccountServerID, computer.LastSyncResult, detail.SuiteMask,
        detail.OldProductType, detail.NewProductType, detail.SystemMetrics, detail.ClientVersion, detail.OSFamily,
        detail.OSDescription, detail.OEM, detail.DeviceType, detail.FirmwareVersion, detail.MobileOperator
    FROM tbComputerTarget AS computer
    LEFT JOIN tbComputerTargetDetail AS detail ON detail.TargetID = computer.TargetID
    LEFT JOIN tbDownstreamServerTarget AS server ON server.TargetID = computer.ParentServerTargetID ";

const REQUESTED_COLUMNS: &[ColumnSpec] = &[("ComputerID", nvarchar(256)), ("Name", nvarchar(256))];

const GROUP_ID_COLUMNS: &[ColumnSpec] = &[("ComputerID", nvarchar(256)), ("TargetGroupID", UniqueIdentifier)];

/// Lists every computer, then the groups that computers request, then the groups that they are in. That the third set
/// holds direct memberships only is our guess (grade C).
///
/// Source: SharpWSUS, lib/Status.cs; Go client of MS-WSUSAR (grade A).
static GET_ALL: Procedure = Procedure {
    name: "spGetAllComputers",
    parameters: &[],
    run: |call| {
        send_sets(call, None)?;
        Ok(0)
    },
};

/// Gives one computer in the same three sets (grade B).
static GET_BY_ID: Procedure = Procedure {
    name: "spGetComputerByID",
    parameters: &[required("@computerID", nvarchar(256))],
    run: |call| {
        let computer = require(call, 0, "spGetComputerByID")?;
        send_sets(call, Some(computer.target))?;
        Ok(0)
    },
};

/// Finds a computer by its full domain name. Columns other than `ComputerID` are those of a computer's row (grade B).
///
/// Source: SharpWSUS, lib/Group.cs; WSUSpendu, WSUSpendu.ps1 (grade A).
static GET_BY_NAME: Procedure = Procedure {
    name: "spGetComputerTargetByName",
    parameters: &[required("@fullDomainName", nvarchar(255))],
    run: |call| {
        let name = call.text(0);
        let query = format!("{COMPUTER_QUERY} WHERE lower(computer.FullDomainName) = lower(?1)");
        call.send(COMPUTER_COLUMNS, &query, [name])?;
        Ok(0)
    },
};

/// Counts the computers. Only an absent or empty scope is understood: the scope's XML is not implemented.
///
/// Source: PoshWSUS assemblies (name and parameter, grade B).
static COUNT: Procedure = Procedure {
    name: "spGetComputerCount",
    parameters: &[super::arguments::optional("@computerTargetScopeXml", SqlType::NVarChar(None))],
    run: |call| {
        if call.text(0).is_some_and(|scope| !scope.trim().is_empty()) {
            return Err(refusal("spGetComputerCount", "the sandbox does not read computer target scopes"));
        }
        call.send(&[("", Int)], "SELECT count(*) FROM tbComputerTarget", [])?;
        Ok(0)
    },
};

/// Forgets a computer with its memberships, requested groups and reports. One that is still in use comes back when it
/// contacts the server.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (name, parameter; grade B); that a downstream server's computers are
/// read-only here (grade B). What goes with a computer is our guess (grade C).
static DELETE: Procedure = Procedure {
    name: "spDeleteComputer",
    parameters: &[required("@computerID", nvarchar(256))],
    run: |call| {
        let procedure = "spDeleteComputer";
        let computer = require(call, 0, procedure)?;
        if computer.belongs_to_downstream_server {
            return Err(Reason::InvalidAction.refuses(procedure, "the computer belongs to a downstream server"));
        }
        remove(call, computer.target)?;
        Ok(0)
    },
};

/// Removes every row about a computer.
pub(super) fn remove(call: &Call<'_>, target: i64) -> rusqlite::Result<()> {
    for table in [
        "tbTargetInTargetGroup",
        "tbRequestedTargetGroupsForTarget",
        "tbUpdateStatusPerComputer",
        "tbComputerSummaryForMicrosoftUpdates",
        "tbComputerTargetDetail",
        "tbComputerTarget",
        "tbTarget",
    ] {
        call.store.execute(&format!("DELETE FROM {table} WHERE TargetID = ?1"), [target])?;
    }
    Ok(())
}

fn send_sets(call: &mut Call<'_>, only: Option<i64>) -> Result<(), Failure> {
    let condition = only.map_or_else(|| "1 = 1".to_owned(), |target| format!("computer.TargetID = {target}"));
    let query = format!("{COMPUTER_QUERY} WHERE {condition} ORDER BY computer.TargetID");
    call.send(COMPUTER_COLUMNS, &query, [])?;
    let query = format!(
        "SELECT computer.ComputerID, asked.Name FROM tbRequestedTargetGroupsForTarget AS link
         JOIN tbRequestedTargetGroup AS asked ON asked.RequestedTargetGroupID = link.RequestedTargetGroupID
         JOIN tbComputerTarget AS computer ON computer.TargetID = link.TargetID
         WHERE {condition} ORDER BY computer.TargetID, asked.Name"
    );
    call.send(REQUESTED_COLUMNS, &query, [])?;
    let query = format!(
        "SELECT computer.ComputerID, coalesce(own.TargetGroupID, '{UNASSIGNED_COMPUTERS}')
         FROM tbComputerTarget AS computer
         LEFT JOIN tbTargetInTargetGroup AS own ON own.TargetID = computer.TargetID AND own.IsExplicitMember = 1
         WHERE {condition} ORDER BY computer.TargetID, own.TargetGroupID"
    );
    call.send(GROUP_ID_COLUMNS, &query, [])?;
    Ok(())
}

/// What procedures ask about a computer.
pub(super) struct Computer {
    /// Its TargetID.
    pub(super) target: i64,
    /// Whether a downstream server reported it: such computers are read-only here.
    pub(super) belongs_to_downstream_server: bool,
}

/// Looks up the computer whose ComputerID is the argument at `position`, or refuses.
pub(super) fn require(call: &Call<'_>, position: usize, procedure: &str) -> Result<Computer, Failure> {
    call.store
        .prepare(
            "SELECT TargetID, ParentServerTargetID IS NOT NULL FROM tbComputerTarget
             WHERE lower(ComputerID) = lower(?1)",
        )?
        .query_row([call.text(position)], |row| {
            Ok(Computer { target: row.get(0)?, belongs_to_downstream_server: row.get(1)? })
        })
        .optional()?
        .ok_or_else(|| not_found(procedure, "the computer"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, text};
    use crate::sandbox::value::Value;

    #[test]
    fn all_computers_come_with_requested_groups_and_memberships() {
        let answer = Server::demo().call("spGetAllComputers", &[]);
        assert_eq!(answer.sets.len(), 3);
        assert_eq!(answer.sets[0].rows.len(), 60);
        assert_eq!(answer.sets[1].column("Name"), [text("Ring 2 - Broad"), text("Ring 2 - Broad"), text("Ring 3")]);
        assert_eq!(answer.sets[2].rows.len(), 61, "pc-004 is in two groups");
    }

    #[test]
    fn computers_of_downstream_servers_name_their_server() {
        let answer = Server::demo().call("spGetAllComputers", &[]);
        let servers = answer.sets[0].column("ParentServerId");
        assert_eq!(servers.iter().filter(|server| **server != Value::Null).count(), 3);
    }

    #[test]
    fn one_computer_by_id_and_by_name() {
        let server = Server::demo();
        let id = server.computer("pc-004");
        let by_id = server.call("spGetComputerByID", &[("@computerID", id.clone())]);
        assert_eq!(by_id.sets[0].column("FullDomainName"), [text("pc-004.contoso.com")]);
        assert_eq!(by_id.sets[2].rows.len(), 2);
        server.refuses("spGetComputerByID", &[("@computerID", text("nobody"))], "not found");
        let by_name = server.call("spGetComputerTargetByName", &[("@fullDomainName", text("PC-004.contoso.COM"))]);
        assert_eq!(by_name.sets[0].column("ComputerID"), [id]);
        let nobody = server.call("spGetComputerTargetByName", &[("@fullDomainName", text("nobody"))]);
        assert!(nobody.sets[0].rows.is_empty());
    }

    #[test]
    fn computers_are_counted() {
        let server = Server::demo();
        assert_eq!(server.call("spGetComputerCount", &[]).sets[0].rows, [[Value::Int(60)]]);
        server.refuses("spGetComputerCount", &[("@computerTargetScopeXml", text("<scope/>"))], "scopes");
    }

    #[test]
    fn a_deleted_computer_leaves_nothing() {
        let server = Server::demo();
        let id = server.computer("pc-004");
        server.call("spDeleteComputer", &[("@computerID", id.clone())]);
        assert_eq!(server.number("SELECT count(*) FROM tbComputerTarget"), 59);
        assert_eq!(server.number("SELECT count(*) FROM tbTarget WHERE TargetTypeID = 0"), 59);
        assert_eq!(server.number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        server.refuses("spDeleteComputer", &[("@computerID", id)], "not found");
    }

    #[test]
    fn a_computer_of_a_downstream_server_is_not_deleted() {
        let server = Server::demo();
        let id = text(
            &server.text("SELECT ComputerID FROM tbComputerTarget WHERE ParentServerTargetID IS NOT NULL LIMIT 1"),
        );
        server.refuses("spDeleteComputer", &[("@computerID", id)], "downstream server");
    }
}
