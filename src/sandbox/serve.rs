//! The sandbox over TCP.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

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
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() >= settings.connections_max => {
                    warn!(connections = connections.len(), "too many connections: one is turned away");
                    drop(stream);
                }
                Ok((stream, peer)) => {
                    debug!(%peer, "connected");
                    let serving = connection(stream, Arc::clone(&database), Arc::clone(&settings), shutdown.clone());
                    connections.spawn(serving);
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

/// Waits for shutdown to be ordered. An owner that went without a word ends the server, too.
async fn order(shutdown: &mut watch::Receiver<bool>) {
    let _ = shutdown.wait_for(|ordered| *ordered).await;
}

async fn connection<D: Database>(
    stream: TcpStream,
    database: Arc<D>,
    settings: Arc<ServerSettings>,
    shutdown: watch::Receiver<bool>,
) {
    // Answers are written in whole packets, so waiting for more to send only costs time. Where this cannot be set, the
    // connection is slower and nothing else.
    let _ = stream.set_nodelay(true);
    match serve_until(stream, database, settings, shutdown).await {
        Ok(()) => debug!("the client closed the connection"),
        Err(error @ ConnectionError::Panicked(_)) => warn!(%error, "a connection ended"),
        Err(error) => debug!(error = &error as &dyn std::error::Error, "a connection ended"),
    }
}
