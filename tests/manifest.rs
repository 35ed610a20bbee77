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

#[test]
fn examples_are_read() {
    for path in files("examples").into_iter().filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
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

/// The text of a problem as users see it.
fn shown(yaml: &str) -> String {
    let mut sources = Sources::default();
    let (_, problems) = read("hq.yaml", yaml.as_bytes(), &mut sources, &ReadLimits::default());
    wsusctl::report::diagnostics::render(&problems, &sources, false, 100)
}

const HEAD: &str = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata:\n  name: hq\n";

#[test]
fn a_misspelt_key_is_shown() {
    insta::assert_snapshot!(shown(&format!("{HEAD}spec:\n  aprovals: []\n")), @r#"
    error[unknown-key]: a key that is not known here
     --> hq.yaml:6:3
      |
    6 |   aprovals: []
      |   ^^^^^^^^
      |
      = note: spec has no key `aprovals`
      = help: did you mean `approvals`?
    "#);
}

#[test]
fn a_duplicate_group_is_shown() {
    insta::assert_snapshot!(shown(&format!(
        "{HEAD}spec:\n  groups:\n    - name: Servers\n    - name: Pilot\n      groups:\n        - name: SERVERS\n"
    )), @r#"
    error[duplicate-group]: a computer group is declared twice
      --> hq.yaml:10:17
       |
     7 |     - name: Servers
       |             ------- first here
    ...
    10 |         - name: SERVERS
       |                 ^^^^^^^ again here
       |
       = note: `SERVERS`: names are unique on a server, whatever their case and the group above
       = help: remove one of them, or give it another name
    "#);
}

#[test]
fn a_password_is_not_shown() {
    let connection = "connection:\n  database: mssql://sql01/SUSDB\n  auth: {user: sa, password: hunter2}\n";
    insta::assert_snapshot!(shown(&format!("{HEAD}{connection}spec: {{}}\n")), @r#"
    error[literal-secret]: a password in a manifest
     --> hq.yaml:7:30
      |
    7 |   auth: {user: sa, password: *******}
      |                              ^^^^^^^ not shown
      |
      = note: manifests go into version control; they name the place of a secret, never the secret. This password has been seen, so change it
      = help: write {env: NAME} or {file: PATH}
    "#);
}

#[test]
fn a_deadline_without_its_zone_is_shown() {
    insta::assert_snapshot!(shown(&format!(
        "{HEAD}spec:\n  approvals:\n    - update: KB5060526\n      groups:\n        Servers: {{action: install, deadline: \"2026-12-01 18:00:00\"}}\n"
    )), @r#"
    error[bad-deadline]: not a deadline
     --> hq.yaml:9:46
      |
    9 |         Servers: {action: install, deadline: "2026-12-01 18:00:00"}
      |                                              ^^^^^^^^^^^^^^^^^^^^^
      |
      = note: `2026-12-01 18:00:00` does not say in which time zone
      = help: if it is UTC, write "2026-12-01T18:00:00Z"
    "#);
}

#[test]
fn a_commented_out_list_is_shown() {
    insta::assert_snapshot!(shown(&format!("{HEAD}spec:\n  groups:\n    # - name: Servers\n")), @r#"
    error[null]: a key without a value
     --> hq.yaml:6:3
      |
    6 |   groups:
      |   ^^^^^^ no value
      |
      = note: perhaps all lines below it are comments
      = help: write [], or remove the key
    "#);
}

#[test]
fn a_syntax_error_is_shown() {
    insta::assert_snapshot!(shown(&format!("{HEAD}spec:\n  groups:\n\t- name: Servers\n")), @r#"
    error[syntax]: invalid YAML
     --> hq.yaml:7:2
      |
     ::: 
    7 | \t- name: Servers
      |   ^ tabs disallowed within this context (block indentation)
      |
      = help: indent with spaces
    "#);
}

#[test]
fn bytes_that_are_not_utf8_are_shown() {
    let mut sources = Sources::default();
    let (_, problems) = read("hq.yaml", b"a: 1\nname: caf\xe9\n", &mut sources, &ReadLimits::default());
    insta::assert_snapshot!(wsusctl::report::diagnostics::render(&problems, &sources, false, 100), @r#"
    error[not-utf8]: the file is not UTF-8 text
     --> hq.yaml:2:10
      |
    2 | name: caf�
      |          ^
      |
      = note: hq.yaml: byte 14 (line 2) is 0xe9, which UTF-8 does not have there
      = help: save the file as UTF-8
    "#);
}

#[test]
fn an_empty_file_is_shown() {
    insta::assert_snapshot!(shown("# nothing\n"), @r#"
    error[empty]: no manifest in the file
     |
     = note: hq.yaml is empty, or all of it is comments
     = help: a manifest begins with `apiVersion: wsusctl/v1alpha1` and `kind: WsusServer`
    "#);
}

#[test]
fn twenty_thousand_approvals_are_read() {
    let mut yaml = format!("{HEAD}spec:\n  approvals:\n");
    for number in 0..20_000 {
        yaml.push_str(&format!(
            "    - update: KB{:07}\n      groups:\n        Servers: {{action: install, deadline: \"2026-12-01T18:00:00Z\"}}\n        Ring 0: install\n",
            1_000_000 + number
        ));
    }
    let (servers, problems) = read("hq.yaml", yaml.as_bytes(), &mut Sources::default(), &ReadLimits::default());
    assert_eq!(problems, Diagnostics::default());
    let last = servers[0].approvals.last().unwrap();
    assert_eq!((servers[0].approvals.len(), last.groups.len()), (20_000, 2));
    assert_eq!(last.origin.line as usize, yaml.lines().count() - 3);
}

mod properties {
    use proptest::prelude::*;

    use super::{HEAD, ReadLimits, Sources, read};

    /// Reads and renders; the outcome is a server or an error, and every place is in the text.
    fn survives(bytes: &[u8]) {
        let mut sources = Sources::default();
        let (servers, problems) = read("hq.yaml", bytes, &mut sources, &ReadLimits::default());
        assert!(!servers.is_empty() || problems.has_errors());
        assert!(problems.0.len() <= 101);
        for problem in &problems.0 {
            for label in problem.primary.iter().chain(&problem.secondary) {
                let text = &sources.get(label.origin.source).unwrap().text;
                let range = label.origin.start as usize..label.origin.end as usize;
                assert!(text.get(range).is_some(), "{problem:?}");
                assert!(label.origin.line >= 1 && label.origin.column >= 1);
            }
        }
        let shown = super::render_plain(&problems, &sources);
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_survive(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            survives(&bytes);
        }

        #[test]
        fn any_yaml_like_text_survives(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "groups", "name", "spec", "password", ":", ": ", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ",
                    "&a ", "*a", "<<", "!!str ", "!x ", "\"", "'", "|", ">-", "#", "---\n", "...\n", "%YAML 1.2\n", "\t", "\r\n",
                    "\u{e4}", "\u{feff}", "\u{1b}", "~", "? ", "KB5060526", "mssql://u:p@h",
                ]),
                0..60,
            ),
        ) {
            survives(words.concat().as_bytes());
        }

        #[test]
        fn any_mutation_of_a_manifest_survives(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
        ) {
            let mut bytes = std::fs::read("tests/manifests/valid/product.yaml").unwrap();
            for (index, byte, change) in changes {
                let at = index.index(bytes.len());
                match change {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => drop(bytes.remove(at)),
                }
            }
            survives(&bytes);
        }

        #[test]
        fn any_line_may_be_missing_moved_or_indented(
            from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), spaces in 0..8_usize, keep: bool,
        ) {
            let text = std::fs::read_to_string("tests/manifests/valid/product.yaml").unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let line = lines[from.index(lines.len())].clone();
            if !keep {
                lines.remove(from.index(lines.len()));
            }
            lines.insert(to.index(lines.len()), format!("{}{}", " ".repeat(spaces), line.trim_start()));
            survives(lines.join("\n").as_bytes());
        }

        /// Whatever is wrong round a password, neither a message nor a snippet shows it.
        #[test]
        fn no_password_is_ever_shown(
            noise in prop::sample::select(vec!["'", "\"", "[", "{", "}", ": ", "- ", "\n", "\t", "|\n", "*a ", "!x ", "@", "? ", "#"]),
            at in any::<prop::sample::Index>(),
        ) {
            let text = format!("{HEAD}connection:\n  database: wid:\n  auth:\n    user: sa\n    password: hunter2\nspec: {{}}\n");
            let key = text.find("password").unwrap();
            let positions: Vec<usize> = (0..text.len()).filter(|at| !(key..=key + 17).contains(at)).collect();
            let mut text = text.clone();
            text.insert_str(positions[at.index(positions.len())], noise);
            let mut sources = Sources::default();
            let (servers, problems) = read("hq.yaml", text.as_bytes(), &mut sources, &ReadLimits::default());
            prop_assert!(servers.is_empty(), "{text}");
            prop_assert!(!format!("{problems:?}{sources:?}").contains("hunter2"), "{text}\n{problems:?}\n{sources:?}");
        }

        /// What a writer puts in quotes comes back as it was, but for spaces at the end.
        #[test]
        fn every_name_survives_quoting(name in "\\PC*[^\\pZ\\pC]\\PC*") {
            let quoted = serde_json::to_string(&name).unwrap();
            let single = name.replace('\'', "''");
            for quoted in [quoted, format!("'{single}'")] {
                let yaml = format!("{HEAD}spec: {{groups: [{{name: {quoted}, computers: [{quoted}]}}]}}\n");
                let (servers, problems) = read("hq.yaml", yaml.as_bytes(), &mut Sources::default(), &ReadLimits::default());
                let built_in = problems.0.iter().any(|problem| problem.code == "built-in-group");
                prop_assert!(built_in || !problems.has_errors(), "{yaml}: {problems:?}");
                if let Some(server) = servers.first() {
                    let name = wsusctl::model::name::trim(&name);
                    prop_assert_eq!(&server.groups[0].name, name);
                    prop_assert_eq!(server.groups[0].computers.as_ref().unwrap()[0].value.as_str(), name);
                }
            }
        }
    }
}

fn render_plain(problems: &Diagnostics, sources: &Sources) -> String {
    wsusctl::report::diagnostics::render(problems, sources, false, 100)
}
