//! The numbers of a plan for people: what is left alone, and the one line that says it all.

use std::collections::BTreeMap;

use super::count::{count, count_of};
use super::page::{Page, Piece};
use crate::model::address::{Kind, Quoted};
use crate::plan::change::{Change, ChangeAction};
use crate::plan::{Plan, Summary};
use crate::report::style::Style;

/// So many undeclared objects of a kind are named; the rest are counted.
const NAMED_MAX: usize = 10;

/// Writes what the plan leaves alone and why, a line each; nothing about what there is none of.
pub(super) fn render_remarks(page: &mut Page, plan: &Plan) {
    let Summary {
        create: _,
        modify: _,
        delete: _,
        managed: _,
        unmanaged,
        lapsed,
        automatic,
        kept,
        skipped,
        ignored,
        pending: _,
    } = &plan.summary;
    let undeclared = undeclared(unmanaged, &plan.changes).into_iter().chain(names(&plan.undeclared));
    let remarks = [
        remark(
            *lapsed,
            "approval or decline only fell out of a condition and is kept",
            "approvals and declines only fell out of a condition and are kept",
        ),
        remark(
            *automatic,
            "undeclared approval was made by WSUS itself",
            "undeclared approvals were made by WSUS itself",
        ),
        remark(
            *kept,
            "update is not declined because it is approved",
            "updates are not declined because they are approved",
        ),
        remark(*skipped, "update is left out by an entry", "updates are left out by entries"),
        remark(
            plan.put_off as u64,
            "other difference waits for the next run",
            "other differences wait for the next run",
        ),
        remark(*ignored, "object is hidden by management.ignore", "objects are hidden by management.ignore"),
    ];
    let remarks: Vec<String> = undeclared.chain(remarks.into_iter().flatten()).collect();
    if !remarks.is_empty() {
        page.blank();
    }
    for remark in remarks {
        page.line(0, [Piece::new(format!("# {remark}"), Style::Dim).flowing()]);
    }
}

/// Which groups, rules and downstream servers are not declared, a line for each kind.
fn names(undeclared: &BTreeMap<Kind, Vec<String>>) -> impl Iterator<Item = String> {
    undeclared.iter().map(|(kind, names)| {
        let listed = names.iter().take(NAMED_MAX).map(|name| Quoted(name).to_string());
        let rest = names.len().saturating_sub(NAMED_MAX);
        let rest = (rest > 0).then(|| format!("and {rest} more"));
        format!("  {}: {}", kind.plural(), listed.chain(rest).collect::<Vec<_>>().join(", "))
    })
}

/// Writes the line that says it all.
pub(super) fn render_summary(page: &mut Page, plan: &Plan) {
    let Summary { create, modify, delete, managed, .. } = &plan.summary;
    let managed: u64 = managed.values().sum();
    page.blank();
    if !plan.has_differences() {
        let line = match managed {
            0 => "No differences. Nothing is declared that the server could differ in.".to_owned(),
            1 => "No differences. 1 managed object is as declared.".to_owned(),
            _ => format!("No differences. {managed} managed objects are as declared."),
        };
        page.line(0, [Piece::new(line, Style::Heading).flowing()]);
        return;
    }
    let changes = create + modify + delete;
    // What pruning takes is managed by no entry, yet it is part of what the changes are a share of.
    let objects = managed + plan.changes.iter().filter(|change| is_unmanaged(change)).count() as u64;
    let mut line = format!("Plan: {create} to create, {modify} to modify, {delete} to delete.");
    if objects > 0 {
        let objects_counted = count(objects, "managed object");
        line.push_str(&format!(" {changes} of {objects_counted} ({} %).", percent(changes, objects)));
    }
    let beside = [
        (plan.blockers.len(), if plan.blockers.len() == 1 { "blocker" } else { "blockers" }),
        (plan.unsupported.len(), "unsupported"),
    ];
    let beside: Vec<String> =
        beside.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| format!("{number} {noun}")).collect();
    if !beside.is_empty() {
        line.push_str(&format!(" {}.", beside.join(", ")));
    }
    page.line(0, [Piece::new(line, Style::Heading).flowing()]);
}

/// A share in percent with two decimals, rounded half up. Whole numbers throughout: every platform prints the same.
fn percent(part: usize, whole: u64) -> String {
    let part = u128::try_from(part).unwrap_or(u128::MAX);
    let whole = u128::from(whole);
    let hundredths = (part * 20_000 + whole) / (2 * whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `7 groups, 4 declines are not declared and stay as they are`, less firmly where a deleted group has computers.
fn undeclared(unmanaged: &BTreeMap<Kind, u64>, changes: &[Change]) -> Option<String> {
    let total: u64 = unmanaged.values().sum();
    let kinds: Vec<String> =
        unmanaged.iter().filter(|(_, number)| **number > 0).map(|(kind, number)| count_of(*number, *kind)).collect();
    let takes_along = |change: &Change| {
        let deletes_group = change.address.kind() == Kind::Group && change.action == ChangeAction::Delete;
        deletes_group && change.affects.computers > 0
    };
    let memberships = unmanaged.get(&Kind::Membership).is_some_and(|number| *number > 0);
    let verb = match (total == 1, memberships && changes.iter().any(takes_along)) {
        (true, false) => "is not declared and stays as it is",
        (false, false) => "are not declared and stay as they are",
        (true, true) => "is not declared and stays, unless it goes with a deleted group",
        (false, true) => "are not declared and stay, but for what goes with a deleted group",
    };
    (total > 0).then(|| format!("{} {verb}", kinds.join(", ")))
}

/// Whether nothing declares the object of a change: pruning takes it, or an approval takes back its decline.
fn is_unmanaged(change: &Change) -> bool {
    change.origin.is_none() || (change.address.kind() == Kind::Decline && change.action == ChangeAction::Delete)
}

fn remark(number: u64, one: &str, several: &str) -> Option<String> {
    (number > 0).then(|| format!("{number} {}", if number == 1 { one } else { several }))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_have_two_decimals_and_round_half_up() {
        for (part, whole, expected) in
            [(6, 161, "3.73"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13"), (5, 5, "100.00"), (0, 9, "0.00")]
        {
            assert_eq!(percent(part, whole), expected);
        }
    }
}
