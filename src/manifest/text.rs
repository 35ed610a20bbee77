//! Bytes -> text.

use std::borrow::Cow;

use super::is_meant_text;
use super::limits::ReadLimits;
use super::problems::Problems;
use super::secrets;
use crate::diagnostic::Diagnostic;
use crate::encoding::{self, NotText};
use crate::model::origin::{Origin, SourceId};

/// Why bytes are not a text, and what of them can be shown.
pub(super) struct Refused {
    pub(super) diagnostic: Diagnostic,
    pub(super) shown: String,
}

/// The text without a byte order mark: places count from behind it.
pub(super) fn decode<'b>(
    name: &str,
    bytes: &'b [u8],
    source: SourceId,
    limits: &ReadLimits,
) -> Result<Cow<'b, str>, Box<Refused>> {
    // Places are 32 bits wide.
    let max = limits.max_bytes.min(u64::from(u32::MAX) - 1);
    if bytes.len() as u64 > max {
        let diagnostic = Diagnostic::error("too-large", "the file is too large")
            .detail(format!("{name} has more than {max} bytes"))
            .help("split the manifest, or raise the limit: --max-manifest-size MIB");
        return Err(Box::new(Refused { diagnostic, shown: String::new() }));
    }
    encoding::decode(bytes).map(|decoded| decoded.text).map_err(|problem| {
        let diagnostic = Diagnostic::error("not-utf8", "the file is not UTF-8 text")
            .detail(format!("{name}: {problem}"))
            .help(problem.hint());
        Box::new(match problem {
            NotText::Utf8 { offset, line, .. } => placed(diagnostic, bytes, offset, line, source),
            NotText::Unmarked | NotText::Utf32 | NotText::Utf16 { .. } => Refused { diagnostic, shown: String::new() },
        })
    })
}

/// Shows the line of a byte that is not UTF-8.
fn placed(diagnostic: Diagnostic, bytes: &[u8], offset: usize, line: usize, source: SourceId) -> Refused {
    let start = bytes[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let end = bytes[offset..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| offset + end);
    // Only this line is shown; empty ones in front of it keep its number.
    let before = String::from_utf8_lossy(&bytes[start..offset]);
    let before = before.trim_start_matches('\u{feff}');
    let mut shown = "\n".repeat(line - 1);
    shown.push_str(before);
    let from = shown.len();
    shown.push_str(&String::from_utf8_lossy(&bytes[offset..end]));

    let position = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let origin = Origin {
        source,
        start: position(from),
        end: position(from + char::REPLACEMENT_CHARACTER.len_utf8()),
        line: position(line),
        column: position(before.chars().count() + 1),
    };
    let mut problems = Problems::default();
    secrets::hide_lexically(&shown, &mut problems);
    secrets::hide_strangers(&shown, |_| is_meant_text(&String::from_utf8_lossy(bytes)), &mut problems);
    Refused { diagnostic: diagnostic.at(origin, ""), shown: secrets::blank(&shown, &problems.finish().1) }
}
