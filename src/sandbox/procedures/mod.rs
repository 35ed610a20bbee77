//! The stored procedures of the emulated server, one file a noun.
//!
//! A procedure is a plain function over the SQLite connection. The engine checks and converts its arguments, opens a
//! savepoint before it and rolls back when it fails, and records in `sandbox_writes` that it changed something.

mod approval_rules;
mod approvals;
mod arguments;
mod categories;
mod change_tracking;
mod computers;
mod configuration;
mod configuration_saves;
mod declines;
mod deployments;
mod downstream_servers;
mod email;
mod groups;
mod languages;
mod licences;
mod memberships;
pub(super) mod refusals;
mod revisions;
mod rows;
mod server_status;
pub(in crate::sandbox) mod settings;
mod subscription;
mod subscription_saves;
mod synchronisations;
#[cfg(test)]
mod testing;
mod updates;
pub(super) mod xml_lists;

use std::sync::LazyLock;

use chrono::NaiveDateTime;

use super::database::{Cancelled, Login, Response, ServerError};
use super::options::Behaviour;
use super::value::{SqlType, Value};

/// Gives every procedure that the server has. One that is not listed here does not exist for a client.
#[must_use]
pub fn all() -> &'static [&'static Procedure] {
    static ALL: LazyLock<Vec<&'static Procedure>> = LazyLock::new(|| {
        [
            approval_rules::PROCEDURES,
            approvals::PROCEDURES,
            categories::PROCEDURES,
            computers::PROCEDURES,
            configuration::PROCEDURES,
            configuration_saves::PROCEDURES,
            declines::PROCEDURES,
            downstream_servers::PROCEDURES,
            email::PROCEDURES,
            groups::PROCEDURES,
            languages::PROCEDURES,
            licences::PROCEDURES,
            memberships::PROCEDURES,
            server_status::PROCEDURES,
            subscription::PROCEDURES,
            subscription_saves::PROCEDURES,
            synchronisations::PROCEDURES,
            updates::PROCEDURES,
        ]
        .concat()
    });
    &ALL
}

/// A stored procedure as the catalogue lists it.
pub struct Procedure {
    /// Its name in schema `dbo`.
    pub name: &'static str,
    /// Its parameters in order.
    pub parameters: &'static [Parameter],
    /// What it does. Gives the return code: 0 where it worked.
    pub run: fn(&mut Call<'_>) -> Result<i32, Failure>,
}

/// A parameter of a procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, with the `@`.
    pub name: &'static str,
    /// Its declared type. Arguments are converted to it before the procedure runs.
    pub sql_type: SqlType,
    /// What it is where the caller leaves it out.
    pub default: ParameterDefault,
    /// Whether it gives a value back.
    pub output: bool,
}

/// The default of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterDefault {
    /// None: leaving it out is error 201.
    Required,
    /// NULL.
    Null,
    /// A bit, tinyint, smallint, int or bigint constant.
    Int(i64),
    /// A text constant.
    Text(&'static str),
}

/// A procedure call under way.
pub struct Call<'a> {
    /// The state, inside the savepoint of this call.
    pub store: &'a rusqlite::Connection,
    /// Who calls.
    pub login: &'a Login,
    /// UTC now, in the precision of `datetime`.
    pub now: NaiveDateTime,
    /// What the procedure is to do differently.
    pub behaviours: &'a [Behaviour],
    /// One value a declared parameter, in declared order, converted to its type, defaults filled in. A procedure with
    /// output parameters writes their final values here.
    pub arguments: Vec<Value>,
    /// Where result sets and messages go.
    pub response: &'a mut dyn Response,
}

/// Why a procedure did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It raised an error: the client sees it, and nothing of the call stays.
    #[error(transparent)]
    Raised(#[from] ServerError),
    /// The client stopped listening.
    #[error("cancelled by the client")]
    Cancelled,
    /// The state could not be read or written.
    #[error("the sandbox's state could not be read or written")]
    Store(#[from] rusqlite::Error),
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ParameterDefault, all};

    #[test]
    fn names_are_unique_and_parameters_have_theirs() {
        let names: BTreeSet<&str> = all().iter().map(|procedure| procedure.name).collect();
        assert_eq!(names.len(), all().len());
        for procedure in all() {
            assert!(procedure.name.starts_with("sp"), "{}", procedure.name);
            let parameters: BTreeSet<&str> = procedure.parameters.iter().map(|parameter| parameter.name).collect();
            assert_eq!(parameters.len(), procedure.parameters.len(), "{}", procedure.name);
            assert!(parameters.iter().all(|name| name.starts_with('@')), "{}", procedure.name);
        }
    }

    #[test]
    fn required_parameters_come_first() {
        for procedure in all() {
            let optional = procedure.parameters.iter().skip_while(|p| p.default == ParameterDefault::Required);
            assert!(optional.clone().all(|p| p.default != ParameterDefault::Required), "{}", procedure.name);
        }
    }
}
