//! The database behind the wire: sessions over SQLite that understand a part of T-SQL and the emulated procedures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::access::Access;
use super::catalogue::{Catalogue, LiveSession};
use super::database::{Database, Login, ServerError};
use super::locks::{self, Locks};
use super::options::{FaultOptions, Options};
use super::procedures::Procedure;
use super::sql::errors;
use super::store::{Initialise, Location, Store, StoreError};
use super::writes;

mod applock;
mod arguments;
mod batch;
mod call;
mod principals;
pub mod registry;
mod rows;
mod session;
mod special;
#[cfg(test)]
mod tests;
mod transactions;

use registry::{Registry, VariantError};
pub use session::Session;

/// An emulated WSUS server's database.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What all sessions of an engine share.
struct Shared {
    store: Store,
    catalogue: Catalogue,
    locks: Locks,
    sessions: Mutex<BTreeMap<i32, LiveSession>>,
    faults: FaultOptions,
    /// The connection that the engine was opened with: the first session takes it, since reading the tables' definitions is a
    /// good part of what a short run costs.
    spare: Mutex<Option<rusqlite::Connection>>,
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A variant of something that is not there.
    #[error(transparent)]
    Variant(#[from] VariantError),
    /// A permission on something that is not there.
    #[error("the sandbox has no table, view or procedure '{object}' to grant or deny")]
    UnknownObject {
        /// Its name.
        object: String,
    },
    /// The store is one and cannot be read or changed.
    #[error("the sandbox's state could not be read or written")]
    State(#[source] rusqlite::Error),
}

impl Engine {
    /// Opens a sandbox.
    ///
    /// `initialise` makes the tables where there are none yet: in memory, or in a missing file where the options name a
    /// seed.
    ///
    /// # Errors
    /// The store cannot be opened, or the options ask for a variant of something that is not there.
    pub fn open(
        location: Location,
        options: &Options,
        procedures: &[&'static Procedure],
        initialise: Initialise<'_>,
    ) -> Result<Self, EngineError> {
        let registry = Registry::new(procedures, &options.variants)?;
        let store = Store::open(location, options.seed, initialise)?;
        let connection = store.connect().map_err(EngineError::State)?;
        writes::create(&connection).map_err(EngineError::State)?;
        arrange(&connection, options).map_err(EngineError::State)?;
        let mut catalogue = Catalogue::read(&connection, registry).map_err(EngineError::State)?;
        catalogue.access = access(&catalogue, options)?;
        catalogue.lower_case = options.lower_case;
        catalogue.utc_offset_minutes = options.utc_offset_minutes;
        catalogue.hides_definitions = options.hide_definitions;
        catalogue.no_nested_triggers = options.no_nested_triggers;
        let locks = Locks::new(match store.location() {
            Location::File(path) => Some(path),
            Location::Memory => None,
        });
        let (sessions, spare) = (Mutex::default(), Mutex::new(Some(connection)));
        let shared = Shared { store, catalogue, locks, sessions, faults: options.faults, spare };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// How its connections are to misbehave.
    pub fn faults(&self) -> FaultOptions {
        self.shared.faults
    }

    /// The tables, views and procedures.
    pub fn catalogue(&self) -> &Catalogue {
        &self.shared.catalogue
    }
}

impl Shared {
    /// A connection for a new session.
    fn connect(&self) -> rusqlite::Result<rusqlite::Connection> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        spare.map_or_else(|| self.store.connect(), Ok)
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<i32, LiveSession>> {
        // Every change is one insertion or removal, so a panic elsewhere leaves nothing half done.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Database for Engine {
    type Session = Session;

    fn open(&self, login: Login) -> Result<Session, ServerError> {
        Session::open(Arc::clone(&self.shared), login)
    }
}

/// What the options say that the login may do.
fn access(catalogue: &Catalogue, options: &Options) -> Result<Access, EngineError> {
    let named = |objects: &[String]| {
        let find = |object: &String| {
            let found =
                catalogue.object_named(object).ok_or_else(|| EngineError::UnknownObject { object: object.clone() })?;
            Ok((found.0.to_lowercase(), found.1.to_lowercase()))
        };
        objects.iter().map(find).collect::<Result<_, EngineError>>()
    };
    Ok(Access {
        roles: options.roles.iter().copied().collect(),
        granted: named(&options.grants)?,
        denied: named(&options.denials)?,
    })
}

/// Writes what the options say of the server's state, where it is not so already.
fn arrange(store: &rusqlite::Connection, options: &Options) -> rusqlite::Result<()> {
    if options.replica {
        store.execute_batch(
            "BEGIN IMMEDIATE;
             UPDATE tbConfigurationC SET ReplicaMode = 1 WHERE ReplicaMode <> 1;
             UPDATE tbConfigurationA SET SyncToMU = 0 WHERE SyncToMU <> 0;
             UPDATE tbConfigurationA SET UpstreamServerName = 'upstream.contoso.com' WHERE UpstreamServerName = '';
             COMMIT;",
        )?;
    }
    if options.reset_needed {
        store.execute_batch(
            "UPDATE tbSingletonData SET ResetStateMachineNeeded = 1 WHERE ResetStateMachineNeeded <> 1;",
        )?;
    }
    Ok(())
}

/// 4060: the client asked for a database that is not there.
fn cannot_open(database: &str) -> ServerError {
    let text = format!("Cannot open database \"{database}\" requested by the login. The login failed.");
    errors::severe(4060, 11, text)
}

/// UTC now, in the steps of `datetime`.
fn now() -> chrono::NaiveDateTime {
    super::sql::convert::round_datetime(locks::now())
}
