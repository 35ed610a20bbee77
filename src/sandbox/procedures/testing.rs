//! Calls procedures in tests the way the engine does: defaults filled in, inside a savepoint, the answer recorded.

use chrono::{NaiveDate, NaiveDateTime};
use rusqlite::Connection;
use uuid::Uuid;

use super::{Call, Failure, ParameterDefault, all};
use crate::sandbox::database::{Cancelled, Login, Response, ServerError};
use crate::sandbox::options::Behaviour;
use crate::sandbox::schema;
use crate::sandbox::seeds::{Seed, fill};
use crate::sandbox::value::{Column, SqlType, Value};

/// An emulated server without an engine.
pub(super) struct Server {
    pub(super) store: Connection,
    pub(super) now: NaiveDateTime,
    pub(super) behaviours: Vec<Behaviour>,
}

/// What a procedure answered.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) sets: Vec<ResultSet>,
    pub(super) return_code: i32,
}

/// One result set.
#[derive(Debug, Default)]
pub(super) struct ResultSet {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl ResultSet {
    /// The values of a column.
    pub(super) fn column(&self, name: &str) -> Vec<Value> {
        let index = self.columns.iter().position(|column| column.name == name).unwrap();
        self.rows.iter().map(|row| row[index].clone()).collect()
    }
}

impl Server {
    /// A server with a seed, at 2026-06-10 12:00.
    pub(super) fn new(seed: Seed) -> Self {
        let store = Connection::open_in_memory().unwrap();
        schema::create(&store).unwrap();
        fill(&store, seed).unwrap();
        let now = NaiveDate::from_ymd_opt(2026, 6, 10).unwrap().and_hms_opt(12, 0, 0).unwrap();
        Self { store, now, behaviours: Vec::new() }
    }

    /// The demo server.
    pub(super) fn demo() -> Self {
        Self::new(Seed::Demo)
    }

    /// Calls a procedure with named arguments.
    pub(super) fn try_call(&self, name: &str, arguments: &[(&str, Value)]) -> Result<Answer, Failure> {
        let procedure = all().iter().find(|procedure| procedure.name == name).unwrap();
        for (given, _) in arguments {
            assert!(procedure.parameters.iter().any(|parameter| parameter.name == *given), "{name} has no {given}");
        }
        let values = procedure
            .parameters
            .iter()
            .map(|parameter| match arguments.iter().find(|(given, _)| *given == parameter.name) {
                Some((_, value)) => value.clone(),
                None => default_value(&parameter.default, parameter.sql_type),
            })
            .collect();
        let mut answer = Answer::default();
        let login = Login { user: "svc-wsus".to_owned(), ..Login::default() };
        let mut call = Call {
            store: &self.store,
            login: &login,
            now: self.now,
            behaviours: &self.behaviours,
            arguments: values,
            response: &mut answer,
        };
        self.store.execute_batch("SAVEPOINT test").unwrap();
        let outcome = (procedure.run)(&mut call);
        if outcome.is_err() {
            self.store.execute_batch("ROLLBACK TO test").unwrap();
        }
        self.store.execute_batch("RELEASE test").unwrap();
        answer.return_code = outcome?;
        Ok(answer)
    }

    /// Calls a procedure that has to work.
    pub(super) fn call(&self, name: &str, arguments: &[(&str, Value)]) -> Answer {
        let answer = self.try_call(name, arguments).unwrap();
        assert_eq!(answer.return_code, 0);
        answer
    }

    /// Calls a procedure that has to refuse as WSUS's do, with a text that contains `reason`.
    pub(super) fn refuses(&self, name: &str, arguments: &[(&str, Value)], reason: &str) {
        let error = self.error(name, arguments);
        assert_eq!((error.number, error.class), (50000, 16), "{error}");
        assert_eq!(error.procedure, name);
        assert!(error.message.contains(reason), "{error}");
    }

    /// Calls a procedure that has to raise an error.
    pub(super) fn error(&self, name: &str, arguments: &[(&str, Value)]) -> ServerError {
        match self.try_call(name, arguments) {
            Err(Failure::Raised(error)) => error,
            other => panic!("{name} gave {other:?}"),
        }
    }

    /// The first column of the first row of a query.
    pub(super) fn number(&self, query: &str) -> i64 {
        self.store.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// A text that a query finds.
    pub(super) fn text(&self, query: &str) -> String {
        self.store.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The id that a query finds.
    pub(super) fn id(&self, query: &str) -> Value {
        guid(&self.text(query))
    }

    /// The id of a group.
    pub(super) fn group(&self, name: &str) -> Value {
        self.id(&format!("SELECT TargetGroupID FROM tbTargetGroup WHERE Name = '{name}'"))
    }

    /// The ComputerID of a computer.
    pub(super) fn computer(&self, name: &str) -> Value {
        Value::NVarChar(
            self.text(&format!("SELECT ComputerID FROM tbComputerTarget WHERE FullDomainName = '{name}.contoso.com'")),
        )
    }

    /// The id of the only update, or the first one, with a KB article.
    pub(super) fn update(&self, kb: &str) -> Value {
        self.id(&format!(
            "SELECT UpdateID FROM tbUpdate JOIN tbRevision USING (LocalUpdateID)
                 JOIN tbKBArticleForRevision USING (RevisionID)
             WHERE KBArticleID = '{kb}' ORDER BY LocalUpdateID LIMIT 1"
        ))
    }

    /// Changes the state as somebody with `sqlite3` would.
    pub(super) fn by_hand(&self, statement: &str) {
        self.store.execute_batch(statement).unwrap();
    }

    /// How many changes of approvals were counted.
    pub(super) fn deployment_changes(&self) -> i64 {
        self.number("SELECT ChangeNumber FROM tbChangeTracking WHERE NotificationEventName = 'DeploymentChange'")
    }
}

fn default_value(default: &ParameterDefault, sql_type: SqlType) -> Value {
    match (default, sql_type) {
        (ParameterDefault::Required, _) => panic!("a required argument is missing"),
        (ParameterDefault::Null, _) => Value::Null,
        (ParameterDefault::Text(text), _) => Value::NVarChar((*text).to_owned()),
        (ParameterDefault::Int(number), SqlType::Bit) => Value::Bit(*number != 0),
        (ParameterDefault::Int(number), SqlType::TinyInt) => Value::TinyInt(u8::try_from(*number).unwrap()),
        (ParameterDefault::Int(number), _) => Value::Int(i32::try_from(*number).unwrap()),
    }
}

/// A `uniqueidentifier`.
pub(super) fn guid(text: &str) -> Value {
    Value::UniqueIdentifier(Uuid::parse_str(text).unwrap())
}

/// A text.
pub(super) fn text(text: &str) -> Value {
    Value::NVarChar(text.to_owned())
}

/// A `datetime` at midnight.
pub(super) fn day(year: i32, month: u32, day: u32) -> Value {
    Value::DateTime(NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap())
}

impl Response for Answer {
    fn columns(&mut self, columns: &[Column]) -> Result<(), Cancelled> {
        self.sets.push(ResultSet { columns: columns.to_vec(), rows: Vec::new() });
        Ok(())
    }

    fn row(&mut self, values: &[Value]) -> Result<(), Cancelled> {
        let set = self.sets.last_mut().unwrap();
        assert_eq!(set.columns.len(), values.len());
        set.rows.push(values.to_vec());
        Ok(())
    }

    fn done(&mut self, rows: Option<u64>) -> Result<(), Cancelled> {
        assert_eq!(rows, None, "procedures run with NOCOUNT ON");
        Ok(())
    }

    fn info(&mut self, number: i32, message: &str) -> Result<(), Cancelled> {
        panic!("info {number}: {message}");
    }

    fn error(&mut self, error: &ServerError) -> Result<(), Cancelled> {
        panic!("{error}");
    }

    fn database_changed(&mut self, name: &str) -> Result<(), Cancelled> {
        panic!("database {name}");
    }

    fn cancelled(&self) -> bool {
        false
    }
}
