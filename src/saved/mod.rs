//! A read that is kept in a file: what `snapshot` writes and `diff --against` takes in place of a server.
//!
//! The file is JSON Lines: a head, a record for each object, an end with a checksum over all before it. One object a line, in
//! the order of the model's maps, so that the file of an unchanged server differs in its first and last line only. It
//! holds what a plan is made of and nothing else: no password, no reference to one, no login, nothing of the connection.
//!
//! The wire types are our own. Every conversion takes the model's structs apart field by field: a field that is new there
//! does not build here until somebody has decided how it is saved. docs/reference/snapshot.md describes the format.

mod error;
mod escape;
mod lines;
mod reader;
mod text;
mod wire;
mod writer;

use crate::model::impact::Impact;
use crate::model::snapshot::Snapshot;

pub use self::error::{Alteration, SavedError};
pub use self::lines::Limits;
pub use self::reader::read;
pub use self::writer::write;

/// The version of the file's format. Its first number changes when an older wsusctl would misread the file, its second
/// when something is added.
pub const FORMAT_VERSION: Version = Version { major: 1, minor: 2 };

/// A version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Its first number.
    pub major: u32,
    /// Its second number.
    pub minor: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Version {
    /// Reads `1.0`.
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Whether this program can read it.
    fn is_known(self) -> bool {
        self.major == FORMAT_VERSION.major && self <= FORMAT_VERSION
    }
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The version of wsusctl that wrote it.
    pub tool_version: String,
    /// The server, read with [`whole`]: `server.login` is empty, and columns of the configuration that no manifest is about
    /// are opaque.
    ///
    /// [`whole`]: crate::model::scope::ReadScope::whole
    pub snapshot: Snapshot,
    /// What was read about the updates for display.
    pub impact: Impact,
}
