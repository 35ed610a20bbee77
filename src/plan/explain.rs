//! What each entry's updates are called and how the server stands to what is declared for them, for people who ask.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::context::Context;
use super::permission::Permissions;
use super::{Plan, Policy};
use crate::model::address::{Address, Kind};
use crate::model::resolved::Resolved;
use crate::model::snapshot::Snapshot;

/// What a plan says besides about its entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explained {
    /// Titles and articles of the updates that entries match, keep or leave out.
    pub titles: BTreeMap<Uuid, String>,
    /// What an entry (an index into `Plan::entries`) declares for an update: by group, or without one for a decline. Nothing
    /// where another entry decides.
    pub standings: BTreeMap<(usize, Uuid), Standings>,
}

/// Standings by group; of a decline one without a group.
pub type Standings = Vec<(Option<String>, Standing)>;

/// How the server stands to something declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is as declared.
    Holds,
    /// The plan changes it.
    Changes,
    /// It differs, and the plan leaves it: it is unsupported, or hidden by `management.ignore`.
    Left,
}

impl Plan {
    /// Adds titles and standings of what the entries mean. The plan has to be of these.
    pub fn explain(&mut self, resolved: &Resolved, snapshot: &Snapshot) {
        // What is permitted changes nothing about what is declared.
        let policy = Policy { now: self.taken_at, permissions: Permissions::default() };
        let context = Context::new(resolved, snapshot, &policy);
        let changing: BTreeSet<&Address> = self.changes.iter().map(|change| &change.address).collect();
        let standing = |address: &Address, holds: bool| match (changing.contains(address), holds) {
            (true, _) => Standing::Changes,
            (false, true) => Standing::Holds,
            (false, false) => Standing::Left,
        };
        let mut explained = Explained::default();
        for ((update, group), approval) in &resolved.approvals {
            let Some(live) = snapshot.updates.get(update) else { continue };
            let holds = approval.value.is_all_of(context.approvals_of(*update, group), live.revision);
            let found = standing(&context.approval_address(*update, group), holds);
            let of_entry = explained.standings.entry((approval.entry, *update)).or_default();
            of_entry.push((Some(context.name(group)), found));
        }
        for standings in explained.standings.values_mut() {
            standings.sort();
        }
        for (update, decline) in &resolved.declines {
            let holds = snapshot.updates.get(update).is_some_and(|update| update.declined);
            let found = standing(&Address::Decline(*update), holds);
            explained.standings.entry((decline.entry, *update)).or_default().push((None, found));
        }
        for entry in self.entries.iter().filter(|entry| matches!(entry.kind, Kind::Approval | Kind::Decline)) {
            let skipped = entry.skipped.iter().filter_map(|notice| match &notice.address {
                Address::Approval { update, .. } | Address::Decline(update) => Some(update),
                _ => None,
            });
            let named = entry.updates.iter().chain(&entry.kept).chain(skipped);
            let known = named.filter_map(|id| snapshot.updates.get(id));
            explained.titles.extend(known.map(|update| (update.id, update.label())));
        }
        self.explained = Some(explained);
    }
}
