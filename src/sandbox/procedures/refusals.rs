//! The errors that procedures raise, and the conditions that several of them share.

use rusqlite::OptionalExtension;

use super::subscription::state;
use super::{Call, Failure};
use crate::sandbox::database::ServerError;

/// An error as WSUS's procedures raise it: RAISERROR with a text, severity 16 and state -1, which SQL Server reports as
/// 1; hence number 50000.
///
/// Source: MicrosoftDocs SupportArticles (body of spDeleteUpdate), codewrecks (body of spGetObsoleteUpdatesToCleanup)
/// (grade A). The texts are ours but for those with a source.
pub(in crate::sandbox) fn refusal(procedure: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::Raised(ServerError {
        number: 50000,
        state: 1,
        class: 16,
        message: format!("{procedure} got error: {reason}"),
        procedure: procedure.to_owned(),
        line: 1,
    })
}

/// A violation of a CHECK constraint, as SQL Server itself reports it.
pub(super) fn check_violation(procedure: &str, table: &str) -> Failure {
    Failure::Raised(ServerError {
        number: 547,
        state: 0,
        class: 16,
        message: format!(
            "The INSERT statement conflicted with a CHECK constraint. The conflict occurred in database \"SUSDB\", \
             table \"dbo.{table}\"."
        ),
        procedure: procedure.to_owned(),
        line: 1,
    })
}

/// Refuses on a replica: its groups and approvals come from the parent.
///
/// Source: MS-WSUSAR 3.1.4.29; Microsoft.UpdateServices.Administration, CreateComputerTargetGroup (grade A).
pub(super) fn refuse_on_replica(call: &Call<'_>, procedure: &str) -> Result<(), Failure> {
    let replica: Option<bool> =
        call.store.query_row("SELECT ReplicaMode FROM tbConfigurationC LIMIT 1", [], |row| row.get(0)).optional()?;
    if replica == Some(true) {
        Err(refusal(procedure, "this operation is not allowed on a replica server"))
    } else {
        Ok(())
    }
}

/// Refuses while a synchronisation is requested, works, or is being cancelled.
///
/// Source: learn.microsoft.com, IUpdateServerConfiguration.Save (grade A); TypeScript WSUS console (which states run,
/// grade A; that a cancellation still runs is inferred, grade C).
pub(super) fn refuse_while_synchronising(call: &Call<'_>, procedure: &str) -> Result<(), Failure> {
    if matches!(state(call)?, 2 | 3 | 5) {
        Err(refusal(procedure, "this operation is not allowed while a synchronization runs"))
    } else {
        Ok(())
    }
}
