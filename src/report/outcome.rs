//! What a run came to, for people.

use super::visible::visible;
use crate::apply::finished::{Ending, Fate, Finish, Finished, SecondLook};
use crate::model::address::Address;
use crate::plan::change::ChangeAction;

/// Addresses that a list names before it only counts.
const LISTED_MAX: usize = 20;

/// Renders what was applied, what failed and why, what was skipped, and how to go on.
#[must_use]
pub fn render(finished: &Finished) -> String {
    let Finished { changes, wrote, ending, second_look } = finished;
    let mut text = String::new();
    for (address, finish) in changes {
        render_change(address, finish, &mut text);
    }
    let not_reached: Vec<String> = changes
        .iter()
        .filter(|(_, finish)| !finish.was_touched())
        .map(|(address, _): (&Address, _)| address.to_string())
        .collect();
    if !not_reached.is_empty() {
        text.push_str("not reached:\n");
        list(&not_reached, &mut text);
    }
    render_ending(ending, &mut text);
    render_counts(finished, &mut text);
    render_second_look(second_look, finished.is_clean(), &mut text);
    if *second_look != SecondLook::Clean {
        if !wrote {
            text.push_str("Nothing was written.\n");
        }
        text.push_str("Run apply again to go on: it plans anew and does only what is left.\n");
    }
    text
}

fn render_change(address: &Address, finish: &Finish, text: &mut String) {
    let Finish { action: _, fate, steps_done, steps } = finish;
    match fate {
        Fate::Failed { why, hints, unchanged: _ } => {
            text.push_str(&format!("failed: {address}\n"));
            lines(why, text);
            for hint in hints {
                text.push_str(&format!("  hint: {}\n", visible(hint)));
            }
        }
        Fate::Skipped { because_of } => {
            text.push_str(&format!("skipped: {address}\n  because {because_of} failed\n"));
        }
        Fate::Unknown => {
            text.push_str(&format!(
                "unknown: {address}\n  its call was sent, and the run ended before the answer came\n"
            ));
        }
        Fate::Unverified => {
            text.push_str(&format!(
                "not verified: {address}\n  the server reported success, and the run ended before it was read back\n"
            ));
        }
        Fate::NotReached if finish.was_touched() => {
            text.push_str(&format!("unfinished: {address}\n"));
        }
        Fate::Applied | Fate::NotReached => return,
    }
    if *steps_done > 0 {
        text.push_str(&format!("  done of it: {steps_done} of {steps} steps\n"));
    }
}

fn render_ending(ending: &Ending, text: &mut String) {
    match ending {
        Ending::Complete => {}
        Ending::Interrupted => text.push_str("Interrupted as asked, between two steps.\n"),
        Ending::CutOff => text.push_str("Stopped at once, as asked.\n"),
        Ending::Stale { address, planned_from, found } => {
            text.push_str(&format!(
                "The server changed since the plan was made: {address}\n  planned from: {}\n  now: {}\n",
                visible(planned_from),
                visible(found)
            ));
        }
        Ending::Broken(why) => {
            text.push_str("The run broke off:\n");
            lines(why, text);
        }
    }
}

/// Every change counts once: as done, or by what became of it.
fn render_counts(finished: &Finished, text: &mut String) {
    let count = |is: &dyn Fn(&Finish) -> bool| finished.changes.values().filter(|finish| is(finish)).count();
    let applied = |action| count(&|finish| finish.fate == Fate::Applied && finish.action == action);
    let complete = finished.is_clean() && finished.second_look == SecondLook::Clean;
    let head = if complete { "Apply complete" } else { "Apply stopped" };
    text.push_str(&format!(
        "{head}: {} created, {} modified, {} deleted",
        applied(ChangeAction::Create),
        applied(ChangeAction::Modify),
        applied(ChangeAction::Delete)
    ));
    let others = [
        (count(&|finish| matches!(finish.fate, Fate::Failed { .. })), "failed"),
        (count(&|finish| matches!(finish.fate, Fate::Skipped { .. })), "skipped"),
        (count(&|finish| finish.fate == Fate::Unknown), "unknown"),
        (count(&|finish| finish.fate == Fate::Unverified), "not verified"),
        (count(&|finish| finish.fate == Fate::NotReached && finish.was_touched()), "unfinished"),
        (count(&|finish| !finish.was_touched()), "not reached"),
    ];
    for (number, what) in others.into_iter().filter(|(number, _)| *number > 0) {
        text.push_str(&format!(", {number} {what}"));
    }
    text.push_str(".\n");
}

fn render_second_look(second_look: &SecondLook, clean: bool, text: &mut String) {
    match second_look {
        SecondLook::Clean => text.push_str("The server was read again: nothing is left to do.\n"),
        SecondLook::Differs { left_over, blockers } => {
            text.push_str("The server was read again, and it still differs:\n");
            list(left_over, text);
            list(blockers, text);
        }
        SecondLook::Failed => text.push_str("The server could not be read again to check the result.\n"),
        SecondLook::None if clean => text.push_str("The result was not checked.\n"),
        SecondLook::None => {}
    }
}

fn lines(lines: &[String], text: &mut String) {
    for line in lines {
        text.push_str(&format!("  {}\n", visible(line)));
    }
}

/// A list that only counts from some length on.
fn list(items: &[String], text: &mut String) {
    lines(&items[..items.len().min(LISTED_MAX)], text);
    if items.len() > LISTED_MAX {
        text.push_str(&format!("  and {} more\n", items.len() - LISTED_MAX));
    }
}
