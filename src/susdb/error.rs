//! What can go wrong between us and a server: connecting (see [`ConnectError`]) and running a statement.

mod connect;
mod hints;
mod login;
mod refusal;

use std::error::Error;
use std::time::Duration;

pub use self::connect::ConnectError;
pub use self::refusal::Refusal;
use super::answer::AnswerProblem;

/// The error of a layer below us, of whatever type.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a statement gave no result.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The server reported an error.
    #[error("the server reports error {} in `{statement}`", .error.number)]
    Server {
        /// The statement's name in the catalogue, or the procedure.
        statement: &'static str,
        /// The error.
        #[source]
        error: ServerError,
    },
    /// The connection is gone. Whether the statement ran is not known.
    #[error("the connection was lost in `{statement}`")]
    ConnectionLost {
        /// The statement.
        statement: &'static str,
        /// How, where the layer below says.
        #[source]
        source: Option<BoxError>,
    },
    /// The statement took too long. Whether it ran is not known; the session has to reconnect.
    #[error("`{statement}` took longer than {} s", .after.as_secs_f32())]
    Timeout {
        /// The statement.
        statement: &'static str,
        /// The limit.
        after: Duration,
    },
    /// The answer is not TDS as we know it. The session has to reconnect.
    #[error("the answer to `{statement}` cannot be understood")]
    Protocol {
        /// The statement.
        statement: &'static str,
        /// How.
        #[source]
        source: BoxError,
    },
    /// The answer is TDS, and cannot be an answer to the statement. The session has to reconnect.
    #[error("the answer to `{statement}` is not to be trusted")]
    Answer {
        /// The statement.
        statement: &'static str,
        /// What is wrong with it.
        #[source]
        problem: AnswerProblem,
    },
}

impl QueryError {
    /// Whether the statement may have run although there is no result.
    #[must_use]
    pub fn fate_unknown(&self) -> bool {
        !matches!(self, Self::Server { .. })
    }

    /// Whether another try may go better: the connection broke, or the server was busy. An answer that is nonsense is not
    /// asked for again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::Timeout { .. }) || self.is_deadlock()
    }

    /// Whether the server chose the statement as the victim of a deadlock (1205): it did not run.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Server { error, .. } if error.number == DEADLOCK)
    }
}

/// The longest time that an option of the command line takes.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A time to give to an option after the one that it had was too short: twice that, and so many minutes at least. None where
/// no longer one can be given.
#[must_use]
pub fn longer(option: &str, had: Duration, minutes_least: u64) -> Option<String> {
    let minutes = (had.as_secs() / 60).saturating_mul(2).max(minutes_least).min(LONGEST.as_secs() / 60);
    (had < LONGEST).then(|| format!("{option} {minutes}m"))
}

/// What to do about a statement that took longer than this.
pub(super) fn statement_time(had: Duration) -> String {
    longer("--timeout", had, 30).map_or_else(
        || "look what the statement waits for on the server: locks, a backup, a lack of memory".to_owned(),
        |longer| format!("give statements more time: {longer}"),
    )
}

impl QueryError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Server { error, .. } => error.hints(),
            Self::Timeout { after, .. } => vec![statement_time(*after)],
            Self::ConnectionLost { .. } | Self::Protocol { .. } => vec!["run it again".to_owned()],
            Self::Answer { .. } => vec![
                "run it again; where it stays, check that host and port are a SQL Server's and nothing stands in between"
                    .to_owned(),
            ],
        }
    }
}

/// Error number of a deadlock's victim.
pub(crate) const DEADLOCK: u32 = 1205;

/// Error number of what a procedure raises itself.
///
/// Source: learn.microsoft.com, RAISERROR with a text (grade A).
pub(crate) const RAISED: u32 = 50_000;

/// An error as SQL Server reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{message} (error {number}, state {state}{}, severity {class}{}, line {line})",
    self.reason(),
    in_procedure(.procedure)
)]
pub struct ServerError {
    /// Its number: 50000 where a procedure raised it.
    pub number: u32,
    /// Its state.
    pub state: u8,
    /// Its severity.
    pub class: u8,
    /// The procedure it came from; empty for none.
    pub procedure: String,
    /// The line in it.
    pub line: u32,
    /// Its text.
    pub message: String,
}

impl ServerError {
    /// Why a procedure of WSUS's raised it; none for the errors of SQL Server itself.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        (self.number == RAISED).then(|| Refusal::from_state(self.state))
    }

    /// The name of the reason, as it stands behind the state.
    fn reason(&self) -> String {
        let name = self.refusal().map(|refusal| refusal.to_string()).unwrap_or_default();
        if name.is_empty() { name } else { format!(" {name}") }
    }

    /// What to do about it, where number or state says.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        const READ: &str = "let the login read SUSDB: make its user a member of db_datareader and of PublicViewAccess";
        const DOCTOR: &str = "`wsusctl doctor` lists every GRANT that the login lacks";
        // Source: learn.microsoft.com, Database Engine events and errors (grade A).
        let text = match self.number {
            229 | 230 if self.message.contains("EXECUTE") => return vec![self.grant_execute(), DOCTOR.to_owned()],
            229 | 230 => return vec![READ.to_owned(), DOCTOR.to_owned()],
            208 => "check that the database in the URL is WSUS's: it is always called SUSDB",
            1205 => "run it again: the server chose this statement to end a deadlock",
            1222 => {
                "another transaction holds what is needed: SELECT session_id, blocking_session_id, wait_type, wait_time FROM \
                 sys.dm_exec_requests WHERE blocking_session_id <> 0 shows which; run it again when it has ended"
            }
            1105 | 9002 => "the database or its log is full: make room, and run it again",
            3906 => "the database is read-only: ALTER DATABASE SUSDB SET READ_WRITE, if that was not on purpose",
            701 | 1204 | 8645 => "the database server is short of memory: run it again when it has less to do",
            // Source: PatchMyPC CustomerTroubleshooting, Remove-WSUSCategories.ps1 (grade A).
            RAISED if self.message.contains("Reset Process") => {
                "WSUS still processes an earlier change of its configuration: wait until it has, and run it again"
            }
            _ => return self.refusal().and_then(Refusal::hint).into_iter().collect(),
        };
        vec![text.to_owned()]
    }

    /// Whether it says nothing about what was asked for: a database server that cannot write now cannot write the next thing either.
    ///
    /// Source: learn.microsoft.com, Database Engine events and errors (grade A).
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        matches!(self.number, 701 | 1105 | 1204 | 1205 | 1222 | 3906 | 8645 | 9002)
    }

    /// The message of 229 names the procedure: `... denied on the object 'spDeployUpdate', database ...`.
    fn grant_execute(&self) -> String {
        let named = self.message.split("object '").nth(1).and_then(|rest| rest.split('\'').next());
        let procedure = named.unwrap_or(&self.procedure);
        if procedure.is_empty() {
            return "let the login run WSUS's procedures: it needs EXECUTE on them in SUSDB, or db_owner".to_owned();
        }
        let quoted = procedure.replace(']', "]]");
        format!("let the login's user run it: GRANT EXECUTE ON dbo.[{quoted}] TO [USER] in SUSDB, or make it db_owner")
    }
}

fn in_procedure(procedure: &str) -> String {
    if procedure.is_empty() { String::new() } else { format!(", {procedure}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{QueryError, ServerError};

    #[test]
    fn a_time_that_was_given_is_not_advised_again() {
        let hint = |minutes: u64| {
            let error = QueryError::Timeout { statement: "x", after: Duration::from_secs(minutes * 60) };
            error.hints().concat()
        };
        assert_eq!(hint(10), "give statements more time: --timeout 30m");
        assert_eq!(hint(30), "give statements more time: --timeout 60m");
        assert_eq!(hint(1000), "give statements more time: --timeout 1440m");
        assert!(!hint(1440).contains("--timeout"), "{}", hint(1440));
    }

    #[test]
    fn only_a_server_error_settles_a_statements_fate() {
        let deadlock = QueryError::Server {
            statement: "spDeployUpdate",
            error: ServerError {
                number: 1205,
                state: 1,
                class: 13,
                procedure: "spDeployUpdate".into(),
                line: 3,
                message: "deadlock".into(),
            },
        };
        assert!(deadlock.is_deadlock() && !deadlock.fate_unknown());
        let lost = QueryError::ConnectionLost { statement: "spDeployUpdate", source: None };
        assert!(lost.fate_unknown() && !lost.is_deadlock());
    }

    #[test]
    fn known_errors_say_what_to_do() {
        let hint = |number, message: &str| {
            let error =
                ServerError { number, message: message.into(), state: 1, class: 16, procedure: String::new(), line: 1 };
            error.hints().concat()
        };
        let denied =
            "The EXECUTE permission was denied on the object 'spDeployUpdate', database 'SUSDB', schema 'dbo'.";
        assert!(hint(229, denied).contains("GRANT EXECUTE ON dbo.[spDeployUpdate] TO"));
        assert!(hint(229, denied).contains("wsusctl doctor"));
        assert!(hint(229, "EXECUTE permission denied").contains("needs EXECUTE"));
        assert!(hint(229, "The SELECT permission was denied on the object 'tbUpdate'").contains("db_datareader"));
        let reset = "spSetConfiguration was called while a Reset Process was Needed/InProgress cannot change Configuration \
                     at this time";
        assert!(hint(50000, reset).contains("wait until it has"));
        assert_eq!(hint(50000, "something else"), "");
    }

    #[test]
    fn the_state_of_a_refusal_is_its_reason() {
        let error = |number, state| ServerError {
            number,
            message: "no".into(),
            state,
            class: 16,
            procedure: "spDeployUpdate".into(),
            line: 1,
        };
        assert_eq!(
            error(50000, 45).to_string(),
            "no (error 50000, state 45 InvalidAction, severity 16, spDeployUpdate, line 1)"
        );
        assert!(error(50000, 45).hints()[0].contains("never allows"));
        assert_eq!(error(50000, 99).to_string(), "no (error 50000, state 99, severity 16, spDeployUpdate, line 1)");
        assert!(error(50000, 99).hints()[0].contains("state 99"));
        // The states of SQL Server's own errors mean something else.
        assert_eq!(error(547, 45).to_string(), "no (error 547, state 45, severity 16, spDeployUpdate, line 1)");
        assert_eq!((error(547, 45).hints(), error(547, 45).refusal()), (Vec::new(), None));
    }
}
