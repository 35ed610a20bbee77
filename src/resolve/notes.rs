//! What resolving has to say besides its result.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::address::Address;
use crate::model::origin::Origin;
use crate::model::resolved::Notice;

/// How many comparisons of names near matches are worth: a fraction of a second of them.
const COMPARISONS_MAX: usize = 200_000;

/// Everything said so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Errors of the manifest.
    pub(super) diagnostics: Diagnostics,
    /// What waits for something outside.
    pub(super) pending: Vec<Notice>,
    /// What deserves a look.
    pub(super) warnings: Vec<Notice>,
    /// What cannot be repaired from here.
    pub(super) findings: Vec<Notice>,
    comparisons: usize,
}

impl Notes {
    /// Whether a name may still be compared with so many others to find near matches. A manifest of ten thousand unknown
    /// names, written for another server perhaps, gets its errors without waiting for what each may have meant.
    pub(super) fn may_compare(&mut self, candidates: usize) -> bool {
        self.comparisons = self.comparisons.saturating_add(candidates);
        self.comparisons <= COMPARISONS_MAX
    }

    /// Adds an error.
    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, address: Address, code: &'static str, message: String, origin: Origin) {
        self.warnings.push(Notice { address, code, message, origin: Some(origin) });
    }
}
