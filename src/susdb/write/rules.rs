//! Automatic approval rules.

use std::collections::BTreeSet;

use tiberius::Command;
use uuid::Uuid;

use super::bind::Value::{Int, Text};
use super::echo::bind_cell;
use super::kept::not_seen;
use super::list::{CategoryNumbers, Entry, bind_list};
use super::{WriteError, Writer};
use crate::model::list_shape::ListShape;
use crate::model::procedure::Procedure;
use crate::model::rule::{Rule, RuleChange, RuleDeadline};
use crate::model::setting::Cell;
use crate::susdb::read::rules;

/// What a rule does: it approves for installation, the only value there is.
///
/// Source: MS-WSUSAR 3.1.4.63 (grade A).
const INSTALL: i64 = 0;

impl Writer<'_> {
    /// Creates a rule: disabled, and empty. Its number is what reading back finds.
    ///
    /// Source: PoshWSUS assemblies (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn create_rule(&mut self, name: &str) -> Result<(), WriteError> {
        self.call(Procedure::CreateAutoDeploymentRule, &[("@name", Some(Text(name)))]).await
    }

    /// Deletes a rule. The approvals that it brought about stay.
    ///
    /// Source: PoshWSUS assemblies (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn delete_rule(&mut self, id: i32) -> Result<(), WriteError> {
        self.call(Procedure::DeleteAutoDeploymentRule, &[("@autoDeploymentRuleID", Some(Int(id)))]).await
    }

    /// Changes a rule. The procedure replaces everything, so what the change leaves out goes back as it was read a moment
    /// before.
    ///
    /// Source: PoshWSUS assemblies (parameters, grade B); MS-WSUSAR 3.1.4.63 (all three lists are replaced, grade A). The
    /// lists carry what the live definition reads, and GUIDs where it does not tell (UpdateManagement assemblies, grade B).
    ///
    /// `since` is the rule at the last look.
    ///
    /// # Errors
    /// [`WriteError`]; nothing is called where the rule is gone. What the change leaves out is read back.
    pub async fn set_rule(
        &mut self,
        id: i32,
        change: &RuleChange<Uuid>,
        since: Option<&Rule>,
    ) -> Result<(), WriteError> {
        let procedure = Procedure::SetAutoDeploymentRule;
        let parameters = self.live_parameters(procedure)?.to_vec();
        // What nobody edits comes first: what goes back with the save is read right before it.
        let numbers = self.category_numbers(procedure).await?;
        let unreadable = |source| WriteError::Unread { procedure, source: Box::new(source) };
        let live = rules::read(self.session).await.map_err(unreadable)?;
        let rule = live.get(&id).ok_or(WriteError::Gone { procedure })?;
        // What the change names has to be what it was; the rest goes back as it is.
        if since.is_some_and(|since| change.named_of(since) != change.named_of(rule)) {
            return Err(WriteError::Changed { procedure, what: format!("the rule {}", rule.name) });
        }
        let wanted = change.applied_to(rule);
        let lists = self.lists_of(&wanted, &numbers)?;
        let rule = wanted.clone();
        let (days, minutes) = match rule.deadline {
            RuleDeadline::None => (Cell::Null, Cell::Null),
            RuleDeadline::After { days, minutes } => (Cell::Int(days.into()), Cell::Int(minutes.into())),
        };
        let values = [
            ("@autoDeploymentRuleID", Cell::Int(rule.id.into())),
            ("@name", Cell::Text(rule.name)),
            ("@enabled", Cell::Bit(rule.enabled)),
            ("@action", Cell::Int(INSTALL)),
            ("@dateOffset", days),
            ("@minutesAfterMidnight", minutes),
        ];
        // With the schema, or a user's default schema would be searched first.
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        for parameter in &parameters {
            // What is not among these has a default of its own, or the procedure would not be called.
            let value = values.iter().find(|(name, _)| name.eq_ignore_ascii_case(&parameter.name));
            let list = lists.iter().find(|(shape, _)| shape.parameter.eq_ignore_ascii_case(&parameter.name));
            let data = match (value, list) {
                (Some((_, value)), _) => bind_cell(parameter, value),
                (None, Some((shape, entries))) => bind_list(parameter, shape, entries.iter().cloned()),
                (None, None) => continue,
            };
            command.bind_param(parameter.name.as_str(), data.map_err(|source| WriteError::Bind { procedure, source })?);
        }
        self.run(procedure, command).await?;
        let live = rules::read(self.session).await.map_err(not_seen(procedure))?;
        let lost = live.get(&id).map(|live| unasked(&wanted, live, change)).unwrap_or_default();
        self.kept(procedure, Vec::new(), lost)
    }

    /// A rule's three lists, as the live procedure reads them.
    fn lists_of(&self, rule: &Rule, numbers: &CategoryNumbers) -> Result<[(ListShape, Vec<Entry>); 3], WriteError> {
        let procedure = Procedure::SetAutoDeploymentRule;
        let categories = |parameter, chosen: &BTreeSet<i32>| {
            let shape = self.shape(procedure, parameter);
            let no_name = |entry| {
                let (parameter, content) = (shape.parameter, shape.content);
                WriteError::NoName { procedure, parameter, entry: format!("category {entry}"), content }
            };
            let entries = numbers.of_numbers(&shape, chosen).map_err(no_name)?;
            Ok((shape, entries))
        };
        let groups = rule.groups.iter().map(|id| Entry::Value(id.to_string())).collect();
        Ok([
            categories("@updateClassificationIDListXml", &rule.classifications)?,
            categories("@updateCategoryIDListXml", &rule.products)?,
            (self.shape(procedure, "@targetGroupIDListXml"), groups),
        ])
    }
}

/// What a save of a rule changed besides what was asked: what was asked is compared by whoever asked.
fn unasked(wanted: &Rule, live: &Rule, change: &RuleChange<Uuid>) -> Vec<String> {
    let left = change.applied_to(live);
    let of = |count: usize, before: usize, what: &str| format!("the rule has {count} {what} instead of {before}");
    let mut lost = Vec::new();
    if left.enabled != wanted.enabled {
        lost.push(format!("the rule is {}", if left.enabled { "enabled" } else { "disabled" }));
    }
    if left.classifications != wanted.classifications {
        lost.push(of(left.classifications.len(), wanted.classifications.len(), "of its classifications"));
    }
    if left.products != wanted.products {
        lost.push(of(left.products.len(), wanted.products.len(), "of its products"));
    }
    if left.groups != wanted.groups {
        lost.push(of(left.groups.len(), wanted.groups.len(), "of its groups"));
    }
    if left.deadline != wanted.deadline {
        lost.push("the rule has another deadline".to_owned());
    }
    lost
}
