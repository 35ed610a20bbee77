//! What has to change in a manifest for it to say what the server has.
//!
//! What a manifest declares it goes on declaring: values change, and so do the items of lists that are owned whole. Entries that
//! stand for an object (a group, a rule, a downstream server) neither come nor go. What a manifest says by a rule of its
//! own (a condition, a pattern, an article with several updates, days in place of a time) is nobody's to rewrite: it is left as
//! it is, with the reason.

mod approvals;
mod database_roles;
mod declines;
mod memberships;
mod notifications;
mod rules;
mod sets;
mod settings;
mod synchronization;

use std::collections::{BTreeMap, BTreeSet};

use super::downstream_servers::newest;
use super::groups::Groups;
use crate::model::address::Address;
use crate::model::desired::Desired;
use crate::model::name::fold;
use crate::model::origin::Origin;
use crate::model::resolved::Resolved;
use crate::model::revision::{Edit, Place, Revision};
use crate::model::snapshot::Snapshot;
use crate::plan::Plan;

/// What has to change, and what cannot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refresh {
    /// What has to change.
    pub revisions: Vec<Revision>,
    /// What stays as it is, and why.
    pub left: BTreeMap<Address, String>,
}

impl Refresh {
    fn revise(&mut self, address: Address, edits: Vec<Edit>) {
        self.revisions.push(Revision { addresses: vec![address], edits });
    }

    /// Changes one value.
    fn set(&mut self, address: Address, place: Place, yaml: String) {
        self.revise(address, vec![Edit::Value { place, yaml, map: None }]);
    }

    fn leave(&mut self, address: Address, why: impl Into<String>) {
        self.left.entry(address).or_insert_with(|| why.into());
    }

    fn take(&mut self, address: Address, edits: Result<Vec<Edit>, String>) {
        match edits {
            Ok(edits) => self.revise(address, edits),
            Err(why) => self.leave(address, why),
        }
    }
}

/// A manifest, the server, and where they differ.
struct Compared<'a> {
    desired: &'a Desired,
    resolved: &'a Resolved,
    snapshot: &'a Snapshot,
    groups: Groups<'a>,
    /// What is not as declared, with the place that declared it.
    differing: BTreeMap<Address, Option<Origin>>,
    /// Downstream servers in another mode, which is only a finding.
    other_mode: BTreeSet<Address>,
}

/// Compares a manifest with the server that its plan was made for.
#[must_use]
pub fn refresh(desired: &Desired, resolved: &Resolved, snapshot: &Snapshot, plan: &Plan) -> Refresh {
    let changes = plan.changes.iter().map(|change| (change.address.clone(), change.origin));
    let unsupported = plan.unsupported.iter().map(|notice| (notice.address.clone(), notice.origin));
    let found = plan.findings.iter().filter(|notice| notice.code == "downstreamMode");
    let compared = Compared {
        desired,
        resolved,
        snapshot,
        groups: Groups::new(snapshot),
        differing: changes.chain(unsupported).collect(),
        other_mode: found.map(|notice| notice.address.clone()).collect(),
    };
    let mut refresh = Refresh::default();
    settings::revise(&compared, &mut refresh);
    synchronization::revise(&compared, &mut refresh);
    notifications::revise(&compared, &mut refresh);
    database_roles::revise(&compared, &mut refresh);
    memberships::revise(&compared, &mut refresh);
    approvals::revise(&compared, &mut refresh);
    declines::revise(&compared, &mut refresh);
    rules::revise(&compared, &mut refresh);
    downstream_servers(&compared, &mut refresh);
    refresh
}

/// A server's mode; what it is to be is not this server's to write, so it is no difference for `diff`.
fn downstream_servers(compared: &Compared<'_>, refresh: &mut Refresh) {
    let live = compared.snapshot.downstream_servers.iter().flatten();
    let live: Vec<_> = live.collect();
    for (index, server) in compared.desired.downstream_servers.iter().enumerate() {
        let address = Address::Downstream(server.name.clone());
        let entries: Vec<_> = live.iter().copied().filter(|entry| fold(&entry.name) == fold(&server.name)).collect();
        if entries.is_empty() || !compared.other_mode.contains(&address) {
            continue;
        }
        let mode = if newest(&entries).replica { "replica" } else { "autonomous" };
        let place = Place::in_spec("downstreamServers").item(index).key("mode");
        refresh.set(address, place, mode.to_owned());
    }
}
