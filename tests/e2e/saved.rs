//! `snapshot` saves a server, `diff --against` plans from the file: the same plan, without the server and its password.

use std::fs;

use serde_json::Value;

use crate::lab::{Lab, Ran};

/// The morning after the demo's last synchronisation.
const NOW: &str = "2026-06-10T06:00:00Z";
const FILE: &str = "lab.snapshot";

fn snapshot(lab: &Lab) -> Ran {
    lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", FILE])
}

fn live(lab: &Lab, more: &[&str]) -> Ran {
    lab.run(&[&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db", "--now", NOW], more].concat())
}

fn against(lab: &Lab, more: &[&str]) -> Ran {
    lab.run(&[&["diff", "-f", "lab.yaml", "--against", FILE, "--now", NOW], more].concat())
}

/// A report without what says when and from what it was made.
fn timeless(report: &str) -> String {
    let moment = |line: &&str| {
        let line = line.trim_start();
        ["\"takenAt\": ", "\"evaluatedAt\": ", "\"against\": "].iter().any(|key| line.starts_with(key))
    };
    report.lines().filter(|line| !moment(line)).collect::<Vec<_>>().join("\n")
}

/// The text without what stands above the plan and without when the server was read.
fn plan_only(text: &str) -> &str {
    let plan = text.split_once("(server ").unwrap_or_else(|| panic!("{text}")).1;
    plan.split_once(", read ").and_then(|(_, rest)| rest.split_once('\n')).unwrap().1
}

/// Expects that a plan from the file is the plan from the server, byte for byte.
#[track_caller]
fn assert_same(lab: &Lab) {
    let json = ["--output", "json", "--explain", "--allow", "high-risk"];
    let (one, other) = (live(lab, &json), against(lab, &json));
    assert_eq!(timeless(&other.out), timeless(&one.out));
    assert_eq!((other.status, &other.err), (one.status, &one.err));
    let (live, saved) = (live(lab, &["--explain"]), against(lab, &["--explain"]));
    assert_eq!(plan_only(&saved.out), plan_only(&live.out));
}

/// Every kind with pruning, so that all of the server counts.
const EVERYTHING: &str = "\
\x20 targeting: server
  automation: {approveNewRevisions: false}
  security: {databaseRoles: {PublicViewAccess: []}}
  notifications: {smtp: {server: mail.contoso.com, port: 2525}}
  synchronization: {schedule: manual, products: [Windows 11], classifications: [Updates]}
  groups: [{name: Servers, computers: [srv-*]}, {name: New}]
  approvals:
    - {select: {products: [{family: Windows}], neededBy: {atLeast: 1}}, groups: {New: install}}
  declines:
    - select: {superseded: true, supersedingApproved: false, title: '*Preview*'}
  approvalRules: [{name: Other, enabled: false}]
  downstreamServers: [{name: branch01.contoso.com, mode: replica, maxSyncAge: 1d}, {name: gone.contoso.com}]
  management:
    prune: {groups: confirm, approvals: always, automaticApprovals: always, declines: always, rules: always}
    ignore: ['group[\"Kiosk*\"]', 'approval[*][\"Kiosks\"]']
";

#[test]
fn a_plan_from_the_file_is_the_plan_from_the_server() {
    let lab = Lab::new("demo");
    let saved = snapshot(&lab);
    saved
        .expect_status(0)
        .expect_err("written: lab.snapshot: server 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11, 581 updates, ");
    for example in ["patch-tuesday", "contoso-hq", "hardened"] {
        fs::copy(format!("examples/{example}.yaml"), lab.path("lab.yaml")).unwrap();
        assert_same(&lab);
    }
    assert_eq!(lab.writes(), 0, "something was written");
}

#[test]
fn of_a_messy_server_and_of_a_wrong_manifest_the_same_is_said() {
    let lab = Lab::new("demo");
    lab.sql(
        "UPDATE tbTargetGroup SET Name = 'Ring: \u{202e}\u{1b}[2K \"0\"' WHERE Name = 'Old Pilot'; \
         UPDATE tbLocalizedProperty SET Title = 'x\ny: \u{202e} \u{1f600}' || Title WHERE Title LIKE '%(KB%3)';",
    );
    snapshot(&lab).expect_status(0);
    lab.manifest(EVERYTHING);
    assert_same(&lab);
    // An id that is to be replaced is the server's, too.
    lab.manifest(
        "  identity: {serverId: 00000000-0000-0000-0000-00000000beef, replaces: 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11}\n",
    );
    assert_same(&lab);
    let part = lab.text(
        "SELECT u.UpdateID FROM tbUpdate u JOIN tbRevision r ON r.LocalUpdateID = u.LocalUpdateID \
         JOIN tbProperty p ON p.RevisionID = r.RevisionID WHERE p.ExplicitlyDeployable = 0 ORDER BY u.UpdateID LIMIT 1",
    );
    for (spec, code) in [
        ("  approvals: [{update: KB5060843, groups: {Kiosk: install}}]\n".to_owned(), "unknown-kb"),
        (format!("  declines: [{{update: {part}}}]\n"), "not-deployable"),
        ("  declines: [{update: 00000000-0000-0000-0000-000000000001}]\n".to_owned(), "unknown-update"),
    ] {
        lab.manifest(&spec);
        let (live, saved) = (live(&lab, &["--output", "json"]), against(&lab, &["--output", "json"]));
        saved.expect_status(3).expect_err(&format!("error[{code}]"));
        assert_eq!(saved.err, live.err);
        assert_eq!(timeless(&saved.out), timeless(&live.out));
    }
}

#[test]
fn nothing_is_contacted_and_no_password_is_needed() {
    let lab = Lab::new("demo");
    let exported = lab.run(&["export", "--server", "sandbox:lab.db"]).expect_status(0).out.clone();
    snapshot(&lab).expect_status(0);
    fs::remove_file(lab.path("lab.db")).unwrap();
    let connection = "connection:\n  database: mssql://sql01.invalid/SUSDB\n  auth: {user: svc, password: {env: WSUSCTL_TEST_IS_NOT_SET}}\n";
    let (before, rest) = exported.split_once("connection:\n").unwrap();
    let rest = rest.split_once("\nspec:\n").unwrap().1;
    fs::write(lab.path("lab.yaml"), format!("{before}{connection}spec:\n{rest}")).unwrap();
    let same = lab.run(&["diff", "-f", "lab.yaml", "--against", FILE]);
    same.expect_status(0).expect_out("No differences").expect_out(FILE).expect_out(" seconds ago; ");
    assert!(same.out.starts_with("Compared with a snapshot:"), "{same:?}");
    assert_eq!(fs::read_dir(lab.path(".")).unwrap().count(), 2, "the manifest and the snapshot");
    let changed = exported.replace("- name: Kiosks", "- name: Foyer");
    fs::write(lab.path("lab.yaml"), changed).unwrap();
    let json = lab.run(&["diff", "-f", "lab.yaml", "--against", FILE, "--output", "json"]);
    let document: Value = serde_json::from_str(&json.expect_status(2).out).unwrap();
    assert_eq!(document["servers"][0]["against"], FILE);
    assert_eq!(document["servers"][0]["changes"][0]["address"], "group[\"Foyer\"]");
    let file = fs::File::open(lab.path(FILE)).unwrap();
    let piped = lab.run_with(&["diff", "-f", "lab.yaml", "--against", "-"], |command| {
        command.stdin(file);
    });
    piped.expect_status(2).expect_out("<stdin>, taken ").expect_out("+ group[\"Foyer\"]");
}

#[test]
fn what_the_file_does_not_hold() {
    let lab = Lab::new("demo");
    lab.sql("UPDATE tbConfigurationA SET EncryptionKey = X'5EC4E7'");
    lab.manifest("  identity: {serverId: 3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11}\n");
    lab.run_with(&["snapshot", "-f", "lab.yaml", "--out", FILE], |command| {
        command.env("WSUSCTL_PASSWORD", "pa55word");
    })
    .expect_status(0)
    .expect_nowhere("pa55word");
    let text = fs::read_to_string(lab.path(FILE)).unwrap();
    assert!(text.contains("\"encryptionkey\":{\"opaque\":true}"), "{text}");
    let database = lab.path("lab.db").display().to_string();
    for secret in ["pa55word", "5EC4E7", "5ec4e7", "sandbox:", database.as_str(), "\"login\""] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn what_the_login_may_not_read_is_unknown_from_the_file_as_from_the_server() {
    let lab = Lab::new("demo");
    fs::copy("examples/patch-tuesday.yaml", lab.path("lab.yaml")).unwrap();
    let server = "sandbox:lab.db?deny=tbUpdateStatusPerComputer&deny=tbFile";
    lab.run(&["snapshot", "--server", server, "--out", FILE]).expect_status(0);
    let text = fs::read_to_string(lab.path(FILE)).unwrap();
    assert!(
        text.contains("\"needed\":false,\"parts\":true}}\n")
            && !text.contains("\"bytes\":")
            && !text.contains("{\"needed\":{")
    );
    let live = lab.run(&["diff", "-f", "lab.yaml", "--server", server, "--now", NOW, "--output", "json"]);
    assert!(live.out.contains("\"unknown\": \"what computers report was not read\""), "{live:?}");
    assert_eq!(timeless(&against(&lab, &["--output", "json"]).out), timeless(&live.out));
    // Without what selectors may ask for there is no snapshot.
    let refused = lab.run(&["snapshot", "--server", "sandbox:lab.db?deny=tbRevisionSupersedesUpdate", "--out", "x"]);
    refused.expect_status(1).expect_err("tbRevisionSupersedesUpdate");
    assert!(!lab.path("x").exists());
}

#[test]
fn the_same_server_gives_the_same_lines() {
    let lab = Lab::new("demo");
    snapshot(&lab).expect_status(0);
    let first = fs::read_to_string(lab.path(FILE)).unwrap();
    snapshot(&lab).expect_status(3).expect_err("lab.snapshot is there already");
    assert_eq!(fs::read_to_string(lab.path(FILE)).unwrap(), first);
    lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", FILE, "--force"]).expect_status(0);
    let second = fs::read_to_string(lab.path(FILE)).unwrap();
    let differing = first.lines().zip(second.lines()).filter(|(one, other)| one != other).count();
    assert_eq!((differing, first.lines().count()), (2, second.lines().count()), "the first and the last line");
    assert!(first.lines().all(|line| serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object())));
}

#[test]
fn a_new_file_is_its_owners_alone_and_standard_output_is_no_file() {
    let lab = Lab::new("demo");
    snapshot(&lab).expect_status(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(lab.path(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let shown = lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", "-"]);
    shown.expect_status(0).expect_err("written: <stdout>: server");
    let lines = |text: &str| text.lines().filter(|line| line.starts_with("{\"update\"")).count();
    assert_eq!(lines(&shown.out), lines(&fs::read_to_string(lab.path(FILE)).unwrap()));
    assert!(shown.out.lines().last().unwrap().starts_with("{\"end\"") && !lab.path("-").exists());
}

#[test]
fn a_file_that_is_no_whole_snapshot_is_refused() {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: Kiosks}]\n");
    snapshot(&lab).expect_status(0);
    let whole = fs::read(lab.path(FILE)).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let second_line = |line: &str| text.replacen(text.lines().nth(1).unwrap(), line, 1).into_bytes();
    for (bytes, says) in [
        (whole[..whole.len() / 2].to_vec(), "line "),
        (
            text.lines().take(20).map(|line| format!("{line}\n")).collect::<String>().into_bytes(),
            "it breaks off after line 20",
        ),
        (
            text.replace("\"name\":\"Kiosks\"", "\"name\":\"Foyer\"").into_bytes(),
            "the file was altered after it was written",
        ),
        (
            second_line("{\"server\":{\"replica\":\"no\"}}"),
            "line 2, column 25: invalid type: string \"no\", expected a boolean",
        ),
        (second_line("{\"hat\":\u{1b}[2K}"), "line 2, column 6: unknown variant `hat`"),
        (
            text.replace("\"formatVersion\":\"1.2\"", "\"formatVersion\":\"2.0\"").into_bytes(),
            "the file has format 2.0",
        ),
        (b"apiVersion: wsusctl/v1alpha1\n".to_vec(), "line 1: this is not a snapshot of wsusctl"),
        (vec![0x1f, 0x8b, 8, 0, 0], "the file is compressed with gzip"),
        (vec![b'x'; 17 * 1024 * 1024], "line 1 is longer than 16777216 bytes"),
    ] {
        fs::write(lab.path(FILE), bytes).unwrap();
        let ran = against(&lab, &[]);
        ran.expect_status(3).expect_err("cannot read the snapshot lab.snapshot").expect_err(says).expect_err("hint: ");
        assert!(ran.out.is_empty() && !ran.err.contains('\u{1b}'), "{ran:?}");
    }
    fs::write(lab.path(FILE), [&b"\xef\xbb\xbf"[..], text.replace('\n', "\r\n").as_bytes()].concat()).unwrap();
    against(&lab, &[]).expect_status(0);
    fs::remove_file(lab.path(FILE)).unwrap();
    let missing = against(&lab, &[]);
    missing.expect_status(3).expect_err("cannot read the snapshot lab.snapshot").expect_err("hint: ");
    for more in [&["--server", "sandbox:lab.db"][..], &["--password-file", "x"], &["--timeout", "10s"]] {
        against(&lab, more).expect_status(3).expect_err("cannot be used with");
    }
    lab.run(&["snapshot", "--out", FILE]).expect_status(3).expect_err("nothing says which server to read");
    lab.run(&["snapshot", "--server", "sandbox:none.db", "--out", FILE]).expect_status(1);
    assert!(!lab.path(FILE).exists());
}

#[test]
fn a_pin_holds_for_snapshots_and_chooses_among_them() {
    let lab = Lab::new("demo");
    let other = "00000000-0000-0000-0000-00000000beef";
    let pinned = |name: &str, id: &str, group: &str| {
        format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: {name}}}\nspec:\n  identity: {{serverId: {id}}}\n  \
             groups: [{{name: {group}}}]\n"
        )
    };
    let demo = lab.text("SELECT ServerID FROM tbConfigurationA").to_lowercase();
    snapshot(&lab).expect_status(0);
    fs::write(lab.path("lab.yaml"), pinned("hq", &demo, "Kiosks")).unwrap();
    against(&lab, &[]).expect_status(0);
    // The server was replaced: neither its snapshot nor a new one of it is for this manifest.
    lab.sql(&format!("UPDATE tbConfigurationA SET ServerID = '{}'", other.to_uppercase()));
    let refused = lab.run(&["snapshot", "-f", "lab.yaml", "--server", "sandbox:lab.db", "--out", "new.snapshot"]);
    refused.expect_status(4).expect_err("this is another server");
    assert!(!lab.path("new.snapshot").exists());
    lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", "new.snapshot"]).expect_status(0);
    lab.run(&["diff", "-f", "lab.yaml", "--against", "new.snapshot"])
        .expect_status(4)
        .expect_err("new.snapshot is a snapshot of another server")
        .expect_err(&format!("lab.yaml:5 pins identity.serverId {demo}, the snapshot is of {other}"))
        .expect_err("--against");
    // Each manifest is compared with its own server's, in whatever order they are given.
    fs::write(lab.path("branch.yaml"), pinned("branch", other, "New")).unwrap();
    let both = ["diff", "-f", "lab.yaml", "-f", "branch.yaml", "--against", "new.snapshot"];
    lab.run(&both)
        .expect_status(3)
        .expect_err(&format!("there is no snapshot of server {demo}, which the manifest hq pins"));
    let all = lab.run(&[&both[..], &["--against", FILE]].concat());
    all.expect_status(2)
        .expect_out("+ group[\"New\"]")
        .expect_out("lab.snapshot, taken")
        .expect_out("new.snapshot, taken");
    // One that is to take the place of a server is compared with that one until it has.
    let heir = "00000000-0000-4000-8000-00000000cafe";
    let replaces = pinned("branch", &format!("{heir}, replaces: {other}"), "New");
    fs::write(lab.path("branch.yaml"), replaces).unwrap();
    lab.run(&[&both[..], &["--against", FILE]].concat()).expect_status(2).expect_out(heir);
    lab.run(&[&both[..], &["--against", "new.snapshot"]].concat())
        .expect_status(3)
        .expect_err("are snapshots of one server");
}
