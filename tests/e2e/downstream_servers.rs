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
        ("LastSyncTime = '2020-01-01 00:00:00.000' WHERE AccountName LIKE 'branch01%'", "downstreamStale", "for 2d"),
        ("LastSyncTime = NULL WHERE AccountName LIKE 'branch01%'", "downstreamStale", "last synchronisation never"),
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
    assert_eq!(findings(&lab).0, ["downstreamServers[0] downstreamLimit"]);
}
