//! Runs a plan's steps in chunks, looking before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::event::Event;
use super::mismatch::mismatch;
use super::outcome::{End, Outcome, Remains, StaleObject, StepError, StepOutcome, chain};
use super::target::{Call, CreatedGroups, deadline_passed, describe_state, kept_time, key, missing_calls};
use crate::model::list_shape::{ListShape, as_written, assumptions};
use crate::model::object::{GroupState, ObjectKey, ObjectState, ServerClock, ServerIdentity, ServerLook, UpdateState};
use crate::model::procedure::{Procedure, ProcedureState};
use crate::model::resolved::GroupReference;
use crate::model::snapshot::Deployment;
use crate::plan::Plan;
use crate::plan::step::{Operation, Step};
use crate::susdb::error::ServerError;
use crate::susdb::read::{self, ReadError};
use crate::susdb::session::Session;
use crate::susdb::write::{ConfigurationChange, NewDeployment, WriteError, Writer};

/// Steps between two looks at the server. Small enough that the time between look and call stays short, large enough that
/// looking costs little.
const CHUNK_LENGTH_MAX: usize = 256;

/// How old a look may be when a step is begun: a foreign edit in between is overwritten unseen. Later steps are looked at again.
const LOOK_AGE_MAX: Duration = Duration::from_secs(1);

/// After how many steps in a row that failed with the same trouble of the database server the run gives up: nothing about these
/// steps is wrong, so the next ones will fail likewise.
const SAME_TROUBLE_MAX: u32 = 3;

/// How often a call is tried that the server picks as a deadlock victim, or refuses while it is busy.
pub(super) const ATTEMPTS_MAX: u32 = 5;

/// How often a step is taken up again after reading back asks for other calls than those it made: a deadline that counts
/// from a kept time, then leftovers of older revisions. Reading back after the last decides.
const ROUNDS_MAX: u32 = 3;

/// What a run needs besides the plan.
pub struct Run<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The server that it was made from.
    pub server: ServerIdentity,
    /// The live signatures, which parameters are bound by.
    pub procedures: &'a BTreeMap<Procedure, ProcedureState>,
    /// Who is written down as the one who made the approvals.
    pub admin_name: &'a str,
    /// Whether a deadline may be written that has passed.
    pub past_deadlines: bool,
    /// How long to wait for a server that cannot save its settings just now.
    pub wait: Duration,
    /// Set when the user asks to stop.
    pub stop: &'a AtomicBool,
    /// Told of what happens.
    pub observe: &'a mut dyn FnMut(Event),
}

/// Carries the plan out. The caller holds the lock.
///
/// The outcome is the caller's, so that it says what is known even where the future is dropped.
pub async fn execute<'a>(session: &mut Session, run: Run<'a>, outcome: &'a mut Outcome) {
    let (created, made, trouble) = (CreatedGroups::default(), BTreeMap::new(), None);
    let mut state = Execution { run, outcome, created, made, pace: CHUNK_LENGTH_MAX, trouble };
    if let Err(end) = state.run_all(session).await {
        state.outcome.end = *end;
    }
}

pub(super) struct Execution<'a> {
    pub(super) run: Run<'a>,
    pub(super) outcome: &'a mut Outcome,
    created: CreatedGroups,
    /// The calls that each step of the chunk made last.
    made: BTreeMap<usize, Vec<Call>>,
    /// How many steps the next look is for: about as many as one carries on this server.
    pace: usize,
    /// The trouble that the last steps had one after the other, and how many they are.
    trouble: Option<(ServerError, u32)>,
}

impl Execution<'_> {
    async fn run_all(&mut self, session: &mut Session) -> Result<(), Box<End>> {
        let mut next = 0;
        while next < self.run.plan.steps.len() {
            let end = self.chunk_end(next);
            next = self.run_chunk(session, next, end).await?;
        }
        Ok(())
    }

    /// A chunk ends before the first step whose object has no id yet because its group is made in this very chunk. The
    /// deletion of a group is a chunk of its own: it takes everything below with it, so what is there is looked at right
    /// before, when everything else is done and its children are known to be gone.
    fn chunk_end(&self, start: usize) -> usize {
        let steps = &self.run.plan.steps;
        let limit = steps.len().min(start + self.pace);
        let made_here = |index: usize| (start..index).any(|earlier| creates_group_of(&steps[earlier], &steps[index]));
        let deletes = |index: usize| matches!(steps[index].operation, Operation::DeleteGroup { .. });
        // What was saved before may keep the server busy, so that has to be looked at again.
        let waits = |index: usize| steps[index].operation.needs_idle_server();
        // That a mail has somebody to get it is read back before it is switched on.
        let mails = |index: usize| {
            matches!(steps[index].operation, Operation::SaveNotifications(_))
                && steps[index].depends_on.iter().any(|step| *step >= start)
        };
        let ends_before =
            |index: &usize| waits(*index) || deletes(start) || deletes(*index) || made_here(*index) || mails(*index);
        (start + 1..limit).find(ends_before).unwrap_or(limit)
    }

    /// Runs steps of a range, as far as one look at the server carries. Gives the step to go on with.
    async fn run_chunk(&mut self, session: &mut Session, start: usize, end: usize) -> Result<usize, Box<End>> {
        let runnable = self.runnable(start, end);
        let runnable = self.when_idle(session, runnable).await?;
        if runnable.is_empty() {
            return Ok(end);
        }
        let looked = Instant::now();
        let ServerLook { clock: ServerClock(today), identity } = read::read_look(session).await.map_err(ended)?;
        self.check_server(identity)?;
        let before = self.look(session, &runnable).await?;
        self.check_preconditions(&runnable, &before)?;
        self.made.clear();
        let (mut next, mut ended_early) = (end, Ok(()));
        for (nth, &index) in runnable.iter().enumerate() {
            if self.run.stop.load(Ordering::Relaxed) {
                ended_early = Err(Box::new(End::Interrupted));
                break;
            }
            // One step a look is always made, however slow the server is.
            if nth > 0 && looked.elapsed() > LOOK_AGE_MAX {
                next = index;
                break;
            }
            if self.skip_if_unfounded(index) {
                continue;
            }
            (self.run.observe)(Event::Started(index));
            // Where this ends the run, the steps of the chunk stay unverified: their fate is looked up when the program
            // connects again.
            let found = self.state_in(&before, index).clone();
            match self.run_step(session, index, &found, &found, today).await {
                // Nothing was sent: what came before is read back as ever.
                Err(end) if matches!(*end, End::Stale(_)) => {
                    ended_early = Err(end);
                    break;
                }
                result => result?,
            }
            (self.run.observe)(Event::Finished(index));
            if let Some(trouble) = self.has_the_same_trouble(index) {
                ended_early = Err(Box::new(End::GivenUp(Box::new(trouble))));
                break;
            }
        }
        let tried: Vec<usize> = runnable.into_iter().filter(|index| *index < next).collect();
        self.pace = if next < end { tried.len() } else { self.pace * 2 }.clamp(1, CHUNK_LENGTH_MAX);
        self.read_back(session, &tried, &before, today).await?;
        ended_early.map(|()| next)
    }

    /// The server is the one that the plan was made from. Its modes are compared as long as nothing was written: a step may
    /// change them.
    fn check_server(&self, found: ServerIdentity) -> Result<(), Box<End>> {
        let planned_from = self.run.server;
        let same = if self.outcome.wrote { found.server_id == planned_from.server_id } else { found == planned_from };
        // The new id of a run that changes it: such a run has no other step.
        let changes = self.run.plan.changes_identity() && self.outcome.wrote;
        if same || changes { Ok(()) } else { Err(Box::new(End::Elsewhere { planned_from, found })) }
    }

    /// The trouble of the database server that this step and enough of those before it had.
    fn has_the_same_trouble(&mut self, index: usize) -> Option<ServerError> {
        let trouble = match &self.outcome.steps[index] {
            StepOutcome::Failed(StepError::Write { error: WriteError::Server { error, .. }, .. })
                if error.is_trouble() =>
            {
                error
            }
            _ => {
                self.trouble = None;
                return None;
            }
        };
        let before =
            self.trouble.take().filter(|(last, _)| last.number == trouble.number).map_or(0, |(_, times)| times);
        self.trouble = Some((trouble.clone(), before + 1));
        (before + 1 >= SAME_TROUBLE_MAX).then(|| trouble.clone())
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

    /// Calls what a step is missing. After an error the object is read again: what the server says about a call counts less
    /// than what is there. After a deadlock, or a refusal by a busy server, only what is still missing is called.
    async fn run_step(
        &mut self,
        session: &mut Session,
        index: usize,
        before: &ObjectState,
        found: &ObjectState,
        from: DateTime<Utc>,
    ) -> Result<(), Box<End>> {
        let operation = self.run.plan.steps[index].operation.clone();
        let mut state = found.clone();
        for attempts in 1.. {
            let calls = missing_calls(&operation, &state, &self.created, from);
            self.made.insert(index, calls.clone());
            let Err(error) = self.call_all(session, index, calls, &state).await else { break };
            if error.fate_unknown() {
                return Err(Box::new(End::Lost(Box::new(error))));
            }
            let retry = self.may_go_better(session, index, &error, attempts).await;
            let looked = match retry {
                Ok(retry) => self.look_at(session, &operation).await.map(|state| (state, retry)),
                Err(end) => Err(end),
            };
            let retry;
            (state, retry) = match looked {
                Ok(looked) => looked,
                Err(end) => {
                    let failed = StepError::Write { error, remains: Remains::Unread, lists: Vec::new() };
                    self.outcome.steps[index] = StepOutcome::Failed(failed);
                    return Err(end);
                }
            };
            self.remember(&operation, &state);
            if error.is_stale() {
                self.outcome.steps[index] = StepOutcome::NotReached;
                let (planned_from, found) = (before.clone(), state);
                return Err(Box::new(End::Stale(Box::new(StaleObject { step: index, planned_from, found }))));
            }
            let as_asked = is_as_asked(&operation, &state, &self.created);
            if as_asked && !error.is_damage() {
                (self.run.observe)(Event::DoneDespite { step: index, error: chain(&error).join(": ") });
                break;
            }
            if !retry {
                let remains = match (as_asked, error.is_damage()) {
                    (true, _) => Remains::AsAsked,
                    (false, false) if still_holds(before, &state) => Remains::Unchanged,
                    // Where there is damage, the object may be as it was, and the server is not.
                    (false, _) => Remains::Changed(describe_state(&state)),
                };
                let lists = self.lists(&operation, assumptions);
                self.outcome.steps[index] = StepOutcome::Failed(StepError::Write { error, remains, lists });
                return Ok(());
            }
        }
        self.outcome.steps[index] = StepOutcome::Unverified;
        Ok(())
    }

    async fn call_all(
        &mut self,
        session: &mut Session,
        index: usize,
        calls: Vec<Call>,
        since: &ObjectState,
    ) -> Result<(), WriteError> {
        for call in calls {
            // Until there is an answer.
            self.outcome.steps[index] = StepOutcome::Unknown;
            let wrote = std::mem::replace(&mut self.outcome.wrote, true);
            match self.call(session, call, since).await {
                Ok(Some((name, id))) => self.created.insert(&name, id),
                Ok(None) => {}
                Err(error) => {
                    self.outcome.wrote = wrote || error.was_sent();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// A group's id is what the server says it is.
    fn remember(&mut self, operation: &Operation, state: &ObjectState) {
        if let (Operation::CreateGroup { name, .. }, ObjectState::Group(Some(group))) = (operation, state) {
            self.created.insert(name, group.id);
        }
    }

    pub(super) async fn look_at(&self, session: &mut Session, operation: &Operation) -> Result<ObjectState, Box<End>> {
        let key = key(operation, &self.created).expect("the step has run, so its object has a key");
        let mut found = read::read_objects(session, &BTreeSet::from([key.clone()])).await.map_err(ended)?;
        Ok(found.remove(&key).expect("every key that is asked for has its answer"))
    }

    /// Sends one call; gives name and id of a group that it created. What is saved as a whole is compared once more with what it
    /// was at the last look.
    async fn call(
        &self,
        session: &mut Session,
        call: Call,
        since: &ObjectState,
    ) -> Result<Option<(String, Uuid)>, WriteError> {
        let admin_name = self.run.admin_name;
        let mut writer = Writer::new(session, self.run.procedures);
        match call {
            Call::CreateGroup { name, parent } => {
                let id = Uuid::new_v4();
                writer.create_target_group(&name, id, parent).await?;
                return Ok(Some((name, id)));
            }
            Call::DeleteGroup(group) => writer.delete_target_group(group, admin_name).await?,
            Call::AddComputer(group, computer) => writer.add_computer(group, &computer).await?,
            Call::RemoveComputer(group, computer) => writer.remove_computer(group, &computer).await?,
            Call::AcceptLicense { license, update, revision } => {
                writer.accept_eula(license, update, revision, admin_name).await?;
            }
            Call::Reinstate(update) => writer.undecline_update(update, admin_name).await?,
            Call::Decline(update) => writer.decline_update(update, admin_name).await?,
            Call::CreateRule(name) => writer.create_rule(&name).await?,
            Call::SetRule(id, change) => {
                let since = if let ObjectState::Rule(rule) = since { rule.as_ref() } else { None };
                writer.set_rule(id, &change, since).await?;
            }
            Call::DeleteRule(id) => writer.delete_rule(id).await?,
            Call::DeleteDownstreamServer(id) => writer.delete_downstream_server(id).await?,
            Call::SaveSettings { cells, languages } => {
                let (cells_since, languages_since) = match since {
                    ObjectState::Settings { cells, languages } => (cells.clone(), languages.clone()),
                    _ => Default::default(),
                };
                let change = ConfigurationChange { cells, languages, cells_since, languages_since };
                writer.save_configuration(&change).await?;
            }
            Call::AddRoleMember(role, member) => writer.add_role_member(role, &member).await?,
            Call::DropRoleMember(role, member) => writer.drop_role_member(role, &member).await?,
            Call::MapUser(user, login) => writer.map_user(&user, &login).await?,
            Call::SaveSynchronization(wanted) => {
                let since = if let ObjectState::Synchronization(live) = since { Some(live) } else { None };
                writer.save_subscription(&wanted, since, admin_name).await?;
            }
            Call::SaveNotifications(cells) => {
                let none = BTreeMap::new();
                let since = if let ObjectState::Notifications(live) = since { live } else { &none };
                writer.save_notifications(&cells, since, admin_name).await?;
            }
            Call::SetRecipients(kind, recipients) => writer.set_recipients(kind, &recipients).await?,
            Call::DeleteDeployment(id) => writer.delete_deployment(id, admin_name).await?,
            Call::Deploy { update, revision, group, action, assigned, deadline } => {
                let deployment = NewDeployment { update, revision, action, group, admin_name, assigned, deadline };
                writer.deploy_update(&deployment).await?;
            }
        }
        Ok(None)
    }

    /// Reads back the objects of those of the steps that the server says worked, and takes up again those that now ask for
    /// other calls than they made.
    async fn read_back(
        &mut self,
        session: &mut Session,
        indexes: &[usize],
        before: &BTreeMap<ObjectKey, ObjectState>,
        today: DateTime<Utc>,
    ) -> Result<(), Box<End>> {
        for round in 1.. {
            let called = |index: &&usize| matches!(self.outcome.steps[**index], StepOutcome::Unverified);
            let called: Vec<usize> = indexes.iter().filter(called).copied().collect();
            if called.is_empty() {
                break;
            }
            let found = self.look(session, &called).await?;
            for index in called {
                let (before, found) = (self.state_in(before, index), self.state_in(&found, index));
                if let Some(from) = self.judge(index, before, found, today).filter(|_| round <= ROUNDS_MAX) {
                    self.run_step(session, index, before, found, from).await?;
                }
            }
        }
        Ok(())
    }

    /// Says what became of a step by what was read back. Where its object asks for other calls than were made, the step
    /// counts as failed until they are made, and the time is given that relative deadlines count from in them.
    ///
    /// A group that was created is looked up by name, and that id counts.
    fn judge(
        &mut self,
        index: usize,
        before: &ObjectState,
        found: &ObjectState,
        today: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let operation = &self.run.plan.steps[index].operation;
        self.remember(operation, found);
        if is_as_asked(operation, found, &self.created) {
            self.outcome.steps[index] = StepOutcome::Applied;
            return None;
        }
        let step = &self.run.plan.steps[index];
        let mut mismatch = mismatch(self.run.plan, step, before, found, still_holds(before, found));
        mismatch.carried_by(self.lists(operation, as_written));
        self.outcome.steps[index] = StepOutcome::Failed(mismatch);
        let made = self.made.get(&index).map_or(&[][..], Vec::as_slice);
        let kept = kept_time(operation, made, before, found);
        let from = kept.unwrap_or(today);
        let passed = deadline_passed(operation, from, today).filter(|_| !self.run.past_deadlines);
        if let Some((kept, deadline)) = kept.zip(passed) {
            self.outcome.steps[index] = StepOutcome::Failed(StepError::KeptTime { kept, deadline });
            return None;
        }
        let calls = missing_calls(operation, found, &self.created, from);
        (!calls.is_empty() && made != calls).then_some(from)
    }

    /// What is to be said about the lists that carry what an operation asks for.
    fn lists(&self, operation: &Operation, said: fn(&str, &[ListShape]) -> Vec<String>) -> Vec<String> {
        let procedure = match operation {
            Operation::SaveSettings { languages, .. } if !languages.is_empty() => Procedure::SetConfiguration,
            Operation::CreateRule { .. } | Operation::SetRule { .. } => Procedure::SetAutoDeploymentRule,
            Operation::SaveSynchronization(_) => Procedure::SetSubscription,
            Operation::SetRecipients { .. } => Procedure::AddEmailNotificationRecipient,
            _ => return Vec::new(),
        };
        let lists = self.run.procedures.get(&procedure).map(|state| state.lists.as_slice());
        said(procedure.name(), lists.unwrap_or_default())
    }

    /// What a look found of a step's object.
    fn state_in<'s>(&self, found: &'s BTreeMap<ObjectKey, ObjectState>, index: usize) -> &'s ObjectState {
        let key = key(&self.run.plan.steps[index].operation, &self.created);
        key.and_then(|key| found.get(&key)).expect(
            "a step whose group could not be created is skipped because it depends on that step, and every key that is asked for has its answer",
        )
    }
}

/// Whether an object is still what the plan was made from. A group to be deleted may have lost computers, approvals and
/// children since, for other steps take them away; that somebody added some is what must not be overlooked.
fn still_holds(planned_from: &ObjectState, found: &ObjectState) -> bool {
    match (planned_from, found) {
        (ObjectState::Group(Some(planned)), ObjectState::Group(Some(found))) => {
            let GroupState { id, name, parent, holds, children } = found;
            (*id, name, *parent) == (planned.id, &planned.name, planned.parent)
                && holds.is_within(&planned.holds)
                && children.is_subset(&planned.children)
        }
        (ObjectState::Approval(planned), ObjectState::Approval(found)) => are_unchanged(found, planned),
        (ObjectState::Update(Some(planned)), ObjectState::Update(Some(found))) => {
            let UpdateState { revision, declined, deployments } = found;
            (*revision, *declined) == (planned.revision, planned.declined)
                && are_unchanged(deployments, &planned.deployments)
        }
        _ => planned_from == found,
    }
}

/// Whether approvals are what they were, in force meanwhile or not.
fn are_unchanged(found: &[Deployment], planned: &[Deployment]) -> bool {
    found.len() == planned.len() && found.iter().zip(planned).all(|(found, planned)| found.is_unchanged(planned))
}

fn is_as_asked(operation: &Operation, state: &ObjectState, created: &CreatedGroups) -> bool {
    let stands_there = match (operation, state) {
        (Operation::CreateRule { .. } | Operation::SetRule { .. }, ObjectState::Rule(rule)) => rule.is_some(),
        (Operation::CreateGroup { parent, .. }, ObjectState::Group(Some(group))) => group.parent == created.id(parent),
        (Operation::CreateGroup { .. }, _) => false,
        (Operation::Reinstate { .. } | Operation::Decline { .. }, ObjectState::Update(update)) => update.is_some(),
        _ => true,
    };
    // What is missing does not hang on the time, only what is written to make up for it.
    stands_there && missing_calls(operation, state, created, DateTime::UNIX_EPOCH).is_empty()
}

/// Whether the earlier step creates the group that the later one's object belongs to.
fn creates_group_of(earlier: &Step, later: &Step) -> bool {
    let Operation::CreateGroup { name, .. } = &earlier.operation else { return false };
    let is_it = |group: &GroupReference| {
        matches!(group, GroupReference::Planned(group)
            if crate::model::name::fold(group) == crate::model::name::fold(name))
    };
    match &later.operation {
        Operation::AddComputer { group, .. } | Operation::SetApproval { group, .. } => is_it(group),
        Operation::CreateRule { rule, .. } | Operation::SetRule { rule, .. } => rule.groups.iter().flatten().any(is_it),
        _ => false,
    }
}

pub(super) fn ended(error: ReadError) -> Box<End> {
    match &error {
        ReadError::Query(query) if query.fate_unknown() => Box::new(End::Lost(Box::new(error))),
        _ => Box::new(End::Unreadable(error)),
    }
}
