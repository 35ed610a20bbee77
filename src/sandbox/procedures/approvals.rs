//! Approvals: an action for an update's revision and a group.

use rusqlite::params;

use super::arguments::{defaulted, nvarchar, optional, required};
use super::change_tracking::{Event, track};
use super::deployments::{
    APPROVAL_COLUMNS, APPROVAL_QUERY, NewDeployment, Selection, bury, exists, first_made, new_guid, time_argument,
};
use super::refusals::{Reason, check_violation, not_found, refuse_on_replica};
use super::revisions::{self, Revision};
use super::{Call, Failure, Procedure, declines, groups};
use crate::sandbox::options::Behaviour;
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

/// Approves a revision of an update for a group. What any revision of the update has for that group is replaced.
///
/// Source: bulk-approve SQL (order of the first five), SharpWSUS lib/Group.cs, WSUSpendu (names; grade A); HackTricks after
/// SpecterOps (@deadline), PoshWSUS assemblies (@goLiveTime, @deploymentIDToUse; grade B). The constraint that an optional
/// approval has no deadline: X10sions (grade A). A block for All Computers is refused: Microsoft.UpdateServices
/// .Administration, UpdateApprovalAction (grade A). Approving reinstates a declined update: TypeScript WSUS console
/// (grade A). No deadline for what can ask the user: learn.microsoft.com, Approving the Updates (dd939929; grade A for the
/// console). The other refusals are those of the API (grade B). That an older revision's approval goes: only
/// one revision of an update keeps approvals once they were moved (learn.microsoft.com, ms751936, ms748085; grade A for those two
/// ways, C for this one). The default of @isAssigned is our guess (grade C); so is that an action other than 0 to 3 is
/// refused. Since nobody says whether an older revision's approval stays, and whether a replaced one hands its
/// DeploymentTime down, a variant of the procedure does the other for each ([`Behaviour`]).
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
    refuse_conflict(call, procedure, &revision, &group, action)?;
    let is_assigned = call.int(5) != Some(0);
    let deadline = time_argument(call, 7);
    if deadline.is_some()
        && (action == INSTALL && revision.install_asks || action == UNINSTALL && revision.uninstall_asks)
    {
        let text = "a deadline cannot be set for an update that can request user input";
        return Err(Reason::InvalidAction.refuses(procedure, text));
    }
    if !is_assigned && deadline.is_some() {
        return Err(check_violation(procedure, "tbDeployment"));
    }
    let guid = call.guid(9).unwrap_or_else(new_guid);
    if exists(call, &guid)? {
        return Err(Reason::ItemExists.refuses(procedure, format!("a deployment with the id {guid} already exists")));
    }
    let admin = call.admin(4);
    let replaced = if call.behaviours.contains(&Behaviour::KeepsRevisions) {
        Selection::RevisionInGroup(revision.id, &group)
    } else {
        Selection::UpdateInGroup(revision.local_update, &group)
    };
    let made = if call.behaviours.contains(&Behaviour::KeepsTime) { first_made(call, &replaced)? } else { None };
    bury(call, &replaced, &admin)?;
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
        made,
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
        None => Err(not_found(procedure, "the target group")),
        Some(found) if !found.holds_computers => {
            Err(Reason::InvalidAction.refuses(procedure, "the target group is not a group of computers"))
        }
        Some(_) if action == BLOCK && group == ALL_COMPUTERS => {
            Err(Reason::InvalidAction.refuses(procedure, "a block approval cannot be created for All Computers"))
        }
        Some(_) => Ok(()),
    }
}

fn refuse_action(procedure: &str, revision: &Revision, action: i64) -> Result<(), Failure> {
    let problem = match action {
        _ if !revision.is_deployable => (Reason::InvalidAction, "the update cannot be deployed explicitly"),
        INSTALL | BLOCK if revision.is_expired => {
            (Reason::InvalidAction, "the update has expired and can only be uninstalled")
        }
        INSTALL if revision.eula_is_pending => (Reason::EulaNotAccepted, "the license agreement has not been accepted"),
        INSTALL if !revision.can_install => (Reason::InvalidAction, "the update does not support installation"),
        UNINSTALL if !revision.can_uninstall => (Reason::InvalidAction, "the update does not support uninstallation"),
        INSTALL | UNINSTALL | DETECT | BLOCK => return Ok(()),
        _ => (Reason::InvalidAction, "the deployment action is not valid"),
    };
    let (reason, text) = problem;
    Err(reason.refuses(procedure, text))
}

/// Refuses to install what needs an update that is approved for removal, and to remove what another one needs that is
/// approved for installation.
///
/// Source: Microsoft's binaries of Server 2016, the texts beside DBError (grade B); that the prerequisites of the very group
/// count is our guess (grade C).
fn refuse_conflict(
    call: &Call<'_>,
    procedure: &str,
    revision: &Revision,
    group: &str,
    action: i64,
) -> Result<(), Failure> {
    let conflict: bool = call.store.query_row(
        "SELECT EXISTS (
             SELECT 1 FROM tbDeployment AS deployment
             JOIN tbPrerequisiteDependency AS needs
                 ON (needs.RevisionID = ?1 AND needs.PrerequisiteRevisionID = deployment.RevisionID AND ?3 = 0)
                 OR (needs.PrerequisiteRevisionID = ?1 AND needs.RevisionID = deployment.RevisionID AND ?3 = 1)
             WHERE deployment.TargetGroupID = ?2 AND deployment.ActionID = 1 - ?3)",
        params![revision.id, group, action],
        |row| row.get(0),
    )?;
    if conflict {
        let text = "an update that it depends on, or that depends on it, is approved for the opposite action";
        return Err(Reason::UnresolvableConflict.refuses(procedure, text));
    }
    Ok(())
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
            return Err(not_found(procedure, "the deployment"));
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
            made: None,
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

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::super::testing::{Answer, Server, day, guid, text};
    use crate::sandbox::options::Behaviour;
    use crate::sandbox::schema::{DOWNSTREAM_SERVERS, UNASSIGNED_COMPUTERS};
    use crate::sandbox::value::Value;

    type Arguments = Vec<(&'static str, Value)>;

    /// Arguments that approve revision 200 of the first update of a KB.
    fn approve(server: &Server, kb: &str, action: i32, group: &str) -> Arguments {
        vec![
            ("@updateID", server.update(kb)),
            ("@revisionNumber", Value::Int(200)),
            ("@actionID", Value::Int(action)),
            ("@targetGroupID", server.group(group)),
            ("@adminName", text("CONTOSO\\me")),
        ]
    }

    fn with(mut arguments: Arguments, name: &'static str, value: Value) -> Arguments {
        arguments.retain(|(given, _)| *given != name);
        arguments.push((name, value));
        arguments
    }

    fn deploy(server: &Server, arguments: &Arguments) -> Answer {
        server.call("spDeployUpdate", arguments)
    }

    fn approvals(server: &Server, kb: &str) -> i64 {
        server.number(&format!(
            "SELECT count(*) FROM tbDeployment JOIN tbKBArticleForRevision USING (RevisionID) WHERE KBArticleID = '{kb}'"
        ))
    }

    fn buried(server: &Server) -> i64 {
        server.number("SELECT count(*) FROM tbDeadDeployment")
    }

    #[test]
    fn what_can_ask_the_user_takes_no_deadline() {
        let server = Server::demo();
        server.by_hand("UPDATE tbProperty SET CanUninstall = 1, UninstallRequiresUserInput = 1");
        let install = approve(&server, "5060533", 0, "Kiosks");
        deploy(&server, &with(install.clone(), "@deadline", day(2026, 7, 1)));
        let uninstall = approve(&server, "5060533", 1, "Kiosks");
        let late = with(uninstall.clone(), "@deadline", day(2026, 7, 1));
        server.refuses("spDeployUpdate", &late, "request user input");
        assert_eq!(server.error("spDeployUpdate", &late).state, 45);
        deploy(&server, &uninstall);
        server.by_hand("UPDATE tbProperty SET InstallRequiresUserInput = 1");
        server.refuses("spDeployUpdate", &with(install, "@deadline", day(2026, 7, 1)), "request user input");
    }

    #[test]
    fn the_opposite_of_what_a_prerequisite_has_is_a_conflict() {
        let server = Server::demo();
        let revision = |kb| {
            server.number(&format!("SELECT RevisionID FROM tbKBArticleForRevision WHERE KBArticleID = '{kb}' LIMIT 1"))
        };
        let (needs, needed) = (revision("5060533"), revision("5060842"));
        server.by_hand("UPDATE tbProperty SET CanUninstall = 1");
        server.by_hand(&format!("INSERT INTO tbPrerequisiteDependency VALUES ({needs}, 0, {needed})"));
        let refused = |kb, action, group| server.error("spDeployUpdate", &approve(&server, kb, action, group)).state;
        deploy(&server, &approve(&server, "5060842", 1, "Kiosks"));
        assert_eq!(refused("5060533", 0, "Kiosks"), 46);
        deploy(&server, &approve(&server, "5060533", 0, "Servers"));
        assert_eq!(refused("5060842", 1, "Servers"), 46);
        // The same action, and a block, are no conflict.
        deploy(&server, &approve(&server, "5060842", 0, "Servers"));
        deploy(&server, &approve(&server, "5060533", 3, "Kiosks"));
    }

    #[test]
    fn an_approval_is_written_and_returned() {
        let server = Server::demo();
        let changes = server.deployment_changes();
        let arguments = with(approve(&server, "5060533", 0, "Kiosks"), "@deadline", day(2026, 7, 1));
        let answer = deploy(&server, &arguments);
        let row = &answer.sets[0];
        assert_eq!(row.rows.len(), 1);
        for (column, value) in [
            ("DeploymentTime", Value::DateTime(server.now)),
            ("DeploymentStatus", Value::TinyInt(1)),
            ("ActionID", Value::Int(0)),
            ("GoLiveTime", Value::DateTime(server.now)),
            ("Deadline", day(2026, 7, 1)),
            ("AdminName", text("CONTOSO\\me")),
            ("IsAssigned", Value::Bit(true)),
            ("UpdateID", server.update("5060533")),
            ("RevisionNumber", Value::Int(200)),
            ("TargetGroupID", server.group("Kiosks")),
        ] {
            assert_eq!(row.column(column), [value], "{column}");
        }
        assert_eq!(server.deployment_changes(), changes + 1);
        assert_eq!(
            server.number("SELECT max(LastChangeNumber) FROM tbDeployment WHERE AdminName = 'CONTOSO\\me'"),
            changes + 1
        );
        assert_eq!(buried(&server), 0);
    }

    #[test]
    fn an_approval_of_the_same_revision_is_replaced() {
        let mut server = Server::demo();
        let first = deploy(&server, &approve(&server, "5060533", 0, "Kiosks")).sets[0].column("DeploymentGuid");
        server.now += chrono::Duration::hours(1);
        let second = deploy(&server, &approve(&server, "5060533", 3, "Kiosks"));
        assert_ne!(second.sets[0].column("DeploymentGuid"), first);
        assert_eq!(second.sets[0].column("DeploymentTime"), [Value::DateTime(server.now)]);
        assert_eq!(approvals(&server, "5060533"), 1);
        assert_eq!(server.id("SELECT DeploymentGuid FROM tbDeadDeployment"), first[0]);
    }

    #[test]
    fn approving_the_same_again_is_a_new_deployment() {
        let server = Server::demo();
        deploy(&server, &approve(&server, "5060533", 0, "Kiosks"));
        deploy(&server, &approve(&server, "5060533", 0, "Kiosks"));
        assert_eq!((approvals(&server, "5060533"), buried(&server)), (1, 1));
    }

    #[test]
    fn an_older_revisions_approval_goes() {
        let server = Server::demo();
        let arguments = with(approve(&server, "5044284", 0, "Ring 0 - IT"), "@revisionNumber", Value::Int(202));
        assert_eq!(approvals(&server, "5044284"), 3);
        deploy(&server, &arguments);
        assert_eq!((approvals(&server, "5044284"), buried(&server)), (3, 1));
    }

    #[test]
    fn variants_leave_older_revisions_alone_and_keep_the_time() {
        let mut server = Server::demo();
        let arguments = with(approve(&server, "5044284", 0, "Ring 0 - IT"), "@revisionNumber", Value::Int(202));
        server.behaviours = vec![Behaviour::KeepsRevisions];
        deploy(&server, &arguments);
        assert_eq!((approvals(&server, "5044284"), buried(&server)), (4, 0));
        let first = server.now;
        server.now += chrono::Duration::days(3);
        server.behaviours = vec![Behaviour::KeepsRevisions, Behaviour::KeepsTime];
        let answer = deploy(&server, &arguments);
        assert_eq!(answer.sets[0].column("DeploymentTime"), [Value::DateTime(first)]);
        assert_eq!((approvals(&server, "5044284"), buried(&server)), (4, 1));
    }

    #[test]
    fn a_chosen_guid_is_used_once() {
        let server = Server::demo();
        let chosen = guid("11111111-2222-4333-8444-555555555555");
        let arguments = with(approve(&server, "5060533", 0, "Kiosks"), "@deploymentIDToUse", chosen.clone());
        assert_eq!(deploy(&server, &arguments).sets[0].column("DeploymentGuid"), [chosen]);
        server.refuses("spDeployUpdate", &arguments, "already exists");
    }

    #[test]
    fn a_later_go_live_is_pending() {
        let server = Server::demo();
        let arguments = with(approve(&server, "5060533", 0, "Kiosks"), "@goLiveTime", day(2026, 8, 1));
        let answer = deploy(&server, &arguments);
        assert_eq!(answer.sets[0].column("DeploymentStatus"), [Value::TinyInt(0)]);
        assert_eq!(answer.sets[0].column("GoLiveTime"), [day(2026, 8, 1)]);
    }

    #[test]
    fn an_optional_approval_has_no_deadline() {
        let server = Server::demo();
        let optional = with(approve(&server, "5060533", 0, "Kiosks"), "@isAssigned", Value::Bit(false));
        assert_eq!(deploy(&server, &optional).sets[0].column("IsAssigned"), [Value::Bit(false)]);
        let error = server.error("spDeployUpdate", &with(optional, "@deadline", day(2026, 7, 1)));
        assert_eq!((error.number, error.class), (547, 16));
    }

    #[test]
    fn a_block_is_for_groups_below_all_computers() {
        let server = Server::demo();
        server.refuses("spDeployUpdate", &approve(&server, "5060533", 3, "All Computers"), "All Computers");
        deploy(&server, &approve(&server, "5060533", 2, "All Computers"));
        deploy(&server, &approve(&server, "5060533", 3, "Kiosks"));
        let unassigned = with(approve(&server, "5060533", 3, "Kiosks"), "@targetGroupID", guid(UNASSIGNED_COMPUTERS));
        deploy(&server, &unassigned);
    }

    #[test]
    fn updates_and_groups_have_to_exist() {
        let server = Server::demo();
        let good = approve(&server, "5060533", 0, "Kiosks");
        let nobody = guid("11111111-2222-4333-8444-555555555555");
        for (name, value, reason) in [
            ("@updateID", nobody.clone(), "revision was not found"),
            ("@updateID", Value::Null, "revision was not found"),
            ("@revisionNumber", Value::Int(199), "revision was not found"),
            ("@targetGroupID", nobody, "group was not found"),
            ("@targetGroupID", guid(DOWNSTREAM_SERVERS), "not a group of computers"),
            ("@actionID", Value::Int(4), "not valid"),
            ("@actionID", Value::Int(5), "not valid"),
            ("@actionID", Value::Null, "not valid"),
        ] {
            server.refuses("spDeployUpdate", &with(good.clone(), name, value), reason);
        }
    }

    #[test]
    fn what_the_update_does_not_allow_is_refused() {
        let server = Server::demo();
        for (kb, action, reason) in [
            ("5034441", 0, "expired"),
            ("5034441", 3, "expired"),
            ("5048239", 0, "license agreement"),
            ("890830", 1, "does not support uninstallation"),
        ] {
            server.refuses("spDeployUpdate", &approve(&server, kb, action, "Kiosks"), reason);
        }
        let child = server.id(
            "SELECT UpdateID FROM tbUpdate JOIN tbRevision USING (LocalUpdateID) JOIN tbProperty USING (RevisionID)
             WHERE ExplicitlyDeployable = 0 AND UpdateType = 'Software' LIMIT 1",
        );
        let arguments = with(approve(&server, "5060533", 0, "Kiosks"), "@updateID", child);
        server.refuses("spDeployUpdate", &arguments, "cannot be deployed explicitly");
        deploy(&server, &approve(&server, "5034441", 1, "Kiosks"));
        deploy(&server, &approve(&server, "5048239", 1, "Kiosks"));
        deploy(&server, &approve(&server, "5048240", 0, "Kiosks"));
    }

    #[test]
    fn approving_takes_a_declined_update_back() {
        let server = Server::demo();
        deploy(&server, &approve(&server, "5040442", 0, "Kiosks"));
        assert_eq!(
            server
                .text("SELECT LastUndeclinedTime FROM tbUpdate WHERE LastUndeclinedTime IS NOT NULL AND IsHidden = 0"),
            "2026-06-10 12:00:00.000"
        );
    }

    #[test]
    fn a_replica_refuses_unless_told_otherwise() {
        let server = Server::demo();
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        let arguments = approve(&server, "5060533", 0, "Kiosks");
        server.refuses("spDeployUpdate", &arguments, "replica");
        let forced = with(arguments, "@failIfReplica", Value::Bit(false));
        let id = deploy(&server, &forced).sets[0].column("DeploymentGuid").remove(0);
        server.refuses("spDeleteDeployment", &[("@deploymentGuid", id.clone())], "replica");
        server.refuses("spRefreshDeployments", &[("@updateID", server.update("5044284"))], "replica");
        server.call("spDeleteDeployment", &[("@deploymentGuid", id), ("@failIfReplica", Value::Bit(false))]);
    }

    #[test]
    fn a_removed_approval_is_kept_among_the_dead() {
        let server = Server::demo();
        let changes = server.deployment_changes();
        let id = deploy(&server, &approve(&server, "5060533", 0, "Kiosks")).sets[0].column("DeploymentGuid").remove(0);
        server.call("spDeleteDeployment", &[("@deploymentGuid", id.clone()), ("@adminName", text("CONTOSO\\you"))]);
        assert_eq!(approvals(&server, "5060533"), 0);
        assert_eq!(server.text("SELECT AdminNameWhoDeleted FROM tbDeadDeployment"), "CONTOSO\\you");
        assert_eq!(server.deployment_changes(), changes + 2);
        server.refuses("spDeleteDeployment", &[("@deploymentGuid", id.clone())], "not found");
        server.call("spDeleteDeployment", &[("@deploymentGuid", id), ("@failWhenNotFound", Value::Bit(false))]);
        assert_eq!(server.deployment_changes(), changes + 2);
    }

    #[test]
    fn refreshing_moves_approvals_to_the_latest_revision() {
        let server = Server::demo();
        server.call("spRefreshDeployments", &[("@updateID", server.update("5046740"))]);
        let moved =
            "FROM tbDeployment JOIN tbRevision USING (RevisionID) JOIN tbKBArticleForRevision USING (RevisionID)
            WHERE KBArticleID = '5046740'";
        assert_eq!(server.number(&format!("SELECT RevisionNumber {moved}")), 201);
        assert_eq!(server.text(&format!("SELECT Deadline {moved}")), "2026-01-15 00:00:00.000");
        assert_eq!(server.number("SELECT RevisionNumber FROM tbDeadDeployment"), 200);
    }

    #[test]
    fn refreshing_keeps_what_the_latest_revision_has() {
        let server = Server::demo();
        let latest = with(approve(&server, "5044284", 3, "Ring 0 - IT"), "@revisionNumber", Value::Int(202));
        deploy(&server, &latest);
        let changes = server.deployment_changes();
        let arguments = [("@updateID", server.update("5044284")), ("@adminName", text("CONTOSO\\me"))];
        server.call("spRefreshDeployments", &arguments);
        assert_eq!((approvals(&server, "5044284"), buried(&server)), (3, 2));
        assert_eq!(
            server.number("SELECT count(*) FROM tbDeployment WHERE ActionID = 3 AND AdminName = 'CONTOSO\\me'"),
            1
        );
        assert_eq!(server.deployment_changes(), changes + 1);
        server.call("spRefreshDeployments", &arguments);
        assert_eq!(server.deployment_changes(), changes + 1, "nothing left to do");
    }

    #[test]
    fn approvals_are_found_by_id_and_by_update() {
        let server = Server::demo();
        let update = ("@updateID", server.update("5044284"));
        let rows = |arguments: &[(&'static str, Value)]| {
            server.call("spGetDeploymentsForAnUpdate", arguments).sets.remove(0).rows.len()
        };
        assert_eq!(rows(from_ref(&update)), 3);
        assert_eq!(rows(&[update.clone(), ("@revisionNumber", Value::Int(201))]), 1);
        assert_eq!(rows(&[update.clone(), ("@targetGroupID", server.group("Ring 1 - Pilot"))]), 1);
        assert_eq!(rows(&[update.clone(), ("@actionID", Value::Int(1))]), 0);
        assert_eq!(rows(&[update.clone(), ("@actionID", Value::Int(i32::MAX))]), 3);
        assert_eq!(rows(&[update.clone(), ("@fromDeploymentDate", day(2030, 1, 1))]), 0);
        assert_eq!(rows(&[update, ("@toDeploymentDate", day(2030, 1, 1))]), 3);
        let id = server.id("SELECT DeploymentGuid FROM tbDeployment LIMIT 1");
        let one = server.call("spGetDeploymentByID", &[("@deploymentGuid", id.clone())]);
        assert_eq!(one.sets[0].column("DeploymentGuid"), [id]);
    }
}
