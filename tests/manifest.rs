//! Manifests in files: every valid one is read without an error, every invalid one with exactly the problems it names.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use wsusctl::diagnostic::{Diagnostics, Severity, Sources};
use wsusctl::manifest::{ReadLimits, read};
use wsusctl::model::desired::Desired;

fn read_file(path: &Path) -> (Vec<Desired>, Diagnostics) {
    let name = path.file_name().unwrap().to_str().unwrap();
    read(name, &fs::read(path).unwrap(), &mut Sources::default(), &ReadLimits::default())
}

fn files(directory: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn valid_manifests_are_read() {
    for path in files("tests/manifests/valid") {
        let (servers, problems) = read_file(&path);
        assert_eq!(problems, Diagnostics::default(), "{}", path.display());
        assert!(!servers.is_empty(), "{}", path.display());
    }
}

/// The first line says what is expected: `# code:line code:line ...`, in the order reported.
#[test]
fn invalid_manifests_have_the_problems_they_name() {
    for path in files("tests/manifests/invalid") {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let expected = text.lines().next().unwrap().trim_start_matches(['\u{feff}', '#', ' ']).trim_end().to_owned();
        let (_, problems) = read_file(&path);
        let found: Vec<String> = problems
            .0
            .iter()
            .map(|problem| {
                let line = problem.primary.as_ref().map_or(0, |label| label.origin.line);
                format!("{}:{line}", problem.code)
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{}", path.display());
        assert!(problems.0.iter().any(|problem| problem.severity == Severity::Error), "{}", path.display());
    }
}
