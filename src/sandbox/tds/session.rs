//! Requests of one logged-in connection, carried out on a blocking thread.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use super::super::database::{
    Cancelled, DatabaseSession, Response, RpcOutcome, RpcParameter, ServerError, TransactionRequest,
};
use super::super::faults::{self, Fault};
use super::answer::{self, Answer};
use super::error::Malformed;
use super::fields::{Fields, utf16};
use super::headers;
use super::packet::{Message, Reset, kind};
use super::rpc;
use super::settings::ServerSettings;
use super::token::Change;
use super::transaction::ManagerRequest;

/// How often a delayed statement looks whether the client still waits.
const DELAY_SLICE: Duration = Duration::from_millis(20);

/// A session and what the wire layer knows of it.
pub(super) struct Session<S> {
    database_session: S,
    settings: Arc<ServerSettings>,
    session_id: i32,
    /// The database context.
    database: String,
    transaction: Transaction,
}

/// The transaction that was begun through the transaction manager.
#[derive(Debug, Default)]
struct Transaction {
    /// How often it was begun without being committed.
    depth: u32,
    /// How many there have been: the descriptor of the last.
    begun: u64,
}

/// How a request ended, where it did not end well.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client wants no more of it, or is gone.
    Cancelled,
    /// The connection is to be dropped at this statement.
    Dropped { statement: u64 },
    /// It does not read as a request. The client has been told.
    Malformed { message: &'static str, source: Malformed },
    /// It was answered with an error that ends the connection.
    Fatal,
}

impl From<Cancelled> for Stop {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// What becomes of a statement.
enum Turn {
    Execute { statement: u64, drop_after: bool },
    Fail(ServerError),
}

impl<S: DatabaseSession> Session<S> {
    pub(super) fn new(database_session: S, settings: Arc<ServerSettings>, session_id: i32, database: String) -> Self {
        Self { database_session, settings, session_id, database, transaction: Transaction::default() }
    }

    /// The flag that ends the statement under way.
    pub(super) fn interruption(&self) -> Arc<AtomicBool> {
        self.database_session.interruption()
    }

    /// Carries a request out. The answer is complete where this gives `Ok`.
    pub(super) fn run(
        &mut self,
        message: &Message,
        make: impl for<'a> FnOnce(&'a str, &'a mut String) -> Answer<'a>,
    ) -> Result<(), Stop> {
        let settings = Arc::clone(&self.settings);
        let mut database = std::mem::take(&mut self.database);
        let mut answer = make(&settings.server_name, &mut database);
        let result = self.dispatch(message, &mut answer);
        let fatal = answer.is_fatal();
        self.database = database;
        if fatal && result.is_ok() { Err(Stop::Fatal) } else { result }
    }

    fn dispatch(&mut self, message: &Message, answer: &mut Answer<'_>) -> Result<(), Stop> {
        self.reset(message.reset, answer)?;
        let name = match message.kind {
            kind::BATCH => "batch",
            kind::RPC => "remote procedure call",
            _ => "transaction request",
        };
        let result =
            headers::behind(&message.payload).map_err(Problem::Malformed).and_then(|mut fields| match message.kind {
                kind::BATCH => self.batch(&mut fields, answer),
                kind::RPC => self.calls(&mut fields, answer),
                _ => self.manage(&mut fields, answer),
            });
        match result {
            Ok(()) => Ok(()),
            Err(Problem::Stop(stop)) => Err(stop),
            Err(Problem::Malformed(source)) => {
                answer.error(&complaint(&source))?;
                answer.finish()?;
                Err(Stop::Malformed { message: name, source })
            }
        }
    }

    fn reset(&mut self, reset: Reset, answer: &mut Answer<'_>) -> Result<(), Stop> {
        // A session is reset as a whole or not at all: one whose transaction is to live on stays as it is.
        let skipped = reset == Reset::KeepTransaction && self.transaction.depth > 0;
        if reset == Reset::No {
            return Ok(());
        }
        if !skipped {
            self.database_session.reset();
            if let Some(descriptor) = self.transaction.end() {
                answer.change(Change::Rollback(descriptor))?;
            }
        }
        answer.change(Change::Reset)?;
        Ok(())
    }

    fn batch(&mut self, fields: &mut Fields<'_>, answer: &mut Answer<'_>) -> Result<(), Problem> {
        let sql = utf16(fields.rest())?;
        match self.turn("", answer)? {
            Turn::Fail(error) => answer.error(&error)?,
            Turn::Execute { statement, drop_after } => {
                let result = self.database_session.batch(&sql, answer);
                after(statement, drop_after)?;
                still_there(result, answer)?;
            }
        }
        Ok(answer.finish()?)
    }

    fn calls(&mut self, fields: &mut Fields<'_>, answer: &mut Answer<'_>) -> Result<(), Problem> {
        loop {
            let call = rpc::call(fields)?;
            let more = !fields.is_empty();
            answer.in_procedure();
            let parameters = answer::sent_parameters(&call.parameters);
            let outcome =
                if call.skipped { RpcOutcome::default() } else { self.call(call.procedure, call.parameters, answer)? };
            answer.finish_procedure(&parameters, &outcome, more)?;
            if !more || answer.is_fatal() {
                return Ok(());
            }
        }
    }

    fn call(
        &mut self,
        procedure: String,
        parameters: Vec<RpcParameter>,
        answer: &mut Answer<'_>,
    ) -> Result<RpcOutcome, Problem> {
        match self.turn(&procedure, answer)? {
            Turn::Fail(error) => {
                answer.error(&error)?;
                Ok(RpcOutcome::default())
            }
            Turn::Execute { statement, drop_after } => {
                let result = self.database_session.call(&procedure, parameters, answer);
                after(statement, drop_after)?;
                match result {
                    Ok(outcome) => Ok(outcome),
                    Err(cancelled) => {
                        still_there(Err(cancelled), answer)?;
                        Ok(RpcOutcome::default())
                    }
                }
            }
        }
    }

    fn manage(&mut self, fields: &mut Fields<'_>, answer: &mut Answer<'_>) -> Result<(), Problem> {
        let request = ManagerRequest::parse(fields)?;
        match self.turn("", answer)? {
            Turn::Fail(error) => answer.error(&error)?,
            Turn::Execute { statement, drop_after } => {
                let result = self.carry_out(request, answer)?;
                after(statement, drop_after)?;
                if let Err(error) = result {
                    answer.error(&error)?;
                }
            }
        }
        Ok(answer.finish()?)
    }

    fn carry_out(
        &mut self,
        request: ManagerRequest,
        answer: &mut Answer<'_>,
    ) -> Result<Result<(), ServerError>, Cancelled> {
        let session = &mut self.database_session;
        let (request, begin_next) = match request {
            ManagerRequest::Begin => (TransactionRequest::Begin, false),
            ManagerRequest::Commit { begin_next } => (TransactionRequest::Commit, begin_next),
            ManagerRequest::Rollback { name, begin_next } if name.is_empty() => {
                (TransactionRequest::Rollback, begin_next)
            }
            ManagerRequest::Rollback { name, .. } => return Ok(Err(no_savepoint(&name))),
            ManagerRequest::Save(name) => (TransactionRequest::Save(name), false),
            ManagerRequest::Distributed => return Ok(Err(no_distribution())),
        };
        if let Err(error) = session.transaction(request.clone()) {
            return Ok(Err(error));
        }
        if let Some(change) = self.transaction.after(&request) {
            answer.change(change)?;
        }
        if !begin_next {
            return Ok(Ok(()));
        }
        if let Err(error) = self.database_session.transaction(TransactionRequest::Begin) {
            return Ok(Err(error));
        }
        if let Some(change) = self.transaction.after(&TransactionRequest::Begin) {
            answer.change(change)?;
        }
        Ok(Ok(()))
    }

    /// Counts a statement, waits where that was asked for, and decides what becomes of it.
    fn turn(&mut self, procedure: &str, answer: &mut Answer<'_>) -> Result<Turn, Problem> {
        let statement = self.settings.faults.next();
        wait(statement.delay, answer)?;
        let number = statement.number;
        match statement.fault {
            None => Ok(Turn::Execute { statement: number, drop_after: false }),
            Some(Fault::DropBefore) => Err(Stop::Dropped { statement: number }.into()),
            Some(Fault::DropAfter) => {
                answer.mute();
                Ok(Turn::Execute { statement: number, drop_after: true })
            }
            Some(Fault::Raise(state)) => Ok(Turn::Fail(faults::raised(number, state, procedure))),
            Some(Fault::Deadlock) => {
                // Error 3903 where no transaction is open: then there is nothing to roll back.
                let _ = self.database_session.transaction(TransactionRequest::Rollback);
                if let Some(descriptor) = self.transaction.end() {
                    answer.change(Change::Rollback(descriptor))?;
                }
                Ok(Turn::Fail(faults::deadlock(self.session_id, procedure)))
            }
        }
    }
}

impl Transaction {
    fn descriptor(&self) -> [u8; 8] {
        self.begun.to_le_bytes()
    }

    /// What the client must be told after a request that worked.
    fn after(&mut self, request: &TransactionRequest) -> Option<Change<'static>> {
        match request {
            TransactionRequest::Begin => {
                self.depth += 1;
                (self.depth == 1).then(|| {
                    self.begun += 1;
                    Change::Begin(self.descriptor())
                })
            }
            TransactionRequest::Commit if self.depth > 1 => {
                self.depth -= 1;
                None
            }
            TransactionRequest::Commit => self.end().map(Change::Commit),
            TransactionRequest::Rollback => self.end().map(Change::Rollback),
            TransactionRequest::Save(_) => None,
        }
    }

    /// Ends the transaction; gives the descriptor that is no longer valid.
    fn end(&mut self) -> Option<[u8; 8]> {
        let open = std::mem::take(&mut self.depth) > 0;
        open.then(|| self.descriptor())
    }
}

/// What can go wrong between a message and its answer.
enum Problem {
    Malformed(Malformed),
    Stop(Stop),
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<Cancelled> for Problem {
    fn from(_: Cancelled) -> Self {
        Self::Stop(Stop::Cancelled)
    }
}

fn after(statement: u64, dropped: bool) -> Result<(), Stop> {
    if dropped { Err(Stop::Dropped { statement }) } else { Ok(()) }
}

/// A session that stopped over a value that cannot be sent has a client that still waits for the end of the answer.
fn still_there(result: Result<(), Cancelled>, answer: &Answer<'_>) -> Result<(), Cancelled> {
    if answer.cancelled() { result } else { Ok(()) }
}

fn wait(delay: Duration, answer: &Answer<'_>) -> Result<(), Cancelled> {
    let end = Instant::now() + delay;
    loop {
        if answer.cancelled() {
            return Err(Cancelled);
        }
        match end.saturating_duration_since(Instant::now()) {
            Duration::ZERO => return Ok(()),
            left => thread::sleep(left.min(DELAY_SLICE)),
        }
    }
}

fn server_error(number: i32, class: u8, message: String) -> ServerError {
    ServerError { number, state: 1, class, message, procedure: String::new(), line: 1 }
}

fn complaint(problem: &Malformed) -> ServerError {
    let number = match problem {
        Malformed::TooManyParameters { .. } => 8003,
        Malformed::UnknownType { .. } => 8009,
        _ => 4002,
    };
    let text = format!("The incoming tabular data stream (TDS) protocol stream is incorrect: {problem}.");
    server_error(number, 16, text)
}

fn no_savepoint(name: &str) -> ServerError {
    server_error(6401, 16, format!("Cannot roll back {name}. No transaction or savepoint of that name was found."))
}

fn no_distribution() -> ServerError {
    server_error(8501, 16, "MSDTC on server is unavailable.".to_owned())
}
