//! What became of a plan's steps.

use std::error::Error;

use crate::model::object::ObjectState;
use crate::plan::Plan;
use crate::susdb::read::ReadError;
use crate::susdb::write::WriteError;

/// What became of every step, and how the run ended.
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
    /// Its call was sent and the connection was lost before the answer came.
    Unknown,
    /// The run ended before it.
    NotReached,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The server refused or failed.
    #[error("the server did not do it")]
    Write(#[source] WriteError),
    /// The server said yes and did something else.
    #[error("the server reported success, but reading back shows otherwise: asked for {asked}, found {found}")]
    Mismatch {
        /// What was asked for.
        asked: String,
        /// What is there now.
        found: String,
    },
}

/// How a run ended.
#[derive(Debug)]
pub enum End {
    /// Every step was tried or skipped.
    Complete,
    /// An object was no longer what the plan was made from. Nothing after it was tried.
    Stale(Box<StaleObject>),
    /// The user asked to stop; the step under way was finished.
    Interrupted,
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
    /// The outcome of a run that ended before its first step.
    #[must_use]
    pub fn not_begun(plan: &Plan, end: End) -> Self {
        Self { steps: plan.steps.iter().map(|_| StepOutcome::NotReached).collect(), end, wrote: false }
    }
}
