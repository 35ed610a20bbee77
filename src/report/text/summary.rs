//! The numbers of a plan for people: what is left alone, and the one line that says it all.

use std::collections::BTreeMap;

use super::count::{count, count_of};
use super::page::{Page, Piece};
use crate::model::address::Kind;
use crate::plan::change::{Change, ChangeAction};
use crate::plan::{Plan, Summary};
use crate::report::style::Style;

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
    let remarks = [
        undeclared(unmanaged, &plan.changes),
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
        remark(*ignored, "object is hidden by management.ignore", "objects are hidden by management.ignore"),
    ];
    let remarks: Vec<String> = remarks.into_iter().flatten().collect();
    if !remarks.is_empty() {
        page.blank();
    }
    for remark in remarks {
        page.line(0, [Piece::new(format!("# {remark}"), Style::Dim)]);
    }
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
        page.line(0, [Piece::new(line, Style::Heading)]);
        return;
    }
    let changes = create + modify + delete;
    // What pruning deletes is managed by no entry, yet it is part of what the changes are a share of.
    let objects = managed + undeclared_deletions(&plan.changes).values().sum::<u64>();
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
    page.line(0, [Piece::new(line, Style::Heading)]);
}

/// A share in percent with two decimals, rounded half up. Whole numbers throughout: every platform prints the same.
fn percent(part: usize, whole: u64) -> String {
    let part = u128::try_from(part).unwrap_or(u128::MAX);
    let whole = u128::from(whole);
    let hundredths = (part * 20_000 + whole) / (2 * whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// `7 groups, 4 declines are not declared and stay as they are`, less those that pruning deletes.
fn undeclared(unmanaged: &BTreeMap<Kind, u64>, changes: &[Change]) -> Option<String> {
    let deleted = undeclared_deletions(changes);
    let staying: Vec<(Kind, u64)> = unmanaged
        .iter()
        .map(|(kind, number)| (*kind, number.saturating_sub(deleted.get(kind).copied().unwrap_or(0))))
        .filter(|(_, number)| *number > 0)
        .collect();
    let total: u64 = staying.iter().map(|(_, number)| number).sum();
    let kinds: Vec<String> = staying.into_iter().map(|(kind, number)| count_of(number, kind)).collect();
    let verb = if total == 1 { "is not declared and stays as it is" } else { "are not declared and stay as they are" };
    (total > 0).then(|| format!("{} {verb}", kinds.join(", ")))
}

/// Deletions of what nothing declares, by kind.
fn undeclared_deletions(changes: &[Change]) -> BTreeMap<Kind, u64> {
    let mut deletions = BTreeMap::new();
    for change in changes.iter().filter(|change| change.action == ChangeAction::Delete && change.origin.is_none()) {
        *deletions.entry(change.address.kind()).or_insert(0) += 1;
    }
    deletions
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
