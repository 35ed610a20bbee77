//! Runs procedures: those of the product, and the system's own that a client library needs.

use super::arguments::{Bound, bind};
use super::now;
use super::registry::Registered;
use super::session::Session;
use crate::sandbox::access::Permission;
use crate::sandbox::database::{Cancelled, Response, RpcParameter, ServerError};
use crate::sandbox::options::Behaviour;
use crate::sandbox::procedures::refusals::{GENERAL, RAISED, refusal};
use crate::sandbox::procedures::{Call, Failure};
use crate::sandbox::sql::errors;
use crate::sandbox::value::{SqlType, Value};
use crate::sandbox::writes;

/// How deep procedures may call statements that call procedures.
const NESTING_MAX: u32 = 32;

/// What became of a call.
#[derive(Debug, Default)]
pub(super) struct Called {
    /// The return code; `None` where the procedure did not run.
    pub(super) return_code: Option<i32>,
    /// What it gives back.
    pub(super) outputs: Vec<Output>,
    /// The error that it ended with, which the client has been told.
    pub(super) failed: Option<ServerError>,
}

/// A value that a call gives back.
#[derive(Debug)]
pub(super) struct Output {
    /// Which of the passed arguments asked for it.
    pub(super) position: usize,
    /// The parameter's name.
    pub(super) name: String,
    /// Its type.
    pub(super) sql_type: SqlType,
    /// Its final value.
    pub(super) value: Value,
}

impl Session {
    /// Runs a procedure by its written name and tells the client of errors.
    pub(super) fn execute(
        &mut self,
        written: &str,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        if self.nesting >= NESTING_MAX {
            let text = "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).";
            return self.refuse(errors::error(217, text), response);
        }
        self.nesting += 1;
        let called = self.dispatch(written, given, response);
        self.nesting -= 1;
        called
    }

    fn dispatch(
        &mut self,
        written: &str,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        if let Some(called) = self.special(written, given, response)? {
            return Ok(called);
        }
        let Some(procedure) = self.shared.catalogue.registry().find(written).cloned() else {
            return self.refuse(errors::unknown_procedure(written), response);
        };
        if !self.shared.catalogue.access.may(Permission::Execute, "dbo", procedure.name()) {
            return self.refuse(errors::denied("EXECUTE", "dbo", procedure.name()), response);
        }
        match bind(&procedure, given) {
            Ok(bound) => self.invoke(&procedure, given, bound, response),
            Err(error) => self.refuse(ServerError { procedure: procedure.name().to_owned(), ..error }, response),
        }
    }

    /// Ends a call that did not begin.
    pub(super) fn refuse(&mut self, error: ServerError, response: &mut dyn Response) -> Result<Called, Cancelled> {
        self.after_error(&error);
        response.error(&error)?;
        Ok(Called { failed: Some(error), ..Called::default() })
    }

    fn invoke(
        &mut self,
        procedure: &Registered,
        given: &[RpcParameter],
        bound: Bound,
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        let name = procedure.name();
        let statement = writes::statement(name, names(procedure).zip(&bound.values));
        if let Err(error) = self.enter_call(name) {
            return self.refuse(error, response);
        }
        let before = writes::changes(&self.connection);
        let now = now();
        let mut arguments = bound.values;
        for behaviour in procedure.behaviours() {
            if let Behaviour::Loses(position) = behaviour {
                arguments[*position] = Value::Null;
            }
        }
        let mut call = Call {
            store: &self.connection,
            login: &self.login,
            now,
            behaviours: procedure.behaviours(),
            arguments,
            response: &mut *response,
        };
        let raises = procedure.behaviours().iter().find_map(|behaviour| match behaviour {
            Behaviour::Raises(number) => Some(*number),
            _ => None,
        });
        let mut ran = match raises {
            Some(number) => Err(Failure::Raised(raised_by(name, number))),
            None => (procedure.procedure().run)(&mut call),
        };
        if ran.is_ok() && procedure.behaviours().contains(&Behaviour::RefusesLate) {
            ran = Err(refusal(name, "it cannot be done after all"));
        }
        let hides_reasons = procedure.behaviours().contains(&Behaviour::GeneralState);
        let arguments = call.arguments;
        let kept = ran.and_then(|code| {
            let changes = writes::changes(&self.connection) - before;
            if changes > 0 {
                writes::record(&self.connection, now, &self.login, &statement, changes)?;
            }
            Ok(code)
        });
        let error = match kept {
            Ok(code) => match self.keep_call() {
                Ok(()) => {
                    let outputs = outputs(procedure, given, &bound.outputs, &arguments);
                    self.last_error = 0;
                    return Ok(Called { return_code: Some(code), outputs, failed: None });
                }
                Err(error) => error,
            },
            Err(failure) => {
                self.undo_call();
                match failure {
                    Failure::Cancelled => return Err(Cancelled),
                    Failure::Raised(error) if error.number == RAISED && hides_reasons => {
                        ServerError { state: GENERAL, ..error }
                    }
                    Failure::Raised(error) => error,
                    Failure::Store(error) => self.store_error(&error),
                }
            }
        };
        let procedure = if error.procedure.is_empty() { name.to_owned() } else { error.procedure.clone() };
        let called = self.refuse(ServerError { procedure, ..error }, response)?;
        Ok(Called { return_code: Some(1), ..called })
    }
}

/// The procedure's own parameters.
fn names(procedure: &Registered) -> impl Iterator<Item = &'static str> {
    procedure.procedure().parameters.iter().map(|parameter| parameter.name)
}

fn outputs(
    procedure: &Registered,
    given: &[RpcParameter],
    wanted: &[(usize, usize)],
    arguments: &[Value],
) -> Vec<Output> {
    let output = |&(position, index): &(usize, usize)| {
        let declared = &procedure.parameters()[index];
        let value = declared.index.and_then(|own| arguments.get(own)).cloned().unwrap_or(Value::Null);
        let name = if given[position].name.is_empty() { &declared.name } else { &given[position].name };
        // A procedure that wrote another type than it declared gives NULL rather than breaking the client's reader.
        let value = crate::sandbox::sql::convert::convert(&value, declared.sql_type).unwrap_or(Value::Null);
        Output { position, name: name.clone(), sql_type: declared.sql_type, value }
    };
    wanted.iter().map(output).collect()
}

/// The error of a procedure that is to raise one of SQL Server's own.
fn raised_by(procedure: &str, number: i32) -> ServerError {
    let message = match number {
        1222 => "Lock request time out period exceeded.".to_owned(),
        9002 => "The transaction log for database 'SUSDB' is full due to 'LOG_BACKUP'.".to_owned(),
        _ => format!("Error {number} was raised, as asked for."),
    };
    ServerError { number, state: 1, class: 16, message, procedure: procedure.to_owned(), line: 1 }
}
