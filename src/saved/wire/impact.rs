//! What changes would come to: computers that need an update, and who removed approvals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::impact::Removed;
use crate::saved::text::{Id, Time};

/// How many computers need an update, by group with those below it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct NeededWire {
    pub(in crate::saved) update: Id,
    pub(in crate::saved) computers: BTreeMap<Id, u64>,
}

/// Who removed an approval.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct RemovedWire {
    pub(in crate::saved) update: Id,
    pub(in crate::saved) group: Id,
    by: String,
    at: Time,
}

impl From<(&(Uuid, Uuid), &Removed)> for RemovedWire {
    fn from(((update, group), removed): (&(Uuid, Uuid), &Removed)) -> Self {
        let Removed { by, at } = removed;
        Self { update: Id(*update), group: Id(*group), by: by.clone(), at: Time(*at) }
    }
}

impl From<RemovedWire> for Removed {
    fn from(wire: RemovedWire) -> Self {
        let RemovedWire { update: _, group: _, by, at } = wire;
        Self { by, at: at.0 }
    }
}
