//! Downstream servers.

use serde::Serialize;

use super::{Listed, or_dash, time_or_never};
use crate::model::listing::ListedDownstreamServer;
use crate::report::timestamp::timestamp;
use crate::report::yaml::{comment, scalar};

/// A downstream server in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireDownstreamServer<'a> {
    name: &'a str,
    server_id: Option<String>,
    mode: &'static str,
    parent: Option<&'a str>,
    synchronized_at: Option<String>,
    rolled_up_at: Option<String>,
    version: Option<&'a str>,
}

impl Listed for ListedDownstreamServer {
    type Row = Self;
    type Wire<'a> = WireDownstreamServer<'a>;
    const HEADINGS: &'static [&'static str] = &["NAME", "MODE", "SYNCHRONIZED", "ROLLED UP", "VERSION", "PARENT"];
    const YAML_HEAD: &'static [&'static str] =
        &["to look at: this version's manifests cannot declare downstream servers"];

    fn cells(row: &Self) -> Vec<String> {
        let Self { name, server_id: _, replica, parent, synchronized_at, rolled_up_at, version } = row;
        vec![
            name.clone(),
            mode(*replica).to_owned(),
            time_or_never(*synchronized_at),
            time_or_never(*rolled_up_at),
            or_dash(version.clone().unwrap_or_default()),
            or_dash(parent.clone().unwrap_or_default()),
        ]
    }

    fn wire(row: &Self) -> WireDownstreamServer<'_> {
        let Self { name, server_id, replica, parent, synchronized_at, rolled_up_at, version } = row;
        WireDownstreamServer {
            name,
            server_id: server_id.map(|id| id.to_string()),
            mode: mode(*replica),
            parent: parent.as_deref(),
            synchronized_at: synchronized_at.map(timestamp),
            rolled_up_at: rolled_up_at.map(timestamp),
            version: version.as_deref(),
        }
    }

    fn yaml(rows: &[Self], first: bool) -> String {
        let mut out = if first { "downstreamServers:\n".to_owned() } else { String::new() };
        for server in rows {
            let synchronized = comment(&format!("synchronized: {}", time_or_never(server.synchronized_at)));
            out += &format!("  - name: {}  {synchronized}\n    mode: {}\n", scalar(&server.name), mode(server.replica));
        }
        out
    }
}

fn mode(replica: bool) -> &'static str {
    if replica { "replica" } else { "autonomous" }
}
