//! The README is true: its commands do what it says, and its manifest is one.

use std::fs;

use crate::lab::{Lab, run_in};

/// The arguments of the README's main command, as a shell would split them.
fn main_command() -> Vec<String> {
    let readme = fs::read_to_string("README.md").unwrap();
    let line = readme.lines().find_map(|line| line.strip_prefix("$ cargo run -- apply")).unwrap();
    format!("apply{line}").split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect()
}

#[test]
fn the_main_command_applies_once_and_then_finds_nothing_to_do() {
    let lab = Lab::empty();
    let examples = lab.path("examples");
    fs::create_dir(&examples).unwrap();
    fs::copy("examples/contoso-hq.yaml", examples.join("contoso-hq.yaml")).unwrap();
    let command = main_command();
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    let first = run_in(&lab.path("."), &arguments);
    first.expect_status(0).expect_out("+ create").expect_out("~ modify").expect_out("- delete");
    let database = rusqlite::Connection::open(lab.path("contoso.db")).unwrap();
    let writes = || -> i64 { database.query_row("SELECT COUNT(*) FROM sandbox_writes", [], |row| row.get(0)).unwrap() };
    let written = writes();
    assert!(written > 0);
    run_in(&lab.path("."), &arguments).expect_status(0).expect_out("No differences");
    assert_eq!(writes(), written);
}

#[test]
fn the_manifest_of_the_readme_is_valid() {
    let readme = fs::read_to_string("README.md").unwrap();
    let manifest = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let lab = Lab::empty();
    fs::write(lab.path("readme.yaml"), manifest).unwrap();
    lab.run(&["validate", "-f", "readme.yaml"]).expect_status(0);
}

#[test]
fn the_manifest_of_the_guide_is_valid() {
    let page = fs::read_to_string("docs/manifest.md").unwrap();
    let manifest = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let lab = Lab::empty();
    fs::write(lab.path("page.yaml"), manifest).unwrap();
    lab.run(&["validate", "-f", "page.yaml"]).expect_status(0);
}

#[test]
fn the_exit_status_table_is_the_help_texts() {
    let readme = fs::read_to_string("README.md").unwrap();
    let help = Lab::empty().run(&["--help"]);
    for line in readme.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()) {
        let code = line.split('|').nth(1).unwrap().trim();
        let listed = help.out.lines().any(|line| line.trim_start().starts_with(&format!("{code} ")));
        assert!(listed, "the help text does not know exit status {code}:\n{}", help.out);
    }
}
