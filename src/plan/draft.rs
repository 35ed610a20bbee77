//! Changes on their way into a plan: with steps that name each other by what they achieve instead of by number.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::change::{Change, ChangeAction};
use super::permission::Permission;
use super::step::{Operation, Step};
use super::{Blocker, BlockerSubject};
use crate::model::address::Kind;
use crate::model::management::Prune;
use crate::model::notifications::MailKind;
use crate::model::object::ObjectState;
use crate::model::procedure::Procedure;
use crate::model::resolved::GroupReference;

/// A change that may still be dropped.
pub(super) struct Draft {
    pub(super) change: Change,
    /// Where it stands among the changes of its kind.
    pub(super) order: Vec<String>,
    pub(super) steps: Vec<DraftStep>,
    /// Licence terms that must be accepted first.
    pub(super) license: Option<PendingLicense>,
    /// The pruning that asked for it; none where the manifest declares it.
    pub(super) pruned: Option<Prune>,
    /// WSUS itself made what it prunes.
    pub(super) automatic: bool,
    /// It is worth nothing unless a change that needs it is carried out.
    pub(super) only_for_others: bool,
    /// What forbids it.
    pub(super) blockers: Vec<Blocker>,
}

/// Licence terms to accept.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingLicense {
    pub(super) license: Uuid,
    pub(super) update: Uuid,
    pub(super) revision: i32,
}

/// A step before it has a number.
pub(super) struct DraftStep {
    pub(super) operation: Operation,
    pub(super) before: ObjectState,
    pub(super) achieves: Option<Milestone>,
    pub(super) needs: Vec<Milestone>,
}

/// What a step achieves, so that others can wait for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Milestone {
    /// A planned group exists.
    Created(GroupReference),
    /// A computer is in a group.
    Joined(i32, GroupReference),
    /// Licence terms are accepted.
    Accepted(Uuid),
    /// An update is declined no longer.
    Reinstated(Uuid),
    /// A group is gone.
    Deleted(Uuid),
    /// Those who are to get a mail get it.
    Addressed(MailKind),
}

impl Milestone {
    /// What has to exist before something is done with a group.
    pub(super) fn of_group(group: &GroupReference) -> Option<Self> {
        matches!(group, GroupReference::Planned(_)).then(|| Self::Created(group.clone()))
    }
}

/// Groups of steps, in the order of execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Settings,
    Synchronization,
    Recipients,
    Notifications,
    DatabaseRoles,
    GroupCreations,
    Memberships,
    Reinstatements,
    Approvals,
    Declines,
    Rules,
    DownstreamServers,
    GroupDeletions,
}

const PHASES: [Phase; 13] = [
    Phase::Settings,
    Phase::Synchronization,
    Phase::Recipients,
    Phase::Notifications,
    Phase::DatabaseRoles,
    Phase::GroupCreations,
    Phase::Memberships,
    Phase::Reinstatements,
    Phase::Approvals,
    Phase::Declines,
    Phase::Rules,
    Phase::DownstreamServers,
    Phase::GroupDeletions,
];

impl Draft {
    pub(super) fn new(change: Change, order: Vec<String>, steps: Vec<DraftStep>) -> Self {
        let (license, pruned, automatic, only_for_others, blockers) = (None, None, false, false, Vec::new());
        Self { change, order, steps, license, pruned, automatic, only_for_others, blockers }
    }

    /// A change that takes one step, in the order of addresses.
    pub(super) fn of_one_step(change: Change, operation: Operation, before: ObjectState) -> Self {
        let order = vec![change.address.to_string()];
        Self::new(change, order, vec![DraftStep { operation, before, achieves: None, needs: Vec::new() }])
    }

    /// Blocks the change, for good or until this is permitted.
    pub(super) fn block(&mut self, code: &'static str, message: impl Into<String>, permission: Option<Permission>) {
        let subject = BlockerSubject::Object(self.change.address.clone());
        let origin = self.change.origin;
        self.blockers.push(Blocker { subject, code, message: message.into(), permission, origin });
    }

    /// The procedures that it calls.
    pub(super) fn procedures(&self) -> Vec<Procedure> {
        let license = self.license.map(|_| Procedure::AcceptEula);
        license.into_iter().chain(self.steps.iter().flat_map(|step| step.operation.procedures())).collect()
    }

    /// What it needs from other changes.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Milestone> {
        let own = |need: &Milestone| self.steps.iter().any(|step| step.achieves.as_ref() == Some(need));
        self.steps.iter().flat_map(|step| &step.needs).filter(move |need| !own(need))
    }

    /// What it achieves for other changes.
    pub(super) fn achieves(&self) -> impl Iterator<Item = &Milestone> {
        self.steps.iter().filter_map(|step| step.achieves.as_ref())
    }

    /// The update source decides what may be synchronised, so it is saved first; and a mail is not switched on before
    /// somebody gets it.
    fn phase_of_setting(&self) -> Phase {
        match self.steps.first().map(|step| &step.operation) {
            Some(Operation::SaveSynchronization(_)) => Phase::Synchronization,
            Some(Operation::SetRecipients { .. }) => Phase::Recipients,
            Some(Operation::SaveNotifications(_)) => Phase::Notifications,
            // Between settings, it would split their one save.
            Some(Operation::SetRoleMembers { .. } | Operation::MapUser { .. }) => Phase::DatabaseRoles,
            _ => Phase::Settings,
        }
    }

    fn phase(&self) -> Phase {
        match (self.change.address.kind(), self.change.action) {
            (Kind::Setting, _) => self.phase_of_setting(),
            (Kind::Group, ChangeAction::Delete) => Phase::GroupDeletions,
            (Kind::Group | Kind::Identity, _) => Phase::GroupCreations,
            (Kind::Membership, _) => Phase::Memberships,
            (Kind::Approval, _) => Phase::Approvals,
            (Kind::Decline, ChangeAction::Delete) => Phase::Reinstatements,
            (Kind::Decline, _) => Phase::Declines,
            (Kind::Rule, _) => Phase::Rules,
            (Kind::Downstream, _) => Phase::DownstreamServers,
        }
    }

    /// Where its kind stands in reports: deletions of groups come last, whatever is deleted first.
    fn section(&self) -> u8 {
        match self.phase() {
            Phase::Settings
            | Phase::Synchronization
            | Phase::Recipients
            | Phase::Notifications
            | Phase::DatabaseRoles => 0,
            Phase::GroupCreations => 1,
            Phase::Memberships => 2,
            Phase::Approvals => 3,
            Phase::Declines | Phase::Reinstatements => 4,
            Phase::Rules => 5,
            Phase::DownstreamServers => 6,
            Phase::GroupDeletions => 7,
        }
    }
}

/// Puts drafts into the order of reports. Deleted groups come children first.
pub(super) fn sort(drafts: &mut [Draft]) {
    drafts.sort_by(|a, b| {
        let by_order = a.order.cmp(&b.order);
        let by_order = if a.phase() == Phase::GroupDeletions { by_order.reverse() } else { by_order };
        a.section().cmp(&b.section()).then(by_order)
    });
}

/// Numbers the steps of sorted drafts. Every milestone that one needs is achieved by another.
pub(super) fn assemble(drafts: Vec<Draft>) -> (Vec<Change>, Vec<Step>) {
    let mut steps: Vec<Step> = Vec::new();
    let mut achieved: BTreeMap<Milestone, usize> = BTreeMap::new();
    let mut changes = Vec::with_capacity(drafts.len());
    let mut by_phase: BTreeMap<Phase, Vec<(usize, Vec<DraftStep>)>> = BTreeMap::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        let phase = draft.phase();
        let license = draft.license.map(accept);
        by_phase.entry(phase).or_default().push((index, license.into_iter().chain(draft.steps).collect()));
        changes.push(draft.change);
    }
    for phase in PHASES {
        for (change, drafted) in by_phase.remove(&phase).unwrap_or_default() {
            for step in drafted {
                let DraftStep { operation, before, achieves, needs } = step;
                // One acceptance serves every approval that waits for the same terms.
                if achieves.as_ref().is_some_and(|milestone| achieved.contains_key(milestone)) {
                    continue;
                }
                let mut depends_on: Vec<usize> =
                    needs.iter().filter_map(|milestone| achieved.get(milestone).copied()).collect();
                depends_on.sort_unstable();
                depends_on.dedup();
                if let Some(milestone) = achieves {
                    achieved.insert(milestone, steps.len());
                }
                let step = Step { change, also: Vec::new(), operation, before, depends_on };
                match steps.last_mut().filter(|last| last.is_saved_with(&step)) {
                    Some(save) => save.join(step),
                    None => steps.push(step),
                }
            }
        }
    }
    (changes, steps)
}

fn accept(license: PendingLicense) -> DraftStep {
    let PendingLicense { license, update, revision } = license;
    DraftStep {
        operation: Operation::AcceptLicense { license, update, revision },
        before: ObjectState::License(false),
        achieves: Some(Milestone::Accepted(license)),
        needs: Vec::new(),
    }
}
