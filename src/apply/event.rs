//! What happens while a plan is carried out, for whoever wants to show it.

use std::time::Duration;

use crate::model::busy::Busy;

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step begins: an index into the plan's steps.
    Started(usize),
    /// A step ended, one way or another.
    Finished(usize),
    /// The server reported an error, and reading back shows that the object is as asked all the same.
    DoneDespite {
        /// The step.
        step: usize,
        /// What the server said.
        error: String,
    },
    /// The server cannot save its settings just now; it is asked again after a pause.
    Waiting {
        /// What keeps it from it.
        busy: Busy,
        /// For how long it has been waited for.
        waited: Duration,
        /// For how long it will be.
        at_most: Duration,
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
