//! Mails and who gets them.
//!
//! The settings come from `spGetEmailNotificationConfiguration`, whose row a save has to give back anyway. Who gets which mail
//! comes from tbEmailNotificationRecipient: its columns were seen in a program that reads them, while of the procedure that
//! lists the addresses only the name is known for sure.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use tiberius::{ColumnData, FromSql};

use super::catalogue::MAIL_RECIPIENTS;
use super::configuration::{ConfigurationRow, cell, read_rows};
use super::{ReadError, rows};
use crate::model::configuration::Configuration;
use crate::model::notifications::{FREQUENCIES, FREQUENCY, LiveNotifications, MailKind, Recipients};
use crate::model::procedure::{Procedure, ProcedureState, Verdict};
use crate::model::setting::Cell;
use crate::susdb::contract::uses::NOTIFICATIONS;
use crate::susdb::session::Session;
use crate::susdb::write::{notification_parameter_without_source, parameters_differ, password_parameter};

/// Reads mails and who gets them.
pub(super) async fn read(session: &mut Session) -> Result<LiveNotifications, ReadError> {
    let ConfigurationRow(row) = read_notification_row(session).await?;
    let changed = last_changed(&row);
    let pairs =
        rows(session, &MAIL_RECIPIENTS, |row| Ok((i64::from(row.int("NotificationType")?), row.text("EmailAddress")?)));
    let pairs = pairs.await?;
    let recipients = MailKind::ALL.map(|kind| {
        let addresses = pairs.iter().filter(|(number, _)| *number == kind.number()).map(|(_, address)| address);
        (kind, addresses.collect::<Recipients>())
    });
    Ok(LiveNotifications { row: cells(&row), changed, recipients: recipients.into(), ..LiveNotifications::default() })
}

/// Reads the row of mails; an empty one where the server has none, since nobody ever set anything.
pub(in crate::susdb) async fn read_notification_row(session: &mut Session) -> Result<ConfigurationRow, ReadError> {
    let mut rows = read_rows(session, NOTIFICATIONS).await?;
    match rows.len() {
        0 | 1 => Ok(rows.pop().unwrap_or(ConfigurationRow(BTreeMap::new()))),
        found => Err(ReadError::NotOneRow { statement: NOTIFICATIONS, found }),
    }
}

/// The row to compare: how often the status is sent is a number there, whatever the server calls it.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (that it is a name, grade A/B).
pub(in crate::susdb) fn cells(row: &BTreeMap<String, ColumnData<'static>>) -> Configuration {
    let mut cells: Configuration = row.iter().map(|(column, data)| (column, cell(data))).collect();
    if let Some(Cell::Text(name)) = cells.cell(FREQUENCY)
        && let Some((_, number)) = FREQUENCIES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim_end()))
    {
        cells.set(FREQUENCY, Cell::Int(*number));
    }
    cells
}

/// Who changed the row last, and when. A server that nobody configured says 1753 and names nobody.
///
/// Source: learn.microsoft.com, IEmailNotificationConfiguration (UTC, grade A); TraGicCode/tragiccode-wsusserver, issue 8 (1753,
/// grade A).
fn last_changed(row: &BTreeMap<String, ColumnData<'static>>) -> Option<(String, DateTime<Utc>)> {
    let by = match row.get("lastmodifiedby")? {
        ColumnData::String(Some(name)) if !name.trim().is_empty() => name.to_string(),
        _ => return None,
    };
    let at = match row.get("lastmodifiedtime")? {
        time @ (ColumnData::DateTime(_) | ColumnData::DateTime2(_) | ColumnData::SmallDateTime(_)) => {
            NaiveDateTime::from_sql(time).ok().flatten()?.and_utc()
        }
        _ => return None,
    };
    Some((by, at))
}

/// Judges the live procedures for saving: every parameter needs a value, and what has no parameter cannot change.
pub(in crate::susdb) fn judge(live: &mut LiveNotifications, procedures: &mut BTreeMap<Procedure, ProcedureState>) {
    judge_calls(procedures);
    let state = procedures.get_mut(&Procedure::SetEmailNotificationConfiguration);
    let Some(state) = state.filter(|state| state.verdict != Verdict::Missing) else { return };
    let takes =
        |name: &str| state.parameters.iter().any(|known| known.name.trim_start_matches('@').eq_ignore_ascii_case(name));
    live.unsaved = live.row.columns().filter(|column| !takes(column)).map(str::to_owned).collect();
    live.password_parameter = password_parameter(&state.parameters, &live.row);
    if state.verdict == Verdict::Matches
        && let Some(parameter) = notification_parameter_without_source(&state.parameters, &live.row)
    {
        state.verdict = Verdict::Differs(format!(
            "{parameter} has no column in what spGetEmailNotificationConfiguration gives, and no default of its own that is known"
        ));
    }
}

/// Judges the live procedures that save no row: what each parameter is for has to be known.
pub(in crate::susdb) fn judge_calls(procedures: &mut BTreeMap<Procedure, ProcedureState>) {
    for procedure in [Procedure::ScheduleEmailNotification, Procedure::AddEmailNotificationRecipient] {
        let state = procedures.get_mut(&procedure).filter(|state| state.verdict == Verdict::Matches);
        if let Some(state) = state
            && let Some(difference) = parameters_differ(procedure, &state.parameters)
        {
            state.verdict = Verdict::Differs(difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tiberius::ColumnData;
    use tiberius::time::DateTime;

    use super::{FREQUENCY, cells, last_changed};
    use crate::model::setting::Cell;

    fn row(columns: &[(&str, ColumnData<'static>)]) -> BTreeMap<String, ColumnData<'static>> {
        columns.iter().map(|(column, data)| (column.to_lowercase(), data.clone())).collect()
    }

    fn text(text: &'static str) -> ColumnData<'static> {
        ColumnData::String(Some(text.into()))
    }

    #[test]
    fn how_often_is_a_number_whatever_the_server_calls_it() {
        let frequency = |data| cells(&row(&[(FREQUENCY, data)])).cell(FREQUENCY).cloned();
        assert_eq!(frequency(text("Weekly")), Some(Cell::Int(2)));
        assert_eq!(frequency(text("daily ")), Some(Cell::Int(1)));
        assert_eq!(frequency(ColumnData::U8(Some(2))), Some(Cell::Int(2)));
        assert_eq!(frequency(text("Hourly")), Some(Cell::Text("Hourly".into())));
    }

    #[test]
    fn who_changed_the_row_is_known_where_it_says_so() {
        let at = ColumnData::DateTime(Some(DateTime::new(46_022, 0)));
        let changed = |by, at: &ColumnData<'static>| {
            last_changed(&row(&[("LastModifiedBy", by), ("LastModifiedTime", at.clone())]))
        };
        let (by, time) = changed(text("CONTOSO\\anna"), &at).unwrap();
        assert_eq!((by.as_str(), time.to_rfc3339().as_str()), ("CONTOSO\\anna", "2026-01-02T00:00:00+00:00"));
        assert_eq!(changed(ColumnData::String(None), &at), None);
        assert_eq!(changed(text("anna"), &ColumnData::DateTime(None)), None);
        assert_eq!(changed(text("anna"), &text("yesterday")), None);
        assert_eq!(last_changed(&BTreeMap::new()), None);
    }
}
