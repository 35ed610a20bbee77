//! What is wrong with a manifest, and where.

use crate::model::origin::{Origin, SourceId};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing can be planned.
    Error,
    /// Deserves a look.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable word in kebab case: `unknown-key`, `duplicate-key`, `wrong-type`, `unknown-group`, ...
    pub code: &'static str,
    /// Names the class of the problem and holds no user text.
    pub summary: String,
    /// What exactly, and why it matters. May hold user text. Empty where the summary says all.
    pub detail: String,
    /// The place it is about, and text for it; none where it is about no place (an empty file).
    pub primary: Option<Label>,
    /// Other places that belong to it: the first of two duplicates.
    pub secondary: Vec<Label>,
    /// What to do, imperative and copyable; near matches.
    pub help: Vec<String>,
}

/// A place and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub origin: Origin,
    /// A few words; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, summary.into())
    }

    /// A warning.
    pub fn warning(code: &'static str, summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, summary.into())
    }

    fn new(severity: Severity, code: &'static str, summary: String) -> Self {
        let (detail, primary, secondary, help) = (String::new(), None, Vec::new(), Vec::new());
        Self { severity, code, summary, detail, primary, secondary, help }
    }

    /// Adds what exactly is wrong.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Sets the place that it is about.
    #[must_use]
    pub fn at(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.primary = Some(Label { origin, text: text.into() });
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn and(mut self, origin: Origin, text: impl Into<String>) -> Self {
        self.secondary.push(Label { origin, text: text.into() });
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// Problems in the order they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds those of another list.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Sorts by place; problems without a place come first.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.origin));
    }
}

/// The texts that manifests were read from, so that a place can be shown.
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

/// One text.
#[derive(Debug, Clone)]
pub struct Source {
    /// How it is called in messages: the path as given, or `<stdin>`.
    pub name: String,
    /// The text that origins count bytes in.
    pub text: String,
}

impl Sources {
    /// Adds a text and gives the id that origins refer to it by.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        let id = self.next_id();
        self.0.push(Source { name: name.into(), text: text.into() });
        id
    }

    /// The id that the next text gets: places can be made before the text is as it is to be shown.
    #[must_use]
    pub fn next_id(&self) -> SourceId {
        SourceId(u32::try_from(self.0.len()).expect("fewer than 2^32 manifests fit in memory"))
    }

    /// The text with this id, if it is one of these.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }
}
