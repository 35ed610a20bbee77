//! Which entry of a manifest declares a change.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::address::{Address, Kind};
use crate::model::resolved::ResolvedEntry;
use crate::plan::change::Change;

/// So many entries name what their updates have in common.
const LABELS_MAX: usize = 6;

/// The entries, by place and by what they mean.
pub(super) struct Declarers<'a> {
    /// In the order of the files.
    by_place: Vec<&'a ResolvedEntry>,
    /// The references of lists of several, which have the places of their groups in common.
    listed: BTreeMap<(Kind, usize, Uuid), &'a ResolvedEntry>,
}

impl<'a> Declarers<'a> {
    pub(super) fn new(entries: &'a [ResolvedEntry]) -> Self {
        let mut by_place: Vec<&ResolvedEntry> = entries.iter().collect();
        by_place.sort_by_key(|entry| (entry.origin.source, entry.origin.start));
        let lists = entries.chunk_by(|one, other| (one.kind, one.item) == (other.kind, other.item));
        let references = lists.filter(|list| list.len() > 1).flatten();
        let of_reference = |entry: &'a ResolvedEntry| {
            entry.updates.iter().map(move |update| ((entry.kind, entry.item, *update), entry))
        };
        Self { by_place, listed: references.flat_map(of_reference).collect() }
    }

    /// What the entries behind some changes are called, each once, as far as that is worth reading: none where something has no
    /// entry or where there are many.
    pub(super) fn labels<'c>(&self, changes: impl Iterator<Item = &'c Change>) -> Vec<&'a str> {
        let mut labels = Vec::new();
        for change in changes {
            let Some(entry) = self.of(change) else { return Vec::new() };
            if !labels.contains(&entry.label.as_str()) {
                labels.push(&entry.label);
            }
            if labels.len() > LABELS_MAX {
                return Vec::new();
            }
        }
        labels
    }

    /// Of the item of the manifest's list that begins last before the change, the reference that means its update.
    fn of(&self, change: &Change) -> Option<&'a ResolvedEntry> {
        let origin = change.origin?;
        let (Address::Approval { update, .. } | Address::Decline(update)) = &change.address else { return None };
        let place = (origin.source, origin.start);
        let before = self.by_place.partition_point(|entry| (entry.origin.source, entry.origin.start) <= place);
        let last = self.by_place[..before].last().filter(|entry| entry.origin.source == origin.source)?;
        Some(self.listed.get(&(last.kind, last.item, *update)).copied().unwrap_or(last))
    }
}
