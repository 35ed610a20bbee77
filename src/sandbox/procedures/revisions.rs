//! What procedures ask about a revision of an update.

use rusqlite::{OptionalExtension, Row, params};

use super::refusals::not_found;
use super::{Call, Failure};

/// A revision of an update.
pub(super) struct Revision {
    /// Its RevisionID.
    pub(super) id: i64,
    /// The LocalUpdateID of its update.
    pub(super) local_update: i64,
    /// Whether it can be approved: categories and the children of bundles cannot.
    pub(super) is_deployable: bool,
    /// Whether its publisher withdrew it.
    pub(super) is_expired: bool,
    /// Whether its update is declined.
    pub(super) is_declined: bool,
    /// Whether it can be installed at all.
    pub(super) can_install: bool,
    /// Whether it can be uninstalled.
    pub(super) can_uninstall: bool,
    /// Whether installing it may ask the user.
    pub(super) install_asks: bool,
    /// Whether uninstalling it may ask the user.
    pub(super) uninstall_asks: bool,
    /// Whether it has a license agreement that nobody accepted.
    pub(super) eula_is_pending: bool,
}

const QUERY: &str = "SELECT revision.RevisionID, revision.LocalUpdateID, properties.ExplicitlyDeployable,
        properties.PublicationState = 1, updates.IsHidden, coalesce(properties.CanInstall, 0),
        coalesce(properties.CanUninstall, 0),
        properties.EulaID IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM tbEulaAcceptance AS accepted WHERE accepted.EulaID = properties.EulaID),
        coalesce(properties.InstallRequiresUserInput, 0), coalesce(properties.UninstallRequiresUserInput, 0)
    FROM tbUpdate AS updates
    JOIN tbRevision AS revision ON revision.LocalUpdateID = updates.LocalUpdateID
    JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID
    WHERE updates.UpdateID = ?1 ";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Revision> {
    Ok(Revision {
        id: row.get(0)?,
        local_update: row.get(1)?,
        is_deployable: row.get(2)?,
        is_expired: row.get(3)?,
        is_declined: row.get(4)?,
        can_install: row.get(5)?,
        can_uninstall: row.get(6)?,
        eula_is_pending: row.get(7)?,
        install_asks: row.get(8)?,
        uninstall_asks: row.get(9)?,
    })
}

/// Looks a revision up by update and number, or refuses.
pub(super) fn require(
    call: &Call<'_>,
    procedure: &str,
    update: Option<String>,
    number: Option<i64>,
) -> Result<Revision, Failure> {
    call.store
        .prepare(&format!("{QUERY} AND revision.RevisionNumber = ?2"))?
        .query_row(params![update, number], from_row)
        .optional()?
        .ok_or_else(|| not_found(procedure, "the update revision"))
}

/// Looks the latest revision of an update up, or refuses.
pub(super) fn require_latest(call: &Call<'_>, procedure: &str, update: Option<String>) -> Result<Revision, Failure> {
    call.store
        .prepare(&format!("{QUERY} AND revision.IsLatestRevision = 1"))?
        .query_row(params![update], from_row)
        .optional()?
        .ok_or_else(|| not_found(procedure, "the update"))
}
