//! The lines of a file, within limits, with a checksum over them.

use std::io::{BufRead, BufReader, Read};

use sha2::{Digest, Sha256};

use super::SavedError;
use crate::encoding::Utf8;

/// How much is read before a file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. A server with 200,000 updates takes 109 MB.
    pub file_bytes: u64,
    /// Bytes of one line. The longest are lists of ids: 36 bytes each.
    pub line_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 2 * 1024 * 1024 * 1024, line_bytes: 16 * 1024 * 1024 }
    }
}

/// Reads line by line.
pub(super) struct Lines<R> {
    input: BufReader<Utf8<R>>,
    limits: Limits,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    hash: Sha256,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R, limits: Limits) -> Self {
        let input = BufReader::new(Utf8::new(input));
        Self { input, limits, line: Vec::new(), number: 0, bytes: 0, hash: Sha256::new() }
    }

    /// The number of the line that was read last, counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The next line without its end; none behind the last one. A file that went through a checkout with Windows line ends, or
    /// through an editor that stores texts in another way, is the same file: the checksum is that of its lines in UTF-8.
    pub(super) fn next(&mut self) -> Result<Option<&str>, SavedError> {
        let line = self.number + 1;
        let limit = self.limits.line_bytes;
        self.line.clear();
        let read = (&mut self.input).take(limit.saturating_add(1)).read_until(b'\n', &mut self.line);
        let read = read.map_err(|source| match source.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(problem) => SavedError::NotText(*problem),
            None => SavedError::Read { line, source },
        })?;
        if read == 0 {
            return Ok(None);
        }
        self.number = line;
        self.bytes = self.bytes.saturating_add(read as u64);
        if self.bytes > self.limits.file_bytes {
            return Err(SavedError::TooLarge { limit: self.limits.file_bytes });
        }
        if read as u64 > limit {
            return Err(SavedError::LineTooLong { line, limit });
        }
        let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if line == 1 && text.starts_with(&[0x1f, 0x8b]) {
            return Err(SavedError::Compressed { with: "gzip" });
        }
        std::str::from_utf8(text).map(Some).map_err(|_| SavedError::NotUtf8 { line })
    }

    /// Takes a line into the checksum: the one that was read last.
    pub(super) fn count_in(&mut self) {
        let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        self.hash.update(text.strip_suffix(b"\r").unwrap_or(text));
        self.hash.update(b"\n");
    }

    /// The checksum of the lines that were counted in.
    pub(super) fn checksum(&self) -> String {
        hexadecimal(&self.hash)
    }
}

/// A checksum as it is written.
pub(super) fn hexadecimal(hash: &Sha256) -> String {
    hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
