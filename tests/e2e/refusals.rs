//! What the state of a refusal says decides what is told and what is tried again.

use std::sync::OnceLock;

use crate::lab::{Lab, Ran, Running};

const GROUP: &str = "  groups: [{name: New}]\n";

fn server(state: u8) -> String {
    /// The statement that creates the group.
    static CREATION: OnceLock<u64> = OnceLock::new();
    let n = CREATION.get_or_init(|| {
        let lab = Lab::new("demo");
        lab.manifest(GROUP);
        let refused =
            |n: &u64| run(&lab, &format!("sandbox:lab.db?raise=50000@{n}")).out.contains("spCreateTargetGroup failed");
        (5..100).find(refused).expect("some statement creates the group")
    });
    format!("sandbox:lab.db?raise=50000:{state}@{n}")
}

fn run(lab: &Lab, server: &str) -> Ran {
    lab.run(&["apply", "-f", "lab.yaml", "--yes", "--wait", "1s", "--server", server])
}

#[test]
fn a_refusal_says_its_reason_and_whether_another_try_helps() {
    let lab = Lab::new("demo");
    lab.manifest(GROUP);
    for (state, reason, hint) in [
        (1, "state 1, severity", ""),
        (40, "state 40 NotFound", "somebody may have removed it"),
        (41, "state 41 ItemExists", "somebody may have made it"),
        (44, "state 44 InvalidState", "then run apply again"),
        (99, "state 99, severity", "does not know what state 99 means"),
    ] {
        let ran = run(&lab, &server(state));
        ran.expect_status(1).expect_out(reason).expect_out(hint).expect_out("Run apply again to go on");
    }
    for (state, reason, hint) in [
        (42, "state 42 InUse", "remove that first"),
        (43, "state 43 EulaNotAccepted", "acceptLicense: true"),
        (45, "state 45 InvalidAction", "never allows this"),
        (46, "state 46 UnresolvableConflict", "opposite approval"),
        (47, "state 47 InvalidOnReplica", "on the server that it replicates"),
    ] {
        let ran = run(&lab, &server(state));
        ran.expect_status(1).expect_out(reason).expect_out(hint).expect_out("will fail again until");
        ran.expect_nowhere("un apply again");
    }
    assert_eq!(lab.writes(), 0);
}

#[test]
fn what_a_busy_server_refuses_is_done_when_it_is_idle() {
    let lab = Lab::new("demo");
    lab.manifest(GROUP);
    let synchronises = |state: i64| {
        lab.sql(&format!("UPDATE sandbox_unplaced SET value = {state} WHERE name = 'SubscriptionState'"));
    };
    synchronises(3);
    run(&lab, &server(44)).expect_status(1).expect_err("waiting: a synchronisation runs").expect_out("InvalidState");
    // What says that it has nothing to do with the synchronisation is not waited for.
    run(&lab, &server(45)).expect_status(1).expect_nowhere("waiting");
    assert_eq!(lab.writes(), 0);
    let log = lab.path("err");
    let command = lab.command(&["apply", "-f", "lab.yaml", "--yes", "--server", &server(44)]);
    let mut running = Running::start_logging(command, &log);
    running.wait_until(|| std::fs::read_to_string(&log).unwrap().contains("waiting: a synchronisation runs"));
    synchronises(1);
    running.end().expect_status(0);
    assert_eq!(lab.writes(), 1);
}

/// What the console refuses is said before the first write, and the server refuses it as well.
#[test]
fn what_may_ask_the_user_takes_no_deadline() {
    let lab = Lab::new("demo");
    lab.sql(
        "UPDATE tbProperty SET InstallRequiresUserInput = 1 WHERE RevisionID IN
             (SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '5060526')",
    );
    let entry = |value: &str| format!("  approvals: [{{update: KB5060526, groups: {{Kiosks: {value}}}}}]\n");
    lab.manifest(&entry("{action: install, deadline: \"2999-01-10T18:00:00Z\"}"));
    lab.diff().expect_status(2).expect_out("[userInput]").expect_out("write `deadline: none`");
    lab.apply().expect_status(4);
    assert_eq!(lab.writes(), 0);
    lab.manifest(&entry("install")).apply_twice();
}

#[test]
fn an_update_that_cannot_be_installed_is_no_step() {
    let lab = Lab::new("demo");
    lab.sql(
        "UPDATE tbProperty SET CanInstall = 0 WHERE RevisionID IN
             (SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '5060526')",
    );
    lab.manifest("  approvals: [{update: KB5060526, groups: {Kiosks: install}}]\n");
    lab.apply().expect_status(4).expect_out("[notInstallable]");
    lab.manifest("  approvals: [{select: {title: '*KB5060526*'}, groups: {Kiosks: install}}]\n");
    let ran = lab.run(&["diff", "-f", "lab.yaml", "--output", "json"]);
    ran.expect_status(0).expect_out("\"code\": \"notInstallable\"");
    assert_eq!(lab.writes(), 0);
}

/// The older reading: every refusal has state 1, and the text is all there is.
#[test]
fn a_server_that_gives_no_reasons_is_told_apart_by_its_text() {
    for (variant, reason) in [("", "state 40 NotFound"), ("?variant=*:general-state", "state 1, severity")] {
        let lab = Lab::new("demo");
        lab.sql(
            "UPDATE tbRevision SET State = 1 WHERE RevisionID IN
                 (SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '5048239')",
        );
        lab.manifest("  approvals: [{update: KB5048239, acceptLicense: true, groups: {Kiosks: install}}]\n");
        let ran = run(&lab, &format!("sandbox:lab.db{variant}"));
        ran.expect_status(1).expect_out("has not been downloaded yet").expect_out(reason).expect_out("synchronise");
        ran.expect_out("Run apply again");
    }
}
