//! Numbers over the whole server.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::catalogue::{
    Select, TOTAL_APPROVALS, TOTAL_DECLINES, TOTAL_GROUPED_COMPUTERS, TOTAL_MEMBERS, TOTAL_OTHER_ACTIONS,
};
use super::{ReadError, one, rows};
use crate::model::snapshot::Totals;
use crate::susdb::session::Session;

/// Reads the totals.
pub(super) async fn read(session: &mut Session) -> Result<Totals, ReadError> {
    let approvals = rows(session, &TOTAL_APPROVALS, |row| {
        Ok((row.guid("TargetGroupID")?, row.count("Approvals")?, row.count("OwnApprovals")?))
    });
    let approvals = approvals.await?;
    // A pair with one approval that somebody made is not automatic.
    let of_group = |(group, all, own): &(Uuid, u64, u64)| (*group, all.saturating_sub(*own));
    let automatic: BTreeMap<Uuid, u64> = approvals.iter().map(of_group).filter(|(_, number)| *number > 0).collect();
    let approvals_by_group: BTreeMap<Uuid, u64> = approvals.into_iter().map(|(group, all, _)| (group, all)).collect();
    let grouped = rows(session, &TOTAL_GROUPED_COMPUTERS, |row| row.count("Computers")).await?;
    let declines = rows(session, &TOTAL_DECLINES, |row| row.count("Declines")).await?;
    Ok(Totals {
        approvals: approvals_by_group.values().sum(),
        automatic_approvals: automatic.values().sum(),
        automatic_approvals_by_group: automatic,
        approvals_by_group,
        computers_by_group: by_group(session, &TOTAL_MEMBERS, "Computers").await?,
        grouped_computers: one(&TOTAL_GROUPED_COMPUTERS, grouped)?,
        declines: one(&TOTAL_DECLINES, declines)?,
    })
}

/// Reads how many rows for computer groups are no approvals, by action.
///
/// Source: tbDeployment: Intensive-Self-Service-Portal (grade A); actions 0, 1 and 3 are the real approvals: two WSUS
/// maintenance scripts (grade A).
///
/// # Errors
/// [`ReadError`].
pub async fn read_other_actions(session: &mut Session) -> Result<BTreeMap<i32, u64>, ReadError> {
    let counts = rows(session, &TOTAL_OTHER_ACTIONS, |row| Ok((row.int("ActionID")?, row.count("Deployments")?)));
    Ok(counts.await?.into_iter().collect())
}

/// Reads a number for each group.
pub(super) async fn by_group(
    session: &mut Session,
    select: &Select,
    column: &'static str,
) -> Result<BTreeMap<Uuid, u64>, ReadError> {
    let counts = rows(session, select, |row| Ok((row.guid("TargetGroupID")?, row.count(column)?)));
    Ok(counts.await?.into_iter().collect())
}
