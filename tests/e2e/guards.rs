//! What a plan may not do without permission: it is shown, and nothing of it happens.

use std::fs;

use serde_json::Value;

use crate::lab::{Lab, Ran};

fn lab(spec: &str) -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(spec);
    lab
}

fn allowed(lab: &Lab, permissions: &[&str]) -> Ran {
    let mut arguments = vec!["apply", "-f", "lab.yaml", "--yes"];
    for permission in permissions {
        arguments.extend(["--allow", permission]);
    }
    lab.run(&arguments)
}

fn blockers(lab: &Lab) -> Vec<Value> {
    lab.plan()["servers"][0]["blockers"].as_array().unwrap().clone()
}

/// `diff` and `apply` refuse with this one blocker, say this, and still show the plan; with the permission it works.
#[track_caller]
fn one_blocker(spec: &str, code: &str, message: &str, permission: Option<&str>) {
    let lab = lab(spec);
    let found = blockers(&lab);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["code"], code, "{found:#?}");
    assert!(found[0]["message"].as_str().unwrap().contains(message), "{found:#?}");
    lab.refused(2, 4).expect_out(message).expect_out("Plan: ");
    match permission {
        None => assert_eq!(found[0].get("permission"), None, "{found:#?}"),
        Some(permission) => {
            assert_eq!(found[0]["permission"], permission, "{found:#?}");
            lab.diff().expect_out(&format!("--allow {permission}"));
            allowed(&lab, &[permission]).expect_status(0).expect_out("Apply complete");
            lab.diff().expect_status(0);
        }
    }
}

#[test]
fn too_large_a_share_of_deletions() {
    one_blocker(
        "  groups: [{name: Servers}]\n  approvalRules: [{name: Critical for pilots, groups: [Servers]}]\n  management: {prune: {groups: always}}\n",
        "deletePercent",
        "9 of 10 groups = 90.00 % is over 30.00 %",
        Some("groups.delete=90%"),
    );
}

#[test]
fn a_permission_for_less_is_not_enough() {
    let lab = lab("  groups: [{name: Servers}]\n  management: {prune: {groups: always}}\n");
    allowed(&lab, &["groups.delete=89%"]).expect_status(4).expect_out("is over 89.00 %");
    allowed(&lab, &["groups.delete"]).expect_status(4).expect_out("is over 30.00 %");
    allowed(&lab, &["approvals.delete=100%"]).expect_status(4);
    allowed(&lab, &["empty", "high-risk", "past-deadlines", "unsupported"]).expect_status(4);
    assert_eq!(lab.writes(), 0);
}

#[test]
fn too_large_a_share_of_modifications() {
    one_blocker(
        "  approvals:
    - update: {kb: KB5060842, title: '*Windows 11*24H2*x64*'}
      groups: {Ring 0 - IT: uninstall, Kiosks: notApproved}
  management: {limits: {modifyPercent: 49, minimum: 2}}\n",
        "modifyPercent",
        "1 of 2 approvals = 50.00 % is over 49.00 %",
        Some("approvals.modify=50%"),
    );
}

#[test]
fn few_objects_have_no_limit_and_the_limit_itself_is_allowed() {
    let spec = |limits: &str| {
        format!(
            "  approvals:
    - update: {{kb: KB5060842, title: '*Windows 11*24H2*x64*'}}
      groups: {{Ring 0 - IT: uninstall, Kiosks: notApproved}}
  management: {{limits: {limits}}}\n"
        )
    };
    for limits in ["{modifyPercent: 50, minimum: 2}", "{modifyPercent: 0, minimum: 3}"] {
        assert_eq!(blockers(&lab(&spec(limits))).len(), 0, "{limits}");
    }
}

/// Each kind with one manifest that leaves something of it undeclared.
const PRUNED: [(&str, &str); 4] = [
    (
        "groups",
        "  groups:
    - {name: Workstations, groups: [{name: Ring 0 - IT}, {name: Ring 1 - Pilot}, {name: Ring 2 - Broad}]}
    - {name: Servers, groups: [{name: Domain Controllers}, {name: SQL Servers}]}
    - {name: Kiosks}
    - {name: Zweigstelle München}\n",
    ),
    (
        "memberships",
        "  groups:
    - {name: Workstations, groups: [{name: Ring 0 - IT, computers: [pc-001.contoso.com, pc-002.contoso.com]}]}\n",
    ),
    (
        "approvals",
        "  approvals:
    - {update: {kb: KB5060842, title: '*Windows 11*24H2*x64*'}, groups: {Ring 0 - IT: install}}\n",
    ),
    ("declines", "  declines: [{update: KB5040442}]\n"),
];

#[test]
fn pruning_is_off_by_default_and_never_means_never() {
    for (kind, spec) in PRUNED {
        for prune in ["", &format!("  management: {{prune: {{{kind}: never}}}}\n")] {
            let lab = lab(&format!("{spec}{prune}"));
            lab.diff().expect_status(0).expect_out("are not declared and stay as they are");
        }
    }
}

#[test]
fn pruning_that_asks_needs_its_permission_where_nobody_can_be_asked() {
    for (kind, spec) in PRUNED {
        let prune = format!("  management: {{prune: {{{kind}: confirm}}, limits: {{deletePercent: 100}}}}\n");
        let lab = lab(&format!("{spec}{prune}"));
        let found = blockers(&lab);
        assert_eq!((found.len(), &found[0]["code"]), (1, &"pruneConfirm".into()), "{found:#?}");
        // --yes is an answer to another question.
        lab.refused(2, 4).expect_out(&format!("--allow {kind}.delete"));
        allowed(&lab, &[&format!("{kind}.delete")]).expect_status(0);
        lab.apply().expect_status(0).expect_out("No differences");
    }
}

#[test]
fn pruning_always_needs_no_permission() {
    for (kind, spec) in PRUNED {
        let prune = format!("  management: {{prune: {{{kind}: always}}, limits: {{deletePercent: 100}}}}\n");
        let lab = lab(&format!("{spec}{prune}"));
        assert!(lab.plan()["servers"][0]["summary"]["unmanaged"][kind].as_u64().is_some());
        lab.apply_twice();
    }
}

#[test]
fn pruning_a_kind_to_nothing() {
    one_blocker(
        "  declines: []\n  management: {prune: {declines: always}, limits: {deletePercent: 100}}\n",
        "pruneToEmpty",
        "pruning would leave no declines at all",
        Some("empty"),
    );
}

#[test]
fn approvals_made_by_wsus_itself_survive_the_pruning_of_approvals() {
    let automatic = "SELECT COUNT(*) FROM tbDeployment WHERE AdminName = 'WUS Server' AND ActionID = 0";
    let lab = lab(&format!(
        "{}  management: {{prune: {{approvals: always}}, limits: {{deletePercent: 100}}}}\n",
        PRUNED[2].1
    ));
    let before = lab.number(automatic);
    assert!(before > 0);
    lab.apply_twice();
    assert_eq!(lab.number(automatic), before);
}

#[test]
fn a_deadline_in_the_past() {
    one_blocker(
        "  approvals:
    - {update: KB5060533, groups: {Servers: {action: install, deadline: '2020-01-01T00:00:00Z'}}}\n",
        "pastDeadline",
        "2020-01-01",
        Some("past-deadlines"),
    );
}

#[test]
fn an_approval_for_all_computers() {
    one_blocker(
        "  approvals:\n    - {update: KB5060533, groups: {All Computers: install}}\n",
        "highRisk",
        "it reaches every",
        Some("high-risk"),
    );
}

#[test]
fn an_approval_for_all_computers_that_holds_is_no_risk() {
    lab("  approvals:\n    - {update: KB890830, groups: {All Computers: install}}\n").diff().expect_status(0);
}

#[test]
fn a_pending_license() {
    one_blocker(
        "  approvals:\n    - {update: KB5048239, groups: {Servers: install}}\n",
        "license",
        "acceptLicense: true",
        None,
    );
    lab("  approvals:\n    - {update: KB5048239, acceptLicense: true, groups: {Servers: install}}\n").apply_twice();
}

#[test]
fn an_expired_update() {
    one_blocker("  approvals:\n    - {update: KB5034441, groups: {Servers: install}}\n", "expired", "expired", None);
    lab("  approvals:\n    - {update: KB5034441, groups: {Ring 2 - Broad: install}}\n").diff().expect_status(0);
}

#[test]
fn an_update_that_cannot_be_uninstalled() {
    one_blocker(
        "  approvals:\n    - {update: KB890830, groups: {Servers: uninstall}}\n",
        "notUninstallable",
        "uninstall",
        None,
    );
}

#[test]
fn an_article_whose_updates_are_all_declined() {
    let lab = lab("  approvals:\n    - {update: KB5040442, groups: {Servers: install}}\n");
    lab.diff().expect_status(2).expect_out("does not record").expect_out("--allow reinstate");
    lab.apply().expect_status(2);
    assert_eq!(lab.writes(), 0);
    // What does not depend on it is done.
    let entry = "  approvals:\n    - {update: KB5040442, groups: {Servers: install}}\n";
    lab.manifest(&format!("{entry}  groups: [{{name: New}}]\n"));
    lab.apply().expect_status(2).expect_out("1 created").expect_out("what is left was not done");
    lab.apply().expect_status(2);
    assert_eq!(lab.writes(), 1);
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "unsupported"]).expect_status(0);
    let copy = fs::read(lab.path("lab.db")).unwrap();
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "reinstate"]).expect_status(0);
    lab.diff().expect_status(0);
    // An entry by id needs no permission.
    fs::write(lab.path("lab.db"), copy).unwrap();
    let id = lab.text(
        "SELECT u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
         JOIN tbKBArticleForRevision k ON k.RevisionID = r.RevisionID WHERE k.KBArticleID = '5040442' LIMIT 1",
    );
    lab.manifest(&format!("  approvals:\n    - {{update: {id}, groups: {{Servers: install}}}}\n")).apply_twice();
}

#[test]
fn nothing_is_applied_without_an_answer() {
    let lab = lab("  groups: [{name: New}]\n");
    let ran = lab.run(&["apply", "-f", "lab.yaml"]);
    ran.expect_status(4).expect_out("+ group[\"New\"]").expect_err("--yes");
    assert_eq!(lab.writes(), 0);
    lab.apply_twice();
    lab.run(&["apply", "-f", "lab.yaml"]).expect_status(0).expect_out("No differences");
}
