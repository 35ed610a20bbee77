//! Groups of computers: listed, created, deleted. WSUS has no procedure that renames or moves one.

use rusqlite::{OptionalExtension, params};

use super::arguments::{defaulted, defaulted_text, nvarchar, optional, required};
use super::change_tracking::{Event, track};
use super::deployments::{Selection, bury};
use super::refusals::{Reason, not_found, refusal, refuse_on_replica};
use super::rows::ColumnSpec;
use super::{Call, Failure, Procedure};
use crate::sandbox::schema::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use crate::sandbox::value::SqlType::{Bit, Int, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&GET_ALL, &GET_BY_ID, &GET_CHILDREN, &GET_PARENT, &CREATE, &DELETE];

/// A group's row. `Name` and `TargetGroupID` are read by name by working callers, the others are known by position only;
/// their names here are those of the columns of tbTargetGroup (grade C).
///
/// Source: SharpWSUS, lib/Group.cs; WSUSpendu, WSUSpendu.ps1 (grade A).
pub(super) const GROUP_COLUMNS: &[ColumnSpec] = &[
    ("TargetGroupTypeName", nvarchar(256)),
    ("Name", nvarchar(256)),
    ("TargetGroupID", UniqueIdentifier),
    ("OrderValue", Int),
    ("GroupPriority", Int),
    ("ParentGroupID", UniqueIdentifier),
];

/// Selects [`GROUP_COLUMNS`] from `listed`.
pub(super) const GROUP_QUERY: &str =
    "SELECT kind.Name, listed.Name, listed.TargetGroupID, listed.OrderValue, listed.GroupPriority,
        listed.ParentGroupID
    FROM tbTargetGroup AS listed
    JOIN tbTargetGroupType AS kind ON kind.TargetGroupTypeID = listed.TargetGroupTypeID ";

/// What a group's name must not contain.
///
/// Source: Microsoft.UpdateServices.Administration, CreateComputerTargetGroup (grade A).
const FORBIDDEN: &str = "~!@#$^&*()=+[]{}\\|;:'\"<>/";

/// Characters that a group's name may have at most.
///
/// Source: Microsoft.UpdateServices.Administration, CreateComputerTargetGroup: less than 256 (grade A).
const LONGEST_NAME: usize = 255;

/// Lists every group, of downstream servers too.
///
/// Source: SharpWSUS, lib/Group.cs (grade A).
static GET_ALL: Procedure = Procedure {
    name: "spGetAllTargetGroups",
    parameters: &[],
    run: |call| {
        call.send(GROUP_COLUMNS, &format!("{GROUP_QUERY} ORDER BY listed.OrderValue, listed.Name"), [])?;
        Ok(0)
    },
};

/// Gives one group. The parameter's name is one of the two that the evidence leaves open (grade B).
static GET_BY_ID: Procedure = Procedure {
    name: "spGetTargetGroupByID",
    parameters: &[required("@targetGroupID", UniqueIdentifier)],
    run: |call| {
        let id = call.guid(0);
        let found = call.send(GROUP_COLUMNS, &format!("{GROUP_QUERY} WHERE listed.TargetGroupID = ?1"), [id])?;
        if found == 0 { Err(not_found("spGetTargetGroupByID", "the target group")) } else { Ok(0) }
    },
};

/// Lists the direct children of a group (grade B).
static GET_CHILDREN: Procedure = Procedure {
    name: "spGetChildTargetGroups",
    parameters: &[required("@targetGroupID", UniqueIdentifier)],
    run: |call| {
        let id = call.guid(0);
        let query = format!("{GROUP_QUERY} WHERE listed.ParentGroupID = ?1 ORDER BY listed.OrderValue, listed.Name");
        call.send(GROUP_COLUMNS, &query, [id])?;
        Ok(0)
    },
};

/// Gives the parent of a group; no row for a group without one (grade B).
static GET_PARENT: Procedure = Procedure {
    name: "spGetParentTargetGroup",
    parameters: &[required("@targetGroupID", UniqueIdentifier)],
    run: |call| {
        let id = call.guid(0);
        let query = format!(
            "{GROUP_QUERY} WHERE listed.TargetGroupID = (SELECT ParentGroupID FROM tbTargetGroup WHERE TargetGroupID = ?1)"
        );
        call.send(GROUP_COLUMNS, &query, [id])?;
        Ok(0)
    },
};

/// Creates a group under an id of the caller's choice.
///
/// Source: SharpWSUS, lib/Group.cs (@name, @id; grade A); HackTricks after SpecterOps (type, parent; grade B). That the
/// row comes back is inferred from the SOAP wrapper (grade B); that an invalid name is refused here and not only by the
/// API, and that Unassigned Computers can have no children, are our guesses (grade C).
static CREATE: Procedure = Procedure {
    name: "spCreateTargetGroup",
    parameters: &[
        required("@name", nvarchar(256)),
        required("@id", UniqueIdentifier),
        defaulted_text("@targetGroupTypeName", nvarchar(256), "Computers"),
        optional("@parentGroupID", UniqueIdentifier),
        defaulted("@failIfReplica", Bit, 1),
    ],
    run: create,
};

fn create(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spCreateTargetGroup";
    if call.bit(4) {
        refuse_on_replica(call, procedure)?;
    }
    let name = call.text(0).unwrap_or_default().trim_end_matches(' ').to_owned();
    let id = call.guid(1).ok_or_else(|| refusal(procedure, "the target group needs an id"))?;
    let parent = call.guid(3).unwrap_or_else(|| ALL_COMPUTERS.to_owned());
    if let Some(problem) = name_problem(&name) {
        return Err(refusal(procedure, problem));
    }
    if !call.text(2).is_some_and(|kind| kind.eq_ignore_ascii_case("Computers")) {
        return Err(
            Reason::InvalidAction.refuses(procedure, "the target group type is not one that groups can be created in")
        );
    }
    if name_exists(call, &name)? {
        return Err(
            Reason::ItemExists.refuses(procedure, format!("a target group with the name '{name}' already exists"))
        );
    }
    if find(call, &id)?.is_some() {
        return Err(Reason::ItemExists.refuses(procedure, format!("a target group with the id {id} already exists")));
    }
    match find(call, &parent)? {
        Some(group) if group.holds_computers && parent != UNASSIGNED_COMPUTERS => {}
        Some(_) => {
            return Err(Reason::InvalidAction.refuses(procedure, "the parent target group cannot have child groups"));
        }
        None => return Err(not_found(procedure, "the parent target group")),
    }
    call.store.execute(
        "INSERT INTO tbTargetGroup (TargetGroupTypeID, Name, TargetGroupID, OrderValue, ParentGroupID)
         SELECT 0, ?1, ?2, 1 + max(OrderValue), ?3 FROM tbTargetGroup",
        params![name, id, parent],
    )?;
    call.send(GROUP_COLUMNS, &format!("{GROUP_QUERY} WHERE listed.TargetGroupID = ?1"), [id])?;
    Ok(0)
}

fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("the target group name is empty".to_owned());
    }
    if name.encode_utf16().count() > LONGEST_NAME {
        return Some(format!("the target group name is longer than {LONGEST_NAME} characters"));
    }
    let forbidden = name.chars().find(|character| FORBIDDEN.contains(*character))?;
    Some(format!("the target group name contains the invalid character {forbidden}"))
}

/// Trailing blanks and case make no difference, as in every comparison of SQL Server's default collation.
fn name_exists(call: &Call<'_>, name: &str) -> rusqlite::Result<bool> {
    call.store.query_row(
        "SELECT EXISTS (SELECT 1 FROM tbTargetGroup WHERE rtrim(Name) = ?1 COLLATE NOCASE)",
        [name],
        |row| row.get(0),
    )
}

/// Deletes a group with all groups below it and their approvals. Members without another group are in Unassigned Computers
/// from then on.
///
/// Source: SharpWSUS, lib/Group.cs (grade A); MS-WSUSAR 3.1.4.29 (semantics, grade A). That a group leaves automatic
/// approval rules with its deletion is our guess (grade C).
static DELETE: Procedure = Procedure {
    name: "spDeleteTargetGroup",
    parameters: &[
        required("@targetGroupID", UniqueIdentifier),
        optional("@adminName", nvarchar(385)),
        defaulted("@failIfReplica", Bit, 1),
    ],
    run: delete,
};

fn delete(call: &mut Call<'_>) -> Result<i32, Failure> {
    let procedure = "spDeleteTargetGroup";
    if call.bit(2) {
        refuse_on_replica(call, procedure)?;
    }
    let id = call.guid(0).unwrap_or_default();
    let group = find(call, &id)?.ok_or_else(|| not_found(procedure, "the target group"))?;
    if group.is_builtin {
        return Err(Reason::InvalidAction.refuses(procedure, "a built-in target group cannot be deleted"));
    }
    let admin = call.admin(1);
    let mut buried = 0;
    for doomed in subtree_leaves_first(call, &id)? {
        buried += bury(call, &Selection::Group(&doomed), &admin)?;
        for table in ["tbTargetInTargetGroup", "tbTargetGroupInAutoDeploymentRule", "tbTargetGroup"] {
            call.store.execute(&format!("DELETE FROM {table} WHERE TargetGroupID = ?1"), [&doomed])?;
        }
    }
    if buried > 0 {
        track(call, Event::Deployment)?;
    }
    Ok(0)
}

fn subtree_leaves_first(call: &Call<'_>, id: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = call.store.prepare(
        "WITH RECURSIVE subtree (TargetGroupID, depth) AS (
             VALUES (?1, 0)
             UNION
             SELECT child.TargetGroupID, depth + 1
             FROM subtree JOIN tbTargetGroup AS child ON child.ParentGroupID = subtree.TargetGroupID
         )
         SELECT TargetGroupID FROM subtree ORDER BY depth DESC",
    )?;
    statement.query_map([id], |row| row.get(0))?.collect()
}

/// What procedures ask about a group.
pub(super) struct Group {
    /// Whether it comes with the server.
    pub(super) is_builtin: bool,
    /// Whether it is a group of computers, not of downstream servers.
    pub(super) holds_computers: bool,
}

/// Looks a group up.
pub(super) fn find(call: &Call<'_>, id: &str) -> rusqlite::Result<Option<Group>> {
    call.store
        .query_row("SELECT IsBuiltin, TargetGroupTypeID = 0 FROM tbTargetGroup WHERE TargetGroupID = ?1", [id], |row| {
            Ok(Group { is_builtin: row.get(0)?, holds_computers: row.get(1)? })
        })
        .optional()
}

/// Sends the rows of the groups that a computer is in, directly or through a group below.
pub(super) fn send_groups_of(call: &mut Call<'_>, target: i64) -> Result<(), Failure> {
    let query = format!(
        "{GROUP_QUERY} JOIN tbExpandedTargetInTargetGroup AS member
             ON member.TargetGroupID = listed.TargetGroupID AND member.TargetID = ?1
         ORDER BY listed.OrderValue, listed.Name"
    );
    call.send(GROUP_COLUMNS, &query, [target])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::super::testing::{Server, guid, text};
    use super::*;
    use crate::sandbox::schema::DOWNSTREAM_SERVERS;
    use crate::sandbox::seeds::Seed;
    use crate::sandbox::value::Value;

    const NEW: &str = "11111111-2222-4333-8444-555555555555";

    fn create_arguments(name: &str) -> [(&'static str, Value); 2] {
        [("@name", text(name)), ("@id", guid(NEW))]
    }

    #[test]
    fn every_group_is_listed() {
        let answer = Server::demo().call("spGetAllTargetGroups", &[]);
        let names = answer.sets[0].column("Name");
        assert_eq!(names.len(), 13);
        assert!(names.contains(&text("Zweigstelle München")));
        assert_eq!(answer.sets[0].rows[0][5], Value::Null, "All Computers has no parent");
    }

    #[test]
    fn children_parent_and_single_group() {
        let server = Server::demo();
        let workstations = server.group("Workstations");
        let children = server.call("spGetChildTargetGroups", &[("@targetGroupID", workstations.clone())]);
        assert_eq!(
            children.sets[0].column("Name"),
            [text("Ring 0 - IT"), text("Ring 1 - Pilot"), text("Ring 2 - Broad")]
        );
        let parent = server.call("spGetParentTargetGroup", &[("@targetGroupID", server.group("Ring 0 - IT"))]);
        assert_eq!(parent.sets[0].column("TargetGroupID"), from_ref(&workstations));
        let single = server.call("spGetTargetGroupByID", &[("@targetGroupID", workstations)]);
        assert_eq!(single.sets[0].column("ParentGroupID"), [guid(ALL_COMPUTERS)]);
        server.refuses("spGetTargetGroupByID", &[("@targetGroupID", guid(NEW))], "not found");
    }

    #[test]
    fn a_group_is_created_below_all_computers_by_default() {
        let server = Server::demo();
        let answer = server.call("spCreateTargetGroup", &create_arguments("Ring 3, 50% - no? "));
        assert_eq!(answer.sets[0].column("TargetGroupID"), [guid(NEW)]);
        let name = server.text(&format!("SELECT Name FROM tbTargetGroup WHERE TargetGroupID = '{NEW}'"));
        assert_eq!(name, "Ring 3, 50% - no?", "trailing blanks go");
        assert_eq!(answer.sets[0].column("ParentGroupID"), [guid(ALL_COMPUTERS)]);
    }

    #[test]
    fn a_group_is_created_below_its_parent() {
        let server = Server::demo();
        let [name, id] = create_arguments("Ring 3");
        let parent = server.group("Workstations");
        let answer = server.call("spCreateTargetGroup", &[name, id, ("@parentGroupID", parent.clone())]);
        assert_eq!(answer.sets[0].column("ParentGroupID"), [parent]);
    }

    #[test]
    fn names_have_rules() {
        let server = Server::new(Seed::Empty);
        for bad in ["", "   ", "a/b", "a:b", "a'b", "[x]", "a\\b", "a\"b", "50$"] {
            server.refuses("spCreateTargetGroup", &create_arguments(bad), "name");
        }
        server.refuses("spCreateTargetGroup", &create_arguments(&"é".repeat(256)), "longer");
        server.call("spCreateTargetGroup", &create_arguments(&"é".repeat(255)));
    }

    #[test]
    fn names_and_ids_are_unique_on_the_server() {
        let server = Server::demo();
        server.refuses("spCreateTargetGroup", &create_arguments("SERVERS  "), "already exists");
        server.refuses("spCreateTargetGroup", &create_arguments("downstream servers"), "already exists");
        let taken = [("@name", text("New")), ("@id", server.group("Kiosks"))];
        server.refuses("spCreateTargetGroup", &taken, "already exists");
    }

    #[test]
    fn a_parent_has_to_exist_and_to_hold_computers() {
        let server = Server::demo();
        for (parent, reason) in [
            (guid(NEW), "not found"),
            (guid(UNASSIGNED_COMPUTERS), "cannot have child"),
            (guid(DOWNSTREAM_SERVERS), "cannot have child"),
        ] {
            let [name, id] = create_arguments("Ring 3");
            server.refuses("spCreateTargetGroup", &[name, id, ("@parentGroupID", parent)], reason);
        }
        let [name, id] = create_arguments("Ring 3");
        let kind = ("@targetGroupTypeName", text("Downstream Servers"));
        server.refuses("spCreateTargetGroup", &[name, id, kind], "type");
    }

    #[test]
    fn a_replica_refuses_unless_told_otherwise() {
        let server = Server::demo();
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        let forced = ("@failIfReplica", Value::Bit(false));
        let kiosks = ("@targetGroupID", server.group("Kiosks"));
        server.refuses("spCreateTargetGroup", &create_arguments("Ring 3"), "replica");
        server.refuses("spDeleteTargetGroup", from_ref(&kiosks), "replica");
        let [name, id] = create_arguments("Ring 3");
        server.call("spCreateTargetGroup", &[name, id, forced.clone()]);
        server.call("spDeleteTargetGroup", &[kiosks, forced]);
    }

    #[test]
    fn deleting_takes_the_subtree_its_approvals_and_memberships() {
        let server = Server::demo();
        let (workstations, changes) = (server.group("Workstations"), server.deployment_changes());
        let approvals = server.number(
            "SELECT count(*) FROM tbDeployment JOIN tbTargetGroup USING (TargetGroupID) WHERE Name LIKE 'Ring%'",
        );
        server.call("spDeleteTargetGroup", &[("@targetGroupID", workstations), ("@adminName", text("CONTOSO\\me"))]);
        assert_eq!(server.number("SELECT count(*) FROM tbTargetGroup"), 9);
        assert_eq!(
            server.number("SELECT count(*) FROM tbDeadDeployment WHERE AdminNameWhoDeleted = 'CONTOSO\\me'"),
            approvals
        );
        assert_eq!(server.text("SELECT TimeOfDeath FROM tbDeadDeployment LIMIT 1"), "2026-06-10 12:00:00.000");
        assert_eq!(server.deployment_changes(), changes + 1);
        let groups = |name: &str| {
            let answer = server.call("spGetTargetGroupsForComputer", &[("@computerID", server.computer(name))]);
            answer.sets[0].column("Name")
        };
        assert_eq!(groups("pc-001"), [text("All Computers"), text("Unassigned Computers")]);
        assert_eq!(groups("pc-004"), [text("All Computers"), text("Zweigstelle München")]);
        assert_eq!(server.number("SELECT count(*) FROM tbTargetGroupInAutoDeploymentRule"), 1);
        assert_eq!(server.number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }

    #[test]
    fn a_group_without_approvals_goes_silently() {
        let server = Server::demo();
        let changes = server.deployment_changes();
        server.call("spDeleteTargetGroup", &[("@targetGroupID", server.group("Zweigstelle München"))]);
        assert_eq!(server.deployment_changes(), changes);
    }

    #[test]
    fn built_in_and_unknown_groups_are_not_deleted() {
        let server = Server::demo();
        for id in [ALL_COMPUTERS, UNASSIGNED_COMPUTERS, DOWNSTREAM_SERVERS] {
            server.refuses("spDeleteTargetGroup", &[("@targetGroupID", guid(id))], "built-in");
        }
        server.refuses("spDeleteTargetGroup", &[("@targetGroupID", guid(NEW))], "not found");
        server.refuses("spDeleteTargetGroup", &[("@targetGroupID", Value::Null)], "not found");
    }
}
