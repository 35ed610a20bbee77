//! The lock that keeps two applies apart: `sp_getapplock` on the resource `wsusctl`, owned by the session.
//!
//! Losing the connection loses it. WSUS itself and its console know nothing of it.

use chrono::{DateTime, Utc};
use tiberius::Command;

use super::error::{QueryError, ServerError};
use super::read::catalogue::LOCK_HOLDER;
use super::read::{ReadError, rows};
use super::session::Session;

/// The resource's name.
const RESOURCE: &str = "wsusctl";

/// Why the lock was not taken or given back.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error("another apply holds the lock: {holder}")]
    Held {
        /// Who.
        holder: Holder,
    },
    /// The procedure did not run.
    #[error("the lock cannot be taken or given back")]
    Query(#[from] QueryError),
    /// The procedure ended with a code that is neither success nor a lock that is held.
    #[error("{procedure} returned {code}: {}", meaning(*.code))]
    ReturnCode {
        /// The procedure.
        procedure: &'static str,
        /// Its code.
        code: i32,
    },
    /// The procedure gave no return code.
    #[error("{procedure} gave no return code")]
    NoReturnCode {
        /// The procedure.
        procedure: &'static str,
    },
}

/// Who holds the lock, as far as this login may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A session.
    Session {
        /// Its login.
        login: Option<String>,
        /// The computer that it comes from.
        host: Option<String>,
        /// Its program: wsusctl says verb, user and host there.
        program: Option<String>,
        /// Since when it is connected: the lock cannot be older.
        since: Option<DateTime<Utc>>,
    },
    /// The login may not see other sessions.
    Hidden {
        /// What the server says.
        error: ServerError,
    },
    /// Nobody was seen: gone by now, or out of this login's sight.
    Unseen,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session { login, host, program, since } => {
                let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
                write!(f, "login {}, host {}, program {}", or_unknown(login), or_unknown(host), or_unknown(program))?;
                match since {
                    Some(since) => write!(f, ", connected since {}", since.format("%Y-%m-%dT%H:%M:%SZ")),
                    None => Ok(()),
                }
            }
            Self::Hidden { error } => {
                write!(f, "who is not known, since this login may not see other sessions (error {})", error.number)
            }
            Self::Unseen => f.write_str("who is not known, since this login sees no session that holds it"),
        }
    }
}

impl LockError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let text = match self {
            Self::Held { .. } | Self::Query(_) => return Vec::new(),
            Self::ReturnCode { code: -2 | -3, .. } => "run it again",
            Self::ReturnCode { .. } => {
                "run it again; where it stays, check that the URL leads to SUSDB itself and that the login's user is in the role public \
                 there: the lock is taken in its name"
            }
            Self::NoReturnCode { .. } => {
                "check that the URL leads to a SQL Server and nothing in between changes its answers"
            }
        };
        vec![text.to_owned()]
    }
}

/// What a return code means.
///
/// Source: learn.microsoft.com, sp_getapplock and sp_releaseapplock (grade A).
fn meaning(code: i32) -> &'static str {
    match code {
        -1 => "the lock request timed out",
        -2 => "the lock request was cancelled",
        -3 => "the lock request was chosen as a deadlock victim",
        -999 => {
            "a parameter is not valid, or the call failed otherwise; also where the lock that is given back is not held"
        }
        _ => "no documented code of it",
    }
}

impl Session {
    /// Takes the lock, without waiting for it.
    ///
    /// # Errors
    /// [`LockError`].
    pub async fn lock(&mut self) -> Result<(), LockError> {
        const PROCEDURE: &str = "sp_getapplock";
        let mut command = Command::new(PROCEDURE);
        command.bind_param("@Resource", RESOURCE);
        command.bind_param("@LockMode", "Exclusive");
        command.bind_param("@LockOwner", "Session");
        command.bind_param("@LockTimeout", 0_i32);
        // Source: learn.microsoft.com, sp_getapplock: 0 and 1 granted, -1 timed out, -2 cancelled, -3 deadlock victim,
        // -999 a parameter is wrong (grade A).
        match self.call(PROCEDURE, command).await? {
            Some(0 | 1) => {
                self.set_lock_held(true);
                Ok(())
            }
            Some(-1) => Err(LockError::Held { holder: self.lock_holder().await }),
            Some(code) => Err(LockError::ReturnCode { procedure: PROCEDURE, code }),
            None => Err(LockError::NoReturnCode { procedure: PROCEDURE }),
        }
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// [`LockError`].
    pub async fn unlock(&mut self) -> Result<(), LockError> {
        const PROCEDURE: &str = "sp_releaseapplock";
        let mut command = Command::new(PROCEDURE);
        command.bind_param("@Resource", RESOURCE);
        command.bind_param("@LockOwner", "Session");
        match self.call(PROCEDURE, command).await? {
            Some(0) => {
                self.set_lock_held(false);
                Ok(())
            }
            Some(code) => Err(LockError::ReturnCode { procedure: PROCEDURE, code }),
            None => Err(LockError::NoReturnCode { procedure: PROCEDURE }),
        }
    }

    /// Who holds it. Not knowing is no failure: the message is about the lock.
    ///
    /// Source: learn.microsoft.com, sys.dm_tran_locks: an application lock's description holds the first 32 characters of
    /// its name between brackets; sys.dm_exec_sessions: login_time is in the server's local time (grade A).
    async fn lock_holder(&mut self) -> Holder {
        let sessions = rows(self, &LOCK_HOLDER, |row| {
            let resource = row.text_or_null("Resource")?.unwrap_or_default();
            let ahead = row.time("LocalNow")? - row.time("Now")?;
            let holder = Holder::Session {
                login: row.text_or_null("Login")?,
                host: row.text_or_null("Host")?,
                program: row.text_or_null("Program")?,
                since: row.time_or_null("LoginTime")?.map(|local| local - ahead),
            };
            Ok((resource.contains(RESOURCE), holder))
        });
        match sessions.await {
            Ok(sessions) => {
                let holder = sessions.into_iter().find_map(|(ours, holder)| ours.then_some(holder));
                holder.unwrap_or(Holder::Unseen)
            }
            Err(ReadError::Query(QueryError::Server { error, .. })) => Holder::Hidden { error },
            Err(error) => {
                tracing::debug!(%error, "the lock's holder cannot be read");
                Holder::Unseen
            }
        }
    }
}
