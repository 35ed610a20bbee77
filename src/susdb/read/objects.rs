//! Single objects, read again in bulk around a chunk of writes.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::{
    APPROVALS, OBJECT_EXPLICIT_LICENSES, OBJECT_GROUP_APPROVALS, OBJECT_GROUP_CHILDREN, OBJECT_GROUP_MEMBERS,
    OBJECT_GROUPS, OBJECT_GROUPS_BY_NAME, OBJECT_LICENSES, OBJECT_MEMBERSHIPS, OBJECT_UPDATES,
};
use super::conditions::UpdateScope;
use super::configuration::read_settings;
use super::row::Cells;
use super::{ReadError, deployments, listing, notifications, principals, rows_about, rows_in, rules, synchronization};
use crate::model::configuration::LiveSettings;
use crate::model::name::fold;
use crate::model::notifications::LiveNotifications;
use crate::model::object::{GroupContents, GroupState, ObjectKey, ObjectState, UpdateState};
use crate::model::snapshot::Deployment;
use crate::model::synchronization::LiveSynchronization;
use crate::susdb::session::{Parameter, Session};

/// Reads objects as they are now: a few statements for each kind among the keys. Every key has its entry in the answer.
///
/// # Errors
/// [`ReadError`].
pub async fn read_objects(
    session: &mut Session,
    keys: &BTreeSet<ObjectKey>,
) -> Result<BTreeMap<ObjectKey, ObjectState>, ReadError> {
    let wanted = Wanted::of(keys);
    let groups = read_groups(session, &wanted).await?;
    let memberships = read_memberships(session, &wanted.targets).await?;
    let updates = read_updates(session, &wanted.updates).await?;
    let mut approved = wanted.approved.clone();
    approved.extend(&wanted.updates);
    let approvals = read_approvals(session, &approved).await?;
    let licenses = read_licenses(session, &wanted.licenses).await?;
    let settings = if wanted.settings { Some(read_settings(session).await?) } else { None };
    let rules = if wanted.rules { rules::read(session).await? } else { BTreeMap::new() };
    let members = if wanted.roles { principals::read_role_members(session).await? } else { BTreeMap::new() };
    let mapped = if wanted.users { principals::read_mapped(session).await? } else { principals::Mapped::default() };
    let downstream_servers =
        if wanted.downstream_servers { listing::read_downstream_servers(session).await? } else { Vec::new() };
    let synchronization =
        if wanted.synchronization { synchronization::read(session).await?.0 } else { LiveSynchronization::default() };
    let notifications =
        if wanted.notifications { notifications::read(session).await? } else { LiveNotifications::default() };
    let state = |key: &ObjectKey| match key {
        ObjectKey::GroupName(name) => {
            let name = fold(name);
            ObjectState::Group(groups.values().find(|group| fold(&group.name) == name).cloned())
        }
        ObjectKey::Group(id) => ObjectState::Group(groups.get(id).cloned().map(|mut group| {
            let approving = rules.values().filter(|rule| rule.groups.contains(id));
            group.holds.rules = approving.map(|rule| rule.id).collect();
            group
        })),
        ObjectKey::Membership { group, target_id } => {
            ObjectState::Membership(memberships.contains(&(*group, *target_id)))
        }
        ObjectKey::Approval { update, group } => {
            let all = approvals.get(update).into_iter().flatten();
            ObjectState::Approval(all.filter(|deployment| deployment.group == *group).cloned().collect())
        }
        ObjectKey::Update(id) => ObjectState::Update(updates.get(id).map(|&(revision, declined)| UpdateState {
            revision,
            declined,
            deployments: approvals.get(id).cloned().unwrap_or_default(),
        })),
        ObjectKey::License(id) => ObjectState::License(licenses.contains(id)),
        ObjectKey::RuleName(name) => {
            let name = fold(name);
            ObjectState::Rule(rules.values().find(|rule| fold(&rule.name) == name).cloned())
        }
        ObjectKey::Rule(id) => ObjectState::Rule(rules.get(id).cloned()),
        ObjectKey::DownstreamServer(id) => {
            let entry = downstream_servers.iter().find(|entry| entry.server_id == Some(*id));
            ObjectState::DownstreamServer(entry.cloned())
        }
        ObjectKey::Settings { columns, languages } => settings_state(settings.as_ref(), columns, languages),
        ObjectKey::DatabaseRole(role) => ObjectState::DatabaseRole(members.get(role).cloned().unwrap_or_default()),
        ObjectKey::DatabaseUser(name) => ObjectState::DatabaseUser { mapped: mapped.has_login(name) },
        ObjectKey::Synchronization(parts) => ObjectState::Synchronization(synchronization.parts(*parts)),
        ObjectKey::Notifications(columns) => {
            let cell = |column: &String| Some((column.clone(), notifications.row.cell(column)?.clone()));
            ObjectState::Notifications(columns.iter().filter_map(cell).collect())
        }
        ObjectKey::Recipients(kind) => ObjectState::Recipients(notifications.recipients(*kind)),
    };
    Ok(keys.iter().map(|key| (key.clone(), state(key))).collect())
}

/// The keys, by what has to be asked for.
#[derive(Default)]
struct Wanted<'a> {
    group_names: BTreeSet<&'a str>,
    groups: BTreeSet<Uuid>,
    targets: BTreeSet<i32>,
    approved: BTreeSet<Uuid>,
    updates: BTreeSet<Uuid>,
    licenses: BTreeSet<Uuid>,
    settings: bool,
    rules: bool,
    downstream_servers: bool,
    synchronization: bool,
    notifications: bool,
    roles: bool,
    users: bool,
}

impl<'a> Wanted<'a> {
    fn of(keys: &'a BTreeSet<ObjectKey>) -> Self {
        let mut wanted = Self::default();
        for key in keys {
            match key {
                ObjectKey::GroupName(name) => _ = wanted.group_names.insert(name),
                ObjectKey::Group(id) => {
                    wanted.groups.insert(*id);
                    // Rules lose a group that is deleted.
                    wanted.rules = true;
                }
                ObjectKey::Membership { group: _, target_id } => _ = wanted.targets.insert(*target_id),
                ObjectKey::Approval { update, group: _ } => _ = wanted.approved.insert(*update),
                ObjectKey::Update(id) => _ = wanted.updates.insert(*id),
                ObjectKey::License(id) => _ = wanted.licenses.insert(*id),
                ObjectKey::Settings { .. } => wanted.settings = true,
                ObjectKey::RuleName(_) | ObjectKey::Rule(_) => wanted.rules = true,
                ObjectKey::DownstreamServer(_) => wanted.downstream_servers = true,
                ObjectKey::Synchronization(_) => wanted.synchronization = true,
                ObjectKey::Notifications(_) | ObjectKey::Recipients(_) => wanted.notifications = true,
                ObjectKey::DatabaseRole(_) => wanted.roles = true,
                ObjectKey::DatabaseUser(_) => wanted.users = true,
            }
        }
        wanted
    }
}

fn settings_state(
    settings: Option<&LiveSettings>,
    columns: &BTreeSet<String>,
    languages: &BTreeSet<String>,
) -> ObjectState {
    let cell = |column: &String| Some((column.clone(), settings?.row.cell(column)?.clone()));
    let language = |name: &String| Some((name.clone(), *settings?.languages.get(name)?));
    ObjectState::Settings {
        cells: columns.iter().filter_map(cell).collect(),
        languages: languages.iter().filter_map(language).collect(),
    }
}

fn guids(ids: &BTreeSet<Uuid>) -> Vec<Parameter<'static>> {
    ids.iter().map(|id| Parameter::Guid(*id)).collect()
}

async fn read_groups(session: &mut Session, wanted: &Wanted<'_>) -> Result<BTreeMap<Uuid, GroupState>, ReadError> {
    let names: Vec<Parameter<'_>> = wanted.group_names.iter().map(|name| Parameter::Text(name)).collect();
    let mut found = rows_in(session, &OBJECT_GROUPS_BY_NAME, &names, group).await?;
    found.extend(rows_in(session, &OBJECT_GROUPS, &guids(&wanted.groups), group).await?);
    let mut groups: BTreeMap<Uuid, GroupState> = found.into_iter().map(|group| (group.id, group)).collect();
    let ids = guids(&groups.keys().copied().collect());
    let member = |row: &Cells<'_>| Ok((row.guid("TargetGroupID")?, row.int("TargetID")?));
    for (id, computer) in rows_in(session, &OBJECT_GROUP_MEMBERS, &ids, member).await? {
        if let Some(group) = groups.get_mut(&id) {
            group.holds.computers.insert(computer);
        }
    }
    for (update, approval) in read_approvals_of(session, &ids).await? {
        if let Some(group) = groups.get_mut(&approval.group) {
            group.holds.approvals.insert(approval.id, (update, approval));
        }
    }
    let child = |row: &Cells<'_>| Ok((row.guid("ParentGroupID")?, row.guid("TargetGroupID")?));
    for (parent, child) in rows_in(session, &OBJECT_GROUP_CHILDREN, &ids, child).await? {
        if let Some(group) = groups.get_mut(&parent) {
            group.children.insert(child);
        }
    }
    Ok(groups)
}

fn group(row: &Cells<'_>) -> Result<GroupState, ReadError> {
    Ok(GroupState {
        id: row.guid("TargetGroupID")?,
        name: row.text("Name")?,
        parent: row.guid_or_null("ParentGroupID")?,
        holds: GroupContents::default(),
        children: BTreeSet::new(),
    })
}

/// The approvals of groups by id, each with its update.
pub(super) async fn read_approvals_of(
    session: &mut Session,
    groups: &[Parameter<'_>],
) -> Result<Vec<(Uuid, Deployment)>, ReadError> {
    rows_in(session, &OBJECT_GROUP_APPROVALS, groups, deployments::decode).await
}

async fn read_memberships(session: &mut Session, targets: &BTreeSet<i32>) -> Result<BTreeSet<(Uuid, i32)>, ReadError> {
    let targets: Vec<Parameter<'_>> = targets.iter().map(|target| Parameter::Int(*target)).collect();
    let pair = |row: &Cells<'_>| Ok((row.guid("TargetGroupID")?, row.int("TargetID")?));
    Ok(rows_in(session, &OBJECT_MEMBERSHIPS, &targets, pair).await?.into_iter().collect())
}

/// Latest revision and declined flag by update.
async fn read_updates(session: &mut Session, ids: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, (i32, bool)>, ReadError> {
    let update = |row: &Cells<'_>| Ok((row.guid("UpdateID")?, (row.int("RevisionNumber")?, row.bit("IsHidden")?)));
    Ok(rows_in(session, &OBJECT_UPDATES, &guids(ids), update).await?.into_iter().collect())
}

async fn read_approvals(
    session: &mut Session,
    updates: &BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, Vec<Deployment>>, ReadError> {
    let mut approvals: BTreeMap<Uuid, Vec<Deployment>> = BTreeMap::new();
    for (update, deployment) in rows_about(session, &APPROVALS, &UpdateScope::Ids(updates), deployments::decode).await?
    {
        approvals.entry(update).or_default().push(deployment);
    }
    for deployments in approvals.values_mut() {
        deployments.sort_by_key(|deployment| deployment.id);
    }
    Ok(approvals)
}

async fn read_licenses(session: &mut Session, ids: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>, ReadError> {
    let id = |row: &Cells<'_>| row.guid("EulaID");
    let mut accepted = rows_in(session, &OBJECT_LICENSES, &guids(ids), id).await?;
    accepted.extend(rows_in(session, &OBJECT_EXPLICIT_LICENSES, &guids(ids), id).await?);
    Ok(accepted.into_iter().collect())
}
