//! Approvals: rows of tbDeployment for computer groups with action 0, 1 or 3.

use uuid::Uuid;

use super::row::Cells;
use super::{ReadError, deadline};
use crate::model::snapshot::Deployment;

/// DeploymentStatus of an approval that is not in force yet.
///
/// Source: MS-WSUSAR 2.2.4.12.1.2 (grade A).
const PENDING: i32 = 0;

/// Reads a row of `approvals.read`: the update and its approval.
///
/// Source: tbDeployment, tbRevision, tbUpdate: Intensive-Self-Service-Portal (grade A); actions 0, 1 and 3 are the real
/// approvals: two WSUS maintenance scripts (grade A).
pub(super) fn decode(row: &Cells<'_>) -> Result<(Uuid, Deployment), ReadError> {
    let deployment = Deployment {
        id: row.guid("DeploymentGuid")?,
        revision: row.int("RevisionNumber")?,
        group: row.guid("TargetGroupID")?,
        action: row.int("ActionID")?,
        deadline: deadline(row.time_or_null("Deadline")?),
        assigned: row.bit("IsAssigned")?,
        admin_name: row.text("AdminName")?,
        deployed_at: row.time("DeploymentTime")?,
        pending: row.int("DeploymentStatus")? == PENDING,
    };
    Ok((row.guid("UpdateID")?, deployment))
}
