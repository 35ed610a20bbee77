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
            out += &format!("      {}\n", comment(&format!("besides, for revision {}: {line}", row.approval.revision)));
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
        let notes = if notes.is_empty() { String::new() } else { format!("  {}", comment(&notes.join("; "))) };
        out += &format!("      {line}{notes}\n");
    }
    out
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
