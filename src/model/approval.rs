//! Approvals as a manifest declares them.

use chrono::{DateTime, Days, Duration, NaiveTime, Utc};

use super::snapshot::Deployment;

/// What an approval makes the computers of a group do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApprovalAction {
    /// Install the update (0).
    Install,
    /// Remove it (1).
    Uninstall,
    /// Block what a parent group passes down (3). Not on All Computers.
    NotApproved,
    /// Have no approval of its own: the parent group's holds.
    Inherit,
}

impl ApprovalAction {
    /// The action's code in SUSDB; none for `Inherit`, which is the absence of a row.
    ///
    /// Source: learn.microsoft.com, UpdateApprovalAction (bb295065): Install 0, Uninstall 1, Block 3 (grade A).
    #[must_use]
    pub fn code(self) -> Option<i32> {
        match self {
            Self::Install => Some(0),
            Self::Uninstall => Some(1),
            Self::NotApproved => Some(3),
            Self::Inherit => None,
        }
    }

    /// The action with this code, where the code is one of an approval. 2 (scan) and 5 (bundle) are not.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        match code {
            0 => Some(Self::Install),
            1 => Some(Self::Uninstall),
            3 => Some(Self::NotApproved),
            _ => None,
        }
    }

    /// The word that a manifest uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Uninstall => "uninstall",
            Self::NotApproved => "notApproved",
            Self::Inherit => "inherit",
        }
    }
}

/// By when an approval is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deadline {
    /// No deadline.
    None,
    /// At this time, in whole seconds.
    At(DateTime<Utc>),
    /// This many days after the approval is written, at this UTC time of day (whole minutes or seconds).
    After {
        /// Days, 0 to 3650.
        days: u16,
        /// UTC time of day.
        at: NaiveTime,
    },
}

impl Deadline {
    /// The deadline that is written at this time of the server's clock; none for `None`.
    ///
    /// A relative one counts from the clock's UTC date.
    #[must_use]
    pub fn resolve(self, clock: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::None => None,
            Self::At(time) => Some(time),
            Self::After { days, at } => {
                let date = clock.date_naive().checked_add_days(Days::new(days.into()))?;
                Some(date.and_time(at).and_utc())
            }
        }
    }

    /// Whether a stored deadline is this one.
    ///
    /// A relative one is in order when the stored time of day is `at` and the stored date minus `days` is the date on
    /// which the approval was made or the day before: apply reads the clock before a chunk of writes, and midnight may
    /// pass until the write.
    #[must_use]
    pub fn is_stored_as(self, stored: Option<DateTime<Utc>>, deployed_at: DateTime<Utc>) -> bool {
        match (self, stored.map(whole_seconds)) {
            (Self::None, None) => true,
            (Self::At(time), Some(stored)) => whole_seconds(time) == stored,
            (Self::After { days, at }, Some(stored)) => {
                let counted_from = stored.date_naive().checked_sub_days(Days::new(days.into()));
                let deployed = deployed_at.date_naive();
                stored.time() == at && (counted_from == Some(deployed) || counted_from == deployed.pred_opt())
            }
            _ => false,
        }
    }
}

/// The nearest whole second.
///
/// Source: learn.microsoft.com, SQL Server `datetime`: rounded to .000, .003 or .007 seconds (grade A).
#[must_use]
pub fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    let nanos = i64::from(time.timestamp_subsec_nanos());
    let rounded = if nanos < 500_000_000 { -nanos } else { 1_000_000_000 - nanos };
    time.checked_add_signed(Duration::nanoseconds(rounded)).unwrap_or(time)
}

/// An approval is one value, compared and written whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalValue {
    /// What to do.
    pub action: ApprovalAction,
    /// By when. Always `None` unless the action is install or uninstall.
    pub deadline: Deadline,
    /// Offered, not forced (IsAssigned 0). Only with install and without a deadline.
    pub optional: bool,
}

impl ApprovalValue {
    /// No approval of its own.
    pub const INHERIT: Self = Self { action: ApprovalAction::Inherit, deadline: Deadline::None, optional: false };

    /// Whether a row on the server, leaving its revision aside, is this value: the whole of it, for every action, so that
    /// nothing that somebody changed goes unseen.
    #[must_use]
    pub fn is_stored_as(&self, row: &Deployment) -> bool {
        let Self { action, deadline, optional } = *self;
        action.code() == Some(row.action)
            && row.assigned != optional
            && deadline.is_stored_as(row.deadline, row.deployed_at)
    }

    /// Whether a row on the server is this value for the latest revision.
    #[must_use]
    pub fn holds_in(&self, row: &Deployment, latest_revision: i32) -> bool {
        row.revision == latest_revision && self.is_stored_as(row)
    }

    /// Whether the rows of a pair on the server, all of them, are this value for the latest revision and nothing else. A row
    /// that is pending beside the one in force is no second one.
    #[must_use]
    pub fn is_all_of(&self, rows: &[&Deployment], latest_revision: i32) -> bool {
        match rows {
            [] => self.action == ApprovalAction::Inherit,
            [row] => self.holds_in(row, latest_revision),
            [one, other] => one.pending != other.pending && rows.iter().all(|row| self.holds_in(row, latest_revision)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveTime, Utc};

    use super::{Deadline, whole_seconds};

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_rounding_of_datetime_is_no_difference() {
        for stored in ["2026-12-01T17:59:59.997Z", "2026-12-01T18:00:00Z", "2026-12-01T18:00:00.003Z"] {
            assert_eq!(whole_seconds(time(stored)), time("2026-12-01T18:00:00Z"), "{stored}");
            let declared = Deadline::At(time("2026-12-01T18:00:00Z"));
            assert!(declared.is_stored_as(Some(time(stored)), time("2026-01-01T00:00:00Z")), "{stored}");
        }
    }

    #[test]
    fn a_relative_deadline_counts_from_the_day_of_the_approval_or_the_day_before() {
        let relative = Deadline::After { days: 7, at: NaiveTime::from_hms_opt(18, 0, 0).unwrap() };
        let deployed = time("2026-11-20T00:00:03Z");
        for (stored, expected) in [
            ("2026-11-27T18:00:00Z", true),
            ("2026-11-26T18:00:00Z", true),
            ("2026-11-25T18:00:00Z", false),
            ("2026-11-28T18:00:00Z", false),
            ("2026-11-27T18:01:00Z", false),
        ] {
            assert_eq!(relative.is_stored_as(Some(time(stored)), deployed), expected, "{stored}");
        }
        assert!(!relative.is_stored_as(None, deployed));
        assert_eq!(relative.resolve(time("2026-11-20T23:59:59Z")), Some(time("2026-11-27T18:00:00Z")));
    }
}
