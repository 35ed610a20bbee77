//! `wsusctl apply`: lock, read, plan, show, ask, execute, read again.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::arguments::{Apply, Output, Planning};
use super::claims::Claims;
use super::manifests::Loaded;
use super::planning::{self, Judged, Planned};
use super::progress::Progress;
use super::report_lost;
use super::run_rules::{Announced, Announcements, RuleRuns};
use super::server::{Connecting, Sandboxes, not_locked, unreadable};
use super::stop::Stop;
use super::streams::Streams;
use super::synchronise::synchronise_categories;
use crate::apply::execute::{Run, execute};
use crate::apply::finished::{Ending, Finish, Finished, SecondLook};
use crate::apply::outcome::{End, Outcome};
use crate::diagnostic::Diagnostics;
use crate::failure::{Exit, Failure};
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::procedure::{LiveParameter, Procedure, ProcedureState};
use crate::model::snapshot::Snapshot;
use crate::plan::Plan;
use crate::plan::change::{Change, ChangeAction};
use crate::plan::permission::{Permission, Permissions};
use crate::report::json::{self, ServerReport};
use crate::report::outcome;
use crate::report::visible::visible;
use crate::susdb::preflight::read_procedures;
use crate::susdb::read::ReadError;
use crate::susdb::session::Session;

/// How often a run connects again after it lost its connection.
const RECONNECTS_MAX: u32 = 3;

/// How often it tries to, each time, once it has written something.
const REOPENS_MAX: u32 = 5;

/// The pause before the attempt with this number, from 1: 50 ms, and four times as long each time. The first covers a
/// connection that was merely cut, the fifth a server that restarts its database.
fn reconnect_pause(attempt: u32) -> Duration {
    Duration::from_millis(50) * 4_u32.saturating_pow(attempt.saturating_sub(1).min(5))
}

/// Runs the verb over every manifest, one server after the other.
///
/// # Errors
/// What keeps the run from starting; a server's own failure is reported and the others go on.
pub async fn run(arguments: &Apply, streams: Streams) -> Result<Exit, Failure> {
    let Planning { manifests, reach, output, .. } = &arguments.planning;
    let loaded = planning::load_valid(manifests, reach, *output, streams)?;
    let Some(loaded) = loaded else { return Ok(Exit::Invalid) };
    let total = loaded.servers.len();
    if arguments.planning.output == Output::Json && total > 1 {
        let summary = format!("--output json writes one document, and there are {total} manifests to apply one by one");
        return Err(Failure::new(Exit::Invalid, summary).hint("run apply once for each manifest"));
    }
    let stop = Stop::on_ctrl_c(streams);
    let sandboxes = Sandboxes::default();
    let claims = Claims::new(&loaded);
    let one = |index| {
        let (loaded, stop, sandboxes, claims) = (&loaded, &stop, &sandboxes, &claims);
        let (synchronising, synchronised) = Default::default();
        OneServer { arguments, loaded, index, streams, stop, sandboxes, claims, synchronising, synchronised }
    };
    let taken = tokio::select! {
        taken = claims.check_all(streams, |index| one(index).connecting()) => taken,
        () = stop.asked() => {
            streams.complain("Interrupted: nothing was written to any server.\n");
            return Ok(Exit::Interrupted);
        }
    };
    if taken.has_errors() {
        planning::show_diagnostics(&taken, &loaded.sources, streams);
        streams.complain("Nothing was written to any server.\n");
        return Ok(Exit::Invalid);
    }
    let mut exit = Exit::Success;
    for index in 0..total {
        let one = one(index);
        let end = one.run().await.unwrap_or_else(|failure| one.tell(failure));
        exit = exit.worse(end);
        if stop.is_asked() && index + 1 < total {
            let left = loaded.servers[index + 1..].iter().map(|server| server.desired.name.as_str());
            streams.complain(&format!("Interrupted: not begun: {}.\n", left.collect::<Vec<_>>().join(", ")));
            return Ok(exit.worse(Exit::Interrupted));
        }
    }
    Ok(exit)
}

struct OneServer<'a> {
    arguments: &'a Apply,
    loaded: &'a Loaded,
    index: usize,
    streams: Streams,
    stop: &'a Stop,
    sandboxes: &'a Sandboxes,
    claims: &'a Claims<'a>,
    /// Whether a synchronisation of categories may be under way.
    synchronising: Cell<bool>,
    /// Whether it is done: a lost connection does not repeat it.
    synchronised: Cell<bool>,
}

/// What a run is ready to do, or how it ended before it did anything.
enum Prepared {
    Ready(Box<(Session, Planned, Permissions, Announcements)>),
    /// There is nothing to do but to run rules.
    Settled(Box<(Session, Planned, Permissions, Announcements)>),
    Ended(Exit),
}

impl<'a> OneServer<'a> {
    async fn run(&self) -> Result<Exit, Failure> {
        // Nothing is written before the execution, so Ctrl-C may end everything up to there in the middle.
        let prepared = tokio::select! {
            prepared = self.prepare() => prepared?,
            () = self.stop.asked() => {
                let name = visible(self.name());
                self.streams.complain(&if self.synchronising.get() {
                    format!("Interrupted: a synchronisation may go on on {name}; nothing else was written to it.\n")
                } else {
                    format!("Interrupted: nothing was written to {name}.\n")
                });
                return Ok(Exit::Interrupted);
            }
        };
        match prepared {
            Prepared::Ended(exit) => Ok(exit),
            Prepared::Settled(ready) => {
                let (session, planned, permissions, rules) = *ready;
                let exit = self.nothing_left(&planned.plan, &permissions);
                self.run_rules(Some(session), planned.judged(), &permissions, rules, exit).await
            }
            Prepared::Ready(ready) => {
                let (session, planned, permissions, rules) = *ready;
                let judged = planned.judged();
                let exit = self.execute(session, planned, &permissions).await?;
                self.run_rules(None, judged, &permissions, rules, exit).await
            }
        }
    }

    fn name(&self) -> &str {
        &self.loaded.servers[self.index].desired.name
    }

    /// What is so before the execution. Other servers of the run may have been written to.
    fn nothing_written(&self) -> String {
        format!("nothing was written to {}", self.name())
    }

    /// Whether what is said has to say which server it is about.
    fn is_one_of_several(&self) -> bool {
        self.loaded.servers.len() > 1
    }

    /// Tells a failure; gives its exit status.
    fn tell(&self, failure: Failure) -> Exit {
        let failure = if self.is_one_of_several() { failure.about(self.name()) } else { failure };
        self.streams.complain(&failure.render());
        failure.exit
    }

    /// Locks, reads, plans, shows and asks.
    async fn prepare(&self) -> Result<Prepared, Failure> {
        let mut permissions = Permissions::new(self.arguments.planning.allow.iter().copied());
        let Some((mut session, mut planned)) = self.lock_and_plan(&permissions).await? else {
            if self.is_one_of_several() {
                let name = visible(self.name());
                self.streams.complain(&format!("Nothing was written to {name}: the errors above are about it.\n"));
            }
            return Ok(Prepared::Ended(Exit::Invalid));
        };
        self.show(&planned, &permissions)?;
        if planned.plan.changes_identity() && !self.arguments.run_rules.is_empty() {
            return Err(self.identity_alone("--run-rules"));
        }
        let rules = self.rule_runs(&permissions).announce(&mut session, &planned).await?;
        if !planned.plan.blockers.is_empty() {
            let Some(answered) = self.ask_about_pruning(&planned.plan, &permissions).await? else {
                return Ok(Prepared::Ended(Exit::Refused));
            };
            permissions = answered;
            planned = planned.with(&permissions);
            if !planned.plan.blockers.is_empty() {
                return Ok(Prepared::Ended(Exit::Refused));
            }
        }
        if planned.plan.steps.is_empty() {
            return Ok(Prepared::Settled(Box::new((session, planned, permissions, rules))));
        }
        self.ask(&planned.plan, &self.nothing_written()).await?;
        Ok(Prepared::Ready(Box::new((session, planned, permissions, rules))))
    }

    fn connecting(&self) -> Connecting<'a> {
        let server = &self.loaded.servers[self.index];
        Connecting {
            server: Some(server),
            reach: &self.arguments.planning.reach,
            verb: "apply",
            streams: self.streams,
            sandboxes: self.sandboxes,
        }
    }

    async fn open_and_lock(&self) -> Result<Session, Failure> {
        let mut session = self.connecting().open().await?;
        session.lock().await.map_err(not_locked)?;
        Ok(session)
    }

    /// Nothing has been written yet, so a connection that is lost here is simply opened again, a few times.
    async fn lock_and_plan(&self, permissions: &Permissions) -> Result<Option<(Session, Planned)>, Failure> {
        for attempt in 1.. {
            match self.try_lock_and_plan(permissions).await {
                Ok(planned) => return Ok(planned),
                Err(failure) if failure.may_pass && attempt <= RECONNECTS_MAX => {
                    self.streams.note("Reading broke off. Connecting again.");
                    tokio::time::sleep(reconnect_pause(attempt)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        unreachable!("the loop ends by returning")
    }

    async fn try_lock_and_plan(&self, permissions: &Permissions) -> Result<Option<(Session, Planned)>, Failure> {
        let mut session = self.open_and_lock().await.map_err(|failure| match failure.exit {
            Exit::Locked => failure.hint(self.nothing_written()),
            _ => failure,
        })?;
        let taken = self.claims.check(self.index, &mut session).await?;
        if taken.has_errors() {
            planning::show_diagnostics(&taken, &self.loaded.sources, self.streams);
            return Ok(None);
        }
        if self.arguments.sync_categories && !self.synchronised.get() {
            self.synchronise_categories(&mut session).await?;
        }
        let chosen = self.arguments.planning.now.map(Judged::chosen);
        match self.plan(&mut session, permissions, chosen).await? {
            Ok(planned) => {
                let planned = planned.annotated(&session, self.arguments.planning.explain).await;
                Ok(Some((session, planned)))
            }
            Err(errors) => {
                if self.arguments.planning.output == Output::Json {
                    self.report_json(&[], &errors)?;
                }
                Ok(None)
            }
        }
    }

    /// The refusal to do something else in a run that changes the server's id.
    fn identity_alone(&self, option: &str) -> Failure {
        let summary = format!("the server's id changes alone in its run, without {option}; {}", self.nothing_written());
        let hint = format!("apply without {option} first, and with it once the id is the new one");
        Failure::new(Exit::Refused, summary).hint(hint)
    }

    /// Before anything is started, the server has to be the one that the manifest pins.
    async fn synchronise_categories(&self, session: &mut Session) -> Result<(), Failure> {
        let desired = &self.loaded.servers[self.index].desired;
        planning::check_pin(session, desired, &self.loaded.sources).await?;
        if planning::may_change_identity(session, desired).await? {
            return Err(self.identity_alone("--sync-categories"));
        }
        self.synchronising.set(true);
        synchronise_categories(session, self.arguments.sync_timeout, self.streams).await?;
        self.synchronising.set(false);
        self.synchronised.set(true);
        Ok(())
    }

    /// Reads the server and plans. What is wrong with the manifest on this server has been shown as text.
    async fn plan(
        &self,
        session: &mut Session,
        permissions: &Permissions,
        judged: Option<Judged>,
    ) -> Result<Result<Planned, Diagnostics>, Failure> {
        let desired = &self.loaded.servers[self.index].desired;
        planning::plan(session, desired, permissions, judged, &self.loaded.sources, self.streams).await
    }

    fn report_json(&self, servers: &[ServerReport<'_>], errors: &Diagnostics) -> Result<(), Failure> {
        let document = json::render(servers, errors, &self.loaded.sources, planning::now(), env!("CARGO_PKG_VERSION"));
        self.streams.report(&document).map_err(report_lost)
    }

    fn show(&self, planned: &Planned, permissions: &Permissions) -> Result<(), Failure> {
        match self.arguments.planning.output {
            Output::Text => {
                planning::show_notices(&planned.plan, &self.loaded.sources, self.streams);
                let (sources, explain) = (&self.loaded.sources, self.arguments.planning.explain);
                let text = planning::plan_text(planned, permissions, sources, explain, self.streams);
                self.streams.report(&text).map_err(report_lost)
            }
            Output::Json => self.report_json(&[planned.report(permissions)], &Diagnostics::default()),
        }
    }

    /// Nothing to execute: success, unless something declared cannot be done.
    fn nothing_left(&self, plan: &Plan, permissions: &Permissions) -> Exit {
        if plan.unsupported.is_empty() || permissions.has(Permission::Unsupported) {
            Exit::Success
        } else {
            Exit::Differences
        }
    }

    /// Pruning that asks can be answered on a terminal; every other blocker needs its permission on the command line.
    async fn ask_about_pruning(&self, plan: &Plan, given: &Permissions) -> Result<Option<Permissions>, Failure> {
        let only_asks = plan.blockers.iter().all(|blocker| blocker.code == "pruneConfirm");
        if !only_asks || !self.streams.interactive {
            let name = visible(self.name());
            let blocked = "the plan is blocked. Each blocker above says what lifts it";
            self.streams.complain(&format!("Nothing was written to {name}: {blocked}.\n"));
            return Ok(None);
        }
        let mut permissions: Vec<Permission> = given.given().to_vec();
        for blocker in &plan.blockers {
            self.streams.complain(&format!("{}\n", blocker.message));
            let so = self.nothing_written();
            if self.question("Delete them? Only 'yes' will be accepted: ", &so).await? != "yes" {
                self.streams.complain(&format!("Not confirmed: {}.\n", visible(&so)));
                return Ok(None);
            }
            permissions.extend(blocker.permission);
        }
        Ok(Some(Permissions::new(permissions)))
    }

    /// Asks whether to carry a plan out. `so` is what a refusal comes to.
    async fn ask(&self, plan: &Plan, so: &str) -> Result<(), Failure> {
        if self.arguments.yes {
            return Ok(());
        }
        let refused = |summary: &str| Failure::new(Exit::Refused, format!("{summary}; {so}"));
        if !self.streams.interactive {
            return Err(refused("there are changes to make and no terminal to ask on")
                .hint("add --yes to apply without asking"));
        }
        let deletes = plan.changes.iter().any(|change| change.action == ChangeAction::Delete);
        let (prompt, expected) = if deletes {
            let name = plan.server_name.as_str();
            (format!("This plan deletes. Type the server's name ({name}) to apply it: "), name)
        } else {
            ("Apply these changes? Only 'yes' will be accepted: ".to_owned(), "yes")
        };
        if self.question(&prompt, so).await? == expected { Ok(()) } else { Err(refused("not confirmed")) }
    }

    async fn question(&self, prompt: &str, so: &str) -> Result<String, Failure> {
        self.streams.complain(prompt);
        let answer = self.streams.answer().await;
        answer.map_err(|error| Failure::new(Exit::Refused, format!("cannot read the answer; {so}")).caused_by(error))
    }

    /// Executes, looks again, and tells what it came to.
    async fn execute(&self, session: Session, planned: Planned, permissions: &Permissions) -> Result<Exit, Failure> {
        self.stop.begin_execution();
        let mut finished = Finished::default();
        let promised = Promises::new(&planned);
        let exit = match self.run_steps(session, planned, &promised, permissions, &mut finished).await {
            Ok(session) if finished.is_clean() => self.look_again(session, &mut finished, permissions, &promised).await,
            Ok(_) => exit_of(&finished),
            Err(failure) => {
                let exit = self.tell(failure);
                if finished.wrote { Exit::Partial } else { exit }
            }
        };
        let mut text = outcome::render(&finished, &format!("to {}", self.name()));
        if self.is_one_of_several() && exit != Exit::Success {
            text = format!("{}:\n{text}", visible(self.name()));
        }
        match self.arguments.planning.output {
            Output::Text => self.streams.report(&text).map_err(report_lost)?,
            Output::Json => self.streams.complain(&text),
        }
        Ok(exit)
    }

    fn rule_runs<'r>(&'r self, permissions: &'r Permissions) -> RuleRuns<'r> {
        RuleRuns {
            names: &self.arguments.run_rules,
            desired: &self.loaded.servers[self.index].desired,
            sources: &self.loaded.sources,
            permissions,
            output: self.arguments.planning.output,
            url: self.connecting().url(),
            streams: self.streams,
        }
    }

    /// Runs the rules that were asked for, where the plan ended well. A session is there where nothing was to be done: then
    /// nobody was asked yet either.
    async fn run_rules(
        &self,
        session: Option<Session>,
        judged: Judged,
        permissions: &Permissions,
        announcements: Announcements,
        exit: Exit,
    ) -> Result<Exit, Failure> {
        let Announcements { rules, unsupported } = announcements;
        let unsupported = unsupported && !permissions.has(Permission::Unsupported);
        let exit = if unsupported { exit.worse(Exit::Differences) } else { exit };
        if rules.is_empty() {
            return Ok(exit);
        }
        if !matches!(exit, Exit::Success | Exit::Differences) {
            let name = visible(self.name());
            self.streams.complain(&format!("No rule was run on {name}, since the plan did not come to its end.\n"));
            return Ok(exit);
        }
        let mut wrote = session.is_none();
        let ran = self.run_announced(session, judged, permissions, &rules, &mut wrote).await;
        let ran = ran.unwrap_or_else(|failure| self.tell(failure));
        // What was written before counts, whatever the rule's own end is.
        let ran = if wrote && ran != Exit::Success { Exit::Partial } else { ran };
        Ok(exit.worse(ran))
    }

    async fn run_announced(
        &self,
        session: Option<Session>,
        judged: Judged,
        permissions: &Permissions,
        rules: &[Announced],
        wrote: &mut bool,
    ) -> Result<Exit, Failure> {
        // Who was asked about the plan was asked about what it is followed by, too.
        let asked = session.is_none();
        let mut session = match session {
            Some(session) => session,
            None => self.open_and_lock().await?,
        };
        let gone = || Failure::new(Exit::Stale, "the server changed before its rules were run");
        let planned = self.plan(&mut session, permissions, Some(judged)).await?.map_err(|_| gone())?;
        if !planned.plan.is_empty() || planned.plan.put_off > 0 {
            return Err(gone().hint("run diff to see what is left, and apply again"));
        }
        let mut exit = Exit::Success;
        for rule in rules {
            let finished = self.run_rule(&mut session, &planned, permissions, rule, asked).await?;
            *wrote |= !finished.changed_nothing();
            let clean = matches!(finished.second_look, SecondLook::Clean { .. });
            exit = if clean { Exit::Success } else { exit_of(&finished) };
            if exit != Exit::Success {
                break;
            }
        }
        // The session ends here, and the lock with the session: a failed release loses nothing.
        let _ = session.unlock().await;
        Ok(exit)
    }

    /// Plans a rule's run, shows it where it is more than what was shown, asks where nobody was asked, makes the approvals and
    /// looks again.
    async fn run_rule(
        &self,
        session: &mut Session,
        planned: &Planned,
        permissions: &Permissions,
        rule: &Announced,
        asked: bool,
    ) -> Result<Finished, Failure> {
        let runs = self.rule_runs(permissions);
        let run = runs.plan_again(session, &rule.name, planned).await?;
        let shown = rule.was_shown(&run.run);
        if !shown {
            runs.say("\nA rule is run. It comes to:\n\n")?;
            runs.show(&run.run)?;
        }
        runs.check_blockers(&run.run, Exit::Refused, "it was not run")?;
        let address = Address::Rule(run.run.rule.clone());
        if run.run.plan.steps.is_empty() {
            runs.say(&format!("{address} was run: it had nothing to approve.\n"))?;
            return Ok(Finished { second_look: SecondLook::Clean { unsupported: Vec::new() }, ..Finished::default() });
        }
        if self.stop.is_asked() {
            return Err(Failure::new(Exit::Interrupted, format!("interrupted: {address} was not run")));
        }
        if !(shown && asked) {
            self.ask(&run.run.plan, &format!("{address} was not run")).await?;
        }
        self.stop.begin_execution();
        let mut finished = Finished::default();
        let outcome = self.execute_plan(session, &run.run.plan, &run.snapshot, permissions).await;
        finished.add(&run.run.plan, outcome);
        if finished.is_clean() {
            finished.second_look = match runs.plan_again(session, &rule.name, planned).await {
                Ok(again) if again.run.plan.is_empty() => SecondLook::Clean { unsupported: Vec::new() },
                Ok(again) => SecondLook::Differs {
                    left_over: again.run.plan.changes.iter().map(|change| change.address.to_string()).collect(),
                    blockers: again.run.plan.blockers.iter().map(|blocker| blocker.message.clone()).collect(),
                },
                Err(failure) => {
                    self.tell(failure);
                    SecondLook::Failed
                }
            };
        }
        let of = if self.is_one_of_several() { format!("{}: ", visible(self.name())) } else { String::new() };
        runs.say(&format!("{of}{address} was run:\n{}", outcome::render(&finished, "for it")))?;
        Ok(finished)
    }

    /// Executes the steps; where the connection is lost, goes on with what is left.
    ///
    /// # Errors
    /// What keeps it from going on. Its exit status is that of a run that wrote nothing.
    async fn run_steps(
        &self,
        mut session: Session,
        mut planned: Planned,
        promised: &Promises,
        permissions: &Permissions,
        finished: &mut Finished,
    ) -> Result<Session, Failure> {
        for reconnects in 0.. {
            let outcome = self.execute_once(&mut session, &planned, permissions).await?;
            let lost = matches!(outcome.end, End::Lost(_));
            finished.add(&planned.plan, outcome);
            if !lost || reconnects == RECONNECTS_MAX {
                break;
            }
            // The new connection waits for the lock, which the old one keeps until the server has undone what it was at:
            // what is read after that is settled.
            drop(session);
            (session, planned) = tokio::select! {
                again = self.take_up_again(promised, permissions, finished) => again?,
                () = self.stop.insisted() => {
                    finished.ending = Ending::CutOff;
                    return Err(Failure::new(Exit::Interrupted, "stopped while connecting again"));
                }
            };
            finished.planned_again(&planned.plan);
        }
        Ok(session)
    }

    /// Compares the signatures once more under the lock, then executes.
    async fn execute_once(
        &self,
        session: &mut Session,
        planned: &Planned,
        permissions: &Permissions,
    ) -> Result<Outcome, Failure> {
        match read_procedures(session).await {
            Ok(live) if signatures(&live).eq(signatures(&planned.snapshot.procedures)) => {}
            Ok(_) => {
                return Err(Failure::new(
                    Exit::Stale,
                    "a stored procedure changed its signature since the plan was made",
                )
                .hint("was WSUS updated just now? run apply again"));
            }
            Err(ReadError::Query(lost)) if lost.fate_unknown() && lost.may_pass() => {
                return Ok(Outcome::not_begun(&planned.plan, End::Lost(Box::new(lost))));
            }
            Err(error) => return Err(unreadable(error)),
        }
        Ok(self.execute_plan(session, &planned.plan, &planned.snapshot, permissions).await)
    }

    /// Executes the steps of a plan under the lock, with what was read for it.
    async fn execute_plan(
        &self,
        session: &mut Session,
        plan: &Plan,
        snapshot: &Snapshot,
        permissions: &Permissions,
    ) -> Outcome {
        let mut outcome = Outcome::not_begun(plan, End::Complete);
        let mut progress = Progress::new(plan, self.streams);
        let mut observe = |event| progress.observe(event);
        let run = Run {
            plan,
            server: snapshot.server.identity(),
            procedures: &snapshot.procedures,
            admin_name: &snapshot.server.login,
            past_deadlines: permissions.has(Permission::PastDeadlines),
            wait: self.arguments.wait,
            stop: self.stop.flag(),
            observe: &mut observe,
        };
        let cut_off = tokio::select! {
            () = execute(session, run, &mut outcome) => false,
            () = self.stop.insisted() => true,
        };
        if cut_off {
            self.streams.complain("Stopped at once.\n");
            outcome.end = End::CutOff;
        }
        outcome
    }

    /// After a lost connection: a new session, the lock, a new read and a new plan, tried a few times, since a server that
    /// restarts needs a moment and a connection that broke keeps its lock until the server has noticed.
    async fn take_up_again(
        &self,
        promised: &Promises,
        permissions: &Permissions,
        finished: &Finished,
    ) -> Result<(Session, Planned), Failure> {
        self.streams.note("The connection was lost. Connecting again, taking the lock again and reading again.");
        for attempt in 1.. {
            tokio::time::sleep(reconnect_pause(attempt)).await;
            match self.try_take_up_again(promised, permissions, finished).await {
                Err(failure) if attempt < REOPENS_MAX && matches!(failure.exit, Exit::Failure | Exit::Locked) => {
                    self.streams.note(&format!("That did not work yet ({}). Trying again.", failure.summary));
                }
                other => return other,
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// Goes on only with what was shown and, before the first write, only with all of it.
    async fn try_take_up_again(
        &self,
        promised: &Promises,
        permissions: &Permissions,
        finished: &Finished,
    ) -> Result<(Session, Planned), Failure> {
        let mut session = self.open_and_lock().await?;
        let planned = self.plan_as_promised(&mut session, permissions, promised).await?.map_err(|_| {
            Failure::new(
                Exit::Invalid,
                "the server changed while the connection was lost, and the manifest is wrong on it",
            )
        })?;
        if !planned.plan.blockers.is_empty() {
            return Err(Failure::new(Exit::Refused, "what is left to do is blocked now")
                .hint("run diff to see what stands in the way"));
        }
        let unexpected = promised.broken_by(&planned.plan, finished);
        let changed = "the server changed while the connection was lost";
        let stale = |summary: String| Failure::new(Exit::Stale, summary).hint("run diff to see what is left");
        match unexpected {
            Some(address) => Err(stale(format!("{changed}: {address} is not as it was when the plan was shown"))),
            None if !finished.wrote && planned.plan.digest() != promised.digest => {
                Err(stale(format!("{changed}: the plan is not the one that was shown")))
            }
            None => Ok((session, planned)),
        }
    }

    /// Reads and plans again: only an empty second plan is success. It is judged by the time of the first, or what comes into
    /// the window of a selector meanwhile would look like something that apply left undone.
    async fn look_again(
        &self,
        session: Session,
        finished: &mut Finished,
        permissions: &Permissions,
        promised: &Promises,
    ) -> Exit {
        let second = tokio::select! {
            second = self.plan_again(session, permissions, promised) => second,
            () = self.stop.insisted() => {
                finished.ending = Ending::CutOff;
                return Exit::Partial;
            }
        };
        finished.second_look = SecondLook::Failed;
        let plan = match second {
            Ok(Ok(planned)) => planned.plan,
            Ok(Err(_)) => return Exit::Partial,
            Err(failure) => {
                self.tell(failure);
                return Exit::Partial;
            }
        };
        if plan.is_empty() && plan.put_off > 0 {
            finished.second_look = SecondLook::PutOff(plan.put_off);
            return Exit::Differences;
        }
        if plan.is_empty() {
            let unsupported = plan.unsupported.iter().map(|notice| notice.address.to_string()).collect();
            finished.second_look = SecondLook::Clean { unsupported };
            return self.nothing_left(&plan, permissions);
        }
        finished.second_look = SecondLook::Differs {
            left_over: plan.changes.iter().map(|change| change.address.to_string()).collect(),
            blockers: plan.blockers.iter().map(|blocker| blocker.message.clone()).collect(),
        };
        Exit::Partial
    }

    async fn plan_again(
        &self,
        mut session: Session,
        permissions: &Permissions,
        promised: &Promises,
    ) -> Result<Result<Planned, Diagnostics>, Failure> {
        let mut second = self.plan_as_promised(&mut session, permissions, promised).await;
        if second.as_ref().is_err_and(|failure| failure.may_pass) {
            // Reading needs no lock, so a new session will do.
            session = self.connecting().open().await?;
            second = self.plan_as_promised(&mut session, permissions, promised).await;
        }
        // The session ends here, and the lock with the session: a failed release loses nothing.
        let _ = session.unlock().await;
        second
    }

    /// Plans once more what was planned before, judged by the same time and from the same server: the name in the URL may
    /// lead to another one by now, whether the manifest pins an id or not.
    async fn plan_as_promised(
        &self,
        session: &mut Session,
        permissions: &Permissions,
        promised: &Promises,
    ) -> Result<Result<Planned, Diagnostics>, Failure> {
        let again = self.plan(session, permissions, Some(promised.judged)).await?;
        if let (Ok(again), Some(expected)) = (&again, promised.server_id) {
            let found = again.snapshot.server.identity().server_id;
            if found != expected {
                return Err(Failure::new(
                    Exit::Refused,
                    format!("the connection leads to the server {found} now; the plan was made from {expected}"),
                )
                .hint("check where the name of the server leads, then run diff"));
            }
        }
        Ok(again)
    }
}

/// What a server has of each procedure. The verdicts may hang on more than that, on the row of the settings for one.
fn signatures(
    procedures: &BTreeMap<Procedure, ProcedureState>,
) -> impl Iterator<Item = (&Procedure, &Option<String>, &[LiveParameter])> {
    procedures.iter().map(|(procedure, state)| (procedure, &state.live, state.parameters.as_slice()))
}

/// The exit status of a run that did not do everything.
fn exit_of(finished: &Finished) -> Exit {
    match finished.ending {
        Ending::Stale { .. } if !finished.wrote => Exit::Stale,
        Ending::Elsewhere { planned_from, found } if !finished.wrote => {
            if planned_from.server_id == found.server_id {
                Exit::Stale
            } else {
                Exit::Refused
            }
        }
        Ending::Interrupted | Ending::CutOff if !finished.wrote => Exit::Interrupted,
        Ending::Broken(_) if !finished.wrote => Exit::Failure,
        Ending::Complete | Ending::GivenUp { .. } if finished.changed_nothing() => Exit::Failure,
        _ => Exit::Partial,
    }
}

/// What the plan that was shown promises.
struct Promises {
    /// The server that it was made from; none for a plan that gives it another id.
    server_id: Option<Uuid>,
    judged: Judged,
    digest: String,
    changes: BTreeMap<Address, Change>,
}

impl Promises {
    fn new(planned: &Planned) -> Self {
        let plan = &planned.plan;
        let changes = plan.changes.iter().map(|change| (change.address.clone(), change.clone())).collect();
        let server_id = (!plan.changes_identity()).then(|| planned.snapshot.server.identity().server_id);
        Self { server_id, judged: planned.judged(), digest: plan.digest(), changes }
    }

    /// The first change of a new plan that was not promised. An object that nothing was done to yet has to be what it was;
    /// of one that was begun with, a part may be as asked already.
    fn broken_by<'a>(&self, plan: &'a Plan, finished: &Finished) -> Option<&'a Address> {
        let kept = |now: &&Change| {
            let Some(promised) = self.changes.get(&now.address) else { return false };
            let touched = finished.changes.get(&now.address).is_some_and(Finish::was_touched);
            (touched || now.before == promised.before) && is_part_of(now.after.as_ref(), promised.after.as_ref())
        };
        plan.changes.iter().find(|change| !kept(change)).map(|change| &change.address)
    }
}

type Attributes = BTreeMap<String, Attribute>;

/// Whether what a change makes of its object now was promised: an attribute may be missing now because it is so already.
fn is_part_of(now: Option<&Attributes>, promised: Option<&Attributes>) -> bool {
    match (now, promised) {
        (None, None) => true,
        (Some(now), Some(promised)) => now.iter().all(|(name, value)| promised.get(name) == Some(value)),
        _ => false,
    }
}
