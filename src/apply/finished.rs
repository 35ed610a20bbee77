//! What a whole run came to: one outcome, or several where the connection was lost in between.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use super::outcome::{End, Outcome, StepError, StepOutcome};
use super::target::describe_state;
use crate::model::address::Address;
use crate::plan::Plan;
use crate::plan::change::ChangeAction;

/// The sum of a run.
#[derive(Debug, Default)]
pub struct Finished {
    /// What became of each change that was planned. A change that is planned again after a lost connection counts once.
    pub changes: BTreeMap<Address, Fate>,
    /// Whether any write was sent.
    pub wrote: bool,
    /// How the last outcome ended.
    pub ending: Ending,
    /// Whether a second plan was made and found nothing left.
    pub verified: bool,
    /// Addresses of what the second plan still wants to change.
    pub left_over: Vec<String>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Every step of it worked.
    Applied(ChangeAction),
    /// A step of it failed: why, one line for each error beneath.
    Failed {
        /// What the server said.
        why: Vec<String>,
        /// Whether the call was refused and left everything as it was.
        refused: bool,
    },
    /// It was left out because something before it failed.
    Skipped {
        /// What failed.
        because_of: Address,
    },
    /// Its call was sent, and the connection was lost before the answer came.
    Unknown {
        /// What was to happen.
        action: ChangeAction,
    },
    /// The run ended before it.
    NotReached,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Ending {
    /// Everything was tried.
    #[default]
    Complete,
    /// An object was not what the plan was made from.
    Stale {
        /// The object.
        address: Address,
        /// What the plan was made from.
        planned_from: String,
        /// What is there now.
        found: String,
    },
    /// The user asked to stop.
    Interrupted,
    /// The connection was lost, or the server could not be read: one line for each error beneath.
    Broken(Vec<String>),
}

impl Finished {
    /// Adds the outcome of a plan.
    pub fn add(&mut self, plan: &Plan, outcome: Outcome) {
        self.wrote |= outcome.wrote;
        let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
        for (step, outcome) in plan.steps.iter().zip(&outcome.steps) {
            let fate = match outcome {
                StepOutcome::Applied => Fate::Applied(plan.changes[step.change].action),
                StepOutcome::Failed(error) => {
                    Fate::Failed { why: chain(error), refused: matches!(error, StepError::Write(_)) }
                }
                StepOutcome::Skipped { because_of } => {
                    Fate::Skipped { because_of: plan.changes[plan.steps[*because_of].change].address.clone() }
                }
                StepOutcome::Unknown => Fate::Unknown { action: plan.changes[step.change].action },
                StepOutcome::NotReached => Fate::NotReached,
            };
            let worst = fates.entry(step.change).or_insert_with(|| fate.clone());
            if weight(&fate) > weight(worst) {
                *worst = fate;
            }
        }
        self.changes.extend(fates.into_iter().map(|(change, fate)| (plan.changes[change].address.clone(), fate)));
        self.ending = match outcome.end {
            End::Complete => Ending::Complete,
            End::Interrupted => Ending::Interrupted,
            End::Stale(stale) => Ending::Stale {
                address: plan.changes[plan.steps[stale.step].change].address.clone(),
                planned_from: describe_state(&stale.planned_from),
                found: describe_state(&stale.found),
            },
            End::Lost(error) => Ending::Broken(chain(error.as_ref())),
            End::Unreadable(error) => Ending::Broken(chain(&error)),
        };
    }

    /// A new plan was made after the connection was lost: what it does not want any more has happened after all.
    pub fn planned_again(&mut self, plan: &Plan) {
        let wanted: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
        self.changes.retain(|address, fate| *fate != Fate::NotReached || wanted.contains(address));
        for (address, fate) in &mut self.changes {
            if let Fate::Unknown { action } = fate
                && !wanted.contains(address)
            {
                *fate = Fate::Applied(*action);
            }
        }
        self.ending = Ending::Complete;
    }

    /// Whether everything was executed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ending == Ending::Complete && self.changes.values().all(|fate| matches!(fate, Fate::Applied(_)))
    }

    /// Whether the server is surely as it was before.
    #[must_use]
    pub fn changed_nothing(&self) -> bool {
        self.changes
            .values()
            .all(|fate| matches!(fate, Fate::NotReached | Fate::Skipped { .. } | Fate::Failed { refused: true, .. }))
    }
}

/// Of several steps of a change, the worst decides.
fn weight(fate: &Fate) -> u8 {
    match fate {
        Fate::Applied(_) => 0,
        Fate::NotReached => 1,
        Fate::Skipped { .. } => 2,
        Fate::Unknown { .. } => 3,
        Fate::Failed { .. } => 4,
    }
}

fn chain(error: &dyn Error) -> Vec<String> {
    let mut lines = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        lines.push(error.to_string());
        source = error.source();
    }
    lines
}
