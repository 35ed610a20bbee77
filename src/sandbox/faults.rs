//! Misbehaviour on demand: users and tests rehearse lost connections, deadlocks and failing procedures.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::database::ServerError;

/// What goes wrong at a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is dropped and the statement is not executed.
    DropBefore,
    /// The statement is executed and the connection is dropped without an answer.
    DropAfter,
    /// Error 1205 instead of executing the statement; an open transaction is rolled back, as a deadlock victim's is.
    Deadlock,
    /// Error 50000 with this state instead of executing the statement.
    Raise(u8),
}

/// Counts statements over the whole server and says which of them go wrong.
///
/// Every batch, every remote procedure call and every transaction-manager request after login is one statement.
#[derive(Debug, Default)]
pub struct Faults {
    at: BTreeMap<u64, Fault>,
    delay: Duration,
    delay_from: u64,
    statements: AtomicU64,
}

/// A statement about to be dispatched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its number, from 1.
    pub(super) number: u64,
    /// What goes wrong at it.
    pub(super) fault: Option<Fault>,
    /// How long it waits before anything happens.
    pub(super) delay: Duration,
}

impl Faults {
    /// Plans one fault a statement, by its number from 1, and a delay before every statement from one on.
    #[must_use]
    pub fn new(at: BTreeMap<u64, Fault>, delay: Duration, delay_from: u64) -> Self {
        Self { at, delay, delay_from, statements: AtomicU64::new(0) }
    }

    /// Tells how many statements there have been since the server began.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::SeqCst)
    }

    pub(super) fn next(&self) -> Statement {
        let number = self.statements.fetch_add(1, Ordering::SeqCst) + 1;
        let delay = if number >= self.delay_from { self.delay } else { Duration::ZERO };
        Statement { number, fault: self.at.get(&number).copied(), delay }
    }
}

/// The error of [`Fault::Deadlock`], in the words of SQL Server.
pub(super) fn deadlock(session_id: i32, procedure: &str) -> ServerError {
    ServerError {
        number: 1205,
        state: 51,
        class: 13,
        message: format!(
            "Transaction (Process ID {session_id}) was deadlocked on lock resources with another process and has been \
             chosen as the deadlock victim. Rerun the transaction."
        ),
        procedure: procedure.to_owned(),
        line: 1,
    }
}

/// The error of [`Fault::Raise`].
pub(super) fn raised(statement: u64, state: u8, procedure: &str) -> ServerError {
    ServerError {
        number: 50000,
        state,
        class: 16,
        message: format!("Raised at statement {statement}, as asked for."),
        procedure: procedure.to_owned(),
        line: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_counted_from_one() {
        let faults = Faults::new(BTreeMap::from([(2, Fault::Raise(44))]), Duration::from_millis(9), 3);
        assert_eq!((faults.next().fault, faults.statements()), (None, 1));
        let second = faults.next();
        assert_eq!((second.number, second.fault), (2, Some(Fault::Raise(44))));
        let third = faults.next();
        assert_eq!((second.delay, third.fault, third.delay), (Duration::ZERO, None, Duration::from_millis(9)));
        assert_eq!(faults.statements(), 3);
    }
}
