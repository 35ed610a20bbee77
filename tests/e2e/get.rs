//! `get` lists what the server has, and what it lists can stand in a manifest.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::lab::{Lab, Ran};

const KINDS: [&str; 10] = [
    "groups",
    "computers",
    "updates",
    "products",
    "families",
    "classifications",
    "approvals",
    "declines",
    "rules",
    "downstreamServers",
];

fn get(lab: &Lab, kind: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["get", kind, "--server", "sandbox:lab.db"];
    arguments.extend(more);
    lab.run(&arguments)
}

fn document(lab: &Lab, kind: &str, more: &[&str]) -> Value {
    let ran = get(lab, kind, &[&["-o", "json"], more].concat());
    ran.expect_status(0);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn items(lab: &Lab, kind: &str, more: &[&str]) -> Vec<Value> {
    document(lab, kind, more)["items"].as_array().unwrap().clone()
}

fn texts(items: &[Value], field: &str) -> Vec<String> {
    items.iter().map(|item| item[field].as_str().unwrap_or_else(|| panic!("{item}")).to_owned()).collect()
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

#[test]
fn every_kind_is_listed_in_every_format_and_nothing_is_written() {
    let lab = Lab::new("demo");
    let page = fs::read_to_string("docs/reference/get.md").unwrap();
    let writes = lab.writes();
    for kind in KINDS {
        let document = document(&lab, kind, &[]);
        assert_eq!((&document["formatVersion"], &document["kind"]), (&Value::from("1.0"), &Value::from(kind)));
        assert_eq!(document["next"], Value::Null);
        for field in document.as_object().unwrap().keys() {
            assert!(page.contains(&format!("| `{field}` |")), "docs/reference/get.md does not know {field}");
        }
        let items = document["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{kind}");
        let is_of_kind = |line: &&str| line.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{kind}`")));
        // The last table is that of the fields.
        let fields = page.lines().rev().find(is_of_kind).unwrap();
        for field in items[0].as_object().unwrap().keys() {
            assert!(fields.contains(&format!("`{field}`")), "docs/reference/get.md does not know {field} of {kind}");
        }
        let text = get(&lab, kind, &[]);
        text.expect_status(0);
        assert_eq!(text.out.lines().count(), items.len() + 1, "{}", text.out);
        let yaml = get(&lab, kind, &["-o", "yaml"]);
        yaml.expect_status(0).expect_out(&format!("# {kind} of server "));
        assert!(!yaml.out.chars().any(|c| c.is_control() && c != '\n') && !yaml.out.contains('\u{202e}'), "{kind}");
        assert_eq!(get(&lab, kind, &[]).out, text.out, "two runs differ");
    }
    assert_eq!(lab.writes(), writes);
}

#[test]
fn the_page_has_every_condition() {
    let lab = Lab::new("demo");
    let page = fs::read_to_string("docs/reference/get.md").unwrap();
    for kind in KINDS {
        let refused = get(&lab, kind, &["--where", "nonsense=1"]);
        refused.expect_status(3).expect_err("have no condition `nonsense`");
        let listed = refused.err.split("the conditions are ").nth(1).unwrap();
        for condition in listed.lines().next().unwrap().split(", ") {
            let known = page.contains(&format!("`{condition}`")) || page.contains(&format!("`{condition}="));
            assert!(known, "docs/reference/get.md does not know {condition} of {kind}");
        }
    }
}

#[test]
fn conditions_choose() {
    let lab = Lab::new("demo");
    let count = |kind: &str, conditions: &[&str]| {
        let more: Vec<&str> = conditions.iter().flat_map(|condition| ["--where", *condition]).collect();
        items(&lab, kind, &more).len()
    };
    for (kind, conditions, expected) in [
        ("groups", &["parent=Workstations"][..], 3),
        ("groups", &["builtin=true"], 2),
        ("computers", &["name=PILOT-*"], 9),
        ("computers", &["group=Kiosks"], 5),
        ("computers", &["downstream=true"], 3),
        ("computers", &["ip=192.168.10.1"], 1),
        ("updates", &["kb=KB5060842"], 4),
        ("updates", &["kb=KB5060842", "products=Windows 11"], 3),
        ("updates", &["kb=[KB5060842, KB5060526]", "title=*25H2*"], 1),
        ("updates", &["kb=KB5039299", "declined=true"], 1),
        ("updates", &["kb=KB5060842", "approved=true"], 1),
        ("updates", &["kb=KB5060842", "approved=false"], 3),
        ("updates", &["kb=KB5034441", "expired=true"], 1),
        ("products", &["title=Windows Admin Center"], 2),
        ("classifications", &["title=* Updates"], 4),
        ("approvals", &["group=Kiosks"], 1),
        ("approvals", &["action=uninstall"], 1),
        ("approvals", &["automatic=true"], 5),
        ("approvals", &["kb=KB5044284"], 3),
        ("declines", &["kb=KB5040442"], 1),
        ("rules", &["enabled=false"], 1),
        ("downstreamServers", &["mode=replica"], 1),
    ] {
        assert_eq!(count(kind, conditions), expected, "{kind} {conditions:?}");
    }
    // Ages count from the time that is asked for.
    let recent = |now: &str| items(&lab, "updates", &["--where", "arrivedWithin=7d", "--now", now]).len();
    assert_eq!(
        (recent("2126-01-01T00:00:00Z"), recent("1999-01-01T00:00:00Z")),
        (0, items(&lab, "updates", &[]).len())
    );
    let update = &items(&lab, "updates", &["--where", "kb=KB5060526", "--where", "approved=true"])[0];
    assert_eq!((update["approvals"].as_u64(), update["severity"].as_str().is_some()), (Some(1), true), "{update}");
    assert!(
        items(&lab, "updates", &["--where", "neededBy={atLeast: 1, atMost: 1}"]).iter().all(|one| one["neededBy"] == 1)
    );
    assert!(items(&lab, "updates", &["--where", "superseded=false"]).iter().all(|one| one["superseded"] == false));
    // Names are compared as SQL Server compares them, here as in plans.
    lab.sql("UPDATE tbDeployment SET AdminName = 'wus server ' WHERE AdminName = 'WUS Server'");
    let automatic = items(&lab, "approvals", &["--where", "automatic=true"]);
    assert!(automatic.len() == 5 && automatic.iter().all(|one| one["automatic"] == true), "{automatic:?}");
}

#[test]
fn what_cannot_be_a_condition_is_refused_before_anything_is_read() {
    let lab = Lab::new("demo");
    for (kind, condition, expected) in [
        ("groups", "nmae=x", "did you mean `name`?"),
        ("groups", "x", "is no condition"),
        ("groups", "id=x", "has no id"),
        ("updates", "supersedingApproved=true", "depends on a whole manifest"),
        ("updates", "arrivedWithin=soon", "--where"),
        ("updates", "products=Widnows 11", "Windows 11"),
        ("updates", "products=Windows Admin Center", "Windows Admin Center"),
        ("downstreamServers", "mode=both", "none of replica, autonomous"),
        ("computers", "group=Kioks", "did you mean `Kiosks`?"),
        ("approvals", "group=Rng 2 - Broad", "did you mean `Ring 2 - Broad`?"),
        ("rules", "group=Nobody's", "no group called `Nobody's`"),
    ] {
        get(&lab, kind, &["--where", condition]).expect_status(3).expect_err(expected);
    }
    for kind in ["computers", "approvals", "rules"] {
        // A pattern may match nothing.
        get(&lab, kind, &["--where", "group=Kioks*"]).expect_status(0).expect_err("nothing found");
    }
    get(&lab, "updates", &["--now", "soon"]).expect_status(3).expect_err("--now");
    get(&lab, "update", &[]).expect_status(3).expect_err("updates");
    lab.run(&["get", "groups"]).expect_status(3).expect_err("--server");
    lab.run(&["get", "groups", "--server", "sandbox:missing.db"]).expect_status(1);
    get(&lab, "groups", &["--after", "x"]).expect_status(3).expect_err("names nothing");
    get(&lab, "updates", &["--after", "00000000-0000-0000-0000-000000000001"]).expect_status(3);
    get(&lab, "groups", &["--where", "name=nobody"]).expect_status(0).expect_err("nothing found");
}

#[test]
fn pages_make_up_the_whole() {
    let lab = Lab::new("demo");
    for (kind, key) in [("updates", "id"), ("approvals", "update"), ("computers", "name"), ("groups", "id")] {
        let whole = items(&lab, kind, &[]);
        let mut pages = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..whole.len() {
            let more: Vec<&str> = after.iter().flat_map(|after| ["--after", after.as_str()]).collect();
            let page = document(&lab, kind, &[&["--limit", "23"], &more[..]].concat());
            let items = page["items"].as_array().unwrap().clone();
            assert!(items.len() >= 23 || page["next"].is_null(), "{kind}");
            let last = items.last().map(|item| item[key].clone());
            pages.extend(items);
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(last.unwrap(), next);
            after = Some(next.to_owned());
        }
        assert_eq!(pages, whole, "{kind}");
    }
    get(&lab, "updates", &["--limit", "1"]).expect_err("--after ");
    get(&lab, "updates", &["--limit", "0"]).expect_status(3);
}

#[test]
fn updates_come_newest_first_and_can_be_pasted() {
    let lab = Lab::new("demo");
    let listed = items(&lab, "updates", &[]);
    let arrived = texts(&listed, "arrivedAt");
    assert!(arrived.windows(2).all(|pair| pair[0] >= pair[1]));
    assert_eq!(texts(&listed, "id").into_iter().collect::<BTreeSet<String>>().len(), listed.len());
    let yaml =
        get(&lab, "updates", &["-o", "yaml", "--where", "kb=[KB5060533, KB5050001, KB5050002, KB5050003, KB5050004]"]);
    let spec = format!("  declines:\n{}", indented(&yaml.out, 4));
    lab.manifest(&spec).run(&["validate", "-f", "lab.yaml"]).expect_status(0);
    lab.diff().expect_status(2);
    assert_eq!(lab.plan()["servers"][0]["changes"].as_array().unwrap().len(), yaml.out.matches("- update:").count());
}

#[test]
fn what_is_there_is_no_difference_when_it_is_declared() {
    let lab = Lab::new("demo");
    for kind in ["groups", "approvals", "declines"] {
        let yaml = get(&lab, kind, &["-o", "yaml"]);
        lab.manifest(&indented(&yaml.out, 2));
        lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
        let plan = lab.plan();
        let changes = plan["servers"][0]["changes"].as_array().unwrap_or_else(|| panic!("{kind}: {plan}"));
        // An approval of an older revision is a difference, however it is written.
        let new_revisions = changes.iter().all(|change| change["reason"]["code"] == "newRevision");
        assert!(changes.is_empty() || kind == "approvals" && new_revisions, "{kind}: {changes:#?}");
        assert!(
            plan["servers"][0]["summary"]["managed"].to_string().contains(|c: char| c.is_ascii_digit() && c != '0')
        );
    }
}

#[test]
fn families_say_how_many_products_they_stand_for() {
    let lab = Lab::new("demo");
    let products = items(&lab, "products", &["--where", "family=Windows"]).len();
    let families = items(&lab, "families", &["--where", "title=Windows"]);
    assert_eq!(families.len(), 1, "{families:?}");
    assert_eq!(families[0]["products"].as_u64(), u64::try_from(products).ok());
    let yaml = get(&lab, "families", &["-o", "yaml", "--where", "title=Windows"]);
    lab.manifest(&format!("  synchronization:\n{}", indented(&yaml.out, 4)));
    lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
    lab.apply_twice();
}

#[test]
fn products_and_classifications_can_be_pasted_into_a_selector() {
    let lab = Lab::new("demo");
    let products = get(&lab, "products", &["-o", "yaml"]);
    assert_eq!(products.out.matches("{id: ").count(), 2, "{}", products.out);
    let classifications = get(&lab, "classifications", &["-o", "yaml"]);
    let select = indented(&products.out, 8) + &indented(&classifications.out, 8);
    lab.manifest(&format!("  declines:\n    - select:\n{select}        neededBy: {{atLeast: 1000}}\n"));
    lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
}

#[test]
fn hostile_names_stay_names() {
    let lab = Lab::new("demo");
    let name = "\"}: *x # y\u{202e}\u{1b}[2K'";
    let sql = name.replace('\'', "''");
    lab.sql(&format!("UPDATE tbTargetGroup SET Name = '{sql}' WHERE Name = 'Kiosks'"));
    for kind in ["groups", "approvals", "computers"] {
        for output in ["text", "json", "yaml"] {
            let ran = get(&lab, kind, &["-o", output]);
            ran.expect_status(0).expect_nowhere("\u{1b}").expect_nowhere("\u{202e}");
        }
    }
    assert!(texts(&items(&lab, "groups", &[]), "name").contains(&name.to_owned()));
    let yaml = get(&lab, "groups", &["-o", "yaml"]);
    let plan = lab.plan_of(&indented(&yaml.out, 2));
    assert_eq!(plan["servers"][0]["changes"].as_array().map(Vec::len), Some(0), "{plan}");
}

#[test]
fn a_manifest_may_say_where_the_server_is() {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: Kiosks}]\n");
    lab.run(&["get", "rules", "-f", "lab.yaml"]).expect_status(0).expect_out("Defender definitions");
    lab.manifest("  identity: {serverId: 00000000-0000-0000-0000-000000000001}\n");
    lab.run(&["get", "rules", "-f", "lab.yaml"]).expect_status(4).expect_err("another server");
}

#[test]
fn a_server_that_lacks_what_one_list_needs_can_still_be_planned() {
    let lab = Lab::new("demo");
    lab.sql("ALTER TABLE tbAutoDeploymentRule RENAME COLUMN DateOffset TO Elsewhere");
    get(&lab, "rules", &[]).expect_status(1).expect_err("`dbo.tbAutoDeploymentRule`").expect_err("`DateOffset`");
    get(&lab, "groups", &[]).expect_status(0);
    lab.manifest("  groups: [{name: Kiosks}]\n").diff().expect_status(0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let lab = Lab::new("demo");
    let mut command = lab.command(&["get", "updates", "--server", "sandbox:lab.db", "-o", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 10]).unwrap();
    drop(out);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}
