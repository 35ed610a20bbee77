//! Approvals.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::bind::Value::{Bit, Guid, Int, Text, Time};
use super::{WriteError, Writer};
use crate::model::procedure::Procedure;

/// An approval to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDeployment<'a> {
    /// The update.
    pub update: Uuid,
    /// The revision, normally the latest.
    pub revision: i32,
    /// 0 install, 1 uninstall, 3 block.
    pub action: i32,
    /// The group.
    pub group: Uuid,
    /// Who does it.
    pub admin_name: &'a str,
    /// Whether it is forced; an optional install is not.
    pub assigned: bool,
    /// By when.
    pub deadline: Option<DateTime<Utc>>,
}

impl Writer<'_> {
    /// Writes an approval. No deadline is said by leaving it out.
    ///
    /// Source: SharpWSUS, WSUSpendu, bulk-approve SQL (grade A); deadline: HackTricks (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn deploy_update(&mut self, deployment: &NewDeployment<'_>) -> Result<(), WriteError> {
        let NewDeployment { update, revision, action, group, admin_name, assigned, deadline } = *deployment;
        let arguments = [
            ("@updateID", Some(Guid(update))),
            ("@revisionNumber", Some(Int(revision))),
            ("@actionID", Some(Int(action))),
            ("@targetGroupID", Some(Guid(group))),
            ("@adminName", Some(Text(admin_name))),
            ("@isAssigned", Some(Bit(assigned))),
            ("@deadline", deadline.map(Time)),
            ("@failIfReplica", Some(Bit(true))),
        ];
        self.call(Procedure::DeployUpdate, &arguments).await
    }

    /// Removes an approval.
    ///
    /// Source: WSUS 3.0 SP2 parameter names, MS-WSUSAR (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn delete_deployment(&mut self, deployment: Uuid, admin_name: &str) -> Result<(), WriteError> {
        let arguments = [
            ("@deploymentGuid", Some(Guid(deployment))),
            ("@adminName", Some(Text(admin_name))),
            ("@failIfReplica", Some(Bit(true))),
            // It was there a moment ago: if it is not, somebody else is at work, and we want to know.
            ("@failWhenNotFound", Some(Bit(true))),
        ];
        self.call(Procedure::DeleteDeployment, &arguments).await
    }
}
