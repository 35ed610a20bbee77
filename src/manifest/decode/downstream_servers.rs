//! `downstreamServers`.

use super::super::document::DownstreamServer;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, list, name, word};
use super::period::age;

pub(super) const SERVER: Shape = Shape::new("a downstream server", &["name", "mode", "maxSyncAge"]);

/// Reads a list of servers.
pub(super) fn downstream_servers(value: Keyed<'_>, problems: &mut Problems) -> Vec<DownstreamServer> {
    let Some(items) = list(value, "downstream servers", problems) else { return Vec::new() };
    items.filter_map(|item| server(item, problems)).collect()
}

fn server(value: Keyed<'_>, problems: &mut Problems) -> Option<DownstreamServer> {
    let mut fields = Fields::of(value, &SERVER, problems)?;
    let name = fields.require("name", problems).and_then(|value| name(&value, SERVER.what, problems));
    let replica = fields.take("mode").and_then(|value| {
        word(&value, &[("replica", true), ("autonomous", false)], problems).map(|replica| replica.value)
    });
    let max_sync_age = fields.take("maxSyncAge").and_then(|value| age(&value, problems));
    Some(DownstreamServer { name: name?, replica, max_sync_age })
}
