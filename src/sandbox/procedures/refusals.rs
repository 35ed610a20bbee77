//! The errors that procedures raise, and the conditions that several of them share.

use rusqlite::OptionalExtension;

use super::subscription::state;
use super::{Call, Failure};
use crate::sandbox::database::ServerError;

/// Why a procedure refuses: the state of the error.
///
/// Source: Microsoft's binaries of Server 2016, the enumeration DBError, which WSUS's own client tells refusals apart by
/// (grade B). Which refusal has which reason is inferred from the names and from the exceptions of the API (grade C).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// What the call names is not there.
    NotFound = 40,
    /// Something with the name or the id is there already.
    ItemExists = 41,
    /// The licence terms have not been accepted.
    EulaNotAccepted = 43,
    /// The server or the object is in a state that does not allow the call just now.
    InvalidState = 44,
    /// The call is never allowed for this object.
    InvalidAction = 45,
    /// An update that this one depends on has the opposite approval.
    UnresolvableConflict = 46,
    /// The server is a replica.
    InvalidOnReplica = 47,
}

impl Reason {
    /// The error with this reason as its state.
    pub(super) fn refuses(self, procedure: &str, text: impl std::fmt::Display) -> Failure {
        raised(procedure, self as u8, text)
    }
}

/// A refusal without a reason of its own: arguments that the API checks before it calls, so that WSUS's client never saw
/// the procedure refuse them. RAISERROR with state -1, which is among such bodies, arrives as 1, too.
///
/// Source: MicrosoftDocs SupportArticles (body of spDeleteUpdate), codewrecks (body of spGetObsoleteUpdatesToCleanup)
/// (grade A). The texts are ours but for those with a source.
pub(in crate::sandbox) fn refusal(procedure: &str, text: impl std::fmt::Display) -> Failure {
    raised(procedure, GENERAL, text)
}

/// The refusal of what names something that is not there.
pub(super) fn not_found(procedure: &str, what: &str) -> Failure {
    Reason::NotFound.refuses(procedure, format_args!("{what} was not found"))
}

/// The state of an error without a reason.
pub(in crate::sandbox) const GENERAL: u8 = 1;

/// An error as WSUS's procedures raise it: RAISERROR with a text and severity 16, hence number 50000.
fn raised(procedure: &str, state: u8, text: impl std::fmt::Display) -> Failure {
    Failure::Raised(ServerError {
        number: RAISED,
        state,
        class: 16,
        message: format!("{procedure} got error: {text}"),
        procedure: procedure.to_owned(),
        line: 1,
    })
}

/// The number of an error that a procedure raises with a text of its own.
pub(in crate::sandbox) const RAISED: i32 = 50_000;

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
        Err(Reason::InvalidOnReplica.refuses(procedure, "this operation is not allowed on a replica server"))
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
        Err(Reason::InvalidState.refuses(procedure, "this operation is not allowed while a synchronization runs"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use crate::sandbox::schema::ALL_COMPUTERS;
    use crate::sandbox::value::Value;

    /// One refusal of each reason that the sandbox has.
    #[test]
    fn the_state_says_why() {
        let server = Server::demo();
        let approval = |kb: &str, action: i32, group: Value| {
            vec![
                ("@updateID", server.update(kb)),
                ("@revisionNumber", Value::Int(200)),
                ("@actionID", Value::Int(action)),
                ("@targetGroupID", group),
                ("@adminName", text("me")),
            ]
        };
        let nobody = guid("11111111-2222-4333-8444-555555555555");
        let group = |name: &str| vec![("@name", text(name)), ("@id", nobody.clone())];
        let state = |procedure: &str, arguments: &[(&str, Value)]| server.error(procedure, arguments).state;
        assert_eq!(state("spDeployUpdate", &approval("5060533", 0, nobody.clone())), 40);
        assert_eq!(state("spCreateTargetGroup", &group("Servers")), 41);
        assert_eq!(state("spCreateTargetGroup", &group("a;b")), 1, "what the API checks before it calls");
        assert_eq!(state("spDeployUpdate", &approval("5048239", 0, server.group("Servers"))), 43);
        assert_eq!(state("spDeployUpdate", &approval("5060533", 3, guid(ALL_COMPUTERS))), 45);
        server.by_hand("UPDATE sandbox_unplaced SET value = 3 WHERE name = 'SubscriptionState'");
        assert_eq!(state("spStartCatalogSync", &[]), 44);
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        assert_eq!(state("spCreateTargetGroup", &group("New")), 47);
    }
}
