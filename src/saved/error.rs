//! Why a file is no snapshot that can be used.

use super::{FORMAT_VERSION, Version};
use crate::encoding::NotText;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// It cannot be read.
    #[error("line {line} cannot be read")]
    Read {
        /// The line, counted from 1.
        line: u64,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It holds nothing.
    #[error("the file is empty")]
    Empty,
    /// It is compressed.
    #[error("the file is compressed with {with}")]
    Compressed {
        /// How.
        with: &'static str,
    },
    /// Its first line is not that of a snapshot.
    #[error("line 1: this is not a snapshot of wsusctl, which begins with `{{\"kind\":\"WsusSnapshot\"`")]
    NotASnapshot,
    /// A version that this program does not know.
    #[error("line 1: the file has format {found}, and this wsusctl knows {} and older", FORMAT_VERSION)]
    NewerFormat {
        /// The file's.
        found: Version,
    },
    /// It is larger than allowed.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// A line is longer than allowed.
    #[error("line {line} is longer than {limit} bytes")]
    LineTooLong {
        /// The line.
        line: u64,
        /// The limit.
        limit: u64,
    },
    /// A line is not UTF-8.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// The line.
        line: u64,
    },
    /// It is stored as no text is.
    #[error("{0}")]
    NotText(NotText),
    /// A line is not a record.
    #[error("line {line}, column {column}: {problem}")]
    Malformed {
        /// The line.
        line: u64,
        /// The column, counted in bytes from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// A line says again what another one said.
    #[error("line {line}: the second record of {what}")]
    Repeated {
        /// The line.
        line: u64,
        /// What it is about.
        what: String,
    },
    /// Something that every snapshot has is missing.
    #[error("the file has no record `{record}`")]
    Missing {
        /// The record's name.
        record: &'static str,
    },
    /// There are records of what the first line says was not read.
    #[error("line 1 says that nobody read {what}, and there are records of it")]
    Contradiction {
        /// What it is.
        what: &'static str,
    },
    /// There is no end.
    #[error("the file is incomplete: it breaks off after line {lines}, before its record `end`")]
    Incomplete {
        /// The last line.
        lines: u64,
    },
    /// There is something behind the end.
    #[error("line {line}: something follows the record `end`")]
    Trailing {
        /// The line.
        line: u64,
    },
    /// It is not what was written.
    #[error("the file was altered after it was written: {problem}")]
    Altered {
        /// In what that shows.
        problem: Alteration,
    },
}

/// In what an alteration shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Alteration {
    /// In the number of records.
    #[error("it has {found} records instead of {written}")]
    Records {
        /// How many there were.
        written: u64,
        /// How many there are.
        found: u64,
    },
    /// In the checksum.
    #[error("its checksum is {found} instead of {written}")]
    Checksum {
        /// What the file says.
        written: String,
        /// What it comes to.
        found: String,
    },
}

impl SavedError {
    /// A line that is not a record, as the JSON reader has it.
    pub(super) fn malformed(line: u64, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The reader sees one line at a time, so its own line number is always 1.
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem).to_owned();
        Self::Malformed { line, column: error.column(), problem }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::TooLarge { .. } => "check the file that --against names",
            Self::Compressed { .. } => "unpack it: gunzip -c FILE | wsusctl diff --against - ...",
            Self::Empty | Self::NotASnapshot => {
                "make one with wsusctl snapshot --server URL --out FILE, and name it with --against"
            }
            Self::NewerFormat { .. } => "use the wsusctl that wrote it or a newer one, or take the snapshot again",
            Self::NotText(problem) => problem.hint(),
            // PowerShell's redirection is the likeliest reason, and nobody suspects it.
            Self::Altered { problem: Alteration::Checksum { .. } } => {
                "nothing of the file was used; restore it, or take the snapshot again, with --out FILE and not with `>`, which re-encodes it in PowerShell"
            }
            Self::LineTooLong { .. }
            | Self::NotUtf8 { .. }
            | Self::Malformed { .. }
            | Self::Repeated { .. }
            | Self::Missing { .. }
            | Self::Contradiction { .. }
            | Self::Incomplete { .. }
            | Self::Trailing { .. }
            | Self::Altered { .. } => {
                "nothing of the file was used; restore it, or take the snapshot again with wsusctl snapshot"
            }
        }
    }
}
