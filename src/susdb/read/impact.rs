//! What a plan's changes come to: display only, from tables that a login need not be able to read.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::catalogue::{IMPACT_BUNDLED_FILES, IMPACT_FILES, IMPACT_NEEDED, IMPACT_REMOVED};
use super::row::Cells;
use super::{PARAMETERS_MAX, ReadError, rows_in};
use crate::model::impact::{Impact, ImpactScope, Removed};
use crate::susdb::error::QueryError;
use crate::susdb::session::{Parameter, Session};

/// Reads what the changes of some updates come to. What the server does not tell is left out, with a warning in the log.
///
/// # Errors
/// [`ReadError`] where the connection is of no use any more; never because of a table or column.
pub async fn read_impact(session: &mut Session, scope: &ImpactScope) -> Result<Impact, ReadError> {
    let updates: Vec<Parameter<'_>> = scope.updates.iter().map(|id| Parameter::Guid(*id)).collect();
    let needed = told("how many computers need an update", read_needed(session, &updates, &scope.groups).await)?;
    let bytes = told("the size of updates", read_bytes(session, &updates).await)?;
    let removed = told("who removed approvals", read_removed(session, &updates).await)?;
    Ok(Impact { needed, bytes: bytes.unwrap_or_default(), removed: removed.unwrap_or_default() })
}

/// What was read; none where the server refuses or answers with something else, which is logged.
fn told<T>(what: &'static str, read: Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error @ (ReadError::Query(QueryError::Server { .. }) | ReadError::Column { .. })) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the server does not tell {what}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Source: tbUpdateStatusPerComputer: Intensive-Self-Service-Portal (grade A); SummarizationState 2 not installed,
/// 3 downloaded, 5 failed, 6 installed and waiting for a restart: learn.microsoft.com, UpdateInstallationState (grade B);
/// tbExpandedTargetInTargetGroup, the members of a group and of those below it: Intensive-Self-Service-Portal (grade A).
async fn read_needed(
    session: &mut Session,
    updates: &[Parameter<'_>],
    groups: &BTreeSet<Uuid>,
) -> Result<BTreeMap<(Uuid, Uuid), u64>, ReadError> {
    let count = |row: &Cells<'_>| Ok(((row.guid("UpdateID")?, row.guid("TargetGroupID")?), row.count("Computers")?));
    let mut needed = BTreeMap::new();
    // Statement by statement, for what a server counts is every group of every update.
    for updates in updates.chunks(PARAMETERS_MAX) {
        let counted = rows_in(session, &IMPACT_NEEDED, updates, count).await?;
        needed.extend(counted.into_iter().filter(|((_, group), _)| groups.contains(group)));
    }
    Ok(needed)
}

/// The files of an update and of those that it bundles, each once. Express and delta files are left out: what a computer
/// takes of them depends on what it has.
///
/// Source: tbFile, tbFileForRevision, tbBundleDependency: Intensive-Self-Service-Portal (grade A); PatchingType 1 is
/// self-contained, 2 express: MS-WSUSSS (grade B).
async fn read_bytes(session: &mut Session, updates: &[Parameter<'_>]) -> Result<BTreeMap<Uuid, u64>, ReadError> {
    let file = |row: &Cells<'_>| Ok(((row.guid("UpdateID")?, row.binary("FileDigest")?), row.count("Size")?));
    let mut files: BTreeMap<(Uuid, Vec<u8>), u64> =
        rows_in(session, &IMPACT_FILES, updates, file).await?.into_iter().collect();
    files.extend(rows_in(session, &IMPACT_BUNDLED_FILES, updates, file).await?);
    let mut bytes: BTreeMap<Uuid, u64> = BTreeMap::new();
    for ((update, _), size) in files {
        let total = bytes.entry(update).or_default();
        *total = total.saturating_add(size);
    }
    Ok(bytes)
}

/// Source: tbDeadDeployment: Intensive-Self-Service-Portal (grade A).
async fn read_removed(
    session: &mut Session,
    updates: &[Parameter<'_>],
) -> Result<BTreeMap<(Uuid, Uuid), Removed>, ReadError> {
    let removed = |row: &Cells<'_>| {
        let removed = Removed { by: row.text("AdminNameWhoDeleted")?, at: row.time("TimeOfDeath")? };
        Ok(((row.guid("UpdateID")?, row.guid("TargetGroupID")?), removed))
    };
    let mut newest: BTreeMap<(Uuid, Uuid), Removed> = BTreeMap::new();
    for updates in updates.chunks(PARAMETERS_MAX) {
        for (pair, one) in rows_in(session, &IMPACT_REMOVED, updates, removed).await? {
            let known = newest.entry(pair).or_insert_with(|| one.clone());
            // Rows come in no order, so that of two at the same time the name decides.
            if (known.at, &known.by) < (one.at, &one.by) {
                *known = one;
            }
        }
    }
    Ok(newest)
}
