//! Transactions that clients open, and those round a procedure call.

use super::session::Session;
use crate::sandbox::database::ServerError;
use crate::sandbox::sql::errors;
use crate::sandbox::sql::scope::{quoted, same};

/// Procedures whose names begin so read only: they do not wait for another's writes to end.
const READERS: &[&str] = &["spget", "spsearch", "spsimplesearch", "spcount", "spconfiguration", "spretrieve"];

impl Session {
    fn command(&self, sql: &str) -> Result<(), ServerError> {
        self.connection.execute_batch(sql).map_err(|error| self.store_error(&error))
    }

    pub(super) fn begin(&mut self) -> Result<(), ServerError> {
        if self.transactions == 0 {
            self.command("BEGIN")?;
        }
        self.transactions += 1;
        Ok(())
    }

    pub(super) fn commit(&mut self) -> Result<(), ServerError> {
        match self.transactions {
            0 => {
                let text = "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.";
                return Err(errors::error(3902, text));
            }
            1 => {
                if let Err(error) = self.command("COMMIT") {
                    self.abandon();
                    return Err(error);
                }
                self.savepoints.clear();
                self.shared.locks.release_transaction(self.login.session_id);
            }
            _ => {}
        }
        self.transactions -= 1;
        Ok(())
    }

    /// Rolls back: all of it, or to a savepoint.
    pub(super) fn rollback(&mut self, to: Option<&str>) -> Result<(), ServerError> {
        if self.transactions == 0 {
            let text = "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.";
            return Err(errors::error(3903, text));
        }
        let Some(name) = to else {
            self.abandon();
            return Ok(());
        };
        let Some(index) = self.savepoints.iter().rposition(|savepoint| same(savepoint, name)) else {
            let text = format!("Cannot roll back {name}. No transaction or savepoint of that name was found.");
            return Err(errors::error(6401, text));
        };
        self.empty_system_views();
        let sql = format!("ROLLBACK TO {}", savepoint(index));
        self.savepoints.truncate(index + 1);
        self.command(&sql)
    }

    pub(super) fn save(&mut self, name: &str) -> Result<(), ServerError> {
        if self.transactions == 0 {
            return Err(errors::error(628, "Cannot issue SAVE TRANSACTION when there is no active transaction."));
        }
        self.command(&format!("SAVEPOINT {}", savepoint(self.savepoints.len())))?;
        self.savepoints.push(name.to_owned());
        Ok(())
    }

    /// Rolls everything back, whatever state the transaction is in.
    pub(super) fn abandon(&mut self) {
        // SQLite may have rolled back by itself; then there is nothing to do and it says so.
        let _nothing_open = self.connection.execute_batch("ROLLBACK");
        self.transactions = 0;
        self.savepoints.clear();
        self.empty_system_views();
        self.shared.locks.release_transaction(self.login.session_id);
    }

    /// Opens what a procedure call can be undone by.
    pub(super) fn enter_call(&mut self, procedure: &str) -> Result<(), ServerError> {
        if self.transactions > 0 {
            return self.command("SAVEPOINT sandbox_call");
        }
        // A writer takes the write lock first: one that read before could not go on after another's write.
        let lower = procedure.to_ascii_lowercase();
        let reads = READERS.iter().any(|prefix| lower.starts_with(prefix));
        self.command(if reads { "BEGIN" } else { "BEGIN IMMEDIATE" })
    }

    /// Keeps what a call did.
    pub(super) fn keep_call(&mut self) -> Result<(), ServerError> {
        let kept = self.command(if self.transactions > 0 { "RELEASE sandbox_call" } else { "COMMIT" });
        if kept.is_err() {
            self.undo_call();
        }
        kept
    }

    /// Undoes what a call did, and no more.
    pub(super) fn undo_call(&mut self) {
        self.empty_system_views();
        let undo = if self.transactions > 0 { "ROLLBACK TO sandbox_call; RELEASE sandbox_call" } else { "ROLLBACK" };
        if self.connection.execute_batch(undo).is_err() && self.transactions > 0 && self.connection.is_autocommit() {
            // SQLite has ended the whole transaction.
            self.abandon();
        }
    }

    /// A deadlock victim loses its transaction.
    pub(super) fn after_error(&mut self, error: &ServerError) {
        if error.number == 1205 && self.transactions > 0 {
            self.abandon();
        }
    }
}

/// SQLite's name for the n-th savepoint: the client's may hold anything.
fn savepoint(index: usize) -> String {
    quoted(&format!("sandbox save {index}"))
}
