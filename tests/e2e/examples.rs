//! The examples do what the comments at their top say: each is validated, planned and applied by the commands that stand
//! there, and then nothing is left to do.

use std::fs;

use crate::lab::Lab;

/// Every example.
fn names() -> Vec<String> {
    let entries = fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    names
}

/// The arguments of the command with this verb that stands in an example's comments, as a shell would split them.
fn command(text: &str, verb: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("#     wsusctl ").filter(|rest| rest.starts_with(verb)));
    let line = line.unwrap_or_else(|| panic!("no `{verb}` in the comments:\n{text}"));
    line.split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect()
}

#[test]
fn examples_name_their_schema() {
    for name in names() {
        let text = fs::read_to_string(format!("examples/{name}")).unwrap();
        let first = text.lines().next().unwrap();
        let schema =
            first.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| panic!("{name}: {first}"));
        assert!(fs::exists(format!("examples/{schema}")).unwrap(), "{name}: {schema}");
    }
}

#[test]
fn examples_are_planned_and_applied_and_then_nothing_is_left_to_do() {
    let names = names();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let text = fs::read_to_string(format!("examples/{name}")).unwrap();
        let diff = command(&text, "diff");
        let server = diff.iter().find_map(|word| word.strip_prefix("sandbox:")).unwrap();
        let (file, seed) = server.split_once("?seed=").unwrap();
        let lab = Lab::new(seed);
        fs::rename(lab.path("lab.db"), lab.path(file)).unwrap();
        fs::write(lab.path(&name), &text).unwrap();
        judge(&lab, &name, file, &diff, &command(&text, "apply"));
    }
}

#[track_caller]
fn judge(lab: &Lab, name: &str, file: &str, diff: &[String], apply: &[String]) {
    let diff: Vec<&str> = diff.iter().map(String::as_str).collect();
    let apply: Vec<&str> = apply.iter().map(String::as_str).chain(["--yes"]).collect();
    let database = rusqlite::Connection::open(lab.path(file)).unwrap();
    let writes = || -> i64 { database.query_row("SELECT COUNT(*) FROM sandbox_writes", [], |row| row.get(0)).unwrap() };
    lab.run(&["validate", "-f", name]).expect_status(0);
    lab.run(&[&diff[..], &["--output", "json"]].concat()).expect_status(2);
    assert_eq!(writes(), 0, "{name}: diff wrote");
    lab.run(&apply).expect_status(0).expect_out("nothing is left to do");
    let written = writes();
    assert!(written > 0, "{name}");
    lab.run(&apply).expect_status(0).expect_out("No differences");
    lab.run(&diff).expect_status(0).expect_out("No differences");
    assert_eq!(writes(), written, "{name}: the second run wrote");
}

/// The README and the comments name what there is.
#[test]
fn the_readme_mentions_every_example() {
    let readme = fs::read_to_string("README.md").unwrap();
    for name in names() {
        assert!(readme.contains(&format!("(examples/{name})")), "the README does not mention examples/{name}");
    }
}
