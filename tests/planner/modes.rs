//! Replicas and client-side targeting.

use wsusctl::model::management::Prune;

use crate::check::{check, plan_of, plan_with};
use crate::desired::manifest;
use crate::snapshot::server;

#[test]
fn approvals_and_declines_on_a_replica_are_errors() {
    let live = server().replica().groups(&["Servers"]).update("u1", "100").update("u2", "200");
    let declared = manifest().approve("u1", &[("Servers", "install")]).decline("u2");
    check(&declared, &live, &["error declared-on-replica line 2", "error declared-on-replica line 5"]);
}

#[test]
fn groups_of_a_replica_are_references_that_must_exist() {
    let live = server().replica().groups(&["Servers"]);
    check(&manifest().groups(&["Servers"]), &live, &[]);
    check(&manifest().groups(&["Severs"]), &live, &["error unknown-group line 2"]);
    let errors = plan_with(&manifest().groups(&["Severs"]), &live, &[]).unwrap_err();
    assert_eq!(errors.0[0].help, ["did you mean `Servers`?"]);
    assert!(errors.0[0].detail.contains("replica"));
    let errors = plan_with(&manifest().groups(&["Kiosks"]), &live, &[]).unwrap_err();
    assert_eq!(errors.0[0].help, ["create the group on the parent server, or remove it here"]);
}

#[test]
fn memberships_of_a_replica_are_local() {
    let live = server().replica().groups(&["Servers"]).computer(1, "pc-1", &[]);
    let declared = manifest().groups(&["Servers"]).computers("Servers", &["pc-1"]);
    check(&declared, &live, &["+ membership[pc-1] declared groups=[Servers]"]);
}

#[test]
fn pruning_on_a_replica_takes_memberships_only() {
    let live = server()
        .replica()
        .groups(&["Servers", "Other"])
        .computer(1, "pc-1", &["Servers"])
        .computer(2, "pc-2", &["Servers"])
        .update("u1", "100")
        .approved("u1", "Other", "install")
        .declined("u2", "200");
    let declared = manifest().prune_all(Prune::Always).groups(&["Servers"]).computers("Servers", &["pc-1"]);
    check(&declared, &live, &["- membership[pc-2] pruned"]);
}

#[test]
fn computers_under_client_side_targeting_are_an_error() {
    let live = server().client_side_targeting().groups(&["A", "B"]);
    let declared = manifest().groups(&["A", "B"]).computers("A", &["pc-1"]).computers("B", &[]);
    check(
        &declared,
        &live,
        &["error computers-under-client-side-targeting line 3", "error computers-under-client-side-targeting line 4"],
    );
}

#[test]
fn groups_and_approvals_are_declared_under_client_side_targeting_as_ever() {
    let live = server().client_side_targeting().update("u1", "100");
    let declared = manifest().groups(&["A"]).approve("u1", &[("A", "install")]);
    check(&declared, &live, &["+ group[A] declared", "+ approval[u1][A] declared action=install"]);
}

#[test]
fn computers_that_ask_for_an_unknown_group_are_a_finding() {
    let live = server().client_side_targeting().groups(&["A"]).requested("Lost", 12).requested("b", 1);
    check(&manifest().groups(&["A", "B"]), &live, &["+ group[B] declared", "finding requestedGroup group[Lost]"]);
    let plan = plan_of(&manifest(), &live);
    assert!(plan.findings[0].message.starts_with("12 computers ask"), "{}", plan.findings[0].message);
    assert!(plan.findings[1].message.starts_with("1 computer asks"), "{}", plan.findings[1].message);
}

#[test]
fn what_computers_ask_for_means_nothing_where_the_server_places_them() {
    check(&manifest(), &server().requested("Lost", 12), &[]);
}

#[test]
fn pruning_memberships_does_nothing_under_client_side_targeting() {
    let live = server().client_side_targeting().groups(&["A"]).computer(1, "pc-1", &["A"]);
    check(&manifest().groups(&["A"]).prune_all(Prune::Always), &live, &[]);
}
