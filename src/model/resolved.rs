//! What a manifest declares with every name looked up in a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::address::{Address, Kind};
use super::approval::ApprovalValue;
use super::attribute::Attribute;
use super::database_role::DatabaseRole;
use super::desired::{Languages, Notifications};
use super::listing::ListedDownstreamServer;
use super::management::Management;
use super::origin::{Declared, Origin};
use super::rule::RuleChange;
use super::synchronization::Schedule;

/// A group that exists, or one that the plan creates and that has no id yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupReference {
    /// By id.
    Existing(Uuid),
    /// By name as declared; unique under `name::fold`.
    Planned(String),
}

/// A manifest with ids.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// `metadata.name`.
    pub server_name: String,
    /// The id that the server gets; none where no id is to be replaced.
    pub identity: Option<ResolvedIdentity>,
    /// The declared settings; none where none is declared.
    pub settings: Option<ResolvedSettings>,
    /// What is synchronised and when; none where nothing of it is declared.
    pub synchronization: Option<ResolvedSynchronization>,
    /// Mails and who gets them, which need no look-up; none where nothing of them is declared.
    pub notifications: Option<Notifications>,
    /// The declared members of database roles.
    pub database_roles: ResolvedDatabaseRoles,
    /// The declared groups, parents before their children.
    pub groups: Vec<ResolvedGroup>,
    /// For each computer that a declared group names or matches, by TargetID: the declared groups it belongs to.
    pub memberships: BTreeMap<i32, ResolvedMembership>,
    /// Declared groups that have a `computers` key: pruning looks at these only.
    pub groups_with_computers: BTreeSet<GroupReference>,
    /// Groups that an approval entry or a rule names without `groups` declaring them: never pruned.
    pub referenced_groups: BTreeSet<Uuid>,
    /// The approvals that the entries yield.
    pub approvals: BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    /// What entries that mean declined updates only would yield, were these reinstated.
    pub reinstatable: BTreeMap<(Uuid, GroupReference), ResolvedApproval>,
    /// The updates that the entries decline.
    pub declines: BTreeMap<Uuid, ResolvedDecline>,
    /// Approvals on the server that only fell out of an entry: of updates that an article leaves out, that a selector means
    /// no more, or that it cannot approve as declared. Kept.
    pub lapsed: BTreeSet<(Uuid, Uuid)>,
    /// Declines on the server that only fell out of a selector. Kept.
    pub lapsed_declines: BTreeSet<Uuid>,
    /// The declared rules, in the manifest's order.
    pub rules: Vec<ResolvedRule>,
    /// The declared downstream servers, in the manifest's order: what is not as declared is among the findings.
    pub downstream_servers: Vec<ResolvedDownstreamServer>,
    /// Entries of downstream servers that pruning deletes, by the servers' own ids.
    pub prunable_downstream_servers: BTreeSet<Uuid>,
    /// Groups that pruning deletes.
    pub prunable_groups: BTreeSet<Uuid>,
    /// What each entry matched.
    pub entries: Vec<ResolvedEntry>,
    /// What waits for something outside: named computers that the server does not know.
    pub pending: Vec<Notice>,
    /// What deserves a look.
    pub warnings: Vec<Notice>,
    /// What is true and cannot be repaired from here.
    pub findings: Vec<Notice>,
    /// Pruning, limits and what to ignore.
    pub management: Management,
}

/// The id that a server gets in place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolvedIdentity {
    /// The new one.
    pub server_id: Declared<Uuid>,
    /// The old one.
    pub replaces: Uuid,
}

/// The declared settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolvedSettings {
    /// Settings of [`crate::model::setting::SETTINGS`] by path.
    pub scalars: BTreeMap<&'static str, Declared<Attribute>>,
    /// `updateFiles.languages`, every one of them known to the server.
    pub languages: Option<Declared<Languages>>,
    /// `updateFiles.contentPath`.
    pub content_path: Option<Declared<String>>,
    /// The place of the proxy's password, which cannot be written.
    pub proxy_password: Option<Origin>,
}

/// The declared members of database roles, by name as the database has them.
pub type ResolvedDatabaseRoles = BTreeMap<DatabaseRole, Declared<BTreeSet<String>>>;

/// What is synchronised and when, with every category known to the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolvedSynchronization {
    /// When.
    pub schedule: Option<Declared<Schedule>>,
    /// Of which products.
    pub products: Option<Declared<BTreeSet<Uuid>>>,
    /// Of which classifications.
    pub classifications: Option<Declared<BTreeSet<Uuid>>>,
}

/// A declared group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedGroup {
    /// The name as declared.
    pub name: String,
    /// The group itself.
    pub group: GroupReference,
    /// The group that it is declared under.
    pub parent: GroupReference,
    /// Its place.
    pub origin: Origin,
}

/// The declared groups of a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedMembership {
    /// The groups; never empty.
    pub groups: BTreeSet<GroupReference>,
    /// The pattern or name that brought it in first.
    pub origin: Origin,
}

/// A declared approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedApproval {
    /// The approval.
    pub value: ApprovalValue,
    /// Accept pending licence terms.
    pub accept_license: bool,
    /// The entry names the update by its id, which reinstates it where it is declined.
    pub by_id: bool,
    /// Its entry: an index into `Resolved::entries`.
    pub entry: usize,
    /// The place of the group's name in the entry.
    pub origin: Origin,
}

/// A declared decline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedDecline {
    /// Its entry: an index into `Resolved::entries`.
    pub entry: usize,
    /// The entry's place.
    pub origin: Origin,
}

/// A declared rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedRule {
    /// The name as declared.
    pub name: String,
    /// Its number; none where the server does not have it.
    pub id: Option<i32>,
    /// What is declared of it.
    pub wanted: RuleChange,
    /// Its name's place.
    pub origin: Origin,
}

/// A declared downstream server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedDownstreamServer {
    /// The name as declared.
    pub name: String,
    /// What the server knows of it: of several entries the newest, none where there is none.
    pub live: Option<ListedDownstreamServer>,
    /// Its name's place.
    pub origin: Origin,
}

/// What an entry of `approvals` or `declines` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedEntry {
    /// `Approval` or `Decline`.
    pub kind: Kind,
    /// Position among the manifest's entries of this kind, from 0; a list of references is an entry for each of them.
    pub index: usize,
    /// Position in the manifest's list, from 0; the references of one list share it.
    pub item: usize,
    /// How reports call it: its name, `KB5060526` or the update's id.
    pub label: String,
    /// Conditions choose its updates.
    pub selector: bool,
    /// Of approvals: the groups that it names, in its order.
    pub groups: Vec<GroupReference>,
    /// Number of updates that it yields.
    pub matched: usize,
    /// These updates, sorted.
    pub updates: Vec<Uuid>,
    /// Of declines: updates that its selector means and that an approval of the manifest keeps, sorted.
    pub kept: Vec<Uuid>,
    /// What was left out and why.
    pub skipped: Vec<Notice>,
    /// Approvals or declines on the server that only fell out of it and are kept, sorted; without what `management.ignore`
    /// hides.
    pub lapsed: Vec<Address>,
    /// Every update that the reference means is declined, so the entry does nothing without the permission to reinstate them.
    pub all_declined: bool,
    /// The entry's place.
    pub origin: Origin,
}

impl ResolvedEntry {
    /// How messages call the entry as a whole: `approvals[3]`.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::Entry { kind: self.kind, index: self.item }
    }
}

impl ResolvedSettings {
    /// Every declared setting with its place.
    pub fn places(&self) -> impl Iterator<Item = (&'static str, Origin)> {
        let Self { scalars, languages, content_path, proxy_password } = self;
        let others = [
            languages.as_ref().map(|declared| ("updateFiles.languages", declared.origin)),
            content_path.as_ref().map(|declared| ("updateFiles.contentPath", declared.origin)),
            proxy_password.map(|origin| ("updateSource.proxy.password", origin)),
        ];
        let scalars = scalars.iter().map(|(path, declared)| (*path, declared.origin));
        scalars.chain(others.into_iter().flatten())
    }
}

/// A message about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The object.
    pub address: Address,
    /// A stable word: `unknownComputer`, `expired`, ...
    pub code: &'static str,
    /// The message for people.
    pub message: String,
    /// The place that declared it, if one did.
    pub origin: Option<Origin>,
}
