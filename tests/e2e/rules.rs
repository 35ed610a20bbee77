//! Automatic approval rules, from the manifest to the server and back.

use crate::lab::{Lab, Ran};

const SPEC: &str = r#"
  groups:
    - {name: Workstations, groups: [{name: Ring 0 - IT}, {name: Ring 1 - Pilot}]}
    - {name: Fresh}
  approvalRules:
    - name: defender DEFINITIONS
      enabled: true
      classifications: [Definition Updates]
      groups: [All Computers]
    - name: Critical for pilots
      enabled: false
      classifications: [Critical Updates, Security Updates]
      products: [Windows 11]
      groups: [Ring 1 - Pilot]
      deadline: {days: 7, at: "18:00"}
    - name: "Fresh <ones> & 'others'"
      enabled: true
      products: [{family: Windows}]
      groups: [Fresh, Ring 0 - IT]
      deadline: none
"#;

const PILOTS: &str = "(SELECT ID FROM tbAutoDeploymentRule WHERE Name = 'Critical for pilots')";

fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(SPEC).apply_twice();
    lab
}

/// Edits, expects exactly this change, puts it back, and expects no difference.
#[track_caller]
fn one_change(lab: &Lab, edit: &str, action: &str, fields: &[&str]) {
    lab.sql(edit);
    let plan = lab.plan();
    let changes = plan["servers"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{edit}: {changes:#?}");
    assert_eq!((&changes[0]["action"], &changes[0]["kind"]), (&action.into(), &"rule".into()), "{edit}: {changes:#?}");
    let found: Vec<&str> =
        changes[0]["fields"].as_array().unwrap().iter().map(|field| field["path"].as_str().unwrap()).collect();
    assert_eq!(found, fields, "{edit}: {changes:#?}");
    lab.apply_twice();
}

#[test]
fn a_rule_is_created_with_everything_that_is_declared() {
    let lab = Lab::new("demo");
    let diff = lab.manifest(SPEC).diff();
    diff.expect_status(2).expect_out("Approval rules").expect_out("Fresh <ones> & 'others'");
    lab.apply_twice();
    let name = "Name = 'Fresh <ones> & ''others'''";
    assert_eq!(lab.number(&format!("SELECT Enabled FROM tbAutoDeploymentRule WHERE {name}")), 1);
    let rule = format!("(SELECT ID FROM tbAutoDeploymentRule WHERE {name})");
    let groups = lab.texts(&format!(
        "SELECT g.Name FROM tbTargetGroup g JOIN tbTargetGroupInAutoDeploymentRule c ON c.TargetGroupID = g.TargetGroupID
         WHERE c.AutoDeploymentRuleID = {rule} ORDER BY g.Name"
    ));
    assert_eq!(groups, ["Fresh", "Ring 0 - IT"]);
    let families = format!(
        "SELECT COUNT(*) FROM tbCategory c JOIN tbCategoryInAutoDeploymentRule r ON r.CategoryID = c.CategoryID
         WHERE r.AutoDeploymentRuleID = {rule} AND c.CategoryType = 'ProductFamily'"
    );
    assert_eq!(lab.number(&families), 1);
}

#[test]
fn every_field_of_a_rule_that_somebody_changes_is_put_back() {
    let lab = lab();
    let set = |what: &str| format!("UPDATE tbAutoDeploymentRule SET {what} WHERE ID = {PILOTS}");
    one_change(&lab, &set("Enabled = 1"), "modify", &["enabled"]);
    one_change(&lab, &set("DateOffset = 8"), "modify", &["deadline"]);
    one_change(&lab, &set("MinutesAfterMidnight = 0"), "modify", &["deadline"]);
    one_change(&lab, &set("DateOffset = NULL, MinutesAfterMidnight = NULL"), "modify", &["deadline"]);
    for (table, fields) in [
        ("tbUpdateClassificationInAutoDeploymentRule", "classifications"),
        ("tbCategoryInAutoDeploymentRule", "products"),
        ("tbTargetGroupInAutoDeploymentRule", "groups"),
    ] {
        one_change(&lab, &format!("DELETE FROM {table} WHERE AutoDeploymentRuleID = {PILOTS}"), "modify", &[fields]);
    }
    one_change(
        &lab,
        &format!(
            "INSERT INTO tbTargetGroupInAutoDeploymentRule (AutoDeploymentRuleID, TargetGroupID)
             SELECT {PILOTS}, TargetGroupID FROM tbTargetGroup WHERE Name = 'Servers'"
        ),
        "modify",
        &["groups"],
    );
    one_change(&lab, &set("Enabled = 1, DateOffset = 1"), "modify", &["enabled", "deadline"]);
    one_change(&lab, &set("Name = 'Other'"), "create", &[]);
}

#[test]
fn what_a_manifest_leaves_out_of_a_rule_stays() {
    let lab = Lab::new("demo");
    lab.manifest("  approvalRules:\n    - {name: Critical for pilots, enabled: true}\n").apply_twice();
    let row =
        "SELECT Enabled || ' ' || DateOffset || ' ' || MinutesAfterMidnight FROM tbAutoDeploymentRule WHERE ID = 2";
    assert_eq!(lab.text(row), "1 7 1080");
    for (table, count) in [
        ("tbUpdateClassificationInAutoDeploymentRule", 2),
        ("tbCategoryInAutoDeploymentRule", 1),
        ("tbTargetGroupInAutoDeploymentRule", 1),
    ] {
        let query = format!("SELECT COUNT(*) FROM {table} WHERE AutoDeploymentRuleID = 2");
        assert_eq!(lab.number(&query), count, "{table}");
    }
}

#[test]
fn pruned_rules_are_asked_about_and_never_the_last_ones() {
    let lab = Lab::new("demo");
    let one = "  approvalRules: [{name: Defender definitions}]\n";
    let plan = lab.plan_of(&format!("{one}  management: {{prune: {{rules: never}}}}\n"));
    assert_eq!(plan["servers"][0]["summary"]["unmanaged"]["rules"], 1);
    lab.manifest(&format!("{one}  management: {{prune: {{rules: confirm}}}}\n"));
    lab.refused(2, 4).expect_out("Critical for pilots");
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "rules.delete"]).expect_status(0);
    assert_eq!(lab.texts("SELECT Name FROM tbAutoDeploymentRule"), ["Defender definitions"]);
    lab.manifest("  management: {prune: {rules: always}}\n");
    lab.refused(2, 4);
    lab.manifest("  management: {prune: {rules: always}, ignore: ['rule[\"Defender*']}\n");
    lab.diff().expect_status(0);
    lab.manifest("  management: {prune: {rules: always}}\n");
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "empty"]).expect_status(0);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbAutoDeploymentRule"), 0);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbTargetGroupInAutoDeploymentRule"), 0);
}

#[test]
fn a_rule_keeps_its_last_group_from_being_pruned() {
    let lab = Lab::new("demo");
    let keep = "  groups: [{name: Servers}]\n";
    lab.manifest(&format!("{keep}  management: {{prune: {{groups: always}}, limits: {{deletePercent: 100}}}}\n"));
    let shown = lab.refused(2, 4);
    shown.expect_out("rule[\"Critical for pilots\"]").expect_out("Ring 1 - Pilot");
    lab.manifest(&format!(
        "{keep}  approvalRules: [{{name: Critical for pilots, groups: [Servers]}}]
  management: {{prune: {{groups: always}}, limits: {{deletePercent: 100, minimum: 100}}}}\n"
    ));
    lab.apply_twice();
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbTargetGroupInAutoDeploymentRule"), 2);
}

#[test]
fn references_that_nobody_knows_are_errors_and_nothing_is_written() {
    let lab = Lab::new("demo");
    for (rule, says) in [
        ("classifications: [Definition Update]", "did you mean `Definition Updates`?"),
        ("products: [Windows 12]", "Unknown product"),
        ("products: [{family: Windos}]", "Unknown product family"),
        ("products: [{id: 00000000-1111-4222-8333-444444444444}]", "Unknown product"),
        ("groups: [Serverz]", "did you mean `Servers`?"),
    ] {
        lab.manifest(&format!("  approvalRules:\n    - {{name: Rule, {rule}}}\n"));
        let said = lab.diff();
        said.expect_status(3).expect_err(says).expect_err("lab.yaml:7");
        lab.apply().expect_status(3);
    }
    lab.sql("INSERT INTO tbAutoDeploymentRule (Name) VALUES ('defender definitions ')");
    lab.manifest("  approvalRules:\n    - {name: Defender definitions, enabled: false}\n");
    lab.diff().expect_status(3).expect_err("ambiguous-rule");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn an_enabled_rule_that_chooses_nothing_is_refused() {
    let lab = Lab::new("demo");
    lab.manifest("  approvalRules:\n    - {name: New, enabled: true, groups: [Servers]}\n");
    lab.refused(2, 4).expect_out("neither a classification nor a product");
    lab.manifest(
        "  approvalRules:\n    - {name: Critical for pilots, enabled: true, classifications: [], products: []}\n",
    );
    lab.diff().expect_status(3).expect_err("empty-rule");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn an_enabled_rule_for_nobody_is_refused() {
    let lab = Lab::new("demo");
    let rule = "name: New, enabled: true, classifications: [Critical Updates]";
    lab.manifest(&format!("  approvalRules:\n    - {{{rule}, groups: []}}\n"));
    lab.diff().expect_status(3).expect_err("rule-for-nobody").expect_err("[All Computers]");
    lab.manifest(&format!("  approvalRules:\n    - {{{rule}}}\n"));
    lab.diff().expect_err("warning[rule-for-nobody]");
    lab.refused(2, 4).expect_out("for no group");
    lab.manifest(&format!("  approvalRules:\n    - {{{rule}, groups: [All Computers]}}\n"));
    lab.refused(2, 4).expect_out("--allow high-risk");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn a_replica_takes_its_rules_from_its_parent() {
    let lab = Lab::new("demo");
    lab.sql("UPDATE tbConfigurationC SET ReplicaMode = 1");
    lab.manifest("  approvalRules:\n    - {name: Defender definitions, enabled: false}\n");
    lab.diff().expect_status(3).expect_err("declared-on-replica");
}

fn with_variant(lab: &Lab, variant: &str, arguments: &[&str]) -> Ran {
    let server = format!("sandbox:lab.db?variant={variant}");
    let mut all = arguments.to_vec();
    all.extend(["-f", "lab.yaml", "--server", &server]);
    lab.run(&all)
}

/// A procedure that wants something else is not called, and the message names the parameter.
#[test]
fn other_signatures_are_unsupported() {
    let spec = "  approvalRules:\n    - {name: Defender definitions, enabled: false}\n";
    for (variant, says) in [
        ("spSetAutoDeploymentRule:missing", "spSetAutoDeploymentRule"),
        ("spSetAutoDeploymentRule:extra", "@extra"),
        ("spSetAutoDeploymentRule:rename=@dateOffset", "@dateOffset2"),
        ("spSetAutoDeploymentRule:without=@action", "@action is missing"),
        ("spSetAutoDeploymentRule:retype=@name", "@name is"),
    ] {
        let lab = Lab::new("demo");
        lab.manifest(spec);
        let diff = with_variant(&lab, variant, &["diff"]);
        diff.expect_status(2).expect_out("unsupported");
        let said: Vec<&str> = diff.out.split_whitespace().collect();
        assert!(said.join(" ").contains(says), "{diff:?}");
        with_variant(&lab, variant, &["apply", "--yes"]).expect_status(2);
        assert_eq!(lab.writes(), 0, "{variant}");
    }
    let lab = Lab::new("demo");
    lab.manifest(spec);
    with_variant(&lab, "spSetAutoDeploymentRule:extra-default", &["apply", "--yes"]).expect_status(0);
    lab.apply_twice();
    lab.manifest("  approvalRules:\n    - {name: New, enabled: false}\n");
    with_variant(&lab, "spCreateAutoDeploymentRule:extra", &["diff"]).expect_status(2).expect_out("@extra");
}
