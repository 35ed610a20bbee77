//! Rules about mails: what no mail could be sent with.

use std::collections::BTreeMap;

use super::super::document::{DeclaredSetting, Document, Recipients};
use super::super::problems::Problems;
use crate::diagnostic::Diagnostic;
use crate::model::attribute::Attribute;
use crate::model::name::fold;
use crate::model::notifications::{ADDRESS_LENGTH_MAX, RECIPIENTS_LENGTH_MAX, is_address, may_say, recipients_length};
use crate::model::origin::{Declared, Origin};
use crate::model::setting::Values;

/// Applies every rule about mails.
pub(super) fn check(document: &Document, problems: &mut Problems) {
    let notifications = &document.notifications;
    notifications.recipients.iter().for_each(|recipients| addresses(recipients, problems));
    for declared in &notifications.scalars {
        texts(declared, problems);
    }
    user(document, problems);
}

fn declared<'d>(document: &'d Document, path: &str) -> Option<&'d DeclaredSetting> {
    document.notifications.scalars.iter().find(|declared| declared.setting.path == path)
}

/// Every address can be one, and none is there twice.
fn addresses(recipients: &Recipients, problems: &mut Problems) {
    let mut seen: BTreeMap<String, Origin> = BTreeMap::new();
    for Declared { value, origin } in &recipients.addresses {
        let address = value.trim();
        address_like(address, *origin, problems);
        if let Some(first) = seen.get(&fold(address)) {
            problems.push(
                Diagnostic::error("duplicate-item", "an item twice in a list")
                    .detail(format!("`{address}` stands in the list already"))
                    .at(*origin, "again here")
                    .and(*first, "first here"),
            );
        }
        seen.entry(fold(address)).or_insert(*origin);
    }
    let length = recipients_length(recipients.addresses.iter().map(|address| address.value.trim()));
    if length > RECIPIENTS_LENGTH_MAX {
        problems.push(
            Diagnostic::error("too-many-recipients", "a list of recipients that WSUS does not take")
                .detail(format!(
                    "the addresses have {length} characters together, with one between two of them, and WSUS takes \
                     {RECIPIENTS_LENGTH_MAX} for one mail"
                ))
                .at(recipients.origin, "")
                .help("send the mail to a distribution list, and name its address"),
        );
    }
}

fn address_like(address: &str, origin: Origin, problems: &mut Problems) {
    if is_address(address) {
        return;
    }
    let length = address.encode_utf16().count();
    let detail = if length > ADDRESS_LENGTH_MAX {
        format!("it has {length} characters, and WSUS takes {ADDRESS_LENGTH_MAX}")
    } else {
        format!("`{address}` is no address as user@host")
    };
    problems.push(
        Diagnostic::error("bad-address", "not a mail address")
            .detail(detail)
            .at(origin, "")
            .help("write one address an item, without a name or brackets: wsus-admins@contoso.com"),
    );
}

fn texts(declared: &DeclaredSetting, problems: &mut Problems) {
    let DeclaredSetting { setting, value: Attribute::Text(text), origin } = declared else { return };
    if !matches!(setting.values, Values::Text { .. }) || may_say(setting, text) {
        return;
    }
    let problem = match setting.path {
        "notifications.sender.address" => return address_like(text, *origin, problems),
        "notifications.language" => Diagnostic::error("bad-language", "not a language")
            .detail(format!("`{text}` is no short name of a language"))
            .help("write a short name as en, de or zh-cn"),
        _ => Diagnostic::error("bad-character", "a character that cannot be here")
            .detail("a name in the head of a mail is one line without control characters"),
    };
    problems.push(problem.at(*origin, ""));
}

/// A user is sent only where the mail server wants one.
fn user(document: &Document, problems: &mut Problems) {
    let (Some(authentication), Some(user)) =
        (declared(document, "notifications.smtp.authentication"), declared(document, "notifications.smtp.user"))
    else {
        return;
    };
    let named = user.value != Attribute::text("");
    match authentication.value {
        Attribute::Bool(false) if named => problems.push(
            Diagnostic::error("smtp-user-unused", "a mail server's user that is never used")
                .detail("without authentication no user is sent")
                .at(user.origin, "a user")
                .and(authentication.origin, "no authentication")
                .help("remove one of the two"),
        ),
        Attribute::Bool(true) if !named => problems.push(
            Diagnostic::error("smtp-without-user", "a mail server that wants a user, and no user")
                .at(user.origin, "is empty")
                .and(authentication.origin, "authentication")
                .help("write the user, or authentication: false"),
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::manifest::{ReadLimits, read};
    use crate::model::attribute::Attribute;
    use crate::model::desired::Desired;
    use crate::model::notifications::MailKind;

    fn read_section(section: &str) -> (Vec<Desired>, Diagnostics) {
        let text = format!(
            "apiVersion: wsusctl/v1alpha1\nkind: WsusServer\nmetadata: {{name: hq}}\nspec:\n  notifications: {section}\n"
        );
        read("hq.yaml", text.as_bytes(), &mut Sources::default(), &ReadLimits::default())
    }

    #[test]
    fn what_is_declared_is_all_that_is_set() {
        let (servers, problems) = read_section(
            "{smtp: {server: mail.contoso.com, port: null, user: svc, authentication: true}, language: de, newUpdates: none, \
             status: {recipients: [b@contoso.com, A@contoso.com], frequency: weekly, at: \"08:00Z\"}}",
        );
        assert!(!problems.has_errors(), "{problems:?}");
        let notifications = &servers[0].notifications;
        let values: Vec<(&str, Attribute)> =
            notifications.scalars.iter().map(|(path, declared)| (*path, declared.value.clone())).collect();
        assert_eq!(
            values,
            [
                ("notifications.language", Attribute::text("de")),
                ("notifications.newUpdates", Attribute::text("none")),
                ("notifications.smtp.authentication", Attribute::Bool(true)),
                ("notifications.smtp.port", Attribute::Int(25)),
                ("notifications.smtp.server", Attribute::text("mail.contoso.com")),
                ("notifications.smtp.user", Attribute::text("svc")),
                ("notifications.status", Attribute::text("used")),
                ("notifications.status.at", Attribute::text("08:00Z")),
                ("notifications.status.frequency", Attribute::text("weekly")),
            ]
        );
        assert_eq!(notifications.recipients[&MailKind::Status].value.to_string(), "A@contoso.com, b@contoso.com");
        assert!(!notifications.recipients.contains_key(&MailKind::NewUpdates));
    }

    #[test]
    fn a_list_of_recipients_has_a_length() {
        // Each of 256 characters, and nine separators: nine and a bit fit.
        let list = |count: usize, last: usize| {
            let address = |number: usize, length: usize| format!("{number}{}@b", "a".repeat(length - 3));
            let full = (0..count).map(|number| address(number, 256));
            let all: Vec<String> = full.chain((last > 0).then(|| address(9, last))).collect();
            read_section(&format!("{{status: {{recipients: [{}]}}}}", all.join(", "))).1.0
        };
        assert_eq!(list(9, 247), []);
        let problems = list(9, 248);
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["too-many-recipients"]);
        assert!(problems[0].detail.contains("have 2561 characters"), "{}", problems[0].detail);
        assert!(list(1, 257).iter().any(|problem| problem.code == "bad-address"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (section, code) in [
            ("null", "null"),
            ("[smtp]", "wrong-type"),
            ("{mail: {}}", "unknown-key"),
            ("{smtp: {}, sender: {}, status: {at: null}}", "null"),
            ("{smtp: {server: ''}}", "empty-name"),
            ("{smtp: {server: null}}", "null"),
            ("{smtp: {server: a b}}", "not-a-host"),
            ("{smtp: {port: 0}}", "out-of-range"),
            ("{smtp: {port: 65536}}", "out-of-range"),
            ("{smtp: {port: smtp}}", "wrong-type"),
            ("{smtp: {authentication: yes}}", "wrong-type"),
            ("{smtp: {authentication: false, user: svc}}", "smtp-user-unused"),
            ("{smtp: {user: svc, authentication: null}}", "smtp-user-unused"),
            ("{smtp: {authentication: true, user: ''}}", "smtp-without-user"),
            ("{smtp: {user: null}}", "null"),
            ("{smtp: {password: hunter2}}", "literal-secret"),
            ("{sender: {address: WSUS}}", "bad-address"),
            ("{sender: {address: ''}}", "empty-name"),
            ("{sender: {name: \"a\\nBcc: b@c\"}}", "bad-character"),
            ("{language: [en]}", "wrong-type"),
            ("{language: ''}", "empty-name"),
            ("{language: en us}", "bad-language"),
            ("{language: a-language-with-a-long-name}", "too-long"),
            ("{newUpdates: null}", "null"),
            ("{newUpdates: daily}", "unknown-word"),
            ("{newUpdates: {at: \"08:00Z\"}}", "unknown-key"),
            ("{newUpdates: {recipients: []}}", "no-recipients"),
            ("{newUpdates: {recipients: null}}", "null"),
            ("{newUpdates: {recipients: a@b}}", "wrong-type"),
            ("{newUpdates: {recipients: [\"a@b;c@d\"]}}", "bad-address"),
            ("{newUpdates: {recipients: [\"Anna <a@b>\"]}}", "bad-address"),
            ("{newUpdates: {recipients: ['@b']}}", "bad-address"),
            ("{newUpdates: {recipients: [a@b, A@B]}}", "duplicate-item"),
            ("{status: {frequency: hourly}}", "unknown-word"),
            ("{status: {frequency: null}}", "null"),
            ("{status: {at: \"08:00\"}}", "bad-time-of-day"),
            ("{status: {at: \"25:00Z\"}}", "bad-time-of-day"),
            ("{status: {at: 8}}", "bad-time-of-day"),
        ] {
            let problems = read_section(section).1;
            assert_eq!(problems.0.iter().map(|problem| problem.code).collect::<Vec<_>>(), [code], "{section}");
            assert_eq!(problems.0[0].primary.as_ref().unwrap().origin.line, 5, "{section}");
        }
    }
}
