//! The lines of a manifest around some places, short and harmless enough for a terminal.

use std::ops::Range;

use crate::diagnostic::{Label, Sources};
use crate::model::code_point::is_deceptive;
use crate::model::origin::Origin;
use crate::report::visible::{push_visible, visible};

/// Lines between two places that are shown together.
const LINES_BETWEEN_MAX: u32 = 6;

/// Bytes of a line beyond which only what is round a place is shown.
const LINE_LENGTH_MAX: usize = 400;

/// Bytes on either side of a place that are looked at. More than are shown, so that a part is known to be one.
const REACH: usize = 1000;

/// Characters of a long line that are shown in front of a place.
const BEFORE: usize = 60;

/// Characters of a long line that are shown from a place on.
const FROM: usize = 120;

/// Consecutive lines with marks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The file.
    pub(super) name: String,
    /// The line and column of the problem or of the first place; only where the text is not as the file has it (a part
    /// of a line, an escape), which makes columns of its own.
    pub(super) position: Option<(u32, u32)>,
    /// The number of the first line of the text.
    pub(super) first_line: u32,
    /// The lines, made visible.
    pub(super) text: String,
    /// What is underlined.
    pub(super) marks: Vec<Mark>,
}

/// Something underlined.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes of the excerpt's text.
    pub(super) bytes: Range<usize>,
    /// The label.
    pub(super) text: String,
    /// Whether it is the problem's own place.
    pub(super) primary: bool,
}

/// Cuts the excerpts that show these places; what belongs to the problem's own place comes first.
pub(super) fn excerpts(labels: &[(&Label, bool)], sources: &Sources) -> Vec<Excerpt> {
    let mut clusters: Vec<Vec<(&Label, bool)>> = Vec::new();
    for (label, primary) in labels {
        let near = clusters
            .iter_mut()
            .find(|cluster| cluster.iter().all(|(other, _)| belong_together(label.origin, other.origin, sources)));
        match near {
            Some(cluster) => cluster.push((label, *primary)),
            None => clusters.push(vec![(label, *primary)]),
        }
    }
    clusters.iter().filter_map(|cluster| excerpt(cluster, sources)).collect()
}

fn belong_together(one: Origin, other: Origin, sources: &Sources) -> bool {
    one.source == other.source
        && one.line.abs_diff(other.line) <= LINES_BETWEEN_MAX
        && [one, other].into_iter().all(|origin| is_short(origin, sources))
}

/// Whether the place's line is shown whole.
fn is_short(origin: Origin, sources: &Sources) -> bool {
    sources
        .get(origin.source)
        .is_some_and(|source| line_around(&source.text, origin.start as usize).len() <= LINE_LENGTH_MAX)
}

fn excerpt(cluster: &[(&Label, bool)], sources: &Sources) -> Option<Excerpt> {
    let (named, _) = cluster.first()?;
    let first = cluster.iter().map(|(label, _)| label.origin).min_by_key(|origin| origin.start)?;
    let last = cluster.iter().map(|(label, _)| label.origin).max_by_key(|origin| origin.start)?;
    let source = sources.get(named.origin.source)?;
    let start = line_around(&source.text, first.start as usize).start;
    let end = line_around(&source.text, last.start as usize).end;
    let mut shown = Shown::default();
    let in_part = end - start > LINE_LENGTH_MAX && cluster.len() == 1;
    if in_part {
        shown.add_window(&source.text[start..end], start, first);
    } else {
        shown.add(&source.text[start..end], start);
    }
    let marks = cluster.iter().map(|(label, primary)| Mark {
        bytes: shown.bytes_of(label.origin, &source.text),
        text: visible(&label.text).into_owned(),
        primary: *primary,
    });
    let marks = marks.collect();
    Some(Excerpt {
        name: visible(&source.name).into_owned(),
        position: (in_part || shown.escapes).then_some((named.origin.line, named.origin.column)),
        first_line: first.line,
        text: shown.text,
        marks,
    })
}

/// Text as it is shown, and where each of its characters comes from.
#[derive(Default)]
struct Shown {
    text: String,
    /// Bytes in the source and in the text, ascending.
    positions: Vec<(usize, usize)>,
    /// Whether something shows as its escape.
    escapes: bool,
}

impl Shown {
    /// Adds lines that begin at this byte of the source.
    fn add(&mut self, lines: &str, start: usize) {
        let mut characters = lines.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            self.positions.push((start + at, self.text.len()));
            match c {
                '\r' if characters.peek().is_some_and(|(_, next)| *next == '\n') => {}
                '\r' | '\n' => self.text.push('\n'),
                c => {
                    self.escapes |= is_deceptive(c);
                    push_visible(&mut self.text, c);
                }
            }
        }
        self.positions.push((start + lines.len(), self.text.len()));
    }

    /// Adds what of a long line is round a place.
    fn add_window(&mut self, line: &str, start: usize, place: Origin) {
        let at = (place.start as usize).saturating_sub(start).min(line.len());
        let from = line[..at].char_indices().rev().take(BEFORE).last().map_or(at, |(from, _)| from);
        let to = line[at..].char_indices().nth(FROM).map_or(line.len(), |(length, _)| at + length);
        if from > 0 {
            self.text.push_str("...");
        }
        self.add(&line[from..to], start + from);
        if to < line.len() {
            self.text.push_str("...");
        }
    }

    /// Where a place is in the text: up to the end of its first line.
    fn bytes_of(&self, place: Origin, source: &str) -> Range<usize> {
        let line = line_around(source, place.start as usize);
        let start = self.position(place.start as usize);
        let end = self.position((place.end as usize).min(line.end).max(place.start as usize));
        start..end.max(start)
    }

    fn position(&self, byte: usize) -> usize {
        let at = self.positions.partition_point(|(source, _)| *source < byte);
        self.positions.get(at).or(self.positions.last()).map_or(0, |(_, shown)| *shown)
    }
}

/// The line that a byte is in, without its end; of a long line no more than is ever shown.
fn line_around(text: &str, byte: usize) -> Range<usize> {
    let at = boundary(text, byte);
    let (from, to) = (boundary(text, at.saturating_sub(REACH)), boundary(text, at.saturating_add(REACH)));
    let start = text[from..at].rfind(['\n', '\r']).map_or(from, |end| from + end + 1);
    let end = text[at..to].find(['\n', '\r']).map_or(to, |length| at + length);
    start..end
}

/// The character boundary at a byte or before it.
fn boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}
