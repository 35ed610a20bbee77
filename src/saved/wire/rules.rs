//! Automatic approval rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::rule::{Rule, RuleDeadline};
use crate::saved::text::Id;

/// A rule.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::saved) struct RuleWire {
    id: i32,
    name: String,
    enabled: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    classifications: BTreeSet<i32>,
    #[serde(default, skip_serializing_if = "is_default")]
    products: BTreeSet<i32>,
    #[serde(default, skip_serializing_if = "is_default")]
    groups: BTreeSet<Id>,
    #[serde(default, skip_serializing_if = "is_default")]
    deadline: Option<DeadlineWire>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadlineWire {
    days: i32,
    minutes: i32,
}

impl From<&Rule> for RuleWire {
    fn from(rule: &Rule) -> Self {
        let Rule { id, name, enabled, classifications, products, groups, deadline } = rule;
        let deadline = match deadline {
            RuleDeadline::None => None,
            RuleDeadline::After { days, minutes } => Some(DeadlineWire { days: *days, minutes: *minutes }),
        };
        Self {
            id: *id,
            name: name.clone(),
            enabled: *enabled,
            classifications: classifications.clone(),
            products: products.clone(),
            groups: groups.iter().copied().map(Id).collect(),
            deadline,
        }
    }
}

impl From<RuleWire> for Rule {
    fn from(wire: RuleWire) -> Self {
        let RuleWire { id, name, enabled, classifications, products, groups, deadline } = wire;
        let groups = groups.into_iter().map(|Id(id)| id).collect();
        let deadline = match deadline {
            None => RuleDeadline::None,
            Some(DeadlineWire { days, minutes }) => RuleDeadline::After { days, minutes },
        };
        Self { id, name, enabled, classifications, products, groups, deadline }
    }
}
