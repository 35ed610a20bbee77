//! The approvals that selectors yield.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::diagnostic::Diagnostic;
use crate::model::address::Address;
use crate::model::approvable::{Obstacle, obstacles};
use crate::model::approval::{ApprovalAction, ApprovalValue};
use crate::model::desired::{ApprovalEntry, Desired, UpdateReference};
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, Notice, ResolvedApproval, ResolvedEntry};
use crate::model::snapshot::{Deployment, License, Snapshot, Update};

use super::approvals::{Approvals, Contradictions, EntryGroup, approves, named, rows};
use super::declines::{Declined, Remaining};
use super::notes::Notes;
use super::prunable::Hidden;
use super::selected::{Hits, Selected};

/// A pair of an update and a group.
type Pair = (Uuid, GroupReference);

/// A selector of approvals with what it means.
struct Selector<'a> {
    index: usize,
    entry: &'a ApprovalEntry,
    groups: &'a [EntryGroup<'a>],
    hits: &'a Hits<'a>,
    /// The updates that it means and that entries neither decline nor leave declined.
    meant: Vec<&'a Update>,
}

/// Adds what selectors yield where no entry that names the update says anything else.
pub(super) fn select<'a>(
    approvals: &mut Approvals,
    desired: &'a Desired,
    groups: &'a [Vec<EntryGroup<'a>>],
    selected: &'a Selected<'a>,
    snapshot: &Snapshot,
    remaining: &Remaining<'_>,
    notes: &mut Notes,
) {
    let selectors = selectors(desired, groups, selected, remaining);
    let mut pairs = yielded(approvals, &selectors, snapshot, notes);
    let accepted = accepted(approvals.pairs.iter().chain(&pairs), snapshot, remaining.hidden);
    let mut problems: BTreeMap<Pair, Obstacle> = BTreeMap::new();
    pairs.retain(|(update, group), approval| {
        let Some(update) = snapshot.updates.get(update) else { return true };
        approval.accept_license |= pending(update, approval).is_some_and(|license| accepted.contains(&license));
        let Some(problem) = problem(snapshot, update, group, approval) else { return true };
        problems.insert((update.id, group.clone()), problem);
        false
    });
    approvals.pairs.extend(pairs);
    for selector in &selectors {
        approvals.account(selector, &problems, remaining);
        approvals.lapse(selector, snapshot, remaining);
    }
    let Approvals { pairs, lapsed, .. } = approvals;
    lapsed.retain(|(update, group), _| !pairs.contains_key(&(*update, GroupReference::Existing(*group))));
}

fn selectors<'a>(
    desired: &'a Desired,
    groups: &'a [Vec<EntryGroup<'a>>],
    selected: &'a Selected<'a>,
    remaining: &Remaining<'_>,
) -> Vec<Selector<'a>> {
    let entries = desired.approvals.iter().zip(groups).zip(&selected.approvals).enumerate();
    let selectors = entries.filter_map(|(index, ((entry, groups), hits))| {
        let hits = hits.as_ref()?;
        let free = |update: &&&Update| !remaining.contains(update) && !remaining.is_declared(update.id);
        let meant = hits.now.iter().filter(free).copied().collect();
        Some(Selector { index, entry, groups, hits, meant })
    });
    selectors.collect()
}

/// The pairs of all selectors. Selectors that disagree are errors, unless an entry that names the update decides.
fn yielded(
    approvals: &Approvals,
    selectors: &[Selector<'_>],
    snapshot: &Snapshot,
    notes: &mut Notes,
) -> BTreeMap<Pair, ResolvedApproval> {
    let mut pairs: BTreeMap<Pair, ResolvedApproval> = BTreeMap::new();
    let mut contradictions = Contradictions::new();
    for Selector { index, entry, groups, meant, .. } in selectors {
        for update in meant {
            for (approval, group) in *groups {
                let pair = (update.id, group.clone());
                if approvals.pairs.contains_key(&pair) {
                    continue;
                }
                let (value, accept_license, origin) = (approval.value, entry.accept_license, approval.origin);
                match pairs.get_mut(&pair) {
                    None => {
                        let new = ResolvedApproval { value, accept_license, by_id: false, entry: *index, origin };
                        pairs.insert(pair, new);
                    }
                    Some(first) if first.value == value => first.accept_license |= accept_license,
                    Some(first) => {
                        let contradiction = contradictions.entry((first.origin, origin));
                        contradiction.or_insert((&approval.group, Vec::new())).1.push(update.id);
                    }
                }
            }
        }
    }
    for ((first, second), (group, updates)) in contradictions {
        notes.error(contradiction(first, second, group, &named(&updates, snapshot)));
    }
    pairs
}

/// The licence terms that the plan accepts. Terms are accepted for the whole server: what one entry accepts keeps no other
/// from approving.
fn accepted<'a>(
    pairs: impl Iterator<Item = (&'a Pair, &'a ResolvedApproval)>,
    snapshot: &Snapshot,
    hidden: &Hidden<'_>,
) -> BTreeSet<Uuid> {
    let accepting = pairs.filter(|(_, approval)| approval.accept_license);
    let licenses = accepting.filter_map(|((update, group), approval)| {
        let update = snapshot.updates.get(update)?;
        let license = pending(update, approval)?;
        let written = !holds(snapshot, update, group, &approval.value) && !hidden.approval(update.id, group);
        written.then_some(license)
    });
    licenses.collect()
}

/// The licence terms that an approval needs and that nobody has accepted.
fn pending(update: &Update, approval: &ResolvedApproval) -> Option<Uuid> {
    match update.license {
        License::Pending(license) if approval.value.action == ApprovalAction::Install => Some(license),
        License::Pending(_) | License::Accepted(_) | License::None => None,
    }
}

/// Why an approval that has to be written cannot be, if it cannot. What holds already is no problem.
fn problem(
    snapshot: &Snapshot,
    update: &Update,
    group: &GroupReference,
    approval: &ResolvedApproval,
) -> Option<Obstacle> {
    let ResolvedApproval { value, accept_license, .. } = approval;
    let obstacle = obstacles(update, value, *accept_license).next()?;
    (!holds(snapshot, update, group, value)).then_some(obstacle)
}

fn holds(snapshot: &Snapshot, update: &Update, group: &GroupReference, value: &ApprovalValue) -> bool {
    let of_pair = |row: &&Deployment| GroupReference::Existing(row.group) == *group;
    rows(snapshot, update.id).filter(of_pair).any(|row| value.holds_in(row, update.revision))
}

impl Approvals {
    /// Says what a selector came to.
    fn account(&mut self, selector: &Selector<'_>, problems: &BTreeMap<Pair, Obstacle>, remaining: &Remaining<'_>) {
        let Selector { index, entry, groups, hits, meant } = selector;
        let mut skipped: Vec<Notice> = Vec::new();
        for update in &hits.now {
            let message = if remaining.is_declared(update.id) {
                "another entry declines it"
            } else if remaining.contains(update) {
                "it is declined on the server; an entry that names its id takes that back"
            } else {
                continue;
            };
            skipped.push(Notice {
                address: Address::Decline(update.id),
                code: "declined",
                message: message.to_owned(),
                origin: Some(entry.origin),
            });
        }
        let mut updates: Vec<Uuid> = Vec::with_capacity(meant.len());
        for update in meant {
            let mut left_out = 0;
            for (approval, group) in *groups {
                let Some(Obstacle { code, message }) = problems.get(&(update.id, group.clone())) else { continue };
                left_out += 1;
                let address = Address::Approval { update: update.id, group: approval.group.clone() };
                let (message, origin) = ((*message).to_owned(), Some(approval.origin));
                skipped.push(Notice { address, code, message, origin });
            }
            if left_out == 0 || left_out < groups.len() {
                updates.push(update.id);
            }
        }
        if let Some(resolved) = self.entries.get_mut(*index) {
            (resolved.matched, resolved.updates, resolved.skipped) = (updates.len(), updates, skipped);
        }
    }

    /// Keeps the approvals of updates that a selector means no more, and of those that it has to leave out.
    fn lapse(&mut self, selector: &Selector<'_>, snapshot: &Snapshot, remaining: &Remaining<'_>) {
        let Selector { index, groups, hits, .. } = selector;
        let named: BTreeSet<Uuid> = groups
            .iter()
            .filter(|group| approves(group))
            .filter_map(|(_, group)| match group {
                GroupReference::Existing(id) => Some(*id),
                GroupReference::Planned(_) => None,
            })
            .collect();
        let updates = hits.now.iter().chain(&hits.fallen);
        for update in updates.filter(|update| !remaining.contains(update) && !remaining.is_declared(update.id)) {
            for row in rows(snapshot, update.id).filter(|row| named.contains(&row.group)) {
                self.lapsed.entry((update.id, row.group)).or_default().insert(*index);
            }
        }
    }

    /// Takes away what updates that selectors decline would lose at once, and what lapsed without need; tells the entries
    /// what lapsed.
    pub(super) fn settle(&mut self, desired: &Desired, declined: &Declined, hidden: &Hidden<'_>) {
        let selects = |entry: &ApprovalEntry| matches!(entry.update, UpdateReference::Select(_));
        self.pairs.retain(|(update, _), approval| {
            let blocks = approval.value.action == ApprovalAction::NotApproved;
            !(blocks && selects(&desired.approvals[approval.entry]) && declined.updates.contains_key(update))
        });
        for (entry, resolved) in desired.approvals.iter().zip(&mut self.entries).filter(|(entry, _)| selects(entry)) {
            lose(entry, resolved, declined);
        }
        self.lapsed.retain(|(update, _), _| !declined.updates.contains_key(update));
        for ((update, group), entries) in &self.lapsed {
            if hidden.approval(*update, &GroupReference::Existing(*group)) {
                continue;
            }
            let address = Address::Approval { update: *update, group: hidden.name(*group) };
            for entry in entries {
                if let Some(entry) = self.entries.get_mut(*entry) {
                    entry.lapsed.push(address.clone());
                }
            }
        }
        self.entries.iter_mut().for_each(|entry| entry.lapsed.sort());
    }
}

/// Accounts for the updates that another entry declines, which an entry cannot block. To have no approval of its own is as
/// true of a declined update as before.
fn lose(entry: &ApprovalEntry, resolved: &mut ResolvedEntry, declined: &Declined) {
    let of_action = |action| entry.groups.iter().find(|group| group.value.action == action);
    let Some(block) = of_action(ApprovalAction::NotApproved) else { return };
    let lost = resolved.updates.iter().filter(|update| declined.updates.contains_key(update));
    resolved.skipped.extend(lost.map(|update| Notice {
        address: Address::Decline(*update),
        code: "declined",
        message: "another entry declines it".to_owned(),
        origin: Some(block.origin),
    }));
    if of_action(ApprovalAction::Inherit).is_none() {
        resolved.updates.retain(|update| !declined.updates.contains_key(update));
        resolved.matched = resolved.updates.len();
    }
}

fn contradiction(first: Origin, second: Origin, group: &str, updates: &str) -> Diagnostic {
    Diagnostic::error("contradicting-approvals", "Two selectors yield different approvals")
        .detail(format!("Both selectors yield an approval of {updates} for `{group}`, and they differ."))
        .at(second, "differs from the first")
        .and(first, "first declared here")
        .help("narrow one selector, or name the update by its id or article: that beats selectors")
}
