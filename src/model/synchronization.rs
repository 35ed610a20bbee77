//! What a server synchronises and when: its one subscription.

use std::collections::BTreeSet;

use chrono::{NaiveTime, Timelike};
use uuid::Uuid;

use super::attribute::Attribute;
use super::category::{Categories, CategoryKind};
use super::configuration::Configuration;
use super::setting::Cell;

/// The address of the schedule.
pub const SCHEDULE: &str = "synchronization.schedule";
/// The address of the products.
pub const PRODUCTS: &str = "synchronization.products";
/// The address of the classifications.
pub const CLASSIFICATIONS: &str = "synchronization.classifications";

/// The column that says whether synchronisations run by a schedule.
pub const AUTOMATIC: &str = "SynchronizeAutomatically";
/// The column with the first synchronisation's time of day, in seconds from midnight UTC.
pub const TIME_OF_DAY: &str = "SynchronizeAutomaticallyTimeOfDay";
/// The column with the number of synchronisations a day.
pub const FREQUENCY: &str = "Frequency";

/// Synchronisations a day at most.
///
/// Source: MS-WSUSAR 3.1.4.60 (grade A).
pub const PER_DAY_MAX: u32 = 24;

/// When a server synchronises by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Schedule {
    /// Never.
    Manual,
    /// Some times a day, evenly spread.
    Daily {
        /// Seconds from midnight UTC to the first.
        first_at: i64,
        /// How many there are.
        per_day: i64,
    },
}

impl Schedule {
    /// A schedule of a manifest.
    #[must_use]
    pub fn daily(first_at: NaiveTime, per_day: u32) -> Self {
        Self::Daily { first_at: first_at.num_seconds_from_midnight().into(), per_day: per_day.into() }
    }

    /// The schedule that a subscription's row holds. None where its columns are not as they are known.
    #[must_use]
    pub fn of(row: &Configuration) -> Option<Self> {
        let automatic = match row.cell(AUTOMATIC)? {
            Cell::Bit(bit) => *bit,
            Cell::Int(number) => *number != 0,
            Cell::Null | Cell::Text(_) | Cell::Opaque => return None,
        };
        let number = |column| match row.cell(column)? {
            Cell::Int(number) => Some(*number),
            _ => None,
        };
        if !automatic {
            return Some(Self::Manual);
        }
        Some(Self::Daily { first_at: number(TIME_OF_DAY)?, per_day: number(FREQUENCY)? })
    }

    /// The columns that a save replaces. A manual schedule leaves time and number as they are: they mean nothing then.
    #[must_use]
    pub fn cells(self) -> Vec<(&'static str, Cell)> {
        match self {
            Self::Manual => vec![(AUTOMATIC, Cell::Bit(false))],
            Self::Daily { first_at, per_day } => {
                vec![(AUTOMATIC, Cell::Bit(true)), (TIME_OF_DAY, Cell::Int(first_at)), (FREQUENCY, Cell::Int(per_day))]
            }
        }
    }

    /// The schedule as plans show it.
    #[must_use]
    pub fn attribute(self) -> Attribute {
        match self {
            Self::Manual => Attribute::text("manual"),
            Self::Daily { first_at, per_day } => {
                Attribute::map([("firstAt", Attribute::Text(time_text(first_at))), ("perDay", Attribute::Int(per_day))])
            }
        }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manual => f.write_str("manual"),
            Self::Daily { first_at, per_day } => write!(f, "{per_day} a day from {}", time_text(*first_at)),
        }
    }
}

/// `03:00Z`, with seconds only where there are some; what is no time of day as the number that it is.
pub(super) fn time_text(seconds: i64) -> String {
    let time =
        u32::try_from(seconds).ok().and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0));
    match time {
        Some(time) if time.second() == 0 => time.format("%H:%MZ").to_string(),
        Some(time) => time.format("%H:%M:%SZ").to_string(),
        None => format!("{seconds} s"),
    }
}

/// How far a running synchronisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Its phase: 1 updates, 2 approvals, 3 categories.
    pub phase: i32,
    /// How many items there are; 0 while that is not known.
    pub total: i32,
    /// How many are done.
    pub processed: i32,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.phase {
            1 => "updates",
            2 => "approvals",
            3 => "categories",
            _ => "items",
        };
        write!(f, "{} of {} {what}", self.processed, self.total)
    }
}

/// The parts of a subscription that somebody asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Parts {
    /// The schedule.
    pub schedule: bool,
    /// The products.
    pub products: bool,
    /// The classifications.
    pub classifications: bool,
}

/// Parts of a subscription: as they are, or as they are to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscription {
    /// The schedule.
    pub schedule: Option<Schedule>,
    /// Products, and families that stand for all their products.
    pub products: Option<BTreeSet<Uuid>>,
    /// Classifications.
    pub classifications: Option<BTreeSet<Uuid>>,
}

impl Subscription {
    /// Which parts there are.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts {
            schedule: self.schedule.is_some(),
            products: self.products.is_some(),
            classifications: self.classifications.is_some(),
        }
    }

    /// These of its parts.
    #[must_use]
    pub fn only(&self, parts: Parts) -> Self {
        Self {
            schedule: self.schedule.filter(|_| parts.schedule),
            products: self.products.clone().filter(|_| parts.products),
            classifications: self.classifications.clone().filter(|_| parts.classifications),
        }
    }

    /// Which of its parts another has otherwise.
    #[must_use]
    pub fn unlike(&self, other: &Self) -> Parts {
        Parts {
            schedule: self.schedule.is_some() && self.schedule != other.schedule,
            products: self.products.is_some() && self.products != other.products,
            classifications: self.classifications.is_some() && self.classifications != other.classifications,
        }
    }

    /// Takes the parts of another that this one lacks.
    pub fn extend(&mut self, other: Self) {
        self.schedule = self.schedule.or(other.schedule);
        self.products = self.products.take().or(other.products);
        self.classifications = self.classifications.take().or(other.classifications);
    }
}

/// A server's subscription as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveSynchronization {
    /// The schedule; none where it is stored in a way that is not known.
    pub schedule: Option<Schedule>,
    /// Products, and families that stand for all their products.
    pub products: BTreeSet<Uuid>,
    /// Classifications.
    pub classifications: BTreeSet<Uuid>,
    /// The parts that the live procedure for saving has parameters for.
    pub saved: Parts,
}

impl LiveSynchronization {
    /// Some parts of it.
    #[must_use]
    pub fn parts(&self, parts: Parts) -> Subscription {
        Subscription {
            schedule: self.schedule.filter(|_| parts.schedule),
            products: parts.products.then(|| self.products.clone()),
            classifications: parts.classifications.then(|| self.classifications.clone()),
        }
    }
}

/// The products that a subscription means: a family or company in it stands for the products below, those that a later
/// synchronisation brings among them.
#[must_use]
pub fn products_meant(subscribed: &BTreeSet<Uuid>, categories: &Categories) -> BTreeSet<Uuid> {
    let mut meant = BTreeSet::new();
    for id in subscribed {
        match categories.0.get(id).map(|category| category.kind) {
            Some(CategoryKind::ProductFamily | CategoryKind::Company) => meant.extend(categories.products_below(*id)),
            _ => _ = meant.insert(*id),
        }
    }
    meant
}

/// What a subscription has to hold to mean exactly some products: a family in it stays where all its products are among
/// them, so that nothing is written that says the same in other words. A family never stands beside its own products.
///
/// Source: learn.microsoft.com, ISubscription.SetUpdateCategories (ms746866: no related parent and child categories; grade A).
#[must_use]
pub fn products_to_hold(
    subscribed: &BTreeSet<Uuid>,
    wanted: &BTreeSet<Uuid>,
    categories: &Categories,
) -> BTreeSet<Uuid> {
    let meant = |id: &Uuid| (products_meant(&BTreeSet::from([*id]), categories), *id);
    let mut subscribed: Vec<(BTreeSet<Uuid>, Uuid)> = subscribed.iter().map(meant).collect();
    // What stands for the most comes first, and then covers what is below it.
    subscribed.sort_by_key(|(meant, id)| (std::cmp::Reverse(meant.len()), meant.contains(id), *id));
    let (mut held, mut covered) = (BTreeSet::new(), BTreeSet::new());
    for (meant, id) in subscribed {
        let says_more = meant.is_empty() || !meant.is_subset(&covered);
        if meant.is_subset(wanted) && says_more {
            held.insert(id);
            covered.extend(meant);
        }
    }
    held.extend(wanted - &covered);
    held
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::NaiveTime;
    use uuid::Uuid;

    use super::{Schedule, products_meant, products_to_hold};
    use crate::model::category::{Categories, Category, CategoryKind};
    use crate::model::configuration::Configuration;
    use crate::model::setting::Cell;

    fn row(automatic: Cell, seconds: Cell, frequency: Cell) -> Configuration {
        [
            ("synchronizeautomatically", automatic),
            ("SynchronizeAutomaticallyTimeOfDay", seconds),
            ("Frequency", frequency),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn a_row_holds_a_schedule() {
        let daily = Schedule::daily(NaiveTime::from_hms_opt(3, 0, 0).unwrap(), 2);
        assert_eq!(Schedule::of(&row(Cell::Bit(true), Cell::Int(10_800), Cell::Int(2))), Some(daily));
        assert_eq!(Schedule::of(&row(Cell::Int(0), Cell::Null, Cell::Null)), Some(Schedule::Manual));
        assert_eq!(Schedule::of(&row(Cell::Bit(true), Cell::Opaque, Cell::Int(2))), None);
        assert_eq!(Schedule::of(&Configuration::default()), None);
        assert_eq!(daily.to_string(), "2 a day from 03:00Z");
        assert_eq!(Schedule::Daily { first_at: 90_000, per_day: 1 }.to_string(), "1 a day from 90000 s");
    }

    fn ids(numbers: &[u128]) -> BTreeSet<Uuid> {
        numbers.iter().map(|number| Uuid::from_u128(*number)).collect()
    }

    fn categories() -> Categories {
        let category = |id: u128, kind, parent: Option<u128>| {
            let (id, parent) = (Uuid::from_u128(id), parent.map(Uuid::from_u128));
            (id, Category { id, kind, title: id.to_string(), other_titles: Vec::new(), parent })
        };
        Categories(BTreeMap::from([
            category(1, CategoryKind::Company, None),
            category(2, CategoryKind::ProductFamily, Some(1)),
            category(3, CategoryKind::Product, Some(2)),
            category(4, CategoryKind::Product, Some(2)),
            category(5, CategoryKind::Product, Some(1)),
        ]))
    }

    #[test]
    fn a_family_means_its_products_and_stays_while_all_are_wanted() {
        let categories = categories();
        assert_eq!(products_meant(&ids(&[2, 5]), &categories), ids(&[3, 4, 5]));
        assert_eq!(products_meant(&ids(&[1]), &categories), ids(&[3, 4, 5]));
        assert_eq!(products_meant(&ids(&[9]), &categories), ids(&[9]));
        assert_eq!(products_to_hold(&ids(&[2]), &ids(&[3, 4, 5]), &categories), ids(&[2, 5]));
        assert_eq!(products_to_hold(&ids(&[2, 3]), &ids(&[3]), &categories), ids(&[3]));
        assert_eq!(products_to_hold(&ids(&[]), &ids(&[3, 4]), &categories), ids(&[3, 4]));
    }

    #[test]
    fn a_family_never_stands_beside_its_own_products() {
        let categories = categories();
        for (subscribed, wanted, held) in [
            (&[2, 3][..], &[3, 4][..], &[2][..]),
            (&[2, 3, 4], &[3, 4, 5], &[2, 5]),
            (&[1, 2, 3], &[3, 4, 5], &[1]),
            (&[1, 2, 3], &[3, 4], &[2]),
            // Of one product: the family of one stays, not both.
            (&[1, 2, 3], &[3], &[3]),
        ] {
            assert_eq!(products_to_hold(&ids(subscribed), &ids(wanted), &categories), ids(held), "{subscribed:?}");
        }
    }
}
