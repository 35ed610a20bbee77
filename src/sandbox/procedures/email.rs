//! E-mail about synchronisations and status. The password of the mail server is in the registry, not in SUSDB.

use rusqlite::params;
use rusqlite::types::ToSql;

use super::arguments::{datetime_text, nvarchar, optional, required};
use super::refusals::refusal;
use super::rows::ColumnSpec;
use super::xml_lists::{self, Item};
use super::{Call, Failure, Procedure};
use crate::sandbox::options::Behaviour;
use crate::sandbox::value::SqlType::{Bit, DateTime, Int, NVarChar};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] =
    &[&GET, &SET, &GET_RECIPIENTS, &SET_RECIPIENTS, &SCHEDULE, &GET_STATUS, &SET_STATUS];

/// The settings in one row. The order and names are those of the wrapper (grade B), seen live by a working client; the
/// types are our guess (grade C).
///
/// Source: PoshWSUS assemblies; TypeScript WSUS console (grade A/B).
const COLUMNS: &[ColumnSpec] = &[
    ("EmailNeedToSendNewSyncNotification", Bit),
    ("EmailNeedToSendStatusNotification", Bit),
    ("StatusNotification", nvarchar(64)),
    ("StatusNotificationTimeOfDay", Int),
    ("SmtpHostName", nvarchar(255)),
    ("SmtpPort", Int),
    ("SmtpUserName", nvarchar(256)),
    ("SmtpServerRequireAuthentication", Bit),
    ("SmtpUserDisplayName", nvarchar(256)),
    ("SmtpUserMailAddress", nvarchar(256)),
    ("EmailLanguage", nvarchar(16)),
    ("LastModifiedBy", nvarchar(385)),
    ("LastModifiedTime", DateTime),
];

/// What a server shows that nobody configured, in the order of [`COLUMNS`]: both mails are on and go nowhere, since there is
/// neither a mail server nor anybody who gets them.
///
/// Source: TraGicCode/tragiccode-wsusserver, issue 8 (grade A). Which texts are NULL and which empty is our guess (grade C).
const DEFAULTS: [&str; 13] = [
    "1",
    "1",
    "'Weekly'",
    "5603",
    "NULL",
    "25",
    "NULL",
    "0",
    "NULL",
    "NULL",
    "'en'",
    "NULL",
    "'1753-01-01 00:00:00.000'",
];

/// The types of notification by name: the wrapper passes names. A type's number is its place, counted from 1.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (grade A/B).
const TYPES: [&str; 3] = ["Test", "NewSync", "Summary"];

/// The frequencies of the status notification by name.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console (grade A/B).
const FREQUENCIES: [&str; 2] = ["Daily", "Weekly"];

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Gives the settings in one row.
///
/// Source: PoshWSUS assemblies (grade B). Where they are kept is not known, so it is `sandbox_unplaced`.
static GET: Procedure = Procedure {
    name: "spGetEmailNotificationConfiguration",
    parameters: &[],
    run: |call| {
        let values: Vec<String> =
            COLUMNS.iter().zip(DEFAULTS).map(|((name, _), default)| stored(name, default)).collect();
        call.send(COLUMNS, &format!("SELECT {}", values.join(", ")), [])?;
        Ok(0)
    },
};

/// Replaces the settings. LastModifiedTime is what the caller says, as its wrapper's row has it, or else the server's time.
///
/// Source: PoshWSUS assemblies (name, grade B). The parameters' spelling is not known: they are taken for the columns'
/// names (grade C). So are the refusals: a port, a time of day or a frequency that does not exist. What a variant does not
/// take or ignores stays.
static SET: Procedure = Procedure {
    name: "spSetEmailNotificationConfiguration",
    parameters: &[
        required("@emailNeedToSendNewSyncNotification", Bit),
        required("@emailNeedToSendStatusNotification", Bit),
        required("@statusNotification", nvarchar(64)),
        required("@statusNotificationTimeOfDay", Int),
        required("@smtpHostName", nvarchar(255)),
        required("@smtpPort", Int),
        required("@smtpUserName", nvarchar(256)),
        required("@smtpServerRequireAuthentication", Bit),
        required("@smtpUserDisplayName", nvarchar(256)),
        required("@smtpUserMailAddress", nvarchar(256)),
        required("@emailLanguage", nvarchar(16)),
        optional("@lastModifiedBy", nvarchar(385)),
        optional("@lastModifiedTime", DateTime),
    ],
    run: set,
};

fn set(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spSetEmailNotificationConfiguration";
    let takes = |call: &Call<'_>, position| !call.behaviours.contains(&Behaviour::Ignores(position));
    if takes(call, 3) {
        refuse_time_of_day(procedure, call.int(3))?;
    }
    if takes(call, 5) && !call.int(5).is_some_and(|port| (1..=65_535).contains(&port)) {
        return Err(refusal(procedure, "the port is not one from 1 to 65535"));
    }
    for (position, (name, sql_type)) in COLUMNS.iter().enumerate() {
        if !takes(call, position) {
            continue;
        }
        match (*name, sql_type) {
            ("StatusNotification", _) => {
                store(call, name, &known(procedure, &FREQUENCIES, call.text(position), "frequency")?)?;
            }
            ("LastModifiedBy", _) => store(call, name, &call.admin(position))?,
            ("LastModifiedTime", _) => {
                store(call, name, &datetime_text(call.datetime(position).unwrap_or(call.now)))?;
            }
            (_, Bit | Int) => store(call, name, &call.int(position).unwrap_or(0))?,
            _ => store(call, name, &call.text(position))?,
        }
    }
    Ok(0)
}

/// Lists the addresses that a type of notification goes to, in the order in which they were given.
///
/// Source: PoshWSUS assemblies (grade B).
static GET_RECIPIENTS: Procedure = Procedure {
    name: "spGetEmailNotificationRecipients",
    parameters: &[required("@EmailNotificationType", nvarchar(64))],
    run: |call| {
        let kind = known("spGetEmailNotificationRecipients", &TYPES, call.text(0), "type")?;
        call.send(
            &[("EmailAddress", nvarchar(256))],
            "SELECT EmailAddress FROM tbEmailNotificationRecipient WHERE NotificationType = ?1 ORDER BY rowid",
            [number(&kind)],
        )?;
        Ok(0)
    },
};

/// Replaces the addresses that a type of notification goes to: despite its name there is no other procedure that sets
/// them, nor one that removes them.
///
/// Source: PoshWSUS assemblies (parameters, recipients/recipient; grade B). That it replaces, that NULL stands for nobody,
/// and that what has no @ or is listed twice is refused, are our guesses (grade C). An address has at most 256 characters and
/// the list 2560: learn.microsoft.com, bb530787 and bb530788 (the API, grade A; that the procedure refuses more, grade C). The
/// API also refuses an empty list of a mail that is switched on; the procedure knows nothing of the switch.
static SET_RECIPIENTS: Procedure = Procedure {
    name: "spAddEmailNotificationRecipient",
    parameters: &[required("@EmailNotificationType", nvarchar(64)), required("@EmailAddresses", NVarChar(None))],
    run: set_recipients,
};

fn set_recipients(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spAddEmailNotificationRecipient";
    let kind = number(&known(procedure, &TYPES, call.text(0), "type")?);
    let addresses = match call.text(1) {
        Some(xml) => xml_lists::read(Some(&xml), &xml_lists::RECIPIENTS, call.behaviours)
            .map_err(|reason| refusal(procedure, reason.to_string()))?
            .unwrap_or_default(),
        None => Vec::new(),
    };
    refuse_long(procedure, &addresses)?;
    call.store.execute("DELETE FROM tbEmailNotificationRecipient WHERE NotificationType = ?1", [kind])?;
    for Item { text: address, .. } in addresses {
        if address.split_once('@').is_none_or(|(user, host)| user.is_empty() || host.is_empty()) {
            return Err(refusal(procedure, format!("'{address}' is not an e-mail address")));
        }
        let is_listed: bool = call.store.query_row(
            "SELECT EXISTS (SELECT 1 FROM tbEmailNotificationRecipient
                 WHERE NotificationType = ?1 AND EmailAddress = ?2)",
            params![kind, address],
            |row| row.get(0),
        )?;
        if is_listed {
            return Err(refusal(procedure, format!("'{address}' is listed twice")));
        }
        call.store.execute(
            "INSERT INTO tbEmailNotificationRecipient (NotificationType, EmailAddress) VALUES (?1, ?2)",
            params![kind, address],
        )?;
    }
    Ok(0)
}

fn refuse_long(procedure: &str, addresses: &[Item]) -> Result<(), Failure> {
    let length = |item: &Item| item.text.encode_utf16().count();
    if addresses.iter().any(|address| length(address) > 256) {
        return Err(refusal(procedure, "an e-mail address is longer than 256 characters"));
    }
    let whole = (addresses.iter().map(length).sum::<usize>() + addresses.len()).saturating_sub(1);
    if whole > 2560 {
        return Err(refusal(procedure, "the list of e-mail addresses is longer than 2560 characters"));
    }
    Ok(())
}

/// Schedules a type of notification. The sandbox sends no mail: the schedule is kept in `sandbox_unplaced` as
/// `Email.Schedule.<type>.TimeOfDay` and `.Frequency`, apart from the settings' row, and no procedure shows it.
///
/// Source: PoshWSUS assemblies (what it takes, grade B). The parameters' spelling is not known, nor where WSUS keeps it
/// (grade C).
static SCHEDULE: Procedure = Procedure {
    name: "spScheduleEmailNotification",
    parameters: &[
        required("@EmailNotificationType", nvarchar(64)),
        required("@scheduledTimeOfDay", Int),
        required("@frequency", nvarchar(64)),
    ],
    run: |call| {
        let procedure = "spScheduleEmailNotification";
        let kind = known(procedure, &TYPES, call.text(0), "type")?;
        refuse_time_of_day(procedure, call.int(1))?;
        let frequency = known(procedure, &FREQUENCIES, call.text(2), "frequency")?;
        store(call, &format!("Schedule.{kind}.TimeOfDay"), &call.int(1))?;
        store(call, &format!("Schedule.{kind}.Frequency"), &frequency)?;
        Ok(0)
    },
};

/// Says whether the last mails went out; where none was tried, they did (grade C).
///
/// Source: PoshWSUS assemblies (name, grade B); that the two come as a row is our guess (grade C).
static GET_STATUS: Procedure = Procedure {
    name: "spGetEmailNotificationStatus",
    parameters: &[],
    run: |call| {
        let columns = [("LastStatusEmailSentSuccessfully", Bit), ("LastSyncEmailSentSuccessfully", Bit)];
        let query = format!("SELECT {}, {}", stored(columns[0].0, "1"), stored(columns[1].0, "1"));
        call.send(&columns, &query, [])?;
        Ok(0)
    },
};

/// Records whether the last mails went out, as the service does. NULL leaves what is known (grade C).
///
/// Source: PoshWSUS assemblies (names, grade B).
static SET_STATUS: Procedure = Procedure {
    name: "spSetEmailNotificationStatus",
    parameters: &[optional("@lastStatusEmailSentSuccessfully", Bit), optional("@lastSyncEmailSentSuccessfully", Bit)],
    run: |call| {
        for (position, name) in ["LastStatusEmailSentSuccessfully", "LastSyncEmailSentSuccessfully"].iter().enumerate()
        {
            if let Some(sent) = call.int(position) {
                store(call, name, &sent)?;
            }
        }
        Ok(0)
    },
};

/// Selects a stored setting, or what stands for one that was never stored. A stored NULL is one.
fn stored(name: &str, default: &str) -> String {
    let row = format!("FROM sandbox_unplaced WHERE name = 'Email.{name}'");
    format!("CASE WHEN EXISTS (SELECT 1 {row}) THEN (SELECT value {row}) ELSE {default} END")
}

fn store(call: &Call<'_>, name: &str, value: &dyn ToSql) -> rusqlite::Result<()> {
    call.store.execute(
        "INSERT INTO sandbox_unplaced (name, value) VALUES ('Email.' || ?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}

/// The number that the table has for a type.
fn number(kind: &str) -> Option<i64> {
    TYPES.iter().zip(1..).find(|(name, _)| **name == kind).map(|(_, number)| number)
}

/// Gives a name in its own spelling, or refuses.
fn known(procedure: &str, names: &[&str], given: Option<String>, what: &str) -> Result<String, Failure> {
    let given = given.unwrap_or_default();
    names
        .iter()
        .find(|name| name.eq_ignore_ascii_case(&given))
        .map(|name| (*name).to_owned())
        .ok_or_else(|| refusal(procedure, format!("there is no e-mail notification {what} '{given}'")))
}

fn refuse_time_of_day(procedure: &str, seconds: Option<i64>) -> Result<(), Failure> {
    if seconds.is_some_and(|seconds| (0..DAY).contains(&seconds)) {
        Ok(())
    } else {
        Err(refusal(procedure, "the time of day is not one in seconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ResultSet, Server, text};
    use crate::sandbox::value::Value;

    type Arguments = Vec<(&'static str, Value)>;

    fn settings() -> Arguments {
        vec![
            ("@emailNeedToSendNewSyncNotification", Value::Bit(true)),
            ("@emailNeedToSendStatusNotification", Value::Bit(false)),
            ("@statusNotification", text("weekly")),
            ("@statusNotificationTimeOfDay", Value::Int(28_800)),
            ("@smtpHostName", text("mail.contoso.com")),
            ("@smtpPort", Value::Int(587)),
            ("@smtpUserName", Value::Null),
            ("@smtpServerRequireAuthentication", Value::Bit(false)),
            ("@smtpUserDisplayName", text("WSUS")),
            ("@smtpUserMailAddress", text("wsus@contoso.com")),
            ("@emailLanguage", text("de")),
            ("@lastModifiedBy", text("CONTOSO\\me")),
        ]
    }

    fn with(mut arguments: Arguments, name: &'static str, value: Value) -> Arguments {
        arguments.retain(|(given, _)| *given != name);
        arguments.push((name, value));
        arguments
    }

    fn row(server: &Server) -> ResultSet {
        server.call("spGetEmailNotificationConfiguration", &[]).sets.remove(0)
    }

    fn recipients(server: &Server, kind: &str) -> Vec<Value> {
        let kind = [("@EmailNotificationType", text(kind))];
        server.call("spGetEmailNotificationRecipients", &kind).sets[0].column("EmailAddress")
    }

    fn list(kind: &str, xml: &str) -> [(&'static str, Value); 2] {
        [("@EmailNotificationType", text(kind)), ("@EmailAddresses", text(xml))]
    }

    #[test]
    fn a_server_that_nobody_configured_has_no_mail_server() {
        let row = row(&Server::demo());
        assert_eq!(row.rows.len(), 1);
        assert_eq!(row.column("EmailNeedToSendNewSyncNotification"), [Value::Bit(true)]);
        assert_eq!(row.column("SmtpHostName"), [Value::Null]);
        assert_eq!(row.column("SmtpPort"), [Value::Int(25)]);
        let never = chrono::NaiveDate::from_ymd_opt(1753, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN);
        assert_eq!(row.column("LastModifiedTime"), [Value::DateTime(never)]);
    }

    #[test]
    fn settings_are_replaced() {
        let server = Server::demo();
        server.call("spSetEmailNotificationConfiguration", &settings());
        let shown = row(&server);
        for (name, value) in [
            ("EmailNeedToSendNewSyncNotification", Value::Bit(true)),
            ("StatusNotification", text("Weekly")),
            ("StatusNotificationTimeOfDay", Value::Int(28_800)),
            ("SmtpPort", Value::Int(587)),
            ("SmtpUserName", Value::Null),
            ("EmailLanguage", text("de")),
            ("LastModifiedBy", text("CONTOSO\\me")),
            ("LastModifiedTime", Value::DateTime(server.now)),
        ] {
            assert_eq!(shown.column(name), [value], "{name}");
        }
        let without_host = with(settings(), "@smtpHostName", Value::Null);
        server.call("spSetEmailNotificationConfiguration", &without_host);
        assert_eq!(row(&server).column("SmtpHostName"), [Value::Null]);
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let server = Server::demo();
        for (name, value, reason) in [
            ("@statusNotification", text("Hourly"), "frequency"),
            ("@statusNotificationTimeOfDay", Value::Int(86_400), "time of day"),
            ("@smtpPort", Value::Int(0), "port"),
            ("@smtpPort", Value::Null, "port"),
        ] {
            server.refuses("spSetEmailNotificationConfiguration", &with(settings(), name, value), reason);
        }
        assert_eq!(row(&server).column("SmtpPort"), [Value::Int(25)]);
    }

    #[test]
    fn recipients_are_replaced_per_type() {
        let server = Server::demo();
        assert!(recipients(&server, "Summary").is_empty());
        let set = "spAddEmailNotificationRecipient";
        let two = "<recipients><recipient>b@contoso.com</recipient><recipient>a@contoso.com</recipient></recipients>";
        server.call(set, &list("Summary", two));
        server.call(set, &list("newsync", "<recipients><recipient>c@contoso.com</recipient></recipients>"));
        assert_eq!(recipients(&server, "Summary"), [text("b@contoso.com"), text("a@contoso.com")]);
        assert_eq!(recipients(&server, "NewSync"), [text("c@contoso.com")]);
        server.call(set, &list("Summary", "<recipients/>"));
        assert!(recipients(&server, "Summary").is_empty());
        assert_eq!(recipients(&server, "NewSync").len(), 1);
    }

    #[test]
    fn bad_recipients_are_refused_and_the_old_ones_stay() {
        let server = Server::demo();
        let set = "spAddEmailNotificationRecipient";
        server.call(set, &list("Summary", "<recipients><recipient>a@contoso.com</recipient></recipients>"));
        let nobody = "<recipients><recipient>nobody</recipient></recipients>";
        server.refuses(set, &list("Summary", nobody), "not an e-mail address");
        let twice = "<recipients><recipient>a@b</recipient><recipient>A@B</recipient></recipients>";
        server.refuses(set, &list("Summary", twice), "twice");
        server.refuses(set, &list("Summary", "a@contoso.com"), "< is missing");
        server.refuses(set, &list("Newsletter", "<recipients/>"), "type");
        let long = |length: usize, count: usize| {
            let one = |number| format!("<recipient>{number}{}@b</recipient>", "a".repeat(length - 3));
            format!("<recipients>{}</recipients>", (0..count).map(one).collect::<String>())
        };
        server.refuses(set, &list("Summary", &long(257, 1)), "longer than 256");
        server.refuses(set, &list("Summary", &long(256, 10)), "longer than 2560");
        assert_eq!(recipients(&server, "Summary"), [text("a@contoso.com")]);
    }

    #[test]
    fn a_schedule_is_kept() {
        let server = Server::demo();
        let schedule = |kind, seconds, frequency| {
            [
                ("@EmailNotificationType", text(kind)),
                ("@scheduledTimeOfDay", Value::Int(seconds)),
                ("@frequency", text(frequency)),
            ]
        };
        server.call("spScheduleEmailNotification", &schedule("Summary", 3600, "Weekly"));
        let kept = "SELECT value FROM sandbox_unplaced WHERE name = 'Email.Schedule.Summary.";
        assert_eq!(server.number(&format!("{kept}TimeOfDay'")), 3600);
        assert_eq!(server.text(&format!("{kept}Frequency'")), "Weekly");
        server.refuses("spScheduleEmailNotification", &schedule("Summary", -1, "Daily"), "time of day");
        server.refuses("spScheduleEmailNotification", &schedule("Summary", 1, "Never"), "frequency");
        server.refuses("spScheduleEmailNotification", &schedule("Other", 1, "Daily"), "type");
    }

    #[test]
    fn the_status_is_what_was_recorded() {
        let server = Server::demo();
        let status = || server.call("spGetEmailNotificationStatus", &[]).sets[0].rows.clone();
        assert_eq!(status(), [[Value::Bit(true), Value::Bit(true)]]);
        server.call("spSetEmailNotificationStatus", &[("@lastSyncEmailSentSuccessfully", Value::Bit(false))]);
        assert_eq!(status(), [[Value::Bit(true), Value::Bit(false)]]);
    }
}
