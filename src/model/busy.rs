//! What keeps a server from saving its settings.

use std::fmt;

/// What a server is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// It still processes an earlier save, or resets its state.
    Resetting,
    /// It synchronises, is about to, or stops to.
    Synchronising,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resetting => "the server still processes an earlier change of its configuration",
            Self::Synchronising => "a synchronisation runs",
        })
    }
}
