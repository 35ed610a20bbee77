//! Objects as they are re-read around a write, to check that they are what the plan started from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::database_role::DatabaseRole;
use super::listing::ListedDownstreamServer;
use super::notifications::{MailKind, Recipients};
use super::rule::Rule;
use super::setting::Cell;
use super::snapshot::Deployment;
use super::synchronization::{Parts, Subscription};

/// An object to read again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKey {
    /// A group by name: before it is created and to learn its id afterwards.
    GroupName(String),
    /// A group by id.
    Group(Uuid),
    /// A computer's explicit membership.
    Membership {
        /// The group.
        group: Uuid,
        /// The computer's TargetID.
        target_id: i32,
    },
    /// The approvals of an update for a group, of all revisions.
    Approval {
        /// The update.
        update: Uuid,
        /// The group.
        group: Uuid,
    },
    /// An update's declined flag and all its approvals.
    Update(Uuid),
    /// Licence terms by id.
    License(Uuid),
    /// A rule by name: before it is created and to learn its number afterwards.
    RuleName(String),
    /// A rule by its number.
    Rule(i32),
    /// An entry of a downstream server by the server's own id.
    DownstreamServer(Uuid),
    /// Some settings: these columns of the configuration row (in lower case) and these languages.
    Settings {
        /// The columns.
        columns: BTreeSet<String>,
        /// The languages by short name.
        languages: BTreeSet<String>,
    },
    /// Parts of what is synchronised and when.
    Synchronization(Parts),
    /// Some columns of the row of mails, in lower case.
    Notifications(BTreeSet<String>),
    /// Who gets a mail.
    Recipients(MailKind),
    /// The members of a database role.
    DatabaseRole(DatabaseRole),
    /// A user of the database by name.
    DatabaseUser(String),
}

/// What an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectState {
    /// A group; none where there is none.
    Group(Option<GroupState>),
    /// Whether the membership exists.
    Membership(bool),
    /// The approvals with action 0, 1 or 3, sorted by id.
    Approval(Vec<Deployment>),
    /// An update; none where there is none.
    Update(Option<UpdateState>),
    /// Whether the terms are accepted.
    License(bool),
    /// A rule; none where there is none.
    Rule(Option<Rule>),
    /// An entry of a downstream server; none where there is none.
    DownstreamServer(Option<ListedDownstreamServer>),
    /// Some settings.
    Settings {
        /// Columns with their cells; a column that the row does not have is missing.
        cells: BTreeMap<String, Cell>,
        /// Languages with whether they are enabled.
        languages: BTreeMap<String, bool>,
    },
    /// Parts of what is synchronised and when.
    Synchronization(Subscription),
    /// Some columns of the row of mails with their cells; a column that the row does not have is missing.
    Notifications(BTreeMap<String, Cell>),
    /// Who gets a mail.
    Recipients(Recipients),
    /// The members of a database role.
    DatabaseRole(BTreeSet<String>),
    /// A user of the database.
    DatabaseUser {
        /// Whether it has a login.
        mapped: bool,
    },
}

/// A group and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The group above it.
    pub parent: Option<Uuid>,
    /// What goes with it when it is deleted.
    pub holds: GroupContents,
    /// The groups below it: deleting it deletes them.
    pub children: BTreeSet<Uuid>,
}

/// What a group holds, one by one: a number would not show that one thing went and another came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupContents {
    /// Explicit members by TargetID.
    pub computers: BTreeSet<i32>,
    /// Approvals (action 0, 1 or 3) by their own id, with their update.
    pub approvals: BTreeMap<Uuid, (Uuid, Deployment)>,
    /// Rules that approve for it, by number.
    pub rules: BTreeSet<i32>,
}

impl GroupContents {
    /// Whether all of this was there before, and is what it was.
    #[must_use]
    pub fn is_within(&self, before: &Self) -> bool {
        let Self { computers, approvals, rules } = self;
        let was_there = |(id, (update, approval)): (&Uuid, &(Uuid, Deployment))| {
            before.approvals.get(id).is_some_and(|(of, since)| of == update && approval.is_unchanged(since))
        };
        computers.is_subset(&before.computers) && rules.is_subset(&before.rules) && approvals.iter().all(was_there)
    }
}

/// An update's flags and approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateState {
    /// Number of the latest revision.
    pub revision: i32,
    /// Whether it is declined.
    pub declined: bool,
    /// Its approvals with action 0, 1 or 3, sorted by id.
    pub deployments: Vec<Deployment>,
}

/// What a chunk of writes looks at first, in one statement: which server this is, and its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLook {
    /// The server's clock.
    pub clock: ServerClock,
    /// The server.
    pub identity: ServerIdentity,
}

/// Which server it is and where its database is, as that server says itself: several names may lead to one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerPlace {
    /// Its id.
    pub server_id: Uuid,
    /// `INSTANCE/DATABASE`, the instance as SQL Server names it.
    pub database: String,
}

/// Which server it is, and what decides how it takes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerIdentity {
    /// Its id.
    pub server_id: Uuid,
    /// Whether it is a replica.
    pub replica: bool,
    /// Whether it places computers itself; else group policy does.
    pub server_side_targeting: bool,
}

impl std::fmt::Display for ServerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { server_id, replica, server_side_targeting } = self;
        let mode = if *replica { "a replica" } else { "autonomous" };
        let targeting = if *server_side_targeting { "server-side" } else { "client-side" };
        write!(f, "server {server_id}, {mode}, {targeting} targeting")
    }
}

/// The server's clock, read before a chunk of writes: relative deadlines count from its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerClock(pub DateTime<Utc>);
