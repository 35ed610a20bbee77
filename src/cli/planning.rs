//! The way from a connection to a plan.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::against::Against;
use super::arguments::{Manifests, Output, Planning, Reach};
use super::manifests::{Loaded, load};
use super::report_lost;
use super::streams::Streams;
use crate::diagnostic::{Diagnostics, Sources};
use crate::failure::{Exit, Failure};
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::impact::Impact;
use crate::model::object::ServerClock;
use crate::model::resolved::Resolved;
use crate::model::snapshot::Snapshot;
use crate::plan::permission::Permissions;
use crate::plan::{Plan, Policy};
use crate::report::json::ServerReport;
use crate::report::text::{self, TextOptions};
use crate::report::{self, diagnostics};
use crate::saved::Saved;
use crate::susdb::read;
use crate::susdb::session::Session;
use crate::{plan, resolve};

/// A plan and what it was made from.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The manifest with ids, to plan again with more permissions.
    pub resolved: Resolved,
    /// What was read.
    pub snapshot: Snapshot,
    /// What the plan was judged by.
    judged: Judged,
    /// What was read about the plan's changes, once it was.
    impact: Option<Impact>,
    /// The file that the snapshot was saved in; none where a server was asked.
    against: Option<String>,
}

/// The time that a plan is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    /// The time.
    now: DateTime<Utc>,
    /// The user chose it.
    chosen: bool,
    /// The run changes the server's id, and nothing else.
    identity: bool,
}

impl Judged {
    /// The time that the user chose.
    pub fn chosen(now: DateTime<Utc>) -> Self {
        Self { now, chosen: true, identity: false }
    }

    /// The time.
    pub fn now(self) -> DateTime<Utc> {
        self.now
    }
}

impl Planned {
    /// The time that the plan was judged by: a plan that is compared with this one has to be judged by the same.
    pub fn judged(&self) -> Judged {
        Judged { identity: self.judged.identity || self.plan.changes_identity(), ..self.judged }
    }

    /// The plan as the JSON report wants it.
    pub fn report(&self, permissions: &Permissions) -> ServerReport<'_> {
        let permissions = permissions.given().iter().map(ToString::to_string).collect();
        ServerReport { plan: &self.plan, digest: self.plan.digest(), permissions, against: self.against.as_deref() }
    }

    /// The same with other permissions.
    pub fn with(self, permissions: &Permissions) -> Self {
        let Self { resolved, snapshot, judged, impact, against, plan: _ } = self;
        let mut plan = plan_with(&resolved, &snapshot, judged, permissions);
        if let Some(impact) = &impact {
            plan.annotate(impact);
        }
        Self { plan, resolved, snapshot, judged, impact, against }
    }

    /// Makes a plan ready to be shown: reads what its changes come to, where any is about an update, and explains its
    /// entries where that is wanted. Nothing depends on that read: it has a connection of its own, and what it does not
    /// bring is shown as unknown.
    pub async fn annotated(mut self, session: &Session, explain: bool) -> Self {
        let scope = plan::impact_scope(&self.plan);
        if !scope.updates.is_empty() {
            let impact = match session.another().await {
                Ok(mut own) => read::read_impact(&mut own, &scope).await,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "what the changes come to cannot be read");
                    Impact::default()
                }
            };
            self.plan.annotate(&impact);
            self.impact = Some(impact);
        }
        self.explained(explain)
    }

    /// Likewise, with what was read before.
    pub fn annotated_with(mut self, impact: Impact, explain: bool) -> Self {
        self.plan.annotate(&impact);
        self.impact = Some(impact);
        self.explained(explain)
    }

    fn explained(mut self, explain: bool) -> Self {
        if explain {
            self.plan.explain(&self.resolved, &self.snapshot);
        }
        self
    }
}

/// Reads the manifests and complains about what is wrong with them. None where something is.
///
/// # Errors
/// A path that cannot be read; `--server` with several manifests.
pub fn load_valid(
    manifests: &Manifests,
    reach: &Reach,
    output: Output,
    streams: Streams,
) -> Result<Option<Loaded>, Failure> {
    let mut loaded = load(manifests)?;
    loaded.tell_of_others(streams);
    for server in &loaded.servers {
        if reach.server.is_none() {
            super::server::check_options(&server.desired, &mut loaded.diagnostics);
        }
    }
    loaded.diagnostics.sort();
    show_diagnostics(&loaded.diagnostics, &loaded.sources, streams);
    if loaded.diagnostics.has_errors() {
        if output == Output::Json {
            let document =
                report::json::render(&[], &loaded.diagnostics, &loaded.sources, now(), env!("CARGO_PKG_VERSION"));
            streams.report(&document).map_err(report_lost)?;
        }
        return Ok(None);
    }
    if reach.server.is_some() && loaded.servers.len() > 1 {
        return Err(Failure::new(
            Exit::Invalid,
            format!("--server names one server, and there are {} manifests", loaded.servers.len()),
        )
        .hint("give one manifest with -f, or write each server's URL into its manifest's connection"));
    }
    Ok(Some(loaded))
}

/// Reads the server and plans. Selectors and deadlines are judged by the time that is given, else by the server's clock: it
/// is the server that enforces deadlines. The inner error is what is wrong with the manifest on this server; it has been shown.
///
/// # Errors
/// A server that cannot be read, or another server than the manifest pins (exit 4).
pub async fn plan(
    session: &mut Session,
    desired: &Desired,
    permissions: &Permissions,
    judged: Option<Judged>,
    sources: &Sources,
    streams: Streams,
) -> Result<Result<Planned, Diagnostics>, Failure> {
    check_pin(session, desired, sources).await?;
    let ServerClock(clock) = read::read_clock(session).await.map_err(super::server::unreadable)?;
    let judged = judged.unwrap_or(Judged { now: clock, chosen: false, identity: false });
    let scope = resolve::scope(desired, judged.now);
    let snapshot = read::read_snapshot(session, &scope).await.map_err(super::server::unreadable)?;
    // The plan is made from this read, whatever another one said before.
    check_server_id(snapshot.server.server_id, desired, sources, None)?;
    Ok(plan_from(snapshot, desired, permissions, judged, sources, streams))
}

/// Plans from a snapshot that was saved: nothing is contacted. Without a time that the user chose, this machine's clock says
/// what time it is. The inner error is as with [`plan()`].
///
/// # Errors
/// The snapshot of another server than the manifest pins (exit 4).
pub fn plan_saved(
    against: Against,
    desired: &Desired,
    arguments: &Planning,
    permissions: &Permissions,
    sources: &Sources,
    streams: Streams,
) -> Result<Result<Planned, Diagnostics>, Failure> {
    let Against { file, saved: Saved { tool_version: _, snapshot, impact } } = against;
    check_server_id(snapshot.server.server_id, desired, sources, Some(&file))?;
    let judged = arguments.now.map_or_else(|| Judged { now: now(), chosen: false, identity: false }, Judged::chosen);
    let snapshot = snapshot.within(&resolve::scope(desired, judged.now));
    let planned = plan_from(snapshot, desired, permissions, judged, sources, streams);
    Ok(planned.map(|planned| Planned { against: Some(file), ..planned }.annotated_with(impact, arguments.explain)))
}

fn plan_from(
    snapshot: Snapshot,
    desired: &Desired,
    permissions: &Permissions,
    judged: Judged,
    sources: &Sources,
    streams: Streams,
) -> Result<Planned, Diagnostics> {
    let resolved = match resolve::resolve(desired, &snapshot, judged.now) {
        Ok(resolved) => resolved,
        Err(diagnostics) => {
            show_diagnostics(&diagnostics, sources, streams);
            return Err(diagnostics);
        }
    };
    let plan = plan_with(&resolved, &snapshot, judged, permissions);
    tracing::info!(
        manifest = desired.name,
        changes = plan.changes.len(),
        steps = plan.steps.len(),
        blockers = plan.blockers.len(),
        "planned"
    );
    Ok(Planned { plan, resolved, snapshot, judged, impact: None, against: None })
}

fn plan_with(resolved: &Resolved, snapshot: &Snapshot, judged: Judged, permissions: &Permissions) -> Plan {
    let Judged { now, chosen, identity } = judged;
    let policy = Policy { now, permissions: permissions.clone() };
    let mut plan = plan::plan(resolved, snapshot, &policy);
    plan.now = chosen.then_some(now);
    if identity && !plan.changes_identity() {
        plan.put_off();
    }
    plan
}

/// A server with another id stops the run before anything else is read: a copied manifest or a wrong URL must not
/// rewrite the wrong server.
///
/// # Errors
/// Another server (exit 4), or one that cannot be read.
pub async fn check_pin(session: &mut Session, desired: &Desired, sources: &Sources) -> Result<(), Failure> {
    if desired.server_id.is_none() {
        return Ok(());
    }
    let live = read::read_server_id(session).await.map_err(super::server::unreadable)?;
    check_server_id(live, desired, sources, None)
}

/// Whether the live server still has the id that the manifest replaces: then nothing else belongs into the run.
///
/// # Errors
/// A server that cannot be read.
pub async fn may_change_identity(session: &mut Session, desired: &Desired) -> Result<bool, Failure> {
    let Some(replaces) = desired.replaces else { return Ok(false) };
    if desired.management.ignores(&Address::ServerId.to_string()) {
        return Ok(false);
    }
    let live = read::read_server_id(session).await.map_err(super::server::unreadable)?;
    Ok(live == replaces.value)
}

/// The server that a manifest pins is the one with this id, which a live server says, or the file of a snapshot. Every read
/// that something is made from is checked: an id that was read before may have been another server's.
///
/// # Errors
/// Another server (exit 4).
pub fn check_server_id(
    live: Uuid,
    desired: &Desired,
    sources: &Sources,
    snapshot: Option<&str>,
) -> Result<(), Failure> {
    let Some(pin) = desired.server_id else { return Ok(()) };
    if live == pin.value || desired.replaces.is_some_and(|replaces| live == replaces.value) {
        return Ok(());
    }
    let or = desired.replaces.map(|replaces| format!(" in place of {}", replaces.value)).unwrap_or_default();
    let file = sources.get(pin.origin.source).map_or("manifest", |source| source.name.as_str());
    let pins = format!("{file}:{} pins identity.serverId {}{or}", pin.origin.line, pin.value);
    if let Some(snapshot) = snapshot {
        let message = format!("{snapshot} is a snapshot of another server: {pins}, the snapshot is of {live}");
        return Err(Failure::new(Exit::Refused, message)
            .hint("name the snapshot of that server with --against, or write the right serverId into the manifest"));
    }
    Err(Failure::new(Exit::Refused, format!("this is another server: {pins}, the server has {live}"))
        .hint("check the connection's URL, or write the right serverId into the manifest"))
}

/// Shows what is wrong with the manifests on standard error.
pub fn show_diagnostics(problems: &Diagnostics, sources: &Sources, streams: Streams) {
    if problems.has_errors() || !streams.quiet {
        streams.complain(&diagnostics::render(problems, sources, streams.color_err, streams.width_err()));
    }
}

/// A plan as text, after what was permitted to it.
pub fn plan_text(
    planned: &Planned,
    permissions: &Permissions,
    sources: &Sources,
    explain: bool,
    streams: Streams,
) -> String {
    let options = TextOptions { color: streams.color_out, width: streams.width(), explain };
    let against = planned.against.as_ref().map_or_else(String::new, |file| {
        text::render_against(file, planned.plan.taken_at, planned.judged.now, &options)
    });
    text::render_permissions(permissions, &options) + &against + &text::render_plan(&planned.plan, sources, &options)
}

/// Shows a plan's warnings on standard error.
pub fn show_notices(plan: &Plan, sources: &Sources, streams: Streams) {
    let options = TextOptions { color: streams.color_err, width: streams.width_err(), explain: false };
    let notices = text::render_notices(&plan.warnings, sources, &options);
    if !notices.is_empty() && !streams.quiet {
        streams.complain(&notices);
    }
}

/// The time now, for `evaluatedAt`.
#[must_use]
pub fn now() -> DateTime<Utc> {
    DateTime::from(SystemTime::now())
}
