//! What a save was given to keep, and did not keep: whoever saves a whole row answers for all of it.

use std::collections::BTreeMap;

use tiberius::ColumnData;

use super::{WriteError, Writer};
use crate::model::list_shape::as_written;
use crate::model::procedure::Procedure;
use crate::model::setting::Cell;
use crate::susdb::read::ReadError;
use crate::susdb::read::configuration::cell;

/// Columns that every save stamps anew, or that the service writes when it likes.
///
/// Source: Intensive-Self-Service-Portal, TypeScript WSUS console (the stamps; grade A); UpdateManagement assemblies
/// (ConfigurationChangeNumber; grade B); PoshWSUS assemblies (what a synchronisation writes; grade B).
const STAMPS: [&str; 8] = [
    "lastconfigchange",
    "configurationchangenumber",
    "lastmodifiedby",
    "lastmodifiedtime",
    "lastsynchronizationtime",
    "anchor",
    "deploymentanchor",
    "handshakeanchor",
];

/// The columns of a row that nobody asked to change and that are not what they were.
pub(super) fn lost_columns(
    before: &BTreeMap<String, ColumnData<'static>>,
    after: &BTreeMap<String, ColumnData<'static>>,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<String> {
    let watched = before.iter().filter(|(column, _)| !STAMPS.contains(&column.as_str()) && !is_asked(column));
    let lost = watched.filter(|(column, data)| after.get(*column) != Some(*data));
    lost.map(|(column, data)| {
        let before = shown(&cell(data));
        match after.get(column).map(|data| shown(&cell(data))) {
            Some(after) if after == before => format!("{column} is another value than it was"),
            Some(after) => format!("{column} was {before} and is {after}"),
            None => format!("{column} was {before} and is gone"),
        }
    })
    .collect()
}

/// Keys and other bytes are never shown.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Null => "empty".to_owned(),
        Cell::Bit(bit) => u8::from(*bit).to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => format!("\"{text}\""),
        Cell::Opaque => "a value that is not shown".to_owned(),
    }
}

/// The columns that a save would overwrite and that are not what they were when they were looked at.
pub(super) fn changed_cells<'a>(
    asked: impl Iterator<Item = &'a String>,
    since: &BTreeMap<String, Cell>,
    row: &BTreeMap<String, ColumnData<'static>>,
) -> Option<String> {
    let mut changed = asked.filter(|column| {
        let column = column.to_lowercase();
        let was = since.iter().find(|(known, _)| known.to_lowercase() == column);
        was.is_some_and(|(_, was)| row.get(&column).is_some_and(|data| !cell(data).is(was)))
    });
    changed.next().map(|column| format!("the column {column}"))
}

impl Writer<'_> {
    /// The error of a save that changed columns, or entries of lists, unasked; none where it did neither.
    pub(super) fn kept(
        &self,
        procedure: Procedure,
        columns: Vec<String>,
        entries: Vec<String>,
    ) -> Result<(), WriteError> {
        let lists = match (entries.as_slice(), self.procedures.get(&procedure)) {
            ([_, ..], Some(state)) => as_written(procedure.name(), &state.lists),
            _ => Vec::new(),
        };
        let lost: Vec<String> = columns.into_iter().chain(entries).collect();
        if lost.is_empty() { Ok(()) } else { Err(WriteError::NotKept { procedure, lost, lists }) }
    }
}

/// The error of a save that worked and could not be looked at.
pub(super) fn not_seen(procedure: Procedure) -> impl Fn(ReadError) -> WriteError {
    move |source| WriteError::NotSeen { procedure, source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tiberius::ColumnData;

    use super::lost_columns;

    fn row(columns: &[(&str, i32)]) -> BTreeMap<String, ColumnData<'static>> {
        columns.iter().map(|(name, value)| ((*name).to_owned(), ColumnData::I32(Some(*value)))).collect()
    }

    #[test]
    fn what_changed_unasked_is_lost_but_for_stamps() {
        let before = row(&[("loglevel", 2), ("maxevents", 5), ("configurationchangenumber", 1), ("gone", 7)]);
        let after = row(&[("loglevel", 3), ("maxevents", 6), ("configurationchangenumber", 2)]);
        let lost = lost_columns(&before, &after, |column| column == "loglevel");
        assert_eq!(lost, ["gone was 7 and is gone", "maxevents was 5 and is 6"]);
        let keys = |byte| BTreeMap::from([("encryptionkey".to_owned(), ColumnData::Binary(Some(vec![byte].into())))]);
        let lost = lost_columns(&keys(1), &keys(2), |_| false);
        assert_eq!(lost, ["encryptionkey is another value than it was"]);
        assert!(lost_columns(&before, &before, |_| false).is_empty());
    }
}
