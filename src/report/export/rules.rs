//! The automatic approval rules.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::categories::{Item, Titles, by_title};
use super::groups::Groups;
use super::head::LeftOut;
use super::{Section, counted};
use crate::model::category::{Category, CategoryKind};
use crate::model::name::{fold, trim};
use crate::model::rule::{RULE_NAME_LENGTH_MAX, Rule, RuleDeadline, Rules};
use crate::model::snapshot::Snapshot;
use crate::report::yaml::{comment, scalar};

/// The section: one entry a rule, with all its keys that a manifest can say.
pub(super) fn section(snapshot: &Snapshot, groups: &Groups<'_>) -> Section {
    let Some(rules) = &snapshot.rules else { return Section::default() };
    if snapshot.server.replica {
        let why = "approval rules, since a replica takes rules from its parent";
        return Section {
            left_out: LeftOut::number(rules.all.len() as u64, why).into_iter().collect(),
            ..Section::default()
        };
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for rule in rules.all.values() {
        *names.entry(fold(&rule.name)).or_default() += 1;
    }
    let alone = |rule: &&Rule| {
        names.get(&fold(&rule.name)) == Some(&1)
            && !rule.name.trim().is_empty()
            && rule.name.encode_utf16().count() <= RULE_NAME_LENGTH_MAX
    };
    let (mut declared, unnamed): (Vec<&Rule>, Vec<&Rule>) = rules.all.values().partition(alone);
    declared.sort_by_cached_key(|rule| (fold(&rule.name), rule.id));
    let words = RuleWords { rules, titles: Titles::new(&snapshot.categories), groups };
    let mut yaml = if declared.is_empty() { String::new() } else { "  approvalRules:\n".to_owned() };
    let (mut unsayable, mut empty, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for rule in &declared {
        yaml += &format!("    - name: {}\n      enabled: {}\n", scalar(trim(&rule.name)), rule.enabled);
        if chooses_nothing(rule) {
            empty.push(rule.name.clone());
            let why = "neither a classification nor a product: WSUS would not save an enabled rule like that";
            yaml += &format!("      {}\n", comment(why));
        } else {
            list("classifications", words.classifications(rule), rule, &mut yaml, &mut unsayable);
            list("products", words.products(rule), rule, &mut yaml, &mut unsayable);
        }
        if approves_for_nobody(rule) {
            idle.push(rule.name.clone());
            yaml += &format!("      {}\n", comment("no groups: the rule is enabled and approves nothing"));
        } else {
            list("groups", words.groups(rule), rule, &mut yaml, &mut unsayable);
        }
        match deadline(rule.deadline) {
            Some(written) => yaml += &format!("      deadline: {written}\n"),
            None => unsayable.push(format!("deadline of {}: {}", rule.name, stored(rule.deadline))),
        }
    }
    let left_out = [
        LeftOut::list(
            unnamed.iter().map(|rule| format!("number {} {}", rule.id, rule.name)).collect(),
            "approval rules that no name means alone (several are called so, or the name is empty)",
        ),
        LeftOut::list(unsayable, "parts of approval rules that no manifest can say (unknown categories, say)"),
        LeftOut::list(empty, "classifications and products of enabled rules that choose by neither"),
        LeftOut::list(idle, "groups of enabled rules that have none and approve nothing"),
    ];
    Section {
        declares: if declared.is_empty() { String::new() } else { counted(declared.len(), "approval rule") },
        yaml,
        left_out: left_out.into_iter().flatten().collect(),
    }
}

/// Whether a rule is as no manifest may declare it.
pub(super) fn chooses_nothing(rule: &Rule) -> bool {
    rule.enabled && rule.classifications.is_empty() && rule.products.is_empty()
}

/// Likewise.
pub(super) fn approves_for_nobody(rule: &Rule) -> bool {
    rule.enabled && rule.groups.is_empty()
}

fn list(key: &str, items: Result<Vec<Item>, String>, rule: &Rule, yaml: &mut String, unsayable: &mut Vec<String>) {
    match items {
        Err(why) => unsayable.push(format!("{key} of {}: {why}", rule.name)),
        Ok(items) if items.is_empty() => *yaml += &format!("      {key}: []\n"),
        Ok(items) => {
            *yaml += &format!("      {key}:\n");
            items.iter().for_each(|item| *yaml += &format!("        - {}\n", item.line()));
        }
    }
}

/// A deadline as manifests write it, if they can.
pub(super) fn deadline(deadline: RuleDeadline) -> Option<String> {
    match deadline {
        RuleDeadline::None => Some("none".to_owned()),
        RuleDeadline::After { days, minutes } => {
            deadline.is_valid().then(|| format!("{{days: {days}, at: \"{:02}:{:02}\"}}", minutes / 60, minutes % 60))
        }
    }
}

/// A deadline as it is stored.
fn stored(deadline: RuleDeadline) -> String {
    match deadline {
        RuleDeadline::None => "none".to_owned(),
        RuleDeadline::After { days, minutes } => format!("{days} days, {minutes} minutes after midnight"),
    }
}

/// How a manifest says the parts of rules.
pub(super) struct RuleWords<'a> {
    pub(super) rules: &'a Rules,
    pub(super) titles: Titles<'a>,
    pub(super) groups: &'a Groups<'a>,
}

impl<'a> RuleWords<'a> {
    pub(super) fn classifications(&self, rule: &Rule) -> Result<Vec<Item>, String> {
        let found = self.known(&rule.classifications, &[CategoryKind::Classification])?;
        Ok(found.into_iter().map(|category| self.titles.item(category)).collect())
    }

    /// A rule keeps a family or a company itself.
    pub(super) fn products(&self, rule: &Rule) -> Result<Vec<Item>, String> {
        const KINDS: [CategoryKind; 3] = [CategoryKind::Product, CategoryKind::ProductFamily, CategoryKind::Company];
        let found = self.known(&rule.products, &KINDS)?;
        Ok(found.into_iter().map(|category| self.product(category)).collect())
    }

    /// A product, or what stands for several, as rules name it.
    pub(super) fn product(&self, category: &'a Category) -> Item {
        match category.kind {
            CategoryKind::Product => self.titles.item(category),
            CategoryKind::ProductFamily => self.titles.family(category).unwrap_or_else(|| self.titles.by_id(category)),
            CategoryKind::Company | CategoryKind::Classification | CategoryKind::Other => self.titles.by_id(category),
        }
    }

    pub(super) fn groups(&self, rule: &Rule) -> Result<Vec<Item>, String> {
        let mut named = Vec::new();
        for group in &rule.groups {
            let Some((place, name)) = self.groups.place(*group) else {
                return Err(format!("a manifest cannot name the group {group}"));
            };
            named.push((place, name));
        }
        named.sort_unstable();
        let item = |(_, name): (usize, &str)| Item { yaml: scalar(name).into_owned(), remark: String::new() };
        Ok(named.into_iter().map(item).collect())
    }

    /// The categories with these numbers, sorted by title, where all are known and of these kinds.
    fn known(&self, numbers: &BTreeSet<i32>, kinds: &[CategoryKind]) -> Result<Vec<&'a Category>, String> {
        let mut found = Vec::new();
        for number in numbers {
            let Some(category) = self.category(*number).filter(|category| kinds.contains(&category.kind)) else {
                return Err(format!("the server's catalogue does not know category {number} there"));
            };
            found.push(category);
        }
        by_title(&mut found);
        Ok(found)
    }

    /// The category with a number, unless its id stands for another number as well.
    pub(super) fn category(&self, number: i32) -> Option<&'a Category> {
        let id: Uuid = *self.rules.categories.get(&number)?;
        let alone = !self.rules.categories.iter().any(|(other, same)| *same == id && *other != number);
        self.titles.get(id).filter(|_| alone)
    }
}

#[cfg(test)]
mod tests {
    use super::deadline;
    use crate::model::rule::RuleDeadline;

    #[test]
    fn deadlines_that_no_manifest_takes_are_not_written() {
        let after = |days, minutes| deadline(RuleDeadline::After { days, minutes });
        assert_eq!(after(365, 0).unwrap(), "{days: 365, at: \"00:00\"}");
        assert_eq!(after(3, 245).unwrap(), "{days: 3, at: \"04:05\"}");
        assert_eq!(deadline(RuleDeadline::None).unwrap(), "none");
        for (days, minutes) in [(-1, 0), (366, 0), (0, -1), (0, 1440)] {
            assert_eq!(after(days, minutes), None, "{days} {minutes}");
        }
    }
}
