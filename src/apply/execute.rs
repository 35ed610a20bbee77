//! Runs a plan's steps in chunks, looking before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::event::Event;
use super::outcome::{End, Outcome, StaleObject, StepError, StepOutcome};
use super::target::{Call, CreatedGroups, describe_state, describe_target, key, missing_calls};
use crate::model::object::{GroupState, ObjectKey, ObjectState};
use crate::model::procedure::{Procedure, ProcedureState};
use crate::model::resolved::GroupReference;
use crate::plan::Plan;
use crate::plan::step::{Operation, Step};
use crate::susdb::read::{self, ReadError};
use crate::susdb::session::Session;
use crate::susdb::write::{NewDeployment, WriteError, Writer};

/// Steps between two looks at the server. Small enough that the time between look and call stays short, large enough that
/// looking costs little.
const CHUNK_LENGTH_MAX: usize = 256;

/// How often a call is tried that the server picks as a deadlock victim.
const ATTEMPTS_MAX: u32 = 5;

/// What a run needs besides the plan.
pub struct Run<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The live signatures, which parameters are bound by.
    pub procedures: &'a BTreeMap<Procedure, ProcedureState>,
    /// Who is written down as the one who made the approvals.
    pub admin_name: &'a str,
    /// Set when the user asks to stop.
    pub stop: &'a AtomicBool,
    /// Told of what happens.
    pub observe: &'a mut dyn FnMut(Event),
}

/// Carries the plan out. The caller holds the lock.
pub async fn execute(session: &mut Session, run: Run<'_>) -> Outcome {
    let outcome = Outcome::not_begun(run.plan, End::Complete);
    let mut state = Execution { run, outcome, created: CreatedGroups::default() };
    if let Err(end) = state.run_all(session).await {
        state.outcome.end = *end;
    }
    state.outcome
}

struct Execution<'a> {
    run: Run<'a>,
    outcome: Outcome,
    created: CreatedGroups,
}

/// What became of a step's calls.
enum Called {
    /// They were all answered with success.
    Done,
    /// The step failed; others go on.
    Failed(StepError),
}

impl Execution<'_> {
    async fn run_all(&mut self, session: &mut Session) -> Result<(), Box<End>> {
        let mut next = 0;
        while next < self.run.plan.steps.len() {
            let end = self.chunk_end(next);
            self.run_chunk(session, next, end).await?;
            next = end;
        }
        Ok(())
    }

    /// A chunk ends before the first step whose object has no id yet because its group is made in this very chunk, and
    /// before deletions of groups begin: what they hold is counted when everything else is done.
    fn chunk_end(&self, start: usize) -> usize {
        let steps = &self.run.plan.steps;
        let limit = steps.len().min(start + CHUNK_LENGTH_MAX);
        let made_here = |index: usize| (start..index).any(|earlier| creates_group_of(&steps[earlier], &steps[index]));
        let deletes = |index: usize| matches!(steps[index].operation, Operation::DeleteGroup { .. });
        (start + 1..limit).find(|index| made_here(*index) || (deletes(*index) && !deletes(start))).unwrap_or(limit)
    }

    async fn run_chunk(&mut self, session: &mut Session, start: usize, end: usize) -> Result<(), Box<End>> {
        let runnable = self.runnable(start, end);
        if runnable.is_empty() {
            return Ok(());
        }
        let today = read::read_clock(session).await.map_err(ended)?.0;
        let before = self.look(session, &runnable).await?;
        self.check_preconditions(&runnable, &before)?;
        let mut called = Vec::new();
        let mut ended_early = Ok(());
        for index in runnable {
            if self.run.stop.load(Ordering::Relaxed) {
                ended_early = Err(Box::new(End::Interrupted));
                break;
            }
            if self.skip_if_unfounded(index) {
                continue;
            }
            (self.run.observe)(Event::Started(index));
            match self.run_step(session, index, &before, today).await {
                Ok(Called::Done) => called.push(index),
                Ok(Called::Failed(error)) => self.outcome.steps[index] = StepOutcome::Failed(error),
                Err(end) => {
                    self.outcome.steps[index] = StepOutcome::Unknown;
                    // What was called before in this chunk is not read back any more: its fate is looked up when the
                    // program connects again.
                    for index in called {
                        self.outcome.steps[index] = StepOutcome::Unknown;
                    }
                    return Err(end);
                }
            }
            (self.run.observe)(Event::Finished(index));
        }
        self.read_back(session, &called, today).await?;
        ended_early
    }

    /// The steps of a range whose dependencies have worked so far; the others are skipped.
    fn runnable(&mut self, start: usize, end: usize) -> Vec<usize> {
        (start..end).filter(|index| !self.skip_if_unfounded(*index)).collect()
    }

    fn skip_if_unfounded(&mut self, index: usize) -> bool {
        let failed = |dependency: &&usize| {
            matches!(self.outcome.steps[**dependency], StepOutcome::Failed(_) | StepOutcome::Skipped { .. })
        };
        let Some(because_of) = self.run.plan.steps[index].depends_on.iter().find(failed).copied() else { return false };
        self.outcome.steps[index] = StepOutcome::Skipped { because_of };
        true
    }

    async fn look(
        &self,
        session: &mut Session,
        indexes: &[usize],
    ) -> Result<BTreeMap<ObjectKey, ObjectState>, Box<End>> {
        let keys: BTreeSet<ObjectKey> =
            indexes.iter().filter_map(|index| key(&self.run.plan.steps[*index].operation, &self.created)).collect();
        read::read_objects(session, &keys).await.map_err(ended)
    }

    fn check_preconditions(&self, indexes: &[usize], found: &BTreeMap<ObjectKey, ObjectState>) -> Result<(), Box<End>> {
        for index in indexes {
            let step = &self.run.plan.steps[*index];
            let Some(found) = key(&step.operation, &self.created).and_then(|key| found.get(&key)) else { continue };
            if !still_holds(&step.before, found) {
                let (planned_from, found) = (step.before.clone(), found.clone());
                return Err(Box::new(End::Stale(Box::new(StaleObject { step: *index, planned_from, found }))));
            }
        }
        Ok(())
    }

    /// Calls what a step is missing. After a deadlock the object is read again and only what is still missing is called.
    async fn run_step(
        &mut self,
        session: &mut Session,
        index: usize,
        before: &BTreeMap<ObjectKey, ObjectState>,
        today: DateTime<Utc>,
    ) -> Result<Called, Box<End>> {
        let operation = self.run.plan.steps[index].operation.clone();
        let Some(key) = key(&operation, &self.created) else {
            unreachable!("a step whose group could not be created is skipped because it depends on that step")
        };
        let mut state = before.get(&key).cloned();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Some(now) = &state else { return Ok(Called::Done) };
            let calls = missing_calls(&operation, now, &self.created, today);
            let Err(error) = self.call_all(session, &operation, calls).await else { return Ok(Called::Done) };
            if error.fate_unknown() {
                return Err(Box::new(End::Lost(Box::new(error))));
            }
            if !error.is_deadlock() || attempts == ATTEMPTS_MAX {
                return Ok(Called::Failed(StepError::Write(error)));
            }
            let pause = Duration::from_millis(50 << attempts);
            (self.run.observe)(Event::Retrying { step: index, attempts, pause });
            tokio::time::sleep(pause).await;
            let keys = BTreeSet::from([key.clone()]);
            state = read::read_objects(session, &keys).await.map_err(ended)?.remove(&key);
        }
    }

    async fn call_all(
        &mut self,
        session: &mut Session,
        operation: &Operation,
        calls: Vec<Call>,
    ) -> Result<(), WriteError> {
        for call in calls {
            self.outcome.wrote = true;
            let id = self.call(session, call).await?;
            if let (Operation::CreateGroup { name, .. }, Some(id)) = (operation, id) {
                self.created.insert(name, id);
            }
        }
        Ok(())
    }

    /// Sends one call; gives the id of a group that it created.
    async fn call(&self, session: &mut Session, call: Call) -> Result<Option<Uuid>, WriteError> {
        let admin_name = self.run.admin_name;
        let mut writer = Writer::new(session, self.run.procedures);
        match call {
            Call::CreateGroup { name, parent } => {
                let id = Uuid::new_v4();
                writer.create_target_group(&name, id, parent).await?;
                return Ok(Some(id));
            }
            Call::DeleteGroup(group) => writer.delete_target_group(group, admin_name).await?,
            Call::AddComputer(group, computer) => writer.add_computer(group, &computer).await?,
            Call::RemoveComputer(group, computer) => writer.remove_computer(group, &computer).await?,
            Call::AcceptLicense { license, update, revision } => {
                writer.accept_eula(license, update, revision, admin_name).await?;
            }
            Call::Reinstate(update) => writer.undecline_update(update, admin_name).await?,
            Call::Decline(update) => writer.decline_update(update, admin_name).await?,
            Call::DeleteDeployment(id) => writer.delete_deployment(id, admin_name).await?,
            Call::Deploy { update, revision, group, action, assigned, deadline } => {
                let deployment = NewDeployment { update, revision, action, group, admin_name, assigned, deadline };
                writer.deploy_update(&deployment).await?;
            }
        }
        Ok(None)
    }

    /// Reads the objects of these steps back. A group that was created is looked up by name, and that id counts.
    async fn read_back(
        &mut self,
        session: &mut Session,
        indexes: &[usize],
        today: DateTime<Utc>,
    ) -> Result<(), Box<End>> {
        let found = match self.look(session, indexes).await {
            Ok(found) => found,
            Err(end) => {
                for index in indexes {
                    self.outcome.steps[*index] = StepOutcome::Unknown;
                }
                return Err(end);
            }
        };
        for index in indexes {
            let operation = &self.run.plan.steps[*index].operation;
            let state = key(operation, &self.created).and_then(|key| found.get(&key));
            self.outcome.steps[*index] = match state {
                Some(state) if is_as_asked(operation, state, &self.created, today) => StepOutcome::Applied,
                state => StepOutcome::Failed(StepError::Mismatch {
                    asked: describe_target(operation),
                    found: state.map_or_else(|| "nothing".to_owned(), describe_state),
                }),
            };
            if let (Operation::CreateGroup { name, .. }, Some(ObjectState::Group(Some(group)))) = (operation, state) {
                self.created.insert(name, group.id);
            }
        }
        Ok(())
    }
}

/// Whether an object is still what the plan was made from. A group to be deleted may have lost computers and approvals
/// since, for other steps take them away; that somebody added some is what must not be overlooked.
fn still_holds(planned_from: &ObjectState, found: &ObjectState) -> bool {
    match (planned_from, found) {
        (ObjectState::Group(Some(planned)), ObjectState::Group(Some(found))) => {
            let GroupState { id, name, parent, computers, approvals } = found;
            (*id, name, *parent) == (planned.id, &planned.name, planned.parent)
                && *computers <= planned.computers
                && *approvals <= planned.approvals
        }
        _ => planned_from == found,
    }
}

fn is_as_asked(operation: &Operation, state: &ObjectState, created: &CreatedGroups, today: DateTime<Utc>) -> bool {
    let stands_there = match (operation, state) {
        (Operation::CreateGroup { parent, .. }, ObjectState::Group(Some(group))) => group.parent == created.id(parent),
        (Operation::CreateGroup { .. }, _) => false,
        (Operation::Reinstate { .. } | Operation::Decline { .. }, ObjectState::Update(update)) => update.is_some(),
        _ => true,
    };
    stands_there && missing_calls(operation, state, created, today).is_empty()
}

/// Whether the earlier step creates the group that the later one's object belongs to.
fn creates_group_of(earlier: &Step, later: &Step) -> bool {
    let Operation::CreateGroup { name, .. } = &earlier.operation else { return false };
    match &later.operation {
        Operation::AddComputer { group: GroupReference::Planned(group), .. }
        | Operation::SetApproval { group: GroupReference::Planned(group), .. } => {
            crate::model::name::fold(group) == crate::model::name::fold(name)
        }
        _ => false,
    }
}

fn ended(error: ReadError) -> Box<End> {
    match &error {
        ReadError::Query(query) if query.fate_unknown() => Box::new(End::Lost(Box::new(error))),
        _ => Box::new(End::Unreadable(error)),
    }
}
