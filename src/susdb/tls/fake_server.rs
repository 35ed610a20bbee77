//! A server that does PRELOGIN and TLS and nothing else, for the tests of this module.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData, SigningKey, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
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
    key: KeyPair,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// The same certificate, shown by somebody who has another key.
    pub(super) fn with_key_of(&self, other: &Self) -> Self {
        let key = KeyPair::try_from(other.key.serialize_der()).unwrap();
        Self { ca: self.ca.clone(), certificate: self.certificate.clone(), config: show(&self.certificate, &key), key }
    }
}

/// Shows a certificate without a look at it.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn show(certificate: &CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let provider = ring::default_provider();
    let signer = provider.key_provider.load_private_key(PrivatePkcs8KeyDer::from(key.serialize_der()).into()).unwrap();
    let shown = Shown(Arc::new(CertifiedKey::new(vec![certificate.clone()], signer)));
    let builder = ServerConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[&TLS12]).unwrap();
    Arc::new(builder.with_no_client_auth().with_cert_resolver(Arc::new(shown)))
}

fn pem(der: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |three: &[u8]| {
        let bits = [0, 1, 2].map(|index| u32::from(three.get(index).copied().unwrap_or(0)));
        let bits = bits[0] << 16 | bits[1] << 8 | bits[2];
        let digit = |place: usize| DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
        let used = three.len() + 1;
        [0, 1, 2, 3].map(|place| if place < used { digit(place) } else { b'=' })
    };
    let text: Vec<u8> = der.chunks(3).flat_map(encode).collect();
    let lines = text.chunks(64).flat_map(|line| [line, b"\n"].concat()).collect::<Vec<_>>();
    [b"-----BEGIN CERTIFICATE-----\n", &lines[..], b"-----END CERTIFICATE-----\n"].concat()
}

/// A certificate of X.509 version 1, signed by itself: it ends where the extensions would begin.
pub(super) fn version_1(name: &str) -> Identity {
    let der = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], content].concat()
    };
    let key = KeyPair::generate().unwrap();
    // ecdsa-with-SHA256, and id-at-commonName.
    let algorithm = der(0x30, &[0x06, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2]);
    let common_name = [&[0x06, 3, 0x55, 4, 3][..], &der(0x0C, name.as_bytes())].concat();
    let subject = der(0x30, &der(0x31, &der(0x30, &common_name)));
    let validity = der(0x30, &[der(0x17, b"200101000000Z"), der(0x18, b"20990101000000Z")].concat());
    let serial = [2, 1, 1].to_vec();
    let body = [serial, algorithm.clone(), subject.clone(), validity, subject, key.subject_public_key_info()].concat();
    let body = der(0x30, &body);
    let signature = der(0x03, &[&[0][..], &key.sign(&body).unwrap()].concat());
    let certificate = CertificateDer::from(der(0x30, &[body, algorithm, signature].concat()));
    Identity {
        ca: CaFile { path: "own.pem".into(), pem: pem(&certificate) },
        config: show(&certificate, &key),
        certificate,
        key,
    }
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
    Identity { ca: CaFile { path: "ca.pem".into(), pem: pem.into_bytes() }, certificate, config: Arc::new(config), key }
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
