//! What an automatic approval rule would approve.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::ReadError;
use super::row::Cells;
use crate::model::procedure::Procedure;
use crate::susdb::session::Session;

/// Asks the server which updates a rule would approve. Nothing is approved by that.
///
/// Source: PoshWSUS assemblies (name and parameter; that the ids come in the first column; grade B).
///
/// # Errors
/// [`ReadError`]: also where the server refuses, for a rule that is disabled or gone.
pub async fn read_updates_of_rule(session: &mut Session, rule: i32) -> Result<BTreeSet<Uuid>, ReadError> {
    let statement = Procedure::ListUpdatesOfRule.name();
    let arguments = [("@autoDeploymentRuleID", rule)];
    let ids = session.call_for_rows(statement, &arguments, |row| Cells { statement, row }.first_guid());
    Ok(ids.await?.into_iter().collect())
}
