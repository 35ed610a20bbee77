//! The approvals: one entry for all updates that have the same ones.

use std::collections::BTreeMap;

use chrono::Datelike;
use uuid::Uuid;

use super::groups::Groups;
use super::head::LeftOut;
use super::{Section, counted, newest_first, title};
use crate::model::approval::{ApprovalAction, ApprovalValue, Deadline, whole_seconds};
use crate::model::snapshot::{ALL_COMPUTERS, AUTOMATIC_ADMIN_NAME, Deployment, Snapshot, Update};
use crate::report::timestamp::timestamp;
use crate::report::yaml::{comment, scalar};

/// Keys of YAML that stand before their value end after 1024 characters; longer ones are written out.
///
/// Source: YAML 1.2.2, 7.4.3 (grade A).
pub(super) const KEY_LENGTH_MAX: usize = 1000;

/// What groups do with an update, by the groups' places in the tree.
type Answers = Vec<(usize, ApprovalValue)>;

/// What of the approvals a manifest cannot say.
#[derive(Default)]
struct Refused {
    older: Vec<String>,
    several: Vec<String>,
    unsayable: Vec<String>,
    unnamed: u64,
    declined: u64,
    parts: u64,
}

/// The entries, in the order of the tree of groups.
pub(super) fn section(snapshot: &Snapshot, groups: &Groups<'_>, other_actions: &BTreeMap<i32, u64>) -> Section {
    let actions = other_actions.iter().filter_map(|(action, rows)| LeftOut::number(*rows, of_action(*action)));
    if snapshot.server.replica {
        let why = "approvals, since a replica takes approvals from its parent";
        let left_out = LeftOut::number(snapshot.totals.approvals, why).into_iter().chain(actions).collect();
        return Section { left_out, ..Section::default() };
    }
    let mut refused = Refused::default();
    let mut entries: BTreeMap<Answers, Vec<&Update>> = BTreeMap::new();
    let mut names: BTreeMap<usize, &str> = BTreeMap::new();
    let (mut pairs, mut automatic) = (0, 0);
    for (id, rows) in &snapshot.deployments {
        let Some(update) = snapshot.updates.get(id) else { continue };
        let mut answers = Answers::new();
        for (group, rows) in by_group(rows) {
            let Some((place, name, value)) = refused.judge(snapshot, update, group, &rows, groups) else { continue };
            names.insert(place, name);
            answers.push((place, value));
            pairs += 1;
            automatic += usize::from(rows.iter().all(|row| row.admin_name == AUTOMATIC_ADMIN_NAME));
        }
        if !answers.is_empty() {
            answers.sort_unstable();
            entries.entry(answers).or_default().push(update);
        }
    }
    let updates: usize = entries.values().map(Vec::len).sum();
    let mut yaml = if entries.is_empty() { String::new() } else { "  approvals:\n".to_owned() };
    for (answers, mut updates) in entries {
        newest_first(&mut updates);
        write_entry(&answers, &updates, &names, &mut yaml);
    }
    let declares = match (pairs, automatic) {
        (0, _) => String::new(),
        (_, 0) => format!("{} of {}", counted(pairs, "approval"), counted(updates, "update")),
        _ => format!(
            "{} of {} ({automatic} made by WSUS itself)",
            counted(pairs, "approval"),
            counted(updates, "update")
        ),
    };
    Section { declares, yaml, left_out: refused.into_left_out().into_iter().chain(actions).collect() }
}

/// Source: MS-WSUSAR, two WSUS maintenance scripts: 2 asks computers to report, 5 belongs to a bundle (grade A).
fn of_action(action: i32) -> String {
    match action {
        2 => "deployments that only ask whether an update is needed (action 2, no approvals)".to_owned(),
        5 => "deployments of parts of bundles (action 5, no approvals)".to_owned(),
        other => format!("deployments with action {other}, which are no approvals"),
    }
}

fn by_group(rows: &[Deployment]) -> BTreeMap<Uuid, Vec<&Deployment>> {
    let mut by_group: BTreeMap<Uuid, Vec<&Deployment>> = BTreeMap::new();
    for row in rows {
        by_group.entry(row.group).or_default().push(row);
    }
    by_group
}

impl Refused {
    /// The group's place and name and what it does with the update, unless a manifest cannot say so.
    fn judge<'a>(
        &mut self,
        snapshot: &Snapshot,
        update: &Update,
        group: Uuid,
        rows: &[&Deployment],
        groups: &Groups<'a>,
    ) -> Option<(usize, &'a str, ApprovalValue)> {
        if update.declined {
            self.declined += 1;
            return None;
        }
        if !update.deployable {
            self.parts += 1;
            return None;
        }
        let Some((place, name)) = groups.place(group).filter(|_| snapshot.groups.contains_key(&group)) else {
            self.unnamed += 1;
            return None;
        };
        if let Some(value) = sayable(rows, group).filter(|value| value.is_all_of(rows, update.revision)) {
            return Some((place, name, value));
        }
        let described = format!("{} for {name}: {}", update.id, title(update));
        match rows.iter().map(|row| row.revision).find(|revision| *revision != update.revision) {
            Some(revision) => {
                let revisions = format!("revision {revision}, the latest is {}", update.revision);
                self.older.push(format!("{described} ({revisions})"));
            }
            None if rows.len() > 1 => self.several.push(described),
            None => self.unsayable.push(described),
        }
        None
    }

    fn into_left_out(self) -> Vec<LeftOut> {
        let Self { older, several, unsayable, unnamed, declined, parts } = self;
        let reasons = [
            LeftOut::list(
                older,
                "pairs with an approval of an older revision (declaring them would move it to the latest)",
            ),
            LeftOut::list(several, "pairs with several approvals (declaring them would leave one)"),
            LeftOut::list(
                unsayable,
                "approvals that no manifest can declare as they are (optional with a deadline, say)",
            ),
            LeftOut::number(unnamed, "approvals for groups that a manifest cannot name"),
            LeftOut::number(declined, "approvals of declined updates (a manifest declares either)"),
            LeftOut::number(parts, "approvals of updates that are parts of others, which a manifest cannot name"),
        ];
        reasons.into_iter().flatten().collect()
    }
}

/// What the rows of a pair say, if a manifest can. The caller compares it with all of them.
pub(super) fn sayable(rows: &[&Deployment], group: Uuid) -> Option<ApprovalValue> {
    let row = rows.first()?;
    let action = ApprovalAction::from_code(row.action)?;
    let deadline = row.deadline.map_or(Deadline::None, |deadline| Deadline::At(whole_seconds(deadline)));
    let value = ApprovalValue { action, deadline, optional: !row.assigned };
    let deadline_is_possible = match value.deadline {
        Deadline::None => true,
        Deadline::At(time) => action != ApprovalAction::NotApproved && (1753..=9998).contains(&time.year()),
        Deadline::After { .. } => false,
    };
    let optional_is_possible =
        !value.optional || (action == ApprovalAction::Install && value.deadline == Deadline::None);
    let group_is_possible = action != ApprovalAction::NotApproved || group != ALL_COMPUTERS;
    (deadline_is_possible && optional_is_possible && group_is_possible).then_some(value)
}

fn write_entry(answers: &Answers, updates: &[&Update], names: &BTreeMap<usize, &str>, yaml: &mut String) {
    match updates {
        [update] => *yaml += &format!("    - update: {}  {}\n", update.id, comment(&title(update))),
        updates => {
            *yaml += &format!("    {}\n    - updates:\n", comment(&format!("{} updates", updates.len())));
            for update in updates {
                *yaml += &format!("        - {}  {}\n", update.id, comment(&title(update)));
            }
        }
    }
    *yaml += "      groups:\n";
    for (place, value) in answers {
        let name = scalar(names.get(place).expect("every place that is used has its name"));
        // A colon stands on the line of its key, unless that is too long for it.
        let (key, colon) =
            if name.len() > KEY_LENGTH_MAX { (format!("? {name}"), "\n        : ") } else { (name.into_owned(), ": ") };
        *yaml += &format!("        {key}{colon}{}\n", written(value));
    }
}

pub(super) fn written(value: &ApprovalValue) -> String {
    let action = value.action.as_str();
    match value.deadline {
        Deadline::At(time) => format!("{{action: {action}, deadline: \"{}\"}}", timestamp(time)),
        _ if value.optional => format!("{{action: {action}, optional: true}}"),
        _ => action.to_owned(),
    }
}
