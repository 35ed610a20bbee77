//! Automatic approval rules that are created, changed or pruned.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::change::{Affects, Change, ChangeAction, Details, FieldChange, Reason, Risk};
use super::context::Context;
use super::draft::{Draft, DraftStep, Milestone};
use super::groups::sorted_names;
use super::permission::Permission;
use super::step::Operation;
use super::{Blocker, BlockerSubject};
use crate::model::address::{Address, Kind};
use crate::model::attribute::Attribute;
use crate::model::management::Prune;
use crate::model::name::fold;
use crate::model::object::ObjectState;
use crate::model::origin::Origin;
use crate::model::resolved::{GroupReference, ResolvedRule};
use crate::model::rule::{RULE_DEADLINE_DAYS_MAX, Rule, RuleChange, RuleDeadline, Rules};
use crate::model::snapshot::ALL_COMPUTERS;

/// Declared rules that are missing or not as declared.
pub(super) fn declared(context: &Context<'_>) -> Vec<Draft> {
    let Some(live) = &context.snapshot.rules else { return Vec::new() };
    let draft = |rule: &ResolvedRule| match rule.id.and_then(|id| live.all.get(&id)) {
        Some(found) => modification(context, live, rule, found),
        None => Some(creation(context, live, rule)),
    };
    context.resolved.rules.iter().filter_map(draft).collect()
}

fn creation(context: &Context<'_>, rules: &Rules, rule: &ResolvedRule) -> Draft {
    let after = Planned::of(&Rule::new(0, rule.name.clone())).with(&rule.wanted);
    let mut change = change(Address::Rule(rule.name.clone()), ChangeAction::Create, Some(rule.origin));
    change.reason = Reason { code: "declared", text: "declared, and the server does not have it".to_owned() };
    change.after = Some(after.attributes(context, rules));
    let operation = Operation::CreateRule { name: rule.name.clone(), rule: rule.wanted.clone() };
    draft(context, change, operation, None, &after)
}

fn modification(context: &Context<'_>, rules: &Rules, rule: &ResolvedRule, live: &Rule) -> Option<Draft> {
    let before = Planned::of(live);
    let after = before.with(&rule.wanted);
    if before == after {
        return None;
    }
    let (was, will) = (before.attributes(context, rules), after.attributes(context, rules));
    let differs = before.differing(&after);
    let mut change = change(Address::Rule(rule.name.clone()), ChangeAction::Modify, Some(rule.origin));
    change.reason = Reason { code: "differs", text: "not as declared".to_owned() };
    change.fields = differs
        .into_iter()
        .map(|path| FieldChange { path: path.to_owned(), before: was[path].clone(), after: will[path].clone() })
        .collect();
    (change.before, change.after) = (Some(was), Some(will));
    let operation = Operation::SetRule { id: live.id, name: rule.name.clone(), rule: rule.wanted.clone() };
    Some(draft(context, change, operation, Some(live), &after))
}

fn draft(context: &Context<'_>, change: Change, operation: Operation, live: Option<&Rule>, after: &Planned) -> Draft {
    let order = vec![fold(name_of(&change)), change.address.to_string()];
    let needs: BTreeSet<Milestone> = after.groups.iter().filter_map(Milestone::of_group).collect();
    let before = ObjectState::Rule(live.cloned());
    let step = DraftStep { operation, before, achieves: None, needs: needs.into_iter().collect() };
    let mut draft = Draft::new(change, order, vec![step]);
    let before = live.map(Planned::of);
    if after.reaches_more_than(before.as_ref()) {
        draft.change.risk = Risk::High;
    }
    draft.blockers = blockers(context, &draft.change, before.as_ref(), after);
    draft
}

/// What stands in the way of a rule. What it has already on the server does not.
fn blockers(context: &Context<'_>, change: &Change, before: Option<&Planned>, after: &Planned) -> Vec<Blocker> {
    let blocker = |code, message, permission| Blocker {
        subject: BlockerSubject::Object(change.address.clone()),
        code,
        message,
        permission,
        origin: change.origin,
    };
    let mut blockers = Vec::new();
    if !after.deadline.is_valid() {
        let message = format!(
            "the rule's deadline on the server is out of range, and WSUS would refuse to save it; declare `deadline`, \
             with 0 to {RULE_DEADLINE_DAYS_MAX} days"
        );
        blockers.push(blocker("ruleDeadline", message, None));
    }
    if after.enabled && after.classifications.is_empty() && after.products.is_empty() {
        let what = if before.is_none() { "it would be enabled" } else { "it would stay or become enabled" };
        let message = format!(
            "{what} with neither a classification nor a product, which WSUS refuses; declare one, or `enabled: false`"
        );
        blockers.push(blocker("emptyRule", message, None));
    }
    if after.approves_for_nobody() && !before.is_some_and(Planned::approves_for_nobody) {
        let message = "it would be enabled for no group and approve nothing; declare `groups` (for every computer \
                       `groups: [All Computers]`, with --allow high-risk), or `enabled: false`";
        blockers.push(blocker("ruleForNobody", message.to_owned(), None));
    }
    if change.risk == Risk::High && !context.policy.permissions.has(Permission::HighRisk) {
        let message = "an enabled rule for All Computers approves for every computer of the server";
        blockers.push(blocker("highRisk", message.to_owned(), Some(Permission::HighRisk)));
    }
    blockers
}

/// What happens to rules that nothing declares. Those of a replica are its parent's.
///
/// Source: MS-WSUSAR (a rule cannot be run on a replica; grade B).
pub(super) fn pruning(context: &Context<'_>) -> Prune {
    if context.snapshot.server.replica { Prune::Never } else { context.resolved.management.prune(Kind::Rule) }
}

/// Rules that nothing declares.
pub(super) fn undeclared<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Rule> {
    let declared: BTreeSet<i32> = context.resolved.rules.iter().filter_map(|rule| rule.id).collect();
    let live = context.snapshot.rules.iter().flat_map(|rules| rules.all.values());
    live.filter(move |rule| !declared.contains(&rule.id))
}

/// Deletions of rules that nothing declares.
pub(super) fn pruned(context: &Context<'_>) -> Vec<Draft> {
    let prune = pruning(context);
    let Some(rules) = context.snapshot.rules.as_ref().filter(|_| prune != Prune::Never) else { return Vec::new() };
    let deletion = |rule: &Rule| {
        let mut change = change(Address::Rule(rule.name.clone()), ChangeAction::Delete, None);
        change.reason = Reason { code: "pruned", text: "nothing declares it, and rules are pruned".to_owned() };
        change.before = Some(Planned::of(rule).attributes(context, rules));
        let step = DraftStep {
            operation: Operation::DeleteRule { id: rule.id, name: rule.name.clone() },
            before: ObjectState::Rule(Some(rule.clone())),
            achieves: None,
            needs: Vec::new(),
        };
        let mut draft = Draft::new(change, vec![fold(&rule.name), rule.id.to_string()], vec![step]);
        draft.pruned = Some(prune);
        draft
    };
    undeclared(context).map(deletion).collect()
}

/// Blockers for rules that the plan leaves without any group, because it deletes the last ones.
pub(super) fn bereft(context: &Context<'_>, drafts: &[Draft]) -> Vec<Blocker> {
    let Some(rules) = &context.snapshot.rules else { return Vec::new() };
    let operations = || drafts.iter().flat_map(|draft| &draft.steps).map(|step| &step.operation);
    let deleted: BTreeSet<Uuid> = operations()
        .filter_map(|operation| if let Operation::DeleteGroup { group, .. } = operation { Some(*group) } else { None })
        .collect();
    if deleted.is_empty() {
        return Vec::new();
    }
    let mut after: BTreeMap<i32, Planned> = rules.all.iter().map(|(id, rule)| (*id, Planned::of(rule))).collect();
    for operation in operations() {
        match operation {
            Operation::SetRule { id, rule, .. } => {
                _ = after.entry(*id).and_modify(|planned| *planned = planned.with(rule))
            }
            Operation::DeleteRule { id, .. } => _ = after.remove(id),
            _ => {}
        }
    }
    let goes = |group: &GroupReference| matches!(group, GroupReference::Existing(id) if deleted.contains(id));
    let bereft = after.into_iter().filter(|(_, rule)| !rule.groups.is_empty() && rule.groups.iter().all(goes));
    bereft
        .map(|(id, rule)| {
            let declared = context.resolved.rules.iter().find(|rule| rule.id == Some(id));
            let name = declared.map_or_else(|| rules.all[&id].name.clone(), |rule| rule.name.clone());
            let groups: Vec<String> =
                sorted_names(context, rule.groups).iter().map(|name| format!("`{name}`")).collect();
            Blocker {
                subject: BlockerSubject::Object(Address::Rule(name)),
                code: "ruleWithoutGroups",
                message: format!(
                    "pruning groups deletes the last groups of the rule: {}; declare one of them under `groups`, or the \
                     rule's `groups` or the rule's deletion",
                    groups.join(", ")
                ),
                permission: None,
                origin: declared.map(|rule| rule.origin),
            }
        })
        .collect()
}

/// A rule with groups that may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    enabled: bool,
    classifications: BTreeSet<i32>,
    products: BTreeSet<i32>,
    groups: BTreeSet<GroupReference>,
    deadline: RuleDeadline,
}

impl Planned {
    fn of(rule: &Rule) -> Self {
        Self {
            enabled: rule.enabled,
            classifications: rule.classifications.clone(),
            products: rule.products.clone(),
            groups: rule.groups.iter().copied().map(GroupReference::Existing).collect(),
            deadline: rule.deadline,
        }
    }

    fn with(&self, change: &RuleChange) -> Self {
        let RuleChange { enabled, classifications, products, groups, deadline } = change.clone();
        Self {
            enabled: enabled.unwrap_or(self.enabled),
            classifications: classifications.unwrap_or_else(|| self.classifications.clone()),
            products: products.unwrap_or_else(|| self.products.clone()),
            groups: groups.unwrap_or_else(|| self.groups.clone()),
            deadline: deadline.unwrap_or(self.deadline),
        }
    }

    fn approves_for_nobody(&self) -> bool {
        self.enabled && self.groups.is_empty()
    }

    fn approves_for_all(&self) -> bool {
        self.enabled && self.groups.contains(&GroupReference::Existing(ALL_COMPUTERS))
    }

    /// Whether it approves for All Computers what the rule did not before, or by another time. No category at all means every
    /// one.
    fn reaches_more_than(&self, before: Option<&Self>) -> bool {
        let within = |after: &BTreeSet<i32>, before: &BTreeSet<i32>| {
            before.is_empty() || !after.is_empty() && after.is_subset(before)
        };
        let was_there = |before: &Self| {
            before.approves_for_all()
                && before.deadline == self.deadline
                && within(&self.classifications, &before.classifications)
                && within(&self.products, &before.products)
        };
        self.approves_for_all() && !before.is_some_and(was_there)
    }

    /// The attributes in which another one differs.
    fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("enabled", self.enabled != other.enabled),
            ("classifications", self.classifications != other.classifications),
            ("products", self.products != other.products),
            ("groups", self.groups != other.groups),
            ("deadline", self.deadline != other.deadline),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(path, _)| path).collect()
    }

    fn attributes(&self, context: &Context<'_>, rules: &Rules) -> BTreeMap<String, Attribute> {
        let titles = |numbers: &BTreeSet<i32>| texts(titles(context, rules, numbers));
        BTreeMap::from([
            ("enabled".to_owned(), Attribute::Bool(self.enabled)),
            ("classifications".to_owned(), titles(&self.classifications)),
            ("products".to_owned(), titles(&self.products)),
            ("groups".to_owned(), texts(sorted_names(context, self.groups.iter().cloned()))),
            ("deadline".to_owned(), deadline_attribute(self.deadline)),
        ])
    }
}

/// Titles of categories, sorted; with the id where another one of the same kind has the same title.
fn titles(context: &Context<'_>, rules: &Rules, numbers: &BTreeSet<i32>) -> Vec<String> {
    let categories = &context.snapshot.categories;
    let title = |number: &i32| {
        let Some(category) = rules.categories.get(number).and_then(|id| categories.0.get(id)) else {
            return format!("category {number}");
        };
        let twin = categories.0.values().any(|other| {
            other.id != category.id && other.kind == category.kind && fold(&other.title) == fold(&category.title)
        });
        if twin { format!("{} ({})", category.title, category.id) } else { category.title.clone() }
    };
    let mut titles: Vec<String> = numbers.iter().map(title).collect();
    titles.sort_by_key(|title| (fold(title), title.clone()));
    titles
}

fn texts(texts: Vec<String>) -> Attribute {
    Attribute::List(texts.into_iter().map(Attribute::Text).collect())
}

fn deadline_attribute(deadline: RuleDeadline) -> Attribute {
    match deadline {
        RuleDeadline::None => Attribute::Null,
        RuleDeadline::After { days, minutes } => Attribute::map([
            ("days", Attribute::Int(days.into())),
            ("at", Attribute::Text(format!("{:02}:{:02}", minutes / 60, minutes % 60))),
        ]),
    }
}

fn name_of(change: &Change) -> &str {
    if let Address::Rule(name) = &change.address { name } else { "" }
}

fn change(address: Address, action: ChangeAction, origin: Option<Origin>) -> Change {
    Change {
        address,
        action,
        before: None,
        after: None,
        fields: Vec::new(),
        members: None,
        reason: Reason { code: "declared", text: String::new() },
        risk: Risk::Low,
        affects: Affects::default(),
        changed_by: None,
        changed_at: None,
        origin,
        label: None,
        details: Details::default(),
    }
}
