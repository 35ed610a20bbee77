//! The server's settings as one row.

use std::collections::BTreeMap;

use super::setting::Cell;

/// The row that `spConfiguration` gives, by column without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configuration {
    cells: BTreeMap<String, Cell>,
}

impl Configuration {
    /// The cell of a column; none where the row has no such column.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&Cell> {
        self.cells.get(&column.to_lowercase())
    }

    /// Puts a cell in.
    pub fn set(&mut self, column: &str, cell: Cell) {
        self.cells.insert(column.to_lowercase(), cell);
    }
}

impl<S: AsRef<str>> FromIterator<(S, Cell)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (S, Cell)>>(cells: I) -> Self {
        Self { cells: cells.into_iter().map(|(column, cell)| (column.as_ref().to_lowercase(), cell)).collect() }
    }
}
