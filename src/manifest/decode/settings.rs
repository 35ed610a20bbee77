//! The settings: sections of scalars after the model's table, and the few values of another shape.

use chrono::Timelike;

use super::super::document::{DeclaredSetting, Field, Languages, Settings};
use super::super::node::Value;
use super::super::problems::Problems;
use super::super::shape::{Fields, Keyed, Shape, boolean, is_ambiguous, list, name, null, text, word, wrong_type};
use super::connection::secret;
use super::database_roles::database_roles;
use super::synchronization::time_of_day;
use crate::diagnostic::Diagnostic;
use crate::model::attribute::Attribute;
use crate::model::host::is_host;
use crate::model::origin::{Declared, Origin};
use crate::model::setting::{Cell, HOST_LENGTH_MAX, Literal, Setting, Values, setting};

pub(super) const UPDATE_SOURCE: Shape = Shape::new("updateSource", &["from", "contentFromMicrosoftUpdate", "proxy"]);
pub(super) const FROM: Shape = Shape::new("where updates come from", &["microsoftUpdate", "upstream"]);
pub(super) const MICROSOFT_UPDATE: Shape = Shape::new("microsoftUpdate", &[]);
pub(super) const UPSTREAM: Shape = Shape::new("an upstream server", &["server", "port", "tls", "mode"]);
pub(super) const PROXY: Shape =
    Shape::new("a proxy", &["host", "port", "anonymous", "user", "domain", "password", "basicOverHttp", "tls"]);
pub(super) const TLS_PROXY: Shape = Shape::new("a proxy for TLS", &["host", "port"]);
pub(super) const UPDATE_FILES: Shape =
    Shape::new("updateFiles", &["store", "download", "express", "languages", "contentPath"]);
pub(super) const AUTOMATION: Shape =
    Shape::new("automation", &["approveNewRevisions", "declineExpiredRevisions", "approveWsusUpdates"]);
pub(super) const REPORTING: Shape = Shape::new("reporting", &["rollup", "inventory", "clientLevel"]);
pub(super) const SERVER_LIMITS: Shape = Shape::new("serverLimits", &["clientXmlBytes", "computers", "events"]);
pub(super) const CLEANUP: Shape = Shape::new("cleanup", &["revisionDays", "revisionSize", "computerDays"]);
pub(super) const LOGGING: Shape = Shape::new("logging", &["level"]);
pub(super) const SECURITY: Shape =
    Shape::new("security", &["downstreamRegistration", "anonymousDownstream", "cookies", "databaseRoles"]);
pub(super) const COOKIES: Shape = Shape::new("cookies", &["anonymous", "simpleTargeting", "server", "downstream"]);
pub(super) const ADVANCED: Shape = Shape::new(
    "advanced",
    &[
        "bitsDownloadPriorityForeground",
        "bitsHealthScanningInterval",
        "clientEventExpirationTime",
        "deploymentChangeDeferral",
        "disableSyncDrivers",
        "disableSyncPrinterCatalog",
        "dispatchManagerPollingInterval",
        "doReportingDataValidation",
        "doReportingSummarization",
        "doServerSyncCompression",
        "downloadRegulationUrl",
        "downloadRegulationWebServiceUrl",
        "dssRollupChunkSize",
        "eventLogFloodProtectTime",
        "expiredEventDetectionPeriod",
        "importLocalPath",
        "loadOdfLocally",
        "localPublishingMaxCabSize",
        "logDestinations",
        "logFilePath",
        "logRolloverFileSizeInBytes",
        "maxCoreUpdatesPerRequest",
        "maxDeltaSyncPeriod",
        "maxExtendedUpdatesPerRequest",
        "maxNumberOfIdsToRequestDataFromUss",
        "maxSimultaneousFileDownloads",
        "maxXmlPerRequestInServerSync",
        "muRollupOptin",
        "muUrl",
        "odfFilePath",
        "queueFlushCount",
        "queueFlushTimeInMS",
        "queueRejectCount",
        "redirectorChangeNumber",
        "reportingServiceUrl",
        "serverEventExpirationTime",
        "sleepTimeAfterErrorInMS",
        "stateMachineTransitionErrorCaptureLength",
        "stateMachineTransitionLoggingEnabled",
        "statsDotNetWebServiceUri",
        "subscriptionFailureNumberOfRetries",
        "subscriptionFailureWaitBetweenRetriesTime",
        "useCookieValidation",
    ],
);

/// The keys of `spec` that are read here.
pub(super) const SECTIONS: &[&str] = &[
    "updateSource",
    "updateFiles",
    "targeting",
    "automation",
    "reporting",
    "serverLimits",
    "cleanup",
    "logging",
    "security",
    "advanced",
];

/// Reads one of the sections.
pub(super) fn section(key: &'static str, value: Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    match key {
        "updateSource" => update_source(value, settings, problems),
        "updateFiles" => update_files(value, settings, problems),
        "targeting" => scalar("targeting", &value, settings, problems),
        "automation" => scalars(key, value, &AUTOMATION, settings, problems),
        "reporting" => scalars(key, value, &REPORTING, settings, problems),
        "serverLimits" => scalars(key, value, &SERVER_LIMITS, settings, problems),
        "cleanup" => scalars(key, value, &CLEANUP, settings, problems),
        "logging" => scalars(key, value, &LOGGING, settings, problems),
        "security" => security(value, settings, problems),
        "advanced" => scalars(key, value, &ADVANCED, settings, problems),
        other => debug_assert!(false, "{other} is no section"),
    }
}

fn update_source(value: Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(value, &UPDATE_SOURCE, problems) else { return };
    if let Some(from) = fields.take("from") {
        read_from(from, settings, problems);
    }
    take("updateSource", "contentFromMicrosoftUpdate", &mut fields, settings, problems);
    if let Some(value) = fields.take("proxy") {
        proxy(value, settings, problems);
    }
}

/// Either source. Microsoft Update has no replicas, so that source says the mode as well.
fn read_from(value: Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    let place = value.key;
    let Some(mut fields) = Fields::of(value, &FROM, problems) else { return };
    match (fields.take("microsoftUpdate"), fields.take("upstream")) {
        (Some(microsoft), None) => {
            settings.put("updateSource.from", Attribute::text("microsoftUpdate"), microsoft.key);
            settings.put("updateSource.upstream.mode", Attribute::text("autonomous"), microsoft.key);
            // `microsoftUpdate:` alone says as much as `microsoftUpdate: {}`.
            if !microsoft.node.is_null() {
                Fields::of(microsoft, &MICROSOFT_UPDATE, problems);
            }
        }
        (None, Some(upstream)) => {
            settings.put("updateSource.from", Attribute::text("upstream"), upstream.key);
            let Some(mut fields) = Fields::of(upstream, &UPSTREAM, problems) else { return };
            if let Some(server) = fields.require("server", problems) {
                scalar("updateSource.upstream.server", &server, settings, problems);
            }
            for key in ["port", "tls", "mode"] {
                take("updateSource.upstream", key, &mut fields, settings, problems);
            }
        }
        (Some(microsoft), Some(upstream)) => problems.push(
            Diagnostic::error("two-sources", "updates from two places")
                .detail("a server synchronises either from Microsoft Update or from an upstream server")
                .at(upstream.key, "an upstream server")
                .and(microsoft.key, "and Microsoft Update")
                .help("remove one of the two"),
        ),
        (None, None) => problems.push(
            Diagnostic::error("no-source", "updates from nowhere")
                .at(place, "names no source")
                .help("write {microsoftUpdate: {}} or {upstream: {server: NAME}}, or remove the key"),
        ),
    }
}

fn proxy(value: Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    let Some(value) = used_or_none(known("updateSource.proxy"), value, &mut settings.scalars, problems) else { return };
    let Some(mut fields) = Fields::of(value, &PROXY, problems) else { return };
    for key in ["host", "port", "anonymous", "user", "domain", "basicOverHttp"] {
        take("updateSource.proxy", key, &mut fields, settings, problems);
    }
    if let Some(password) = fields.take("password") {
        let place = password.key;
        settings.proxy_password = secret(password, problems).map(|_| place);
    }
    if let Some(tls) = fields.take("tls")
        && let Some(tls) = used_or_none(known("updateSource.proxy.tls"), tls, &mut settings.scalars, problems)
        && let Some(mut fields) = Fields::of(tls, &TLS_PROXY, problems)
    {
        for key in ["host", "port"] {
            take("updateSource.proxy.tls", key, &mut fields, settings, problems);
        }
    }
}

/// A map that can be switched off by the word `none`. Gives the map.
pub(super) fn used_or_none<'t>(
    setting: &'static Setting,
    value: Keyed<'t>,
    scalars: &mut Vec<DeclaredSetting>,
    problems: &mut Problems,
) -> Option<Keyed<'t>> {
    if value.node.text().is_some() {
        if word(&value, &[("none", ())], problems).is_some() {
            scalars.push(DeclaredSetting { setting, value: Attribute::text("none"), origin: value.place() });
        }
        return None;
    }
    if value.node.is_null() {
        problems.push(null(value.place(), "write `none` or a map, or remove the key"));
        return None;
    }
    scalars.push(DeclaredSetting { setting, value: Attribute::text("used"), origin: value.key });
    Some(value)
}

fn update_files(value: Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(value, &UPDATE_FILES, problems) else { return };
    for key in ["store", "download", "express"] {
        take("updateFiles", key, &mut fields, settings, problems);
    }
    settings.languages = fields.take("languages").and_then(|value| languages(value, problems));
    settings.content_path = fields.take("contentPath").and_then(|value| name(&value, "a folder", problems));
}

/// `all`, or a list of short names.
fn languages(value: Keyed<'_>, problems: &mut Problems) -> Option<Declared<Languages>> {
    let origin = value.place();
    if value.node.text().is_some() {
        return word(&value, &[("all", ())], problems).map(|_| Declared { value: Languages::All, origin });
    }
    if let Value::Sequence(items) = &value.node.value
        && items.is_empty()
    {
        problems.push(
            Diagnostic::error("no-languages", "no language")
                .detail("a server has at least one language")
                .at(origin, "")
                .help("name a language, or write `all`"),
        );
        return None;
    }
    let items = list(value, "languages", problems)?;
    let names: Vec<Declared<String>> = items.filter_map(|item| name(&item, "a language", problems)).collect();
    Some(Declared { value: Languages::Some(names), origin })
}

fn security(value: Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(value, &SECURITY, problems) else { return };
    for key in ["downstreamRegistration", "anonymousDownstream"] {
        take("security", key, &mut fields, settings, problems);
    }
    if let Some(cookies) = fields.take("cookies") {
        scalars("security.cookies", cookies, &COOKIES, settings, problems);
    }
    if let Some(roles) = fields.take("databaseRoles") {
        settings.database_roles = database_roles(roles, problems);
    }
}

fn scalars(prefix: &str, value: Keyed<'_>, shape: &'static Shape, settings: &mut Settings, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(value, shape, problems) else { return };
    for key in shape.keys {
        take(prefix, key, &mut fields, settings, problems);
    }
}

fn take(prefix: &str, key: &str, fields: &mut Fields<'_>, settings: &mut Settings, problems: &mut Problems) {
    if let Some(value) = fields.take(key) {
        scalar(&format!("{prefix}.{key}"), &value, settings, problems);
    }
}

/// Reads one setting of the table.
fn scalar(path: &str, value: &Keyed<'_>, settings: &mut Settings, problems: &mut Problems) {
    settings.scalars.extend(declared(known(path), value, problems));
}

/// Reads a setting: null is its default.
pub(super) fn declared(
    setting: &'static Setting,
    value: &Keyed<'_>,
    problems: &mut Problems,
) -> Option<DeclaredSetting> {
    let origin = value.place();
    let found = if value.node.is_null() {
        if setting.default.is_none() {
            problems.push(null(origin, "this setting has no default: write a value, or remove the key"));
        }
        setting.default.map(Literal::attribute)
    } else {
        read(setting, value, problems)
    };
    found.map(|value| DeclaredSetting { setting, value, origin })
}

fn known(path: &str) -> &'static Setting {
    setting(path).expect("a test holds that every key that is read is in the table")
}

fn host(value: &Keyed<'_>, empty: bool, problems: &mut Problems) -> Option<String> {
    let found = text(value, problems)?;
    if found.value.is_empty() && empty || is_host(&found.value) && found.value.encode_utf16().count() <= HOST_LENGTH_MAX
    {
        return Some(found.value);
    }
    if found.value.trim().is_empty() {
        problems.push(Diagnostic::error("empty-name", "an empty text").at(found.origin, "must not be empty"));
        return None;
    }
    // A URL may hold a password.
    problems.hide(found.origin);
    problems.push(
        Diagnostic::error("not-a-host", "not the name of a host")
            .detail("a host's name or address is alone here, without a scheme, a port, a user or a path")
            .at(found.origin, "not shown: it may hold a password")
            .help("write the name as in proxy.contoso.com; port and user are keys of their own"),
    );
    None
}

fn read(setting: &Setting, value: &Keyed<'_>, problems: &mut Problems) -> Option<Attribute> {
    match setting.values {
        Values::Flag => match boolean(value, problems) {
            Field::Value(flag) => Some(Attribute::Bool(flag.value)),
            Field::Null | Field::Absent => None,
        },
        Values::Number(least, most) => number(value, least, most, problems).map(Attribute::Int),
        Values::Text { longest, empty } => {
            let found = text(value, problems)?;
            if found.value.trim().is_empty() && !empty {
                problems.push(Diagnostic::error("empty-name", "an empty text").at(found.origin, "must not be empty"));
                return None;
            }
            let length = found.value.encode_utf16().count();
            if length > longest {
                problems.push(
                    Diagnostic::error("too-long", "a text that is too long")
                        .detail(format!("it has {length} characters, and SUSDB keeps {longest}"))
                        .at(found.origin, ""),
                );
                return None;
            }
            Some(Attribute::Text(found.value))
        }
        Values::Host { empty } => host(value, empty, problems).map(Attribute::Text),
        Values::Word(words) => {
            let found = word(value, words, problems)?;
            words.iter().find(|(_, number)| *number == found.value).map(|(word, _)| Attribute::text(*word))
        }
        // As the row gives it back.
        Values::TimeOfDay => {
            let time = time_of_day(value, problems)?;
            Some(setting.value(&Cell::Int(time.num_seconds_from_midnight().into())))
        }
    }
}

/// A whole number in decimal digits.
fn number(value: &Keyed<'_>, least: i64, most: i64, problems: &mut Problems) -> Option<i64> {
    let expected = format!("a whole number from {least} to {most}");
    let digits = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    match &value.node.value {
        Value::Plain(text) if digits(text) && is_ambiguous(text, value.place(), problems) => None,
        Value::Plain(text) if digits(text) => match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Some(number),
            _ => {
                problems.push(
                    Diagnostic::error("out-of-range", "a number out of range")
                        .detail(format!("`{text}` is not in {least} to {most}"))
                        .at(value.place(), ""),
                );
                None
            }
        },
        _ => {
            problems.push(wrong_type(&expected, &value.node, value.place()));
            None
        }
    }
}

impl Settings {
    fn put(&mut self, path: &str, value: Attribute, origin: Origin) {
        self.scalars.push(DeclaredSetting { setting: known(path), value, origin });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        ADVANCED, AUTOMATION, CLEANUP, COOKIES, LOGGING, PROXY, REPORTING, SECURITY, SERVER_LIMITS, TLS_PROXY,
        UPDATE_FILES, UPDATE_SOURCE, UPSTREAM,
    };
    use crate::model::setting::SETTINGS;

    /// The keys that are no scalars of the table: maps, or values that live elsewhere.
    const OTHERS: &[&str] = &[
        "updateSource.proxy.password",
        "updateFiles.languages",
        "updateFiles.contentPath",
        "security.cookies",
        "security.databaseRoles",
    ];

    #[test]
    fn the_keys_that_are_read_are_those_of_the_table() {
        let sections = [
            ("updateSource", &UPDATE_SOURCE),
            ("updateSource.upstream", &UPSTREAM),
            ("updateSource.proxy", &PROXY),
            ("updateSource.proxy.tls", &TLS_PROXY),
            ("updateFiles", &UPDATE_FILES),
            ("automation", &AUTOMATION),
            ("reporting", &REPORTING),
            ("serverLimits", &SERVER_LIMITS),
            ("cleanup", &CLEANUP),
            ("logging", &LOGGING),
            ("security", &SECURITY),
            ("security.cookies", &COOKIES),
            ("advanced", &ADVANCED),
        ];
        let keys =
            sections.iter().flat_map(|(prefix, shape)| shape.keys.iter().map(move |key| format!("{prefix}.{key}")));
        let read: BTreeSet<String> =
            keys.filter(|key| !OTHERS.contains(&key.as_str())).chain(["targeting".to_owned()]).collect();
        let known: BTreeSet<String> = SETTINGS.iter().map(|setting| setting.path.to_owned()).collect();
        assert_eq!(read, known);
    }
}
