//! The settings as one row: read, saved whole, and what a server may want besides.

use std::collections::BTreeMap;

use uuid::Uuid;
use wsusctl::model::procedure::{Procedure, Verdict};
use wsusctl::model::rule::{Rule, RuleChange, RuleDeadline};
use wsusctl::model::scope::ReadScope;
use wsusctl::model::setting::{Cell, ELSEWHERE, NOT_SETTINGS, SETTINGS};
use wsusctl::model::synchronization::{Schedule, Subscription};
use wsusctl::susdb::preflight::read_procedures;
use wsusctl::susdb::read::configuration::read_configuration;
use wsusctl::susdb::read::languages::read_languages;
use wsusctl::susdb::read::read_snapshot;
use wsusctl::susdb::session::Session;
use wsusctl::susdb::write::{ConfigurationChange, WriteError, Writer, parameter_without_source};

use crate::sandbox::{demo, sandbox, session};

fn change(cells: &[(&str, Cell)]) -> ConfigurationChange {
    let cells = cells.iter().map(|(column, cell)| ((*column).to_owned(), cell.clone())).collect();
    ConfigurationChange { cells, ..ConfigurationChange::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_changes_what_it_names_and_gives_the_rest_back() {
    // The row of Windows Server 2016, that of WSUS 3.0 SP2, and one with what others keep in a file.
    for (variants, columns) in
        [(&[][..], 115), (&["older-row"], 112), (&["has=DisableSyncDrivers", "has=DisableSyncPrinterCatalog"], 117)]
    {
        let variants: Vec<String> = variants.iter().map(|variant| format!("spConfiguration:{variant}")).collect();
        let options = variants.iter().map(|variant| ("variant", variant.as_str())).chain([("seed", "demo")]);
        let server = sandbox(&options.collect::<Vec<_>>());
        gives_the_rest_back(&mut session(&server).await, columns).await;
    }
}

async fn gives_the_rest_back(session: &mut Session, columns: usize) {
    let before = read_configuration(session).await.unwrap();
    assert_eq!(before.columns().count(), columns);
    let lacking = SETTINGS.iter().filter(|setting| before.cell(setting.column).is_none());
    assert!(lacking.clone().all(|setting| ELSEWHERE.contains(&setting.path)));
    assert_eq!(lacking.count(), if columns > 115 { 0 } else { ELSEWHERE.len() });
    let accounted = |column: &str| {
        let settings = SETTINGS.iter().map(|setting| setting.column);
        let others = NOT_SETTINGS.iter().map(|(other, _)| *other);
        settings.chain(others).any(|known| known.eq_ignore_ascii_case(column))
    };
    assert_eq!(before.columns().filter(|column| !accounted(column)).collect::<Vec<_>>(), [""; 0]);
    let languages = read_languages(session).await.unwrap();
    let procedures = read_procedures(session).await.unwrap();
    let new =
        [("logLevel", Cell::Int(5)), ("ProxyName", Cell::Text("proxy".into())), ("ServerTargeting", Cell::Int(0))];
    let mut change = change(&new);
    change.languages.insert("de".into(), false);
    Writer::new(session, &procedures).save_configuration(&change).await.unwrap();
    let after = read_configuration(session).await.unwrap();
    for column in before.columns() {
        let expected = match column {
            "loglevel" => &Cell::Int(5),
            "proxyname" => &Cell::Text("proxy".into()),
            "servertargeting" => &Cell::Bit(false),
            "configurationchangenumber" => &Cell::Int(2),
            other => before.cell(other).unwrap(),
        };
        assert_eq!(after.cell(column), Some(expected), "{column}");
    }
    let changed: Vec<String> = read_languages(session)
        .await
        .unwrap()
        .into_iter()
        .zip(languages)
        .filter_map(|(after, before)| (after != before).then_some(after.name))
        .collect();
    assert_eq!(changed, ["de"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_wants_besides_the_row_is_named_or_left_out() {
    for (variant, lacking) in [
        ("extra", Some("@extra")),
        ("extra-default", None),
        ("rename=@LogLevel", Some("@LogLevel2")),
        ("without=@LogLevel", None),
    ] {
        let server = sandbox(&[("seed", "demo"), ("variant", &format!("spSetConfiguration:{variant}"))]);
        let mut session = session(&server).await;
        let row = read_configuration(&mut session).await.unwrap();
        let procedures = read_procedures(&mut session).await.unwrap();
        let live = &procedures[&Procedure::SetConfiguration];
        assert_eq!(live.verdict, Verdict::Matches, "{variant}");
        assert_eq!(parameter_without_source(&live.parameters, &row).as_deref(), lacking, "{variant}");
        let change = change(&[("ReplicaMode", Cell::Bit(false))]);
        let saved = Writer::new(&mut session, &procedures).save_configuration(&change).await;
        match lacking {
            None if variant == "extra-default" => saved.unwrap(),
            // Without a parameter that the row has: the sandbox's own procedure misses it, as a real one would.
            None => assert!(matches!(saved, Ok(()) | Err(WriteError::Server { .. })), "{saved:?}"),
            Some(name) => assert!(matches!(saved, Err(WriteError::NoSource { parameter, .. }) if parameter == name)),
        }
    }
}

/// What a save would overwrite has to be what it was at the last look.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_edit_since_the_last_look_is_not_overwritten() {
    let mut session = session(&demo()).await;
    let procedures = read_procedures(&mut session).await.unwrap();
    let before = read_configuration(&mut session).await.unwrap();
    let new = change(&[("LogLevel", Cell::Int(5))]);
    let changed =
        ConfigurationChange { cells_since: BTreeMap::from([("LogLevel".into(), Cell::Int(4))]), ..new.clone() };
    let language = ConfigurationChange { languages_since: BTreeMap::from([("de".into(), false)]), ..new.clone() };
    for (stale, named) in [(changed, "LogLevel"), (language, "language de")] {
        let refused = Writer::new(&mut session, &procedures).save_configuration(&stale).await.unwrap_err();
        assert!(refused.is_stale() && !refused.was_sent() && refused.to_string().contains(named), "{refused}");
    }
    assert_eq!(read_configuration(&mut session).await.unwrap(), before);
    // What nobody names may have changed: it goes back as it is.
    let current = ConfigurationChange {
        cells_since: BTreeMap::from([
            ("loglevel".into(), before.cell("LogLevel").unwrap().clone()),
            ("ProxyName".into(), Cell::Int(9)),
        ]),
        ..new
    };
    Writer::new(&mut session, &procedures).save_configuration(&current).await.unwrap();
}

fn enables(enabled: bool) -> RuleChange<Uuid> {
    RuleChange { enabled: Some(enabled), classifications: None, products: None, groups: None, deadline: None }
}

/// The same holds for the other rows that are saved whole: what is synchronised, rules and mails. Nothing is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_edit_of_the_other_rows_is_not_overwritten_either() {
    let mut session = session(&demo()).await;
    let procedures = read_procedures(&mut session).await.unwrap();
    let scope = ReadScope { rules: true, synchronization: true, notifications: true, ..ReadScope::default() };
    let before = read_snapshot(&mut session, &scope).await.unwrap();
    let refuses = |refused: Result<(), WriteError>, named: &str| {
        let refused = refused.unwrap_err();
        assert!(refused.is_stale() && !refused.was_sent() && refused.to_string().contains(named), "{refused}");
    };

    let live = before.synchronization.as_ref().unwrap();
    let change = Subscription { schedule: Some(Schedule::Manual), ..Subscription::default() };
    let since = Subscription { schedule: Some(Schedule::Daily { first_at: 1, per_day: 24 }), ..change.clone() };
    assert_ne!(live.schedule, since.schedule);
    let mut writer = Writer::new(&mut session, &procedures);
    refuses(writer.save_subscription(&change, Some(&since), "t").await, "what is synchronised, or when,");

    let (id, rule) = before.rules.as_ref().unwrap().all.first_key_value().unwrap();
    let change = enables(!rule.enabled);
    let since = Rule { enabled: !rule.enabled, ..rule.clone() };
    refuses(writer.set_rule(*id, &change, Some(&since)).await, &rule.name);

    let column = "SmtpHostName".to_owned();
    let change = BTreeMap::from([(column.clone(), Cell::Text("mail".into()))]);
    let since = BTreeMap::from([(column, Cell::Text("another".into()))]);
    refuses(writer.save_notifications(&change, &since, "t").await, "SmtpHostName");

    let after = read_snapshot(&mut session, &scope).await.unwrap();
    assert_eq!((after.synchronization, after.rules), (before.synchronization.clone(), before.rules.clone()));
    // What only others than the named parts changed goes back as it is.
    let (id, rule) = before.rules.as_ref().unwrap().all.first_key_value().unwrap();
    let since = Rule { deadline: RuleDeadline::After { days: 1, minutes: 1 }, ..rule.clone() };
    let change = enables(!rule.enabled);
    Writer::new(&mut session, &procedures).set_rule(*id, &change, Some(&since)).await.unwrap();
    let after = read_snapshot(&mut session, &scope).await.unwrap();
    assert_eq!(after.rules.unwrap().all[id], Rule { enabled: !rule.enabled, ..rule.clone() });
}
