//! What a manifest says about managing itself: pruning, limits and what to ignore.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::address::Kind;
use super::glob::Glob;
use super::origin::Declared;

/// What happens to objects of a kind that nothing declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Prune {
    /// They stay. The default.
    #[default]
    Never,
    /// Their deletion is planned and needs a confirmation or a permission of its own.
    Confirm,
    /// Their deletion is planned.
    Always,
}

/// How much of a kind a plan may delete or modify before it needs a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Percent of the existing objects of a kind, 0 to 100; strictly more is a blocker.
    pub delete_percent: u8,
    /// Likewise for modifications.
    pub modify_percent: u8,
    /// The limits hold from this many existing objects on.
    pub minimum: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { delete_percent: 30, modify_percent: 30, minimum: 10 }
    }
}

/// The manifest's `management`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Management {
    /// Pruning by kind; a kind that is missing is `Never`.
    pub prune: BTreeMap<Kind, Prune>,
    /// Pruning of approvals that WSUS itself made (AdminName `WUS Server`). `Never` unless set.
    pub prune_automatic_approvals: Prune,
    /// How long nothing was heard of an older entry of a downstream server before pruning takes it. There where these are
    /// pruned.
    pub downstream_servers_age: Option<TimeDelta>,
    /// The limits, for every kind.
    pub limits: Limits,
    /// Patterns over printed addresses: hidden from diff, prune and limits.
    pub ignore: Vec<Declared<Glob>>,
}

impl Management {
    /// What happens to undeclared objects of this kind.
    #[must_use]
    pub fn prune(&self, kind: Kind) -> Prune {
        self.prune.get(&kind).copied().unwrap_or_default()
    }

    /// Whether an object with this printed address is none of our business.
    #[must_use]
    pub fn ignores(&self, address: &str) -> bool {
        self.ignore.iter().any(|pattern| pattern.value.matches(address))
    }
}
