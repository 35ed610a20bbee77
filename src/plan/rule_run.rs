//! Running an automatic approval rule: what it comes to is a plan of its own, under the same guards as any other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, Duration, NaiveTime};
use uuid::Uuid;

use super::step::Operation;
use super::{Plan, Policy, plan};
use crate::model::address::Address;
use crate::model::approvable::obstacles;
use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline};
use crate::model::management::Management;
use crate::model::name::fold;
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, Notice, Resolved, ResolvedApproval};
use crate::model::rule::{Rule, RuleChange, RuleDeadline, Rules};
use crate::model::snapshot::{ALL_COMPUTERS, License, Snapshot, Update};

/// A rule as a plan leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutlook {
    /// Its name.
    pub name: String,
    /// Its number; none where the plan creates it.
    pub id: Option<i32>,
    /// Whether it will be enabled.
    pub enabled: bool,
    /// Whether it approves for All Computers.
    pub everywhere: bool,
    /// Whether the plan creates or changes it: then nobody knows yet what it approves.
    pub changes: bool,
}

/// What running a rule comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRun {
    /// The rule's name.
    pub rule: String,
    /// How many updates the server lists for it.
    pub listed: usize,
    /// What of them is not approved and why, sorted.
    pub left_out: Vec<Notice>,
    /// The approvals to make.
    pub plan: Plan,
}

/// The rules as a plan leaves them.
#[must_use]
pub fn outlook(rules: &Rules, plan: &Plan) -> Vec<RuleOutlook> {
    let of = |rule: &Rule| RuleOutlook {
        name: rule.name.clone(),
        id: Some(rule.id),
        enabled: rule.enabled,
        everywhere: rule.groups.contains(&ALL_COMPUTERS),
        changes: false,
    };
    let mut outlooks: BTreeMap<i32, RuleOutlook> = rules.all.values().map(|rule| (rule.id, of(rule))).collect();
    let mut created = Vec::new();
    for step in &plan.steps {
        match &step.operation {
            Operation::CreateRule { name, rule } => {
                let new = of(&Rule::new(0, name.clone()));
                created.push(RuleOutlook { id: None, ..after(new, rule) });
            }
            Operation::SetRule { id, rule, .. } => {
                if let Some(outlook) = outlooks.remove(id) {
                    outlooks.insert(*id, after(outlook, rule));
                }
            }
            Operation::DeleteRule { id, .. } => _ = outlooks.remove(id),
            _ => {}
        }
    }
    outlooks.into_values().chain(created).collect()
}

fn after(outlook: RuleOutlook, change: &RuleChange) -> RuleOutlook {
    let everywhere = |groups: &BTreeSet<GroupReference>| groups.contains(&GroupReference::Existing(ALL_COMPUTERS));
    RuleOutlook {
        enabled: change.enabled.unwrap_or(outlook.enabled),
        everywhere: change.groups.as_ref().map_or(outlook.everywhere, everywhere),
        changes: true,
        ..outlook
    }
}

/// Plans the approvals that a rule makes of the updates that the server lists for it: for each of its groups, with its
/// deadline. What has an approval of its own for a group keeps it, and so does what the manifest decides (`declared`).
///
/// The snapshot is one with these updates. The rule's deadline counts from its date in the database server's local time, as
/// that is ahead of UTC when the snapshot is taken.
///
/// Source: PoshWSUS assemblies: the server lists, and the caller approves one by one (grade B); learn.microsoft.com,
/// AutomaticUpdateApprovalDeadline (ee694870): local time (grade A). That an approval that is there stays is our choice
/// (grade C).
#[must_use]
pub fn plan_run(
    rule: &Rule,
    listed: &BTreeSet<Uuid>,
    declared: &Resolved,
    origin: Origin,
    snapshot: &Snapshot,
    policy: &Policy,
) -> RuleRun {
    let mut resolved = nothing(&declared.server_name);
    let mut left_out = Vec::new();
    let deadline = deadline(rule.deadline, snapshot);
    for id in listed {
        let leave = |address, code, message: &str, left_out: &mut Vec<Notice>| {
            left_out.push(Notice { address, code, message: message.to_owned(), origin: None });
        };
        let update = match eligible(*id, declared, snapshot) {
            Ok(update) => update,
            Err((code, message)) => {
                leave(Address::Decline(*id), code, message, &mut left_out);
                continue;
            }
        };
        for group in &rule.groups {
            let reference = GroupReference::Existing(*group);
            let name = snapshot.groups.get(group).map_or_else(|| group.to_string(), |group| group.name.clone());
            let address = Address::Approval { update: *id, group: name };
            let rows = snapshot.deployments.get(id).into_iter().flatten();
            let (code, message) = if !snapshot.groups.contains_key(group) {
                ("unknownGroup", "the server has no such group")
            } else if declared.approvals.contains_key(&(*id, reference.clone())) {
                ("declared", "the manifest decides about this approval")
            } else if rows.clone().any(|row| row.group == *group) {
                ("approved", "it has an approval of its own, which stays")
            } else {
                let deadline = match deadline {
                    Ok(deadline) => deadline,
                    Err(message) => {
                        leave(address, "deadline", message, &mut left_out);
                        continue;
                    }
                };
                let value = ApprovalValue { action: ApprovalAction::Install, deadline, optional: false };
                let Some(obstacle) = obstacles(update, &value, false).next() else {
                    let approval = ResolvedApproval { value, accept_license: false, by_id: false, entry: 0, origin };
                    resolved.approvals.insert((update.id, reference), approval);
                    continue;
                };
                (obstacle.code, obstacle.message)
            };
            leave(address, code, message, &mut left_out);
        }
    }
    left_out.sort_by(|a, b| a.address.cmp(&b.address));
    let mut plan = plan(&resolved, snapshot, policy);
    for change in &mut plan.changes {
        // The rule declares it, which no manifest says.
        change.origin = None;
        change.reason = super::change::Reason { code: "ruleRun", text: format!("the rule {} approves it", rule.name) };
    }
    for blocker in &mut plan.blockers {
        blocker.origin = None;
    }
    if !plan.changes.is_empty() {
        plan.warnings.extend(local_time(rule, snapshot));
    }
    RuleRun { rule: rule.name.clone(), listed: listed.len(), left_out, plan }
}

/// An update that can be approved for installation, or why not. The server should list no other.
fn eligible<'a>(
    id: Uuid,
    declared: &Resolved,
    snapshot: &'a Snapshot,
) -> Result<&'a Update, (&'static str, &'static str)> {
    let Some(update) = snapshot.updates.get(&id) else {
        return Err(("unknownUpdate", "the server has no such update"));
    };
    if update.declined {
        Err(("declined", "it is declined"))
    } else if declared.declines.contains_key(&id) {
        Err(("declined", "the manifest declines it"))
    } else if update.expired {
        Err(("expired", "it has expired"))
    } else if !update.deployable {
        Err(("notDeployable", "it cannot be approved by itself"))
    } else if matches!(update.license, License::Pending(_)) {
        Err(("license", "its licence terms have not been accepted"))
    } else {
        Ok(update)
    }
}

/// The deadline as approvals have it, or why there is none.
fn deadline(deadline: RuleDeadline, snapshot: &Snapshot) -> Result<Deadline, &'static str> {
    let RuleDeadline::After { days, minutes } = deadline else { return Ok(Deadline::None) };
    let days = u64::try_from(days).ok().filter(|_| deadline.is_valid()).ok_or("the rule's deadline is out of range")?;
    let ahead = snapshot.server.utc_offset_minutes.ok_or("the local time of the database server is not known")?;
    let ahead = Duration::minutes(ahead.into());
    let day = (snapshot.taken_at + ahead).date_naive().checked_add_days(Days::new(days));
    let midnight = day.ok_or("the rule's deadline is out of range")?.and_time(NaiveTime::MIN);
    Ok(Deadline::At((midnight + Duration::minutes(minutes.into()) - ahead).and_utc()))
}

/// Whose time a deadline is in, and what that may miss.
fn local_time(rule: &Rule, snapshot: &Snapshot) -> Option<Notice> {
    let (RuleDeadline::After { .. }, Some(ahead)) = (rule.deadline, snapshot.server.utc_offset_minutes) else {
        return None;
    };
    let (sign, minutes) = (if ahead < 0 { '-' } else { '+' }, ahead.unsigned_abs());
    let message = format!(
        "its deadline is in the local time of the database server, which is UTC{sign}{:02}:{:02} now; where daylight saving \
         begins or ends before the deadline, it is an hour off",
        minutes / 60,
        minutes % 60
    );
    Some(Notice { address: Address::Rule(rule.name.clone()), code: "localTime", message, origin: None })
}

/// What declares nothing.
fn nothing(server_name: &str) -> Resolved {
    Resolved {
        server_name: server_name.to_owned(),
        identity: None,
        settings: None,
        synchronization: None,
        notifications: None,
        database_roles: BTreeMap::new(),
        groups: Vec::new(),
        memberships: BTreeMap::new(),
        groups_with_computers: BTreeSet::new(),
        referenced_groups: BTreeSet::new(),
        approvals: BTreeMap::new(),
        reinstatable: BTreeMap::new(),
        declines: BTreeMap::new(),
        lapsed: BTreeSet::new(),
        lapsed_declines: BTreeSet::new(),
        rules: Vec::new(),
        downstream_servers: Vec::new(),
        prunable_downstream_servers: BTreeSet::new(),
        prunable_groups: BTreeSet::new(),
        entries: Vec::new(),
        pending: Vec::new(),
        warnings: Vec::new(),
        findings: Vec::new(),
        management: Management::default(),
    }
}

/// The rules of a name.
pub fn named<'a>(outlooks: &'a [RuleOutlook], name: &str) -> impl Iterator<Item = &'a RuleOutlook> {
    let name = fold(name);
    outlooks.iter().filter(move |outlook| fold(&outlook.name) == name)
}
