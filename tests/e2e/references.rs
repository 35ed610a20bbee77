//! References that the server does not know are errors with their place and near matches, before the first write.

use std::fs;

use crate::lab::Lab;

/// Expects one error of this class at the line that ends in `# here`, saying all of this, and no write.
#[track_caller]
fn refused(lab: &Lab, spec: &str, code: &str, says: &[&str]) {
    lab.manifest(spec);
    let text = fs::read_to_string(lab.path("lab.yaml")).unwrap();
    let line = text.lines().position(|line| line.ends_with("# here")).unwrap() + 1;
    let shown = lab.refused(3, 3);
    shown.expect_err(&format!("error[{code}]: ")).expect_err(&format!("lab.yaml:{line}:"));
    for text in says {
        shown.expect_err(text);
    }
    assert_eq!(shown.out, "", "an error leaves no report");
    let document = lab.plan();
    assert_eq!(document["servers"].as_array().unwrap().len(), 0);
    let error = &document["errors"][0];
    assert_eq!((&error["code"], &error["line"]), (&code.into(), &line.into()), "{document:#}");
    assert_eq!(lab.writes(), 0);
}

/// An article that SUSDB keeps for no update may still stand in titles, which a selector can choose by.
#[test]
fn an_article_that_stands_in_titles_only() {
    let lab = Lab::new("demo");
    lab.sql("DELETE FROM tbKBArticleForRevision WHERE KBArticleID = '5060526'");
    let spec = "  approvals:\n    - update: KB5060526 # here\n      groups: {Servers: install}\n";
    let says = ["name it in the title only", "select: {title: \"*KB5060526*\"}", "Windows Server 2022"];
    refused(&lab, spec, "unknown-kb", &says);
    // A snapshot says the same.
    lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", "lab.jsonl"]).expect_status(0);
    let saved = lab.run(&["diff", "-f", "lab.yaml", "--against", "lab.jsonl"]);
    for text in says {
        saved.expect_status(3).expect_err(text);
    }
    lab.manifest("  approvals:\n    - select: {title: '*KB5060526*'}\n      groups: {Servers: install}\n");
    lab.diff().expect_status(2);
}

#[test]
fn updates() {
    let lab = Lab::new("demo");
    refused(
        &lab,
        "  approvals:\n    - {update: KB5060842, groups: {Kiosks: install}}\n    - update: KB5060843 # here\n      groups: \
         {Servers: install}\n",
        "unknown-kb",
        &["KB5060843", "did you mean", "KB5060842"],
    );
    refused(
        &lab,
        "  approvals:\n    - update: 12345678-1234-1234-1234-123456789abc # here\n      groups: {Servers: install}\n",
        "unknown-update",
        &["12345678-1234-1234-1234-123456789abc"],
    );
    refused(
        &lab,
        "  declines:\n    - update: KB5055556 # here\n",
        "unknown-kb",
        &["KB5055556", "did you mean `KB5055555`"],
    );
    refused(
        &lab,
        "  approvals:\n    - update: {kb: KB5060842, title: '*Windows 7*'} # here\n      groups: {Servers: install}\n",
        "nothing-matches",
        &["KB5060842"],
    );
    refused(
        &lab,
        "  approvals:\n    - update: {kb: KB5060842, expect: 3} # here\n      groups: {Servers: install}\n",
        "unexpected-count",
        &["KB5060842", "4", "3"],
    );
}

#[test]
fn what_a_bundle_takes_along_is_said_and_gone() {
    let lab = Lab::new("demo");
    let bundle = lab.text(
        "SELECT u.UpdateID FROM tbBundleDependency b JOIN tbRevision r ON r.RevisionID = b.RevisionID
         JOIN tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID WHERE NOT u.IsHidden ORDER BY 1 LIMIT 1",
    );
    let parts = format!(
        "FROM tbUpdate WHERE LocalUpdateID IN (SELECT p.LocalUpdateID FROM tbUpdate u
         JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID JOIN tbBundleDependency b ON b.RevisionID = r.RevisionID
         JOIN tbRevision p ON p.RevisionID = b.BundledRevisionID WHERE u.UpdateID = '{bundle}')"
    );
    let count = lab.number(&format!("SELECT count(*) {parts}"));
    assert!(count > 1);
    lab.manifest(&format!("  declines:\n    - {bundle}\n"));
    lab.diff().expect_status(2).expect_out(&format!("the {count} updates that it bundles"));
    let plan = lab.plan();
    assert_eq!(plan["servers"][0]["changes"][0]["affects"]["parts"], count, "{plan:#}");
    lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", "lab.snapshot"]).expect_status(0);
    let offline = lab.run(&["diff", "-f", "lab.yaml", "--against", "lab.snapshot"]);
    offline.expect_status(2).expect_out(&format!("the {count} updates that it bundles"));
    lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db?deny=tbBundleDependency"])
        .expect_out("what it may bundle");
    lab.apply_twice();
    assert_eq!(lab.number(&format!("SELECT count(*) {parts} AND IsHidden")), count);
    lab.manifest("  management: {prune: {declines: always}}\n  declines: []\n");
    lab.diff().expect_out("what it bundles may stay declined");
}

#[test]
fn a_part_of_a_bundle() {
    let lab = Lab::new("demo");
    let child = lab.text(
        "SELECT u.UpdateID FROM tbBundleDependency b JOIN tbRevision r ON r.RevisionID = b.BundledRevisionID
         JOIN tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID LIMIT 1",
    );
    let spec = format!("  approvals:\n    - update: {child} # here\n      groups: {{Servers: install}}\n");
    refused(&lab, &spec, "not-deployable", &["part of"]);
}

#[test]
fn groups() {
    let lab = Lab::new("demo");
    refused(
        &lab,
        "  approvals:\n    - update: KB5060842\n      groups:\n        Ring 0 IT: install # here\n",
        "unknown-group",
        &["Ring 0 - IT"],
    );
    refused(&lab, "  groups:\n    - name: 'a/b' # here\n", "forbidden-group-name", &["a/b"]);
}

#[test]
fn computers() {
    let lab = Lab::new("demo");
    refused(
        &lab,
        "  groups:
    - name: Workstations
      groups:
        - {name: Ring 0 - IT, computers: ['pc-00*']} # here
        - {name: Ring 1 - Pilot, computers: ['pc-*']}\n",
        "contested-computer",
        &["pc-001.contoso.com", "Ring 0 - IT", "Ring 1 - Pilot", "except"],
    );
    refused(
        &lab,
        "  groups:\n    - {name: Kiosks, computers: [branch-pc01.contoso.com]} # here\n",
        "downstream-computer",
        &["branch-pc01.contoso.com", "read-only"],
    );
}

#[test]
fn contradictions_that_only_the_server_shows() {
    let lab = Lab::new("demo");
    let id = lab.text(
        "SELECT u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID
         JOIN tbKBArticleForRevision k ON k.RevisionID = r.RevisionID WHERE k.KBArticleID = '5060533' LIMIT 1",
    );
    refused(
        &lab,
        &format!(
            "  approvals:\n    - {{update: KB5060533, groups: {{Servers: install}}}}\n    - update: {id}\n      groups:\n        \
             Servers: uninstall # here\n"
        ),
        "contradicting-approvals",
        &["Servers"],
    );
    refused(
        &lab,
        &format!(
            "  approvals:\n    - {{update: KB5060533, groups: {{Servers: install}}}}\n  declines:\n    - update: {id} # here\n"
        ),
        "approved-and-declined",
        &[],
    );
}

#[test]
fn all_of_them_at_once() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  groups:
    - {name: Kiosks, computers: [branch-pc01.contoso.com]}
  approvals:
    - {update: KB5060843, groups: {Servers: install}}
    - {update: KB5060842, groups: {Ring 0 IT: install}}
  declines:
    - update: KB999999\n",
    );
    let shown = lab.refused(3, 3);
    for code in ["downstream-computer", "unknown-group", "unknown-kb"] {
        shown.expect_err(&format!("error[{code}]"));
    }
    assert_eq!(shown.err.matches("error[").count(), 4, "{}", shown.err);
}

#[test]
fn an_apply_that_writes_json_gives_its_errors_in_json() {
    let lab = Lab::new("demo");
    lab.manifest("  declines:\n    - update: KB5055556\n");
    let ran = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--output", "json"]);
    ran.expect_status(3);
    let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["errors"][0]["code"], "unknown-kb");
}

#[test]
fn a_computer_that_has_not_reported_yet_is_pending() {
    let lab = Lab::new("demo");
    lab.manifest("  groups:\n    - {name: Kiosks, computers: [new-kiosk.contoso.com]}\n");
    lab.diff().expect_status(0).expect_out("new-kiosk.contoso.com");
    lab.apply().expect_status(0).expect_out("No differences");
    let document = lab.plan();
    assert_eq!(document["servers"][0]["pending"][0]["address"], "membership[\"new-kiosk.contoso.com\"]");
    assert_eq!(document["servers"][0]["summary"]["pending"], 1);
    assert_eq!(lab.writes(), 0);
}

#[test]
fn an_article_leaves_out_what_expired_or_was_declined() {
    let lab = Lab::new("demo");
    lab.manifest("  approvals:\n    - {update: KB5039299, groups: {Servers: install}}\n");
    let document = lab.plan();
    let entry = &document["servers"][0]["entries"][0];
    assert_eq!(entry["skipped"].as_array().unwrap().len(), 2, "{entry:#}");
    lab.run(&["diff", "-f", "lab.yaml", "--explain"]).expect_status(2).expect_out("expired").expect_out("declined");
    lab.apply_twice();
}
