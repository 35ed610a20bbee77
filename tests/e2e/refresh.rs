//! `export --update` brings a manifest up to date where its values stand.

use std::fs;

use crate::lab::{Lab, Ran};

fn update(lab: &Lab, file: &str) -> Ran {
    lab.run(&["export", "--update", file])
}

fn text(lab: &Lab, file: &str) -> String {
    fs::read_to_string(lab.path(file)).unwrap()
}

/// Everything of the demo's manifest that somebody has changed in the console.
const CONSOLE: &str = "
    UPDATE tbConfigurationC SET DoDetailedRollup = 0;
    UPDATE tbConfigurationB SET LogLevel = 4, LocalContentCacheLocation = 'E:\\WSUS # new';
    UPDATE tbSchedule SET ScheduledTimeOfDay = 5400, Frequency = 3;
    DELETE FROM tbCategoryInSubscription WHERE CategoryID IN
        (SELECT CategoryID FROM tbPrecomputedCategoryLocalizedProperty WHERE Title IN ('Windows 11', 'Definition Updates'));
    INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID)
        SELECT 1, CategoryID FROM tbPrecomputedCategoryLocalizedProperty WHERE Title = 'Windows Admin Center' AND ShortLanguage = 'en' LIMIT 1;
    UPDATE tbTargetInTargetGroup SET TargetGroupID = (SELECT TargetGroupID FROM tbTargetGroup WHERE Name = 'Old Pilot')
        WHERE IsExplicitMember = 1 AND TargetID = (SELECT TargetID FROM tbComputerTarget WHERE FullDomainName = 'kiosk-02.contoso.com');
    UPDATE tbAutoDeploymentRule SET Enabled = 1, DateOffset = 3 WHERE ID = 2;
    UPDATE tbTargetGroupInAutoDeploymentRule SET TargetGroupID = (SELECT TargetGroupID FROM tbTargetGroup WHERE Name = 'Servers')
        WHERE AutoDeploymentRuleID = 2;
    UPDATE tbDownstreamServerTarget SET IsReplica = 1 WHERE AccountName LIKE 'branch02%';
    UPDATE tbUpdate SET IsHidden = 0 WHERE LocalUpdateID = (SELECT MIN(LocalUpdateID) FROM tbUpdate WHERE IsHidden = 1);";

#[test]
fn nothing_is_written_where_nothing_differs() {
    let lab = Lab::new("demo");
    lab.run(&["export", "--server", "sandbox:lab.db", "--out", "hq.yaml"]).expect_status(0);
    let before = text(&lab, "hq.yaml");
    let modified = fs::metadata(lab.path("hq.yaml")).unwrap().modified().unwrap();
    update(&lab, "hq.yaml").expect_status(0).expect_err("unchanged: hq.yaml");
    assert_eq!(text(&lab, "hq.yaml"), before);
    assert_eq!(fs::metadata(lab.path("hq.yaml")).unwrap().modified().unwrap(), modified);
}

#[test]
fn what_changed_on_the_server_changes_in_the_manifest_and_nothing_else_does() {
    let lab = Lab::new("demo");
    lab.run(&["export", "--server", "sandbox:lab.db", "--out", "hq.yaml"]).expect_status(0);
    let exported = text(&lab, "hq.yaml").replace("    # contentPath: ", "    contentPath: \"D:\\\\WSUS\"  # ");
    let commented: String = exported
        .lines()
        .map(|line| match line.trim_start() {
            start if start.starts_with("- name: ") => format!("{line}  # why\n"),
            start if start.ends_with("s:") => format!("{}# of these\n{line}\n", " ".repeat(line.len() - start.len())),
            _ => format!("{line}\n"),
        })
        .collect();
    fs::write(lab.path("hq.yaml"), &commented).unwrap();
    // Another deadline, an approval that is gone, and one for which an update has to leave its entry.
    lab.sql(CONSOLE);
    lab.sql("UPDATE sandbox_role_members SET member_principal_id = 11 WHERE member_principal_id = 8");
    lab.sql(
        "UPDATE tbDeployment SET Deadline = '2027-02-01 18:00:00.000' WHERE Deadline = '2026-06-20 18:00:00.000';
         DELETE FROM tbDeployment WHERE ActionID = 1 AND TargetGroupTypeID = 0;
         UPDATE tbDeployment SET IsAssigned = 0 WHERE DeploymentID = (SELECT MIN(d.DeploymentID) FROM tbDeployment d
             JOIN tbRevision r ON r.RevisionID = d.RevisionID JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID
             WHERE r.IsLatestRevision = 1 AND d.ActionID = 0 AND d.Deadline IS NULL AND g.Name = 'All Computers')",
    );
    let writes = lab.writes();
    lab.run(&["diff", "-f", "hq.yaml"]).expect_status(2);
    update(&lab, "hq.yaml").expect_status(0).expect_err("refreshed: hq.yaml");
    lab.run(&["diff", "-f", "hq.yaml"]).expect_status(0).expect_out("No differences");
    let refreshed = text(&lab, "hq.yaml");
    for expected in [
        "level: info\n",
        "  rollup: false",
        r"CONTOSO\\WSUS02$",
        "contentPath: \"E:\\\\WSUS # new\"  # ",
        "schedule: {firstAt: \"01:30Z\", perDay: 3}",
        "  # Windows Admin Center, below ",
        "- name: Critical for pilots  # why\n      enabled: true\n",
        "      groups:\n        - Servers\n",
        "deadline: {days: 3, at: \"18:00\"}",
        "deadline: \"2027-02-01T18:00:00Z\"}",
        ": inherit\n",
        "{action: install, optional: true}",
        "- name: branch02.contoso.com  # why\n      mode: replica\n",
    ] {
        assert!(refreshed.contains(expected), "no {expected:?} in\n{refreshed}");
    }
    let lost = commented.lines().filter(|line| line.trim_start().starts_with('#') && !refreshed.contains(line));
    assert_eq!(lost.collect::<Vec<_>>(), [""; 0]);
    let kept = commented.lines().filter(|line| refreshed.lines().any(|other| other == *line)).count();
    assert!(commented.lines().count() - kept < 25, "{refreshed}");
    assert_eq!(lab.writes(), writes);
    update(&lab, "hq.yaml").expect_status(0).expect_err("unchanged");
    assert_eq!(text(&lab, "hq.yaml"), refreshed);
}

#[test]
fn every_example_is_refreshed_and_what_is_left_is_said() {
    let mut examples = 0;
    for entry in fs::read_dir("examples").unwrap() {
        let example = entry.unwrap().path();
        let lab = Lab::new("demo");
        let original = fs::read_to_string(&example).unwrap();
        fs::write(lab.path("lab.yaml"), &original).unwrap();
        let refreshed = lab.run(&["export", "--update", "lab.yaml", "--server", "sandbox:lab.db"]);
        let now = text(&lab, "lab.yaml");
        assert_eq!(lab.writes(), 0);
        let diff = lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db", "--output", "json"]);
        // An example for another kind of server is refused as `diff` refuses it, and stays.
        assert_eq!(refreshed.status == 3, diff.status == 3, "{example:?}: {refreshed:?}");
        if refreshed.status == 3 {
            assert_eq!(now, original);
            continue;
        }
        examples += 1;
        refreshed.expect_status(diff.status).expect_err("refreshed: lab.yaml");
        assert_eq!(now.matches('#').count(), original.matches('#').count(), "{example:?}");
        lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
        let plan: serde_json::Value = serde_json::from_str(&diff.out).unwrap();
        for change in plan["servers"][0]["changes"].as_array().unwrap() {
            let address = change["address"].as_str().unwrap();
            let line = change["origin"]["line"].as_u64().map_or(String::new(), |line| format!("lab.yaml:{line}:"));
            assert!(refreshed.err.contains(&line), "{example:?}: {address} is not said\n{}", refreshed.err);
        }
    }
    assert!(examples >= 3, "{examples}");
}

#[test]
fn what_cannot_be_edited_is_said_with_its_place() {
    let lab = Lab::new("demo");
    let spec = "  logging: {level: &level error}\n  reporting:\n    clientLevel: all\n    rollup: false\n  groups:\n    - {name: New}\n    - {name: Servers, computers: [\"pc-00?.contoso.com\"]}\n  \
                approvalRules: [{name: Mine, enabled: false}]\n  management: {prune: {rules: always}}\n";
    lab.manifest(spec);
    let ran = lab.run(&["export", "--update", "lab.yaml", "--server", "sandbox:lab.db"]);
    ran.expect_status(2).expect_err("refreshed: lab.yaml");
    let manifest = text(&lab, "lab.yaml");
    assert!(manifest.contains("&level error") && manifest.contains("rollup: true"), "{manifest}");
    for expected in [
        "logging.level: it has an anchor",
        "group[\"New\"]: the server does not have it",
        "a pattern of `Servers` matches it",
        "rule[\"Mine\"]: the server does not have it",
        "rule[\"Defender definitions\"]: the server has it, and nothing declares it",
    ] {
        assert!(ran.err.contains(expected), "no {expected:?} in\n{}", ran.err);
    }
    assert!(ran.err.contains("--> lab.yaml:"), "{}", ran.err);
}

#[test]
fn a_value_that_would_contradict_another_one_stays() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  updateSource:\n    proxy: {host: proxy, port: 80, anonymous: false, user: svc}\n  logging: {level: error}\n",
    );
    lab.sql("UPDATE tbConfigurationA SET UseProxy = 1, ProxyName = 'proxy', ProxyServerPort = 8080, AnonymousProxyAccess = 1, ProxyUserName = 'svc'");
    let ran = lab.run(&["export", "--update", "lab.yaml", "--server", "sandbox:lab.db"]);
    ran.expect_status(2).expect_err("updateSource.proxy.anonymous: the manifest would be invalid");
    let manifest = text(&lab, "lab.yaml");
    assert!(
        manifest.contains("port: 8080, anonymous: false, user: svc") && manifest.contains("level: warning"),
        "{manifest}"
    );
}

#[test]
fn a_file_that_is_no_manifest_of_the_server_stays() {
    let lab = Lab::new("demo");
    let refused = |content: &str, status: i32, says: &str| {
        fs::write(lab.path("hq.yaml"), content).unwrap();
        let ran = lab.run(&["export", "--update", "hq.yaml", "--server", "sandbox:lab.db"]);
        ran.expect_status(status).expect_err(says);
        assert_eq!(text(&lab, "hq.yaml"), content);
    };
    let head = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: hq}\n";
    refused("", 3, "no manifest");
    refused(&format!("{head}spec: {{logging: {{level: error}}, x: 1}}\n"), 3, "unknown-key");
    refused(&format!("{head}spec: {{}}\n---\n{}spec: {{}}\n", head.replace("hq", "b")), 3, "2 manifests");
    let pin = "identity: {serverId: 11111111-2222-4333-8444-555555555555}";
    refused(&format!("{head}spec: {{{pin}, logging: {{level: error}}}}\n"), 4, "another server");
    refused(&format!("{head}spec: {{synchronization: {{products: [Windows 3.1]}}}}\n"), 3, "no such product");
    lab.run(&["export", "--update", "no.yaml"]).expect_status(3).expect_err("cannot read no.yaml");
    lab.run(&["export", "--update", "."]).expect_status(3).expect_err("hint: ");
    lab.run(&["export", "--update", "-"]).expect_status(3).expect_err("--update needs a file");
    for option in ["--out x.yaml", "--all", "--kinds groups", "--name x", "--without-identity"] {
        let mut arguments = vec!["export", "--update", "hq.yaml"];
        arguments.extend(option.split(' '));
        lab.run(&arguments).expect_status(3).expect_err("cannot be used with");
    }
    assert_eq!(lab.writes(), 0);
}

#[cfg(unix)]
#[test]
fn a_link_and_the_rights_of_its_file_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let lab = Lab::new("demo");
    lab.manifest("  logging: {level: error}  # loud\n");
    fs::set_permissions(lab.path("lab.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink(lab.path("lab.yaml"), lab.path("link.yaml")).unwrap();
    lab.run(&["export", "--update", "link.yaml", "--server", "sandbox:lab.db"]).expect_status(0);
    assert!(lab.path("link.yaml").symlink_metadata().unwrap().is_symlink());
    assert!(text(&lab, "lab.yaml").contains("{level: warning}  # loud"));
    assert_eq!(fs::metadata(lab.path("lab.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn mails_become_what_the_server_has_and_a_switch_stays() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  notifications:\n    smtp: {server: mail.contoso.com, port: 587}  # relay\n    sender: {address: wsus@contoso.com}\n    \
         newUpdates: {recipients: [it@contoso.com, old@contoso.com]}\n    status: none\n",
    );
    lab.run(&["apply", "-f", "lab.yaml", "--yes"]).expect_status(0);
    lab.sql(
        "UPDATE sandbox_unplaced SET value = 25 WHERE name = 'Email.SmtpPort';
         UPDATE tbEmailNotificationRecipient SET EmailAddress = 'new@contoso.com' WHERE EmailAddress = 'old@contoso.com'",
    );
    update(&lab, "lab.yaml").expect_status(0).expect_err("refreshed: lab.yaml");
    let refreshed = text(&lab, "lab.yaml");
    assert!(refreshed.contains("{server: mail.contoso.com, port: 25}  # relay\n"), "{refreshed}");
    assert!(refreshed.contains("recipients: [it@contoso.com, \"new@contoso.com\"]}\n"), "{refreshed}");
    lab.sql("UPDATE sandbox_unplaced SET value = 0 WHERE name = 'Email.EmailNeedToSendNewSyncNotification'");
    let left = update(&lab, "lab.yaml");
    left.expect_status(2).expect_err("`none` are written in different shapes").expect_err("lab.yaml:9");
    assert_eq!(text(&lab, "lab.yaml"), refreshed);
}
