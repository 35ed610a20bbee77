//! What running an automatic approval rule comes to, for people.

use super::count::{count, length};
use super::page::{Page, Piece, words};
use super::{TextOptions, notice, section};
use crate::diagnostic::Sources;
use crate::model::address::Quoted;
use crate::model::resolved::Notice;
use crate::plan::rule_run::RuleRun;
use crate::report::style::Style;

/// Shows the approvals that a rule makes, what stands in their way, what it leaves out and why, and one summary line.
#[must_use]
pub fn render_rule_run(run: &RuleRun, sources: &Sources, options: &TextOptions) -> String {
    let RuleRun { rule, listed, left_out, plan } = run;
    let mut page = Page::new(options);
    page.line(
        0,
        [
            Piece::new(format!("rule[{}]", Quoted(rule)), Style::Heading),
            Piece::new(format!("(the server lists {} for it)", count(*listed as u64, "update")), Style::Dim),
        ],
    );
    section::render(&mut page, &plan.changes, &[], sources);
    notice::render_blockers(&mut page, &plan.blockers, sources);
    notice::render_unsupported(&mut page, &plan.unsupported, sources);
    for Notice { address: _, code, message, origin: _ } in &plan.warnings {
        page.line(
            0,
            [Piece::plain("note:")]
                .into_iter()
                .chain(words(message))
                .chain([Piece::next(format!("[{code}]"), Style::Dim)]),
        );
    }
    if !left_out.is_empty() {
        page.heading("Left out");
        for Notice { address, code, message, origin: _ } in left_out {
            let lead = [Piece::plain(format!("{address}:"))];
            let code = Piece::next(format!("[{code}]"), Style::Dim);
            page.line(2, lead.into_iter().chain(words(message)).chain([code]));
        }
    }
    page.blank();
    let made = match length(&plan.changes) {
        0 => "nothing to approve".to_owned(),
        made => format!("{} to create", count(made, "approval")),
    };
    let left_out = if left_out.is_empty() { String::new() } else { format!(", {} left out", left_out.len()) };
    page.line(0, [Piece::new(format!("Rule: {made}{left_out}."), Style::Heading).flowing()]);
    page.finish()
}
