//! Declined updates: hidden from computers, their approvals gone.

use rusqlite::params;

use super::arguments::{defaulted, nvarchar, optional, required};
use super::change_tracking::{Event, track};
use super::deployments::{Selection, bury};
use super::refusals::refuse_on_replica;
use super::{Call, Failure, Procedure, revisions};
use crate::sandbox::value::SqlType::{Bit, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&DECLINE, &UNDECLINE];

/// Declines an update and buries the approvals of all its revisions.
///
/// Source: flamingkeys (order and types), MicrosoftDocs SupportArticles (a call with SYSTEM_USER and @failIfReplica 1)
/// (grade A). That the approvals go: MS-WSUSSS, hidden updates (grade B).
static DECLINE: Procedure = Procedure {
    name: "spDeclineUpdate",
    parameters: &[
        required("@updateID", UniqueIdentifier),
        optional("@adminName", nvarchar(385)),
        defaulted("@failIfReplica", Bit, 1),
    ],
    run: |call| {
        let procedure = "spDeclineUpdate";
        if call.bit(2) {
            refuse_on_replica(call, procedure)?;
        }
        let update = revisions::require_latest(call, procedure, call.guid(0))?.local_update;
        let admin = call.admin(1);
        bury(call, &Selection::Update(update), &admin)?;
        call.store.execute("UPDATE tbUpdate SET IsHidden = 1 WHERE LocalUpdateID = ?1", [update])?;
        track(call, Event::Deployment)?;
        Ok(0)
    },
};

/// Takes a declined update back. It has no approvals then.
///
/// Source: X10sions, _Extensions.cs (positional call, grade A). @adminName, the refusal on a replica and that an update
/// which is not declined is left alone are our guesses (grade C).
static UNDECLINE: Procedure = Procedure {
    name: "spUndeclineUpdate",
    parameters: &[required("@updateID", UniqueIdentifier), optional("@adminName", nvarchar(385))],
    run: |call| {
        let procedure = "spUndeclineUpdate";
        refuse_on_replica(call, procedure)?;
        let update = revisions::require_latest(call, procedure, call.guid(0))?;
        if update.is_declined {
            reinstate(call, update.local_update)?;
            track(call, Event::Deployment)?;
        }
        Ok(0)
    },
};

/// Takes an update out of the declined state.
pub(super) fn reinstate(call: &Call<'_>, local_update: i64) -> Result<(), Failure> {
    call.store.execute(
        "UPDATE tbUpdate SET IsHidden = 0, LastUndeclinedTime = ?1 WHERE LocalUpdateID = ?2",
        params![call.now_text(), local_update],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::super::testing::{Server, guid, text};
    use crate::sandbox::value::Value;

    fn is_hidden(server: &Server, kb: &str) -> i64 {
        server.number(&format!(
            "SELECT IsHidden FROM tbUpdate JOIN tbRevision USING (LocalUpdateID)
                 JOIN tbKBArticleForRevision USING (RevisionID)
             WHERE KBArticleID = '{kb}' LIMIT 1"
        ))
    }

    #[test]
    fn declining_buries_the_approvals_of_every_revision() {
        let server = Server::demo();
        let changes = server.deployment_changes();
        let arguments = [("@updateID", server.update("5044284")), ("@adminName", text("CONTOSO\\me"))];
        server.call("spDeclineUpdate", &arguments);
        assert_eq!(is_hidden(&server, "5044284"), 1);
        assert_eq!(server.number("SELECT count(*) FROM tbDeadDeployment WHERE AdminNameWhoDeleted = 'CONTOSO\\me'"), 3);
        assert_eq!(server.deployment_changes(), changes + 1);
        server.call("spDeclineUpdate", &arguments);
        assert_eq!(server.number("SELECT count(*) FROM tbDeadDeployment"), 3);
    }

    #[test]
    fn an_undeclined_update_comes_back_without_approvals() {
        let server = Server::demo();
        let update = [("@updateID", server.update("5055555"))];
        server.call("spDeclineUpdate", &update);
        server.call("spUndeclineUpdate", &update);
        assert_eq!(is_hidden(&server, "5055555"), 0);
        assert_eq!(
            server.text("SELECT LastUndeclinedTime FROM tbUpdate WHERE LastUndeclinedTime IS NOT NULL"),
            "2026-06-10 12:00:00.000"
        );
        assert_eq!(server.number("SELECT count(*) FROM tbDeadDeployment WHERE AdminNameWhoDeleted = 'WUS Server'"), 2);
    }

    #[test]
    fn an_update_that_is_not_declined_stays_as_it_is() {
        let server = Server::demo();
        let changes = server.deployment_changes();
        server.call("spUndeclineUpdate", &[("@updateID", server.update("5055555"))]);
        assert_eq!(server.number("SELECT count(*) FROM tbUpdate WHERE LastUndeclinedTime IS NOT NULL"), 0);
        assert_eq!(server.deployment_changes(), changes);
    }

    #[test]
    fn unknown_updates_and_replicas_are_refused() {
        let server = Server::demo();
        let nobody = [("@updateID", guid("11111111-2222-4333-8444-555555555555"))];
        server.refuses("spDeclineUpdate", &nobody, "not found");
        server.refuses("spUndeclineUpdate", &nobody, "not found");
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        let update = ("@updateID", server.update("5055555"));
        server.refuses("spDeclineUpdate", from_ref(&update), "replica");
        server.refuses("spUndeclineUpdate", from_ref(&update), "replica");
        server.call("spDeclineUpdate", &[update, ("@failIfReplica", Value::Bit(false))]);
    }
}
