//! What a plan's changes come to, as far as the server knows: read after planning, for what changes only.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What to read: the updates that a plan changes, and the groups that it changes them for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImpactScope {
    /// Updates of which approvals change or that are declined or reinstated.
    pub updates: BTreeSet<Uuid>,
    /// Groups of which approvals change; All Computers for what is declined or reinstated. Of others no numbers are kept: of
    /// thousands of updates and hundreds of groups they would be millions.
    pub groups: BTreeSet<Uuid>,
}

/// What was read. Display only: nothing of it decides about a change or stands in the digest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// Computers of a group and of those below it that report the update as needed, downloaded, failed or waiting for a
    /// restart, by update and group. A pair of the scope without an entry is needed by none. None where that was
    /// not read: the server did not tell, not in time, or there are too many updates.
    pub needed: Option<BTreeMap<(Uuid, Uuid), u64>>,
    /// Bytes of the files that computers download, by update. None where the server does not know the update's files.
    pub bytes: BTreeMap<Uuid, u64>,
    /// How many updates each bundles: declining it declines those. An update of the scope without an entry bundles none. None
    /// where that was not read.
    pub parts: Option<BTreeMap<Uuid, u64>>,
    /// The newest approval that somebody removed, by update and group. No entry: none was, or the server does not know.
    pub removed: BTreeMap<(Uuid, Uuid), Removed>,
}

/// Who removed an approval, and when.
///
/// Source: Intensive-Self-Service-Portal: tbDeadDeployment (grade A).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// AdminNameWhoDeleted.
    pub by: String,
    /// TimeOfDeath.
    pub at: DateTime<Utc>,
}
