//! Computer groups and their members.

use uuid::Uuid;

use super::bind::Value::{Bit, Guid, Text};
use super::{WriteError, Writer};
use crate::model::procedure::Procedure;

impl Writer<'_> {
    /// Creates a group. The caller draws its id.
    ///
    /// Source: SharpWSUS lib/Group.cs, WSUSpendu (grade A); parent: HackTricks (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn create_target_group(&mut self, name: &str, id: Uuid, parent: Uuid) -> Result<(), WriteError> {
        let arguments = [
            ("@name", Some(Text(name))),
            ("@id", Some(Guid(id))),
            ("@parentGroupID", Some(Guid(parent))),
            ("@failIfReplica", Some(Bit(true))),
        ];
        self.call(Procedure::CreateTargetGroup, &arguments).await
    }

    /// Deletes a group, its children and their approvals; computers without another group become unassigned.
    ///
    /// Source: MS-WSUSAR 3.1.4.29 (grade A).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn delete_target_group(&mut self, id: Uuid, admin_name: &str) -> Result<(), WriteError> {
        let arguments = [
            ("@targetGroupID", Some(Guid(id))),
            ("@adminName", Some(Text(admin_name))),
            ("@failIfReplica", Some(Bit(true))),
        ];
        self.call(Procedure::DeleteTargetGroup, &arguments).await
    }

    /// Puts a computer into a group and leaves its other groups as they are.
    ///
    /// Source: WSUSpendu, WSUS 3.0 SP2 parameter names (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn add_computer(&mut self, group: Uuid, computer_id: &str) -> Result<(), WriteError> {
        let arguments = [("@targetGroupID", Some(Guid(group))), ("@computerID", Some(Text(computer_id)))];
        self.call(Procedure::AddComputerToTargetGroup, &arguments).await
    }

    /// Takes a computer out of a group.
    ///
    /// Source: WSUS 3.0 SP2 parameter names (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn remove_computer(&mut self, group: Uuid, computer_id: &str) -> Result<(), WriteError> {
        let arguments = [("@targetGroupID", Some(Guid(group))), ("@computerID", Some(Text(computer_id)))];
        self.call(Procedure::RemoveComputerFromTargetGroup, &arguments).await
    }
}
