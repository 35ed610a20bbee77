//! `apply --sync-categories`: lets the server synchronise its categories and waits for the end.

use std::time::{Duration, Instant};

use super::server::unreadable;
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::model::health::SynchronisationState;
use crate::susdb::preflight::read_procedures;
use crate::susdb::read::synchronization::{read_progress, read_synchronisation_state};
use crate::susdb::session::Session;
use crate::susdb::write::{WriteError, Writer};

/// How often the server is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often a line about the progress is written.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Waits for a synchronisation that runs, starts one of the categories, and waits for its end; each at most for `patience`.
/// The caller holds the lock and has checked that it is the right server.
///
/// # Errors
/// A server that cannot be asked, does not start one, fails at it or takes too long.
pub async fn synchronise_categories(
    session: &mut Session,
    patience: Duration,
    streams: Streams,
) -> Result<(), Failure> {
    wait(session, patience, "waiting for the synchronisation that runs", streams).await?;
    let procedures = read_procedures(session).await.map_err(unreadable)?;
    let started = Writer::new(session, &procedures).start_category_synchronisation().await;
    started.map_err(not_started)?;
    streams.note("The server synchronises its categories.");
    if wait(session, patience, "synchronising categories", streams).await? {
        return Err(Failure::new(Exit::Failure, "the category synchronisation failed; nothing was planned")
            .hint("the console's Synchronizations page says why"));
    }
    streams.note("The categories are synchronised.");
    Ok(())
}

/// Waits until none runs. Whether the last one failed.
async fn wait(session: &mut Session, patience: Duration, what: &str, streams: Streams) -> Result<bool, Failure> {
    let begun = Instant::now();
    let mut last_line = None::<Instant>;
    loop {
        let state = read_synchronisation_state(session).await.map_err(unreadable)?;
        if !state.is_running() {
            return Ok(state == SynchronisationState::Failed);
        }
        let waited = begun.elapsed();
        if waited >= patience {
            let summary = format!("a synchronisation still runs after {} s; nothing was planned", waited.as_secs());
            return Err(Failure::new(Exit::Failure, summary).hint("wait for longer: --sync-timeout 2h"));
        }
        if last_line.is_none_or(|line| line.elapsed() >= LINE_INTERVAL) {
            last_line = Some(Instant::now());
            let progress = read_progress(session).await.map_err(unreadable)?;
            let progress = progress.map(|progress| format!(" ({progress})")).unwrap_or_default();
            streams.note(&format!("{what}{progress}, {} s so far", waited.as_secs()));
        }
        tokio::time::sleep(INTERVAL.min(patience.saturating_sub(waited))).await;
    }
}

fn not_started(error: WriteError) -> Failure {
    let hints = error.hints();
    Failure::new(Exit::Failure, "the server did not start a category synchronisation").caused_by(error).hints(hints)
}
