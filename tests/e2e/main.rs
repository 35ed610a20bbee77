//! The built program against a sandbox file. Every test that applies, applies twice.

#![allow(clippy::unwrap_used)]

mod approvals;
mod connection;
mod contract;
mod database_roles;
mod docs;
mod doctor;
mod downstream_servers;
mod examples;
mod export;
mod faults;
mod files;
mod get;
mod guards;
mod hand_edits;
mod identity;
#[cfg(unix)]
mod interrupt;
mod json;
mod lab;
mod liars;
mod lists;
mod lock;
mod manifests;
mod notifications;
mod partial;
mod patch_tuesday;
mod readme;
mod references;
mod refresh;
mod refusals;
mod roles;
mod rules;
mod run_rules;
mod saved;
mod secret_policy;
mod settings;
mod synchronization;
#[cfg(unix)]
mod taken_over;
mod terminal;
mod translated;
mod usage;
#[path = "../schema/validator.rs"]
mod validator;
mod variants;

/// Cargo builds this file alone: a file beside it that no `mod` names would never run.
#[test]
fn no_file_is_forgotten() {
    let main = std::fs::read_to_string("tests/e2e/main.rs").unwrap();
    for entry in std::fs::read_dir("tests/e2e").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap();
        assert!(module == "main" || main.contains(&format!("mod {module};")), "tests/e2e/{name} is never run");
    }
}
