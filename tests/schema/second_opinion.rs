//! Python's jsonschema on the same schemas and documents: our validator and our schemas could share a mistake.
//!
//! Skipped loudly where `WSUSCTL_TEST_PYTHON` names no Python with jsonschema; `.ci/run` makes one.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::corpus::{documents, manifests};
use crate::plan;
use crate::validator::Validator;

const SCRIPT: &str = r#"
import json, sys
from jsonschema import Draft202012Validator
for line in open(sys.argv[1], encoding="utf-8"):
    case = json.loads(line)
    Draft202012Validator.check_schema(case["schema"])
    judge = Draft202012Validator(case["schema"])
    for document in case["documents"]:
        print("yes" if judge.is_valid(document) else "no")
"#;

#[test]
fn another_validator_says_the_same() {
    let python = std::env::var("WSUSCTL_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import jsonschema"]).output().is_ok_and(|ran| ran.status.success());
    if !has {
        assert!(std::env::var_os("WSUSCTL_TEST_REQUIRE_CLIENTS").is_none(), "{python} has no jsonschema");
        eprintln!("SKIPPED: {python} has no jsonschema (set WSUSCTL_TEST_PYTHON)");
        return;
    }
    let documents: Vec<Value> = manifests().values().filter_map(|yaml| documents(yaml)).flatten().collect();
    let cases = [
        (wsusctl::manifest::schema().render(), documents),
        (
            wsusctl::report::json::schema().render(),
            vec![plan::example(), plan::errors(), json!({"formatVersion": "2.0"})],
        ),
    ];
    let mut expected = Vec::new();
    let mut lines = String::new();
    for (schema, documents) in &cases {
        expected.extend(verdicts(schema, documents));
        let schema: Value = serde_json::from_str(schema).unwrap();
        lines += &format!("{}\n", json!({"schema": schema, "documents": documents}));
    }
    let directory = tempfile::tempdir().unwrap();
    let cases = directory.path().join("cases.jsonl");
    fs::write(&cases, lines).unwrap();
    let ran = Command::new(&python).args(["-c", SCRIPT]).arg(&cases).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said: Vec<String> = String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(said, expected);
}

fn verdicts(schema: &str, documents: &[Value]) -> Vec<String> {
    let validator = Validator::new(schema);
    let verdict = |document| if validator.problems(document).is_empty() { "yes" } else { "no" };
    documents.iter().map(|document| verdict(document).to_owned()).collect()
}
