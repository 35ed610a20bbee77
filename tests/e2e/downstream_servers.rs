//! Downstream servers: what is not as declared is said, with what to do on that server.

use crate::lab::Lab;

const SPEC: &str = r#"
  downstreamServers:
    - {name: BRANCH01.contoso.com, mode: replica, maxSyncAge: 2d}
    - {name: branch02.contoso.com, mode: autonomous, maxSyncAge: 60d}
"#;

/// The demo's servers, the first of which synchronised an hour and a half ago and the second forty days ago.
fn lab() -> Lab {
    let lab = Lab::new("demo");
    for (name, ago) in [("branch01", "-90 minutes"), ("branch02", "-40 days")] {
        lab.sql(&format!(
            "UPDATE tbDownstreamServerTarget SET LastSyncTime = strftime('%Y-%m-%d %H:%M:%S.000', 'now', '{ago}')
             WHERE AccountName LIKE '{name}%'"
        ));
    }
    lab
}

/// The findings about downstream servers, as `ADDRESS CODE`, and their messages.
fn findings(lab: &Lab) -> (Vec<String>, String) {
    let plan = lab.plan();
    let found = plan["servers"][0]["findings"].as_array().unwrap();
    let text = |notice: &serde_json::Value, key: &str| notice[key].as_str().unwrap().to_owned();
    let ours: Vec<_> = found.iter().filter(|notice| text(notice, "address").starts_with("downstream")).collect();
    let lines = ours.iter().map(|notice| format!("{} {}", text(notice, "address"), text(notice, "code"))).collect();
    (lines, ours.iter().map(|notice| text(notice, "message") + "\n").collect())
}

#[test]
fn servers_as_declared_are_not_mentioned_and_counted() {
    let lab = lab();
    let plan = lab.plan_of(SPEC);
    assert_eq!(findings(&lab).0, [""; 0]);
    let summary = &plan["servers"][0]["summary"];
    assert_eq!(
        (&summary["managed"]["downstreamServers"], &summary["unmanaged"]["downstreamServers"]),
        (&2.into(), &1.into())
    );
    lab.diff().expect_status(0);
}

#[test]
fn each_difference_is_a_finding_with_a_command_and_changes_nothing() {
    let lab = lab();
    lab.manifest(SPEC);
    for (edit, finding, says) in [
        ("IsReplica = 0 WHERE AccountName LIKE 'branch01%'", "downstreamMode", "-Replica"),
        ("IsReplica = 1 WHERE AccountName LIKE 'branch01%'", "", ""),
        (
            "LastSyncTime = NULL, RollupLastSyncTime = '2020-01-01 00:00:00.000' WHERE AccountName LIKE 'branch01%'",
            "downstreamStale",
            "days ago, and maxSyncAge is 2d",
        ),
        (
            "LastSyncTime = NULL, RollupLastSyncTime = NULL WHERE AccountName LIKE 'branch01%'",
            "downstreamStale",
            "it has never synchronised, and maxSyncAge is 2d",
        ),
        (
            "AccountName = 'gone.contoso.com' WHERE AccountName LIKE 'branch01%'",
            "downstreamMissing",
            "Set-WsusServerSynchronization",
        ),
    ] {
        lab.sql(&format!("UPDATE tbDownstreamServerTarget SET {edit}"));
        let (lines, messages) = findings(&lab);
        if finding.is_empty() {
            assert_eq!(lines, [""; 0], "{edit}");
            continue;
        }
        assert_eq!(lines, [format!("downstream[\"BRANCH01.contoso.com\"] {finding}")], "{edit}");
        assert!(messages.contains(says), "{messages}");
        // A finding is no difference: nothing here could make it go away.
        lab.diff().expect_status(0).expect_out("BRANCH01.contoso.com");
    }
    lab.apply().expect_status(0);
    assert_eq!(lab.writes(), 0);
}

#[test]
fn the_newest_of_several_entries_is_the_server() {
    let lab = lab();
    lab.manifest(SPEC).sql(
        "INSERT INTO tbTarget (TargetID, TargetTypeID, Name) VALUES (900, 1, 'branch01.contoso.com');
         INSERT INTO tbDownstreamServerTarget (TargetID, AccountName, AccountServerID, LastSyncTime, IsReplica)
         VALUES (900, 'branch01.contoso.com', '11111111-2222-4333-8444-555555555555', '2020-01-01 00:00:00.000', 0)",
    );
    let (lines, messages) = findings(&lab);
    assert_eq!(lines, ["downstream[\"BRANCH01.contoso.com\"] downstreamDuplicate"]);
    assert!(messages.contains("11111111-2222-4333-8444-555555555555") && messages.contains("2020-01-01T00:00:00Z"));
}

#[test]
fn eight_hundred_entries_are_near_the_limit() {
    let lab = lab();
    lab.manifest(SPEC).sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 797)
         INSERT INTO tbTarget (TargetID, TargetTypeID, Name) SELECT 1000 + i, 1, 's' || i FROM n;
         INSERT INTO tbDownstreamServerTarget (TargetID, AccountName, AccountServerID, IsReplica)
             SELECT TargetID, Name, printf('00000000-0000-4000-8000-%012d', TargetID), 0 FROM tbTarget WHERE TargetID > 1000;",
    );
    let plan = lab.plan();
    assert_eq!(plan["servers"][0]["warnings"][0]["code"], "downstreamLimit");
    assert_eq!(findings(&lab).0, [""; 0]);
}

#[test]
fn what_the_server_knows_of_each_is_explained_and_in_the_document() {
    let lab = lab();
    let spec = format!("{SPEC}    - name: nowhere.contoso.com\n");
    let plan = lab.plan_of(&spec);
    let servers = plan["servers"][0]["downstreamServers"].as_array().unwrap();
    let live = &servers[0]["live"];
    assert_eq!((&servers[0]["name"], &live["name"]), (&"BRANCH01.contoso.com".into(), &"branch01.contoso.com".into()));
    assert_eq!(live["mode"], "replica");
    assert_eq!(live["computers"], lab.number("SELECT COUNT(*) FROM tbComputerTarget WHERE ParentServerTargetID = 101"));
    assert!(live["synchronizedAt"].is_string() && live["version"].is_string() && live["parent"].is_null());
    assert!(servers[2]["live"].is_null() && servers[2]["origin"]["line"].is_number());
    let explained = lab.run(&["diff", "-f", "lab.yaml", "--explain"]);
    explained.expect_status(0).expect_out("Declared downstream servers").expect_out("not known to this server");
    explained.expect_out("synchronised: ").expect_out("version: ").expect_out("below: this server");
    lab.diff().expect_nowhere("Declared downstream servers");
}

/// An entry that the first branch left behind when it was installed anew, with computers, and one of an undeclared name.
fn with_older_entries(lab: &Lab) {
    lab.sql(
        "INSERT INTO tbTarget (TargetID, TargetTypeID, Name) VALUES (900, 1, 'Branch01.contoso.com'), (901, 1, 'branch03.contoso.com');
         INSERT INTO tbDownstreamServerTarget (TargetID, AccountName, AccountServerID, LastSyncTime, IsReplica) VALUES
             (900, 'Branch01.contoso.com', '11111111-2222-4333-8444-555555555555', '2020-01-01 00:00:00.000', 0),
             (901, 'branch03.contoso.com', '11111111-2222-4333-8444-666666666666', '2020-01-01 00:00:00.000', 0);
         UPDATE tbDownstreamServerTarget SET LastSyncTime = '2026-11-01 00:00:00.000' WHERE TargetID = 103;
         UPDATE tbComputerTarget SET ParentServerTargetID = 900
             WHERE TargetID = (SELECT min(TargetID) FROM tbComputerTarget WHERE ParentServerTargetID = 101)",
    );
}

const PRUNING: &str = r#"
  downstreamServers:
    - {name: branch01.contoso.com, mode: replica}
  management:
    prune: {downstreamServers: confirm, downstreamServersOlderThan: 90d}
"#;

const OLDER: &str = r#"downstream["Branch01.contoso.com"]["11111111-2222-4333-8444-555555555555"]"#;

#[test]
fn older_entries_are_deleted_once_that_is_confirmed() {
    let lab = lab();
    with_older_entries(&lab);
    lab.manifest(PRUNING);
    let shown = lab.refused(2, 4);
    shown.expect_out(OLDER).expect_out("pruneConfirm").expect_out("--allow downstreamServers.delete");
    shown.expect_out("affects 1 computer");
    let apply = |more: &[&str]| lab.run(&[&["apply", "-f", "lab.yaml", "--yes"], more].concat());
    apply(&["--allow", "downstreamServers.delete"]).expect_status(0);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbDownstreamServerTarget"), 3);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbDownstreamServerTarget WHERE TargetID IN (900, 901)"), 0);
    let writes = lab.writes();
    assert_eq!(writes, 2);
    apply(&[]).expect_status(0).expect_out("No differences");
    lab.manifest("  groups: []\n").apply().expect_status(0);
    assert_eq!(lab.writes(), writes);
}

#[test]
fn the_other_spelling_of_the_parameter_is_taken_and_anything_else_is_not() {
    for (variant, status, left) in [("@downstreamServerID=@id", 0, 3), ("@downstreamServerID=@serverID", 2, 5)] {
        let lab = lab();
        with_older_entries(&lab);
        lab.manifest(&PRUNING.replace("confirm", "always"));
        let server = format!("sandbox:lab.db?variant=spDeleteDownstreamServer:rename={variant}");
        let ran = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", &server]);
        ran.expect_status(status);
        assert_eq!(lab.number("SELECT COUNT(*) FROM tbDownstreamServerTarget"), left, "{ran:?}");
    }
}

#[test]
fn pruning_needs_an_age_and_an_age_needs_pruning() {
    let lab = lab();
    with_older_entries(&lab);
    for (prune, code) in [
        ("downstreamServers: always", "half-a-prune"),
        ("downstreamServersOlderThan: 90d", "half-a-prune"),
        ("downstreamServers: always, downstreamServersOlderThan: 90", "bad-age"),
        ("downstreamServers: always, downstreamServersOlderThan: null", "null"),
        ("downstreamServers: sometimes, downstreamServersOlderThan: 90d", "unknown-word"),
        ("downstreamservers: always", "unknown-key"),
    ] {
        lab.manifest(&format!("  management:\n    prune: {{{prune}}}\n"));
        lab.refused(3, 3).expect_err(code).expect_err("lab.yaml:7");
    }
    lab.manifest("  management:\n    prune: {downstreamServers: never, downstreamServersOlderThan: 90d}\n");
    lab.diff().expect_status(0);
}
