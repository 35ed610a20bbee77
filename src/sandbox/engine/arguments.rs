//! What a client passes, matched to what a procedure declares.

use super::registry::{Registered, default_value};
use crate::sandbox::database::{RpcParameter, ServerError};
use crate::sandbox::sql::{convert, declared, errors};
use crate::sandbox::value::{SqlType, Value};

/// Arguments in the procedure's own order, ready for it to run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    /// One value a parameter of the procedure itself.
    pub(super) values: Vec<Value>,
    /// The values that the client asked back: which argument it passed, and which of the declared parameters it is.
    pub(super) outputs: Vec<(usize, usize)>,
}

/// Matches and converts arguments.
///
/// # Errors
/// 119, 201, 8114, 8143, 8144, 8145, 8162, 8169, as SQL Server numbers them.
pub(super) fn bind(procedure: &Registered, given: &[RpcParameter]) -> Result<Bound, ServerError> {
    let name = procedure.name();
    let declared = procedure.parameters();
    let mut passed: Vec<Option<&RpcParameter>> = vec![None; declared.len()];
    let mut outputs = Vec::new();
    let mut named = false;
    for (position, argument) in given.iter().enumerate() {
        let index = if argument.name.is_empty() {
            if named {
                let text = format!(
                    "Must pass parameter number {} and subsequent parameters as '@name = value'. After the form '@name = \
                     value' has been used, all subsequent parameters must be passed in the form '@name = value'.",
                    position + 1
                );
                return Err(errors::severe(119, 15, text));
            }
            if position >= declared.len() {
                let text = format!("Procedure or function {name} has too many arguments specified.");
                return Err(errors::error(8144, text));
            }
            position
        } else {
            named = true;
            position_of(procedure, &argument.name)?
        };
        if passed[index].replace(argument).is_some() {
            let text = format!("Parameter '{}' was supplied multiple times.", declared[index].name);
            return Err(errors::error(8143, text));
        }
        if argument.output {
            if !declared[index].output {
                let text = format!(
                    "The formal parameter \"{}\" was not declared as an OUTPUT parameter, but the actual parameter passed \
                     in requested output.",
                    declared[index].name
                );
                return Err(errors::error(8162, text));
            }
            outputs.push((position, index));
        }
    }
    let mut values = own_defaults(procedure)?;
    for (parameter, argument) in declared.iter().zip(passed) {
        let value = match argument.filter(|argument| !argument.default) {
            Some(argument) => converted(&argument.value, argument.sql_type, parameter.sql_type)?,
            None => match default_value(&parameter.default) {
                Some(value) => converted(&value, None, parameter.sql_type)?,
                None => {
                    let text = format!(
                        "Procedure or function '{name}' expects parameter '{}', which was not supplied.",
                        parameter.name
                    );
                    return Err(errors::error(201, text));
                }
            },
        };
        if let Some(index) = parameter.index {
            let own = procedure.procedure().parameters[index].sql_type;
            values[index] = converted(&value, Some(parameter.sql_type), own)?;
        }
    }
    Ok(Bound { values, outputs })
}

/// What the procedure's own parameters are where clients cannot pass them.
fn own_defaults(procedure: &Registered) -> Result<Vec<Value>, ServerError> {
    let own = procedure.procedure().parameters.iter();
    own.map(|parameter| {
        let value = default_value(&parameter.default).unwrap_or(Value::Null);
        converted(&value, None, parameter.sql_type)
    })
    .collect()
}

fn position_of(procedure: &Registered, written: &str) -> Result<usize, ServerError> {
    let plain = |name: &str| name.trim_start_matches('@').to_lowercase();
    let wanted = plain(written);
    let found = procedure.parameters().iter().position(|parameter| plain(&parameter.name) == wanted);
    found.ok_or_else(|| {
        let text = format!(
            "@{wanted_as_written} is not a parameter for procedure {}.",
            procedure.name(),
            wanted_as_written = written.trim_start_matches('@')
        );
        errors::error(8145, text)
    })
}

/// Converts an argument, with the errors of an argument.
pub(super) fn converted(value: &Value, from: Option<SqlType>, to: SqlType) -> Result<Value, ServerError> {
    convert::convert(value, to).map_err(|error| {
        if error.number == 8169 || error.number == 206 {
            return error;
        }
        let from = from.or_else(|| convert::type_of(value)).map_or("NULL", declared::name);
        errors::error(8114, format!("Error converting data type {from} to {}.", declared::name(to)))
    })
}
