//! Downstream servers.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::selects::{LIST_DOWNSTREAM_COMPUTERS, LIST_DOWNSTREAM_SERVERS};
use crate::model::listing::ListedDownstreamServer;
use crate::model::name::fold;
use crate::susdb::read::{Cells, ReadError, rows};
use crate::susdb::session::Session;

struct Row {
    target: i32,
    parent: Option<i32>,
    server: ListedDownstreamServer,
}

/// Reads every downstream server, those below others included, by name.
///
/// # Errors
/// [`ReadError`].
pub async fn read_downstream_servers(session: &mut Session) -> Result<Vec<ListedDownstreamServer>, ReadError> {
    let found = rows(session, &LIST_DOWNSTREAM_SERVERS, decode).await?;
    let names: BTreeMap<i32, String> = found.iter().map(|row| (row.target, row.server.name.clone())).collect();
    let mut below: BTreeMap<i32, u64> = BTreeMap::new();
    for parent in found.iter().filter_map(|row| row.parent) {
        *below.entry(parent).or_default() += 1;
    }
    let computers =
        rows(session, &LIST_DOWNSTREAM_COMPUTERS, |row| Ok((row.guid("ParentServerId")?, row.count("Computers")?)));
    let computers: BTreeMap<Uuid, u64> = computers.await?.into_iter().collect();
    let mut servers: Vec<ListedDownstreamServer> = found
        .into_iter()
        .map(|Row { target, parent, server }| ListedDownstreamServer {
            parent: parent.map(|id| names.get(&id).cloned().unwrap_or_else(|| format!("target {id}"))),
            below: below.get(&target).copied().unwrap_or_default(),
            computers: server.server_id.and_then(|id| computers.get(&id).copied()).unwrap_or_default(),
            ..server
        })
        .collect();
    servers.sort_by_cached_key(|server| (fold(&server.name), server.server_id));
    Ok(servers)
}

/// Names by the servers' own ids.
pub(super) async fn names_by_server(session: &mut Session) -> Result<BTreeMap<Uuid, String>, ReadError> {
    let found = rows(session, &LIST_DOWNSTREAM_SERVERS, decode).await?;
    Ok(found.into_iter().filter_map(|row| Some((row.server.server_id?, row.server.name))).collect())
}

/// Source: tbDownstreamServerTarget: Intensive-Self-Service-Portal (grade A); that ParentServerTargetID is another one's
/// TargetID: its name (grade B); that both RollupLastSyncTime and LastSyncTime are times of a synchronisation: SharpWSUS
/// lib/Status.cs and MS-WSUSAR read the one, the TypeScript WSUS console the other (grade B).
fn decode(row: &Cells<'_>) -> Result<Row, ReadError> {
    Ok(Row {
        target: row.int("TargetID")?,
        parent: row.int_or_null("ParentServerTargetID")?,
        server: ListedDownstreamServer {
            name: row.text("AccountName")?,
            server_id: row.guid_or_null("AccountServerID")?,
            replica: row.bit("IsReplica")?,
            parent: None,
            // A server below another one synchronises from that one, which tells of it in its rollups.
            synchronized_at: row.time_or_null("LastSyncTime")?.max(row.time_or_null("RollupLastSyncTime")?),
            rolled_up_at: row.time_or_null("LastRollupTime")?,
            version: row.text_or_null("Version")?.filter(|version| !version.is_empty()),
            below: 0,
            computers: 0,
        },
    })
}
