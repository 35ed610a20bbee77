//! What is synchronised and when.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::synchronization::{LiveSynchronization, Parts, Schedule};
use crate::saved::text::Id;

/// The subscription.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct SynchronizationWire {
    #[serde(default, skip_serializing_if = "is_default")]
    schedule: Option<ScheduleWire>,
    products: BTreeSet<Id>,
    classifications: BTreeSet<Id>,
    saved: PartsWire,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum ScheduleWire {
    Manual,
    #[serde(rename_all = "camelCase")]
    Daily {
        first_at: i64,
        per_day: i64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartsWire {
    schedule: bool,
    products: bool,
    classifications: bool,
}

impl From<&LiveSynchronization> for SynchronizationWire {
    fn from(live: &LiveSynchronization) -> Self {
        let LiveSynchronization { schedule, products, classifications, saved } = live;
        let Parts { schedule: saves_schedule, products: saves_products, classifications: saves_classifications } =
            saved;
        let schedule = schedule.map(|schedule| match schedule {
            Schedule::Manual => ScheduleWire::Manual,
            Schedule::Daily { first_at, per_day } => ScheduleWire::Daily { first_at, per_day },
        });
        Self {
            schedule,
            products: products.iter().copied().map(Id).collect(),
            classifications: classifications.iter().copied().map(Id).collect(),
            saved: PartsWire {
                schedule: *saves_schedule,
                products: *saves_products,
                classifications: *saves_classifications,
            },
        }
    }
}

impl From<SynchronizationWire> for LiveSynchronization {
    fn from(wire: SynchronizationWire) -> Self {
        let SynchronizationWire { schedule, products, classifications, saved } = wire;
        let PartsWire { schedule: saves_schedule, products: saves_products, classifications: saves_classifications } =
            saved;
        let schedule = schedule.map(|schedule| match schedule {
            ScheduleWire::Manual => Schedule::Manual,
            ScheduleWire::Daily { first_at, per_day } => Schedule::Daily { first_at, per_day },
        });
        Self {
            schedule,
            products: products.into_iter().map(|Id(id)| id).collect(),
            classifications: classifications.into_iter().map(|Id(id)| id).collect(),
            saved: Parts { schedule: saves_schedule, products: saves_products, classifications: saves_classifications },
        }
    }
}
