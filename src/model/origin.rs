//! Where in a manifest something was written.

/// Which of the sources of this run: an index into the list that the caller of the manifest reader keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A place in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file (or standard input).
    pub source: SourceId,
    /// First byte, from 0.
    pub start: u32,
    /// Byte behind the last one; not below `start`.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// A value together with the place that declared it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub origin: Origin,
}
