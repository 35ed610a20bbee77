//! What an approval can say, from one to the other and back, and what on the server is none. Every case applies twice.

use serde_json::{Value, json};

use crate::lab::{Lab, Ran};

fn lab(approvals: &str) -> Lab {
    let lab = Lab::new("demo");
    declare(&lab, approvals);
    lab
}

fn declare(lab: &Lab, approvals: &str) {
    lab.manifest(&format!("  approvals:\n{approvals}"));
}

/// The rows of an article for a group, as `action optional deadline revision`, in the order they were made.
fn rows(lab: &Lab, kb: &str, group: &str) -> Vec<String> {
    lab.texts(&format!(
        "SELECT d.ActionID || iif(d.IsAssigned, '', ' optional') || ifnull(' by ' || d.Deadline, '') || ' on ' || r.RevisionNumber
         FROM tbDeployment d JOIN tbRevision r ON r.RevisionID = d.RevisionID
         JOIN tbKBArticleForRevision k ON k.RevisionID = d.RevisionID
         JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID
         WHERE k.KBArticleID = '{kb}' AND g.Name = '{group}' ORDER BY d.DeploymentID"
    ))
}

fn group(name: &str) -> String {
    format!("(SELECT TargetGroupID FROM tbTargetGroup WHERE Name = '{name}')")
}

/// The latest revision of an article's first update.
fn revision(kb: &str) -> String {
    format!(
        "(SELECT r.RevisionID FROM tbRevision r JOIN tbKBArticleForRevision k ON k.RevisionID = r.RevisionID
          WHERE k.KBArticleID = '{kb}' AND r.IsLatestRevision = 1 ORDER BY r.LocalUpdateID LIMIT 1)"
    )
}

/// Writes a row as somebody else would have: action, status and type of the group.
fn insert(lab: &Lab, kb: &str, to: &str, action: i64, status: i64, group_type: i64) {
    lab.sql(&format!(
        "INSERT INTO tbDeployment (LastChangeTime, DeploymentStatus, ActionID, DeploymentTime, GoLiveTime, AdminName,
             IsAssigned, RevisionID, TargetGroupID, TargetGroupTypeID)
         VALUES ('2026-06-10 12:00:00.000', {status}, {action}, '2026-06-10 12:00:00.000', '2026-06-10 12:00:00.000',
             'CONTOSO\\anna', 1, {}, {}, {group_type})",
        revision(kb),
        group(to)
    ));
}

/// Declares, applies twice, and gives the rows of KB5060533 for Kiosks.
fn kiosks(lab: &Lab, approval: &str) -> Vec<String> {
    declare(lab, &format!("    - {{update: KB5060533, groups: {{Kiosks: {approval}}}}}\n"));
    lab.apply_twice();
    rows(lab, "5060533", "Kiosks")
}

#[test]
fn every_value_of_an_approval_can_follow_every_other() {
    let lab = Lab::new("demo");
    let values = [
        ("install", "0 on 200"),
        ("{action: install, optional: true}", "0 optional on 200"),
        ("{action: install, deadline: '2031-01-31T18:00:00+02:00'}", "0 by 2031-01-31 16:00:00.000 on 200"),
        ("uninstall", "1 on 200"),
        ("{action: uninstall, deadline: '2031-01-31T18:00:00Z'}", "1 by 2031-01-31 18:00:00.000 on 200"),
        ("notApproved", "3 on 200"),
        ("inherit", ""),
    ];
    let there = 0..values.len();
    let back = (1..values.len() - 1).rev();
    // Each value after its neighbours, there and back, and a deadline that goes without another change.
    for index in there.chain(back).chain([0, 2, 0]) {
        let (approval, stored) = values[index];
        let expected: Vec<&str> = if stored.is_empty() { Vec::new() } else { vec![stored] };
        assert_eq!(kiosks(&lab, approval), expected, "{approval}");
    }
}

#[test]
fn an_optional_approval_has_no_deadline_and_is_an_installation() {
    for (approval, says) in [
        ("{action: install, optional: true, deadline: '2031-01-31T18:00:00Z'}", "deadline"),
        ("{action: install, optional: true, deadline: {days: 3, at: '18:00Z'}}", "deadline"),
        ("{action: uninstall, optional: true}", "install"),
        ("{action: notApproved, optional: true}", "install"),
    ] {
        let lab = lab(&format!("    - update: KB5060533\n      groups: {{Kiosks: {approval}}} # here\n"));
        lab.refused(3, 3).expect_err("optional").expect_err(says).expect_err("lab.yaml:8:");
    }
}

#[test]
fn a_relative_deadline_counts_from_the_servers_date_and_stays_relative_in_the_plan() {
    let lab =
        lab("    - {update: KB5060533, groups: {Kiosks: {action: install, deadline: {days: 7, at: '18:00Z'}}}}\n");
    let plan = || lab.plan()["servers"][0].clone();
    let first = plan();
    assert_eq!(first["changes"][0]["after"]["deadline"], json!({"days": 7, "at": "18:00Z"}), "{first:#}");
    assert_eq!(first["digest"], plan()["digest"]);
    lab.apply_twice();
    let expected = lab.text(
        "SELECT date(DeploymentTime, '+7 days') || ' 18:00:00.000' FROM tbDeployment
         ORDER BY DeploymentID DESC LIMIT 1",
    );
    assert_eq!(rows(&lab, "5060533", "Kiosks"), [format!("0 by {expected} on 200")]);
    // Days later it is as it should be still; the deadline does not wander.
    lab.sql("UPDATE tbDeployment SET DeploymentTime = datetime(DeploymentTime, '-5 days') || '.000',
                 Deadline = datetime(Deadline, '-5 days') || '.000' WHERE AdminName NOT LIKE 'CONTOSO%' AND Deadline NOT NULL");
    lab.diff().expect_status(0);
}

#[test]
fn parents_and_children_have_approvals_of_their_own() {
    let lab = lab("    - update: KB5060533
      groups:
        Workstations: {action: install, optional: true}
        Ring 0 - IT: install
        Ring 1 - Pilot: notApproved
        Ring 2 - Broad: inherit
");
    lab.apply_twice();
    for (group, stored) in [
        ("Workstations", vec!["0 optional on 200"]),
        ("Ring 0 - IT", vec!["0 on 200"]),
        ("Ring 1 - Pilot", vec!["3 on 200"]),
        ("Ring 2 - Broad", vec![]),
    ] {
        assert_eq!(rows(&lab, "5060533", group), stored, "{group}");
    }
}

/// Applies nothing, prunes nothing and counts nothing of what `arrange` adds.
#[track_caller]
fn is_no_approval(spec: &str, arrange: impl FnOnce(&Lab)) -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(spec);
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "approvals.delete=100%"]).expect_status(0);
    let summary = |lab: &Lab| lab.plan()["servers"][0]["summary"].clone();
    let (before, deployments) = (summary(&lab), lab.number("SELECT COUNT(*) FROM tbDeployment"));
    arrange(&lab);
    let after = lab.number("SELECT COUNT(*) FROM tbDeployment");
    assert!(after > deployments);
    assert_eq!(summary(&lab), before);
    lab.diff().expect_status(0);
    lab.apply_twice();
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbDeployment"), after);
    lab
}

#[test]
fn rows_of_other_actions_and_for_other_targets_are_no_approvals() {
    // Both pruned and declared to be absent.
    let spec = "  approvals:
    - {update: KB5060533, groups: {Kiosks: inherit, Servers: install}}
  management: {prune: {approvals: always, automaticApprovals: always}}
";
    is_no_approval(spec, |lab| {
        for (action, group_type) in [(2, 0), (5, 0), (0, 1), (1, 2), (3, 1)] {
            insert(lab, "5060533", "Kiosks", action, 1, group_type);
            insert(lab, "5060533", "Servers", action, 1, group_type);
            insert(lab, "5060842", "Kiosks", action, 1, group_type);
        }
    });
}

#[test]
fn a_pending_row_beside_one_in_force_is_no_second_approval() {
    let spec = "  approvals:\n    - {update: KB5060533, groups: {Servers: install}}\n";
    let lab = is_no_approval(spec, |lab| insert(lab, "5060533", "Servers", 0, 0, 0));
    // Two in force are, and so is a pending one that says something else. What goes goes whole.
    lab.sql("UPDATE tbDeployment SET DeploymentStatus = 1");
    lab.diff().expect_status(2).expect_out("duplicate");
    lab.apply_twice();
    insert(&lab, "5060533", "Servers", 1, 0, 0);
    lab.diff().expect_status(2);
    lab.apply_twice();
    assert_eq!(rows(&lab, "5060533", "Servers"), ["0 on 200"]);
    insert(&lab, "5060533", "Servers", 0, 0, 0);
    declare(&lab, "    - {update: KB5060533, groups: {Servers: inherit}}\n");
    lab.apply_twice();
    assert_eq!(rows(&lab, "5060533", "Servers"), Vec::<String>::new());
}

#[test]
fn a_deadline_in_the_year_9999_is_none() {
    let lab = lab("    - {update: KB5046613, groups: {Domain Controllers: install}}\n");
    lab.diff().expect_status(0);
    let value = |deadline: &str| {
        format!(
            "    - {{update: KB5046613, groups: {{Domain Controllers: {{action: install, deadline: '{deadline}'}}}}}}\n"
        )
    };
    declare(&lab, &value("2031-01-31T18:00:00Z"));
    let plan = lab.plan();
    assert_eq!(plan["servers"][0]["changes"][0]["before"]["deadline"], Value::Null, "{plan:#}");
    lab.apply_twice();
    assert_eq!(rows(&lab, "5046613", "Domain Controllers"), ["0 by 2031-01-31 18:00:00.000 on 200"]);
}

const LICENSED: &str = "    - {update: KB5048239, acceptLicense: true, groups: {Servers: install, Kiosks: install}}
    - {update: KB5060533, groups: {Kiosks: install}}
";

#[test]
fn a_license_whose_text_is_not_there_yet() {
    for state in [1, 8] {
        let lab = lab(LICENSED);
        let set =
            |state: i64| format!("UPDATE tbRevision SET State = {state} WHERE RevisionID = {}", revision("5048239"));
        lab.sql(&set(state));
        let first = lab.apply();
        first
            .expect_status(7)
            .expect_out("KB5048239")
            .expect_out("[\"Kiosks\"]")
            .expect_out("license agreement")
            .expect_out("hint: the text of the licence terms may not have been downloaded yet")
            .expect_out("Apply stopped: 1 created, 0 modified, 0 deleted, 1 failed, 1 skipped.");
        assert_eq!((rows(&lab, "5048239", "Servers").len(), rows(&lab, "5048239", "Kiosks").len()), (0, 0));
        assert_eq!(rows(&lab, "5060533", "Kiosks"), ["0 on 200"], "what does not depend on it is done");
        let again = lab.apply();
        again.expect_status(1).expect_out("Apply stopped: 0 created");
        // The text arrives.
        lab.sql(&set(5)).apply_twice();
        assert_eq!(rows(&lab, "5048239", "Kiosks"), ["0 on 200"]);
    }
}

fn on(lab: &Lab, variants: &[&str], verb: &[&str]) -> Ran {
    let options: Vec<String> = variants.iter().map(|variant| format!("variant=spDeployUpdate:{variant}")).collect();
    let server = format!("sandbox:lab.db?{}", options.join("&"));
    let mut arguments = verb.to_vec();
    arguments.extend(["-f", "lab.yaml", "--server", &server]);
    lab.run(&arguments)
}

/// What is written alike may come from several entries: the heading names each, however the manifest is laid out.
#[test]
fn a_heading_names_every_article() {
    let lab = Lab::new("demo");
    let both = |approved: &str, declined: &str| {
        lab.manifest(&format!("  approvals:\n{approved}  declines:{declined}\n"));
        let shown = lab.diff();
        let headings = shown.expect_status(2).out.lines().filter(|line| line.ends_with(": 3 updates, of each"));
        headings.map(|line| line.trim().trim_end_matches(": 3 updates, of each").to_owned()).collect::<Vec<_>>()
    };
    let approved = ["KB4900433", "KB4900411", "KB4900455"];
    let declined = ["KB4900466", "KB4900477", "KB4900488"];
    let list =
        |name: &str| format!("    - {name}updates: [{}]\n      groups: {{Servers: install}}\n", approved.join(", "));
    let mut expected = [approved, declined].map(Vec::from);
    expected.iter_mut().for_each(|articles| articles.sort_unstable());
    let names = |headings: &[String]| {
        headings
            .iter()
            .map(|heading| {
                let mut all: Vec<&str> = heading.split(", ").collect();
                all.sort_unstable();
                all.join(" ")
            })
            .collect::<Vec<_>>()
    };
    let found = both(&list(""), &format!(" [{}]", declined.join(", ")));
    assert_eq!(names(&found), expected.iter().map(|articles| articles.join(" ")).collect::<Vec<_>>());
    // An entry with a name is one entry; declines on a line each differ in their lines and stand alone.
    let lines: String = declined.map(|article| format!("\n    - {article}")).concat();
    assert_eq!(both(&list("name: April\n      "), &lines), ["April"]);
}

/// Applies twice on a server whose spDeployUpdate behaves so: the second run finds nothing to do.
#[track_caller]
fn converges(lab: &Lab, variants: &[&str]) {
    let first = on(lab, variants, &["apply", "--yes"]);
    first.expect_status(0).expect_nowhere("warning");
    let writes = lab.writes();
    on(lab, variants, &["apply", "--yes"]).expect_status(0).expect_out("No differences");
    assert_eq!(lab.writes(), writes);
    lab.diff().expect_status(0);
}

/// KB5044284 is approved on revisions 200, 201 and 202 for one ring each. Approvals of other groups than the declared ones
/// stay on the revisions that they are on.
#[test]
fn an_approval_moves_to_the_latest_revision_whoever_removes_the_old_row() {
    let servers: [&[&str]; 4] = [&[], &["keeps-revisions"], &["keeps-time"], &["keeps-revisions", "keeps-time"]];
    for variants in servers {
        let lab = lab("    - update: KB5044284
      groups: {Ring 0 - IT: install, Ring 2 - Broad: {action: install, deadline: {days: 3650, at: '18:00Z'}}}
    - {update: KB5046740, groups: {Servers: {action: install, optional: true}}}
");
        converges(&lab, variants);
        assert_eq!(rows(&lab, "5044284", "Ring 0 - IT"), ["0 on 202"], "{variants:?}");
        assert_eq!(rows(&lab, "5044284", "Ring 1 - Pilot"), ["0 on 200"], "{variants:?}");
        assert_eq!(rows(&lab, "5046740", "Servers"), ["0 optional on 201"], "{variants:?}");
    }
}

const WEEK: &str =
    "    - {update: KB5060533, groups: {Kiosks: {action: install, deadline: {days: 7, at: '18:00Z'}}}}\n";

/// An approval that was made some days ago gets a relative deadline.
fn approved_days_ago(days: i64) -> Lab {
    let lab = lab(WEEK);
    insert(&lab, "5060533", "Kiosks", 0, 1, 0);
    lab.sql(&format!(
        "UPDATE tbDeployment SET DeploymentTime = datetime('now', '-{days} days') || '.000'
         WHERE RevisionID = {} AND TargetGroupID = {}",
        revision("5060533"),
        group("Kiosks")
    ));
    lab
}

#[test]
fn a_relative_deadline_counts_from_the_time_that_the_server_keeps() {
    let lab = approved_days_ago(3);
    converges(&lab, &["keeps-time"]);
    let kept = lab.text("SELECT date('now', '+4 days')");
    let made = lab.text("SELECT date('now', '-3 days')");
    assert_eq!(rows(&lab, "5060533", "Kiosks"), [format!("0 by {kept} 18:00:00.000 on 200")]);
    assert_eq!(lab.text("SELECT date(DeploymentTime) FROM tbDeployment ORDER BY DeploymentID DESC LIMIT 1"), made);
}

#[test]
fn a_deadline_that_would_have_passed_by_then_is_not_written() {
    let lab = approved_days_ago(30);
    let week = lab.text("SELECT date('now', '+7 days')");
    let ran = on(&lab, &["keeps-time"], &["apply", "--yes"]);
    ran.expect_status(7)
        .expect_out("the server keeps the time of an approval")
        .expect_out("hint: write the deadline as");
    assert_eq!(rows(&lab, "5060533", "Kiosks"), [format!("0 by {week} 18:00:00.000 on 200")]);
    // It was asked for all the same.
    on(&lab, &["keeps-time"], &["apply", "--yes", "--allow", "past-deadlines"]).expect_status(0);
    on(&lab, &["keeps-time"], &["diff"]).expect_status(0);
}

#[test]
fn what_a_server_says_is_shown_and_not_obeyed() {
    let lab = lab("    - {update: KB5060533, groups: {Kiosks: install}}
  management: {prune: {approvals: always}, limits: {deletePercent: 100}}
");
    // A name that would wipe the line and turn the rest around, an error that would, and a person's name.
    lab.sql(
        "UPDATE tbTargetGroup SET Name = 'Pi' || char(27) || '[2K' || char(8238) || 'lot' WHERE Name = 'Old Pilot';
             UPDATE tbDeployment SET AdminName = 'anna' || char(27) || '[31m' || char(8238);
             CREATE TRIGGER refuse BEFORE DELETE ON tbDeployment
             BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    for ran in [lab.diff(), lab.apply()] {
        ran.expect_out("Pi\\u001b[2K\\u202elot").expect_nowhere("\u{1b}").expect_nowhere("\u{202e}");
    }
}
