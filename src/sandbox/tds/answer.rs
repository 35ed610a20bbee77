//! An answer in the making: tokens go from the session's blocking thread to the connection in chunks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::super::database::{Cancelled, Response, RpcOutcome, RpcParameter, ServerError};
use super::super::value::{Column, Value};
use super::row_value::ValueError;
use super::token::{self, Change, DoneKind, done_status};

/// A chunk is sent on when it has so many bytes, at the end of a token: what has been sent always ends with a token.
const CHUNK_LENGTH: usize = 8192;
/// The command of a SELECT in DONE tokens.
const COMMAND_SELECT: u16 = 0xC1;
/// Errors of this severity and above end the connection.
const FATAL_CLASS: u8 = 20;

/// The answer to one request.
pub(super) struct Answer<'a> {
    chunks: mpsc::Sender<Vec<u8>>,
    cancelled: Arc<AtomicBool>,
    server: &'a str,
    /// The database context.
    database: &'a mut String,
    buffer: Vec<u8>,
    /// DONE in a batch, DONEINPROC in a procedure.
    kind: DoneKind,
    /// Columns of the result set under way.
    columns: Option<Vec<Column>>,
    /// The last DONE, kept back until it is known whether more follows.
    held: Option<Done>,
    /// Whether anything was sent since the last DONE.
    open: bool,
    /// Whether an error was sent since the last DONE.
    failed: bool,
    /// Whether the session was told to stop over a value that cannot be sent.
    stopped: bool,
    /// Whether everything is thrown away, for a statement that is to be executed without an answer.
    mute: bool,
    fatal: bool,
}

#[derive(Debug, Clone, Copy)]
struct Done {
    status: u16,
    command: u16,
    rows: u64,
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        chunks: mpsc::Sender<Vec<u8>>,
        cancelled: Arc<AtomicBool>,
        server: &'a str,
        database: &'a mut String,
    ) -> Self {
        Self {
            chunks,
            cancelled,
            server,
            database,
            buffer: Vec::new(),
            kind: DoneKind::Done,
            columns: None,
            held: None,
            open: false,
            failed: false,
            stopped: false,
            mute: false,
            fatal: false,
        }
    }

    /// The statements that follow belong to a procedure.
    pub(super) fn in_procedure(&mut self) {
        self.kind = DoneKind::InProcedure;
        self.stopped = false;
    }

    /// Throws the rest of the answer away.
    pub(super) fn mute(&mut self) {
        self.mute = true;
    }

    /// Whether an error so severe was sent that the connection ends.
    pub(super) fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Tells of a change of the environment.
    pub(super) fn change(&mut self, change: Change<'_>) -> Result<(), Cancelled> {
        self.release_held();
        token::change(&mut self.buffer, change);
        self.sent()
    }

    /// Ends a batch or a transaction request, and with it the answer.
    pub(super) fn finish(&mut self) -> Result<(), Cancelled> {
        self.columns = None;
        self.stopped = false;
        if self.open || self.held.is_none() {
            self.release_held();
            self.held = Some(Done { status: self.take_failure(), command: 0, rows: 0 });
        }
        if let Some(Done { status, command, rows }) = self.held.take() {
            token::done(&mut self.buffer, DoneKind::Done, status, command, rows);
        }
        self.flush()
    }

    /// Ends a procedure.
    pub(super) fn finish_procedure(
        &mut self,
        parameters: &[(String, bool)],
        outcome: &RpcOutcome,
        more: bool,
    ) -> Result<(), Cancelled> {
        self.stopped = false;
        if self.columns.is_some() {
            self.done(None)?;
        }
        self.release_held();
        if let Some(code) = outcome.return_code {
            token::return_status(&mut self.buffer, code);
        }
        self.outputs(parameters, outcome);
        let more = if more { done_status::MORE } else { done_status::FINAL };
        let status = self.take_failure() | more;
        token::done(&mut self.buffer, DoneKind::Procedure, status, 0, 0);
        self.open = false;
        if more == done_status::FINAL { self.flush() } else { self.sent() }
    }

    /// Every output goes back under the name that the client gave it, which may differ from the procedure's in case or
    /// be none at all: clients look for their own.
    fn outputs(&mut self, parameters: &[(String, bool)], outcome: &RpcOutcome) {
        for (index, (name, sql_type, value)) in outcome.outputs.iter().enumerate() {
            let place = place(parameters, name, index);
            let name = parameters.get(place).map_or(name, |(sent, _)| sent);
            let ordinal = u16::try_from(place).unwrap_or(u16::MAX);
            let start = self.buffer.len();
            if let Err(problem) = token::return_value(&mut self.buffer, ordinal, name, *sql_type, value) {
                self.buffer.truncate(start);
                self.raise(problem);
            }
        }
    }

    /// The status bit of the failure since the last DONE.
    fn take_failure(&mut self) -> u16 {
        if std::mem::take(&mut self.failed) { done_status::ERROR } else { done_status::FINAL }
    }

    /// Writes the DONE that was kept back, now that something follows it.
    fn release_held(&mut self) {
        if let Some(Done { status, command, rows }) = self.held.take() {
            token::done(&mut self.buffer, self.kind, status | done_status::MORE, command, rows);
        }
    }

    /// An error of our own: a value that the session gave cannot be sent.
    fn raise(&mut self, problem: ValueError) {
        let error = ServerError {
            number: problem.number(),
            state: 1,
            class: 16,
            message: problem.to_string(),
            procedure: String::new(),
            line: 1,
        };
        token::error(&mut self.buffer, &error, self.server);
        self.open = true;
        self.failed = true;
    }

    /// Called after every token.
    fn sent(&mut self) -> Result<(), Cancelled> {
        self.open = true;
        if self.mute {
            self.buffer.clear();
            return Ok(());
        }
        if self.cancelled() || self.stopped {
            return Err(Cancelled);
        }
        if self.buffer.len() >= CHUNK_LENGTH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Cancelled> {
        let chunk = std::mem::take(&mut self.buffer);
        if chunk.is_empty() || self.mute {
            return Ok(());
        }
        self.chunks.blocking_send(chunk).map_err(|_| Cancelled)
    }
}

/// The place of an output parameter among those that were sent: by its name, or by its place among the outputs where
/// it was sent without one.
fn place(parameters: &[(String, bool)], name: &str, index: usize) -> usize {
    let lower = name.to_lowercase();
    let named = parameters.iter().position(|(sent, _)| !name.is_empty() && sent.to_lowercase() == lower);
    let placed = || parameters.iter().enumerate().filter(|(_, (_, output))| *output).nth(index).map(|(at, _)| at);
    named.or_else(placed).unwrap_or(index)
}

impl Response for Answer<'_> {
    fn columns(&mut self, columns: &[Column]) -> Result<(), Cancelled> {
        if self.columns.is_some() || self.failed {
            self.done(None)?;
        }
        self.release_held();
        token::columns(&mut self.buffer, columns);
        self.columns = Some(columns.to_vec());
        self.sent()
    }

    fn row(&mut self, values: &[Value]) -> Result<(), Cancelled> {
        let columns = self.columns.as_ref().expect("a row belongs to a result set");
        assert_eq!(values.len(), columns.len(), "a row has one value a column");
        let start = self.buffer.len();
        if let Err(problem) = token::row(&mut self.buffer, columns, values) {
            self.buffer.truncate(start);
            self.raise(problem);
            self.stopped = true;
        }
        self.sent()
    }

    fn done(&mut self, rows: Option<u64>) -> Result<(), Cancelled> {
        self.release_held();
        let command = if self.columns.take().is_some() { COMMAND_SELECT } else { 0 };
        let count = if rows.is_some() { done_status::COUNT } else { done_status::FINAL };
        let status = self.take_failure() | count;
        self.held = Some(Done { status, command, rows: rows.unwrap_or(0) });
        let result = self.sent();
        self.open = false;
        result
    }

    fn info(&mut self, number: i32, message: &str) -> Result<(), Cancelled> {
        self.release_held();
        token::info(&mut self.buffer, number, 1, message, self.server);
        self.sent()
    }

    fn error(&mut self, error: &ServerError) -> Result<(), Cancelled> {
        self.release_held();
        token::error(&mut self.buffer, error, self.server);
        self.failed = true;
        self.fatal |= error.class >= FATAL_CLASS;
        self.sent()
    }

    fn database_changed(&mut self, name: &str) -> Result<(), Cancelled> {
        let old = std::mem::replace(self.database, name.to_owned());
        self.change(Change::Database { new: name, old: &old })?;
        token::info(&mut self.buffer, 5701, 2, &database_message(name), self.server);
        self.sent()
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.chunks.is_closed()
    }
}

/// The text of message 5701.
pub(super) fn database_message(name: &str) -> String {
    format!("Changed database context to '{name}'.")
}

/// Names of the parameters that were sent and whether they are wanted back.
pub(super) fn sent_parameters(parameters: &[RpcParameter]) -> Vec<(String, bool)> {
    parameters.iter().map(|parameter| (parameter.name.clone(), parameter.output)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::value::SqlType;
    use super::*;

    /// The bytes of an answer.
    fn answer(make: impl FnOnce(&mut Answer<'_>) -> Result<(), Cancelled>) -> Vec<u8> {
        let (chunks, mut received) = mpsc::channel(100);
        let mut database = "SUSDB".to_owned();
        let mut answer = Answer::new(chunks, Arc::default(), "s", &mut database);
        make(&mut answer).unwrap();
        drop(answer);
        let mut bytes = Vec::new();
        while let Ok(chunk) = received.try_recv() {
            bytes.extend(chunk);
        }
        bytes
    }

    fn done(kind: u8, status: u8, rows: u8) -> [u8; 13] {
        [kind, status, 0, 0, 0, rows, 0, 0, 0, 0, 0, 0, 0]
    }

    fn failure() -> ServerError {
        ServerError { number: 1, state: 1, class: 16, message: String::new(), procedure: String::new(), line: 1 }
    }

    #[test]
    fn only_the_last_done_says_that_nothing_follows() {
        let bytes = answer(|answer| {
            answer.done(Some(1))?;
            answer.done(None)?;
            answer.finish()
        });
        assert_eq!(bytes, [done(0xFD, 0x11, 1), done(0xFD, 0, 0)].concat());
        assert_eq!(answer(|answer| answer.finish()), done(0xFD, 0, 0), "a batch without statements");
    }

    #[test]
    fn an_error_marks_the_done_behind_it() {
        let bytes = answer(|answer| {
            answer.error(&failure())?;
            answer.done(None)?;
            answer.done(Some(2))?;
            answer.finish()
        });
        assert_eq!(bytes[bytes.len() - 26..], [done(0xFD, 0x03, 0), done(0xFD, 0x10, 2)].concat());
    }

    #[test]
    fn a_procedure_ends_with_its_code_and_outputs_under_the_names_of_the_client() {
        let sent = [("@A".to_owned(), false), ("@B".to_owned(), true), (String::new(), true)];
        let outcome = RpcOutcome {
            return_code: Some(5),
            outputs: vec![
                ("@b".to_owned(), SqlType::TinyInt, Value::TinyInt(1)),
                ("@c".to_owned(), SqlType::TinyInt, Value::TinyInt(2)),
            ],
        };
        let bytes = answer(|answer| {
            answer.in_procedure();
            answer.done(Some(1))?;
            answer.finish_procedure(&sent, &outcome, false)
        });
        let expected = [
            &done(0xFF, 0x11, 1)[..],
            &[0x79, 5, 0, 0, 0],
            &[0xAC, 1, 0, 2, b'@', 0, b'B', 0, 1, 0, 0, 0, 0, 0, 0, 0x26, 1, 1, 1],
            &[0xAC, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x26, 1, 1, 2],
            &done(0xFE, 0, 0),
        ]
        .concat();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_value_that_does_not_fit_ends_the_statement_with_an_error() {
        let column = Column { name: String::new(), sql_type: SqlType::TinyInt };
        let bytes = answer(|answer| {
            answer.columns(&[column])?;
            assert_eq!(answer.row(&[Value::Int(256)]), Err(Cancelled));
            assert!(!answer.cancelled());
            answer.finish()
        });
        let at = bytes.iter().position(|byte| *byte == 0xAA).unwrap();
        assert_eq!(bytes[at + 3..at + 7], 8115_i32.to_le_bytes());
        assert_eq!(bytes[bytes.len() - 13..], done(0xFD, 0x02, 0));
    }

    #[test]
    fn a_muted_answer_is_empty() {
        let bytes = answer(|answer| {
            answer.mute();
            answer.done(Some(1))?;
            answer.finish()
        });
        assert!(bytes.is_empty());
    }
}
