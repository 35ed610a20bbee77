//! What the wire layer needs from a database, and what it offers for the answer.
//!
//! The wire layer (`tds`) knows nothing of SUSDB and the engine knows nothing of packets. The second implementation of
//! [`Database`] is the echo database of the wire tests, which sends back every type that it was sent.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::value::{Column, SqlType, Value};

/// What a client said when it logged in.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// SQL login name.
    pub user: String,
    /// Host name that the client gave.
    pub host: String,
    /// Application name that the client gave.
    pub application: String,
    /// Database that the client asked for; empty for the default.
    pub database: String,
    /// Server-process id that the wire layer gave the session, unique in this process.
    pub session_id: i32,
}

/// An error as SQL Server reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{number}: {message}")]
pub struct ServerError {
    /// Error number: 18456 login failed, 50000 raised by a procedure, 1205 deadlock victim, 2812 no such procedure, ...
    pub number: i32,
    /// State, 1 to 255.
    pub state: u8,
    /// Severity: 10 and below is information, 11 to 16 the user's, 20 and above ends the connection.
    pub class: u8,
    /// The text.
    pub message: String,
    /// The procedure it came from; empty for a batch.
    pub procedure: String,
    /// Line in the batch or procedure, from 1.
    pub line: u32,
}

/// The client is gone or has sent ATTENTION: stop producing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

/// Where an answer goes, in the order of the calls. Blocks while the client does not read (back-pressure), so a result
/// of any length needs no memory. Called from a blocking thread.
pub trait Response {
    /// Begins a result set.
    fn columns(&mut self, columns: &[Column]) -> Result<(), Cancelled>;
    /// Sends a row of the result set begun last: one value a column, each of the column's type or NULL.
    fn row(&mut self, values: &[Value]) -> Result<(), Cancelled>;
    /// Ends a statement: with the number of rows returned or affected where SQL Server would count them (NOCOUNT OFF).
    fn done(&mut self, rows: Option<u64>) -> Result<(), Cancelled>;
    /// Sends an informational message (severity 10 and below), as PRINT does.
    fn info(&mut self, number: i32, message: &str) -> Result<(), Cancelled>;
    /// Sends an error. It does not end the answer: the caller decides whether to go on.
    fn error(&mut self, error: &ServerError) -> Result<(), Cancelled>;
    /// Tells the client that the database context is now this one (ENVCHANGE 1).
    fn database_changed(&mut self, name: &str) -> Result<(), Cancelled>;
    /// Whether ATTENTION has come: a long computation asks now and then.
    fn cancelled(&self) -> bool;
}

/// A parameter of a remote procedure call.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcParameter {
    /// Name with its `@`; empty where it was sent by position.
    pub name: String,
    /// The type that the client declared; `None` for a NULL without a type (token 0x1F).
    pub sql_type: Option<SqlType>,
    /// The value.
    pub value: Value,
    /// Whether the client wants it back (OUT).
    pub output: bool,
    /// Whether the client asked for the parameter's default instead of giving a value.
    pub default: bool,
}

/// What an RPC gives back besides its result sets. Sent as RETURNSTATUS, then one RETURNVALUE for each output.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RpcOutcome {
    /// The procedure's return code; `None` where it did not run to its end.
    pub return_code: Option<i32>,
    /// Final values of the parameters that were sent as output: name, type, value.
    pub outputs: Vec<(String, SqlType, Value)>,
}

/// A transaction-manager request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionRequest {
    /// Begin a transaction.
    Begin,
    /// Commit the open transaction.
    Commit,
    /// Roll the open transaction back.
    Rollback,
    /// Set a savepoint with this name.
    Save(String),
}

/// A database that sessions can be opened on.
pub trait Database: Send + Sync + 'static {
    /// What a connection works with once logged in.
    type Session: DatabaseSession;

    /// Opens a session for a login whose password the wire layer has already checked.
    ///
    /// # Errors
    /// What the client is told before its connection is closed (4060: cannot open the database).
    fn open(&self, login: Login) -> Result<Self::Session, ServerError>;
}

/// One logged-in connection. Dropping it releases what it holds: open transactions roll back, application locks go.
pub trait DatabaseSession: Send + 'static {
    /// The flag that ends the statement under way wherever it is, once another thread sets it: the client wants no more, is
    /// gone, or the server is being shut down. It is cleared before every request.
    fn interruption(&self) -> Arc<AtomicBool> {
        Arc::default()
    }

    /// Runs a batch of SQL. Errors in the SQL go to `response`.
    ///
    /// # Errors
    /// `Cancelled` as `response` gave it.
    fn batch(&mut self, sql: &str, response: &mut dyn Response) -> Result<(), Cancelled>;

    /// Runs a procedure by name. `sp_executesql` and the other special procedures that a client calls by number arrive
    /// here by name, too.
    ///
    /// # Errors
    /// `Cancelled` as `response` gave it.
    fn call(
        &mut self,
        procedure: &str,
        parameters: Vec<RpcParameter>,
        response: &mut dyn Response,
    ) -> Result<RpcOutcome, Cancelled>;

    /// Carries a transaction-manager request out.
    ///
    /// # Errors
    /// The error for the client (3902: no transaction to commit).
    fn transaction(&mut self, request: TransactionRequest) -> Result<(), ServerError>;

    /// Makes the session as fresh as after login, as a connection pool asks for (sp_reset_connection).
    fn reset(&mut self);
}
