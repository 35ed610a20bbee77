//! The updates that entries decline.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::address::{Address, Kind};
use crate::model::approval::ApprovalAction;
use crate::model::desired::{DeclineEntry, Desired, UpdateReference};
use crate::model::management::Prune;
use crate::model::origin::Origin;
use crate::model::procedure::{Procedure, Verdict};
use crate::model::resolved::{GroupReference, Notice, ResolvedApproval, ResolvedDecline, ResolvedEntry};
use crate::model::snapshot::{Snapshot, Update};

use super::approvals::{label, named};
use super::notes::Notes;
use super::prunable::Hidden;
use super::selected::{Hits, Selected};
use super::superseding::{Outlook, Superseding};
use super::updates::Catalog;

/// What the entries of `declines` come to.
#[derive(Default)]
pub(super) struct Declined {
    /// The updates; their `entry` counts from the first entry of `declines`.
    pub(super) updates: BTreeMap<Uuid, ResolvedDecline>,
    /// What each entry came to.
    pub(super) entries: Vec<ResolvedEntry>,
}

/// Looks up every entry that names updates. Declined and expired ones are meant like any other.
pub(super) fn resolve(desired: &Desired, catalog: &Catalog<'_>, notes: &mut Notes) -> Declined {
    let mut declined = Declined::default();
    for (index, entry) in desired.declines.iter().enumerate() {
        let ids = catalog.find(&entry.update, notes).map_or_else(Vec::new, |referent| referent.ids());
        for id in &ids {
            declined.updates.entry(*id).or_insert(ResolvedDecline { entry: index, origin: entry.origin });
        }
        declined.entries.push(ResolvedEntry {
            kind: Kind::Decline,
            index,
            item: index,
            label: label(&entry.update),
            selector: matches!(entry.update, UpdateReference::Select(_)),
            groups: Vec::new(),
            matched: ids.len(),
            updates: ids,
            kept: Vec::new(),
            skipped: Vec::new(),
            lapsed: Vec::new(),
            all_declined: false,
            origin: entry.origin,
        });
    }
    declined
}

impl Declined {
    /// The updates that the plan really declines, so that their approvals go with them.
    pub(super) fn declining(&self, snapshot: &Snapshot, hidden: &Hidden<'_>) -> BTreeSet<Uuid> {
        let can_decline = snapshot.procedures.get(&Procedure::DeclineUpdate);
        if can_decline.is_none_or(|state| state.verdict != Verdict::Matches) {
            return BTreeSet::new();
        }
        let live = |id: &Uuid| snapshot.updates.get(id).is_some_and(|update| !update.declined);
        self.updates.keys().copied().filter(live).filter(|id| !hidden.decline(*id)).collect()
    }

    /// Tells the entries which declines on the server only fell out of them.
    pub(super) fn tell_lapsed(&mut self, selected: &Selected<'_>, lapsed: &BTreeSet<Uuid>, hidden: &Hidden<'_>) {
        for (entry, hits) in self.entries.iter_mut().zip(&selected.declines) {
            let of_entry = hits.iter().flat_map(Hits::ever_declined);
            let kept = of_entry.filter(|id| lapsed.contains(id) && !hidden.decline(*id));
            entry.lapsed = kept.map(Address::Decline).collect();
            entry.lapsed.sort();
        }
    }
}

/// Which declines on the server a plan leaves: none of an update that is approved by its id; with pruning those only that an
/// entry declines or that fell out of one.
pub(super) struct Remaining<'a> {
    /// Updates that are approved by their ids.
    pub(super) reinstated: BTreeSet<Uuid>,
    prunes: bool,
    /// What entries without conditions decline.
    declared: BTreeSet<Uuid>,
    /// What selectors decline or declined.
    selected: BTreeSet<Uuid>,
    /// What `management.ignore` hides.
    pub(super) hidden: &'a Hidden<'a>,
}

impl<'a> Remaining<'a> {
    pub(super) fn new(
        desired: &Desired,
        snapshot: &Snapshot,
        declined: &Declined,
        selected: &Selected<'_>,
        reinstated: BTreeSet<Uuid>,
        hidden: &'a Hidden<'a>,
    ) -> Self {
        Self {
            reinstated,
            prunes: desired.management.prune(Kind::Decline) != Prune::Never && !snapshot.server.replica,
            declared: declined.updates.keys().copied().collect(),
            selected: selected.ever_declined(),
            hidden,
        }
    }

    /// Whether an update is declined and will be.
    pub(super) fn contains(&self, update: &Update) -> bool {
        let wanted = || !self.prunes || self.declared.contains(&update.id) || self.selected.contains(&update.id);
        update.declined && (self.hidden.decline(update.id) || (!self.reinstated.contains(&update.id) && wanted()))
    }

    /// Whether an entry that names the update declines it.
    pub(super) fn is_declared(&self, update: Uuid) -> bool {
        self.declared.contains(&update)
    }

    /// The declines that only fell out of a selector.
    pub(super) fn lapsed(&self, snapshot: &Snapshot, declined: &Declined) -> BTreeSet<Uuid> {
        let fallen = self.selected.iter().filter(|id| !declined.updates.contains_key(id));
        fallen.filter(|id| snapshot.updates.get(id).is_some_and(|update| self.contains(update))).copied().collect()
    }
}

/// Adds what selectors decline: every update that they mean, less those that the manifest approves.
pub(super) fn select(
    declined: &mut Declined,
    desired: &Desired,
    selected: &Selected<'_>,
    remaining: &Remaining<'_>,
    outlook: &Outlook<'_>,
) {
    let selectors: Vec<Selector<'_>> = selectors(desired, selected);
    let answers = judge_superseding(declined, &selectors, remaining, outlook, desired);
    let mut taken: Vec<(Uuid, ResolvedDecline)> = Vec::new();
    for Selector { index, entry, hits, superseding_approved } in selectors {
        let meant =
            |update: &&&Update| superseding_approved.is_none_or(|wanted| answers.get(&update.id) == Some(&wanted));
        let meant = hits.now.iter().filter(meant).copied();
        let (hiding, open): (Vec<&Update>, Vec<&Update>) = meant.partition(|update| outlook.hides_approval(update));
        let (kept, yielded): (Vec<Uuid>, Vec<Uuid>) =
            open.iter().map(|update| update.id).partition(|update| is_protected(*update, outlook, desired));
        let decline = ResolvedDecline { entry: index, origin: entry.origin };
        taken.extend(yielded.iter().map(|update| (*update, decline.clone())));
        if let Some(resolved) = declined.entries.get_mut(index) {
            (resolved.matched, resolved.updates, resolved.kept) = (yielded.len(), yielded, kept);
            resolved.skipped.extend(hiding.iter().map(|update| Notice {
                address: Address::Decline(update.id),
                code: "ignored",
                message: "declining it would destroy an approval that `management.ignore` hides".to_owned(),
                origin: Some(entry.origin),
            }));
        }
    }
    for (update, decline) in taken {
        declined.updates.entry(update).or_insert(decline);
    }
}

/// A selector of declines with what it means.
struct Selector<'a> {
    index: usize,
    entry: &'a DeclineEntry,
    hits: &'a Hits<'a>,
    superseding_approved: Option<bool>,
}

fn selectors<'a>(desired: &'a Desired, selected: &'a Selected<'a>) -> Vec<Selector<'a>> {
    let entries = desired.declines.iter().zip(&selected.declines).enumerate();
    let selectors = entries.filter_map(|(index, (entry, hits))| match (&entry.update, hits) {
        (UpdateReference::Select(selector), Some(hits)) => {
            Some(Selector { index, entry, hits, superseding_approved: selector.superseding_approved })
        }
        _ => None,
    });
    selectors.collect()
}

/// Whether the manifest approves an update, so that no selector declines it: for install or uninstall by whatever entry, or
/// in any way by an entry that names it. What only the server approves is not safe.
fn is_protected(update: Uuid, outlook: &Outlook<'_>, desired: &Desired) -> bool {
    outlook.yielded(update).any(|(_, approval)| match approval.value.action {
        ApprovalAction::Install | ApprovalAction::Uninstall => true,
        ApprovalAction::NotApproved => !matches!(desired.approvals[approval.entry].update, UpdateReference::Select(_)),
        ApprovalAction::Inherit => false,
    })
}

/// For the updates of selectors with `supersedingApproved`: whether an update that supersedes them will be approved.
fn judge_superseding(
    declined: &Declined,
    selectors: &[Selector<'_>],
    remaining: &Remaining<'_>,
    outlook: &Outlook<'_>,
    desired: &Desired,
) -> BTreeMap<Uuid, bool> {
    let mut asked: BTreeMap<Uuid, &Update> = BTreeMap::new();
    let mut wanted: BTreeMap<Uuid, BTreeSet<bool>> = BTreeMap::new();
    let mut plainly: BTreeSet<Uuid> = BTreeSet::new();
    if selectors.iter().all(|selector| selector.superseding_approved.is_none()) {
        return BTreeMap::new();
    }
    for Selector { hits, superseding_approved, .. } in selectors {
        for update in &hits.now {
            match superseding_approved {
                None => {
                    plainly.insert(update.id);
                }
                Some(approved) => {
                    asked.insert(update.id, update);
                    wanted.entry(update.id).or_default().insert(*approved);
                }
            }
        }
    }
    let updates = &outlook.snapshot.updates;
    let can_be_declined = |id: Uuid| {
        !is_protected(id, outlook, desired)
            && !outlook.hidden.decline(id)
            && updates.get(&id).is_some_and(|update| !outlook.hides_approval(update))
    };
    let is_declined = |id: Uuid| {
        updates.get(&id).is_some_and(|update| remaining.contains(update))
            || (declined.updates.contains_key(&id) && !outlook.hidden.decline(id))
            || (plainly.contains(&id) && can_be_declined(id))
    };
    let is_declined_if = |id: Uuid, approved: bool| {
        wanted.get(&id).is_some_and(|wanted| wanted.contains(&approved)) && can_be_declined(id)
    };
    let superseding = Superseding {
        snapshot: outlook.snapshot,
        declined: &is_declined,
        declined_if: &is_declined_if,
        will_install: &|id| outlook.will_install(id),
    };
    superseding.judge(&asked)
}

/// Refuses updates that are both approved and declined. Having no approval of its own contradicts nothing.
pub(super) fn check_against_approvals(
    declined: &Declined,
    snapshot: &Snapshot,
    approvals: &BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    notes: &mut Notes,
) {
    let mut contradictions: BTreeMap<(Origin, Origin), BTreeSet<Uuid>> = BTreeMap::new();
    for ((update, _), approval) in approvals {
        if approval.value.action == ApprovalAction::Inherit {
            continue;
        }
        if let Some(decline) = declined.updates.get(update) {
            contradictions.entry((approval.origin, decline.origin)).or_default().insert(*update);
        }
    }
    for ((approval, decline), updates) in contradictions {
        let updates: Vec<Uuid> = updates.into_iter().collect();
        notes.error(
            Diagnostic::error("approved-and-declined", "An update is both approved and declined")
                .detail(format!("{}: declining an update destroys its approvals.", named(&updates, snapshot)))
                .at(decline, "declined here")
                .and(approval, "approved here")
                .help("remove one of the two, or narrow one entry by `title`, `product` or an update id"),
        );
    }
}
