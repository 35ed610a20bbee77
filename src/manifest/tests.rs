//! What the reader as a whole says about texts.

use super::{ReadLimits, duplicate_live, read};
use crate::diagnostic::{Diagnostics, Sources};
use crate::encoding::Encoding;
use crate::model::approval::{ApprovalAction, Deadline};
use crate::model::connection::{Auth, DatabaseUrl, SecretReference};
use crate::model::desired::{Desired, UpdateReference};
use crate::model::management::{Limits, Prune};
use crate::model::object::ServerPlace;
use crate::model::origin::Origin;

mod select;
mod updates;

const HEAD: &str = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: hq}\n";

fn read_text(text: &str) -> (Vec<Desired>, Diagnostics) {
    read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default())
}

/// Problems as `code:line`, in their order.
fn problems(text: &str) -> String {
    let (servers, problems) = read_text(text);
    assert!(!servers.is_empty() || problems.has_errors(), "{text}");
    let codes: Vec<String> = problems
        .0
        .iter()
        .map(|problem| match &problem.primary {
            Some(label) => format!("{}:{}", problem.code, label.origin.line),
            None => problem.code.to_owned(),
        })
        .collect();
    codes.join(" ")
}

/// Problems of a spec whose first line is line 5.
fn spec_problems(spec: &str) -> String {
    problems(&format!("{HEAD}spec:\n{spec}"))
}

fn the_server(text: &str) -> Desired {
    let (mut servers, problems) = read_text(text);
    assert_eq!(problems, Diagnostics::default(), "{text}");
    assert_eq!(servers.len(), 1);
    servers.remove(0)
}

fn spec(spec: &str) -> Desired {
    the_server(&format!("{HEAD}spec:\n{spec}"))
}

fn slice(text: &str, origin: Origin) -> &str {
    &text[origin.start as usize..origin.end as usize]
}

#[test]
fn the_least_manifest_has_every_default() {
    let server = the_server(&format!("{HEAD}spec: {{}}\n"));
    assert_eq!((server.name.as_str(), server.labels.len()), ("hq", 0));
    assert!(server.connection.is_none() && server.server_id.is_none());
    assert!(server.groups.is_empty() && server.approvals.is_empty() && server.declines.is_empty());
    assert_eq!(server.management.limits, Limits::default());
    assert_eq!(server.management.prune_automatic_approvals, Prune::Never);
    assert!(server.management.prune.is_empty() && server.management.ignore.is_empty());
}

#[test]
fn groups_come_with_parents_before_children() {
    let server = spec(
        "  groups:\n    - name: A\n      groups: [{name: B, groups: [{name: C, computers: []}]}, {name: D}]\n    - name: E\n",
    );
    let groups: Vec<(&str, Option<usize>, bool)> =
        server.groups.iter().map(|group| (group.name.as_str(), group.parent, group.computers.is_some())).collect();
    assert_eq!(
        groups,
        [("A", None, false), ("B", Some(0), false), ("C", Some(1), true), ("D", Some(0), false), ("E", None, false)]
    );
}

#[test]
fn approvals_are_whole_values() {
    let server = spec(concat!(
        "  approvals:\n",
        "    - update: kb5060526\n",
        "      groups:\n",
        "        A: uninstall\n",
        "        B: {action: install, deadline: \"2026-12-01T20:00:00+02:00\"}\n",
        "        C: {action: install, deadline: {days: 0, at: \"18:00:30Z\"}}\n",
        "        D: {action: install, deadline: none, optional: true}\n",
        "        E: {action: inherit, deadline: , optional: null}\n",
    ));
    let entry = &server.approvals[0];
    assert!(!entry.accept_license);
    assert!(matches!(&entry.update, UpdateReference::Kb(kb) if kb.kb.value == "5060526"));
    let values: Vec<_> =
        entry.groups.iter().map(|group| (group.value.action, group.value.deadline, group.value.optional)).collect();
    let at = "2026-12-01T18:00:00Z".parse().unwrap();
    let time = chrono::NaiveTime::from_hms_opt(18, 0, 30).unwrap();
    assert_eq!(
        values,
        [
            (ApprovalAction::Uninstall, Deadline::None, false),
            (ApprovalAction::Install, Deadline::At(at), false),
            (ApprovalAction::Install, Deadline::After { days: 0, at: time }, false),
            (ApprovalAction::Install, Deadline::None, true),
            (ApprovalAction::Inherit, Deadline::None, false),
        ]
    );
}

#[test]
fn connections() {
    let connection = |text: &str| the_server(&format!("{HEAD}connection: {text}\nspec: {{}}\n")).connection.unwrap();
    let whole = connection("{database: 'mssql://h', auth: {user: u, password: {file: p.txt}}, tls: {ca: ca.pem}}");
    assert_eq!(whole.ca.as_deref(), Some("ca.pem"));
    let password = Some(SecretReference::File("p.txt".into()));
    assert_eq!(whole.auth, Some(Auth::Sql { user: "u".into(), password }));
    assert_eq!(connection("{database: 'wid:', auth: integrated}").auth, Some(Auth::Integrated));
    assert_eq!(connection("{database: 'wid:'}").database.value, DatabaseUrl::Wid);
}

#[test]
fn a_windows_account_is_no_sql_server_login() {
    let found = |text: &str| problems(&format!("{HEAD}connection: {text}\nspec: {{}}\n"));
    let auth = |url: &str, user: &str| {
        found(&format!("{{database: '{url}', auth: {{user: '{user}', password: {{env: P}}}}}}"))
    };
    for user in ["CONTOSO\\svc", "svc@contoso.com"] {
        assert_eq!(auth("mssql://h", user), "windows-account:4");
        for said in ["ntlm", "sql", "integrated", "kerberos"] {
            assert_eq!(auth(&format!("mssql://h?auth={said}"), user), "");
        }
    }
    assert_eq!(auth("mssql://h", "svc"), "");
    assert_eq!(found("{database: 'mssql://CONTOSO\\svc@h'}"), "windows-account:4");
    assert_eq!(found("{database: 'mssql://CONTOSO\\svc@h', auth: integrated}"), "");
}

#[test]
fn numbers_and_words_of_other_yamls_are_the_text_that_was_written() {
    let server =
        spec("  groups: [{name: 007, computers: [1.0, 0x1F, no, on, yes, 1e3, true, !!str 12]}, {name: !!str 1230}]\n");
    assert_eq!(server.groups[1].name, "1230");
    assert_eq!(server.groups[0].name, "007");
    let computers: Vec<&str> =
        server.groups[0].computers.iter().flatten().map(|computer| computer.value.as_str()).collect();
    assert_eq!(computers, ["1.0", "0x1F", "no", "on", "yes", "1e3", "true", "12"]);
}

#[test]
fn files_without_a_manifest() {
    for text in ["", "\n", "# a\n# b", "---\n", "---\n---\n...\n", "\u{feff}", "~"] {
        assert_eq!(problems(text), "empty", "{text:?}");
    }
    assert_eq!(problems("just text"), "wrong-type:1");
    assert_eq!(problems("[]"), "wrong-type:1");
    assert_eq!(problems("{}"), "missing-key:1 missing-key:1 missing-key:1 missing-key:1");
}

/// Two manifests of one server undo each other's work, whatever they are called.
#[test]
fn one_server_has_one_manifest() {
    let branch = HEAD.replace("hq", "branch");
    let pinned = |one: &str, other: &str| {
        let spec = |id: &str| format!("spec: {{identity: {{serverId: {id}}}}}\n");
        problems(&format!("{HEAD}{}---\n{branch}{}", spec(one), spec(other)))
    };
    let id = "3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11";
    assert_eq!(pinned(id, &id.to_uppercase()), "duplicate-server:9");
    assert_eq!(pinned(id, "3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a12"), "");

    let connected = |one: &str, other: &str| {
        let connection = |url: &str| format!("connection: {{database: '{url}'}}\nspec: {{}}\n");
        problems(&format!("{HEAD}{}---\n{branch}{}", connection(one), connection(other)))
    };
    for (one, other) in [
        ("mssql://sql.contoso.com", "mssql://alice@SQL.contoso.com.:1433/susdb?encrypt=login"),
        ("mssql://sql/SUSDB", "mssql://sql\\mssqlserver"),
        ("mssql://sql\\WSUS", "mssql://sql\\wsus?auth=kerberos"),
        ("mssql://[::1]:1500", "mssql://[::1]:1500/SUSDB"),
        ("wid:", "wid:"),
        ("sandbox:lab.db", "sandbox:./sub/../lab.db?seed=demo"),
    ] {
        assert_eq!(connected(one, other), "duplicate-server:10", "{one} {other}");
    }
    for (one, other) in [
        ("mssql://sql", "mssql://sql:1434"),
        ("mssql://sql", "mssql://sql/SUSDB2"),
        ("mssql://sql\\A", "mssql://sql\\B"),
        ("mssql://sql", "wid:"),
        ("sandbox:", "sandbox:"),
        ("sandbox:a.db", "sandbox:../a.db"),
    ] {
        assert_eq!(connected(one, other), "", "{one} {other}");
    }
}

/// Which server it is, only the server can tell. A copy of a database keeps the id until it is given one of its own.
#[test]
fn one_live_server_has_one_manifest() {
    let id = "3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a11";
    let new = "3f0e6d3c-6f5e-4c55-9a53-6a3f1f6d5a12";
    let declared = |spec: &str| read_text(&format!("{HEAD}spec: {spec}\n")).0.remove(0);
    let (plain, copy) = (declared("{}"), declared(&format!("{{identity: {{serverId: {new}, replaces: {id}}}}}")));
    let place =
        |id: &str, database: &str| ServerPlace { server_id: id.parse().unwrap(), database: database.to_owned() };
    let found = |(first, one): (&Desired, &ServerPlace), (again, other): (&Desired, &ServerPlace)| {
        duplicate_live((first, one), (again, other)).map(|problem| problem.detail)
    };
    let (here, alias, there) = (place(id, "WSUS1/SUSDB"), place(id, "wsus1/susdb"), place(id, "WSUS2/SUSDB"));
    let said = found((&plain, &here), (&copy, &alias)).unwrap();
    assert!(said.contains("both lead to the server") && said.contains("WSUS1/SUSDB"), "{said}");
    let said = found((&plain, &here), (&plain, &there)).unwrap();
    assert!(said.contains("two databases"), "{said}");
    assert_eq!(found((&plain, &here), (&copy, &there)), None);
    assert_eq!(found((&copy, &there), (&plain, &here)), None);
    assert_eq!(found((&plain, &here), (&plain, &place(new, "WSUS1/SUSDB"))), None);
}

#[test]
fn documents_are_servers() {
    let two = format!("---\n{HEAD}spec: {{}}\n---\n{}spec: {{}}\n---\n", HEAD.replace("hq", "branch"));
    let (servers, found) = read_text(&two);
    assert_eq!(found, Diagnostics::default());
    assert_eq!(servers.iter().map(|server| server.origin.line).collect::<Vec<_>>(), [2, 7]);
    assert_eq!(
        problems(&format!("{HEAD}spec: {{}}\n---\n{}spec: {{}}\n", HEAD.replace("hq", "HQ "))),
        "duplicate-server:6"
    );
    // A document that cannot be read hides nothing of the next one.
    assert_eq!(problems(&format!("a: [1, 2\n---\n{HEAD}spec: {{x: 1}}\n")), "syntax:1 unknown-key:6");
    let (servers, found) = read_text(&format!("a: 1\n---\n{HEAD}spec: {{}}\n"));
    assert_eq!((servers.len(), found.has_errors()), (1, true));
}

#[test]
fn places_are_right_whatever_the_encoding() {
    let plain =
        format!("# \u{e4}\u{1f600}\n{HEAD}spec:\n  groups:\n    - {{name: \u{e4}\u{1f600}, computers: [pc]}}\n");
    let crlf = plain.replace('\n', "\r\n");
    for text in [plain.clone(), crlf, format!("---\n---\n{plain}")] {
        for encoding in [Encoding::Utf8 { marked: false }, Encoding::Utf8 { marked: true }, Encoding::Utf16Le] {
            let mut sources = Sources::default();
            let (servers, found) = read("a", &encoding.encode(&text), &mut sources, &ReadLimits::default());
            assert_eq!(found, Diagnostics::default(), "{text:?}");
            let group = &servers[0].groups[0];
            let computer = &group.computers.as_ref().unwrap()[0];
            let source = &sources.get(group.origin.source).unwrap().text;
            assert_eq!(slice(source, group.origin), "\u{e4}\u{1f600}");
            assert_eq!(slice(source, computer.origin), "pc");
            let line = 1 + source[..group.origin.start as usize].matches('\n').count();
            assert_eq!((group.origin.line as usize, group.origin.column), (line, 14));
            assert_eq!((computer.origin.line as usize, computer.origin.column), (line, 30));
        }
    }
}

#[test]
fn entries_are_placed_on_their_first_line() {
    let text = format!("{HEAD}spec:\n  approvals:\n    - update: KB5060526\n      groups: {{A: install}}\n");
    let server = the_server(&text);
    assert_eq!(slice(&text, server.approvals[0].origin), "update: KB5060526");
    assert_eq!(slice(&text, server.approvals[0].groups[0].origin), "A");
    assert_eq!(server.origin.line, 1);
}

#[test]
fn keys() {
    assert_eq!(spec_problems("  group: []\n  groups: []\n  groups: []\n"), "unknown-key:5 duplicate-key:7");
    assert_eq!(spec_problems("  groups: [{name: a, name: b}]\n"), "duplicate-key:5");
    assert_eq!(spec_problems("  <<: {groups: []}\n"), "merge-key:5");
    assert_eq!(spec_problems("  [a]: 1\n"), "complex-key:5");
    assert_eq!(spec_problems("  groups: [!thing {name: a}]\n"), "tag:5");
    assert_eq!(
        spec_problems("  approvals: [{update: KB5060526, groups: {A: install, A: inherit}}]\n"),
        "duplicate-key:5"
    );
    assert_eq!(spec_problems("  groups: [{}]\n"), "missing-key:5");
}

#[test]
fn large_maps_have_no_key_twice() {
    let keys: String = (0..40).map(|n| format!("G{n}: install, ")).collect();
    let one = |more: &str| spec_problems(&format!("  approvals: [{{update: KB5060526, groups: {{{keys}{more}}}}}]\n"));
    assert_eq!(one("G40: install"), "");
    assert_eq!(
        one("G3: install, G39: install, G40: install, G40: install"),
        "duplicate-key:5 duplicate-key:5 duplicate-key:5"
    );
}

#[test]
fn many_broken_documents_take_no_longer_than_their_text() {
    assert_eq!(read_text(&"@\n---\n".repeat(20_000)).1.0.len(), 101);
}

#[test]
fn near_matches_and_known_keys_are_named() {
    let help = |text: &str| read_text(text).1.0[0].help.concat();
    assert_eq!(help(&format!("{HEAD}spec: {{aprovals: []}}\n")), "did you mean `approvals`?");
    assert!(help(&format!("{HEAD}spec: {{zzz: 1}}\n")).starts_with("there are `identity`"));
}

#[test]
fn null_is_refused_where_no_default_is_stated() {
    for (spec, expected) in [
        ("  groups:\n", "null:5"),
        ("  groups:\n    # - name: A\n  approvals:\n", "null:5 null:7"),
        ("  identity: ~\n", "null:5"),
        ("  identity: {serverId: }\n", "null:5"),
        ("  groups: [{name: }]\n", "null:5"),
        ("  groups: [{name: a, computers: null}]\n", "null:5"),
        ("  groups: [~]\n", "null:5"),
        ("  management: {prune: , ignore: }\n", "null:5 null:5"),
        ("  declines: [{update: }]\n", "null:5"),
        ("  approvals: [{update: KB5060526, groups: }]\n", "null:5"),
    ] {
        assert_eq!(spec_problems(spec), expected, "{spec}");
    }
    assert_eq!(problems(&format!("{HEAD}spec:\n")), "null:4");
    assert_eq!(problems(&format!("{HEAD}connection:\nspec: {{}}\n")), "null:4");
    assert_eq!(problems(&format!("{HEAD}metadata: {{labels: }}\nspec: {{}}\n")), "duplicate-key:4");
    let server = spec("  management: {prune: {groups: , automaticApprovals: ~}, limits: {minimum: null}}\n");
    assert_eq!(server.management.limits, Limits::default());
}

#[test]
fn wrong_types() {
    for (spec, expected) in [
        ("  groups: {}\n", "wrong-type:5"),
        ("  groups: [a]\n", "wrong-type:5"),
        ("  groups: [{name: [a]}]\n", "wrong-type:5"),
        ("  groups: [{name: a, computers: pc}]\n", "wrong-type:5"),
        ("  management: {limits: {minimum: many, deletePercent: \"3\"}}\n", "wrong-type:5 wrong-type:5"),
        ("  management: {limits: {minimum: 1.5, deletePercent: 0x10}}\n", "wrong-type:5 wrong-type:5"),
        ("  management: {limits: {minimum: -1, modifyPercent: 4294967296}}\n", "out-of-range:5 out-of-range:5"),
        ("  management: {prune: {groups: sometimes}}\n", "unknown-word:5"),
        ("  approvals: [{update: KB5060526, groups: [A]}]\n", "wrong-type:5"),
        ("  approvals: [{update: KB5060526, acceptLicense: yes, groups: {A: install}}]\n", "wrong-type:5"),
        ("  approvals: [{update: KB5060526, acceptLicense: \"true\", groups: {A: install}}]\n", "wrong-type:5"),
    ] {
        assert_eq!(spec_problems(spec), expected, "{spec}");
    }
    assert_eq!(
        problems("apiVersion: wsusctl/v1\nkind: Wsus\nmetadata: {name: ''}\nspec: {}\n"),
        "unknown-word:1 unknown-word:2 empty-name:3"
    );
    let labels = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: a, labels: {a: 1, b: true, c: , d: [], '': x, e: \"1\"}}\nspec: {}\n";
    assert_eq!(problems(labels), "wrong-type:3 wrong-type:3 null:3 wrong-type:3 empty-name:3");
}

#[test]
fn group_rules() {
    for (spec, expected) in [
        ("  groups: [{name: A}, {name: B, groups: [{name: 'a '}]}]\n", "duplicate-group:5"),
        ("  groups: [{name: all computers}, {name: Unassigned Computers}]\n", "built-in-group:5 built-in-group:5"),
        ("  groups: [{name: ' '}]\n", "empty-name:5"),
        ("  groups: [{name: a, computers: [pc, '', PC]}]\n", "empty-name:5 duplicate-computer:5"),
        ("  groups: [{name: a, except: [x*]}]\n", "except-without-computers:5"),
        ("  groups: [{name: a, requireComputers: true}]\n", "require-without-computers:5"),
        ("  groups: [{name: a, computers: [x], requireComputers: yes}]\n", "wrong-type:5"),
        ("  groups: [{name: a, computers: ['x*', y], except: [Y]}]\n", "named-and-excepted:5"),
        ("  groups: [{name: a}]\n  management: {ignore: ['GROUP[\"?\"]']}\n", "ignored-and-declared:6"),
    ] {
        assert_eq!(spec_problems(spec), expected, "{spec}");
    }
}

#[test]
fn warnings_do_not_stop_a_manifest() {
    for (spec, expected) in [
        ("  groups: [{name: 'R&D'}]\n".to_owned(), "group-name-characters:5"),
        (format!("  groups: [{{name: {}}}]\n", "\u{1f600}".repeat(128)), "group-name-length:5"),
        ("  groups: [{name: a, computers: [pc-1, 'pc-*']}]\n".to_owned(), "redundant-computer:5"),
        ("  groups: [{name: a, computers: [pc-1], except: [x]}]\n".to_owned(), "except-without-pattern:5"),
        (
            "  groups: [{name: a, computers: ['D\\pc', 'pc-[0-9]*', pc$, pc., a b]}]\n".to_owned(),
            "impossible-computer:5",
        ),
        ("  groups: [{name: a, computers: ['pc-*'], except: ['pc-[0-9]']}]\n".to_owned(), "impossible-computer:5"),
        ("  approvalRules: [{name: a, enabled: true, products: [x]}]\n".to_owned(), "rule-for-nobody:5"),
    ] {
        let text = format!("{HEAD}spec:\n{spec}");
        assert_eq!(problems(&text), expected);
        assert_eq!(read_text(&text).0.len(), 1);
    }
}

#[test]
fn approval_rules() {
    let one =
        |group: &str| spec_problems(&format!("  approvals:\n    - update: KB5060526\n      groups: {{{group}}}\n"));
    for (group, expected) in [
        ("", "no-groups:7"),
        ("'': install", "empty-name:7"),
        ("A: instal", "unknown-word:7"),
        ("A: Install", "unknown-word:7"),
        ("A: {}", "missing-key:7"),
        ("A: install, 'a ': inherit", "duplicate-approval:7"),
        ("A: {action: inherit, deadline: {days: 1, at: '18:00Z'}}", "deadline-without-effect:7"),
        ("A: {action: notApproved, deadline: none}", ""),
        ("A: {action: uninstall, optional: true}", "optional:7"),
        ("A: {action: uninstall, optional: false}", ""),
        ("A: {action: install, optional: true, deadline: {days: 1, at: '18:00Z'}}", "optional:7"),
        ("all computers: notApproved", "block-all-computers:7"),
        ("Unassigned Computers: notApproved", ""),
    ] {
        assert_eq!(one(group), expected, "{group}");
    }
}

#[test]
fn deadlines() {
    let one = |deadline: &str| {
        let groups = format!("{{A: {{action: install, deadline: {deadline}}}}}");
        let text = format!("{HEAD}spec: {{approvals: [{{update: KB5060526, groups: {groups}}}]}}\n");
        let found = read_text(&text).1;
        assert!(found.0.len() <= 1, "{found:?}");
        found.0.first().map(|problem| (problem.code, problem.help.concat()))
    };
    for right in ["none", "2026-12-01T18:00:00Z", "'2026-12-01 18:00:00+01:00'", "{days: 3650, at: '00:00Z'}"] {
        assert_eq!(one(right), None, "{right}");
    }
    for (wrong, help) in [
        ("2026-12-01T18:00:00", "if it is UTC, write \"2026-12-01T18:00:00Z\""),
        ("2026-12-01 18:00:00", "if it is UTC, write \"2026-12-01T18:00:00Z\""),
        ("2026-12-01T18:00:00.5Z", "write \"2026-12-01T18:00:00Z\""),
        ("9999-12-31T23:59:59Z", "write none"),
        ("1700-01-01T00:00:00Z", ""),
        ("tomorrow", "write a time as \"2026-12-01T18:00:00Z\", {days: 7, at: \"18:00Z\"}, or none"),
        ("{days: 7, at: '18:00'}", "times of day are UTC: write \"18:00Z\""),
        ("{days: 7, at: '6pm'}", "write hours and minutes as \"18:00Z\""),
        ("{days: 7, at: '24:00Z'}", "write hours and minutes as \"18:00Z\""),
        ("{days: 7, at: '+1:00Z'}", "write hours and minutes as \"18:00Z\""),
    ] {
        assert_eq!(one(wrong), Some(("bad-deadline", help.to_owned())), "{wrong}");
    }
    assert_eq!(one("{days: 3651, at: '18:00Z'}").unwrap().0, "out-of-range");
    assert_eq!(one("{days: 1}").unwrap().0, "missing-key");
    assert_eq!(one("[]").unwrap().0, "wrong-type");
    // A leap second is a second that SQL Server does not have.
    assert_eq!(one("2016-12-31T23:59:60Z").unwrap().0, "bad-deadline");
}

#[test]
fn update_references() {
    let one = |update: &str| spec_problems(&format!("  declines: [{update}]\n"));
    for right in ["KB123456", "kb12345678", "{update: KB1234567}", "7CB9E5A1-0000-4000-8000-000000000001"] {
        assert_eq!(one(right), "", "{right}");
    }
    for (wrong, expected) in [
        ("5060526", "bad-update:5"),
        ("KB12345", "bad-update:5"),
        ("KB123456789", "bad-update:5"),
        ("KB 5060526", "bad-update:5"),
        ("\"\"", "bad-update:5"),
        ("\u{e4}", "bad-update:5"),
        ("7cb9e5a1-0000-4000-8000-00000000000", "bad-id:5"),
        ("7cb9e5a1000040008000000000000001", "bad-id:5"),
        ("{update: {title: x}}", "missing-key:5"),
        ("{update: {kb: KB5060526, expect: 0}}", "out-of-range:5"),
        ("{update: {kb: 5060526, product: ''}}", "bad-update:5 empty-name:5"),
        ("{update: []}", "wrong-type:5"),
        ("KB5060526, {update: kb5060526}", "redundant-decline:5"),
    ] {
        assert_eq!(one(wrong), expected, "{wrong}");
    }
}

#[test]
fn entries_that_mean_the_same() {
    let approvals = "  approvals:\n    - {update: KB5060526, groups: {A: install, B: install}}\n    - {update: KB5060527, groups: {A: install}}\n";
    assert_eq!(
        spec_problems(&format!("{approvals}    - {{update: kb5060526, groups: {{a: inherit}}}}\n")),
        "duplicate-approval:8"
    );
    // Where two entries agree, one of them is too many and nothing worse.
    let agreeing = format!(
        "{HEAD}spec:\n{approvals}    - {{update: kb5060526, groups: {{a: {{action: install, deadline: none}}, C: install}}}}\n"
    );
    assert_eq!(problems(&agreeing), "redundant-approval:8");
    assert_eq!(read_text(&agreeing).0[0].approvals.len(), 3);
    for other in
        ["{action: install, optional: true}", "{action: install, deadline: {days: 1, at: '18:00Z'}}", "uninstall"]
    {
        let text = format!("{approvals}    - {{update: KB5060526, groups: {{A: {other}}}}}\n");
        assert_eq!(spec_problems(&text), "duplicate-approval:8", "{other}");
    }
    // Two narrowings may mean different updates: only a server can tell.
    assert_eq!(
        spec_problems(&format!("{approvals}    - {{update: {{kb: KB5060526, title: x}}, groups: {{A: inherit}}}}\n")),
        ""
    );
    assert_eq!(spec_problems(&format!("{approvals}  declines: [kb5060527]\n")), "approved-and-declined:8");
}

#[test]
fn rules_see_what_could_be_read() {
    let text = "  groups: [{name: A}, {name: a}, {nam: B}]\n  approvals: [{update: x, groups: {A: {action: inherit, optional: true}}}]\n";
    assert_eq!(spec_problems(text), "duplicate-group:5 missing-key:5 unknown-key:5 bad-update:6 optional:6");
}

#[test]
fn aliases_within_reason() {
    let shared = "  groups: [{name: A, computers: &pcs [x, y]}, {name: B, computers: *pcs}]\n";
    let server = spec(shared);
    assert_eq!(server.groups[1].computers.as_ref().map(Vec::len), Some(2));
    assert_eq!(spec_problems("  groups: *nothing\n"), "unknown-anchor:5");
    assert_eq!(spec_problems("  groups: &a [*a]\n"), "recursive-alias:5");
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    assert!(problems(&bomb).starts_with("alias-bomb:"), "{}", problems(&bomb));
    // A long text counts for what it is.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 1000].join(", "));
    assert_eq!(problems(&long), "alias-bomb:2");
    let mut chain = String::from("a0: &a0 []\n");
    for level in 1..3000 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(problems(&chain).starts_with("too-deep:"));
}

#[test]
fn deep_nesting_ends_in_a_message() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "a:\n - ".repeat(3)] {
        assert!(read_text(&text).1.has_errors());
    }
    let mut blocks = String::new();
    for level in 0..500 {
        blocks.push_str(&format!("{}a:\n", " ".repeat(level)));
    }
    assert_eq!(read_text(&blocks).1.0[0].code, "too-deep");
    assert_eq!(read_text(&"[".repeat(100_000)).1.0[0].code, "too-deep");
}

#[test]
fn syntax_errors_have_a_place() {
    for (text, expected) in [
        ("a: \"b\nc: d\n", "syntax"),
        ("a: b: c\n", "syntax:1"),
        ("a:\n\t- b\n", "syntax:2"),
        ("a: [1\nb: 2\n", "syntax"),
        ("a: @b\n", "syntax:1"),
        ("%YAML 3.0\n---\n", "syntax:1"),
        ("a: \"\\z\"\n", "syntax:1"),
    ] {
        let found = problems(text);
        assert!(found.starts_with(expected) && found.contains(':'), "{text:?}: {found}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let mut sources = Sources::default();
    let (_, found) = read("hq.yaml", b"kind: WsusServer\nb: \xff2\nc: 3\n", &mut sources, &ReadLimits::default());
    let problem = &found.0[0];
    let origin = problem.primary.as_ref().unwrap().origin;
    assert_eq!((problem.code, origin.line, origin.column), ("not-utf8", 2, 4));
    assert!(problem.detail.contains("byte 20 (line 2) is 0xff"), "{}", problem.detail);
    assert_eq!(slice(&sources.get(origin.source).unwrap().text, origin), "\u{fffd}");
    let unmarked: Vec<u8> = "a: 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (_, found) = read("hq.yaml", &unmarked, &mut sources, &ReadLimits::default());
    assert_eq!(found.0[0].detail, "hq.yaml: this is UTF-16 without a byte order mark");
    for bytes in [&b"\xff"[..], b"a\n\xff", b"\xe2\x82", b"\xef\xbb\xbf\xff", b"\xff\xfea"] {
        assert_eq!(read("x", bytes, &mut sources, &ReadLimits::default()).1.0[0].code, "not-utf8");
    }
}

#[test]
fn caps() {
    let limits = ReadLimits { max_bytes: 10, ..ReadLimits::default() };
    let (_, found) = read("hq.yaml", b"# 11 bytes\n", &mut Sources::default(), &limits);
    assert_eq!(found.0[0].code, "too-large");
    let limits = ReadLimits { max_nodes: 3, ..ReadLimits::default() };
    let (_, found) = read("hq.yaml", b"[a, b, c]", &mut Sources::default(), &limits);
    assert_eq!(found.0[0].code, "too-many-values");
}

#[test]
fn a_hundred_problems_and_the_number_of_the_rest() {
    let groups: String = (0..250).map(|n| format!("    - {{nam: g{n}, name: g{n}}}\n")).collect();
    let (servers, found) = read_text(&format!("{HEAD}spec:\n  groups:\n{groups}"));
    assert!(servers.is_empty());
    assert_eq!(found.0.len(), 101);
    assert_eq!(found.0[100].code, "more-problems");
    assert!(found.0[100].detail.starts_with("150 more"));
    assert!(found.0.windows(2).take(99).all(|pair| {
        let line = |at: usize| pair[at].primary.as_ref().unwrap().origin.line;
        line(0) <= line(1)
    }));
}

/// Everything that could be seen of a text: the text for snippets and every message.
fn seen(text: &str) -> String {
    let mut sources = Sources::default();
    let (servers, found) = read("hq.yaml", text.as_bytes(), &mut sources, &ReadLimits::default());
    assert!(found.has_errors() && servers.is_empty(), "{text}");
    format!("{found:?} {sources:?}")
}

#[test]
fn a_literal_password_is_never_seen() {
    for connection in [
        "{database: 'wid:', auth: {user: u, password: hunter2}}",
        "{database: 'wid:', auth: {user: u, password: \"hunter2\"}}",
        "{database: 'wid:', auth: {user: u, password: {value: hunter2}}}",
        "{database: 'wid:', auth: {user: u, password: {env: A, value: hunter2}}}",
        "{database: 'wid:', auth: {user: u, password: {hunter2: }}}",
        "{database: 'wid:', auth: {user: u, password: {env: [hunter2]}}}",
        "{database: 'wid:', auth: {user: u, password: [hunter2]}}",
        "{database: 'wid:', auth: {user: u, password: !secret hunter2}}",
        "{database: 'wid:', auth: {user: u, password: &p hunter2, x: 1}}",
        "{database: 'wid:', auth: {user: &p hunter2, password: *p}}",
        "{database: 'wid:', auth: {user: u, Password: hunter2}}",
        "{database: 'wid:', auth: {user: u, pwd: hunter2}}",
        "{database: 'wid:', password: hunter2}",
        "{database: 'wid:', password: {env: A}, password: hunter2}",
        "{database: 'mssql://u:hunter2@h'}",
        "{database: 'mssql://u:hunter2@h', databas: 'mssql://u:hunter2@h'}",
        "\n  database: 'wid:'\n  auth:\n    user: u\n    password: |\n      hunter2\n      hunter2\n",
        "\n  database: 'wid:'\n  auth:\n    user: u\n    password: >-\n      x\n\n      hunter2\n",
        "\n  database: 'wid:'\n  auth:\n    user: u\n    password: 'x\n      hunter2'\n",
        // Not even when the text cannot be parsed.
        "{database: 'wid:', auth: {user: u, password: \"hunter2}}",
        "\n  auth:\n    password: hunter2: x\n",
        "\n  auth:\n    'password' : @hunter2\n",
        "\n  auth:\n    password:\n      - hunter2\n\n      - @hunter2\n",
        "\n  database: mssql://u:hunter2@h: x\n",
        // Whatever it is called, and wherever it stands.
        "{database: 'Server=h;Database=SUSDB;User Id=u;Password=hunter2;'}",
        "{database: 'mssql://u@h/SUSDB?password=hunter2'}",
        "{database: 'u:hunter2@h'}",
        "{database: 'mssql://h', auth: {user: u, pass: hunter2}}",
        "{database: 'mssql://h', auth: {user: u, Passwort: hunter2}}",
        "{database: 'mssql://h', auth: {user: u, パスワード: hunter2}}",
        "{database: 'mssql://h', auth: {user: u, token: hunter2}}",
        "{database: 'mssql://h', auth: 'u:hunter2'}",
        "{database: 'mssql://h', auth: hunter2}",
        "{databas: x} # the password is: hunter2",
        "{databas: x}\nx\nWSUS_PASSWORD = hunter2",
        "{databas: x}\nx\nWSUS_CANARY=hunter2",
        "{databas: x}\n---\napiVersion: v1\nkind: Secret\nstringData: {a: hunter2, b: hunter2}",
    ] {
        let text = format!("{HEAD}connection: {connection}\nspec: {{}}\n");
        let seen = seen(&text);
        assert!(!seen.contains("hunter2"), "{connection}: {seen}");
    }
    for bytes in [
        &b"password: hunter2 \xff hunter2\n"[..],
        b"hunter2 \xff hunter2\n",
        // Files that are no manifests.
        b"WSUS_SQL=hunter2\n",
        b"hunter2\n",
        b"a: hunter2\nb: [hunter2\n",
        b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
    ] {
        let mut sources = Sources::default();
        let found = read("hq.yaml", bytes, &mut sources, &ReadLimits::default()).1;
        assert!(!format!("{found:?} {sources:?}").contains("hunter2"), "{bytes:?}");
    }
}

#[test]
fn literal_passwords_are_called_what_they_are() {
    let text =
        format!("{HEAD}connection: {{database: 'wid:', auth: {{user: u, password: \u{e4}hunter2}}}}\nspec: {{}}\n");
    assert_eq!(problems(&text), "literal-secret:4");
    assert_eq!(problems(&format!("{HEAD}connection: {{database: 'mssql://a:b@c'}}\nspec: {{}}\n")), "literal-secret:4");
    assert_eq!(
        problems(&format!("{HEAD}connection: {{database: 'wid:', auth: {{user: u, password: {{}}}}}}\nspec: {{}}\n")),
        "bad-secret-reference:4"
    );
    assert_eq!(
        problems(&format!("{HEAD}connection: {{database: 'x:', auth: ntlm}}\nspec: {{}}\n")),
        "bad-url:4 unknown-word:4"
    );
}
