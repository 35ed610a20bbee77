//! PRELOGIN, then TLS where it was agreed on: gives the stream that tiberius logs in over.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::certificate::{CertificateProblem, PeerCertificate};
use super::prelogin::{EncryptionLevel, exchange};
use super::problem::TlsProblem;
use super::stream::{Channel, TdsStream};
use super::verify::Verifier;
use super::wrapped::Wrapped;
use crate::model::connection::Encrypt;
use crate::susdb::error::ConnectError;
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

/// What happens on the way.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A stage begins.
    Began(&'static str),
    /// The server's certificate was accepted.
    Accepted(Box<PeerCertificate>),
}

/// What both sides agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreement {
    Clear,
    LoginOnly,
    Everything,
}

/// Goes through PRELOGIN and TLS. `at` is told what happens.
pub(crate) async fn negotiate<S>(
    mut stream: S,
    handshake: &Handshake<'_>,
    mut at: impl FnMut(Progress),
) -> Result<TdsStream<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let offer = match handshake.encrypt {
        Encrypt::Strict => return negotiate_strictly(stream, handshake, at).await,
        Encrypt::Required => EncryptionLevel::On,
        Encrypt::Login => EncryptionLevel::Off,
        Encrypt::Off => EncryptionLevel::NotSupported,
    };
    at(Progress::Began("PRELOGIN"));
    let server = exchange(&mut stream, offer)
        .await
        .map_err(|source| ConnectError::Prelogin { endpoint: handshake.endpoint.to_owned(), source })?;
    let agreement = agree(handshake, server.encryption)?;
    tracing::debug!(endpoint = handshake.endpoint, server = ?server.encryption, ?agreement, "PRELOGIN answered");
    let channel = match agreement {
        Agreement::Clear => Channel::Clear(stream),
        Agreement::LoginOnly | Agreement::Everything => {
            at(Progress::Began("TLS"));
            let mut tls = encrypt(Wrapped::new(stream), handshake, &mut at).await?;
            tls.get_mut().0.unwrap_from_now_on();
            if agreement == Agreement::LoginOnly { Channel::login_only(tls) } else { Channel::Tls(Box::new(tls)) }
        }
    };
    Ok(TdsStream::new(channel, server.version))
}

/// TDS 8: TLS from the first byte, and PRELOGIN inside it, whose word on encryption means nothing any more.
///
/// Source: MS-TDS 3.2.5.1 and 2.2.6.5 (grade A).
async fn negotiate_strictly<S>(
    stream: S,
    handshake: &Handshake<'_>,
    mut at: impl FnMut(Progress),
) -> Result<TdsStream<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    at(Progress::Began("TLS"));
    let mut tls = encrypt(Wrapped::bare(stream), handshake, &mut at).await?;
    at(Progress::Began("PRELOGIN"));
    let server = exchange(&mut tls, EncryptionLevel::On)
        .await
        .map_err(|source| ConnectError::Prelogin { endpoint: handshake.endpoint.to_owned(), source })?;
    Ok(TdsStream::new(Channel::Tls(Box::new(tls)), server.version))
}

/// What follows from our wish and the server's answer.
///
/// Source: MS-TDS 2.2.6.5, the table of encryption levels (grade A). Where it lets a client fall back to clear text, we
/// do not.
fn agree(handshake: &Handshake<'_>, server: EncryptionLevel) -> Result<Agreement, ConnectError> {
    use EncryptionLevel::{NotSupported, Off, On, Required};
    let endpoint = || handshake.endpoint.to_owned();
    match (handshake.encrypt, server) {
        (Encrypt::Strict, _) | (Encrypt::Required, On | Required) => Ok(Agreement::Everything),
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

/// What a client of TDS 8 asks for in the handshake.
///
/// Source: IANA, TLS ALPN protocol IDs: tds/8.0, MS-TDS (grade A).
const TDS_8: &[u8] = b"tds/8.0";

async fn encrypt<S>(
    stream: Wrapped<S>,
    handshake: &Handshake<'_>,
    at: &mut impl FnMut(Progress),
) -> Result<Encrypted<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Verifier::new(handshake.certificate, Arc::clone(&provider))?);
    let strict = handshake.encrypt == Encrypt::Strict;
    let versions: &[_] = if strict { &[&TLS13, &TLS12] } else { &[&TLS12] };
    // TDS 7 has TLS 1.2: with 1.3, the server's session tickets would come when one side still wraps and the other does
    // no longer. Source: learn.microsoft.com, "TLS 1.3 support": it needs TDS 8 (grade A).
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    if strict {
        config.alpn_protocols = vec![TDS_8.to_vec()];
    }
    let name = server_name(handshake)?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let tls = connected.map_err(|error| tls_error(error, &verifier, handshake))?;
    if let Some(certificate) = tls.get_ref().1.peer_certificates().and_then(<[_]>::first) {
        at(Progress::Accepted(Box::new(PeerCertificate::from_der(certificate))));
    }
    Ok(tls)
}

/// The name that the certificate has to hold. Where nobody looks at it, a host may be called whatever it is.
fn server_name(handshake: &Handshake<'_>) -> Result<ServerName<'static>, ConnectError> {
    let named = ServerName::try_from(handshake.host.to_owned());
    match handshake.certificate {
        CertificateCheck::Verify { .. } => {
            named.map_err(|_| ConnectError::HostName { host: handshake.host.to_owned() })
        }
        CertificateCheck::Pin(_) | CertificateCheck::Trust => {
            Ok(named.unwrap_or_else(|_| ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into())))
        }
    }
}

fn tls_error(error: std::io::Error, verifier: &Verifier, handshake: &Handshake<'_>) -> ConnectError {
    tracing::debug!(%error, "the TLS handshake failed");
    let endpoint = handshake.endpoint.to_owned();
    let pin = match handshake.certificate {
        CertificateCheck::Pin(pin) => Some(*pin),
        _ => None,
    };
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (inner, verifier.seen()) {
        (Some(rustls::Error::InvalidCertificate(reason)), Some(der)) => ConnectError::Certificate {
            endpoint,
            problem: CertificateProblem::from_rustls(reason, &der, handshake.host, pin),
            certificate: Box::new(PeerCertificate::from_der(&der)),
        },
        _ => ConnectError::Tls { endpoint, problem: TlsProblem::from_io(&error) },
    }
}

#[cfg(test)]
#[cfg(feature = "sandbox")]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::certificate::{CertificateProblem, sha256};
    use super::super::fake_server::{Identity, VERSION, WELCOME, future_year, identity, past_year, serve, version_1};
    use super::super::prelogin::{EncryptionLevel, PRELOGIN, ServerPrelogin, encode, exchange, packet};
    use super::{Agreement, Handshake, agree, negotiate};
    use crate::model::connection::{Encrypt, Secret};
    use crate::susdb::connector::Connector;
    use crate::susdb::error::ConnectError;
    use crate::susdb::target::{CaFile, CertificateCheck, Target};

    const HOST: &str = "sql01.contoso.com";
    const LOGIN: u8 = 0x10;

    /// Connects, lets the stream's user do its own PRELOGIN, logs in and reads the welcome; gives what the server saw.
    async fn log_in(
        identity: &Identity,
        encrypt: Encrypt,
        level: EncryptionLevel,
        check: &CertificateCheck,
    ) -> Result<Vec<u8>, ConnectError> {
        let (client, server) = tokio::io::duplex(1 << 16);
        let server = serve(server, level, identity);
        let handshake = Handshake { endpoint: HOST, host: HOST, encrypt, certificate: check };
        let mut stream = negotiate(client, &handshake, |_| {}).await?;
        // What tiberius does first, answered without the server.
        let answer = exchange(&mut stream, EncryptionLevel::NotSupported).await.unwrap();
        assert_eq!(answer, ServerPrelogin { version: VERSION, encryption: EncryptionLevel::NotSupported });
        // In two writes that do not respect the packet's borders.
        let login = packet(LOGIN, b"user and password");
        stream.write_all(&login[..5]).await.unwrap();
        stream.write_all(&login[5..]).await.unwrap();
        stream.flush().await.unwrap();
        let mut welcome = vec![0; WELCOME.len()];
        stream.read_exact(&mut welcome).await.unwrap();
        assert_eq!(welcome, WELCOME);
        stream.write_all(&packet(1, b"SELECT 1")).await.unwrap();
        stream.flush().await.unwrap();
        Ok(server.await.unwrap().unwrap())
    }

    fn verify(ca: &CaFile) -> CertificateCheck {
        CertificateCheck::Verify { ca: Some(ca.clone()) }
    }

    fn problem(result: Result<Vec<u8>, ConnectError>) -> CertificateProblem {
        match result {
            Err(ConnectError::Certificate { problem, certificate, .. }) => {
                assert_ne!(certificate.sha256, [0; 32]);
                problem
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_good_certificate_is_accepted() {
        let identity = identity(HOST, future_year());
        for level in [EncryptionLevel::On, EncryptionLevel::Required] {
            let seen = log_in(&identity, Encrypt::Required, level, &verify(&identity.ca)).await.unwrap();
            assert_eq!(seen, b"user and password");
        }
    }

    #[tokio::test]
    async fn after_the_login_alone_the_rest_is_clear() {
        let identity = identity(HOST, future_year());
        // The server reads the welcome's answer from the bare stream: it would not understand TLS records.
        let seen = log_in(&identity, Encrypt::Login, EncryptionLevel::Off, &verify(&identity.ca)).await.unwrap();
        assert_eq!(seen, b"user and password");
    }

    #[tokio::test]
    async fn a_server_that_insists_gets_everything_encrypted() {
        let identity = identity(HOST, future_year());
        log_in(&identity, Encrypt::Login, EncryptionLevel::Required, &verify(&identity.ca)).await.unwrap();
    }

    #[tokio::test]
    async fn without_encryption_bytes_go_through() {
        let identity = identity(HOST, future_year());
        let trust = CertificateCheck::Trust;
        log_in(&identity, Encrypt::Off, EncryptionLevel::NotSupported, &trust).await.unwrap();
    }

    #[tokio::test]
    async fn each_fault_of_a_certificate_is_told() {
        let good = identity(HOST, future_year());
        let other = identity("other.contoso.com", future_year());
        let old = identity(HOST, past_year());
        let (on, required) = (EncryptionLevel::On, Encrypt::Required);
        let wrong_name = log_in(&other, required, on, &verify(&other.ca)).await;
        assert_eq!(problem(wrong_name), CertificateProblem::WrongName { expected: HOST.to_owned() });
        let unknown = log_in(&good, required, on, &verify(&other.ca)).await;
        assert_eq!(problem(unknown), CertificateProblem::UnknownIssuer);
        let expired = log_in(&old, required, on, &verify(&old.ca)).await;
        assert_eq!(problem(expired), CertificateProblem::Expired);
        let nothing = CertificateCheck::Verify { ca: None };
        assert_eq!(problem(log_in(&good, required, on, &nothing).await), CertificateProblem::UnknownIssuer);
    }

    #[tokio::test]
    async fn a_pin_decides_alone() {
        let stranger = identity("other.contoso.com", past_year());
        let pin = CertificateCheck::Pin(sha256(&stranger.certificate));
        log_in(&stranger, Encrypt::Required, EncryptionLevel::On, &pin).await.unwrap();
        let good = identity(HOST, future_year());
        let wrong = log_in(&good, Encrypt::Required, EncryptionLevel::On, &pin).await;
        assert_eq!(problem(wrong), CertificateProblem::WrongPin { expected: sha256(&stranger.certificate) });
    }

    #[tokio::test]
    async fn trust_takes_whatever_comes() {
        let stranger = identity("other.contoso.com", past_year());
        log_in(&stranger, Encrypt::Required, EncryptionLevel::On, &CertificateCheck::Trust).await.unwrap();
    }

    #[tokio::test]
    async fn the_error_shows_the_certificate_and_the_ways_out() {
        let identity = identity("other.contoso.com", future_year());
        let error = log_in(&identity, Encrypt::Required, EncryptionLevel::On, &verify(&identity.ca)).await.unwrap_err();
        let text = error.to_string();
        for part in
            ["it is not for `sql01.contoso.com`", "names:   other.contoso.com", "issuer:  CN=CA of other.contoso.com"]
        {
            assert!(text.contains(part), "{text}");
        }
        let target =
            Target::connector(Connector::new("h", || unreachable!()), String::new(), Secret::new(String::new()));
        let target = Target { certificate: verify(&identity.ca), ..target };
        let hints = error.hints(&target).join("\n");
        assert!(hints.contains("mssql://other.contoso.com/SUSDB"), "{hints}");
        assert!(hints.contains("?pin=sha256:") && hints.contains("trustServerCertificate=true"), "{hints}");
    }

    #[tokio::test]
    async fn a_ca_file_without_certificates_is_an_error() {
        let identity = identity(HOST, future_year());
        let empty = CaFile { path: "empty.pem".into(), pem: b"nothing".to_vec() };
        let error = log_in(&identity, Encrypt::Required, EncryptionLevel::On, &verify(&empty)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "empty.pem holds no usable CA certificate: it has no block `-----BEGIN CERTIFICATE-----`"
        );
    }

    #[tokio::test]
    async fn what_is_trusted_for_itself_may_be_of_version_1() {
        let old = version_1(HOST);
        let (on, required) = (EncryptionLevel::On, Encrypt::Required);
        let pin = CertificateCheck::Pin(sha256(&old.certificate));
        for check in [pin, CertificateCheck::Trust, verify(&old.ca)] {
            log_in(&old, required, on, &check).await.unwrap();
        }
        // Whoever shows it has to own its key.
        let stranger = version_1(HOST);
        let thief = old.with_key_of(&stranger);
        let pin = CertificateCheck::Pin(sha256(&old.certificate));
        for check in [pin, CertificateCheck::Trust, verify(&old.ca)] {
            assert_eq!(problem(log_in(&thief, required, on, &check).await), CertificateProblem::Signature);
        }
        // Named in the CA file, it still has to be for the host.
        let other = version_1("other.contoso.com");
        let wrong_name = CertificateProblem::WrongName { expected: HOST.to_owned() };
        assert_eq!(problem(log_in(&other, required, on, &verify(&other.ca)).await), wrong_name);
        let nothing = CertificateCheck::Verify { ca: None };
        let text = problem(log_in(&old, required, on, &nothing).await).to_string();
        assert_eq!(text, "it is an X.509 certificate of version 1, which holds no names to check");
    }

    #[tokio::test]
    async fn a_pinned_server_may_be_called_anything() {
        let identity = identity(HOST, future_year());
        let pin = CertificateCheck::Pin(sha256(&identity.certificate));
        let (client, server) = tokio::io::duplex(1 << 16);
        let _server = serve(server, EncryptionLevel::On, &identity);
        let handshake =
            Handshake { endpoint: "sql_01", host: "sql 01?", encrypt: Encrypt::Required, certificate: &pin };
        negotiate(client, &handshake, |_| {}).await.unwrap();
    }

    #[test]
    fn nobody_talks_us_out_of_encryption() {
        use EncryptionLevel::{NotSupported, Off, On, Required};
        let wish = |encrypt| Handshake { endpoint: HOST, host: HOST, encrypt, certificate: &CertificateCheck::Trust };
        let outcome = |encrypt, level| agree(&wish(encrypt), level).map_err(|error| error.to_string());
        let none = || Err(format!("{HOST} does not support encryption, and encryption is required"));
        assert_eq!(outcome(Encrypt::Required, On), Ok(Agreement::Everything));
        assert_eq!(outcome(Encrypt::Required, Required), Ok(Agreement::Everything));
        assert_eq!(outcome(Encrypt::Required, Off), none());
        assert_eq!(outcome(Encrypt::Required, NotSupported), none());
        assert_eq!(outcome(Encrypt::Login, NotSupported), none());
        assert_eq!(outcome(Encrypt::Login, Off), Ok(Agreement::LoginOnly));
        assert_eq!(outcome(Encrypt::Off, Off), Ok(Agreement::Clear));
        assert!(outcome(Encrypt::Off, Required).unwrap_err().contains("requires encryption"));
    }

    #[test]
    fn our_prelogin_is_one_packet() {
        assert_eq!(packet(PRELOGIN, &encode([0; 6], EncryptionLevel::On))[..4], [0x12, 1, 0, 43]);
    }
}
