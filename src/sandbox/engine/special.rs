//! The system procedures that client libraries call: statements with parameters, prepared or not, locks, and members of roles.

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::converted;
use super::batch::Flow;
use super::call::{Called, Output};
use super::session::Session;
use crate::sandbox::database::{Cancelled, DatabaseSession, Response, RpcParameter, ServerError};
use crate::sandbox::sql::scope::{Variable, Variables};
use crate::sandbox::sql::script;
use crate::sandbox::sql::statement::Statement;
use crate::sandbox::sql::{declared, errors};
use crate::sandbox::value::{SqlType, Value};

/// A prepared statement.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    statements: Vec<Statement>,
    parameters: Vec<Parameter>,
}

/// A parameter that a statement declares.
#[derive(Debug, Clone, PartialEq)]
struct Parameter {
    name: String,
    sql_type: SqlType,
    output: bool,
}

/// The most prepared statements that a session may keep.
const PREPARED_MAX: usize = 1000;

impl Session {
    /// Runs a system procedure; `None` where the name is not one of them.
    pub(super) fn special(
        &mut self,
        written: &str,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Option<Called>, Cancelled> {
        let name = written.rsplit('.').next().unwrap_or(written).trim_matches(['[', ']', '"']).to_ascii_lowercase();
        let called = match name.as_str() {
            "sp_executesql" => self.execute_sql(given, response)?,
            "sp_prepare" => self.prepare(given, response)?,
            "sp_prepexec" => self.prepare_and_execute(given, response)?,
            "sp_execute" => self.execute_prepared(given, response)?,
            "sp_unprepare" => self.unprepare(given, response)?,
            "sp_getapplock" => self.get_lock(given, response)?,
            "sp_releaseapplock" => self.release_lock(given, response)?,
            "sp_addrolemember" | "sp_droprolemember" => self.change_role(&name, given, response)?,
            "sp_reset_connection" => {
                self.reset();
                Called { return_code: Some(0), ..Called::default() }
            }
            _ => return Ok(None),
        };
        Ok(Some(called))
    }

    /// `sp_executesql @stmt, @params, values...`
    fn execute_sql(&mut self, given: &[RpcParameter], response: &mut dyn Response) -> Result<Called, Cancelled> {
        let prepared = text(given, 0, "@statement").and_then(|statement| {
            let declaration = if given.len() > 1 { text(given, 1, "@params")? } else { String::new() };
            Prepared::read(&statement, &declaration)
        });
        match prepared {
            Ok(prepared) => self.run_prepared(&prepared, given, 2, response),
            Err(error) => self.refuse(error, response),
        }
    }

    /// `sp_prepare @handle OUTPUT, @params, @stmt, @options`
    fn prepare(&mut self, given: &[RpcParameter], response: &mut dyn Response) -> Result<Called, Cancelled> {
        match self.keep_prepared(given) {
            Ok((_, handle)) => Ok(Called { return_code: Some(0), outputs: vec![handle], failed: None }),
            Err(error) => self.refuse(error, response),
        }
    }

    /// `sp_prepexec @handle OUTPUT, @params, @stmt, values...`
    fn prepare_and_execute(
        &mut self,
        given: &[RpcParameter],
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        let (prepared, handle) = match self.keep_prepared(given) {
            Ok(kept) => kept,
            Err(error) => return self.refuse(error, response),
        };
        let mut called = self.run_prepared(&prepared, given, 3, response)?;
        called.outputs.insert(0, handle);
        Ok(called)
    }

    fn keep_prepared(&mut self, given: &[RpcParameter]) -> Result<(Prepared, Output), ServerError> {
        let declaration = match given.get(1).map(|argument| &argument.value) {
            Some(Value::Null) => String::new(),
            _ => text(given, 1, "@params")?,
        };
        let prepared = Prepared::read(&text(given, 2, "@stmt")?, &declaration)?;
        if self.prepared.len() >= PREPARED_MAX {
            return Err(errors::error(701, "There are too many prepared statements in this session."));
        }
        let handle = self.prepared.last_key_value().map_or(1, |(last, _)| last.saturating_add(1));
        self.prepared.insert(handle, prepared.clone());
        let name = given.first().map(|argument| argument.name.clone()).unwrap_or_default();
        let output = Output { position: 0, name, sql_type: SqlType::Int, value: Value::Int(handle) };
        Ok((prepared, output))
    }

    /// `sp_execute @handle, values...`
    fn execute_prepared(&mut self, given: &[RpcParameter], response: &mut dyn Response) -> Result<Called, Cancelled> {
        let handle = handle(given);
        match self.prepared.get(&handle).cloned() {
            Some(prepared) => self.run_prepared(&prepared, given, 1, response),
            None => self.refuse(no_handle(handle), response),
        }
    }

    /// `sp_unprepare @handle`
    fn unprepare(&mut self, given: &[RpcParameter], response: &mut dyn Response) -> Result<Called, Cancelled> {
        let handle = handle(given);
        match self.prepared.remove(&handle) {
            Some(_) => Ok(Called { return_code: Some(0), ..Called::default() }),
            None => self.refuse(no_handle(handle), response),
        }
    }

    /// Runs a statement with the arguments that begin at a position.
    fn run_prepared(
        &mut self,
        prepared: &Prepared,
        given: &[RpcParameter],
        first: usize,
        response: &mut dyn Response,
    ) -> Result<Called, Cancelled> {
        let (mut variables, positions) = match prepared.bind(given, first) {
            Ok(bound) => bound,
            Err(error) => return self.refuse(error, response),
        };
        let flow = self.run(&prepared.statements, &mut variables, response)?;
        let mut outputs = Vec::new();
        for (parameter, position) in prepared.parameters.iter().zip(positions) {
            let variable = variables.remove(&parameter.name.to_lowercase());
            let asked = parameter.output && given[position].output;
            if let Some(variable) = variable.filter(|_| asked) {
                let name = if given[position].name.is_empty() { &parameter.name } else { &given[position].name };
                let Variable { sql_type, value } = variable;
                outputs.push(Output { position, name: name.clone(), sql_type, value });
            }
        }
        let return_code = match flow {
            Flow::Next | Flow::Return => 0,
            Flow::Failed(number) => number,
        };
        Ok(Called { return_code: Some(return_code), outputs, failed: None })
    }
}

impl Prepared {
    fn read(statement: &str, declaration: &str) -> Result<Self, ServerError> {
        let parameters = parameters(declaration)?;
        Ok(Self { statements: script::read(statement)?, parameters })
    }

    /// The parameters as variables, and which argument each one took.
    fn bind(&self, given: &[RpcParameter], first: usize) -> Result<(Variables, Vec<usize>), ServerError> {
        let arguments = given.get(first..).unwrap_or_default();
        let mut named = BTreeMap::new();
        for (position, argument) in arguments.iter().enumerate().filter(|(_, argument)| !argument.name.is_empty()) {
            named.entry(argument.name.to_lowercase()).or_insert(position);
        }
        let mut variables = Variables::new();
        let mut positions = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let key = parameter.name.to_lowercase();
            let by_place = || arguments.get(index).filter(|argument| argument.name.is_empty()).map(|_| index);
            let Some(position) = named.get(&key).copied().or_else(by_place) else {
                let text = format!(
                    "The parameterized query expects the parameter '{}', which was not supplied.",
                    parameter.name
                );
                return Err(errors::error(8178, text));
            };
            let argument = &arguments[position];
            let value = converted(&argument.value, argument.sql_type, parameter.sql_type)?;
            variables.insert(key, Variable { sql_type: parameter.sql_type, value });
            positions.push(first + position);
        }
        if arguments.len() > self.parameters.len() {
            let text = "Procedure or function has too many arguments specified.";
            return Err(errors::error(8144, text));
        }
        Ok((variables, positions))
    }
}

/// Reads `@a int, @b nvarchar(10) OUTPUT`.
fn parameters(declaration: &str) -> Result<Vec<Parameter>, ServerError> {
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut names = BTreeSet::new();
    for part in split(declaration) {
        let part = part.trim();
        let Some((name, rest)) = part.split_once(char::is_whitespace).filter(|(name, _)| name.starts_with('@')) else {
            return Err(errors::syntax(part));
        };
        let rest = rest.trim();
        let declared_as = rest.strip_prefix("AS ").or_else(|| rest.strip_prefix("as ")).unwrap_or(rest);
        let last = declared_as.split_whitespace().last().unwrap_or_default();
        let output = last.eq_ignore_ascii_case("OUTPUT") || last.eq_ignore_ascii_case("OUT");
        let sql_type = declared::parse(declared_as)
            .ok_or_else(|| errors::error(2715, format!("Parameter {name}: Cannot find data type {declared_as}.")))?;
        if !names.insert(name.to_lowercase()) {
            let text = format!("The variable name '{name}' has already been declared.");
            return Err(errors::severe(134, 15, text));
        }
        parameters.push(Parameter { name: name.to_owned(), sql_type, output });
    }
    Ok(parameters)
}

/// Splits at the commas that stand outside parentheses.
fn split(declaration: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = declaration.split(|character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.filter(|part| !part.trim().is_empty()).collect()
}

/// The text of an argument that has to be one.
fn text(given: &[RpcParameter], position: usize, name: &str) -> Result<String, ServerError> {
    match given.get(position).map(|argument| &argument.value) {
        Some(Value::NVarChar(text)) => Ok(text.clone()),
        Some(Value::Null) if position > 0 => Ok(String::new()),
        _ => Err(errors::error(214, format!("Procedure expects parameter '{name}' of type 'ntext/nchar/nvarchar'."))),
    }
}

fn handle(given: &[RpcParameter]) -> i32 {
    match given.first().map(|argument| &argument.value) {
        Some(Value::Int(handle)) => *handle,
        _ => 0,
    }
}

fn no_handle(handle: i32) -> ServerError {
    errors::error(8179, format!("Could not find prepared statement with handle {handle}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        let read = parameters("@P1 nvarchar(4000),@p2 decimal(10, 2) OUTPUT , @c AS int").unwrap();
        assert_eq!(read.len(), 3);
        assert_eq!(read[1].sql_type, SqlType::Decimal { precision: 10, scale: 2 });
        assert!(read[1].output && !read[0].output);
        assert_eq!(read[2].sql_type, SqlType::Int);
        assert_eq!(parameters("").unwrap(), []);
    }

    #[test]
    fn wrong_declarations_are_refused() {
        for (text, number) in [("P1 int", 102), ("@a", 102), ("@a nothing", 2715), ("@a int, @A int", 134)] {
            assert_eq!(parameters(text).unwrap_err().number, number, "{text}");
        }
    }
}
