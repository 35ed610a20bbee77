//! Whether updates that supersede others will have an install approval after the plan.
//!
//! What cannot be known here counts as done: changes that a blocker stops or that this connection cannot make.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::model::address::Kind;
use crate::model::approval::ApprovalAction;
use crate::model::management::{Management, Prune};
use crate::model::resolved::{GroupReference, ResolvedApproval};
use crate::model::snapshot::{Deployment, Snapshot, Update};

use super::prunable::Hidden;

/// What a plan leaves of the server's approvals.
pub(super) struct Outlook<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) management: &'a Management,
    /// The approvals that the manifest yields.
    pub(super) pairs: &'a BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    /// Approvals that are kept though nothing yields them.
    pub(super) lapsed: &'a BTreeMap<(Uuid, Uuid), BTreeSet<usize>>,
    /// Groups that the plan deletes.
    pub(super) doomed: &'a BTreeSet<Uuid>,
    pub(super) hidden: &'a Hidden<'a>,
}

impl Outlook<'_> {
    /// The approvals that the manifest yields for an update.
    pub(super) fn yielded(&self, update: Uuid) -> impl Iterator<Item = (&GroupReference, &ResolvedApproval)> {
        let from = (update, GroupReference::Existing(Uuid::nil()));
        let of_update = self.pairs.range(from..).take_while(move |((of, _), _)| *of == update);
        of_update.map(|((_, group), approval)| (group, approval))
    }

    /// Whether declining an update would destroy an approval that `management.ignore` hides. Somebody keeps it on purpose, so
    /// no selector takes it; an entry that names the update does.
    pub(super) fn hides_approval(&self, update: &Update) -> bool {
        let rows = self.snapshot.deployments.get(&update.id).into_iter().flatten();
        let groups = rows.map(|row| row.group).filter(|group| self.snapshot.groups.contains_key(group));
        let mut groups = groups.map(GroupReference::Existing);
        !update.declined && groups.any(|group| self.hidden.approval(update.id, &group))
    }

    /// Whether an update will have an install approval, unless the plan declines it.
    pub(super) fn will_install(&self, update: Uuid) -> bool {
        let yields = |(group, approval): (&GroupReference, &ResolvedApproval)| {
            approval.value.action == ApprovalAction::Install && !self.hidden.approval(update, group)
        };
        self.yielded(update).any(yields) || self.remains_installed(update)
    }

    /// Whether the plan leaves an install approval that the update has, of whatever revision.
    fn remains_installed(&self, update: Uuid) -> bool {
        let rows = self.snapshot.deployments.get(&update).map_or(&[][..], Vec::as_slice);
        let installs = rows.iter().filter(|row| ApprovalAction::from_code(row.action) == Some(ApprovalAction::Install));
        installs
            .filter(|row| self.snapshot.groups.contains_key(&row.group))
            .any(|row| self.stays(update, row.group, rows))
    }

    fn stays(&self, update: Uuid, group: Uuid, rows: &[Deployment]) -> bool {
        let reference = GroupReference::Existing(group);
        if self.doomed.contains(&group) {
            return false;
        }
        if self.hidden.approval(update, &reference) || self.lapsed.contains_key(&(update, group)) {
            return true;
        }
        // What the manifest yields replaces what is there.
        !self.pairs.contains_key(&(update, reference)) && self.prune(group, rows) == Prune::Never
    }

    fn prune(&self, group: Uuid, rows: &[Deployment]) -> Prune {
        let mut of_pair = rows.iter().filter(|row| row.group == group);
        if self.snapshot.server.replica {
            Prune::Never
        } else if of_pair.all(|row| row.is_automatic()) {
            self.management.prune_automatic_approvals
        } else {
            self.management.prune(Kind::Approval)
        }
    }
}

/// Judges updates by those that supersede them. A superseding update may be declined by the very selectors that ask, so it
/// is judged first; where updates supersede each other in a circle, the one that is met again counts as if it stayed.
pub(super) struct Superseding<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// Whether an update will be declined for other reasons than `supersedingApproved`.
    pub(super) declined: &'a dyn Fn(Uuid) -> bool,
    /// Whether an update will be declined once it is known whether a superseding one is approved.
    pub(super) declined_if: &'a dyn Fn(Uuid, bool) -> bool,
    /// Whether an update will have an install approval unless it is declined.
    pub(super) will_install: &'a dyn Fn(Uuid) -> bool,
}

impl Superseding<'_> {
    /// For each of some updates whether one that supersedes it will have an install approval.
    ///
    /// One round is enough unless updates supersede each other in a circle. Then what is declined at the end of a round may
    /// decline more; it goes on until the server after the plan would be judged as the plan judges it.
    pub(super) fn judge(&self, asked: &BTreeMap<Uuid, &Update>) -> BTreeMap<Uuid, bool> {
        let mut settled: BTreeMap<Uuid, bool> = BTreeMap::new();
        loop {
            let answers = self.judge_once(asked, &settled);
            let declined = answers.iter().filter(|(id, answer)| (self.declined_if)(**id, **answer));
            let found: Vec<(Uuid, bool)> =
                declined.filter(|(id, _)| !settled.contains_key(id)).map(|(id, answer)| (*id, *answer)).collect();
            if found.is_empty() {
                return answers.into_iter().chain(settled).collect();
            }
            settled.extend(found);
        }
    }

    fn judge_once(&self, asked: &BTreeMap<Uuid, &Update>, settled: &BTreeMap<Uuid, bool>) -> BTreeMap<Uuid, bool> {
        let mut answers: BTreeMap<Uuid, bool> = BTreeMap::new();
        let mut met: BTreeSet<Uuid> = BTreeSet::new();
        for first in asked.keys() {
            // A stack of its own: chains of updates may be longer than ours is deep.
            let mut stack = vec![(*first, 0)];
            met.insert(*first);
            while let Some((id, next)) = stack.pop() {
                let Some(update) = asked.get(&id).filter(|_| !answers.contains_key(&id)) else { continue };
                match update.superseded_by.get(next) {
                    Some(above) => {
                        stack.push((id, next + 1));
                        if asked.contains_key(above) && met.insert(*above) {
                            stack.push((*above, 0));
                        }
                    }
                    None => {
                        let answer =
                            update.superseded_by.iter().any(|above| self.is_approved(*above, &answers, settled));
                        answers.insert(id, answer);
                    }
                }
            }
        }
        answers
    }

    fn is_approved(&self, above: Uuid, answers: &BTreeMap<Uuid, bool>, settled: &BTreeMap<Uuid, bool>) -> bool {
        self.snapshot.updates.contains_key(&above)
            && (self.will_install)(above)
            && !(self.declined)(above)
            && !settled.contains_key(&above)
            && !answers.get(&above).is_some_and(|answer| (self.declined_if)(above, *answer))
    }
}
