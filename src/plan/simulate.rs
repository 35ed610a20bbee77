//! What a server will be after a plan: for properties and rehearsal.
//!
//! Follows the documented behaviour of the procedures, as far as the snapshot's scope reaches.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Plan;
use super::context::Context;
use super::step::{Operation, Step};
use crate::model::approval::ApprovalValue;
use crate::model::name::fold;
use crate::model::resolved::GroupReference;
use crate::model::rule::{Rule, RuleChange};
use crate::model::setting::Cell;
use crate::model::snapshot::{ALL_COMPUTERS, Deployment, License, Snapshot, TargetGroup, UNASSIGNED_COMPUTERS};
use crate::model::synchronization::Subscription;

/// Carries out a plan's steps on a snapshot. Groups that it creates get ids made from their names.
#[must_use]
pub fn simulate(snapshot: &Snapshot, plan: &Plan, now: DateTime<Utc>) -> Snapshot {
    let mut groups_of: BTreeMap<i32, u64> = BTreeMap::new();
    for (_, target_id) in &snapshot.memberships {
        *groups_of.entry(*target_id).or_default() += 1;
    }
    let mut server = Server { state: snapshot.clone(), created: BTreeMap::new(), groups_of, now };
    server.state.taken_at = now;
    for step in &plan.steps {
        let Step { operation, change: _, also: _, before: _, depends_on: _ } = step;
        server.run(operation);
    }
    server.state
}

struct Server {
    state: Snapshot,
    created: BTreeMap<String, Uuid>,
    /// Number of groups that a computer is explicitly in.
    groups_of: BTreeMap<i32, u64>,
    now: DateTime<Utc>,
}

impl Server {
    fn run(&mut self, operation: &Operation) {
        match operation {
            Operation::CreateGroup { name, parent } => self.create_group(name, parent),
            Operation::DeleteGroup { group, name: _ } => self.delete_group(*group),
            Operation::AddComputer { group, target_id, computer_id: _ } => {
                let group = self.id(group);
                self.set_member(group, *target_id, true);
            }
            Operation::RemoveComputer { group, target_id, computer_id: _ } => {
                self.set_member(*group, *target_id, false);
            }
            Operation::AcceptLicense { license, update: _, revision: _ } => self.accept(*license),
            Operation::Reinstate { update } => self.reinstate(*update),
            Operation::SetApproval { update, revision, group, value, deploy, remove } => {
                let group = self.id(group);
                let (now, login) = (self.now, self.state.server.login.clone());
                self.with_rows(*update, |rows| {
                    if *deploy && let Some(action) = value.action.code() {
                        rows.retain(|row| row.group != group || row.revision != *revision);
                        rows.push(deployment(*update, *revision, group, value, action, now, login));
                    }
                    rows.retain(|row| !remove.contains(&row.id));
                });
            }
            Operation::CreateRule { name, rule } => self.create_rule(name, rule),
            Operation::SetRule { id, name: _, rule } => self.set_rule(*id, rule),
            Operation::DeleteRule { id, name: _ } => {
                if let Some(rules) = &mut self.state.rules {
                    rules.all.remove(id);
                }
            }
            Operation::DeleteDownstreamServer { id, name: _ } => {
                if let Some(servers) = &mut self.state.downstream_servers {
                    servers.retain(|entry| entry.server_id != Some(*id));
                }
            }
            Operation::SaveSettings { cells, languages } => self.save_settings(cells, languages),
            Operation::SaveSynchronization(Subscription { schedule, products, classifications }) => {
                let Some(live) = &mut self.state.synchronization else { return };
                live.schedule = schedule.or(live.schedule);
                live.products = products.clone().unwrap_or_else(|| std::mem::take(&mut live.products));
                live.classifications =
                    classifications.clone().unwrap_or_else(|| std::mem::take(&mut live.classifications));
            }
            Operation::SaveNotifications(cells) => {
                let Some(live) = &mut self.state.notifications else { return };
                cells.iter().for_each(|(column, cell)| live.row.set(column, cell.clone()));
                live.changed = Some((self.state.server.login.clone(), self.now));
            }
            Operation::SetRecipients { kind, recipients } => {
                let Some(live) = &mut self.state.notifications else { return };
                live.recipients.insert(*kind, recipients.clone());
            }
            Operation::SetRoleMembers { role, members } => {
                let live = self.state.database_roles.as_mut().and_then(|live| live.roles.get_mut(role));
                if let Some(live) = live {
                    let missing: Vec<String> = members.missing(&live.members).cloned().collect();
                    let left: Vec<String> = members.left(&live.members).cloned().collect();
                    live.members.retain(|name| !left.contains(name));
                    live.members.extend(missing);
                }
            }
            Operation::MapUser { user, login: _ } => {
                let live = self.state.database_roles.as_mut();
                let principals = live.into_iter().flat_map(|live| live.principals.values_mut());
                principals.filter(|principal| principal.name == *user).for_each(|principal| principal.orphan = None);
            }
            Operation::Decline { update } => {
                self.with_rows(*update, Vec::clear);
                if let Some(update) = self.state.updates.get_mut(update).filter(|update| !update.declined) {
                    update.declined = true;
                    self.state.totals.declines += 1;
                }
            }
        }
    }

    fn create_rule(&mut self, name: &str, change: &RuleChange) {
        let Some(rules) = &mut self.state.rules else { return };
        let id = rules.all.keys().max().map_or(1, |last| last + 1);
        rules.all.insert(id, Rule::new(id, name.to_owned()));
        self.set_rule(id, change);
    }

    fn set_rule(&mut self, id: i32, change: &RuleChange) {
        let Some(change) = change.with_ids(|group| Some(self.id(group))) else { return };
        if let Some(rule) = self.state.rules.as_mut().and_then(|rules| rules.all.get_mut(&id)) {
            *rule = change.applied_to(rule);
        }
    }

    fn save_settings(&mut self, cells: &BTreeMap<String, Cell>, languages: &BTreeMap<String, bool>) {
        let Some(settings) = &mut self.state.settings else { return };
        for (column, cell) in cells {
            settings.row.set(column, cell.clone());
        }
        settings.languages.extend(languages.iter().map(|(name, enabled)| (name.clone(), *enabled)));
        let facts = &mut self.state.server;
        if let Some(Cell::Text(id)) = settings.row.cell("ServerId") {
            facts.server_id = Uuid::try_parse(id).unwrap_or(facts.server_id);
        }
        facts.replica = settings.row.is_on("ReplicaMode");
        facts.has_upstream = !settings.row.is_on("SyncToMU");
        facts.server_side_targeting = settings.row.is_on("ServerTargeting");
        facts.approves_new_revisions = settings.row.is_on("AutoRefreshDeployments");
    }

    fn id(&self, group: &GroupReference) -> Uuid {
        match group {
            GroupReference::Existing(id) => *id,
            GroupReference::Planned(name) => {
                self.created.get(&fold(name)).copied().unwrap_or_else(|| derived_id("group", &fold(name)))
            }
        }
    }

    fn create_group(&mut self, name: &str, parent: &GroupReference) {
        let id = derived_id("group", &fold(name));
        let parent = Some(self.id(parent));
        self.created.insert(fold(name), id);
        self.state.groups.insert(id, TargetGroup { id, name: name.to_owned(), parent, builtin: false });
        self.state.requested_groups.retain(|requested, _| fold(requested) != fold(name));
    }

    fn delete_group(&mut self, group: Uuid) {
        let members: Vec<i32> =
            self.state.memberships.iter().filter(|(of, _)| *of == group).map(|(_, target_id)| *target_id).collect();
        for target_id in members {
            self.set_member(group, target_id, false);
        }
        let updates: Vec<Uuid> = self.state.deployments.keys().copied().collect();
        for update in updates {
            self.with_rows(update, |rows| rows.retain(|row| row.group != group));
        }
        for rule in self.state.rules.iter_mut().flat_map(|rules| rules.all.values_mut()) {
            rule.groups.remove(&group);
        }
        self.state.groups.remove(&group);
        let totals = &mut self.state.totals;
        totals.computers_by_group.remove(&group);
        // What is left here was never read: it goes with the group all the same.
        let unread = totals.approvals_by_group.remove(&group).unwrap_or_default();
        totals.approvals = totals.approvals.saturating_sub(unread);
        let automatic = totals.automatic_approvals_by_group.remove(&group).unwrap_or_default();
        totals.automatic_approvals = totals.automatic_approvals.saturating_sub(automatic);
    }

    fn accept(&mut self, license: Uuid) {
        for update in self.state.updates.values_mut() {
            if update.license == License::Pending(license) {
                update.license = License::Accepted(license);
            }
        }
    }

    fn reinstate(&mut self, update: Uuid) {
        if let Some(update) = self.state.updates.get_mut(&update).filter(|update| update.declined) {
            update.declined = false;
            update.reinstated_at = Some(self.now);
            self.state.totals.declines = self.state.totals.declines.saturating_sub(1);
        }
    }

    /// Changes the approvals of an update and keeps the totals true.
    fn with_rows(&mut self, update: Uuid, change: impl FnOnce(&mut Vec<Deployment>)) {
        let mut rows = self.state.deployments.remove(&update).unwrap_or_default();
        let before = pairs(&rows);
        change(&mut rows);
        let after = pairs(&rows);
        if !rows.is_empty() {
            rows.sort_unstable_by_key(|row| row.id);
            self.state.deployments.insert(update, rows);
        }
        let totals = &mut self.state.totals;
        for (group, automatic) in before {
            totals.approvals = totals.approvals.saturating_sub(1);
            totals.automatic_approvals = totals.automatic_approvals.saturating_sub(u64::from(automatic));
            let of_group = totals.approvals_by_group.entry(group).or_default();
            *of_group = of_group.saturating_sub(1);
            let of_group = totals.automatic_approvals_by_group.entry(group).or_default();
            *of_group = of_group.saturating_sub(u64::from(automatic));
        }
        for (group, automatic) in after {
            totals.approvals += 1;
            totals.automatic_approvals += u64::from(automatic);
            *totals.approvals_by_group.entry(group).or_default() += 1;
            *totals.automatic_approvals_by_group.entry(group).or_default() += u64::from(automatic);
        }
        totals.approvals_by_group.retain(|_, count| *count > 0);
        totals.automatic_approvals_by_group.retain(|_, count| *count > 0);
    }

    /// Puts a computer into a group or takes it out, and keeps the totals true. A computer without any group falls into
    /// Unassigned Computers.
    fn set_member(&mut self, group: Uuid, target_id: i32, is_member: bool) {
        let was_member = self.state.memberships.contains(&(group, target_id));
        let groups = self.groups_of.entry(target_id).or_default();
        let was_grouped = *groups > 0;
        shift(groups, was_member, is_member);
        let is_grouped = *groups > 0;
        if is_member {
            self.state.memberships.insert((group, target_id));
        } else {
            self.state.memberships.remove(&(group, target_id));
        }
        let totals = &mut self.state.totals;
        shift(totals.computers_by_group.entry(group).or_default(), was_member, is_member);
        shift(totals.computers_by_group.entry(UNASSIGNED_COMPUTERS).or_default(), !was_grouped, !is_grouped);
        shift(&mut totals.grouped_computers, was_grouped, is_grouped);
        totals.computers_by_group.retain(|_, count| *count > 0);
    }
}

fn shift(count: &mut u64, was: bool, is: bool) {
    *count = (*count + u64::from(is)).saturating_sub(u64::from(was));
}

/// The groups with an approval, and whether WSUS itself made all of it.
fn pairs(rows: &[Deployment]) -> BTreeSet<(Uuid, bool)> {
    let groups: BTreeSet<Uuid> = rows.iter().map(|row| row.group).collect();
    let automatic = |group: Uuid| {
        let of_group: Vec<&Deployment> = rows.iter().filter(|row| row.group == group).collect();
        Context::is_automatic(&of_group)
    };
    groups.into_iter().map(|group| (group, automatic(group))).collect()
}

fn deployment(
    update: Uuid,
    revision: i32,
    group: Uuid,
    value: &ApprovalValue,
    action: i32,
    now: DateTime<Utc>,
    admin_name: String,
) -> Deployment {
    let ApprovalValue { action: _, deadline, optional } = value;
    Deployment {
        id: derived_id("deployment", &format!("{update} {revision} {group} {now}")),
        revision,
        group,
        action,
        deadline: deadline.resolve(now),
        assigned: !optional,
        admin_name,
        deployed_at: now,
        pending: false,
    }
}

/// An id made from what it stands for: no random, so that the same plan leads to the same server.
fn derived_id(what: &str, name: &str) -> Uuid {
    let hash = Sha256::digest(format!("wsusctl simulate {what} {name}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    debug_assert!(Uuid::from_bytes(bytes) != ALL_COMPUTERS);
    Uuid::from_bytes(bytes)
}
