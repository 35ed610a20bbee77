//! A server that does PRELOGIN and TLS and nothing else, for the tests of this module.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::version::TLS12;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::prelogin::{EncryptionLevel, TABULAR_RESULT, encode, packet};
use super::wrapped::Wrapped;
use crate::susdb::target::CaFile;

/// The version that it claims.
pub(super) const VERSION: [u8; 6] = [15, 0, 0x07, 0xd0, 0, 0];
/// What it says once the client has logged in.
pub(super) const WELCOME: &[u8] = b"welcome";

/// A certificate of a CA of its own.
pub(super) struct Identity {
    pub(super) ca: CaFile,
    pub(super) certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

/// Makes a certificate for a name, valid until the end of a year.
pub(super) fn identity(name: &str, last_year: i32) -> Identity {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca_params = CertificateParams::new(Vec::new()).unwrap();
    // A name of its own: two roots with one name and two keys would be told apart by the signature only.
    ca_params.distinguished_name.push(DnType::CommonName, format!("CA of {name} {last_year}"));
    ca_params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca_params.self_signed(&ca_key).unwrap().pem();
    let issuer = Issuer::new(ca_params, ca_key);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2015, 1, 1);
    params.not_after = date_time_ymd(last_year, 12, 31);
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    Identity { ca: CaFile { path: "ca.pem".into(), pem: pem.into_bytes() }, certificate, config: Arc::new(config) }
}

/// A year that is over for certain, and one that is not.
pub(super) fn past_year() -> i32 {
    2016
}

pub(super) fn future_year() -> i32 {
    let now: DateTime<Utc> = std::time::SystemTime::now().into();
    now.year() + 5
}

/// Answers PRELOGIN with a level; then goes on as that level asks, reads one message and says [`WELCOME`]. Gives the
/// message, and none where the handshake failed.
pub(super) fn serve(
    mut stream: DuplexStream,
    level: EncryptionLevel,
    identity: &Identity,
) -> JoinHandle<Option<Vec<u8>>> {
    let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
    tokio::spawn(async move {
        read_packet(&mut stream).await?;
        stream.write_all(&packet(TABULAR_RESULT, &encode(VERSION, level))).await.ok()?;
        if level == EncryptionLevel::NotSupported {
            let login = read_packet(&mut stream).await?;
            stream.write_all(WELCOME).await.ok()?;
            read_packet(&mut stream).await?;
            return Some(login);
        }
        let mut tls = acceptor.accept(Wrapped::new(stream)).await.ok()?;
        tls.get_mut().0.unwrap_from_now_on();
        let login = read_packet(&mut tls).await?;
        if level == EncryptionLevel::Off {
            let mut stream = tls.into_inner().0.into_inner();
            stream.write_all(WELCOME).await.ok()?;
            // What comes after the login comes in the clear.
            read_packet(&mut stream).await?;
        } else {
            tls.write_all(WELCOME).await.ok()?;
            tls.flush().await.ok()?;
            read_packet(&mut tls).await?;
        }
        Some(login)
    })
}

async fn read_packet<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> Option<Vec<u8>> {
    let mut header = [0; 8];
    stream.read_exact(&mut header).await.ok()?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let mut payload = vec![0; length - 8];
    stream.read_exact(&mut payload).await.ok()?;
    Some(payload)
}
