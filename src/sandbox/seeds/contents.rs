//! What a server holds that somebody else has read, as the sandbox takes it over.

use chrono::NaiveDateTime;
use uuid::Uuid;

/// A server as it was read. Times are UTC.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The server's id.
    pub server_id: Uuid,
    /// When it was read.
    pub taken_at: NaiveDateTime,
    /// Columns of the configuration row.
    pub configuration: Vec<(String, Cell)>,
    /// Languages by short name, and whether updates are wanted in them. Empty: those of the empty seed.
    pub languages: Vec<(String, bool)>,
    /// When it synchronises by itself: seconds after midnight, times a day.
    pub schedule: Option<(i64, i64)>,
    /// Products, families and classifications that it synchronises.
    pub subscribed: Vec<Uuid>,
    /// Columns of the row of mails.
    pub mails: Vec<(String, Cell)>,
    /// Addresses by the number of the kind of mail.
    pub recipients: Vec<(i64, String)>,
    /// Computer groups, the built-in ones among them.
    pub groups: Vec<Group>,
    /// Computers.
    pub computers: Vec<Computer>,
    /// Explicit memberships: group, TargetID.
    pub memberships: Vec<(Uuid, i64)>,
    /// Names of groups that there are not, and how many computers ask for each.
    pub requests: Vec<(String, u64)>,
    /// Classifications, companies, families and products.
    pub categories: Vec<Category>,
    /// Updates, those of the categories among them.
    pub updates: Vec<Update>,
    /// Approvals.
    pub approvals: Vec<Approval>,
    /// Approvals that somebody has removed.
    pub removed: Vec<Removed>,
    /// Approval rules.
    pub rules: Vec<Rule>,
    /// Downstream servers.
    pub downstream_servers: Vec<DownstreamServer>,
    /// Users of the database and roles that are not built in.
    pub principals: Vec<Principal>,
    /// Members of roles: role, member.
    pub members: Vec<(String, String)>,
}

/// The value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A number or a bit.
    Number(i64),
    /// A text or a GUID.
    Text(String),
}

/// A computer group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The group above it.
    pub parent: Option<Uuid>,
    /// Whether WSUS made it.
    pub is_builtin: bool,
}

/// A computer.
#[derive(Debug, Clone)]
pub struct Computer {
    /// TargetID.
    pub target: i64,
    /// ComputerID.
    pub id: String,
    /// Its full domain name.
    pub name: String,
    /// Whether a downstream server reports it.
    pub from_downstream: bool,
}

/// A category.
#[derive(Debug, Clone)]
pub struct Category {
    /// The id of the update that describes it.
    pub id: Uuid,
    /// The LocalUpdateID of that update, where it is known.
    pub number: Option<i64>,
    /// `Company`, `ProductFamily`, `Product` or `UpdateClassification`.
    pub kind: &'static str,
    /// The category above it.
    pub parent: Option<Uuid>,
}

/// An update.
#[derive(Debug, Clone)]
pub struct Update {
    /// UpdateID.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// Its articles, digits only.
    pub kbs: Vec<String>,
    /// Its classification and its products.
    pub categories: Vec<Uuid>,
    /// Number of the latest revision.
    pub revision: i64,
    /// Whether it is declined.
    pub is_declined: bool,
    /// When it was reinstated last.
    pub reinstated_at: Option<NaiveDateTime>,
    /// Whether its publisher has expired it.
    pub is_expired: bool,
    /// Whether it can be approved by itself.
    pub is_deployable: bool,
    /// Whether it can be installed.
    pub can_install: bool,
    /// Whether installing it may ask the user.
    pub install_asks: bool,
    /// Whether it can be uninstalled.
    pub can_uninstall: bool,
    /// Whether uninstalling it may ask the user.
    pub uninstall_asks: bool,
    /// Its licence terms, and whether they are accepted.
    pub eula: Option<(Uuid, bool)>,
    /// Its severity, as SUSDB writes it.
    pub severity: &'static str,
    /// UpdateType, as SUSDB writes it.
    pub kind: &'static str,
    /// When the server received the revision.
    pub arrived_at: NaiveDateTime,
    /// When the publisher made the revision.
    pub created_at: NaiveDateTime,
    /// Updates that supersede it.
    pub superseded_by: Vec<Uuid>,
    /// How many computers need it.
    pub needed_by: u64,
    /// InstallRebootBehavior.
    pub reboot: Option<i64>,
    /// The size of its files in bytes; 0 for none.
    pub bytes: u64,
}

/// An approval.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The update.
    pub update: Uuid,
    /// DeploymentGuid.
    pub id: Uuid,
    /// The number of the revision.
    pub revision: i64,
    /// The group.
    pub group: Uuid,
    /// ActionID.
    pub action: i64,
    /// Its deadline.
    pub deadline: Option<NaiveDateTime>,
    /// IsAssigned.
    pub is_assigned: bool,
    /// Who made it.
    pub admin: String,
    /// When.
    pub made_at: NaiveDateTime,
    /// Whether it is not in force yet.
    pub is_pending: bool,
}

/// An approval that was removed.
#[derive(Debug, Clone)]
pub struct Removed {
    /// The update.
    pub update: Uuid,
    /// The group.
    pub group: Uuid,
    /// Who removed it.
    pub by: String,
    /// When.
    pub at: NaiveDateTime,
}

/// An approval rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is in force.
    pub is_enabled: bool,
    /// LocalUpdateIDs of its classifications.
    pub classifications: Vec<i64>,
    /// LocalUpdateIDs of its products.
    pub products: Vec<i64>,
    /// Its groups.
    pub groups: Vec<Uuid>,
    /// Days after the approval, minutes after midnight.
    pub deadline: Option<(i64, i64)>,
}

/// A downstream server.
#[derive(Debug, Clone)]
pub struct DownstreamServer {
    /// Its full domain name.
    pub name: String,
    /// Its own id.
    pub id: Option<Uuid>,
    /// Whether it is a replica.
    pub is_replica: bool,
    /// The name of the downstream server above it.
    pub parent: Option<String>,
    /// When it synchronised last.
    pub synchronized_at: Option<NaiveDateTime>,
    /// When it rolled up last.
    pub rolled_up_at: Option<NaiveDateTime>,
    /// Its version.
    pub version: Option<String>,
    /// How many computers it reports.
    pub computers: u64,
}

/// A user or role of the database.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Its name.
    pub name: String,
    /// The login that it has lost and that is called like it, where it is orphaned.
    pub orphan: Option<Option<String>>,
}
