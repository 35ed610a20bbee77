//! On a terminal: questions, their answers, and colours.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::lab::Lab;

/// The program on a pseudo-terminal, which `script` of util-linux makes.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

/// Says loudly that there is no `script` here; CI has it.
fn no_terminal() -> bool {
    let missing = Command::new("script").arg("--version").output().is_err();
    if missing {
        // Bypasses the capture of test output.
        let note = b"SKIPPED: no `script` (util-linux), so nothing is tested on a terminal\n";
        File::options().append(true).open("/dev/stderr").unwrap().write_all(note).unwrap();
    }
    missing
}

impl Terminal {
    fn start(lab: &Lab, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let words: Vec<String> = std::iter::once(env!("CARGO_BIN_EXE_wsusctl"))
            .chain(arguments.iter().copied())
            .map(|word| format!("'{}'", word.replace('\'', r"'\''")))
            .collect();
        Self::shell(lab, &words.join(" "), prepare)
    }

    fn shell(lab: &Lab, line: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("script");
        command.args(["-q", "-e", "-c", line, "/dev/null"]).current_dir(lab.path("."));
        command.env_remove("NO_COLOR").env_remove("COLUMNS").env("TERM", "xterm").env("SHELL", "/bin/sh");
        prepare(&mut command);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (shown, mut output) = (Arc::clone(&screen), child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().extend_from_slice(&bytes[..length]);
            }
        });
        Self { keyboard: child.stdin.take().unwrap(), child, screen, reader }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        let begun = Instant::now();
        while !self.shown().contains(text) {
            assert!(begun.elapsed() < Duration::from_secs(20), "no {text:?} on the screen:\n{}", self.shown());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// The exit status, and everything that was shown.
    fn end(mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        let screen = Arc::clone(&self.screen);
        self.reader.join().unwrap();
        let shown = String::from_utf8_lossy(&screen.lock().unwrap()).into_owned();
        (status.code().unwrap_or(-1), shown)
    }
}

/// `apply`, with these answers to the questions that contain these texts; expects this status.
#[track_caller]
fn conversation(lab: &Lab, more: &[&str], exchange: &[(&str, &str)], status: i32) -> String {
    let mut arguments = vec!["apply", "-f", "lab.yaml"];
    arguments.extend(more);
    let mut terminal = Terminal::start(lab, &arguments, |_| {});
    for (question, answer) in exchange {
        terminal.wait_for(question);
        terminal.press(answer);
    }
    let (code, shown) = terminal.end();
    assert_eq!(code, status, "{shown}");
    shown
}

const ONLY_YES: &str = "Only 'yes' will be accepted: ";

#[test]
fn only_yes_is_an_answer() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: New}]\n");
    for answer in ["no\n", "y\n", "YES\n", "\n", " yes\n", "\u{4}"] {
        let shown = conversation(&lab, &[], &[(ONLY_YES, answer)], 4);
        assert!(shown.contains("nothing was written"), "{shown}");
        assert_eq!(lab.writes(), 0, "{answer:?}");
    }
    let shown = conversation(&lab, &[], &[(ONLY_YES, "yes\n")], 0);
    assert!(shown.contains("Apply complete"), "{shown}");
    conversation(&lab, &[], &[], 0);
}

#[test]
fn a_plan_that_deletes_asks_for_the_servers_name() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest(
        "  groups:
    - {name: Workstations, groups: [{name: Ring 0 - IT}, {name: Ring 1 - Pilot}, {name: Ring 2 - Broad}]}
    - {name: Servers, groups: [{name: Domain Controllers}, {name: SQL Servers}]}
    - {name: Kiosks}
    - {name: Zweigstelle München}
  management: {prune: {groups: always}}\n",
    );
    let shown = conversation(&lab, &[], &[("name (lab)", "yes\n")], 4);
    assert!(shown.contains("group[\"Old Pilot\"]") && shown.contains("nothing was written"), "{shown}");
    assert_eq!(lab.writes(), 0);
    conversation(&lab, &[], &[("name (lab)", "lab\n")], 0);
    lab.diff().expect_status(0);
}

#[test]
fn pruning_that_asks_is_asked_even_with_yes() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest(
        "  declines: [{update: KB5040442}]\n  management: {prune: {declines: confirm}, limits: {deletePercent: 100}}\n",
    );
    conversation(&lab, &["--yes"], &[("Delete them?", "no\n")], 4);
    conversation(&lab, &[], &[("Delete them?", "yes\n"), ("name (lab)", "no\n")], 4);
    assert_eq!(lab.writes(), 0);
    conversation(&lab, &["--yes"], &[("Delete them?", "yes\n")], 0);
    lab.diff().expect_status(0);
}

#[test]
fn another_blocker_is_not_asked_about() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest("  approvals:\n    - {update: KB5060533, groups: {All Computers: install}}\n");
    conversation(&lab, &[], &[], 4);
    assert_eq!(lab.writes(), 0);
}

#[test]
fn ctrl_c_at_a_question() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: New}]\n");
    let shown = conversation(&lab, &[], &[(ONLY_YES, "\u{3}")], 130);
    assert!(shown.contains("nothing was written"), "{shown}");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn colours() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: New}]\n");
    let colored = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut all = vec!["diff", "-f", "lab.yaml"];
        all.extend(arguments);
        let (code, shown) = Terminal::start(&lab, &all, |command| {
            command.envs(variable);
        })
        .end();
        assert_eq!(code, 2, "{shown}");
        assert!(shown.contains("group[\"New\"]"), "{shown}");
        shown.contains('\u{1b}')
    };
    assert!(colored(&[], None));
    assert!(!colored(&["--color", "never"], None));
    assert!(!colored(&[], Some(("NO_COLOR", "1"))));
    assert!(!colored(&[], Some(("TERM", "dumb"))));
    assert!(colored(&["--color", "always"], Some(("NO_COLOR", "1"))));
    // Not on a terminal.
    assert!(!lab.diff().out.contains('\u{1b}'));
    assert!(lab.run(&["diff", "-f", "lab.yaml", "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn reports_fit_the_terminal() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest("  approvals:\n    - {update: KB5060533, groups: {All Computers: install, Servers: install}}\n");
    let fits = |columns: u32| {
        let line =
            format!("stty cols {columns} rows 40; '{}' diff -f lab.yaml --color never", env!("CARGO_BIN_EXE_wsusctl"));
        let (code, shown) = Terminal::shell(&lab, &line, |_| {}).end();
        assert_eq!(code, 2, "{shown}");
        let change = shown.lines().find(|line| line.contains("+ [\"Servers\"]")).unwrap();
        change.contains("lab.yaml:7")
    };
    assert!(!fits(80));
    assert!(fits(220));
}

/// The number of the first statement after the question of an apply.
fn first_statement_after_the_question(lab: &Lab) -> u64 {
    let reached = |n: u64| {
        let server = format!("sandbox:lab.db?raise=50000@{n}");
        // Without a terminal there is no question: the run is refused there, unless the error comes before.
        lab.run(&["apply", "-f", "lab.yaml", "--server", &server]).status != 4
    };
    (1..200).find(|n| !reached(*n)).unwrap()
}

#[test]
fn a_connection_that_dies_at_the_question() {
    if no_terminal() {
        return;
    }
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: Kiosks}, {name: New}]\n");
    let server = format!("sandbox:lab.db?drop-before={}", first_statement_after_the_question(&lab));
    // Nothing happened meanwhile: the plan is still the one that was confirmed.
    let mut terminal = Terminal::start(&lab, &["apply", "-f", "lab.yaml", "--server", &server], |_| {});
    terminal.wait_for(ONLY_YES);
    terminal.press("yes\n");
    let (status, shown) = terminal.end();
    assert!(status == 0 && shown.contains("Connecting again") && shown.contains("Apply complete"), "{status} {shown}");
    // Somebody did a part of it meanwhile: this is not the plan that was confirmed.
    lab.manifest("  groups: [{name: Kiosks}, {name: Newer}, {name: Newest}]\n");
    let mut terminal = Terminal::start(&lab, &["apply", "-f", "lab.yaml", "--server", &server], |_| {});
    terminal.wait_for(ONLY_YES);
    let writes = lab.writes();
    lab.sql("UPDATE tbTargetGroup SET Name = 'Newer' WHERE Name = 'New'");
    terminal.press("yes\n");
    let (status, shown) = terminal.end();
    assert!(status == 5 && shown.contains("the plan is not the one that was shown"), "{status} {shown}");
    assert!(shown.contains("Nothing was written to lab."), "{shown}");
    assert_eq!(lab.writes(), writes);
}

/// What goes with a group is compared one by one right before it goes: the same number of others is no consolation.
#[test]
fn a_group_that_holds_something_else_by_now_stays() {
    if no_terminal() {
        return;
    }
    const DOOMED: &str = "(SELECT TargetGroupID FROM tbTargetGroup WHERE Name = 'Doomed')";
    let other = format!(
        "UPDATE tbDeployment SET DeploymentGuid = upper('0d3c2b1a-0000-4000-8000-00000000abcd'), AdminName = 'CONTOSO\\console',
             RevisionID = (SELECT RevisionID FROM tbRevision WHERE RevisionID <> tbDeployment.RevisionID
                 AND RevisionID NOT IN (SELECT RevisionID FROM tbDeployment) AND IsLatestRevision LIMIT 1)
         WHERE TargetGroupID = {DOOMED}"
    );
    let edits = [
        other,
        format!("UPDATE tbDeployment SET ActionID = 3 WHERE TargetGroupID = {DOOMED}"),
        format!(
            "UPDATE tbTargetInTargetGroup SET TargetID = (SELECT TargetID FROM tbComputerTarget ORDER BY TargetID DESC LIMIT 1)
             WHERE TargetGroupID = {DOOMED}"
        ),
        format!("UPDATE tbTargetGroupInAutoDeploymentRule SET TargetGroupID = {DOOMED} WHERE AutoDeploymentRuleID = 2"),
    ];
    let rest = "{name: Workstations, groups: [{name: Ring 0 - IT}, {name: Ring 1 - Pilot}, {name: Ring 2 - Broad}]},
      {name: Servers, groups: [{name: SQL Servers}, {name: Domain Controllers}]}, {name: Kiosks}, {name: Old Pilot},
      {name: Zweigstelle München}";
    for edit in edits {
        let lab = Lab::new("demo");
        lab.manifest(
            "  groups: [{name: Doomed, computers: [pc-028.contoso.com]}]\n  approvals: [{update: KB5060533, groups: {Doomed: install}}]\n",
        );
        lab.apply_twice();
        lab.manifest(&format!("  groups: [{rest}]\n  management: {{prune: {{groups: always}}}}\n"));
        let mut terminal = Terminal::start(&lab, &["apply", "-f", "lab.yaml"], |_| {});
        terminal.wait_for("the server's name");
        let writes = lab.writes();
        lab.sql(&edit);
        terminal.press("lab\n");
        let (code, shown) = terminal.end();
        assert_eq!(code, 5, "{edit}:\n{shown}");
        assert!(shown.contains("Doomed") && shown.contains("planned from"), "{shown}");
        assert_eq!(
            (lab.writes(), lab.number(&format!("SELECT COUNT(*) FROM tbTargetGroup WHERE TargetGroupID = {DOOMED}"))),
            (writes, 1)
        );
    }
}

/// The server under the connection is looked at with every chunk: one answer to an earlier question proves nothing.
#[test]
fn another_server_or_another_mode_by_the_time_of_the_answer() {
    if no_terminal() {
        return;
    }
    for (edit, status, said) in [
        (
            "UPDATE tbConfigurationA SET ServerID = upper('11111111-2222-4333-8444-555555555555')",
            4,
            "11111111-2222-4333",
        ),
        ("UPDATE tbConfigurationC SET ReplicaMode = 1", 5, "a replica"),
        ("UPDATE tbConfigurationA SET ServerTargeting = 0", 5, "client-side targeting"),
    ] {
        let lab = Lab::new("demo");
        lab.manifest("  groups: [{name: New}]\n");
        let mut terminal = Terminal::start(&lab, &["apply", "-f", "lab.yaml"], |_| {});
        terminal.wait_for(ONLY_YES);
        lab.sql(edit);
        terminal.press("yes\n");
        let (code, shown) = terminal.end();
        assert_eq!(code, status, "{edit}:\n{shown}");
        assert!(shown.contains("does not lead to the server") && shown.contains(said), "{shown}");
        assert_eq!(lab.writes(), 0);
    }
}
