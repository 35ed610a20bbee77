//! The updates that selectors mean, before the rest of a manifest has its say.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::address::{Address, Kind};
use crate::model::desired::{Desired, UpdateReference};
use crate::model::origin::Declared;
use crate::model::resolved::ResolvedEntry;
use crate::model::snapshot::{Snapshot, Update};

use super::notes::Notes;
use super::select::{Candidate, Conditions};

/// What the selectors of a manifest mean, by the positions of their entries.
pub(super) struct Selected<'a> {
    /// Of `approvals`; none for entries that are no selectors.
    pub(super) approvals: Vec<Option<Hits<'a>>>,
    /// Of `declines`; likewise. `supersedingApproved` is not looked at.
    pub(super) declines: Vec<Option<Hits<'a>>>,
}

/// What one selector means.
pub(super) struct Hits<'a> {
    conditions: Conditions,
    /// Updates that meet every condition, by id.
    pub(super) now: Vec<&'a Update>,
    /// Updates that fell out of the conditions which time and other updates change, by id: those only that are declined or
    /// have an approval.
    pub(super) fallen: Vec<&'a Update>,
}

impl<'a> Hits<'a> {
    fn new(conditions: Conditions) -> Self {
        Self { conditions, now: Vec::new(), fallen: Vec::new() }
    }

    fn look_at(&mut self, candidate: &Candidate<'a>, leaves_something: bool) {
        let update = candidate.update;
        if !self.conditions.meets_facts(update) {
            return;
        }
        let passes = self.conditions.meets_passing(update);
        if (passes || leaves_something) && self.conditions.meets_title(candidate) {
            let found = if passes { &mut self.now } else { &mut self.fallen };
            found.push(update);
        }
    }

    /// The declined updates that it means or meant.
    pub(super) fn ever_declined(&self) -> impl Iterator<Item = Uuid> {
        let updates = self.now.iter().chain(&self.fallen);
        updates.filter(|update| update.declined).map(|update| update.id)
    }
}

impl<'a> Selected<'a> {
    /// Looks at every deployable update once.
    pub(super) fn new(desired: &Desired, snapshot: &'a Snapshot, now: DateTime<Utc>, notes: &mut Notes) -> Self {
        let known = LazyCell::new(|| {
            let kbs = snapshot.updates.values().flat_map(|update| &update.kbs);
            kbs.map(String::as_str).collect::<BTreeSet<&str>>()
        });
        let mut hits_of = |reference: &UpdateReference, place: Address| {
            let UpdateReference::Select(selector) = reference else { return None };
            for kb in selector.kb.iter().flatten().filter(|kb| !known.contains(kb.value.as_str())) {
                warn_of_unknown_article(kb, &place, notes);
            }
            let conditions = Conditions::noting(selector, &snapshot.categories, now, notes);
            Some(match place.kind() {
                Kind::Approval => Hits::new(conditions.for_approvals()),
                _ => Hits::new(conditions),
            })
        };
        let place = |kind, index| Address::Entry { kind, index };
        let approvals = desired.approvals.iter();
        let approvals = approvals.map(|entry| hits_of(&entry.update, place(Kind::Approval, entry.item)));
        let approvals = approvals.collect();
        let declines = desired.declines.iter().enumerate();
        let declines = declines.map(|(index, entry)| hits_of(&entry.update, place(Kind::Decline, index)));
        let mut selected = Self { approvals, declines: declines.collect() };
        let mut all: Vec<&mut Hits<'a>> =
            selected.approvals.iter_mut().chain(&mut selected.declines).flatten().collect();
        if !all.is_empty() {
            for update in snapshot.updates.values().filter(|update| update.deployable) {
                let candidate = Candidate::new(update);
                let leaves_something = update.declined || snapshot.deployments.contains_key(&update.id);
                all.iter_mut().for_each(|hits| hits.look_at(&candidate, leaves_something));
            }
        }
        selected
    }

    /// The declined updates that a selector of declines means or meant.
    pub(super) fn ever_declined(&self) -> BTreeSet<Uuid> {
        self.declines.iter().flatten().flat_map(Hits::ever_declined).collect()
    }
}

/// Warns about an article that no update has. It is no error: updates come and go.
fn warn_of_unknown_article(kb: &Declared<String>, place: &Address, notes: &mut Notes) {
    let message = format!("no update of the server is of KB{}, which `kb` lists", kb.value);
    notes.warn(place.clone(), "unknownKb", message, kb.origin);
}

/// Warns about selectors without any update. Where all that one meant only fell out of it, as between two Patch Tuesdays,
/// that is no more than worth a note.
pub(super) fn tell_of_nothing<'a>(entries: impl Iterator<Item = &'a ResolvedEntry>, notes: &mut Notes) {
    for entry in entries {
        let ResolvedEntry { kind, selector, updates, kept, skipped, lapsed, origin, .. } = entry;
        let means_something = !(updates.is_empty() && kept.is_empty() && skipped.is_empty());
        if means_something || !selector {
            continue;
        }
        let meets = match kind {
            Kind::Approval => "no update that can be approved meets every condition of `select`",
            _ => "no update meets every condition of `select`",
        };
        let fallen = lapsed.iter().filter_map(|address| match address {
            Address::Approval { update, .. } | Address::Decline(update) => Some(update),
            _ => None,
        });
        let (code, message) = match fallen.collect::<BTreeSet<&Uuid>>().len() {
            0 => ("matchesNothing", meets.to_owned()),
            1 => ("note", format!("{meets} (1 update fell out of its conditions and is kept)")),
            number => ("note", format!("{meets} ({number} updates fell out of its conditions and are kept)")),
        };
        notes.warn(entry.address(), code, message, *origin);
    }
}
