//! What a whole run came to: one outcome, or several where the connection was lost in between.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{End, Outcome, StepError, StepOutcome, chain};
use super::target::describe_state;
use crate::model::address::Address;
use crate::model::object::ServerIdentity;
use crate::plan::Plan;
use crate::plan::change::ChangeAction;

/// The sum of a run.
#[derive(Debug, Default)]
pub struct Finished {
    /// What became of each change that was planned. A change that is planned again after a lost connection counts once.
    pub changes: BTreeMap<Address, Finish>,
    /// Whether any write was sent.
    pub wrote: bool,
    /// How the last outcome ended.
    pub ending: Ending,
    /// What looking again found.
    pub second_look: SecondLook,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// What was to happen.
    pub action: ChangeAction,
    /// What happened: of several steps, the worst.
    pub fate: Fate,
    /// How many of its steps worked.
    pub steps_done: usize,
    /// How many it has.
    pub steps: usize,
    /// What people call it where the address has only an id: an update's title and articles.
    pub label: Option<String>,
}

/// What became of a change's step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It worked, and was read back.
    Applied,
    /// It failed.
    Failed {
        /// Why, one line for each error beneath.
        why: Vec<String>,
        /// What to do about it.
        hints: Vec<String>,
        /// Whether everything is surely as it was.
        unchanged: bool,
        /// Whether it would fail again, until somebody changes the manifest or something else on the server.
        lasting: bool,
    },
    /// It was left out because something before it failed.
    Skipped {
        /// What failed.
        because_of: Address,
    },
    /// Its call was sent, and no answer came.
    Unknown,
    /// The server reported success, and it was not read back.
    Unverified,
    /// The run ended before it.
    NotReached,
}

/// What the look after the last step found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SecondLook {
    /// The run did not get so far.
    #[default]
    None,
    /// The server could not be read or planned for.
    Failed,
    /// There is nothing left that can be done.
    Clean {
        /// Addresses of what is declared and cannot be done through this connection.
        unsupported: Vec<String>,
    },
    /// The server has its new id, and what else differs waits for the next run: so many differences.
    PutOff(usize),
    /// The second plan is not empty.
    Differs {
        /// Addresses of what it wants to change.
        left_over: Vec<String>,
        /// What stands in its way.
        blockers: Vec<String>,
    },
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
        /// What people call it.
        label: Option<String>,
        /// What the plan was made from.
        planned_from: String,
        /// What is there now.
        found: String,
    },
    /// The connection leads to another server than the plan was made from, or the server has another mode by now.
    Elsewhere {
        /// The server of the plan.
        planned_from: ServerIdentity,
        /// The server that is there now.
        found: ServerIdentity,
    },
    /// Step after step failed with the same trouble of the database server.
    GivenUp {
        /// The trouble.
        why: String,
        /// What to do about it.
        hints: Vec<String>,
    },
    /// The user asked to stop.
    Interrupted,
    /// The user insisted on stopping at once: what was under way was cut off.
    CutOff,
    /// The connection was lost, or the server could not be read: one line for each error beneath.
    Broken(Vec<String>),
}

impl Finished {
    /// Adds the outcome of a plan.
    pub fn add(&mut self, plan: &Plan, outcome: Outcome) {
        self.wrote |= outcome.wrote;
        let mut finishes: BTreeMap<usize, Finish> = BTreeMap::new();
        for (step, outcome) in plan.steps.iter().zip(&outcome.steps) {
            let fate = fate(plan, outcome);
            for &change in std::iter::once(&step.change).chain(&step.also) {
                let fate = if is_done(outcome, change) { Fate::Applied } else { fate.clone() };
                let done = usize::from(fate == Fate::Applied);
                let finish = finishes.entry(change).or_insert_with(|| Finish {
                    action: plan.changes[change].action,
                    fate: fate.clone(),
                    steps_done: 0,
                    steps: 0,
                    label: plan.changes[change].label.clone(),
                });
                finish.steps += 1;
                finish.steps_done += done;
                if weight(&fate) > weight(&finish.fate) {
                    finish.fate = fate.clone();
                }
            }
        }
        for (change, mut finish) in finishes {
            let address = &plan.changes[change].address;
            if let Some(earlier) = self.changes.get(address) {
                // What worked before the connection was lost is not planned again.
                finish.steps_done += earlier.steps_done;
                finish.steps = finish.steps.max(earlier.steps);
                finish.action = earlier.action;
            }
            self.changes.insert(address.clone(), finish);
        }
        self.ending = match outcome.end {
            End::Complete => Ending::Complete,
            End::Interrupted => Ending::Interrupted,
            End::CutOff => Ending::CutOff,
            End::Stale(stale) => Ending::Stale {
                address: plan.changes[plan.steps[stale.step].change].address.clone(),
                label: plan.changes[plan.steps[stale.step].change].label.clone(),
                planned_from: describe_state(&stale.planned_from),
                found: describe_state(&stale.found),
            },
            End::Elsewhere { planned_from, found } => Ending::Elsewhere { planned_from, found },
            End::GivenUp(error) => Ending::GivenUp { why: error.to_string(), hints: error.hints() },
            End::Lost(error) => Ending::Broken(chain(error.as_ref())),
            End::Unreadable(error) => Ending::Broken(chain(&error)),
        };
    }

    /// A new plan was made after the connection was lost: what it does not want any more has happened after all.
    pub fn planned_again(&mut self, plan: &Plan) {
        let wanted: BTreeSet<&Address> = plan.changes.iter().map(|change| &change.address).collect();
        // What was not even begun is as asked without us: it is not ours to count.
        self.changes.retain(|address, finish| finish.was_touched() || wanted.contains(address));
        for (address, finish) in &mut self.changes {
            if wanted.contains(address) {
                continue;
            }
            if let Fate::Unknown | Fate::Unverified | Fate::NotReached = finish.fate {
                finish.fate = Fate::Applied;
                finish.steps_done = finish.steps;
            }
        }
        self.ending = Ending::Complete;
    }

    /// Whether everything was executed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ending == Ending::Complete && self.changes.values().all(|finish| finish.fate == Fate::Applied)
    }

    /// Whether another run would come to the same: everything was tried, and what failed will fail again.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        let lasts = |finish: &Finish| matches!(finish.fate, Fate::Failed { lasting: true, .. });
        let settled = |finish: &Finish| matches!(finish.fate, Fate::Applied | Fate::Skipped { .. }) || lasts(finish);
        self.ending == Ending::Complete && self.changes.values().any(lasts) && self.changes.values().all(settled)
    }

    /// Whether the server is surely as it was before.
    #[must_use]
    pub fn changed_nothing(&self) -> bool {
        self.changes.values().all(|finish| match finish.fate {
            Fate::NotReached | Fate::Skipped { .. } | Fate::Failed { unchanged: true, .. } => finish.steps_done == 0,
            Fate::Applied | Fate::Failed { .. } | Fate::Unknown | Fate::Unverified => false,
        })
    }
}

impl Finish {
    /// Whether anything of it was tried.
    #[must_use]
    pub fn was_touched(&self) -> bool {
        self.fate != Fate::NotReached || self.steps_done > 0
    }
}

fn fate(plan: &Plan, outcome: &StepOutcome) -> Fate {
    match outcome {
        StepOutcome::Applied => Fate::Applied,
        StepOutcome::Failed(error) => {
            let (hints, unchanged, lasting) = (error.hints(), error.changed_nothing(), error.is_lasting());
            Fate::Failed { why: chain(error), hints, unchanged, lasting }
        }
        StepOutcome::Skipped { because_of } => {
            Fate::Skipped { because_of: plan.changes[plan.steps[*because_of].change].address.clone() }
        }
        StepOutcome::Unknown => Fate::Unknown,
        StepOutcome::Unverified => Fate::Unverified,
        StepOutcome::NotReached => Fate::NotReached,
    }
}

/// Whether a change is done although its step, which it shares with others, is not.
fn is_done(outcome: &StepOutcome, change: usize) -> bool {
    matches!(outcome, StepOutcome::Failed(StepError::Mismatch { done, .. }) if done.contains(&change))
}

/// Of several steps of a change, the worst decides.
fn weight(fate: &Fate) -> u8 {
    match fate {
        Fate::Applied => 0,
        Fate::NotReached => 1,
        Fate::Unverified => 2,
        Fate::Skipped { .. } => 3,
        Fate::Unknown => 4,
        Fate::Failed { .. } => 5,
    }
}
