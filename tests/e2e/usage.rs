//! What a person types first, and what they are told.

use std::fs;

use crate::lab::Lab;

const SERVER: &str = "WSUSCTL_SERVER";

#[test]
fn a_manifest_without_its_flag_is_told_of_the_flag() {
    let lab = Lab::new("empty");
    lab.manifest("  {}\n");
    for verb in ["diff", "apply", "validate"] {
        lab.run(&[verb, "lab.yaml"]).expect_status(3).expect_err("manifests are given with -f: -f lab.yaml");
    }
    let other = lab.run(&["diff", "nonsense"]);
    other.expect_status(3).expect_err("unexpected argument 'nonsense'");
    assert!(!other.err.contains("manifests are given"), "{other:?}");
}

#[test]
fn a_format_and_a_file_have_the_same_flags_in_every_verb() {
    let lab = Lab::new("empty");
    let server = ["--server", "sandbox:lab.db"];
    for arguments in [&["export", "-o", "hq.yaml"][..], &["snapshot", "-o", "hq.snapshot"]] {
        lab.run(&[arguments, &server].concat()).expect_status(3).expect_err("a file to write is given with --out");
    }
    lab.run(&[&["export", "-o", "yaml"][..], &server].concat()).expect_status(0).expect_out("kind: WsusServer");
    let other = lab.run(&[&["get", "groups", "-o", "csv"][..], &server].concat());
    other.expect_status(3).expect_err("possible values: text, json, yaml").expect_nowhere("--out ");
}

#[test]
fn the_manual_is_in_the_program() {
    let lab = Lab::empty();
    let all = lab.run(&["help"]);
    all.expect_status(0).expect_out("Exit status:");
    let (_, topics) = all.out.split_once("for wsusctl help TOPIC:\n").unwrap_or_else(|| panic!("{all:?}"));
    let topics: Vec<&str> = topics.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(topics.len() >= 10 && topics.contains(&"manifest"), "{topics:?}");
    for topic in topics {
        let page = lab.run(&["help", topic]);
        assert!(page.expect_status(0).out.lines().count() > 8, "{topic}: {page:?}");
    }
    let page = fs::read_to_string("docs/reference/get.md").unwrap();
    lab.run(&["help", "get"]).expect_status(0).expect_out("Usage: wsusctl get").expect_out(&page);
    lab.run(&["help", "sandbox", "serve"]).expect_status(0).expect_out("--listen");
    lab.run(&["help", "manfest"]).expect_status(3).expect_err("did you mean `manifest`?");
}

#[test]
fn help_sends_nobody_to_a_file_that_only_the_repository_has() {
    let lab = Lab::empty();
    for verb in ["validate", "diff", "apply", "doctor", "export", "snapshot", "get", "schema", "sandbox"] {
        lab.run(&[verb, "--help"]).expect_status(0).expect_nowhere("docs/");
    }
}

#[test]
fn the_environment_names_a_server_where_nothing_else_does() {
    let lab = Lab::new("empty");
    let run = |arguments: &[&str], server: &str| {
        lab.run_with(arguments, |command| {
            command.env(SERVER, server);
        })
    };
    run(&["get", "groups"], "sandbox:lab.db").expect_status(0).expect_out("All Computers");
    run(&["doctor"], "sandbox:lab.db").expect_status(0);
    run(&["export"], "sandbox:lab.db").expect_status(0).expect_out("kind: WsusServer");
    fs::write(lab.path("bare.yaml"), "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: a}\nspec: {}\n")
        .unwrap();
    run(&["diff", "-f", "bare.yaml"], "sandbox:lab.db").expect_status(0);
    lab.run(&["diff", "-f", "bare.yaml"]).expect_status(3).expect_err("WSUSCTL_SERVER");
    lab.manifest("  {}\n");
    run(&["diff", "-f", "lab.yaml"], "sandbox:missing.db").expect_status(0);
    run(&["diff", "-f", "bare.yaml", "--server", "sandbox:lab.db"], "sandbox:missing.db").expect_status(0);
    let leaked = run(&["get", "groups"], "mssql://svc:Canary@sql01/SUSDB");
    leaked.expect_status(3).expect_err("the value of WSUSCTL_SERVER is not a database URL").expect_nowhere("Canary");
}

#[test]
fn verbose_tells_what_is_asked_and_done() {
    let lab = Lab::new("empty");
    lab.manifest("  groups: [{name: Servers}]\n");
    let quiet = lab.run(&["diff", "-f", "lab.yaml"]);
    assert!(quiet.expect_status(2).err.is_empty(), "{quiet:?}");
    let told = lab.run(&["-v", "apply", "-f", "lab.yaml", "--yes"]);
    told.expect_status(0).expect_err("connected").expect_err("server read").expect_err("planned");
    told.expect_err("step begins step=1 of=1 address=\"group[\\\"Servers\\\"]\"");
    assert!(!told.err.contains("groups.read"), "statements are for -vv: {told:?}");
    lab.run(&["-vv", "diff", "-f", "lab.yaml"]).expect_status(0).expect_err("groups.read");
    let json = lab.run(&["-v", "--log-format", "json", "diff", "-f", "lab.yaml"]);
    let lines: Vec<serde_json::Value> = json.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "planned"), "{json:?}");
}
