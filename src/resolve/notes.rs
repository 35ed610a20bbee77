//! What resolving has to say besides its result.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::address::Address;
use crate::model::origin::Origin;
use crate::model::resolved::Notice;

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
}

impl Notes {
    /// Adds an error.
    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, address: Address, code: &'static str, message: String, origin: Origin) {
        self.warnings.push(Notice { address, code, message, origin: Some(origin) });
    }
}
