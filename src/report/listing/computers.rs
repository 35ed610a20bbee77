//! Computers.

use serde::Serialize;

use super::{Listed, or_dash, time_or_never};
use crate::model::listing::ListedComputer;
use crate::report::timestamp::timestamp;
use crate::report::yaml::{comment, scalar};

/// A computer in the JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WireComputer<'a> {
    id: &'a str,
    name: &'a str,
    ip_address: Option<&'a str>,
    os_version: Option<String>,
    groups: &'a [String],
    reported_at: Option<String>,
    downstream_server: Option<&'a str>,
}

impl Listed for ListedComputer {
    type Row = Self;
    type Wire<'a> = WireComputer<'a>;
    const HEADINGS: &'static [&'static str] = &["NAME", "IP ADDRESS", "OS", "REPORTED", "DOWNSTREAM SERVER", "GROUPS"];
    const YAML_HEAD: &'static [&'static str] = &["for a group"];

    fn cells(row: &Self) -> Vec<String> {
        let Self { computer_id: _, name, ip_address, os_version, groups, reported_at, downstream_server } = row;
        vec![
            name.clone(),
            or_dash(ip_address.clone().unwrap_or_default()),
            or_dash(os_version.map(version).unwrap_or_default()),
            time_or_never(*reported_at),
            or_dash(downstream_server.clone().unwrap_or_default()),
            groups.join(", "),
        ]
    }

    fn wire(row: &Self) -> WireComputer<'_> {
        let Self { computer_id, name, ip_address, os_version, groups, reported_at, downstream_server } = row;
        WireComputer {
            id: computer_id,
            name,
            ip_address: ip_address.as_deref(),
            os_version: os_version.map(version),
            groups,
            reported_at: reported_at.map(timestamp),
            downstream_server: downstream_server.as_deref(),
        }
    }

    /// A manifest cannot place computers that a downstream server reports: they stay as comments.
    fn yaml(rows: &[Self], first: bool) -> String {
        let mut out = String::new();
        if first {
            // A key without anything below it would be null.
            let empty = rows.iter().all(|computer| computer.downstream_server.is_some());
            out += if empty { "computers: []\n" } else { "computers:\n" };
        }
        for computer in rows {
            out += &match &computer.downstream_server {
                None => format!("  - {}\n", scalar(&computer.name)),
                Some(server) => format!("  {}\n", comment(&format!("{} is reported by {server}", computer.name))),
            };
        }
        out
    }
}

fn version((major, minor, build): (i32, i32, i32)) -> String {
    format!("{major}.{minor}.{build}")
}
