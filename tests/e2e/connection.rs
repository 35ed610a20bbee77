//! Ways to a server, and ways to fail on them: each says which stage failed and what to try.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::lab::{Lab, Ran};

pub const PASSWORD: &str = "Tr0ub4dor&3-e2e";

/// `sandbox serve` of the lab's file on a free port, until it is dropped.
pub struct Served {
    child: Child,
    pub port: u16,
}

impl Served {
    pub fn start(lab: &Lab, arguments: &[&str]) -> Self {
        let mut all = vec!["sandbox", "serve", "lab.db", "--listen", "127.0.0.1:0", "--user", "svc-wsus"];
        all.extend(arguments);
        let mut child = lab
            .command(&all)
            .env("WSUSCTL_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(lab.path("serve.err")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().rsplit(':').next().and_then(|port| port.parse().ok());
        Self { port: port.unwrap_or_else(|| panic!("no port in {line:?}")), child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self, options: &str) -> String {
        format!("mssql://svc-wsus@127.0.0.1:{}/SUSDB{options}", self.port)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn lab() -> Lab {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: Kiosks}]\n");
    lab
}

/// `diff`, talkative, with this password in the environment. No password is ever seen.
fn diff(lab: &Lab, server: &str, password: &str) -> Ran {
    let arguments = ["-vv", "diff", "-f", "lab.yaml", "--server", server];
    let ran = lab.run_with(&arguments, |command| {
        command.env("WSUSCTL_PASSWORD", password);
    });
    ran.expect_nowhere(password);
    ran
}

/// The pin that `sandbox serve` tells.
pub fn pin(lab: &Lab) -> String {
    let said = fs::read_to_string(lab.path("serve.err")).unwrap();
    let (_, pin) = said.split_once("?pin=").unwrap();
    pin.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn another_server_than_the_manifest_pins() {
    let lab = Lab::new("demo");
    lab.manifest("  identity: {serverId: 11111111-2222-3333-4444-555555555555}\n  approvals:\n    - {update: KB999999, groups: {Nope: install}}\n");
    let shown = lab.refused(4, 4);
    shown.expect_err("11111111-2222-3333-4444-555555555555").expect_err("lab.yaml:6").expect_err("another server");
    // The unknown article would have been an error if anything else had been read.
    shown.expect_nowhere("KB999999");
    let id = lab.plan_of("  groups: [{name: Kiosks}]\n")["servers"][0]["serverId"].as_str().unwrap().to_owned();
    lab.manifest(&format!("  identity: {{serverId: {id}}}\n")).diff().expect_status(0);
}

#[test]
fn nothing_says_where_the_server_is() {
    let lab = Lab::empty();
    fs::write(
        lab.path("lab.yaml"),
        "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: lab}\nspec: {}\n",
    )
    .unwrap();
    lab.diff().expect_status(3).expect_err("--server");
    lab.apply().expect_status(3).expect_err("connection.database");
}

#[test]
fn a_missing_sandbox_file() {
    let lab = Lab::empty();
    lab.manifest("  groups: []\n");
    lab.diff().expect_status(1).expect_err("wsusctl sandbox init").expect_err("?seed=demo");
    assert!(!lab.path("lab.db").exists());
    lab.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:lab.db?seed=empty"])
        .expect_status(0)
        .expect_err("lab.db is missing and is made");
    assert!(lab.path("lab.db").exists());
}

#[test]
fn a_file_that_is_no_sandbox() {
    let lab = Lab::empty();
    lab.manifest("  groups: []\n");
    for bytes in [&b"just some text, long enough to be looked at as a database\n"[..], b""] {
        fs::write(lab.path("lab.db"), bytes).unwrap();
        let before = fs::read(lab.path("lab.db")).unwrap();
        lab.diff().expect_status(1).expect_err("lab.db");
        assert!(fs::read(lab.path("lab.db")).unwrap() == before);
    }
    lab.run(&["sandbox", "init", "lab.db"]).expect_status(1).expect_err("--force");
    lab.run(&["sandbox", "init", "lab.db", "--force"]).expect_status(0);
}

#[test]
fn a_port_that_nobody_listens_on() {
    let lab = lab();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let shown = diff(&lab, &format!("mssql://u@127.0.0.1:{port}/SUSDB"), "hunter2-unused");
    shown.expect_status(1).expect_err("TCP").expect_err(&port.to_string()).expect_err("hint: ");
}

#[test]
fn a_host_that_does_not_exist() {
    let shown = diff(&lab(), "mssql://u@no-such-host.invalid/SUSDB", "hunter2-unused");
    shown.expect_status(1).expect_err("no-such-host.invalid").expect_err("hint: ");
}

#[test]
fn a_server_that_accepts_and_says_nothing() {
    let lab = lab();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("mssql://u@{}/SUSDB", listener.local_addr().unwrap());
    let begun = Instant::now();
    let arguments = ["diff", "-f", "lab.yaml", "--server", &server, "--connect-timeout", "1s"];
    let shown = lab.run_with(&arguments, |command| {
        command.env("WSUSCTL_PASSWORD", "hunter2-unused");
    });
    shown.expect_status(1).expect_err("within 1 s").expect_err("--connect-timeout").expect_nowhere("hunter2");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn no_password_at_all() {
    let lab = lab();
    lab.run(&["diff", "-f", "lab.yaml", "--server", "mssql://u@127.0.0.1:1/SUSDB"])
        .expect_status(3)
        .expect_err("password")
        .expect_err("WSUSCTL_PASSWORD");
}

#[test]
fn a_wrong_password_and_the_right_one_from_every_place() {
    let lab = lab();
    let served = Served::start(&lab, &[]);
    let server = served.url(&format!("?pin={}", pin(&lab)));
    diff(&lab, &server, "Wr0ng-e2e").expect_status(1).expect_err("18456").expect_err("svc-wsus");
    let noted = fs::read_to_string(lab.path("serve.err")).unwrap();
    assert!(noted.contains("a login was refused") && noted.contains("svc-wsus"), "{noted}");
    assert!(!noted.contains("Wr0ng-e2e"), "{noted}");
    diff(&lab, &server, PASSWORD).expect_status(0).expect_out("No differences");

    fs::write(lab.path("password"), format!("{PASSWORD}\r\n")).unwrap();
    let arguments = ["diff", "-f", "lab.yaml", "--server", &server, "--password-file", "password"];
    // The file goes before the environment.
    let ran = lab.run_with(&arguments, |command| {
        command.env("WSUSCTL_PASSWORD", "Wr0ng-e2e");
    });
    ran.expect_status(0).expect_nowhere(PASSWORD);
    fs::write(lab.path("password"), "\n").unwrap();
    lab.run(&arguments).expect_status(3).expect_err("password");

    let with_reference = |reference: &str| {
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: lab}}\nconnection:\n  database: '{}'\n  \
             auth: {{user: svc-wsus, password: {reference}}}\nspec:\n  groups: [{{name: Kiosks}}]\n",
            server.replace("svc-wsus@", "")
        );
        fs::create_dir_all(lab.path("site")).unwrap();
        fs::write(lab.path("site/served.yaml"), text).unwrap();
    };
    let arguments = ["-vv", "diff", "-f", "site/served.yaml"];
    with_reference("{env: LAB_PASSWORD}");
    lab.run(&arguments).expect_status(3).expect_err("LAB_PASSWORD");
    let ran = lab.run_with(&arguments, |command| {
        command.env("LAB_PASSWORD", PASSWORD);
    });
    ran.expect_status(0).expect_nowhere(PASSWORD);
    // A path in a manifest is relative to its directory.
    with_reference("{file: secret.txt}");
    lab.run(&arguments).expect_status(3).expect_err("secret.txt");
    fs::write(lab.path("site/secret.txt"), format!("{PASSWORD}\n")).unwrap();
    lab.run(&arguments).expect_status(0).expect_nowhere(PASSWORD);
}

#[test]
fn a_certificate_is_checked() {
    let lab = lab();
    let served = Served::start(&lab, &["--write-cert", "served.pem"]);
    let right = pin(&lab);
    let refused = diff(&lab, &served.url(""), PASSWORD);
    refused.expect_status(1);
    for says in
        ["subject", "issuer", "SHA-256", "?ca=", "?pin=", "trustServerCertificate", right.trim_start_matches("sha256:")]
    {
        refused.expect_err(says);
    }
    assert!(["expires", "valid", "until"].iter().any(|word| refused.err.contains(word)), "{}", refused.err);
    let wrong = format!("?pin=sha256:{}", "0".repeat(64));
    diff(&lab, &served.url(&wrong), PASSWORD).expect_status(1).expect_err("SHA-256").expect_err("subject");
    diff(&lab, &served.url("?ca=served.pem"), PASSWORD).expect_status(0);
    diff(&lab, &served.url(&format!("?pin={right}")), PASSWORD).expect_status(0);
    diff(&lab, &served.url("?trustServerCertificate=true"), PASSWORD).expect_status(0).expect_err("warning: ");
    diff(&lab, &served.url("?ca=missing.pem"), PASSWORD).expect_status(3).expect_err("missing.pem");
    diff(&lab, &served.url("?encrypt=off"), PASSWORD).expect_status(1).expect_err("requires encryption");
}

#[test]
fn only_the_login_is_encrypted() {
    let lab = lab();
    let served = Served::start(&lab, &["--tls", "login"]);
    diff(&lab, &served.url(&format!("?encrypt=login&pin={}", pin(&lab))), PASSWORD).expect_status(0);
    diff(&lab, &served.url("?encrypt=login"), PASSWORD).expect_status(1).expect_err("SHA-256");
}

#[test]
fn nothing_is_encrypted() {
    let lab = lab();
    let served = Served::start(&lab, &["--tls", "off"]);
    diff(&lab, &served.url("?encrypt=off"), PASSWORD).expect_status(0).expect_err("nothing is encrypted");
    diff(&lab, &served.url(""), PASSWORD).expect_status(1).expect_err("does not support encryption");
}

#[test]
fn everything_is_encrypted_from_the_first_byte() {
    let lab = lab();
    let served = Served::start(&lab, &["--tls", "strict"]);
    let strict = served.url(&format!("?encrypt=strict&pin={}", pin(&lab)));
    diff(&lab, &strict, PASSWORD).expect_status(0).expect_out("No differences");
    // Who does not know that it is strict is told.
    let refused = diff(&lab, &served.url(""), PASSWORD);
    refused.expect_status(1).expect_err("closed the connection at the first packet").expect_err("use encrypt=strict");
    let doctor = lab.run_with(&["doctor", "--server", &strict], |command| {
        command.env("WSUSCTL_PASSWORD", PASSWORD);
    });
    doctor.expect_out("tls                  ok");
    drop(served);
    let older = Served::start(&lab, &[]);
    let refused = diff(&lab, &older.url("?encrypt=strict"), PASSWORD);
    refused.expect_status(1).expect_err("SQL Server 2022 or later");
}

#[test]
fn a_windows_account_as_a_sql_server_login() {
    let lab = lab();
    let served = Served::start(&lab, &["--tls", "off"]);
    for user in ["CONTOSO\\svc-wsus", "svc-wsus@contoso.com"] {
        let server = served.url("?encrypt=off").replacen("svc-wsus", user, 1);
        let refused = diff(&lab, &server, PASSWORD);
        refused.expect_status(1).expect_err("18456").expect_err(&format!("hint: `{user}`"));
        refused.expect_err("?auth=integrated");
    }
}

#[test]
fn what_was_given_is_not_advised() {
    let lab = lab();
    let served = Served::start(&lab, &[]);
    let wrong = format!("?pin=sha256:{}&trustServerCertificate=true", "0".repeat(64));
    let refused = diff(&lab, &served.url(&wrong), PASSWORD);
    refused.expect_status(1).expect_err("not the one pinned").expect_nowhere("trustServerCertificate=true to the URL");
    fs::write(lab.path("other.pem"), "no certificate\n").unwrap();
    diff(&lab, &served.url("?ca=other.pem"), PASSWORD).expect_status(1).expect_err("other.pem holds no usable");
}

#[test]
fn an_apply_over_tcp_and_a_database_that_is_not_there() {
    let lab = lab();
    lab.manifest("  groups: [{name: New, computers: [pc-028.contoso.com]}]\n");
    let served = Served::start(&lab, &[]);
    let server = served.url(&format!("?pin={}", pin(&lab)));
    let apply = || {
        lab.run_with(&["apply", "-f", "lab.yaml", "--server", &server, "--yes"], |command| {
            command.env("WSUSCTL_PASSWORD", PASSWORD);
        })
    };
    apply().expect_status(0).expect_out("Apply complete");
    apply().expect_status(0).expect_out("No differences");
    let elsewhere = server.replace("/SUSDB", "/OTHER");
    diff(&lab, &elsewhere, PASSWORD).expect_status(1).expect_err("OTHER").expect_err("4060");
}

#[cfg(not(windows))]
#[test]
fn the_windows_internal_database_is_on_windows() {
    lab().run(&["diff", "-f", "lab.yaml", "--server", "wid:"]).expect_status(1).expect_err("WSUS server itself");
}
