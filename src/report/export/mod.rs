//! A server as a manifest: what `export` writes.
//!
//! The manifest declares what the server has and nothing else, so that its diff is empty. What a manifest cannot say, or
//! could say only by changing it, is left out, counted at the top and listed there. Nothing in it depends on when or how often it
//! was written.

mod approvals;
mod categories;
mod declines;
mod downstream_servers;
mod groups;
mod head;
mod memberships;
mod notifications;
mod refresh;
mod rules;
mod settings;
mod synchronization;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::address::Kind;
use crate::model::scope::ReadScope;
use crate::model::snapshot::{Snapshot, Update};
use crate::report::listing::described;

use self::groups::Groups;
use self::head::LeftOut;

pub use self::refresh::{Refresh, refresh};

/// The kinds that can be exported.
pub const KINDS: [Kind; 7] =
    [Kind::Setting, Kind::Group, Kind::Membership, Kind::Approval, Kind::Decline, Kind::Rule, Kind::Downstream];

/// What is exported, and what the manifest says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// `metadata.name`.
    pub name: String,
    /// The URL for `connection.database`; none where a manifest could not say it as it was given.
    pub database: Option<String>,
    /// Pin the server's id.
    pub identity: bool,
    /// What to export. Memberships bring the groups with them.
    pub kinds: BTreeSet<Kind>,
    /// Write the settings under `advanced` that hold their default, too.
    pub all: bool,
    /// The program's version.
    pub tool_version: &'static str,
}

impl ExportOptions {
    /// What has to be read.
    #[must_use]
    pub fn scope(&self) -> ReadScope {
        let has = |kind| self.kinds.contains(&kind);
        ReadScope {
            settings: has(Kind::Setting),
            synchronization: has(Kind::Setting),
            notifications: has(Kind::Setting),
            database_roles: has(Kind::Setting),
            rules: has(Kind::Rule),
            downstream_servers: has(Kind::Downstream),
            computers: has(Kind::Membership),
            approved_updates: has(Kind::Approval),
            declined_updates: has(Kind::Decline),
            ..ReadScope::default()
        }
    }
}

/// A part of the manifest.
#[derive(Debug, Default)]
struct Section {
    /// What it declares, in numbers: `7 groups`. Empty where it declares nothing.
    declares: String,
    /// The lines under `spec:`.
    yaml: String,
    /// What it had to leave out.
    left_out: Vec<LeftOut>,
}

/// Writes a snapshot, which was read with the scope of the options, as a manifest. `other_actions` is the number of rows for
/// computer groups by action that are no approvals.
#[must_use]
pub fn render(snapshot: &Snapshot, other_actions: &BTreeMap<i32, u64>, options: &ExportOptions) -> String {
    let has = |kind| options.kinds.contains(&kind);
    let groups = Groups::new(snapshot);
    let mut sections = Vec::new();
    if has(Kind::Setting) {
        sections.push(settings::section(snapshot, options.all));
        sections.push(synchronization::section(snapshot));
        sections.push(notifications::section(snapshot));
    }
    if has(Kind::Group) || has(Kind::Membership) {
        let memberships = has(Kind::Membership).then(|| memberships::Memberships::new(snapshot, &groups));
        sections.push(groups.section(memberships.as_ref()));
        sections.extend(memberships.map(memberships::Memberships::into_section));
    }
    if has(Kind::Approval) {
        sections.push(approvals::section(snapshot, &groups, other_actions));
    }
    if has(Kind::Decline) {
        sections.push(declines::section(snapshot));
    }
    if has(Kind::Rule) {
        sections.push(rules::section(snapshot, &groups));
    }
    if has(Kind::Downstream) {
        sections.push(downstream_servers::section(snapshot));
    }
    head::manifest(snapshot, options, &sections)
}

/// An update as it stands in lists: the newest first, whatever they were read in.
fn newest_first(updates: &mut [&Update]) {
    updates.sort_by(|one, other| (other.created_at, &one.title, one.id).cmp(&(one.created_at, &other.title, other.id)));
}

/// An update for a comment: articles and title.
fn title(update: &Update) -> String {
    described(&update.kbs, &update.title)
}

/// `1 group`, `7 groups`.
fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
