//! What holds for every manifest and every server.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use uuid::Uuid;
use wsusctl::model::address::Address;
use wsusctl::model::management::Management;
use wsusctl::model::resolved::{GroupReference, Resolved};
use wsusctl::model::snapshot::{Deployment, License, Snapshot};
use wsusctl::plan::change::ChangeAction;
use wsusctl::plan::simulate::simulate;
use wsusctl::plan::step::Operation;
use wsusctl::plan::{BlockerSubject, Plan, plan};
use wsusctl::resolve::{resolve, scope};

use crate::check::{lines, policy};
use crate::snapshot::{now, read, read_more};
use crate::world::{World, world};

const EVERYTHING: [&str; 11] = [
    "groups.delete=100%",
    "memberships.delete=100%",
    "approvals.delete=100%",
    "declines.delete=100%",
    "groups.modify=100%",
    "memberships.modify=100%",
    "approvals.modify=100%",
    "declines.modify=100%",
    "empty",
    "past-deadlines",
    "high-risk",
];

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/proptest-regressions/planner.txt"))),
        ..ProptestConfig::default()
    }
}

/// A manifest that has no errors on this server, resolved.
fn resolved(world: &World) -> Option<(Resolved, Snapshot)> {
    let manifest = world.manifest();
    let snapshot = world.server().read(&scope(&manifest.desired, now()));
    resolve(&manifest.desired, &snapshot, now()).ok().map(|resolved| (resolved, snapshot))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn after_a_plan_nothing_is_left_to_do(world in world()) {
        let manifest = world.manifest();
        let whole = world.server().whole();
        let scope = scope(&manifest.desired, now());
        let Ok(first) = resolve(&manifest.desired, &read(&whole, &scope), now()) else { return Ok(()) };
        let first = plan(&first, &read(&whole, &scope), &policy(&EVERYTHING));
        if !first.blockers.is_empty() {
            return Ok(());
        }
        let after = read(&simulate(&whole, &first, now()), &scope);
        let second = resolve(&manifest.desired, &after, now());
        prop_assert!(second.is_ok(), "{:?}", second.unwrap_err());
        let second = plan(&second.unwrap(), &after, &policy(&[]));
        prop_assert!(second.is_empty(), "first {:#?} second {:#?}", lines(&first), lines(&second));
        let addresses = |plan: &Plan| plan.unsupported.iter().map(|notice| notice.address.clone()).collect::<BTreeSet<_>>();
        // What was left out of an article because it cannot be done may be left out as expired the next time.
        prop_assert!(addresses(&second).is_subset(&addresses(&first)));
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(world in world(), seed in any::<u64>()) {
        let Some((resolved, snapshot)) = resolved(&world) else { return Ok(()) };
        let first = plan(&resolved, &snapshot, &policy(&[]));
        let shuffled = shuffle_manifest(&world, seed);
        let mut mixed = snapshot.clone();
        mixed.deployments.values_mut().for_each(|rows| shuffle(rows, seed));
        let again = resolve(&shuffled, &mixed, now());
        prop_assert!(again.is_ok());
        let second = plan(&again.unwrap(), &mixed, &policy(&[]));
        prop_assert_eq!(without_places(&first), without_places(&second));
        prop_assert_eq!(first.digest(), second.digest());
    }

    #[test]
    fn reading_more_changes_nothing(world in world()) {
        let Some((resolved, snapshot)) = resolved(&world) else { return Ok(()) };
        let narrow = plan(&resolved, &snapshot, &policy(&[]));
        let whole = world.server().whole();
        let wide = plan(&resolve(&world.manifest().desired, &whole, now()).unwrap(), &whole, &policy(&[]));
        prop_assert_eq!(lines(&narrow), lines(&wide));
        prop_assert_eq!(&narrow.entries, &wide.entries);
        prop_assert_eq!(&narrow.steps, &wide.steps);
        // One update more or less, as a read may bring it.
        let desired = world.manifest().desired;
        for last in 1..=6 {
            let more = read_more(&whole, &scope(&desired, now()), &|update| update.id.as_u128() & 0xff == last);
            let between = plan(&resolve(&desired, &more, now()).unwrap(), &more, &policy(&[]));
            prop_assert_eq!(lines(&narrow), lines(&between));
            prop_assert_eq!(&narrow.entries, &between.entries);
            prop_assert_eq!(&narrow.steps, &between.steps);
        }
    }

    #[test]
    fn without_pruning_every_step_is_declared_and_the_rest_stays(world in world()) {
        let mut desired = world.manifest().desired;
        desired.management = Management { ignore: desired.management.ignore, ..Management::default() };
        let before = world.server().whole();
        let Ok(resolved) = resolve(&desired, &before, now()) else { return Ok(()) };
        let plan = plan(&resolved, &before, &policy(&EVERYTHING));
        let after = simulate(&before, &plan, now());
        assert_declared(&resolved, &plan)?;
        assert_rest_stays(&resolved, &before, &after)?;
    }

    #[test]
    fn nothing_ignored_is_changed(world in world()) {
        let Some((resolved, snapshot)) = resolved(&world) else { return Ok(()) };
        for change in plan(&resolved, &snapshot, &policy(&EVERYTHING)).changes {
            prop_assert!(!resolved.management.ignores(&change.address.to_string()), "{}", change.address);
        }
    }

    #[test]
    fn steps_come_after_what_they_need(world in world()) {
        let Some((resolved, snapshot)) = resolved(&world) else { return Ok(()) };
        let plan = plan(&resolved, &snapshot, &policy(&EVERYTHING));
        assert_ordered(&plan, &snapshot)?;
    }

    #[test]
    fn permissions_lift_blockers_and_do_nothing_else(world in world(), given in proptest::sample::subsequence(EVERYTHING.to_vec(), 0..=11)) {
        let Some((resolved, snapshot)) = resolved(&world) else { return Ok(()) };
        let without = plan(&resolved, &snapshot, &policy(&[]));
        let with = plan(&resolved, &snapshot, &policy(&given));
        prop_assert_eq!(&without.changes, &with.changes);
        prop_assert_eq!(&without.steps, &with.steps);
        prop_assert_eq!(without.digest(), with.digest());
        prop_assert!(blocked(&with).is_subset(&blocked(&without)));
        for blocker in &without.blockers {
            // A blocker goes only if its own permission, or a greater share of the same kind, was given.
            let still = blocked(&with).contains(&(blocker.subject.clone(), blocker.code));
            let permission = blocker.permission.map(|permission| permission.to_string());
            let word = permission.as_deref().map_or("nothing", |text| text.split('=').next().unwrap_or(text));
            prop_assert_eq!(still, !given.iter().any(|given| given.split('=').next() == Some(word)));
        }
    }
}

/// The generator is worth something only while most of what it makes can be planned.
#[test]
fn most_random_worlds_can_be_planned_and_some_are_blocked() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut planned, mut changed, mut free, mut refused) = (0, 0, 0, 0);
    for _ in 0..300 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let Some((resolved, snapshot)) = resolved(&world) else { continue };
        let plan = plan(&resolved, &snapshot, &policy(&EVERYTHING));
        planned += 1;
        changed += usize::from(!plan.changes.is_empty());
        free += usize::from(!plan.changes.is_empty() && plan.blockers.is_empty());
        refused += usize::from(!plan.unsupported.is_empty());
    }
    assert!(planned > 100 && changed > 90 && free > 60 && refused > 10, "{planned} {changed} {free} {refused}");
}

fn blocked(plan: &Plan) -> BTreeSet<(BlockerSubject, &'static str)> {
    plan.blockers.iter().map(|blocker| (blocker.subject.clone(), blocker.code)).collect()
}

/// A linear congruential generator: the property gives the seed.
fn shuffle<T>(values: &mut [T], seed: u64) {
    let mut state = seed;
    for index in (1..values.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        values.swap(index, usize::try_from(state >> 33).unwrap() % (index + 1));
    }
}

/// Everything in another order, parents still before their children.
fn shuffle_manifest(world: &World, seed: u64) -> wsusctl::model::desired::Desired {
    let mut desired = world.manifest().desired;
    let mut order: Vec<usize> = (0..desired.groups.len()).collect();
    shuffle(&mut order, seed);
    let mut placed: Vec<usize> = Vec::new();
    while placed.len() < order.len() {
        for index in &order {
            let ready = desired.groups[*index].parent.is_none_or(|parent| placed.contains(&parent));
            if ready && !placed.contains(index) {
                placed.push(*index);
            }
        }
    }
    let groups = placed.iter().map(|index| {
        let mut group = desired.groups[*index].clone();
        group.parent = group.parent.map(|parent| placed.iter().position(|other| *other == parent).unwrap());
        if let Some(computers) = &mut group.computers {
            shuffle(computers, seed);
        }
        group
    });
    desired.groups = groups.collect();
    desired.approvals.iter_mut().for_each(|entry| shuffle(&mut entry.groups, seed));
    shuffle(&mut desired.approvals, seed);
    shuffle(&mut desired.declines, seed);
    desired
}

/// A plan as text without lines of the manifest and positions in its lists.
fn without_places(plan: &Plan) -> String {
    let mut plan = plan.clone();
    plan.changes.iter_mut().for_each(|change| change.origin = None);
    plan.unsupported.iter_mut().for_each(|notice| notice.origin = None);
    plan.unsupported.retain(|notice| notice.code != "allDeclined");
    plan.blockers.iter_mut().for_each(|blocker| blocker.origin = None);
    plan.blockers.sort();
    format!("{:#?}{:#?}{:#?}{:#?}{:#?}", plan.changes, plan.steps, plan.blockers, plan.unsupported, plan.summary)
}

fn assert_declared(resolved: &Resolved, plan: &Plan) -> Result<(), TestCaseError> {
    let declared: BTreeSet<&GroupReference> = resolved.groups.iter().map(|group| &group.group).collect();
    for step in &plan.steps {
        let change = &plan.changes[step.change];
        prop_assert!(change.origin.is_some(), "{}", change.address);
        match &step.operation {
            Operation::CreateGroup { name, .. } => {
                prop_assert!(declared.contains(&GroupReference::Planned(name.clone())));
            }
            Operation::AddComputer { group, target_id, .. } => {
                prop_assert!(declared.contains(group) && resolved.memberships.contains_key(target_id));
            }
            Operation::RemoveComputer { group, target_id, .. } => {
                let group = GroupReference::Existing(*group);
                prop_assert!(declared.contains(&group) && resolved.memberships.contains_key(target_id));
            }
            Operation::SetApproval { update, group, .. } => {
                prop_assert!(resolved.approvals.contains_key(&(*update, group.clone())));
            }
            Operation::AcceptLicense { update, .. } => {
                let accepts =
                    resolved.approvals.iter().any(|((of, _), approval)| of == update && approval.accept_license);
                prop_assert!(accepts);
            }
            Operation::Reinstate { update } => {
                prop_assert!(resolved.approvals.iter().any(|((of, _), approval)| of == update && approval.by_id));
            }
            Operation::Decline { update } => prop_assert!(resolved.declines.contains_key(update)),
            Operation::DeleteGroup { name, .. } => prop_assert!(false, "deletes {name} without pruning"),
            Operation::SaveSettings { .. } => prop_assert!(resolved.settings.is_some()),
            Operation::CreateRule { name, .. } | Operation::SetRule { name, .. } => {
                prop_assert!(resolved.rules.iter().any(|rule| rule.name == *name));
            }
            Operation::DeleteRule { name, .. } => prop_assert!(false, "deletes {name} without pruning"),
            Operation::DeleteDownstreamServer { name, .. } => prop_assert!(false, "deletes {name} without pruning"),
            Operation::SaveSynchronization(_) => prop_assert!(resolved.synchronization.is_some()),
            Operation::SaveNotifications(_) | Operation::SetRecipients { .. } => {
                prop_assert!(resolved.notifications.is_some());
            }
            Operation::SetRoleMembers { role, .. } => prop_assert!(resolved.database_roles.contains_key(role)),
            Operation::MapUser { user, .. } => {
                prop_assert!(resolved.database_roles.values().any(|members| members.value.contains(user)));
            }
        }
    }
    Ok(())
}

fn assert_rest_stays(resolved: &Resolved, before: &Snapshot, after: &Snapshot) -> Result<(), TestCaseError> {
    for (id, group) in &before.groups {
        prop_assert_eq!(after.groups.get(id), Some(group));
    }
    let declared: BTreeSet<&GroupReference> = resolved.groups.iter().map(|group| &group.group).collect();
    let foreign = |snapshot: &Snapshot| {
        let mut foreign = snapshot.memberships.clone();
        foreign.retain(|(group, computer)| {
            !declared.contains(&GroupReference::Existing(*group)) || !resolved.memberships.contains_key(computer)
        });
        foreign.retain(|(group, _)| before.groups.contains_key(group));
        foreign
    };
    prop_assert_eq!(foreign(before), foreign(after));
    let rows = |snapshot: &Snapshot| -> BTreeMap<(Uuid, Uuid), Vec<Deployment>> {
        let mut rows: BTreeMap<(Uuid, Uuid), Vec<Deployment>> = BTreeMap::new();
        for (update, of_update) in &snapshot.deployments {
            for row in of_update {
                let declared = resolved.approvals.contains_key(&(*update, GroupReference::Existing(row.group)))
                    || resolved.declines.contains_key(update)
                    || !before.groups.contains_key(&row.group);
                if !declared {
                    rows.entry((*update, row.group)).or_default().push(row.clone());
                }
            }
        }
        rows.values_mut().for_each(|rows| rows.sort_by_key(|row| row.id));
        rows
    };
    prop_assert_eq!(rows(before), rows(after));
    let declared: BTreeSet<i32> = resolved.rules.iter().filter_map(|rule| rule.id).collect();
    if let (Some(before), Some(after)) = (&before.rules, &after.rules) {
        for (id, rule) in before.all.iter().filter(|(id, _)| !declared.contains(id)) {
            prop_assert_eq!(after.all.get(id), Some(rule));
        }
    }
    for (id, update) in &before.updates {
        let approved = resolved.approvals.iter().any(|((of, _), approval)| of == id && approval.by_id);
        if !resolved.declines.contains_key(id) && !approved {
            prop_assert_eq!(after.updates[id].declined, update.declined);
        }
    }
    Ok(())
}

fn assert_ordered(plan: &Plan, snapshot: &Snapshot) -> Result<(), TestCaseError> {
    for (index, step) in plan.steps.iter().enumerate() {
        prop_assert!(step.change < plan.changes.len());
        prop_assert!(step.depends_on.iter().all(|needed| *needed < index));
        let needs = |wanted: &dyn Fn(&Operation) -> bool| {
            step.depends_on.iter().any(|needed| wanted(&plan.steps[*needed].operation))
        };
        let needs_group = |group: &GroupReference| match group {
            GroupReference::Existing(_) => true,
            GroupReference::Planned(planned) => {
                needs(&|operation| matches!(operation, Operation::CreateGroup { name, .. } if name == planned))
            }
        };
        match &step.operation {
            Operation::CreateGroup { parent: group, .. } | Operation::AddComputer { group, .. } => {
                prop_assert!(needs_group(group));
            }
            Operation::SetApproval { update, group, deploy, value, .. } => {
                prop_assert!(needs_group(group));
                let live = &snapshot.updates[update];
                if live.declined && value.action.code().is_some() {
                    let back = |operation: &Operation| *operation == Operation::Reinstate { update: *update };
                    prop_assert!(needs(&back));
                }
                let accepted = needs(&|operation| matches!(operation, Operation::AcceptLicense { .. }));
                let blocked = plan.blockers.iter().any(|blocker| blocker.code == "license");
                let pending = matches!(live.license, License::Pending(_));
                let installs = *deploy && value.action.code() == Some(0);
                prop_assert!(!(pending && installs) || accepted || blocked);
            }
            Operation::RemoveComputer { target_id, .. } => {
                let joins = |step: &wsusctl::plan::step::Step| matches!(&step.operation, Operation::AddComputer { target_id: of, .. } if of == target_id);
                prop_assert!(!plan.steps[index..].iter().any(joins));
            }
            Operation::DeleteGroup { group, .. } => {
                for other in &plan.steps[index + 1..] {
                    let last = matches!(&other.operation, Operation::DeleteGroup { group: below, .. }
                        if snapshot.groups[below].parent != Some(*group));
                    prop_assert!(last, "only groups that are not below are deleted later");
                }
            }
            Operation::CreateRule { rule, .. } | Operation::SetRule { rule, .. } => {
                prop_assert!(rule.groups.iter().flatten().all(needs_group));
            }
            Operation::AcceptLicense { .. }
            | Operation::DeleteRule { .. }
            | Operation::DeleteDownstreamServer { .. }
            | Operation::Reinstate { .. }
            | Operation::Decline { .. }
            | Operation::SaveSettings { .. }
            | Operation::SaveSynchronization(_)
            | Operation::SaveNotifications(_)
            | Operation::SetRecipients { .. }
            | Operation::SetRoleMembers { .. }
            | Operation::MapUser { .. } => {}
        }
    }
    // Every change has a step: nothing is announced that is not done.
    let served: BTreeSet<usize> =
        plan.steps.iter().flat_map(|step| std::iter::once(step.change).chain(step.also.iter().copied())).collect();
    prop_assert_eq!(served.len(), plan.changes.len());
    let group_deletion = |index: &usize| {
        let change = &plan.changes[*index];
        matches!(change.address, Address::Group(_)) && change.action == ChangeAction::Delete
    };
    let first_deletion = (0..plan.changes.len()).find(group_deletion).unwrap_or(plan.changes.len());
    prop_assert!((first_deletion..plan.changes.len()).all(|index| group_deletion(&index)));
    Ok(())
}
