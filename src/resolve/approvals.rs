//! The approvals that entries yield.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::address::{Address, Kind};
use crate::model::approval::ApprovalAction;
use crate::model::desired::{ApprovalEntry, Desired, GroupApproval, UpdateReference};
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, Notice, ResolvedApproval, ResolvedEntry};
use crate::model::snapshot::{ALL_COMPUTERS, Deployment, Snapshot, Update};

use super::declines::Remaining;
use super::groups::Groups;
use super::notes::Notes;
use super::prunable::Hidden;
use super::updates::{Catalog, Referent};

/// What the entries of `approvals` come to.
#[derive(Default)]
pub(super) struct Approvals {
    /// The approvals by update and group.
    pub(super) pairs: BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    /// Approvals on the server that an entry would yield, were the update not left out, with the positions of these entries.
    pub(super) lapsed: BTreeMap<(Uuid, Uuid), BTreeSet<usize>>,
    /// What entries that mean declined updates only would yield.
    pub(super) reinstatable: BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    /// What each entry came to.
    pub(super) entries: Vec<ResolvedEntry>,
}

/// A group of an entry, looked up.
pub(super) type EntryGroup<'a> = (&'a GroupApproval, GroupReference);

/// What entries are judged by besides themselves.
struct Judge<'a> {
    snapshot: &'a Snapshot,
    remaining: &'a Remaining<'a>,
    /// What entries by id approve.
    by_id: BTreeSet<(Uuid, GroupReference)>,
}

/// Two entries that disagree: the places of both, and the updates and the group they disagree about.
pub(super) type Contradictions<'a> = BTreeMap<(Origin, Origin), (&'a str, Vec<Uuid>)>;

impl Approvals {
    /// Puts the pairs of the entries that name updates together.
    pub(super) fn resolve(
        desired: &Desired,
        snapshot: &Snapshot,
        catalog: &Catalog<'_>,
        groups: &[Vec<EntryGroup<'_>>],
        remaining: &Remaining<'_>,
        notes: &mut Notes,
    ) -> Self {
        let judge = Judge { snapshot, remaining, by_id: approved_by_id(desired, groups) };
        let mut approvals = Self::default();
        let mut contradictions = Contradictions::new();
        for (index, (entry, entry_groups)) in desired.approvals.iter().zip(groups).enumerate() {
            let referent = catalog.find(&entry.update, notes);
            let mut resolved = resolved_entry(index, entry, entry_groups);
            if let Some(referent) = referent {
                approvals.take_entry(entry, entry_groups, &referent, &judge, &mut resolved, &mut contradictions);
            }
            approvals.entries.push(resolved);
        }
        for ((first, second), (group, updates)) in contradictions {
            notes.error(contradiction(first, second, group, &named(&updates, snapshot)));
        }
        approvals
    }

    fn take_entry<'a>(
        &mut self,
        entry: &'a ApprovalEntry,
        groups: &[EntryGroup<'a>],
        referent: &Referent<'_>,
        judge: &Judge<'_>,
        resolved: &mut ResolvedEntry,
        contradictions: &mut Contradictions<'a>,
    ) {
        let mut yielded = BTreeSet::new();
        match referent {
            Referent::One(id) => {
                for group in groups {
                    self.add(*id, group, entry, resolved.index, contradictions);
                }
                yielded.insert(*id);
            }
            Referent::Article(updates) => {
                let remaining = judge.remaining(updates, groups);
                resolved.all_declined = remaining.is_empty() && groups.iter().any(approves);
                if resolved.all_declined {
                    self.could_reinstate(updates, groups, entry, resolved.index);
                }
                for update in updates {
                    for group in groups {
                        match judge.leave_out(update, group, &remaining) {
                            None => {
                                yielded.insert(update.id);
                                self.add(update.id, group, entry, resolved.index, contradictions);
                            }
                            Some((code, message)) => {
                                let address = Address::Approval { update: update.id, group: group.0.group.clone() };
                                resolved.skipped.push(Notice { address, code, message, origin: Some(group.0.origin) });
                                self.keep(update, &group.1, resolved.index, judge.snapshot);
                            }
                        }
                    }
                }
            }
        }
        resolved.matched = yielded.len();
        resolved.updates = yielded.into_iter().collect();
    }

    fn add<'a>(
        &mut self,
        update: Uuid,
        (approval, group): &EntryGroup<'a>,
        entry: &ApprovalEntry,
        index: usize,
        contradictions: &mut Contradictions<'a>,
    ) {
        let by_id = matches!(entry.update, UpdateReference::Id(_));
        let (value, accept_license, origin) = (approval.value, entry.accept_license, approval.origin);
        let new = ResolvedApproval { value, accept_license, by_id, entry: index, origin };
        match self.pairs.get_mut(&(update, group.clone())) {
            None => {
                self.pairs.insert((update, group.clone()), new);
            }
            Some(first) if first.value == value => {
                first.accept_license |= accept_license;
                first.by_id |= by_id;
            }
            Some(first) => {
                let contradiction = contradictions.entry((first.origin, origin));
                contradiction.or_insert((&approval.group, Vec::new())).1.push(update);
            }
        }
    }

    /// What an entry comes to where it may reinstate its updates, as an entry by id does.
    fn could_reinstate(&mut self, updates: &[&Update], groups: &[EntryGroup<'_>], entry: &ApprovalEntry, index: usize) {
        for update in updates {
            for (approval, group) in groups.iter().filter(|group| approves(group)) {
                let (value, accept_license, origin) = (approval.value, entry.accept_license, approval.origin);
                let new = ResolvedApproval { value, accept_license, by_id: true, entry: index, origin };
                self.reinstatable.entry((update.id, group.clone())).or_insert(new);
            }
        }
    }

    /// An approval on an update that was left out stays.
    fn keep(&mut self, update: &Update, group: &GroupReference, entry: usize, snapshot: &Snapshot) {
        if let GroupReference::Existing(group) = group
            && rows(snapshot, update.id).any(|row| row.group == *group)
        {
            self.lapsed.entry((update.id, *group)).or_default().insert(entry);
        }
    }
}

impl Judge<'_> {
    /// The updates of an article that stay in: all but those declined for good and those expired without an approval,
    /// or, where that leaves none, those that are not declined for good.
    fn remaining(&self, updates: &[&Update], groups: &[EntryGroup<'_>]) -> BTreeSet<Uuid> {
        let not_declined = || updates.iter().filter(|update| !self.remaining.contains(update));
        let has_approval = |update: &Update| groups.iter().any(|group| approves(group) && self.holds(update, &group.1));
        let good: BTreeSet<Uuid> =
            not_declined().filter(|update| !update.expired || has_approval(update)).map(|update| update.id).collect();
        if good.is_empty() { not_declined().map(|update| update.id).collect() } else { good }
    }

    /// Why a pair of an article is left out, if it is.
    fn leave_out(
        &self,
        update: &Update,
        group: &EntryGroup<'_>,
        remaining: &BTreeSet<Uuid>,
    ) -> Option<(&'static str, String)> {
        if !approves(group) {
            return None;
        }
        if self.remaining.contains(update) {
            return Some(("declined", "declined; name the update's id to reinstate it".to_owned()));
        }
        // Where only expired updates remain they stay in, and the planner says that they cannot be approved.
        let only_expired_remain =
            remaining.contains(&update.id) && remaining.iter().all(|id| !self.is_good(*id, group));
        if update.expired && !self.holds(update, &group.1) && !only_expired_remain {
            return Some(("expired", "expired, and not approved for this group".to_owned()));
        }
        None
    }

    fn is_good(&self, update: Uuid, group: &EntryGroup<'_>) -> bool {
        let update = self.snapshot.updates.get(&update);
        update.is_some_and(|update| !update.expired || self.holds(update, &group.1))
    }

    /// Whether the latest revision has an approval for the group, or an entry by id gives it one. One that stayed on an
    /// older revision when the update expired does not count: it could not be moved.
    fn holds(&self, update: &Update, group: &GroupReference) -> bool {
        self.by_id.contains(&(update.id, group.clone()))
            || rows(self.snapshot, update.id)
                .any(|row| row.revision == update.revision && GroupReference::Existing(row.group) == *group)
    }
}

/// The updates that entries by id approve, which reinstates them: those of which `management.ignore` hides every approval
/// stay as they are.
pub(super) fn reinstated(desired: &Desired, groups: &[Vec<EntryGroup<'_>>], hidden: &Hidden<'_>) -> BTreeSet<Uuid> {
    let by_id = approved_by_id(desired, groups).into_iter();
    by_id.filter(|(update, group)| !hidden.approval(*update, group)).map(|(update, _)| update).collect()
}

/// The pairs that entries by id give an approval.
fn approved_by_id(desired: &Desired, groups: &[Vec<EntryGroup<'_>>]) -> BTreeSet<(Uuid, GroupReference)> {
    let mut pairs = BTreeSet::new();
    for (entry, groups) in desired.approvals.iter().zip(groups) {
        if let UpdateReference::Id(id) = &entry.update {
            let approving = groups.iter().filter(|group| approves(group));
            pairs.extend(approving.map(|(_, group)| (id.value, group.clone())));
        }
    }
    pairs
}

pub(super) fn rows(snapshot: &Snapshot, update: Uuid) -> impl Iterator<Item = &Deployment> {
    snapshot.deployments.get(&update).into_iter().flatten()
}

pub(super) fn approves(group: &EntryGroup<'_>) -> bool {
    group.0.value.action != ApprovalAction::Inherit
}

/// The groups of an entry.
pub(super) fn look_up_groups<'a>(
    entry: &'a ApprovalEntry,
    groups: &mut Groups<'_>,
    notes: &mut Notes,
) -> Vec<EntryGroup<'a>> {
    let mut found = Vec::with_capacity(entry.groups.len());
    for approval in &entry.groups {
        let Some(group) = groups.reference(&approval.group, approval.origin, notes) else { continue };
        if approval.value.action == ApprovalAction::NotApproved && group == GroupReference::Existing(ALL_COMPUTERS) {
            notes.error(
                Diagnostic::error("not-approved-for-all", "`notApproved` is not possible for All Computers")
                    .detail(
                        "It blocks what a parent group passes down, and All Computers has no parent; WSUS refuses it.",
                    )
                    .at(approval.origin, "has no parent group")
                    .help("write `inherit`, which leaves the group without an approval of its own"),
            );
            continue;
        }
        found.push((approval, group));
    }
    found
}

fn resolved_entry(index: usize, entry: &ApprovalEntry, groups: &[EntryGroup<'_>]) -> ResolvedEntry {
    ResolvedEntry {
        kind: Kind::Approval,
        index,
        item: entry.item,
        label: entry.name.clone().unwrap_or_else(|| label(&entry.update)),
        selector: matches!(entry.update, UpdateReference::Select(_)),
        groups: groups.iter().map(|(_, group)| group.clone()).collect(),
        matched: 0,
        updates: Vec::new(),
        kept: Vec::new(),
        skipped: Vec::new(),
        lapsed: Vec::new(),
        all_declined: false,
        origin: entry.origin,
    }
}

/// How reports call a reference.
pub(super) fn label(reference: &UpdateReference) -> String {
    match reference {
        UpdateReference::Id(id) => id.value.to_string(),
        UpdateReference::Kb(reference) => format!("KB{}", reference.kb.value),
        UpdateReference::Select(_) => "select".to_owned(),
    }
}

pub(super) fn contradiction(first: Origin, second: Origin, group: &str, updates: &str) -> Diagnostic {
    let error = Diagnostic::error("contradicting-approvals", "Two entries yield different approvals")
        .detail(format!("Both entries yield an approval of {updates} for `{group}`, and they differ."))
        .at(second, "differs from the first")
        .and(first, "first declared here");
    error.help("remove one of the two, or narrow one entry by `title`, `product` or an update id")
}

/// Some updates with what they are called, for a sentence.
pub(super) fn named(updates: &[Uuid], snapshot: &Snapshot) -> String {
    const NAMED_MAX: usize = 3;
    let one = |id: &Uuid| match snapshot.updates.get(id) {
        Some(update) => format!("{id} ({})", update.label()),
        None => id.to_string(),
    };
    let named: Vec<String> = updates.iter().take(NAMED_MAX).map(one).collect();
    match updates.len().saturating_sub(NAMED_MAX) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
