//! What is generated and committed. `WSUSCTL_UPDATE_DOCS=1 cargo test --test schema committed` writes all of it anew.

use std::fs;
use std::process::Command;

/// Compares a committed file with what it should be, or writes it.
pub fn check(path: &str, expected: &str) {
    if std::env::var_os("WSUSCTL_UPDATE_DOCS").is_some() {
        fs::write(path, expected).unwrap();
        return;
    }
    // Git may have written the file with Windows' line ends.
    let found = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        found == expected,
        "{path} is not what the program says; `WSUSCTL_UPDATE_DOCS=1 cargo test --test schema committed` writes it anew"
    );
}

#[test]
fn the_schema_of_the_manifest_is_the_programs() {
    check("schemas/wsusctl-v1alpha1.schema.json", &wsusctl::manifest::schema().render());
}

#[test]
fn the_program_prints_it() {
    let ran = Command::new(env!("CARGO_BIN_EXE_wsusctl")).arg("schema").output().unwrap();
    assert!(ran.status.success() && ran.stderr.is_empty());
    assert!(String::from_utf8(ran.stdout).unwrap() == wsusctl::manifest::schema().render());
}
