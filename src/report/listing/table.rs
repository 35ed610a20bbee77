//! A table whose columns stand below each other. Nothing is ever cut.

use crate::report::visible::visible;

/// Spaces between columns.
const GAP: usize = 2;
/// How far a continued row stands in.
const HANGING: usize = 4;

/// The widths of a table's columns, as its first rows need them. A longer cell of a later row pushes the rest aside.
pub(super) struct Table {
    widths: Vec<usize>,
    width: Option<usize>,
}

impl Table {
    pub(super) fn new(headings: &[&str], rows: &[Vec<String>], width: Option<usize>) -> Self {
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell));
            cells.chain([length(headings[column])]).max().unwrap_or(0)
        };
        Self { widths: (0..headings.len()).map(widest).collect(), width }
    }

    pub(super) fn rows(&self, headings: Option<&[&str]>, rows: &[Vec<String>]) -> String {
        let mut out = String::new();
        if let Some(headings) = headings {
            self.row(&mut out, headings);
        }
        for row in rows {
            self.row(&mut out, row);
        }
        out
    }

    /// Where a row is too long for the width, it goes on in the next line, and a cell that no line has room for is broken
    /// between its words.
    fn row<S: AsRef<str>>(&self, out: &mut String, cells: &[S]) {
        let last = cells.len().saturating_sub(1);
        let mut column = 0;
        for (at, cell) in cells.iter().enumerate() {
            let cell = visible(cell.as_ref());
            let own = length(&cell);
            if at > 0 {
                if self.width.is_some_and(|width| column + GAP + own > width) {
                    while out.ends_with(' ') {
                        out.pop();
                    }
                    out.push('\n');
                    spaces(out, HANGING);
                    column = HANGING;
                } else {
                    spaces(out, GAP);
                    column += GAP;
                }
            }
            match self.width.filter(|width| column + own > *width) {
                Some(width) => column = flow(out, &cell, column, width),
                None => {
                    out.push_str(&cell);
                    let filled = if at == last { own } else { own.max(self.widths[at]) };
                    spaces(out, filled - own);
                    column += filled;
                }
            }
        }
        out.push('\n');
    }
}

/// Writes a cell that is too wide for the line word by word, from this column on, and gives the column behind it.
fn flow(out: &mut String, cell: &str, mut column: usize, width: usize) -> usize {
    for (at, word) in cell.split(' ').enumerate() {
        let own = length(word);
        if at > 0 && column + 1 + own > width {
            out.push('\n');
            spaces(out, HANGING);
            column = HANGING;
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += own;
    }
    column
}

fn length(text: &str) -> usize {
    visible(text).chars().count()
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn table(width: Option<usize>) -> String {
        let rows = vec![vec!["a\u{1b}".to_owned(), "bb".to_owned(), "a title".to_owned()]];
        Table::new(&["ID", "KB", "TITLE"], &rows, width).rows(Some(&["ID", "KB", "TITLE"]), &rows)
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them_shows() {
        assert_eq!(table(None), "ID       KB  TITLE\na\\u001b  bb  a title\n");
    }

    #[test]
    fn a_row_that_is_too_long_goes_on_in_the_next_line() {
        assert_eq!(table(Some(19)), "ID       KB  TITLE\na\\u001b  bb\n    a title\n");
        assert_eq!(table(Some(3)), "ID\n    KB\n    TITLE\na\\u001b\n    bb\n    a\n    title\n");
    }
}
