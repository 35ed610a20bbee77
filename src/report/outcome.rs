//! What a run came to, for people.

use crate::apply::finished::{Ending, Fate, Finished};
use crate::model::address::Address;
use crate::plan::change::ChangeAction;

/// Addresses that a list names before it only counts.
const LISTED_MAX: usize = 20;

/// Renders what was applied, what failed and why, what was skipped, and how to go on.
#[must_use]
pub fn render(finished: &Finished) -> String {
    let Finished { changes, wrote: _, ending, verified, left_over } = finished;
    let mut text = String::new();
    render_failures(finished, &mut text);
    render_ending(ending, &mut text);
    let applied = |action| changes.values().filter(|fate| **fate == Fate::Applied(action)).count();
    let (create, modify, delete) =
        (applied(ChangeAction::Create), applied(ChangeAction::Modify), applied(ChangeAction::Delete));
    let done = create + modify + delete;
    let head = if finished.is_clean() && *verified { "Apply complete" } else { "Apply stopped" };
    text.push_str(&format!("{head}: {create} created, {modify} modified, {delete} deleted"));
    if done < changes.len() {
        text.push_str(&format!(", {} of {} changes not done", changes.len() - done, changes.len()));
    }
    text.push_str(".\n");
    match (verified, left_over.is_empty(), finished.is_clean()) {
        (true, ..) => text.push_str("The server was read again: nothing is left to do.\n"),
        (false, false, _) => {
            text.push_str("The server was read again, and it still differs:\n");
            list(left_over.iter().map(String::as_str), &mut text);
        }
        (false, true, true) => text.push_str("The server could not be read again to check the result.\n"),
        (false, true, false) => {}
    }
    if !*verified {
        text.push_str("Run apply again to go on: it plans anew and does only what is left.\n");
    }
    text
}

fn render_failures(finished: &Finished, text: &mut String) {
    for (address, fate) in &finished.changes {
        match fate {
            Fate::Failed { why, refused: _ } => {
                text.push_str(&format!("failed: {address}\n"));
                for line in why {
                    text.push_str(&format!("  {}\n", super::visible::visible(line)));
                }
            }
            Fate::Skipped { because_of } => {
                text.push_str(&format!("skipped: {address}\n  because {because_of} failed\n"));
            }
            Fate::Unknown { action: _ } => {
                text.push_str(&format!("unknown: {address}\n  the connection was lost before the server answered\n"));
            }
            Fate::Applied(_) | Fate::NotReached => {}
        }
    }
    let not_reached: Vec<String> = finished
        .changes
        .iter()
        .filter(|(_, fate)| **fate == Fate::NotReached)
        .map(|(address, _): (&Address, _)| address.to_string())
        .collect();
    if !not_reached.is_empty() {
        text.push_str("not reached:\n");
        list(not_reached.iter().map(String::as_str), text);
    }
}

fn render_ending(ending: &Ending, text: &mut String) {
    match ending {
        Ending::Complete => {}
        Ending::Interrupted => text.push_str("Interrupted as asked, between two steps.\n"),
        Ending::Stale { address, planned_from, found } => {
            text.push_str(&format!(
                "The server changed since the plan was made: {address}\n  planned from: {}\n  now: {}\n",
                super::visible::visible(planned_from),
                super::visible::visible(found)
            ));
        }
        Ending::Broken(why) => {
            text.push_str("The run broke off:\n");
            for line in why {
                text.push_str(&format!("  {}\n", super::visible::visible(line)));
            }
        }
    }
}

fn list<'a>(items: impl ExactSizeIterator<Item = &'a str>, text: &mut String) {
    let total = items.len();
    for item in items.take(LISTED_MAX) {
        text.push_str(&format!("  {item}\n"));
    }
    if total > LISTED_MAX {
        text.push_str(&format!("  and {} more\n", total - LISTED_MAX));
    }
}
