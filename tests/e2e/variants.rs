//! Servers whose procedures are not those that are known: what needs them is unsupported, the rest is done.

use crate::lab::{Lab, Ran};

const SPEC: &str = "  groups:
    - {name: New, computers: [pc-028.contoso.com]}
    - {name: Kiosks, computers: [pc-029.contoso.com]}
  approvals:
    - {update: KB5060533, groups: {New: install, Servers: install}}
  declines:
    - update: KB5055555
";

fn run(lab: &Lab, variant: &str, arguments: &[&str]) -> Ran {
    let server = format!("sandbox:lab.db?variant={variant}");
    let mut all = arguments.to_vec();
    all.extend(["-f", "lab.yaml", "--server", &server]);
    lab.run(&all)
}

fn unsupported(lab: &Lab, variant: &str) -> Vec<String> {
    let ran = run(lab, variant, &["diff", "--output", "json"]);
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let notices = document["servers"][0]["unsupported"].as_array().unwrap();
    notices
        .iter()
        .map(|notice| format!("{} {}", notice["address"].as_str().unwrap(), notice["code"].as_str().unwrap()))
        .collect()
}

fn calls_of(lab: &Lab, procedure: &str) -> i64 {
    lab.number(&format!("SELECT COUNT(*) FROM sandbox_writes WHERE statement LIKE '%{procedure}%'"))
}

/// The rest is applied and the exit status says that something is missing, unless that is permitted.
#[track_caller]
fn rest_is_applied(lab: &Lab, variant: &str, procedure: &str) {
    run(lab, variant, &["apply", "--yes"]).expect_status(2);
    let writes = lab.writes();
    assert!(writes > 0);
    run(lab, variant, &["diff"]).expect_status(2);
    run(lab, variant, &["apply", "--yes"]).expect_status(2);
    run(lab, variant, &["apply", "--yes", "--allow", "unsupported"]).expect_status(0);
    assert_eq!(lab.writes(), writes);
    assert_eq!(calls_of(lab, procedure), 0);
    // With the procedures as they should be, the rest follows.
    lab.apply_twice();
    assert!(calls_of(lab, procedure) > 0, "the test counts the calls of {procedure}");
}

#[test]
fn a_missing_or_different_procedure_for_approvals() {
    for (change, shown) in [
        ("missing", "does not have"),
        ("extra", "@extra"),
        ("rename=@deadline", "@deadline2"),
        ("retype=@adminName", "@adminName"),
    ] {
        let lab = Lab::new("demo");
        lab.manifest(SPEC);
        let variant = format!("spDeployUpdate:{change}");
        let found = unsupported(&lab, &variant);
        assert_eq!(found.iter().filter(|text| text.starts_with("approval[")).count(), 2, "{change}: {found:#?}");
        let diff = run(&lab, &variant, &["diff"]);
        diff.expect_status(2).expect_out("spDeployUpdate").expect_out(shown).expect_out("expected");
        if change != "missing" {
            diff.expect_out("the server has");
        }
        assert_eq!(lab.writes(), 0);
        rest_is_applied(&lab, &variant, "spDeployUpdate");
    }
}

#[test]
fn what_is_wrong_with_a_procedure_is_said_once() {
    let lab = Lab::new("demo");
    lab.manifest("  approvals:\n    - {update: KB2267602, groups: {Kiosks: notApproved}}\n");
    let ran = run(&lab, "spDeployUpdate:missing", &["diff"]);
    ran.expect_status(2).expect_out("unsupported: ").expect_out(" more)");
    assert_eq!(ran.out.matches("spDeployUpdate, which").count(), 1, "{}", ran.out);
}

#[test]
fn what_needs_a_group_that_cannot_be_made() {
    let lab = Lab::new("demo");
    lab.manifest(SPEC);
    let found = unsupported(&lab, "spCreateTargetGroup:missing");
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found.contains(&"group[\"New\"] procedureMissing".to_owned()), "{found:#?}");
    assert!(found.contains(&"membership[\"pc-028.contoso.com\"] dependsOnUnsupported".to_owned()), "{found:#?}");
    rest_is_applied(&lab, "spCreateTargetGroup:missing", "spCreateTargetGroup");
}

/// Other types that take the same values are called as the known ones are.
#[test]
fn wider_types_are_written() {
    let lab = Lab::new("demo");
    lab.manifest(SPEC);
    let wider = "spDeployUpdate:retype=@revisionNumber&variant=spDeployUpdate:retype=@isAssigned&variant=spDeployUpdate:retype=@deadline";
    run(&lab, wider, &["apply", "--yes"]).expect_status(0);
    run(&lab, wider, &["diff"]).expect_status(0);
}

/// A procedure's definition says which parameters have defaults.
#[test]
fn a_parameter_with_a_default_of_its_own_is_left_out() {
    let lab = Lab::new("demo");
    lab.manifest(SPEC);
    assert!(unsupported(&lab, "spDeployUpdate:extra-default").is_empty());
}
