//! One connection, from its first byte to its last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::super::database::{Database, Login, ServerError};
use super::answer::{Answer, database_message};
use super::error::ConnectionError;
use super::handshake::handshake;
use super::login::Login7;
use super::packet::{DEFAULT_PACKET_SIZE, Interruption, Message, PacketReader, PacketWriter, kind};
use super::session::{Session, Stop};
use super::settings::{Authentication, ServerSettings};
use super::tls::Transport;
use super::token::{self, Change, DoneKind, done_status};
use super::type_info::COLLATION;

/// SQL Server keeps numbers up to 50 for itself.
static NEXT_SESSION_ID: AtomicI32 = AtomicI32::new(51);

/// Chunks of an answer that may wait for the client: what back-pressure costs in memory.
const CHUNKS_WAITING: usize = 4;
/// Time for the last bytes to a client that is being left.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const PACKET_SIZE_MIN: usize = 512;
const PACKET_SIZE_MAX: usize = 32_767;
/// TDS 7.3B, the first with NBCROW. Older layouts are not spoken.
const TDS_VERSION_MIN: u32 = 0x730B_0003;
const TDS_VERSION_7_4: u32 = 0x7400_0004;
/// The command in the DONE that acknowledges ATTENTION.
const COMMAND_ATTENTION: u16 = 0xFD;
const PROGRAM_NAME: &str = "Microsoft SQL Server";
const LANGUAGE: &str = "us_english";

/// Serves one client over a stream until it goes.
///
/// # Errors
/// Where the connection ended otherwise than by the client closing it between two requests.
pub async fn serve_connection<S, D>(
    stream: S,
    database: Arc<D>,
    settings: Arc<ServerSettings>,
) -> Result<(), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Database,
{
    let (_running, shutdown) = watch::channel(false);
    serve_until(stream, database, settings, shutdown, Arc::default()).await
}

/// Serves one client until it goes, or until shutdown: a request under way is still answered. `logged_in` turns true once it
/// has logged in.
pub(in super::super) async fn serve_until<S, D>(
    stream: S,
    database: Arc<D>,
    settings: Arc<ServerSettings>,
    shutdown: watch::Receiver<bool>,
    logged_in: Arc<AtomicBool>,
) -> Result<(), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Database,
{
    let limit = settings.handshake_timeout;
    let mut connection = timeout(limit, log_in(stream, database, settings, &logged_in))
        .await
        .map_err(|_| ConnectionError::HandshakeTimeout { limit })??;
    let result = connection.serve(shutdown).await;
    connection.close().await;
    result
}

/// A logged-in connection.
struct Connection<S, D: Database> {
    reader: PacketReader<ReadHalf<Transport<S>>>,
    stream: WriteHalf<Transport<S>>,
    writer: PacketWriter,
    settings: Arc<ServerSettings>,
    /// `None` while a blocking thread has it.
    session: Option<Session<D::Session>>,
}

/// Tells a blocking thread to stop when the connection is dropped.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Why the answer stopped being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pumped {
    /// All of it is on its way.
    Whole,
    /// ATTENTION came.
    Attention,
    /// The client is gone.
    Gone,
}

async fn log_in<S, D>(
    stream: S,
    database: Arc<D>,
    settings: Arc<ServerSettings>,
    logged_in: &AtomicBool,
) -> Result<Connection<S, D>, ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Database,
{
    let (mut transport, login7) = handshake(stream, &settings).await?;
    let session_id = NEXT_SESSION_ID.fetch_add(1, Ordering::Relaxed);
    // The header has two bytes for it; nothing depends on its being unique there.
    let short_id = (session_id & 0x7FFF) as u16;
    let mut writer = PacketWriter::new(kind::TABULAR_RESULT, DEFAULT_PACKET_SIZE, short_id);
    let opened = match check(&login7, &settings) {
        Ok(()) => open(database, &login7, session_id, &settings).await?,
        Err(refusal) => {
            warn!(user = ?login7.user, host = ?login7.host, number = refusal.number, "a login was refused");
            // Whoever guesses passwords waits for each answer.
            sleep(settings.refusal_delay).await;
            Err(refusal)
        }
    };
    let session = match opened {
        Ok(session) => session,
        Err(refusal) => return Err(refuse(&mut transport, &mut writer, &login7, &refusal, &settings).await),
    };
    let packet_size = packet_size(&login7);
    let greeting = greeting(&login7, packet_size, &settings);
    // Before the client knows: whoever comes after it is counted behind it.
    logged_in.store(true, Ordering::Relaxed);
    writer.send(&mut transport, &greeting).await.map_err(ConnectionError::Stream)?;
    let (read, write) = split(transport);
    Ok(Connection {
        reader: PacketReader::new(read, settings.request_bytes_max),
        stream: write,
        writer: PacketWriter::new(kind::TABULAR_RESULT, packet_size, short_id),
        session: Some(Session::new(session, Arc::clone(&settings), session_id, database_of(&login7, &settings))),
        settings,
    })
}

/// Whether the login may come in.
fn check(login: &Login7, settings: &ServerSettings) -> Result<(), ServerError> {
    if login.version < TDS_VERSION_MIN {
        return Err(login_error(17_802, 20, "This server speaks TDS 7.3B and 7.4 only.".to_owned()));
    }
    if login.integrated {
        let text = "Login failed. The login is from an untrusted domain and cannot be used with Integrated \
                    authentication.";
        return Err(login_error(18_452, 14, text.to_owned()));
    }
    match &settings.authentication {
        Authentication::Open => Ok(()),
        Authentication::Password { user, password } => {
            let known = user.to_lowercase() == login.user.to_lowercase();
            if password.is(&login.password) && known { Ok(()) } else { Err(login_failed(&login.user)) }
        }
    }
}

fn login_failed(user: &str) -> ServerError {
    login_error(18_456, 14, format!("Login failed for user '{user}'."))
}

fn login_error(number: i32, class: u8, message: String) -> ServerError {
    ServerError { number, state: 1, class, message, procedure: String::new(), line: 1 }
}

async fn open<D: Database>(
    database: Arc<D>,
    login7: &Login7,
    session_id: i32,
    settings: &ServerSettings,
) -> Result<Result<D::Session, ServerError>, ConnectionError> {
    let login = Login {
        user: login7.user.clone(),
        host: login7.host.clone(),
        application: login7.application.clone(),
        database: database_of(login7, settings),
        session_id,
    };
    spawn_blocking(move || database.open(login)).await.map_err(ConnectionError::Panicked)
}

fn database_of(login: &Login7, settings: &ServerSettings) -> String {
    if login.database.is_empty() { settings.default_database.clone() } else { login.database.clone() }
}

/// Tells the client why it may not come in. Gives the error that the connection ends with.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    transport: &mut Transport<S>,
    writer: &mut PacketWriter,
    login: &Login7,
    refusal: &ServerError,
    settings: &ServerSettings,
) -> ConnectionError {
    let mut tokens = Vec::new();
    token::error(&mut tokens, refusal, &settings.server_name);
    if refusal.number == 4060 {
        token::error(&mut tokens, &login_failed(&login.user), &settings.server_name);
    }
    token::done(&mut tokens, DoneKind::Done, done_status::ERROR, 0, 0);
    let sent = writer.send(transport, &tokens).await;
    match sent.and(transport.shutdown().await) {
        Err(problem) => ConnectionError::Stream(problem),
        Ok(()) if login.version < TDS_VERSION_MIN => ConnectionError::Version { version: login.version },
        Ok(()) => ConnectionError::LoginRefused { number: refusal.number },
    }
}

fn packet_size(login: &Login7) -> usize {
    match usize::try_from(login.packet_size) {
        Ok(0) | Err(_) => DEFAULT_PACKET_SIZE,
        Ok(wanted) => wanted.clamp(PACKET_SIZE_MIN, PACKET_SIZE_MAX),
    }
}

/// The answer to a login that worked.
fn greeting(login: &Login7, packet_size: usize, settings: &ServerSettings) -> Vec<u8> {
    let server = &settings.server_name;
    let database = database_of(login, settings);
    let mut tokens = Vec::new();
    token::change(&mut tokens, Change::Database { new: &database, old: "master" });
    token::info(&mut tokens, 5701, 2, &database_message(&database), server);
    token::change(&mut tokens, Change::Collation(COLLATION));
    token::change(&mut tokens, Change::Language(LANGUAGE));
    token::info(&mut tokens, 5703, 1, &format!("Changed language setting to {LANGUAGE}."), server);
    token::login_ack(&mut tokens, login.version.min(TDS_VERSION_7_4), PROGRAM_NAME, settings.product_version);
    token::change(&mut tokens, Change::PacketSize { new: packet_size, old: DEFAULT_PACKET_SIZE });
    token::done(&mut tokens, DoneKind::Done, done_status::FINAL, 0, 0);
    tokens
}

impl<S, D> Connection<S, D>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    D: Database,
{
    /// Answers requests until the client goes.
    async fn serve(&mut self, mut shutdown: watch::Receiver<bool>) -> Result<(), ConnectionError> {
        let limit = self.settings.request_timeout;
        loop {
            tokio::select! {
                more = self.reader.wait() => {
                    if !more? {
                        return Ok(());
                    }
                }
                () = ordered(&mut shutdown) => return Ok(()),
            }
            let message =
                timeout(limit, self.reader.message()).await.map_err(|_| ConnectionError::RequestTimeout { limit })?;
            if let Err(ConnectionError::MessageTooLong { limit }) = message {
                return Err(self.refuse_length(limit).await);
            }
            let message = message?;
            match message.kind {
                kind::ATTENTION => self.acknowledge_attention().await?,
                // As MS-TDS 2.2.1.7 has it: no acknowledgement, but an answer that is an error without a message.
                _ if message.ignored => self.done(done_status::ERROR, 0).await?,
                kind::BATCH | kind::RPC | kind::TRANSACTION => self.exchange(message).await?,
                found => return Err(ConnectionError::UnexpectedPacket { found, expected: "a request" }),
            }
        }
    }

    /// Tells a client that its request is too long to be taken in. Gives the error that the connection ends with.
    async fn refuse_length(&mut self, limit: usize) -> ConnectionError {
        let text = format!("The request is longer than the {limit} bytes that the sandbox takes.");
        let refusal = ServerError { number: 4014, ..login_error(4014, 20, text) };
        let mut tokens = Vec::new();
        token::error(&mut tokens, &refusal, &self.settings.server_name);
        token::done(&mut tokens, DoneKind::Done, done_status::ERROR, 0, 0);
        self.writer.push(&tokens);
        // The client is still sending, and may not read before it has sent everything.
        let _ = timeout(CLOSE_TIMEOUT, self.end_message()).await;
        ConnectionError::MessageTooLong { limit }
    }

    /// Carries a request out on a blocking thread and sends its answer as it comes.
    async fn exchange(&mut self, message: Message) -> Result<(), ConnectionError> {
        let mut session = self.session.take().expect("the session is back between two requests");
        let (sender, mut chunks) = mpsc::channel(CHUNKS_WAITING);
        let cancel = CancelOnDrop(session.interruption());
        cancel.0.store(false, Ordering::Relaxed);
        let cancelled = Arc::clone(&cancel.0);
        let task = spawn_blocking(move || {
            let result = session.run(&message, |server, database| Answer::new(sender, cancelled, server, database));
            (session, result)
        });
        let pumped = self.pump(&mut chunks).await?;
        if pumped != Pumped::Whole {
            cancel.0.store(true, Ordering::Relaxed);
            chunks.close();
            while chunks.recv().await.is_some() {}
        }
        let (session, result) = task.await.map_err(ConnectionError::Panicked)?;
        self.session = Some(session);
        match (pumped, result) {
            (_, Err(Stop::Dropped { statement })) => Err(ConnectionError::Dropped { statement }),
            (Pumped::Gone, _) => Err(ConnectionError::ClientGone),
            (Pumped::Attention, _) => {
                self.done(done_status::ERROR, 0).await?;
                self.acknowledge_attention().await
            }
            (Pumped::Whole, Ok(())) => self.end_message().await,
            (Pumped::Whole, Err(Stop::Cancelled)) => Err(ConnectionError::ClientGone),
            (Pumped::Whole, Err(Stop::Fatal)) => {
                self.end_message().await?;
                Err(ConnectionError::Fatal)
            }
            (Pumped::Whole, Err(Stop::Malformed { message, source })) => {
                self.end_message().await?;
                Err(ConnectionError::Malformed { message, source })
            }
        }
    }

    /// Sends chunks as the client takes them, and listens to it at the same time.
    async fn pump(&mut self, chunks: &mut mpsc::Receiver<Vec<u8>>) -> Result<Pumped, ConnectionError> {
        let mut listening = true;
        let mut ended = false;
        loop {
            if ended && !self.writer.has_ready() {
                return Ok(Pumped::Whole);
            }
            tokio::select! {
                interruption = self.reader.interruption(), if listening => match interruption {
                    Ok(Interruption::Attention) => return Ok(Pumped::Attention),
                    Ok(Interruption::NextRequest) => listening = false,
                    Ok(Interruption::Closed) | Err(_) => return Ok(Pumped::Gone),
                },
                written = self.writer.write_some(&mut self.stream), if self.writer.has_ready() => {
                    if written.is_err() {
                        return Ok(Pumped::Gone);
                    }
                }
                chunk = chunks.recv(), if !ended && !self.writer.has_ready() => match chunk {
                    Some(chunk) => self.writer.push(&chunk),
                    None => ended = true,
                },
            }
        }
    }

    /// Acknowledges ATTENTION in a message of its own, behind the answer that it interrupted.
    ///
    /// Source: bytes of a SQL Server in dotnet/SqlClient pull request 2714; tedious does not work otherwise.
    async fn acknowledge_attention(&mut self) -> Result<(), ConnectionError> {
        self.done(done_status::ATTENTION, COMMAND_ATTENTION).await
    }

    /// Ends a message with a DONE.
    async fn done(&mut self, status: u16, command: u16) -> Result<(), ConnectionError> {
        let mut tokens = Vec::new();
        token::done(&mut tokens, DoneKind::Done, status, command, 0);
        self.writer.push(&tokens);
        self.end_message().await
    }

    async fn end_message(&mut self) -> Result<(), ConnectionError> {
        self.writer.end();
        self.writer.write_all(&mut self.stream).await.map_err(ConnectionError::Stream)
    }

    /// Releases what the session holds, on a blocking thread, and closes the stream.
    async fn close(mut self) {
        if let Some(session) = self.session.take() {
            // A panic in a destructor ends this connection, which is at its end anyway.
            let _ = spawn_blocking(move || drop(session)).await;
        }
        // The client may be gone already, or may not be reading.
        let _ = timeout(CLOSE_TIMEOUT, self.stream.shutdown()).await;
    }
}

/// Waits for shutdown to be ordered; for ever where nobody is left to order it.
async fn ordered(shutdown: &mut watch::Receiver<bool>) {
    if shutdown.wait_for(|ordered| *ordered).await.is_err() {
        std::future::pending::<()>().await;
    }
}
