//! Collects what is wrong with one file, and what of it must not be shown.

use std::ops::Range;

use super::secrets;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::origin::Origin;

/// Problems that are reported for a file; of the rest the number is.
pub(super) const REPORTED_MAX: usize = 100;

/// Problems that are kept so that the first ones by place can be reported.
const KEPT_MAX: usize = 10 * REPORTED_MAX;

/// Bytes of a message. They quote the file, whose names can be megabytes long.
const MESSAGE_LENGTH_MAX: usize = 800;

/// What is wrong with one file.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kept: Diagnostics,
    errors: usize,
    warnings: usize,
    secrets: Vec<Range<usize>>,
}

impl Problems {
    /// Adds one.
    pub(super) fn push(&mut self, problem: Diagnostic) {
        match problem.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        if self.kept.0.len() < KEPT_MAX {
            self.kept.push(shortened(problem));
        }
    }

    /// Number of errors so far.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Remembers that a secret stands here, so that the text that is kept for snippets can do without it.
    pub(super) fn hide(&mut self, place: Origin) {
        self.hide_bytes(place.start as usize..place.end as usize);
    }

    /// Likewise for bytes.
    pub(super) fn hide_bytes(&mut self, bytes: Range<usize>) {
        self.secrets.push(bytes);
    }

    /// Gives the problems sorted by place, the first hundred and how many more there are, and the places of secrets.
    pub(super) fn finish(self) -> (Diagnostics, Vec<Range<usize>>) {
        let total = self.errors + self.warnings;
        let mut list = self.kept;
        list.sort();
        let shown_errors =
            list.0.iter().take(REPORTED_MAX).filter(|problem| problem.severity == Severity::Error).count();
        list.0.truncate(REPORTED_MAX);
        let more = total - list.0.len();
        if more > 0 {
            let summary = "there are more problems";
            let diagnostic = if self.errors > shown_errors {
                Diagnostic::error("more-problems", summary)
            } else {
                Diagnostic::warning("more-problems", summary)
            };
            list.push(diagnostic.detail(format!("{more} more are not shown; repair these first")));
        }
        (list, self.secrets)
    }
}

fn shortened(mut problem: Diagnostic) -> Diagnostic {
    shorten(&mut problem.detail);
    problem.help.iter_mut().for_each(shorten);
    let labels = problem.primary.iter_mut().chain(&mut problem.secondary).map(|label| &mut label.text);
    // Help is ours, and speaks of passwords.
    for text in labels.chain([&mut problem.detail]) {
        *text = secrets::scrubbed(std::mem::take(text));
    }
    problem
}

fn shorten(message: &mut String) {
    if message.len() > MESSAGE_LENGTH_MAX {
        let end = (0..=MESSAGE_LENGTH_MAX).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
        message.truncate(end);
        message.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MAX, Problems, REPORTED_MAX};
    use crate::diagnostic::{Diagnostic, Severity};

    #[test]
    fn the_rest_is_counted_and_keeps_its_severity() {
        let mut problems = Problems::default();
        for _ in 0..REPORTED_MAX {
            problems.push(Diagnostic::warning("a", ""));
        }
        for _ in 0..KEPT_MAX {
            problems.push(Diagnostic::error("b", ""));
        }
        let (list, _) = problems.finish();
        let last = list.0.last().unwrap();
        assert_eq!((list.0.len(), last.severity), (REPORTED_MAX + 1, Severity::Error));
        assert!(last.detail.starts_with("1000 more"), "{}", last.detail);
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let mut problems = Problems::default();
        problems.push(Diagnostic::error("a", "").detail(format!("x{}", "\u{e4}".repeat(1000))).help("y".repeat(5000)));
        let problem = problems.finish().0.0.remove(0);
        assert_eq!((problem.detail.len(), problem.help[0].len()), (802, 803));
    }
}
