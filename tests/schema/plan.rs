//! The schema of the JSON plan has the fields that are written, each of them and no others. The tests of the program hold
//! every document that they see to it, too (`tests/e2e/lab.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::validator::Validator;

/// The example of the reference page, which another test holds to be what is rendered.
pub fn example() -> Value {
    let page = fs::read_to_string("docs/reference/json-plan.md").unwrap().replace("\r\n", "\n");
    let example = page.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    serde_json::from_str(example).unwrap()
}

/// What `validate` says about a manifest with errors.
pub fn errors() -> Value {
    let ran = Command::new(env!("CARGO_BIN_EXE_wsusctl"))
        .args(["validate", "-f", "tests/manifests/invalid/many.yaml", "--output", "json"])
        .output()
        .unwrap();
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn the_example_and_errors_fit() {
    let validator = Validator::strict(&wsusctl::report::json::schema().render());
    for document in [example(), errors()] {
        assert_eq!(validator.problems(&document), Vec::<String>::new());
    }
}

#[test]
fn every_field_of_the_schema_is_written() {
    let schema: Value = serde_json::from_str(&wsusctl::report::json::schema().render()).unwrap();
    let mut known = BTreeSet::new();
    properties(&schema, &mut known);
    let mut written = BTreeSet::new();
    keys(&example(), &mut written);
    keys(&errors(), &mut written);
    // Tests of the program give `--now` and `--against`, and declare downstream servers.
    written.extend(["now", "against"].map(str::to_owned));
    let server =
        ["name", "serverId", "mode", "parent", "synchronizedAt", "rolledUpAt", "version", "below", "computers"];
    written.extend(["downstreamServers", "live"].into_iter().chain(server).map(str::to_owned));
    let never: Vec<_> = known.difference(&written).collect();
    assert!(never.is_empty(), "{never:?}");
}

#[test]
fn a_later_minor_version_fits_and_another_major_does_not() {
    let validator = Validator::new(&wsusctl::report::json::schema().render());
    let mut document = example();
    document["formatVersion"] = "1.9".into();
    document["servers"][0]["changes"][0]["kind"] = "planet".into();
    document["servers"][0]["moons"] = 2.into();
    assert_eq!(validator.problems(&document), Vec::<String>::new());
    document["formatVersion"] = "2.0".into();
    assert_eq!(validator.problems(&document).len(), 1);
}

fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for (keyword, value) in map {
                if keyword == "properties" {
                    found.extend(value.as_object().unwrap().keys().cloned());
                }
                properties(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.keys().cloned());
            map.values().for_each(|value| keys(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}
