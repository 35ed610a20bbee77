//! Computers and the groups that they are in or ask for.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::{COMPUTER_TARGETS, COMPUTERS, MEMBERSHIPS, REQUESTED_GROUPS};
use super::{ReadError, rows};
use crate::model::name::fold;
use crate::model::snapshot::{Computer, TargetGroup};
use crate::susdb::session::Session;

/// Reads all computers. The view does not have the TargetID, and joining fifty thousand rows by text is cheaper here than
/// on a server whose texts have a collation. A computer that comes or goes between the two statements is left out.
///
/// Source: PUBLIC_VIEWS.vComputerTarget: WSUSAdminAssistant, X10sions; TargetID is tbComputerTarget's only:
/// Intensive-Self-Service-Portal (grade A).
pub(super) async fn read(session: &mut Session) -> Result<BTreeMap<i32, Computer>, ReadError> {
    let targets = rows(session, &COMPUTER_TARGETS, |row| Ok((row.text("ComputerID")?, row.int("TargetID")?)));
    let targets: BTreeMap<String, i32> = targets.await?.into_iter().collect();
    let computers = rows(session, &COMPUTERS, |row| {
        Ok((row.text("ComputerTargetId")?, row.text("Name")?, !row.is_null("ParentServerId")?))
    });
    let mut known = BTreeMap::new();
    for (computer_id, name, from_downstream) in computers.await? {
        if let Some(&target_id) = targets.get(&computer_id) {
            known.insert(target_id, Computer { target_id, computer_id, name, from_downstream });
        }
    }
    Ok(known)
}

/// Reads the explicit memberships of the groups that are not built in.
///
/// Source: tbTargetInTargetGroup: Intensive-Self-Service-Portal (grade A).
pub(super) async fn read_memberships(
    session: &mut Session,
    groups: &BTreeMap<Uuid, TargetGroup>,
) -> Result<BTreeSet<(Uuid, i32)>, ReadError> {
    let pairs = rows(session, &MEMBERSHIPS, |row| Ok((row.guid("TargetGroupID")?, row.int("TargetID")?)));
    let own = |group: &Uuid| groups.get(group).is_some_and(|group| !group.builtin);
    Ok(pairs.await?.into_iter().filter(|(group, _)| own(group)).collect())
}

/// Reads the names of groups that computers ask for and that do not exist.
///
/// Source: tbRequestedTargetGroup and tbRequestedTargetGroupsForTarget: Intensive-Self-Service-Portal (grade A).
pub(super) async fn read_requested_groups(
    session: &mut Session,
    groups: &BTreeMap<Uuid, TargetGroup>,
) -> Result<BTreeMap<String, u32>, ReadError> {
    let known: BTreeSet<String> = groups.values().map(|group| fold(&group.name)).collect();
    let requested = rows(session, &REQUESTED_GROUPS, |row| Ok((row.text("Name")?, row.count("Computers")?)));
    let mut missing = BTreeMap::new();
    for (name, computers) in requested.await? {
        if !known.contains(&fold(&name)) {
            missing.insert(name, u32::try_from(computers).unwrap_or(u32::MAX));
        }
    }
    Ok(missing)
}
