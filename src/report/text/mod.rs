//! The plan for people.
//!
//! Every change is printed, however many there are. Texts of servers and manifests pass [`visible`] on their way out, so
//! none of them can command the terminal.
//!
//! [`visible`]: super::visible::visible

mod change;
mod count;
mod notice;
mod page;
mod section;
mod summary;
mod value;

pub use self::notice::render_notices;
use self::page::{Page, Piece};
use super::style::Style;
use super::timestamp::timestamp;
use crate::diagnostic::Sources;
use crate::plan::Plan;
use crate::plan::change::ChangeAction;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextOptions {
    /// Whether to use colours. They only decorate.
    pub color: bool,
    /// Columns that lines should fit into; longer words and values stay whole. 0 never breaks a line.
    pub width: usize,
    /// Whether to show what every entry matched and left out.
    pub explain: bool,
}

/// Shows a plan: header, legend, changes by kind, what stands in their way, what is left alone, and one summary line.
///
/// Warnings are not part of it: they belong on standard error, see [`render_notices`].
#[must_use]
pub fn render_plan(plan: &Plan, sources: &Sources, options: &TextOptions) -> String {
    let Plan {
        server_name,
        server_id,
        taken_at,
        changes,
        steps: _,
        blockers,
        unsupported,
        findings,
        warnings: _,
        pending,
        entries,
        summary: _,
    } = plan;
    let mut page = Page::new(options);
    page.line(
        0,
        [
            Piece::new(server_name.as_str(), Style::Heading),
            Piece::new(format!("(server {server_id}, read {})", timestamp(*taken_at)), Style::Dim),
        ],
    );
    render_legend(&mut page, plan);
    section::render(&mut page, changes, sources);
    notice::render_blockers(&mut page, blockers, sources);
    notice::render_unsupported(&mut page, unsupported, sources);
    notice::render_findings(&mut page, findings, sources);
    notice::render_pending(&mut page, pending, sources);
    if options.explain {
        notice::render_entries(&mut page, entries, sources);
    }
    summary::render_remarks(&mut page, plan);
    summary::render_summary(&mut page, plan);
    page.finish()
}

/// Explains the symbols that occur, and only those.
fn render_legend(page: &mut Page, plan: &Plan) {
    let occurs = |action| plan.changes.iter().any(|change| change.action == action);
    let symbols = [
        (occurs(ChangeAction::Create), "+", "create", Style::Create),
        (occurs(ChangeAction::Modify), "~", "modify", Style::Modify),
        (occurs(ChangeAction::Delete), "-", "delete", Style::Delete),
        (!plan.blockers.is_empty(), "!", "blocker", Style::Blocked),
        (!plan.unsupported.is_empty(), "?", "unsupported", Style::Unsupported),
    ];
    let mut pieces = Vec::new();
    for (_, symbol, word, style) in symbols.into_iter().filter(|(occurs, ..)| *occurs) {
        pieces.extend([Piece::new(symbol, style), Piece::next(word, Style::Dim)]);
    }
    if !pieces.is_empty() {
        page.blank();
        page.line(2, pieces);
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{TextOptions, render_notices, render_plan};
    use crate::plan::{Plan, Summary};
    use crate::report::sample;

    const PLAIN: TextOptions = TextOptions { color: false, width: 120, explain: false };

    fn rendered(plan: &Plan, options: TextOptions) -> String {
        render_plan(plan, &sample::sources(), &options)
    }

    #[test]
    fn everything_shows() {
        assert_snapshot!(rendered(&sample::everything(), TextOptions { explain: true, ..PLAIN }), @"");
    }

    #[test]
    fn colour_only_decorates() {
        let plan = sample::only_blockers();
        let colored = rendered(&plan, TextOptions { color: true, ..PLAIN });
        assert_snapshot!(colored.replace('\u{1b}', "ESC"), @"");
        let everything = sample::everything();
        let colored = rendered(&everything, TextOptions { color: true, ..PLAIN });
        let mut stripped = String::new();
        for (at, part) in colored.split('\u{1b}').enumerate() {
            stripped.push_str(if at == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        assert_eq!(stripped, rendered(&everything, PLAIN));
    }

    #[test]
    fn a_plan_with_only_blockers() {
        assert_snapshot!(rendered(&sample::only_blockers(), PLAIN), @"");
    }

    #[test]
    fn no_differences() {
        assert_snapshot!(rendered(&sample::no_differences(), PLAIN), @"");
    }

    #[test]
    fn nothing_managed_has_no_share() {
        let plan = Plan { summary: Summary::default(), ..sample::no_differences() };
        assert!(
            rendered(&plan, PLAIN)
                .ends_with("\nNo differences. Nothing is declared that the server could differ in.\n")
        );
        let plan = Plan { changes: vec![sample::group("A", "All Computers", 1)], ..plan };
        let plan = Plan { summary: Summary { create: 1, ..Summary::default() }, ..plan };
        assert!(rendered(&plan, PLAIN).ends_with("\nPlan: 1 to create, 0 to modify, 0 to delete.\n"));
    }

    #[test]
    fn warnings_and_notes() {
        let plan = sample::everything();
        assert_snapshot!(render_notices(&plan.warnings, &sample::sources(), &PLAIN), @"");
        assert_eq!(render_notices(&[], &sample::sources(), &PLAIN), "");
    }

    #[test]
    fn groups_stand_below_their_planned_parents_in_any_order() {
        let names = [("D", "C"), ("A", "All Computers"), ("C", "a"), ("B", "A"), ("E", "Elsewhere")];
        let changes = names.into_iter().map(|(name, parent)| sample::group(name, parent, 1)).collect();
        let text = rendered(&Plan { changes, ..sample::no_differences() }, PLAIN);
        let lines: Vec<&str> = text.lines().filter_map(|line| line.split_once(']')).map(|(start, _)| start).collect();
        assert_eq!(
            lines,
            ["  + group[\"A\"", "    + group[\"C\"", "      + group[\"D\"", "    + group[\"B\"", "  + group[\"E\""]
        );
    }

    #[test]
    fn groups_that_are_their_own_ancestors_are_shown_all_the_same() {
        let names = [("A", "B"), ("B", "A"), ("C", "C")];
        let changes = names.into_iter().map(|(name, parent)| sample::group(name, parent, 1)).collect();
        let text = rendered(&Plan { changes, ..sample::no_differences() }, PLAIN);
        assert_eq!(text.matches("+ group[").count(), 3, "{text}");
    }

    #[test]
    fn more_than_ten_lost_approvals_are_counted() {
        let shown = |approvals| {
            let changes = vec![sample::decline(approvals)];
            rendered(&Plan { changes, ..sample::no_differences() }, PLAIN)
        };
        assert!(shown(10).contains("destroys 10 approvals:\n") && shown(10).contains("\"Ring 10\""));
        assert!(shown(11).contains("destroys 11 approvals\n") && !shown(11).contains("\"Ring 1\""));
        assert!(!shown(0).contains("destroys"));
    }

    #[test]
    fn no_text_from_outside_commands_the_terminal() {
        let plan = sample::hostile();
        let options = TextOptions { explain: true, ..PLAIN };
        let text = rendered(&plan, options) + &render_notices(&plan.warnings, &sample::sources(), &options);
        let unseen = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2028}\u{200b}".contains(c));
        assert_eq!(text.chars().find(|c| unseen(*c)), None, "{text}");
        assert!(text.lines().all(|line| !line.starts_with("txet")));
    }

    #[test]
    fn a_big_plan_hides_nothing() {
        let text = rendered(&sample::many_approvals(60_000), PLAIN);
        assert_eq!(text.matches("+ [\"").count(), 60_000);
        assert_eq!(text.matches("Cumulative Update").count(), 30_000, "a title stands once an update");
    }
}
