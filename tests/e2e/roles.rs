//! Replicas and servers whose computers are placed by group policy.

use crate::lab::{Lab, Ran};

fn on_replica(lab: &Lab, verb: &str) -> Ran {
    let mut arguments = vec![verb, "-f", "lab.yaml", "--server", "sandbox:lab.db?replica=true"];
    if verb == "apply" {
        arguments.push("--yes");
    }
    lab.run(&arguments)
}

#[test]
fn a_replica_takes_approvals_and_declines_from_its_parent() {
    let lab = Lab::new("demo");
    for spec in [
        "  approvals:\n    - {update: KB5060842, groups: {Servers: install}}\n",
        "  declines:\n    - update: KB5055555\n",
    ] {
        lab.manifest(spec);
        on_replica(&lab, "diff").expect_status(3).expect_err("error[declared-on-replica]").expect_err("lab.yaml:7:");
        on_replica(&lab, "apply").expect_status(3);
        assert_eq!(lab.writes(), 0);
    }
}

#[test]
fn the_groups_of_a_replica_have_to_exist() {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: Kiosk}]\n");
    on_replica(&lab, "diff").expect_status(3).expect_err("Kiosks").expect_err("lab.yaml:6:");
    on_replica(&lab, "apply").expect_status(3);
    assert_eq!(lab.writes(), 0);
}

#[test]
fn memberships_of_a_replica_are_its_own() {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: Kiosks, computers: [pc-028.contoso.com]}]\n");
    on_replica(&lab, "diff").expect_status(2).expect_out("membership[\"pc-028.contoso.com\"]");
    on_replica(&lab, "apply").expect_status(0);
    on_replica(&lab, "apply").expect_status(0).expect_out("No differences");
}

fn client_side(spec: &str) -> Lab {
    let lab = Lab::new("demo");
    lab.sql("UPDATE tbConfigurationA SET ServerTargeting = 0").manifest(spec);
    lab
}

#[test]
fn group_policy_places_computers_under_client_side_targeting() {
    let lab = client_side("  groups: [{name: Kiosks, computers: [pc-028.contoso.com]}]\n");
    lab.refused(3, 3).expect_err("error[computers-under-client-side-targeting]").expect_err("lab.yaml:6:");
}

#[test]
fn groups_and_approvals_are_declared_as_ever_under_client_side_targeting() {
    let lab = client_side(
        "  groups: [{name: Ring 4}]
  approvals:
    - {update: KB5060842, groups: {Ring 4: install}}
  management: {prune: {memberships: always}}\n",
    );
    lab.apply_twice();
    // pc-030 requests a group that neither exists nor is declared.
    let document = lab.plan();
    let findings = document["servers"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(
        findings[0]["message"].as_str().unwrap().contains("Ring 3")
            || findings[0]["address"].as_str().unwrap().contains("Ring 3"),
        "{findings:#?}"
    );
    lab.diff().expect_status(0).expect_out("Ring 3");
}
