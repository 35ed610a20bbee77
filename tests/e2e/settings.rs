//! Settings from manifest to server and back: each is found by its key alone, and all are saved in one call.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};
use wsusctl::model::attribute::Attribute;
use wsusctl::model::setting::{Cell, SETTINGS, Setting, Values, setting};

use crate::lab::{Lab, Ran, Running};

/// What the manifest of all settings says where the first of two values would contradict another setting: a downstream
/// server with a proxy, and another for TLS.
const DECLARED: &[(&str, &str)] = &[
    ("updateSource.from", "upstream"),
    ("updateSource.upstream.mode", "autonomous"),
    ("updateSource.proxy", "used"),
    ("updateSource.proxy.tls", "used"),
    ("updateFiles.store", "local"),
];

fn two_values(setting: &Setting) -> [Attribute; 2] {
    match setting.values {
        Values::Flag => [Attribute::Bool(false), Attribute::Bool(true)],
        Values::Number(least, most) => [Attribute::Int(least.max(7)), Attribute::Int(most.min(2001))],
        Values::Text { .. } | Values::Host { .. } => {
            [Attribute::text("one.contoso.com"), Attribute::text("two.contoso.com")]
        }
        Values::Word(words) => [Attribute::text(words[0].0), Attribute::text(words[1].0)],
        Values::TimeOfDay => ["08:00Z", "21:30Z"].map(Attribute::text),
    }
}

fn declared(setting: &Setting) -> Attribute {
    match DECLARED.iter().find(|(path, _)| *path == setting.path) {
        Some((_, word)) => Attribute::text(*word),
        None => two_values(setting)[0].clone(),
    }
}

/// Another valid value than the declared one.
fn other(setting: &Setting) -> Attribute {
    let declared = declared(setting);
    two_values(setting).into_iter().find(|value| *value != declared).unwrap()
}

fn json_of(value: &Attribute) -> Value {
    match value {
        Attribute::Bool(flag) => json!(flag),
        Attribute::Int(number) => json!(number),
        Attribute::Text(text) => json!(text),
        other => panic!("no scalar: {other:?}"),
    }
}

/// A `spec` with these values by the settings' paths. A map says by itself that an upstream server or a proxy is used.
fn spec(values: &BTreeMap<&str, Value>) -> String {
    let mut root = Map::new();
    for (path, value) in values {
        let path = match *path {
            "updateSource.from" | "updateSource.proxy" | "updateSource.proxy.tls" => continue,
            path => path.replace("updateSource.upstream.", "updateSource.from.upstream."),
        };
        let (sections, key) = path.rsplit_once('.').unwrap_or(("", &path));
        let mut map = &mut root;
        for section in sections.split('.').filter(|section| !section.is_empty()) {
            map = map.entry(section).or_insert_with(|| json!({})).as_object_mut().unwrap();
        }
        map.insert(key.to_owned(), value.clone());
    }
    format!("  {}\n", Value::Object(root))
}

/// Every setting as declared.
fn everything() -> BTreeMap<&'static str, Value> {
    let values = SETTINGS.iter().map(|setting| (setting.path, json_of(&declared(setting))));
    values.chain([("updateFiles.languages", json!(["de", "en"]))]).collect()
}

/// Writes a setting's column by hand, wherever the server keeps it.
fn set(lab: &Lab, setting: &Setting, value: &Attribute) {
    let cell = match setting.cell(value).unwrap() {
        Cell::Bit(bit) => i64::from(bit).to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Text(text) => format!("'{text}'"),
        other => panic!("no literal: {other:?}"),
    };
    let column = if setting.column == "LogFilePath" { "LogPath" } else { setting.column };
    for table in ["tbConfigurationA", "tbConfigurationB", "tbConfigurationC"] {
        let of_table =
            format!("SELECT COUNT(*) FROM pragma_table_info('{table}') WHERE lower(name) = lower('{column}')");
        if lab.number(&of_table) == 1 {
            lab.sql(&format!("UPDATE {table} SET {column} = {cell}"));
            return;
        }
    }
    let known = lab.number(&format!("SELECT COUNT(*) FROM sandbox_unplaced WHERE name = '{column}'"));
    assert_eq!(known, 1, "nobody knows where {column} is");
    lab.sql(&format!("UPDATE sandbox_unplaced SET value = {cell} WHERE name = '{column}'"));
}

fn set_languages(lab: &Lab, enabled: &str) {
    lab.sql(&format!("UPDATE tbLanguage SET Enabled = ShortLanguage IN ({enabled})"));
    lab.sql(&format!("UPDATE tbConfigurationB SET ServerSupportsAllLanguages = {}", i32::from(enabled == "'all'")));
}

/// The changes of the JSON plan: before and after by address.
fn changes(lab: &Lab) -> BTreeMap<String, (Value, Value)> {
    let plan = lab.plan();
    let changes = plan["servers"][0]["changes"].as_array().unwrap_or_else(|| panic!("{plan:#}"));
    let value = |change: &Value, side: &str| change[side]["value"].clone();
    let found = changes.iter().map(|change| {
        assert_eq!((&change["kind"], &change["action"]), (&json!("setting"), &json!("modify")), "{change:#}");
        (change["address"].as_str().unwrap().to_owned(), (value(change, "before"), value(change, "after")))
    });
    found.collect()
}

fn apply(lab: &Lab, more: &[&str]) -> Ran {
    lab.run(&[&["apply", "-f", "lab.yaml", "--yes", "--allow", "high-risk"], more].concat())
}

/// Applies in one write, after which nothing is left and nothing more is written.
#[track_caller]
fn apply_in_one_save(lab: &Lab) {
    let writes = lab.writes();
    apply(lab, &[]).expect_status(0).expect_out("nothing is left to do");
    assert_eq!(lab.writes(), writes + 1, "{:?}", lab.texts("SELECT statement FROM sandbox_writes"));
    apply(lab, &[]).expect_status(0).expect_out("No differences");
    assert_eq!(lab.writes(), writes + 1);
}

/// A server whose configuration row has every setting.
const WHOLE_ROW: &str =
    "variant=spConfiguration:has=DisableSyncDrivers&variant=spConfiguration:has=DisableSyncPrinterCatalog";

#[test]
fn what_the_row_does_not_have_is_said_unless_it_has_it() {
    let lab = Lab::new("demo");
    let spec = "  logging: {level: error}\n  advanced: {disableSyncDrivers: true}\n";
    let server = |options| format!("sandbox:lab.db?{options}");
    let export = |options, all: &[&str]| lab.run(&[&["export", "--server", &server(options)], all].concat());
    lab.manifest(spec);
    lab.diff().expect_status(2).expect_out("DisableSyncDrivers: its WSUS keeps").expect_out("[settingMissing]");
    // What does not need it is done.
    lab.apply().expect_status(2);
    assert_eq!(lab.number("SELECT LogLevel FROM tbConfigurationB"), 1);
    assert_eq!(lab.number("SELECT value FROM sandbox_unplaced WHERE name = 'DisableSyncDrivers'"), 0);
    export("", &["--all"]).expect_status(0).expect_nowhere("isableSync");
    lab.manifest_with(WHOLE_ROW, spec).apply_twice();
    assert_eq!(lab.number("SELECT value FROM sandbox_unplaced WHERE name = 'DisableSyncDrivers'"), 1);
    export(WHOLE_ROW, &[]).expect_out("disableSyncDrivers: true").expect_out("disableSyncPrinterCatalog: false");
}

#[test]
fn every_setting_that_somebody_changed_is_found_and_saved_back() {
    let lab = Lab::new("demo");
    lab.manifest_with(WHOLE_ROW, &spec(&everything()));
    apply_in_one_save(&lab);
    for setting in SETTINGS {
        set(&lab, setting, &other(setting));
    }
    set_languages(&lab, "'en', 'fr'");
    let mut expected: BTreeMap<String, (Value, Value)> = SETTINGS
        .iter()
        .map(|setting| (setting.path.to_owned(), (json_of(&other(setting)), json_of(&declared(setting)))))
        .collect();
    expected.insert("updateFiles.languages".into(), (json!(["en", "fr"]), json!(["de", "en"])));
    assert_eq!(changes(&lab), expected);
    // Without the permission it is shown and not done.
    let writes = lab.writes();
    lab.apply().expect_status(4).expect_out("highRisk");
    assert_eq!(lab.writes(), writes);
    apply_in_one_save(&lab);
    // What is left out is left alone, whatever it is.
    for setting in SETTINGS.iter().filter(|setting| setting.path != "logging.level") {
        set(&lab, setting, &other(setting));
    }
    lab.manifest("  logging: {level: 'off'}\n");
    lab.diff().expect_status(0).expect_out("No differences");
}

#[test]
fn null_is_the_products_default() {
    let lab = Lab::new("demo");
    let with_default = || SETTINGS.iter().filter(|setting| setting.default.is_some());
    let mut values: BTreeMap<&str, Value> = with_default().map(|setting| (setting.path, Value::Null)).collect();
    // Switches take the word, and an upstream server has a name.
    for (path, name) in [
        ("updateSource.upstream.server", "hq.contoso.com"),
        ("updateSource.proxy.host", "proxy.contoso.com"),
        ("updateSource.proxy.tls.host", "tls.contoso.com"),
    ] {
        values.insert(path, json!(name));
    }
    values.insert("updateSource.proxy.anonymous", json!(true));
    values.remove("updateSource.upstream.mode");
    lab.manifest(&spec(&values));
    for setting in SETTINGS.iter().filter(|setting| !setting.path.starts_with("updateSource.")) {
        set(&lab, setting, &other(setting));
    }
    // All languages are what another value of updateFiles.store needs.
    set_languages(&lab, "'all'");
    apply_in_one_save(&lab);
    let mut away = 0;
    for setting in with_default().filter(|setting| {
        !matches!(setting.path, "updateSource.upstream.mode" | "updateSource.proxy" | "updateSource.proxy.tls")
    }) {
        let default = setting.default.unwrap().attribute();
        let value = two_values(setting).into_iter().find(|value| *value != default).unwrap();
        set(&lab, setting, &value);
        away += 1;
    }
    let found = changes(&lab);
    assert_eq!(found.len(), away, "{found:#?}");
    for (path, (_, after)) in found {
        assert_eq!(after, json_of(&setting(&path).unwrap().default.unwrap().attribute()), "{path}");
    }
    apply_in_one_save(&lab);
}

#[test]
fn languages_from_all_to_some_and_back() {
    let lab = Lab::new("demo");
    let enabled = || {
        lab.text("SELECT group_concat(ShortLanguage) FROM (SELECT ShortLanguage FROM tbLanguage WHERE Enabled AND ShortLanguage <> 'all' ORDER BY 1)")
    };
    lab.manifest("  updateFiles: {languages: all}\n");
    apply_in_one_save(&lab);
    assert_eq!(lab.number("SELECT ServerSupportsAllLanguages FROM tbConfigurationB"), 1);
    for (languages, expected) in [("[de, en]", "de,en"), ("[EN, fr]", "en,fr"), ("[en, fr, de]", "de,en,fr")] {
        lab.manifest(&format!("  updateFiles: {{languages: {languages}}}\n"));
        apply_in_one_save(&lab);
        assert_eq!(enabled(), expected);
        assert_eq!(lab.number("SELECT ServerSupportsAllLanguages FROM tbConfigurationB"), 0);
    }
    lab.manifest("  updateFiles: {languages: [en, xx]}\n");
    lab.refused(3, 3).expect_err("lab.yaml:6:").expect_err("The server knows no language `xx`");
}

#[test]
fn sources_and_proxies_change_in_one_save() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  updateSource:
    from: {upstream: {server: hq.contoso.com, port: 8531, tls: true, mode: replica}}
    contentFromMicrosoftUpdate: true
    proxy: {host: proxy.contoso.com, port: 3128, user: svc-wsus, domain: CONTOSO, anonymous: false, tls: {host: tls.contoso.com}}
",
    );
    lab.apply().expect_status(4);
    apply_in_one_save(&lab);
    let value = |column: &str| lab.number(&format!("SELECT {column} FROM tbConfigurationA"));
    assert_eq!((value("SyncToMU"), value("UseProxy"), value("ServerPortNumber")), (0, 1, 8531));
    // A replica takes its languages from its parent.
    lab.manifest("  updateFiles: {languages: [en]}\n");
    lab.refused(3, 3).expect_err("declared-on-replica");
    lab.manifest("  updateSource: {from: {microsoftUpdate: {}}, proxy: none}\n");
    apply_in_one_save(&lab);
    assert_eq!((value("SyncToMU"), value("UseProxy")), (1, 0));
    assert_eq!(lab.number("SELECT ReplicaMode FROM tbConfigurationC"), 0);
    // The web's ports and a save that would contradict itself.
    lab.manifest("  updateSource: {from: {upstream: {server: hq, port: 443}}}\n");
    lab.diff().expect_status(2).expect_err("upstream-port").expect_err("8531");
    lab.sql("UPDATE tbConfigurationA SET ProxyName = ''");
    lab.manifest("  updateSource: {proxy: {port: 3128}}\n");
    lab.refused(2, 4).expect_out("the proxy would have no name");
}

#[test]
fn what_lives_elsewhere_is_said_and_the_rest_is_done() {
    let lab = Lab::new("demo");
    lab.manifest(
        "  updateSource: {proxy: {host: p, user: u, anonymous: false, password: {env: NEVER_READ}}}
  updateFiles: {contentPath: 'E:\\Elsewhere', express: true}
",
    );
    let ran = apply(&lab, &[]);
    ran.expect_status(2).expect_out("movecontent").expect_out("encrypts the proxy's password");
    assert_eq!(lab.writes(), 1);
    apply(&lab, &["--allow", "unsupported"]).expect_status(0);
    assert_eq!(lab.number("SELECT DownloadExpressPackages FROM tbConfigurationC"), 1);
    lab.manifest("  updateFiles: {contentPath: 'd:\\wsus\\WsusContent\\'}\n");
    lab.diff().expect_status(0);
}

/// `apply` on a variant of the procedure that saves.
fn apply_on(lab: &Lab, variants: &[&str]) -> Ran {
    let variants: Vec<String> =
        variants.iter().map(|variant| format!("variant=spSetConfiguration:{variant}")).collect();
    let server = format!("sandbox:lab.db?{}", variants.join("&"));
    apply(lab, &["--server", &server])
}

const TWO: &str = "  logging: {level: verbose}\n  cleanup: {computerDays: 45}\n";

#[test]
fn a_parameter_without_a_value_makes_every_save_unsupported() {
    let lab = Lab::new("demo");
    lab.manifest(&format!("{TWO}  groups: [{{name: New}}]\n"));
    for (variants, named) in [
        (&["extra"][..], "@extra"),
        (&["rename=@MaxEventInstances"], "@MaxEventInstances2"),
        (&["retype=@LogLevel", "extra=@ProxyPassword"], "@ProxyPassword"),
        (&["missing"], "does not have"),
    ] {
        apply_on(&lab, variants).expect_status(2).expect_out("spSetConfiguration").expect_out(named);
    }
    // The group was made, and nothing saved.
    assert_eq!(lab.writes(), 1);
    assert_eq!(lab.number("SELECT COUNT(*) FROM sandbox_writes WHERE statement LIKE '%spSetConfiguration%'"), 0);
}

#[test]
fn a_parameter_with_a_default_is_left_out_and_a_missing_one_concerns_its_setting_only() {
    let lab = Lab::new("demo");
    lab.manifest(TWO);
    apply_on(&lab, &["extra-default", "without=@LogLevel"])
        .expect_status(2)
        .expect_out("logging.level")
        .expect_out("spSetConfiguration has no parameter for LogLevel");
    assert_eq!(lab.number("SELECT value FROM sandbox_unplaced WHERE name = 'ComputerDeletionTimeThreshold'"), 45);
    assert_eq!(lab.number("SELECT LogLevel FROM tbConfigurationB"), 2);
    lab.manifest("  updateFiles: {languages: [en]}\n");
    apply_on(&lab, &["without=@LanguagesXml"]).expect_status(2).expect_out("@LanguagesXml");
    assert_eq!(lab.writes(), 1);
}

#[test]
fn a_password_that_a_save_would_leave_out_is_not_put_at_risk() {
    let lab = Lab::new("demo");
    lab.manifest(TWO);
    lab.sql("UPDATE tbConfigurationA SET UseProxy = 1, ProxyName = 'p', ProxyUserName = 'u', AnonymousProxyAccess = 0");
    apply_on(&lab, &["extra-default=@ProxyPassword"]).expect_status(2).expect_out("@ProxyPassword");
    assert_eq!(lab.writes(), 0);
    lab.sql("UPDATE tbConfigurationA SET UseProxy = 0");
    apply_on(&lab, &["extra-default=@ProxyPassword"]).expect_status(0);
}

#[test]
fn a_value_that_the_server_ignores_is_reported_and_written_once() {
    let lab = Lab::new("demo");
    lab.manifest(TWO);
    let ran = apply_on(&lab, &["ignores=@LogLevel"]);
    ran.expect_status(7)
        .expect_out("failed: logging.level")
        .expect_out("logging.level: asked verbose, found warning, before warning")
        .expect_out("1 modified")
        .expect_out("1 failed");
    assert!(!ran.out.contains("failed: cleanup"), "{ran:?}");
    assert_eq!(lab.writes(), 1);
    lab.apply_twice();
}

#[test]
fn a_refusal_at_the_end_leaves_everything_as_it_was() {
    let lab = Lab::new("demo");
    lab.manifest(TWO);
    apply_on(&lab, &["refuses-late"])
        .expect_status(1)
        .expect_out("it cannot be done after all")
        .expect_out("the object is as it was");
    assert_eq!(lab.writes(), 0);
    // What does not depend on it is done.
    lab.manifest(&format!("{TWO}  groups: [{{name: New}}]\n"));
    apply_on(&lab, &["refuses-late"]).expect_status(7).expect_out("2 failed");
    assert_eq!(lab.number("SELECT COUNT(*) FROM tbTargetGroup WHERE Name = 'New'"), 1);
}

const RESET: &str = "UPDATE tbSingletonData SET ResetStateMachineNeeded";
const SYNCHRONISATION: &str = "UPDATE sandbox_unplaced SET value";

#[test]
fn a_save_waits_for_the_server_and_gives_up_in_the_end() {
    let lab = Lab::new("demo");
    lab.manifest(TWO);
    for (busy, idle, said) in [
        (format!("{RESET} = 1"), format!("{RESET} = 0"), "still processes an earlier change"),
        (
            format!("{SYNCHRONISATION} = 3 WHERE name = 'SubscriptionState'"),
            format!("{SYNCHRONISATION} = 1 WHERE name = 'SubscriptionState'"),
            "a synchronisation runs",
        ),
    ] {
        lab.sql(&busy);
        let ran = apply(&lab, &["--wait", "1s"]);
        ran.expect_status(1)
            .expect_err("waiting: ")
            .expect_err("of at most 1 s")
            .expect_out(said)
            .expect_out("--wait 30m");
        ran.expect_out("Nothing was written");
        assert_eq!(lab.writes(), 0);
        lab.sql(&idle);
    }
    // The rest is done without waiting for the save to work.
    lab.sql(&format!("{RESET} = 1"));
    lab.manifest(&format!("{TWO}  groups: [{{name: New}}]\n"));
    apply(&lab, &["--wait", "1s"]).expect_status(7).expect_out("1 created");
}

#[test]
fn a_save_goes_on_when_the_server_is_idle_again() {
    let lab = Lab::new("demo");
    lab.manifest(TWO).sql(&format!("{RESET} = 1"));
    let running = Running::start(lab.command(&["apply", "-f", "lab.yaml", "--yes", "--wait", "30s"]));
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(lab.writes(), 0);
    lab.sql(&format!("{RESET} = 0"));
    running.end().expect_status(0).expect_err("waiting: ");
    assert_eq!(lab.writes(), 1);
    // Where no setting changes, nobody waits.
    lab.sql(&format!("{RESET} = 1")).manifest("  groups: [{name: New}]\n");
    apply(&lab, &["--wait", "1s"]).expect_status(0).expect_nowhere("waiting");
}

#[test]
fn the_hardened_server_of_the_examples() {
    let lab = Lab::new("demo");
    std::fs::copy("examples/hardened.yaml", lab.path("lab.yaml")).unwrap();
    let arguments = ["-f", "lab.yaml", "--server", "sandbox:lab.db"];
    let run = |verb: &[&str]| lab.run(&[verb, &arguments].concat());
    lab.run(&["validate", "-f", "lab.yaml"]).expect_status(0);
    run(&["diff"]).expect_status(2).expect_out("highRisk").expect_out("security.anonymousDownstream");
    run(&["apply", "--yes", "--allow", "high-risk"]).expect_status(0);
    // The settings, and of mails the row, the schedule and who gets them.
    assert_eq!(lab.writes(), 4);
    run(&["diff"]).expect_status(0);
    run(&["apply", "--yes"]).expect_status(0);
    assert_eq!(lab.writes(), 4);
}

/// Each section's bad values: refused before anything is contacted, with the place.
#[test]
fn bad_values_of_every_section_are_refused_offline() {
    let lab = Lab::new("demo");
    for (spec, code) in [
        ("updateSource: {from: {upstream: {server: '', port: 0}}}", "empty-name"),
        ("updateSource: {from: {}}", "no-source"),
        ("updateSource: {from: {upstream: {server: a, port: 65536}}}", "out-of-range"),
        ("updateSource: {proxy: {host: ''}}", "proxy-without-host"),
        ("updateSource: {proxy: {password: hunter2}}", "literal-secret"),
        ("updateFiles: {store: cloud}", "unknown-word"),
        ("updateFiles: {languages: []}", "no-languages"),
        ("updateFiles: {store: microsoftUpdate, languages: [en]}", "languages-without-files"),
        ("targeting: both", "unknown-word"),
        ("automation: {approveNewRevisions: yes}", "wrong-type"),
        ("reporting: {clientLevel: some}", "unknown-word"),
        ("serverLimits: {computers: -1}", "out-of-range"),
        ("cleanup: {computerDays: 1.5}", "wrong-type"),
        ("logging: {level: 6}", "unknown-word"),
        ("security: {downstreamRegistration: maybe}", "unknown-word"),
        ("security: {cookies: {server: null, anonymous: null}}", "null"),
        ("advanced: {localPublishingMaxCabSize: 2048}", "out-of-range"),
        ("logging: null", "null"),
    ] {
        lab.manifest(&format!("  {spec}\n"));
        let shown = lab.refused(3, 3);
        shown.expect_err(code).expect_err("lab.yaml:6:").expect_nowhere("hunter2");
        lab.run(&["validate", "-f", "lab.yaml"]).expect_status(3);
    }
    let keys: BTreeSet<&str> = SETTINGS.iter().map(|setting| setting.path.split('.').next().unwrap()).collect();
    assert_eq!(keys.len(), 10, "a new section needs its bad values here: {keys:?}");
}
