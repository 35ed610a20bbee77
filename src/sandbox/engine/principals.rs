//! What changes the database's principals: members of roles, and the login of a user.

use rusqlite::{Connection, OptionalExtension, params};

use super::call::Called;
use super::now;
use super::session::Session;
use crate::sandbox::database::{Cancelled, Response, RpcParameter, ServerError};
use crate::sandbox::sql::errors;
use crate::sandbox::value::Value;
use crate::sandbox::writes;

/// Principals that are in no role but their own.
const SPECIAL: [&str; 4] = ["dbo", "sys", "INFORMATION_SCHEMA", "public"];

impl Session {
    /// `sp_addrolemember @rolename, @membername` and `sp_droprolemember`. A member that is there already and one that is not
    /// there any more are no errors.
    ///
    /// Source: learn.microsoft.com, sp_addrolemember, sp_droprolemember (grade A); the error numbers are our guess (grade C).
    pub(super) fn change_role(
        &mut self,
        procedure: &str,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        let arguments = ["@rolename", "@membername"].map(|name| argument(given, name));
        let [Some(role), Some(member)] = &arguments else {
            let text = format!("Procedure or function '{procedure}' expects two names, which were not supplied.");
            return self.refuse(errors::error(201, text), response);
        };
        let shown = [("@rolename", text(role)), ("@membername", text(member))];
        let statement = writes::statement(procedure, shown.iter().map(|(name, value)| (*name, value)));
        let adds = procedure == "sp_addrolemember";
        let changed = self.change_principals(procedure, &statement, |store| {
            set_member(store, role, member, adds)?.map_err(|refused| Refused::Error(Box::new(refused)))
        });
        match changed {
            Ok(()) => Ok(Called { return_code: Some(0), ..Called::default() }),
            Err(error) => self.refuse(ServerError { procedure: procedure.to_owned(), ..error }, response),
        }
    }

    /// `ALTER USER user WITH LOGIN = login`
    ///
    /// Source: learn.microsoft.com, ALTER USER (only a user of the login's kind, which a Windows user's name follows; grade A).
    pub(super) fn map_user(&mut self, user: &str, login: &str) -> Result<(), ServerError> {
        let statement = format!("ALTER USER [{}] WITH LOGIN = [{}]", user.replace(']', "]]"), login.replace(']', "]]"));
        self.change_principals("ALTER USER", &statement, |store| {
            set_login(store, user, login)?.map_err(|refused| Refused::Error(Box::new(refused)))
        })
    }

    fn change_principals(
        &mut self,
        what: &str,
        statement: &str,
        change: impl FnOnce(&Connection) -> Result<(), Refused>,
    ) -> Result<(), ServerError> {
        if self.shared.catalogue.access.is_limited() {
            return Err(errors::error(15_247, "User does not have permission to perform this action."));
        }
        self.enter_call(what)?;
        let before = writes::changes(&self.connection);
        let changed = change(&self.connection).and_then(|()| {
            let changes = writes::changes(&self.connection) - before;
            if changes > 0 {
                writes::record(&self.connection, now(), &self.login, statement, changes)?;
            }
            Ok(())
        });
        match changed {
            Ok(()) => self.keep_call(),
            Err(refused) => {
                self.undo_call();
                Err(match refused {
                    Refused::Error(error) => *error,
                    Refused::Store(error) => self.store_error(&error),
                })
            }
        }
    }
}

/// Why nothing changed.
enum Refused {
    Error(Box<ServerError>),
    Store(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

fn argument(given: &[RpcParameter], name: &str) -> Option<String> {
    let position = usize::from(name == "@membername");
    let named = given.iter().find(|argument| argument.name.eq_ignore_ascii_case(name));
    let found = named.or_else(|| given.get(position).filter(|argument| argument.name.is_empty()))?;
    match &found.value {
        Value::NVarChar(text) => Some(text.clone()),
        _ => None,
    }
}

fn text(name: &str) -> Value {
    Value::NVarChar(name.to_owned())
}

fn missing(what: &str, name: &str) -> ServerError {
    let text = format!("Cannot {what} '{name}', because it does not exist or you do not have permission.");
    errors::error(15_151, text)
}

type Changed = rusqlite::Result<Result<(), ServerError>>;

fn set_member(store: &Connection, role: &str, member: &str, adds: bool) -> Changed {
    let find = |name: &str| {
        let query = "SELECT principal_id, type, is_fixed_role FROM sandbox_principals WHERE name = ?1";
        store.query_row(query, [name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
    };
    let found: Option<(i64, String, bool)> = find(role)?;
    let Some((role_id, _, _)) = found.filter(|(_, kind, _)| kind == "R") else {
        return Ok(Err(missing("alter the role", role)));
    };
    let Some((member_id, _, is_fixed)): Option<(i64, String, bool)> = find(member)? else {
        return Ok(Err(missing("add the principal", member)));
    };
    if is_fixed || member_id == role_id || SPECIAL.iter().any(|special| special.eq_ignore_ascii_case(member)) {
        return Ok(Err(errors::error(15_405, format!("Cannot use the special principal '{member}'."))));
    }
    let statement = if adds {
        "INSERT OR IGNORE INTO sandbox_role_members (role_principal_id, member_principal_id) VALUES (?1, ?2)"
    } else {
        "DELETE FROM sandbox_role_members WHERE role_principal_id = ?1 AND member_principal_id = ?2"
    };
    store.execute(statement, [role_id, member_id])?;
    Ok(Ok(()))
}

fn set_login(store: &Connection, user: &str, login: &str) -> Changed {
    let users = "SELECT principal_id, type FROM sandbox_principals WHERE name = ?1";
    let found: Option<(i64, String)> =
        store.query_row(users, [user], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((user_id, kind)) = found else { return Ok(Err(missing("alter the user", user))) };
    let logins = "SELECT name, type, sid FROM sandbox_logins WHERE name = ?1";
    let found: Option<(String, String, Vec<u8>)> =
        store.query_row(logins, [login], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((login, login_kind, sid)) = found else {
        let text = format!("'{login}' is not a valid login or you do not have permission.");
        return Ok(Err(errors::error(15_007, text)));
    };
    if kind != login_kind || kind == "R" {
        let text = "The user cannot be remapped to a login. Remapping can only be done for users that were mapped to Windows or \
                    SQL logins.";
        return Ok(Err(errors::error(33_016, text)));
    }
    let others = "SELECT COUNT(*) FROM sandbox_principals WHERE sid = ?1 AND principal_id <> ?2";
    if store.query_row(others, params![sid, user_id], |row| row.get::<_, i64>(0))? > 0 {
        return Ok(Err(errors::error(15_063, "The login already has an account under a different user name.")));
    }
    let name = if user.contains('\\') { &login } else { user };
    store.execute(
        "UPDATE sandbox_principals SET sid = ?1, name = ?2 WHERE principal_id = ?3",
        params![sid, name, user_id],
    )?;
    Ok(Ok(()))
}
