//! A document as pieces of its text: every value with its bytes, and how it is written.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Marker, Options, Parser, ScalarStyle, Span, StrInput, StructureStyle};

/// A value.
#[derive(Debug)]
pub(super) struct Piece {
    /// Its first byte; of a list or map in block style that of its first item or key.
    pub(super) start: usize,
    /// The byte behind its last one.
    pub(super) end: usize,
    /// It has an anchor, so other places may say the same through it.
    pub(super) anchored: bool,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    Scalar { text: String, style: ScalarStyle },
    List { flow: bool, items: Vec<Piece> },
    Map { flow: bool, entries: Vec<Entry> },
    Alias,
}

/// An entry of a map.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Range<usize>,
    pub(super) value: Piece,
}

/// A document.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Piece,
    /// Its comments, `#` included, in their order.
    pub(super) comments: Vec<Range<usize>>,
}

impl Tree {
    /// Reads the first document that is not empty.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::new(text);
        let root = reader.document()?;
        reader.scalars.sort_unstable_by_key(|scalar| scalar.start);
        let comments = comments(text, &reader.scalars);
        Some(Self { root, comments })
    }

    /// The comments that begin in these bytes.
    pub(super) fn comments_in(&self, bytes: &Range<usize>) -> impl Iterator<Item = &Range<usize>> {
        let from = self.comments.partition_point(|comment| comment.start < bytes.start);
        let end = bytes.end;
        self.comments[from..].iter().take_while(move |comment| comment.start < end)
    }
}

impl Piece {
    /// The value below a child's number: of an item, or of an entry.
    pub(super) fn child(&self, index: usize) -> Option<&Self> {
        match &self.value {
            Value::List { items, .. } => items.get(index),
            Value::Map { entries, .. } => entries.get(index).map(|entry| &entry.value),
            Value::Scalar { .. } | Value::Alias => None,
        }
    }

    /// The numbers of the children that lead to what begins at a byte: a scalar, or a key, for which its value stands.
    pub(super) fn find(&self, byte: usize, path: &mut Vec<usize>) -> bool {
        let children: usize = match &self.value {
            Value::Scalar { .. } => return self.start == byte && self.end > self.start,
            Value::Alias => return false,
            Value::List { items, .. } => items.partition_point(|item| item.start <= byte),
            Value::Map { entries, .. } => entries.partition_point(|entry| entry.at.start <= byte),
        };
        let Some(index) = children.checked_sub(1) else { return false };
        path.push(index);
        let is_key = matches!(&self.value, Value::Map { entries, .. } if entries[index].at.start == byte);
        let found = is_key || self.child(index).is_some_and(|child| child.find(byte, path));
        if !found {
            path.pop();
        }
        found
    }
}

struct Reader<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    scalars: Vec<Range<usize>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(false);
        Self { text, parser: Parser::new_from_str_with_options(text, options), scalars: Vec::new() }
    }

    fn document(&mut self) -> Option<Piece> {
        loop {
            match self.event()? {
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return None,
                (event, span) => {
                    let piece = self.piece(event, span)?;
                    if piece.end > piece.start {
                        return Some(piece);
                    }
                }
            }
        }
    }

    fn event(&mut self) -> Option<(Event<'t>, Span)> {
        self.parser.next_event()?.ok()
    }

    fn piece(&mut self, event: Event<'t>, span: Span) -> Option<Piece> {
        let start = self.offset(span.start);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let end = self.offset(span.end).max(start);
                let end = start + self.text[start..end].trim_end_matches(['\n', '\r']).len();
                self.scalars.push(start..end);
                let value = Value::Scalar { text: text.into_owned(), style };
                Some(Piece { start, end, anchored: anchor != 0, value })
            }
            Event::SequenceStart(style, anchor, _) => self.list(start, style == StructureStyle::Flow, anchor != 0),
            Event::MappingStart(style, anchor, _) => self.map(start, style == StructureStyle::Flow, anchor != 0),
            Event::Alias(_) => {
                let end = self.offset(span.end).max(start);
                Some(Piece { start, end, anchored: false, value: Value::Alias })
            }
            _ => None,
        }
    }

    fn list(&mut self, start: usize, flow: bool, anchored: bool) -> Option<Piece> {
        let mut items: Vec<Piece> = Vec::new();
        loop {
            match self.event()? {
                (Event::SequenceEnd, span) => {
                    let (start, end) = match (items.first(), items.last()) {
                        (Some(first), Some(last)) if !flow => (first.start, last.end),
                        _ => (start, self.offset(span.end)),
                    };
                    return Some(Piece { start, end, anchored, value: Value::List { flow, items } });
                }
                (event, span) => items.push(self.piece(event, span)?),
            }
        }
    }

    fn map(&mut self, start: usize, flow: bool, anchored: bool) -> Option<Piece> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.event()?;
            if event == Event::MappingEnd {
                let (start, end) = match (entries.first(), entries.last()) {
                    (Some(first), Some(last)) if !flow => (first.at.start, last.end()),
                    _ => (start, self.offset(span.end)),
                };
                return Some(Piece { start, end, anchored, value: Value::Map { flow, entries } });
            }
            let key = self.piece(event, span)?;
            let (event, span) = self.event()?;
            let mut value = self.piece(event, span)?;
            let at = key.start..key.end;
            let Value::Scalar { text: key, .. } = key.value else { return None };
            if value.start == value.end {
                // Nothing: it stands behind the colon.
                let behind = &self.text[at.end..];
                let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
                let colon = usize::from(behind[blanks..].starts_with(':'));
                value.start = if colon == 1 { at.end + blanks + 1 } else { at.end };
                value.end = value.start;
            }
            entries.push(Entry { key, at, value });
        }
    }

    /// A position in bytes, on a character boundary.
    fn offset(&self, marker: Marker) -> usize {
        let mut offset = marker.byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

impl Entry {
    /// The byte behind the entry.
    pub(super) fn end(&self) -> usize {
        self.value.end.max(self.at.end)
    }
}

/// What begins with `#` and stands in no scalar.
fn comments(text: &str, scalars: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut comments = Vec::new();
    let (mut at, mut next) = (0, 0);
    while let Some(found) = text[at..].find('#') {
        let start = at + found;
        next += scalars[next..].partition_point(|scalar| scalar.end <= start);
        if let Some(scalar) = scalars.get(next).filter(|scalar| scalar.start <= start) {
            at = scalar.end;
            continue;
        }
        let end = text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length);
        comments.push(start..end);
        at = end;
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::{Tree, Value};

    const TEXT: &str =
        "# head\na: 1 # one\nb:\n- x\n- {c: '# no', d: [1, 2]}\ne:\nf: |\n  # no\n  text\ng: \"#\"\n---\nh: 2\n";

    #[test]
    fn every_piece_has_its_bytes() {
        let tree = Tree::parse(TEXT).unwrap();
        let Value::Map { flow: false, entries } = &tree.root.value else { panic!("{tree:?}") };
        let written: Vec<&str> = entries.iter().map(|entry| &TEXT[entry.value.start..entry.value.end]).collect();
        assert_eq!(written, ["1", "x\n- {c: '# no', d: [1, 2]}", "", "# no\n  text", "\"#\""]);
        assert_eq!(&TEXT[entries[2].at.start..entries[2].value.end], "e:");
        let comments: Vec<&str> = tree.comments.iter().map(|comment| &TEXT[comment.clone()]).collect();
        assert_eq!(comments, ["# head", "# one"]);
        assert_eq!((tree.comments_in(&(0..3)).count(), tree.comments_in(&(1..9)).count()), (1, 0));
    }

    #[test]
    fn what_begins_at_a_byte_is_found_by_its_way() {
        let tree = Tree::parse(TEXT).unwrap();
        for (what, expected) in
            [("1 # one", vec![0]), ("x\n", vec![1, 0]), ("c:", vec![1, 1, 0]), ("2]", vec![1, 1, 1, 1])]
        {
            let mut path = Vec::new();
            assert!(tree.root.find(TEXT.find(what).unwrap(), &mut path), "{what}");
            assert_eq!(path, expected, "{what}");
        }
        assert!(!tree.root.find(3, &mut Vec::new()));
    }
}
