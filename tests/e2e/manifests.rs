//! Manifests with mistakes, through the built program: every problem at once, each with its place; nothing is contacted.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::connection::{PASSWORD, Served, pin};
use crate::lab::{Lab, Ran, ran};

const HEAD: &str = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: lab}\n\
                    connection: {database: 'sandbox:lab.db'}\n";

fn lab(bytes: impl AsRef<[u8]>) -> Lab {
    let lab = Lab::empty();
    fs::write(lab.path("lab.yaml"), bytes).unwrap();
    lab
}

fn validate(lab: &Lab) -> Ran {
    lab.run(&["validate", "-f", "lab.yaml"])
}

#[track_caller]
fn invalid(text: &str, says: &[&str]) {
    let shown = validate(&lab(text));
    shown.expect_status(3);
    for says in says {
        shown.expect_err(says);
    }
}

#[test]
fn unknown_and_duplicate_keys() {
    invalid(&format!("{HEAD}spec:\n  grups: []\n"), &["error[unknown-key]", "lab.yaml:6:3", "groups"]);
    invalid(&format!("{HEAD}metadata: {{name: other}}\nspec: {{}}\n"), &["error[duplicate-key]", "lab.yaml:5:1", "3"]);
    invalid(&format!("{HEAD}spec:\n  groups: [{{name: A, <<: *x}}]\n"), &["error["]);
}

#[test]
fn wrong_types_and_null_lists() {
    invalid(&format!("{HEAD}spec:\n  groups: yes\n"), &["error[wrong-type]", "lab.yaml:6:"]);
    invalid(&format!("{HEAD}spec:\n  groups:\n"), &["error[null]", "lab.yaml:6:", "[]"]);
}

#[test]
fn every_problem_at_once() {
    let shown = validate(&lab(format!(
        "{HEAD}spec:\n  grups: []\n  groups:\n    - {{name: A, colour: red}}\n    - {{name: a}}\n  approvals:\n    - \
         {{update: KBx, groups: {{A: instal}}}}\n"
    )));
    shown.expect_status(3);
    for code in ["unknown-key", "bad-update", "unknown-word"] {
        shown.expect_err(&format!("error[{code}]"));
    }
    assert!(shown.err.matches("error[").count() >= 4, "{}", shown.err);
}

#[test]
fn byte_order_marks_and_carriage_returns_are_fine() {
    let text = format!("{HEAD}spec:\n  groups: [{{name: New}}]\n");
    let dos = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    for text in [format!("\u{feff}{text}"), dos] {
        validate(&lab(&text)).expect_status(0).expect_out("1 manifest is valid");
    }
    invalid(&format!("\u{feff}{}", format!("{HEAD}spec:\n  grups: []\n").replace('\n', "\r\n")), &["lab.yaml:6:3"]);
}

#[test]
fn empty_files() {
    for text in ["", "\n\n", "# only a comment\n", "---\n", "\u{feff}"] {
        invalid(text, &["error[", "lab.yaml"]);
    }
}

#[test]
fn several_documents() {
    let other = HEAD.replace("{name: lab}", "{name: other}").replace("lab.db", "other.db");
    let good = lab(format!("{HEAD}spec: {{}}\n---\n{other}spec: {{}}\n"));
    validate(&good).expect_status(0).expect_out("2 manifests are valid");
    let shown = good.run(&["diff", "-f", "lab.yaml", "--server", "sandbox:"]);
    shown.expect_status(3).expect_err("--server");
    invalid(&format!("{HEAD}spec: {{}}\n---\n{HEAD}spec: {{}}\n"), &["error[duplicate-server]"]);
}

/// Files are looked for beside their manifest, and the directory may have been named in several ways.
#[test]
fn one_sandbox_file_has_one_manifest() {
    let other = HEAD.replace("{name: lab}", "{name: other}").replace("lab.db", "../lab.db");
    let lab = lab(format!("{HEAD}spec: {{}}\n"));
    fs::create_dir(lab.path("sub")).unwrap();
    fs::write(lab.path("sub/other.yaml"), format!("{other}spec: {{}}\n")).unwrap();
    let whole = lab.path("sub").display().to_string();
    for sub in ["sub", "sub/../sub/other.yaml", &whole] {
        let shown = lab.run(&["validate", "-f", "lab.yaml", "-f", sub]);
        shown.expect_status(3).expect_err("error[duplicate-server]").expect_err("lab.db");
    }
}

/// Two names of one machine are one server, which only the server can tell. Nothing is written before it has.
#[test]
fn one_live_server_has_one_manifest() {
    let lab = Lab::new("demo");
    let served = Served::start(&lab, &[]);
    let pin = pin(&lab);
    let manifest = |name: &str, host: &str, group: &str| {
        format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: {name}}}\nconnection: {{database: \
             'mssql://svc-wsus@{host}:{}/SUSDB?pin={pin}'}}\nspec: {{groups: [{{name: {group}}}]}}\n",
            served.port
        )
    };
    fs::write(lab.path("a.yaml"), manifest("a", "127.0.0.1", "FromA")).unwrap();
    fs::write(lab.path("b.yaml"), manifest("b", "localhost", "FromB")).unwrap();
    let run = |verb: &[&str]| {
        let both = ["-f", "a.yaml", "-f", "b.yaml", "--allow-secret", "WSUSCTL_PASSWORD=127.0.0.1"];
        let mut arguments = [verb, &both].concat();
        arguments.extend(["--allow-secret", "WSUSCTL_PASSWORD=localhost"]);
        lab.run_with(&arguments, |command| {
            command.env("WSUSCTL_PASSWORD", PASSWORD);
        })
    };
    let shown = run(&["diff"]);
    shown.expect_status(3).expect_err("error[duplicate-server]").expect_err("b.yaml:4").expect_err("a.yaml:4");
    let shown = run(&["apply", "--yes"]);
    shown.expect_status(3).expect_err("error[duplicate-server]").expect_err("Nothing was written to any server.");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn an_alias_bomb() {
    let mut text = format!("{HEAD}spec:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..=12 {
        let item = format!("*a{}", level - 1);
        text.push_str(&format!("  a{level}: &a{level} [{}]\n", [item.as_str(); 10].join(", ")));
    }
    invalid(&text, &["error[alias-bomb]"]);
}

#[test]
fn a_file_of_a_gibibyte() {
    let lab = Lab::empty();
    fs::File::create(lab.path("lab.yaml")).unwrap().set_len(1 << 30).unwrap();
    let begun = std::time::Instant::now();
    validate(&lab).expect_status(3).expect_err("error[too-large]").expect_err("--max-manifest-size");
    assert!(begun.elapsed().as_secs() < 10, "it took {:?}", begun.elapsed());
}

#[test]
fn the_cap_can_be_raised_and_lowered() {
    let text = format!("{HEAD}spec: {{}}\n#{}\n", "x".repeat(1024 * 1024));
    let lab = lab(text);
    validate(&lab).expect_status(0);
    lab.run(&["validate", "-f", "lab.yaml", "--max-manifest-size", "1"])
        .expect_status(3)
        .expect_err("error[too-large]");
}

#[test]
fn bytes_that_are_not_utf8() {
    let mut bytes = HEAD.as_bytes().to_vec();
    bytes.extend(b"spec:\n  groups: [{name: Zweigstelle M\xfcnchen}]\n");
    validate(&lab(bytes)).expect_status(3).expect_err("error[not-utf8]").expect_err("lab.yaml:6:");
    validate(&lab(b"a\0b\0")).expect_status(3).expect_err("error[not-utf8]").expect_err("UTF-16 without");
}

#[test]
fn a_literal_password_is_refused_and_not_repeated() {
    for password in ["hunter2-secret", "'hunter2-secret'", "{value: hunter2-secret}", "[hunter2-secret]"] {
        let text = HEAD.replace(
            "{database: 'sandbox:lab.db'}",
            &format!("{{database: 'mssql://h/SUSDB', auth: {{user: u, password: {password}}}}}"),
        );
        let lab = lab(format!("{text}spec: {{}}\n"));
        for arguments in [vec!["validate", "-f", "lab.yaml"], vec!["validate", "-f", "lab.yaml", "--output", "json"]] {
            lab.run(&arguments).expect_status(3).expect_nowhere("hunter2");
        }
        lab.run(&["-vv", "diff", "-f", "lab.yaml"]).expect_status(3).expect_nowhere("hunter2");
    }
    let url = HEAD.replace("sandbox:lab.db", "mssql://u:hunter2@h/SUSDB");
    let lab = lab(format!("{url}spec: {{}}\n"));
    validate(&lab).expect_status(3).expect_err("error[literal-secret]").expect_nowhere("hunter2");
    lab.run(&["diff", "-f", "lab.yaml", "--server", "mssql://u:hunter2@h/SUSDB"])
        .expect_status(3)
        .expect_err("never carries a password")
        .expect_nowhere("hunter2");
}

#[test]
fn nothing_that_may_be_a_secret_is_repeated() {
    const CANARY: &str = "Canary-4711";
    let head = HEAD.lines().take(3).collect::<Vec<_>>().join("\n");
    let connections = [
        "database: 'Server=h;User Id=u;Password=CANARY;'",
        "database: 'mssql://u@h/SUSDB?password=CANARY'",
        "database: mssql://h, auth: {user: u, Passwort: CANARY}",
        "database: mssql://h, auth: 'u:CANARY'",
    ];
    let manifests = connections.map(|connection| format!("{head}\nconnection: {{{connection}}}\nspec: {{}}\n"));
    let proxy = format!("{HEAD}spec: {{updateSource: {{proxy: {{host: 'http://u:CANARY@p', port: 3128}}}}}}\n");
    let variables = format!("{HEAD}spec: {{}}\nx\nWSUS_PASSWORD = CANARY\n");
    for text in manifests.iter().map(String::as_str).chain([&*proxy, &*variables, "WSUS_SQL=CANARY\n", "CANARY\n"]) {
        let lab = lab(text.replace("CANARY", CANARY));
        validate(&lab).expect_status(3).expect_err("error[").expect_nowhere("Canary");
        lab.run(&["-vv", "diff", "-f", "lab.yaml", "--output", "json"]).expect_status(3).expect_nowhere("Canary");
    }
    validate(&lab(&proxy)).expect_err("error[not-a-host]").expect_err("port and user are keys of their own");
}

#[test]
fn a_password_in_the_name_of_the_servers_proxy_is_not_shown() {
    let lab = Lab::new("demo");
    lab.sql("UPDATE tbConfigurationA SET UseProxy = 1, AnonymousProxyAccess = 1, ProxyName = 'http://u:Canary-4711@p'");
    lab.manifest("  updateSource: {proxy: {host: proxy.contoso.com}}\n");
    lab.diff().expect_status(2).expect_out("***@p").expect_out("proxy.contoso.com").expect_nowhere("Canary");
    lab.run(&["diff", "-f", "lab.yaml", "--output", "json"]).expect_status(2).expect_nowhere("Canary");
    lab.run(&["export", "--server", "sandbox:lab.db"]).expect_status(0).expect_out("***@p").expect_nowhere("Canary");
    let file = lab.run(&["snapshot", "--server", "sandbox:lab.db", "--out", "-"]);
    file.expect_status(0).expect_out("***@p").expect_nowhere("Canary");
    lab.apply_twice();
}

#[test]
fn a_directory() {
    let lab = Lab::empty();
    fs::create_dir_all(lab.path("site/branches/.git")).unwrap();
    let named = |name: &str| HEAD.replace("{name: lab}", &format!("{{name: {name}}}")).replace("lab.db", name);
    fs::write(lab.path("site/hq.yaml"), format!("{}spec: {{}}\n", named("hq"))).unwrap();
    fs::write(lab.path("site/branches/b.yml"), format!("{}spec: {{}}\n", named("b"))).unwrap();
    fs::write(lab.path("site/branches/.git/c.yaml"), "broken: [").unwrap();
    fs::write(lab.path("site/readme.md"), "broken: [").unwrap();
    lab.run(&["validate", "-f", "site"]).expect_status(0).expect_out("2 manifests are valid");
    fs::write(lab.path("site/branches/d.yaml"), "kind: WsusServer\nbroken: [").unwrap();
    lab.run(&["validate", "-f", "site"]).expect_status(3).expect_err("d.yaml:2:");
    fs::create_dir(lab.path("nothing")).unwrap();
    lab.run(&["validate", "-f", "nothing"]).expect_status(3).expect_err("no manifest in directory nothing");
}

#[test]
fn a_directory_with_other_yaml() {
    let lab = Lab::new("empty");
    fs::create_dir(lab.path("site")).unwrap();
    let write = |name: &str, text: &str| fs::write(lab.path(&format!("site/{name}")), text).unwrap();
    write("compose.yaml", "services:\n  db: {image: mssql}\n");
    write("job.yml", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: wsusctl}\nspec: [\n");
    let none = lab.run(&["diff", "-f", "site"]);
    none.expect_status(3).expect_err("no manifest").expect_err("site/compose.yaml, site/job.yml");
    write("lab.yaml", &format!("{}spec: {{}}\n", HEAD.replace("lab.db", "../lab.db")));
    let told = "note: other YAML was passed over: site/compose.yaml, site/job.yml";
    for verb in ["validate", "diff"] {
        lab.run(&[verb, "-f", "site"]).expect_status(0).expect_err(told);
    }
    lab.run(&["diff", "-q", "-f", "site"]).expect_status(0).expect_nowhere("passed over");
    lab.run(&["validate", "-f", "site/compose.yaml"]).expect_status(3).expect_err("compose.yaml:1:");
    // What is meant as a manifest is no stranger, whatever is wrong with it.
    for (name, text) in [
        ("version.yaml", "apiVersion: wsuscontrol/v1\nkind: Server\nspec: {}\n"),
        ("kind.yaml", "apiVersion: v1\nkind: wsusserver\nspec: {}\n"),
        ("head.yaml", "metadata: {name: x}\nspec: {}\n"),
        ("json.yaml", "{\"apiVersion\": \"wsusctl/v1alpha1\", \"kind\": 1}\n"),
    ] {
        write(name, text);
        lab.run(&["validate", "-f", "site"]).expect_status(3).expect_err(&format!("{name}:1:"));
        fs::remove_file(lab.path(&format!("site/{name}"))).unwrap();
    }
}

#[test]
fn standard_input() {
    let lab = Lab::new("demo");
    let feed = |arguments: &[&str], text: &str| {
        let pipes = |command: &mut std::process::Command| {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        };
        let mut command = lab.command(arguments);
        pipes(&mut command);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        ran(child.wait_with_output().unwrap())
    };
    let text = format!("{HEAD}spec:\n  groups: [{{name: New}}]\n");
    feed(&["validate", "-f", "-"], &text).expect_status(0);
    feed(&["validate", "-f", "-"], &format!("{text}x: 1\n")).expect_status(3).expect_err("<stdin>:7:1");
    // Its paths are relative to the working directory.
    feed(&["apply", "-f", "-", "--yes"], &text).expect_status(0);
    feed(&["apply", "-f", "-", "--yes"], &text).expect_status(0).expect_out("No differences");
}

#[test]
fn paths_that_cannot_be_read() {
    Lab::empty().run(&["validate", "-f", "missing.yaml"]).expect_status(3).expect_err("missing.yaml");
}

#[test]
fn the_same_errors_stop_diff_and_apply() {
    let lab = Lab::new("demo");
    lab.manifest("  groups: [{name: New}]\n  grups: []\n");
    lab.refused(3, 3).expect_err("error[unknown-key]").expect_err("lab.yaml:7:3");
    assert_eq!(lab.writes(), 0);
}

#[test]
fn a_wrong_sandbox_option_is_found_offline() {
    let text = HEAD.replace("sandbox:lab.db", "sandbox:lab.db?sead=demo");
    invalid(&format!("{text}spec: {{}}\n"), &["error[sandbox-option]", "lab.yaml:4:", "seed"]);
}

#[test]
fn bad_usage_is_never_taken_for_differences() {
    let lab = Lab::empty();
    for arguments in [
        &["dif"][..],
        &["diff"],
        &["diff", "-f"],
        &["diff", "-f", "lab.yaml", "--nope"],
        &["diff", "-f", "lab.yaml", "--allow", "everything"],
        &["diff", "-f", "lab.yaml", "--server", "http://x"],
        &["diff", "-f", "lab.yaml", "--timeout", "never"],
        &["apply", "-f", "lab.yaml", "--output", "xml"],
        &["apply", "-f", "lab.yaml", "--allow", "groups.delete=101%"],
        &["sandbox", "init", "x.db", "--seed", "big"],
        &["-q", "-v", "validate", "-f", "x"],
        &[],
    ] {
        let shown = lab.run(arguments);
        shown.expect_status(3);
        assert!(!shown.err.is_empty() && shown.out.is_empty(), "{shown:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["diff", "--help"]] {
        assert!(!lab.run(arguments).expect_status(0).out.is_empty());
    }
}
