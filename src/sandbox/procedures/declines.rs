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
