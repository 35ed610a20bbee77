//! The page that text reports are written on: the one place where text meets the terminal.

use std::borrow::Cow;

use super::TextOptions;
use crate::report::style::Style;
use crate::report::visible::visible;

/// How far a continued line stands in behind its first.
const HANGING: usize = 4;

/// A run of text that stays together, unless it flows or is wider than a line.
pub(in crate::report) struct Piece<'a> {
    /// Spaces between it and the piece before it on the line.
    gap: usize,
    text: Cow<'a, str>,
    style: Style,
    /// Whether it may be broken between its words.
    flows: bool,
}

impl<'a> Piece<'a> {
    /// Text set apart from what is before it.
    pub(in crate::report) fn new(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self { gap: 2, text: text.into(), style, flows: false }
    }

    /// Text that continues what is before it.
    pub(in crate::report) fn next(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self { gap: 1, text: text.into(), style, flows: false }
    }

    /// Plain text set apart.
    pub(in crate::report) fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(text, Style::Plain)
    }

    /// The same text, which may be broken between its words.
    pub(in crate::report) fn flowing(self) -> Self {
        Self { flows: true, ..self }
    }
}

/// A message's words, each a piece of its own.
pub(in crate::report) fn words(message: &str) -> impl Iterator<Item = Piece<'_>> {
    message.split(' ').map(|word| Piece::next(word, Style::Plain))
}

/// Items of a list, each a piece with its comma.
pub(in crate::report) fn listed<'a>(items: Vec<String>) -> impl Iterator<Item = Piece<'a>> {
    listed_pieces(items.into_iter().map(|item| vec![Piece::plain(item)]).collect())
}

/// Items of a list, each of some pieces, with its comma.
pub(super) fn listed_pieces(items: Vec<Vec<Piece<'_>>>) -> impl Iterator<Item = Piece<'_>> {
    let last = items.len().saturating_sub(1);
    items.into_iter().enumerate().flat_map(move |(at, mut item)| {
        if let Some(first) = item.first_mut().filter(|_| at > 0) {
            first.gap = 1;
        }
        if let Some(end) = item.last_mut().filter(|_| at < last) {
            end.text.to_mut().push(',');
        }
        item
    })
}

/// Lines of text. Whatever is written goes through [`visible`]; the only escape sequences are the page's own.
pub(in crate::report) struct Page {
    out: String,
    color: bool,
    width: usize,
}

impl Page {
    pub(in crate::report) fn new(options: &TextOptions) -> Self {
        let TextOptions { color, width, explain: _ } = *options;
        Self { out: String::new(), color, width }
    }

    /// An empty page of the same layout.
    pub(super) fn another(&self) -> Self {
        Self { out: String::new(), color: self.color, width: self.width }
    }

    /// What was written on another page.
    pub(super) fn append(&mut self, finished: &str) {
        self.out.push_str(finished);
    }

    pub(in crate::report) fn finish(self) -> String {
        self.out
    }

    /// An empty line, unless the page is empty.
    pub(in crate::report) fn blank(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// The heading of a section, an empty line before it.
    pub(in crate::report) fn heading(&mut self, text: &str) {
        self.blank();
        self.line(0, [Piece::new(text, Style::Heading)]);
    }

    /// The pieces on one line, or on several where the width does not suffice: broken between pieces, and between the words
    /// of those that flow or that no line has room for; nothing cut. Otherwise the terminal would break inside a word.
    pub(in crate::report) fn line<'a>(&mut self, indent: usize, pieces: impl IntoIterator<Item = Piece<'a>>) {
        let mut column = indent;
        for (at, Piece { gap, text, style, flows }) in pieces.into_iter().enumerate() {
            let text = visible(&text);
            let flows = flows || (self.width > 0 && indent + HANGING + text.chars().count() > self.width);
            let parts = if flows { text.split(' ').collect() } else { vec![&*text] };
            let mut run = String::new();
            for (place, part) in parts.into_iter().enumerate() {
                let gap = if place == 0 { gap } else { 1 };
                let length = part.chars().count();
                if (at, place) == (0, 0) {
                    self.spaces(indent);
                } else if self.width > 0 && column + gap + length > self.width {
                    self.put(&std::mem::take(&mut run), style);
                    self.out.push('\n');
                    self.spaces(indent + HANGING);
                    column = indent + HANGING;
                } else if place == 0 {
                    self.spaces(gap);
                    column += gap;
                } else {
                    run.push(' ');
                    column += gap;
                }
                run.push_str(part);
                column += length;
            }
            self.put(&run, style);
        }
        self.out.push('\n');
    }

    fn put(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        match style.parameters().filter(|_| self.color) {
            Some(parameters) => {
                for part in ["\u{1b}[", parameters, "m", text, "\u{1b}[0m"] {
                    self.out.push_str(part);
                }
            }
            None => self.out.push_str(text),
        }
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Piece, listed, words};
    use crate::report::style::Style;
    use crate::report::text::TextOptions;

    fn page(color: bool, width: usize) -> Page {
        Page::new(&TextOptions { color, width, explain: false })
    }

    #[test]
    fn lines_break_between_pieces_and_lose_nothing() {
        let mut page = page(false, 20);
        page.line(2, [Piece::plain("12345"), Piece::plain("a-word-wider-than-a-line"), Piece::plain("end")]);
        assert_eq!(page.finish(), "  12345\n      a-word-wider-than-a-line\n      end\n");
    }

    #[test]
    fn what_flows_breaks_between_words_and_is_coloured_line_by_line() {
        let text = "# 12 words of a remark";
        let mut plain = page(false, 10);
        plain.line(0, [Piece::new(text, Style::Dim).flowing()]);
        assert_eq!(plain.finish(), "# 12 words\n    of a\n    remark\n");
        let mut colored = page(true, 10);
        colored.line(0, [Piece::new(text, Style::Dim).flowing()]);
        let expected = "ESC[2m# 12 wordsESC[0m\n    ESC[2mof aESC[0m\n    ESC[2mremarkESC[0m\n";
        assert_eq!(colored.finish().replace('\u{1b}', "ESC"), expected);
    }

    #[test]
    fn a_piece_that_fits_no_line_breaks_between_its_words() {
        let mut page = page(false, 20);
        page.line(2, [Piece::plain("12345"), Piece::plain("2026-06 Cumulative Update"), Piece::plain("end of it")]);
        assert_eq!(page.finish(), "  12345  2026-06\n      Cumulative\n      Update\n      end of it\n");
    }

    #[test]
    fn no_width_never_breaks() {
        let mut page = page(false, 0);
        page.line(0, words(&"word ".repeat(100)));
        assert_eq!(page.finish().lines().count(), 1);
    }

    #[test]
    fn colour_does_not_count_as_width() {
        let mut page = page(true, 10);
        page.line(0, [Piece::new("12345", Style::Create), Piece::new("678", Style::Delete)]);
        assert_eq!(page.finish(), "\u{1b}[32m12345\u{1b}[0m  \u{1b}[31m678\u{1b}[0m\n");
    }

    #[test]
    fn lists_have_commas_between_their_items() {
        let mut page = page(false, 0);
        page.line(0, listed(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(page.finish(), "a, b, c\n");
    }
}
