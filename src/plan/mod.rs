//! Compares what is declared with what was read, and says what to do about it.
//!
//! Sync, total and pure: no IO, no clock, no random. The same inputs in any order give the same plan.

pub mod change;
pub mod permission;
pub mod step;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::change::Change;
use self::permission::{Permission, Permissions};
use self::step::Step;
use crate::model::address::{Address, Kind};
use crate::model::origin::Origin;
use crate::model::resolved::{Notice, ResolvedEntry};

/// What a plan is judged by besides manifest and snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The time that deadlines are judged by, UTC.
    pub now: DateTime<Utc>,
    /// What the user permitted.
    pub permissions: Permissions,
}

/// What differs, what to do about it, and what stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// `metadata.name` of the manifest.
    pub server_name: String,
    /// The live server's id.
    pub server_id: Uuid,
    /// When the snapshot was taken.
    pub taken_at: DateTime<Utc>,
    /// Every difference, in the order of reports: groups (parents before children), memberships, approvals, declines,
    /// deletions of groups last.
    pub changes: Vec<Change>,
    /// What to execute, in order. Empty where there are no changes.
    pub steps: Vec<Step>,
    /// What forbids execution.
    pub blockers: Vec<Blocker>,
    /// Declared, but cannot be done through this connection.
    pub unsupported: Vec<Notice>,
    /// True, and not repairable from here.
    pub findings: Vec<Notice>,
    /// Deserves a look.
    pub warnings: Vec<Notice>,
    /// Waits for something outside.
    pub pending: Vec<Notice>,
    /// What each entry came to.
    pub entries: Vec<ResolvedEntry>,
    /// The numbers.
    pub summary: Summary,
}

/// What forbids a plan's execution until a permission is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocker {
    /// The object, or the kind as a whole.
    pub subject: BlockerSubject,
    /// A stable word: `deletePercent`, `pruneConfirm`, `pruneToEmpty`, `license`, `expired`, `pastDeadline`, `highRisk`, ...
    pub code: &'static str,
    /// The message for people, with the arithmetic where there is one.
    pub message: String,
    /// The permission that lifts it; none where only another manifest does.
    pub permission: Option<Permission>,
    /// The place that declared it, if one did.
    pub origin: Option<Origin>,
}

/// What a blocker is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockerSubject {
    /// One object.
    Object(Address),
    /// All objects of a kind.
    Kind(Kind),
}

/// The numbers of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Changes that create.
    pub create: usize,
    /// Changes that modify.
    pub modify: usize,
    /// Changes that delete.
    pub delete: usize,
    /// Declared objects by kind.
    pub managed: BTreeMap<Kind, u64>,
    /// Objects on the server that nothing declares, by kind.
    pub unmanaged: BTreeMap<Kind, u64>,
    /// Approvals and declines kept because they only fell out of a condition.
    pub lapsed: u64,
    /// Undeclared approvals that WSUS made itself.
    pub automatic: u64,
    /// Updates that a decline selector would take and an approval keeps.
    pub kept: u64,
    /// Updates that entries left out.
    pub skipped: u64,
    /// Objects hidden by `management.ignore`.
    pub ignored: u64,
    /// Entries of `pending`.
    pub pending: u64,
}

impl Plan {
    /// Whether there is nothing to do: no changes and no blockers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.blockers.is_empty()
    }

    /// Whether `diff` has something to report: changes, blockers or what is unsupported.
    #[must_use]
    pub fn has_differences(&self) -> bool {
        !self.is_empty() || !self.unsupported.is_empty()
    }
}
