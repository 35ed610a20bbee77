//! What became of a plan's steps.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::model::busy::Busy;
use crate::model::object::{ObjectState, ServerIdentity};
use crate::plan::Plan;
use crate::susdb::error::{Refusal, ServerError, longer};
use crate::susdb::read::ReadError;
use crate::susdb::write::WriteError;

/// What became of every step, and how the run ended. It is true at any moment, so a run that is dropped in the middle
/// leaves behind what it knew.
#[derive(Debug)]
pub struct Outcome {
    /// One entry for each of the plan's steps, in the plan's order.
    pub steps: Vec<StepOutcome>,
    /// How the run ended.
    pub end: End,
    /// Whether any write was sent, whatever became of it.
    pub wrote: bool,
}

/// What became of a step.
#[derive(Debug)]
pub enum StepOutcome {
    /// It was executed, and the object was read back as asked.
    Applied,
    /// It failed.
    Failed(StepError),
    /// It was left out because a step that it depends on did not work: an index into the plan's steps.
    Skipped {
        /// That step.
        because_of: usize,
    },
    /// Its call was sent, and no answer came: whether it ran is not known.
    Unknown,
    /// The server reported success, and the object was not read back.
    Unverified,
    /// The run ended before it.
    NotReached,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The server refused or failed.
    #[error("{remains}")]
    Write {
        /// What it said.
        #[source]
        error: WriteError,
        /// What the object is now.
        remains: Remains,
        /// How the lists were written that carried it.
        lists: Vec<String>,
    },
    /// The server said yes and did something else.
    #[error("the server reported success, but reading back shows otherwise: {difference}")]
    Mismatch {
        /// What was asked for, what is there now, and what was there before.
        difference: String,
        /// Whether what is there now is what was there before.
        unchanged: bool,
        /// Changes that are done all the same: indexes into the plan's changes.
        done: BTreeSet<usize>,
        /// How the lists were written that carried it.
        lists: Vec<String>,
    },
    /// The server could not save its settings all the while: nothing was called.
    #[error("{busy}, and its settings cannot be saved meanwhile; that is still so after {} s", .waited.as_secs())]
    Busy {
        /// What keeps it from it.
        busy: Busy,
        /// For how long it was waited for.
        waited: Duration,
    },
    /// The server kept the time of the first approval, and the deadline counted from it has passed: computers would enforce
    /// it at once, which nobody allowed.
    #[error(
        "the server keeps the time of an approval when it is changed, and counted from {} the deadline {} has passed",
        .kept.format("%Y-%m-%d"),
        .deadline.format("%Y-%m-%dT%H:%M:%SZ")
    )]
    KeptTime {
        /// When the approval was first made.
        kept: DateTime<Utc>,
        /// The deadline.
        deadline: DateTime<Utc>,
    },
}

impl StepError {
    /// Whether the object is surely what it was before the step.
    #[must_use]
    pub fn changed_nothing(&self) -> bool {
        match self {
            Self::Write { remains, .. } => *remains == Remains::Unchanged,
            Self::Mismatch { unchanged, .. } => *unchanged,
            Self::Busy { busy: _, waited: _ } => true,
            Self::KeptTime { kept: _, deadline: _ } => false,
        }
    }

    /// Says how the lists were written that carried what did not arrive.
    pub fn carried_by(&mut self, written: Vec<String>) {
        if let Self::Mismatch { lists, .. } | Self::Write { lists, .. } = self {
            *lists = written;
        }
    }

    /// Whether the step would fail again, until somebody changes the manifest or something else on the server.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Write { error, .. } => error.refusal().is_some_and(Refusal::is_lasting),
            Self::Mismatch { .. } | Self::Busy { .. } | Self::KeptTime { .. } => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Write { error, lists, .. } => {
                let hints = error.hints();
                let more: Vec<String> = lists.iter().filter(|hint| !hints.contains(hint)).cloned().collect();
                hints.into_iter().chain(more).collect()
            }
            Self::Mismatch { lists, .. } => lists.clone(),
            Self::Busy { busy, waited } => {
                let cause = match busy {
                    Busy::Resetting => {
                        "a reset takes long while `wsusutil reset` or `wsusutil movecontent` checks the content"
                    }
                    Busy::Synchronising => "cancel the synchronisation, or let it end",
                };
                let time = longer("--wait", *waited, 30).map(|longer| format!("wait for longer: {longer}; or "));
                vec![cause.to_owned(), format!("{}run apply again later", time.unwrap_or_default())]
            }
            Self::KeptTime { .. } => vec![
                "write the deadline as a time with offset instead of {days, at}".to_owned(),
                "or let it be one that has passed: --allow past-deadlines".to_owned(),
            ],
        }
    }
}

/// What a step that failed left of its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remains {
    /// It is what it was.
    Unchanged,
    /// It is something else now, neither what it was nor what it was to be: this.
    Changed(String),
    /// It is as it was to be, and something else is not as it was.
    AsAsked,
    /// It could not be read again.
    Unread,
}

impl std::fmt::Display for Remains {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unchanged => f.write_str("the server did not do it; the object is as it was"),
            Self::Changed(found) => {
                write!(f, "the server did not do it, or only a part of it; now there is: {found}")
            }
            Self::AsAsked => f.write_str("the server did it, and did harm besides"),
            Self::Unread => f.write_str("the server did not do it, and what is there now could not be read"),
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// Every step was tried or skipped.
    Complete,
    /// An object was no longer what the plan was made from. Nothing after it was tried.
    Stale(Box<StaleObject>),
    /// The connection leads to another server than the plan was made from, or the server has another mode by now.
    Elsewhere {
        /// The server of the plan.
        planned_from: ServerIdentity,
        /// The server that is there now.
        found: ServerIdentity,
    },
    /// Step after step failed with the same trouble of the database server.
    GivenUp(Box<ServerError>),
    /// The user asked to stop; the step under way was finished.
    Interrupted,
    /// The user insisted on stopping at once, in the middle of whatever was under way.
    CutOff,
    /// The connection was lost, or its state is not known any more after a timeout.
    Lost(Box<dyn Error + Send + Sync>),
    /// The server's state could not be read.
    Unreadable(ReadError),
}

/// An object that is no longer what the plan was made from.
#[derive(Debug)]
pub struct StaleObject {
    /// The step: an index into the plan's steps.
    pub step: usize,
    /// What the plan was made from.
    pub planned_from: ObjectState,
    /// What is there now.
    pub found: ObjectState,
}

impl Outcome {
    /// The outcome before the first step.
    #[must_use]
    pub fn not_begun(plan: &Plan, end: End) -> Self {
        Self { steps: plan.steps.iter().map(|_| StepOutcome::NotReached).collect(), end, wrote: false }
    }
}

/// An error and those beneath it, one text each.
pub(super) fn chain(error: &dyn Error) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        lines.push(error.to_string());
        source = error.source();
    }
    lines
}
