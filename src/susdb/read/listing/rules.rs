//! Automatic approval rules.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::selects::{LIST_RULE_CATEGORIES, LIST_RULE_CLASSIFICATIONS, LIST_RULE_GROUPS, LIST_RULES};
use crate::model::listing::ListedRule;
use crate::model::name::fold;
use crate::susdb::read::catalogue::Select;
use crate::susdb::read::{ReadError, categories, groups, rows};
use crate::susdb::session::Session;

/// Reads every rule, by name.
///
/// Source: tbAutoDeploymentRule and the tables of its lists, which have categories by their LocalUpdateID and groups by
/// their id: Intensive-Self-Service-Portal (grade A).
///
/// # Errors
/// [`ReadError`].
pub async fn read_rules(session: &mut Session) -> Result<Vec<ListedRule>, ReadError> {
    let known = categories::read(session).await?;
    let groups = groups::read(session).await?;
    let title = |number: i32| match known.numbers.get(&number) {
        Some(id) => known.all.title(*id),
        None => format!("category {number}"),
    };
    let group = |id: Uuid| groups.get(&id).map_or_else(|| id.to_string(), |group| group.name.clone());
    let mut classifications = category_titles(session, &LIST_RULE_CLASSIFICATIONS, &title).await?;
    let mut products = category_titles(session, &LIST_RULE_CATEGORIES, &title).await?;
    let members = rows(session, &LIST_RULE_GROUPS, |row| {
        Ok((row.int("AutoDeploymentRuleID")?, group(row.guid("TargetGroupID")?)))
    });
    let mut members = by_rule(members.await?);
    let rules = rows(session, &LIST_RULES, |row| {
        let (days, minutes) = (row.int_or_null("DateOffset")?, row.int_or_null("MinutesAfterMidnight")?);
        Ok(ListedRule {
            id: row.int("ID")?,
            name: row.text("Name")?,
            enabled: row.bit("Enabled")?,
            classifications: Vec::new(),
            products: Vec::new(),
            groups: Vec::new(),
            deadline: days.map(|days| (days, minutes.unwrap_or(0))),
        })
    });
    let mut rules = rules.await?;
    for rule in &mut rules {
        rule.classifications = classifications.remove(&rule.id).unwrap_or_default();
        rule.products = products.remove(&rule.id).unwrap_or_default();
        rule.groups = members.remove(&rule.id).unwrap_or_default();
    }
    rules.sort_by_cached_key(|rule| (fold(&rule.name), rule.id));
    Ok(rules)
}

async fn category_titles(
    session: &mut Session,
    select: &Select,
    title: &impl Fn(i32) -> String,
) -> Result<BTreeMap<i32, Vec<String>>, ReadError> {
    let found = rows(session, select, |row| Ok((row.int("AutoDeploymentRuleID")?, title(row.int("CategoryID")?))));
    Ok(by_rule(found.await?))
}

fn by_rule(found: Vec<(i32, String)>) -> BTreeMap<i32, Vec<String>> {
    let mut by_rule: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for (rule, name) in found {
        by_rule.entry(rule).or_default().push(name);
    }
    by_rule.values_mut().for_each(|names| names.sort_by_key(|name| fold(name)));
    by_rule
}
