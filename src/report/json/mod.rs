//! The JSON document of `diff --output json`, for programs. docs/reference/json-plan.md describes it.

mod schema;
mod wire;

use chrono::{DateTime, Utc};

use super::visible::visible_json;
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::Plan;

pub use schema::schema;

/// The version of the document's shape. Its first number changes when readers would have to change, its second when
/// something is added.
pub const FORMAT_VERSION: &str = "1.1";

/// A server's plan and what the document says about it besides.
#[derive(Debug, Clone)]
pub struct ServerReport<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The plan's digest, in hexadecimal.
    pub digest: String,
    /// The permissions that `--allow` gave, as they are typed.
    pub permissions: Vec<String>,
    /// The file of the snapshot that the plan was made from; none where the server was asked.
    pub against: Option<&'a str>,
}

/// Writes the document, with a line end at its end.
///
/// `errors` are the problems of the manifests. Where one of them is an error nothing was planned in earnest: the document
/// then has no servers and so no changes, whatever `servers` says. The same input gives the same bytes.
#[must_use]
pub fn render(
    servers: &[ServerReport<'_>],
    errors: &Diagnostics,
    sources: &Sources,
    evaluated_at: DateTime<Utc>,
    tool_version: &str,
) -> String {
    let servers = if errors.has_errors() { &[] } else { servers };
    let document = wire::Document::new(servers, errors, sources, evaluated_at, tool_version);
    let mut text = serde_json::to_string_pretty(&document).expect("every key of the document is a text");
    text.push('\n');
    visible_json(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::{Value, json};

    use super::{FORMAT_VERSION, ServerReport, render};
    use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
    use crate::model::attribute::Attribute;
    use crate::plan::Plan;
    use crate::report::sample;

    const DIGEST: &str = "0f3a5c7e9b1d2f406182a3c4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718";

    fn rendered(plans: &[Plan], errors: &Diagnostics) -> String {
        let report = |plan| ServerReport {
            plan,
            digest: DIGEST.into(),
            permissions: vec!["approvals.delete=80%".into()],
            against: None,
        };
        let servers: Vec<ServerReport<'_>> = plans.iter().map(report).collect();
        render(&servers, errors, &sample::sources(), "2026-11-20T12:00:01.250Z".parse().unwrap(), "0.1.0")
    }

    fn parsed(plan: Plan) -> Value {
        let mut document: Value = serde_json::from_str(&rendered(&[plan], &Diagnostics::default())).unwrap();
        document["servers"][0].take()
    }

    #[test]
    fn the_reference_shows_what_is_rendered() {
        let mut plan = sample::everything();
        plan.pending.truncate(1);
        plan.summary.pending = 1;
        let expected = rendered(&[plan], &Diagnostics::default());
        let reference = include_str!("../../../docs/reference/json-plan.md").replace("\r\n", "\n");
        let example = reference.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
        assert_eq!(example, expected, "docs/reference/json-plan.md has another example");
    }

    #[test]
    fn the_reference_describes_every_field() {
        fn keys(value: &Value, found: &mut BTreeMap<String, ()>) {
            match value {
                // The attributes of objects are described as such.
                Value::Object(map) => map
                    .iter()
                    .filter(|(key, _)| !["before", "after"].contains(&key.as_str()))
                    .for_each(|(key, value)| {
                        found.insert(key.clone(), ());
                        keys(value, found);
                    }),
                Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
                _ => {}
            }
        }
        let mut errors = Diagnostics::default();
        errors.push(Diagnostic::warning("unknown-key", "A key is not known").at(sample::at(3), ""));
        let document: Value = serde_json::from_str(&rendered(&[sample::everything()], &errors)).unwrap();
        let mut found = BTreeMap::new();
        keys(&document, &mut found);
        let reference = include_str!("../../../docs/reference/json-plan.md");
        let missing: Vec<&String> = found.keys().filter(|key| !reference.contains(&format!("`{key}`"))).collect();
        assert!(missing.is_empty(), "docs/reference/json-plan.md lacks {missing:?}");
    }

    #[test]
    fn the_reference_describes_no_field_twice() {
        let reference = include_str!("../../../docs/reference/json-plan.md");
        for section in reference.split("\n#") {
            let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
            let mut seen = BTreeSet::new();
            for (field, _) in rows {
                assert!(seen.insert(field), "`{field} stands twice in one table");
            }
        }
    }

    #[test]
    fn fields_stand_in_the_documented_order() {
        let text = rendered(&[sample::everything()], &Diagnostics::default());
        let order = |indent: usize| -> Vec<&str> {
            let start = format!("{}\"", " ".repeat(indent));
            let keys = text.lines().filter_map(|line| line.strip_prefix(&start)?.split_once("\":"));
            keys.map(|(key, _)| key).collect()
        };
        assert_eq!(order(2), ["formatVersion", "tool", "evaluatedAt", "errors", "servers"]);
        assert_eq!(
            order(6),
            [
                "name",
                "serverId",
                "takenAt",
                "digest",
                "permissions",
                "summary",
                "entries",
                "undeclared",
                "changes",
                "blockers",
                "unsupported",
                "findings",
                "warnings",
                "pending"
            ]
        );
    }

    #[test]
    fn an_empty_plan_has_every_list() {
        let server = parsed(sample::no_differences());
        for list in ["entries", "changes", "blockers", "unsupported", "findings", "warnings", "pending"] {
            assert_eq!(server[list], json!([]), "{list}");
        }
        assert_eq!(server["summary"]["managed"], json!({"groups": 6, "memberships": 60, "approvals": 95}));
    }

    #[test]
    fn blockers_name_the_permission_that_lifts_them() {
        let blockers = parsed(sample::only_blockers())["blockers"].take();
        assert_eq!(blockers[0]["address"], "groups");
        assert_eq!(blockers[0]["permission"], "groups.delete=70%");
        assert_eq!(blockers[2]["address"], "approvals[3]");
        assert_eq!(blockers[2].get("permission"), None);
    }

    #[test]
    fn unknown_is_not_null() {
        let server = parsed(sample::everything());
        let unread = server["changes"].as_array().unwrap().iter().find(|change| change["risk"] == "high").unwrap();
        assert_eq!(unread["before"]["deadline"], json!({"unknown": "the login may not read it"}));
        assert_eq!(unread["fields"][0]["after"], Value::Null);
        assert!(unread["after"].as_object().unwrap().contains_key("deadline"));
    }

    #[test]
    fn every_shape_of_a_value_arrives() {
        let mut plan = sample::no_differences();
        let mut change = sample::group("A", "B", 1);
        let value = Attribute::map([
            ("list", Attribute::List(vec![Attribute::Bool(true), Attribute::Int(-7), Attribute::Null])),
            ("text", Attribute::text("ä\"\\\u{0}\u{202e}")),
        ]);
        change.after = Some(BTreeMap::from([("value".to_owned(), value)]));
        plan.changes = vec![change];
        let after = parsed(plan)["changes"][0]["after"].take();
        assert_eq!(after, json!({"value": {"list": [true, -7, null], "text": "ä\"\\\u{0}\u{202e}"}}));
    }

    #[test]
    fn an_error_leaves_no_changes() {
        let mut errors = Diagnostics::default();
        errors.push(
            Diagnostic::error("unknown-group", "A group is not known")
                .detail("no group is called \"Servrs\"")
                .at(sample::at(31), "this one")
                .and(sample::at(2), "declared here")
                .help("did you mean \"Servers\"?"),
        );
        errors.push(Diagnostic::error("empty-file", "A manifest is empty"));
        let document: Value = serde_json::from_str(&rendered(&[sample::everything()], &errors)).unwrap();
        assert_eq!(
            document,
            json!({
                "formatVersion": FORMAT_VERSION,
                "tool": {"name": "wsusctl", "version": "0.1.0"},
                "evaluatedAt": "2026-11-20T12:00:01.250Z",
                "errors": [
                    {
                        "code": "unknown-group", "severity": "error", "summary": "A group is not known",
                        "detail": "no group is called \"Servrs\"", "file": "contoso-hq.yaml", "line": 31, "column": 7,
                        "help": ["did you mean \"Servers\"?"]
                    },
                    {
                        "code": "empty-file", "severity": "error", "summary": "A manifest is empty", "detail": "",
                        "file": null, "line": null, "column": null, "help": []
                    }
                ],
                "servers": []
            })
        );
    }

    #[test]
    fn warnings_leave_the_plan() {
        let mut errors = Diagnostics::default();
        errors.push(Diagnostic::warning("forbidden-character", "A name has a forbidden character"));
        let document: Value = serde_json::from_str(&rendered(&[sample::everything()], &errors)).unwrap();
        assert_eq!(document["errors"][0]["severity"], "warning");
        assert_eq!(document["servers"][0]["changes"].as_array().unwrap().len(), 9);
    }

    #[test]
    fn no_text_from_outside_commands_the_terminal_and_none_is_changed() {
        let plan = sample::hostile();
        let text = rendered(std::slice::from_ref(&plan), &Diagnostics::default());
        assert!(text.bytes().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte)));
        assert_eq!(parsed(plan.clone())["name"].as_str(), Some(plan.server_name.as_str()));
    }

    #[test]
    fn a_source_that_is_not_there_is_named_so() {
        let plan = sample::only_blockers();
        let server =
            ServerReport { plan: &plan, digest: DIGEST.into(), permissions: Vec::new(), against: Some("hq.snapshot") };
        let text = render(&[server], &Diagnostics::default(), &Sources::default(), plan.taken_at, "0.1.0");
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["servers"][0]["against"], "hq.snapshot");
        assert_eq!(document["servers"][0]["blockers"][0]["origin"]["file"], "<unknown source>");
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes() {
        let plans = [sample::everything(), sample::hostile(), sample::many_approvals(100)];
        assert_eq!(rendered(&plans, &Diagnostics::default()), rendered(&plans, &Diagnostics::default()));
    }

    #[test]
    fn a_big_plan_arrives_whole() {
        let text = rendered(&[sample::many_approvals(20_000)], &Diagnostics::default());
        assert_eq!(text.matches("\"address\": \"approval[").count(), 20_000);
    }
}
