//! Collects what is wrong with one file, and what of it must not be shown.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::origin::Origin;

/// Problems that are reported for a file; of the rest the number is.
pub(super) const REPORTED_MAX: usize = 100;

/// Problems that are kept so that the first ones by place can be reported.
const KEPT_MAX: usize = 10 * REPORTED_MAX;

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
            self.kept.push(problem);
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
