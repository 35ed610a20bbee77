//! Approvals: an action for an update's revision and a group.

use rusqlite::params;

use super::arguments::{defaulted, nvarchar, optional, required};
use super::change_tracking::{Event, track};
use super::deployments::{
    APPROVAL_COLUMNS, APPROVAL_QUERY, NewDeployment, Selection, bury, exists, new_guid, time_argument,
};
use super::refusals::{check_violation, refusal, refuse_on_replica};
use super::revisions::{self, Revision};
use super::{Call, Failure, Procedure, declines, groups};
use crate::sandbox::schema::ALL_COMPUTERS;
use crate::sandbox::value::SqlType::{Bit, DateTime, Int, TinyInt, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&DEPLOY, &DELETE, &REFRESH, &GET_BY_ID, &GET_FOR_UPDATE];

/// Install.
const INSTALL: i64 = 0;
/// Uninstall.
const UNINSTALL: i64 = 1;
/// Report applicability only: what the console writes for "Not approved".
const DETECT: i64 = 2;
/// Keep from the group what a parent group passes down.
const BLOCK: i64 = 3;

/// Approves a revision of an update for a group. An approval of the same revision for that group is replaced; one of
/// another revision stays.
///
/// Source: bulk-approve SQL (order of the first five), SharpWSUS lib/Group.cs, WSUSpendu (names; grade A); HackTricks after
/// SpecterOps (@deadline), PoshWSUS assemblies (@goLiveTime, @deploymentIDToUse; grade B). The constraint that an optional
/// approval has no deadline: X10sions (grade A). A block for All Computers is refused: Microsoft.UpdateServices
/// .Administration, UpdateApprovalAction (grade A). Approving reinstates a declined update: TypeScript WSUS console
/// (grade A). The other refusals are those of the API (grade B). The default of @isAssigned, and that an older
/// revision's approval stays, are our guesses (grade C); so is that an action other than 0 to 3 is refused.
static DEPLOY: Procedure = Procedure {
    name: "spDeployUpdate",
    parameters: &[
        required("@updateID", UniqueIdentifier),
        required("@revisionNumber", Int),
        required("@actionID", Int),
        required("@targetGroupID", UniqueIdentifier),
        required("@adminName", nvarchar(385)),
        defaulted("@isAssigned", Bit, 1),
        defaulted("@downloadPriority", TinyInt, 1),
        optional("@deadline", DateTime),
        optional("@goLiveTime", DateTime),
        optional("@deploymentIDToUse", UniqueIdentifier),
        defaulted("@failIfReplica", Bit, 1),
        defaulted("@isReplica", Bit, 0),
    ],
    run: deploy,
};

fn deploy(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spDeployUpdate";
    if call.bit(10) {
        refuse_on_replica(call, procedure)?;
    }
    let revision = revisions::require(call, procedure, call.guid(0), call.int(1))?;
    let action = call.int(2).unwrap_or(-1);
    let group = call.guid(3).unwrap_or_default();
    refuse_group(call, procedure, &group, action)?;
    refuse_action(procedure, &revision, action)?;
    let is_assigned = call.int(5) != Some(0);
    let deadline = time_argument(call, 7);
    if !is_assigned && deadline.is_some() {
        return Err(check_violation(procedure, "tbDeployment"));
    }
    let guid = call.guid(9).unwrap_or_else(new_guid);
    if exists(call, &guid)? {
        return Err(refusal(procedure, format!("a deployment with the id {guid} already exists")));
    }
    let admin = call.admin(4);
    bury(call, &Selection::RevisionInGroup(revision.id, &group), &admin)?;
    let deployment = NewDeployment {
        revision: revision.id,
        group: &group,
        action,
        guid: guid.clone(),
        admin: &admin,
        is_assigned,
        download_priority: call.int(6).unwrap_or(1),
        deadline,
        go_live: time_argument(call, 8).unwrap_or_else(|| call.now_text()),
        change_number: track(call, Event::Deployment)?,
    };
    deployment.insert(call)?;
    if revision.is_declined {
        declines::reinstate(call, revision.local_update)?;
    }
    send_approval(call, &guid)?;
    Ok(0)
}

fn refuse_group(call: &Call<'_>, procedure: &str, group: &str, action: i64) -> Result<(), Failure> {
    match groups::find(call, group)? {
        None => Err(refusal(procedure, "the target group was not found")),
        Some(found) if !found.holds_computers => {
            Err(refusal(procedure, "the target group is not a group of computers"))
        }
        Some(_) if action == BLOCK && group == ALL_COMPUTERS => {
            Err(refusal(procedure, "a block approval cannot be created for All Computers"))
        }
        Some(_) => Ok(()),
    }
}

fn refuse_action(procedure: &str, revision: &Revision, action: i64) -> Result<(), Failure> {
    let problem = match action {
        _ if !revision.is_deployable => Some("the update cannot be deployed explicitly"),
        INSTALL | BLOCK if revision.is_expired => Some("the update has expired and can only be uninstalled"),
        INSTALL if revision.eula_is_pending => Some("the license agreement has not been accepted"),
        INSTALL if !revision.can_install => Some("the update does not support installation"),
        UNINSTALL if !revision.can_uninstall => Some("the update does not support uninstallation"),
        INSTALL | UNINSTALL | DETECT | BLOCK => None,
        _ => Some("the deployment action is not valid"),
    };
    problem.map_or(Ok(()), |reason| Err(refusal(procedure, reason)))
}

fn send_approval(call: &mut Call<'_>, guid: &str) -> Result<u64, Failure> {
    call.send(APPROVAL_COLUMNS, &format!("{APPROVAL_QUERY} WHERE deployment.DeploymentGuid = ?1"), [guid])
}

/// Removes an approval.
///
/// Source: PoshWSUS assemblies, Go client of MS-WSUSAR (names, grade B); the defaults are our guess (grade C).
static DELETE: Procedure = Procedure {
    name: "spDeleteDeployment",
    parameters: &[
        required("@deploymentGuid", UniqueIdentifier),
        optional("@adminName", nvarchar(385)),
        defaulted("@failIfReplica", Bit, 1),
        defaulted("@failWhenNotFound", Bit, 1),
    ],
    run: |call| {
        let procedure = "spDeleteDeployment";
        if call.bit(2) {
            refuse_on_replica(call, procedure)?;
        }
        let buried = bury(call, &Selection::Guid(&call.guid(0).unwrap_or_default()), &call.admin(1))?;
        if buried > 0 {
            track(call, Event::Deployment)?;
        } else if call.bit(3) {
            return Err(refusal(procedure, "the deployment was not found"));
        }
        Ok(0)
    },
};

/// Moves the approvals of older revisions to the latest one: an older approval for a group is buried, and made anew on the
/// latest revision where that has none for the group.
///
/// Source: PoshWSUS assemblies (grade B). That the old rows go, that deadline, assignment and priority are kept, and that
/// the conditions of spDeployUpdate hold here too are our guesses (grade C).
static REFRESH: Procedure = Procedure {
    name: "spRefreshDeployments",
    parameters: &[required("@updateID", UniqueIdentifier), optional("@adminName", nvarchar(385))],
    run: refresh,
};

/// An approval left on an older revision.
struct Stale {
    guid: String,
    group: String,
    action: i64,
    admin: String,
    is_assigned: bool,
    download_priority: i64,
    deadline: Option<String>,
}

fn refresh(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spRefreshDeployments";
    refuse_on_replica(call, procedure)?;
    let latest = revisions::require_latest(call, procedure, call.guid(0))?;
    let stale = stale_approvals(call, &latest)?;
    if stale.is_empty() {
        return Ok(0);
    }
    let change_number = track(call, Event::Deployment)?;
    for old in stale {
        refuse_action(procedure, &latest, old.action)?;
        let admin = call.text(1).unwrap_or_else(|| old.admin.clone());
        bury(call, &Selection::Guid(&old.guid), &admin)?;
        if is_deployed(call, latest.id, &old.group)? {
            continue;
        }
        let deployment = NewDeployment {
            revision: latest.id,
            group: &old.group,
            action: old.action,
            guid: new_guid(),
            admin: &admin,
            is_assigned: old.is_assigned,
            download_priority: old.download_priority,
            deadline: old.deadline,
            go_live: call.now_text(),
            change_number,
        };
        deployment.insert(call)?;
    }
    Ok(0)
}

/// Newest revision first, so that of several the newest one's approval is carried over.
fn stale_approvals(call: &Call<'_>, latest: &Revision) -> rusqlite::Result<Vec<Stale>> {
    let mut statement = call.store.prepare(
        "SELECT deployment.DeploymentGuid, deployment.TargetGroupID, deployment.ActionID, deployment.AdminName,
             deployment.IsAssigned, deployment.DownloadPriority, deployment.Deadline
         FROM tbDeployment AS deployment JOIN tbRevision AS revision ON revision.RevisionID = deployment.RevisionID
         WHERE revision.LocalUpdateID = ?1 AND revision.RevisionID <> ?2 AND deployment.ActionID IN (0, 1, 2, 3)
         ORDER BY revision.RevisionNumber DESC, deployment.DeploymentID",
    )?;
    statement
        .query_map(params![latest.local_update, latest.id], |row| {
            Ok(Stale {
                guid: row.get(0)?,
                group: row.get(1)?,
                action: row.get(2)?,
                admin: row.get(3)?,
                is_assigned: row.get(4)?,
                download_priority: row.get(5)?,
                deadline: row.get(6)?,
            })
        })?
        .collect()
}

fn is_deployed(call: &Call<'_>, revision: i64, group: &str) -> rusqlite::Result<bool> {
    call.store.query_row(
        "SELECT EXISTS (SELECT 1 FROM tbDeployment WHERE RevisionID = ?1 AND TargetGroupID = ?2)",
        params![revision, group],
        |row| row.get(0),
    )
}

/// Gives one approval (grade B); no row where there is none (grade C).
static GET_BY_ID: Procedure = Procedure {
    name: "spGetDeploymentByID",
    parameters: &[required("@deploymentGuid", UniqueIdentifier)],
    run: |call| {
        let guid = call.guid(0).unwrap_or_default();
        send_approval(call, &guid)?;
        Ok(0)
    },
};

/// Lists the approvals of an update: of one revision, or of all where the number is 0 or NULL (grade B; the latter C).
static GET_FOR_UPDATE: Procedure = Procedure {
    name: "spGetDeploymentsForAnUpdate",
    parameters: &[
        required("@updateID", UniqueIdentifier),
        optional("@revisionNumber", Int),
        optional("@targetGroupID", UniqueIdentifier),
        optional("@actionID", Int),
        optional("@fromDeploymentDate", DateTime),
        optional("@toDeploymentDate", DateTime),
        optional("@apiVersion", Int),
    ],
    run: |call| {
        let query = format!(
            "{APPROVAL_QUERY} WHERE updates.UpdateID = ?1
                 AND (coalesce(?2, 0) = 0 OR revision.RevisionNumber = ?2)
                 AND (?3 IS NULL OR deployment.TargetGroupID = ?3)
                 AND (?4 IS NULL OR ?4 = 2147483647 OR deployment.ActionID = ?4)
                 AND (?5 IS NULL OR deployment.DeploymentTime >= ?5)
                 AND (?6 IS NULL OR deployment.DeploymentTime <= ?6)
             ORDER BY deployment.DeploymentID"
        );
        let values = params![
            call.guid(0),
            call.int(1),
            call.guid(2),
            call.int(3),
            time_argument(call, 4),
            time_argument(call, 5)
        ];
        call.send(APPROVAL_COLUMNS, &query, values)?;
        Ok(0)
    },
};
