//! The parser's markers -> places.

use serde_saphyr::granit_parser::{Marker, Span};

use crate::model::origin::{Origin, SourceId};

/// Makes places in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positions<'t> {
    pub(super) text: &'t str,
    pub(super) source: SourceId,
}

impl Positions<'_> {
    /// A scalar's or a property's place.
    pub(super) fn origin(&self, span: Span) -> Origin {
        let start = self.offset(span.start);
        let end = self.offset(span.end).max(start);
        // A block scalar's span ends behind its last line end.
        self.place(span.start, start, start + self.text[start..end].trim_end_matches(['\n', '\r']).len())
    }

    /// A collection's place: its first line, or what of it is on that line.
    pub(super) fn collection_origin(&self, start: Span, end: Span, first: Option<Origin>) -> Origin {
        let begin = self.offset(start.start);
        let end = self.offset(end.end).max(first.map_or(begin, |first| first.end as usize)).max(begin);
        let line_end = self.text[begin..end].find(['\n', '\r']).map_or(end, |length| begin + length);
        let trimmed = self.text[begin..line_end].trim_end();
        self.place(start.start, begin, begin + trimmed.len())
    }

    /// A place of which the marker is the start.
    pub(super) fn place(&self, start: Marker, from: usize, to: usize) -> Origin {
        Origin {
            source: self.source,
            start: narrow(from),
            end: narrow(to),
            line: narrow(start.line().max(1)),
            column: narrow(start.col() + 1),
        }
    }

    /// A position in bytes, on a character boundary.
    pub(super) fn offset(&self, marker: Marker) -> usize {
        let mut offset = marker.byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// An offset, line or column as origins keep it. The size cap keeps texts below 4 GiB.
fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
