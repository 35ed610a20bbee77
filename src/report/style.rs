//! Colours of the terminal. They only decorate: every meaning has a word or a symbol too.

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As the terminal has it.
    Plain,
    /// What comes.
    Create,
    /// What changes.
    Modify,
    /// What goes.
    Delete,
    /// What stands in the way.
    Blocked,
    /// What cannot be done.
    Unsupported,
    /// A heading.
    Heading,
    /// What can be skipped when reading.
    Dim,
}

impl Style {
    /// The parameters of the escape sequence that switches the style on (ECMA-48, SGR); none for plain text.
    pub(super) fn parameters(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Create => Some("32"),
            Self::Modify => Some("33"),
            Self::Delete => Some("31"),
            Self::Blocked => Some("1;31"),
            Self::Unsupported => Some("35"),
            Self::Heading => Some("1"),
            Self::Dim => Some("2"),
        }
    }
}
