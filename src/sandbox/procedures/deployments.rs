//! Rows of tbDeployment: how they are written, buried and shown.

use rusqlite::types::ToSql;
use rusqlite::{OptionalExtension, params};

use super::arguments::{datetime_text, guid_text, nvarchar};
use super::rows::ColumnSpec;
use super::{Call, Failure};
use crate::sandbox::value::SqlType::{Bit, DateTime, Int, TinyInt, UniqueIdentifier};

/// An approval's row. The columns are known by position; their names here are those of tbDeployment (grade B).
///
/// Source: MS-WSUSAR 2.2.4.12.1.2 (grade A).
pub(super) const APPROVAL_COLUMNS: &[ColumnSpec] = &[
    ("DeploymentTime", DateTime),
    ("DeploymentStatus", TinyInt),
    ("ActionID", Int),
    ("GoLiveTime", DateTime),
    ("Deadline", DateTime),
    ("AdminName", nvarchar(385)),
    ("DeploymentGuid", UniqueIdentifier),
    ("IsAssigned", Bit),
    ("UpdateID", UniqueIdentifier),
    ("RevisionNumber", Int),
    ("TargetGroupID", UniqueIdentifier),
];

/// Selects the columns of [`APPROVAL_COLUMNS`] from `deployment`, `revision` and `updates`.
pub(super) const APPROVAL_QUERY: &str = "SELECT deployment.DeploymentTime, deployment.DeploymentStatus,
        deployment.ActionID, deployment.GoLiveTime, deployment.Deadline, deployment.AdminName,
        deployment.DeploymentGuid, deployment.IsAssigned, updates.UpdateID, revision.RevisionNumber,
        deployment.TargetGroupID
    FROM tbDeployment AS deployment
    JOIN tbRevision AS revision ON revision.RevisionID = deployment.RevisionID
    JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID ";

/// Which deployments are meant.
pub(super) enum Selection<'a> {
    /// The one with this DeploymentGuid.
    Guid(&'a str),
    /// Those of a revision for a group.
    RevisionInGroup(i64, &'a str),
    /// Those of every revision of an update (its LocalUpdateID) for a group.
    UpdateInGroup(i64, &'a str),
    /// Those of every revision of an update (its LocalUpdateID).
    Update(i64),
    /// Those for a group, whatever the update.
    Group(&'a str),
}

impl Selection<'_> {
    fn condition(&self) -> (&'static str, Vec<&dyn ToSql>) {
        match self {
            Self::Guid(guid) => ("DeploymentGuid = ?1", vec![guid]),
            Self::RevisionInGroup(revision, group) => ("RevisionID = ?1 AND TargetGroupID = ?2", vec![revision, group]),
            Self::UpdateInGroup(local, group) => (
                "RevisionID IN (SELECT RevisionID FROM tbRevision WHERE LocalUpdateID = ?1) AND TargetGroupID = ?2",
                vec![local, group],
            ),
            Self::Update(local) => {
                ("RevisionID IN (SELECT RevisionID FROM tbRevision WHERE LocalUpdateID = ?1)", vec![local])
            }
            Self::Group(group) => ("TargetGroupID = ?1", vec![group]),
        }
    }
}

/// Moves deployments to tbDeadDeployment and gives their number. One that somebody brought back by hand under its old
/// DeploymentID dies again.
///
/// Source: tbDeadDeployment in Intensive-Self-Service-Portal; MS-WSUSSS (grade A).
pub(super) fn bury(call: &Call<'_>, selection: &Selection<'_>, admin: &str) -> Result<usize, Failure> {
    let (condition, keys) = selection.condition();
    let now = call.now_text();
    let (time, name) = (keys.len() + 1, keys.len() + 2);
    let mut values = keys.clone();
    values.push(&now);
    values.push(&admin);
    call.store
        .prepare(&format!(
            "INSERT OR REPLACE INTO tbDeadDeployment (DeploymentID, TimeOfDeath, ActionID, DeploymentTime, GoLiveTime, Deadline,
                 AdminName, DownloadPriority, DeploymentGuid, IsAssigned, RevisionID, TargetGroupID, TargetGroupTypeID,
                 AdminNameWhoDeleted, LastChangeNumber, UpdateID, RevisionNumber, UpdateType)
             SELECT dying.DeploymentID, ?{time}, dying.ActionID, dying.DeploymentTime, dying.GoLiveTime, dying.Deadline,
                 dying.AdminName, dying.DownloadPriority, dying.DeploymentGuid, dying.IsAssigned, dying.RevisionID,
                 dying.TargetGroupID, dying.TargetGroupTypeID, ?{name}, dying.LastChangeNumber, updates.UpdateID,
                 revision.RevisionNumber, dying.UpdateType
             FROM tbDeployment AS dying
             JOIN tbRevision AS revision ON revision.RevisionID = dying.RevisionID
             JOIN tbUpdate AS updates ON updates.LocalUpdateID = revision.LocalUpdateID
             WHERE dying.DeploymentID IN (SELECT DeploymentID FROM tbDeployment WHERE {condition})"
        ))?
        .execute(values.as_slice())?;
    Ok(call.store.prepare(&format!("DELETE FROM tbDeployment WHERE {condition}"))?.execute(keys.as_slice())?)
}

/// When the first of some deployments was made.
pub(super) fn first_made(call: &Call<'_>, selection: &Selection<'_>) -> Result<Option<String>, Failure> {
    let (condition, keys) = selection.condition();
    let query = format!("SELECT min(DeploymentTime) FROM tbDeployment WHERE {condition}");
    Ok(call.store.query_row(&query, keys.as_slice(), |row| row.get(0))?)
}

/// A deployment to be written.
pub(super) struct NewDeployment<'a> {
    pub(super) revision: i64,
    pub(super) group: &'a str,
    pub(super) action: i64,
    pub(super) guid: String,
    pub(super) admin: &'a str,
    pub(super) is_assigned: bool,
    pub(super) download_priority: i64,
    pub(super) deadline: Option<String>,
    pub(super) go_live: String,
    pub(super) change_number: i64,
    /// DeploymentTime, where it is not now.
    pub(super) made: Option<String>,
}

impl NewDeployment<'_> {
    /// Writes the row. It is active from its go-live time on; that the status is set here and not by the service is our
    /// guess (grade C).
    pub(super) fn insert(&self, call: &Call<'_>) -> Result<(), Failure> {
        let now = call.now_text();
        call.store
            .prepare(
                "INSERT INTO tbDeployment (LastChangeTime, LastChangeNumber, DeploymentStatus, ActionID, DeploymentTime,
                     GoLiveTime, Deadline, AdminName, DownloadPriority, DeploymentGuid, IsAssigned, RevisionID,
                     TargetGroupID, TargetGroupTypeID, IsLeaf, UpdateType, IsCritical)
                 SELECT ?1, ?2, ?3 <= ?1, ?4, coalesce(?12, ?1), ?3, ?5, ?6, ?7, ?8, ?9, revision.RevisionID, ?10, 0, revision.IsLeaf,
                     properties.UpdateType, revision.IsCritical
                 FROM tbRevision AS revision JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID
                 WHERE revision.RevisionID = ?11",
            )?
            .execute(params![
                now,
                self.change_number,
                self.go_live,
                self.action,
                self.deadline,
                self.admin,
                self.download_priority,
                self.guid,
                self.is_assigned,
                self.group,
                self.revision,
                self.made
            ])?;
        Ok(())
    }
}

/// A DeploymentGuid that no deployment has.
pub(super) fn new_guid() -> String {
    guid_text(uuid::Uuid::new_v4())
}

/// A `datetime` argument as the state writes it.
pub(super) fn time_argument(call: &Call<'_>, position: usize) -> Option<String> {
    call.datetime(position).map(datetime_text)
}

/// Whether a live deployment has this guid.
pub(super) fn exists(call: &Call<'_>, guid: &str) -> rusqlite::Result<bool> {
    Ok(call
        .store
        .query_row("SELECT 1 FROM tbDeployment WHERE DeploymentGuid = ?1", [guid], |_| Ok(()))
        .optional()?
        .is_some())
}
