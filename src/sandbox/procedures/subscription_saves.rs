//! Saving the schedule and what is synchronised, and when the next synchronisation is.

use std::collections::BTreeSet;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use rusqlite::{OptionalExtension, params};

use super::arguments::{nvarchar, optional, required};
use super::change_tracking::{Event, track};
use super::refusals::{Reason, refusal};
use super::xml_lists;
use super::{Call, Failure, Procedure, categories};
use crate::sandbox::value::SqlType::{Bit, DateTime, Int, NVarChar};
use crate::sandbox::value::{Column, Value};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&SAVE, &GET_NEXT_TIME];

const NAME: &str = "spSetSubscription";

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Saves the schedule and replaces products and classifications, each a list `root/CategoryID` of GUIDs. Without a list
/// they stay. Tells the service.
///
/// Refuses more than 24 synchronisations a day and, on a schedule, fewer than one; a time that is no time of day; a
/// category that is not known or of the other kind; and, where an upstream server decides what is synchronised, lists
/// that would change it.
///
/// Source: PoshWSUS assemblies (names of the lists and the restriction, grade B); MS-WSUSAR 3.1.4.60, 2.2.4.14 (limits,
/// grade A); kbupdate (the list's shape, from a trace of another procedure, grade C). The other names, that no list leaves
/// them alone and that an empty one clears them, and which change is counted, are our guesses (grade C).
static SAVE: Procedure = Procedure {
    name: NAME,
    parameters: &[
        required("@SynchronizeAutomatically", Bit),
        required("@SynchronizeAutomaticallyTimeOfDay", Int),
        required("@Frequency", Int),
        required("@CategoryIDListXml", NVarChar(None)),
        required("@UpdateClassificationIDListXml", NVarChar(None)),
        optional("@LastModifiedBy", nvarchar(385)),
    ],
    run: save,
};

fn save(call: &mut Call<'_>) -> Result<i32, Failure> {
    save_schedule(call)?;
    save_categories(call, 3, false)?;
    save_categories(call, 4, true)?;
    track(call, Event::CatalogSync)?;
    Ok(0)
}

fn save_schedule(call: &Call<'_>) -> Result<(), Failure> {
    let automatic = call.bit(0);
    let (time, frequency) = (call.int(1).unwrap_or_default(), call.int(2).unwrap_or_default());
    if !(0..DAY).contains(&time) {
        return Err(refusal(NAME, format_args!("{time} is no time of day in seconds")));
    }
    if !(i64::from(automatic)..=24).contains(&frequency) {
        return Err(refusal(NAME, format_args!("{frequency} synchronizations a day: from 1 to 24 are possible")));
    }
    call.store.execute(
        "INSERT INTO tbSchedule (ScheduleTarget, ScheduleID, LastModifiedBy, LastModifiedTime, ScheduledTimeOfDay,
             Frequency)
         VALUES (1, 1, ?1, ?2, ?3, ?4)
         ON CONFLICT (ScheduleTarget, ScheduleID) DO UPDATE SET LastModifiedBy = excluded.LastModifiedBy,
             LastModifiedTime = excluded.LastModifiedTime, ScheduledTimeOfDay = excluded.ScheduledTimeOfDay,
             Frequency = excluded.Frequency",
        params![call.admin(5), call.now_text(), automatic.then_some(time), frequency],
    )?;
    Ok(())
}

fn save_categories(call: &Call<'_>, position: usize, classifications: bool) -> Result<(), Failure> {
    let list = if classifications { xml_lists::CLASSIFICATIONS } else { xml_lists::CATEGORIES };
    let list = xml_lists::read(call.text(position).as_deref(), &list, call.behaviours)
        .map_err(|error| refusal(NAME, format_args!("the list of CategoryID is malformed: {error}")))?;
    let Some(list) = list else { return Ok(()) };
    let mut wanted = BTreeSet::new();
    for item in list {
        wanted.insert(category(call, &item.text, classifications)?);
    }
    if wanted == subscribed(call, classifications)? {
        return Ok(());
    }
    if has_upstream_server(call)? {
        return Err(
            Reason::InvalidAction.refuses(NAME, "products and classifications are chosen on the upstream server")
        );
    }
    call.store.execute(
        "DELETE FROM tbCategoryInSubscription WHERE SubscriptionID = 1 AND CategoryID IN
             (SELECT CategoryID FROM tbCategory WHERE (CategoryType = 'UpdateClassification') = ?1)",
        [classifications],
    )?;
    let mut insert =
        call.store.prepare("INSERT INTO tbCategoryInSubscription (SubscriptionID, CategoryID) VALUES (1, ?1)")?;
    for category in wanted {
        insert.execute([category])?;
    }
    Ok(())
}

/// The local id of a category of a kind.
fn category(call: &Call<'_>, id: &str, classification: bool) -> Result<i64, Failure> {
    let found = categories::number_of(call, id, classification)?;
    let kind = if classification { "classification" } else { "category" };
    found.ok_or_else(|| Reason::NotFound.refuses(NAME, format_args!("{kind} {id} is not known")))
}

fn subscribed(call: &Call<'_>, classifications: bool) -> Result<BTreeSet<i64>, Failure> {
    let mut query = call.store.prepare(
        "SELECT CategoryID FROM tbCategoryInSubscription JOIN tbCategory USING (CategoryID)
         WHERE SubscriptionID = 1 AND (CategoryType = 'UpdateClassification') = ?1",
    )?;
    let rows = query.query_map([classifications], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn has_upstream_server(call: &Call<'_>) -> Result<bool, Failure> {
    let from_microsoft: Option<bool> =
        call.store.query_row("SELECT SyncToMU FROM tbConfigurationA LIMIT 1", [], |row| row.get(0)).optional()?;
    Ok(from_microsoft == Some(false))
}

/// Gives when the next synchronisation is due, NULL where the schedule is manual.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (name, grade B). The column's name, and that the day is divided
/// evenly from the time of day on, are our guesses (grade C).
static GET_NEXT_TIME: Procedure =
    Procedure { name: "spGetSubscriptionNextSynchronizationTime", parameters: &[], run: get_next_time };

fn get_next_time(call: &mut Call<'_>) -> Result<i32, Failure> {
    let schedule: Option<(Option<i64>, Option<i64>)> = call
        .store
        .query_row(
            "SELECT ScheduledTimeOfDay, Frequency FROM tbSchedule WHERE ScheduleTarget = 1 AND ScheduleID = 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let next = match schedule {
        Some((Some(time), Some(frequency @ 1..))) => Value::DateTime(next_time(call.now, time, frequency)),
        _ => Value::Null,
    };
    call.response.columns(&[Column { name: "NextSynchronizationTime".to_owned(), sql_type: DateTime }])?;
    call.response.row(&[next])?;
    call.response.done(None)?;
    Ok(0)
}

/// The first of `frequency` times a day, one of them at `time` seconds, after now.
fn next_time(now: NaiveDateTime, time: i64, frequency: i64) -> NaiveDateTime {
    let midnight = now.date().and_time(NaiveTime::MIN);
    let interval = (DAY / frequency).max(1);
    let first = midnight + TimeDelta::seconds(time.rem_euclid(interval));
    let passed = (now - first).num_seconds().div_euclid(interval) + 1;
    (first + TimeDelta::seconds(interval * passed)).min(midnight + TimeDelta::seconds(DAY + time.rem_euclid(interval)))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::super::testing::{Server, text};
    use super::*;

    fn list(server: &Server, titles: &[&str]) -> Value {
        let ids: Vec<String> = titles
            .iter()
            .map(|title| {
                let query = format!(
                    "SELECT UpdateID FROM tbPrecomputedCategoryLocalizedProperty AS title
                     JOIN tbUpdate ON LocalUpdateID = CategoryID WHERE Title = '{title}'"
                );
                format!("<CategoryID>{}</CategoryID>", server.text(&query).to_lowercase())
            })
            .collect();
        text(&format!("<root>{}</root>", ids.concat()))
    }

    fn arguments(automatic: bool, time: i32, frequency: i32) -> Vec<(&'static str, Value)> {
        vec![
            ("@SynchronizeAutomatically", Value::Bit(automatic)),
            ("@SynchronizeAutomaticallyTimeOfDay", Value::Int(time)),
            ("@Frequency", Value::Int(frequency)),
            ("@CategoryIDListXml", Value::Null),
            ("@UpdateClassificationIDListXml", Value::Null),
            ("@LastModifiedBy", text("CONTOSO\\admin")),
        ]
    }

    fn with(parameter: &str, list: Value) -> Vec<(&'static str, Value)> {
        let mut arguments = arguments(true, 10800, 1);
        arguments.iter_mut().find(|(name, _)| *name == parameter).unwrap().1 = list;
        arguments
    }

    fn titles(server: &Server, classifications: bool) -> Vec<Value> {
        let arguments = [("@retrieveUpdateClassifications", Value::Bit(classifications))];
        server.call("spGetSubscriptionCategories", &arguments).sets[0].column("Title")
    }

    #[test]
    fn the_schedule_is_saved_and_no_list_leaves_the_categories() {
        let server = Server::demo();
        server.call(NAME, &arguments(true, 3600, 4));
        let answer = server.call("spGetSubscription", &[]);
        let row = &answer.sets[0];
        assert_eq!(row.column("LastModifiedBy"), [text("CONTOSO\\admin")]);
        assert_eq!(row.column("LastModifiedTime"), [Value::DateTime(server.now)]);
        assert_eq!(row.column("SynchronizeAutomaticallyTimeOfDay"), [Value::Int(3600)]);
        assert_eq!(row.column("Frequency"), [Value::Int(4)]);
        assert_eq!((titles(&server, false).len(), titles(&server, true).len()), (4, 3));
        let changes = "SELECT ChangeNumber FROM tbChangeTracking WHERE NotificationEventName = 'CatalogSyncAgent'";
        assert_eq!(server.number(changes), 2);
        server.call(NAME, &arguments(false, 0, 0));
        let answer = server.call("spGetSubscription", &[]);
        assert_eq!(answer.sets[0].column("SynchronizeAutomatically"), [Value::Bit(false)]);
    }

    #[test]
    fn each_list_replaces_its_kind() {
        let server = Server::demo();
        let classification = list(&server, &["Security Updates"]);
        server.call(NAME, &with("@UpdateClassificationIDListXml", classification));
        assert_eq!(titles(&server, true), [text("Security Updates")]);
        assert_eq!(titles(&server, false).len(), 4);
        server.call(NAME, &with("@CategoryIDListXml", text("<root/>")));
        assert!(titles(&server, false).is_empty());
        assert_eq!(titles(&server, true).len(), 1);
    }

    #[test]
    fn an_impossible_schedule_is_refused() {
        let server = Server::demo();
        for (automatic, time, frequency, reason) in [
            (true, 0, 0, "from 1 to 24"),
            (true, 0, 25, "from 1 to 24"),
            (false, 0, -1, "from 1 to 24"),
            (true, 86_400, 1, "time of day"),
            (true, -1, 1, "time of day"),
        ] {
            server.refuses(NAME, &arguments(automatic, time, frequency), reason);
        }
    }

    #[test]
    fn categories_that_do_not_fit_are_refused() {
        let server = Server::demo();
        let classification = list(&server, &["Security Updates"]);
        server.refuses(NAME, &with("@CategoryIDListXml", classification), "is not known");
        let unknown = "<root><CategoryID>11111111-2222-3333-4444-555555555555</CategoryID></root>";
        server.refuses(NAME, &with("@UpdateClassificationIDListXml", text(unknown)), "is not known");
        server.refuses(NAME, &with("@CategoryIDListXml", text("<root>")), "malformed");
        assert_eq!((titles(&server, false).len(), titles(&server, true).len()), (4, 3));
    }

    #[test]
    fn below_an_upstream_server_only_the_schedule_changes() {
        let server = Server::demo();
        server.by_hand("UPDATE tbConfigurationA SET SyncToMU = 0, UpstreamServerName = 'parent'");
        let fewer = list(&server, &["Security Updates"]);
        server.refuses(NAME, &with("@UpdateClassificationIDListXml", fewer), "upstream server");
        let same = list(&server, &["Security Updates", "Critical Updates", "Definition Updates"]);
        server.call(NAME, &with("@UpdateClassificationIDListXml", same));
        server.call(NAME, &arguments(true, 0, 24));
    }

    #[test]
    fn the_next_time_follows_the_schedule() {
        let server = Server::demo();
        let next = || server.call("spGetSubscriptionNextSynchronizationTime", &[]).sets[0].rows[0][0].clone();
        let at = |day, hour| {
            let date = NaiveDate::from_ymd_opt(2026, 6, day).unwrap();
            Value::DateTime(date.and_hms_opt(hour, 0, 0).unwrap())
        };
        assert_eq!(next(), at(11, 3));
        server.call(NAME, &arguments(true, 3 * 3600, 4));
        assert_eq!(next(), at(10, 15));
        server.call(NAME, &arguments(true, 23 * 3600, 1));
        assert_eq!(next(), at(10, 23));
        server.call(NAME, &arguments(false, 0, 1));
        assert_eq!(next(), Value::Null);
    }
}
