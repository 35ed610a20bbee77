//! The PRELOGIN message: what both sides say about encryption before anything else.
//!
//! Source: MS-TDS 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN), 3.2.5 (client) (grade A).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::susdb::line;

/// Length of a packet's header.
pub(crate) const HEADER_LENGTH: usize = 8;
/// Packet type of a client's PRELOGIN, and of TLS handshake bytes in both directions.
pub(crate) const PRELOGIN: u8 = 0x12;
/// Packet type of a server's answers.
pub(crate) const TABULAR_RESULT: u8 = 0x04;
/// Status bit of a message's last packet.
pub(crate) const END_OF_MESSAGE: u8 = 0x01;

/// Types of TLS records (RFC 8446, 5.1).
const TLS_ALERT: u8 = 0x15;
const TLS_HANDSHAKE: u8 = 0x16;

/// No PRELOGIN comes near this.
const MESSAGE_LENGTH_MAX: usize = 32 * 1024;

const VERSION: u8 = 0x00;
const ENCRYPTION: u8 = 0x01;
const INSTANCE: u8 = 0x02;
const THREAD: u8 = 0x03;
const MARS: u8 = 0x04;
const TERMINATOR: u8 = 0xff;

/// What a side says about encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionLevel {
    /// Supported, and wanted for the login only.
    Off,
    /// Supported and wanted.
    On,
    /// Not supported.
    NotSupported,
    /// Nothing works without it.
    Required,
}

impl EncryptionLevel {
    fn code(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::NotSupported => 2,
            Self::Required => 3,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Off, Self::On, Self::NotSupported, Self::Required].into_iter().find(|level| level.code() == code)
    }
}

/// Why an answer to PRELOGIN is none.
#[derive(Debug, thiserror::Error)]
pub enum PreloginError {
    /// The other side went without a word.
    #[error("it closed the connection at the first packet")]
    Closed,
    /// The bytes could not be exchanged.
    #[error("{}", line::words(.0))]
    Io(io::Error),
    /// A record of TLS, before anybody has asked for TLS.
    #[error("it answers with TLS before TLS was agreed on")]
    Tls,
    /// Another kind of packet.
    #[error("its first byte is 0x{0:02x}, not 0x04")]
    PacketType(u8),
    /// A length that no packet has.
    #[error("its answer has the length {0}")]
    Length(usize),
    /// An option points outside of the message, or an option that has to be there is not.
    #[error("its answer is damaged")]
    Damaged,
    /// A level of encryption that does not exist.
    #[error("its level of encryption is {0}")]
    Level(u8),
}

/// A server's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerPrelogin {
    /// Its version as it sends it: major, minor, build, sub-build.
    pub(crate) version: [u8; 6],
    /// What it says about encryption.
    pub(crate) encryption: EncryptionLevel,
}

/// Sends our PRELOGIN and reads the answer.
pub(crate) async fn exchange<S>(stream: &mut S, encryption: EncryptionLevel) -> Result<ServerPrelogin, PreloginError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Our own version: no server does anything with it.
    let message = encode([0, 1, 0, 0, 0, 0], encryption);
    stream.write_all(&packet(PRELOGIN, &message)).await.map_err(at_once)?;
    stream.flush().await.map_err(at_once)?;
    decode(&read_message(stream).await?)
}

/// What an error means before the other side has said anything.
fn at_once(error: io::Error) -> PreloginError {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => PreloginError::Closed,
        _ => PreloginError::Io(error),
    }
}

/// A PRELOGIN message: options that both sides understand, and no more.
pub(crate) fn encode(version: [u8; 6], encryption: EncryptionLevel) -> Vec<u8> {
    let options: [(u8, &[u8]); 5] =
        [(VERSION, &version), (ENCRYPTION, &[encryption.code()]), (INSTANCE, &[0]), (THREAD, &[]), (MARS, &[0])];
    let mut head = Vec::new();
    let mut values = Vec::new();
    // Five bytes an option and the terminator.
    let first = options.len() * 5 + 1;
    for (token, value) in options {
        head.push(token);
        let offset = u16::try_from(first + values.len()).expect("five short options");
        let length = u16::try_from(value.len()).expect("five short options");
        head.extend_from_slice(&offset.to_be_bytes());
        head.extend_from_slice(&length.to_be_bytes());
        values.extend_from_slice(value);
    }
    head.push(TERMINATOR);
    head.extend_from_slice(&values);
    head
}

/// A message of one packet.
pub(crate) fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + HEADER_LENGTH).expect("the caller splits what is longer");
    let mut packet = vec![kind, END_OF_MESSAGE];
    packet.extend_from_slice(&length.to_be_bytes());
    // Process id, packet number and window: nobody reads them.
    packet.extend_from_slice(&[0, 0, 1, 0]);
    packet.extend_from_slice(payload);
    packet
}

async fn read_message<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, PreloginError> {
    let mut message = Vec::new();
    loop {
        let mut header = [0; HEADER_LENGTH];
        stream.read_exact(&mut header[..1]).await.map_err(if message.is_empty() {
            at_once
        } else {
            PreloginError::Io
        })?;
        match header[0] {
            TABULAR_RESULT => {}
            TLS_ALERT | TLS_HANDSHAKE => return Err(PreloginError::Tls),
            other => return Err(PreloginError::PacketType(other)),
        }
        stream.read_exact(&mut header[1..]).await.map_err(PreloginError::Io)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let payload = length.checked_sub(HEADER_LENGTH).ok_or(PreloginError::Length(length))?;
        let start = message.len();
        if start + payload > MESSAGE_LENGTH_MAX {
            return Err(PreloginError::Length(start + payload));
        }
        message.resize(start + payload, 0);
        stream.read_exact(&mut message[start..]).await.map_err(PreloginError::Io)?;
        if header[1] & END_OF_MESSAGE != 0 {
            return Ok(message);
        }
        if payload == 0 {
            return Err(PreloginError::Length(length));
        }
    }
}

fn decode(message: &[u8]) -> Result<ServerPrelogin, PreloginError> {
    let mut version = None;
    let mut encryption = None;
    let mut rest = message;
    loop {
        let [token, tail @ ..] = rest else { return Err(PreloginError::Damaged) };
        if *token == TERMINATOR {
            break;
        }
        let [o0, o1, l0, l1, next @ ..] = tail else { return Err(PreloginError::Damaged) };
        rest = next;
        let start = usize::from(u16::from_be_bytes([*o0, *o1]));
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        let value = message.get(start..start + length).ok_or(PreloginError::Damaged)?;
        match *token {
            VERSION => version = Some(value.try_into().map_err(|_| PreloginError::Damaged)?),
            ENCRYPTION => {
                let [code] = value else { return Err(PreloginError::Damaged) };
                encryption = Some(EncryptionLevel::from_code(*code).ok_or(PreloginError::Level(*code))?);
            }
            // Options of newer servers do not concern us.
            _ => {}
        }
    }
    version
        .zip(encryption)
        .map(|(version, encryption)| ServerPrelogin { version, encryption })
        .ok_or(PreloginError::Damaged)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::{EncryptionLevel, PreloginError, ServerPrelogin, TABULAR_RESULT, decode, encode, exchange, packet};

    #[test]
    fn a_message_reads_back() {
        for level in
            [EncryptionLevel::Off, EncryptionLevel::On, EncryptionLevel::NotSupported, EncryptionLevel::Required]
        {
            let version = [16, 0, 0x10, 0x27, 0, 1];
            let read = decode(&encode(version, level)).unwrap();
            assert_eq!(read, ServerPrelogin { version, encryption: level });
        }
    }

    #[test]
    fn damaged_messages_are_errors() {
        let good = encode([0; 6], EncryptionLevel::On);
        for length in 0..good.len() {
            // Cutting the last byte, the MARS value, damages an option that is in the table.
            assert!(decode(&good[..length]).is_err(), "{length}");
        }
        let mut level = good.clone();
        let at = 26 + 6;
        level[at] = 9;
        assert!(matches!(decode(&level), Err(PreloginError::Level(9))));
        assert!(matches!(decode(&[0xff]), Err(PreloginError::Damaged)));
    }

    #[tokio::test]
    async fn what_does_not_talk_tds_is_told_by_its_first_byte() {
        let (mut client, mut server) = tokio::io::duplex(4096);
        server.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let error = exchange(&mut client, EncryptionLevel::On).await.unwrap_err();
        assert!(matches!(error, PreloginError::PacketType(b'H')));
    }

    #[tokio::test]
    async fn a_server_that_goes_at_once_or_wants_tls_first_is_told_apart() {
        let (mut client, server) = tokio::io::duplex(4096);
        drop(server);
        let error = exchange(&mut client, EncryptionLevel::On).await.unwrap_err();
        assert!(matches!(error, PreloginError::Closed), "{error:?}");
        let (mut client, mut server) = tokio::io::duplex(4096);
        server.write_all(&[0x15, 3, 3, 0, 2, 2, 70]).await.unwrap();
        let error = exchange(&mut client, EncryptionLevel::On).await.unwrap_err();
        assert!(matches!(error, PreloginError::Tls), "{error:?}");
        let (mut client, mut server) = tokio::io::duplex(4096);
        server.write_all(&[TABULAR_RESULT, 1, 0]).await.unwrap();
        server.shutdown().await.unwrap();
        let error = exchange(&mut client, EncryptionLevel::On).await.unwrap_err();
        assert_eq!(error.to_string(), "the other side closed the connection");
    }

    #[tokio::test]
    async fn lengths_are_bounded() {
        let (mut client, mut server) = tokio::io::duplex(4096);
        server.write_all(&[TABULAR_RESULT, 1, 0, 3, 0, 0, 0, 0]).await.unwrap();
        let error = exchange(&mut client, EncryptionLevel::On).await.unwrap_err();
        assert!(matches!(error, PreloginError::Length(3)));

        let (mut client, mut server) = tokio::io::duplex(1 << 20);
        let mut endless = packet(TABULAR_RESULT, &[0; 20_000]);
        endless[1] = 0;
        for _ in 0..2 {
            server.write_all(&endless).await.unwrap();
        }
        let error = exchange(&mut client, EncryptionLevel::On).await.unwrap_err();
        assert!(matches!(error, PreloginError::Length(40_000)));
    }
}
