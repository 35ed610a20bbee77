//! Rules about settings: what no save may leave behind, as far as the manifest alone tells.
//!
//! Source: learn.microsoft.com, IUpdateServerConfiguration (the save rules, grade A); windowsserverdocs (ports, grade A).

use super::super::document::{DeclaredSetting, Document, Languages};
use super::super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::attribute::Attribute;
use crate::model::origin::Origin;

/// Applies every rule about settings.
pub(super) fn check(document: &Document, problems: &mut Problems) {
    upstream_port(document, problems);
    proxy(document, problems);
    languages(document, problems);
    replica(document, problems);
    client_side_targeting(document, problems);
    content_path(document, problems);
}

/// The server keeps a whole path: nothing says what another would be relative to.
fn content_path(document: &Document, problems: &mut Problems) {
    let Some(path) = &document.settings.content_path else { return };
    let bytes = path.value.as_bytes();
    let on_a_drive = matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    if on_a_drive || path.value.starts_with(r"\\") {
        return;
    }
    problems.push(
        Diagnostic::error("relative-path", "a folder that is no whole path")
            .detail(format!("`{}` does not begin with a drive and a backslash, nor with \\\\", path.value))
            .at(path.origin, "")
            .help(r"write the folder as the server has it: 'D:\WSUS\WsusContent', or '\\SERVER\SHARE\WsusContent'"),
    );
}

fn declared<'d>(document: &'d Document, path: &str) -> Option<&'d DeclaredSetting> {
    document.settings.scalars.iter().find(|declared| declared.setting.path == path)
}

pub(super) fn says(document: &Document, path: &str, word: &str) -> Option<Origin> {
    let declared = declared(document, path)?;
    (declared.value == Attribute::text(word)).then_some(declared.origin)
}

/// WSUS does not listen on the web's ports.
fn upstream_port(document: &Document, problems: &mut Problems) {
    let Some(port) = declared(document, "updateSource.upstream.port") else { return };
    let usual = match port.value {
        Attribute::Int(443) => 8531,
        Attribute::Int(80) => 8530,
        _ => return,
    };
    problems.push(
        Diagnostic::warning("upstream-port", "an unusual port for WSUS")
            .detail(format!(
                "WSUS listens on 8530, or 8531 with TLS; this one is its port only where {usual} was changed"
            ))
            .at(port.origin, "")
            .help(format!("write {usual}, or leave it if the upstream server was moved to this port")),
    );
}

fn proxy(document: &Document, problems: &mut Problems) {
    let empty = |path| {
        declared(document, path)
            .filter(|declared| declared.value == Attribute::text(""))
            .map(|declared| declared.origin)
    };
    for (switch, host) in
        [("updateSource.proxy", "updateSource.proxy.host"), ("updateSource.proxy.tls", "updateSource.proxy.tls.host")]
    {
        if let (Some(_), Some(origin)) = (says(document, switch, "used"), empty(host)) {
            problems.push(
                Diagnostic::error("proxy-without-host", "a proxy without a name")
                    .at(origin, "is empty")
                    .help("write the proxy's name, or `none` instead of the map"),
            );
        }
    }
    let anonymous = declared(document, "updateSource.proxy.anonymous");
    let Some(anonymous) = anonymous else { return };
    match (&anonymous.value, declared(document, "updateSource.proxy.user")) {
        (Attribute::Bool(true), Some(user)) if user.value != Attribute::text("") => problems.push(
            Diagnostic::error("proxy-user-unused", "a proxy's user that is never used")
                .detail("with anonymous access no user is sent")
                .at(user.origin, "a user")
                .and(anonymous.origin, "anonymous access")
                .help("remove one of the two"),
        ),
        (Attribute::Bool(false), Some(user)) if user.value == Attribute::text("") => problems.push(
            Diagnostic::error("proxy-without-user", "a proxy that wants a user, and no user")
                .at(user.origin, "is empty")
                .and(anonymous.origin, "no anonymous access")
                .help("write the user, or anonymous: true"),
        ),
        _ => {}
    }
}

fn languages(document: &Document, problems: &mut Problems) {
    let Some(languages) = &document.settings.languages else { return };
    let Languages::Some(_) = languages.value else { return };
    if let Some(store) = says(document, "updateFiles.store", "microsoftUpdate") {
        problems.push(
            Diagnostic::error("languages-without-files", "some languages, and no files on the server")
                .detail("where files stay on Microsoft Update, WSUS wants all languages")
                .at(languages.origin, "some languages")
                .and(store, "files stay on Microsoft Update")
                .help("write languages: all, or store: local"),
        );
    }
}

/// What a replica takes from its parent.
fn replica(document: &Document, problems: &mut Problems) {
    let Some(mode) = says(document, "updateSource.upstream.mode", "replica") else { return };
    let taken = [
        ("approvals", document.approvals.first().map(|approval| approval.origin)),
        ("declines", document.declines.first().map(|decline| decline.origin)),
        ("approvalRules", document.approval_rules.first().map(|rule| rule.name.origin)),
        ("updateFiles.languages", document.settings.languages.as_ref().map(|languages| languages.origin)),
    ];
    for (key, origin) in taken {
        if let Some(origin) = origin {
            problems.push(
                Diagnostic::error("declared-on-replica", "a replica takes this from its parent")
                    .detail(format!("the server is to be a replica, so its `{key}` cannot be declared"))
                    .at(origin, "cannot be declared for a replica")
                    .and(mode, "a replica")
                    .help(format!("declare it for the upstream server and remove `{key}` here")),
            );
        }
    }
}

/// Group policy places computers.
fn client_side_targeting(document: &Document, problems: &mut Problems) {
    let Some(targeting) = says(document, "targeting", "client") else { return };
    let mut groups: Vec<_> = document.groups.iter().collect();
    while let Some(group) = groups.pop() {
        groups.extend(&group.groups);
        let Some(computers) = &group.computers else { continue };
        problems.push(
            Diagnostic::error("computers-under-client-side-targeting", "group policy places the computers")
                .detail(format!(
                    "with client-side targeting the computers of `{}` cannot be declared",
                    group.name.value
                ))
                .at(computers.origin, "computers of a group")
                .and(targeting, "client-side targeting")
                .help("remove `computers` and `except` from the group"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::manifest::{ReadLimits, read};
    use crate::model::attribute::Attribute;
    use crate::model::desired::{Desired, Languages};

    fn read_spec(spec: &str) -> (Vec<Desired>, Diagnostics) {
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: hq}}\nspec:\n  {}\n",
            spec.replace('\n', "\n  ")
        );
        read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default())
    }

    #[track_caller]
    fn server(spec: &str) -> Desired {
        let (mut servers, problems) = read_spec(spec);
        assert!(!problems.has_errors(), "{problems:?}");
        servers.remove(0)
    }

    fn codes(spec: &str) -> Vec<&'static str> {
        read_spec(spec).1.0.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn what_is_declared_is_all_that_is_set() {
        let settings = server(
            "updateSource:\n  from: {upstream: {server: hq.contoso.com, port: 8531, tls: true}}\n  proxy: none\n\
             updateFiles: {download: onApproval, express: null, languages: [EN, de]}\ntargeting: client\nlogging: {level: info}",
        )
        .settings;
        let values: Vec<(&str, Attribute)> =
            settings.scalars.into_iter().map(|(path, value)| (path, value.value)).collect();
        assert_eq!(
            values,
            [
                ("logging.level", Attribute::text("info")),
                ("targeting", Attribute::text("client")),
                ("updateFiles.download", Attribute::text("onApproval")),
                ("updateFiles.express", Attribute::Bool(false)),
                ("updateSource.from", Attribute::text("upstream")),
                ("updateSource.proxy", Attribute::text("none")),
                ("updateSource.upstream.port", Attribute::Int(8531)),
                ("updateSource.upstream.server", Attribute::text("hq.contoso.com")),
                ("updateSource.upstream.tls", Attribute::Bool(true)),
            ]
        );
        let Languages::Some(languages) = settings.languages.unwrap().value else { panic!("some languages") };
        assert!(languages.iter().eq(["de", "en"]));
    }

    #[test]
    fn values_out_of_range_and_contradictions_are_refused() {
        for (spec, code) in [
            ("updateSource: {from: {}}", "no-source"),
            ("updateSource: {from: {microsoftUpdate: {}, upstream: {server: a}}}", "two-sources"),
            ("updateSource: {from: {upstream: {}}}", "missing-key"),
            ("updateSource: {from: {upstream: {server: ''}}}", "empty-name"),
            ("updateSource: {from: {upstream: {server: a, port: 0}}}", "out-of-range"),
            ("updateSource: {from: {upstream: {server: a, port: 65536}}}", "out-of-range"),
            ("updateSource: {from: {upstream: {server: a, tls: yes}}}", "wrong-type"),
            ("updateSource: {from: {upstream: {server: a, mode: replicate}}}", "unknown-word"),
            ("updateSource: {from: {upstream: {server: null}}}", "null"),
            ("updateSource: {proxy: all}", "unknown-word"),
            ("updateSource: {proxy: null}", "null"),
            ("updateFiles: {contentPath: WsusContent}", "relative-path"),
            ("updateFiles: {contentPath: 'D:WsusContent'}", "relative-path"),
            (r"updateFiles: {contentPath: '\WSUS\WsusContent'}", "relative-path"),
            ("updateFiles: {contentPath: '%SystemDrive%\\WSUS'}", "relative-path"),
            ("updateSource: {proxy: {host: ''}}", "proxy-without-host"),
            ("updateSource: {proxy: {host: a, user: b, anonymous: true}}", "proxy-user-unused"),
            ("updateSource: {proxy: {host: a, user: '', anonymous: false}}", "proxy-without-user"),
            ("updateSource: {proxy: {host: a, password: hunter2}}", "literal-secret"),
            ("updateFiles: {languages: []}", "no-languages"),
            ("updateFiles: {languages: english}", "unknown-word"),
            ("updateFiles: {store: microsoftUpdate, languages: [en]}", "languages-without-files"),
            ("targeting: [server]", "wrong-type"),
            ("targeting: client\ngroups: [{name: A, computers: [b]}]", "computers-under-client-side-targeting"),
            ("serverLimits: {computers: -1}", "out-of-range"),
            ("serverLimits: {computers: 1e3}", "wrong-type"),
            ("serverLimits: {computers: 99999999999999999999}", "out-of-range"),
            ("serverLimits: {computers: null}", "null"),
            ("logging: {levle: info}", "unknown-key"),
            ("advanced: {localPublishingMaxCabSize: 2048}", "out-of-range"),
            ("security: {cookies: {server: ten}}", "wrong-type"),
            (
                "updateSource: {from: {upstream: {server: a, mode: replica}}}\ndeclines: [KB5055555]",
                "declared-on-replica",
            ),
        ] {
            assert_eq!(codes(spec), [code], "{spec}");
        }
    }

    #[test]
    fn the_webs_ports_are_a_warning() {
        assert_eq!(codes("updateSource: {from: {upstream: {server: a, port: 443}}}"), ["upstream-port"]);
        assert!(codes("updateSource: {from: {upstream: {server: a, port: 8531}}}").is_empty());
    }
}
