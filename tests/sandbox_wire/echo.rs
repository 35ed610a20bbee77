//! A database without SQL: procedures send their parameters back, batches are one of a few words.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wsusctl::sandbox::database::{
    Cancelled, Database, DatabaseSession, Login, Response, RpcOutcome, RpcParameter, ServerError, TransactionRequest,
};
use wsusctl::sandbox::value::{Column, SqlType, Value};

/// What happened, for tests to look at.
#[derive(Debug, Default)]
pub struct Journal {
    pub rows_made: AtomicU64,
    pub sessions_dropped: AtomicU64,
    pub statements_run: AtomicU64,
}

#[derive(Debug, Default)]
pub struct Echo {
    pub journal: Arc<Journal>,
}

#[derive(Debug)]
pub struct EchoSession {
    login: Login,
    journal: Arc<Journal>,
    /// Counts what `reset` sets back to 0.
    counter: i32,
    transactions: Vec<String>,
}

impl Drop for EchoSession {
    fn drop(&mut self) {
        self.journal.sessions_dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Database for Echo {
    type Session = EchoSession;

    fn open(&self, login: Login) -> Result<EchoSession, ServerError> {
        match login.database.to_lowercase().as_str() {
            "master" | "susdb" => {
                Ok(EchoSession { login, journal: Arc::clone(&self.journal), counter: 0, transactions: Vec::new() })
            }
            other => Err(error(
                4060,
                11,
                &format!("Cannot open database \"{other}\" requested by the login. The login failed."),
            )),
        }
    }
}

pub fn error(number: i32, class: u8, message: &str) -> ServerError {
    ServerError { number, state: 1, class, message: message.to_owned(), procedure: String::new(), line: 1 }
}

pub fn column(name: &str, sql_type: SqlType) -> Column {
    Column { name: name.to_owned(), sql_type }
}

impl DatabaseSession for EchoSession {
    fn batch(&mut self, sql: &str, response: &mut dyn Response) -> Result<(), Cancelled> {
        self.journal.statements_run.fetch_add(1, Ordering::SeqCst);
        let words: Vec<&str> = sql.split_whitespace().collect();
        match words.as_slice() {
            ["rows", count] => self.rows(count.parse().unwrap(), response),
            ["sets"] => sets(response),
            ["error"] => response.error(&ServerError {
                number: 50000,
                state: 7,
                class: 16,
                message: "It was wrong.".to_owned(),
                procedure: "spTest".to_owned(),
                line: 42,
            }),
            ["error", "between"] => {
                number(1, response)?;
                response.error(&error(50000, 16, "In the middle."))?;
                number(2, response)
            }
            ["fatal"] => response.error(&error(21, 20, "Fatal.")),
            ["print", text] => response.info(0, text),
            ["use", name] => response.database_changed(name),
            ["count", rows] => response.done(Some(rows.parse().unwrap())),
            ["nulls"] => nulls(response),
            ["misfit"] => misfit(response),
            ["panic"] => panic!("asked for"),
            ["spin"] => {
                while !response.cancelled() {
                    std::thread::yield_now();
                }
                Err(Cancelled)
            }
            ["increment"] => {
                self.counter += 1;
                number(self.counter, response)
            }
            ["who"] => {
                let columns =
                    ["user", "host", "application", "database"].map(|n| column(n, SqlType::NVarChar(Some(128))));
                response.columns(&columns)?;
                let login = &self.login;
                let values = [&login.user, &login.host, &login.application, &login.database];
                response.row(&values.map(|text| Value::NVarChar(text.clone())))?;
                response.done(Some(1))
            }
            ["transactions"] => {
                response.columns(&[column("event", SqlType::NVarChar(None))])?;
                for event in &self.transactions {
                    response.row(&[Value::NVarChar(event.clone())])?;
                }
                response.done(Some(self.transactions.len() as u64))
            }
            ["big", length] => {
                response.columns(&[column("text", SqlType::NVarChar(None))])?;
                response.row(&[Value::NVarChar("x".repeat(length.parse().unwrap()))])?;
                response.done(Some(1))
            }
            // FreeTDS sets its options after login.
            ["set" | "SET" | "use" | "USE", ..] => response.done(None),
            _ => {
                response.columns(&[column("sql", SqlType::NVarChar(None))])?;
                response.row(&[Value::NVarChar(sql.to_owned())])?;
                response.done(Some(1))
            }
        }
    }

    fn call(
        &mut self,
        procedure: &str,
        parameters: Vec<RpcParameter>,
        response: &mut dyn Response,
    ) -> Result<RpcOutcome, Cancelled> {
        self.journal.statements_run.fetch_add(1, Ordering::SeqCst);
        let outputs = outputs(&parameters);
        match procedure.trim_start_matches("dbo.") {
            "echo" => echo(&parameters, response)?,
            "describe" => describe(&parameters, response)?,
            "silent" => {}
            "rows" => {
                let Some(Value::Int(count)) = parameters.first().map(|p| p.value.clone()) else { panic!("no count") };
                self.rows(u64::try_from(count).unwrap(), response)?;
            }
            "sp_executesql" => {
                let Some(Value::NVarChar(sql)) = parameters.first().map(|p| p.value.clone()) else { panic!("no SQL") };
                if sql.starts_with("echo") {
                    echo(parameters.get(2..).unwrap_or_default(), response)?;
                } else {
                    self.batch(&sql, response)?;
                }
            }
            "fail" => {
                response.error(&ServerError { procedure: "fail".to_owned(), line: 9, ..error(50000, 16, "No.") })?;
                return Ok(RpcOutcome { return_code: Some(1), outputs });
            }
            other => {
                response.error(&error(2812, 16, &format!("Could not find stored procedure '{other}'.")))?;
                return Ok(RpcOutcome::default());
            }
        }
        Ok(RpcOutcome { return_code: Some(parameters.len() as i32), outputs })
    }

    fn transaction(&mut self, request: TransactionRequest) -> Result<(), ServerError> {
        if request == TransactionRequest::Commit && self.transactions.last().map(String::as_str) != Some("Begin") {
            return Err(error(3902, 16, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."));
        }
        self.transactions.push(format!("{request:?}"));
        Ok(())
    }

    fn reset(&mut self) {
        self.counter = 0;
    }
}

impl EchoSession {
    fn rows(&mut self, count: u64, response: &mut dyn Response) -> Result<(), Cancelled> {
        response.columns(&[column("n", SqlType::Int), column("title", SqlType::NVarChar(Some(200)))])?;
        for n in 0..count {
            self.journal.rows_made.fetch_add(1, Ordering::SeqCst);
            let title = Value::NVarChar(format!("Security Update for Windows, row {n}"));
            response.row(&[Value::Int(i32::try_from(n).unwrap()), title])?;
        }
        response.done(Some(count))
    }
}

fn number(value: i32, response: &mut dyn Response) -> Result<(), Cancelled> {
    response.columns(&[column("n", SqlType::Int)])?;
    response.row(&[Value::Int(value)])?;
    response.done(Some(1))
}

fn sets(response: &mut dyn Response) -> Result<(), Cancelled> {
    number(1, response)?;
    response.columns(&[column("a", SqlType::NVarChar(Some(10))), column("b", SqlType::Bit)])?;
    response.done(Some(0))?;
    response.info(0, "between")?;
    response.done(Some(5))?;
    number(3, response)
}

/// All types, all NULL, then a row with one NULL.
fn nulls(response: &mut dyn Response) -> Result<(), Cancelled> {
    let types = all_types();
    let columns: Vec<Column> = types.iter().map(|(sql_type, _)| column("c", *sql_type)).collect();
    response.columns(&columns)?;
    let mut values: Vec<Value> = types.into_iter().map(|(_, value)| value).collect();
    response.row(&vec![Value::Null; values.len()])?;
    response.row(&values)?;
    values[0] = Value::Null;
    response.row(&values)?;
    response.done(Some(3))
}

/// A value that its column cannot hold.
fn misfit(response: &mut dyn Response) -> Result<(), Cancelled> {
    response.columns(&[column("n", SqlType::Int)])?;
    response.row(&[Value::Int(1)])?;
    response.row(&[Value::NVarChar("x".to_owned())])?;
    response.row(&[Value::Int(3)])?;
    response.done(Some(3))
}

/// A value of every type.
pub fn all_types() -> Vec<(SqlType, Value)> {
    let noon = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap().and_hms_milli_opt(12, 30, 15, 500).unwrap();
    let id = uuid::Uuid::parse_str("6F9619FF-8B86-D011-B42D-00C04FC964FF").unwrap();
    vec![
        (SqlType::Bit, Value::Bit(true)),
        (SqlType::TinyInt, Value::TinyInt(200)),
        (SqlType::SmallInt, Value::SmallInt(-3)),
        (SqlType::Int, Value::Int(70_000)),
        (SqlType::BigInt, Value::BigInt(1 << 40)),
        (SqlType::Float, Value::Float(1.25)),
        (SqlType::Decimal { precision: 18, scale: 3 }, Value::Decimal { unscaled: -12_345, scale: 3 }),
        (SqlType::NVarChar(Some(20)), Value::NVarChar("größer 😀".to_owned())),
        (SqlType::NVarChar(None), Value::NVarChar("long".to_owned())),
        (SqlType::VarBinary(Some(8)), Value::VarBinary(vec![1, 2, 3])),
        (SqlType::VarBinary(None), Value::VarBinary(vec![])),
        (SqlType::UniqueIdentifier, Value::UniqueIdentifier(id)),
        (SqlType::DateTime, Value::DateTime(noon)),
        (SqlType::DateTime2(7), Value::DateTime(noon)),
    ]
}

/// One row with one column a parameter, of the type that was declared.
fn echo(parameters: &[RpcParameter], response: &mut dyn Response) -> Result<(), Cancelled> {
    let columns: Vec<Column> = parameters
        .iter()
        .map(|parameter| column(parameter.name.trim_start_matches('@'), parameter.sql_type.unwrap_or(SqlType::Int)))
        .collect();
    response.columns(&columns)?;
    let values: Vec<Value> = parameters.iter().map(|parameter| parameter.value.clone()).collect();
    response.row(&values)?;
    response.done(Some(1))
}

/// One row a parameter: how it arrived.
fn describe(parameters: &[RpcParameter], response: &mut dyn Response) -> Result<(), Cancelled> {
    let columns = ["name", "type", "value", "flags"].map(|name| column(name, SqlType::NVarChar(Some(1000))));
    response.columns(&columns)?;
    for parameter in parameters {
        let flags = format!("output {}, default {}", parameter.output, parameter.default);
        let texts =
            [parameter.name.clone(), format!("{:?}", parameter.sql_type), format!("{:?}", parameter.value), flags];
        response.row(&texts.map(Value::NVarChar))?;
    }
    response.done(Some(parameters.len() as u64))
}

/// Output parameters come back as they were, but `int` is doubled and a NULL `bigint` becomes 7: pymssql sends no
/// value for an output.
fn outputs(parameters: &[RpcParameter]) -> Vec<(String, SqlType, Value)> {
    parameters
        .iter()
        .filter(|parameter| parameter.output)
        .map(|parameter| {
            let value = match &parameter.value {
                Value::Int(number) => Value::Int(number.wrapping_mul(2)),
                Value::Null if parameter.sql_type == Some(SqlType::BigInt) => Value::BigInt(7),
                other => other.clone(),
            };
            (parameter.name.clone(), parameter.sql_type.unwrap_or(SqlType::Int), value)
        })
        .collect()
}
