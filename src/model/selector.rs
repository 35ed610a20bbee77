//! Conditions that choose updates, as a manifest's `select` declares them.

use chrono::{DateTime, Duration, Utc};

use super::category::CategoryReference;
use super::glob::Glob;
use super::origin::{Declared, Origin};

/// Conditions over updates: every key that is present must hold, and of a list one element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// `classifications`: never empty where present; no `Family` among them.
    pub classifications: Option<Vec<Declared<CategoryReference>>>,
    /// `products`: never empty where present.
    pub products: Option<Vec<Declared<CategoryReference>>>,
    /// `title`: a pattern over the title in English, or in the default language where there is no English one.
    pub title: Option<Declared<Glob>>,
    /// `severity`: never empty where present.
    pub severity: Option<Vec<Severity>>,
    /// `kb`: article numbers, digits only; never empty where present.
    pub kb: Option<Vec<Declared<String>>>,
    /// `updateType`: never empty where present.
    pub update_type: Option<Vec<UpdateType>>,
    /// `arrivedWithin`, `arrivedAfter`, `arrivedBefore`: when the server received the latest revision.
    pub arrived: Period,
    /// `createdWithin`, `createdAfter`, `createdBefore`: when the publisher created the latest revision.
    pub created: Period,
    /// `superseded`: whether the latest revision of another update supersedes it. Absent: `false` for approvals, either for declines.
    pub superseded: Option<bool>,
    /// `expired`, of declines only. Absent: either.
    pub expired: Option<bool>,
    /// `supersedingApproved`, of declines only: whether an update that supersedes it will have an install approval after
    /// the plan.
    pub superseding_approved: Option<bool>,
    /// `neededBy`: how many computers report it as needed, downloaded, failed or waiting for a restart.
    pub needed_by: Option<NeededBy>,
    /// The place of the key `select`.
    pub origin: Origin,
}

impl Selector {
    /// The selector without a condition, which every update meets. `origin` is the place that stands for it.
    #[must_use]
    pub fn everything(origin: Origin) -> Self {
        Self {
            classifications: None,
            products: None,
            title: None,
            severity: None,
            kb: None,
            update_type: None,
            arrived: Period::default(),
            created: Period::default(),
            superseded: None,
            expired: None,
            superseding_approved: None,
            needed_by: None,
            origin,
        }
    }
}

/// A period of time. Its ends are moments, or ages that count back from the plan's `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// At this moment or later: `...Within` (an age) or `...After`.
    pub from: Option<Moment>,
    /// Before this moment: `...Before`.
    pub until: Option<Moment>,
}

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This long before `now`; from a minute to 3650 days.
    Ago(Duration),
    /// A fixed time.
    At(DateTime<Utc>),
}

impl Moment {
    /// The moment as a time.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(age) => now.checked_sub_signed(age).unwrap_or(DateTime::<Utc>::MIN_UTC),
            Self::At(time) => time,
        }
    }
}

impl Period {
    /// Whether a time is within the period: not before its beginning, and before its end.
    #[must_use]
    pub fn contains(&self, time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| time >= from.at(now)) && self.until.is_none_or(|until| time < until.at(now))
    }

    /// Whether it has no end on either side.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }
}

/// A number of computers: from `at_least` to `at_most`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeededBy {
    /// The smallest number.
    pub at_least: u32,
    /// The largest number; none where there is no limit.
    pub at_most: Option<u32>,
}

impl NeededBy {
    /// Whether a number is in order.
    #[must_use]
    pub fn contains(&self, computers: u32) -> bool {
        computers >= self.at_least && self.at_most.is_none_or(|most| computers <= most)
    }
}

/// The severity that the Microsoft Security Response Center gives.
///
/// Source: Intensive-Self-Service-Portal (tbProperty.MsrcSeverity is text), PoshWSUS (the values; grade A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// None was given.
    #[default]
    Unspecified,
    /// Low.
    Low,
    /// Moderate.
    Moderate,
    /// Important.
    Important,
    /// Critical.
    Critical,
}

impl Severity {
    /// All of them, least first.
    pub const ALL: [Self; 5] = [Self::Unspecified, Self::Low, Self::Moderate, Self::Important, Self::Critical];

    /// The word that manifests and SUSDB use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "Unspecified",
            Self::Low => "Low",
            Self::Moderate => "Moderate",
            Self::Important => "Important",
            Self::Critical => "Critical",
        }
    }

    /// The severity with this word, without regard to case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str().eq_ignore_ascii_case(word))
    }
}

/// What kind of update it is.
///
/// Source: Intensive-Self-Service-Portal (tbProperty.UpdateType is text, default `Software`; grade A); the other words:
/// Microsoft.UpdateServices.Administration, UpdateType (grade B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum UpdateType {
    /// Software.
    #[default]
    Software,
    /// A whole application.
    SoftwareApplication,
    /// A driver.
    Driver,
    /// A set of drivers.
    DriverSet,
    /// A word that is not one of these.
    Other,
}

impl UpdateType {
    /// Those that a manifest can name.
    pub const ALL: [Self; 4] = [Self::Software, Self::SoftwareApplication, Self::Driver, Self::DriverSet];

    /// The word that manifests and SUSDB use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Software => "Software",
            Self::SoftwareApplication => "SoftwareApplication",
            Self::Driver => "Driver",
            Self::DriverSet => "DriverSet",
            Self::Other => "Other",
        }
    }

    /// The type with this word, without regard to case.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(word)).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration, Utc};

    use super::{Moment, NeededBy, Period, Severity, UpdateType};

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_period_begins_with_its_first_moment_and_ends_before_its_last() {
        let now = time("2026-11-20T12:00:00Z");
        let period = Period {
            from: Some(Moment::Ago(Duration::days(30))),
            until: Some(Moment::At(time("2026-11-10T00:00:00Z"))),
        };
        assert!(period.contains(time("2026-10-21T12:00:00Z"), now));
        assert!(!period.contains(time("2026-10-21T11:59:59Z"), now));
        assert!(period.contains(time("2026-11-09T23:59:59Z"), now));
        assert!(!period.contains(time("2026-11-10T00:00:00Z"), now));
        assert!(Period::default().is_unbounded() && Period::default().contains(now, now));
    }

    #[test]
    fn numbers_of_computers_include_both_ends() {
        let few = NeededBy { at_least: 1, at_most: Some(3) };
        assert_eq!([0, 1, 3, 4].map(|number| few.contains(number)), [false, true, true, false]);
        assert!(NeededBy { at_least: 1, at_most: None }.contains(u32::MAX));
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        assert_eq!(Severity::from_word("critical"), Some(Severity::Critical));
        assert_eq!(Severity::from_word("grave"), None);
        assert_eq!(UpdateType::from_word("DRIVER"), UpdateType::Driver);
        assert_eq!(UpdateType::from_word("Hat"), UpdateType::Other);
    }
}
