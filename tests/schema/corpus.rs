//! Manifests in files and in the documentation: what the reader takes, the schema takes, and the other way round as far as
//! a schema can say it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::judged;
use crate::validator::Validator;

/// Invalid manifests whose fault no schema can state, and what it is.
const BEYOND_A_SCHEMA: &[(&str, &str)] = &[
    ("comments.yaml", "there is no document"),
    ("groups.yaml", "names that are equal but for their case, built-in groups, ..."),
    ("twice.yaml", "two documents with one name"),
];

/// The files of a directory and below it that end like this.
pub fn files(directory: &str, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(path.to_str().unwrap(), end));
        } else if path.extension().is_some_and(|extension| extension == end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The documents of a YAML text as another reader sees them; none where it is no YAML.
pub fn documents(yaml: &str) -> Option<Vec<Value>> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_multiple_with_options(yaml.trim_start_matches('\u{feff}'), options).ok()
}

/// Every manifest that the repository shows: where it is, and its text.
pub fn manifests() -> BTreeMap<String, String> {
    let whole = files("tests/manifests", "yaml").into_iter().chain(files("examples", "yaml"));
    let mut found: BTreeMap<String, String> = whole
        .filter_map(|path| Some((path.display().to_string(), String::from_utf8(fs::read(&path).unwrap()).ok()?)))
        .collect();
    for path in files("docs", "md").into_iter().chain([PathBuf::from("README.md")]) {
        let page = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        for (number, block) in blocks.enumerate().filter(|(_, block)| block.contains("apiVersion: wsusctl/")) {
            found.insert(format!("{} ({})", path.display(), number + 1), block.to_owned());
        }
    }
    found
}

#[test]
fn the_schema_judges_manifests_as_the_reader_does() {
    let validator = Validator::new(&wsusctl::manifest::schema().render());
    let (mut taken, mut refused) = (0, 0);
    for (name, yaml) in manifests() {
        let reads = !judged(&yaml).has_errors();
        let Some(documents) = documents(&yaml) else {
            assert!(!reads, "{name}: the reader takes what is no YAML");
            continue;
        };
        let problems: Vec<String> = documents.iter().flat_map(|document| validator.problems(document)).collect();
        let file = Path::new(&name).file_name().unwrap().to_str().unwrap();
        let beyond = BEYOND_A_SCHEMA.iter().any(|(known, _)| *known == file);
        if reads {
            assert!(problems.is_empty(), "{name}: {problems:#?}");
            taken += 1;
        } else {
            assert!(problems.is_empty() == beyond, "{name}: {problems:#?}");
            refused += 1;
        }
    }
    assert!(taken >= 15 && refused >= 8, "{taken} manifests taken, {refused} refused");
}
