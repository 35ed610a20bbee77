//! Procedures that are missing or differ: the change and what depends on it is unsupported, the rest goes on.

use wsusctl::model::address::Kind;
use wsusctl::model::management::Prune;
use wsusctl::model::procedure::Procedure;
use wsusctl::model::snapshot::License;

use crate::check::{check, check_allowing, plan_of};
use crate::desired::manifest;
use crate::snapshot::{server, uid};

#[test]
fn a_group_that_cannot_be_created_takes_all_that_needs_it_along() {
    let live = server()
        .groups(&["Servers"])
        .computer(1, "pc-1", &[])
        .update("u1", "100")
        .differs(Procedure::CreateTargetGroup);
    let declared = manifest()
        .groups(&["W", "W/Ring 0"])
        .computers("Ring 0", &["pc-1"])
        .approve("u1", &[("Ring 0", "install"), ("Servers", "install")]);
    check(
        &declared,
        &live,
        &[
            "+ approval[u1][Servers] declared action=install",
            "unsupported procedureDiffers group[Ring 0]",
            "unsupported procedureDiffers group[W]",
            "unsupported dependsOnUnsupported membership[pc-1]",
            "unsupported dependsOnUnsupported approval[u1][Ring 0]",
        ],
    );
    let plan = plan_of(&declared, &live);
    let message = &plan.unsupported[0].message;
    assert!(
        message.contains("spCreateTargetGroup(...)") && message.contains("spCreateTargetGroup(@other int)"),
        "{message}"
    );
    assert!(plan.unsupported[2].message.contains("group[\"Ring 0\"]"), "{}", plan.unsupported[2].message);
    assert_eq!(plan.unsupported[0].origin.unwrap().line, 3);
}

#[test]
fn a_missing_procedure_says_so() {
    let live = server().update("u1", "100").missing(Procedure::DeclineUpdate);
    check(&manifest().decline("u1"), &live, &["unsupported procedureMissing decline[u1]"]);
}

#[test]
fn a_procedure_that_was_not_read_is_not_taken_for_good() {
    let mut live = server().update("u1", "100");
    live.snapshot.procedures.remove(&Procedure::DeclineUpdate);
    check(&manifest().decline("u1"), &live, &["unsupported procedureNotRead decline[u1]"]);
}

#[test]
fn a_procedure_that_nothing_needs_may_differ() {
    let live = server().update("u1", "100").differs(Procedure::CreateTargetGroup);
    check(&manifest().decline("u1"), &live, &["+ decline[u1] declared"]);
}

#[test]
fn an_approval_needs_the_procedures_that_it_calls() {
    let live = server().groups(&["Servers"]).update("u1", "100").missing(Procedure::DeleteDeployment);
    let declared = manifest().approve("u1", &[("Servers", "install")]);
    check(&declared, &live, &["+ approval[u1][Servers] declared action=install"]);
    let stale = live.approved_with("u1", "Servers", "install", |row| row.revision = 100);
    check(&declared, &stale, &["unsupported procedureMissing approval[u1][Servers]"]);
}

#[test]
fn a_licence_that_cannot_be_accepted_stops_its_approvals() {
    let live = server()
        .groups(&["Servers"])
        .update_with("u1", "100", |update| update.license = License::Pending(uid("l1")))
        .update("u2", "200")
        .missing(Procedure::AcceptEula);
    let declared =
        manifest().approve_with_license("u1", &[("Servers", "install")]).approve("u2", &[("Servers", "install")]);
    check(
        &declared,
        &live,
        &["+ approval[u2][Servers] declared action=install", "unsupported procedureMissing approval[u1][Servers]"],
    );
}

#[test]
fn an_update_does_not_come_back_for_approvals_that_cannot_be_made() {
    let live = server().groups(&["Servers"]).declined("u1", "100").missing(Procedure::DeployUpdate);
    check(
        &manifest().approve("u1", &[("Servers", "install")]),
        &live,
        &["unsupported procedureMissing approval[u1][Servers]", "unsupported dependsOnUnsupported decline[u1]"],
    );
}

#[test]
fn an_approval_of_an_update_that_cannot_come_back() {
    let live = server().groups(&["Servers"]).declined("u1", "100").missing(Procedure::UndeclineUpdate);
    check(
        &manifest().approve("u1", &[("Servers", "install")]),
        &live,
        &["unsupported dependsOnUnsupported approval[u1][Servers]", "unsupported procedureMissing decline[u1]"],
    );
}

#[test]
fn approvals_of_a_group_that_cannot_be_deleted_are_pruned_by_themselves() {
    let live = server()
        .groups(&["Keep", "Old"])
        .update("u1", "100")
        .approved("u1", "Old", "install")
        .missing(Procedure::DeleteTargetGroup);
    let declared = manifest().groups(&["Keep"]).prune(Kind::Approval, Prune::Always).prune(Kind::Group, Prune::Always);
    check_allowing(
        &declared,
        &live,
        &["empty"],
        &["- approval[u1][Old] pruned", "unsupported procedureMissing group[Old]"],
    );
}

#[test]
fn inherit_is_done_by_itself_where_the_update_cannot_be_declined() {
    let live = server()
        .groups(&["Servers"])
        .update("u1", "100")
        .approved("u1", "Servers", "install")
        .missing(Procedure::DeclineUpdate);
    check(
        &manifest().approve("u1", &[("Servers", "inherit")]).decline("u1"),
        &live,
        &["- approval[u1][Servers] declared", "unsupported procedureMissing decline[u1]"],
    );
}

#[test]
fn a_move_between_groups_is_done_whole_or_not_at_all() {
    let live = server()
        .groups(&["A", "B"])
        .computer(1, "pc-1", &["A"])
        .computer(2, "pc-2", &[])
        .missing(Procedure::RemoveComputerFromTargetGroup);
    check(
        &manifest().groups(&["A", "B"]).computers("B", &["pc-*"]),
        &live,
        &["+ membership[pc-2] declared groups=[B]", "unsupported procedureMissing membership[pc-1]"],
    );
}

#[test]
fn what_is_unsupported_blocks_nothing() {
    let live = server().update("u1", "100").missing(Procedure::DeployUpdate);
    let plan = plan_of(&manifest().approve("u1", &[("All Computers", "install")]), &live);
    assert!(plan.is_empty() && plan.has_differences());
}
