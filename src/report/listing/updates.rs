//! Updates, and those of them that are declined.

use serde::Serialize;

use super::{Listed, articles, described, or_dash};
use crate::model::listing::ListedUpdate;
use crate::model::snapshot::{License, Reboot, Update};
use crate::report::timestamp::timestamp;
use crate::report::yaml::comment;

/// Updates.
pub struct AsUpdates;

/// Declined updates.
pub struct AsDeclines;

/// An update in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireUpdate<'a> {
    id: String,
    kbs: Vec<String>,
    title: &'a str,
    classifications: &'a [String],
    products: &'a [String],
    severity: &'static str,
    update_type: &'static str,
    revision: i32,
    arrived_at: String,
    created_at: String,
    declined: bool,
    reinstated_at: Option<String>,
    expired: bool,
    superseded: bool,
    superseded_by: Vec<String>,
    license: &'static str,
    can_install: bool,
    install_asks: bool,
    can_uninstall: bool,
    uninstall_asks: bool,
    reboot: &'static str,
    approvals: usize,
    needed_by: Option<u32>,
}

impl Listed for AsUpdates {
    type Row = ListedUpdate;
    type Wire<'a> = WireUpdate<'a>;
    const HEADINGS: &'static [&'static str] =
        &["ID", "KB", "ARRIVED", "CLASSIFICATION", "STATE", "APPROVALS", "NEEDED BY", "TITLE"];
    const YAML_HEAD: &'static [&'static str] =
        &["for `declines` as they are; for `approvals` each one needs `groups`, too"];

    fn cells(row: &ListedUpdate) -> Vec<String> {
        let ListedUpdate { update, classifications, products: _, superseded_by, approvals } = row;
        vec![
            update.id.to_string(),
            or_dash(articles(&update.kbs)),
            update.arrived_at.format("%Y-%m-%d").to_string(),
            or_dash(classifications.join(", ")),
            or_dash(states(update, superseded_by).join(", ")),
            approvals.len().to_string(),
            update.needed_by.map_or_else(|| "?".to_owned(), |computers| computers.to_string()),
            update.title.clone(),
        ]
    }

    fn wire(row: &ListedUpdate) -> WireUpdate<'_> {
        // The ids say it, and stay where an article has several updates.
        let ListedUpdate { update, classifications, products, superseded_by: _, approvals } = row;
        let Update {
            id,
            title,
            kbs,
            categories: _,
            revision,
            declined,
            reinstated_at,
            expired,
            // Only those that are deployable are listed.
            deployable: _,
            can_install,
            install_asks,
            can_uninstall,
            uninstall_asks,
            license,
            severity,
            update_type,
            arrived_at,
            created_at,
            superseded_by,
            needed_by,
            reboot,
        } = update;
        WireUpdate {
            id: id.to_string(),
            kbs: kbs.iter().map(|kb| format!("KB{kb}")).collect(),
            title,
            classifications,
            products,
            severity: severity.as_str(),
            update_type: update_type.as_str(),
            revision: *revision,
            arrived_at: timestamp(*arrived_at),
            created_at: timestamp(*created_at),
            declined: *declined,
            reinstated_at: reinstated_at.map(timestamp),
            expired: *expired,
            superseded: !superseded_by.is_empty(),
            superseded_by: superseded_by.iter().map(ToString::to_string).collect(),
            license: license_word(*license),
            can_install: *can_install,
            install_asks: *install_asks,
            can_uninstall: *can_uninstall,
            uninstall_asks: *uninstall_asks,
            reboot: reboot_word(*reboot),
            approvals: approvals.len(),
            needed_by: *needed_by,
        }
    }

    fn yaml(rows: &[ListedUpdate], _: bool) -> String {
        rows.iter().map(|row| entry("", row)).collect()
    }
}

impl Listed for AsDeclines {
    type Row = ListedUpdate;
    type Wire<'a> = WireUpdate<'a>;
    const HEADINGS: &'static [&'static str] = AsUpdates::HEADINGS;
    const YAML_HEAD: &'static [&'static str] = &["for `spec`"];

    fn cells(row: &ListedUpdate) -> Vec<String> {
        AsUpdates::cells(row)
    }

    fn wire(row: &ListedUpdate) -> WireUpdate<'_> {
        AsUpdates::wire(row)
    }

    fn yaml(rows: &[ListedUpdate], first: bool) -> String {
        let head = if first { "declines:\n" } else { "" };
        head.to_owned() + &rows.iter().map(|row| entry("  ", row)).collect::<String>()
    }
}

fn entry(indent: &str, row: &ListedUpdate) -> String {
    let Update { id, kbs, title, .. } = &row.update;
    let mut said = described(kbs, title);
    let states = states(&row.update, &row.superseded_by);
    if !states.is_empty() {
        said = format!("[{}] {said}", states.join(", "));
    }
    format!("{indent}- update: {id}  {}\n", comment(&said))
}

/// What is unusual about an update, in words.
fn states(update: &Update, superseded_by: &[String]) -> Vec<String> {
    let pending = matches!(update.license, License::Pending(_));
    let superseded = match superseded_by {
        [] => "superseded".to_owned(),
        [by] => format!("superseded by {by}"),
        [by, rest @ ..] => format!("superseded by {by} and {} more", rest.len()),
    };
    [
        (update.declined, "declined".to_owned()),
        (update.expired, "expired".to_owned()),
        (!update.superseded_by.is_empty(), superseded),
        (pending, "license pending".to_owned()),
    ]
    .into_iter()
    .filter_map(|(holds, word)| holds.then_some(word))
    .collect()
}

fn license_word(license: License) -> &'static str {
    match license {
        License::None => "none",
        License::Accepted(_) => "accepted",
        License::Pending(_) => "pending",
    }
}

fn reboot_word(reboot: Reboot) -> &'static str {
    match reboot {
        Reboot::Unknown => "unknown",
        Reboot::Never => "never",
        Reboot::Always => "always",
        Reboot::Possible => "possible",
    }
}
