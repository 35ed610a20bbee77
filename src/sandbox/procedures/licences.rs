//! License agreements of updates and who accepted them.

use rusqlite::{OptionalExtension, params};

use super::arguments::{nvarchar, optional, required};
use super::refusals::Reason;
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
/// Terms whose text was not downloaded are refused as not found: learn.microsoft.com, IUpdate.AcceptLicenseAgreement
/// (ms747124; grade A for the API, B for the procedure); the state of a revision that says so: PoshWSUS assemblies,
/// UpdateState (grade B). That an agreement unknown to the given revision is refused is our guess (grade C).
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

/// tbRevision.State: the text of the license agreement is not downloaded yet.
const LICENSE_AGREEMENT_NOT_READY: i64 = 1;
/// tbRevision.State: downloading it failed.
const LICENSE_AGREEMENT_FAILED: i64 = 8;

fn accept(call: &mut Call<'_>) -> Result<i32, Failure> {
    let eula = call.guid(0);
    let state: Option<i64> = call
        .store
        .query_row(
            "SELECT revision.State FROM tbUpdate AS updates
             JOIN tbRevision AS revision ON revision.LocalUpdateID = updates.LocalUpdateID
             JOIN tbProperty AS properties ON properties.RevisionID = revision.RevisionID
             WHERE updates.UpdateID = ?1 AND revision.RevisionNumber = ?2 AND properties.EulaID = ?3",
            params![call.guid(2), call.int(3), eula],
            |row| row.get(0),
        )
        .optional()?;
    let problem = match state {
        None => Some("the license agreement was not found"),
        Some(LICENSE_AGREEMENT_NOT_READY) => Some("the license agreement has not been downloaded yet"),
        Some(LICENSE_AGREEMENT_FAILED) => Some("the download of the license agreement failed"),
        Some(_) => None,
    };
    if let Some(problem) = problem {
        return Err(Reason::NotFound.refuses("spAcceptEula", problem));
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use crate::sandbox::value::Value;

    fn arguments(server: &Server, kb: &str) -> [(&'static str, Value); 4] {
        let eula = server.id(&format!(
            "SELECT EulaID FROM tbProperty JOIN tbKBArticleForRevision USING (RevisionID) WHERE KBArticleID = '{kb}'"
        ));
        [
            ("@eulaID", eula),
            ("@adminName", text("CONTOSO\\me")),
            ("@updateID", server.update(kb)),
            ("@revisionNumber", Value::Int(200)),
        ]
    }

    #[test]
    fn an_accepted_license_is_pending_no_more() {
        let server = Server::demo();
        let arguments = arguments(&server, "5048239");
        server.call("spAcceptEula", &arguments);
        server.call("spAcceptEula", &arguments);
        assert_eq!(server.number("SELECT count(*) FROM vwMinimalUpdate WHERE RequiresEulaAcceptance = 1"), 0);
        let accepted = server.call("spGetEulaAcceptances", &arguments[..1]);
        assert_eq!(accepted.sets[0].column("AdminName"), [text("CONTOSO\\me")]);
        assert_eq!(server.call("spGetEulaAcceptances", &[]).sets[0].rows.len(), 2);
    }

    #[test]
    fn terms_without_their_text_cannot_be_accepted() {
        let server = Server::demo();
        let arguments = arguments(&server, "5048239");
        for (state, reason) in [(1, "not been downloaded"), (8, "download of the license agreement failed")] {
            server.by_hand(&format!(
                "UPDATE tbRevision SET State = {state} WHERE RevisionID IN
                 (SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '5048239')"
            ));
            server.refuses("spAcceptEula", &arguments, reason);
            assert_eq!(server.error("spAcceptEula", &arguments).state, 40);
        }
        server.by_hand("UPDATE tbRevision SET State = 5");
        server.call("spAcceptEula", &arguments);
    }

    #[test]
    fn a_license_that_the_revision_has_not_is_refused() {
        let server = Server::demo();
        let [eula, admin, update, revision] = arguments(&server, "5048239");
        let nobody = ("@eulaID", guid("11111111-2222-4333-8444-555555555555"));
        server.refuses("spAcceptEula", &[nobody, admin.clone(), update.clone(), revision], "not found");
        let wrong = ("@revisionNumber", Value::Int(201));
        server.refuses("spAcceptEula", &[eula.clone(), admin.clone(), update, wrong], "not found");
        let other = ("@updateID", server.update("5048240"));
        server.refuses("spAcceptEula", &[eula, admin, other, ("@revisionNumber", Value::Int(200))], "not found");
    }
}
