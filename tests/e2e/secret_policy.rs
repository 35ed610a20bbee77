//! Where a secret may go: what a manifest asks for, and what whoever runs the program allows.

use std::fs;
use std::net::{TcpListener, TcpStream};

use crate::connection::{PASSWORD, Served, pin};
use crate::lab::{Lab, Ran};

/// A manifest below `site`, as somebody proposes it.
fn propose(lab: &Lab, database: &str, reference: &str) {
    fs::create_dir_all(lab.path("site")).unwrap();
    let text = format!(
        "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: lab}}\nconnection:\n  database: '{database}'\n  \
         auth: {{user: svc-wsus, password: {reference}}}\nspec:\n  groups: [{{name: Kiosks}}]\n"
    );
    fs::write(lab.path("site/hq.yaml"), text).unwrap();
}

fn diff(lab: &Lab, more: &[&str]) -> Ran {
    let ran = lab.run_with(&[&["-vv", "diff", "-f", "site"], more].concat(), |command| {
        command.env("LAB_PASSWORD", PASSWORD);
    });
    ran.expect_nowhere(PASSWORD);
    ran
}

/// Nobody has connected: a connection of ours is the first.
#[track_caller]
fn assert_nobody_came(listener: &TcpListener) {
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    assert_eq!(listener.accept().unwrap().1, ours.local_addr().unwrap());
}

#[test]
fn a_manifest_does_not_send_a_secret_wherever_it_likes() {
    let lab = Lab::new("demo");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("mssql://{}/SUSDB", listener.local_addr().unwrap());
    fs::write(lab.path("key"), format!("{PASSWORD}\n")).unwrap();
    for reference in ["{env: LAB_PASSWORD}", "{file: ../key}"] {
        for options in ["?encrypt=off", "?encrypt=login&trustServerCertificate=true", "?trustServerCertificate=true"] {
            propose(&lab, &format!("{server}{options}"), reference);
            diff(&lab, &[])
                .expect_status(4)
                .expect_err("the connection is not verified")
                .expect_err("--allow-secret '");
            assert_nobody_came(&listener);
        }
    }
    propose(&lab, &server, "{file: ../key}");
    diff(&lab, &[])
        .expect_status(4)
        .expect_err("outside of its directory")
        .expect_err("--allow-secret 'site/../key=127.0.0.1'");
    // What the runner gives does not follow the manifest either.
    propose(&lab, &format!("{server}?encrypt=off"), "{env: X}");
    let given = lab.run_with(&["diff", "-f", "site"], |command| {
        command.env("WSUSCTL_PASSWORD", PASSWORD);
    });
    given.expect_status(4).expect_err("WSUSCTL_PASSWORD").expect_nowhere(PASSWORD);
    lab.run(&["diff", "-f", "site", "--password-file", "key"])
        .expect_status(4)
        .expect_err("--allow-secret './key=127.0.0.1'");
    // A policy forbids what it does not name, verified or not.
    propose(&lab, &format!("{server}?pin=sha256:{}", "0".repeat(64)), "{env: LAB_PASSWORD}");
    for allowed in ["LAB_PASSWORD=sql01.contoso.com", "OTHER=127.0.0.1", "./LAB_PASSWORD=127.0.0.1"] {
        diff(&lab, &["--allow-secret", allowed])
            .expect_status(4)
            .expect_err("the policy of this run does not allow it");
    }
    assert_nobody_came(&listener);
}

#[test]
fn what_is_allowed_is_sent() {
    let lab = Lab::new("demo");
    let served = Served::start(&lab, &["--tls", "off"]);
    let server = served.url("?encrypt=off").replace("svc-wsus@", "");
    fs::write(lab.path("key"), format!("{PASSWORD}\n")).unwrap();
    propose(&lab, &server, "{env: LAB_PASSWORD}");
    diff(&lab, &["--allow-secret", "LAB_PASSWORD=127.0.0.1"]).expect_status(0).expect_err("nothing is encrypted");
    propose(&lab, &server, "{file: ../key}");
    diff(&lab, &["--allow-secret", "./key=127.0.0.1"]).expect_status(0);
    // The runner's own address needs no permission.
    let own = served.url("?encrypt=off");
    lab.run(&["diff", "-f", "site", "--server", &own, "--password-file", "key"]).expect_status(0);
}

#[test]
fn a_policy_file_is_read_from_outside_of_the_manifests() {
    let lab = Lab::new("demo");
    let served = Served::start(&lab, &[]);
    let server = served.url("").replace("svc-wsus@", "");
    let pinned = format!("{server}?pin={}", pin(&lab));
    propose(&lab, &pinned, "{env: LAB_PASSWORD}");
    let head = "apiVersion: wsusctl/v1alpha1\nkind: SecretPolicy\nsecrets:\n";
    let policy = |text: &str| fs::write(lab.path("policy.yaml"), format!("{head}{text}")).unwrap();
    let arguments = ["--secret-policy", "policy.yaml"];
    policy("  - {env: LAB_PASSWORD, hosts: [\"*.contoso.com\", 127.0.0.1]}\n");
    diff(&lab, &arguments).expect_status(0);
    let ran = lab.run_with(&["diff", "-f", "site"], |command| {
        command.env("LAB_PASSWORD", PASSWORD).env("WSUSCTL_SECRET_POLICY", "policy.yaml");
    });
    ran.expect_status(0);
    propose(&lab, &format!("{server}?trustServerCertificate=true"), "{env: LAB_PASSWORD}");
    diff(&lab, &arguments).expect_status(4).expect_err("over a verified connection only");
    policy("  - {env: LAB_PASSWORD, hosts: [127.0.0.1], unverified: true}\n");
    diff(&lab, &arguments).expect_status(0);
    for (text, says) in [
        ("  - {hosts: [127.0.0.1]}\n", "exactly one of `env` and `file`"),
        ("  - {env: A, hosts: ['*']}\n", "neither the name of a host nor *.DOMAIN"),
        ("  - {env: A, host: x}\n", "unknown field"),
    ] {
        policy(text);
        diff(&lab, &arguments).expect_status(3).expect_err(says);
    }
    fs::rename(lab.path("policy.yaml"), lab.path("site/policy")).unwrap();
    diff(&lab, &["--secret-policy", "site/policy"]).expect_status(3).expect_err("outside of the repository");
    lab.run(&["diff", "-f", "site", "--allow-secret", "x"]).expect_status(3).expect_err("NAME=HOST");
}
