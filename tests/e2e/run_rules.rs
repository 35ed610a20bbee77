//! `apply --run-rules`: rules approve what is there, after the plan, once, under the guards of any approval.

use crate::lab::{Lab, Ran};

const SPEC: &str = "  groups: [{name: Fresh}]\n";
const PILOTS: &str = "Critical for pilots";
/// Approvals for the group of rule 2, which the demo has disabled.
const OF_PILOTS: &str = "SELECT COUNT(*) FROM tbDeployment d JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID
    WHERE g.Name = 'Ring 1 - Pilot' AND d.ActionID IN (0, 1, 3)";

fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(SPEC).sql("UPDATE tbAutoDeploymentRule SET Enabled = 1 WHERE ID = 2");
    lab
}

fn run(lab: &Lab, name: &str, more: &[&str]) -> Ran {
    lab.run(&[&["apply", "-f", "lab.yaml", "--run-rules", name], more].concat())
}

#[track_caller]
fn nothing_is_written(lab: &Lab, name: &str, more: &[&str], status: i32, says: &str) {
    run(lab, name, &[&["--yes"], more].concat()).expect_status(status).expect_err(says);
    assert_eq!(lab.writes(), 0);
}

#[test]
fn a_rule_approves_after_the_plan_and_only_once() {
    let lab = lab();
    let before = lab.number(OF_PILOTS);
    let ran = run(&lab, "critical FOR pilots ", &["--yes"]);
    ran.expect_status(0).expect_out("group[\"Fresh\"]").expect_out("After that a rule is run").expect_out("was run:");
    let made = lab.number(OF_PILOTS) - before;
    assert!(made > 0);
    ran.expect_out(&format!("Rule: {made} approvals to create")).expect_out(&format!("Apply complete: {made} created"));
    ran.expect_out("the rule Critical for pilots approves it [ruleRun]");
    let days = "CAST(round(julianday(date(Deadline)) - julianday(date(DeploymentTime))) AS INTEGER)";
    let new = "DeploymentTime > datetime('now', '-1 hour')";
    assert_eq!(
        lab.texts(&format!(
            "SELECT DISTINCT {days} || ' ' || strftime('%H:%M', Deadline) FROM tbDeployment WHERE {new}"
        )),
        ["7 18:00"]
    );
    assert_eq!(lab.number(&format!("SELECT COUNT(*) FROM tbDeployment WHERE {new} AND AdminName = 'WUS Server'")), 0);
    let writes = lab.writes();
    run(&lab, PILOTS, &["--yes"]).expect_status(0).expect_out("No differences").expect_out("it had nothing to approve");
    assert_eq!(lab.writes(), writes);
    lab.diff().expect_status(0);
}

#[test]
fn a_deadline_counts_in_the_time_of_the_database_server() {
    let lab = lab();
    let server = "sandbox:lab.db?utc-offset=-210";
    let ran = run(&lab, PILOTS, &["--yes", "--server", server]);
    ran.expect_status(0).expect_out("UTC-03:30 now").expect_out("[localTime]");
    let new = "DeploymentTime > datetime('now', '-1 hour')";
    assert_eq!(
        lab.texts(&format!("SELECT DISTINCT strftime('%H:%M', Deadline) FROM tbDeployment WHERE {new}")),
        ["21:30"],
        "18:00 there"
    );
    let writes = lab.writes();
    run(&lab, PILOTS, &["--yes", "--server", server]).expect_status(0).expect_out("it had nothing to approve");
    assert_eq!(lab.writes(), writes);
}

#[test]
fn approvals_that_are_there_and_what_the_manifest_decides_stay() {
    let lab = lab();
    let id = |offset: i32| {
        lab.text(&format!(
            "SELECT lower(u.UpdateID) FROM vwMinimalUpdate u JOIN tbRevisionInCategory c ON c.RevisionID = u.RevisionID
             JOIN tbRevisionInCategory p ON p.RevisionID = u.RevisionID
             JOIN tbProperty y ON y.RevisionID = u.RevisionID
             WHERE u.IsLatestRevision AND u.Declined = 0 AND u.PublicationState <> 1 AND u.RequiresEulaAcceptance = 0
                 AND y.ExplicitlyDeployable AND y.CanInstall
                 AND c.CategoryID IN (SELECT UpdateClassificationID FROM tbUpdateClassificationInAutoDeploymentRule
                     WHERE AutoDeploymentRuleID = 2)
                 AND p.CategoryID IN (SELECT CategoryID FROM tbCategoryInAutoDeploymentRule WHERE AutoDeploymentRuleID = 2)
                 AND NOT EXISTS (SELECT 1 FROM tbDeployment d WHERE d.RevisionID = u.RevisionID)
             ORDER BY u.LocalUpdateID LIMIT 1 OFFSET {offset}"
        ))
    };
    let (inherits, blocked, declines) = (id(0), id(1), id(2));
    lab.manifest(&format!(
        "  groups: [{{name: Workstations, groups: [{{name: Ring 1 - Pilot}}]}}]
  approvals:
    - {{update: {inherits}, groups: {{Ring 1 - Pilot: inherit}}}}
    - {{update: {blocked}, groups: {{Ring 1 - Pilot: notApproved}}}}
  declines:
    - update: {declines}
"
    ));
    let ran = run(&lab, PILOTS, &["--yes"]);
    ran.expect_status(0).expect_out("[declared]").expect_out("the manifest declines it");
    lab.diff().expect_status(0);
}

#[test]
fn a_rule_that_the_plan_creates_is_shown_once_it_is_there() {
    let lab = lab();
    let rule = |enabled| {
        format!(
            "{SPEC}  approvalRules:\n    - {{name: New, enabled: {enabled}, classifications: [Critical Updates], groups: [Fresh]}}\n"
        )
    };
    lab.manifest(&rule(false));
    nothing_is_written(&lab, "new", &[], 4, "disabled");
    lab.manifest(&rule(true));
    let ran = run(&lab, "new", &["--yes"]);
    ran.expect_status(0).expect_out("is shown once the plan is applied").expect_out("A rule is run. It comes to:");
    assert!(
        lab.number(
            "SELECT COUNT(*) FROM tbDeployment d JOIN tbTargetGroup g USING (TargetGroupID) WHERE g.Name = 'Fresh'"
        ) > 0
    );
    run(&lab, "new", &["--yes"]).expect_status(0).expect_out("it had nothing to approve");
    // As a plan may, it may make a rule for All Computers only where that is permitted.
    lab.manifest(&rule(true).replace("[Fresh]", "[All Computers]"));
    let writes = lab.writes();
    run(&lab, "new", &["--yes"]).expect_status(4).expect_err("--allow high-risk");
    assert_eq!(lab.writes(), writes);
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_is_written() {
    let lab = lab();
    nothing_is_written(&lab, "Critical for pilot", &[], 3, "did you mean `Critical for pilots`?");
    nothing_is_written(&lab, "Defender def", &[], 3, "did you mean `Defender definitions`?");
    nothing_is_written(&lab, "Defender def", &[], 3, "wsusctl get rules --server \"sandbox:lab.db\"");
    nothing_is_written(&lab, "", &[], 3, "no approval rule");
    // Two are asked for, and one of them is wrong.
    nothing_is_written(&lab, PILOTS, &["--run-rules", "nope"], 3, "`nope`");
    run(&lab, PILOTS, &[]).expect_status(4).expect_err("--yes");
    lab.sql("UPDATE tbAutoDeploymentRule SET Enabled = 0 WHERE ID = 2");
    nothing_is_written(&lab, PILOTS, &[], 4, "is disabled");
    lab.sql("UPDATE tbAutoDeploymentRule SET Name = 'Critical for pilots ' WHERE ID = 1");
    nothing_is_written(&lab, PILOTS, &[], 3, "several approval rules");
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'Fresh'"), 0);
    lab.manifest("  groups: []\n").sql("UPDATE tbConfigurationC SET ReplicaMode = 1");
    nothing_is_written(&lab, "Defender definitions", &[], 3, "no approval rule");
    nothing_is_written(&lab, PILOTS, &[], 3, "several approval rules");
    lab.sql("UPDATE tbAutoDeploymentRule SET Name = 'Defender definitions' WHERE ID = 1");
    nothing_is_written(&lab, "Defender definitions", &[], 4, "a replica runs no rules");
}

#[test]
fn approvals_for_all_computers_are_of_high_risk() {
    let lab = lab();
    lab.sql("DELETE FROM tbDeployment WHERE AdminName = 'WUS Server'");
    let rule = "Defender definitions";
    let shown = run(&lab, rule, &["--yes"]);
    shown.expect_status(4).expect_out("--allow high-risk").expect_err("is blocked; nothing was written");
    assert_eq!(lab.writes(), 0);
    run(&lab, rule, &["--yes", "--allow", "high-risk"]).expect_status(0).expect_out("was run:");
    run(&lab, rule, &["--yes"]).expect_status(0).expect_out("it had nothing to approve");
}

#[test]
fn several_rules_run_one_after_the_other_and_json_stays_one_document() {
    let lab = lab();
    let both = ["--run-rules", "Defender definitions", "--allow", "high-risk", "--yes", "--output", "json"];
    let ran = run(&lab, PILOTS, &both);
    ran.expect_status(0)
        .expect_err("rule[\"Critical for pilots\"] was run")
        .expect_err("rule[\"Defender definitions\"] was run");
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["servers"][0]["changes"].as_array().unwrap().len(), 1);
}

#[test]
fn pruning_of_approvals_is_warned_of() {
    let lab = lab();
    let prune = "  management: {prune: {approvals: confirm}}\n";
    lab.manifest(&format!("{SPEC}{prune}"));
    nothing_is_written(&lab, PILOTS, &[], 4, "warning[ruleRunPruned]");
}

#[test]
fn a_server_without_the_procedure_gets_the_rest() {
    for (variant, says) in
        [("missing", "does not have"), ("rename=@autoDeploymentRuleID", "@autoDeploymentRuleID is missing")]
    {
        let lab = lab();
        let server = format!("sandbox:lab.db?variant=spGetUpdateListToApproveForAutoDeploymentRule:{variant}");
        let ran = run(&lab, PILOTS, &["--yes", "--server", &server]);
        ran.expect_status(2).expect_out("unsupported: --run-rules").expect_out(says);
        assert_eq!(lab.writes(), 1, "the plan was applied");
        run(&lab, PILOTS, &["--yes", "--server", &server, "--allow", "unsupported"]).expect_status(0);
        assert_eq!(lab.writes(), 1);
    }
}

#[test]
fn no_rule_is_run_after_a_plan_that_failed_and_a_failed_run_is_told() {
    let lab = lab();
    let of = |procedure: &str| format!("sandbox:lab.db?variant={procedure}:refuses-late");
    let ran = run(&lab, PILOTS, &["--yes", "--server", &of("spCreateTargetGroup")]);
    ran.expect_status(1).expect_err("No rule was run");
    assert_eq!(lab.writes(), 0);
    let ran = run(&lab, PILOTS, &["--yes", "--server", &of("spDeployUpdate")]);
    ran.expect_out("failed: approval").expect_out("Apply stopped: 0 created");
    ran.expect_status(7);
    run(&lab, PILOTS, &["--yes", "--server", &of("spDeployUpdate")]).expect_status(1).expect_out("failed: approval");
    assert_eq!(lab.writes(), 1);
}

/// Of several servers, each failure says whose it is, and `nothing was written` is said of that server alone.
#[test]
fn of_several_servers_each_failure_names_its_own() {
    let lab = lab();
    std::fs::copy(lab.path("lab.db"), lab.path("other.db")).unwrap();
    let one = std::fs::read_to_string(lab.path("lab.yaml")).unwrap();
    let other = one.replace("{name: lab}", "{name: other}").replace("lab.db", "other.db");
    std::fs::write(lab.path("lab.yaml"), format!("{one}---\n{other}")).unwrap();
    let ran = run(&lab, "nope", &["--yes"]);
    for name in ["lab", "other"] {
        ran.expect_err(&format!("error: {name}: --run-rules: there is no approval rule `nope`"));
        ran.expect_err(&format!("nothing was written to {name}\n"));
    }
    ran.expect_status(3).expect_err("--server \"sandbox:other.db\"");
    // One of them is changed, and the other is another server.
    std::fs::write(
        lab.path("lab.yaml"),
        format!(
            "{one}---\n{}",
            other.replace("spec:", "spec:\n  identity: {serverId: 11111111-2222-3333-4444-555555555555}")
        ),
    )
    .unwrap();
    let ran = run(&lab, PILOTS, &["--yes"]);
    ran.expect_status(4).expect_out("was run:").expect_err("error: other: this is another server");
    assert!(lab.writes() > 1 && !ran.err.contains("lab: "), "{ran:?}");
    // A blocked plan, and what the server does not know.
    for (spec, status, says) in [
        (
            "  groups: []\n  management: {prune: {groups: confirm}}\n",
            4,
            "Nothing was written to other: the plan is blocked",
        ),
        (
            "  approvals: [{update: KB1000001, groups: {Fresh: install}}]\n",
            3,
            "Nothing was written to other: the errors above are about it",
        ),
    ] {
        let (head, _) = other.split_once("spec:").unwrap();
        std::fs::write(lab.path("lab.yaml"), format!("{one}---\n{head}spec:\n{spec}")).unwrap();
        lab.run(&["apply", "-f", "lab.yaml", "--yes"]).expect_status(status).expect_err(says);
    }
}
