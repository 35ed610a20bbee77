//! PRELOGIN, then TLS where it was agreed on: gives the stream that tiberius logs in over.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::TLS12;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::certificate::{CertificateProblem, PeerCertificate};
use super::prelogin::{EncryptionLevel, exchange};
use super::stream::{Channel, TdsStream};
use super::verify::Verifier;
use super::wrapped::Wrapped;
use crate::model::connection::Encrypt;
use crate::susdb::error::{BoxError, ConnectError};
use crate::susdb::target::CertificateCheck;

/// What a handshake has to know.
pub(crate) struct Handshake<'a> {
    /// The server, for messages.
    pub(crate) endpoint: &'a str,
    /// The name that its certificate has to hold.
    pub(crate) host: &'a str,
    /// What to encrypt.
    pub(crate) encrypt: Encrypt,
    /// How to check its certificate.
    pub(crate) certificate: &'a CertificateCheck,
}

/// What both sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreement {
    Clear,
    LoginOnly,
    Everything,
}

/// Goes through PRELOGIN and TLS. `at` is told the stage that begins.
pub(crate) async fn negotiate<S>(
    mut stream: S,
    handshake: &Handshake<'_>,
    mut at: impl FnMut(&'static str),
) -> Result<TdsStream<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    at("PRELOGIN");
    let offer = match handshake.encrypt {
        Encrypt::Required => EncryptionLevel::On,
        Encrypt::Login => EncryptionLevel::Off,
        Encrypt::Off => EncryptionLevel::NotSupported,
    };
    let server = exchange(&mut stream, offer)
        .await
        .map_err(|source| ConnectError::Prelogin { endpoint: handshake.endpoint.to_owned(), source })?;
    let agreement = agree(handshake, server.encryption)?;
    tracing::debug!(endpoint = handshake.endpoint, server = ?server.encryption, ?agreement, "PRELOGIN answered");
    let channel = match agreement {
        Agreement::Clear => Channel::Clear(stream),
        Agreement::LoginOnly | Agreement::Everything => {
            at("TLS");
            let tls = encrypt(stream, handshake).await?;
            if agreement == Agreement::LoginOnly { Channel::login_only(tls) } else { Channel::Tls(Box::new(tls)) }
        }
    };
    Ok(TdsStream::new(channel, server.version))
}

/// What follows from our wish and the server's answer.
///
/// Source: MS-TDS 2.2.6.5, the table of encryption levels (grade A). Where it lets a client fall back to clear text, we
/// do not.
fn agree(handshake: &Handshake<'_>, server: EncryptionLevel) -> Result<Agreement, ConnectError> {
    use EncryptionLevel::{NotSupported, Off, On, Required};
    let endpoint = || handshake.endpoint.to_owned();
    match (handshake.encrypt, server) {
        (Encrypt::Required, On | Required) => Ok(Agreement::Everything),
        (Encrypt::Required, Off | NotSupported) | (Encrypt::Login, NotSupported) => {
            Err(ConnectError::NoEncryption { endpoint: endpoint() })
        }
        (Encrypt::Login, Off) => Ok(Agreement::LoginOnly),
        (Encrypt::Login, On | Required) => Ok(Agreement::Everything),
        (Encrypt::Off, Off | NotSupported) => Ok(Agreement::Clear),
        (Encrypt::Off, On | Required) => Err(ConnectError::EncryptionDemanded { endpoint: endpoint() }),
    }
}

/// A TLS stream over a stream that wraps no more.
pub(crate) type Encrypted<S> = tokio_rustls::client::TlsStream<Wrapped<S>>;

async fn encrypt<S>(stream: S, handshake: &Handshake<'_>) -> Result<Encrypted<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(handshake.certificate, Arc::clone(&provider))?);
    // TDS 7 has TLS 1.2: with 1.3, the server's session tickets would come when one side still wraps and the other does
    // no longer. Source: learn.microsoft.com, "TLS 1.3 support": it needs TDS 8 (grade A).
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .expect("ring has cipher suites for TLS 1.2")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    let name = ServerName::try_from(handshake.host.to_owned())
        .map_err(|_| ConnectError::HostName { host: handshake.host.to_owned() })?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, Wrapped::new(stream)).await;
    let mut tls = connected.map_err(|error| tls_error(error, &verifier, handshake))?;
    tls.get_mut().0.unwrap_from_now_on();
    Ok(tls)
}

fn tls_error(error: std::io::Error, verifier: &Verifier, handshake: &Handshake<'_>) -> ConnectError {
    let pin = match handshake.certificate {
        CertificateCheck::Pin(pin) => Some(*pin),
        _ => None,
    };
    let problem = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            Some(CertificateProblem::from_rustls(reason, handshake.host, pin))
        }
        _ => None,
    };
    let endpoint = handshake.endpoint.to_owned();
    match problem.zip(verifier.seen()) {
        Some((problem, der)) => {
            let certificate = Box::new(PeerCertificate::from_der(&der));
            ConnectError::Certificate { endpoint, problem, certificate }
        }
        None => ConnectError::Tls { endpoint, source: BoxError::from(error) },
    }
}
