//! One logged-in connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::special::Prepared;
use super::{Shared, cannot_open, now};
use crate::sandbox::catalogue::principals;
use crate::sandbox::catalogue::{Catalogue, Live, LiveSession};
use crate::sandbox::database::{
    Cancelled, DatabaseSession, Login, Response, RpcOutcome, RpcParameter, ServerError, TransactionRequest,
};
use crate::sandbox::sql::errors;
use crate::sandbox::sql::scope::{Facts, Surroundings, Variables};
use crate::sandbox::sql::script;
use crate::sandbox::sql::translate::Translated;

/// What a connection works with once logged in.
pub struct Session {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: Connection,
    pub(super) login: Login,
    pub(super) database: String,
    /// How many transactions are open, one in the other; only the outermost is real.
    pub(super) transactions: u32,
    pub(super) savepoints: Vec<String>,
    pub(super) row_count: i64,
    pub(super) last_error: i32,
    pub(super) no_count: bool,
    pub(super) format_only: bool,
    pub(super) prepared: BTreeMap<i32, Prepared>,
    /// How deep statements call statements.
    pub(super) nesting: u32,
    /// The system views whose rows are already there.
    filled: BTreeSet<&'static str>,
    /// Ends the statement under way.
    interrupted: Arc<AtomicBool>,
}

/// How many steps of SQLite's machine a statement makes before it looks whether it is to end: some tenth of a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// Why a statement did not run to its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client is gone.
    Cancelled,
    /// It failed.
    Failed(ServerError),
}

impl From<Cancelled> for Stop {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<ServerError> for Stop {
    fn from(error: ServerError) -> Self {
        Self::Failed(error)
    }
}

/// The database that a session works in where it names none.
const DATABASE: &str = "SUSDB";

/// `tsql_may(securable, class, permission)`: HAS_PERMS_BY_NAME, which is asked of every row of a system view.
fn install_permissions(connection: &Connection, shared: Arc<Shared>) -> rusqlite::Result<()> {
    connection.create_scalar_function("tsql_may", 3, FunctionFlags::SQLITE_UTF8, move |call| {
        let (securable, class): (Option<String>, Option<String>) = (call.get(0)?, call.get(1)?);
        let permission: String = call.get(2)?;
        Ok(shared.catalogue.has_permission(securable.as_deref(), class.as_deref(), &permission))
    })
}

/// The databases that there are.
pub(super) fn database_named(name: &str) -> Option<&'static str> {
    [DATABASE, "master"].into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

/// Whether what a system view says may change from statement to statement.
fn is_live(view: &str) -> bool {
    view.starts_with("sys.dm_") || principals::is_about(view)
}

impl Session {
    pub(super) fn open(shared: Arc<Shared>, login: Login) -> Result<Self, ServerError> {
        let asked = if login.database.is_empty() { DATABASE } else { &login.database };
        let database = database_named(asked).ok_or_else(|| cannot_open(asked))?.to_owned();
        let failed = |error: rusqlite::Error| errors::from_store(&error, login.session_id);
        let mut connection = shared.connect().map_err(failed)?;
        let interrupted = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&interrupted);
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || flag.load(Ordering::Relaxed))).map_err(failed)?;
        Catalogue::create_system_views(&connection).map_err(failed)?;
        install_permissions(&connection, Arc::clone(&shared)).map_err(failed)?;
        let live = LiveSession {
            id: login.session_id,
            login: login.user.clone(),
            host: login.host.clone(),
            program: login.application.clone(),
            process: std::process::id(),
            since: now(),
            running: false,
        };
        shared.sessions().insert(login.session_id, live);
        Ok(Self {
            shared,
            connection,
            login,
            database,
            transactions: 0,
            savepoints: Vec::new(),
            row_count: 0,
            last_error: 0,
            no_count: false,
            format_only: false,
            prepared: BTreeMap::new(),
            nesting: 0,
            filled: BTreeSet::new(),
            interrupted,
        })
    }

    pub(super) fn facts(&self) -> Facts {
        Facts {
            login: self.login.clone(),
            database: self.database.clone(),
            now: now(),
            transactions: self.transactions,
            row_count: self.row_count,
            last_error: self.last_error,
        }
    }

    /// What statements of this session are translated in.
    pub(super) fn around<'a>(&'a self, facts: &'a Facts, variables: &'a Variables) -> Surroundings<'a> {
        Surroundings { catalogue: &self.shared.catalogue, variables, facts }
    }

    /// What SQL Server would say where SQLite says this.
    pub(super) fn store_error(&self, error: &rusqlite::Error) -> ServerError {
        errors::from_store(error, self.login.session_id)
    }

    /// Makes true what the system views say that a statement reads.
    pub(super) fn fill(&mut self, translated: &Translated) -> Result<(), ServerError> {
        let wanted: Vec<_> = translated
            .system_views
            .iter()
            .copied()
            .filter(|view| is_live(view) || !self.filled.contains(view))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let (locks, foreign) = self.shared.locks.holders();
        let mut sessions: Vec<_> = self.shared.sessions().values().cloned().collect();
        sessions.extend(foreign);
        let live = Live { sessions: &sessions, locks: &locks };
        let run = || {
            self.connection.execute_batch("SAVEPOINT sandbox_fill")?;
            for view in &wanted {
                self.shared.catalogue.fill(&self.connection, view, &live)?;
            }
            self.connection.execute_batch("RELEASE sandbox_fill")
        };
        run().map_err(|error| self.store_error(&error))?;
        self.filled.extend(wanted);
        Ok(())
    }

    /// Forgets what the system views hold: a rollback has emptied them.
    pub(super) fn empty_system_views(&mut self) {
        self.filled.clear();
    }

    fn running(&self, running: bool) {
        if let Some(session) = self.shared.sessions().get_mut(&self.login.session_id) {
            session.running = running;
        }
    }

    /// Sends an error and ends its statement.
    pub(super) fn fail(&mut self, error: &ServerError, response: &mut dyn Response) -> Result<(), Cancelled> {
        self.last_error = error.number;
        response.error(error)?;
        response.done(None)
    }
}

impl DatabaseSession for Session {
    fn interruption(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupted)
    }

    fn batch(&mut self, sql: &str, response: &mut dyn Response) -> Result<(), Cancelled> {
        self.running(true);
        let result = match script::read(sql) {
            Ok(statements) if statements.is_empty() => response.done(None),
            Ok(statements) => self.run(&statements, &mut Variables::new(), response).map(|_| ()),
            Err(error) => self.fail(&error, response),
        };
        self.running(false);
        result
    }

    fn call(
        &mut self,
        procedure: &str,
        parameters: Vec<RpcParameter>,
        response: &mut dyn Response,
    ) -> Result<RpcOutcome, Cancelled> {
        self.running(true);
        let result = self.execute(procedure, &parameters, response);
        self.running(false);
        let called = result?;
        if let Some(error) = &called.failed {
            self.last_error = error.number;
        }
        let outputs = called.outputs.into_iter().map(|output| (output.name, output.sql_type, output.value)).collect();
        Ok(RpcOutcome { return_code: called.return_code, outputs })
    }

    fn transaction(&mut self, request: TransactionRequest) -> Result<(), ServerError> {
        match request {
            TransactionRequest::Begin => self.begin(),
            TransactionRequest::Commit => self.commit(),
            TransactionRequest::Rollback => self.rollback(None),
            TransactionRequest::Save(name) => self.save(&name),
        }
    }

    fn reset(&mut self) {
        if self.transactions > 0 {
            self.abandon();
        }
        self.shared.locks.release_session(self.login.session_id);
        let asked = if self.login.database.is_empty() { DATABASE } else { &self.login.database };
        self.database = database_named(asked).unwrap_or(DATABASE).to_owned();
        self.row_count = 0;
        self.last_error = 0;
        self.no_count = false;
        self.format_only = false;
        self.prepared.clear();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What is left to be done for a client that is gone is done to its end.
        self.interrupted.store(false, Ordering::Relaxed);
        self.shared.locks.release_session(self.login.session_id);
        self.shared.sessions().remove(&self.login.session_id);
    }
}
