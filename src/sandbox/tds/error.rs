//! Why a connection ended before the client closed it.

use std::time::Duration;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The stream failed.
    #[error("the stream to the client failed")]
    Stream(#[source] std::io::Error),
    /// The client closed the stream in the middle of a message.
    #[error("the client closed the stream in the middle of a message")]
    ClosedInMessage,
    /// The client went away while its answer was being made.
    #[error("the client went away before its answer was complete")]
    ClientGone,
    /// PRELOGIN, TLS and LOGIN7 took too long.
    #[error("the client did not log in within {} s", .limit.as_secs_f32())]
    HandshakeTimeout {
        /// The time allowed.
        limit: Duration,
    },
    /// A message was begun and not finished in time.
    #[error("the client did not finish a request within {} s", .limit.as_secs_f32())]
    RequestTimeout {
        /// The time allowed.
        limit: Duration,
    },
    /// A message is longer than allowed.
    #[error("the client sent a message of more than {limit} bytes")]
    MessageTooLong {
        /// The size allowed.
        limit: usize,
    },
    /// A packet header with a length shorter than the header itself.
    #[error("the client sent a packet whose header claims {length} bytes")]
    PacketLength {
        /// The length it claims.
        length: u16,
    },
    /// A packet of a type that does not belong where it came.
    #[error("the client sent a packet of type {found:#04X} where {expected} was expected")]
    UnexpectedPacket {
        /// The type that came.
        found: u8,
        /// What was due.
        expected: &'static str,
    },
    /// A message that does not read as what it claims to be.
    #[error("the client sent a malformed {message}")]
    Malformed {
        /// Which message.
        message: &'static str,
        /// What is wrong with it.
        #[source]
        source: Malformed,
    },
    /// The client cannot encrypt, and the server requires it; or the other way round.
    #[error("client and server agree on no encryption: the client said {client:#04X}, the server is set to {server}")]
    EncryptionMismatch {
        /// The client's ENCRYPTION option.
        client: u8,
        /// The server's setting.
        server: &'static str,
    },
    /// The server speaks TDS 8 only, and the client did not begin with TLS.
    #[error("the server is strict, and the client's first byte is {first:#04X}, not that of a TLS handshake")]
    NotStrict {
        /// The client's first byte.
        first: u8,
    },
    /// The TLS handshake failed.
    #[error("the TLS handshake failed")]
    Tls(#[source] std::io::Error),
    /// The client speaks a version of TDS that is not spoken here.
    #[error("the client speaks TDS version {version:#010X}, older than 7.3B")]
    Version {
        /// The version it asked for.
        version: u32,
    },
    /// The login was refused, and the client was told why.
    #[error("the login was refused with error {number}")]
    LoginRefused {
        /// The error number that the client was sent.
        number: i32,
    },
    /// The session panicked.
    #[error("the session panicked")]
    Panicked(#[source] tokio::task::JoinError),
    /// An error of severity 20 or more went to the client.
    #[error("an error of severity 20 or more ended the session")]
    Fatal,
    /// A fault that was asked for dropped the connection.
    #[error("dropped at statement {statement}, as asked for")]
    Dropped {
        /// Which statement it was, counted over the whole server.
        statement: u64,
    },
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends too early.
    #[error("{wanted} bytes are due and {left} are left")]
    Truncated {
        /// Bytes that a length claims.
        wanted: usize,
        /// Bytes there are.
        left: usize,
    },
    /// UTF-16 text with an odd number of bytes.
    #[error("UTF-16 text of {length} bytes")]
    OddLengthText {
        /// The number of bytes.
        length: usize,
    },
    /// Text that is not UTF-8 although its collation says so.
    #[error("text that is not UTF-8 under a UTF-8 collation")]
    NotUtf8,
    /// Bytes behind the end.
    #[error("{left} bytes are left behind the end")]
    Trailing {
        /// How many.
        left: usize,
    },
    /// ALL_HEADERS whose lengths contradict each other.
    #[error("ALL_HEADERS has lengths that contradict each other")]
    Headers,
    /// A PRELOGIN option that points outside the message.
    #[error("PRELOGIN option {token:#04X} lies outside the message")]
    PreloginOption {
        /// The option.
        token: u8,
    },
    /// A LOGIN7 field that points outside the message.
    #[error("the LOGIN7 field {field} lies outside the message")]
    LoginField {
        /// The field.
        field: &'static str,
    },
    /// A procedure number that does not exist.
    #[error("no procedure has the number {id}")]
    ProcedureNumber {
        /// The number.
        id: u16,
    },
    /// More parameters than SQL Server takes.
    #[error("more than {limit} parameters")]
    TooManyParameters {
        /// The limit.
        limit: usize,
    },
    /// A type that cannot be sent here.
    #[error("data type {token:#04X} is unknown")]
    UnknownType {
        /// Its token.
        token: u8,
    },
    /// A type declared with an impossible length, precision or scale.
    #[error("data type {token:#04X} has an impossible length, precision or scale")]
    TypeDeclaration {
        /// Its token.
        token: u8,
    },
    /// A value whose length its type does not allow.
    #[error("a value of data type {token:#04X} has {length} bytes")]
    ValueLength {
        /// The type's token.
        token: u8,
        /// The bytes it claims.
        length: usize,
    },
    /// A value outside the range of its type.
    #[error("a value of data type {token:#04X} is out of range")]
    ValueRange {
        /// The type's token.
        token: u8,
    },
    /// Chunks of a long value that do not add up to its length.
    #[error("a long value claims {claimed} bytes and has {found}")]
    ChunkLength {
        /// The length it claims.
        claimed: u64,
        /// The length it has.
        found: u64,
    },
    /// A transaction request that does not exist.
    #[error("no transaction request has the number {kind}")]
    TransactionKind {
        /// The number.
        kind: u16,
    },
}
