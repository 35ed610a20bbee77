//! Starting and cancelling a synchronisation, and how far it is.

use super::arguments::defaulted;
use super::change_tracking::{Event, track};
use super::refusals::refuse_while_synchronising;
use super::subscription::state;
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{Bit, Int};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&START, &CANCEL, &GET_PROGRESS];

/// Asks for a synchronisation, of everything or of the categories alone. It is over after two seconds and brings nothing:
/// there is nowhere to synchronise from. Refuses while one runs.
///
/// Source: PoshWSUS assemblies (names, grade B); the default and the refusal's text are our guesses (grade C).
static START: Procedure =
    Procedure { name: "spStartCatalogSync", parameters: &[defaulted("@isCategoryOnly", Bit, 0)], run: start };

fn start(call: &mut Call<'_>) -> Result<i32, Failure> {
    refuse_while_synchronising(call, "spStartCatalogSync")?;
    set(call, "SubscriptionState", 2)?;
    set(call, "SynchronizationRequestedAt", call.now.and_utc().timestamp())?;
    set(call, "IsCategoryOnly", i64::from(call.bit(0)))?;
    track(call, Event::CatalogSync)?;
    Ok(0)
}

/// Asks for the running synchronisation to stop. Where none runs it changes nothing.
///
/// Source: PoshWSUS assemblies (name, grade B); that it is no error where none runs is our guess (grade C).
static CANCEL: Procedure = Procedure { name: "spCancelCatalogSync", parameters: &[], run: cancel };

fn cancel(call: &mut Call<'_>) -> Result<i32, Failure> {
    if matches!(state(call)?, 2 | 3) {
        set(call, "SubscriptionState", 5)?;
        track(call, Event::CatalogSync)?;
    }
    Ok(0)
}

/// Says how far a synchronisation is: its phase (0 none, 1 updates, 2 approvals, 3 categories), and how many of how many
/// items. Its home is not known, so it is what `sandbox_unplaced` has under these names, and otherwise 0.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (columns by position, grade B; their names are ours, grade C).
static GET_PROGRESS: Procedure = Procedure {
    name: "spGetSubscriptionProgress",
    parameters: &[],
    run: |call| {
        call.send(
            &[("SynchronizationPhase", Int), ("TotalItems", Int), ("ProcessedItems", Int)],
            "SELECT coalesce((SELECT value FROM sandbox_unplaced WHERE name = 'SynchronizationPhase'), 0),
                 coalesce((SELECT value FROM sandbox_unplaced WHERE name = 'TotalItems'), 0),
                 coalesce((SELECT value FROM sandbox_unplaced WHERE name = 'ProcessedItems'), 0)",
            [],
        )?;
        Ok(0)
    },
};

fn set(call: &Call<'_>, name: &str, value: i64) -> Result<(), Failure> {
    call.store.execute(
        "INSERT INTO sandbox_unplaced (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        rusqlite::params![name, value],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Server;
    use crate::sandbox::value::Value;

    fn shown(server: &Server) -> Value {
        server.call("spGetSubscriptionState", &[]).sets[0].rows[0][0].clone()
    }

    fn changes(server: &Server) -> i64 {
        server.number("SELECT ChangeNumber FROM tbChangeTracking WHERE NotificationEventName = 'CatalogSyncAgent'")
    }

    #[test]
    fn a_synchronisation_is_requested_once_and_cancelled() {
        let server = Server::demo();
        server.call("spStartCatalogSync", &[("@isCategoryOnly", Value::Bit(true))]);
        assert_eq!(shown(&server), Value::Int(2));
        let subscription = server.call("spGetSubscription", &[]);
        assert_eq!(subscription.sets[0].column("IsCategoryOnly"), [Value::Bit(true)]);
        server.refuses("spStartCatalogSync", &[], "while a synchronization runs");
        server.call("spCancelCatalogSync", &[]);
        assert_eq!(shown(&server), Value::Int(5));
        assert_eq!(changes(&server), 3);
        server.refuses("spStartCatalogSync", &[], "while a synchronization runs");
    }

    #[test]
    fn after_a_failure_it_can_start_again() {
        let server = Server::demo();
        server.by_hand("UPDATE sandbox_unplaced SET value = 4 WHERE name = 'SubscriptionState'");
        server.call("spStartCatalogSync", &[]);
        assert_eq!(shown(&server), Value::Int(2));
    }

    #[test]
    fn a_request_is_taken_up_and_comes_to_its_end() {
        let server = Server::demo();
        server.call("spStartCatalogSync", &[("@isCategoryOnly", Value::Bit(true))]);
        for (seconds, state) in [(1, 3), (2, 1), (3600, 1)] {
            server.by_hand(&format!(
                "UPDATE sandbox_unplaced SET value = {} WHERE name = 'SynchronizationRequestedAt'",
                server.now.and_utc().timestamp() - seconds
            ));
            assert_eq!(shown(&server), Value::Int(state), "after {seconds} s");
        }
        server.call("spStartCatalogSync", &[]);
        assert_eq!(shown(&server), Value::Int(2));
    }

    #[test]
    fn cancelling_nothing_changes_nothing() {
        let server = Server::demo();
        server.call("spCancelCatalogSync", &[]);
        assert_eq!((shown(&server), changes(&server)), (Value::Int(1), 1));
    }

    #[test]
    fn progress_is_what_the_state_says() {
        let server = Server::demo();
        let progress = || server.call("spGetSubscriptionProgress", &[]).sets[0].rows[0].clone();
        assert_eq!(progress(), [0, 0, 0].map(Value::Int));
        server.by_hand(
            "INSERT INTO sandbox_unplaced (name, value)
             VALUES ('SynchronizationPhase', 1), ('TotalItems', 90), ('ProcessedItems', 30)",
        );
        assert_eq!(progress(), [1, 90, 30].map(Value::Int));
    }
}
