//! `apply --sync-categories`: lets the server synchronise its categories and waits for the end.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::server::unreadable;
use super::streams::Streams;
use crate::apply::wait::{Waited, until_idle};
use crate::failure::{Exit, Failure};
use crate::model::synchronization::Progress;
use crate::susdb::preflight::read_procedures;
use crate::susdb::session::Session;
use crate::susdb::write::{WriteError, Writer};

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
    let mut last_line = None::<Instant>;
    let said = |waited: Duration, progress: Option<Progress>| {
        if last_line.is_none_or(|line| line.elapsed() >= LINE_INTERVAL) {
            last_line = Some(Instant::now());
            let progress = progress.map(|progress| format!(" ({progress})")).unwrap_or_default();
            streams.note(&format!("{what}{progress}, {} s so far", waited.as_secs()));
        }
    };
    // Ctrl-C ends the whole preparation, and this with it.
    let stop = AtomicBool::new(false);
    match until_idle(session, patience, &stop, said).await.map_err(unreadable)? {
        Waited::Idle { failed } => Ok(failed),
        Waited::Stopped | Waited::Running => {
            let summary = format!("a synchronisation still runs after {} s; nothing was planned", patience.as_secs());
            Err(Failure::new(Exit::Failure, summary).hint("wait for longer: --sync-timeout 2h"))
        }
    }
}

fn not_started(error: WriteError) -> Failure {
    let hints = error.hints();
    Failure::new(Exit::Failure, "the server did not start a category synchronisation").caused_by(error).hints(hints)
}
