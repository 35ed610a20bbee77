//! `wsusctl apply`: lock, read, plan, show, ask, execute, read again.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::arguments::{Apply, Output};
use super::manifests::Loaded;
use super::planning::{self, Planned};
use super::progress::Progress;
use super::report_lost;
use super::server::{Connecting, Sandboxes, not_locked, unreadable};
use super::streams::Streams;
use crate::apply::execute::{Run, execute};
use crate::apply::finished::{Ending, Finished};
use crate::apply::outcome::{End, Outcome};
use crate::failure::{Exit, Failure};
use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::plan::Plan;
use crate::plan::change::ChangeAction;
use crate::plan::permission::{Permission, Permissions};
use crate::report::text::{self, TextOptions};
use crate::report::{json, outcome};
use crate::susdb::preflight::read_procedures;
use crate::susdb::read::ReadError;
use crate::susdb::session::Session;

/// How often a run connects again after it lost its connection.
const RECONNECTS_MAX: u32 = 3;

/// The first pause before that; each further one is longer by as much.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Runs the verb over every manifest, one server after the other.
///
/// # Errors
/// What keeps the run from starting; a server's own failure is reported and the others go on.
pub async fn run(arguments: &Apply, streams: Streams) -> Result<Exit, Failure> {
    let loaded = planning::load_valid(&arguments.manifests, &arguments.reach, arguments.output, streams)?;
    let Some(loaded) = loaded else { return Ok(Exit::Invalid) };
    let stop = stop_on_ctrl_c(streams);
    let sandboxes = Sandboxes::default();
    let mut exit = Exit::Success;
    for index in 0..loaded.servers.len() {
        let one = OneServer { arguments, loaded: &loaded, index, streams, stop: &stop, sandboxes: &sandboxes };
        exit = exit.worse(match one.run().await {
            Ok(exit) => exit,
            Err(failure) => {
                streams.complain(&failure.render());
                failure.exit
            }
        });
    }
    Ok(exit)
}

/// The first Ctrl-C lets the step under way finish; the second ends the program at once.
fn stop_on_ctrl_c(streams: Streams) -> Arc<Stop> {
    let stop = Arc::new(Stop { soon: AtomicBool::new(false), now: tokio::sync::Notify::new() });
    let signalled = Arc::clone(&stop);
    tokio::spawn(async move {
        // Without a handler the program just ends at the first Ctrl-C, which is safe too.
        while tokio::signal::ctrl_c().await.is_ok() {
            if signalled.soon.swap(true, std::sync::atomic::Ordering::Relaxed) {
                signalled.now.notify_waiters();
            } else {
                streams.note("Interrupted: finishing the step under way. Press Ctrl-C again to stop at once.");
            }
        }
    });
    stop
}

/// What Ctrl-C asks for.
struct Stop {
    soon: AtomicBool,
    now: tokio::sync::Notify,
}

struct OneServer<'a> {
    arguments: &'a Apply,
    loaded: &'a Loaded,
    index: usize,
    streams: Streams,
    stop: &'a Stop,
    sandboxes: &'a Sandboxes,
}

impl OneServer<'_> {
    async fn run(&self) -> Result<Exit, Failure> {
        let mut permissions = Permissions::new(self.arguments.allow.iter().copied());
        let Some((session, mut planned)) = self.lock_and_plan(&permissions).await? else { return Ok(Exit::Invalid) };
        self.show(&planned, &permissions)?;
        if planned.plan.is_empty() {
            return Ok(self.nothing_left(&planned.plan, &permissions));
        }
        if !planned.plan.blockers.is_empty() {
            let Some(answered) = self.ask_about_pruning(&planned.plan, &permissions)? else { return Ok(Exit::Refused) };
            permissions = answered;
            planned = planned.with(&permissions);
            if !planned.plan.blockers.is_empty() {
                return Ok(Exit::Refused);
            }
        }
        if planned.plan.steps.is_empty() {
            return Ok(self.nothing_left(&planned.plan, &permissions));
        }
        self.ask(&planned.plan)?;
        self.execute(session, planned, &permissions).await
    }

    fn connecting(&self) -> Connecting<'_> {
        let server = &self.loaded.servers[self.index];
        Connecting {
            server,
            reach: &self.arguments.reach,
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
                    self.streams.note("The connection was lost while reading. Connecting again.");
                    tokio::time::sleep(RECONNECT_PAUSE * attempt).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        unreachable!("the loop ends by returning")
    }

    async fn try_lock_and_plan(&self, permissions: &Permissions) -> Result<Option<(Session, Planned)>, Failure> {
        let mut session = self.open_and_lock().await?;
        let planned = self.plan(&mut session, permissions).await?;
        Ok(planned.map(|planned| (session, planned)))
    }

    async fn plan(&self, session: &mut Session, permissions: &Permissions) -> Result<Option<Planned>, Failure> {
        let desired = &self.loaded.servers[self.index].desired;
        let planned = planning::plan(session, desired, permissions, &self.loaded.sources, self.streams).await?;
        Ok(planned.ok())
    }

    fn show(&self, planned: &Planned, permissions: &Permissions) -> Result<(), Failure> {
        let text = match self.arguments.output {
            Output::Text => {
                planning::show_notices(&planned.plan, &self.loaded.sources, self.streams);
                let (color, width) = (self.streams.color_out, self.streams.width());
                let options = TextOptions { color, width, explain: self.arguments.explain };
                text::render_plan(&planned.plan, &self.loaded.sources, &options)
            }
            Output::Json => {
                let errors = crate::diagnostic::Diagnostics::default();
                let report = [planned.report(permissions)];
                json::render(&report, &errors, &self.loaded.sources, planning::now(), env!("CARGO_PKG_VERSION"))
            }
        };
        self.streams.report(&text).map_err(report_lost)
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
    fn ask_about_pruning(&self, plan: &Plan, given: &Permissions) -> Result<Option<Permissions>, Failure> {
        let only_asks = plan.blockers.iter().all(|blocker| blocker.code == "pruneConfirm");
        if !only_asks || !self.streams.interactive {
            self.streams.complain("Nothing was written: the plan is blocked. Each blocker above says what lifts it.\n");
            return Ok(None);
        }
        let mut permissions: Vec<Permission> = given.given().to_vec();
        for blocker in &plan.blockers {
            self.streams.complain(&format!("{}\n", blocker.message));
            if self.question("Delete them? Only 'yes' will be accepted: ")? != "yes" {
                self.streams.complain("Not confirmed: nothing was written.\n");
                return Ok(None);
            }
            permissions.extend(blocker.permission);
        }
        Ok(Some(Permissions::new(permissions)))
    }

    fn ask(&self, plan: &Plan) -> Result<(), Failure> {
        if self.arguments.yes {
            return Ok(());
        }
        let refused = |summary: &str| Failure::new(Exit::Refused, format!("{summary}; nothing was written"));
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
        if self.question(&prompt)? == expected { Ok(()) } else { Err(refused("not confirmed")) }
    }

    fn question(&self, prompt: &str) -> Result<String, Failure> {
        self.streams.complain(prompt);
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map_err(|error| {
            Failure::new(Exit::Refused, "cannot read the answer; nothing was written").caused_by(error)
        })?;
        Ok(answer.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Executes, recovers from lost connections, and looks again.
    async fn execute(&self, session: Session, planned: Planned, permissions: &Permissions) -> Result<Exit, Failure> {
        let promised = promises(&planned.plan);
        let mut finished = Finished::default();
        let (mut session, mut current) = (session, planned);
        for reconnects in 0.. {
            let Some(outcome) = self.execute_once(&mut session, &current, finished.wrote).await? else {
                self.streams.complain("Stopped at once. What the call under way did is not known: run apply again.\n");
                return Ok(Exit::Partial);
            };
            let lost = matches!(outcome.end, End::Lost(_));
            finished.add(&current.plan, outcome);
            if !lost || reconnects == RECONNECTS_MAX {
                break;
            }
            self.streams.note("The connection was lost. Connecting again, taking the lock again and reading again.");
            tokio::time::sleep(RECONNECT_PAUSE * (reconnects + 1)).await;
            match self.take_up_again(&promised, permissions).await {
                Ok(Some(again)) => (session, current) = again,
                Ok(None) => break,
                Err(failure) => {
                    self.streams.complain(&failure.render());
                    break;
                }
            }
            finished.planned_again(&current.plan);
        }
        let exit = self.look_again(session, &mut finished, permissions).await?;
        let text = outcome::render(&finished);
        match self.arguments.output {
            Output::Text => self.streams.report(&text).map_err(report_lost)?,
            Output::Json => self.streams.complain(&text),
        }
        Ok(exit)
    }

    /// Compares the signatures once more under the lock, then executes. None where the user ended it at once.
    async fn execute_once(
        &self,
        session: &mut Session,
        planned: &Planned,
        wrote: bool,
    ) -> Result<Option<Outcome>, Failure> {
        match read_procedures(session).await {
            Ok(live) if live == planned.snapshot.procedures => {}
            Ok(_) => {
                let exit = if wrote { Exit::Partial } else { Exit::Stale };
                return Err(Failure::new(exit, "a stored procedure changed its signature since the plan was made")
                    .hint("was WSUS updated just now? run apply again"));
            }
            Err(ReadError::Query(lost)) if lost.fate_unknown() => {
                return Ok(Some(Outcome::not_begun(&planned.plan, End::Lost(Box::new(lost)))));
            }
            Err(error) => return Err(unreadable(error)),
        }
        let mut progress = Progress::new(&planned.plan, self.streams);
        let mut observe = |event| progress.observe(event);
        let run = Run {
            plan: &planned.plan,
            procedures: &planned.snapshot.procedures,
            admin_name: &planned.snapshot.server.login,
            stop: &self.stop.soon,
            observe: &mut observe,
        };
        Ok(tokio::select! {
            outcome = execute(session, run) => Some(outcome),
            () = self.stop.now.notified() => None,
        })
    }

    /// After a lost connection: a new session, the lock, a new read and a new plan. Goes on only if what is left is part
    /// of what was shown.
    async fn take_up_again(
        &self,
        promised: &BTreeMap<Address, Promise>,
        permissions: &Permissions,
    ) -> Result<Option<(Session, Planned)>, Failure> {
        let mut session = self.open_and_lock().await?;
        let Some(planned) = self.plan(&mut session, permissions).await? else { return Ok(None) };
        let unexpected =
            promises(&planned.plan).into_iter().find(|(address, now)| !is_part_of(now, promised.get(address)));
        if let Some((address, _)) = unexpected {
            self.streams.complain(&format!(
                "The server changed while the connection was lost: {address} was not part of the plan, or is to become \
                 something else. Stopping here; run diff to see what is left.\n"
            ));
            return Ok(None);
        }
        if !planned.plan.blockers.is_empty() {
            self.streams.complain("What is left to do is blocked now. Stopping here; run diff to see why.\n");
            return Ok(None);
        }
        Ok(Some((session, planned)))
    }

    /// Reads and plans again: only an empty second plan is success.
    async fn look_again(
        &self,
        mut session: Session,
        finished: &mut Finished,
        permissions: &Permissions,
    ) -> Result<Exit, Failure> {
        if !finished.is_clean() {
            return Ok(exit_of(finished));
        }
        let mut second = self.plan(&mut session, permissions).await;
        if second.as_ref().is_err_and(|failure| failure.may_pass) {
            // Reading needs no lock, so a new session will do.
            session = self.connecting().open().await?;
            second = self.plan(&mut session, permissions).await;
        }
        let planned = match second {
            Ok(Some(planned)) => planned,
            Ok(None) => return Ok(Exit::Partial),
            Err(failure) => {
                self.streams.complain(&failure.render());
                return Ok(Exit::Partial);
            }
        };
        // The session ends with the program, and the lock with the session: a failed release loses nothing.
        let _ = session.unlock().await;
        if planned.plan.is_empty() {
            finished.verified = true;
            return Ok(self.nothing_left(&planned.plan, permissions));
        }
        finished.left_over = planned.plan.changes.iter().map(|change| change.address.to_string()).collect();
        Ok(Exit::Partial)
    }
}

/// The exit status of a run that did not do everything.
fn exit_of(finished: &Finished) -> Exit {
    match finished.ending {
        Ending::Stale { .. } if !finished.wrote => Exit::Stale,
        Ending::Interrupted if !finished.wrote => Exit::Interrupted,
        Ending::Broken(_) if !finished.wrote => Exit::Failure,
        Ending::Complete if finished.changed_nothing() => Exit::Failure,
        _ => Exit::Partial,
    }
}

/// What a plan promises to make of an object.
type Promise = Option<BTreeMap<String, Attribute>>;

fn promises(plan: &Plan) -> BTreeMap<Address, Promise> {
    plan.changes.iter().map(|change| (change.address.clone(), change.after.clone())).collect()
}

/// Whether what a change makes of its object now was promised: an attribute may be missing now because it is so already.
fn is_part_of(now: &Promise, promised: Option<&Promise>) -> bool {
    match (now, promised) {
        (None, Some(None)) => true,
        (Some(now), Some(Some(promised))) => now.iter().all(|(name, value)| promised.get(name) == Some(value)),
        _ => false,
    }
}
