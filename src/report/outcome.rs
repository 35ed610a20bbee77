//! What a run came to, for people.

use super::visible::visible;
use crate::apply::finished::{Ending, Fate, Finish, Finished, SecondLook};
use crate::model::address::Address;
use crate::plan::change::ChangeAction;

/// Addresses that a list names before it only counts.
const LISTED_MAX: usize = 20;

/// Renders what was applied, what failed and why, what was skipped, and how to go on. `place` is where nothing was written
/// if nothing was: `to sql01`.
#[must_use]
pub fn render(finished: &Finished, place: &str) -> String {
    let Finished { changes, wrote, ending, second_look } = finished;
    let mut text = String::new();
    for (address, finish) in changes {
        render_change(address, finish, &mut text);
    }
    let not_reached: Vec<String> = changes
        .iter()
        .filter(|(_, finish)| !finish.was_touched())
        .map(|(address, finish)| named(address, finish.label.as_deref()))
        .collect();
    if !not_reached.is_empty() {
        text.push_str("not reached:\n");
        list(&not_reached, &mut text);
    }
    render_ending(ending, &mut text);
    render_counts(finished, &mut text);
    render_second_look(second_look, finished.is_clean(), &mut text);
    if !matches!(second_look, SecondLook::Clean { .. }) {
        if !wrote {
            text.push_str(&format!("Nothing was written {}.\n", visible(place)));
        }
        text.push_str(if finished.is_lasting() {
            "What failed will fail again until the manifest or the server is changed as the hints say.\n"
        } else {
            "Run apply again to go on: it plans anew and does only what is left.\n"
        });
    }
    text
}

fn render_change(address: &Address, finish: &Finish, text: &mut String) {
    let Finish { action: _, fate, steps_done, steps, label } = finish;
    let became = match fate {
        Fate::Failed { .. } => "failed",
        Fate::Skipped { .. } => "skipped",
        Fate::Unknown => "unknown",
        Fate::Unverified => "not verified",
        Fate::NotReached if finish.was_touched() => "unfinished",
        Fate::Applied | Fate::NotReached => return,
    };
    text.push_str(&format!("{became}: {}\n", named(address, label.as_deref())));
    match fate {
        Fate::Failed { why, hints, unchanged: _, lasting: _ } => {
            lines(why, text);
            for hint in hints {
                text.push_str(&format!("  hint: {}\n", visible(hint)));
            }
        }
        Fate::Skipped { because_of } => {
            text.push_str(&format!("  because {} failed\n", visible(&because_of.to_string())));
        }
        Fate::Unknown => text.push_str("  its call was sent, and the run ended before the answer came\n"),
        Fate::Unverified => {
            text.push_str("  the server reported success, and the run ended before it was read back\n");
        }
        Fate::Applied | Fate::NotReached => {}
    }
    if *steps_done > 0 {
        text.push_str(&format!("  done of it: {steps_done} of {steps} steps\n"));
    }
}

/// An address, and what people call an object whose address has only an id.
fn named(address: &Address, label: Option<&str>) -> String {
    let label = label.map(|label| format!(" ({})", visible(label))).unwrap_or_default();
    format!("{}{label}", visible(&address.to_string()))
}

fn render_ending(ending: &Ending, text: &mut String) {
    match ending {
        Ending::Complete => {}
        Ending::Interrupted => text.push_str("Interrupted as asked, between two steps.\n"),
        Ending::CutOff => text.push_str("Stopped at once, as asked.\n"),
        Ending::Stale { address, label, planned_from, found } => {
            text.push_str(&format!(
                "The server changed since the plan was made: {}\n  planned from: {}\n  now: {}\n",
                named(address, label.as_deref()),
                visible(planned_from),
                visible(found)
            ));
        }
        Ending::Elsewhere { planned_from, found } => {
            text.push_str(&format!(
                "The connection does not lead to the server that the plan was made from, as it was:\n  planned from: \
                 {planned_from}\n  now: {found}\n"
            ));
        }
        Ending::GivenUp { why, hints } => {
            text.push_str(&format!(
                "Gave up: one step after the other failed with the same trouble of the database server.\n  {}\n",
                visible(why)
            ));
            hints.iter().for_each(|hint| text.push_str(&format!("  hint: {}\n", visible(hint))));
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
    let looked = matches!(finished.second_look, SecondLook::Clean { .. } | SecondLook::PutOff(_));
    let complete = finished.is_clean() && looked;
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
        SecondLook::Clean { unsupported } if unsupported.is_empty() => {
            text.push_str("The server was read again: nothing is left to do.\n");
        }
        SecondLook::Clean { unsupported } => {
            text.push_str("The server was read again: what is left was not done, as the plan says:\n");
            list(unsupported, text);
        }
        SecondLook::PutOff(count) => {
            let others = if *count == 1 { "difference waits" } else { "differences wait" };
            text.push_str(&format!(
                "The server was read again: it has its new id. {count} other {others} for the next run.\n"
            ));
        }
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

#[cfg(test)]
mod tests {
    use super::render;
    use crate::apply::finished::{Ending, Fate, Finish, Finished, SecondLook};
    use crate::model::address::Address;
    use crate::plan::change::ChangeAction;

    fn group(name: &str) -> Address {
        Address::Group(name.into())
    }

    fn finish(fate: Fate, steps_done: usize, steps: usize) -> Finish {
        Finish { action: ChangeAction::Create, fate, steps_done, steps, label: None }
    }

    fn refused() -> Fate {
        Fate::Failed {
            why: vec!["spX failed".into(), "no\u{1b}[2K".into()],
            hints: vec!["wait".into()],
            unchanged: true,
            lasting: false,
        }
    }

    fn run(changes: Vec<(&str, Finish)>, ending: Ending, second_look: SecondLook) -> String {
        let changes = changes.into_iter().map(|(name, finish)| (group(name), finish)).collect();
        render(&Finished { changes, wrote: true, ending, second_look }, "to lab")
    }

    #[test]
    fn everything_done_and_checked() {
        let mut changes = vec![("A", finish(Fate::Applied, 1, 1)), ("B", finish(Fate::Applied, 2, 2))];
        changes[1].1.action = ChangeAction::Delete;
        assert_eq!(
            run(changes, Ending::Complete, SecondLook::Clean { unsupported: Vec::new() }),
            "Apply complete: 1 created, 0 modified, 1 deleted.\nThe server was read again: nothing is left to do.\n"
        );
    }

    #[test]
    fn what_cannot_be_done_is_not_called_done() {
        let look = SecondLook::Clean { unsupported: vec!["group[\"B\"]".to_owned()] };
        assert_eq!(
            run(vec![("A", finish(Fate::Applied, 1, 1))], Ending::Complete, look),
            "Apply complete: 1 created, 0 modified, 0 deleted.\n\
             The server was read again: what is left was not done, as the plan says:\n  group[\"B\"]\n"
        );
    }

    #[test]
    fn done_and_not_checked_is_not_complete() {
        let done = || vec![("A", finish(Fate::Applied, 1, 1))];
        let text = run(done(), Ending::Complete, SecondLook::Failed);
        assert!(text.starts_with("Apply stopped: 1 created") && text.contains("could not be read again"), "{text}");
        let differs =
            SecondLook::Differs { left_over: vec!["group[\"C\"]".into()], blockers: vec!["a blocker".into()] };
        let text = run(done(), Ending::Complete, differs);
        assert!(text.contains("still differs:\n  group[\"C\"]\n  a blocker\nRun apply again"), "{text}");
    }

    #[test]
    fn each_change_counts_once_and_says_what_is_known() {
        let changes = vec![
            ("A", finish(Fate::Applied, 1, 1)),
            ("B", finish(refused(), 1, 2)),
            ("C", finish(Fate::Skipped { because_of: group("B") }, 0, 1)),
            ("D", finish(Fate::Unverified, 0, 1)),
            ("E", finish(Fate::Unknown, 0, 1)),
            ("F", finish(Fate::NotReached, 1, 2)),
            ("G", finish(Fate::NotReached, 0, 1)),
        ];
        let text = run(changes, Ending::Broken(vec!["the connection was lost".into()]), SecondLook::None);
        assert_eq!(
            text,
            r#"failed: group["B"]
  spX failed
  no\u001b[2K
  hint: wait
  done of it: 1 of 2 steps
skipped: group["C"]
  because group["B"] failed
not verified: group["D"]
  the server reported success, and the run ended before it was read back
unknown: group["E"]
  its call was sent, and the run ended before the answer came
unfinished: group["F"]
  done of it: 1 of 2 steps
not reached:
  group["G"]
The run broke off:
  the connection was lost
Apply stopped: 1 created, 0 modified, 0 deleted, 1 failed, 1 skipped, 1 unknown, 1 not verified, 1 unfinished, 1 not reached.
Run apply again to go on: it plans anew and does only what is left.
"#
        );
    }

    #[test]
    fn what_is_refused_for_good_is_not_to_be_tried_again() {
        let mut refused = refused();
        if let Fate::Failed { lasting, .. } = &mut refused {
            *lasting = true;
        }
        let failed = || ("A", finish(refused.clone(), 0, 1));
        let skipped = ("B", finish(Fate::Skipped { because_of: group("A") }, 0, 1));
        let text = run(vec![failed(), skipped], Ending::Complete, SecondLook::None);
        assert!(text.contains("will fail again until") && !text.contains("Run apply again"), "{text}");
        // What was not tried is worth another run.
        let text = run(vec![failed(), ("C", finish(Fate::NotReached, 0, 1))], Ending::Interrupted, SecondLook::None);
        assert!(text.ends_with("Run apply again to go on: it plans anew and does only what is left.\n"), "{text}");
    }

    #[test]
    fn what_has_only_an_id_is_called_by_its_name() {
        let address = Address::Approval { update: uuid::Uuid::nil(), group: "A\u{202e}".into() };
        let mut failed = finish(refused(), 0, 1);
        failed.label = Some("June\u{1b}[2K (KB5060842)".into());
        let changes = [(address, failed)].into();
        let text = render(
            &Finished { changes, wrote: true, ending: Ending::Complete, second_look: SecondLook::default() },
            "to lab",
        );
        let first =
            r#"failed: approval["00000000-0000-0000-0000-000000000000"]["A\u202e"] (June\u001b[2K (KB5060842))"#;
        assert_eq!(text.lines().next(), Some(first));
    }

    #[test]
    fn a_run_that_wrote_nothing_says_so() {
        let stale = Ending::Stale {
            address: group("A"),
            label: None,
            planned_from: "no such group".into(),
            found: "group A".into(),
        };
        for (ending, said) in [
            (stale, "The server changed since the plan was made: group[\"A\"]"),
            (Ending::Interrupted, "between two steps"),
            (Ending::CutOff, "Stopped at once"),
        ] {
            let changes = [(group("A"), finish(Fate::NotReached, 0, 1))].into();
            let text = render(&Finished { changes, wrote: false, ending, second_look: SecondLook::None }, "to lab");
            assert!(text.contains(said) && text.contains("Nothing was written to lab.\nRun apply again"), "{text}");
        }
    }

    #[test]
    fn long_lists_only_count() {
        let names: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        let changes = names.iter().map(|name| (name.as_str(), finish(Fate::NotReached, 0, 1))).collect();
        let text = run(changes, Ending::Interrupted, SecondLook::None);
        assert!(text.contains("  and 10 more\n") && text.contains(", 30 not reached."), "{text}");
    }
}
