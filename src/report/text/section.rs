//! Changes by kind: groups as the tree they form, approvals under their update, or under what many
//! updates have in common.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::change::{self, Extent};
use super::count::{count, length};
use super::declarers::Declarers;
use super::own;
use super::page::{Page, Piece};
use crate::diagnostic::Sources;
use crate::model::address::{Address, Kind, Quoted};
use crate::model::attribute::Attribute;
use crate::model::name::fold;
use crate::model::resolved::ResolvedEntry;
use crate::plan::change::{Change, ChangeAction};

/// What one heading covers, in the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Identity,
    Settings,
    Groups,
    Memberships,
    Approvals,
    Declines,
    Rules,
    DownstreamServers,
    /// Last of all, as they are carried out.
    GroupDeletions,
}

impl Section {
    fn of(change: &Change) -> Self {
        match (change.address.kind(), change.action) {
            (Kind::Identity, _) => Self::Identity,
            (Kind::Setting, _) => Self::Settings,
            (Kind::Group, ChangeAction::Delete) => Self::GroupDeletions,
            (Kind::Group, ChangeAction::Create | ChangeAction::Modify) => Self::Groups,
            (Kind::Membership, _) => Self::Memberships,
            (Kind::Approval, _) => Self::Approvals,
            (Kind::Decline, _) => Self::Declines,
            (Kind::Rule, _) => Self::Rules,
            (Kind::Downstream, _) => Self::DownstreamServers,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Identity => "Identity",
            Self::Settings => "Settings",
            Self::Groups => "Groups",
            Self::Memberships => "Memberships",
            Self::Approvals => "Approvals",
            Self::Declines => "Declines",
            Self::Rules => "Approval rules",
            Self::DownstreamServers => "Downstream servers",
            Self::GroupDeletions => "Deletions of groups",
        }
    }
}

/// Where a section's lines begin.
const INDENT: usize = 2;

/// Nested groups stand further in, but not for ever: a chain of thousands would be mostly spaces.
const DEPTH_MAX: usize = 12;

/// Writes every change.
pub(super) fn render(page: &mut Page, changes: &[Change], entries: &[ResolvedEntry], sources: &Sources) {
    let mut sections: BTreeMap<Section, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        sections.entry(Section::of(change)).or_default().push(change);
    }
    let declarers = Declarers::new(entries);
    for (section, changes) in sections {
        page.heading(section.title());
        match section {
            Section::Groups => render_groups(page, &changes, sources),
            Section::Approvals => render_approvals(page, &changes, &declarers, sources),
            Section::Declines => render_declines(page, &changes, &declarers, sources),
            Section::Identity
            | Section::Settings
            | Section::Memberships
            | Section::Rules
            | Section::DownstreamServers
            | Section::GroupDeletions => {
                for change in changes {
                    render_whole(page, INDENT, change, sources);
                }
            }
        }
    }
}

fn render_whole(page: &mut Page, indent: usize, change: &Change, sources: &Sources) {
    change::render(page, indent, &change.address.to_string(), Extent::Whole, change, sources);
}

/// Writes each group below the group that it is planned under, where that one is in the plan too.
fn render_groups(page: &mut Page, changes: &[&Change], sources: &Sources) {
    let names: BTreeMap<String, usize> =
        changes.iter().enumerate().filter_map(|(at, change)| Some((fold(name_of(change)?), at))).collect();
    let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        match planned_parent(change).and_then(|parent| names.get(&fold(parent))) {
            Some(parent) if *parent != at => children.entry(*parent).or_default().push(at),
            _ => roots.push(at),
        }
    }
    let mut seen = vec![false; changes.len()];
    // Groups cannot be their own ancestors; should a plan say so all the same, they are shown, if not as a tree.
    for root in roots.into_iter().chain(0..changes.len()) {
        let mut stack = vec![(root, 0)];
        while let Some((at, depth)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            render_whole(page, INDENT + 2 * usize::min(depth, DEPTH_MAX), changes[at], sources);
            stack.extend(children.get(&at).into_iter().flatten().rev().map(|child| (*child, depth + 1)));
        }
    }
}

fn name_of(change: &Change) -> Option<&str> {
    match &change.address {
        Address::Group(name) => Some(name),
        _ => None,
    }
}

/// The group above, as the plan leaves it.
fn planned_parent(change: &Change) -> Option<&str> {
    match change.after.as_ref()?.get("parent")? {
        Attribute::Text(parent) => Some(parent),
        _ => None,
    }
}

/// The approvals of an update that change, by the group's name.
type Approvals<'a> = Vec<(&'a str, &'a Change)>;

/// Writes what many updates have in common once, with the list of these updates; of the others, the approvals of one
/// update under one heading where there are several. In the order of titles.
fn render_approvals(page: &mut Page, changes: &[&Change], declarers: &Declarers<'_>, sources: &Sources) {
    let mut updates: Vec<(Uuid, Approvals<'_>)> = Vec::new();
    let mut places: BTreeMap<Uuid, usize> = BTreeMap::new();
    for change in changes {
        match &change.address {
            Address::Approval { update, group } => {
                let place = *places.entry(*update).or_insert_with(|| {
                    updates.push((*update, Vec::new()));
                    updates.len() - 1
                });
                updates[place].1.push((group, change));
            }
            _ => render_whole(page, INDENT, change, sources),
        }
    }
    updates.sort_by_cached_key(|(update, approvals)| (title_of(approvals).map(fold), *update));
    let shared = |page: &mut Page, (_, approvals): &(Uuid, Approvals<'_>)| {
        for (group, change) in approvals {
            change::render(page, INDENT + 2, &own_part(group), Extent::Shared, change, sources);
        }
    };
    for (shared, updates) in alike(page, updates, shared) {
        match updates.as_slice() {
            [(_, approvals)] if approvals.len() == 1 => render_whole(page, INDENT, approvals[0].1, sources),
            [(update, approvals)] => render_update(page, *update, approvals, sources),
            several => {
                let changes = several.iter().flat_map(|(_, approvals)| approvals).map(|(_, change)| *change);
                render_heading(page, changes, length(several), declarers);
                page.append(&shared);
                for (update, approvals) in several {
                    render_row(page, *update, title_of(approvals), own::pieces(approvals));
                }
            }
        }
    }
}

/// Writes declines that differ in nothing but the update once, with the list of the updates. In the order of titles.
fn render_declines(page: &mut Page, changes: &[&Change], declarers: &Declarers<'_>, sources: &Sources) {
    let mut changes = changes.to_vec();
    changes.sort_by_cached_key(|change| (change.label.as_deref().map(fold), change.address.clone()));
    let shared = |page: &mut Page, change: &&Change| {
        change::render(page, INDENT + 2, change.address.kind().singular(), Extent::Shared, change, sources);
    };
    for (shared, changes) in alike(page, changes, shared) {
        if let [change] = changes[..] {
            render_whole(page, INDENT, change, sources);
            continue;
        }
        render_heading(page, changes.iter().copied(), length(&changes), declarers);
        page.append(&shared);
        for change in changes {
            if let Address::Decline(update) = change.address {
                render_row(page, update, change.label.as_deref(), own::of_decline(change));
            }
        }
    }
}

/// Puts together of which the same is written, by that text, in the order in which it appears.
fn alike<T>(page: &Page, items: Vec<T>, write: impl Fn(&mut Page, &T)) -> Vec<(String, Vec<T>)> {
    let mut alike: Vec<(String, Vec<T>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        let mut shared = page.another();
        write(&mut shared, &item);
        let place = *places.entry(shared.finish()).or_insert_with_key(|shared| {
            alike.push((shared.clone(), Vec::new()));
            alike.len() - 1
        });
        alike[place].1.push(item);
    }
    alike
}

/// Writes how many updates change alike, and by which entries: what is written alike may come from several.
fn render_heading<'c>(
    page: &mut Page,
    changes: impl Iterator<Item = &'c Change>,
    updates: u64,
    declarers: &Declarers<'_>,
) {
    let counted = count(updates, "update");
    let labels = declarers.labels(changes);
    let heading = match labels.as_slice() {
        [] => format!("{counted}, of each"),
        labels => format!("{}: {counted}, of each", labels.join(", ")),
    };
    page.line(INDENT, [Piece::plain(heading).flowing()]);
}

/// Writes one of the updates that change alike, with what is its own.
fn render_row(page: &mut Page, update: Uuid, title: Option<&str>, own: Vec<Piece<'_>>) {
    let id = Piece::plain(update.to_string());
    page.line(INDENT + 4, [id].into_iter().chain(title.map(Piece::plain)).chain(own));
}

/// What an update is called.
fn title_of<'a>(approvals: &Approvals<'a>) -> Option<&'a str> {
    approvals.first().and_then(|(_, change)| change.label.as_deref())
}

/// Writes `approval["<update id>"]` and the update's title once, and each group as what the address goes on with.
fn render_update(page: &mut Page, update: Uuid, approvals: &[(&str, &Change)], sources: &Sources) {
    let title = approvals.first().and_then(|(_, change)| change.label.as_deref());
    let heading = Piece::plain(format!("approval[\"{update}\"]"));
    page.line(INDENT, [heading].into_iter().chain(title.map(Piece::plain)));
    for (group, change) in approvals {
        let extent = if change.label.as_deref() == title { Extent::Untitled } else { Extent::Whole };
        change::render(page, INDENT + 2, &own_part(group), extent, change, sources);
    }
}

/// What an approval's address goes on with after the update.
fn own_part(group: &str) -> String {
    format!("[{}]", Quoted(group))
}
