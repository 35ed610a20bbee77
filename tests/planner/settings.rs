//! Settings: each one is compared and changed on its own, all are saved in one step, and the mode that they give a server
//! holds for everything else.

use std::collections::{BTreeMap, BTreeSet};

use wsusctl::diagnostic::{Diagnostics, Sources};
use wsusctl::manifest::{ReadLimits, read};
use wsusctl::model::attribute::Attribute;
use wsusctl::model::configuration::{Configuration, LiveSettings};
use wsusctl::model::management::Prune;
use wsusctl::model::origin::Declared;
use wsusctl::model::procedure::Procedure;
use wsusctl::model::setting::{Cell, SETTINGS, Setting, Values, setting};

use crate::check::{change_of, check, check_allowing, lines, plan_with, text};
use crate::desired::{Manifest, at, manifest};
use crate::snapshot::{Server, server};

/// Two values that a setting takes.
fn values(setting: &Setting) -> [Attribute; 2] {
    match setting.values {
        Values::Flag => [Attribute::Bool(false), Attribute::Bool(true)],
        Values::Number(least, most) => [Attribute::Int(least.max(1)), Attribute::Int(most.min(2000))],
        Values::Text { .. } | Values::Host { .. } => [Attribute::text("one"), Attribute::text("two")],
        Values::Word(words) => [Attribute::text(words[0].0), Attribute::text(words[1].0)],
        Values::TimeOfDay => ["08:00Z", "21:30Z"].map(Attribute::text),
    }
}

/// A row of which every rule about saves holds: Microsoft Update, no proxy, all languages.
fn row() -> Configuration {
    let mut row: Configuration =
        SETTINGS.iter().map(|setting| (setting.column, setting.cell(&values(setting)[0]).unwrap())).collect();
    for (column, cell) in [
        ("ReplicaMode", Cell::Bit(false)),
        ("ServerSupportsAllLanguages", Cell::Bit(true)),
        ("LocalContentCacheLocation", Cell::Text("D:\\WSUS\\WsusContent".into())),
    ] {
        row.set(column, cell);
    }
    row
}

fn languages(enabled: &[&str]) -> BTreeMap<String, bool> {
    ["de", "en", "fr"].into_iter().map(|name| (name.to_owned(), enabled.contains(&name))).collect()
}

fn live_with(settings: LiveSettings) -> Server {
    let mut server = server();
    let facts = &mut server.snapshot.server;
    facts.replica = settings.row.is_on("ReplicaMode");
    facts.has_upstream = !settings.row.is_on("SyncToMU");
    facts.server_side_targeting = settings.row.is_on("ServerTargeting");
    facts.approves_new_revisions = settings.row.is_on("AutoRefreshDeployments");
    server.snapshot.settings = Some(settings);
    server
}

fn settings() -> LiveSettings {
    LiveSettings { row: row(), languages: languages(&["de", "en", "fr"]), ..LiveSettings::default() }
}

fn live() -> Server {
    live_with(settings())
}

fn with(column: &str, cell: Cell) -> Server {
    let mut settings = settings();
    settings.row.set(column, cell);
    live_with(settings)
}

/// A manifest with this one setting.
fn declares(path: &'static str, value: &Attribute) -> Manifest {
    let mut manifest = manifest();
    let declared = Declared { value: value.clone(), origin: at(2) };
    manifest.desired.settings.scalars.insert(path, declared);
    manifest
}

/// A manifest from the text of its `spec`.
fn spec(text: &str) -> Manifest {
    let (servers, problems) = read_spec(text);
    assert!(!problems.has_errors(), "{problems:#?}");
    let mut result = manifest();
    result.desired = servers.into_iter().next().unwrap();
    result
}

fn read_spec(text: &str) -> (Vec<wsusctl::model::desired::Desired>, Diagnostics) {
    let head = "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {name: hq}\nspec:";
    read("hq.yaml", format!("{head} {text}\n").as_bytes(), &mut Sources::default(), &ReadLimits::default())
}

#[test]
fn every_setting_that_differs_is_one_change_and_then_none() {
    for setting in SETTINGS {
        let declared_value = setting.value(row().cell(setting.column).unwrap());
        let other = values(setting).into_iter().find(|value| *value != declared_value).unwrap();
        let declared = declares(setting.path, &declared_value);
        check(&declared, &live(), &[]);
        let other_server = with(setting.column, setting.cell(&other).unwrap());
        let high = if setting.is_high_risk(&declared_value) { " HIGH" } else { "" };
        let (before, after) = (text(&other), text(&declared_value));
        let line = format!("~ {} differs value: {before} -> {after}{high}", setting.path);
        let left = match (setting.path, after.as_str()) {
            (_, "") => None,
            ("updateSource.proxy.user" | "updateSource.proxy.domain", _) => Some("passwordStays"),
            ("updateSource.upstream.mode", "replica") => Some("replicaSupersedes"),
            _ => None,
        };
        let warned = left.map(|code| format!("warning {code} {}", setting.path));
        let expected: Vec<&str> = [Some(&line), warned.as_ref()].into_iter().flatten().map(String::as_str).collect();
        check_allowing(&declared, &other_server, &["high-risk"], &expected);
        // What is not declared is untouched.
        check(&manifest(), &other_server, &[]);
        // NULL and a number that is no word are values like any other.
        let nothing = with(setting.column, Cell::Null);
        assert_eq!(plan_with(&declared, &nothing, &[]).unwrap().changes.len(), 1, "{}", setting.path);
    }
}

#[test]
fn what_null_stands_for_is_what_it_becomes() {
    for setting in SETTINGS {
        let Some(default) = setting.default else { continue };
        let other = values(setting).into_iter().find(|value| *value != default.attribute()).unwrap();
        let server = with(setting.column, setting.cell(&other).unwrap());
        let declared = declares(setting.path, &default.attribute());
        let plan = plan_with(&declared, &server, &["high-risk"]).unwrap();
        let change = change_of(&plan, setting.path);
        assert_eq!(change.after.unwrap()["value"], default.attribute(), "{}", setting.path);
    }
}

#[test]
fn all_settings_are_one_step_and_one_digest() {
    let mut server = live();
    let mut manifest = manifest();
    let changed = ["logging.level", "targeting", "cleanup.computerDays", "updateSource.upstream.port"];
    for path in changed {
        let setting = setting(path).unwrap();
        let value = values(setting)[1].clone();
        manifest.desired.settings.scalars.insert(setting.path, Declared { value, origin: at(2) });
    }
    let plan = plan_with(&manifest, &server, &["high-risk"]).unwrap();
    assert_eq!((plan.changes.len(), plan.steps.len()), (4, 1));
    assert_eq!(plan.steps[0].also.len(), 3);
    let addresses: BTreeSet<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    assert_eq!(addresses, changed.iter().map(|path| (*path).to_owned()).collect());
    // What nobody declares, the place and the time of reading are outside the digest.
    let digest = plan.digest();
    server.snapshot.settings.as_mut().unwrap().row.set("MaxEventInstances", Cell::Int(7));
    for declared in manifest.desired.settings.scalars.values_mut() {
        declared.origin = at(9);
    }
    assert_eq!(plan_with(&manifest, &server, &["high-risk"]).unwrap().digest(), digest);
    server.snapshot.settings.as_mut().unwrap().row.set("LogLevel", Cell::Int(5));
    assert_ne!(plan_with(&manifest, &server, &["high-risk"]).unwrap().digest(), digest);
}

#[test]
fn high_risk_is_the_source_the_mode_targeting_and_tls_that_goes() {
    let risky: Vec<&str> = SETTINGS
        .iter()
        .filter(|setting| values(setting).iter().any(|value| setting.is_high_risk(value)))
        .map(|setting| setting.path)
        .collect();
    assert_eq!(
        risky,
        [
            "updateSource.from",
            "updateSource.upstream.server",
            "updateSource.upstream.port",
            "updateSource.upstream.tls",
            "updateSource.upstream.mode",
            "targeting",
            "advanced.muUrl",
        ]
    );
    let off = declares("updateSource.upstream.tls", &Attribute::Bool(false));
    let tls = with("UpstreamServerUseSSL", Cell::Bit(true));
    check(
        &off,
        &tls,
        &[
            "~ updateSource.upstream.tls differs value: true -> false HIGH",
            "blocker highRisk updateSource.upstream.tls (high-risk)",
        ],
    );
    let on = declares("updateSource.upstream.tls", &Attribute::Bool(true));
    check(
        &on,
        &with("UpstreamServerUseSSL", Cell::Bit(false)),
        &["~ updateSource.upstream.tls differs value: false -> true"],
    );
}

#[test]
fn saves_that_would_contradict_themselves_are_blocked() {
    let mut upstream = settings();
    upstream.row.set("SyncToMU", Cell::Bit(false));
    upstream.row.set("UpstreamServerName", Cell::Text("hq".into()));
    for (spec_text, live, expected) in [
        ("{updateSource: {proxy: {}}}", with("ProxyName", Cell::Text(String::new())), "updateSource.proxy"),
        (
            "{updateSource: {proxy: {host: p, anonymous: false}}}",
            with("ProxyUserName", Cell::Null),
            "updateSource.proxy",
        ),
        ("{updateSource: {proxy: {tls: {}}}}", with("SslProxyName", Cell::Null), "updateSource.proxy"),
        (
            "{updateFiles: {store: microsoftUpdate}}",
            with("ServerSupportsAllLanguages", Cell::Bit(false)),
            "updateFiles.store",
        ),
    ] {
        let plan = plan_with(&spec(spec_text), &live, &["high-risk"]).unwrap();
        let rules: Vec<_> = plan.blockers.iter().filter(|blocker| blocker.code == "saveRule").collect();
        assert!(!rules.is_empty() && rules[0].permission.is_none(), "{spec_text}: {:#?}", lines(&plan));
        assert!(format!("{:?}", rules[0].subject).contains(expected), "{spec_text}: {rules:#?}");
    }
    // All in one save: no contradiction on the way from one source to the other.
    let declared = spec("{updateSource: {from: {microsoftUpdate: }}}");
    upstream.row.set("ReplicaMode", Cell::Bit(true));
    check_allowing(
        &declared,
        &live_with(upstream),
        &["high-risk"],
        &[
            "~ updateSource.from differs value: upstream -> microsoftUpdate HIGH",
            "~ updateSource.upstream.mode differs value: replica -> autonomous HIGH",
        ],
    );
}

#[test]
fn languages_are_a_set_or_all() {
    let some = |enabled: &[&str]| {
        let mut settings = settings();
        settings.row.set("ServerSupportsAllLanguages", Cell::Bit(false));
        settings.languages = languages(enabled);
        live_with(settings)
    };
    let declared = spec("{updateFiles: {languages: [EN, de]}}");
    check(&declared, &some(&["de", "en"]), &[]);
    check(&declared, &some(&["en", "fr"]), &["~ updateFiles.languages differs value: [en, fr] -> [de, en]"]);
    let members =
        change_of(&plan_with(&declared, &some(&["en", "fr"]), &[]).unwrap(), "updateFiles.languages").members.unwrap();
    assert_eq!((members.added, members.removed), (vec!["de".to_owned()], vec!["fr".to_owned()]));
    check(&declared, &live(), &["~ updateFiles.languages differs value: all -> [de, en]"]);
    let all = spec("{updateFiles: {languages: all}}");
    check(&all, &some(&["en"]), &["~ updateFiles.languages differs value: [en] -> all"]);
    check(&all, &live(), &[]);
    let unknown = plan_with(&spec("{updateFiles: {languages: [en, dd]}}"), &live(), &[]).unwrap_err();
    assert_eq!(unknown.0[0].code, "unknown-language");
    assert_eq!(unknown.0[0].help[0], "did you mean `de`?");
    let unknown = plan_with(&spec("{updateFiles: {languages: [en, dd, xx]}}"), &live(), &[]).unwrap_err();
    assert_eq!(unknown.0.len(), 1, "they stand in one list");
    assert_eq!(unknown.0[0].help[0], "`dd`: did you mean `de`?");
    let rendered = format!("{:?}", unknown.0[0]);
    assert!(rendered.contains("The server knows no language `dd`, `xx`."), "{rendered}");
}

#[test]
fn narrowing_languages_above_other_servers_warns() {
    let mut above = settings();
    above.downstream_servers = 3;
    let narrow = spec("{updateFiles: {languages: [en]}}");
    let plan = plan_with(&narrow, &live_with(above.clone()), &[]).unwrap();
    assert_eq!(plan.warnings[0].code, "inactiveApprovals");
    assert!(plan.warnings[0].message.contains("wsusutil listinactiveapprovals"), "{}", plan.warnings[0].message);
    above.row.set("ServerSupportsAllLanguages", Cell::Bit(false));
    above.languages = languages(&["en"]);
    let wider = spec("{updateFiles: {languages: [en, fr]}}");
    check(&wider, &live_with(above), &["~ updateFiles.languages differs value: [en] -> [en, fr]"]);
}

#[test]
fn what_the_procedure_does_not_take_is_unsupported_and_the_rest_is_planned() {
    let mut lacking = settings();
    lacking.unsaved = BTreeSet::from(["loglevel".to_owned(), "serversupportsalllanguages".to_owned()]);
    lacking.languages_unsaved = true;
    lacking.row = lacking
        .row
        .columns()
        .filter(|column| *column != "maxeventinstances")
        .map(|column| (column.to_owned(), row().cell(column).unwrap().clone()))
        .collect();
    let declared =
        spec("{logging: {level: info}, updateFiles: {languages: [en], express: true}, serverLimits: {events: 5}}");
    check(
        &declared,
        &live_with(lacking),
        &[
            "~ updateFiles.express differs value: false -> true",
            "unsupported settingNotSaved logging.level",
            "unsupported settingMissing serverLimits.events",
            "unsupported settingNotSaved updateFiles.languages",
        ],
    );
    let server = live().differs(Procedure::SetConfiguration);
    check(&spec("{logging: {level: info}}"), &server, &["unsupported procedureDiffers logging.level"]);
}

#[test]
fn a_password_is_not_put_at_risk() {
    let mut server = settings();
    server.password_parameter = Some("@ProxyPassword".to_owned());
    let declared = spec("{logging: {level: info}}");
    check(&declared, &live_with(server.clone()), &["~ logging.level differs value: off -> info"]);
    // In use before the save, or after it.
    for (column, cell) in [("UseProxy", Cell::Bit(true)), ("AnonymousProxyAccess", Cell::Bit(false))] {
        server.row.set(column, cell);
    }
    let plan = plan_with(&declared, &live_with(server.clone()), &[]).unwrap();
    assert_eq!(lines(&plan), ["unsupported passwordParameter logging.level"]);
    assert!(plan.unsupported[0].message.contains("@ProxyPassword"));
    server.row.set("UseProxy", Cell::Bit(false));
    let on = spec("{updateSource: {proxy: {host: p, user: u, anonymous: false}}}");
    let plan = plan_with(&on, &live_with(server), &[]).unwrap();
    assert!(
        plan.changes.is_empty() && plan.unsupported.iter().all(|notice| notice.code == "passwordParameter"),
        "{:#?}",
        lines(&plan)
    );
}

#[test]
fn what_lives_elsewhere_is_unsupported() {
    let declared = spec(
        "{updateFiles: {contentPath: 'D:\\WSUS\\Other'}, updateSource: {proxy: {password: {env: P}}}, logging: {level: info}}",
    );
    let server = with("UseProxy", Cell::Bit(true));
    check(
        &declared,
        &server,
        &[
            "~ logging.level differs value: off -> info",
            "unsupported movedByWsusutil updateFiles.contentPath",
            "unsupported encryptedByWsus updateSource.proxy.password",
        ],
    );
    check(&spec("{updateFiles: {contentPath: 'd:\\wsus\\wsuscontent\\'}}"), &live(), &[]);
}

#[test]
fn a_user_that_the_proxy_is_not_told_is_a_warning() {
    let server = with("AnonymousProxyAccess", Cell::Bit(true));
    let declared = spec("{updateSource: {proxy: {host: one, user: one}}}");
    check(
        &declared,
        &server,
        &["~ updateSource.proxy differs value: none -> used", "warning proxyUserUnused updateSource.proxy.user"],
    );
}

#[test]
fn what_is_ignored_is_left_alone_and_said() {
    let declared = spec("{logging: {level: info}, targeting: client, management: {ignore: ['logging.*', targeting]}}");
    check(&declared, &live(), &["warning ignored logging.level", "warning ignored targeting"]);
    // The mode that is hidden is not the mode that counts.
    let declared =
        spec("{targeting: server, groups: [{name: A, computers: [a-1]}], management: {ignore: [targeting]}}");
    let client = with("ServerTargeting", Cell::Bit(false)).groups(&["A"]);
    let errors = plan_with(&declared, &client, &[]).unwrap_err();
    assert_eq!(errors.0[0].code, "computers-under-client-side-targeting");
}

#[test]
fn a_server_that_stops_being_a_replica_takes_everything_in_one_run() {
    let mut replica = settings();
    for (column, cell) in [
        ("ReplicaMode", Cell::Bit(true)),
        ("SyncToMU", Cell::Bit(false)),
        ("UpstreamServerName", Cell::Text("hq".into())),
    ] {
        replica.row.set(column, cell);
    }
    let server = live_with(replica).groups(&["A"]).update("u1", "100").update("u2", "200");
    let mut declared =
        spec("{updateSource: {from: {upstream: {server: hq, mode: autonomous}}}, updateFiles: {languages: [en]}}");
    declared = declared.groups(&["A", "B"]).approve("u1", &[("B", "install")]).decline("u2");
    check_allowing(
        &declared,
        &server,
        &["high-risk"],
        &[
            "~ updateFiles.languages differs value: all -> [en]",
            "~ updateSource.upstream.mode differs value: replica -> autonomous HIGH",
            "+ group[B] declared",
            "+ approval[u1][B] declared action=install",
            "+ decline[u2] declared",
        ],
    );
    // Without the mode it is a replica, and takes its languages from its parent.
    let errors = plan_with(&spec("{updateFiles: {languages: [en]}}"), &server, &[]).unwrap_err();
    assert_eq!(errors.0[0].code, "declared-on-replica");
}

#[test]
fn a_server_that_becomes_a_replica_is_judged_as_one() {
    let declared = spec("{updateSource: {from: {upstream: {server: one, mode: replica}}}, groups: [{name: B}]}");
    let errors = plan_with(&declared, &live().groups(&["A"]), &[]).unwrap_err();
    assert_eq!(errors.0[0].code, "unknown-group");
    let declared = spec("{updateSource: {from: {upstream: {server: one, mode: replica}}}, groups: [{name: A}]}");
    let expected = [
        "~ updateSource.from differs value: microsoftUpdate -> upstream HIGH",
        "~ updateSource.upstream.mode differs value: autonomous -> replica HIGH",
        "warning replicaSupersedes updateSource.upstream.mode",
    ];
    let server = || live().groups(&["A", "C"]);
    let declared = declared.prune_all(Prune::Always);
    check_allowing(&declared, &server(), &["high-risk"], &expected);
    let plan = plan_with(&declared, &server(), &["high-risk"]).unwrap();
    assert!(
        plan.warnings[0].message.contains("2 groups and 0 approvals of this server give way"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn memberships_are_placed_where_the_server_is_told_to_place_them() {
    let client = with("ServerTargeting", Cell::Bit(false)).groups(&["A"]).computer(1, "a-1", &[]);
    let declared = spec("{targeting: server, groups: [{name: A, computers: [a-1]}]}");
    check_allowing(
        &declared,
        &client,
        &["high-risk"],
        &["~ targeting differs value: client -> server HIGH", "+ membership[a-1] declared groups=[A]"],
    );
}
