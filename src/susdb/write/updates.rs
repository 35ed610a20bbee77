//! Declines and licence terms.

use uuid::Uuid;

use super::bind::Value::{Bit, Guid, Int, Text};
use super::{WriteError, Writer};
use crate::model::procedure::Procedure;

impl Writer<'_> {
    /// Accepts licence terms for an update's revision.
    ///
    /// Source: Black Hat USA 2026 deck (grade A); parameters: MS-WSUSAR, WSUS 3.0 SP2 parameter names (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn accept_eula(
        &mut self,
        eula: Uuid,
        update: Uuid,
        revision: i32,
        admin_name: &str,
    ) -> Result<(), WriteError> {
        let arguments = [
            ("@eulaID", Some(Guid(eula))),
            ("@adminName", Some(Text(admin_name))),
            ("@updateID", Some(Guid(update))),
            ("@revisionNumber", Some(Int(revision))),
        ];
        self.call(Procedure::AcceptEula, &arguments).await
    }

    /// Declines an update, which destroys its approvals.
    ///
    /// Source: MicrosoftDocs SupportArticles (grade A).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn decline_update(&mut self, update: Uuid, admin_name: &str) -> Result<(), WriteError> {
        let arguments = [
            ("@updateID", Some(Guid(update))),
            ("@adminName", Some(Text(admin_name))),
            ("@failIfReplica", Some(Bit(true))),
        ];
        self.call(Procedure::DeclineUpdate, &arguments).await
    }

    /// Takes an update out of the declined state.
    ///
    /// Source: X10sions src/.Wsus (grade A); who does it: WSUS 3.0 SP2 parameter names (grade B).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn undecline_update(&mut self, update: Uuid, admin_name: &str) -> Result<(), WriteError> {
        let arguments = [
            ("@updateID", Some(Guid(update))),
            ("@adminName", Some(Text(admin_name))),
            ("@failIfReplica", Some(Bit(true))),
        ];
        self.call(Procedure::UndeclineUpdate, &arguments).await
    }
}
