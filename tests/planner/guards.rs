//! Limits and the guard against emptiness, per kind.

use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;

use crate::check::{check_allowing, plan_of, plan_with};
use crate::desired::{Manifest, manifest};
use crate::snapshot::{Server, server};

/// A server with groups G0..G(count).
fn with_groups(count: usize) -> Server {
    let names: Vec<String> = (0..count).map(|index| format!("G{index:02}")).collect();
    server().groups(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Declares the first groups of `with_groups` and prunes the others.
fn keep(count: usize) -> Manifest {
    let names: Vec<String> = (0..count).map(|index| format!("G{index:02}")).collect();
    manifest().prune(Kind::Group, Prune::Always).groups(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn blockers(manifest: &Manifest, server: &Server, permissions: &[&str]) -> Vec<String> {
    let plan = plan_with(manifest, server, permissions).unwrap();
    plan.blockers.iter().map(|blocker| format!("{}: {}", blocker.code, blocker.message)).collect()
}

#[test]
fn more_than_the_limit_prints_its_arithmetic() {
    assert_eq!(
        blockers(&keep(6), &with_groups(20), &[]),
        ["deletePercent: deletes 14 of 20 groups = 70.00 % is over 30.00 %"]
    );
}

#[test]
fn only_strictly_more_is_over() {
    assert!(blockers(&keep(14), &with_groups(20), &[]).is_empty());
    assert_eq!(
        blockers(&keep(13), &with_groups(20), &[]),
        ["deletePercent: deletes 7 of 20 groups = 35.00 % is over 30.00 %"]
    );
}

#[test]
fn the_limit_holds_from_the_minimum_on() {
    assert!(blockers(&keep(1), &with_groups(9), &[]).is_empty());
    assert!(!blockers(&keep(1), &with_groups(10), &[]).is_empty());
    assert!(!blockers(&keep(1).limits(30, 30, 2), &with_groups(9), &[]).is_empty());
}

#[test]
fn the_permission_is_a_percentage() {
    assert!(blockers(&keep(6), &with_groups(20), &["groups.delete=70%"]).is_empty());
    assert_eq!(
        blockers(&keep(6), &with_groups(20), &["groups.delete=69%"]),
        ["deletePercent: deletes 14 of 20 groups = 70.00 % is over 69.00 %"]
    );
    assert_eq!(blockers(&keep(6), &with_groups(20), &["groups.delete", "approvals.delete=100%", "empty"]).len(), 1);
    let plan = plan_of(&keep(6), &with_groups(20));
    assert_eq!(plan.blockers[0].permission.unwrap().to_string(), "groups.delete=70%");
}

#[test]
fn a_lower_permission_does_not_lower_the_limit() {
    assert!(blockers(&keep(14), &with_groups(20), &["groups.delete=5%"]).is_empty());
}

#[test]
fn the_suggested_percentage_is_rounded_up() {
    let plan = plan_of(&keep(5), &with_groups(14));
    assert_eq!(plan.blockers[0].message, "deletes 9 of 14 groups = 64.29 % is over 30.00 %");
    assert_eq!(plan.blockers[0].permission.unwrap().to_string(), "groups.delete=65%");
}

#[test]
fn ignored_groups_are_not_in_the_denominator() {
    let declared = keep(6).ignore(&["group[\"G1*\"]"]);
    assert_eq!(
        blockers(&declared, &with_groups(20), &[]),
        ["deletePercent: deletes 4 of 10 groups = 40.00 % is over 30.00 %"]
    );
}

#[test]
fn undeclared_objects_are_out_of_reach_without_pruning() {
    let mut live = server().groups(&["Servers"]);
    let mut declared = manifest();
    for index in 1..=20 {
        let short = format!("u{index}");
        live = live.update(&short, "100").approved(&short, "Servers", "install");
        if index <= 10 {
            declared = declared.approve(&short, &[("Servers", if index <= 4 { "optional" } else { "install" })]);
        }
    }
    assert_eq!(
        blockers(&declared, &live, &[]),
        ["modifyPercent: modifies 4 of 10 approvals = 40.00 % is over 30.00 %"]
    );
    let pruning = declared.clone().prune(Kind::Approval, Prune::Always);
    assert_eq!(blockers(&pruning, &live, &[]), ["deletePercent: deletes 10 of 20 approvals = 50.00 % is over 30.00 %"]);
    assert!(blockers(&declared, &live, &["approvals.modify=40%"]).is_empty());
}

#[test]
fn creations_have_no_limit() {
    let mut live = server().groups(&["Servers"]);
    let mut declared = manifest();
    for index in 1..=40 {
        let short = format!("u{index}");
        live = live.update(&short, "100");
        declared = declared.approve(&short, &[("Servers", "install")]);
    }
    assert!(blockers(&declared, &live, &[]).is_empty());
}

#[test]
fn declared_deletions_count_too() {
    let mut live = server().groups(&["Servers"]);
    let mut declared = manifest();
    for index in 1..=10 {
        let short = format!("u{index}");
        live = live.update(&short, "100").approved(&short, "Servers", "install");
        declared = declared.approve(&short, &[("Servers", if index <= 4 { "inherit" } else { "install" })]);
    }
    assert_eq!(blockers(&declared, &live, &[]), ["deletePercent: deletes 4 of 10 approvals = 40.00 % is over 30.00 %"]);
}

#[test]
fn automatic_approvals_are_in_reach_only_with_their_own_switch() {
    let mut live = server().groups(&["Servers"]);
    for index in 1..=10 {
        live = live.update(&format!("u{index}"), "100").automatic(&format!("u{index}"), "Servers");
    }
    live = live.update("u11", "100").approved("u11", "Servers", "install");
    live = live.update("u12", "100").approved("u12", "Servers", "install");
    let declared = manifest().prune(Kind::Approval, Prune::Always).approve("u12", &[("Servers", "install")]);
    assert!(blockers(&declared, &live, &[]).is_empty(), "1 of 2 is below the minimum");
    let both = declared.prune_automatic(Prune::Always);
    assert_eq!(blockers(&both, &live, &[]), ["deletePercent: deletes 11 of 12 approvals = 91.67 % is over 30.00 %"]);
}

#[test]
fn a_pruned_membership_is_a_deletion_even_where_another_group_stays() {
    let mut live = server().groups(&["A", "B"]);
    for index in 1..=10 {
        live = live.computer(index, &format!("pc-{index}"), &["A", "B"]);
    }
    let declared = manifest()
        .prune(Kind::Membership, Prune::Always)
        .groups(&["A", "B"])
        .computers("A", &["pc-1", "pc-2", "pc-3", "pc-4", "pc-5", "pc-6"])
        .limits(30, 100, 10);
    assert_eq!(
        blockers(&declared, &live, &[]),
        ["deletePercent: deletes 4 of 10 memberships = 40.00 % is over 30.00 %"]
    );
}

#[test]
fn pruning_to_nothing_blocks_whatever_the_numbers() {
    assert_eq!(
        blockers(&keep(0), &with_groups(1), &[]),
        ["pruneToEmpty: pruning would leave no groups at all (1 now)"]
    );
    assert!(blockers(&keep(0), &with_groups(1), &["empty"]).is_empty());
    assert!(blockers(&keep(1), &with_groups(2), &[]).is_empty());
}

#[test]
fn a_creation_keeps_a_kind_from_being_empty() {
    let declared = manifest().prune(Kind::Group, Prune::Always).groups(&["New"]);
    assert!(blockers(&declared, &with_groups(1), &[]).is_empty());
}

#[test]
fn taking_the_last_one_away_by_declaration_is_not_pruning() {
    let live = server().groups(&["Servers"]).update("u1", "100").approved("u1", "Servers", "install");
    assert!(blockers(&manifest().approve("u1", &[("Servers", "inherit")]), &live, &[]).is_empty());
}

#[test]
fn guards_add_up() {
    let declared = manifest().prune(Kind::Group, Prune::Confirm);
    let found = blockers(&declared, &with_groups(12), &[]);
    assert_eq!(found.len(), 3, "{found:?}");
    let permissions = ["groups.delete=100%", "empty"];
    check_allowing(&keep(0), &with_groups(1), &permissions, &["- group[G00] pruned"]);
    assert!(blockers(&declared, &with_groups(12), &permissions).is_empty());
}

#[test]
fn reinstated_updates_count_as_deleted_declines() {
    let mut live = server().groups(&["Servers"]);
    let mut declared = manifest();
    for index in 1..=12 {
        let short = format!("u{index}");
        live = live.declined(&short, "100");
        declared =
            if index <= 4 { declared.approve(&short, &[("Servers", "install")]) } else { declared.decline(&short) };
    }
    assert_eq!(blockers(&declared, &live, &[]), ["deletePercent: deletes 4 of 12 declines = 33.33 % is over 30.00 %"]);
}
