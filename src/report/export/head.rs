//! The head of the manifest: where it comes from, what it declares, and what it leaves out and why.

use super::{ExportOptions, Section};
use crate::model::snapshot::Snapshot;
use crate::report::yaml::{comment, scalar};

/// How many of the things that are left out for one reason are listed.
const LISTED_MAX: usize = 200;

/// Things that are left out for one reason.
#[derive(Debug, Clone)]
pub(super) struct LeftOut {
    /// How many.
    count: u64,
    /// What they are, and why they are left out.
    why: String,
    /// Each of them, as far as they are worth a line.
    items: Vec<String>,
}

impl LeftOut {
    /// Things that are only counted; none where there are none.
    pub(super) fn number(count: u64, why: impl Into<String>) -> Option<Self> {
        (count > 0).then(|| Self { count, why: why.into(), items: Vec::new() })
    }

    /// Things that are listed, too; none where there are none.
    pub(super) fn list(items: Vec<String>, why: impl Into<String>) -> Option<Self> {
        (!items.is_empty()).then(|| Self { count: items.len() as u64, why: why.into(), items })
    }

    fn write(&self, out: &mut Vec<String>) {
        let Self { count, why, items } = self;
        out.push(format!("  {why}: {count}"));
        out.extend(items.iter().take(LISTED_MAX).map(|item| format!("    {item}")));
        if items.len() > LISTED_MAX {
            out.push(format!("    and {} more, which `wsusctl get` lists", items.len() - LISTED_MAX));
        }
    }
}

/// The whole manifest.
pub(super) fn manifest(snapshot: &Snapshot, options: &ExportOptions, sections: &[Section]) -> String {
    let ExportOptions { name, database, identity, kinds: _, all: _, tool_version } = options;
    let id = snapshot.server.server_id;
    let mut lines = vec![format!(
        "WSUS server {id}, written by wsusctl {tool_version} export. It declares what the server has: `wsusctl diff` shows no change."
    )];
    let declares: Vec<&str> =
        sections.iter().map(|section| section.declares.as_str()).filter(|declares| !declares.is_empty()).collect();
    lines.push(format!("Declared: {}.", if declares.is_empty() { "nothing".to_owned() } else { declares.join(", ") }));
    let left_out: Vec<&LeftOut> = sections.iter().flat_map(|section| &section.left_out).collect();
    if left_out.is_empty() {
        lines.push("Nothing else was left out.".to_owned());
    } else {
        lines.push("Left out, so neither declared nor touched:".to_owned());
        left_out.iter().for_each(|left_out| left_out.write(&mut lines));
    }
    let mut out: String = lines.iter().map(|line| format!("{}\n", comment(line))).collect();
    out += &format!("apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata:\n  name: {}\n", scalar(name));
    match database {
        Some(url) => {
            out += "connection:\n";
            out += &format!("  database: {}\n", scalar(url));
            let password = "a password is never exported: give it with WSUSCTL_PASSWORD or --password-file, or write auth: {password: {env: NAME}}";
            if url.contains('@') {
                out += &format!("  {}\n", comment(password));
            }
        }
        None => {
            let how = "connection: {database: mssql://...}: not exported, since its options or paths depend on where they were given; \
                       without it, give --server URL";
            out += &format!("{}\n", comment(how));
        }
    }
    let mut spec = String::new();
    if *identity {
        spec += &format!("  identity:\n    serverId: {id}\n");
    }
    sections.iter().for_each(|section| spec += &section.yaml);
    out += if spec.is_empty() { "spec: {}\n" } else { "spec:\n" };
    out + &spec
}
