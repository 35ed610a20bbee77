//! One difference.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::address::Address;
use crate::model::approval::ApprovalAction;
use crate::model::attribute::Attribute;
use crate::model::origin::Origin;
use crate::model::snapshot::Reboot;

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
    /// Who made the server's value, where SUSDB knows. Of an approval that is missing: who removed it; of a declined update
    /// that comes back: who removed its approvals.
    pub changed_by: Option<String>,
    /// When that was, where SUSDB knows. Of an update to decline: when it was reinstated.
    pub changed_at: Option<DateTime<Utc>>,
    /// The place that declared it; none for a pruned object.
    pub origin: Option<Origin>,
    /// Display only: what people call the object (title and KBs of an update). Drives nothing.
    pub label: Option<String>,
    /// Display only: what else people want to know.
    pub details: Details,
}

/// What else people want to know of a change. Drives nothing, and stands in no digest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// Of an approval: what the groups above its group pass down, where the change has to do with it.
    pub inherited: Option<Inherited>,
    /// Of a decline that is taken back: the update that computers are offered again.
    pub brings: Option<Brings>,
    /// Of an approval with a relative deadline: the deadline, were it written on the day of the plan.
    pub due: Option<DateTime<Utc>>,
}

/// The approval that a group gets from the nearest group above it that has one, once the plan is carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inherited {
    /// What becomes of it.
    pub effect: Inheritance,
    /// The group above.
    pub from: String,
    /// What it does.
    pub action: ApprovalAction,
    /// By when.
    pub deadline: Attribute,
    /// Offered, not forced.
    pub optional: bool,
}

/// What becomes of an approval that is passed down to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Inheritance {
    /// It holds for the group.
    Holds,
    /// The group's own approval holds instead.
    Overridden,
    /// The group's `notApproved` keeps it off.
    Blocked,
}

/// A declined update that computers are offered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brings {
    /// Its title.
    pub title: String,
    /// Its knowledge-base articles, digits only.
    pub kbs: Vec<String>,
    /// Titles of its classification, sorted.
    pub classifications: Vec<String>,
    /// Titles of its products, sorted.
    pub products: Vec<String>,
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
    /// Of an approval: how many of these computers report the update as needed, downloaded, failed or waiting for a
    /// restart. Of a decline, how many of the server's. None where it means nothing or was not asked for.
    pub needed: Option<Figure>,
    /// Bytes that a computer downloads at most, of an install approval that is written.
    pub bytes: Option<Figure>,
    /// Of a decline: how many updates the update bundles, which are declined with it. Absent where it bundles none.
    pub parts: Option<Figure>,
    /// Whether it restarts computers, of an install approval that is written.
    pub reboot: Option<Reboot>,
}

/// A number that the server may not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// The number.
    Known(u64),
    /// Why it is not known.
    Unknown(&'static str),
}
