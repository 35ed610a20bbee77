//! The JSON plan: the documented fields, the same bytes from run to run, and no trace on the server.

use std::fs;

use serde_json::Value;

use crate::lab::Lab;

fn lab() -> Lab {
    let lab = Lab::new("demo");
    fs::copy("examples/contoso-hq.yaml", lab.path("lab.yaml")).unwrap();
    lab
}

fn diff(lab: &Lab) -> String {
    let ran = lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db", "--output", "json"]);
    ran.expect_status(2).out.clone()
}

#[test]
fn two_runs_differ_in_their_times_only() {
    let lab = lab();
    let timeless = |text: String| -> Vec<String> {
        let is_time =
            |line: &str| ["\"evaluatedAt\"", "\"takenAt\""].iter().any(|key| line.trim_start().starts_with(key));
        text.lines().map(|line| if is_time(line) { "a time".to_owned() } else { line.to_owned() }).collect()
    };
    let (first, second) = (timeless(diff(&lab)), timeless(diff(&lab)));
    assert_eq!(first, second);
    assert_eq!(first.iter().filter(|line| *line == "a time").count(), 2, "one of each");
}

#[test]
fn diff_leaves_the_file_as_it_is() {
    let lab = lab();
    // SQLite counts the first opening of a new file in its header.
    diff(&lab);
    let before = fs::read(lab.path("lab.db")).unwrap();
    diff(&lab);
    lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db"]).expect_status(2);
    assert!(fs::read(lab.path("lab.db")).unwrap() == before, "diff changed the sandbox file");
    assert_eq!(lab.writes(), 0);
}

#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sorted<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys
}

#[test]
fn the_documented_fields_are_there() {
    let document: Value = serde_json::from_str(&diff(&lab())).unwrap();
    assert_eq!(sorted(&keys(&document)), sorted(&["formatVersion", "tool", "evaluatedAt", "errors", "servers"]));
    assert_eq!((&document["formatVersion"], &document["tool"]["name"]), (&"1.1".into(), &"wsusctl".into()));
    let server = &document["servers"][0];
    let documented = [
        "name",
        "serverId",
        "takenAt",
        "digest",
        "permissions",
        "summary",
        "entries",
        "changes",
        "blockers",
        "unsupported",
        "findings",
        "warnings",
        "pending",
    ];
    assert_eq!(sorted(&keys(server)), sorted(&documented));
    let summary = [
        "create",
        "modify",
        "delete",
        "managed",
        "unmanaged",
        "lapsed",
        "automatic",
        "kept",
        "skipped",
        "ignored",
        "pending",
    ];
    assert_eq!(sorted(&keys(&server["summary"])), sorted(&summary));
    assert_eq!(server["digest"].as_str().unwrap().len(), 64);
    for change in server["changes"].as_array().unwrap() {
        judge(change);
    }
}

/// What every change has to have, whatever it is.
#[track_caller]
fn judge(change: &Value) {
    for key in ["address", "kind", "action", "before", "after", "fields", "reason", "risk", "affects", "origin"] {
        assert!(change.get(key).is_some(), "no {key}: {change:#}");
    }
    let address = change["address"].as_str().unwrap();
    assert!(address.starts_with(change["kind"].as_str().unwrap()), "{change:#}");
    let (before, after) = (change["before"].is_null(), change["after"].is_null());
    match change["action"].as_str().unwrap() {
        // Declining destroys approvals: `before` lists them.
        "create" => assert!((before || change["kind"] == "decline") && !after, "{change:#}"),
        "modify" => assert!(!before && !after && !change["fields"].as_array().unwrap().is_empty(), "{change:#}"),
        "delete" => assert!(!before && after, "{change:#}"),
        other => panic!("{other}"),
    }
    assert!(!change["reason"]["code"].as_str().unwrap().is_empty());
    // Everything but what pruning takes away has the place that declared it.
    if change["reason"]["code"] != "pruned" {
        assert_eq!(change["origin"]["file"], "lab.yaml");
        assert!(change["origin"]["line"].as_u64().is_some() && change["origin"]["column"].as_u64().is_some());
    }
}

#[test]
fn an_apply_reports_its_plan_on_standard_output_and_the_rest_elsewhere() {
    let lab = lab();
    let ran = lab.run(&["apply", "-f", "lab.yaml", "--server", "sandbox:lab.db", "--yes", "--output", "json"]);
    ran.expect_status(0).expect_err("Apply complete");
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(!document["servers"][0]["changes"].as_array().unwrap().is_empty());
}

#[test]
fn permissions_are_part_of_the_document() {
    let lab = lab();
    let ran = lab.run(&[
        "diff",
        "-f",
        "lab.yaml",
        "--server",
        "sandbox:lab.db",
        "--output",
        "json",
        "--allow",
        "groups.delete=80%",
        "--allow",
        "high-risk",
    ]);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["servers"][0]["permissions"], serde_json::json!(["groups.delete=80%", "high-risk"]));
}

#[test]
fn the_time_to_judge_by_is_recorded_where_it_was_given() {
    let lab = lab();
    let base = ["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db", "--allow", "high-risk"];
    let now = ["--now", "2027-01-01T00:00:00+01:00"];
    let json: Value =
        serde_json::from_str(&lab.run(&[&base[..], &now, &["-o", "json"]].concat()).expect_status(2).out).unwrap();
    assert_eq!(json["servers"][0]["now"], "2026-12-31T23:00:00Z");
    let text = lab.run(&[&base[..], &now].concat()).expect_status(2).out.clone();
    assert!(text.contains("judged as if it were 2026-12-31T23:00:00Z"), "{text}");
    assert!(text.starts_with("Permitted: --allow high-risk\n"), "{text}");
    let plain: Value = serde_json::from_str(&diff(&lab)).unwrap();
    assert_eq!(plain["servers"][0].get("now"), None);
}
