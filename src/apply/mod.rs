//! Carries a plan out. Decides nothing that the plan did not.

pub mod event;
pub mod execute;
pub mod finished;
mod mismatch;
pub mod outcome;
pub mod target;
mod waiting;
