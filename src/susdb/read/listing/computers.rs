//! Computers with their groups.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::downstream_servers::names_by_server;
use super::selects::LIST_COMPUTERS;
use crate::model::listing::ListedComputer;
use crate::model::name::fold;
use crate::model::snapshot::UNASSIGNED_COMPUTERS;
use crate::susdb::read::catalogue::COMPUTER_TARGETS;
use crate::susdb::read::{ReadError, computers, groups, rows};
use crate::susdb::session::Session;

/// Reads every computer, by name. One that comes or goes in between is left out.
///
/// # Errors
/// [`ReadError`].
pub async fn read_computers(session: &mut Session) -> Result<Vec<ListedComputer>, ReadError> {
    let groups = groups::read(session).await?;
    let memberships = computers::read_memberships(session, &groups).await?;
    let mut groups_of: BTreeMap<i32, Vec<&str>> = BTreeMap::new();
    for (group, target) in &memberships {
        if let Some(group) = groups.get(group) {
            groups_of.entry(*target).or_default().push(&group.name);
        }
    }
    let unassigned = groups.get(&UNASSIGNED_COMPUTERS).map_or("Unassigned Computers", |group| group.name.as_str());
    let targets = rows(session, &COMPUTER_TARGETS, |row| Ok((row.text("ComputerID")?, row.int("TargetID")?)));
    let targets: BTreeMap<String, i32> = targets.await?.into_iter().collect();
    let servers = names_by_server(session).await?;
    let mut listed = read_rows(session, &servers).await?;
    listed.retain_mut(|computer| {
        let Some(target) = targets.get(&computer.computer_id) else { return false };
        let mut own = groups_of.remove(target).unwrap_or_else(|| vec![unassigned]);
        own.sort_by_key(|name| fold(name));
        computer.groups = own.into_iter().map(str::to_owned).collect();
        true
    });
    listed.sort_by_cached_key(|computer| (fold(&computer.name), computer.computer_id.clone()));
    Ok(listed)
}

/// Source: PUBLIC_VIEWS.vComputerTarget: WSUSAdminAssistant, X10sions (grade A).
async fn read_rows(session: &mut Session, servers: &BTreeMap<Uuid, String>) -> Result<Vec<ListedComputer>, ReadError> {
    rows(session, &LIST_COMPUTERS, |row| {
        let version = (row.int_or_null("OSMajorVersion")?, row.int_or_null("OSMinorVersion")?);
        let build = row.int_or_null("OSBuildNumber")?;
        let os_version = match (version, build) {
            ((Some(major), Some(minor)), Some(build)) => Some((major, minor, build)),
            _ => None,
        };
        let server = row.guid_or_null("ParentServerId")?;
        Ok(ListedComputer {
            computer_id: row.text("ComputerTargetId")?,
            name: row.text("Name")?,
            ip_address: row.text_or_null("IPAddress")?.filter(|address| !address.is_empty()),
            os_version,
            groups: Vec::new(),
            reported_at: row.time_or_null("LastReportedStatusTime")?,
            downstream_server: server.map(|id| servers.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        })
    })
    .await
}
