//! The server's settings, through the procedure that gives them as one row: some of its columns are in no table that is known.

use std::collections::BTreeMap;

use tiberius::{ColumnData, Row};

use super::catalogue::health::DOWNSTREAM_SERVERS;
use super::languages::read_languages;
use super::{ReadError, one, rows};
use crate::model::configuration::{Configuration, LiveSettings};
use crate::model::procedure::{Procedure, ProcedureState, Verdict};
use crate::model::setting::Cell;
use crate::susdb::contract::uses::CONFIGURATION;
use crate::susdb::session::Session;
use crate::susdb::write::{LANGUAGES_LIST, parameter_without_source, password_parameter};

/// Reads the settings with the languages.
pub(super) async fn read_settings(session: &mut Session) -> Result<LiveSettings, ReadError> {
    let row = read_configuration(session).await?;
    let languages = read_languages(session).await?.into_iter();
    let languages = languages.map(|language| (language.name.to_lowercase(), language.enabled));
    let languages = languages.filter(|(name, _)| name != "all").collect();
    let count = rows(session, &DOWNSTREAM_SERVERS, |row| row.count("Servers")).await?;
    let downstream_servers = one(&DOWNSTREAM_SERVERS, count)?;
    Ok(LiveSettings { row, languages, downstream_servers, ..LiveSettings::default() })
}

/// Judges the live procedure for saving by the row: every parameter needs a value, and what has no parameter cannot change.
pub(in crate::susdb) fn judge(settings: &mut LiveSettings, procedures: &mut BTreeMap<Procedure, ProcedureState>) {
    let state = procedures.get_mut(&Procedure::SetConfiguration).filter(|state| state.verdict != Verdict::Missing);
    let Some(state) = state else { return };
    let takes =
        |name: &str| state.parameters.iter().any(|known| known.name.trim_start_matches('@').eq_ignore_ascii_case(name));
    settings.unsaved = settings.row.columns().filter(|column| !takes(column)).map(str::to_owned).collect();
    settings.languages_unsaved = !takes(LANGUAGES_LIST);
    settings.password_parameter = password_parameter(&state.parameters, &settings.row);
    if state.verdict == Verdict::Matches
        && let Some(parameter) = parameter_without_source(&state.parameters, &settings.row)
    {
        state.verdict = Verdict::Differs(format!(
            "{parameter} has no column in what spConfiguration gives, and no default of its own that is known"
        ));
    }
}

/// The row as it came, by column in lower case, to be given back as it came. It holds a key, so it is never shown.
pub(in crate::susdb) struct ConfigurationRow(pub(in crate::susdb) BTreeMap<String, ColumnData<'static>>);

/// Reads the settings.
///
/// Source: WSUSpendu, SharpWSUS lib/Status.cs (grade A); that the first row set has one row: WSUSpendu (grade A).
///
/// # Errors
/// [`ReadError`].
pub async fn read_configuration(session: &mut Session) -> Result<Configuration, ReadError> {
    let ConfigurationRow(row) = read_row(session).await?;
    Ok(row.iter().map(|(column, data)| (column, cell(data))).collect())
}

/// Reads the row.
pub(in crate::susdb) async fn read_row(session: &mut Session) -> Result<ConfigurationRow, ReadError> {
    read_one_row(session, CONFIGURATION).await
}

/// Reads the one row of a procedure that takes no parameters.
pub(super) async fn read_one_row(
    session: &mut Session,
    statement: &'static str,
) -> Result<ConfigurationRow, ReadError> {
    let rows = read_rows(session, statement).await?;
    let found = rows.len();
    let mut rows = rows.into_iter();
    match (rows.next(), found) {
        (Some(row), 1) => Ok(row),
        _ => Err(ReadError::NotOneRow { statement, found }),
    }
}

/// Reads the rows of a procedure that takes no parameters.
pub(super) async fn read_rows(
    session: &mut Session,
    statement: &'static str,
) -> Result<Vec<ConfigurationRow>, ReadError> {
    session.call_for_rows(statement, &[], |row| Ok::<_, ReadError>(whole(row))).await
}

fn whole(row: &Row) -> ConfigurationRow {
    let names = row.columns().iter().map(|column| column.name().to_lowercase());
    let cells = names.enumerate().filter_map(|(index, name)| Some((name, row.get_column_data(index).ok()?.clone())));
    ConfigurationRow(cells.collect())
}

/// A cell to compare. Keys and other bytes never leave the gateway.
pub(in crate::susdb) fn cell(data: &ColumnData<'static>) -> Cell {
    match data {
        ColumnData::Bit(Some(bit)) => Cell::Bit(*bit),
        ColumnData::U8(Some(number)) => Cell::Int((*number).into()),
        ColumnData::I16(Some(number)) => Cell::Int((*number).into()),
        ColumnData::I32(Some(number)) => Cell::Int((*number).into()),
        ColumnData::I64(Some(number)) => Cell::Int(*number),
        ColumnData::String(Some(text)) => Cell::Text(text.to_string()),
        ColumnData::Guid(Some(id)) => Cell::Text(id.to_string()),
        ColumnData::Bit(None)
        | ColumnData::U8(None)
        | ColumnData::I16(None)
        | ColumnData::I32(None)
        | ColumnData::I64(None)
        | ColumnData::String(None)
        | ColumnData::Guid(None)
        | ColumnData::DateTime(None)
        | ColumnData::Binary(None) => Cell::Null,
        _ => Cell::Opaque,
    }
}
