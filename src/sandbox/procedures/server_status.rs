//! The counters that a console shows on its first page.

use rusqlite::params;

use super::arguments::{defaulted, defaulted_text, nvarchar, optional};
use super::refusals::refusal;
use super::rows::ColumnSpec;
use super::updates::{ANY_STATE, means_everything};
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{self, Bit, Int};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET];

/// The counters in order. They are known by position; the names are those of the managed API (grade B).
///
/// Source: PoshWSUS assemblies (grade B).
pub(super) const COLUMNS: &[ColumnSpec] = &[
    ("UpdateCount", Int),
    ("DeclinedUpdateCount", Int),
    ("NotApprovedUpdateCount", Int),
    ("UpdatesWithStaleUpdateApprovalsCount", Int),
    ("ExpiredUpdateCount", Int),
    ("CriticalOrSecurityUpdatesNotApprovedForInstallCount", Int),
    ("WsusInfrastructureUpdatesNotApprovedForInstallCount", Int),
    ("UpdatesWithClientErrorsCount", Int),
    ("UpdatesWithServerErrorsCount", Int),
    ("UpdatesNeedingFilesCount", Int),
    ("CustomComputerTargetGroupCount", Int),
    ("ComputerTargetCount", Int),
    ("ComputerTargetsNeedingUpdatesCount", Int),
    ("ComputerTargetsWithUpdateErrorsCount", Int),
    ("ApprovedUpdateCount", Int),
    ("UpdatesNeededByComputersCount", Int),
    ("ShouldDeleteUnneededRevisions", Bit),
    ("UpdatesUpToDateCount", Int),
    ("ComputersUpToDateCount", Int),
];

/// Counts updates and computers. Scopes other than those of everything are not read, and every counter is filled in
/// whatever @propertiesToGet asks for. What exactly each counter counts is our reading of its name (grade C).
///
/// Source: PoshWSUS assemblies (names and parameters, grade B); the types and defaults are our guess (grade C).
static GET: Procedure = Procedure {
    name: "spGetUpdateServerStatus",
    parameters: &[
        optional("@updateSources", Int),
        optional("@updateScopeXml", SqlType::NVarChar(None)),
        optional("@computerTargetScopeXml", SqlType::NVarChar(None)),
        defaulted_text("@preferredCulture", nvarchar(16), "en"),
        optional("@publicationState", Int),
        defaulted("@propertiesToGet", Int, 0),
        defaulted("@apiVersion", Int, 131_072),
    ],
    run: get,
};

fn get(call: &mut Call<'_>) -> Result<i32, Failure> {
    let narrow = call.text(1).is_some_and(|scope| !means_everything(&scope))
        || call.text(2).is_some_and(|scope| scope.contains('='));
    if narrow {
        return Err(refusal("spGetUpdateServerStatus", "the sandbox reads no scope but the one of everything"));
    }
    let state = call.int(4).filter(|state| *state != ANY_STATE);
    call.send(COLUMNS, QUERY, params![state])?;
    Ok(0)
}

/// Needed is not installed (2), downloaded (3) or pending a reboot (6); failed is 5. A revision's state 4 waits for files,
/// 7 has failed.
const QUERY: &str = "WITH
    report (LocalUpdateID, TargetID, needed, failed) AS (
        SELECT LocalUpdateID, TargetID, SummarizationState IN (2, 3, 6), SummarizationState = 5
        FROM tbUpdateStatusPerComputer
    ),
    reported_update (LocalUpdateID, needed, failed) AS (
        SELECT LocalUpdateID, max(needed), max(failed) FROM report GROUP BY LocalUpdateID
    ),
    computer (TargetID, needs, fails) AS (
        SELECT known.TargetID, coalesce(max(report.needed), 0), coalesce(max(report.failed), 0)
        FROM tbComputerTarget AS known LEFT JOIN report ON report.TargetID = known.TargetID GROUP BY known.TargetID
    ),
    counted AS (
        SELECT minimal.Declined, minimal.PublicationState, minimal.HasStaleDeployments, minimal.IsMandatory, minimal.State,
            minimal.IsDeployed = 1 OR minimal.HasStaleDeployments = 1 AS is_approved,
            EXISTS (SELECT 1 FROM tbDeployment AS install
                WHERE install.RevisionID = minimal.RevisionID AND install.ActionID = 0) AS installs,
            EXISTS (SELECT 1 FROM tbRevisionInCategory AS link
                JOIN tbUpdate AS classification ON classification.LocalUpdateID = link.CategoryID
                WHERE link.RevisionID = minimal.RevisionID AND classification.UpdateID IN
                    ('0FA1201D-4330-4FA8-8AE9-B877473B6441', 'E6CF1350-C01B-414D-A61F-263D14D133B4')) AS is_urgent,
            coalesce(reported_update.needed, 0) AS needed, coalesce(reported_update.failed, 0) AS failed
        FROM vwMinimalUpdate AS minimal
        JOIN tbProperty AS properties
            ON properties.RevisionID = minimal.RevisionID AND properties.ExplicitlyDeployable = 1
        LEFT JOIN reported_update ON reported_update.LocalUpdateID = minimal.LocalUpdateID
        WHERE minimal.IsLatestRevision = 1 AND (?1 IS NULL OR minimal.PublicationState = ?1)
    )
    SELECT count(*), count(*) FILTER (WHERE Declined), count(*) FILTER (WHERE NOT Declined AND NOT is_approved),
        count(*) FILTER (WHERE HasStaleDeployments), count(*) FILTER (WHERE PublicationState = 1),
        count(*) FILTER (WHERE is_urgent AND NOT Declined AND NOT installs),
        count(*) FILTER (WHERE IsMandatory AND NOT Declined AND NOT installs),
        count(*) FILTER (WHERE failed), count(*) FILTER (WHERE State = 7), count(*) FILTER (WHERE State = 4),
        (SELECT count(*) FROM tbTargetGroup WHERE IsBuiltin = 0 AND TargetGroupTypeID = 0),
        (SELECT count(*) FROM computer), (SELECT count(*) FROM computer WHERE needs),
        (SELECT count(*) FROM computer WHERE fails), count(*) FILTER (WHERE is_approved),
        count(*) FILTER (WHERE needed), 0, count(*) FILTER (WHERE NOT needed AND NOT failed),
        (SELECT count(*) FROM computer WHERE NOT needs AND NOT fails)
    FROM counted";

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, text};
    use crate::sandbox::seeds::Seed;
    use crate::sandbox::value::Value;

    fn counter(server: &Server, name: &str) -> i64 {
        match server.call("spGetUpdateServerStatus", &[]).sets[0].column(name)[..] {
            [Value::Int(count)] => i64::from(count),
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_demo_is_counted() {
        let server = Server::demo();
        for (name, count) in [
            ("UpdateCount", 398),
            ("DeclinedUpdateCount", 11),
            ("ApprovedUpdateCount", 21),
            ("UpdatesWithStaleUpdateApprovalsCount", 2),
            ("ExpiredUpdateCount", 32),
            ("CustomComputerTargetGroupCount", 10),
            ("ComputerTargetCount", 60),
        ] {
            assert_eq!(counter(&server, name), count, "{name}");
        }
        assert_eq!(counter(&server, "NotApprovedUpdateCount"), 398 - 11 - 21);
    }

    #[test]
    fn an_empty_server_counts_nothing() {
        let server = Server::new(Seed::Empty);
        for name in ["UpdateCount", "ComputerTargetCount", "NotApprovedUpdateCount", "ComputersUpToDateCount"] {
            assert_eq!(counter(&server, name), 0, "{name}");
        }
    }

    #[test]
    fn computers_are_in_order_or_not() {
        let server = Server::new(Seed::Scale(400));
        server.by_hand("UPDATE tbUpdateStatusPerComputer SET SummarizationState = 4");
        assert_eq!(counter(&server, "ComputersUpToDateCount"), 100);
        server.by_hand(
            "UPDATE tbUpdateStatusPerComputer SET SummarizationState = 2 WHERE TargetID = 1;
             UPDATE tbUpdateStatusPerComputer SET SummarizationState = 5 WHERE TargetID IN (1, 2)
                 AND LocalUpdateID % 4 = 1",
        );
        assert_eq!(counter(&server, "ComputerTargetsNeedingUpdatesCount"), 1);
        assert_eq!(counter(&server, "ComputerTargetsWithUpdateErrorsCount"), 2);
        assert_eq!(counter(&server, "ComputersUpToDateCount"), 98);
        assert_eq!(counter(&server, "UpdatesWithClientErrorsCount"), 2);
    }

    #[test]
    fn scopes_are_refused() {
        let scope = [("@updateScopeXml", text("<updateScope ApprovedStates=\"4\" />"))];
        Server::demo().refuses("spGetUpdateServerStatus", &scope, "scope");
    }
}
