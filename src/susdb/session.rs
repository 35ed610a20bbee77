//! A session on a database server: connecting in stages, running statements, and knowing when it is of no use any more.
//!
//! Only this file talks to tiberius's client; everything else of `susdb` goes through [`Session`].

use std::any::Any;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, TryStreamExt};
use tiberius::error::Error as TdsError;
use tiberius::{AuthMethod, Client, ColumnData, Command, CommandItem, Config, EncryptionLevel, Query, Row};
use tokio::time::{sleep, timeout};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::acknowledged::accepts;
use super::answer::{AnswerProblem, AnswerWatch, WatchedStream};
use super::attempts::Attempt;
use super::connector::{BoxStream, open_tcp};
use super::driver::{DriverProblem, sql_type};
use super::error::{BoxError, ConnectError, QueryError, ServerError};
use super::pipe::open_wid;
use super::target::{Authentication, Target, Transport};
use super::tls::certificate::PeerCertificate;
use super::tls::handshake::{Handshake, Progress, negotiate};
use super::tls::stream::TdsStream;
use super::write::bind::datetime;

/// How often a read that was chosen as a deadlock's victim is tried again.
const DEADLOCK_RETRIES: u32 = 3;
/// The pause before the first retry; it doubles.
const DEADLOCK_PAUSE: Duration = Duration::from_millis(50);

/// What a connection is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// For all stages of connecting together.
    pub connect_timeout: Duration,
    /// For one statement.
    pub statement_timeout: Duration,
    /// What the server's list of sessions shows: tool, version, verb, user and host.
    pub application_name: String,
    /// This machine's name, for the same list; empty for none.
    pub host_name: String,
    /// Bytes of a TDS packet: 512 to 32767, and no more than 16383 where anything is encrypted.
    pub packet_size: u32,
    /// Bytes of the answer to one statement at most. Of 200,000 updates everything that is ever read is a fifth of the
    /// default.
    pub answer_bytes_max: u64,
    /// Rows of the answer to one statement at most.
    pub answer_rows_max: usize,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            statement_timeout: Duration::from_secs(600),
            application_name: concat!("wsusctl/", env!("CARGO_PKG_VERSION")).to_owned(),
            host_name: String::new(),
            // What Microsoft's own client asks for. Source: learn.microsoft.com, SqlConnection.PacketSize (grade A).
            packet_size: 8_000,
            answer_bytes_max: 512 << 20,
            answer_rows_max: 5_000_000,
        }
    }
}

type TdsClient = Client<Compat<WatchedStream<TdsStream<BoxStream>>>>;

/// A logged-in client, and a view on its answers.
struct Connection {
    client: TdsClient,
    answer: AnswerWatch,
}

/// A connection to a database server.
///
/// A statement that is not read to its end (a timeout, a dropped future, a lost connection) leaves the session without a
/// connection: every call is a [`QueryError::ConnectionLost`] until [`Session::reconnect`].
pub struct Session {
    target: Target,
    options: ConnectOptions,
    connection: Option<Connection>,
    lock_held: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("endpoint", &self.endpoint())
            .field("connected", &self.connection.is_some())
            .field("lock_held", &self.lock_held)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`ConnectError`], one variant a stage.
    pub async fn connect(target: &Target, options: &ConnectOptions) -> Result<Self, ConnectError> {
        Self::connect_observed(target, options, &Stage::default()).await
    }

    /// Connects and logs in; `stage` says afterwards, and after a failure too, how far it went and what was seen.
    ///
    /// # Errors
    /// [`ConnectError`], one variant a stage.
    pub async fn connect_observed(
        target: &Target,
        options: &ConnectOptions,
        stage: &Stage,
    ) -> Result<Self, ConnectError> {
        let connection = Some(open(target, options, stage).await?);
        Ok(Self { target: target.clone(), options: options.clone(), connection, lock_held: false })
    }

    /// Connects to the same server once more, with the same login. What happens to that session is nothing to this one.
    ///
    /// # Errors
    /// [`ConnectError`], one variant a stage.
    pub async fn another(&self) -> Result<Self, ConnectError> {
        Self::connect(&self.target, &self.options).await
    }

    /// Drops the connection, if there is one, and with it the lock; then connects again.
    ///
    /// # Errors
    /// [`ConnectError`], one variant a stage.
    pub async fn reconnect(&mut self) -> Result<(), ConnectError> {
        self.disconnect();
        self.connection = Some(open(&self.target, &self.options, &Stage::default()).await?);
        Ok(())
    }

    /// Drops the connection, and with it the lock and whatever statement is under way.
    pub fn disconnect(&mut self) {
        self.connection = None;
        self.lock_held = false;
    }

    /// Whether the server is a sandbox of this process.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        matches!(self.target.transport, Transport::Connector(_))
    }

    /// Whether there is a connection, as far as this side knows.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether this session holds the lock. Losing the connection loses it.
    #[must_use]
    pub fn holds_lock(&self) -> bool {
        self.lock_held && self.connection.is_some()
    }

    pub(super) fn set_lock_held(&mut self, held: bool) {
        self.lock_held = held;
    }

    /// What messages call the server.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.target.transport.endpoint()
    }

    /// Runs a SELECT. `decode` gets every row; a deadlock starts it from the beginning, a few times.
    pub(super) async fn select<T, E>(
        &mut self,
        statement: &'static str,
        text: &str,
        parameters: &[Parameter<'_>],
        decode: impl Fn(&Row) -> Result<T, E>,
    ) -> Result<Vec<T>, E>
    where
        E: From<QueryError>,
    {
        let mut pause = DEADLOCK_PAUSE;
        for _ in 0..DEADLOCK_RETRIES {
            match self.select_once(statement, text, parameters, &decode).await {
                Err(Unread::Query(error)) if error.is_deadlock() => {
                    tracing::debug!(statement, "deadlock: reading again");
                    sleep(pause).await;
                    pause *= 2;
                }
                done => return done.map_err(Unread::into_error),
            }
        }
        self.select_once(statement, text, parameters, &decode).await.map_err(Unread::into_error)
    }

    async fn select_once<T, E>(
        &mut self,
        statement: &'static str,
        text: &str,
        parameters: &[Parameter<'_>],
        decode: &impl Fn(&Row) -> Result<T, E>,
    ) -> Result<Vec<T>, Unread<E>> {
        tracing::debug!(statement, parameters = parameters.len(), "select");
        let mut connection = self.take_connection(statement)?;
        let answer = connection.answer.clone();
        let rows_max = self.options.answer_rows_max;
        let reading = async {
            let mut query = Query::new(text);
            for parameter in parameters {
                parameter.bind(&mut query);
            }
            let mut rows = query.query(&mut connection.client).await?.into_row_stream();
            let mut decoded = Vec::new();
            while let Some(row) = rows.try_next().await? {
                if let Some(problem) = row_problem(&row, decoded.len(), rows_max) {
                    return Err(Broken::Answer(problem));
                }
                match decode(&row) {
                    Ok(value) => decoded.push(value),
                    Err(error) => return Ok(Err(error)),
                }
            }
            // Rows that were cut off must not look like rows that do not exist.
            answer.problem().map_or(Ok(Ok(decoded)), |problem| Err(Broken::Answer(problem)))
        };
        let outcome = timeout(self.options.statement_timeout, contained(reading)).await;
        match self.settle(statement, connection, outcome)? {
            Ok(rows) => Ok(rows),
            Err(error) => Err(Unread::Decode(error)),
        }
    }

    /// Runs a statement that changes something and gives no rows. Nothing is tried twice.
    pub(super) async fn execute(
        &mut self,
        statement: &'static str,
        text: &'static str,
        parameters: &[Parameter<'_>],
    ) -> Result<(), QueryError> {
        tracing::debug!(statement, parameters = parameters.len(), "execute");
        let mut connection = self.take_connection(statement)?;
        let executing = async {
            let mut query = Query::new(text);
            for parameter in parameters {
                parameter.bind(&mut query);
            }
            query.execute(&mut connection.client).await?;
            Ok(())
        };
        let outcome = timeout(self.options.statement_timeout, contained(executing)).await;
        self.settle(statement, connection, outcome)
    }

    /// Calls a procedure by name and gives its return code; none where the server sent none.
    pub(super) async fn call(
        &mut self,
        statement: &'static str,
        command: Command<'_>,
    ) -> Result<Option<i32>, QueryError> {
        tracing::debug!(statement, "call");
        let mut connection = self.take_connection(statement)?;
        let calling = async {
            let mut answer = command.exec(&mut connection.client).await?;
            let mut return_code = None;
            // Result sets of a writing procedure say nothing that is not read back anyway.
            while let Some(item) = answer.try_next().await? {
                if let CommandItem::ReturnStatus(code) = item {
                    return_code = Some(code.cast_signed());
                }
            }
            Ok(return_code)
        };
        let outcome = timeout(self.options.statement_timeout, contained(calling)).await;
        self.settle(statement, connection, outcome)
    }

    /// Calls a reading procedure with numbers for its parameters, if any, and gives the rows of its first result set. `decode` gets every row; a
    /// deadlock starts it from the beginning, a few times.
    pub(super) async fn call_for_rows<T, E>(
        &mut self,
        procedure: &'static str,
        arguments: &[(&'static str, i32)],
        decode: impl Fn(&Row) -> Result<T, E>,
    ) -> Result<Vec<T>, E>
    where
        E: From<QueryError>,
    {
        let mut pause = DEADLOCK_PAUSE;
        for _ in 0..DEADLOCK_RETRIES {
            match self.call_for_rows_once(procedure, arguments, &decode).await {
                Err(error) if error.is_deadlock() => {
                    tracing::debug!(statement = procedure, "deadlock: calling again");
                    sleep(pause).await;
                    pause *= 2;
                }
                done => return done?.into_iter().collect(),
            }
        }
        self.call_for_rows_once(procedure, arguments, &decode).await?.into_iter().collect()
    }

    async fn call_for_rows_once<T, E>(
        &mut self,
        procedure: &'static str,
        arguments: &[(&'static str, i32)],
        decode: &impl Fn(&Row) -> Result<T, E>,
    ) -> Result<Vec<Result<T, E>>, QueryError> {
        tracing::debug!(statement = procedure, "call for rows");
        let mut connection = self.take_connection(procedure)?;
        let answer = connection.answer.clone();
        let rows_max = self.options.answer_rows_max;
        let calling = async {
            // With the schema, or a user's default schema would be searched first.
            let mut command = Command::new(format!("dbo.{procedure}"));
            for (name, value) in arguments {
                command.bind_param(*name, *value);
            }
            let mut items = command.exec(&mut connection.client).await?;
            let mut decoded = Vec::new();
            // To the end even where a row cannot be read: the answer has to be off the wire.
            while let Some(item) = items.try_next().await? {
                if let CommandItem::Row(row) = item
                    && row.result_index() == 0
                {
                    if let Some(problem) = row_problem(&row, decoded.len(), rows_max) {
                        return Err(Broken::Answer(problem));
                    }
                    decoded.push(decode(&row));
                }
            }
            answer.problem().map_or(Ok(decoded), |problem| Err(Broken::Answer(problem)))
        };
        let outcome = timeout(self.options.statement_timeout, contained(calling)).await;
        self.settle(procedure, connection, outcome)
    }

    /// Calls a reading procedure without parameters for the columns of its first result set: the name of each, and what SQL Server
    /// calls its type, which only a row tells.
    pub(super) async fn call_for_columns(
        &mut self,
        procedure: &'static str,
    ) -> Result<Vec<(String, Option<&'static str>)>, QueryError> {
        tracing::debug!(statement = procedure, "call for columns");
        let mut connection = self.take_connection(procedure)?;
        let answer = connection.answer.clone();
        let calling = async {
            let mut items = Command::new(format!("dbo.{procedure}")).exec(&mut connection.client).await?;
            let mut columns: Option<Vec<(String, Option<&'static str>)>> = None;
            let mut seen = false;
            // To the end: the answer has to be off the wire.
            while let Some(item) = items.try_next().await? {
                match item {
                    CommandItem::Metadata(found) if columns.is_none() => {
                        columns = Some(found.columns().iter().map(|one| (one.name().to_owned(), None)).collect());
                    }
                    CommandItem::Row(row) if !seen && row.result_index() == 0 => {
                        seen = true;
                        for (column, (_, data)) in columns.iter_mut().flatten().zip(row.cells()) {
                            column.1 = Some(sql_type(data));
                        }
                    }
                    _ => {}
                }
            }
            answer.problem().map_or(Ok(columns.unwrap_or_default()), |problem| Err(Broken::Answer(problem)))
        };
        let outcome = timeout(self.options.statement_timeout, contained(calling)).await;
        self.settle(procedure, connection, outcome)
    }

    /// The connection leaves the session for as long as a statement runs: if the future is dropped, so is the connection,
    /// whose stream is then in the middle of an answer.
    fn take_connection(&mut self, statement: &'static str) -> Result<Connection, QueryError> {
        let connection = self.connection.take().ok_or(QueryError::ConnectionLost { statement, source: None })?;
        connection.answer.begin();
        Ok(connection)
    }

    /// Takes the connection back where it can be used again.
    fn settle<T>(
        &mut self,
        statement: &'static str,
        connection: Connection,
        outcome: Result<Result<T, Broken>, tokio::time::error::Elapsed>,
    ) -> Result<T, QueryError> {
        let limit = self.options.statement_timeout;
        let result = match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(broken)) => Err(match (connection.answer.refused(), broken) {
                (Some(problem), _) | (None, Broken::Answer(problem)) => QueryError::Answer { statement, problem },
                (None, Broken::Driver(error)) => query_error(statement, error, limit, &self.target.authentication),
            }),
            Err(_) => Err(QueryError::Timeout { statement, after: limit }),
        };
        if !result.as_ref().is_err_and(QueryError::fate_unknown) {
            self.connection = Some(connection);
        }
        result
    }
}

/// Why an answer could not be read.
enum Broken {
    Driver(TdsError),
    Answer(AnswerProblem),
}

impl From<TdsError> for Broken {
    fn from(error: TdsError) -> Self {
        Self::Driver(error)
    }
}

/// What is wrong with a row as a row of its answer, before anybody looks at its values.
fn row_problem(row: &Row, rows_before: usize, rows_max: usize) -> Option<AnswerProblem> {
    if row.result_index() > 0 {
        return Some(AnswerProblem::SecondResult);
    }
    if rows_before >= rows_max {
        return Some(AnswerProblem::Rows { limit: rows_max });
    }
    if rows_before > 0 {
        return None;
    }
    let mut names = BTreeSet::new();
    let repeated = row.columns().iter().find(|column| !names.insert(column.name()));
    repeated.map(|column| AnswerProblem::TwoColumns { name: column.name().to_owned() })
}

/// Keeps a panic of the driver from ending the program: the statement has failed, and its connection is given up.
async fn contained<T>(reading: impl Future<Output = Result<T, Broken>>) -> Result<T, Broken> {
    AssertUnwindSafe(reading).catch_unwind().await.unwrap_or_else(|payload| Err(Broken::Answer(panicked(&*payload))))
}

/// What a panic of the driver says.
fn panicked(payload: &(dyn Any + Send)) -> AnswerProblem {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    tracing::debug!(text, "the driver panicked");
    AnswerProblem::Panic { message: text.unwrap_or("no reason given").to_owned() }
}

/// Why a SELECT gave no rows: the statement failed, or a row could not be read.
enum Unread<E> {
    Query(QueryError),
    Decode(E),
}

impl<E> From<QueryError> for Unread<E> {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl<E: From<QueryError>> Unread<E> {
    fn into_error(self) -> E {
        match self {
            Self::Query(error) => E::from(error),
            Self::Decode(error) => error,
        }
    }
}

/// A value bound to a SELECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter<'a> {
    /// A uniqueidentifier.
    Guid(uuid::Uuid),
    /// An nvarchar.
    Text(&'a str),
    /// An int.
    Int(i32),
    /// A datetime, in whole seconds of the years 1753 to 9998. As any other type SQL Server would convert the column.
    Time(DateTime<Utc>),
}

impl<'a> Parameter<'a> {
    fn bind(&self, query: &mut Query<'a>) {
        match *self {
            Self::Guid(id) => query.bind(id),
            Self::Text(text) => query.bind(text),
            Self::Int(number) => query.bind(number),
            Self::Time(time) => query.bind(ColumnData::DateTime(datetime(time))),
        }
    }
}

/// The stages that connecting has come through: for the message of a timeout, and for whoever wants to look at them.
#[derive(Debug, Default)]
pub struct Stage(Mutex<Passage>);

#[derive(Debug, Default)]
struct Passage {
    stages: Vec<&'static str>,
    /// The addresses that the stage under way has tried.
    attempts: Vec<Attempt>,
    certificate: Option<PeerCertificate>,
}

impl Stage {
    /// The stages that were begun, in order; the last one may have failed.
    #[must_use]
    pub fn entered(&self) -> Vec<&'static str> {
        self.passage().stages.clone()
    }

    /// The certificate that the server showed and that was accepted.
    #[must_use]
    pub fn certificate(&self) -> Option<PeerCertificate> {
        self.passage().certificate.clone()
    }

    /// Begins a stage.
    pub(super) fn enter(&self, stage: &'static str) {
        let mut passage = self.passage();
        passage.stages.push(stage);
        passage.attempts.clear();
    }

    /// Begins to try an address.
    pub(super) fn began(&self, address: SocketAddr) {
        self.passage().attempts.push(Attempt { address, failed: None });
    }

    /// An address is of no use.
    pub(super) fn failed(&self, address: SocketAddr, why: String) {
        if let Some(attempt) = self.passage().attempts.iter_mut().find(|attempt| attempt.address == address) {
            attempt.failed = Some(why);
        }
    }

    /// The addresses that the stage under way has tried.
    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.passage().attempts.clone()
    }

    fn note(&self, progress: Progress) {
        match progress {
            Progress::Began(stage) => self.enter(stage),
            Progress::Accepted(certificate) => self.passage().certificate = Some(*certificate),
        }
    }

    fn current(&self) -> &'static str {
        self.passage().stages.last().copied().unwrap_or_default()
    }

    fn passage(&self) -> MutexGuard<'_, Passage> {
        // Every change is one assignment, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open(target: &Target, options: &ConnectOptions, stage: &Stage) -> Result<Connection, ConnectError> {
    let opened = timeout(options.connect_timeout, open_in_stages(target, options, stage)).await;
    opened.unwrap_or_else(|_| {
        Err(ConnectError::Timeout {
            endpoint: target.transport.endpoint(),
            stage: stage.current(),
            attempts: stage.attempts(),
            after: options.connect_timeout,
        })
    })
}

async fn open_in_stages(target: &Target, options: &ConnectOptions, stage: &Stage) -> Result<Connection, ConnectError> {
    // Before anything is sent: what this build cannot do it should say at once, and where there are no pipes the pipe is
    // what to speak of, not the authentication.
    if cfg!(not(windows)) && matches!(target.transport, Transport::WidPipe) {
        return Err(ConnectError::PipeElsewhere);
    }
    let auth = auth_method(&target.authentication)?;
    let endpoint = target.transport.endpoint();
    let (stream, host, port) = open_stream(target, stage).await?;
    let handshake =
        Handshake { endpoint: &endpoint, host: &host, encrypt: target.encrypt, certificate: &target.certificate };
    let stream = negotiate(stream, &handshake, |progress| stage.note(progress)).await?;
    stage.enter("login");
    let config = config(target, options, auth, &host, port);
    tracing::debug!(endpoint, database = target.database, "logging in");
    let answer = AnswerWatch::new(options.answer_bytes_max);
    let stream = WatchedStream::new(stream, answer.clone());
    // An answer to the login can be as false as any other.
    match AssertUnwindSafe(Client::connect(config, stream.compat())).catch_unwind().await {
        Ok(Ok(_)) if !accepts(&answer.take_login()) => {
            Err(ConnectError::LoginBroken { endpoint, problem: DriverProblem::NotAccepted })
        }
        Ok(Ok(client)) => {
            tracing::info!(endpoint, database = target.database, "connected");
            Ok(Connection { client, answer })
        }
        Ok(Err(error)) => Err(login_error(error, target, endpoint)),
        Err(payload) => {
            // Keeps the words for developers in the log.
            drop(panicked(&*payload));
            Err(ConnectError::LoginBroken { endpoint, problem: DriverProblem::Panic })
        }
    }
}

async fn open_stream(target: &Target, stage: &Stage) -> Result<(BoxStream, String, Option<u16>), ConnectError> {
    match &target.transport {
        Transport::Tcp { host, instance, port } => {
            let (stream, port) = open_tcp(host, instance.as_deref(), *port, stage).await?;
            Ok((Box::new(stream), host.clone(), Some(port)))
        }
        Transport::Connector(connector) => {
            stage.enter("connector");
            let endpoint = connector.name().to_owned();
            let stream = connector.open().await.map_err(|source| ConnectError::Connector { endpoint, source })?;
            Ok((stream, "localhost".to_owned(), None))
        }
        Transport::WidPipe => {
            stage.enter("pipe");
            Ok((open_wid().await?, "localhost".to_owned(), None))
        }
    }
}

fn config(target: &Target, options: &ConnectOptions, auth: AuthMethod, host: &str, port: Option<u16>) -> Config {
    let mut config = Config::new();
    config.host(host);
    if let Some(port) = port {
        config.port(port);
    }
    config.database(&target.database);
    config.authentication(auth);
    // Encryption is ours (see `tls`): what tiberius sees is a server without.
    config.encryption(EncryptionLevel::NotSupported);
    config.application_name(&options.application_name);
    if !options.host_name.is_empty() {
        config.client_name(&options.host_name);
    }
    config.packet_size(options.packet_size);
    // The stages have a limit of their own, and so has every statement.
    config.handshake_timeout(None);
    config.command_timeout(Some(options.statement_timeout));
    // Titles of updates hold lone surrogates.
    config.lossy_utf16_decoding(true);
    config
}

fn auth_method(authentication: &Authentication) -> Result<AuthMethod, ConnectError> {
    match authentication {
        Authentication::Sql { user, password } => Ok(AuthMethod::sql_server(user, password.expose())),
        Authentication::Ntlm { user, password } => ntlm(user, password),
        Authentication::Integrated => integrated("integrated"),
        Authentication::Kerberos => integrated("Kerberos"),
    }
}

#[cfg(any(windows, feature = "ntlm"))]
fn ntlm(user: &str, password: &crate::model::connection::Secret) -> Result<AuthMethod, ConnectError> {
    Ok(AuthMethod::windows(user, password.expose()))
}

#[cfg(not(any(windows, feature = "ntlm")))]
fn ntlm(_: &str, _: &crate::model::connection::Secret) -> Result<AuthMethod, ConnectError> {
    Err(ConnectError::NoSuchAuthentication { method: "NTLM", feature: Some("ntlm") })
}

#[cfg(any(windows, feature = "kerberos"))]
fn integrated(_: &'static str) -> Result<AuthMethod, ConnectError> {
    Ok(AuthMethod::Integrated)
}

#[cfg(not(any(windows, feature = "kerberos")))]
fn integrated(method: &'static str) -> Result<AuthMethod, ConnectError> {
    Err(ConnectError::NoSuchAuthentication { method, feature: Some("kerberos") })
}

/// Error numbers with which a server that accepts the login refuses the database.
///
/// Source: learn.microsoft.com, Database Engine events and errors (grade A).
const DATABASE_REFUSED: [u32; 14] = [904, 911, 916, 922, 924, 927, 942, 945, 948, 976, 978, 983, 4060, 40_613];
/// The same for the login's own database, which it opens before ours.
const DEFAULT_DATABASE_REFUSED: [u32; 2] = [4063, 4064];

fn login_error(error: TdsError, target: &Target, endpoint: String) -> ConnectError {
    let said = |message: &str| target.authentication.hide(message);
    let database_refused = |number| DATABASE_REFUSED.contains(&number) || DEFAULT_DATABASE_REFUSED.contains(&number);
    match error {
        TdsError::Server(token) if database_refused(token.code()) => ConnectError::Database {
            endpoint,
            database: target.database.clone(),
            number: token.code(),
            message: said(token.message()),
        },
        TdsError::Server(token) => ConnectError::Login {
            endpoint,
            user: target.authentication.user().map(str::to_owned),
            number: token.code(),
            state: token.state(),
            message: said(token.message()),
        },
        TdsError::Routing { host, port } => {
            ConnectError::LoginBroken { endpoint, problem: DriverProblem::Elsewhere { host: said(&host), port } }
        }
        other => ConnectError::LoginBroken { endpoint, problem: DriverProblem::from(&other) },
    }
}

fn query_error(
    statement: &'static str,
    error: TdsError,
    limit: Duration,
    authentication: &Authentication,
) -> QueryError {
    let said = |text: &str| authentication.hide(text);
    match error {
        TdsError::Server(token) => QueryError::Server {
            statement,
            error: ServerError {
                number: token.code(),
                state: token.state(),
                class: token.class(),
                procedure: said(token.procedure()),
                line: token.line(),
                message: said(token.message()),
            },
        },
        TdsError::Io { kind: io::ErrorKind::TimedOut, .. } => QueryError::Timeout { statement, after: limit },
        TdsError::Io { .. } => {
            QueryError::ConnectionLost { statement, source: Some(BoxError::from(DriverProblem::from(&error))) }
        }
        other => QueryError::Protocol { statement, source: BoxError::from(DriverProblem::from(&other)) },
    }
}
