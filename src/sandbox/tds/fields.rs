//! Reads fields out of a message that has arrived whole. No length is believed before it is compared with what is left.

use super::error::Malformed;

/// The unread rest of a message.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes everything that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(Malformed::Truncated { wanted: length, left: self.rest.len() })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) =
            self.rest.split_first_chunk::<N>().ok_or(Malformed::Truncated { wanted: N, left: self.rest.len() })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length in four bytes, as an index.
    pub(super) fn length32(&mut self) -> Result<usize, Malformed> {
        let claimed = self.u32()?;
        usize::try_from(claimed).map_err(|_| Malformed::Truncated { wanted: usize::MAX, left: self.rest.len() })
    }

    /// UTF-16 text of so many code units.
    pub(super) fn utf16(&mut self, units: usize) -> Result<String, Malformed> {
        self.bytes(units * 2).and_then(utf16)
    }

    /// B_VARCHAR: a count of code units in one byte, then the text.
    pub(super) fn b_varchar(&mut self) -> Result<String, Malformed> {
        let units = usize::from(self.u8()?);
        self.utf16(units)
    }
}

/// Little-endian UTF-16. A lone surrogate becomes U+FFFD: SQL Server stores such text, but a Rust string cannot.
pub(super) fn utf16(bytes: &[u8]) -> Result<String, Malformed> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Malformed::OddLengthText { length: bytes.len() });
    }
    Ok(char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_beyond_the_end_is_an_error() {
        let mut fields = Fields::new(&[0xFF, 0xFF, 0xFF, 0xFF, 1]);
        let length = fields.length32().unwrap();
        assert_eq!(fields.bytes(length), Err(Malformed::Truncated { wanted: 0xFFFF_FFFF, left: 1 }));
    }

    #[test]
    fn text_is_utf16_and_a_lone_surrogate_is_replaced() {
        assert_eq!(utf16(&[0xE4, 0, 0x3D, 0xD8, 0, 0xDE]).unwrap(), "ä😀");
        assert_eq!(utf16(&[0x41, 0, 0x00, 0xD8]).unwrap(), "A\u{FFFD}");
        assert_eq!(utf16(&[0x41]), Err(Malformed::OddLengthText { length: 1 }));
    }
}
