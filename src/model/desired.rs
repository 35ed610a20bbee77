//! What a manifest declares, defaults made explicit, names not yet looked up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use uuid::Uuid;

use super::approval::ApprovalValue;
use super::attribute::Attribute;
use super::category::CategoryReference;
use super::connection::Connection;
use super::database_role::DatabaseRole;
use super::glob::Glob;
use super::management::Management;
use super::notifications::{MailKind, Recipients, SMTP_PASSWORD};
use super::origin::{Declared, Origin};
use super::rule::RuleDeadline;
use super::selector::Selector;
use super::synchronization::Schedule;

/// One WSUS server as its manifest declares it.
#[derive(Debug, Clone)]
pub struct Desired {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// Where the server is; none where the command line must say.
    pub connection: Option<Connection>,
    /// The pin `identity.serverId`.
    pub server_id: Option<Declared<Uuid>>,
    /// The id that the server may still have and that becomes the pinned one: `identity.replaces`.
    pub replaces: Option<Declared<Uuid>>,
    /// The settings.
    pub settings: Settings,
    /// Who is in the database's roles.
    pub database_roles: DatabaseRoles,
    /// What is synchronised and when.
    pub synchronization: Synchronization,
    /// Mails and who gets them.
    pub notifications: Notifications,
    /// The groups, parents before their children.
    pub groups: Vec<DesiredGroup>,
    /// The approval entries, in the manifest's order; one with a list of references is an entry for each of them.
    pub approvals: Vec<ApprovalEntry>,
    /// The decline entries, in the manifest's order.
    pub declines: Vec<DeclineEntry>,
    /// The automatic approval rules, in the manifest's order.
    pub rules: Vec<DesiredRule>,
    /// The downstream servers, in the manifest's order.
    pub downstream_servers: Vec<DesiredDownstreamServer>,
    /// Pruning, limits and what to ignore.
    pub management: Management,
    /// The document.
    pub origin: Origin,
}

/// The declared settings. What is absent is untouched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Settings of [`crate::model::setting::SETTINGS`] by path; each value is one that the setting takes.
    pub scalars: BTreeMap<&'static str, Declared<Attribute>>,
    /// `updateFiles.languages`.
    pub languages: Option<Declared<Languages>>,
    /// `updateFiles.contentPath`.
    pub content_path: Option<Declared<String>>,
    /// The place of `updateSource.proxy.password`, which only WSUS's own API can encrypt.
    pub proxy_password: Option<Origin>,
}

/// `updateFiles.languages`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Languages {
    /// All languages.
    All,
    /// These, by short name in lower case; never empty.
    Some(BTreeSet<String>),
}

/// `security.databaseRoles`: for each role that is declared all its members; the place is the key's.
pub type DatabaseRoles = BTreeMap<DatabaseRole, Declared<Vec<Declared<String>>>>;

/// `synchronization`. What is absent is untouched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Synchronization {
    /// When.
    pub schedule: Option<Declared<Schedule>>,
    /// Of which products, never of none; the place is the key's.
    pub products: Option<Declared<Vec<Declared<CategoryReference>>>>,
    /// Of which classifications, never of none; the place is the key's.
    pub classifications: Option<Declared<Vec<Declared<CategoryReference>>>>,
}

/// `notifications`. What is absent is untouched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notifications {
    /// Settings of [`super::notifications::NOTIFICATIONS`] by path; each value is one that the setting takes.
    pub scalars: BTreeMap<&'static str, Declared<Attribute>>,
    /// Who gets each mail, never nobody; the place is the key's.
    pub recipients: BTreeMap<MailKind, Declared<Recipients>>,
    /// The place of `notifications.smtp.password`, which only WSUS's own API can encrypt.
    pub smtp_password: Option<Origin>,
}

impl Notifications {
    /// Everything that is declared, with its place.
    pub fn places(&self) -> impl Iterator<Item = (&'static str, Origin)> {
        let Self { scalars, recipients, smtp_password } = self;
        let scalars = scalars.iter().map(|(path, declared)| (*path, declared.origin));
        let recipients = recipients.iter().map(|(kind, declared)| (kind.path(), declared.origin));
        scalars.chain(recipients).chain(smtp_password.map(|origin| (SMTP_PASSWORD, origin)))
    }
}

/// A declared computer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredGroup {
    /// The name as written, without spaces at its end.
    pub name: String,
    /// The group above it: an index into `Desired::groups`, below its own; none directly under All Computers.
    pub parent: Option<usize>,
    /// The computers that belong to it; none where the key is absent.
    pub computers: Option<Vec<Declared<Glob>>>,
    /// Computers that its patterns do not mean.
    pub except: Vec<Declared<Glob>>,
    /// Whether every name and pattern of `computers` has to find a computer.
    pub require_computers: bool,
    /// Its name's place.
    pub origin: Origin,
}

/// An entry of `approvals`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalEntry {
    /// Position in the manifest's list, from 0. The references of one list of updates share it.
    pub item: usize,
    /// The entry's name for people, if it has one.
    pub name: Option<String>,
    /// Which updates.
    pub update: UpdateReference,
    /// What each group does with them, in the manifest's order; no group twice.
    pub groups: Vec<GroupApproval>,
    /// Accept the licence terms that are pending.
    pub accept_license: bool,
    /// The entry's place.
    pub origin: Origin,
}

/// What one group does with the updates of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupApproval {
    /// The group's name as written, without spaces at its end.
    pub group: String,
    /// The approval.
    pub value: ApprovalValue,
    /// The place of the group's name.
    pub origin: Origin,
}

/// An entry of `declines`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclineEntry {
    /// Which updates.
    pub update: UpdateReference,
    /// The entry's place.
    pub origin: Origin,
}

/// An entry of `approvalRules`. What is absent is untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredRule {
    /// The name as written, without spaces at its end.
    pub name: String,
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// All its classifications.
    pub classifications: Option<Vec<Declared<CategoryReference>>>,
    /// All its products; a family stands for itself.
    pub products: Option<Vec<Declared<CategoryReference>>>,
    /// All its groups by name, without spaces at their ends.
    pub groups: Option<Vec<Declared<String>>>,
    /// The deadline of its approvals.
    pub deadline: Option<RuleDeadline>,
    /// Its name's place.
    pub origin: Origin,
}

/// An entry of `downstreamServers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredDownstreamServer {
    /// The full domain name as written, without spaces at its end.
    pub name: String,
    /// Whether it is to be a replica; else it is to be autonomous.
    pub replica: Option<bool>,
    /// How long ago it may have synchronised last.
    pub max_sync_age: Option<TimeDelta>,
    /// Its name's place.
    pub origin: Origin,
}

/// A reference to updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateReference {
    /// One update by its id.
    Id(Declared<Uuid>),
    /// All updates of a knowledge-base article, perhaps narrowed.
    Kb(KbReference),
    /// The updates that conditions choose.
    Select(Box<Selector>),
}

impl UpdateReference {
    /// Its place.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Id(id) => id.origin,
            Self::Kb(kb) => kb.kb.origin,
            Self::Select(selector) => selector.origin,
        }
    }
}

/// The updates of a knowledge-base article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KbReference {
    /// The article's number without `KB`, digits only.
    pub kb: Declared<String>,
    /// Only updates whose title matches.
    pub title: Option<Declared<Glob>>,
    /// Only updates of the product with this title (exact, without regard to case).
    pub product: Option<Declared<String>>,
    /// How many updates there must be, counted before any is left out.
    pub expect: Option<Declared<u32>>,
}
