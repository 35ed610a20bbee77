//! Whether the server would refuse to save its settings now.

use super::catalogue::health::RESET_NEEDED;
use super::{ReadError, rows, rows_of_procedure};
use crate::model::busy::Busy;
use crate::model::health::SynchronisationState;
use crate::susdb::contract::uses::SUBSCRIPTION_STATE;
use crate::susdb::error::QueryError;
use crate::susdb::session::Session;

/// Reads what the server is busy with. What the login may not read, or the server does not have, keeps nobody waiting: a save
/// that comes too early is refused by the server itself.
///
/// Source: learn.microsoft.com, IUpdateServerConfiguration.Save (no save during a synchronisation, or while an earlier save is
/// processed; grade A); PoshWSUS assemblies (the flag and the states, grade B).
///
/// # Errors
/// [`ReadError`] where the connection is lost.
pub async fn read_busy(session: &mut Session) -> Result<Option<Busy>, ReadError> {
    let flags = known(rows(session, &RESET_NEEDED, |row| row.bit("ResetStateMachineNeeded")).await)?;
    if flags.contains(&true) {
        return Ok(Some(Busy::Resetting));
    }
    let states = known(rows_of_procedure(session, SUBSCRIPTION_STATE, |row| row.first_int()).await)?;
    Ok(states.into_iter().map(SynchronisationState::from_number).find_map(busy_with))
}

fn busy_with(state: SynchronisationState) -> Option<Busy> {
    match state {
        SynchronisationState::Requested | SynchronisationState::Running | SynchronisationState::Cancelling => {
            Some(Busy::Synchronising)
        }
        SynchronisationState::NotRunning | SynchronisationState::Failed | SynchronisationState::Unknown(_) => None,
    }
}

/// An answer that is not as known counts as none.
fn known<T>(answer: Result<Vec<T>, ReadError>) -> Result<Vec<T>, ReadError> {
    match answer {
        Err(
            ReadError::Query(QueryError::Server { .. })
            | ReadError::Preflight(_)
            | ReadError::Column { .. }
            | ReadError::NotOneRow { .. },
        ) => Ok(Vec::new()),
        other => other,
    }
}
