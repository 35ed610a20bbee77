//! `doctor`: what is healthy is called so, what limits is named with what it limits, and nothing is ever written.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;

use crate::connection::{PASSWORD, Served, pin};
use crate::lab::{Lab, Ran};

/// The demo, synchronised just now: nothing to warn of.
fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.sql("UPDATE tbSchedule SET LastRunTime = strftime('%Y-%m-%d %H:%M:%f', 'now')");
    lab
}

/// `doctor` as JSON with this status; nothing is written and everything in the document is in the reference.
#[track_caller]
fn examine(lab: &Lab, server: &str, status: i32) -> Value {
    let writes = lab.writes();
    let ran = lab.run_with(&["-vv", "doctor", "--output", "json", "--server", server], |command| {
        command.env("WSUSCTL_PASSWORD", PASSWORD);
    });
    ran.expect_status(status).expect_nowhere(PASSWORD);
    assert_eq!(lab.writes(), writes, "doctor wrote");
    let mut document: Value = serde_json::from_str(&ran.out).unwrap();
    is_documented(&document);
    document["servers"][0].take()
}

fn of(lab: &Lab, options: &str, status: i32) -> Value {
    examine(lab, &format!("sandbox:lab.db{options}"), status)
}

fn is_documented(document: &Value) {
    let page = fs::read_to_string("docs/reference/doctor.md").unwrap();
    fn walk(value: &Value, page: &str) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    assert!(page.contains(&format!("`{key}`")), "docs/reference/doctor.md lacks the field {key}");
                    if let ("code", Some(code)) = (key.as_str(), value.as_str()) {
                        assert!(page.contains(&format!("| `{code}` |")), "docs/reference/doctor.md lacks {code}");
                    }
                    // The keys of these are names of the server.
                    if key != "roles" && key != "missing" {
                        walk(value, page);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, page)),
            _ => {}
        }
    }
    walk(document, &page);
}

/// `severity code` of every finding.
fn findings(server: &Value) -> Vec<String> {
    let found = server["findings"].as_array().unwrap().iter();
    found.map(|one| format!("{} {}", one["severity"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
}

/// The first finding with this code.
#[track_caller]
fn finding<'a>(server: &'a Value, code: &str) -> &'a Value {
    let found = server["findings"].as_array().unwrap().iter().find(|one| one["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {:#}", server["findings"]))
}

fn stages(server: &Value) -> Vec<&str> {
    server["connection"].as_array().unwrap().iter().map(|stage| stage["state"].as_str().unwrap()).collect()
}

fn grants(server: &Value) -> Vec<String> {
    server["grants"].as_array().unwrap().iter().map(|grant| grant.as_str().unwrap().to_owned()).collect()
}

fn text(lab: &Lab, options: &str) -> Ran {
    lab.run(&["doctor", "--server", &format!("sandbox:lab.db{options}")])
}

#[test]
fn a_healthy_server() {
    let lab = lab();
    let server = of(&lab, "", 0);
    assert_eq!(server["status"], "healthy");
    // The demo's console places computers, so nobody heeds the group that one of them asks for.
    assert_eq!(findings(&server), ["note requestedGroupsMissing"]);
    assert_eq!(stages(&server), ["notNeeded", "ok", "notNeeded", "ok", "ok"]);
    let checks = &server["checks"];
    assert_eq!(checks["schema"]["value"][0]["component"], "Sandbox");
    assert_eq!(checks["login"]["value"]["roles"]["sysadmin"], true);
    assert_eq!(checks["synchronisation"]["value"], "notRunning");
    for used in ["procedures", "objects"] {
        for one in checks[used]["value"].as_array().unwrap() {
            assert!(one["permitted"] == true && one["state"] == "present", "{one}");
        }
    }
    assert!(grants(&server).is_empty());
    text(&lab, "").expect_status(0).expect_out("sysadmin").expect_out("0 problems, 0 warnings, 1 note.");
}

#[test]
fn bad_usage_is_told_apart_from_bad_health() {
    let lab = lab();
    lab.run(&["doctor"]).expect_status(3).expect_err("nothing says which server to look at");
    text(&lab, "?nonsense=1").expect_status(3);
    text(&lab, "?deny=tbNothing").expect_status(3).expect_err("tbNothing");
    lab.manifest("  groups: 1\n").run(&["doctor", "-f", "lab.yaml"]).expect_status(3).expect_err("lab.yaml:6");
}

#[test]
fn a_role_that_reads_nothing() {
    let lab = lab();
    let server = of(&lab, "?role=webService", 1);
    assert_eq!(server["status"], "limited");
    assert_eq!(server["checks"]["login"]["value"]["roles"]["webService"], true);
    assert!(server["checks"]["serverId"]["unchecked"].as_str().unwrap().contains("229"), "{server:#}");
    let invisible = finding(&server, "notVisible");
    assert!(!invisible["verbs"].as_array().unwrap().is_empty(), "{invisible}");
    let grants = grants(&server);
    assert!(grants.contains(&"GRANT SELECT ON [dbo].[tbUpdate] TO [sandbox];".to_owned()), "{grants:#?}");
    assert!(!grants.iter().any(|grant| grant.contains("[spDeployUpdate]")), "it may run that: {grants:#?}");
    // Never shown as fine.
    let shown = text(&lab, "?role=webService");
    shown.expect_status(1).expect_out("could not be checked:").expect_out("GRANT EXECUTE ON [dbo].[spDeclineUpdate]");
}

/// The statements of the reference are enough for everything, and none is too many.
#[test]
fn the_grants_make_a_login_that_works() {
    let lab = lab();
    let all = lab.run(&["doctor", "--server", "sandbox:lab.db", "--grants=svc", "--output", "json"]);
    let document: Value = serde_json::from_str(&all.expect_status(0).out).unwrap();
    let objects: Vec<String> = grants(&document["servers"][0])
        .iter()
        .map(|grant| {
            assert!(grant.ends_with(" TO [svc];"), "{grant}");
            let object = grant.split(" ON ").nth(1).unwrap().split(" TO ").next().unwrap();
            object.replace(['[', ']'], "")
        })
        .collect();
    assert!(objects.len() > 40, "{objects:#?}");
    let options = |objects: &[String]| format!("?role=public&grant={}", objects.join("&grant="));
    let server = of(&lab, &options(&objects), 0);
    assert_eq!(server["checks"]["login"]["value"]["user"], "sandbox");
    assert!(grants(&server).is_empty());
    for left_out in [0, objects.len() - 1] {
        let mut fewer = objects.clone();
        let missing = fewer.remove(left_out);
        let server = of(&lab, &options(&fewer), 1);
        let (_, name) = missing.split_once('.').unwrap();
        assert_eq!(grants(&server).len(), 1, "{missing}");
        assert!(grants(&server)[0].contains(&format!("[{name}]")), "{missing}");
    }
    lab.manifest("  groups: [{name: New, computers: [pc-028.contoso.com]}]\n");
    let server = format!("sandbox:lab.db{}", options(&objects));
    lab.run(&["apply", "-f", "lab.yaml", "--server", &server, "--yes"]).expect_status(0);
    lab.run(&["diff", "-f", "lab.yaml", "--server", &server]).expect_status(0);
}

#[test]
fn what_is_denied_is_refused_in_earnest() {
    let lab = lab();
    let server = of(&lab, "?deny=spDeployUpdate", 1);
    let denied = finding(&server, "denied");
    assert!(denied["message"].as_str().unwrap().contains("spDeployUpdate"), "{denied}");
    assert_eq!((&denied["verbs"][0], &denied["kinds"][0]), (&"apply".into(), &"approvals".into()));
    assert_eq!(grants(&server), ["GRANT EXECUTE ON [dbo].[spDeployUpdate] TO [sandbox];"]);
    lab.manifest("  approvals:\n    - {update: KB5060533, groups: {Servers: install}}\n");
    let applied = lab.run(&["apply", "-f", "lab.yaml", "--server", "sandbox:lab.db?deny=spDeployUpdate", "--yes"]);
    assert_ne!(applied.status, 0);
    assert!((applied.out.clone() + &applied.err).contains("EXECUTE permission was denied"), "{applied:?}");
    assert_eq!(lab.writes(), 0);

    let server = of(&lab, "?deny=tbDeployment", 1);
    assert_eq!(finding(&server, "denied")["verbs"][0], "diff");
    lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db?deny=tbDeployment"])
        .expect_status(1)
        .expect_err("SELECT permission was denied on the object 'tbDeployment'");
}

#[test]
fn procedures_that_are_not_as_known() {
    let lab = lab();
    for (variant, code, says) in [
        ("missing", "missing", "spDeclineUpdate"),
        ("extra", "different", "@extra"),
        ("without=@updateID", "different", "@updateID is missing"),
        ("rename=@adminName", "different", "@adminName2"),
        ("retype=@updateID", "different", "@updateID is nvarchar"),
    ] {
        let server = of(&lab, &format!("?variant=spDeclineUpdate:{variant}"), 1);
        let found = finding(&server, code);
        assert!(found["message"].as_str().unwrap().contains(says), "{variant}: {found}");
        assert_eq!(found["kinds"][0], "declines");
        let procedures = server["checks"]["procedures"]["value"].as_array().unwrap();
        let states: Vec<&Value> = procedures.iter().filter(|one| one["state"] != "present").collect();
        assert_eq!(states.len(), 1, "{variant}: {states:#?}");
        assert_eq!(states[0]["state"], code);
        // A GRANT on what is not there would be an error.
        assert!(grants(&server).is_empty());
    }
}

/// What saves a whole row is judged with that row, as plans do: doctor calls nothing known that `apply` refuses.
#[test]
fn procedures_that_save_a_row_and_are_not_as_known() {
    let lab = lab();
    let level = "  logging: {level: error}\n";
    let schedule = "  synchronization: {schedule: manual}\n";
    let port = "  notifications: {smtp: {port: 2525}}\n";
    for (variant, says, kind, spec) in [
        ("spSetConfiguration:extra", "@extra has no column", "settings", level),
        ("spSetConfiguration:without=@LogLevel", "no parameter for LogLevel", "logging.level", level),
        ("spSetConfiguration:without=@LanguagesXml", "no parameter for LanguagesXml", "updateFiles.languages", ""),
        ("spSetSubscription:extra", "@extra has no column", "synchronization", schedule),
        ("spSetSubscription:without=@CategoryIDListXml", "CategoryIDListXml", "synchronization.products", ""),
        ("spSetEmailNotificationConfiguration:rename=@SmtpPort", "@smtpPort2 has no column", "notifications", port),
    ] {
        let server = of(&lab, &format!("?variant={variant}"), 1);
        assert_eq!(findings(&server), ["problem different", "note requestedGroupsMissing"], "{variant}");
        let found = finding(&server, "different");
        let message = found["message"].as_str().unwrap();
        let (procedure, _) = variant.split_once(':').unwrap();
        assert!(message.starts_with(procedure) && message.contains(says), "{variant}: {message}");
        assert_eq!((&found["verbs"], &found["kinds"]), (&["apply"][..].into(), &[kind][..].into()), "{variant}");
        let procedures = server["checks"]["procedures"]["value"].as_array().unwrap();
        let differing: Vec<&Value> = procedures.iter().filter(|one| one["state"] != "present").collect();
        assert_eq!((differing.len(), &differing[0]["state"]), (1, &"different".into()), "{variant}");
        assert!(message.ends_with(differing[0]["details"].as_str().unwrap()), "{variant}: {differing:?}");
        if !spec.is_empty() {
            let server = format!("sandbox:lab.db?variant={variant}");
            lab.manifest(spec).run(&["apply", "-f", "lab.yaml", "--server", &server, "--yes"]).expect_status(2);
        }
    }
    text(&lab, "?variant=spSetConfiguration:extra").expect_status(1).expect_out(", 1 different, 0 missing;");
    // What the server gives a default is left out of a save.
    for procedure in ["spSetConfiguration", "spSetSubscription", "spSetEmailNotificationConfiguration"] {
        let server = of(&lab, &format!("?variant={procedure}:extra-default"), 0);
        assert_eq!(findings(&server), ["note requestedGroupsMissing"], "{procedure}");
    }
    assert_eq!(lab.writes(), 0);
}

#[test]
fn programs_that_work_with_the_server_are_named() {
    let lab = lab();
    assert_eq!(of(&lab, "", 0)["checks"]["programKeys"]["value"], serde_json::json!([]));
    lab.sql("INSERT INTO tbProgramKeys VALUES ('3B1C1F3E-0000-4000-8000-00000000C0DE', 'Endpoint tool')");
    let server = of(&lab, "", 0);
    let found = finding(&server, "programKeys");
    assert_eq!(found["severity"], "warning");
    let message = found["message"].as_str().unwrap();
    assert!(message.ends_with("`Endpoint tool` (3b1c1f3e-0000-4000-8000-00000000c0de)"), "{message}");
    text(&lab, "").expect_out("program keys         Endpoint tool");
}

#[test]
fn however_much_a_procedure_lacks_it_is_one_finding() {
    let without = |name: &str| format!("variant=spSetConfiguration:without=@{name}");
    let lacking = ["LogLevel", "ProxyName", "LanguagesXml"].map(without).join("&");
    let server = of(&lab(), &format!("?{lacking}"), 1);
    assert_eq!(findings(&server), ["problem different", "note requestedGroupsMissing"]);
    let found = finding(&server, "different");
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("no parameter for ProxyName, LogLevel, LanguagesXml, so "), "{message}");
    for key in ["logging.level", "updateSource.proxy.host", "updateFiles.languages"] {
        assert!(found["kinds"].as_array().unwrap().contains(&key.into()), "{found}");
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_row_that_cannot_be_read_leaves_its_procedure_unjudged() {
    let lab = lab();
    for (read, saves, kind) in [
        ("spConfiguration", "spSetConfiguration", "settings"),
        ("spGetSubscription", "spSetSubscription", "synchronization"),
        ("spGetEmailNotificationConfiguration", "spSetEmailNotificationConfiguration", "notifications"),
    ] {
        let server = of(&lab, &format!("?deny={read}&variant={saves}:extra"), 1);
        let found = finding(&server, "unchecked");
        let message = found["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("could not be judged: {saves}, since")), "{message}");
        assert!(message.contains("EXECUTE permission was denied"), "{message}");
        assert_eq!((&found["verbs"], &found["kinds"]), (&["apply"][..].into(), &[kind][..].into()));
        finding(&server, "denied");
        text(&lab, &format!("?deny={read}")).expect_status(1).expect_out(", 1 could not be judged;");
    }
}

#[test]
fn a_table_that_is_not_there() {
    let lab = lab();
    lab.sql("ALTER TABLE tbSchemaVersion RENAME TO tbSomething");
    let server = of(&lab, "", 1);
    assert_eq!(finding(&server, "missing")["verbs"][0], "doctor");
    assert_eq!(finding(&server, "unchecked")["message"], "could not be checked: the WSUS schema version");
}

#[test]
fn a_catalogue_in_lower_case() {
    let lab = lab();
    assert_eq!(of(&lab, "?lower-case=true", 0)["status"], "healthy");
    lab.manifest("  groups: [{name: New}]\n");
    let server = ["-f", "lab.yaml", "--server", "sandbox:lab.db?lower-case=true"];
    lab.run(&[&["apply", "--yes"][..], &server].concat()).expect_status(0);
    lab.run(&[&["diff"][..], &server].concat()).expect_status(0);
}

#[test]
fn the_state_of_the_server() {
    let lab = lab();
    let state = |number: i32| {
        lab.sql(&format!("UPDATE sandbox_unplaced SET value = {number} WHERE name = 'SubscriptionState'"));
    };
    for (number, expected) in
        [(2, "note synchronising"), (3, "note synchronising"), (4, "warning synchronisationFailed")]
    {
        state(number);
        assert!(findings(&of(&lab, "", 0)).contains(&expected.to_owned()), "{number}");
    }
    state(1);
    lab.sql("UPDATE tbSchedule SET LastRunTime = '1753-01-01 00:00:00.000'");
    assert!(findings(&of(&lab, "", 0)).contains(&"warning neverSynchronised".to_owned()));
    lab.sql("UPDATE tbSchedule SET LastRunTime = '2020-01-01 00:00:00.000'");
    assert!(findings(&of(&lab, "", 0)).contains(&"warning synchronisedLongAgo".to_owned()));
    lab.sql("UPDATE tbConfigurationA SET ServerTargeting = 0");
    let server = of(&lab, "", 0);
    assert_eq!(finding(&server, "requestedGroupsMissing")["severity"], "warning");
    assert_eq!(server["checks"]["requestedGroups"]["value"]["missing"]["Ring 3"], 1);
    let server = of(&lab, "?reset-needed=true", 1);
    assert_eq!(finding(&server, "resetNeeded")["kinds"][0], "settings");
}

#[test]
fn nested_triggers_are_looked_at() {
    let lab = lab();
    assert_eq!(of(&lab, "", 0)["checks"]["nestedTriggers"]["value"], true);
    let server = of(&lab, "?nested-triggers=false", 1);
    assert_eq!(server["checks"]["nestedTriggers"]["value"], false);
    assert_eq!(finding(&server, "nestedTriggersOff")["severity"], "problem");
    let off = "sandbox:lab.db?nested-triggers=false";
    let ran = lab.run(&["doctor", "--server", off]);
    ran.expect_status(1).expect_out("nested triggers      off").expect_out("RECONFIGURE");
    // What is written is read back, so nothing is refused for it.
    lab.manifest("  groups: [{name: New}]\n");
    lab.run(&["apply", "-f", "lab.yaml", "--server", off, "--yes"]).expect_status(0);
}

#[test]
fn downstream_servers_near_the_limit() {
    let lab = lab();
    let up_to = |count: i32| {
        lab.sql(&format!(
            "PRAGMA foreign_keys = OFF;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO tbDownstreamServerTarget (TargetID, AccountName)
             SELECT 1000000 + i, 'wsus-' || i FROM n
             WHERE i <= {count} - (SELECT COUNT(*) FROM tbDownstreamServerTarget WHERE TargetID < 1000000)
                 AND 1000000 + i NOT IN (SELECT TargetID FROM tbDownstreamServerTarget);"
        ));
    };
    up_to(799);
    assert_eq!(findings(&of(&lab, "", 0)), ["note requestedGroupsMissing"]);
    up_to(800);
    let server = of(&lab, "", 0);
    assert_eq!(finding(&server, "downstreamServers")["severity"], "warning");
    assert_eq!(server["checks"]["downstreamServers"]["value"], 800);
    up_to(1000);
    assert_eq!(finding(&of(&lab, "", 1), "downstreamServers")["severity"], "problem");
}

/// A connection that dies in one check is made again for the next.
#[test]
fn every_check_is_made_by_itself() {
    let lab = lab();
    for statement in (1..=16).step_by(3) {
        let server = of(&lab, &format!("?drop-before={statement}"), 1);
        let checks = server["checks"].as_object().unwrap();
        let failed: Vec<&String> =
            checks.iter().filter(|(_, check)| check.get("unchecked").is_some()).map(|(name, _)| name).collect();
        // What saves a row is judged by itself, in the check of all procedures.
        let unjudged = checks["procedures"]["value"].as_array().into_iter().flatten();
        let unjudged = unjudged.filter(|one| one["state"] == "unjudged").count();
        assert!(unjudged == 0 || failed.is_empty(), "{statement}: {failed:?}");
        // The permissions are a part of two checks.
        let expected = if failed == ["objects", "procedures"] || failed == ["procedures", "objects"] { 2 } else { 1 };
        assert_eq!(failed.len() + unjudged, expected, "{statement}: {failed:?}");
        finding(&server, "unchecked");
    }
}

#[test]
fn each_stage_of_connecting_can_fail() {
    let lab = lab();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = examine(&lab, &format!("mssql://u@127.0.0.1:{port}/SUSDB"), 1);
    assert_eq!(server["status"], "unreachable");
    assert_eq!(stages(&server), ["ok", "failed", "notReached", "notReached", "notReached"]);
    let server = examine(&lab, "mssql://u@no-such-host.invalid/SUSDB", 1);
    assert_eq!(stages(&server)[0], "failed");

    let served = Served::start(&lab, &[]);
    let pin = pin(&lab);
    let server = examine(&lab, &served.url(""), 1);
    assert_eq!(stages(&server), ["ok", "ok", "failed", "notReached", "notReached"]);
    assert_eq!(server["certificate"]["check"], "refused");
    assert!(pin.ends_with(server["certificate"]["sha256"].as_str().unwrap()), "{server:#}");
    let pinned = served.url(&format!("?pin={pin}"));
    let server = examine(&lab, &pinned, 0);
    assert_eq!((stages(&server), &server["certificate"]["check"]), (vec!["ok"; 5], &"pinned".into()));
    let server = examine(&lab, &served.url("?trustServerCertificate=true"), 0);
    assert_eq!(server["certificate"]["check"], "unchecked");
    finding(&server, "certificateUnchecked");
    let server = examine(&lab, &pinned.replace("/SUSDB", "/OTHER"), 1);
    assert_eq!(stages(&server), ["ok", "ok", "ok", "ok", "failed"]);
    let wrong = lab.run_with(&["doctor", "--server", &pinned], |command| {
        command.env("WSUSCTL_PASSWORD", "Wr0ng-e2e");
    });
    wrong.expect_status(1).expect_out("18456").expect_out("not reached").expect_nowhere("Wr0ng-e2e");
}

#[test]
fn several_servers_in_turn() {
    let lab = lab();
    let manifest = |name: &str, options: &str| {
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: {name}}}\nconnection:\n  database: \
             'sandbox:{name}.db{options}'\nspec: {{}}\n"
        );
        fs::create_dir_all(lab.path("site")).unwrap();
        fs::copy(lab.path("lab.db"), lab.path(&format!("site/{name}.db"))).unwrap();
        fs::write(lab.path(&format!("site/{name}.yaml")), text).unwrap();
    };
    manifest("a", "?deny=spDeclineUpdate");
    manifest("b", "");
    let ran = lab.run(&["doctor", "-f", "site", "--output", "json"]);
    let document: Value = serde_json::from_str(&ran.expect_status(1).out).unwrap();
    let status = |index: usize| (&document["servers"][index]["name"], &document["servers"][index]["status"]);
    assert_eq!((status(0), status(1)), ((&"a".into(), &"limited".into()), (&"b".into(), &"healthy".into())));
    lab.run(&["doctor", "-f", "site"]).expect_status(1).expect_out("declines").expect_out("\n\nb  (sandbox:");
}
