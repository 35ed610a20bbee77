//! Automatic approval rules.

use std::fmt::{Display, Write as _};

use tiberius::Command;
use uuid::Uuid;

use super::bind::Value::{Int, Text};
use super::echo::bind_cell;
use super::{WriteError, Writer};
use crate::model::procedure::Procedure;
use crate::model::rule::{RuleChange, RuleDeadline};
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
    /// shape of the lists is our guess after those of update scopes (grade C).
    ///
    /// # Errors
    /// [`WriteError`]; nothing is called where the rule is gone.
    pub async fn set_rule(&mut self, id: i32, change: &RuleChange<Uuid>) -> Result<(), WriteError> {
        let procedure = Procedure::SetAutoDeploymentRule;
        let parameters = self.live_parameters(procedure)?;
        let unreadable = |source| WriteError::Unread { procedure, source: Box::new(source) };
        let live = rules::read(self.session).await.map_err(unreadable)?;
        let rule = live.get(&id).ok_or(WriteError::Gone { procedure })?;
        let rule = change.applied_to(rule);
        let (days, minutes) = match rule.deadline {
            RuleDeadline::None => (Cell::Null, Cell::Null),
            RuleDeadline::After { days, minutes } => (Cell::Int(days.into()), Cell::Int(minutes.into())),
        };
        let values = [
            ("@autoDeploymentRuleID", Cell::Int(rule.id.into())),
            ("@name", Cell::Text(rule.name)),
            ("@enabled", Cell::Bit(rule.enabled)),
            ("@action", Cell::Int(INSTALL)),
            ("@updateClassificationIDListXml", Cell::Text(list("CategoryID", rule.classifications))),
            ("@updateCategoryIDListXml", Cell::Text(list("CategoryID", rule.products))),
            ("@targetGroupIDListXml", Cell::Text(list("TargetGroupID", rule.groups))),
            ("@dateOffset", days),
            ("@minutesAfterMidnight", minutes),
        ];
        // With the schema, or a user's default schema would be searched first.
        let mut command = Command::new(format!("dbo.{}", procedure.name()));
        for parameter in parameters {
            // What is not among these has a default of its own, or the procedure would not be called.
            let value = values.iter().find(|(name, _)| name.eq_ignore_ascii_case(&parameter.name));
            if let Some((_, value)) = value {
                let data = bind_cell(parameter, value).map_err(|source| WriteError::Bind { procedure, source })?;
                command.bind_param(parameter.name.as_str(), data);
            }
        }
        self.run(procedure, command).await
    }
}

/// A list of ids. Neither numbers nor GUIDs have anything to escape.
fn list<T: Display>(element: &str, ids: impl IntoIterator<Item = T>) -> String {
    let mut xml = "<root>".to_owned();
    for id in ids {
        write!(xml, "<{element}>{id}</{element}>").expect("a string takes any text");
    }
    xml + "</root>"
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn lists_are_flat() {
        assert_eq!(list("CategoryID", [3, 5]), "<root><CategoryID>3</CategoryID><CategoryID>5</CategoryID></root>");
        assert_eq!(list::<i32>("CategoryID", []), "<root></root>");
    }
}
