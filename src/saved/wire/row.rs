//! A row of settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::configuration::Configuration;
use crate::model::host::without_user;
use crate::model::notifications::NOTIFICATIONS;
use crate::model::setting::{Cell, SETTINGS, Values};

/// A row: columns in lower case. Those that no plan looks at are there without what they hold.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RowWire(BTreeMap<String, CellWire>);

impl RowWire {
    /// Of a row whose columns hold what may be written where `is_saved` says so.
    pub(super) fn new(row: &Configuration, is_saved: impl Fn(&str) -> bool) -> Self {
        let cell_of = |column: &str, cell: &Cell| match cell {
            _ if !is_saved(column) => CellWire::OPAQUE,
            Cell::Text(text) if is_host(column) => CellWire::Text(without_user(text)),
            cell => cell.into(),
        };
        let cells = row.columns().filter_map(|column| Some((column.to_owned(), cell_of(column, row.cell(column)?))));
        Self(cells.collect())
    }

    /// The row. Whoever wrote the file: what is not looked at is not taken either.
    pub(super) fn configuration(self, is_saved: impl Fn(&str) -> bool) -> Configuration {
        let cells = self.0.into_iter().map(|(column, cell)| {
            let cell = if is_saved(&column) { cell.into() } else { Cell::Opaque };
            (column, cell)
        });
        cells.collect()
    }
}

/// Whether a column holds the name of a host, in whose place somebody may have written a URL with a password.
fn is_host(column: &str) -> bool {
    let mut settings = SETTINGS.iter().chain(NOTIFICATIONS);
    settings.any(|setting| setting.column.eq_ignore_ascii_case(column) && matches!(setting.values, Values::Host { .. }))
}

/// A cell: what it holds, or `{"opaque": true}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "null, true, false, a whole number, a text or {\"opaque\": true}")]
enum CellWire {
    Null(()),
    Bit(bool),
    Int(i64),
    Text(String),
    Opaque(OpaqueWire),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpaqueWire {
    opaque: bool,
}

impl CellWire {
    /// What nobody looks at, or may see.
    const OPAQUE: Self = Self::Opaque(OpaqueWire { opaque: true });
}

impl From<&Cell> for CellWire {
    fn from(cell: &Cell) -> Self {
        match cell {
            Cell::Null => Self::Null(()),
            Cell::Bit(bit) => Self::Bit(*bit),
            Cell::Int(number) => Self::Int(*number),
            Cell::Text(text) => Self::Text(text.clone()),
            Cell::Opaque => Self::OPAQUE,
        }
    }
}

impl From<CellWire> for Cell {
    fn from(wire: CellWire) -> Self {
        match wire {
            CellWire::Null(()) => Self::Null,
            CellWire::Bit(bit) => Self::Bit(bit),
            CellWire::Int(number) => Self::Int(number),
            CellWire::Text(text) => Self::Text(text),
            CellWire::Opaque(OpaqueWire { opaque: _ }) => Self::Opaque,
        }
    }
}
