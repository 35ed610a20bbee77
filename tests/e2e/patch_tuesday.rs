//! A Patch Tuesday: rings by selector, entries by KB, a licence, an uninstallation and declines; then the next
//! synchronisation, and time that passes.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::lab::{Lab, Ran};

/// The morning after the demo's last synchronisation.
const JUNE: &str = "2026-06-10T06:00:00Z";
/// The morning after the next Patch Tuesday.
const JULY: &str = "2026-07-15T06:00:00Z";

/// The example on the demo server.
fn example() -> Lab {
    let lab = Lab::new("demo");
    fs::copy("examples/patch-tuesday.yaml", lab.path("lab.yaml")).unwrap();
    lab
}

fn run(lab: &Lab, verb: &[&str], now: &str) -> Ran {
    let mut arguments = verb.to_vec();
    arguments.extend(["-f", "lab.yaml", "--server", "sandbox:lab.db", "--now", now]);
    lab.run(&arguments)
}

/// The plan's only server.
fn plan(lab: &Lab, now: &str) -> Value {
    let ran = run(lab, &["diff", "--output", "json"], now);
    let mut document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    document["servers"][0].take()
}

/// Addresses of the changes, each with what is to happen.
fn changes(plan: &Value) -> BTreeSet<String> {
    let text = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
    let changes = plan["changes"].as_array().unwrap();
    changes.iter().map(|change| format!("{} {}", text(change, "action"), text(change, "address"))).collect()
}

/// Applies twice; the second run writes nothing.
#[track_caller]
fn apply_twice(lab: &Lab, now: &str) {
    run(lab, &["apply", "--yes"], now).expect_status(0);
    let writes = lab.writes();
    run(lab, &["apply", "--yes"], now).expect_status(0).expect_out("No differences");
    assert_eq!(lab.writes(), writes);
}

/// One update of a synchronisation.
struct Arrival {
    title: String,
    product: &'static str,
    classification: &'static str,
    severity: &'static str,
    expired: bool,
}

/// Forty updates of July, of which fourteen are what the selector for Windows 11 asks for.
fn arrivals() -> Vec<Arrival> {
    let title = |number: usize, what: &str| format!("2026-07 {what} (KB51{number:05})");
    (0..40)
        .map(|number| {
            let (what, product, classification, severity) = match number {
                0..14 => (
                    "Security Update for Windows 11 for x64-based Systems",
                    "Windows 11",
                    "Security Updates",
                    "Important",
                ),
                14..20 => (
                    "Security Update for Windows 11 for arm64-based Systems",
                    "Windows 11",
                    "Security Updates",
                    "Important",
                ),
                20..28 => ("Update for Windows 11 for x64-based Systems", "Windows 11", "Updates", "Unspecified"),
                28..34 => (
                    "Security Update for x64-based Systems",
                    "Windows 10, version 1903 and later",
                    "Security Updates",
                    "Critical",
                ),
                34..37 => {
                    ("Security Update for Windows Server 2022", "Windows Server 2022", "Security Updates", "Moderate")
                }
                // Withdrawn on the day they came.
                _ => (
                    "Security Update for Windows 11 for x64-based Systems",
                    "Windows 11",
                    "Security Updates",
                    "Critical",
                ),
            };
            let title = title(number, what);
            Arrival { title, product, classification, severity, expired: number >= 37 }
        })
        .collect()
}

/// The id of the update of a synchronisation.
fn id(number: usize) -> String {
    format!("0a1b2c3d-0000-4000-8000-{number:012}")
}

/// What the server's next synchronisation writes, in the evening of the second Tuesday of July.
fn synchronise(lab: &Lab) {
    let mut script = String::from("BEGIN;");
    for (number, arrival) in arrivals().iter().enumerate() {
        let Arrival { title, product, classification, severity, expired } = arrival;
        let (key, id) = (900_000 + number, id(number));
        let category = |title: &str| {
            format!(
                "INSERT INTO tbRevisionInCategory (RevisionID, CategoryID)
                 SELECT {key}, CategoryID FROM tbPrecomputedCategoryLocalizedProperty
                 WHERE Title = '{title}' AND ShortLanguage = 'en' LIMIT 1;"
            )
        };
        script.push_str(&format!(
            "INSERT INTO tbUpdate (LocalUpdateID, UpdateID, UpdateTypeID, ImportedTime)
                 SELECT {key}, '{id}', UpdateTypeID, '2026-07-14 19:00:00.000' FROM tbUpdateType WHERE Name = 'Software';
             INSERT INTO tbRevision (RevisionID, LocalUpdateID, RevisionNumber, State) VALUES ({key}, {key}, 200, 5);
             INSERT INTO tbProperty (RevisionID, PublicationState, CreationDate, ReceivedFromCreatorService,
                 ExplicitlyDeployable, CanInstall, CanUninstall, DefaultPropertiesLanguageID, MsrcSeverity)
                 VALUES ({key}, {expired}, '2026-07-14 17:00:00.000', '2026-07-14 19:00:00.000', 1, 1, 1, 9, '{severity}');
             INSERT INTO tbLocalizedProperty (LocalizedPropertyID, Title) VALUES ({key}, '{title}');
             INSERT INTO tbLocalizedPropertyForRevision (RevisionID, LocalizedPropertyID, LanguageID) VALUES ({key}, {key}, 9);
             INSERT INTO tbKBArticleForRevision (RevisionID, KBArticleID) VALUES ({key}, '51{number:05}');
             {}{}",
            category(product),
            category(classification)
        ));
    }
    script.push_str("COMMIT;");
    lab.sql(&script);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbRevisionInCategory WHERE RevisionID >= 900000"), 80);
}

/// How an article is approved: group, action, and whether it is forced.
fn approvals(lab: &Lab, kb: &str) -> Vec<String> {
    lab.texts(&format!(
        "SELECT DISTINCT g.Name || ' ' || d.ActionID || iif(d.IsAssigned, '', ' optional') || iif(d.Deadline IS NULL, '', ' by')
         FROM tbDeployment d JOIN tbTargetGroup g ON g.TargetGroupID = d.TargetGroupID
         JOIN tbKBArticleForRevision k ON k.RevisionID = d.RevisionID
         WHERE k.KBArticleID = '{kb}' AND d.ActionID IN (0, 1, 3) ORDER BY 1"
    ))
}

#[test]
fn a_patch_tuesday_and_the_next() {
    let lab = example();
    lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
    run(&lab, &["diff"], JUNE).expect_status(2);
    assert_eq!(lab.writes(), 0);
    let first = plan(&lab, JUNE);
    assert_eq!(first["blockers"].as_array().unwrap().len(), 0, "{first:#}");
    assert_eq!(first["digest"], plan(&lab, JUNE)["digest"]);
    let declines = changes(&first).iter().filter(|change| change.starts_with("create decline[")).count();
    assert!(declines > 1, "one by its article, the others by the selector: {first:#}");
    apply_twice(&lab, JUNE);
    assert_eq!(approvals(&lab, "5048239"), ["Ring 0 - IT 0"]);
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbEulaAcceptance"), 2);
    assert_eq!(approvals(&lab, "5053656"), ["Ring 0 - IT 1 by", "Ring 1 - Pilot 1 by"]);
    assert_eq!(approvals(&lab, "5055555"), Vec::<String>::new());
    assert_eq!(
        lab.number(
            "SELECT IsHidden FROM tbUpdate JOIN tbRevision USING (LocalUpdateID)
         JOIN tbKBArticleForRevision USING (RevisionID) WHERE KBArticleID = '5055555'"
        ),
        1
    );
    // Of the four updates of this article two are for Windows 11 on x64, one for Windows Server 2025.
    assert_eq!(
        approvals(&lab, "5060842"),
        [
            "Domain Controllers 3",
            "Kiosks 3",
            "Ring 0 - IT 0",
            "Ring 1 - Pilot 0 by",
            "Ring 2 - Broad 0 by",
            "Servers 0 optional"
        ]
    );
    // What no selector means is what it was: an approval of another group, an expired update's.
    assert_eq!(approvals(&lab, "890830"), ["All Computers 0"]);
    assert_eq!(approvals(&lab, "5034441"), ["Ring 2 - Broad 0"]);

    // Five weeks later June has fallen out of the window and stays. Only what may be declined has become more.
    let idle = changes(&plan(&lab, JULY));
    assert!(idle.iter().all(|change| change.starts_with("create decline[")), "{idle:#?}");
    apply_twice(&lab, JULY);
    synchronise(&lab);
    let next = plan(&lab, JULY);
    let mut expected = BTreeSet::new();
    for number in 0..14 {
        for group in ["Ring 0 - IT", "Ring 1 - Pilot", "Ring 2 - Broad"] {
            expected.insert(format!("create approval[\"{}\"][\"{group}\"]", id(number)));
        }
    }
    assert_eq!(changes(&next), expected, "exactly what matches");
    apply_twice(&lab, JULY);
    assert_eq!(approvals(&lab, "5100013"), ["Ring 0 - IT 0", "Ring 1 - Pilot 0 by", "Ring 2 - Broad 0 by"]);
    assert_eq!(approvals(&lab, "5100014"), Vec::<String>::new());
    run(&lab, &["diff"], JULY).expect_status(0);
}

#[test]
fn time_passes_and_nothing_is_unapproved() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  approvals:
    - select: {classifications: [Security Updates], products: [Windows 11], arrivedWithin: 30d}
      groups: {Ring 0 - IT: install, Ring 1 - Pilot: {action: install, deadline: {days: 7, at: '18:00Z'}}}
  management: {prune: {approvals: always}, limits: {deletePercent: 100, modifyPercent: 100}}
",
    );
    apply_twice(&lab, JUNE);
    let approved = lab.texts("SELECT DeploymentGuid FROM tbDeployment ORDER BY 1");
    assert!(approved.len() >= 8);
    let writes = lab.writes();
    let lapsed = |now: &str| {
        run(&lab, &["diff"], now).expect_status(0);
        run(&lab, &["apply", "--yes"], now).expect_status(0).expect_out("No differences");
        plan(&lab, now)["summary"]["lapsed"].as_u64().unwrap()
    };
    // Whatever prune says: what leaves a window was approved on purpose.
    let (soon, late, later) =
        (lapsed("2026-06-20T06:00:00Z"), lapsed("2026-08-01T06:00:00Z"), lapsed("2028-01-01T00:00:00Z"));
    assert!(soon < late, "{soon} {late}");
    assert_eq!(late, later);
    assert_eq!(lab.writes(), writes);
    assert_eq!(lab.texts("SELECT DeploymentGuid FROM tbDeployment ORDER BY 1"), approved);
}

/// Expects one error of this class with its place, at the line that ends in `# here`, and at every one that ends in
/// `# and here`; and no write.
#[track_caller]
fn refused(lab: &Lab, spec: &str, code: &str, says: &[&str]) {
    lab.manifest(spec);
    let text = fs::read_to_string(lab.path("lab.yaml")).unwrap();
    let line = |mark: &str| text.lines().position(|line| line.ends_with(mark)).map(|line| line + 1);
    let shown = lab.refused(3, 3);
    shown.expect_err(&format!("error[{code}]: ")).expect_err(&format!("lab.yaml:{}:", line("# here").unwrap()));
    if let Some(other) = line("# and here") {
        shown.expect_err(&format!("{other} |"));
    }
    for text in says {
        shown.expect_err(text);
    }
    assert_eq!(shown.out, "", "an error leaves no report");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn what_comes_into_a_window_while_apply_runs_is_for_the_next_run() {
    let lab = Lab::new("demo");
    let declinable = "FROM tbUpdate JOIN tbRevision USING (LocalUpdateID) JOIN tbProperty USING (RevisionID)
        WHERE IsHidden = 0 AND ExplicitlyDeployable = 1 AND RevisionID NOT IN (SELECT RevisionID FROM tbDeployment)";
    let ids = lab.texts(&format!("SELECT RevisionID || '' {declinable} ORDER BY RevisionID LIMIT 2"));
    lab.manifest("  declines:\n    - select: {arrivedBefore: 1m}\n  management: {limits: {deletePercent: 100}}\n");
    // One is a day old; the other becomes a minute old when the plan is made and the second look is still to come.
    lab.sql(&format!(
        "UPDATE tbProperty SET ReceivedFromCreatorService = strftime('%Y-%m-%d %H:%M:%f', 'now', '+1 day');
         UPDATE tbProperty SET ReceivedFromCreatorService = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 day')
             WHERE RevisionID = {};
         UPDATE tbProperty SET ReceivedFromCreatorService = strftime('%Y-%m-%d %H:%M:%f', 'now', '-58.5 seconds')
             WHERE RevisionID = {};",
        ids[0], ids[1]
    ));
    let applied = lab.run(&["apply", "-f", "lab.yaml", "--yes", "--server", "sandbox:lab.db?delay=40"]);
    applied.expect_status(0);
}

#[test]
fn what_selectors_cannot_mean() {
    let lab = Lab::new("demo");
    let approvals = |text: &str| format!("  approvals:\n{text}");
    refused(
        &lab,
        &approvals(
            "    - select: {products: [Windows 11], title: '*KB5060842*'}
      groups: {Servers: install} # and here
    - select: {severity: Critical, classifications: [Security Updates]}
      groups: {Servers: {action: install, optional: true}} # here\n",
        ),
        "contradicting-approvals",
        &["`Servers`", "first declared here"],
    );
    refused(
        &lab,
        &approvals("    - select:\n        products: [Windos 11] # here\n      groups: {Servers: install}\n"),
        "unknown-product",
        &["Windos 11", "did you mean", "`Windows 11`"],
    );
    refused(
        &lab,
        &approvals(
            "    - select:\n        classifications: [Security Update] # here\n      groups: {Servers: install}\n",
        ),
        "unknown-classification",
        &["`Security Updates`"],
    );
    refused(
        &lab,
        &approvals(
            "    - select:\n        products: [Windows Admin Center] # here\n      groups: {Servers: install}\n",
        ),
        "ambiguous-category",
        &["{id: "],
    );
    refused(
        &lab,
        &approvals("    - update: {kb: KB5060842, expect: 3} # here\n      groups: {Servers: install}\n"),
        "unexpected-count",
        &["4", "3"],
    );
    refused(
        &lab,
        &approvals(
            "    - update: KB5060842\n      groups:\n        Servers: {action: install, deadline: '2031-01-31T18:00:00'} # here\n",
        ),
        "bad-deadline",
        &["time zone"],
    );
    refused(
        &lab,
        &approvals(
            "    - select: {products: [Windows 11]}\n      groups:\n        Servers: {action: install, deadline: '2031-01-31T18:00:00Z'} # here\n",
        ),
        "absolute-deadline",
        &["{days"],
    );
}

#[test]
fn conditions_that_do_not_go_together() {
    let lab = Lab::new("demo");
    for (conditions, code) in [
        ("{}", "empty-select"),
        ("{title: '*', expired: true}", "declines-only"),
        ("{title: '*', supersedingApproved: true}", "declines-only"),
        ("{title: '*', arrivedWithin: 7d, arrivedBefore: 30d}", "empty-period"),
        ("{products: []}", "empty-list"),
        ("{titel: '*'}", "unknown-key"),
    ] {
        refused(
            &lab,
            &format!("  approvals:\n    - select: {conditions} # here\n      groups: {{Servers: install}}\n"),
            code,
            &[],
        );
    }
    refused(
        &lab,
        "  approvals:\n    - update: KB5060842 # and here\n      select: {title: '*'} # here\n      groups: {Servers: install}\n",
        "update-and-select",
        &[],
    );
}

#[test]
fn a_selector_that_matches_nothing_is_a_warning() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  approvals:
    - select: {products: [Windows 11], title: '*nothing is called so*'}
      groups: {Servers: install}
  declines:
    - select: {title: '*nothing is called so*'}
",
    );
    let warnings = lab.plan()["servers"][0]["warnings"].clone();
    let lines: Vec<&Value> = warnings.as_array().unwrap().iter().map(|warning| &warning["origin"]["line"]).collect();
    assert_eq!(lines, [7, 10], "{warnings:#}");
    assert_eq!(warnings[0]["code"], "matchesNothing");
    let shown = lab.diff();
    shown.expect_status(0).expect_err("no update meets every condition").expect_err("lab.yaml:7");
    lab.apply_twice();
    assert_eq!(lab.writes(), 0);
}
