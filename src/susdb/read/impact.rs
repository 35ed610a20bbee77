//! What a plan's changes come to: display only, from tables that a login need not be able to read.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::timeout;
use uuid::Uuid;

use super::catalogue::{IMPACT_BUNDLED_FILES, IMPACT_FILES, IMPACT_NEEDED, IMPACT_PARTS, IMPACT_REMOVED, with_lists};
use super::row::Cells;
use super::{PARAMETERS_MAX, ReadError, pad, rows_in, run};
use crate::model::impact::{Impact, ImpactScope, Removed};
use crate::model::snapshot::Snapshot;
use crate::susdb::session::{Parameter, Session};

/// How long each part may take: somebody waits for the plan, maybe with the lock held.
const PART_TIME_MAX: Duration = Duration::from_secs(60);

/// Updates of a statement that counts computers. It touches a row for each computer that reported on each of them: of 200
/// updates and 20,000 computers that is 4 million.
const COUNTED_A_STATEMENT: usize = 200;

/// Updates of which computers are counted at all: about so many the numbers say nothing to a reader any more.
const COUNTED_MAX: usize = 20_000;

/// How long each part of a read about every update may take: nobody waits for it with a lock held.
const WHOLE_PART_TIME_MAX: Duration = Duration::from_secs(600);

/// Reads what the changes of some updates come to. Whatever goes wrong, nothing does but that a part stays unknown, with a
/// warning in the log. A connection that breaks over it is opened again, so that a lock is to be held by another session.
pub async fn read_impact(session: &mut Session, scope: &ImpactScope) -> Impact {
    let updates: Vec<Parameter<'_>> = scope.updates.iter().map(|id| Parameter::Guid(*id)).collect();
    let groups: Vec<Parameter<'_>> = scope.groups.iter().map(|id| Parameter::Guid(*id)).collect();
    let asked = Asked { updates: &updates, counted: &updates, groups: &groups, part_time_max: PART_TIME_MAX };
    read_parts(session, &asked).await
}

/// Reads what changes of any update of a snapshot for any group would come to, likewise. Computers are counted of the
/// updates that the snapshot says some computer needs; a pair without a number is needed by none.
pub async fn read_whole_impact(session: &mut Session, snapshot: &Snapshot) -> Impact {
    let deployable = || snapshot.updates.values().filter(|update| update.deployable);
    let updates: Vec<Parameter<'_>> = deployable().map(|update| Parameter::Guid(update.id)).collect();
    let needed = deployable().filter(|update| update.needed_by != Some(0));
    let counted: Vec<Parameter<'_>> = needed.map(|update| Parameter::Guid(update.id)).collect();
    let groups: Vec<Parameter<'_>> = snapshot.groups.keys().map(|id| Parameter::Guid(*id)).collect();
    let asked = Asked { updates: &updates, counted: &counted, groups: &groups, part_time_max: WHOLE_PART_TIME_MAX };
    read_parts(session, &asked).await
}

/// What to read, and for how long.
struct Asked<'a> {
    updates: &'a [Parameter<'a>],
    /// Those of which computers are counted.
    counted: &'a [Parameter<'a>],
    groups: &'a [Parameter<'a>],
    part_time_max: Duration,
}

async fn read_parts(session: &mut Session, asked: &Asked<'_>) -> Impact {
    let Asked { updates, counted, groups, part_time_max } = *asked;
    let mut impact = Impact::default();
    if !is_usable(session).await {
        return impact;
    }
    if counted.len() > COUNTED_MAX {
        tracing::warn!(updates = counted.len(), "too many updates change to count the computers that need them");
    } else {
        let needed = timeout(part_time_max, read_needed(session, counted, groups)).await;
        impact.needed = told("how many computers need an update", needed, part_time_max);
    }
    if !is_usable(session).await {
        return impact;
    }
    let bytes = timeout(part_time_max, read_bytes(session, updates)).await;
    impact.bytes = told("the size of updates", bytes, part_time_max).unwrap_or_default();
    if !is_usable(session).await {
        return impact;
    }
    let parts = timeout(part_time_max, read_parts_of_bundles(session, updates)).await;
    impact.parts = told("what updates bundle", parts, part_time_max);
    if !is_usable(session).await {
        return impact;
    }
    let removed = timeout(part_time_max, read_removed(session, updates)).await;
    impact.removed = told("who removed approvals", removed, part_time_max).unwrap_or_default();
    impact
}

/// What was read; none where it was not, which is logged.
fn told<T>(what: &'static str, read: Result<Result<T, ReadError>, Elapsed>, part_time_max: Duration) -> Option<T> {
    match read {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the server does not tell {what}");
        }
        Err(_) => tracing::warn!("the server does not tell {what} within {} seconds", part_time_max.as_secs()),
    }
    None
}

/// Whether more can be read: a part that was not read to its end has cost the connection.
async fn is_usable(session: &mut Session) -> bool {
    if session.is_connected() {
        return true;
    }
    let again = session.reconnect().await;
    if let Err(error) = &again {
        tracing::warn!(error = error as &dyn std::error::Error, "the server tells no more of what the changes come to");
    }
    again.is_ok()
}

/// Source: tbUpdateStatusPerComputer: Intensive-Self-Service-Portal (grade A); SummarizationState 2 not installed,
/// 3 downloaded, 5 failed, 6 installed and waiting for a restart: learn.microsoft.com, UpdateInstallationState (grade B);
/// tbExpandedTargetInTargetGroup, the members of a group and of those below it: Intensive-Self-Service-Portal (grade A).
async fn read_needed(
    session: &mut Session,
    updates: &[Parameter<'_>],
    groups: &[Parameter<'_>],
) -> Result<BTreeMap<(Uuid, Uuid), u64>, ReadError> {
    let count = |row: &Cells<'_>| Ok(((row.guid("UpdateID")?, row.guid("TargetGroupID")?), row.count("Computers")?));
    let mut needed = BTreeMap::new();
    // Both lists are within SQL Server's limit.
    for groups in groups.chunks(PARAMETERS_MAX) {
        let groups = pad(groups, PARAMETERS_MAX);
        for updates in updates.chunks(COUNTED_A_STATEMENT) {
            let mut parameters = pad(updates, COUNTED_A_STATEMENT);
            let text = with_lists(IMPACT_NEEDED.text, parameters.len(), groups.len());
            parameters.extend_from_slice(&groups);
            needed.extend(run(session, &IMPACT_NEEDED, &text, &parameters, &count).await?);
        }
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

/// Whatever any revision of an update bundles.
///
/// Source: tbBundleDependency: Intensive-Self-Service-Portal (grade A).
async fn read_parts_of_bundles(
    session: &mut Session,
    updates: &[Parameter<'_>],
) -> Result<BTreeMap<Uuid, u64>, ReadError> {
    let parts = |row: &Cells<'_>| Ok((row.guid("UpdateID")?, row.count("Parts")?));
    Ok(rows_in(session, &IMPACT_PARTS, updates, parts).await?.into_iter().collect())
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
