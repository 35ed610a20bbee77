//! An emulated server as a whole: the engine with its schema, procedures and seeds, behind the wire.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::io::{DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::debug;

use super::engine::{Engine, EngineError};
use super::faults::{Fault, Faults};
use super::options::{FaultOptions, Options, Raise};
use super::seeds::contents::Contents;
use super::seeds::{self, Seed};
use super::store::{self, Location, StoreError};
use super::tds::{Authentication, ServerSettings, serve_connection};
use super::{procedures, schema};

/// Bytes that may be on their way in each direction between a client and a server of the same process.
const PIPE_BYTES: usize = 256 * 1024;

/// An emulated WSUS server.
pub struct Server {
    engine: Arc<Engine>,
    settings: Arc<ServerSettings>,
}

impl Server {
    /// Opens a server with these settings; the options' faults go before the settings' own.
    ///
    /// # Errors
    /// The file cannot be opened or made, or the options ask for a variant of a procedure that is not there.
    pub fn open(location: Location, options: &Options, mut settings: ServerSettings) -> Result<Self, EngineError> {
        let engine = Engine::open(location, options, procedures::all(), &initialise)?;
        settings.faults = Arc::new(faults(options.faults));
        Ok(Self { engine: Arc::new(engine), settings: Arc::new(settings) })
    }

    /// Opens a server for this process alone: anybody may log in.
    ///
    /// # Errors
    /// Those of [`Server::open`].
    pub fn in_process(location: Location, options: &Options) -> Result<Self, EngineError> {
        Self::open(location, options, ServerSettings::new(Authentication::Open))
    }

    /// Connects a client in this process: gives its end of a stream that the server answers on. Called within a tokio
    /// runtime.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(PIPE_BYTES);
        let (engine, settings) = (Arc::clone(&self.engine), Arc::clone(&self.settings));
        tokio::spawn(async move {
            if let Err(error) = serve_connection(server, engine, settings).await {
                debug!(error = &error as &dyn std::error::Error, "a connection ended");
            }
        });
        client
    }

    /// Serves clients over TCP until `shutdown` turns true.
    pub async fn serve(&self, listener: TcpListener, shutdown: watch::Receiver<bool>) {
        super::serve::serve(listener, Arc::clone(&self.engine), Arc::clone(&self.settings), shutdown).await;
    }

    /// Statements so far, over all connections.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.settings.faults.statements()
    }
}

/// Makes a sandbox file. It appears under its name only when it is complete.
///
/// # Errors
/// The file exists and `replace` is not given, or it cannot be written.
pub fn create(path: &Path, seed: Seed, replace: bool) -> Result<(), StoreError> {
    store::create(path, replace, &|connection| initialise(connection, seed))
}

/// Makes a sandbox file of what was read from a server, as [`create`] does. Gives what could not be taken over, a sentence
/// each.
///
/// # Errors
/// Those of [`create`].
pub fn create_from(path: &Path, contents: &Contents, replace: bool) -> Result<Vec<String>, StoreError> {
    let left_out = RefCell::default();
    store::create(path, replace, &|connection| {
        schema::create(connection)?;
        left_out.replace(seeds::fill_from(connection, contents)?);
        Ok(())
    })?;
    Ok(left_out.into_inner())
}

fn initialise(connection: &mut Connection, seed: Seed) -> rusqlite::Result<()> {
    schema::create(connection)?;
    seeds::fill(connection, seed)
}

fn faults(options: FaultOptions) -> Faults {
    let FaultOptions { drop_before, drop_after, raise, delay_ms, delay_from } = options;
    let mut at = BTreeMap::new();
    at.extend(drop_before.map(|statement| (statement, Fault::DropBefore)));
    at.extend(drop_after.map(|statement| (statement, Fault::DropAfter)));
    at.extend(raise.map(|Raise { state, statement }| (statement, state.map_or(Fault::Deadlock, Fault::Raise))));
    Faults::new(at, Duration::from_millis(delay_ms), delay_from)
}
