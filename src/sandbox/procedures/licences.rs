//! License agreements of updates and who accepted them.

use rusqlite::params;

use super::arguments::{nvarchar, optional, required};
use super::refusals::refusal;
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::value::SqlType::{DateTime, Int, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&ACCEPT, &GET_ACCEPTANCES];

const ACCEPTANCE_COLUMNS: &[ColumnSpec] =
    &[("EulaID", UniqueIdentifier), ("AcceptedDate", DateTime), ("AdminName", nvarchar(385))];

/// Accepts a license agreement for every update that has it. Accepting it again changes nothing (grade C).
///
/// Source: Black Hat USA 2026 deck (name, grade A); PoshWSUS assemblies, Go client of MS-WSUSAR (parameters, grade B).
/// That an agreement unknown to the given revision is refused is our guess (grade C).
static ACCEPT: Procedure = Procedure {
    name: "spAcceptEula",
    parameters: &[
        required("@eulaID", UniqueIdentifier),
        required("@adminName", nvarchar(385)),
        required("@updateID", UniqueIdentifier),
        required("@revisionNumber", Int),
    ],
    run: accept,
};

fn accept(call: &mut Call<'_>) -> Result<i32, Failure> {
    let eula = call.guid(0);
    let known: bool = call.store.query_row(
        "SELECT EXISTS (
             SELECT 1 FROM tbUpdate AS updates
             JOIN tbRevision AS revision ON revision.LocalUpdateID = updates.LocalUpdateID
             JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID
             WHERE updates.UpdateID = ?1 AND revision.RevisionNumber = ?2 AND properties.EulaID = ?3
         )",
        params![call.guid(2), call.int(3), eula],
        |row| row.get(0),
    )?;
    if !known {
        return Err(refusal("spAcceptEula", "the license agreement was not found"));
    }
    call.store.execute(
        "INSERT INTO tbEulaAcceptance (EulaID, AcceptedDate, AdminName) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![eula, call.now_text(), call.admin(1)],
    )?;
    Ok(0)
}

/// Lists who accepted a license agreement, or every acceptance where none is named (grade B; the latter C).
static GET_ACCEPTANCES: Procedure = Procedure {
    name: "spGetEulaAcceptances",
    parameters: &[optional("@eulaID", UniqueIdentifier)],
    run: |call| {
        let eula = call.guid(0);
        call.send(
            ACCEPTANCE_COLUMNS,
            "SELECT EulaID, AcceptedDate, AdminName FROM tbEulaAcceptance WHERE ?1 IS NULL OR EulaID = ?1
             ORDER BY EulaID",
            params![eula],
        )?;
        Ok(0)
    },
};
