//! One difference.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::address::Address;
use crate::model::attribute::Attribute;
use crate::model::origin::Origin;

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeAction {
    /// It does not exist and is made.
    Create,
    /// It exists and becomes another.
    Modify,
    /// It exists and goes.
    Delete,
}

/// How much can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Nothing.
    None,
    /// Little: what it does is local and can be taken back.
    Low,
    /// Needs `--allow high-risk`.
    High,
}

/// One difference between what is declared and what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub address: Address,
    /// What happens to it.
    pub action: ChangeAction,
    /// Its attributes on the server. None for a creation (except a decline that destroys approvals, which lists them).
    pub before: Option<BTreeMap<String, Attribute>>,
    /// Its attributes afterwards. None for a deletion.
    pub after: Option<BTreeMap<String, Attribute>>,
    /// The attributes that differ, of a modification.
    pub fields: Vec<FieldChange>,
    /// Added and removed members, where the object is a set.
    pub members: Option<Members>,
    /// Why.
    pub reason: Reason,
    /// How much can go wrong.
    pub risk: Risk,
    /// Whom it hits.
    pub affects: Affects,
    /// Who made the server's value, where SUSDB knows.
    pub changed_by: Option<String>,
    /// When it was made, where SUSDB knows.
    pub changed_at: Option<DateTime<Utc>>,
    /// The place that declared it; none for a pruned object.
    pub origin: Option<Origin>,
    /// Display only: what people call the object (title and KBs of an update). Drives nothing.
    pub label: Option<String>,
}

/// An attribute that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The attribute.
    pub path: String,
    /// Its value on the server.
    pub before: Attribute,
    /// Its declared value.
    pub after: Attribute,
}

/// Members of a set that come and go, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members {
    /// Those that come.
    pub added: Vec<String>,
    /// Those that go.
    pub removed: Vec<String>,
}

/// Why something changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A stable word: `declared`, `pruned`, `newRevision`, `reinstated`, ...
    pub code: &'static str,
    /// A sentence for people.
    pub text: String,
}

/// Whom a change hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Affects {
    /// Computers.
    pub computers: u64,
    /// Approvals that are lost.
    pub approvals: u64,
}
