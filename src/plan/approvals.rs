//! Approvals that are written, moved to a new revision, taken away or pruned.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::{Affects, Change, ChangeAction, Details, FieldChange, Reason, Risk};
use super::context::Context;
use super::draft::{Draft, DraftStep, Milestone, PendingLicense};
use super::permission::Permission;
use super::step::Operation;
use super::values::{deadline_attribute, row_attributes, time_attribute, value_attributes};
use super::{Blocker, BlockerSubject};
use crate::model::address::{Address, Kind};
use crate::model::approvable::{Obstacle, obstacles};
use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline, whole_seconds};
use crate::model::attribute::Attribute;
use crate::model::management::Prune;
use crate::model::object::ObjectState;
use crate::model::resolved::{GroupReference, ResolvedApproval};
use crate::model::snapshot::{ALL_COMPUTERS, Deployment, License, Update};

/// What the rest of the plan takes away, approvals included.
pub(super) struct Takeaway<'a> {
    /// Updates that the plan declines.
    pub(super) declining: &'a BTreeSet<Uuid>,
    /// Groups that the plan deletes.
    pub(super) doomed: &'a BTreeSet<Uuid>,
}

/// The approvals of one pair on the server, seen from the update's latest revision.
struct Live<'a> {
    /// All of them.
    rows: &'a [&'a Deployment],
    /// The one that stands for them: on the latest revision where there is one, holding the value where one does.
    primary: Option<&'a Deployment>,
    /// Whether the primary one is what is declared.
    holds: bool,
}

impl<'a> Live<'a> {
    fn new(rows: &'a [&'a Deployment], update: &Update, value: &ApprovalValue) -> Self {
        let holds = |row: &Deployment| value.holds_in(row, update.revision);
        let primary = rows
            .iter()
            .copied()
            .max_by_key(|row| (holds(row), row.revision == update.revision, row.revision, row.deployed_at, row.id));
        Self { rows, primary, holds: primary.is_some_and(holds) }
    }

    /// Ids of all but the primary one, sorted.
    fn others(&self) -> Vec<Uuid> {
        let primary = self.primary.map(|row| row.id);
        self.rows.iter().map(|row| row.id).filter(|id| Some(*id) != primary).collect()
    }
}

/// Whether a declared pair needs no step.
pub(super) fn pair_holds(
    context: &Context<'_>,
    update: &Update,
    group: &GroupReference,
    value: &ApprovalValue,
) -> bool {
    value.is_all_of(context.approvals_of(update.id, group), update.revision)
}

/// Declared approvals that are not as declared.
pub(super) fn declared(context: &Context<'_>, takeaway: &Takeaway<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for ((update, group), approval) in &context.resolved.approvals {
        let Some(update) = context.snapshot.updates.get(update) else { continue };
        if pair_holds(context, update, group, &approval.value) {
            continue;
        }
        if approval.value.action == ApprovalAction::Inherit {
            // Declining the update takes its approvals with it.
            if !takeaway.declining.contains(&update.id) {
                let reason = Reason { code: "declared", text: "declared to have no approval of its own".to_owned() };
                let mut draft = removal(context, update, group, reason);
                draft.change.origin = Some(approval.origin);
                drafts.push(draft);
            }
        } else {
            drafts.push(written(context, update, group, approval));
        }
    }
    drafts
}

/// Approvals that nothing declares, where pruning takes them. What a declined update or a deleted group takes with it
/// needs no step of its own.
pub(super) fn pruned(context: &Context<'_>, takeaway: &Takeaway<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (pair, rows) in undeclared(context) {
        let (update, group) = pair;
        let (automatic, prune) = (Context::is_automatic(rows), pruning(context, rows));
        let taken = takeaway.declining.contains(&update) || takeaway.doomed.contains(&group);
        let Some(update) = context.snapshot.updates.get(&update) else { continue };
        if prune == Prune::Never || taken {
            continue;
        }
        let text = if automatic {
            "nothing declares it, and approvals that WSUS made itself are pruned"
        } else {
            "nothing declares it, and approvals are pruned"
        };
        let reason = Reason { code: "pruned", text: text.to_owned() };
        let mut draft = removal(context, update, &GroupReference::Existing(group), reason);
        draft.pruned = Some(prune);
        draft.automatic = automatic;
        drafts.push(draft);
    }
    drafts
}

/// What happens to an approval of which nothing declares the pair.
pub(super) fn pruning(context: &Context<'_>, rows: &[&Deployment]) -> Prune {
    let management = &context.resolved.management;
    match Context::is_automatic(rows) {
        _ if context.snapshot.server.replica => Prune::Never,
        true => management.prune_automatic_approvals,
        false => management.prune(Kind::Approval),
    }
}

/// Pairs on the server, as far as they were read, that are neither declared nor lapsed.
pub(super) fn undeclared<'c>(context: &'c Context<'_>) -> impl Iterator<Item = ((Uuid, Uuid), &'c [&'c Deployment])> {
    context.live_approvals().filter(|((update, group), _)| {
        !context.resolved.approvals.contains_key(&(*update, GroupReference::Existing(*group)))
            && !context.resolved.lapsed.contains(&(*update, *group))
    })
}

fn removal(context: &Context<'_>, update: &Update, group: &GroupReference, reason: Reason) -> Draft {
    let rows = context.approvals_of(update.id, group);
    let live = Live::new(rows, update, &ApprovalValue::INHERIT);
    let mut draft = draft(context, update, group, &live, reason);
    draft.change.action = ChangeAction::Delete;
    draft.change.before = live.primary.map(|row| row_attributes(row, rows));
    draft.change.affects.approvals = 1;
    draft.steps = vec![DraftStep {
        operation: Operation::SetApproval {
            update: update.id,
            revision: update.revision,
            group: group.clone(),
            value: ApprovalValue::INHERIT,
            deploy: false,
            remove: rows.iter().map(|row| row.id).collect(),
        },
        before: state(rows),
        achieves: None,
        needs: Vec::new(),
    }];
    draft
}

fn written(context: &Context<'_>, update: &Update, group: &GroupReference, approval: &ResolvedApproval) -> Draft {
    let rows = context.approvals_of(update.id, group);
    let live = Live::new(rows, update, &approval.value);
    let mut draft = draft(context, update, group, &live, reason(update, &live, &approval.value));
    let deploy = !live.holds;
    let mut after = value_attributes(&approval.value, update.revision);
    if let Some(row) = live.primary {
        let mut before = row_attributes(row, rows);
        draft.change.action = ChangeAction::Modify;
        draft.change.fields = fields(row, &approval.value, &before, &after);
        accept_license(update, approval, deploy, &mut after, Some((&mut before, &mut draft.change.fields)));
        draft.change.before = Some(before);
    } else {
        accept_license(update, approval, deploy, &mut after, None);
    }
    draft.change.after = Some(after);
    draft.change.origin = Some(approval.origin);
    let mut needs: Vec<Milestone> = Milestone::of_group(group).into_iter().collect();
    if update.declined {
        needs.push(Milestone::Reinstated(update.id));
    }
    if deploy {
        draft.change.details.due = due(context, approval.value.deadline);
        draft.change.affects.reboot = (approval.value.action == ApprovalAction::Install).then_some(update.reboot);
        let risk = high_risk(context, update, group, &live);
        if risk.is_some() {
            draft.change.risk = Risk::High;
        }
        draft.blockers = blockers(context, update, &live, approval, risk, &draft.change.address);
        if let Some(license) = pending_license(update, approval).filter(|_| approval.accept_license) {
            needs.push(Milestone::Accepted(license));
            draft.license = Some(PendingLicense { license, update: update.id, revision: update.revision });
        }
    }
    // Deploying replaces what the latest revision has for the group; only rows of other revisions are left to remove.
    let remove = if deploy {
        rows.iter().filter(|row| row.revision != update.revision).map(|row| row.id).collect()
    } else {
        live.others()
    };
    draft.steps = vec![DraftStep {
        operation: Operation::SetApproval {
            update: update.id,
            revision: update.revision,
            group: group.clone(),
            value: approval.value,
            deploy,
            remove,
        },
        before: state(rows),
        achieves: None,
        needs,
    }];
    draft
}

/// When a relative deadline is, were it written on the day of the snapshot. It counts from the server's clock, whatever
/// time the plan is judged by.
fn due(context: &Context<'_>, deadline: Deadline) -> Option<DateTime<Utc>> {
    match deadline {
        Deadline::After { .. } => deadline.resolve(context.snapshot.taken_at),
        Deadline::At(_) | Deadline::None => None,
    }
}

/// The parts that every change of an approval has: a creation without a value.
fn draft(context: &Context<'_>, update: &Update, group: &GroupReference, live: &Live<'_>, reason: Reason) -> Draft {
    let change = Change {
        address: context.approval_address(update.id, group),
        action: ChangeAction::Create,
        before: None,
        after: None,
        fields: Vec::new(),
        members: None,
        reason,
        risk: Risk::Low,
        affects: Affects { computers: context.computers_below(group), approvals: 0, ..Affects::default() },
        changed_by: live.primary.map(|row| row.admin_name.clone()),
        changed_at: live.primary.map(|row| row.deployed_at),
        origin: None,
        label: Some(update.label()),
        details: Details::default(),
    };
    let mut order = vec![update.id.to_string()];
    order.extend(context.path(group));
    Draft::new(change, order, Vec::new())
}

fn reason(update: &Update, live: &Live<'_>, value: &ApprovalValue) -> Reason {
    let Some(primary) = live.primary else {
        return Reason { code: "declared", text: "declared, and the server does not have it".to_owned() };
    };
    let on_older = live.rows.iter().any(|row| row.revision != update.revision);
    if live.holds && !on_older {
        let text = "the server has it more than once; one stays".to_owned();
        Reason { code: "duplicate", text }
    } else if live.holds || (primary.revision != update.revision && value.is_stored_as(primary)) {
        let text = "an approval refers to an older revision".to_owned();
        Reason { code: "newRevision", text }
    } else {
        Reason { code: "differs", text: "not as declared".to_owned() }
    }
}

fn fields(
    row: &Deployment,
    value: &ApprovalValue,
    before: &BTreeMap<String, Attribute>,
    after: &BTreeMap<String, Attribute>,
) -> Vec<FieldChange> {
    let has_deadline = matches!(value.action, ApprovalAction::Install | ApprovalAction::Uninstall);
    let deadline_in_order = if has_deadline {
        value.deadline.is_stored_as(row.deadline, row.deployed_at)
    } else {
        row.deadline.is_none() || value.is_stored_as(row)
    };
    let mut fields = Vec::new();
    for (path, new) in after {
        let Some(old) = before.get(path) else { continue };
        let same = if path == "deadline" { deadline_in_order } else { old == new };
        if !same {
            fields.push(FieldChange { path: path.clone(), before: old.clone(), after: new.clone() });
        }
    }
    fields
}

/// Shows that pending terms will be accepted.
fn accept_license(
    update: &Update,
    approval: &ResolvedApproval,
    deploy: bool,
    after: &mut BTreeMap<String, Attribute>,
    existing: Option<(&mut BTreeMap<String, Attribute>, &mut Vec<FieldChange>)>,
) {
    if !deploy || !approval.accept_license || pending_license(update, approval).is_none() {
        return;
    }
    let (pending, accepted) = (Attribute::text("pending"), Attribute::text("accepted"));
    if let Some((before, fields)) = existing {
        before.insert("license".to_owned(), pending.clone());
        fields.push(FieldChange { path: "license".to_owned(), before: pending, after: accepted.clone() });
    }
    after.insert("license".to_owned(), accepted);
}

fn pending_license(update: &Update, approval: &ResolvedApproval) -> Option<Uuid> {
    match update.license {
        License::Pending(license) if approval.value.action == ApprovalAction::Install => Some(license),
        License::Pending(_) | License::Accepted(_) | License::None => None,
    }
}

/// Why an approval that has to be written cannot be.
fn blockers(
    context: &Context<'_>,
    update: &Update,
    live: &Live<'_>,
    approval: &ResolvedApproval,
    risk: Option<&'static str>,
    address: &Address,
) -> Vec<Blocker> {
    let blocker = |code, message: String, permission| Blocker {
        subject: BlockerSubject::Object(address.clone()),
        code,
        message,
        permission,
        origin: Some(approval.origin),
    };
    let ResolvedApproval { value, accept_license, .. } = approval;
    let mut blockers = Vec::new();
    let stands = obstacles(update, value, *accept_license);
    blockers.extend(stands.map(|Obstacle { code, message }| blocker(code, message.to_owned(), None)));
    if let Some(deadline) = past_deadline(context, live, value) {
        let message = format!("its deadline {deadline} has passed: computers enforce it as soon as they see it");
        blockers.push(blocker("pastDeadline", message, Some(Permission::PastDeadlines)));
    }
    if let Some(risk) = risk.filter(|_| !context.policy.permissions.has(Permission::HighRisk)) {
        blockers.push(blocker("highRisk", risk.to_owned(), Some(Permission::HighRisk)));
    }
    blockers
}

/// Why writing an approval is of high risk, if it is.
fn high_risk(context: &Context<'_>, update: &Update, group: &GroupReference, live: &Live<'_>) -> Option<&'static str> {
    if *group == GroupReference::Existing(ALL_COMPUTERS) {
        return Some("it reaches every computer of the server that no other approval shields");
    }
    let moves = live.primary.is_some_and(|row| row.revision != update.revision);
    (moves && !context.snapshot.server.approves_new_revisions)
        .then_some("it approves a new revision, and this server leaves new revisions to an administrator")
}

/// A deadline that has passed and that the server does not have already: by the time that the plan is judged by, or by the
/// server's clock, which is the one that counts when it is written.
fn past_deadline(context: &Context<'_>, live: &Live<'_>, value: &ApprovalValue) -> Option<String> {
    if context.policy.permissions.has(Permission::PastDeadlines) || value.deadline == Deadline::None {
        return None;
    }
    let stored = live.primary.and_then(|row| row.deadline).map(whole_seconds);
    let past = [context.policy.now, context.snapshot.taken_at].into_iter().find_map(|clock| {
        let deadline = whole_seconds(value.deadline.resolve(clock)?);
        (deadline <= clock && stored != Some(deadline)).then_some(deadline)
    })?;
    match (deadline_attribute(value.deadline), time_attribute(past)) {
        (Attribute::Text(text), _) | (_, Attribute::Text(text)) => Some(text),
        _ => None,
    }
}

fn state(rows: &[&Deployment]) -> ObjectState {
    ObjectState::Approval(rows.iter().copied().cloned().collect())
}
