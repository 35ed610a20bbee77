//! From the first byte to LOGIN7: PRELOGIN, then TLS where both sides can.

use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::error::ConnectionError;
use super::login::Login7;
use super::packet::{DEFAULT_PACKET_SIZE, Message, PacketReader, PacketWriter, kind};
use super::prelogin::{self, Prelogin, encryption};
use super::settings::{Encryption, ServerSettings};
use super::tls::{Framing, Transport};

/// Largest message before the login; the documentation allows a LOGIN7 of 128 KiB.
const MESSAGE_BYTES_MAX: usize = 128 << 10;

/// First byte of a TLS handshake record (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// What is going to be encrypted.
enum Agreement {
    Nothing,
    Login(Arc<ServerConfig>),
    Everything(Arc<ServerConfig>),
}

/// Carries the handshake out and reads the login.
pub(super) async fn handshake<S>(
    mut stream: S,
    settings: &ServerSettings,
) -> Result<(Transport<S>, Login7), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Encryption::Strict(config) = &settings.encryption {
        return handshake_strictly(stream, settings, Arc::clone(config)).await;
    }
    let request = prelogin(&mut stream).await?;
    let (said, agreement) = agree(request.encryption, &settings.encryption);
    let answer = prelogin::answer(settings.product_version, said);
    send(&mut stream, &answer).await?;
    match agreement {
        None => {
            Err(ConnectionError::EncryptionMismatch { client: request.encryption, server: settings.encryption.name() })
        }
        Some(Agreement::Nothing) => {
            let login = login(&mut stream).await?;
            Ok((Transport::Plain(stream), login))
        }
        Some(Agreement::Login(config)) => {
            let mut encrypted = accept(stream, config).await?;
            let login = login(&mut encrypted).await?;
            Ok((Transport::Plain(encrypted.into_inner().0.into_stream()), login))
        }
        Some(Agreement::Everything(config)) => {
            let mut encrypted = accept(stream, config).await?;
            let login = login(&mut encrypted).await?;
            Ok((Transport::Encrypted(Box::new(encrypted)), login))
        }
    }
}

/// TDS 8: TLS comes first, and what the client says of encryption inside it means nothing.
async fn handshake_strictly<S>(
    mut stream: S,
    settings: &ServerSettings,
    config: Arc<ServerConfig>,
) -> Result<(Transport<S>, Login7), ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let first = stream.read_u8().await.map_err(ConnectionError::Stream)?;
    if first != TLS_HANDSHAKE {
        return Err(ConnectionError::NotStrict { first });
    }
    let accepting = TlsAcceptor::from(config).accept(Framing::bare(stream, vec![first]));
    let mut encrypted = accepting.await.map_err(ConnectionError::Tls)?;
    prelogin(&mut encrypted).await?;
    send(&mut encrypted, &prelogin::answer(settings.product_version, encryption::ON)).await?;
    let login = login(&mut encrypted).await?;
    Ok((Transport::Encrypted(Box::new(encrypted)), login))
}

async fn prelogin<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Prelogin, ConnectionError> {
    let message = expect(stream, kind::PRELOGIN, "PRELOGIN").await?;
    Prelogin::parse(&message.payload).map_err(|source| ConnectionError::Malformed { message: "PRELOGIN", source })
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, message: &[u8]) -> Result<(), ConnectionError> {
    let mut writer = PacketWriter::new(kind::TABULAR_RESULT, DEFAULT_PACKET_SIZE, 0);
    writer.send(stream, message).await.map_err(ConnectionError::Stream)
}

/// The table of MS-TDS 2.2.6.5: what the server says to what the client said, and what follows from it.
fn agree(client: u8, server: &Encryption) -> (u8, Option<Agreement>) {
    match (server, client) {
        (Encryption::Off, _) | (Encryption::LoginOnly(_), encryption::NOT_SUPPORTED) => {
            (encryption::NOT_SUPPORTED, Some(Agreement::Nothing))
        }
        (Encryption::LoginOnly(config), encryption::OFF) => {
            (encryption::OFF, Some(Agreement::Login(Arc::clone(config))))
        }
        (Encryption::LoginOnly(config) | Encryption::Required(config), encryption::ON | encryption::REQUIRED) => {
            (encryption::ON, Some(Agreement::Everything(Arc::clone(config))))
        }
        (Encryption::Required(config), encryption::OFF) => {
            (encryption::REQUIRED, Some(Agreement::Everything(Arc::clone(config))))
        }
        (Encryption::LoginOnly(_) | Encryption::Required(_) | Encryption::Strict(_), _) => (encryption::REQUIRED, None),
    }
}

async fn accept<S>(stream: S, config: Arc<ServerConfig>) -> Result<TlsStream<Framing<S>>, ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut encrypted = TlsAcceptor::from(config).accept(Framing::new(stream)).await.map_err(ConnectionError::Tls)?;
    encrypted.get_mut().0.end_handshake();
    Ok(encrypted)
}

async fn login<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Login7, ConnectionError> {
    let message = expect(stream, kind::LOGIN7, "LOGIN7").await?;
    Login7::parse(&message.payload).map_err(|source| ConnectionError::Malformed { message: "LOGIN7", source })
}

async fn expect<S: AsyncRead + Unpin>(
    stream: &mut S,
    kind: u8,
    expected: &'static str,
) -> Result<Message, ConnectionError> {
    let mut reader = PacketReader::new(stream, MESSAGE_BYTES_MAX);
    reader.expect_kind(kind, expected).await?;
    reader.message().await
}
