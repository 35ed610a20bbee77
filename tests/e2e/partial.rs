//! Applies that end half-way or come in several pieces: the exit status and the report say what was done, and nothing that was not looked at.

use crate::lab::Lab;

fn lab(spec: &str) -> Lab {
    let lab = Lab::new("demo");
    lab.manifest(spec);
    lab
}

#[test]
fn a_refused_only_step_changed_nothing() {
    let lab = lab("  approvals:
    - {update: {kb: KB5060842, title: '*Windows 11*24H2*x64*'}, groups: {Servers: notApproved}}
");
    lab.sql("CREATE TRIGGER refuse BEFORE INSERT ON tbDeployment BEGIN SELECT RAISE(ABORT, 'not today'); END");
    let ran = lab.apply();
    ran.expect_status(1)
        .expect_out("the object is as it was")
        .expect_out("Apply stopped: 0 created, 0 modified, 0 deleted, 1 failed.");
    lab.sql("DROP TRIGGER refuse").apply_twice();
}

#[test]
fn a_license_accepted_for_a_refused_approval_is_a_change() {
    let lab = lab("  approvals:
    - {update: KB5048239, acceptLicense: true, groups: {Servers: install}}
");
    lab.sql("CREATE TRIGGER refuse BEFORE INSERT ON tbDeployment BEGIN SELECT RAISE(ABORT, 'not today'); END");
    let accepted = lab.number("SELECT COUNT(*) FROM tbEulaAcceptance");
    let ran = lab.apply();
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbEulaAcceptance"), accepted + 1);
    ran.expect_status(7).expect_out("done of it: 1 of 2 steps");
    lab.sql("DROP TRIGGER refuse").apply_twice();
}

#[test]
fn a_new_approval_beside_an_old_one_that_stays_is_a_change() {
    let lab = lab("  approvals:
    - {update: KB5044284, groups: {Ring 0 - IT: {action: install, optional: true}}}
");
    let of_the_article = "SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '5044284'";
    let in_ring_0 = "TargetGroupID = (SELECT TargetGroupID FROM tbTargetGroup WHERE Name = 'Ring 0 - IT')";
    lab.sql(&format!(
        "UPDATE tbDeployment SET RevisionID = (SELECT MIN(RevisionID) FROM ({of_the_article}))
         WHERE RevisionID IN ({of_the_article}) AND {in_ring_0}"
    ));
    let fields = lab.plan()["servers"][0]["changes"][0]["fields"].to_string();
    assert!(fields.contains("\"revision\""), "{fields}");
    lab.sql("CREATE TRIGGER refuse BEFORE DELETE ON tbDeployment BEGIN SELECT RAISE(ABORT, 'not today'); END");
    let server = "sandbox:lab.db?variant=spDeployUpdate:keeps-revisions";
    let ran = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", server]);
    ran.expect_status(7).expect_out("or only a part of it; now there is: install");
    lab.sql("DROP TRIGGER refuse").apply_twice();
}

#[test]
fn steps_around_the_length_of_a_chunk() {
    for count in [255, 256, 257] {
        let groups: String = (1..count).map(|number| format!("    - {{name: Group {number}}}\n")).collect();
        let last = "    - {name: Last, computers: [pc-001.contoso.com], groups: [{name: Below, computers: [pc-002.contoso.com]}]}\n";
        lab(&format!("  groups:\n{groups}{last}")).apply_twice();
    }
}

#[test]
fn two_servers_are_no_json_document() {
    let lab = lab("  groups: []
");
    let text = std::fs::read_to_string(lab.path("lab.yaml")).unwrap();
    std::fs::write(lab.path("two.yaml"), text.replace("name: lab", "name: two").replace("lab.db", "two.db")).unwrap();
    let ran = lab.run(&["apply", "-f", "lab.yaml", "-f", "two.yaml", "--yes", "--output", "json"]);
    ran.expect_status(3).expect_err("run apply once for each manifest");
    assert_eq!(ran.out, "");
}

#[cfg(unix)]
mod signals {
    use super::lab;
    use crate::lab::Running;

    #[test]
    fn sigterm_stops_after_the_step_under_way_and_later_servers_are_not_begun() {
        let lab = lab("  groups: [{name: New, groups: [{name: Newer}, {name: Newest}, {name: Newest of all}]}]
");
        let text = std::fs::read_to_string(lab.path("lab.yaml")).unwrap();
        std::fs::write(lab.path("lab.yaml"), text.replace("lab.db", "lab.db?delay=40")).unwrap();
        std::fs::write(lab.path("two.yaml"), text.replace("name: lab", "name: two").replace("lab.db", "two.db"))
            .unwrap();
        let mut running = Running::start(lab.command(&["apply", "-f", "lab.yaml", "-f", "two.yaml", "--yes"]));
        running.wait_until(|| lab.writes() > 0).signal("TERM");
        let ran = running.end();
        ran.expect_status(7).expect_out("Interrupted as asked").expect_err("Interrupted: not begun: two.");
    }

    #[test]
    fn a_group_that_somebody_put_below_a_doomed_one_is_not_deleted_with_it() {
        let lab = lab("  groups: [{name: New, computers: ['pilot-*']}]
  approvalRules: [{name: Critical for pilots, groups: [New]}]
  management: {prune: {groups: always}}
");
        let victim = lab.text("SELECT g.TargetGroupID FROM tbTargetGroup g WHERE g.Name = 'Old Pilot'");
        let server = "sandbox:lab.db?delay=60";
        let arguments = [
            "apply",
            "-f",
            "lab.yaml",
            "--yes",
            "--allow",
            "groups.delete=100%",
            "--allow",
            "empty",
            "--server",
            server,
        ];
        let mut running = Running::start(lab.command(&arguments));
        running.wait_until(|| lab.writes() > 0);
        lab.sql(&format!(
            "INSERT INTO tbTargetGroup (TargetGroupTypeID, Name, TargetGroupID, OrderValue, IsBuiltin, ParentGroupID, GroupPriority)
             SELECT TargetGroupTypeID, 'Just made', '11111111-2222-4333-8444-555555555555', OrderValue, 0, '{victim}', GroupPriority
             FROM tbTargetGroup WHERE TargetGroupID = '{victim}'"
        ));
        let ran = running.end();
        assert_eq!(lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'Just made'"), 1, "{ran:?}");
        ran.expect_status(7).expect_out("group[\"Old Pilot\"]");
    }
}

/// A database server that cannot write now cannot write the next thing either.
#[test]
fn the_same_trouble_three_times_ends_the_run() {
    let lab = Lab::new("demo");
    let groups = ["Kiosks", "Servers", "Old Pilot", "SQL Servers", "Domain Controllers"];
    let wanted: Vec<String> = groups.iter().map(|group| format!("{group}: install")).collect();
    lab.manifest(&format!("  approvals: [{{update: KB4900411, groups: {{{}}}}}]\n", wanted.join(", ")));
    let run = |number: u32| {
        let server = format!("sandbox:lab.db?variant=spDeployUpdate:raises={number}");
        lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server])
    };
    let ran = run(1222);
    ran.expect_status(1).expect_out("Gave up: one step after the other").expect_out("sys.dm_exec_requests");
    assert_eq!(ran.out.matches("failed: approval").count(), 3, "{ran:?}");
    run(9002).expect_out("Gave up").expect_out("make room");
    // What is refused for a reason of its own says nothing about the next.
    let refused = run(50_000);
    assert_eq!(refused.out.matches("failed: approval").count(), 5, "{refused:?}");
    assert_eq!(lab.writes(), 0);
    lab.apply_twice();
}

/// A look at the server carries the steps of about a second; what comes later is looked at again.
#[test]
fn what_was_looked_at_too_long_ago_is_looked_at_again() {
    let lab = Lab::new("demo");
    let groups = ["Kiosks", "Servers", "Old Pilot", "SQL Servers"];
    let wanted: Vec<String> = groups.iter().map(|group| format!("{group}: install")).collect();
    lab.manifest(&format!("  approvals: [{{update: KB4900411, groups: {{{}}}}}]\n", wanted.join(", ")));
    let looks = |options: &str, verb: &[&str]| {
        let server = format!("sandbox:lab.db?{options}");
        let ran = lab.run(&[verb, &["-vv", "-f", "lab.yaml", "--server", &server]].concat());
        let statements: Vec<&str> = ran.err.lines().filter(|line| line.contains("statement=\"")).collect();
        let first = statements.iter().position(|line| line.contains("spDeployUpdate"));
        (statements.iter().filter(|line| line.contains("server.look")).count(), first)
    };
    let copy = std::fs::read(lab.path("lab.db")).unwrap();
    let (once, first) = looks("", &["apply", "--yes"]);
    std::fs::write(lab.path("lab.db"), copy).unwrap();
    let (slow, _) = looks(&format!("delay=600@{}", first.unwrap() + 1), &["apply", "--yes"]);
    assert!(once == 1 && slow > 1, "{once} looks, and {slow} where each step takes 0.6 s");
    lab.diff().expect_status(0);
}

/// An id that comes with the first new group, as from a name that leads to another server from then on.
const LEADS_ELSEWHERE: &str = "CREATE TRIGGER leads_elsewhere AFTER INSERT ON tbTargetGroup BEGIN
    UPDATE tbConfigurationA SET ServerID = upper('11111111-2222-4333-8444-555555555555'); END";

#[test]
fn another_server_at_the_second_look_is_no_success() {
    let lab = lab("  groups: [{name: First}]\n");
    lab.sql(LEADS_ELSEWHERE);
    let ran = lab.apply();
    ran.expect_status(7).expect_err("leads to the server 11111111-2222-4333-8444-555555555555 now");
}

/// The manifest pins no id: what the plan was made from is the server to go on with all the same.
#[test]
fn another_server_after_a_lost_connection_gets_no_writes() {
    let stopped_in_the_middle = (10..40).find(|statement| {
        let lab = lab("  groups: [{name: First}, {name: Second}, {name: Third}]\n");
        lab.sql(LEADS_ELSEWHERE);
        let server = format!("sandbox:lab.db?drop-after={statement}");
        let ran = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]);
        ran.expect_status(7).expect_err("leads to the server 11111111-2222-4333-8444-555555555555 now");
        let new = lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name IN ('First', 'Second', 'Third')");
        ran.err.contains("Connecting again") && new < 3
    });
    assert!(stopped_in_the_middle.is_some());
}
