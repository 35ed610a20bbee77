//! Runs the statements of a batch.

use sqlparser::ast::Expr;

use super::rows;
use super::session::{Session, Stop, database_named};
use crate::sandbox::database::{Cancelled, Response, RpcParameter, ServerError};
use crate::sandbox::sql::scope::{Variable, Variables};
use crate::sandbox::sql::statement::{ArgumentValue, Execution, Statement};
use crate::sandbox::sql::translate::{Translated, Translator};
use crate::sandbox::sql::{convert, errors};
use crate::sandbox::value::{SqlType, Value};

/// What comes after a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one.
    Next,
    /// None: RETURN ended the batch.
    Return,
    /// None: an error with this number did.
    Failed(i32),
}

impl Session {
    pub(super) fn run(
        &mut self,
        statements: &[Statement],
        variables: &mut Variables,
        response: &mut dyn Response,
    ) -> Result<Flow, Cancelled> {
        for statement in statements {
            let flow = self.statement(statement, variables, response)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn statement(
        &mut self,
        statement: &Statement,
        variables: &mut Variables,
        response: &mut dyn Response,
    ) -> Result<Flow, Cancelled> {
        match statement {
            Statement::Block(statements) => return self.run(statements, variables, response),
            Statement::If { condition, then, otherwise } => {
                return match self.holds(condition, variables) {
                    Ok(true) => self.statement(then, variables, response),
                    Ok(false) => match otherwise {
                        Some(otherwise) => self.statement(otherwise, variables, response),
                        None => response.done(None).map(|()| Flow::Next),
                    },
                    Err(error) => self.stopped(&error, response),
                };
            }
            Statement::Return => return response.done(None).map(|()| Flow::Return),
            Statement::Execute(execution) => return self.execution(execution, variables, response),
            _ => {}
        }
        match self.perform(statement, variables, response) {
            Ok(rows) => {
                if let Some(rows) = rows {
                    self.row_count = i64::try_from(rows).unwrap_or(i64::MAX);
                }
                self.last_error = 0;
                response.done(if self.no_count { None } else { rows })?;
                Ok(Flow::Next)
            }
            Err(Stop::Cancelled) => Err(Cancelled),
            Err(Stop::Failed(error)) => self.stopped(&error, response),
        }
    }

    fn stopped(&mut self, error: &ServerError, response: &mut dyn Response) -> Result<Flow, Cancelled> {
        self.after_error(error);
        self.fail(error, response)?;
        Ok(Flow::Failed(error.number))
    }

    /// Runs a statement that has no statements in it. Gives the rows that it counted.
    fn perform(
        &mut self,
        statement: &Statement,
        variables: &mut Variables,
        response: &mut dyn Response,
    ) -> Result<Option<u64>, Stop> {
        match statement {
            Statement::Query(query) => {
                let facts = self.facts();
                let translated = Translator::new(self.around(&facts, variables)).statement(query)?;
                self.fill(&translated)?;
                if translated.assignments.is_empty() {
                    let session = self.login.session_id;
                    let metadata_only = self.format_only;
                    return rows::stream(&self.connection, &translated, metadata_only, session, response).map(Some);
                }
                return self.assign_columns(&translated, variables).map(Some).map_err(Stop::Failed);
            }
            Statement::Declare { name, sql_type, value } => {
                let key = name.to_lowercase();
                if variables.contains_key(&key) {
                    let text = format!("The variable name '{name}' has already been declared.");
                    return Err(errors::severe(134, 15, text).into());
                }
                let value = match value {
                    Some(value) => convert::convert(&self.evaluate(value, variables)?, *sql_type)?,
                    None => Value::Null,
                };
                variables.insert(key, Variable { sql_type: *sql_type, value });
            }
            Statement::Assign { name, value } => {
                let value = self.evaluate(value, variables)?;
                assign(variables, name, &value)?;
            }
            Statement::Switch(option, on) => match option.as_str() {
                "NOCOUNT" => self.no_count = *on,
                _ => self.format_only = *on,
            },
            Statement::Use(name) => {
                let database = database_named(name).ok_or_else(|| {
                    let text =
                        format!("Database '{name}' does not exist. Make sure that the name is entered correctly.");
                    errors::error(911, text)
                })?;
                database.clone_into(&mut self.database);
                response.database_changed(database)?;
            }
            Statement::Print(value) => {
                let value = self.evaluate(value, variables)?;
                let text = match convert::convert(&value, SqlType::NVarChar(Some(4000)))? {
                    Value::NVarChar(text) => text,
                    _ => String::new(),
                };
                response.info(0, &text)?;
            }
            Statement::MapUser { user, login } => self.map_user(user, login)?,
            Statement::Begin => self.begin()?,
            Statement::Commit => self.commit()?,
            Statement::Rollback(name) => self.rollback(name.as_deref())?,
            Statement::Save(name) => self.save(name)?,
            Statement::Ignored
            | Statement::Block(_)
            | Statement::If { .. }
            | Statement::Return
            | Statement::Execute(_) => {}
        }
        Ok(None)
    }

    fn assign_columns(&mut self, translated: &Translated, variables: &mut Variables) -> Result<u64, ServerError> {
        let (count, last) = rows::last_row(&self.connection, translated, self.login.session_id)?;
        for (name, value) in translated.assignments.iter().zip(last.unwrap_or_default()) {
            assign(variables, name, &value)?;
        }
        Ok(count)
    }

    /// The value of an expression.
    fn evaluate(&mut self, expression: &Expr, variables: &Variables) -> Result<Value, ServerError> {
        let facts = self.facts();
        let translated = Translator::new(self.around(&facts, variables)).scalar(expression)?;
        self.only_value(&translated)
    }

    fn holds(&mut self, condition: &Expr, variables: &Variables) -> Result<bool, ServerError> {
        let facts = self.facts();
        let translated = Translator::new(self.around(&facts, variables)).condition(condition)?;
        Ok(self.only_value(&translated)? == Value::Bit(true))
    }

    fn only_value(&mut self, translated: &Translated) -> Result<Value, ServerError> {
        self.fill(translated)?;
        let (_, row) = rows::last_row(&self.connection, translated, self.login.session_id)?;
        Ok(row.and_then(|row| row.into_iter().next()).unwrap_or(Value::Null))
    }

    /// `EXEC`: as a remote call, with variables for what it gives back.
    fn execution(
        &mut self,
        execution: &Execution,
        variables: &mut Variables,
        response: &mut dyn Response,
    ) -> Result<Flow, Cancelled> {
        let parameters = match passed(execution, variables) {
            Ok(parameters) => parameters,
            Err(error) => return self.stopped(&error, response),
        };
        let called = self.execute(&execution.procedure, &parameters, response)?;
        if let Some(error) = called.failed {
            self.last_error = error.number;
            // What a procedure raises ends the procedure; what keeps it from running ends the batch.
            if error.number < 50_000 {
                response.done(None)?;
                return Ok(Flow::Failed(error.number));
            }
        }
        let mut given = called.outputs.iter().map(|output| (output.position, &output.value));
        let back = given.try_for_each(|(position, value)| match &execution.arguments[position].value {
            ArgumentValue::Variable(name) => assign(variables, name, value),
            _ => Ok(()),
        });
        let result = match (&execution.result, called.return_code) {
            (Some(name), Some(code)) => assign(variables, name, &Value::Int(code)),
            _ => Ok(()),
        };
        match back.and(result) {
            Ok(()) => response.done(None).map(|()| Flow::Next),
            Err(error) => self.stopped(&error, response),
        }
    }
}

fn assign(variables: &mut Variables, name: &str, value: &Value) -> Result<(), ServerError> {
    let variable = variables.get_mut(&name.to_lowercase()).ok_or_else(|| errors::unknown_variable(name))?;
    variable.value = convert::convert(value, variable.sql_type)?;
    Ok(())
}

fn passed(execution: &Execution, variables: &Variables) -> Result<Vec<RpcParameter>, ServerError> {
    if let Some(name) = &execution.result
        && !variables.contains_key(&name.to_lowercase())
    {
        return Err(errors::unknown_variable(name));
    }
    execution
        .arguments
        .iter()
        .map(|argument| {
            let (sql_type, value, default) = match &argument.value {
                ArgumentValue::Constant(value) => (convert::type_of(value), value.clone(), false),
                ArgumentValue::Default => (None, Value::Null, true),
                ArgumentValue::Variable(name) => {
                    let variable = variables.get(&name.to_lowercase()).ok_or_else(|| errors::unknown_variable(name))?;
                    (Some(variable.sql_type), variable.value.clone(), false)
                }
            };
            if argument.output && !matches!(argument.value, ArgumentValue::Variable(_)) {
                let text = "Cannot use the OUTPUT option when passing a constant to a stored procedure.";
                return Err(errors::severe(179, 15, text));
            }
            Ok(RpcParameter { name: argument.name.clone(), sql_type, value, output: argument.output, default })
        })
        .collect()
}
