//! Waiting, bounded and visible, while the server synchronises: what decides about synchronisations cannot be saved then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::model::health::SynchronisationState;
use crate::model::synchronization::Progress;
use crate::susdb::read::ReadError;
use crate::susdb::read::synchronization::{read_progress, read_synchronisation_state};
use crate::susdb::session::Session;

/// How often the server is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// Nothing runs; the last one may have failed.
    Idle {
        /// Whether it did.
        failed: bool,
    },
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
/// waited so far and how far it is.
///
/// # Errors
/// [`ReadError`], where the login may not ask among others.
pub async fn until_idle(
    session: &mut Session,
    patience: Duration,
    stop: &AtomicBool,
    mut said: impl FnMut(Duration, Option<Progress>),
) -> Result<Waited, ReadError> {
    let begun = Instant::now();
    loop {
        let state = read_synchronisation_state(session).await?;
        if !is_running(state) {
            return Ok(Waited::Idle { failed: state == SynchronisationState::Failed });
        }
        let waited = begun.elapsed();
        if stop.load(Ordering::Relaxed) {
            return Ok(Waited::Stopped);
        }
        if waited >= patience {
            return Ok(Waited::Running);
        }
        let progress = read_progress(session).await?;
        said(waited, progress);
        tokio::time::sleep(INTERVAL.min(patience.saturating_sub(waited))).await;
    }
}
