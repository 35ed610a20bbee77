//! What happens while a plan is carried out, for whoever wants to show it.

use std::time::Duration;

use crate::model::synchronization::Progress;

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step begins: an index into the plan's steps.
    Started(usize),
    /// A step waits because the server synchronises.
    Waiting {
        /// The step.
        step: usize,
        /// For how long so far.
        waited: Duration,
        /// How far the synchronisation is, where the server says.
        progress: Option<Progress>,
    },
    /// A step ended, one way or another.
    Finished(usize),
    /// The server reported an error, and reading back shows that the object is as asked all the same.
    DoneDespite {
        /// The step.
        step: usize,
        /// What the server said.
        error: String,
    },
    /// The server chose a step's call as a deadlock victim; it is tried again after a pause.
    Retrying {
        /// The step.
        step: usize,
        /// How often it was tried.
        attempts: u32,
        /// How long the pause is.
        pause: Duration,
    },
}
