//! When and what the server synchronises.

use rusqlite::OptionalExtension;

use super::arguments::nvarchar;
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{Bit, DateTime, Int};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET, &GET_STATE];

/// The subscription's row: columns by position (grade A), names as the wrapper has them (grade B).
///
/// Source: MS-WSUSAR 2.2.4.14; TypeScript WSUS console (grade A).
const COLUMNS: &[ColumnSpec] = &[
    ("LastModifiedBy", nvarchar(385)),
    ("LastModifiedTime", DateTime),
    ("LastSynchronizationTime", DateTime),
    ("SynchronizeAutomatically", Bit),
    ("SynchronizeAutomaticallyTimeOfDay", Int),
    ("Anchor", nvarchar(4000)),
    ("DeploymentAnchor", nvarchar(4000)),
    ("Frequency", Int),
    ("IsCategoryOnly", Bit),
];

/// Gives the schedule. The home of the anchors is not known, so they are NULL; that a schedule without a time of day is a
/// manual one is inferred (grade C).
///
/// Source: PoshWSUS assemblies (name, grade B); tbSchedule in Intensive-Self-Service-Portal (grade A).
static GET: Procedure = Procedure { name: "spGetSubscription", parameters: &[], run: get };

fn get(call: &mut Call<'_>) -> Result<i32, Failure> {
    call.send(
        COLUMNS,
        "SELECT LastModifiedBy, LastModifiedTime, LastRunTime, ScheduledTimeOfDay IS NOT NULL,
             coalesce(ScheduledTimeOfDay, 0), NULL, NULL, coalesce(Frequency, 0),
             coalesce((SELECT value FROM sandbox_unplaced WHERE name = 'IsCategoryOnly'), 0)
         FROM tbSchedule WHERE ScheduleTarget = 1 AND ScheduleID = 1",
        [],
    )?;
    Ok(0)
}

/// Says whether a synchronisation runs: 1 not running, 2 requested, 3 working, 4 failed, 5 cancellation requested.
/// Its home is not known, so it is kept in `sandbox_unplaced`.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (name and codes, grade B).
static GET_STATE: Procedure = Procedure {
    name: "spGetSubscriptionState",
    parameters: &[],
    run: |call| {
        let state = state(call)?;
        call.send(&[("SubscriptionState", Int)], "SELECT ?1", [state])?;
        Ok(0)
    },
};

/// How long a synchronisation that `spStartCatalogSync` asked for is requested, and how long it works then.
const SECONDS: (i64, i64) = (1, 1);

/// The state now. What `spStartCatalogSync` asked for goes by: a second later it works, another second later it is over.
/// What is set by hand stays as it is.
pub(super) fn state(call: &Call<'_>) -> Result<i64, Failure> {
    let value = |name: &str| -> Result<Option<i64>, Failure> {
        let query = "SELECT value FROM sandbox_unplaced WHERE name = ?1";
        Ok(call.store.query_row(query, [name], |row| row.get(0)).optional()?)
    };
    let state = value("SubscriptionState")?.unwrap_or(1);
    let Some(requested) = value("SynchronizationRequestedAt")?.filter(|_| state == 2) else { return Ok(state) };
    let (waits, works) = SECONDS;
    let passed = call.now.and_utc().timestamp() - requested;
    Ok(if passed < waits {
        2
    } else if passed < waits + works {
        3
    } else {
        1
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, text};
    use crate::sandbox::seeds::Seed;
    use crate::sandbox::value::Value;

    #[test]
    fn the_demo_synchronises_once_a_day() {
        let answer = Server::demo().call("spGetSubscription", &[]);
        let row = &answer.sets[0];
        assert_eq!(row.column("LastModifiedBy"), [text("CONTOSO\\wsus-admin")]);
        assert_eq!(row.column("SynchronizeAutomatically"), [Value::Bit(true)]);
        assert_eq!(row.column("SynchronizeAutomaticallyTimeOfDay"), [Value::Int(10800)]);
        assert_eq!(row.column("Frequency"), [Value::Int(1)]);
    }

    #[test]
    fn an_empty_server_synchronises_by_hand() {
        let answer = Server::new(Seed::Empty).call("spGetSubscription", &[]);
        assert_eq!(answer.sets[0].column("SynchronizeAutomatically"), [Value::Bit(false)]);
    }

    #[test]
    fn a_running_synchronisation_shows() {
        let server = Server::demo();
        let state = || server.call("spGetSubscriptionState", &[]).sets[0].rows[0][0].clone();
        assert_eq!(state(), Value::Int(1));
        server.by_hand("UPDATE sandbox_unplaced SET value = 3 WHERE name = 'SubscriptionState'");
        assert_eq!(state(), Value::Int(3));
    }
}
