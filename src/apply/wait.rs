//! Waiting, bounded and visible, while the server synchronises: what decides about synchronisations cannot be saved then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::model::health::SynchronisationState;
use crate::susdb::read::ReadError;
use crate::susdb::read::synchronization::read_synchronisation_state;
use crate::susdb::session::Session;

/// How often the server is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// Nothing runs, as far as this login may see.
    Idle,
    /// A synchronisation runs still.
    Running,
    /// The user asked to stop.
    Stopped,
}

/// Whether the server is at it: asked to, working, or about to end.
#[must_use]
pub fn is_running(state: SynchronisationState) -> bool {
    matches!(state, SynchronisationState::Requested | SynchronisationState::Running | SynchronisationState::Cancelling)
}

/// Waits until no synchronisation runs, at most for `patience`. `said` is told each time that one still runs, with the time
/// waited so far.
///
/// A login that may not ask does not wait: the procedures that must not be called during a synchronisation refuse by
/// themselves.
///
/// # Errors
/// [`ReadError`] where the connection is lost.
pub async fn until_idle(
    session: &mut Session,
    patience: Duration,
    stop: &AtomicBool,
    mut said: impl FnMut(Duration),
) -> Result<Waited, ReadError> {
    let begun = Instant::now();
    loop {
        match read_synchronisation_state(session).await {
            Ok(state) if is_running(state) => {}
            Ok(_) => return Ok(Waited::Idle),
            Err(ReadError::Query(error)) if error.fate_unknown() => return Err(ReadError::Query(error)),
            Err(error) => {
                tracing::debug!(%error, "whether a synchronisation runs cannot be read");
                return Ok(Waited::Idle);
            }
        }
        let waited = begun.elapsed();
        if stop.load(Ordering::Relaxed) {
            return Ok(Waited::Stopped);
        }
        if waited >= patience {
            return Ok(Waited::Running);
        }
        said(waited);
        tokio::time::sleep(INTERVAL.min(patience.saturating_sub(waited))).await;
    }
}
