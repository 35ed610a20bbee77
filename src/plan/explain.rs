//! What each entry's updates are called and how the server stands to what is declared for them, for people who ask.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::context::Context;
use super::permission::Permissions;
use super::{Plan, Policy};
use crate::model::address::{Address, Kind};
use crate::model::name::fold;
use crate::model::resolved::{GroupReference, Resolved};
use crate::model::snapshot::Snapshot;

/// What a plan says besides about its entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explained {
    /// Titles and articles of the updates that entries match, keep or leave out.
    pub titles: BTreeMap<Uuid, String>,
    /// What an entry (an index into `Plan::entries`) declares for an update: by group, or without one for a decline.
    pub standings: BTreeMap<(usize, Uuid), Standings>,
}

impl Explained {
    /// The title of the update that an address names.
    #[must_use]
    pub fn title_of(&self, address: &Address) -> Option<&str> {
        match address {
            Address::Approval { update, .. } | Address::Decline(update) => self.titles.get(update).map(String::as_str),
            _ => None,
        }
    }

    /// Updates in the order of their titles, those of the same title by id.
    #[must_use]
    pub fn by_title(&self, updates: &[Uuid]) -> Vec<Uuid> {
        let mut updates = updates.to_vec();
        updates.sort_by_cached_key(|update| (self.titles.get(update).map(|title| fold(title)), *update));
        updates
    }
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
    /// Another entry, an index into `Plan::entries`, decides.
    Decided(usize),
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
        for (index, entry) in self.entries.iter().enumerate() {
            let stand = |decider: usize, address: &Address, holds: bool| {
                if decider == index { standing(address, holds) } else { Standing::Decided(decider) }
            };
            for update in &entry.updates {
                let Some(live) = snapshot.updates.get(update) else { continue };
                let of_pair = |group: &GroupReference| {
                    let approval = resolved.approvals.get(&(*update, group.clone()))?;
                    let holds = approval.value.is_all_of(context.approvals_of(*update, group), live.revision);
                    let found = stand(approval.entry, &context.approval_address(*update, group), holds);
                    Some((Some(context.name(group)), found))
                };
                let mut standings: Standings = match entry.kind {
                    Kind::Approval => entry.groups.iter().filter_map(of_pair).collect(),
                    _ => {
                        let decline = resolved.declines.get(update).into_iter();
                        let stand = |entry| stand(entry, &Address::Decline(*update), live.declined);
                        decline.map(|decline| (None, stand(decline.entry))).collect()
                    }
                };
                standings.sort();
                explained.standings.insert((index, *update), standings);
            }
        }
        for entry in self.entries.iter().filter(|entry| matches!(entry.kind, Kind::Approval | Kind::Decline)) {
            let beside = entry.skipped.iter().map(|notice| &notice.address).chain(&entry.lapsed);
            let beside = beside.filter_map(|address| match address {
                Address::Approval { update, .. } | Address::Decline(update) => Some(update),
                _ => None,
            });
            let named = entry.updates.iter().chain(&entry.kept).chain(beside);
            let known = named.filter_map(|id| snapshot.updates.get(id));
            explained.titles.extend(known.map(|update| (update.id, update.label())));
        }
        self.explained = Some(explained);
    }
}
