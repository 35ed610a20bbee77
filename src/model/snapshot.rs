//! What was read from a server.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::{Uuid, uuid};

use super::category::Categories;
use super::configuration::LiveSettings;
use super::database_role::LivePrincipals;
use super::listing::ListedDownstreamServer;
use super::notifications::LiveNotifications;
use super::object::ServerIdentity;
use super::procedure::{Procedure, ProcedureState};
use super::rule::Rules;
use super::scope::ReadScope;
use super::selector::{Severity, UpdateType};
use super::synchronization::LiveSynchronization;

/// The built-in group of all computers.
///
/// Source: WSUSpendu, MS-WSUSSS (grade A).
pub const ALL_COMPUTERS: Uuid = uuid!("a0a08746-4dbe-4a37-9adf-9e7652c0b421");
/// The built-in group of computers that belong to no other.
///
/// Source: WSUSpendu, MS-WSUSSS (grade A).
pub const UNASSIGNED_COMPUTERS: Uuid = uuid!("b73ca6ed-5727-47f3-84de-015e03f6a88a");
/// `AdminName` of what WSUS does by itself: approval rules, replication.
///
/// Source: scaffold of a live SUSDB, WSUSpendu (grade A).
pub const AUTOMATIC_ADMIN_NAME: &str = "WUS Server";

/// A server as it was read, within a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When the read began, by the server's clock.
    pub taken_at: DateTime<Utc>,
    /// What was asked for: absence outside it means nothing.
    pub scope: ReadScope,
    /// The server's own facts.
    pub server: ServerFacts,
    /// The settings; none unless the scope asks for them.
    pub settings: Option<LiveSettings>,
    /// Automatic approval rules; none unless the scope asks for them.
    pub rules: Option<Rules>,
    /// Downstream servers, those below others included; none unless the scope asks for them.
    pub downstream_servers: Option<Vec<ListedDownstreamServer>>,
    /// What is synchronised and when; none unless the scope asks for it.
    pub synchronization: Option<LiveSynchronization>,
    /// Mails and who gets them; none unless the scope asks for them.
    pub notifications: Option<LiveNotifications>,
    /// Database roles and principals; none unless the scope asks for them.
    pub database_roles: Option<LivePrincipals>,
    /// Computer groups by id: type 0 only, the built-in ones included.
    pub groups: BTreeMap<Uuid, TargetGroup>,
    /// Computers by TargetID; empty unless the scope asks for them.
    pub computers: BTreeMap<i32, Computer>,
    /// Explicit memberships as (group, TargetID), those of the built-in groups left out.
    pub memberships: BTreeSet<(Uuid, i32)>,
    /// Group names that computers ask for under client-side targeting and no group has, with their number of computers.
    pub requested_groups: BTreeMap<String, u32>,
    /// Every classification, product and product family; empty unless the scope asks for updates, rules or for what is
    /// synchronised.
    pub categories: Categories,
    /// Updates by id: those in scope that exist, and those that supersede them where the scope asks for these.
    pub updates: BTreeMap<Uuid, Update>,
    /// Every knowledge-base article of the server, digits only, where one of the scope has no update: to say what may have
    /// been meant. Empty where none is missing.
    pub articles: BTreeSet<String>,
    /// Of articles of the scope that no update has: the English titles of updates that name them all the same. At most
    /// [`TITLED_ARTICLES_MAX`] articles are looked for.
    pub titled: BTreeMap<String, BTreeSet<String>>,
    /// The approvals (action 0, 1 or 3 of computer groups, of any revision) of each update in `updates` that has any.
    pub deployments: BTreeMap<Uuid, Vec<Deployment>>,
    /// Approvals (action 0, 1 or 3) by group, with their update: of the groups that the scope asks for.
    pub approvals_of_groups: BTreeMap<Uuid, Vec<(Uuid, Deployment)>>,
    /// Totals over the whole server, in scope or not.
    pub totals: Totals,
    /// What the server says about each procedure that could be called.
    pub procedures: BTreeMap<Procedure, ProcedureState>,
}

impl ServerFacts {
    /// Which server it is.
    #[must_use]
    pub fn identity(&self) -> ServerIdentity {
        let Self { server_id, replica, server_side_targeting, .. } = self;
        ServerIdentity { server_id: *server_id, replica: *replica, server_side_targeting: *server_side_targeting }
    }
}

/// Facts about the server itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Its id (tbConfigurationA.ServerID).
    pub server_id: Uuid,
    /// Whether it is a replica: groups, approvals and declines come from its parent.
    pub replica: bool,
    /// Whether it synchronises from another WSUS server.
    pub has_upstream: bool,
    /// Whether an approval follows its update to a new revision by itself; else somebody decides about each revision.
    pub approves_new_revisions: bool,
    /// Whether the server places computers into groups; else group policy does.
    pub server_side_targeting: bool,
    /// How many minutes the database server's local time is ahead of UTC; none where it was not saved with a snapshot.
    pub utc_offset_minutes: Option<i32>,
    /// The database server's version text, for display.
    pub sql_version: String,
    /// The login, for display and as the administrator name of writes.
    pub login: String,
}

/// How many articles without updates are looked for in titles: each takes a look at every title.
pub const TITLED_ARTICLES_MAX: usize = 5;

/// Whether a title names an article (digits only): `(KB5060842)`.
#[must_use]
pub fn title_names(title: &str, article: &str) -> bool {
    let title = title.to_ascii_uppercase();
    let mut behind = title.match_indices("KB").map(|(at, _)| &title[at + 2..]);
    behind.any(|rest| rest.strip_prefix(article).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// A computer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The group above it; none for All Computers.
    pub parent: Option<Uuid>,
    /// Whether WSUS made it.
    pub builtin: bool,
}

/// A computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computer {
    /// The surrogate key of tables.
    pub target_id: i32,
    /// The client's own id, as procedures want it: GUID text, but a string.
    pub computer_id: String,
    /// Its full domain name.
    pub name: String,
    /// Whether a downstream server reports it: then its groups are not this server's.
    pub from_downstream: bool,
}

/// An update: its latest revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Its id.
    pub id: Uuid,
    /// Title in the default language.
    pub title: String,
    /// Knowledge-base articles, digits only, sorted.
    pub kbs: Vec<String>,
    /// The categories that the revision names: its products and its classification, sorted.
    pub categories: Vec<Uuid>,
    /// Number of the latest revision.
    pub revision: i32,
    /// Whether it is declined.
    pub declined: bool,
    /// Who reinstated it last is not known; when is.
    pub reinstated_at: Option<DateTime<Utc>>,
    /// Whether Microsoft expired it.
    pub expired: bool,
    /// Whether it can be approved by itself; the parts of a bundle cannot.
    pub deployable: bool,
    /// Whether it can be installed; what the server does not say counts as yes.
    pub can_install: bool,
    /// Whether installing it may ask the user for input.
    pub install_asks: bool,
    /// Whether it can be uninstalled.
    pub can_uninstall: bool,
    /// Whether uninstalling it may ask the user for input.
    pub uninstall_asks: bool,
    /// Its licence terms.
    pub license: License,
    /// Its severity.
    pub severity: Severity,
    /// What kind of update it is.
    pub update_type: UpdateType,
    /// When the server received the revision.
    pub arrived_at: DateTime<Utc>,
    /// When the publisher created the revision.
    pub created_at: DateTime<Utc>,
    /// Updates of which the latest revision supersedes it, sorted.
    pub superseded_by: Vec<Uuid>,
    /// How many computers report it as needed, downloaded, failed or waiting for a restart; none where it was not asked for.
    pub needed_by: Option<u32>,
    /// Whether installing it restarts computers.
    pub reboot: Reboot,
}

/// Whether installing an update restarts a computer.
///
/// Source: PoshWSUS assemblies, Intensive-Self-Service-Portal: tbProperty.InstallRebootBehavior 0 to 2 (grade B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reboot {
    /// The server does not say.
    #[default]
    Unknown,
    /// Never.
    Never,
    /// Always.
    Always,
    /// It may ask for one.
    Possible,
}

/// Licence terms of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum License {
    /// It has none.
    None,
    /// Accepted.
    Accepted(Uuid),
    /// Have to be accepted before an install approval.
    Pending(Uuid),
}

/// An approval on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id (DeploymentGuid).
    pub id: Uuid,
    /// The revision it is for.
    pub revision: i32,
    /// The group it is for.
    pub group: Uuid,
    /// 0, 1 or 3.
    pub action: i32,
    /// Its deadline. A stored 9999-12-31 is read as none.
    pub deadline: Option<DateTime<Utc>>,
    /// Whether it is forced (IsAssigned); an optional install is not.
    pub assigned: bool,
    /// Who made it.
    pub admin_name: String,
    /// When it was made.
    pub deployed_at: DateTime<Utc>,
    /// Whether it is not in force yet (DeploymentStatus 0). WSUS makes it so by itself: what is pending counts as what it
    /// will be, and beside one in force that says the same it is no second approval.
    pub pending: bool,
}

impl Update {
    /// What people call it: its title, and the articles that the title leaves out.
    #[must_use]
    pub fn label(&self) -> String {
        let missing: Vec<String> =
            self.kbs.iter().map(|kb| format!("KB{kb}")).filter(|kb| !self.title.contains(kb.as_str())).collect();
        if missing.is_empty() { self.title.clone() } else { format!("{} ({})", self.title, missing.join(", ")) }
    }
}

impl Deployment {
    /// Whether it says the same as another row with its id: it may have come into force since.
    #[must_use]
    pub fn is_unchanged(&self, since: &Self) -> bool {
        *self == Self { pending: self.pending, ..since.clone() }
    }

    /// Whether WSUS made it by itself. The name is compared as SQL Server does: case and spaces at the end do not count.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        is_automatic_admin(&self.admin_name)
    }
}

/// Whether this name is the one that WSUS goes by, as SQL Server compares names.
#[must_use]
pub fn is_automatic_admin(name: &str) -> bool {
    name.trim_end_matches(' ').eq_ignore_ascii_case(AUTOMATIC_ADMIN_NAME)
}

/// Numbers over the whole server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Pairs of update and group with an approval (action 0, 1 or 3), automatic ones included.
    pub approvals: u64,
    /// Of these the pairs whose approvals WSUS made itself.
    pub automatic_approvals: u64,
    /// Pairs with an approval, by group.
    pub approvals_by_group: BTreeMap<Uuid, u64>,
    /// Of these the pairs whose approvals WSUS made itself.
    pub automatic_approvals_by_group: BTreeMap<Uuid, u64>,
    /// Computers with an explicit membership, by group.
    pub computers_by_group: BTreeMap<Uuid, u64>,
    /// Computers with an explicit membership in a group that is not built in.
    pub grouped_computers: u64,
    /// Declined updates.
    pub declines: u64,
}

#[cfg(test)]
mod tests {
    use super::is_automatic_admin;

    #[test]
    fn what_wsus_did_is_known_by_its_name_as_sql_server_compares_names() {
        for (name, expected) in [("WUS Server", true), ("wus server  ", true), (" WUS Server", false), ("", false)] {
            assert_eq!(is_automatic_admin(name), expected, "{name:?}");
        }
    }
}
