//! Manifests in files: every valid one is read without an error, every invalid one with exactly the problems it names.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use wsusctl::diagnostic::{Diagnostics, Severity, Sources};
use wsusctl::manifest::{ReadLimits, read, read_selector};
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
fn a_name_with_what_nobody_sees_is_warned_of() {
    let groups = "  groups: [{name: \"Ring\u{a0}0\"}]\n  declines: [{update: {kb: 5060526, title: \"x\u{200b}*\"}}]\n";
    let shown = shown(&format!("{HEAD}spec:\n{groups}"));
    for expected in [
        "warning[hidden-character]: a name with a character that cannot be seen",
        "hq.yaml:6:19",
        "Ring\\u00a00",
        "the name of a computer group has U+00A0 (no-break space): it is another name than the one it looks like",
        "an update's title has U+200B (zero width space)",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(!shown.contains(['\u{a0}', '\u{200b}']), "{shown}");
}

#[test]
fn numbers_with_leading_zeros_and_years_beyond_9999_are_shown() {
    let spec = "  updateSource: {proxy: {host: p, port: 030}}\n  groups: [{name: 030}]\n  approvals:\n    \
                - {update: {kb: KB5060526, expect: 08}, groups: {030: {action: install, deadline: \"10000-01-01T00:00:00Z\"}}}\n    \
                - {select: {createdAfter: \"+12026-01-01T00:00:00Z\"}, groups: {030: install}}\n";
    let shown = shown(&format!("{HEAD}spec:\n{spec}"));
    for expected in ["hq.yaml:6:41", "write 30 for the decimal number", "write 8 for the decimal number"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert_eq!(shown.matches("error[leading-zero]").count(), 2, "{shown}");
    assert_eq!(shown.matches("later than the year 9999").count(), 2, "{shown}");
    assert_eq!(shown.matches("error[").count(), 4, "{shown}");
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
    let (_, problems) = read("hq.yaml", b"kind: WsusServer\nname: caf\xe9\n", &mut sources, &ReadLimits::default());
    insta::assert_snapshot!(wsusctl::report::diagnostics::render(&problems, &sources, false, 100), @r#"
    error[not-utf8]: the file is not UTF-8 text
     --> hq.yaml:2:10
      |
    2 | name: caf�
      |          ^
      |
      = note: hq.yaml: byte 26 (line 2) is 0xe9, which UTF-8 does not have there
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

/// An approval whose `select` begins in line 8.
fn shown_select(select: &str) -> String {
    shown(&format!("{HEAD}spec:\n  approvals:\n    - groups: {{Ring 0: install}}\n      select: {select}\n"))
}

#[test]
fn an_entry_with_update_and_select_is_shown() {
    insta::assert_snapshot!(shown(&format!(
        "{HEAD}spec:\n  declines:\n    - update: KB5060526\n      select: {{superseded: true}}\n"
    )), @r#"
    error[update-and-select]: an entry with both `update` and `select`
     --> hq.yaml:8:7
      |
    7 |     - update: KB5060526
      |       ------ here
    8 |       select: {superseded: true}
      |       ^^^^^^ and here
      |
      = note: `update` names updates and `select` chooses them: an entry has one of the two
      = help: make two entries of it; to narrow down a KB write update: {kb: KB5060526, title: "*x64*"}, or select: {kb: KB5060526, ...}
    "#);
}

#[test]
fn a_selector_without_conditions_is_shown() {
    insta::assert_snapshot!(shown_select("{}"), @r#"
    error[empty-select]: a selector without conditions
     --> hq.yaml:8:15
      |
    8 |       select: {}
      |               ^^
      |
      = note: it would choose every update
      = help: write conditions, as {classifications: [Security Updates], products: [Windows 11], arrivedWithin: 30d}
    "#);
}

#[test]
fn a_misspelt_condition_is_shown() {
    insta::assert_snapshot!(shown_select("{arrivedWihtin: 30d, severity: critical}"), @r#"
    error[unknown-key]: a key that is not known here
     --> hq.yaml:8:16
      |
    8 |       select: {arrivedWihtin: 30d, severity: critical}
      |                ^^^^^^^^^^^^^
      |
      = note: a selector has no key `arrivedWihtin`
      = help: did you mean `arrivedWithin`?

    error[unknown-word]: a word that is not known here
     --> hq.yaml:8:46
      |
    8 |       select: {arrivedWihtin: 30d, severity: critical}
      |                                              ^^^^^^^^
      |
      = note: `critical` is none of `Critical`, `Important`, `Moderate`, `Low` and `Unspecified`
      = help: did you mean `Critical`?
    "#);
}

#[test]
fn a_number_of_computers_that_could_mean_two_things_is_shown() {
    insta::assert_snapshot!(shown_select("{neededBy: 5}"), @r#"
    error[ambiguous-number]: a number that could mean two things
     --> hq.yaml:8:26
      |
    8 |       select: {neededBy: 5}
      |                          ^
      |
      = note: `5` does not say whether more computers than that are meant too
      = help: write {atLeast: 5} or {atLeast: 5, atMost: 5}
    "#);
}

#[test]
fn an_age_and_a_time_that_are_none_are_shown() {
    insta::assert_snapshot!(shown_select("{arrivedWithin: 30 days, createdAfter: 2026-11-01}"), @r#"
    error[bad-age]: not an age
     --> hq.yaml:8:31
      |
    8 |       select: {arrivedWithin: 30 days, createdAfter: 2026-11-01}
      |                               ^^^^^^^
      |
      = note: `30 days` is not written as ages are
      = help: write 30d

    error[bad-time]: not an age or a time
     --> hq.yaml:8:54
      |
    8 |       select: {arrivedWithin: 30 days, createdAfter: 2026-11-01}
      |                                                      ^^^^^^^^^^
      |
      = note: `2026-11-01` does not say at what time the day begins, nor in which time zone
      = help: write "2026-11-01T00:00:00Z"
    "#);
}

#[test]
fn a_period_that_ends_before_it_begins_is_shown() {
    insta::assert_snapshot!(shown_select("{arrivedWithin: 7d, arrivedBefore: 30d}"), @r#"
    error[empty-period]: a period that ends before it begins
     --> hq.yaml:8:50
      |
    8 |       select: {arrivedWithin: 7d, arrivedBefore: 30d}
      |                               -- begins here     ^^^ ends here
      |
      = note: no time is in it
      = help: ages count back from now: `arrivedAfter: 30d` with `arrivedBefore: 7d` is from 30 days to a week ago
    "#);
}

#[test]
fn a_condition_that_only_declines_have_is_shown() {
    insta::assert_snapshot!(shown_select("{products: [Windows 11, windows 11], expired: true}"), @r#"
    error[duplicate-item]: something stands twice in a list
     --> hq.yaml:8:39
      |
    8 |       select: {products: [Windows 11, windows 11], expired: true}
      |                           ----------  ^^^^^^^^^^ again here
      |                           |
      |                           first here
      |
      = help: remove one of them

    error[declines-only]: a condition that only declines have
     --> hq.yaml:8:52
      |
    8 |       select: {products: [Windows 11, windows 11], expired: true}
      |                                                    ^^^^^^^
      |
      = note: the publisher has withdrawn an expired update, so approvals never choose one
      = help: remove `expired`; in `declines`, `expired: true` chooses such updates
    "#);
}

#[test]
fn an_absolute_deadline_on_a_selector_is_shown() {
    insta::assert_snapshot!(shown(&format!(
        "{HEAD}spec:\n  approvals:\n    - select: {{title: \"*x64*\"}}\n      groups:\n        Ring 0: {{action: install, deadline: \"2026-12-01T18:00:00Z\"}}\n"
    )), @r#"
    error[absolute-deadline]: a selector with an absolute deadline
     --> hq.yaml:9:45
      |
    7 |     - select: {title: "*x64*"}
      |       ------ chosen by conditions
    8 |       groups:
    9 |         Ring 0: {action: install, deadline: "2026-12-01T18:00:00Z"}
      |                                             ^^^^^^^^^^^^^^^^^^^^^^ a fixed time
      |
      = note: a selector also chooses what arrives later, and a fixed time would be in the past for that
      = help: write {days: 7, at: "18:00Z"}, which counts from the day the approval is written, or name the update with `update`
    "#);
}

#[test]
fn entries_that_agree_and_entries_that_disagree_are_shown() {
    insta::assert_snapshot!(shown(&format!(
        "{HEAD}spec:\n  approvals:\n    - {{update: KB5060526, groups: {{A: install, B: install}}}}\n    - {{update: KB5060526, groups: {{A: install, B: uninstall}}}}\n"
    )), @r#"
    warning[redundant-approval]: an update is approved twice for a group
     --> hq.yaml:8:36
      |
    7 |     - {update: KB5060526, groups: {A: install, B: install}}
      |                                    - first here
    8 |     - {update: KB5060526, groups: {A: install, B: uninstall}}
      |                                    ^ again here
      |
      = note: another entry says the same of this update and `A`
      = help: remove one of them

    error[duplicate-approval]: two approvals of an update for a group disagree
     --> hq.yaml:8:48
      |
    7 |     - {update: KB5060526, groups: {A: install, B: install}}
      |                                                - first here
    8 |     - {update: KB5060526, groups: {A: install, B: uninstall}}
      |                                                ^ again here
      |
      = note: another entry says something else of this update and `B`
      = help: remove one of them
    "#);
}

#[test]
fn a_condition_of_a_command_line_is_shown() {
    let mut sources = Sources::default();
    let problems =
        read_selector("--where", &["superseded=false", "products=[Windows 11, {titel: x}]"], &mut sources).unwrap_err();
    insta::assert_snapshot!(render_plain(&problems, &sources), @r#"
    error[unknown-key]: a key that is not known here
     --> --where:1:24
      |
    1 | products=[Windows 11, {titel: x}]
      |                        ^^^^^
      |
      = note: a product has no key `titel`
      = help: there are `id` and `family`
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

    use super::{HEAD, ReadLimits, Sources, read, read_selector};
    use wsusctl::model::category::CategoryReference;
    use wsusctl::model::desired::UpdateReference;
    use wsusctl::model::glob::Glob;

    /// Titles: anything that can be seen, and what YAML takes for something else.
    fn pattern() -> impl Strategy<Value = String> {
        let surprising = prop::sample::select(vec![
            "no",
            "on",
            "true",
            "null",
            "~",
            "007",
            "1_000",
            "0o17",
            "0x1F",
            "1e3",
            ".inf",
            "12:30:45",
            "2026-11-01",
            "*",
            "&a",
            "!x",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "@a",
            "`a",
            "%a",
            "|",
            ">",
            "?",
            "? a",
            "<<",
            "=",
            "---",
            "[a]",
            "{a}",
            "a,b",
            "\u{1f600}",
            "\\n",
            "a\u{a0}",
            "\u{2028}a",
            "\u{feff}a",
            "\"a\"",
            "'a'",
            "KB5060526",
        ]);
        prop_oneof![surprising.prop_map(str::to_owned), "\\PC*[^\\pZ\\pC]\\PC*", "[a-z0-9*?. -]{0,20}[a-z]"]
    }

    /// Whether a text stands for itself without quotes: said narrowly.
    fn is_plain(text: &str) -> bool {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '/' | '(' | ')' | '+');
        text.chars().all(safe)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !text.ends_with(' ')
            && !matches!(text, "null" | "Null" | "NULL")
    }

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

        /// A pattern is the text that was written, however YAML lets it be written: in double quotes, in single quotes, and
        /// plain where that is safe. Bare on a command line it is always itself.
        #[test]
        fn every_pattern_is_what_was_written(text in pattern()) {
            let mut written = vec![serde_json::to_string(&text).unwrap(), format!("'{}'", text.replace('\'', "''"))];
            if is_plain(&text) {
                written.push(text.clone());
            }
            for written in written {
                let yaml = format!(
                    "{HEAD}spec:\n  approvals:\n    - select:\n        title: {written}\n        products:\n          - {written}\n          - family: {written}\n      groups:\n        {written}: install\n"
                );
                let (servers, problems) = read("hq.yaml", yaml.as_bytes(), &mut Sources::default(), &ReadLimits::default());
                prop_assert!(!problems.has_errors(), "{yaml}: {problems:?}");
                let entry = &servers[0].approvals[0];
                let UpdateReference::Select(select) = &entry.update else { panic!("{entry:?}") };
                prop_assert_eq!(select.title.as_ref().unwrap().value.as_str(), &text);
                let product = |at: usize| select.products.as_ref().unwrap()[at].value.clone();
                prop_assert_eq!(product(0), CategoryReference::Title(Glob::new(&text)));
                prop_assert_eq!(product(1), CategoryReference::Family(Glob::new(&text)));
                prop_assert_eq!(&entry.groups[0].group, wsusctl::model::name::trim(&text));
            }
            if text.trim() == text && !text.starts_with(['[', '{', '"', '\'']) {
                let select = read_selector("--where", &[format!("title={text}")], &mut Sources::default());
                prop_assert_eq!(select.unwrap().title.unwrap().value, Glob::new(&text));
            }
        }

        /// Whatever stands in the place of a condition's value, there is a selector or an error, and no panic.
        #[test]
        fn any_value_of_a_condition_survives(
            key in prop::sample::select(vec![
                "classifications", "products", "title", "severity", "kb", "updateType", "arrivedWithin", "arrivedAfter",
                "createdBefore", "superseded", "expired", "supersedingApproved", "neededBy",
            ]),
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "0", "30d", "-", "1e3", "9999999999999", "w", "2026-11-01", "T00:00:00Z", " ", "[", "]", "{", "}", "id: ",
                    "family: ", "atLeast: ", "KB5060526", "Critical", "no", "~", "\"", "'", ", ", "*", "\u{1f600}", "\n", "0o7", "_",
                ]),
                0..8,
            ),
        ) {
            let value = parts.concat();
            survives(format!("{HEAD}spec:\n  declines:\n    - select: {{{key}: {value}}}\n").as_bytes());
            survives(format!("{HEAD}spec:\n  approvals:\n    - groups: {{A: install}}\n      select:\n        {key}: {value}\n").as_bytes());
            let mut sources = Sources::default();
            if let Err(problems) = read_selector("--where", &[format!("{key}={value}")], &mut sources) {
                prop_assert!(problems.has_errors());
                super::render_plain(&problems, &sources);
            }
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
