//! Places in manifests as every report names them.

use crate::diagnostic::Sources;
use crate::model::origin::Origin;

/// A place that a person or an editor can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The file as it was given, or `<stdin>`.
    pub(super) file: &'a str,
    /// Line, from 1.
    pub(super) line: u32,
    /// Column in characters, from 1.
    pub(super) column: u32,
}

impl<'a> Place<'a> {
    /// The place of this origin. A source that is not in the list is named so, rather than leaving the place out.
    pub(super) fn new(origin: Origin, sources: &'a Sources) -> Self {
        let Origin { source, start: _, end: _, line, column } = origin;
        let file = sources.get(source).map_or("<unknown source>", |source| source.name.as_str());
        Self { file, line, column }
    }

    /// `file:line`.
    pub(super) fn file_and_line(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}
