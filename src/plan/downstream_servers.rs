//! Entries of downstream servers that are pruned: older ones of a name that a newer entry has.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Affects, Change, ChangeAction, Details, Reason, Risk};
use super::context::Context;
use super::draft::{Draft, DraftStep};
use super::step::Operation;
use super::values::time_attribute;
use crate::model::address::{Address, Kind};
use crate::model::attribute::Attribute;
use crate::model::listing::ListedDownstreamServer;
use crate::model::name::fold;
use crate::model::object::ObjectState;

/// Entries that are not the one of a declared server.
pub(super) fn undeclared<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a ListedDownstreamServer> {
    let declared = context.resolved.downstream_servers.iter().filter_map(|server| server.live.as_ref());
    let declared: Vec<&ListedDownstreamServer> = declared.collect();
    let live = context.snapshot.downstream_servers.iter().flatten();
    live.filter(move |entry| !declared.contains(entry))
}

/// Whether `management.ignore` hides an entry, as a server or as one of several entries of it.
pub(super) fn is_hidden(context: &Context<'_>, entry: &ListedDownstreamServer) -> bool {
    entry.addresses().any(|address| context.ignores(&address))
}

/// Deletions of older entries.
pub(super) fn pruned(context: &Context<'_>) -> Vec<Draft> {
    let prune = context.resolved.management.prune(Kind::Downstream);
    let prunable: &BTreeSet<_> = &context.resolved.prunable_downstream_servers;
    let live = context.snapshot.downstream_servers.iter().flatten();
    let deletion = |entry: &ListedDownstreamServer| {
        let id = entry.server_id.filter(|id| prunable.contains(id))?;
        let change = change(entry, Address::DownstreamEntry { name: entry.name.clone(), server_id: id });
        let step = DraftStep {
            operation: Operation::DeleteDownstreamServer { id, name: entry.name.clone() },
            before: ObjectState::DownstreamServer(Some(entry.clone())),
            achieves: None,
            needs: Vec::new(),
        };
        let mut draft = Draft::new(change, vec![fold(&entry.name), id.to_string()], vec![step]);
        draft.pruned = Some(prune);
        Some(draft)
    };
    live.filter_map(deletion).collect()
}

fn change(entry: &ListedDownstreamServer, address: Address) -> Change {
    Change {
        address,
        action: ChangeAction::Delete,
        before: Some(attributes(entry)),
        after: None,
        fields: Vec::new(),
        members: None,
        reason: Reason {
            code: "pruned",
            text: "a newer entry has the same name, and older ones are pruned".to_owned(),
        },
        risk: Risk::Low,
        affects: Affects { computers: entry.computers, ..Affects::default() },
        changed_by: None,
        changed_at: None,
        origin: None,
        label: None,
        details: Details::default(),
    }
}

fn attributes(entry: &ListedDownstreamServer) -> BTreeMap<String, Attribute> {
    let ListedDownstreamServer {
        name: _,
        server_id: _,
        replica,
        parent,
        synchronized_at,
        rolled_up_at,
        version,
        below: _,
        computers: _,
    } = entry;
    let text = |text: &Option<String>| text.clone().map_or(Attribute::Null, Attribute::Text);
    BTreeMap::from([
        ("mode".to_owned(), Attribute::text(if *replica { "replica" } else { "autonomous" })),
        ("parent".to_owned(), text(parent)),
        ("synchronizedAt".to_owned(), synchronized_at.map_or(Attribute::Null, time_attribute)),
        ("rolledUpAt".to_owned(), rolled_up_at.map_or(Attribute::Null, time_attribute)),
        ("version".to_owned(), text(version)),
    ])
}
