//! A server that gives the answers it was told to, statement by statement, and writes down what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wsusctl::model::connection::Secret;
use wsusctl::sandbox::database::{
    Cancelled, Database, DatabaseSession, Login, Response, RpcOutcome, RpcParameter, ServerError, TransactionRequest,
};
use wsusctl::sandbox::tds::{Authentication, Password, ServerSettings, serve_connection};
use wsusctl::sandbox::value::{Column, SqlType, Value};
use wsusctl::susdb::connector::{BoxStream, Connector};
use wsusctl::susdb::session::{ConnectOptions, Session};
use wsusctl::susdb::target::Target;

pub const USER: &str = "wsusctl";
pub const PASSWORD: &str = "correct horse";

/// An answer to one statement.
#[derive(Debug, Clone)]
pub enum Reply {
    Rows(Vec<(&'static str, SqlType)>, Vec<Vec<Value>>),
    Error(u32),
    Return(i32),
    Stall(Duration),
}

/// A statement as it arrived: its name in the catalogue or the procedure, and its parameters.
pub type Asked = (String, Vec<RpcParameter>);

#[derive(Default)]
pub struct Script {
    replies: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    asked: Mutex<Vec<Asked>>,
    pub logins: Mutex<Vec<Login>>,
}

impl Script {
    /// Adds an answer for a statement. A procedure without one returns 0, a SELECT without one is error 208.
    pub fn answer(&self, statement: &str, reply: Reply) {
        self.replies.lock().unwrap().entry(statement.to_owned()).or_default().push_back(reply);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn times_asked(&self, statement: &str) -> usize {
        self.asked().iter().filter(|(name, _)| name == statement).count()
    }
}

/// A target that is this script.
pub fn target(script: &Arc<Script>) -> Target {
    let script = Arc::clone(script);
    let connector = Connector::new("script", move || {
        let script = ScriptedDatabase(Arc::clone(&script));
        Box::pin(async move {
            let (client, server) = tokio::io::duplex(1 << 16);
            tokio::spawn(serve_connection(server, Arc::new(script), Arc::new(settings())));
            Ok::<BoxStream, io::Error>(Box::new(client))
        })
    });
    Target::connector(connector, USER.to_owned(), Secret::new(PASSWORD.to_owned()))
}

pub fn settings() -> ServerSettings {
    let password = Password::new(PASSWORD.to_owned());
    ServerSettings::new(Authentication::Password { user: USER.to_owned(), password })
}

pub async fn session(script: &Arc<Script>) -> Session {
    Session::connect(&target(script), &ConnectOptions::default()).await.unwrap()
}

/// The script as a database; a type of its own for the trait.
pub struct ScriptedDatabase(pub Arc<Script>);

impl Database for ScriptedDatabase {
    type Session = Playing;

    fn open(&self, login: Login) -> Result<Playing, ServerError> {
        if !login.database.eq_ignore_ascii_case("SUSDB") {
            return Err(error(4060, "Cannot open database requested by the login."));
        }
        self.0.logins.lock().unwrap().push(login);
        Ok(Playing(Arc::clone(&self.0)))
    }
}

pub struct Playing(Arc<Script>);

fn error(number: u32, message: &str) -> ServerError {
    ServerError {
        number: i32::try_from(number).unwrap(),
        state: 7,
        class: 16,
        message: message.to_owned(),
        procedure: "spInner".to_owned(),
        line: 42,
    }
}

/// The name between `/* wsusctl: ` and ` */`.
fn name_of(text: &str) -> String {
    let name = text.strip_prefix("/* wsusctl: ").and_then(|rest| rest.split_once(" */"));
    name.map_or_else(|| panic!("a SELECT without a name: {text}"), |(name, _)| name.to_owned())
}

impl DatabaseSession for Playing {
    fn batch(&mut self, sql: &str, _: &mut dyn Response) -> Result<(), Cancelled> {
        panic!("no batches are sent, but: {sql}")
    }

    fn call(
        &mut self,
        procedure: &str,
        mut parameters: Vec<RpcParameter>,
        response: &mut dyn Response,
    ) -> Result<RpcOutcome, Cancelled> {
        let is_select = procedure == "sp_executesql";
        let statement = if is_select {
            let Value::NVarChar(text) = parameters.remove(0).value else { panic!("no text") };
            name_of(&text)
        } else {
            procedure.to_owned()
        };
        self.0.asked.lock().unwrap().push((statement.clone(), parameters));
        let reply = self.0.replies.lock().unwrap().get_mut(&statement).and_then(VecDeque::pop_front);
        let default = if is_select { Reply::Error(208) } else { Reply::Return(0) };
        match reply.unwrap_or(default) {
            Reply::Rows(columns, rows) => {
                let columns: Vec<Column> = columns
                    .iter()
                    .map(|(name, sql_type)| Column { name: (*name).to_owned(), sql_type: *sql_type })
                    .collect();
                response.columns(&columns)?;
                for row in &rows {
                    response.row(row)?;
                }
                response.done(Some(rows.len() as u64))?;
                Ok(RpcOutcome { return_code: Some(0), outputs: Vec::new() })
            }
            Reply::Error(number) => {
                response.error(&error(number, "It was wrong."))?;
                Ok(RpcOutcome { return_code: Some(1), outputs: Vec::new() })
            }
            Reply::Return(code) => Ok(RpcOutcome { return_code: Some(code), outputs: Vec::new() }),
            Reply::Stall(time) => {
                let end = Instant::now() + time;
                while Instant::now() < end && !response.cancelled() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok(RpcOutcome { return_code: Some(0), outputs: Vec::new() })
            }
        }
    }

    fn transaction(&mut self, _: TransactionRequest) -> Result<(), ServerError> {
        panic!("no transactions are opened")
    }

    fn reset(&mut self) {}
}
