//! Groups of computers: listed, created, deleted. WSUS has no procedure that renames or moves one.

use rusqlite::{OptionalExtension, params};

use super::arguments::{defaulted, defaulted_text, nvarchar, optional, required};
use super::change_tracking::{Event, track};
use super::deployments::{Selection, bury};
use super::refusals::{refusal, refuse_on_replica};
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
const GROUP_COLUMNS: &[ColumnSpec] = &[
    ("TargetGroupTypeName", nvarchar(256)),
    ("Name", nvarchar(256)),
    ("TargetGroupID", UniqueIdentifier),
    ("OrderValue", Int),
    ("GroupPriority", Int),
    ("ParentGroupID", UniqueIdentifier),
];

const GROUP_QUERY: &str =
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
        if found == 0 { Err(refusal("spGetTargetGroupByID", "the target group was not found")) } else { Ok(0) }
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
        return Err(refusal(procedure, "the target group type is not one that groups can be created in"));
    }
    if name_exists(call, &name)? {
        return Err(refusal(procedure, format!("a target group with the name '{name}' already exists")));
    }
    if find(call, &id)?.is_some() {
        return Err(refusal(procedure, format!("a target group with the id {id} already exists")));
    }
    match find(call, &parent)? {
        Some(group) if group.holds_computers && parent != UNASSIGNED_COMPUTERS => {}
        Some(_) => return Err(refusal(procedure, "the parent target group cannot have child groups")),
        None => return Err(refusal(procedure, "the parent target group was not found")),
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
    let group = find(call, &id)?.ok_or_else(|| refusal(procedure, "the target group was not found"))?;
    if group.is_builtin {
        return Err(refusal(procedure, "a built-in target group cannot be deleted"));
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
