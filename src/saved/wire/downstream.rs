//! Downstream servers.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::listing::ListedDownstreamServer;
use crate::saved::text::{Id, Time};

/// A downstream server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::saved) struct DownstreamServerWire {
    name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    server_id: Option<Id>,
    replica: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    synchronized_at: Option<Time>,
    #[serde(default, skip_serializing_if = "is_default")]
    rolled_up_at: Option<Time>,
    #[serde(default, skip_serializing_if = "is_default")]
    version: Option<String>,
    /// Downstream servers directly below it.
    #[serde(default, skip_serializing_if = "is_default")]
    below: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    computers: u64,
}

impl From<&ListedDownstreamServer> for DownstreamServerWire {
    fn from(server: &ListedDownstreamServer) -> Self {
        let ListedDownstreamServer {
            name,
            server_id,
            replica,
            parent,
            synchronized_at,
            rolled_up_at,
            version,
            below,
            computers,
        } = server;
        Self {
            name: name.clone(),
            server_id: server_id.map(Id),
            replica: *replica,
            parent: parent.clone(),
            synchronized_at: synchronized_at.map(Time),
            rolled_up_at: rolled_up_at.map(Time),
            version: version.clone(),
            below: *below,
            computers: *computers,
        }
    }
}

impl From<DownstreamServerWire> for ListedDownstreamServer {
    fn from(wire: DownstreamServerWire) -> Self {
        let DownstreamServerWire {
            name,
            server_id,
            replica,
            parent,
            synchronized_at,
            rolled_up_at,
            version,
            below,
            computers,
        } = wire;
        Self {
            name,
            server_id: server_id.map(|Id(id)| id),
            replica,
            parent,
            synchronized_at: synchronized_at.map(|Time(time)| time),
            rolled_up_at: rolled_up_at.map(|Time(time)| time),
            version,
            below,
            computers,
        }
    }
}
