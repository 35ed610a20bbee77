//! Compares what is declared with what was read, and says what to do about it.
//!
//! Sync, total and pure: no IO, no clock, no random. The same inputs in any order give the same plan.

mod aftermath;
mod annotate;
mod approvals;
pub mod change;
mod context;
mod database_roles;
mod declines;
mod digest;
mod downstream_servers;
mod draft;
pub mod explain;
mod groups;
mod guards;
mod identity;
mod inheritance;
mod memberships;
mod notifications;
pub mod permission;
mod reach;
mod reinstatement;
mod renamed;
pub mod rule_run;
mod rules;
mod scope_check;
mod settings;
pub mod simulate;
pub mod step;
mod superseded;
mod support;
mod synchronization;
mod takeaway;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use self::annotate::impact_scope;
use self::approvals::Takeaway;
use self::change::{Change, ChangeAction};
use self::context::Context;
use self::draft::Draft;
use self::explain::Explained;
use self::identity::Identity;
use self::permission::{Permission, Permissions};
use self::reach::Reach;
use self::step::Step;
use crate::model::address::{Address, Kind};
use crate::model::desired::Notifications;
use crate::model::origin::Origin;
use crate::model::resolved::{Notice, Resolved, ResolvedDownstreamServer, ResolvedEntry, ResolvedSettings};
use crate::model::snapshot::Snapshot;

/// What a plan is judged by besides manifest and snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The time that deadlines are judged by, UTC.
    pub now: DateTime<Utc>,
    /// What the user permitted.
    pub permissions: Permissions,
}

/// What differs, what to do about it, and what stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// `metadata.name` of the manifest.
    pub server_name: String,
    /// The live server's id.
    pub server_id: Uuid,
    /// When the snapshot was taken.
    pub taken_at: DateTime<Utc>,
    /// The time that the user chose to judge by; none where that was the server's own.
    pub now: Option<DateTime<Utc>>,
    /// Every difference, in the order of reports: groups (parents before children), memberships, approvals, declines,
    /// rules, downstream servers, deletions of groups last.
    pub changes: Vec<Change>,
    /// What to execute, in order. Empty where there are no changes.
    pub steps: Vec<Step>,
    /// What forbids execution.
    pub blockers: Vec<Blocker>,
    /// Declared, and not done: it cannot be done through this connection, or needs a permission that the rest does not wait
    /// for.
    pub unsupported: Vec<Notice>,
    /// True, and not repairable from here.
    pub findings: Vec<Notice>,
    /// Deserves a look.
    pub warnings: Vec<Notice>,
    /// Waits for something outside.
    pub pending: Vec<Notice>,
    /// What each entry came to.
    pub entries: Vec<ResolvedEntry>,
    /// The declared downstream servers with what the server knows of them.
    pub downstream_servers: Vec<ResolvedDownstreamServer>,
    /// Groups, rules and downstream servers that nothing declares and the plan leaves alone, by name, sorted.
    pub undeclared: BTreeMap<Kind, Vec<String>>,
    /// Display only: more about the entries, once asked for.
    pub explained: Option<Explained>,
    /// Changes, blockers and what is unsupported that wait for another run, because this one changes the server's id.
    pub put_off: usize,
    /// The numbers.
    pub summary: Summary,
}

/// What forbids a plan's execution until a permission is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// The object, or the kind as a whole.
    pub subject: BlockerSubject,
    /// A stable word: `deletePercent`, `pruneConfirm`, `pruneToEmpty`, `license`, `expired`, `pastDeadline`, `highRisk`, ...
    pub code: &'static str,
    /// The message for people, with the arithmetic where there is one.
    pub message: String,
    /// The permission that lifts it; none where only another manifest does.
    pub permission: Option<Permission>,
    /// The place that declared it, if one did.
    pub origin: Option<Origin>,
}

/// What a blocker is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockerSubject {
    /// One object.
    Object(Address),
    /// All objects of a kind.
    Kind(Kind),
}

/// The numbers of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Changes that create.
    pub create: usize,
    /// Changes that modify.
    pub modify: usize,
    /// Changes that delete.
    pub delete: usize,
    /// Declared objects by kind.
    pub managed: BTreeMap<Kind, u64>,
    /// Objects on the server that nothing declares, by kind.
    pub unmanaged: BTreeMap<Kind, u64>,
    /// Approvals and declines kept because they only fell out of a condition.
    pub lapsed: u64,
    /// Undeclared approvals that WSUS made itself.
    pub automatic: u64,
    /// Updates that a decline selector would take and an approval keeps.
    pub kept: u64,
    /// Updates that entries left out.
    pub skipped: u64,
    /// Objects hidden by `management.ignore`.
    pub ignored: u64,
    /// Entries of `pending`.
    pub pending: u64,
}

/// Compares a resolved manifest with a snapshot.
///
/// Total: whatever cannot be done is in the plan as a blocker or as unsupported. Whether the snapshot is of the server
/// that the manifest pins is the caller's to check before.
#[must_use]
pub fn plan(resolved: &Resolved, snapshot: &Snapshot, policy: &Policy) -> Plan {
    let resolved = &*reinstatement::permitted(resolved, policy);
    let live = Context::new(resolved, snapshot, policy);
    let identity = identity::declared(&live);
    let settings = settings::declared(&live);
    // Settings are saved first, so everything else meets the server in the mode that they give it.
    let snapshot = &*snapshot.in_mode_of(&settings.cells());
    let context = Context::new(resolved, snapshot, policy);
    let synchronization = synchronization::declared(&context);
    let notifications = notifications::declared(&context);
    let roles = database_roles::declared(&context);
    let drafts = settings.drafts.into_iter().chain(synchronization.drafts).chain(notifications.drafts);
    let drafts = drafts.chain(roles.drafts);
    let drafts = drafts.chain(draft_all(&context)).collect();
    let (mut drafts, refused) = support::split(&context, drafts);
    draft::sort(&mut drafts);
    let mut unsupported = groups::misplaced(&context);
    unsupported.extend(settings.unsupported);
    unsupported.extend(synchronization.unsupported);
    unsupported.extend(notifications.unsupported);
    unsupported.extend(roles.unsupported);
    unsupported.extend(refused);
    unsupported.extend(reinstatement::left(&context));
    unsupported.sort_by_key(|notice| (notice.address.kind(), notice.address.clone(), notice.code));
    let reach = reach::count(&context);
    let summary = summarize(&context, &drafts, &reach);
    let undeclared = reach::left_alone(&context, &drafts, &reach);
    let mut blockers = scope_check::blockers(&context);
    blockers.extend(guards::blockers(&context, &drafts, &reach));
    blockers.extend(rules::bereft(&context, &drafts));
    for draft in &mut drafts {
        blockers.append(&mut draft.blockers);
    }
    blockers.sort();
    blockers.dedup();
    inheritance::annotate(&context, &mut drafts);
    let aftermath = aftermath::of(&context, &drafts);
    let (changes, steps) = draft::assemble(drafts);
    let mut plan = Plan {
        server_name: resolved.server_name.clone(),
        server_id: snapshot.server.server_id,
        taken_at: snapshot.taken_at,
        now: None,
        changes,
        steps,
        blockers,
        unsupported,
        findings: resolved.findings.clone(),
        warnings: [
            hidden(&context),
            resolved.warnings.clone(),
            superseded::notes(&context),
            renamed::notes(&context),
            aftermath,
        ]
        .concat(),
        pending: resolved.pending.clone(),
        entries: resolved.entries.clone(),
        downstream_servers: resolved.downstream_servers.clone(),
        undeclared,
        explained: None,
        put_off: 0,
        summary,
    };
    match identity {
        Some(Identity::Changes(draft)) => identity::alone(&live, *draft, plan),
        Some(Identity::Unsupported(notice)) => {
            plan.unsupported.insert(0, notice);
            plan
        }
        None => plan,
    }
}

fn draft_all(context: &Context<'_>) -> Vec<Draft> {
    let declining = declines::declining(context);
    let nothing = BTreeSet::new();
    let takeaway = Takeaway { declining: &declining, doomed: groups::doomed(context).unwrap_or(&nothing) };
    let mut drafts = groups::creations(context);
    drafts.extend(memberships::declared(context));
    drafts.extend(memberships::pruned(context));
    drafts.extend(approvals::declared(context, &takeaway));
    drafts.extend(approvals::pruned(context, &takeaway));
    drafts.extend(declines::declared(context));
    drafts.extend(declines::reinstated(context));
    drafts.extend(rules::declared(context));
    drafts.extend(rules::pruned(context));
    drafts.extend(downstream_servers::pruned(context));
    drafts.extend(groups::deletions(context));
    drafts
}

/// Notes about declared objects that `management.ignore` hides.
fn hidden(context: &Context<'_>) -> Vec<Notice> {
    let resolved = context.resolved;
    let groups = resolved.groups.iter().map(|group| (Address::Group(group.name.clone()), group.origin));
    let memberships = resolved.memberships.iter().filter_map(|(id, membership)| {
        let computer = context.snapshot.computers.get(id)?;
        Some((Address::Membership(computer.name.clone()), membership.origin))
    });
    let approvals = resolved
        .approvals
        .iter()
        .map(|((update, group), approval)| (context.approval_address(*update, group), approval.origin));
    let declines = resolved.declines.iter().map(|(update, decline)| (Address::Decline(*update), decline.origin));
    if resolved.management.ignore.is_empty() {
        return Vec::new();
    }
    let rules = resolved.rules.iter().map(|rule| (Address::Rule(rule.name.clone()), rule.origin));
    let identity = resolved.identity.map(|identity| (Address::ServerId, identity.server_id.origin));
    let settings = resolved.settings.iter().flat_map(ResolvedSettings::places);
    let settings = settings.chain(resolved.notifications.iter().flat_map(Notifications::places));
    let settings = settings.map(|(path, origin)| (Address::Setting(path), origin));
    let roles = resolved.database_roles.iter();
    let roles = roles.map(|(role, declared)| (Address::Setting(role.path()), declared.origin));
    let settings = identity.into_iter().chain(settings).chain(roles);
    let declared = settings.chain(groups).chain(memberships).chain(approvals).chain(declines).chain(rules);
    let hidden = declared.filter(|(address, _)| context.ignores(address)).map(|(address, origin)| Notice {
        address,
        code: "ignored",
        message: "declared, and hidden by `management.ignore`: nothing is done about it".to_owned(),
        origin: Some(origin),
    });
    let mut hidden: Vec<Notice> = hidden.collect();
    hidden.sort_by(|a, b| a.address.cmp(&b.address));
    hidden
}

fn summarize(context: &Context<'_>, drafts: &[Draft], reach: &BTreeMap<Kind, Reach>) -> Summary {
    let count = |action| drafts.iter().filter(|draft| draft.change.action == action).count();
    // What pruning takes is a change, so it does not count as left alone as well.
    let pruned = |kind, automatic: bool| {
        let of_kind = drafts.iter().filter(|draft| draft.pruned.is_some() && draft.change.address.kind() == kind);
        of_kind.filter(|draft| draft.automatic == automatic).count() as u64
    };
    let along = takeaway::count(context, drafts);
    let left = |kind: Kind, unmanaged: u64| {
        let along = if kind == Kind::Approval { along.unmanaged } else { 0 };
        unmanaged.saturating_sub(pruned(kind, false) + along)
    };
    Summary {
        create: count(ChangeAction::Create),
        modify: count(ChangeAction::Modify),
        delete: count(ChangeAction::Delete),
        managed: reach.iter().map(|(kind, reach)| (*kind, reach.managed)).collect(),
        unmanaged: reach.iter().map(|(kind, reach)| (*kind, left(*kind, reach.unmanaged))).collect(),
        lapsed: reach.values().map(|reach| reach.lapsed).sum(),
        automatic: reach
            .iter()
            .map(|(kind, reach)| reach.automatic.saturating_sub(pruned(*kind, true)))
            .sum::<u64>()
            .saturating_sub(along.automatic),
        kept: context.resolved.entries.iter().flat_map(|entry| &entry.kept).collect::<BTreeSet<&Uuid>>().len() as u64,
        skipped: context.resolved.entries.iter().map(skipped_updates).sum(),
        ignored: reach.values().map(|reach| reach.ignored).sum(),
        pending: context.resolved.pending.len() as u64,
    }
}

fn skipped_updates(entry: &ResolvedEntry) -> u64 {
    let updates = entry.skipped.iter().filter_map(|notice| match &notice.address {
        Address::Approval { update, .. } | Address::Decline(update) => Some(update),
        _ => None,
    });
    updates.collect::<BTreeSet<&Uuid>>().len() as u64
}

impl Plan {
    /// Whether there is nothing to do: no changes and no blockers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.blockers.is_empty()
    }

    /// Whether `diff` has something to report: changes, blockers, what is unsupported or what waits for another run.
    #[must_use]
    pub fn has_differences(&self) -> bool {
        !self.is_empty() || !self.unsupported.is_empty() || self.put_off > 0
    }
}
