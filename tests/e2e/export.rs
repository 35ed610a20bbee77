//! `export` writes a manifest that validates, and whose diff is empty.

use std::fs;

use crate::lab::{Lab, Ran};

const ALL_COMPUTERS: &str = "A0A08746-4DBE-4A37-9ADF-9E7652C0B421";
const UNASSIGNED_COMPUTERS: &str = "B73CA6ED-5727-47F3-84DE-015E03F6A88A";

fn export(lab: &Lab, more: &[&str]) -> Ran {
    let mut arguments = vec!["export", "--server", "sandbox:lab.db"];
    arguments.extend(more);
    lab.run(&arguments)
}

/// Exports, and expects the manifest to be valid, to be the same the second time, and to have an empty diff.
#[track_caller]
fn round_trip(lab: &Lab, more: &[&str]) -> String {
    let writes = lab.writes();
    let first = export(lab, more);
    first.expect_status(0);
    assert_eq!(export(lab, more).out, first.out, "two runs differ");
    fs::write(lab.path("lab.yaml"), &first.out).unwrap();
    lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
    let diff = lab.diff();
    diff.expect_status(0);
    assert!(diff.out.contains("No differences"), "{diff:?}");
    let plan = lab.plan();
    let server = &plan["servers"][0];
    for list in ["changes", "blockers", "unsupported", "pending"] {
        assert_eq!(server[list].as_array().map(Vec::len), Some(0), "{list}: {plan}");
    }
    assert_eq!(lab.writes(), writes, "something was written");
    let shown = |c: char| !(c.is_control() && c != '\n') && c != '\u{202e}';
    assert!(first.out.chars().all(shown), "{}", first.out);
    first.out
}

fn spec(text: &str) -> &str {
    text.split_once("\nspec:\n").unwrap_or_else(|| panic!("{text}")).1
}

#[test]
fn advanced_settings_are_written_where_somebody_changed_them() {
    let lab = Lab::new("empty");
    let written = |text: &str| text.lines().filter(|line| line.contains("queueFlush")).map(str::to_owned).collect();
    let unchanged: Vec<String> = written(&round_trip(&lab, &[]));
    assert!(unchanged.is_empty(), "{unchanged:?}");
    lab.sql("UPDATE tbConfigurationB SET QueueFlushCount = 200");
    let changed: Vec<String> = written(&round_trip(&lab, &[]));
    assert_eq!(changed, ["    queueFlushCount: 200  # by default 100"]);
    let all: Vec<String> = written(&round_trip(&lab, &["--all"]));
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn every_seed_round_trips() {
    for (seed, expected) in [
        ("empty", "# Declared: 40 settings, "),
        (
            "demo",
            "# Declared: 40 settings, the schedule of synchronisations, 4 products, 3 classifications, 8 settings of mails, 10 groups, 50 memberships, \
             24 approvals of 20 updates (5 made by WSUS itself), 11 declines, 2 approval rules, 3 downstream servers.\n",
        ),
        ("scale:20000", " groups, "),
    ] {
        let lab = Lab::new(seed);
        let text = round_trip(&lab, &[]);
        let all = round_trip(&lab, &["--all"]);
        assert!(all.contains("# Declared: 70 settings, "), "{seed}: {all}");
        assert!(text.contains(expected), "{seed}: {}", text.lines().take(12).collect::<Vec<_>>().join("\n"));
        assert!(!text.chars().take(4000).collect::<String>().contains("takenAt"));
    }
}

#[test]
fn a_messy_server_round_trips_and_the_head_says_what_is_missing() {
    let lab = Lab::new("demo");
    let hostile = "Ring: 0 # \u{202e}\"x\" - [a]\n  computers: \u{1b}[2K";
    let long = "\u{1}".repeat(256);
    let group = |name: &str| format!("(SELECT TargetGroupID FROM tbTargetGroup WHERE Name = '{name}')");
    let insert_group = |name: &str, id: u8| {
        format!(
            "INSERT INTO tbTargetGroup (TargetGroupTypeID, Name, TargetGroupID, OrderValue) \
             VALUES (0, '{name}', '00000000-0000-0000-0000-0000000000{id:02}', {id});"
        )
    };
    // An approval of some update that has none yet, for a group. No two of them are made in the same second.
    let made = std::cell::Cell::new(0_u8);
    let approve = |skip: u8, group: &str, action: u8, status: u8, assigned: u8, deadline: &str| {
        made.set(made.get() + 1);
        let second = made.get();
        format!(
            "INSERT INTO tbDeployment (LastChangeTime, DeploymentStatus, ActionID, DeploymentTime, GoLiveTime, Deadline, AdminName, IsAssigned, \
                 RevisionID, TargetGroupID, TargetGroupTypeID) \
             SELECT '2026-06-10 10:00:00.000', {status}, {action}, '2026-06-10 10:00:{second:02}.000', '2026-06-10 10:00:00.000', {deadline}, 'CONTOSO\\x', \
                 {assigned}, r.RevisionID, {group}, 0 \
             FROM tbRevision r JOIN tbProperty p ON p.RevisionID = r.RevisionID JOIN tbUpdate u ON u.LocalUpdateID = r.LocalUpdateID \
             WHERE r.IsLatestRevision = 1 AND p.ExplicitlyDeployable = 1 AND u.IsHidden = 0 \
                 AND u.LocalUpdateID NOT IN (SELECT r2.LocalUpdateID FROM tbDeployment d JOIN tbRevision r2 ON r2.RevisionID = d.RevisionID \
                     WHERE d.AdminName <> 'CONTOSO\\x') \
             ORDER BY r.RevisionID LIMIT 1 OFFSET {skip};"
        )
    };
    let never = "'9999-12-31 23:59:59.997'";
    let soon = "'2027-01-01 18:00:00.003'";
    let sql = [
        format!("UPDATE tbTargetGroup SET Name = 'Alle Computer' WHERE TargetGroupID = '{ALL_COMPUTERS}';"),
        format!("UPDATE tbTargetGroup SET Name = 'Nicht zugewiesene Computer' WHERE TargetGroupID = '{UNASSIGNED_COMPUTERS}';"),
        insert_group("All Computers", 1),
        insert_group("Twins", 2),
        insert_group("TWINS ", 3),
        insert_group("Below a twin", 4),
        "UPDATE tbTargetGroup SET ParentGroupID = '00000000-0000-0000-0000-000000000002' WHERE Name = 'Below a twin';".to_owned(),
        approve(0, &group("All Computers"), 0, 1, 1, "NULL"),
        approve(1, &group("Below a twin"), 0, 1, 1, "NULL"),
        approve(2, &group("Kiosks"), 0, 1, 1, never),
        approve(3, &group("Kiosks"), 0, 1, 1, soon),
        approve(4, &group("Kiosks"), 0, 1, 0, "NULL"),
        // A block below an approval.
        approve(5, &group("Servers"), 0, 1, 1, "NULL"),
        approve(5, &group("SQL Servers"), 3, 1, 1, "NULL"),
        // What no manifest can say: an uninstall that is not forced, a block with a deadline.
        approve(6, &group("Servers"), 1, 1, 0, "NULL"),
        approve(7, &group("Servers"), 3, 1, 1, soon),
        // Twice, and pending beside the one in force.
        approve(8, &group("Servers"), 0, 1, 1, "NULL"),
        approve(8, &group("Servers"), 0, 1, 1, "NULL"),
        approve(9, &group("Servers"), 0, 1, 1, "NULL"),
        approve(9, &group("Servers"), 0, 0, 1, "NULL"),
        approve(10, &group("Old Pilot"), 0, 1, 1, "NULL"),
        approve(11, &group("Servers"), 2, 1, 1, "NULL"),
        // Declined, and its approval left behind.
        "UPDATE tbUpdate SET IsHidden = 1 WHERE LocalUpdateID = (SELECT r.LocalUpdateID FROM tbDeployment d JOIN tbRevision r ON r.RevisionID = d.RevisionID \
         JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID WHERE g.Name = 'Domain Controllers' LIMIT 1);".to_owned(),
        format!("UPDATE tbTargetGroup SET Name = '{}' WHERE Name = 'Kiosks';", hostile.replace('\'', "''")),
        format!("UPDATE tbTargetGroup SET Name = '{long}' WHERE Name = 'Old Pilot';"),
        // Products of the same title, a family, and one whose title is a pattern.
        "INSERT OR IGNORE INTO tbCategoryInSubscription (SubscriptionID, CategoryID) SELECT 1, CategoryID
             FROM tbPrecomputedCategoryLocalizedProperty WHERE Title IN ('Windows Admin Center', 'Windows Server 2019');
         INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID) SELECT 1, CategoryID FROM tbCategory WHERE CategoryType = 'ProductFamily';
         UPDATE tbLocalizedProperty SET Title = 'Windows* \u{202e}11 # {' WHERE Title = 'Windows 11';"
            .to_owned(),
        "UPDATE tbLocalizedProperty SET Title = 'x\ny: \u{202e} # ' || Title WHERE LocalizedPropertyID % 3 = 0;".to_owned(),
        "UPDATE tbLocalizedProperty SET Title = 'the same' WHERE LocalizedPropertyID % 5 = 0;".to_owned(),
        "UPDATE tbLocalizedProperty SET Title = 'Windows Admin Center' WHERE Title LIKE '%Windows Admin Center';".to_owned(),
        // A pattern, a name with a space at its end, and one that looks like YAML.
        "UPDATE tbComputerTarget SET FullDomainName = 'kiosk-*' WHERE FullDomainName = 'kiosk-01.contoso.com';".to_owned(),
        "UPDATE tbComputerTarget SET FullDomainName = 'KIOSK-03.contoso.com ' WHERE FullDomainName = 'kiosk-03.contoso.com';".to_owned(),
        "UPDATE tbComputerTarget SET FullDomainName = '- a: \u{1b}#' WHERE FullDomainName = 'srv-dc02.contoso.com';".to_owned(),
        "UPDATE tbConfigurationA SET UseProxy = 1, ProxyName = 'proxy: #1', ProxyUserName = 'svc', ReportingServiceUrl = '\u{202e}x\ny: z';".to_owned(),
        "UPDATE tbConfigurationB SET LogLevel = 9;".to_owned(),
        // Two rules of one name, a hostile name, one that is enabled and chooses nothing, and a category that is not known.
        format!(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO tbAutoDeploymentRule (ID, Enabled, Name, DateOffset, MinutesAfterMidnight) VALUES (11, 1, 'Twin', 0, 0),
                 (12, 0, 'TWIN ', NULL, NULL), (13, 1, '- a: [\u{202e}# \u{1b}', 3, 61), (14, 1, 'Nothing', NULL, NULL), (15, 0, 'Late', 4000, 0);
             INSERT INTO tbCategoryInAutoDeploymentRule SELECT 13, CategoryID FROM tbCategory WHERE CategoryType IN ('ProductFamily', 'Company');
             INSERT INTO tbCategoryInAutoDeploymentRule VALUES (2, 99999);
             INSERT INTO tbTargetGroupInAutoDeploymentRule SELECT 13, TargetGroupID FROM tbTargetGroup WHERE Name = '{}';
             INSERT INTO tbTargetGroupInAutoDeploymentRule VALUES (15, '00000000-0000-0000-0000-000000000002');",
            hostile.replace('\'', "''")
        ),
        // A downstream server that was installed anew, one that says nothing of itself, and one without a name.
        "INSERT INTO tbTarget (TargetID, TargetTypeID, Name) VALUES (900, 1, 'x'), (901, 1, 'y'), (902, 1, 'z');
         INSERT INTO tbDownstreamServerTarget (TargetID, AccountName, AccountServerID, LastSyncTime, IsReplica) VALUES
             (900, 'BRANCH01.contoso.com', '11111111-2222-4333-8444-555555555555', '2020-01-01 00:00:00.000', 0),
             (901, '# \u{1b}: x', NULL, NULL, 1), (902, ' ', NULL, NULL, 1);"
            .to_owned(),
    ];
    lab.sql(&sql.concat());
    let text = round_trip(&lab, &[]);
    for expected in [
        "# WSUS server 3f0e6d3c-",
        "groups that no name means alone (several are called so, or the name is empty or that of a built-in group): 3",
        "groups below one that is not declared, or deeper than a manifest goes: 1",
        "pairs with an approval of an older revision (declaring them would move it to the latest): 3",
        "pairs with several approvals (declaring them would leave one): 1",
        "approvals that no manifest can declare as they are (optional with a deadline, say): 2",
        "approvals for groups that a manifest cannot name: 1",
        "approvals of declined updates (a manifest declares either): 1",
        "deployments that only ask whether an update is needed (action 2, no approvals): 2",
        "computers whose names are empty or patterns in a manifest: 1",
        "memberships of computers that downstream servers report (read-only here): 2",
        "logging.level (LogLevel): 9",
        "updateSource.proxy.host (ProxyName): proxy: #1",
        "      # password: {env: NAME} is not exported",
        "        All Computers: install\n",
        "{action: install, deadline: \"2027-01-01T18:00:00Z\"}",
        "{action: install, optional: true}",
        "        SQL Servers: notApproved\n",
        "        Below a twin: install\n",
        "        ? \"\\u0001",
        "        - KIOSK-03.contoso.com\n",
        "  # Windows Admin Center, below ",
        "      - {family: Windows}\n",
        "approval rules that no name means alone (several are called so, or the name is empty): 2",
        "parts of approval rules that no manifest can say (unknown categories, say): 3",
        "products of Critical for pilots: the server's catalogue does not know category 99999 there",
        "classifications and products of enabled rules that choose by neither: 1",
        "    - name: \"- a: [\\u202e# \\u001b\"\n      enabled: true\n      classifications: []\n",
        "        - {family: Windows}\n",
        "      deadline: {days: 3, at: \"01:01\"}\n",
        "    - name: branch01.contoso.com  # older entries of this name, which `wsusctl diff` reports: 1\n      mode: replica\n",
        "    - name: \"# \\u001b: x\"\n      mode: replica\n",
        "downstream servers without a name: 1",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    assert!(!text.contains("9999-12-31") && !text.contains("logging:"), "{text}");
}

#[test]
fn a_read_that_fails_says_what_to_do() {
    let lab = Lab::new("demo");
    for verb in [&["export"][..], &["snapshot", "--out", "saved"]] {
        let run = |options: &str| {
            let ran = lab.run(&[verb, &["--server", &format!("sandbox:lab.db?{options}")]].concat());
            ran.expect_status(1);
            ran
        };
        run("drop-after=5").expect_err("the connection was lost").expect_err("hint: run it again");
        let denied = run("role=db_datareader");
        denied.expect_err("GRANT EXECUTE ON dbo.[spConfiguration] TO").expect_err("`wsusctl doctor` lists every GRANT");
        run("deny=tbTargetGroup").expect_err("db_datareader").expect_err("`wsusctl doctor` lists every GRANT");
    }
}

#[test]
fn only_what_the_server_may_declare_is_declared() {
    let lab = Lab::new("demo");
    lab.sql(
        "UPDATE tbConfigurationA SET SyncToMU = 0, UpstreamServerName = 'hq.contoso.com', ServerPortNumber = 8531, \
             UpstreamServerUseSSL = 1, ServerTargeting = 0; UPDATE tbConfigurationC SET ReplicaMode = 1",
    );
    let text = round_trip(&lab, &[]);
    for expected in [
        "\n      upstream:\n        server: hq.contoso.com\n        port: 8531  # by default 8530\n        tls: true  # by default false\n        mode: replica",
        "\n  targeting: client  # by default server\n",
        "\n    - name: Zweigstelle München\n",
        "memberships, since group policy places the computers of this server: 52",
        "approvals, since a replica takes approvals from its parent: 27",
        "declined updates, since a replica takes declines from its parent: 11",
        "settings that a replica takes from its parent: 1",
        "approval rules, since a replica takes rules from its parent: 2",
        "parts of what is synchronised that the upstream server chooses: 2",
        "\n  synchronization:\n    schedule: ",
        "\n  downstreamServers:\n",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    for forbidden in [
        "computers:\n        -",
        "\n  approvals:",
        "\n  declines:",
        "\n  approvalRules:",
        "    products:",
        "languages: ",
    ] {
        assert!(!text.contains(forbidden), "{forbidden:?} in\n{text}");
    }
}

#[test]
fn kinds_and_the_pin_can_be_left_out() {
    let lab = Lab::new("demo");
    let text = round_trip(&lab, &["--kinds", "memberships,declines", "--without-identity", "--name", "HQ: one"]);
    assert!(text.contains("\n  name: \"HQ: one\"\n") && text.contains("\nspec:\n  groups:\n"), "{text}");
    assert!(text.contains("\n  declines:\n") && !text.contains("approvals:") && !text.contains("serverId:"), "{text}");
    let groups = round_trip(&lab, &["--kinds", "groups"]);
    assert!(!groups.contains("computers:") && groups.contains("serverId:"), "{groups}");
    let rules = round_trip(&lab, &["--kinds", "rules,downstreamServers", "--without-identity"]);
    assert!(rules.contains("\nspec:\n  approvalRules:\n") && rules.contains("\n  downstreamServers:\n"), "{rules}");
    assert!(!rules.contains("groups:\n    - name") && !rules.contains("serverId:"), "{rules}");
    let settings = round_trip(&lab, &["--kinds", "settings"]);
    assert!(settings.contains("\n  synchronization:\n") && !settings.contains("approvalRules:"), "{settings}");
    export(&lab, &["--kinds", "identity"])
        .expect_status(3)
        .expect_err("settings, groups, memberships, approvals, declines, rules, downstreamServers");
    lab.run(&["export"]).expect_status(3).expect_err("give --server URL");
}

#[test]
fn a_file_is_written_whole_and_never_over_another() {
    let lab = Lab::new("demo");
    let shown = export(&lab, &[]);
    let written = export(&lab, &["--out", "hq.yaml"]);
    written.expect_status(0).expect_err("written: hq.yaml");
    assert_eq!((written.out.as_str(), fs::read_to_string(lab.path("hq.yaml")).unwrap()), ("", shown.out.clone()));
    fs::write(lab.path("hq.yaml"), "mine").unwrap();
    export(&lab, &["--out", "hq.yaml"]).expect_status(3).expect_err("--force");
    assert_eq!(fs::read_to_string(lab.path("hq.yaml")).unwrap(), "mine");
    export(&lab, &["--out", "hq.yaml", "--force"]).expect_status(0);
    lab.run(&["diff", "-f", "hq.yaml"]).expect_status(0);
    fs::create_dir(lab.path("d")).unwrap();
    export(&lab, &["--out", "d/hq.yaml"]).expect_status(0);
    // A path beside the manifest would be another file's.
    let elsewhere = fs::read_to_string(lab.path("d/hq.yaml")).unwrap();
    assert!(!elsewhere.contains("\nconnection:\n") && elsewhere.contains("\n# connection: "), "{elsewhere}");
    assert_eq!(fs::read_dir(lab.path("d")).unwrap().count(), 1);
    let nowhere = export(&lab, &["--out", "no/hq.yaml"]);
    nowhere.expect_status(1).expect_err("cannot write no/hq.yaml").expect_err("hint: make the directory first: no");
    export(&lab, &["--out", ".", "--force"]).expect_status(3).expect_err("hint: ");
    let standard = export(&lab, &["--out", "-"]);
    standard.expect_status(0);
    assert_eq!((standard.out, lab.path("-").exists()), (shown.out, false));
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_replaced_and_a_link_is_followed() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let lab = Lab::new("demo");
    assert!(std::process::Command::new("mkfifo").arg(lab.path("pipe")).status().unwrap().success());
    symlink(lab.path("pipe"), lab.path("to-pipe")).unwrap();
    fs::write(lab.path("old"), "old").unwrap();
    symlink(lab.path("old"), lab.path("link")).unwrap();
    for verb in ["export", "snapshot"] {
        let run = |name| lab.run(&[verb, "--server", "sandbox:lab.db", "--force", "--out", name]);
        for name in ["pipe", "to-pipe"] {
            run(name).expect_status(3).expect_err("is no regular file").expect_err("redirect standard output");
        }
        run("link").expect_status(0);
        assert!(lab.path("link").symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(lab.path("old")).unwrap().len() > 1000);
    }
    assert!(lab.path("pipe").metadata().unwrap().file_type().is_fifo());
}

#[test]
fn what_is_exported_makes_another_server_the_same() {
    let source = Lab::new("demo");
    // What WSUS would not let anybody approve again.
    source.sql(
        "DELETE FROM tbDeployment WHERE ActionID IN (0, 1, 3) AND RevisionID IN (SELECT RevisionID FROM tbProperty \
             WHERE PublicationState = 1 OR (EulaID IS NOT NULL AND EulaExplicitlyAccepted = 0));
         UPDATE tbConfigurationB SET LogLevel = 4",
    );
    let text = round_trip(&source, &[]);
    let target = Lab::new("demo");
    target.sql(
        "DELETE FROM tbDeployment WHERE TargetGroupTypeID = 0 AND ActionID IN (0, 1, 3); UPDATE tbUpdate SET IsHidden = 0;
         DELETE FROM tbTargetInTargetGroup WHERE IsExplicitMember = 1 AND TargetGroupID IN (SELECT TargetGroupID FROM tbTargetGroup WHERE IsBuiltin = 0)",
    );
    fs::write(target.path("lab.yaml"), &text).unwrap();
    let apply =
        || target.run(&["apply", "-f", "lab.yaml", "--yes", "--allow", "high-risk", "--allow", "past-deadlines"]);
    apply().expect_status(0);
    apply().expect_status(0).expect_out("No differences");
    assert_eq!(spec(&export(&target, &[]).out), spec(&text));
}

#[test]
fn groups_go_to_a_new_server() {
    let source = Lab::new("demo");
    let text = export(&source, &["--kinds", "groups", "--without-identity"]);
    let target = Lab::new("empty");
    fs::write(target.path("lab.yaml"), &text.out).unwrap();
    target.apply_twice();
    let again = export(&target, &["--kinds", "groups", "--without-identity"]);
    assert_eq!(spec(&again.out), spec(&text.out));
}

#[test]
fn the_page_has_every_option_and_kind() {
    let page = fs::read_to_string("docs/reference/export.md").unwrap();
    let help = Lab::empty().run(&["export", "--help"]);
    for word in help.out.split_whitespace().filter(|word| word.starts_with("--")) {
        let option = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let everywhere = ["--color", "--verbose", "--quiet", "--log-format", "--help"];
        assert!(
            everywhere.contains(&option) || page.contains(option),
            "docs/reference/export.md does not know {option}"
        );
    }
    for kind in ["settings", "groups", "memberships", "approvals", "declines", "rules", "downstreamServers"] {
        assert!(page.contains(&format!("| `{kind}` |")), "docs/reference/export.md does not know {kind}");
    }
}
