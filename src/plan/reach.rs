//! What is on the server: declared, undeclared, out of our business. The denominators of limits and the numbers of
//! summaries.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::approvals;
use super::change::ChangeAction;
use super::context::Context;
use super::draft::Draft;
use super::groups::{declarable, is_declared};
use super::{downstream_servers as servers, memberships, rules, synchronization};
use crate::model::address::{Address, Kind};
use crate::model::management::Prune;
use crate::model::name::fold;
use crate::model::resolved::GroupReference;

/// Objects of a kind by how the plan stands to them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// Declared objects, there or not.
    pub(super) managed: u64,
    /// Declared objects that are there, and those that a declaration takes away.
    pub(super) managed_live: u64,
    /// Objects on the server that nothing declares and no number below counts.
    pub(super) unmanaged: u64,
    /// Of these the ones that pruning looks at.
    pub(super) prunable: u64,
    /// Undeclared approvals that WSUS itself made.
    pub(super) automatic: u64,
    /// Approvals and declines that only fell out of a condition, without what `management.ignore` hides.
    pub(super) lapsed: u64,
    /// Objects that `management.ignore` hides.
    pub(super) ignored: u64,
}

/// Counts every kind.
pub(super) fn count(context: &Context<'_>) -> BTreeMap<Kind, Reach> {
    // Of rules a manifest that is not about them says nothing: they may not have been read.
    let about_rules =
        !context.resolved.rules.is_empty() || context.resolved.management.prune(Kind::Rule) != Prune::Never;
    let rules = about_rules.then(|| (Kind::Rule, approval_rules(context)));
    let counted = BTreeMap::from([
        (Kind::Setting, settings(context)),
        (Kind::Group, groups(context)),
        (Kind::Membership, computers(context)),
        (Kind::Approval, pairs(context)),
        (Kind::Decline, declines(context)),
    ]);
    let about_servers = !context.resolved.downstream_servers.is_empty()
        || context.resolved.management.prune(Kind::Downstream) != Prune::Never;
    let servers = about_servers.then(|| (Kind::Downstream, downstream_servers(context)));
    let identity =
        context.resolved.identity.map(|_| (Kind::Identity, Reach { managed: 1, managed_live: 1, ..Reach::default() }));
    counted.into_iter().chain(identity).chain(rules).chain(servers).collect()
}

/// The names of groups, rules and downstream servers that nothing declares and no change deletes, sorted. Of the other kinds
/// there may be hundreds of thousands, and not all of them were read.
pub(super) fn left_alone(
    context: &Context<'_>,
    drafts: &[Draft],
    reach: &BTreeMap<Kind, Reach>,
) -> BTreeMap<Kind, Vec<String>> {
    let deletions = drafts.iter().filter(|draft| draft.change.action == ChangeAction::Delete);
    let deleted: BTreeSet<&Address> = deletions.map(|draft| &draft.change.address).collect();
    let left = |address: &Address| !context.ignores(address) && !deleted.contains(address);
    let groups = declarable(context).filter(|group| !is_declared(context, group));
    let groups = groups.filter(|group| left(&Address::Group(group.name.clone()))).map(|group| group.name.clone());
    let rules = rules::undeclared(context).filter(|rule| left(&Address::Rule(rule.name.clone())));
    let servers = servers::undeclared(context).filter(|entry| !servers::is_hidden(context, entry));
    let servers = servers.filter(|entry| entry.addresses().all(|address| left(&address)));
    let named = [
        (Kind::Group, groups.collect()),
        (Kind::Rule, rules.map(|rule| rule.name.clone()).collect::<Vec<String>>()),
        (Kind::Downstream, servers.map(|entry| entry.name.clone()).collect()),
    ];
    let mut named: BTreeMap<Kind, Vec<String>> =
        named.into_iter().filter(|(kind, names)| reach.contains_key(kind) && !names.is_empty()).collect();
    named.values_mut().for_each(|names| names.sort_by_cached_key(|name| (fold(name), name.clone())));
    named
}

fn downstream_servers(context: &Context<'_>) -> Reach {
    let declared = &context.resolved.downstream_servers;
    let (mut ignored, mut unmanaged) = (0, 0);
    for entry in servers::undeclared(context) {
        *(if servers::is_hidden(context, entry) { &mut ignored } else { &mut unmanaged }) += 1;
    }
    Reach {
        managed: declared.len() as u64,
        managed_live: declared.iter().filter(|server| server.live.is_some()).count() as u64,
        unmanaged,
        prunable: if prunes(context, Kind::Downstream) { unmanaged } else { 0 },
        ignored,
        ..Reach::default()
    }
}

fn approval_rules(context: &Context<'_>) -> Reach {
    let mut reach = Reach::default();
    for rule in &context.resolved.rules {
        if context.ignores(&Address::Rule(rule.name.clone())) {
            reach.ignored += 1;
            continue;
        }
        reach.managed += 1;
        reach.managed_live += u64::from(rule.id.is_some());
    }
    for rule in rules::undeclared(context) {
        if context.ignores(&Address::Rule(rule.name.clone())) {
            reach.ignored += 1;
        } else {
            reach.unmanaged += 1;
        }
    }
    reach.prunable = if prunes(context, Kind::Rule) { reach.unmanaged } else { 0 };
    reach
}

/// Settings have no share that could be too large, and what is undeclared of them is not counted.
fn settings(context: &Context<'_>) -> Reach {
    let settings = context.resolved.settings.iter().flat_map(|declared| declared.places()).map(|(path, _)| path);
    let synchronization = context.resolved.synchronization.iter().flat_map(synchronization::paths);
    let notifications = context.resolved.notifications.iter().flat_map(|declared| declared.places());
    let notifications = notifications.map(|(path, _)| path);
    let roles = &context.resolved.database_roles;
    // A member is declared to have its login, too.
    let users: BTreeSet<&String> = roles.values().flat_map(|members| &members.value).collect();
    let users = users.into_iter().map(|name| Address::DatabaseUser(name.clone()));
    let paths = settings.chain(synchronization).chain(notifications).chain(roles.keys().map(|role| role.path()));
    let (ignored, managed): (Vec<Address>, Vec<Address>) =
        paths.map(Address::Setting).chain(users).partition(|address| context.ignores(address));
    let managed = managed.len() as u64;
    Reach { managed, managed_live: managed, ignored: ignored.len() as u64, ..Reach::default() }
}

fn groups(context: &Context<'_>) -> Reach {
    let mut reach = Reach::default();
    for group in &context.resolved.groups {
        if context.ignores(&Address::Group(group.name.clone())) {
            reach.ignored += 1;
            continue;
        }
        reach.managed += 1;
        reach.managed_live += u64::from(matches!(group.group, GroupReference::Existing(_)));
    }
    for group in declarable(context).filter(|group| !is_declared(context, group)) {
        if context.ignores(&Address::Group(group.name.clone())) {
            reach.ignored += 1;
        } else {
            reach.unmanaged += 1;
        }
    }
    reach.prunable = if prunes(context, Kind::Group) { reach.unmanaged } else { 0 };
    reach
}

fn computers(context: &Context<'_>) -> Reach {
    let mut reach = Reach::default();
    let computers = &context.snapshot.computers;
    let ignores = |id: i32| {
        computers.get(&id).is_some_and(|computer| context.ignores(&Address::Membership(computer.name.clone())))
    };
    for id in context.resolved.memberships.keys().copied() {
        if ignores(id) {
            reach.ignored += 1;
            continue;
        }
        reach.managed += 1;
        reach.managed_live += u64::from(!memberships::live_groups(context, id).is_empty());
    }
    if !context.snapshot.scope.computers {
        reach.unmanaged = context.snapshot.totals.grouped_computers;
        return reach;
    }
    for id in context.grouped_computers().filter(|id| !context.resolved.memberships.contains_key(id)) {
        if ignores(id) {
            reach.ignored += 1;
        } else {
            reach.unmanaged += 1;
        }
    }
    if prunes(context, Kind::Membership) {
        let undeclared = memberships::undeclared(context).filter(|computer| !ignores(computer.target_id));
        reach.prunable = undeclared.count() as u64;
    }
    reach
}

fn pairs(context: &Context<'_>) -> Reach {
    let mut reach = Reach::default();
    let (mut live_declared, mut live_declared_automatic) = (0, 0);
    for (update, group) in context.resolved.approvals.keys() {
        let rows = context.approvals_of(*update, group);
        let live = u64::from(!rows.is_empty());
        live_declared += live;
        live_declared_automatic += u64::from(live == 1 && Context::is_automatic(rows));
        if context.ignores(&context.approval_address(*update, group)) {
            reach.ignored += 1;
            continue;
        }
        reach.managed += 1;
        reach.managed_live += live;
    }
    let hidden = |(update, group): &&(Uuid, Uuid)| {
        context.ignores(&context.approval_address(*update, &GroupReference::Existing(*group)))
    };
    let lapsed = &context.resolved.lapsed;
    let ignored = lapsed.iter().filter(hidden).count() as u64;
    reach.lapsed = lapsed.len() as u64 - ignored;
    reach.ignored += ignored;
    let management = &context.resolved.management;
    if context.snapshot.scope.approved_updates {
        for ((update, group), rows) in approvals::undeclared(context) {
            if context.ignores(&context.approval_address(update, &GroupReference::Existing(group))) {
                reach.ignored += 1;
            } else if Context::is_automatic(rows) {
                reach.automatic += 1;
            } else {
                reach.unmanaged += 1;
            }
        }
        if prunes(context, Kind::Approval) {
            reach.prunable += reach.unmanaged;
        }
        if management.prune_automatic_approvals != Prune::Never && !context.snapshot.server.replica {
            reach.prunable += reach.automatic;
        }
    } else {
        let totals = &context.snapshot.totals;
        let lapsed_automatic = lapsed
            .iter()
            .map(|(update, group)| context.approvals_of(*update, &GroupReference::Existing(*group)))
            .filter(|rows| Context::is_automatic(rows))
            .count() as u64;
        reach.automatic = totals.automatic_approvals.saturating_sub(live_declared_automatic + lapsed_automatic);
        reach.unmanaged = totals.approvals.saturating_sub(live_declared + lapsed.len() as u64 + reach.automatic);
    }
    reach
}

fn declines(context: &Context<'_>) -> Reach {
    let mut reach = Reach::default();
    let mut live_declared = 0;
    let is_declined = |id: &Uuid| context.snapshot.updates.get(id).is_some_and(|update| update.declined);
    for id in context.resolved.declines.keys() {
        let live = u64::from(is_declined(id));
        live_declared += live;
        if context.ignores(&Address::Decline(*id)) {
            reach.ignored += 1;
            continue;
        }
        reach.managed += 1;
        reach.managed_live += live;
    }
    // A decline that an approval takes back is there, and its end is declared.
    let taken_back: BTreeSet<Uuid> = context
        .resolved
        .approvals
        .iter()
        .filter(|((update, _), approval)| approval.value.action.code().is_some() && is_declined(update))
        .filter(|((update, _), _)| {
            !context.ignores(&Address::Decline(*update)) && !context.resolved.lapsed_declines.contains(update)
        })
        .map(|((update, _), _)| *update)
        .collect();
    reach.managed_live += taken_back.len() as u64;
    let lapsed = &context.resolved.lapsed_declines;
    let ignored = lapsed.iter().filter(|id| context.ignores(&Address::Decline(**id))).count() as u64;
    reach.lapsed = lapsed.len() as u64 - ignored;
    reach.ignored += ignored;
    if context.snapshot.scope.declined_updates {
        let declined = context.snapshot.updates.values().filter(|update| update.declined);
        for update in declined.filter(|update| !context.resolved.declines.contains_key(&update.id)) {
            if taken_back.contains(&update.id) || lapsed.contains(&update.id) {
                continue;
            }
            if context.ignores(&Address::Decline(update.id)) {
                reach.ignored += 1;
            } else {
                reach.unmanaged += 1;
            }
        }
        reach.prunable = if prunes(context, Kind::Decline) { reach.unmanaged } else { 0 };
    } else {
        let known = live_declared + taken_back.len() as u64 + lapsed.len() as u64;
        reach.unmanaged = context.snapshot.totals.declines.saturating_sub(known);
    }
    reach
}

/// Whether pruning of a kind does anything on this server.
fn prunes(context: &Context<'_>, kind: Kind) -> bool {
    let server = &context.snapshot.server;
    let possible = match kind {
        Kind::Membership => server.server_side_targeting,
        Kind::Group | Kind::Approval | Kind::Decline | Kind::Rule => !server.replica,
        // Each server has its own, whatever its mode.
        Kind::Downstream => true,
        Kind::Identity | Kind::Setting => false,
    };
    possible && context.resolved.management.prune(kind) != Prune::Never
}
