//! The one way in which cases are judged: a manifest, a server, and the lines that the plan comes to.

use wsusctl::diagnostic::Diagnostics;
use wsusctl::model::attribute::Attribute;
use wsusctl::model::resolved::Notice;
use wsusctl::plan::change::{Change, ChangeAction, Risk};
use wsusctl::plan::permission::{Permission, Permissions};
use wsusctl::plan::simulate::simulate;
use wsusctl::plan::{BlockerSubject, Plan, Policy, plan};
use wsusctl::resolve::{resolve, scope};

use crate::desired::Manifest;
use crate::snapshot::{Server, now, read};

/// Plans with permissions; the snapshot is read with the manifest's own scope.
pub fn plan_with(manifest: &Manifest, server: &Server, permissions: &[&str]) -> Result<Plan, Diagnostics> {
    let snapshot = server.read(&scope(&manifest.desired, now()));
    let resolved = resolve(&manifest.desired, &snapshot, now())?;
    Ok(plan(&resolved, &snapshot, &policy(permissions)))
}

pub fn policy(permissions: &[&str]) -> Policy {
    let permissions = permissions.iter().map(|text| text.parse::<Permission>().unwrap());
    Policy { now: now(), permissions: Permissions::new(permissions) }
}

/// A plan that must not fail.
pub fn plan_of(manifest: &Manifest, server: &Server) -> Plan {
    plan_with(manifest, server, &[]).unwrap_or_else(|errors| panic!("{:#?}", error_lines(&errors)))
}

/// The change with this short address.
pub fn change_of(plan: &Plan, address: &str) -> Change {
    let found = plan.changes.iter().find(|change| short(&change.address.to_string()) == address);
    found.unwrap_or_else(|| panic!("no change of {address} in {:#?}", lines(plan))).clone()
}

/// Compares all that a plan says with the expected lines, and that without blockers the plan leads to where nothing
/// is left to do.
#[track_caller]
pub fn check(manifest: &Manifest, server: &Server, expect: &[&str]) {
    check_allowing(manifest, server, &[], expect);
}

#[track_caller]
pub fn check_allowing(manifest: &Manifest, server: &Server, permissions: &[&str], expect: &[&str]) {
    let found = match plan_with(manifest, server, permissions) {
        Err(errors) => error_lines(&errors),
        Ok(plan) => {
            assert_converges(manifest, server, &plan, permissions);
            assert_same_from_the_whole(manifest, server, &plan, permissions);
            lines(&plan)
        }
    };
    assert_eq!(found, expect, "\nfound: {found:#?}");
}

#[track_caller]
fn assert_converges(manifest: &Manifest, server: &Server, first: &Plan, permissions: &[&str]) {
    if !first.blockers.is_empty() {
        return;
    }
    let after = simulate(&server.whole(), first, now());
    let resolved = resolve(&manifest.desired, &read(&after, &scope(&manifest.desired, now())), now()).unwrap();
    let second = plan(&resolved, &read(&after, &scope(&manifest.desired, now())), &policy(permissions));
    assert!(second.is_empty(), "left after {:#?}: {:#?}", lines(first), lines(&second));
    assert_eq!(second.unsupported.len(), first.unsupported.len());
}

/// What is read beyond the scope makes no difference.
#[track_caller]
fn assert_same_from_the_whole(manifest: &Manifest, server: &Server, narrow: &Plan, permissions: &[&str]) {
    let whole = server.whole();
    let resolved = resolve(&manifest.desired, &whole, now()).unwrap();
    let wide = plan(&resolved, &whole, &policy(permissions));
    assert_eq!(lines(&wide), lines(narrow));
    assert_eq!(wide.steps, narrow.steps);
    let mut summaries = [wide.summary, narrow.summary.clone()];
    for summary in &mut summaries {
        summary.ignored = 0;
    }
    assert_eq!(summaries[0], summaries[1]);
}

/// Errors as `error CODE line N`.
pub fn error_lines(errors: &Diagnostics) -> Vec<String> {
    let place = |label: &Option<wsusctl::diagnostic::Label>| label.as_ref().map_or(0, |label| label.origin.line);
    errors.0.iter().map(|error| format!("error {} line {}", error.code, place(&error.primary))).collect()
}

/// Everything that a plan says, one line each, in its own order.
pub fn lines(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<String> = plan.changes.iter().map(change_line).collect();
    for blocker in &plan.blockers {
        let subject = match &blocker.subject {
            BlockerSubject::Object(address) => short(&address.to_string()),
            BlockerSubject::Kind(kind) => kind.plural().to_owned(),
        };
        let permission = blocker.permission.map_or_else(|| "no permission".to_owned(), |given| given.to_string());
        lines.push(format!("blocker {} {subject} ({permission})", blocker.code));
    }
    let notices: [(&str, &[Notice]); 4] = [
        ("unsupported", &plan.unsupported),
        ("finding", &plan.findings),
        ("warning", &plan.warnings),
        ("pending", &plan.pending),
    ];
    for (what, notices) in notices {
        let line = |notice: &Notice| format!("{what} {} {}", notice.code, short(&notice.address.to_string()));
        lines.extend(notices.iter().map(line));
    }
    for entry in &plan.entries {
        let line = |notice: &Notice| format!("skipped {} {}", notice.code, short(&notice.address.to_string()));
        lines.extend(entry.skipped.iter().map(line));
    }
    lines
}

fn change_line(change: &Change) -> String {
    let symbol = match change.action {
        ChangeAction::Create => '+',
        ChangeAction::Modify => '~',
        ChangeAction::Delete => '-',
    };
    let mut line = format!("{symbol} {} {}", short(&change.address.to_string()), change.reason.code);
    for field in &change.fields {
        line += &format!(" {}: {} -> {}", field.path, text(&field.before), text(&field.after));
    }
    if change.fields.is_empty()
        && let Some(after) = &change.after
    {
        for (key, value) in after.iter().filter(|(key, value)| !is_default(key, value)) {
            line += &format!(" {key}={}", text(value));
        }
    }
    if change.risk == Risk::High {
        line += " HIGH";
    }
    line
}

fn is_default(key: &str, value: &Attribute) -> bool {
    matches!(
        (key, value),
        ("deadline", Attribute::Null) | ("optional" | "declined", Attribute::Bool(_)) | ("revision", _)
    ) || (key, value) == ("parent", &Attribute::text("All Computers"))
}

pub fn text(value: &Attribute) -> String {
    match value {
        Attribute::Null => "null".into(),
        Attribute::Bool(value) => value.to_string(),
        Attribute::Int(value) => value.to_string(),
        Attribute::Text(value) => value.clone(),
        Attribute::List(values) => format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(", ")),
        Attribute::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Attribute::Unknown(why) => format!("unknown({why})"),
    }
}

/// Ids of updates as `u1`, without quotes.
pub fn short(address: &str) -> String {
    let mut result = String::new();
    for (index, part) in address.split("aaaa0000-0000-0000-0000-").enumerate() {
        if index == 0 {
            result.push_str(part);
            continue;
        }
        let (digits, rest) = part.split_at(12);
        result.push('u');
        result.push_str(&u64::from_str_radix(digits, 16).unwrap().to_string());
        result.push_str(rest);
    }
    result.replace('"', "")
}
