//! Approvals.

use serde::Serialize;

use super::{Listed, articles, described, or_dash};
use crate::model::approval::{ApprovalAction, whole_seconds};
use crate::model::listing::ListedApproval;
use crate::model::name::fold;
use crate::model::snapshot::Deployment;
use crate::report::timestamp::timestamp;
use crate::report::yaml::{comment, scalar};

/// An approval in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireApproval<'a> {
    id: String,
    update: String,
    kbs: Vec<String>,
    title: &'a str,
    group: &'a str,
    group_id: String,
    action: &'static str,
    deadline: Option<String>,
    optional: bool,
    revision: i32,
    latest_revision: i32,
    automatic: bool,
    approved_by: &'a str,
    approved_at: String,
}

impl Listed for ListedApproval {
    type Row = Self;
    type Wire<'a> = WireApproval<'a>;
    const HEADINGS: &'static [&'static str] =
        &["UPDATE ID", "KB", "ACTION", "DEADLINE", "APPROVED", "BY", "REVISION", "GROUP", "TITLE"];
    const YAML_HEAD: &'static [&'static str] = &["for `spec`"];

    fn cells(row: &Self) -> Vec<String> {
        let Self { update, kbs, title, latest_revision, deployable: _, group, approval } = row;
        let optional = if approval.assigned { "" } else { ", optional" };
        let old = if approval.revision == *latest_revision { "" } else { " (old)" };
        vec![
            update.to_string(),
            or_dash(articles(kbs)),
            format!("{}{optional}", action(approval)),
            or_dash(approval.deadline.map(timestamp).unwrap_or_default()),
            timestamp(approval.deployed_at),
            approval.admin_name.clone(),
            format!("{}{old}", approval.revision),
            group.clone(),
            title.clone(),
        ]
    }

    fn wire(row: &Self) -> WireApproval<'_> {
        let Self { update, kbs, title, latest_revision, deployable: _, group, approval } = row;
        let Deployment {
            id,
            revision,
            group: group_id,
            action: _,
            deadline,
            assigned,
            admin_name,
            deployed_at,
            pending: _,
        } = approval;
        WireApproval {
            id: id.to_string(),
            update: update.to_string(),
            kbs: kbs.iter().map(|kb| format!("KB{kb}")).collect(),
            title,
            group,
            group_id: group_id.to_string(),
            action: action(approval),
            deadline: deadline.map(timestamp),
            optional: !assigned,
            revision: *revision,
            latest_revision: *latest_revision,
            automatic: approval.is_automatic(),
            approved_by: admin_name,
            approved_at: timestamp(*deployed_at),
        }
    }

    fn yaml(rows: &[Self], first: bool) -> String {
        let mut out = if first { "approvals:\n".to_owned() } else { String::new() };
        for rows in rows.chunk_by(|a, b| a.update == b.update) {
            out += &entry(rows);
        }
        out
    }
}

/// The approvals of one update. Of several for a group the one that counts is written, and the others are comments: so is
/// all of an update that a manifest cannot name.
fn entry(rows: &[ListedApproval]) -> String {
    let Some(one) = rows.first() else { return String::new() };
    let title = described(&one.kbs, &one.title);
    if !one.deployable {
        return format!("  {}\n", comment(&format!("{} cannot be approved by itself: {title}", one.update)));
    }
    let mut out = format!("  - update: {}  {}\n    groups:\n", one.update, comment(&title));
    let mut written: Vec<String> = Vec::new();
    // The latest revision first.
    for row in rows {
        let line = format!("{}: {}", scalar(&row.group), value(&row.approval));
        if written.contains(&fold(&row.group)) {
            let also = if is_cut(&row.approval) { format!("; {CUT}") } else { String::new() };
            let text = format!("besides, for revision {}: {line}{also}", row.approval.revision);
            out += &format!("      {}\n", comment(&text));
            continue;
        }
        written.push(fold(&row.group));
        let mut notes = Vec::new();
        if row.approval.revision != row.latest_revision {
            notes.push(format!("for revision {}, the latest is {}", row.approval.revision, row.latest_revision));
        }
        if row.approval.is_automatic() {
            notes.push("automatic".to_owned());
        }
        if is_cut(&row.approval) {
            notes.push(CUT.to_owned());
        }
        let notes = if notes.is_empty() { String::new() } else { format!("  {}", comment(&notes.join("; "))) };
        out += &format!("      {line}{notes}\n");
    }
    out
}

/// What a comment says where [`is_cut`].
const CUT: &str = "IsAssigned 0: optional besides, which cannot stand beside a deadline";

/// Whether an approval is optional and has a deadline: a manifest can say only one of the two, and says the deadline.
fn is_cut(approval: &Deployment) -> bool {
    !approval.assigned && approval.deadline.is_some()
}

fn value(approval: &Deployment) -> String {
    let action = action(approval);
    match approval.deadline {
        Some(deadline) => format!("{{action: {action}, deadline: \"{}\"}}", timestamp(whole_seconds(deadline))),
        None if !approval.assigned && approval.action == 0 => format!("{{action: {action}, optional: true}}"),
        None => action.to_owned(),
    }
}

/// Only actions 0, 1 and 3 are read.
fn action(approval: &Deployment) -> &'static str {
    ApprovalAction::from_code(approval.action).map_or("unknown", ApprovalAction::as_str)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::{Deployment, ListedApproval, entry};

    fn row(revision: i32, assigned: bool, deadline: Option<&str>) -> ListedApproval {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        ListedApproval {
            update: Uuid::from_u128(7),
            kbs: vec!["100".into()],
            title: "Update".into(),
            latest_revision: 200,
            deployable: true,
            group: "Servers".into(),
            approval: Deployment {
                id: Uuid::from_u128(1),
                revision,
                group: Uuid::from_u128(8),
                action: 0,
                deadline: deadline.map(time),
                assigned,
                admin_name: "anna".into(),
                deployed_at: time("2026-06-09T10:00:00Z"),
                pending: false,
            },
        }
    }

    #[test]
    fn an_optional_approval_with_a_deadline_says_that_it_is_both() {
        let deadline = Some("2026-12-01T18:00:00Z");
        let said = |rows: &[ListedApproval]| entry(rows).matches("IsAssigned 0").count();
        assert_eq!(said(&[row(200, false, deadline)]), 1);
        assert_eq!(said(&[row(200, false, deadline), row(199, false, deadline)]), 2);
        assert_eq!(said(&[row(200, true, deadline), row(200, true, None)]), 0);
        assert!(entry(&[row(200, false, None)]).contains("{action: install, optional: true}\n"));
        assert!(entry(&[row(200, false, deadline)]).contains("deadline: \"2026-12-01T18:00:00Z\"}  # "));
    }
}
