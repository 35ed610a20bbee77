//! Rows of settings: which columns there are, and what those hold that plans look at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::configuration::Configuration;
use crate::model::setting::Cell;

/// A cell: what it holds, or `{"opaque": true}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "null, true, false, a whole number, a text or {\"opaque\": true}")]
pub(super) enum CellWire {
    Null(()),
    Bit(bool),
    Int(i64),
    Text(String),
    Opaque(OpaqueWire),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpaqueWire {
    opaque: bool,
}

/// A row. Of columns that are not saved only the names are kept: keys and passwords may be among them.
pub(super) fn cells(row: &Configuration, is_saved: fn(&str) -> bool) -> BTreeMap<String, CellWire> {
    let hidden = || CellWire::Opaque(OpaqueWire { opaque: true });
    let cell = |column: &str| row.cell(column).filter(|_| is_saved(column)).map_or_else(hidden, CellWire::from);
    row.columns().map(|column| (column.to_owned(), cell(column))).collect()
}

/// A row that was saved. Whoever wrote the file: what is not looked at is not taken either.
pub(super) fn row_of(cells: BTreeMap<String, CellWire>, is_saved: fn(&str) -> bool) -> Configuration {
    let cell = |(column, cell): (String, CellWire)| {
        let cell = if is_saved(&column) { cell.into() } else { Cell::Opaque };
        (column, cell)
    };
    cells.into_iter().map(cell).collect()
}

impl From<&Cell> for CellWire {
    fn from(cell: &Cell) -> Self {
        match cell {
            Cell::Null => Self::Null(()),
            Cell::Bit(bit) => Self::Bit(*bit),
            Cell::Int(number) => Self::Int(*number),
            Cell::Text(text) => Self::Text(text.clone()),
            Cell::Opaque => Self::Opaque(OpaqueWire { opaque: true }),
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
