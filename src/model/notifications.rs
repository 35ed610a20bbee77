//! Mails that a server sends: about new updates, and about its status.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::attribute::Attribute;
use super::configuration::Configuration;
use super::name::fold;
use super::setting::{Cell, Literal, Setting, SettingRisk, Values};

/// The address of the mail server's password, which only WSUS's own API can encrypt.
pub const SMTP_PASSWORD: &str = "notifications.smtp.password";

/// The column that says how often the status is sent: a name in the row, a number in the model.
pub const FREQUENCY: &str = "StatusNotification";
/// The column with the time of day at which the status is sent, in seconds from midnight UTC.
pub const TIME_OF_DAY: &str = "StatusNotificationTimeOfDay";
/// The column that says whether the status is sent.
pub const SENDS_STATUS: &str = "EmailNeedToSendStatusNotification";
/// The column that says whether new updates are told.
pub const SENDS_NEW_UPDATES: &str = "EmailNeedToSendNewSyncNotification";

/// How often the status is sent, by the name that WSUS gives it and by its number.
///
/// Source: learn.microsoft.com, EmailStatusNotificationFrequency (names, grade A); PoshWSUS assemblies (numbers, grade B).
pub const FREQUENCIES: [(&str, i64); 2] = [("Daily", 1), ("Weekly", 2)];

/// The longest address in UTF-16 code units, of a recipient and of the sender.
///
/// Source: learn.microsoft.com, bb530787 and bb530788 (recipients), bb530784 (sender) (grade A).
pub const ADDRESS_LENGTH_MAX: usize = 256;

/// The longest list of recipients of one mail in UTF-16 code units, as one text with a character between two addresses.
///
/// Source: learn.microsoft.com, bb530787 and bb530788 (grade A).
pub const RECIPIENTS_LENGTH_MAX: usize = 2560;

/// The length of a list of recipients as one text.
#[must_use]
pub fn recipients_length<'a>(addresses: impl IntoIterator<Item = &'a str>) -> usize {
    let with_separators = addresses.into_iter().map(|address| address.encode_utf16().count() + 1).sum::<usize>();
    with_separators.saturating_sub(1)
}

const USED: Values = Values::Word(&[("none", 0), ("used", 1)]);
const OFTEN: Values = Values::Word(&[("daily", 1), ("weekly", 2)]);
const HOST: Values = Values::Host { empty: false };
const NAME: Values = Values::Text { longest: 256, empty: true };
const ADDRESS: Values = Values::Text { longest: ADDRESS_LENGTH_MAX, empty: false };
const LANGUAGE: Values = Values::Text { longest: 16, empty: false };

/// Every setting that is a column of the row of mails.
///
/// Source: MS-WSUSAR 2.2.4.11 (the row's columns, grade A); learn.microsoft.com, IEmailNotificationConfiguration (meanings,
/// grade A); TraGicCode/tragiccode-wsusserver, issue 8 (what a server shows that nobody configured, grade A). That texts
/// have these lengths is our guess (grade C).
pub const NOTIFICATIONS: &[Setting] = &[
    row("notifications.smtp.server", "SmtpHostName", HOST, None, "The mail server's name."),
    row(
        "notifications.smtp.port",
        "SmtpPort",
        Values::Number(1, 65_535),
        Some(Literal::Number(25)),
        "The mail server's port.",
    ),
    row(
        "notifications.smtp.authentication",
        "SmtpServerRequireAuthentication",
        Values::Flag,
        Some(Literal::Flag(false)),
        "Whether the mail server wants a user and a password.",
    ),
    row("notifications.smtp.user", "SmtpUserName", NAME, None, "The user towards the mail server."),
    row("notifications.sender.name", "SmtpUserDisplayName", NAME, None, "The sender's name, for people."),
    row("notifications.sender.address", "SmtpUserMailAddress", ADDRESS, None, "The sender's address."),
    row(
        "notifications.language",
        "EmailLanguage",
        LANGUAGE,
        Some(Literal::Text("en")),
        "The language of mails, by its short name.",
    ),
    row(
        "notifications.newUpdates",
        SENDS_NEW_UPDATES,
        USED,
        None,
        "Mails about updates that a synchronisation brought, or none.",
    ),
    row("notifications.status", SENDS_STATUS, USED, None, "Mails about the server's status, or none."),
    row("notifications.status.frequency", FREQUENCY, OFTEN, None, "How often mails about the status are sent."),
    row("notifications.status.at", TIME_OF_DAY, Values::TimeOfDay, None, "When they are sent: a UTC time of day."),
];

const fn row(
    path: &'static str,
    column: &'static str,
    values: Values,
    default: Option<Literal>,
    description: &'static str,
) -> Setting {
    Setting { path, column, values, default, risk: SettingRisk::Low, description }
}

/// Columns of the row that no key drives, and why.
pub const NOT_NOTIFICATIONS: &[(&str, &str)] = &[("LastModifiedBy", "a stamp"), ("LastModifiedTime", "a stamp")];

/// The column that says whether the server logs in to the mail server, so that a password is in use.
pub const AUTHENTICATION: &str = "SmtpServerRequireAuthentication";

/// The setting with this path.
#[must_use]
pub fn notification(path: &str) -> Option<&'static Setting> {
    NOTIFICATIONS.iter().find(|setting| setting.path == path)
}

/// Whether a manifest may say this text: a mail could be sent with it.
#[must_use]
pub fn may_say(setting: &Setting, text: &str) -> bool {
    match setting.values {
        ADDRESS => is_address(text),
        LANGUAGE => {
            text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        }
        _ => !text.contains(char::is_control),
    }
}

/// Whether somebody could get mail by this address. What it means is the mail server's business; what the console takes for
/// the end of an address, and what ends a line of a mail's head, can be in none.
///
/// Source: MicrosoftDocs security-updates, Set Up E-Mail Notifications (semicolons separate addresses, grade A).
#[must_use]
pub fn is_address(text: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || ",;<>\"".contains(c);
    text.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
        && !text.contains(bad)
        && text.encode_utf16().count() <= ADDRESS_LENGTH_MAX
}

/// Whether a wanted cell of a column is what the row holds.
#[must_use]
pub fn is_held(column: &str, wanted: &Cell, live: Option<&Cell>) -> bool {
    let setting = NOTIFICATIONS.iter().find(|setting| setting.column.eq_ignore_ascii_case(column));
    live.is_some_and(|live| setting.map_or_else(|| wanted.is(live), |setting| is_same(setting, wanted, live)))
}

/// Whether two cells of a column hold the same. A language's name is the same in whatever case, and NULL and an empty text
/// both say nothing.
#[must_use]
pub fn is_same(setting: &Setting, one: &Cell, other: &Cell) -> bool {
    let empty = |cell: &Cell| matches!(cell, Cell::Null) || matches!(cell, Cell::Text(text) if text.is_empty());
    match (one, other) {
        (Cell::Text(one), Cell::Text(other)) if setting.values == LANGUAGE => fold(one) == fold(other),
        _ => one.is(other) || (empty(one) && empty(other)),
    }
}

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailKind {
    /// Updates that a synchronisation brought.
    NewUpdates,
    /// The server's status.
    Status,
}

impl MailKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::NewUpdates, Self::Status];

    /// The address of those who get it.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::NewUpdates => "notifications.newUpdates.recipients",
            Self::Status => "notifications.status.recipients",
        }
    }

    /// The column that says whether it is sent.
    #[must_use]
    pub fn switch(self) -> &'static str {
        match self {
            Self::NewUpdates => SENDS_NEW_UPDATES,
            Self::Status => SENDS_STATUS,
        }
    }

    /// What WSUS calls it.
    ///
    /// Source: PoshWSUS assemblies, TypeScript WSUS console (grade A).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewUpdates => "NewSync",
            Self::Status => "Summary",
        }
    }

    /// The number that tbEmailNotificationRecipient has for it.
    ///
    /// Source: PoshWSUS assemblies (2 and 3, grade B); WSUSMaintenance, OtherStep/SendEmail.cs (3, grade A).
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::NewUpdates => 2,
            Self::Status => 3,
        }
    }
}

/// A set of mail addresses. Two are equal whose addresses are, without regard to case.
#[derive(Debug, Clone, Default)]
pub struct Recipients(BTreeMap<String, String>);

impl Recipients {
    /// The addresses as they were written, sorted without regard to case.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that another set lacks, as they are written here.
    #[must_use]
    pub fn without(&self, other: &Self) -> Vec<String> {
        self.0.iter().filter(|(folded, _)| !other.0.contains_key(*folded)).map(|(_, written)| written.clone()).collect()
    }

    /// The set as plans show it.
    #[must_use]
    pub fn attribute(&self) -> Attribute {
        Attribute::List(self.addresses().map(Attribute::text).collect())
    }
}

impl PartialEq for Recipients {
    fn eq(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }
}

impl Eq for Recipients {}

impl<S: AsRef<str>> FromIterator<S> for Recipients {
    fn from_iter<I: IntoIterator<Item = S>>(addresses: I) -> Self {
        let written = addresses.into_iter().map(|address| address.as_ref().trim().to_owned());
        Self(written.filter(|address| !address.is_empty()).map(|address| (fold(&address), address)).collect())
    }
}

impl std::fmt::Display for Recipients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_empty() {
            return f.write_str("nobody");
        }
        f.write_str(&self.addresses().collect::<Vec<_>>().join(", "))
    }
}

/// What of a server's mails a save changes.
///
/// Mails about the status are scheduled besides, where what changes has to do with when they are sent.
#[must_use]
pub fn reschedules(cells: &BTreeMap<String, Cell>) -> bool {
    let changes = |column: &str| cells.get(&column.to_lowercase());
    changes(FREQUENCY).is_some()
        || changes(TIME_OF_DAY).is_some()
        || changes(SENDS_STATUS).is_some_and(|cell| cell.is(&Cell::Int(1)))
}

/// Who gets which mails, and how the server sends them, as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveNotifications {
    /// The row; empty where the server has none.
    pub row: Configuration,
    /// Who changed the row last, and when, where it says so.
    pub changed: Option<(String, DateTime<Utc>)>,
    /// Who gets each mail.
    pub recipients: BTreeMap<MailKind, Recipients>,
    /// Columns that the live procedure for saving has no parameter for: what they hold cannot be changed.
    pub unsaved: BTreeSet<String>,
    /// A parameter of the live procedure for the password, which no read gives: leaving it out might clear the password.
    pub password_parameter: Option<String>,
}

impl LiveNotifications {
    /// Who gets a mail.
    #[must_use]
    pub fn recipients(&self, kind: MailKind) -> Recipients {
        self.recipients.get(&kind).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Cell, MailKind, NOT_NOTIFICATIONS, NOTIFICATIONS, Recipients, is_same, notification, reschedules};
    use crate::model::attribute::Attribute;

    #[test]
    fn every_column_is_driven_by_one_key_and_every_key_drives_one() {
        let paths: BTreeSet<&str> = NOTIFICATIONS.iter().map(|setting| setting.path).collect();
        let columns: BTreeSet<&str> = NOTIFICATIONS.iter().map(|setting| setting.column).collect();
        assert_eq!((paths.len(), columns.len()), (NOTIFICATIONS.len(), NOTIFICATIONS.len()));
        assert!(NOT_NOTIFICATIONS.iter().all(|(column, _)| !columns.contains(column)));
        assert!(MailKind::ALL.iter().all(|kind| columns.contains(kind.switch())));
    }

    #[test]
    fn defaults_are_values_that_the_setting_takes() {
        for setting in NOTIFICATIONS {
            if let Some(default) = setting.default {
                let cell = setting.cell(&default.attribute()).unwrap();
                assert_eq!(setting.value(&cell), default.attribute(), "{}", setting.path);
            }
        }
    }

    #[test]
    fn a_time_of_day_is_seconds_in_the_row_and_utc_in_a_manifest() {
        let at = notification("notifications.status.at").unwrap();
        assert_eq!(at.cell(&Attribute::text("08:30Z")), Some(Cell::Int(30_600)));
        assert_eq!(at.value(&Cell::Int(5603)), Attribute::text("01:33:23Z"));
        assert_eq!(at.cell(&Attribute::text("01:33:23Z")), Some(Cell::Int(5603)));
        assert_eq!(at.cell(&Attribute::text("08:30")), None);
    }

    #[test]
    fn recipients_are_a_set_without_regard_to_case() {
        let one: Recipients = ["B@contoso.com", "a@contoso.com", " "].into_iter().collect();
        let other: Recipients = ["A@contoso.com ", "b@contoso.com"].into_iter().collect();
        assert_eq!(one, other);
        assert_eq!(one.to_string(), "a@contoso.com, B@contoso.com");
        let more: Recipients = ["a@contoso.com", "c@contoso.com"].into_iter().collect();
        assert_eq!(
            (more.without(&one), one.without(&more)),
            (vec!["c@contoso.com".into()], vec!["B@contoso.com".into()])
        );
        assert_eq!(Recipients::default().to_string(), "nobody");
    }

    #[test]
    fn languages_compare_without_regard_to_case_and_nothing_is_nothing() {
        let text = |text: &str| Cell::Text(text.into());
        let language = notification("notifications.language").unwrap();
        assert!(is_same(language, &text("zh-CN"), &text("zh-cn")));
        let user = notification("notifications.smtp.user").unwrap();
        assert!(!is_same(user, &text("Svc"), &text("svc")));
        assert!(is_same(user, &Cell::Null, &text("")));
    }

    #[test]
    fn mails_about_the_status_are_scheduled_when_their_time_changes() {
        let cells = |column: &str, cell| [(column.to_lowercase(), cell)].into_iter().collect();
        assert!(reschedules(&cells(super::TIME_OF_DAY, Cell::Int(1))));
        assert!(reschedules(&cells(super::SENDS_STATUS, Cell::Int(1))));
        assert!(!reschedules(&cells(super::SENDS_STATUS, Cell::Int(0))));
        assert!(!reschedules(&cells("SmtpPort", Cell::Int(25))));
    }
}
