//! Members of database roles, and the logins of users.
//!
//! ALTER ROLE and ALTER USER take no parameters. Members come and go through system procedures that do. For the login of a user
//! there is none that knows Windows accounts: there, a text that never changes lets the server itself quote the names, which
//! are parameters (docs/decisions/0012).

use tiberius::Command;

use super::{WriteError, Writer};
use crate::model::database_role::DatabaseRole;
use crate::model::procedure::Procedure;
use crate::susdb::session::Parameter;

/// QUOTENAME gives NULL for more than the 128 characters that a name can have, and then nothing is run.
///
/// Source: learn.microsoft.com, ALTER USER, QUOTENAME, sp_executesql (grade A).
pub(in crate::susdb) const MAP_USER: &str = "/* wsusctl: users.map */
DECLARE @statement nvarchar(1000) = N'ALTER USER ' + QUOTENAME(@P1) + N' WITH LOGIN = ' + QUOTENAME(@P2)
EXEC sp_executesql @statement";

impl Writer<'_> {
    /// Takes a user into a role.
    ///
    /// Source: learn.microsoft.com, sp_addrolemember (grade A).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn add_role_member(&mut self, role: DatabaseRole, member: &str) -> Result<(), WriteError> {
        self.alter_role(Procedure::AddRoleMember, role, member).await
    }

    /// Takes a user out of a role.
    ///
    /// Source: learn.microsoft.com, sp_droprolemember (grade A).
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn drop_role_member(&mut self, role: DatabaseRole, member: &str) -> Result<(), WriteError> {
        self.alter_role(Procedure::DropRoleMember, role, member).await
    }

    async fn alter_role(&mut self, procedure: Procedure, role: DatabaseRole, member: &str) -> Result<(), WriteError> {
        let mut command = Command::new(procedure.name());
        command.bind_param("@rolename", role.name());
        command.bind_param("@membername", member.to_owned());
        self.run(procedure, command).await
    }

    /// Maps a user to a login.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn map_user(&mut self, user: &str, login: &str) -> Result<(), WriteError> {
        let procedure = Procedure::MapUser;
        let names = [Parameter::Text(user), Parameter::Text(login)];
        let ran = self.session.execute("users.map", MAP_USER, &names).await;
        ran.map_err(|error| WriteError::from_query(procedure, error))
    }
}
