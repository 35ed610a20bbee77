//! Which computers are in which groups.
//!
//! A computer without a group of its own is in Unassigned Computers by that very fact: no row says so.

use rusqlite::params;

use super::arguments::{defaulted, nvarchar, required};
use super::computers::{self, COMPUTER_COLUMNS, COMPUTER_QUERY, Computer};
use super::refusals::{Reason, not_found};
use super::{Call, Failure, Procedure, groups};
use crate::sandbox::schema::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use crate::sandbox::value::SqlType::{Bit, UniqueIdentifier};

/// The procedures of this file.
pub(super) const PROCEDURES: &[&Procedure] = &[&ADD_TO_ONE, &ADD, &REMOVE, &GROUPS_OF_COMPUTER, &COMPUTERS_IN_GROUP];

/// Puts a computer into a group and takes it out of the others.
///
/// Source: Intensive-Self-Service-Portal, PatchingClient.cs (positional call, grade A). That the other memberships go is
/// implied by the name of its sibling (grade B); the refusals are those of the API (grade B), the one under client-side
/// targeting is our guess (grade C).
static ADD_TO_ONE: Procedure = Procedure {
    name: "spAddComputerToTargetGroup",
    parameters: &[required("@targetGroupID", UniqueIdentifier), required("@computerID", nvarchar(256))],
    run: |call| {
        let (group, computer) = checked(call, "spAddComputerToTargetGroup")?;
        call.store.execute(
            "DELETE FROM tbTargetInTargetGroup WHERE TargetID = ?1 AND TargetGroupID <> ?2",
            params![computer.target, group],
        )?;
        insert(call, &group, &computer)
    },
};

/// Puts a computer into a group beside those that it is in; a computer that is in it already stays so (grade C).
///
/// Source: PoshWSUS assemblies (name and parameters, grade B).
static ADD: Procedure = Procedure {
    name: "spAddComputerToTargetGroupAllowMultipleGroups",
    parameters: &[required("@targetGroupID", UniqueIdentifier), required("@computerID", nvarchar(256))],
    run: |call| {
        let (group, computer) = checked(call, "spAddComputerToTargetGroupAllowMultipleGroups")?;
        insert(call, &group, &computer)
    },
};

/// Takes a computer out of a group. That it has to be in it is our guess (grade C).
///
/// Source: PoshWSUS assemblies (name and parameters, grade B).
static REMOVE: Procedure = Procedure {
    name: "spRemoveComputerFromTargetGroup",
    parameters: &[required("@targetGroupID", UniqueIdentifier), required("@computerID", nvarchar(256))],
    run: |call| {
        let procedure = "spRemoveComputerFromTargetGroup";
        let (group, computer) = checked(call, procedure)?;
        let removed = call.store.execute(
            "DELETE FROM tbTargetInTargetGroup WHERE TargetGroupID = ?1 AND TargetID = ?2",
            params![group, computer.target],
        )?;
        if removed == 0 {
            return Err(Reason::NotFound.refuses(procedure, "the computer is not a member of the target group"));
        }
        mark_changed(call, &computer)?;
        Ok(0)
    },
};

/// Lists the groups of a computer, those that contain its groups too (grade B; the latter C).
static GROUPS_OF_COMPUTER: Procedure = Procedure {
    name: "spGetTargetGroupsForComputer",
    parameters: &[required("@computerID", nvarchar(256))],
    run: |call| {
        let computer = computers::require(call, 0, "spGetTargetGroupsForComputer")?;
        groups::send_groups_of(call, computer.target)?;
        Ok(0)
    },
};

/// Lists the computers in a group, with or without those in the groups below it (grade B).
static COMPUTERS_IN_GROUP: Procedure = Procedure {
    name: "spGetComputersInTargetGroup",
    parameters: &[required("@targetGroupID", UniqueIdentifier), defaulted("@includeSubgroups", Bit, 0)],
    run: |call| {
        let procedure = "spGetComputersInTargetGroup";
        let group = call.guid(0).unwrap_or_default();
        if groups::find(call, &group)?.is_none() {
            return Err(not_found(procedure, "the target group"));
        }
        let query = format!(
            "{COMPUTER_QUERY} WHERE computer.TargetID IN (
                 SELECT TargetID FROM tbExpandedTargetInTargetGroup
                 WHERE TargetGroupID = ?1 AND (IsExplicitMember = 1 OR ?2 = 1)
             ) ORDER BY computer.TargetID"
        );
        let nested = call.bit(1);
        call.send(COMPUTER_COLUMNS, &query, params![group, nested])?;
        Ok(0)
    },
};

/// Makes the checks that all changes of a membership share.
fn checked(call: &Call<'_>, procedure: &str) -> Result<(String, Computer), Failure> {
    let server_side: bool =
        call.store.query_row("SELECT ServerTargeting FROM tbConfigurationA LIMIT 1", [], |row| row.get(0))?;
    if !server_side {
        return Err(Reason::InvalidState.refuses(procedure, "the server uses client-side targeting"));
    }
    let id = call.guid(0).unwrap_or_default();
    let group = groups::find(call, &id)?.ok_or_else(|| not_found(procedure, "the target group"))?;
    if id == UNASSIGNED_COMPUTERS {
        return Err(Reason::InvalidAction.refuses(procedure, "Unassigned Computers cannot have explicit members"));
    }
    if id == ALL_COMPUTERS {
        return Err(Reason::InvalidAction
            .refuses(procedure, "a computer cannot be added to or removed from the default target group"));
    }
    if !group.holds_computers {
        return Err(Reason::InvalidAction.refuses(procedure, "the target group is not a group of computers"));
    }
    let computer = computers::require(call, 1, procedure)?;
    if computer.belongs_to_downstream_server {
        return Err(Reason::InvalidAction.refuses(procedure, "the computer belongs to a downstream server"));
    }
    Ok((id, computer))
}

fn insert(call: &Call<'_>, group: &str, computer: &Computer) -> Result<i32, Failure> {
    // No procedure stores this row, but somebody may have by hand.
    call.store.execute(
        "DELETE FROM tbTargetInTargetGroup WHERE TargetID = ?1 AND TargetGroupID = ?2",
        params![computer.target, UNASSIGNED_COMPUTERS],
    )?;
    call.store.execute(
        "INSERT INTO tbTargetInTargetGroup (TargetGroupID, TargetID, IsExplicitMember) VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET IsExplicitMember = 1",
        params![group, computer.target],
    )?;
    mark_changed(call, computer)?;
    Ok(0)
}

fn mark_changed(call: &Call<'_>, computer: &Computer) -> rusqlite::Result<usize> {
    call.store.execute(
        "UPDATE tbComputerTargetDetail SET TargetGroupMembershipChanged = 1 WHERE TargetID = ?1",
        [computer.target],
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Server, guid, text};
    use super::*;
    use crate::sandbox::schema::DOWNSTREAM_SERVERS;
    use crate::sandbox::value::Value;

    const ADD_ONE: &str = "spAddComputerToTargetGroup";
    const ADD_MANY: &str = "spAddComputerToTargetGroupAllowMultipleGroups";
    const TAKE: &str = "spRemoveComputerFromTargetGroup";

    fn pair(server: &Server, group: &str, computer: &str) -> [(&'static str, Value); 2] {
        [("@targetGroupID", server.group(group)), ("@computerID", server.computer(computer))]
    }

    fn direct_groups(server: &Server, computer: &str) -> Vec<String> {
        let query = format!(
            "SELECT Name FROM \"PUBLIC_VIEWS.vComputerGroupMembership\" AS m
                 JOIN tbTargetGroup AS g ON g.TargetGroupID = m.ComputerTargetGroupId
                 JOIN tbComputerTarget AS c ON c.ComputerID = m.ComputerTargetId
             WHERE m.IsExplicitMember = 1 AND c.FullDomainName = '{computer}.contoso.com' ORDER BY Name"
        );
        let mut statement = server.store.prepare(&query).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_computer_can_be_in_several_groups() {
        let server = Server::demo();
        server.call(ADD_MANY, &pair(&server, "Kiosks", "pc-001"));
        server.call(ADD_MANY, &pair(&server, "Kiosks", "pc-001"));
        assert_eq!(direct_groups(&server, "pc-001"), ["Kiosks", "Ring 0 - IT"]);
    }

    #[test]
    fn the_older_call_moves_a_computer() {
        let server = Server::demo();
        server.call(ADD_ONE, &pair(&server, "Kiosks", "pc-004"));
        assert_eq!(direct_groups(&server, "pc-004"), ["Kiosks"]);
        server.call(ADD_ONE, &pair(&server, "Kiosks", "pc-004"));
        assert_eq!(direct_groups(&server, "pc-004"), ["Kiosks"]);
    }

    #[test]
    fn a_first_group_replaces_unassigned_computers_and_the_last_one_brings_it_back() {
        let server = Server::demo();
        assert_eq!(direct_groups(&server, "lab-01"), ["Unassigned Computers"]);
        server.call(ADD_MANY, &pair(&server, "Kiosks", "lab-01"));
        assert_eq!(direct_groups(&server, "lab-01"), ["Kiosks"]);
        server.call(TAKE, &pair(&server, "Kiosks", "lab-01"));
        assert_eq!(direct_groups(&server, "lab-01"), ["Unassigned Computers"]);
    }

    #[test]
    fn a_membership_that_is_not_explicit_counts_as_none_and_can_be_made_explicit() {
        let server = Server::demo();
        server.by_hand("UPDATE tbTargetInTargetGroup SET IsExplicitMember = 0 WHERE TargetID = 1");
        assert_eq!(direct_groups(&server, "pc-001"), ["Unassigned Computers"]);
        server.call(ADD_MANY, &pair(&server, "Ring 0 - IT", "pc-001"));
        assert_eq!(direct_groups(&server, "pc-001"), ["Ring 0 - IT"]);
    }

    #[test]
    fn a_stored_row_of_unassigned_computers_goes_with_the_first_group() {
        let server = Server::demo();
        server.by_hand(
            "INSERT INTO tbTargetInTargetGroup (TargetGroupID, TargetID, IsExplicitMember)
             SELECT 'B73CA6ED-5727-47F3-84DE-015E03F6A88A', TargetID, 1 FROM tbComputerTarget
             WHERE FullDomainName = 'lab-01.contoso.com'",
        );
        server.call(ADD_MANY, &pair(&server, "Kiosks", "lab-01"));
        assert_eq!(direct_groups(&server, "lab-01"), ["Kiosks"]);
    }

    #[test]
    fn a_computer_id_has_no_case() {
        let server = Server::demo();
        let Value::NVarChar(id) = server.computer("lab-01") else { panic!() };
        let arguments = [("@targetGroupID", server.group("Kiosks")), ("@computerID", text(&id.to_uppercase()))];
        server.call(ADD_MANY, &arguments);
        assert_eq!(direct_groups(&server, "lab-01"), ["Kiosks"]);
    }

    #[test]
    fn built_in_groups_take_nobody() {
        let server = Server::demo();
        for procedure in [ADD_ONE, ADD_MANY, TAKE] {
            for (group, reason) in [
                (UNASSIGNED_COMPUTERS, "explicit members"),
                (ALL_COMPUTERS, "default target group"),
                (DOWNSTREAM_SERVERS, "not a group of computers"),
            ] {
                let arguments = [("@targetGroupID", guid(group)), ("@computerID", server.computer("pc-001"))];
                server.refuses(procedure, &arguments, reason);
            }
        }
    }

    #[test]
    fn unknown_computers_and_groups_are_refused() {
        let server = Server::demo();
        for procedure in [ADD_ONE, ADD_MANY, TAKE] {
            let unknown = [("@targetGroupID", server.group("Kiosks")), ("@computerID", text("nobody"))];
            server.refuses(procedure, &unknown, "computer was not found");
            let id = guid("11111111-2222-4333-8444-555555555555");
            server.refuses(procedure, &[("@targetGroupID", id), unknown[1].clone()], "group was not found");
        }
    }

    #[test]
    fn computers_of_downstream_servers_are_read_only() {
        let server = Server::demo();
        server.refuses(ADD_ONE, &pair(&server, "Kiosks", "branch-pc01"), "downstream server");
        server.refuses(ADD_MANY, &pair(&server, "Kiosks", "branch-pc03"), "downstream server");
        server.refuses(TAKE, &pair(&server, "Ring 2 - Broad", "branch-pc01"), "downstream server");
    }

    #[test]
    fn client_side_targeting_refuses_changes() {
        let server = Server::demo();
        server.by_hand("UPDATE tbConfigurationA SET ServerTargeting = 0");
        for procedure in [ADD_ONE, ADD_MANY, TAKE] {
            server.refuses(procedure, &pair(&server, "Ring 0 - IT", "pc-001"), "client-side");
        }
    }

    #[test]
    fn a_replica_places_its_own_computers() {
        let server = Server::demo();
        server.by_hand("UPDATE tbConfigurationC SET ReplicaMode = 1");
        server.call(ADD_MANY, &pair(&server, "Kiosks", "pc-001"));
    }

    #[test]
    fn only_a_member_can_be_removed() {
        let server = Server::demo();
        server.refuses(TAKE, &pair(&server, "Kiosks", "pc-001"), "not a member");
    }

    #[test]
    fn computers_in_a_group_with_and_without_those_below() {
        let server = Server::demo();
        let count = |nested: bool| {
            let arguments = [("@targetGroupID", server.group("Servers")), ("@includeSubgroups", Value::Bit(nested))];
            server.call("spGetComputersInTargetGroup", &arguments).sets[0].rows.len()
        };
        assert_eq!((count(false), count(true)), (5, 11));
        let unassigned = [("@targetGroupID", guid(UNASSIGNED_COMPUTERS))];
        assert_eq!(server.call("spGetComputersInTargetGroup", &unassigned).sets[0].rows.len(), 9);
    }
}
