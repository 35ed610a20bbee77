//! What a look at a server's health found. Each check can fail by itself, so each answer says by itself why it is missing.

pub mod findings;
pub mod grants;

use super::list_shape::ListShape;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a check found, or why it could not be made.
pub type Answer<T> = Result<T, Unchecked>;

/// A check that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not be checked: {why}")]
pub struct Unchecked {
    /// Why, with the causes beneath.
    pub why: String,
}

/// A server as `doctor` saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The manifest's name; none where the command line alone says where the server is.
    pub name: Option<String>,
    /// Where it is. A URL never carries a password.
    pub url: String,
    /// How connecting went.
    pub connection: ConnectionHealth,
    /// What was found there; none where there is no connection.
    pub server: Option<ServerHealth>,
}

/// How connecting went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionHealth {
    /// Every stage, in order.
    pub stages: Vec<(ConnectStage, StageState)>,
    /// The server's certificate, where it showed one.
    pub certificate: Option<Certificate>,
}

/// A stage of connecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectStage {
    /// Finding the address, with the SQL Browser where an instance is named.
    Resolve,
    /// Opening the connection up to the first answer.
    Connect,
    /// Encrypting it.
    Tls,
    /// Logging in.
    Login,
    /// Opening the database.
    Database,
}

impl ConnectStage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Resolve, Self::Connect, Self::Tls, Self::Login, Self::Database];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Database => "database",
        }
    }
}

/// How a stage went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageState {
    /// It is done.
    Passed,
    /// This connection has no such stage: no name to resolve, nothing to encrypt.
    NotNeeded,
    /// It failed.
    Failed {
        /// The error and those beneath it.
        messages: Vec<String>,
        /// What to do.
        hints: Vec<String>,
    },
    /// An earlier one failed.
    NotReached,
}

impl StageState {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::NotNeeded => "notNeeded",
            Self::Failed { .. } => "failed",
            Self::NotReached => "notReached",
        }
    }
}

/// A server's certificate and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: String,
    /// Who made it.
    pub issuer: String,
    /// Names and addresses that it holds for.
    pub names: Vec<String>,
    /// From when.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when.
    pub not_after: Option<DateTime<Utc>>,
    /// SHA-256 of its DER form in lower-case hexadecimal digits.
    pub sha256: String,
    /// What it was checked against.
    pub check: CertificateCheck,
    /// What is too weak about it, or out of date, as the end of a sentence.
    pub weaknesses: Vec<String>,
}

/// What a certificate was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateCheck {
    /// Issuer and name are in order.
    Verified,
    /// It is the one pinned.
    Pinned,
    /// Nothing was checked.
    Unchecked,
    /// It is not accepted.
    Refused,
}

impl CertificateCheck {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Pinned => "pinned",
            Self::Unchecked => "unchecked",
            Self::Refused => "refused",
        }
    }
}

/// What was found on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHealth {
    /// The server's clock.
    pub now: Answer<DateTime<Utc>>,
    /// The database server, in its own words.
    pub version: Answer<String>,
    /// The database server's product version, level and edition.
    pub product: Answer<Product>,
    /// The database.
    pub database: Answer<DatabaseFacts>,
    /// The WSUS server's id.
    pub server_id: Answer<Uuid>,
    /// The rows of tbSchemaVersion as they are: what they mean is not public.
    pub schema: Answer<Vec<SchemaComponent>>,
    /// Who is logged in, and as what.
    pub login: Answer<LoginFacts>,
    /// Every procedure that is called.
    pub procedures: Answer<Vec<Used>>,
    /// Every table and view that is read.
    pub objects: Answer<Vec<Used>>,
    /// Whether a state-machine reset is needed, so that WSUS refuses to save its configuration.
    pub reset_needed: Answer<bool>,
    /// Whether a synchronisation runs.
    pub synchronisation: Answer<SynchronisationState>,
    /// When the last synchronisation ran; none for never.
    pub last_synchronisation: Answer<Option<DateTime<Utc>>>,
    /// Groups that computers ask for.
    pub requested_groups: Answer<RequestedGroups>,
    /// Downstream servers that the server knows.
    pub downstream_servers: Answer<u64>,
    /// Users that have lost their login.
    pub orphaned_users: Answer<OrphanedUsers>,
    /// Programs that have registered themselves as working with WSUS: what each says that it is, by its key.
    pub program_keys: Answer<BTreeMap<Uuid, String>>,
    /// Whether SQL Server's option "nested triggers" is on.
    pub nested_triggers: Answer<bool>,
}

/// Users of the database whose security identifier is that of no login.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrphanedUsers {
    /// Whether the login sees the server's logins: else nobody can tell.
    pub visible: bool,
    /// The users, with the login that is called like each.
    pub users: BTreeMap<String, Option<String>>,
}

/// The database server's product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// `15.0.4382.1`
    pub version: Option<String>,
    /// `RTM`, `SP1`
    pub level: Option<String>,
    /// `Standard Edition (64-bit)`
    pub edition: Option<String>,
    /// The server's collation.
    pub collation: Option<String>,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Its name.
    pub name: String,
    /// Its collation.
    pub collation: Option<String>,
    /// `READ_WRITE` or `READ_ONLY`.
    pub updateability: Option<String>,
}

/// A row of tbSchemaVersion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaComponent {
    /// ComponentName.
    pub component: String,
    /// BuildNumber.
    pub build: String,
    /// SchemaVersion.
    pub version: i32,
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginFacts {
    /// The login.
    pub login: String,
    /// Its user in the database.
    pub user: String,
    /// Roles of the server and the database, and whether the login is in them; none where there is no such role.
    pub roles: Vec<(&'static str, Option<bool>)>,
    /// Whether it sees the definition of everything: what such a login does not see is not there.
    pub sees_definitions: bool,
}

/// A procedure, table or view that wsusctl uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// What it is.
    pub kind: UsedKind,
    /// Its schema.
    pub schema: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What cannot be done without it.
    pub limit: Limit,
    /// How it compares with what is known.
    pub state: ContractState,
    /// Whether the login may run or read it.
    pub permitted: bool,
    /// How the lists are written that it takes.
    pub lists: Vec<ListShape>,
}

/// What something that is used is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsedKind {
    /// A stored procedure.
    Procedure,
    /// A table or view.
    Object,
}

impl UsedKind {
    /// The permission that it takes.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::Procedure => "EXECUTE",
            Self::Object => "SELECT",
        }
    }
}

/// How something on the server compares with the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractState {
    /// As known.
    Present,
    /// The server does not have it, or the login does not see it.
    Missing,
    /// It differs.
    Different {
        /// In what: a sentence without an end.
        details: String,
    },
    /// It can be called, and some changes cannot be made through it.
    Limited {
        /// Each with what it limits; never empty.
        differences: Vec<Difference>,
    },
    /// It saves a row, and whether it can be called depends on that row, which could not be read.
    Unjudged {
        /// Why the row could not be read.
        why: String,
    },
}

/// Something in which a procedure differs, and that does not concern everything it is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It has no parameter for something.
    Lacks {
        /// The column or the list.
        what: String,
        /// The keys that cannot be changed.
        keys: &'static [&'static str],
    },
    /// It takes something that cannot be given to it.
    Takes {
        /// What: a sentence without an end.
        details: String,
        /// What cannot be changed.
        kinds: &'static [&'static str],
    },
}

impl Difference {
    /// What cannot be done.
    #[must_use]
    pub fn limit(&self) -> Limit {
        match self {
            Self::Lacks { what: _, keys } => Limit::Apply(keys),
            Self::Takes { details: _, kinds } => Limit::Apply(kinds),
        }
    }

    /// All differences of a procedure in one sentence without an end.
    #[must_use]
    pub fn sentence(differences: &[Self]) -> String {
        let (mut lacking, mut keys, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for difference in differences {
            match difference {
                Self::Lacks { what, keys: concerned } => {
                    lacking.push(what.as_str());
                    keys.extend_from_slice(concerned);
                }
                Self::Takes { details, kinds: _ } => parts.push(details.clone()),
            }
        }
        if !lacking.is_empty() {
            let text =
                format!("it has no parameter for {}, so {} cannot be changed", lacking.join(", "), keys.join(", "));
            parts.insert(0, text);
        }
        parts.join("; ")
    }
}

impl ContractState {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::Different { .. } | Self::Limited { .. } => "different",
            Self::Unjudged { .. } => "unjudged",
        }
    }
}

/// What cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Every read: nothing works.
    Everything,
    /// Plans that need these.
    Plans(&'static [&'static str]),
    /// Lists.
    Lists,
    /// Changes of these kinds.
    Apply(&'static [&'static str]),
    /// A check of `doctor` only.
    Doctor,
    /// The WSUS server itself, not wsusctl.
    Server,
}

impl Limit {
    /// The verbs that are limited.
    #[must_use]
    pub fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Everything => &["diff", "apply", "export", "snapshot", "get"],
            Self::Plans(_) => &["diff", "apply", "snapshot"],
            Self::Lists => &["get"],
            Self::Apply(_) => &["apply"],
            Self::Doctor => &["doctor"],
            Self::Server => &[],
        }
    }

    /// The kinds of objects that are concerned; empty for all.
    #[must_use]
    pub fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Apply(kinds) | Self::Plans(kinds) => kinds,
            Self::Everything | Self::Lists | Self::Doctor | Self::Server => &[],
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kinds = self.kinds();
        match self {
            Self::Server => f.write_str("the WSUS server itself"),
            _ if kinds.is_empty() => f.write_str(&self.verbs().join(", ")),
            _ => write!(f, "{} of {}", self.verbs().join(", "), kinds.join(", ")),
        }
    }
}

/// What spGetSubscriptionState says.
///
/// Source: PoshWSUS assemblies, TypeScript WSUS console: 1 not running, 2 requested, 3 working, 4 failed, 5 cancellation
/// requested (grade B).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynchronisationState {
    /// None runs.
    NotRunning,
    /// One is asked for.
    Requested,
    /// One runs.
    Running,
    /// The last one failed.
    Failed,
    /// The running one is asked to stop.
    Cancelling,
    /// A number that is not known.
    Unknown(i32),
}

impl SynchronisationState {
    /// Whether one is asked for, runs, or is about to end.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Requested | Self::Running | Self::Cancelling)
    }

    /// Reads the number.
    #[must_use]
    pub fn from_number(number: i32) -> Self {
        match number {
            1 => Self::NotRunning,
            2 => Self::Requested,
            3 => Self::Running,
            4 => Self::Failed,
            5 => Self::Cancelling,
            other => Self::Unknown(other),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotRunning => "notRunning",
            Self::Requested => "requested",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Groups that computers ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedGroups {
    /// Whether group policy places computers, so that WSUS heeds what they ask for.
    pub heeded: bool,
    /// Names that no group has, with the number of computers that ask for each.
    pub missing: BTreeMap<String, u32>,
}
