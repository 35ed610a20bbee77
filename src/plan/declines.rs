//! Updates that are declined, and declined ones that come back.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::approvals::pair_holds;
use super::change::{Affects, Brings, Change, ChangeAction, Details, Reason, Risk};
use super::context::Context;
use super::draft::{Draft, DraftStep, Milestone};
use super::step::Operation;
use super::values::lost_attributes;
use crate::model::address::{Address, Kind};
use crate::model::approval::ApprovalAction;
use crate::model::attribute::Attribute;
use crate::model::category::CategoryKind;
use crate::model::management::Prune;
use crate::model::name::fold;
use crate::model::object::{ObjectState, UpdateState};
use crate::model::origin::Origin;
use crate::model::procedure::Procedure;
use crate::model::resolved::GroupReference;
use crate::model::snapshot::{Deployment, Update};

/// The updates that this plan really declines, so that their approvals go with them.
pub(super) fn declining(context: &Context<'_>) -> BTreeSet<Uuid> {
    if !context.can_call(Procedure::DeclineUpdate) {
        return BTreeSet::new();
    }
    let declared = context.resolved.declines.keys().copied();
    let live = |id: &Uuid| context.snapshot.updates.get(id).is_some_and(|update| !update.declined);
    declared.filter(live).filter(|id| !context.ignores(&Address::Decline(*id))).collect()
}

/// Declared declines of updates that are not declined.
pub(super) fn declared(context: &Context<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (id, decline) in &context.resolved.declines {
        if let Some(update) = context.snapshot.updates.get(id).filter(|update| !update.declined) {
            drafts.push(creation(context, update, decline.origin));
        }
    }
    drafts
}

fn creation(context: &Context<'_>, update: &Update, origin: Origin) -> Draft {
    let rows = rows(context, update.id);
    let mut lost: Vec<(String, &Deployment)> =
        rows.iter().map(|row| (context.name(&GroupReference::Existing(row.group)), *row)).collect();
    lost.sort_unstable_by_key(|(group, row)| (fold(group), row.id));
    let approvals: Vec<Attribute> = lost.into_iter().map(|(group, row)| lost_attributes(group, row)).collect();
    let groups: BTreeSet<Uuid> = rows.iter().map(|row| row.group).collect();
    let mut change = change(update, ChangeAction::Create);
    change.reason = Reason { code: "declared", text: "declared as declined, and the server offers it".to_owned() };
    change.after = Some(BTreeMap::from([("declined".to_owned(), Attribute::Bool(true))]));
    if !approvals.is_empty() {
        change.before = Some(BTreeMap::from([("approvals".to_owned(), Attribute::List(approvals))]));
    }
    // What a group counts includes the groups below it. A computer in two unrelated groups counts twice here.
    let topmost = |group: &&Uuid| !context.groups_above(**group).skip(1).any(|above| groups.contains(&above));
    let topmost = groups.iter().filter(topmost);
    let computers = topmost.map(|group| context.computers_below(&GroupReference::Existing(*group))).sum();
    change.affects = Affects { computers, approvals: groups.len() as u64, ..Affects::default() };
    change.changed_at = update.reinstated_at;
    change.origin = Some(origin);
    let step = DraftStep {
        operation: Operation::Decline { update: update.id },
        before: state(update, &rows),
        achieves: None,
        needs: Vec::new(),
    };
    Draft::new(change, vec![update.id.to_string()], vec![step])
}

/// Declined updates that come back: those approved by id, and with pruning those that nothing declines.
pub(super) fn reinstated(context: &Context<'_>) -> Vec<Draft> {
    let wanted = wanted(context);
    let prune = context.resolved.management.prune(Kind::Decline);
    let prunes = prune != Prune::Never && !context.snapshot.server.replica && context.snapshot.scope.declined_updates;
    let mut drafts = Vec::new();
    for update in context.snapshot.updates.values().filter(|update| update.declined) {
        if context.resolved.declines.contains_key(&update.id) || context.resolved.lapsed_declines.contains(&update.id) {
            continue;
        }
        match wanted.get(&update.id) {
            Some(wanted) if wanted.by_id || !prunes => {
                let mut draft = deletion(context, update);
                draft.change.origin = Some(wanted.origin);
                draft.change.reason = Reason {
                    code: "reinstated",
                    text: "an entry approves it and takes the decline back; of its approvals only those declared come back"
                        .to_owned(),
                };
                draft.only_for_others = !wanted.holds;
                drafts.push(draft);
            }
            Some(_) | None if prunes => {
                let mut draft = deletion(context, update);
                draft.pruned = Some(prune);
                draft.change.reason = Reason {
                    code: "pruned",
                    text: "nothing declares it as declined, and declines are pruned".to_owned(),
                };
                drafts.push(draft);
            }
            Some(_) | None => {}
        }
    }
    drafts
}

/// What approvals want of a declined update.
struct Wanted {
    by_id: bool,
    /// One of the approvals is there already, so the update comes back for its sake.
    holds: bool,
    origin: Origin,
}

fn wanted(context: &Context<'_>) -> BTreeMap<Uuid, Wanted> {
    let mut all: BTreeMap<Uuid, Wanted> = BTreeMap::new();
    for ((id, group), approval) in &context.resolved.approvals {
        let Some(update) = context.snapshot.updates.get(id).filter(|update| update.declined) else { continue };
        let hidden = context.ignores(&context.approval_address(*id, group));
        if approval.value.action == ApprovalAction::Inherit || hidden {
            continue;
        }
        let first = || Wanted { by_id: false, holds: false, origin: approval.origin };
        let wanted = all.entry(*id).or_insert_with(first);
        wanted.by_id |= approval.by_id;
        wanted.holds |= pair_holds(context, update, group, &approval.value);
        wanted.origin = wanted.origin.min(approval.origin);
    }
    all
}

fn deletion(context: &Context<'_>, update: &Update) -> Draft {
    let mut change = change(update, ChangeAction::Delete);
    change.before = Some(BTreeMap::from([("declined".to_owned(), Attribute::Bool(true))]));
    change.details.brings = Some(brings(context, update));
    let step = DraftStep {
        operation: Operation::Reinstate { update: update.id },
        before: state(update, &rows(context, update.id)),
        achieves: Some(Milestone::Reinstated(update.id)),
        needs: Vec::new(),
    };
    Draft::new(change, vec![update.id.to_string()], vec![step])
}

fn brings(context: &Context<'_>, update: &Update) -> Brings {
    let titles = |kind| {
        let titles = context.snapshot.categories.titles(&update.categories, kind);
        titles.into_iter().map(str::to_owned).collect()
    };
    Brings {
        title: update.title.clone(),
        kbs: update.kbs.clone(),
        classifications: titles(CategoryKind::Classification),
        products: titles(CategoryKind::Product),
    }
}

fn change(update: &Update, action: ChangeAction) -> Change {
    Change {
        address: Address::Decline(update.id),
        action,
        before: None,
        after: None,
        fields: Vec::new(),
        members: None,
        reason: Reason { code: "declared", text: String::new() },
        risk: Risk::Low,
        affects: Affects::default(),
        changed_by: None,
        changed_at: None,
        origin: None,
        label: Some(update.label()),
        details: Details::default(),
    }
}

fn rows<'a>(context: &Context<'a>, update: Uuid) -> Vec<&'a Deployment> {
    let mut rows: Vec<&Deployment> = context.snapshot.deployments.get(&update).into_iter().flatten().collect();
    rows.sort_unstable_by_key(|row| row.id);
    rows
}

fn state(update: &Update, rows: &[&Deployment]) -> ObjectState {
    let deployments = rows.iter().copied().cloned().collect();
    ObjectState::Update(Some(UpdateState { revision: update.revision, declined: update.declined, deployments }))
}
