//! Automatic approval rules with their lists.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::selects::{LIST_RULE_CATEGORIES, LIST_RULE_CLASSIFICATIONS, LIST_RULE_GROUPS, LIST_RULES};
use super::{ReadError, rows};
use crate::model::rule::{Rule, RuleDeadline};
use crate::susdb::session::Session;

/// Reads every rule as it is stored.
///
/// Source: tbAutoDeploymentRule and the tables of its lists, which have categories by their LocalUpdateID and groups by
/// their id: Intensive-Self-Service-Portal (grade A). That no days mean no deadline: PoshWSUS assemblies (grade B).
pub(in crate::susdb) async fn read(session: &mut Session) -> Result<BTreeMap<i32, Rule>, ReadError> {
    let rules = rows(session, &LIST_RULES, |row| {
        let (days, minutes) = (row.int_or_null("DateOffset")?, row.int_or_null("MinutesAfterMidnight")?);
        let deadline = match days {
            None => RuleDeadline::None,
            Some(days) => RuleDeadline::After { days, minutes: minutes.unwrap_or(0) },
        };
        let enabled = row.bit("Enabled")?;
        Ok(Rule { enabled, deadline, ..Rule::new(row.int("ID")?, row.text("Name")?) })
    });
    let mut rules: BTreeMap<i32, Rule> = rules.await?.into_iter().map(|rule| (rule.id, rule)).collect();
    let member = "AutoDeploymentRuleID";
    let category = |row: &super::Cells<'_>| Ok((row.int(member)?, row.int("CategoryID")?));
    let classifications = by_rule(rows(session, &LIST_RULE_CLASSIFICATIONS, category).await?);
    let products = by_rule(rows(session, &LIST_RULE_CATEGORIES, category).await?);
    let group = |row: &super::Cells<'_>| Ok((row.int(member)?, row.guid("TargetGroupID")?));
    let groups = by_rule(rows(session, &LIST_RULE_GROUPS, group).await?);
    for rule in rules.values_mut() {
        rule.classifications = classifications.get(&rule.id).cloned().unwrap_or_default();
        rule.products = products.get(&rule.id).cloned().unwrap_or_default();
        rule.groups = groups.get(&rule.id).cloned().unwrap_or_default();
    }
    Ok(rules)
}

fn by_rule<T: Ord>(found: Vec<(i32, T)>) -> BTreeMap<i32, BTreeSet<T>> {
    let mut by_rule: BTreeMap<i32, BTreeSet<T>> = BTreeMap::new();
    for (rule, member) in found {
        by_rule.entry(rule).or_default().insert(member);
    }
    by_rule
}
