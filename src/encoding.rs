//! How a text is stored: the one place that turns the bytes of a file, or of standard input, into text.
//!
//! Windows has several habits. PowerShell 5.1 writes UTF-16 with `>` and UTF-8 with a byte order mark with `-Encoding UTF8`;
//! editors write either. All of these are the same text here, so that a file is read alike whoever reads it.

use std::borrow::Cow;
use std::io::{self, Read};

/// How a text is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with a byte order mark or without one.
    Utf8 {
        /// Whether there is a mark.
        marked: bool,
    },
    /// UTF-16 with a mark, the low byte first: what PowerShell 5.1 writes.
    Utf16Le,
    /// UTF-16 with a mark, the high byte first.
    Utf16Be,
}

/// A text, and how it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'b> {
    /// Without a byte order mark: places count from behind it.
    pub text: Cow<'b, str>,
    /// How it was stored.
    pub encoding: Encoding,
}

/// Why bytes are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// UTF-16 without a mark: every other byte is zero.
    #[error("this is UTF-16 without a byte order mark")]
    Unmarked,
    /// UTF-32.
    #[error("this is UTF-32")]
    Utf32,
    /// A byte that UTF-8 does not have there.
    #[error("byte {offset} (line {line}) is 0x{byte:02x}, which UTF-8 does not have there")]
    Utf8 {
        /// Bytes in front of it.
        offset: usize,
        /// The line, counted from 1.
        line: usize,
        /// The byte.
        byte: u8,
    },
    /// A half of a character, or of a code unit at the end.
    #[error("line {line} has half a character, which UTF-16 does not have there")]
    Utf16 {
        /// The line, counted from 1.
        line: usize,
    },
}

impl NotText {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unmarked => {
                "save the file as UTF-8; what wsusctl writes, write with --out FILE and not with `>`, which re-encodes it in PowerShell"
            }
            Self::Utf32 | Self::Utf8 { .. } | Self::Utf16 { .. } => "save the file as UTF-8",
        }
    }
}

/// What a text in UTF-8 may begin with.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes that are looked at to find out how a text is stored.
const SAMPLE: usize = 32;

/// Reads the bytes of a whole text.
///
/// # Errors
/// [`NotText`]: nothing is guessed and nothing is left out.
pub fn decode(bytes: &[u8]) -> Result<Text<'_>, NotText> {
    let encoding = Encoding::of(bytes)?;
    let content = &bytes[encoding.mark().len()..];
    let text = match encoding {
        Encoding::Utf8 { .. } => Cow::Borrowed(std::str::from_utf8(content).map_err(|error| {
            let offset = bytes.len() - content.len() + error.valid_up_to();
            NotText::Utf8 { offset, line: line_of(&bytes[..offset]), byte: bytes[offset] }
        })?),
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let mut text = String::with_capacity(content.len() / 2);
            let mut units = Units::new(encoding);
            units.push(content, &mut text)?;
            units.finish()?;
            Cow::Owned(text)
        }
    };
    Ok(Text { text, encoding })
}

/// The line on which a byte stands that has these in front of it.
fn line_of(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

impl Encoding {
    /// Finds out from the first bytes.
    fn of(bytes: &[u8]) -> Result<Self, NotText> {
        match bytes {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err(NotText::Utf32),
            [0xff, 0xfe, ..] => Ok(Self::Utf16Le),
            [0xfe, 0xff, ..] => Ok(Self::Utf16Be),
            _ if is_unmarked_utf16(bytes) => Err(NotText::Unmarked),
            _ => Ok(Self::Utf8 { marked: bytes.starts_with(UTF8_MARK) }),
        }
    }

    fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 { marked: false } => &[],
            Self::Utf8 { marked: true } => UTF8_MARK,
            Self::Utf16Le => &[0xff, 0xfe],
            Self::Utf16Be => &[0xfe, 0xff],
        }
    }

    /// Stores a text like this, mark included.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        let mut bytes = self.mark().to_vec();
        match self {
            Self::Utf8 { .. } => bytes.extend(text.as_bytes()),
            Self::Utf16Le => bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        }
        bytes
    }
}

/// Texts that wsusctl reads begin in ASCII, of which UTF-16 makes every other byte zero.
fn is_unmarked_utf16(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let pairs = sample.chunks_exact(2);
    let little = pairs.clone().all(|pair| pair[0] != 0 && pair[1] == 0);
    let big = pairs.clone().all(|pair| pair[0] == 0 && pair[1] != 0);
    pairs.len() > 0 && (little || big)
}

/// Code units of UTF-16 that arrive in pieces.
#[derive(Debug)]
struct Units {
    little: bool,
    /// The first byte of a unit whose second one has not arrived.
    byte: Option<u8>,
    /// The first half of a character whose second one has not arrived.
    half: Option<u16>,
    line: usize,
}

impl Units {
    fn new(encoding: Encoding) -> Self {
        Self { little: encoding == Encoding::Utf16Le, byte: None, half: None, line: 1 }
    }

    fn push(&mut self, bytes: &[u8], text: &mut String) -> Result<(), NotText> {
        for byte in bytes {
            let Some(first) = self.byte.take() else {
                self.byte = Some(*byte);
                continue;
            };
            let pair = [first, *byte];
            let unit = if self.little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) };
            if self.half.is_none() && (0xd800..0xdc00).contains(&unit) {
                self.half = Some(unit);
                continue;
            }
            let units = self.half.take().into_iter().chain([unit]);
            for c in char::decode_utf16(units) {
                let c = c.map_err(|_| NotText::Utf16 { line: self.line })?;
                self.line += usize::from(c == '\n');
                text.push(c);
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), NotText> {
        if self.byte.is_some() || self.half.is_some() { Err(NotText::Utf16 { line: self.line }) } else { Ok(()) }
    }
}

/// A text as UTF-8 without a mark, however it is stored; for what is too large to be held whole. Bytes that are not UTF-8 are
/// passed on where no mark says otherwise: whoever reads lines knows better where they stand.
#[derive(Debug)]
pub struct Utf8<R> {
    input: R,
    /// None before the first byte.
    units: Option<Option<Units>>,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf8<R> {
    /// Takes the bytes as they are stored.
    pub fn new(input: R) -> Self {
        Self { input, units: None, ready: Vec::new(), given: 0 }
    }

    /// Reads what says how the text is stored.
    fn begin(&mut self) -> io::Result<()> {
        let mut sample = Vec::with_capacity(SAMPLE);
        (&mut self.input).take(SAMPLE as u64).read_to_end(&mut sample)?;
        let encoding = Encoding::of(&sample).map_err(io::Error::other)?;
        sample.drain(..encoding.mark().len());
        self.ready = sample;
        self.units = Some(match encoding {
            Encoding::Utf8 { .. } => None,
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let mut units = Units::new(encoding);
                self.ready = decoded(&mut units, &self.ready)?;
                Some(units)
            }
        });
        Ok(())
    }
}

fn decoded(units: &mut Units, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut text = String::with_capacity(bytes.len());
    units.push(bytes, &mut text).map_err(io::Error::other)?;
    Ok(text.into_bytes())
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.units.is_none() {
            self.begin()?;
        }
        loop {
            if self.given < self.ready.len() {
                let number = buffer.len().min(self.ready.len() - self.given);
                buffer[..number].copy_from_slice(&self.ready[self.given..self.given + number]);
                self.given += number;
                return Ok(number);
            }
            let Some(Some(units)) = &mut self.units else { return self.input.read(buffer) };
            let mut piece = [0; 8192];
            let number = self.input.read(&mut piece)?;
            if number == 0 {
                units.finish().map_err(io::Error::other)?;
                return Ok(0);
            }
            self.ready = decoded(units, &piece[..number])?;
            self.given = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::{Encoding, NotText, Utf8, decode};

    const ALL: [Encoding; 4] =
        [Encoding::Utf8 { marked: false }, Encoding::Utf8 { marked: true }, Encoding::Utf16Le, Encoding::Utf16Be];

    /// Gives a byte at a time.
    struct Slow<R>(R);

    impl<R: Read> Read for Slow<R> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let end = buffer.len().min(1);
            self.0.read(&mut buffer[..end])
        }
    }

    fn streamed(bytes: &[u8]) -> std::io::Result<String> {
        let mut text = String::new();
        Utf8::new(Slow(Cursor::new(bytes))).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_text_is_the_same_however_it_is_stored() {
        for text in ["", "a", "Lab-1\r\n", "name: Zweigstelle M\u{fc}nchen \u{1f600}, \u{65e5}\u{672c}\n"] {
            for encoding in ALL {
                let bytes = encoding.encode(text);
                let read = decode(&bytes).unwrap();
                assert_eq!((&*read.text, read.encoding), (text, encoding));
                assert_eq!(streamed(&bytes).unwrap(), text);
            }
        }
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let unmarked = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        let half_of_a_character = [0xff, 0xfe, b'a', 0, b'\n', 0, 0x3d, 0xd8, b'b', 0];
        for (bytes, expected) in [
            (&b"a\n\xff"[..], NotText::Utf8 { offset: 2, line: 2, byte: 0xff }),
            (b"\xef\xbb\xbf\xff", NotText::Utf8 { offset: 3, line: 1, byte: 0xff }),
            (&half_of_a_character, NotText::Utf16 { line: 2 }),
            (&half_of_a_character[..9], NotText::Utf16 { line: 2 }),
            (b"\xff\xfea", NotText::Utf16 { line: 1 }),
            (b"L\0a\0b\0\r\0\n\0", NotText::Unmarked),
            (&unmarked("kind: WsusServer\n"), NotText::Unmarked),
            (b"\xff\xfe\0\0a\0\0\0", NotText::Utf32),
        ] {
            assert_eq!(decode(bytes), Err(expected), "{bytes:x?}");
            if !matches!(expected, NotText::Utf8 { .. }) {
                let error = streamed(bytes).unwrap_err();
                assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&expected), "{bytes:x?}");
            }
        }
    }
}
