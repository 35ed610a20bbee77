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

/// Declines an update and buries the approvals of all its revisions. What a bundle bundles goes with it.
///
/// Source: flamingkeys (order and types), MicrosoftDocs SupportArticles (a call with SYSTEM_USER and @failIfReplica 1);
/// learn.microsoft.com, IUpdate.Decline (ms747138), IUpdate.IsDeclined (bb294934): the approvals go, and the parts of a
/// bundle are declined with it (grade A).
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
        for update in with_parts(call, update)? {
            bury(call, &Selection::Update(update), &admin)?;
            call.store.execute("UPDATE tbUpdate SET IsHidden = 1 WHERE LocalUpdateID = ?1", [update])?;
        }
        track(call, Event::Deployment)?;
        Ok(0)
    },
};

/// The LocalUpdateIDs of an update and of what any of its revisions bundles.
fn with_parts(call: &Call<'_>, update: i64) -> Result<Vec<i64>, Failure> {
    let mut parts = call.store.prepare(
        "SELECT ?1 UNION SELECT part.LocalUpdateID FROM tbRevision AS bundle
             JOIN tbBundleDependency AS bundles ON bundles.RevisionID = bundle.RevisionID
             JOIN tbRevision AS part ON part.RevisionID = bundles.BundledRevisionID
         WHERE bundle.LocalUpdateID = ?1",
    )?;
    let updates = parts.query_map([update], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    Ok(updates)
}

/// Takes a declined update back. It has no approvals then, and what it bundles stays declined.
///
/// Source: X10sions, _Extensions.cs (positional call, grade A). It works on a replica: of Microsoft's binaries of Server 2016
/// only what brings a replica up to date calls it, with @updateID alone, and it has no @failIfReplica (grade B). @adminName,
/// that an update which is not declined is left alone, and what becomes of the parts of a bundle are our guesses (grade C).
static UNDECLINE: Procedure = Procedure {
    name: "spUndeclineUpdate",
    parameters: &[required("@updateID", UniqueIdentifier), optional("@adminName", nvarchar(385))],
    run: |call| {
        let procedure = "spUndeclineUpdate";
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
    fn the_parts_of_a_bundle_are_declined_with_it() {
        let server = Server::demo();
        let parts = || {
            server.number(
                "SELECT count(*) FROM tbUpdate JOIN tbRevision USING (LocalUpdateID)
                 JOIN tbBundleDependency ON BundledRevisionID = tbRevision.RevisionID WHERE IsHidden = 1",
            )
        };
        let bundle = [("@updateID", server.update("5051989"))];
        server.call("spDeclineUpdate", &bundle);
        assert_eq!((is_hidden(&server, "5051989"), parts()), (1, 2));
        assert_eq!(
            server.number("SELECT count(*) FROM tbDeployment WHERE ActionID = 5"),
            0,
            "what its approval meant for the parts is gone"
        );
        server.call("spUndeclineUpdate", &bundle);
        assert_eq!((is_hidden(&server, "5051989"), parts()), (0, 2));
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
    fn unknown_updates_are_refused_and_declines_on_a_replica() {
        let server = Server::demo();
        let nobody = [("@updateID", guid("11111111-2222-4333-8444-555555555555"))];
        server.refuses("spDeclineUpdate", &nobody, "not found");
        server.refuses("spUndeclineUpdate", &nobody, "not found");
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        let update = ("@updateID", server.update("5055555"));
        server.refuses("spDeclineUpdate", from_ref(&update), "replica");
        server.call("spDeclineUpdate", &[update.clone(), ("@failIfReplica", Value::Bit(false))]);
        server.call("spUndeclineUpdate", from_ref(&update));
        assert_eq!(is_hidden(&server, "5055555"), 0);
    }
}
