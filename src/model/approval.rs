//! Approvals as a manifest declares them.

use chrono::{DateTime, NaiveTime, Utc};

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
