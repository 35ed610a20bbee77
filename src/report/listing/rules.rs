//! Automatic approval rules.

use serde::Serialize;

use super::{Listed, or_dash};
use crate::model::listing::ListedRule;
use crate::report::yaml::{comment, scalar, sequence};

/// A rule in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireRule<'a> {
    id: i32,
    name: &'a str,
    enabled: bool,
    classifications: &'a [String],
    products: &'a [String],
    groups: &'a [String],
    deadline: Option<WireDeadline>,
}

/// The deadline that a rule sets.
#[derive(Serialize)]
pub struct WireDeadline {
    days: i32,
    at: String,
}

impl Listed for ListedRule {
    type Row = Self;
    type Wire<'a> = WireRule<'a>;
    const HEADINGS: &'static [&'static str] =
        &["ID", "ENABLED", "DEADLINE", "NAME", "CLASSIFICATIONS", "PRODUCTS", "GROUPS"];
    const YAML_HEAD: &'static [&'static str] = &["for `spec`"];

    fn cells(row: &Self) -> Vec<String> {
        let Self { id, name, enabled, classifications, products, groups, deadline } = row;
        let all_or = |titles: &[String]| if titles.is_empty() { "(all)".to_owned() } else { titles.join(", ") };
        vec![
            id.to_string(),
            if *enabled { "yes".to_owned() } else { "no".to_owned() },
            or_dash(deadline.map(|(days, minutes)| format!("{days} d, {}", time_of_day(minutes))).unwrap_or_default()),
            name.clone(),
            all_or(classifications),
            all_or(products),
            or_dash(groups.join(", ")),
        ]
    }

    fn wire(row: &Self) -> WireRule<'_> {
        let Self { id, name, enabled, classifications, products, groups, deadline } = row;
        let deadline = deadline.map(|(days, minutes)| WireDeadline { days, at: time_of_day(minutes) });
        WireRule { id: *id, name, enabled: *enabled, classifications, products, groups, deadline }
    }

    fn yaml(rows: &[Self], first: bool) -> String {
        let mut out = if first { "approvalRules:\n".to_owned() } else { String::new() };
        for Self { id, name, enabled, classifications, products, groups, deadline } in rows {
            out += &format!("  - name: {}  {}\n", scalar(name), comment(&format!("rule {id}")));
            out += &format!("    enabled: {enabled}\n");
            for (key, titles) in [("classifications", classifications), ("products", products), ("groups", groups)] {
                if !titles.is_empty() {
                    out += &format!("    {key}: {}\n", sequence(titles));
                }
            }
            if let Some((days, minutes)) = deadline {
                out += &format!("    deadline: {{days: {days}, at: \"{}\"}}\n", time_of_day(*minutes));
            }
        }
        out
    }
}

/// As stored: whose time of day it is, no source says.
fn time_of_day(minutes: i32) -> String {
    format!("{:02}:{:02}", minutes.div_euclid(60), minutes.rem_euclid(60))
}
