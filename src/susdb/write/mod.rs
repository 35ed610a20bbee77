//! Writing through WSUS's own procedures, called by name. Nothing is tried twice: what happened to a call without an answer
//! is for the caller to find out by reading again.

mod approvals;
pub mod bind;
mod configuration;
mod downstream_servers;
mod echo;
mod groups;
mod kept;
mod list;
mod notifications;
mod principals;
mod rules;
mod subscription;
mod updates;

use std::collections::BTreeMap;
use std::time::Duration;

use tiberius::Command;

use self::bind::{BindError, Value, bind};
use super::error::{BoxError, DEADLOCK, QueryError, RAISED, Refusal, ServerError, statement_time};
use super::read::ReadError;
use super::session::Session;
use crate::model::list_shape::ListContent;
use crate::model::procedure::{LiveParameter, Procedure, ProcedureState, Verdict};

pub use self::approvals::NewDeployment;
pub use self::configuration::{ConfigurationChange, LANGUAGES_LIST, parameter_without_source, password_parameter};
pub use self::notifications::{expected_parameters, notification_parameter_without_source, parameters_differ};
pub use self::subscription::subscription_parameter_without_source;
pub(super) use self::subscription::{CLASSIFICATIONS, PRODUCTS};

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The procedure is missing or differs from what we know: nothing was called.
    #[error("{} is not what wsusctl knows, and was not called", .procedure.name())]
    Unsupported {
        /// The procedure.
        procedure: Procedure,
    },
    /// A value does not fit the parameter: nothing was called.
    #[error("{} was not called", .procedure.name())]
    Bind {
        /// The procedure.
        procedure: Procedure,
        /// What does not fit.
        #[source]
        source: BindError,
    },
    /// A parameter of the live procedure has a value from nowhere: nothing was called.
    #[error("{} wants {parameter}, for which there is no value, and was not called", .procedure.name())]
    NoSource {
        /// The procedure.
        procedure: Procedure,
        /// The parameter.
        parameter: String,
    },
    /// What goes back with the call could not be read: nothing was called.
    #[error("{} was not called: what has to go back with it could not be read", .procedure.name())]
    Unread {
        /// The procedure.
        procedure: Procedure,
        /// Why.
        #[source]
        source: Box<ReadError>,
    },
    /// An entry of a list has no name of the kind that the procedure reads: nothing was called.
    #[error("{} was not called: {entry} in {parameter} has no {} that it could be named by", .procedure.name(), .content.words())]
    NoName {
        /// The procedure.
        procedure: Procedure,
        /// The list.
        parameter: &'static str,
        /// The entry, by the name that is known.
        entry: String,
        /// What the procedure reads.
        content: ListContent,
    },
    /// What the call would overwrite is not what it was at the last look: nothing was called.
    #[error("{} was not called: {what} changed meanwhile, and would have been overwritten", .procedure.name())]
    Changed {
        /// The procedure.
        procedure: Procedure,
        /// What changed.
        what: String,
    },
    /// The procedure reported success, and what it was given back to keep is not as it was.
    #[error("{} reported success and changed what nobody asked it to: {}", .procedure.name(), .lost.join("; "))]
    NotKept {
        /// The procedure.
        procedure: Procedure,
        /// What it changed or lost, each with what it was.
        lost: Vec<String>,
        /// How the lists were written that lost something.
        lists: Vec<String>,
    },
    /// The procedure reported success, and what it left could not be read.
    #[error("{} reported success, and what it left could not be read", .procedure.name())]
    NotSeen {
        /// The procedure.
        procedure: Procedure,
        /// Why.
        #[source]
        source: Box<ReadError>,
    },
    /// What is to be changed is not there any more: nothing was called.
    #[error("{} was not called: what it changes is gone", .procedure.name())]
    Gone {
        /// The procedure.
        procedure: Procedure,
    },
    /// The server reported an error.
    #[error("{} failed", .procedure.name())]
    Server {
        /// The procedure.
        procedure: Procedure,
        /// The error.
        #[source]
        error: ServerError,
    },
    /// The procedure ended with another return code than 0.
    #[error("{} returned {code}", .procedure.name())]
    ReturnCode {
        /// The procedure.
        procedure: Procedure,
        /// The code.
        code: i32,
    },
    /// The connection was lost: whether the procedure ran is not known.
    #[error("the connection was lost in {}, and whether it ran is not known", .procedure.name())]
    ConnectionLost {
        /// The procedure.
        procedure: Procedure,
        /// How, where the layer below says.
        #[source]
        source: Option<BoxError>,
    },
    /// The call took too long: whether the procedure ran is not known.
    #[error("{} took longer than {} s, and whether it ran is not known", .procedure.name(), .after.as_secs_f32())]
    Timeout {
        /// The procedure.
        procedure: Procedure,
        /// The limit.
        after: Duration,
    },
    /// The answer is not TDS as we know it: whether the procedure ran is not known.
    #[error("the answer to {} cannot be understood, and whether it ran is not known", .procedure.name())]
    Protocol {
        /// The procedure.
        procedure: Procedure,
        /// How; none where the answer lacks a return code.
        #[source]
        source: Option<BoxError>,
    },
}

impl WriteError {
    /// Whether anything was sent. What does not fit its parameter is not.
    #[must_use]
    pub fn was_sent(&self) -> bool {
        !matches!(
            self,
            Self::Unsupported { .. }
                | Self::Bind { .. }
                | Self::NoSource { .. }
                | Self::Unread { .. }
                | Self::NoName { .. }
                | Self::Changed { .. }
                | Self::Gone { .. }
        )
    }

    /// Whether somebody else changed what was to be changed since the last look.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }

    /// Whether the call did its work and damage besides: that what was asked for is there does not make it good.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::NotKept { .. })
    }

    /// Whether the procedure may have run although there is no answer. The session has to reconnect.
    #[must_use]
    pub fn fate_unknown(&self) -> bool {
        match self {
            Self::ConnectionLost { .. } | Self::Timeout { .. } | Self::Protocol { .. } => true,
            Self::NotSeen { source, .. } => matches!(&**source, ReadError::Query(query) if query.fate_unknown()),
            _ => false,
        }
    }

    /// Whether the server chose the call as the victim of a deadlock (1205): it was rolled back.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Server { error, .. } if error.number == DEADLOCK)
    }

    /// Why the procedure refused, where it was the procedure that did.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Server { error, .. } => error.refusal(),
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            // Source: learn.microsoft.com, IUpdate.AcceptLicenseAgreement (ms747124; grade A): terms whose text was not
            // downloaded are not found. An older server gives no reason, so anything but another reason may be that.
            Self::Server { procedure: Procedure::AcceptEula, error }
                if error.number == RAISED && matches!(error.refusal(), Some(Refusal::General | Refusal::NotFound)) =>
            {
                vec![
                "the text of the licence terms may not have been downloaded yet: synchronise the server, or wait until its \
                 downloads are done, and run it again"
                        .to_owned(),
                ]
            }
            Self::Server { error, .. } => error.hints(),
            Self::Timeout { after, .. } => vec![statement_time(*after)],
            Self::ConnectionLost { .. } | Self::Protocol { .. } => {
                vec!["run it again: it reads what is there and does the rest".to_owned()]
            }
            Self::Unread { source, .. } | Self::NotSeen { source, .. } => source.hints(),
            Self::NotKept { lists, .. } => {
                let put_back =
                    "put back by hand what is named here: a manifest does not declare it, so no later run will";
                std::iter::once(put_back.to_owned()).chain(lists.iter().cloned()).collect()
            }
            Self::Unsupported { .. }
            | Self::Bind { .. }
            | Self::NoSource { .. }
            | Self::NoName { .. }
            | Self::Changed { .. }
            | Self::Gone { .. }
            | Self::ReturnCode { .. } => Vec::new(),
        }
    }

    /// The procedure.
    #[must_use]
    pub fn procedure(&self) -> Procedure {
        match self {
            Self::Unsupported { procedure }
            | Self::Bind { procedure, .. }
            | Self::NoSource { procedure, .. }
            | Self::Unread { procedure, .. }
            | Self::NoName { procedure, .. }
            | Self::Changed { procedure, .. }
            | Self::NotKept { procedure, .. }
            | Self::NotSeen { procedure, .. }
            | Self::Gone { procedure }
            | Self::Server { procedure, .. }
            | Self::ReturnCode { procedure, .. }
            | Self::ConnectionLost { procedure, .. }
            | Self::Timeout { procedure, .. }
            | Self::Protocol { procedure, .. } => *procedure,
        }
    }

    fn from_query(procedure: Procedure, error: QueryError) -> Self {
        match error {
            QueryError::Server { error, .. } => Self::Server { procedure, error },
            QueryError::ConnectionLost { source, .. } => Self::ConnectionLost { procedure, source },
            QueryError::Timeout { after, .. } => Self::Timeout { procedure, after },
            QueryError::Protocol { source, .. } => Self::Protocol { procedure, source: Some(source) },
            QueryError::Answer { problem, .. } => Self::Protocol { procedure, source: Some(problem.into()) },
        }
    }
}

/// Calls procedures on a session, with parameters of the types that the live server declares.
#[derive(Debug)]
pub struct Writer<'a> {
    session: &'a mut Session,
    procedures: &'a BTreeMap<Procedure, ProcedureState>,
}

impl<'a> Writer<'a> {
    /// A writer with what the server says about its procedures ([`crate::model::snapshot::Snapshot::procedures`]).
    pub fn new(session: &'a mut Session, procedures: &'a BTreeMap<Procedure, ProcedureState>) -> Self {
        Self { session, procedures }
    }

    /// Calls a procedure. Of the arguments, those without a value are left out, and so are those that the live procedure
    /// does not have and need not have.
    async fn call(&mut self, procedure: Procedure, arguments: &[(&str, Option<Value<'_>>)]) -> Result<(), WriteError> {
        let live_parameters = self.live_parameters(procedure)?;
        // With the schema, or a user's default schema would be searched first.
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        for (parameter, value) in arguments {
            let live = live_parameters.iter().find(|live| live.name.eq_ignore_ascii_case(parameter));
            if let Some((live, value)) = live.zip(value.as_ref()) {
                let data = bind(live, value).map_err(|source| WriteError::Bind { procedure, source })?;
                command.bind_param(live.name.as_str(), data);
            }
        }
        self.run(procedure, command).await
    }

    /// The parameters of a procedure that may be called.
    fn live_parameters(&self, procedure: Procedure) -> Result<&'a [LiveParameter], WriteError> {
        let state = self.procedures.get(&procedure).filter(|state| state.verdict == Verdict::Matches);
        state.map(|state| state.parameters.as_slice()).ok_or(WriteError::Unsupported { procedure })
    }

    async fn run(&mut self, procedure: Procedure, command: Command<'_>) -> Result<(), WriteError> {
        let code = self.session.call(procedure.name(), command).await;
        match code.map_err(|error| WriteError::from_query(procedure, error))? {
            Some(0) => Ok(()),
            Some(code) => Err(WriteError::ReturnCode { procedure, code }),
            None => Err(WriteError::Protocol { procedure, source: None }),
        }
    }
}
