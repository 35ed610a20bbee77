//! The downstream servers.

use std::collections::BTreeMap;

use super::head::LeftOut;
use super::{Section, counted};
use crate::model::listing::ListedDownstreamServer;
use crate::model::name::{fold, trim};
use crate::model::snapshot::Snapshot;
use crate::report::yaml::{comment, scalar};

/// The section: one entry a name. How old a synchronisation may be is nobody's to say but the administrator's.
pub(super) fn section(snapshot: &Snapshot) -> Section {
    let Some(live) = &snapshot.downstream_servers else { return Section::default() };
    let mut by_name: BTreeMap<String, Vec<&ListedDownstreamServer>> = BTreeMap::new();
    let mut nameless = Vec::new();
    for server in live {
        if server.name.trim().is_empty() {
            nameless.push(server.server_id.map_or_else(|| "without an id".to_owned(), |id| id.to_string()));
        } else {
            by_name.entry(fold(&server.name)).or_default().push(server);
        }
    }
    nameless.sort_unstable();
    let count = by_name.len();
    let mut yaml = if by_name.is_empty() { String::new() } else { "  downstreamServers:\n".to_owned() };
    let mut older = 0;
    for entries in by_name.into_values() {
        let newest = newest(&entries);
        let parent = newest.parent.as_ref().map(|parent| format!("below {parent}"));
        older += entries.len() as u64 - 1;
        let others = (entries.len() > 1)
            .then(|| format!("older entries of this name, which `wsusctl diff` reports: {}", entries.len() - 1));
        let remark: Vec<String> = parent.into_iter().chain(others).collect();
        let remark = if remark.is_empty() { String::new() } else { format!("  {}", comment(&remark.join("; "))) };
        let mode = if newest.replica { "replica" } else { "autonomous" };
        yaml += &format!("    - name: {}{remark}\n      mode: {mode}\n", scalar(trim(&newest.name)));
    }
    let left_out = [
        LeftOut::list(nameless, "downstream servers without a name"),
        LeftOut::number(older, "older entries of downstream servers with the same name (the newest is the server)"),
    ];
    Section {
        declares: if count == 0 { String::new() } else { counted(count, "downstream server") },
        yaml,
        left_out: left_out.into_iter().flatten().collect(),
    }
}

/// The entry that counts among those of a name: the one that was heard of last, else the first.
pub(super) fn newest<'a>(entries: &[&'a ListedDownstreamServer]) -> &'a ListedDownstreamServer {
    let newer = |one: &'a ListedDownstreamServer, other| if one.is_newer_than(other) { one } else { other };
    entries.iter().copied().reduce(|newest, entry| newer(entry, newest)).expect("no name is without its entries")
}
