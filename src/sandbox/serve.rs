//! The sandbox over TCP.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug, warn, warn_span};

use super::database::Database;
use super::tds::{ConnectionError, ServerSettings, serve_until};

/// How long requests under way may take once shutdown is ordered.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Pause after a failure to accept, which a lack of file descriptors repeats at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts clients until `shutdown` turns true. Then requests under way are answered within a few seconds, and every
/// connection is closed. A client can end its own connection only.
///
/// The listener and the settings are the caller's to choose: [`Authentication::Open`](super::tds::Authentication::Open)
/// has no place here.
pub async fn serve<D: Database>(
    listener: TcpListener,
    database: Arc<D>,
    settings: Arc<ServerSettings>,
    shutdown: watch::Receiver<bool>,
) {
    let mut ordered = shutdown.clone();
    let mut connections = JoinSet::new();
    let mut logins = Logins::default();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() - logins.pending() >= settings.connections_max => {
                    warn!(connections = connections.len(), "too many connections: one is turned away");
                    drop(stream);
                }
                Ok((stream, peer)) => {
                    let logged_in = Arc::<AtomicBool>::default();
                    let (database, settings) = (Arc::clone(&database), Arc::clone(&settings));
                    logins.make_room(settings.logins_max);
                    let serving = connection(stream, database, settings, shutdown.clone(), Arc::clone(&logged_in))
                        .instrument(warn_span!("client", %peer));
                    logins.0.push_back(Login { task: connections.spawn(serving), logged_in });
                }
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = order(&mut ordered) => break,
        }
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    if timeout(SHUTDOWN_GRACE, finish).await.is_err() {
        connections.shutdown().await;
    }
}

/// The clients that have not logged in, the oldest first: they have slots of their own, so that whoever has no password
/// keeps nobody out who has one.
#[derive(Default)]
struct Logins(VecDeque<Login>);

struct Login {
    task: AbortHandle,
    logged_in: Arc<AtomicBool>,
}

impl Logins {
    fn pending(&mut self) -> usize {
        self.0.retain(|login| !login.task.is_finished() && !login.logged_in.load(Ordering::Relaxed));
        self.0.len()
    }

    /// Ends the oldest ones until there is room for one more.
    fn make_room(&mut self, most: usize) {
        while self.pending() >= most.max(1) {
            warn!(waiting = self.0.len(), "too many connections without a login: the oldest is ended");
            if let Some(oldest) = self.0.pop_front() {
                oldest.task.abort();
            }
        }
    }
}

/// Waits for shutdown to be ordered. An owner that went without a word ends the server, too.
async fn order(shutdown: &mut watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|ordered| *ordered).await;
}

async fn connection<D: Database>(
    stream: TcpStream,
    database: Arc<D>,
    settings: Arc<ServerSettings>,
    shutdown: watch::Receiver<bool>,
    logged_in: Arc<AtomicBool>,
) {
    debug!("connected");
    // Answers are written in whole packets, so waiting for more to send only costs time. Where this cannot be set, the
    // connection is slower and nothing else.
    let _ = stream.set_nodelay(true);
    match serve_until(stream, database, settings, shutdown, logged_in).await {
        Ok(()) => debug!("the client closed the connection"),
        Err(error @ ConnectionError::Panicked(_)) => warn!(%error, "a connection ended"),
        Err(error) => debug!(error = &error as &dyn std::error::Error, "a connection ended"),
    }
}
