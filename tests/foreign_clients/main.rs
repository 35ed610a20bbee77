//! Clients that are not ours on the sandbox over TCP: FreeTDS's `tsql` and pymssql.
//!
//! tiberius talking to our own server cannot show a mistake that both share. Skipped, and said so, where a client is
//! missing; with `WSUSCTL_TEST_REQUIRE_CLIENTS` set, as in CI, a missing client fails the test.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const PASSWORD: &str = "Correct-Horse-7";

/// More rows than any buffer holds.
const MANY: &str = "SELECT TOP (200000) a.UpdateID, b.LocalUpdateID, a.LegacyName FROM tbUpdate a CROSS JOIN tbUpdate b \
                    CROSS JOIN tbTargetGroup c";

/// `wsusctl sandbox serve` on a port of its own; ends with the test.
struct Served {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Served {
    fn new(tls: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let made = program().args(["sandbox", "init", "lab.db"]).current_dir(directory.path()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut child = program()
            .args(["sandbox", "serve", "lab.db", "--listen", "127.0.0.1:0", "--user", "lab", "--tls", tls])
            .current_dir(directory.path())
            .env("WSUSCTL_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"));
        Self { child, port, directory }
    }

    /// Runs SQL through `tsql`; gives standard output and standard error together.
    fn tsql(&self, password: &str, sql: &str) -> Option<String> {
        let configuration = self.directory.path().join("freetds.conf");
        let text = format!(
            "[global]\ntds version = 7.4\nclient charset = UTF-8\ntext size = 2147483647\n\
             [lab]\nhost = 127.0.0.1\nport = {}\n",
            self.port
        );
        fs::write(&configuration, text).unwrap();
        let mut command = Command::new("tsql");
        command.args(["-S", "lab", "-U", "lab", "-P", password, "-D", "SUSDB"]).env("FREETDSCONF", configuration);
        let output = run(command, sql, "tsql (Debian package freetds-bin)")?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    }

    /// Runs the Python script against the server; it fails by itself where something is not as it should be.
    fn python(&self, password: &str, task: &str) -> Option<Output> {
        let python = std::env::var("WSUSCTL_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let known = Command::new(&python).args(["-c", "import pymssql"]).output();
        if !known.is_ok_and(|output| output.status.success()) {
            return skip("pymssql (PyPI; set WSUSCTL_TEST_PYTHON to a Python that has it)");
        }
        let mut command = Command::new(python);
        command.args(["tests/foreign_clients/client.py", &self.port.to_string(), "lab", password, task]);
        run(command, "", "python3")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Ended already or ended now: both are fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_wsusctl"))
}

fn run(mut command: Command, input: &str, name: &str) -> Option<Output> {
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else { return skip(name) };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    Some(child.wait_with_output().unwrap())
}

fn skip<T>(name: &str) -> Option<T> {
    assert!(std::env::var_os("WSUSCTL_TEST_REQUIRE_CLIENTS").is_none(), "{name} is missing");
    println!("SKIPPED: {name} is missing, so nothing but tiberius was tried on the sandbox");
    None
}

#[track_caller]
fn expect(answer: &str, texts: &[&str]) {
    for text in texts {
        assert!(answer.contains(text), "no {text:?} in:\n{answer}");
    }
}

#[test]
fn tsql_logs_in_calls_procedures_and_sees_errors() {
    for tls in ["off", "login"] {
        let served = Served::new(tls);
        let sql = "SELECT COUNT(*) AS updates FROM tbUpdate\nGO\n\
                   DECLARE @rc int EXEC @rc = spCreateTargetGroup @name = N'Straße', @id = '11111111-1111-1111-1111-111111111111' SELECT @rc AS code\nGO\n\
                   SELECT Name FROM tbTargetGroup WHERE Name = N'STRASSE' OR Name = N'sTRAßE'\nGO\n\
                   EXEC spCreateTargetGroup N'a/b', '22222222-2222-2222-2222-222222222222'\nGO\n\
                   SELECT * FROM nowhere\nGO\n\
                   EXEC spNowhere\nGO\n\
                   UPDATE tbUpdate SET IsHidden = 1\nGO\n\
                   EXEC spGetAllComputers\nGO\n";
        let Some(answer) = served.tsql(PASSWORD, sql) else { return };
        let messages = [
            "updates\n581",
            "code\n0",
            "Straße",
            "Msg 50000",
            "severity 16",
            "Msg 208",
            "Msg 2812",
            "Msg 229",
            "pc-001.contoso.com",
        ];
        expect(&answer, &messages);
    }
}

#[test]
fn tsql_is_refused_with_a_wrong_password() {
    let served = Served::new("login");
    let Some(answer) = served.tsql("wrong", "SELECT 1\nGO\n") else { return };
    expect(&answer, &["18456", "Login failed for user 'lab'"]);
}

#[test]
fn tsql_reads_200_000_rows() {
    let served = Served::new("off");
    let Some(answer) = served.tsql(PASSWORD, &format!("{MANY}\nGO\n")) else { return };
    expect(&answer, &["(200000 rows affected)"]);
}

#[test]
fn pymssql_logs_in_calls_procedures_sees_errors_and_reads_200_000_rows() {
    for (tls, task) in [("off", "everything"), ("login", "everything"), ("off", "many")] {
        let served = Served::new(tls);
        let Some(output) = served.python(PASSWORD, task) else { return };
        assert!(output.status.success(), "{tls} {task}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).contains("passed"), "{output:?}");
    }
}

#[test]
fn pymssql_is_refused_with_a_wrong_password() {
    let served = Served::new("login");
    let Some(output) = served.python("wrong", "everything") else { return };
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains("18456"), "{errors}");
}
