//! Downstream servers.

use serde::Serialize;

use super::{Listed, or_dash, time_or_never};
use crate::model::listing::ListedDownstreamServer;
use crate::model::name::fold;
use crate::report::timestamp::timestamp;
use crate::report::yaml::{comment, scalar};

/// A downstream server in the JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireDownstreamServer<'a> {
    name: &'a str,
    server_id: Option<String>,
    mode: &'static str,
    parent: Option<&'a str>,
    synchronized_at: Option<String>,
    rolled_up_at: Option<String>,
    version: Option<&'a str>,
    below: u64,
    computers: u64,
}

impl<'a> From<&'a ListedDownstreamServer> for WireDownstreamServer<'a> {
    fn from(server: &'a ListedDownstreamServer) -> Self {
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
            name,
            server_id: server_id.map(|id| id.to_string()),
            mode: mode(*replica),
            parent: parent.as_deref(),
            synchronized_at: synchronized_at.map(timestamp),
            rolled_up_at: rolled_up_at.map(timestamp),
            version: version.as_deref(),
            below: *below,
            computers: *computers,
        }
    }
}

impl Listed for ListedDownstreamServer {
    type Row = Self;
    type Wire<'a> = WireDownstreamServer<'a>;
    const HEADINGS: &'static [&'static str] =
        &["NAME", "MODE", "SYNCHRONIZED", "ROLLED UP", "VERSION", "COMPUTERS", "PARENT"];
    const YAML_HEAD: &'static [&'static str] = &[];

    fn cells(row: &Self) -> Vec<String> {
        let Self { name, server_id: _, replica, parent, synchronized_at, rolled_up_at, version, below: _, computers } =
            row;
        vec![
            name.clone(),
            mode(*replica).to_owned(),
            time_or_never(*synchronized_at),
            time_or_never(*rolled_up_at),
            or_dash(version.clone().unwrap_or_default()),
            computers.to_string(),
            or_dash(parent.clone().unwrap_or_default()),
        ]
    }

    fn wire(row: &Self) -> WireDownstreamServer<'_> {
        row.into()
    }

    fn yaml(rows: &[Self], first: bool) -> String {
        let mut out = if first { "downstreamServers:\n".to_owned() } else { String::new() };
        for server in rows {
            let synchronized = format!("synchronized: {}", time_or_never(server.synchronized_at));
            // Rows of one name stay together, and a manifest takes a name once: the newest is the server.
            let is_older =
                rows.iter().any(|other| fold(&other.name) == fold(&server.name) && other.is_newer_than(server));
            out += &if is_older {
                format!("  {}\n", comment(&format!("an older entry of {}, {synchronized}", server.name)))
            } else {
                let synchronized = comment(&synchronized);
                format!("  - name: {}  {synchronized}\n    mode: {}\n", scalar(&server.name), mode(server.replica))
            };
        }
        out
    }
}

fn mode(replica: bool) -> &'static str {
    if replica { "replica" } else { "autonomous" }
}
