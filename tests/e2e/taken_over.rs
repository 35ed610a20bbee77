//! A sandbox that has what a real server has, from its snapshot.

use std::fs;

use serde_json::Value;

use crate::lab::Lab;

/// The demo, with what it lacks: addresses, a removed approval, a requested group, an orphaned user, a pending approval.
fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.sql(
        "INSERT INTO tbEmailNotificationRecipient VALUES (2, 'ops@contoso.com'), (3, 'boss@contoso.com');
         INSERT INTO tbRequestedTargetGroup VALUES (9, 'Laboratory');
         INSERT INTO tbRequestedTargetGroupsForTarget VALUES (1, 9), (2, 9);
         UPDATE sandbox_logins SET sid = x'0102' WHERE name = 'wsus-report';
         UPDATE tbDeployment SET DeploymentStatus = 0 WHERE DeploymentID = 1;
         UPDATE tbUpdate SET LastUndeclinedTime = '2026-05-01 10:00:00.000' WHERE LocalUpdateID = 1001;
         UPDATE tbConfigurationA SET UseProxy = 1, ProxyName = 'proxy.contoso.com', ProxyServerPort = 3128;
         UPDATE tbLanguage SET Enabled = 1 WHERE ShortLanguage = 'ja';",
    );
    lab.manifest("  approvals: []\n");
    lab
}

fn snapshot(lab: &Lab, database: &str, file: &str) -> Vec<Value> {
    lab.run(&["snapshot", "--server", &format!("sandbox:{database}"), "--out", file]).expect_status(0);
    let text = fs::read_to_string(lab.path(file)).unwrap();
    let records = text.lines().map(|line| {
        let mut record = serde_json::from_str::<Value>(line).unwrap();
        // What is in a bundle is not saved, only how much.
        record.get_mut("update").and_then(Value::as_object_mut).and_then(|update| update.remove("parts"));
        record
    });
    // When it was taken, which computers need what, and the checksum over all.
    records.filter(|record| ["kind", "needed", "end"].iter().all(|key| record.get(key).is_none())).collect()
}

#[test]
fn a_snapshot_of_what_was_taken_over_is_the_snapshot() {
    let lab = lab();
    let before = snapshot(&lab, "lab.db", "before.snapshot");
    lab.run(&["sandbox", "init", "copy.db", "--from", "before.snapshot"])
        .expect_status(0)
        .expect_out("copy.db has what server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11 had in before.snapshot.")
        .expect_err("a snapshot does not say");
    let after = snapshot(&lab, "copy.db", "after.snapshot");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());
}

#[test]
fn a_plan_against_what_was_taken_over_is_the_plan() {
    let lab = lab();
    snapshot(&lab, "lab.db", "before.snapshot");
    lab.run(&["sandbox", "init", "copy.db", "--from", "before.snapshot", "--quiet"]).expect_status(0);
    for example in ["contoso-hq", "patch-tuesday", "hardened", "rings"] {
        fs::copy(format!("examples/{example}.yaml"), lab.path("lab.yaml")).unwrap();
        let plan = |database: &str| {
            let server = format!("sandbox:{database}");
            let ran = lab.run(&["diff", "-f", "lab.yaml", "--server", &server, "--output", "json"]);
            let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}{}", ran.out, ran.err));
            (ran.status, document["servers"][0]["digest"].clone(), document["servers"][0]["summary"].clone())
        };
        let (there, here) = (plan("lab.db"), plan("copy.db"));
        assert_eq!(there, here, "{example}");
        assert!(there.1.is_string(), "{example}: there is no digest");
    }
}

#[test]
fn only_a_snapshot_is_taken_over_and_only_once() {
    let lab = lab();
    fs::write(lab.path("no.snapshot"), "{}\n").unwrap();
    lab.run(&["sandbox", "init", "copy.db", "--from", "no.snapshot"]).expect_status(3);
    lab.run(&["sandbox", "init", "copy.db", "--from", "missing.snapshot"]).expect_status(3);
    lab.run(&["sandbox", "init", "copy.db", "--from", "no.snapshot", "--seed", "demo"]).expect_status(3);
    assert!(!lab.path("copy.db").exists());
    snapshot(&lab, "lab.db", "before.snapshot");
    lab.run(&["sandbox", "init", "lab.db", "--from", "before.snapshot"]).expect_status(1).expect_err("--force");
}

#[test]
fn a_certificate_is_written_over_nothing_but_a_certificate() {
    let lab = lab();
    fs::write(lab.path("own"), "precious\n").unwrap();
    let serve = |cert: &str| {
        let arguments =
            ["sandbox", "serve", "missing.db", "--user", "lab", "--listen", "127.0.0.1:0", "--write-cert", cert];
        lab.run_with(&arguments, |command| {
            command.env("WSUSCTL_PASSWORD", "Lab-1");
        })
    };
    serve("own").expect_status(3);
    assert_eq!(fs::read_to_string(lab.path("own")).unwrap(), "precious\n");
    // A certificate of an earlier run makes room for the new one; then the sandbox file is missing.
    serve("cert").expect_status(1);
    let first = fs::read_to_string(lab.path("cert")).unwrap();
    serve("cert").expect_status(1).expect_err("missing.db");
    assert_ne!(fs::read_to_string(lab.path("cert")).unwrap(), first);
}
