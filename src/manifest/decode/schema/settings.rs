//! The settings, from the model's table.

use super::super::database_roles::ROLES;
use super::super::settings::{
    ADVANCED, AUTOMATION, CLEANUP, COOKIES, FROM, LOGGING, MICROSOFT_UPDATE, PROXY, REPORTING, SECURITY, SERVER_LIMITS,
    TLS_PROXY, UPDATE_FILES, UPDATE_SOURCE, UPSTREAM,
};
use super::synchronization::UTC_TIME_OF_DAY;
use super::{Shape, keys, names};
use crate::model::notifications::notification;
use crate::model::setting::{HOST_LENGTH_MAX, Literal, Setting, Values, setting};
use crate::schema::{Form, Property, Schema, Text, optional, required};
use serde_json::Value;

/// What the settings that have neither words nor a default are, for instance.
const EXAMPLES: &[(&str, &str)] = &[
    ("updateSource.upstream.server", "hq.contoso.com"),
    ("updateSource.proxy.host", "proxy.contoso.com"),
    ("updateSource.proxy.user", "svc-wsus"),
    ("updateSource.proxy.domain", "CONTOSO"),
    ("updateSource.proxy.tls.host", "tls-proxy.contoso.com"),
    ("notifications.smtp.server", "mail.contoso.com"),
    ("notifications.smtp.user", "svc-mail"),
    ("notifications.sender.name", "WSUS"),
    ("notifications.status.at", "\"06:30Z\""),
    ("serverLimits.computers", "30000"),
    ("serverLimits.events", "1000000"),
    ("security.cookies.anonymous", "60"),
    ("advanced.reportingServiceUrl", "http://localhost/ReportingWebService"),
    ("advanced.logFilePath", "'C:\\Program Files\\Update Services\\LogFiles'"),
    ("advanced.logRolloverFileSizeInBytes", "10485760"),
    ("advanced.muUrl", "https://sws.update.microsoft.com"),
    (
        "advanced.statsDotNetWebServiceUri",
        "https://statsfe2.ws.microsoft.com/ReportingWebService/ReportingWebService.asmx",
    ),
    ("advanced.importLocalPath", "'D:\\WSUS\\Import'"),
    ("advanced.maxCoreUpdatesPerRequest", "100"),
    ("advanced.maxExtendedUpdatesPerRequest", "50"),
    ("advanced.maxXmlPerRequestInServerSync", "5242880"),
    ("advanced.downloadRegulationUrl", "http://regulation.contoso.com"),
    ("advanced.downloadRegulationWebServiceUrl", "http://regulation.contoso.com/service.asmx"),
    ("advanced.dssRollupChunkSize", "100"),
    ("advanced.localPublishingMaxCabSize", "384"),
    ("advanced.odfFilePath", "'D:\\WSUS\\Offers'"),
];

pub(super) fn update_source() -> Schema {
    let upstream = keys(
        &UPSTREAM,
        vec![
            required("server", scalar("updateSource.upstream.server")),
            under("updateSource.upstream", "port"),
            under("updateSource.upstream", "tls"),
            under("updateSource.upstream", "mode"),
        ],
    );
    let mut microsoft_update = Schema::from(keys(&MICROSOFT_UPDATE, Vec::new()));
    microsoft_update.nullable = true;
    let from = keys(
        &FROM,
        vec![
            optional(
                "microsoftUpdate",
                microsoft_update.says("Microsoft Update, which makes the server autonomous.").example("{}"),
            ),
            optional(
                "upstream",
                Schema::from(upstream)
                    .says("An upstream WSUS server.")
                    .example("{server: hq.contoso.com, port: 8531, tls: true, mode: replica}"),
            ),
        ],
    );
    let from = Schema::from(from.exactly_one(&["microsoftUpdate", "upstream"]))
        .says("Where updates come from: one of two maps.")
        .example("{microsoftUpdate: {}}")
        .example("{upstream: {server: hq.contoso.com, port: 8531, tls: true, mode: replica}}");
    section(
        "The update source",
        "Where updates come from, and through which proxy. Changing the source is of high risk: `apply` needs --allow high-risk.",
        &UPDATE_SOURCE,
        vec![optional("from", from), under("updateSource", "contentFromMicrosoftUpdate"), optional("proxy", proxy())],
    )
}

fn proxy() -> Schema {
    let tls = keys(&TLS_PROXY, vec![under("updateSource.proxy.tls", "host"), under("updateSource.proxy.tls", "port")]);
    let tls = Schema::either([Schema::words(["none"]), Schema::from(tls)]);
    let prefix = "updateSource.proxy";
    let proxy = keys(
        &PROXY,
        vec![
            under(prefix, "host"),
            under(prefix, "port"),
            under(prefix, "anonymous"),
            under(prefix, "user"),
            under(prefix, "domain"),
            optional(
                "password",
                Schema::reference("secret").says(
                    "The password of the proxy's user. It cannot be written through the database: declaring it is \
                     unsupported, and the rest is applied. Set it once in the console.",
                ),
            ),
            under(prefix, "basicOverHttp"),
            optional(
                "tls",
                tls.says(says("updateSource.proxy.tls"))
                    .example("none")
                    .example("{host: tls-proxy.contoso.com, port: 443}"),
            ),
        ],
    );
    Schema::either([Schema::words(["none"]), Schema::from(proxy)])
        .says(says(prefix))
        .example("none")
        .example("{host: proxy.contoso.com, port: 3128, anonymous: false, user: svc-wsus, domain: CONTOSO}")
}

pub(super) fn update_files() -> Schema {
    let languages = Schema::either([
        Schema::list(Schema::name()).filled(),
        Schema::words(["all"]),
    ])
    .says("The languages of the files. Files that stay on Microsoft Update need `all`; on a replica its parent says them.")
    .example("all")
    .example("[en, de]");
    let path = Schema::pattern(r"(?:[A-Za-z]:[\\/]|\\\\).*")
        .says("The folder of the files, as a whole path. It is compared and never changed: `wsusutil movecontent` moves the files, too.")
        .example("'D:\\WSUS\\WsusContent'");
    section(
        "Update files",
        "Which files the server keeps, and when it downloads them.",
        &UPDATE_FILES,
        vec![
            under("updateFiles", "store"),
            under("updateFiles", "download"),
            under("updateFiles", "express"),
            optional("languages", languages),
            optional("contentPath", path),
        ],
    )
}

pub(super) fn automation() -> Schema {
    scalars("automation", "Automation", "What WSUS approves and declines by itself.", &AUTOMATION)
}

pub(super) fn reporting() -> Schema {
    scalars("reporting", "Reporting", "What computers and replicas report.", &REPORTING)
}

pub(super) fn server_limits() -> Schema {
    scalars(
        "serverLimits",
        "Limits of the server",
        "How much clients may ask for, and how much is kept.",
        &SERVER_LIMITS,
    )
}

pub(super) fn cleanup() -> Schema {
    scalars("cleanup", "Cleanup", "What the cleanup wizard and the maintenance of the database take away.", &CLEANUP)
}

pub(super) fn logging() -> Schema {
    scalars("logging", "Logging", "The service's log.", &LOGGING)
}

pub(super) fn security() -> Schema {
    let cookies = keys(&COOKIES, COOKIES.keys.iter().map(|key| under("security.cookies", key)).collect());
    let web_service = names().unique().says("All members of the role webService: the accounts of WSUS servers.");
    let readers =
        names().unique().says("All members of the role PublicViewAccess: who reads the views in PUBLIC_VIEWS.");
    let roles = keys(
        &ROLES,
        vec![
            optional("webService", web_service.example(r"['NT AUTHORITY\NETWORK SERVICE', 'CONTOSO\WSUS01$']")),
            optional("PublicViewAccess", readers.example(r"['CONTOSO\wsus-readers']")),
        ],
    );
    section(
        "Security",
        "Who may synchronise from the server, how long cookies live, and who has rights in the database.",
        &SECURITY,
        vec![
            under("security", "downstreamRegistration"),
            under("security", "anonymousDownstream"),
            optional(
                "cookies",
                Schema::from(cookies).says("Lifetimes of cookies.").example("{simpleTargeting: 60, server: 60}"),
            ),
            optional(
                "databaseRoles",
                Schema::from(roles)
                    .says(
                        "Members of the database's roles: users and roles of the database, by name. Taking one out is of high \
                         risk. A declared member that has lost its login after a restore is given the one of its name.",
                    )
                    .example(r"{webService: ['NT AUTHORITY\NETWORK SERVICE']}"),
            ),
        ],
    )
}

pub(super) fn advanced() -> Schema {
    scalars(
        "advanced",
        "Advanced settings",
        "Settings that the console does not show, under the names of WSUS's API. Who does not know what one of them does \
         leaves it out.",
        &ADVANCED,
    )
}

fn scalars(prefix: &str, title: &'static str, says: &'static str, shape: &Shape) -> Schema {
    section(title, says, shape, shape.keys.iter().map(|key| under(prefix, key)).collect())
}

fn section(title: &'static str, says: &'static str, shape: &Shape, properties: Vec<Property>) -> Schema {
    Schema::from(keys(shape, properties)).title(title).says(says)
}

/// A key below another that is a setting of the table.
pub(super) fn under(prefix: &str, key: &'static str) -> Property {
    optional(key, scalar(&format!("{prefix}.{key}")))
}

fn known(path: &str) -> &'static Setting {
    setting(path).or_else(|| notification(path)).expect("a test holds that every key that is read is in the table")
}

fn says(path: &str) -> &'static str {
    known(path).description
}

/// A name without what means something in a URL, or an IPv6 address.
const HOST: &str = r#"([^\s/\\@:?#=;,&%\[\]<>"'`]+|\[?[0-9A-Fa-f.:]*:[0-9A-Fa-f.:]*:[0-9A-Fa-f.:]*\]?)"#;
const OPTIONAL_HOST: &str = r#"([^\s/\\@:?#=;,&%\[\]<>"'`]+|\[?[0-9A-Fa-f.:]*:[0-9A-Fa-f.:]*:[0-9A-Fa-f.:]*\]?)?"#;

/// A setting of the table.
pub(super) fn scalar(path: &str) -> Schema {
    let value = declared(known(path));
    match EXAMPLES.iter().find(|(known, _)| *known == path) {
        Some((_, example)) => value.example(example),
        None => value,
    }
}

/// What a setting takes. Where it has a default, null is this default.
pub(super) fn declared(setting: &Setting) -> Schema {
    let value = match setting.values {
        Values::Flag => Schema::flag(),
        Values::Number(least, most) => Schema::number(least, most),
        Values::Text { longest, empty } => {
            let shortest = usize::from(!empty);
            Schema::new(Form::Text(Text { shortest, longest: Some(longest), as_written: true, ..Text::default() }))
        }
        Values::Host { empty } => {
            let pattern = Some(if empty { OPTIONAL_HOST } else { HOST });
            let shortest = usize::from(!empty);
            Schema::new(Form::Text(Text { shortest, longest: Some(HOST_LENGTH_MAX), pattern, as_written: true }))
        }
        Values::Word(words) => super::words(words),
        Values::TimeOfDay => Schema::pattern(UTC_TIME_OF_DAY),
    };
    let value = value.says(setting.description);
    match setting.default {
        Some(Literal::Flag(flag)) => value.or_null(flag),
        Some(Literal::Number(number)) => value.or_null(number),
        Some(Literal::Text(text)) => value.or_null(Value::from(text)),
        None => value,
    }
}
