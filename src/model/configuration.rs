//! The server's settings as they are read.

use std::collections::{BTreeMap, BTreeSet};

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

    /// Whether a bit is 1.
    #[must_use]
    pub fn is_on(&self, column: &str) -> bool {
        matches!(self.cell(column), Some(Cell::Bit(true) | Cell::Int(1)))
    }

    /// Whether the server logs in to its proxy, so that a password is in use.
    #[must_use]
    pub fn uses_proxy_password(&self) -> bool {
        self.is_on("UseProxy") && !self.is_on("AnonymousProxyAccess")
    }

    /// Every column, in lower case.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.cells.keys().map(String::as_str)
    }

    /// Puts a cell in.
    pub fn set(&mut self, column: &str, cell: Cell) {
        self.cells.insert(column.to_lowercase(), cell);
    }
}

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveSettings {
    /// The configuration row.
    pub row: Configuration,
    /// Every language that the server knows but `all`, by short name in lower case: whether updates in it are fetched.
    pub languages: BTreeMap<String, bool>,
    /// Downstream servers that the server knows.
    pub downstream_servers: u64,
    /// Columns that the live procedure for saving has no parameter for: what they hold cannot be changed.
    pub unsaved: BTreeSet<String>,
    /// Whether the live procedure for saving takes no list of languages.
    pub languages_unsaved: bool,
    /// A parameter of the live procedure for a password, which no read gives: leaving it out might clear the password.
    pub password_parameter: Option<String>,
}

impl LiveSettings {
    /// Whether all languages are fetched, whatever each one says.
    #[must_use]
    pub fn all_languages(&self) -> bool {
        self.row.is_on("ServerSupportsAllLanguages")
    }
}

impl<S: AsRef<str>> FromIterator<(S, Cell)> for Configuration {
    fn from_iter<I: IntoIterator<Item = (S, Cell)>>(cells: I) -> Self {
        Self { cells: cells.into_iter().map(|(column, cell)| (column.as_ref().to_lowercase(), cell)).collect() }
    }
}
