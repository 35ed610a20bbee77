//! Who may depend on whom. Reads `src/**` as text and holds the table of docs/ARCHITECTURE.md.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module, what of the crate it may use, and the words its code must not contain.
struct Rule {
    module: &'static str,
    may_use: &'static [&'static str],
    forbidden: &'static [&'static str],
}

const CLOCK_AND_IO: &[&str] =
    &["async fn", "tokio", "SystemTime", "Instant", "std::fs", "std::net", "std::env", "tracing", "new_v4"];

const RULES: &[Rule] = &[
    Rule {
        module: "model",
        may_use: &[],
        forbidden: &[
            "async fn",
            "tokio",
            "SystemTime",
            "Instant",
            "std::fs",
            "std::net",
            "std::env",
            "tracing",
            "serde",
            "new_v4",
        ],
    },
    Rule {
        module: "diagnostic",
        may_use: &["model"],
        forbidden: &["async fn", "tokio", "SystemTime", "std::fs", "std::net", "std::env", "tracing", "serde"],
    },
    Rule {
        module: "encoding",
        may_use: &[],
        forbidden: &["async fn", "tokio", "SystemTime", "std::fs", "std::net", "std::env", "tracing", "serde"],
    },
    Rule {
        module: "schema",
        may_use: &[],
        forbidden: &["async fn", "tokio", "SystemTime", "std::fs", "std::net", "std::env", "tracing"],
    },
    Rule {
        module: "manifest",
        may_use: &["model", "diagnostic", "encoding", "schema"],
        forbidden: &["async fn", "tokio", "tiberius", "SystemTime", "std::net"],
    },
    Rule {
        module: "probe",
        may_use: &["schema"],
        forbidden: &["async fn", "tokio", "tiberius", "SystemTime", "Instant", "std::fs", "std::net", "std::env"],
    },
    Rule { module: "susdb", may_use: &["model", "diagnostic", "probe"], forbidden: &[] },
    Rule { module: "resolve", may_use: &["model", "diagnostic"], forbidden: CLOCK_AND_IO },
    Rule { module: "plan", may_use: &["model"], forbidden: CLOCK_AND_IO },
    Rule { module: "apply", may_use: &["model", "plan", "susdb"], forbidden: &["std::fs", "std::env"] },
    Rule {
        module: "report",
        may_use: &["model", "plan", "apply", "diagnostic", "schema"],
        forbidden: &["async fn", "tokio", "SystemTime", "std::fs", "std::net", "std::env"],
    },
    Rule {
        module: "saved",
        may_use: &["model", "encoding"],
        forbidden: &["async fn", "tokio", "tiberius", "SystemTime", "Instant", "std::fs", "std::net", "std::env"],
    },
    Rule { module: "sandbox", may_use: &[], forbidden: &[] },
    Rule { module: "failure", may_use: &["report"], forbidden: &["async fn", "tokio", "std::fs", "std::env"] },
    Rule {
        module: "cli",
        may_use: &[
            "model",
            "diagnostic",
            "encoding",
            "manifest",
            "susdb",
            "resolve",
            "plan",
            "probe",
            "apply",
            "report",
            "saved",
            "schema",
            "sandbox",
            "failure",
        ],
        forbidden: &[],
    },
];

/// Words that only one module may say.
const ONLY: &[(&str, &[&str])] = &[
    ("tiberius", &["susdb"]),
    ("rusqlite", &["sandbox"]),
    ("sqlparser", &["sandbox"]),
    ("annotate_snippets", &["report"]),
    ("println!", &[]),
    ("eprintln!", &[]),
    ("process::exit", &[]),
];

#[test]
fn modules_use_only_what_they_may() {
    let mut problems = Vec::new();
    for rule in RULES {
        for file in files_of(rule.module) {
            let code = code_of(&file);
            for used in crate_edges(&code) {
                if used != rule.module && !rule.may_use.contains(&used.as_str()) {
                    problems.push(format!("{} uses crate::{used}", file.display()));
                }
            }
            for word in rule.forbidden {
                if code.contains(word) {
                    problems.push(format!("{} says {word}", file.display()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn words_stay_where_they_belong() {
    let mut problems = Vec::new();
    for file in rust_files(Path::new("src")) {
        let code = code_of(&file);
        for (word, modules) in ONLY {
            if code.contains(word) && !modules.iter().any(|module| belongs_to(&file, module)) {
                problems.push(format!("{} says {word}", file.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The sandbox is an independent double: not even a type of the rest may slip in by another path than `crate::`.
#[test]
fn the_sandbox_stands_alone() {
    for file in files_of("sandbox") {
        assert!(!code_of(&file).contains("wsusctl::"), "{} uses the library", file.display());
    }
}

#[test]
fn every_module_has_a_rule() {
    let ruled: BTreeSet<&str> = RULES.iter().map(|rule| rule.module).collect();
    let library = fs::read_to_string("src/lib.rs").unwrap();
    for line in library.lines() {
        if let Some(module) = line.trim().strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            assert!(ruled.contains(module), "src/lib.rs has a module without a rule here: {module}");
        }
    }
}

fn files_of(module: &str) -> Vec<PathBuf> {
    rust_files(Path::new("src")).into_iter().filter(|file| belongs_to(file, module)).collect()
}

fn belongs_to(file: &Path, module: &str) -> bool {
    let inside = file.strip_prefix("src").unwrap();
    inside.starts_with(module) || inside == Path::new(&format!("{module}.rs"))
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The file without comments and without its unit tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The first path segment behind every `crate::`.
fn crate_edges(code: &str) -> BTreeSet<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}
