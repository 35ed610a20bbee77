//! What a server looks like, as a file that can be given to others, and a sandbox that is made of it.

use std::fs;

use serde_json::Value;

use crate::lab::{Lab, Ran};
use crate::validator::Validator;

fn doctor(lab: &Lab, options: &str, file: &str) -> Ran {
    lab.run(&["doctor", "--server", &format!("sandbox:lab.db?{options}"), "--contract", file, "--force"])
}

/// The contract of the lab's server, opened with these options.
#[track_caller]
fn contract(lab: &Lab, options: &str) -> Value {
    let writes = lab.writes();
    let ran = doctor(lab, options, "contract.json");
    assert!(ran.err.contains("written: contract.json"), "{ran:?}");
    assert_eq!(lab.writes(), writes, "doctor wrote");
    let text = fs::read_to_string(lab.path("contract.json")).unwrap();
    let document = serde_json::from_str(&text).unwrap();
    let validator = Validator::strict(&wsusctl::probe::schema().render());
    assert_eq!(validator.problems(&document), Vec::<String>::new());
    document
}

#[track_caller]
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list["value"].as_array().unwrap().iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list:#}"))
}

/// Every key of the document but those that are names of the server.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.push(key.clone());
                if key != "roles" {
                    keys(value, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[test]
fn the_contract_says_what_there_is() {
    let lab = Lab::new("demo");
    let found = contract(&lab, "");
    let deploy = named(&found["procedures"], "spDeployUpdate");
    assert_eq!(deploy["parameters"][0]["name"], "@updateID");
    assert_eq!(deploy["parameters"][0]["type"], "uniqueidentifier");
    let save = named(&found["procedures"], "spSetConfiguration");
    assert_eq!(save["lists"][0]["content"], "elements");
    let row = named(&found["procedures"], "spGetAllLanguagesWithEnabledState");
    assert_eq!(row["row"]["value"][0]["type"], "nvarchar", "{row}");
    let keys_of_programs = named(&found["procedures"], "spGetProgramKeys");
    assert_eq!(keys_of_programs["row"]["value"][0]["type"], Value::Null, "there is no row to tell");
    let update = named(&found["objects"], "dbo.tbUpdate");
    assert_eq!(
        (&update["columns"][1]["type"], &update["columns"][1]["nullable"]),
        (&"uniqueidentifier".into(), &false.into())
    );
    assert_eq!(found["counts"]["computers"]["value"], lab.number("SELECT COUNT(*) FROM tbComputerTarget"));
    assert_eq!(found["counts"]["declined"]["value"], lab.number("SELECT COUNT(*) FROM tbUpdate WHERE IsHidden"));
    let tables = found["reference"].as_array().unwrap();
    assert!(tables.iter().any(|table| table["table"] == "dbo.tbUpdateType" && !table["rows"]["value"].as_array().unwrap().is_empty()));
    let page = fs::read_to_string("docs/reference/contract.md").unwrap();
    let mut all = Vec::new();
    keys(&found, &mut all);
    all.extend(found["counts"].as_object().unwrap().keys().cloned());
    let missing: Vec<&String> = all.iter().filter(|key| !page.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/reference/contract.md lacks {missing:?}");
}

/// The lab's server is full of names, and none of them is in its contract; the text of no definition either.
#[test]
fn the_contract_names_nobody_and_copies_nothing() {
    let lab = Lab::new("demo");
    contract(&lab, "deny=tbUpdateType&deny=tbRevision");
    let text = fs::read_to_string(lab.path("contract.json")).unwrap().to_lowercase();
    let mut secrets = vec!["contoso".to_owned(), "lab.db".to_owned(), "return 0".to_owned(), "openxml".to_owned()];
    for query in [
        "SELECT FullDomainName FROM tbComputerTarget",
        "SELECT Name FROM tbTargetGroup WHERE IsBuiltin = 0",
        "SELECT ServerID FROM tbConfigurationA",
        "SELECT AdminName FROM tbDeployment",
        "SELECT Name FROM tbAutoDeploymentRule",
        "SELECT AccountName FROM tbDownstreamServerTarget",
        "SELECT LocalContentCacheLocation FROM tbConfigurationB",
        "SELECT name FROM sandbox_logins",
        "SELECT Title FROM tbLocalizedProperty WHERE Title LIKE '%KB%'",
    ] {
        secrets.extend(lab.texts(query).iter().map(|secret| format!("\"{}\"", secret.to_lowercase())));
    }
    assert!(secrets.len() > 100);
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} is in the contract");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let lab = Lab::new("demo");
    let denied = contract(&lab, "deny=tbUpdateType&deny=tbRevision&deny=spConfiguration");
    let table = denied["reference"].as_array().unwrap().iter().find(|one| one["table"] == "dbo.tbUpdateType").unwrap();
    assert_eq!(table["rows"]["unchecked"], "SQL Server's error 229, state 5, in `probe.update-types`");
    assert_eq!(denied["counts"]["revisions"]["unchecked"], "SQL Server's error 229, state 5, in `probe.revisions`");
    let row = named(&denied["procedures"], "spConfiguration");
    assert_eq!((&row["permitted"], &row["present"]), (&false.into(), &true.into()));
    assert!(row["row"]["unchecked"].as_str().unwrap().contains("229"), "{row}");
    let hidden = contract(&lab, "hide-definitions=true");
    let save = named(&hidden["procedures"], "spSetConfiguration");
    assert_eq!((&save["definition"], &save["parameters"][0]["default"]), (&"hidden".into(), &Value::Null));
    assert_eq!(save["lists"][0]["basis"], "assumedHidden");
    let nobody = contract(&lab, "role=webService");
    assert_eq!(nobody["login"]["value"]["seesDefinitions"], false);
    assert_eq!(named(&nobody["procedures"], "spDeclineUpdate")["present"], false);
    assert_eq!(named(&nobody["objects"], "dbo.tbUpdate")["columns"].as_array().unwrap().len(), 0);
}

#[test]
fn the_file_is_written_as_every_other_one() {
    let lab = Lab::new("demo");
    let run = |more: &[&str]| lab.run(&[&["doctor", "--server", "sandbox:lab.db", "--contract"], more].concat());
    fs::write(lab.path("there"), "mine").unwrap();
    run(&["there"]).expect_status(3).expect_err("there is there already").expect_err("with --contract, or replace");
    assert_eq!(fs::read_to_string(lab.path("there")).unwrap(), "mine");
    run(&["there", "--force"]).expect_status(0).expect_out("0 problems");
    run(&["no/there"]).expect_status(1).expect_err("make the directory first: no");
    run(&["."]).expect_status(3).expect_err("not the name of a file");
    run(&["-", "--output", "json"]).expect_status(3).expect_err("two documents");
    let shown = run(&["-"]);
    shown.expect_status(0);
    assert_eq!(shown.out, fs::read_to_string(lab.path("there")).unwrap());
    for name in ["a", "b"] {
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: {name}}}\nconnection: {{database: 'sandbox:{name}.db'}}\nspec: {{}}\n"
        );
        fs::write(lab.path(&format!("{name}.yaml")), text).unwrap();
    }
    lab.run(&["doctor", "-f", "a.yaml", "-f", "b.yaml", "--contract", "c"]).expect_status(3).expect_err("one server");
    let unreachable =
        lab.run_with(&["doctor", "--server", "mssql://sa@127.0.0.1:1/SUSDB", "--contract", "c"], |command| {
            command.env("WSUSCTL_PASSWORD", "Lab-1");
        });
    unreachable.expect_status(1).expect_err("no contract is written");
    assert!(!lab.path("c").exists());
}
