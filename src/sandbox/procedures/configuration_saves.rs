//! Saving the settings.

use rusqlite::types::Value as Stored;
use rusqlite::{OptionalExtension, params};

use super::arguments::{optional, required};
use super::change_tracking::{Event, track};
use super::languages::{any_enabled, save_languages, save_program_keys};
use super::refusals::{Reason, refusal, refuse_while_synchronising};
use super::settings::{Access, Home, SAVED_COUNT, SETTINGS, Setting, saved};
use super::{Call, Failure, Parameter, Procedure};
use crate::sandbox::database::ServerError;
use crate::sandbox::options::Behaviour;
use crate::sandbox::sql::storage;
use crate::sandbox::value::SqlType::{Bit, NVarChar, UniqueIdentifier};
use crate::sandbox::value::Value;

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&SAVE, &SAVE_ROLLUP, &WAKE_UP_RESET_AGENT];

const NAME: &str = "spSetConfiguration";

/// Where the list of languages stands among the parameters; that of program keys follows it.
const LANGUAGES: usize = SAVED_COUNT;

/// One parameter a setting that a save writes, in the order of the row, then the two lists.
static PARAMETERS: [Parameter; SAVED_COUNT + 2] = {
    let mut parameters = [const { optional("", Bit) }; SAVED_COUNT + 2];
    let (mut next, mut index) = (0, 0);
    while index < SETTINGS.len() {
        if matches!(SETTINGS[index].access, Access::Saved) {
            parameters[next] = required(SETTINGS[index].parameter, SETTINGS[index].sql_type);
            next += 1;
        }
        index += 1;
    }
    parameters[LANGUAGES] = optional("@LanguagesXml", NVarChar(None));
    parameters[LANGUAGES + 1] = optional("@ProgramKeyXml", NVarChar(None));
    parameters
};

/// Saves every setting at once: the caller gives the whole row back. Also stamps `LastConfigChange`, counts
/// `ConfigurationChangeNumber` up, and tells the service. Languages that the list does not name stay; program keys go.
///
/// Refuses while a reset is outstanding or a synchronisation runs, and settings that contradict each other.
///
/// Source: PatchMyPCTeam/CustomerTroubleshooting, Remove-WSUSCategories.ps1 (name and refusal, grade A); UpdateManagement
/// assemblies (the two lists, grade B); TypeScript WSUS console (the whole row, grade A); learn.microsoft.com,
/// IUpdateServerConfiguration (the rules, grade A). That the parameters are called as the columns, that all but the lists
/// are required, and that a save without a change counts too, are our guesses (grade C).
static SAVE: Procedure = Procedure { name: NAME, parameters: &PARAMETERS, run: save };

fn save(call: &mut Call<'_>) -> Result<i32, Failure> {
    refuse_while_resetting(call)?;
    refuse_while_synchronising(call, NAME)?;
    refuse_nulls(call)?;
    refuse_contradictions(call)?;
    for (position, setting) in saved().enumerate().filter(|(position, _)| !ignores(call, *position)) {
        write(call, setting, storage::store(&call.arguments[position]))?;
    }
    if !ignores(call, LANGUAGES) {
        save_languages(call, NAME, LANGUAGES)?;
    }
    save_program_keys(call, NAME, LANGUAGES + 1)?;
    if !on(call, "ServerSupportsAllLanguages") && !any_enabled(call)? {
        return Err(refusal(NAME, "at least one language must be enabled"));
    }
    stamp(call)?;
    Ok(0)
}

/// Whether a variant leaves alone what this parameter would change.
fn ignores(call: &Call<'_>, position: usize) -> bool {
    call.behaviours.contains(&Behaviour::Ignores(position))
}

fn refuse_while_resetting(call: &Call<'_>) -> Result<(), Failure> {
    let needed: Option<bool> = call
        .store
        .query_row("SELECT ResetStateMachineNeeded FROM tbSingletonData ORDER BY ID LIMIT 1", [], |row| row.get(0))
        .optional()?;
    if needed == Some(true) {
        return Err(Reason::InvalidState.refuses(
            NAME,
            "spSetConfiguration was called while a Reset Process was Needed/InProgress cannot change Configuration at \
             this time",
        ));
    }
    Ok(())
}

/// A column that cannot be NULL, as SQL Server itself reports it.
fn refuse_nulls(call: &Call<'_>) -> Result<(), Failure> {
    let mut nullable = call.store.prepare("SELECT \"notnull\" = 0 FROM pragma_table_info(?1) WHERE name = ?2")?;
    for (position, setting) in saved().enumerate().filter(|(position, _)| !ignores(call, *position)) {
        let Home::Table(table, column) = setting.home else { continue };
        if call.arguments[position] == Value::Null && !nullable.query_row([table, column], |row| row.get(0))? {
            return Err(Failure::Raised(ServerError {
                number: 515,
                state: 2,
                class: 16,
                message: format!(
                    "Cannot insert the value NULL into column '{column}', table 'SUSDB.dbo.{table}'; column does not \
                     allow nulls. UPDATE fails."
                ),
                procedure: NAME.to_owned(),
                line: 1,
            }));
        }
    }
    Ok(())
}

/// Source: learn.microsoft.com, IUpdateServerConfiguration (grade A); that the procedure checks what the API checks, and
/// the texts, are our guesses (grade C).
fn refuse_contradictions(call: &Call<'_>) -> Result<(), Failure> {
    let empty = |column| call.text(position_of(column)).is_none_or(|text| text.trim().is_empty());
    let port = call.int(position_of("ProxyServerPort")).unwrap_or_default();
    let (proxy, microsoft) = (on(call, "UseProxy"), on(call, "SyncToMU"));
    for (broken, rule) in [
        (on(call, "ReplicaMode") && microsoft, "a replica cannot synchronize from Microsoft Update"),
        (!microsoft && empty("UpstreamServerName"), "an upstream server needs UpstreamServerName"),
        (proxy && empty("ProxyName"), "a proxy needs ProxyName"),
        (proxy && !(1..=65535).contains(&port), "a proxy needs a valid ProxyServerPort"),
        (
            proxy && !on(call, "AnonymousProxyAccess") && empty("ProxyUserName"),
            "a proxy without anonymous access needs ProxyUserName",
        ),
        (
            on(call, "HostOnMu") && !on(call, "ServerSupportsAllLanguages"),
            "content can only stay on Microsoft Update where all languages are enabled",
        ),
    ] {
        if broken {
            return Err(refusal(NAME, rule));
        }
    }
    Ok(())
}

fn on(call: &Call<'_>, column: &str) -> bool {
    call.bit(position_of(column))
}

fn position_of(column: &str) -> usize {
    saved().position(|setting| setting.column == column).expect("the rules name settings that a save writes")
}

fn write(call: &Call<'_>, setting: &Setting, value: Stored) -> Result<(), Failure> {
    match setting.home {
        Home::Table(table, column) => call.store.execute(&format!("UPDATE {table} SET {column} = ?1"), [value])?,
        Home::Unplaced => call.store.execute(
            "INSERT INTO sandbox_unplaced (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![setting.column, value],
        )?,
    };
    Ok(())
}

/// Notes that the settings changed.
///
/// Source: LastConfigChange in Intensive-Self-Service-Portal (grade A), ConfigurationChangeNumber in PoshWSUS assemblies
/// (grade B); that a save counts it up by one is our guess (grade C).
fn stamp(call: &Call<'_>) -> Result<(), Failure> {
    call.store.execute("UPDATE tbConfigurationA SET LastConfigChange = ?1", [call.now_text()])?;
    call.store.execute("UPDATE sandbox_unplaced SET value = value + 1 WHERE name = 'ConfigurationChangeNumber'", [])?;
    track(call, Event::Configuration)?;
    Ok(())
}

/// Sets how much downstream servers report, and the id by which they notice that they have to report anew.
///
/// Source: PoshWSUS assemblies (names, grade B); the columns of tbConfigurationC in Intensive-Self-Service-Portal
/// (grade A). That it counts as a save of the settings is our guess (grade C).
static SAVE_ROLLUP: Procedure = Procedure {
    name: "spSetRollupConfiguration",
    parameters: &[required("@doDetailedRollup", Bit), required("@rollupResetGuid", UniqueIdentifier)],
    run: |call| {
        let Some(reset) = call.guid(1) else {
            return Err(refusal("spSetRollupConfiguration", "@rollupResetGuid is missing"));
        };
        call.store.execute(
            "UPDATE tbConfigurationC SET DoDetailedRollup = ?1, RollupResetGuid = ?2",
            params![call.bit(0), reset],
        )?;
        stamp(call)?;
        Ok(0)
    },
};

/// Asks the service to process a save of the settings. There is no service here, so it only counts a change, and an
/// outstanding reset stays.
///
/// Source: PoshWSUS assemblies (name, grade B); which change it counts is our guess (grade C).
static WAKE_UP_RESET_AGENT: Procedure = Procedure {
    name: "spWakeUpResetAgent",
    parameters: &[],
    run: |call| {
        track(call, Event::Configuration)?;
        Ok(0)
    },
};

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use super::*;

    /// The arguments that give the row back with some columns altered.
    fn row(server: &Server, altered: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
        let set = &server.call("spConfiguration", &[]).sets[0];
        let mut arguments: Vec<_> =
            saved().map(|setting| (setting.parameter, set.column(setting.column)[0].clone())).collect();
        for (name, value) in altered {
            match arguments.iter_mut().find(|(given, _)| given == name) {
                Some(argument) => argument.1 = value.clone(),
                None => arguments.push((*name, value.clone())),
            }
        }
        arguments
    }

    fn column(server: &Server, name: &str) -> Value {
        server.call("spConfiguration", &[]).sets[0].column(name)[0].clone()
    }

    fn changes(server: &Server) -> i64 {
        server.number("SELECT ChangeNumber FROM tbChangeTracking WHERE NotificationEventName = 'ConfigurationChange'")
    }

    #[test]
    fn the_row_given_back_changes_nothing_but_the_stamps() {
        let server = Server::demo();
        let before = server.call("spConfiguration", &[]);
        server.call(NAME, &row(&server, &[]));
        let after = server.call("spConfiguration", &[]);
        for setting in SETTINGS {
            let same = before.sets[0].column(setting.column) == after.sets[0].column(setting.column);
            let stamp = ["LastConfigChange", "ConfigurationChangeNumber"].contains(&setting.column);
            assert_eq!(same, !stamp, "{}", setting.column);
        }
        assert_eq!(after.sets[0].column("ConfigurationChangeNumber"), [Value::BigInt(2)]);
        assert_eq!(changes(&server), 2);
    }

    #[test]
    fn settings_are_saved_wherever_they_live() {
        let server = Server::demo();
        let altered = [
            ("@UseProxy", Value::Bit(true)),
            ("@ProxyName", text("proxy.contoso.com")),
            ("@ProxyUserName", text("wsus")),
            ("@MaxSimultaneousFileDownloads", Value::Int(20)),
            ("@LogFilePath", Value::Null),
            ("@RollupResetGuid", guid("11111111-2222-3333-4444-555555555555")),
            ("@ComputerDeletionTimeThreshold", Value::Int(60)),
            ("@SslProxyName", text("ssl.contoso.com")),
        ];
        server.call(NAME, &row(&server, &altered));
        for (name, value) in altered {
            assert_eq!(column(&server, name.trim_start_matches('@')), value, "{name}");
        }
    }

    #[test]
    fn languages_and_program_keys_that_are_named_change() {
        let server = Server::demo();
        let languages = language("de", "0");
        let keys = "<Root><Key><ID>11111111-2222-3333-4444-555555555555</ID><Description>p</Description></Key></Root>";
        server.call(NAME, &row(&server, &[("@LanguagesXml", text(&languages)), ("@ProgramKeyXml", text(keys))]));
        let enabled = server.text("SELECT group_concat(ShortLanguage) FROM tbLanguage WHERE Enabled");
        assert_eq!(enabled, "en,fr");
        let count = || server.number("SELECT count(*) FROM tbProgramKeys");
        assert_eq!(count(), 1);
        server.call(NAME, &row(&server, &[("@LanguagesXml", text("<Root/>"))]));
        assert_eq!(server.number("SELECT count(*) FROM tbLanguage WHERE Enabled"), 2);
        assert_eq!(count(), 1, "without a list the keys stay");
        // Attributes are NULL to whoever reads elements: no language changes, and every key is lost.
        let attributes = [
            ("@LanguagesXml", text("<Root><Language LanguageName=\"en\" State=\"0\"/></Root>")),
            ("@ProgramKeyXml", text("<Root><Key ID=\"11111111-2222-3333-4444-555555555555\"/></Root>")),
        ];
        server.call(NAME, &row(&server, &attributes));
        assert_eq!(server.number("SELECT count(*) FROM tbLanguage WHERE Enabled"), 2);
        assert_eq!(count(), 0);
    }

    fn language(name: &str, state: &str) -> String {
        format!("<Root><Language><LanguageName>{name}</LanguageName><State>{state}</State></Language></Root>")
    }

    #[test]
    fn lists_that_are_wrong_are_refused() {
        let server = Server::demo();
        for (parameter, list, reason) in [
            ("@LanguagesXml", language("xx", "1"), "xx is not known"),
            ("@LanguagesXml", language("de", "2"), "0 or 1"),
            ("@LanguagesXml", "<Root>".to_owned(), "malformed"),
            ("@ProgramKeyXml", "<Root><Key><ID>1</ID></Key></Root>".to_owned(), "GUID"),
        ] {
            server.refuses(NAME, &row(&server, &[(parameter, text(&list))]), reason);
        }
        let none = ["de", "en", "fr"].map(|name| language(name, "0")).concat().replace("</Root><Root>", "");
        let none = none.as_str();
        server.refuses(NAME, &row(&server, &[("@LanguagesXml", text(none))]), "at least one language");
        let all = [("@LanguagesXml", text(none)), ("@ServerSupportsAllLanguages", Value::Bit(true))];
        server.call(NAME, &row(&server, &all));
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused_and_nothing_stays() {
        let server = Server::demo();
        let (yes, no) = (Value::Bit(true), Value::Bit(false));
        let port = [("@UseProxy", yes.clone()), ("@ProxyName", text("p")), ("@ProxyServerPort", Value::Int(0))];
        for (altered, reason) in [
            (&[("@ReplicaMode", yes.clone())][..], "replica"),
            (&[("@SyncToMU", no)], "UpstreamServerName"),
            (&[("@UseProxy", yes.clone())], "ProxyName"),
            (&port, "ProxyServerPort"),
            (&[("@UseProxy", yes.clone()), ("@ProxyName", text("p"))], "ProxyUserName"),
            (&[("@HostOnMu", yes)], "all languages"),
        ] {
            server.refuses(NAME, &row(&server, altered), reason);
        }
        assert_eq!(changes(&server), 1);
        assert_eq!(column(&server, "UseProxy"), Value::Bit(false));
    }

    #[test]
    fn null_is_refused_where_the_column_has_none() {
        let server = Server::demo();
        let error = server.error(NAME, &row(&server, &[("@MUUrl", Value::Null)]));
        assert_eq!((error.number, error.class), (515, 16));
        assert!(error.message.contains("'MUUrl', table 'SUSDB.dbo.tbConfigurationB'"), "{error}");
    }

    #[test]
    fn nothing_is_saved_during_a_reset_or_a_synchronisation() {
        let server = Server::demo();
        let arguments = row(&server, &[]);
        server.by_hand("UPDATE tbSingletonData SET ResetStateMachineNeeded = 1");
        server.refuses(NAME, &arguments, "while a Reset Process was Needed/InProgress cannot change Configuration");
        server.call("spWakeUpResetAgent", &[]);
        assert_eq!(changes(&server), 2);
        server.refuses(NAME, &arguments, "Reset Process");
        server.by_hand("UPDATE tbSingletonData SET ResetStateMachineNeeded = 0");
        server.call("spStartCatalogSync", &[]);
        server.refuses(NAME, &arguments, "synchronization");
    }

    #[test]
    fn keys_and_stamps_are_no_parameters() {
        let names: Vec<&str> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
        assert!(!names.iter().any(|name| ["@EncryptionKey", "@LastConfigChange", ""].contains(name)));
        assert_eq!(names[LANGUAGES..], ["@LanguagesXml", "@ProgramKeyXml"]);
    }

    #[test]
    fn the_rollup_is_set_alone() {
        let server = Server::demo();
        let reset = guid("11111111-2222-3333-4444-555555555555");
        let arguments = [("@doDetailedRollup", Value::Bit(false)), ("@rollupResetGuid", reset.clone())];
        server.call("spSetRollupConfiguration", &arguments);
        assert_eq!(column(&server, "DoDetailedRollup"), Value::Bit(false));
        assert_eq!(column(&server, "RollupResetGuid"), reset);
        assert_eq!(changes(&server), 2);
    }
}
