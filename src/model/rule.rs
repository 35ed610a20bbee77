//! Automatic approval rules.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::resolved::GroupReference;

/// Longest name of a rule in UTF-16 code units: those of its column.
///
/// Source: Intensive-Self-Service-Portal, tbAutoDeploymentRule (grade A).
pub const RULE_NAME_LENGTH_MAX: usize = 256;

/// Most days that a rule's deadline may be away.
///
/// Source: learn.microsoft.com, AutomaticUpdateApprovalDeadline.DayOffset (ee694861), which throws beyond them (grade A).
pub const RULE_DEADLINE_DAYS_MAX: i32 = 365;

/// Last minute of a day.
///
/// Source: learn.microsoft.com, AutomaticUpdateApprovalDeadline.MinutesAfterMidnight (ee694862; grade A).
pub const RULE_DEADLINE_MINUTES_MAX: i32 = 1439;

/// The deadline that a rule gives to what it approves, as SUSDB stores it: in the local time of the database server.
///
/// Source: learn.microsoft.com, AutomaticUpdateApprovalDeadline (ee694870; grade A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleDeadline {
    /// None.
    None,
    /// Days after the approval, at a time of day.
    After {
        /// Days (DateOffset).
        days: i32,
        /// Minutes after midnight (MinutesAfterMidnight).
        minutes: i32,
    },
}

impl RuleDeadline {
    /// Whether WSUS takes it. One that is there already may have been written past WSUS's own checks.
    #[must_use]
    pub fn is_valid(self) -> bool {
        match self {
            Self::None => true,
            Self::After { days, minutes } => {
                (0..=RULE_DEADLINE_DAYS_MAX).contains(&days) && (0..=RULE_DEADLINE_MINUTES_MAX).contains(&minutes)
            }
        }
    }
}

/// A rule on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Its classifications by SUSDB's own numbers; empty for all.
    pub classifications: BTreeSet<i32>,
    /// Its products and product families, likewise.
    pub products: BTreeSet<i32>,
    /// The groups that it approves for.
    pub groups: BTreeSet<Uuid>,
    /// The deadline of its approvals.
    pub deadline: RuleDeadline,
}

impl Rule {
    /// A rule as spCreateAutoDeploymentRule makes it: disabled and empty.
    ///
    /// Source: PoshWSUS assemblies (grade B).
    #[must_use]
    pub fn new(id: i32, name: String) -> Self {
        let (classifications, products, groups) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { id, name, enabled: false, classifications, products, groups, deadline: RuleDeadline::None }
    }
}

/// The rules of a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Every rule by its number.
    pub all: BTreeMap<i32, Rule>,
    /// Every category by SUSDB's own number, which rules name them by.
    pub categories: BTreeMap<i32, Uuid>,
}

/// What a rule is to be: what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleChange<G = GroupReference> {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// All its classifications, by SUSDB's own numbers.
    pub classifications: Option<BTreeSet<i32>>,
    /// All its products and product families, likewise.
    pub products: Option<BTreeSet<i32>>,
    /// All its groups.
    pub groups: Option<BTreeSet<G>>,
    /// The deadline of its approvals.
    pub deadline: Option<RuleDeadline>,
}

impl RuleChange {
    /// The change with ids of groups; none while one of them has no id yet.
    #[must_use]
    pub fn with_ids(&self, id: impl Fn(&GroupReference) -> Option<Uuid>) -> Option<RuleChange<Uuid>> {
        let Self { enabled, classifications, products, groups, deadline } = self.clone();
        let groups = match groups {
            Some(groups) => Some(groups.iter().map(id).collect::<Option<BTreeSet<Uuid>>>()?),
            None => None,
        };
        Some(RuleChange { enabled, classifications, products, groups, deadline })
    }
}

impl RuleChange<Uuid> {
    /// What a rule has where this change names something.
    #[must_use]
    pub fn named_of(&self, rule: &Rule) -> Self {
        let Self { enabled, classifications, products, groups, deadline } = self;
        Self {
            enabled: enabled.map(|_| rule.enabled),
            classifications: classifications.as_ref().map(|_| rule.classifications.clone()),
            products: products.as_ref().map(|_| rule.products.clone()),
            groups: groups.as_ref().map(|_| rule.groups.clone()),
            deadline: deadline.map(|_| rule.deadline),
        }
    }

    /// The rule that a change makes of one.
    #[must_use]
    pub fn applied_to(&self, rule: &Rule) -> Rule {
        let Self { enabled, classifications, products, groups, deadline } = self.clone();
        Rule {
            id: rule.id,
            name: rule.name.clone(),
            enabled: enabled.unwrap_or(rule.enabled),
            classifications: classifications.unwrap_or_else(|| rule.classifications.clone()),
            products: products.unwrap_or_else(|| rule.products.clone()),
            groups: groups.unwrap_or_else(|| rule.groups.clone()),
            deadline: deadline.unwrap_or(rule.deadline),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::{Rule, RuleChange, RuleDeadline};
    use crate::model::resolved::GroupReference;

    #[test]
    fn a_change_replaces_what_it_names_and_waits_for_the_ids_of_groups() {
        let planned = GroupReference::Planned("New".into());
        let change = RuleChange {
            enabled: Some(true),
            classifications: None,
            products: Some(BTreeSet::from([3])),
            groups: Some(BTreeSet::from([planned])),
            deadline: None,
        };
        assert_eq!(change.with_ids(|_| None), None);
        let change = change.with_ids(|_| Some(Uuid::from_u128(7))).unwrap();
        let mut rule = Rule::new(1, "Rule".into());
        rule.classifications.insert(5);
        rule.deadline = RuleDeadline::After { days: 3, minutes: 240 };
        let after = change.applied_to(&rule);
        assert_eq!((after.enabled, after.deadline), (true, rule.deadline));
        assert_eq!((after.classifications, after.products), (BTreeSet::from([5]), BTreeSet::from([3])));
        assert_eq!(after.groups, BTreeSet::from([Uuid::from_u128(7)]));
    }
}
