//! Numbers over the whole server.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::catalogue::{
    Select, TOTAL_APPROVALS, TOTAL_DECLINES, TOTAL_GROUPED_COMPUTERS, TOTAL_MEMBERS, TOTAL_OTHER_ACTIONS,
    TOTAL_OWN_APPROVALS,
};
use super::{ReadError, one, rows};
use crate::model::snapshot::Totals;
use crate::susdb::session::Session;

/// Reads the totals.
pub(super) async fn read(session: &mut Session) -> Result<Totals, ReadError> {
    let approvals_by_group = by_group(session, &TOTAL_APPROVALS, "Approvals").await?;
    let own = by_group(session, &TOTAL_OWN_APPROVALS, "Approvals").await?;
    let approvals: u64 = approvals_by_group.values().sum();
    // A pair with one approval that somebody made is not automatic. The two counts are of two moments.
    let of_group = |(group, all): (&Uuid, &u64)| {
        let own = own.get(group).copied().unwrap_or_default();
        (*group, all.saturating_sub(own))
    };
    let automatic: BTreeMap<Uuid, u64> =
        approvals_by_group.iter().map(of_group).filter(|(_, number)| *number > 0).collect();
    let grouped = rows(session, &TOTAL_GROUPED_COMPUTERS, |row| row.count("Computers")).await?;
    let declines = rows(session, &TOTAL_DECLINES, |row| row.count("Declines")).await?;
    Ok(Totals {
        approvals,
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
