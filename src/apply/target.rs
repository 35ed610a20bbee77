//! What a step wants its object to be, and which calls are missing for that.
//!
//! Looking at what is missing, and not at what was sent, makes every step safe to take up again: after a deadlock the
//! object is read once more and only what is still missing is called.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::address::Quoted;
use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline, whole_seconds};
use crate::model::attribute::Attribute;
use crate::model::database_role::{DatabaseRole, MembersChange};
use crate::model::listing::ListedDownstreamServer;
use crate::model::name::fold;
use crate::model::notifications::{MailKind, NOTIFICATIONS, Recipients, is_held};
use crate::model::object::{GroupContents, GroupState, ObjectKey, ObjectState, UpdateState};
use crate::model::resolved::GroupReference;
use crate::model::rule::{Rule, RuleChange, RuleDeadline};
use crate::model::setting::{Cell, SETTINGS, Setting, Values};
use crate::model::snapshot::Deployment;
use crate::model::synchronization::Subscription;
use crate::plan::step::Operation;

/// Ids of the groups that this run created, by folded name.
#[derive(Debug, Default)]
pub struct CreatedGroups(BTreeMap<String, Uuid>);

impl CreatedGroups {
    /// Remembers a group.
    pub fn insert(&mut self, name: &str, id: Uuid) {
        self.0.insert(fold(name), id);
    }

    /// The id of a group, unless it is still to be created.
    #[must_use]
    pub fn id(&self, group: &GroupReference) -> Option<Uuid> {
        match group {
            GroupReference::Existing(id) => Some(*id),
            GroupReference::Planned(name) => self.0.get(&fold(name)).copied(),
        }
    }
}

/// One procedure call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// spCreateTargetGroup with an id that the caller draws.
    CreateGroup {
        /// The name.
        name: String,
        /// The group above it.
        parent: Uuid,
    },
    /// spDeleteTargetGroup
    DeleteGroup(Uuid),
    /// spAddComputerToTargetGroupAllowMultipleGroups
    AddComputer(Uuid, String),
    /// spRemoveComputerFromTargetGroup
    RemoveComputer(Uuid, String),
    /// spAcceptEula
    AcceptLicense {
        /// The terms.
        license: Uuid,
        /// The update.
        update: Uuid,
        /// Its revision.
        revision: i32,
    },
    /// spUndeclineUpdate
    Reinstate(Uuid),
    /// spDeclineUpdate
    Decline(Uuid),
    /// spDeployUpdate
    Deploy {
        /// The update.
        update: Uuid,
        /// Its revision.
        revision: i32,
        /// The group.
        group: Uuid,
        /// 0, 1 or 3.
        action: i32,
        /// Forced.
        assigned: bool,
        /// By when.
        deadline: Option<DateTime<Utc>>,
    },
    /// spDeleteDeployment
    DeleteDeployment(Uuid),
    /// spCreateAutoDeploymentRule
    CreateRule(String),
    /// spSetAutoDeploymentRule
    SetRule(i32, RuleChange<Uuid>),
    /// spDeleteAutoDeploymentRuleByID
    DeleteRule(i32),
    /// spDeleteDownstreamServer
    DeleteDownstreamServer(Uuid),
    /// spSetConfiguration
    SaveSettings {
        /// Columns and what they become.
        cells: BTreeMap<String, Cell>,
        /// Languages and what they become.
        languages: BTreeMap<String, bool>,
    },
    /// spSetSubscription
    SaveSynchronization(Subscription),
    /// spSetEmailNotificationConfiguration, after spScheduleEmailNotification where that is needed
    SaveNotifications(BTreeMap<String, Cell>),
    /// spAddEmailNotificationRecipient
    SetRecipients(MailKind, Recipients),
    /// sp_addrolemember
    AddRoleMember(DatabaseRole, String),
    /// sp_droprolemember
    DropRoleMember(DatabaseRole, String),
    /// ALTER USER, from a user to a login
    MapUser(String, String),
}

/// What the object of an operation is called when it is read. None while its group has no id yet.
#[must_use]
pub fn key(operation: &Operation, created: &CreatedGroups) -> Option<ObjectKey> {
    Some(match operation {
        Operation::CreateGroup { name, .. } => ObjectKey::GroupName(name.clone()),
        Operation::DeleteGroup { group, .. } => ObjectKey::Group(*group),
        Operation::AddComputer { group, target_id, .. } => {
            ObjectKey::Membership { group: created.id(group)?, target_id: *target_id }
        }
        Operation::RemoveComputer { group, target_id, .. } => {
            ObjectKey::Membership { group: *group, target_id: *target_id }
        }
        Operation::AcceptLicense { license, .. } => ObjectKey::License(*license),
        Operation::Reinstate { update } | Operation::Decline { update } => ObjectKey::Update(*update),
        Operation::CreateRule { name, .. } => ObjectKey::RuleName(name.clone()),
        Operation::SetRule { id, .. } | Operation::DeleteRule { id, .. } => ObjectKey::Rule(*id),
        Operation::DeleteDownstreamServer { id, .. } => ObjectKey::DownstreamServer(*id),
        Operation::SaveSettings { cells, languages } => ObjectKey::Settings {
            columns: cells.keys().cloned().collect(),
            languages: languages.keys().cloned().collect(),
        },
        Operation::SaveSynchronization(wanted) => ObjectKey::Synchronization(wanted.parts()),
        Operation::SaveNotifications(cells) => ObjectKey::Notifications(cells.keys().cloned().collect()),
        Operation::SetRecipients { kind, .. } => ObjectKey::Recipients(*kind),
        Operation::SetRoleMembers { role, .. } => ObjectKey::DatabaseRole(*role),
        Operation::MapUser { user, .. } => ObjectKey::DatabaseUser(user.clone()),
        Operation::SetApproval { update, group, .. } => {
            ObjectKey::Approval { update: *update, group: created.id(group)? }
        }
    })
}

/// The calls that are missing next for the object to be as asked; empty where it is. Relative deadlines count from the
/// date of `from`: the server's clock, read before the chunk, or what [`kept_time`] finds.
///
/// An approval is deployed first and what is left of others goes after another look: no public source says whether
/// spDeployUpdate removes what older revisions have for the group, and so the group is never without an approval either.
#[must_use]
pub fn missing_calls(
    operation: &Operation,
    state: &ObjectState,
    created: &CreatedGroups,
    from: DateTime<Utc>,
) -> Vec<Call> {
    match (operation, state) {
        (Operation::CreateGroup { name, parent }, ObjectState::Group(None)) => match created.id(parent) {
            Some(parent) => vec![Call::CreateGroup { name: name.clone(), parent }],
            None => Vec::new(),
        },
        (Operation::DeleteGroup { group, .. }, ObjectState::Group(Some(_))) => vec![Call::DeleteGroup(*group)],
        (Operation::AddComputer { group, computer_id, .. }, ObjectState::Membership(false)) => {
            created.id(group).map(|group| Call::AddComputer(group, computer_id.clone())).into_iter().collect()
        }
        (Operation::RemoveComputer { group, computer_id, .. }, ObjectState::Membership(true)) => {
            vec![Call::RemoveComputer(*group, computer_id.clone())]
        }
        (Operation::AcceptLicense { license, update, revision }, ObjectState::License(false)) => {
            vec![Call::AcceptLicense { license: *license, update: *update, revision: *revision }]
        }
        (Operation::Reinstate { update }, ObjectState::Update(Some(UpdateState { declined: true, .. }))) => {
            vec![Call::Reinstate(*update)]
        }
        (Operation::Decline { update }, ObjectState::Update(Some(UpdateState { declined: false, .. }))) => {
            vec![Call::Decline(*update)]
        }
        (Operation::SetApproval { update, revision, group, value, deploy, remove }, ObjectState::Approval(rows)) => {
            let Some(group) = created.id(group) else { return Vec::new() };
            if *deploy && !rows.iter().any(|row| row.revision == *revision && value.is_stored_as(row)) {
                return deploy_call(*update, *revision, group, value, from).into_iter().collect();
            }
            rows.iter().filter(|row| remove.contains(&row.id)).map(|row| Call::DeleteDeployment(row.id)).collect()
        }
        (Operation::SaveSettings { cells, languages }, ObjectState::Settings { cells: live, languages: spoken }) => {
            let stays = cells.iter().all(|(column, cell)| live.get(column).is_some_and(|live| live.is(cell)))
                && languages.iter().all(|(name, enabled)| spoken.get(name) == Some(enabled));
            // All in one save, so that none leaves settings that contradict each other.
            let save = || Call::SaveSettings { cells: cells.clone(), languages: languages.clone() };
            if stays { Vec::new() } else { vec![save()] }
        }
        // A new rule is disabled until everything about it is set.
        (Operation::CreateRule { name, .. }, ObjectState::Rule(None)) => vec![Call::CreateRule(name.clone())],
        (Operation::CreateRule { rule, .. } | Operation::SetRule { rule, .. }, ObjectState::Rule(Some(live))) => {
            let change = rule.with_ids(|group| created.id(group)).filter(|change| change.applied_to(live) != *live);
            change.map(|change| Call::SetRule(live.id, change)).into_iter().collect()
        }
        (Operation::DeleteRule { id, .. }, ObjectState::Rule(Some(_))) => vec![Call::DeleteRule(*id)],
        (Operation::DeleteDownstreamServer { id, .. }, ObjectState::DownstreamServer(Some(_))) => {
            vec![Call::DeleteDownstreamServer(*id)]
        }
        (Operation::SaveSynchronization(wanted), ObjectState::Synchronization(live)) if wanted != live => {
            vec![Call::SaveSynchronization(wanted.clone())]
        }
        (Operation::SaveNotifications(cells), ObjectState::Notifications(live))
            if !cells.iter().all(|(column, wanted)| is_held(column, wanted, live.get(column))) =>
        {
            vec![Call::SaveNotifications(cells.clone())]
        }
        (Operation::SetRecipients { kind, recipients }, ObjectState::Recipients(live)) if recipients != live => {
            vec![Call::SetRecipients(*kind, recipients.clone())]
        }
        // Whoever comes is in before anybody goes.
        (Operation::SetRoleMembers { role, members }, ObjectState::DatabaseRole(live)) => {
            let added = members.missing(live).map(|name| Call::AddRoleMember(*role, name.clone()));
            let removed = members.left(live).map(|name| Call::DropRoleMember(*role, name.clone()));
            added.chain(removed).collect()
        }
        (Operation::MapUser { user, login }, ObjectState::DatabaseUser { mapped: false }) => {
            vec![Call::MapUser(user.clone(), login.clone())]
        }
        _ => Vec::new(),
    }
}

fn deploy_call(update: Uuid, revision: i32, group: Uuid, value: &ApprovalValue, from: DateTime<Utc>) -> Option<Call> {
    let ApprovalValue { action, deadline, optional } = *value;
    let action = action.code()?;
    Some(Call::Deploy { update, revision, group, action, assigned: !optional, deadline: deadline.resolve(from) })
}

/// The DeploymentTime that an approval has kept although it was just deployed: the time that its relative deadline
/// counts from on this server, since that is what every later comparison goes by.
///
/// The sandbox stamps DeploymentTime with every spDeployUpdate. No public source says that Microsoft's does: where it
/// updates the row in place, the time of the first approval stays, and a deadline counted from today would be a
/// difference again in the next plan, for ever.
#[must_use]
pub fn kept_time(
    operation: &Operation,
    made: &[Call],
    before: &ObjectState,
    now: &ObjectState,
) -> Option<DateTime<Utc>> {
    let (Operation::SetApproval { value, .. }, ObjectState::Approval(before), ObjectState::Approval(now)) =
        (operation, before, now)
    else {
        return None;
    };
    let is_relative = matches!(value.deadline, Deadline::After { .. });
    let deployed = now.iter().filter(|_| is_relative).find(|row| made.iter().any(|call| wrote(call, row)))?;
    before.iter().any(|row| row.deployed_at == deployed.deployed_at).then_some(deployed.deployed_at)
}

/// Whether a row is what a call asked for.
fn wrote(call: &Call, row: &Deployment) -> bool {
    let Call::Deploy { update: _, revision, group, action, assigned, deadline } = *call else { return false };
    (revision, group, action, assigned) == (row.revision, row.group, row.action, row.assigned)
        && deadline == row.deadline.map(whole_seconds)
}

/// The relative deadline that a deployment asks for, counted from a time, where it has passed by another.
#[must_use]
pub fn deadline_passed(operation: &Operation, from: DateTime<Utc>, by: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let Operation::SetApproval { value, .. } = operation else { return None };
    value.deadline.resolve(from).filter(|deadline| *deadline <= by)
}

/// What the object is asked to be, for messages.
#[must_use]
pub fn describe_target(operation: &Operation) -> String {
    match operation {
        Operation::CreateGroup { name, .. } => format!("group {name} exists"),
        Operation::DeleteGroup { name, .. } => format!("group {name} is gone"),
        Operation::AddComputer { .. } => "the computer is in the group".to_owned(),
        Operation::RemoveComputer { .. } => "the computer is not in the group".to_owned(),
        Operation::AcceptLicense { .. } => "the licence terms are accepted".to_owned(),
        Operation::Reinstate { .. } => "the update is not declined".to_owned(),
        Operation::Decline { .. } => "the update is declined".to_owned(),
        Operation::SetApproval { value, .. } => format!("approval {}", describe_value(value)),
        Operation::CreateRule { name, .. } => format!("rule {name} exists and is as declared"),
        Operation::SetRule { name, .. } => format!("rule {name} is as declared"),
        Operation::DeleteRule { name, .. } => format!("rule {name} is gone"),
        Operation::DeleteDownstreamServer { name, id } => format!("the entry {id} of {name} is gone"),
        Operation::SaveSettings { cells, languages } => describe_settings(cells, languages),
        Operation::SaveSynchronization(wanted) => describe_subscription(wanted),
        Operation::SaveNotifications(cells) => describe_settings(cells, &BTreeMap::<String, bool>::new()),
        Operation::SetRecipients { recipients, .. } => recipients.to_string(),
        Operation::SetRoleMembers { members, .. } => describe_members_change(members),
        Operation::MapUser { login, .. } => format!("the user has the login {}", Quoted(login)),
    }
}

fn describe_value(value: &ApprovalValue) -> String {
    let ApprovalValue { action, deadline, optional } = value;
    let mut text = action.as_str().to_owned();
    match deadline {
        Deadline::None => {}
        Deadline::At(time) => text.push_str(&format!(" by {}", time.format("%Y-%m-%dT%H:%M:%SZ"))),
        Deadline::After { days, at } => text.push_str(&format!(" by {days} days from now at {at}Z")),
    }
    if *optional {
        text.push_str(", optional");
    }
    text
}

/// What an object is, for messages.
#[must_use]
pub fn describe_state(state: &ObjectState) -> String {
    match state {
        ObjectState::Group(None) => "no such group".to_owned(),
        ObjectState::Group(Some(group)) => {
            let GroupState { id: _, name, parent: _, holds, children } = group;
            describe_contents(name, holds, children.len())
        }
        ObjectState::Membership(true) => "the computer is in the group".to_owned(),
        ObjectState::Membership(false) => "the computer is not in the group".to_owned(),
        ObjectState::Approval(rows) => describe_rows(rows),
        ObjectState::Update(None) => "no such update".to_owned(),
        ObjectState::Update(Some(update)) => {
            let declined = if update.declined { "declined" } else { "not declined" };
            format!("{declined}, {}", describe_rows(&update.deployments))
        }
        ObjectState::License(true) => "the licence terms are accepted".to_owned(),
        ObjectState::License(false) => "the licence terms are not accepted".to_owned(),
        ObjectState::Rule(None) => "no such rule".to_owned(),
        ObjectState::Rule(Some(rule)) => describe_rule(rule),
        ObjectState::DownstreamServer(None) => "no such entry".to_owned(),
        ObjectState::DownstreamServer(Some(entry)) => describe_downstream_server(entry),
        ObjectState::Settings { cells, languages } => describe_settings(cells, languages),
        ObjectState::Synchronization(live) => describe_subscription(live),
        ObjectState::Notifications(cells) => describe_settings(cells, &BTreeMap::<String, bool>::new()),
        ObjectState::Recipients(recipients) => recipients.to_string(),
        ObjectState::DatabaseRole(members) => describe_members(members),
        ObjectState::DatabaseUser { mapped: true } => "the user has a login".to_owned(),
        ObjectState::DatabaseUser { mapped: false } => "the user has no login".to_owned(),
    }
}

/// With what tells two contents of the same size apart.
fn describe_contents(name: &str, holds: &GroupContents, children: usize) -> String {
    const LISTED_MAX: usize = 20;
    let GroupContents { computers, approvals, rules } = holds;
    let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let mut text = format!(
        "group {name} with {}, {}, {} that approve for it and {} below",
        count(computers.len(), "computer"),
        count(approvals.len(), "approval"),
        count(rules.len(), "rule"),
        count(children, "group"),
    );
    let one = |(update, row): &(Uuid, Deployment)| format!("{update}: {}", describe_rows(std::slice::from_ref(row)));
    let listed: Vec<String> = approvals.values().take(LISTED_MAX).map(one).collect();
    if !listed.is_empty() {
        let more = approvals.len().saturating_sub(LISTED_MAX);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        text.push_str(&format!("; approvals: {}{more}", listed.join("; ")));
    }
    text
}

fn describe_members(members: &BTreeSet<String>) -> String {
    let names: Vec<String> = members.iter().map(|name| Quoted(name).to_string()).collect();
    if names.is_empty() { "no members".to_owned() } else { format!("members {}", names.join(", ")) }
}

fn describe_members_change(members: &MembersChange) -> String {
    let one = |name: &String, is_one: &str| format!("{} {is_one}", Quoted(name));
    let comes = members.add().iter().map(|name| one(name, "is a member"));
    comes.chain(members.remove().iter().map(|name| one(name, "is no member"))).collect::<Vec<_>>().join(", ")
}

fn describe_downstream_server(entry: &ListedDownstreamServer) -> String {
    let seen = entry.seen_at().map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    format!(
        "an entry of {}, heard of {seen}, with {} servers and {} computers below",
        entry.name, entry.below, entry.computers
    )
}

fn describe_rule(rule: &Rule) -> String {
    let Rule { id: _, name, enabled, classifications, products, groups, deadline } = rule;
    let state = if *enabled { "enabled" } else { "disabled" };
    let deadline = match deadline {
        RuleDeadline::None => String::new(),
        RuleDeadline::After { days, minutes } => {
            format!(", deadline after {days} days at {:02}:{:02}", minutes / 60, minutes % 60)
        }
    };
    format!(
        "rule {name}, {state}, with {} classifications, {} products and {} groups{deadline}",
        classifications.len(),
        products.len(),
        groups.len()
    )
}

/// What is synchronised and when, for messages.
pub(super) fn describe_subscription(subscription: &Subscription) -> String {
    let Subscription { schedule, products, classifications } = subscription;
    let list = |what: &str, ids: &BTreeSet<Uuid>| {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        if ids.is_empty() { format!("no {what}") } else { format!("{what} {}", ids.join(", ")) }
    };
    let parts = [
        schedule.map(|schedule| format!("schedule {schedule}")),
        products.as_ref().map(|ids| list("products", ids)),
        classifications.as_ref().map(|ids| list("classifications", ids)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Settings, for messages.
fn describe_settings<'a>(
    cells: impl IntoIterator<Item = (&'a String, &'a Cell)>,
    languages: impl IntoIterator<Item = (&'a String, &'a bool)>,
) -> String {
    let cells = cells
        .into_iter()
        .map(|(column, cell)| format!("{} is {}", name_of_column(column), describe_cell(column, cell)));
    let languages = languages
        .into_iter()
        .map(|(name, enabled)| format!("language {name} is {}", if *enabled { "enabled" } else { "disabled" }));
    cells.chain(languages).collect::<Vec<_>>().join(", ")
}

/// The setting that drives a column.
fn setting_of(column: &str) -> Option<&'static Setting> {
    SETTINGS.iter().chain(NOTIFICATIONS).find(|setting| setting.column.eq_ignore_ascii_case(column))
}

/// What people call a column: the key that drives it, where one does.
pub(super) fn name_of_column(column: &str) -> &str {
    match column {
        // These two are compared apart from the table.
        "serverid" => "identity.serverId",
        "serversupportsalllanguages" => "all of updateFiles.languages",
        _ => setting_of(column).map_or(column, |setting| setting.path),
    }
}

/// What a column holds, in a manifest's words, for messages.
pub(super) fn describe_cell(column: &str, cell: &Cell) -> String {
    match (setting_of(column).map(|setting| (setting.values, setting.value(cell))), cell) {
        (_, Cell::Null) => "not set".to_owned(),
        (_, Cell::Opaque) => "not shown".to_owned(),
        (Some((Values::Word(_) | Values::TimeOfDay, Attribute::Text(word))), _) => word,
        (Some((Values::Host { .. }, Attribute::Text(host))), _) => Quoted(&host).to_string(),
        (Some((_, Attribute::Bool(flag))), _) => flag.to_string(),
        (_, Cell::Bit(bit)) => u8::from(*bit).to_string(),
        (_, Cell::Int(number)) => number.to_string(),
        (_, Cell::Text(text)) => Quoted(text).to_string(),
    }
}

fn describe_rows(rows: &[Deployment]) -> String {
    if rows.is_empty() {
        return "no approval".to_owned();
    }
    let one = |row: &Deployment| {
        let action = ApprovalAction::from_code(row.action).map_or("?", ApprovalAction::as_str);
        let deadline =
            row.deadline.map(|time| format!(" by {}", time.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap_or_default();
        let optional = if row.assigned { "" } else { ", optional" };
        format!("{action}{deadline}{optional} (revision {}, by {})", row.revision, row.admin_name)
    };
    rows.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::{Call, CreatedGroups, deadline_passed, kept_time, key, missing_calls};
    use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline};
    use crate::model::database_role::{DatabaseRole, MembersChange};
    use crate::model::object::{ObjectKey, ObjectState};
    use crate::model::resolved::GroupReference;
    use crate::model::snapshot::Deployment;
    use crate::plan::step::Operation;
    use chrono::{DateTime, Duration, NaiveTime, TimeZone, Utc};
    use uuid::Uuid;

    fn today() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 6, 9, 23, 30, 0).unwrap()
    }

    fn row(id: u128, revision: i32, action: i32) -> Deployment {
        Deployment {
            id: Uuid::from_u128(id),
            revision,
            group: Uuid::from_u128(7),
            action,
            deadline: None,
            assigned: true,
            admin_name: "CONTOSO\\anna".into(),
            deployed_at: today(),
            pending: false,
        }
    }

    fn approval(deploy: bool, remove: Vec<Uuid>) -> Operation {
        Operation::SetApproval {
            update: Uuid::from_u128(1),
            revision: 201,
            group: GroupReference::Existing(Uuid::from_u128(7)),
            value: ApprovalValue { action: ApprovalAction::Install, deadline: Deadline::None, optional: false },
            deploy,
            remove,
        }
    }

    #[test]
    fn a_new_revision_is_deployed_before_the_old_row_goes() {
        let operation = approval(true, vec![Uuid::from_u128(10)]);
        let calls = missing_calls(
            &operation,
            &ObjectState::Approval(vec![row(10, 200, 0)]),
            &CreatedGroups::default(),
            today(),
        );
        assert!(matches!(calls[..], [Call::Deploy { revision: 201, .. }]), "{calls:?}");
    }

    #[test]
    fn after_half_of_a_step_only_the_other_half_is_missing() {
        let operation = approval(true, vec![Uuid::from_u128(10)]);
        let state = ObjectState::Approval(vec![row(10, 200, 0), row(11, 201, 0)]);
        let calls = missing_calls(&operation, &state, &CreatedGroups::default(), today());
        assert_eq!(calls, [Call::DeleteDeployment(Uuid::from_u128(10))]);
        let state = ObjectState::Approval(vec![row(11, 201, 0)]);
        assert!(missing_calls(&operation, &state, &CreatedGroups::default(), today()).is_empty());
    }

    #[test]
    fn relative_deadlines_count_from_the_servers_utc_date() {
        let at = NaiveTime::from_hms_opt(18, 0, 0).unwrap();
        let mut operation = approval(true, Vec::new());
        if let Operation::SetApproval { value, .. } = &mut operation {
            value.deadline = Deadline::After { days: 7, at };
        }
        let calls = |state| missing_calls(&operation, &state, &CreatedGroups::default(), today());
        let due = Utc.with_ymd_and_hms(2026, 6, 16, 18, 0, 0).unwrap();
        let nothing = calls(ObjectState::Approval(Vec::new()));
        assert!(
            matches!(nothing[..], [Call::Deploy { deadline: Some(deadline), .. }] if deadline == due),
            "{nothing:?}"
        );
        let mut written = row(10, 201, 0);
        written.deadline = Some(due);
        assert_eq!(calls(ObjectState::Approval(vec![written])), []);
    }

    #[test]
    fn a_deadline_counts_from_the_time_that_the_server_kept() {
        let at = NaiveTime::from_hms_opt(18, 0, 0).unwrap();
        let mut operation = approval(true, Vec::new());
        if let Operation::SetApproval { value, .. } = &mut operation {
            value.deadline = Deadline::After { days: 7, at };
        }
        let mut old = row(10, 201, 0);
        old.deployed_at = today() - Duration::days(3);
        let mut deployed = Deployment { id: Uuid::from_u128(11), ..old.clone() };
        deployed.deadline = Some(Utc.with_ymd_and_hms(2026, 6, 16, 18, 0, 0).unwrap());
        let before = ObjectState::Approval(vec![old.clone()]);
        let made = missing_calls(&operation, &before, &CreatedGroups::default(), today());
        let kept = |row: &Deployment| kept_time(&operation, &made, &before, &ObjectState::Approval(vec![row.clone()]));
        assert_eq!(kept(&deployed), Some(old.deployed_at));
        assert_eq!(kept(&old), None, "the server did not do what was asked");
        let due = Utc.with_ymd_and_hms(2026, 6, 13, 18, 0, 0).unwrap();
        let calls = missing_calls(
            &operation,
            &ObjectState::Approval(vec![deployed.clone()]),
            &CreatedGroups::default(),
            old.deployed_at,
        );
        assert!(matches!(calls[..], [Call::Deploy { deadline: Some(deadline), .. }] if deadline == due), "{calls:?}");
        assert_eq!(deadline_passed(&operation, old.deployed_at, today()), None);
        assert_eq!(deadline_passed(&operation, old.deployed_at, due), Some(due));
        deployed.deployed_at = today();
        assert_eq!(kept(&deployed), None);
    }

    #[test]
    fn only_planned_members_of_a_role_come_and_go() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let role = DatabaseRole::WebService;
        let added = |name: &str| Call::AddRoleMember(role, name.to_owned());
        let dropped = |name: &str| Call::DropRoleMember(role, name.to_owned());
        let (before, wanted) = (names(&["old$", "stays$"]), names(&["contoso\\new$", "stays$"]));
        let members = MembersChange::between(&before, &wanted, |_| true);
        let operation = Operation::SetRoleMembers { role, members };
        let calls = |live: &[&str]| {
            let state = ObjectState::DatabaseRole(names(live));
            missing_calls(&operation, &state, &CreatedGroups::default(), today())
        };
        assert_eq!(calls(&["old$", "stays$"]), [added("contoso\\new$"), dropped("old$")]);
        // Somebody else has come meanwhile, or has gone.
        assert_eq!(calls(&["contoso\\new$", "other$", "stays$"]), []);
        assert_eq!(calls(&["contoso\\new$"]), []);
        // Users that were mapped take the spelling of their logins on.
        assert_eq!(calls(&["CONTOSO\\NEW$", "STAYS$"]), []);
        assert_eq!(calls(&["CONTOSO\\NEW$", "OLD$", "STAYS$"]), [dropped("OLD$")]);
        assert_eq!(calls(&["stays$"]), [added("contoso\\new$")]);
    }

    #[test]
    fn an_approval_for_a_planned_group_has_no_key_before_the_group_has_an_id() {
        let mut created = CreatedGroups::default();
        let operation = Operation::AddComputer {
            group: GroupReference::Planned("Ring 1".into()),
            target_id: 3,
            computer_id: "c".into(),
        };
        assert_eq!(key(&operation, &created), None);
        created.insert("RING 1", Uuid::from_u128(9));
        assert_eq!(key(&operation, &created), Some(ObjectKey::Membership { group: Uuid::from_u128(9), target_id: 3 }));
    }
}
