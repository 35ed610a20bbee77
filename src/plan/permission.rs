//! Permissions: what `--allow` says.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::model::address::Kind;

/// Something that a plan needs before it may run. There is no permission for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `KIND.delete`: pruning that asks (`prune: confirm`).
    Delete(Kind),
    /// `KIND.delete=N%`: pruning that asks, and deletions of up to N percent of the kind.
    DeletePercent(Kind, u8),
    /// `KIND.modify=N%`: modifications of up to N percent of the kind.
    ModifyPercent(Kind, u8),
    /// `empty`: pruning a kind to nothing.
    Empty,
    /// `past-deadlines`: new deadlines that have passed already.
    PastDeadlines,
    /// `high-risk`: changes of high risk.
    HighRisk,
    /// `reinstate`: taking back the declines of articles of which every update is declined.
    Reinstate,
    /// `unsupported`: success although something declared cannot be done.
    Unsupported,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delete(kind) => write!(f, "{}.delete", kind.plural()),
            Self::DeletePercent(kind, percent) => write!(f, "{}.delete={percent}%", kind.plural()),
            Self::ModifyPercent(kind, percent) => write!(f, "{}.modify={percent}%", kind.plural()),
            Self::Empty => f.write_str("empty"),
            Self::PastDeadlines => f.write_str("past-deadlines"),
            Self::HighRisk => f.write_str("high-risk"),
            Self::Reinstate => f.write_str("reinstate"),
            Self::Unsupported => f.write_str("unsupported"),
        }
    }
}

/// Not a permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// No such word.
    #[error(
        "no such permission; there are KIND.delete, KIND.delete=N%, KIND.modify=N%, empty, past-deadlines, high-risk, reinstate and unsupported, where KIND is groups, memberships, approvals, declines, rules or downstreamServers"
    )]
    Unknown,
    /// A percentage that is none.
    #[error("a percentage is a whole number from 0 to 100 and a percent sign, as in groups.delete=80%")]
    Percent,
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        match text {
            "empty" => return Ok(Self::Empty),
            "past-deadlines" => return Ok(Self::PastDeadlines),
            "high-risk" => return Ok(Self::HighRisk),
            "reinstate" => return Ok(Self::Reinstate),
            "unsupported" => return Ok(Self::Unsupported),
            _ => {}
        }
        let (kind, rest) = text.split_once('.').ok_or(PermissionError::Unknown)?;
        // Neither has a share that a permission could raise.
        let has_share = |kind: &Kind| !matches!(kind, Kind::Identity | Kind::Setting);
        let kind = Kind::from_plural(kind).filter(has_share).ok_or(PermissionError::Unknown)?;
        let (verb, percent) = match rest.split_once('=') {
            Some((verb, percent)) => (verb, Some(parse_percent(percent)?)),
            None => (rest, None),
        };
        match (verb, percent) {
            ("delete", None) => Ok(Self::Delete(kind)),
            ("delete", Some(percent)) => Ok(Self::DeletePercent(kind, percent)),
            ("modify", Some(percent)) => Ok(Self::ModifyPercent(kind, percent)),
            ("modify", None) => Err(PermissionError::Percent),
            _ => Err(PermissionError::Unknown),
        }
    }
}

fn parse_percent(text: &str) -> Result<u8, PermissionError> {
    let digits = text.strip_suffix('%').ok_or(PermissionError::Percent)?;
    digits.parse().ok().filter(|percent| *percent <= 100).ok_or(PermissionError::Percent)
}

/// The permissions of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    given: Vec<Permission>,
}

impl Permissions {
    /// These permissions; the highest percentage of a kind counts.
    #[must_use]
    pub fn new(given: impl IntoIterator<Item = Permission>) -> Self {
        let mut given: Vec<Permission> = given.into_iter().collect();
        given.sort_unstable();
        given.dedup();
        Self { given }
    }

    /// What was given, sorted.
    #[must_use]
    pub fn given(&self) -> &[Permission] {
        &self.given
    }

    /// Whether this very permission was given.
    #[must_use]
    pub fn has(&self, permission: Permission) -> bool {
        self.given.contains(&permission)
    }

    /// Whether pruning of this kind that asks has its answer.
    #[must_use]
    pub fn may_delete(&self, kind: Kind) -> bool {
        self.has(Permission::Delete(kind)) || self.delete_percents().contains_key(&kind)
    }

    /// The percentage of the kind that may be deleted, where one was given.
    #[must_use]
    pub fn delete_percent(&self, kind: Kind) -> Option<u8> {
        self.delete_percents().get(&kind).copied()
    }

    /// The percentage of the kind that may be modified, where one was given.
    #[must_use]
    pub fn modify_percent(&self, kind: Kind) -> Option<u8> {
        self.given
            .iter()
            .filter_map(|permission| match permission {
                Permission::ModifyPercent(of, percent) if *of == kind => Some(*percent),
                _ => None,
            })
            .max()
    }

    fn delete_percents(&self) -> BTreeMap<Kind, u8> {
        let mut percents = BTreeMap::new();
        for permission in &self.given {
            if let Permission::DeletePercent(kind, percent) = permission {
                let entry = percents.entry(*kind).or_insert(*percent);
                *entry = (*entry).max(*percent);
            }
        }
        percents
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission, PermissionError, Permissions};
    use crate::model::address::Kind;

    #[test]
    fn permissions_read_back_as_they_print() {
        for text in [
            "groups.delete",
            "approvals.delete=80%",
            "memberships.modify=100%",
            "downstreamServers.delete=5%",
            "empty",
            "high-risk",
        ] {
            assert_eq!(text.parse::<Permission>().unwrap().to_string(), text);
        }
        for text in [
            "all",
            "configmgr",
            "groups",
            "groups.create",
            "identity.delete",
            "settings.modify=50%",
            "group.delete",
            "",
        ] {
            assert_eq!(text.parse::<Permission>(), Err(PermissionError::Unknown), "{text}");
        }
        for text in ["groups.delete=80", "groups.delete=101%", "groups.modify", "groups.delete=%"] {
            assert_eq!(text.parse::<Permission>(), Err(PermissionError::Percent), "{text}");
        }
    }

    #[test]
    fn a_percentage_answers_the_confirmation_too_and_the_highest_counts() {
        let permissions = Permissions::new([
            Permission::DeletePercent(Kind::Group, 80),
            Permission::DeletePercent(Kind::Group, 40),
            Permission::ModifyPercent(Kind::Approval, 50),
        ]);
        assert!(permissions.may_delete(Kind::Group));
        assert!(!permissions.may_delete(Kind::Approval));
        assert_eq!(permissions.delete_percent(Kind::Group), Some(80));
        assert_eq!(permissions.modify_percent(Kind::Approval), Some(50));
    }
}
