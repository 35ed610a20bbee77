//! Encryption, with a client that puts TLS into PRELOGIN packets by hand.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use wsusctl::sandbox::tds::{ConnectionError, Encryption, Identity, ServerSettings};

use crate::raw::{Served, batch, last_done, login7, packet, prelogin, read_message, start, with_password};

const OFF: u8 = 0;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const REQUIRED: u8 = 3;

#[derive(Clone, Copy)]
enum Mode {
    Off,
    LoginOnly,
    Required,
}

fn settings(mode: Mode) -> (ServerSettings, Identity) {
    let identity = Identity::self_signed(&["wsus.example".to_owned()]).unwrap();
    let config = identity.server_config().unwrap();
    let mut settings = with_password();
    settings.encryption = match mode {
        Mode::Off => Encryption::Off,
        Mode::LoginOnly => Encryption::LoginOnly(config),
        Mode::Required => Encryption::Required(config),
    };
    (settings, identity)
}

/// Sends PRELOGIN and gives what the server says of encryption.
async fn negotiate(mode: Mode, said: u8) -> (u8, DuplexStream, Served, Identity) {
    let (settings, identity) = settings(mode);
    let (mut client, served) = start(settings);
    client.write_all(&prelogin(said)).await.unwrap();
    let answer = read_message(&mut client).await.unwrap();
    let option = answer.chunks(5).find(|option| option[0] == 1).unwrap();
    let offset = usize::from(u16::from_be_bytes([option[1], option[2]]));
    (answer[offset], client, served, identity)
}

/// A TLS client whose records are moved by hand.
struct Tls(ClientConnection);

impl Tls {
    /// The handshake inside PRELOGIN packets, as MS-TDS 2.2.6.5 has it.
    async fn handshake(identity: &Identity, name: &str, stream: &mut DuplexStream) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(identity.certificate_pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        while tls.is_handshaking() {
            let mut flight = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut flight).unwrap();
            }
            if !flight.is_empty() {
                stream.write_all(&packet(0x12, &flight)).await.unwrap();
            }
            if tls.is_handshaking() {
                let records = read_message(stream).await.unwrap();
                let mut rest = &records[..];
                while !rest.is_empty() {
                    tls.read_tls(&mut rest).unwrap();
                    tls.process_new_packets()?;
                }
            }
        }
        Ok(Self(tls))
    }

    async fn write(&mut self, bytes: &[u8], stream: &mut DuplexStream) {
        self.0.writer().write_all(bytes).unwrap();
        let mut records = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut records).unwrap();
        }
        stream.write_all(&records).await.unwrap();
    }

    /// The payload of a message that came as TLS records.
    async fn read_message(&mut self, stream: &mut DuplexStream) -> Vec<u8> {
        let mut plain = Vec::new();
        loop {
            let mut part = [0; 4096];
            match self.0.reader().read(&mut part) {
                Ok(count) => plain.extend_from_slice(&part[..count]),
                Err(_) => {
                    let count = stream.read(&mut part).await.unwrap();
                    assert!(count > 0, "closed");
                    self.0.read_tls(&mut &part[..count]).unwrap();
                    self.0.process_new_packets().unwrap();
                }
            }
            if plain.len() >= 4 && plain.len() == usize::from(u16::from_be_bytes([plain[2], plain[3]])) {
                return plain.split_off(8);
            }
        }
    }
}

fn login() -> Vec<u8> {
    login7(0x7400_0004, "sa", "P@ss wörd", "")
}

#[tokio::test]
async fn encryption_is_negotiated_as_documented() {
    for (mode, said, answered) in [
        (Mode::Off, OFF, NOT_SUPPORTED),
        (Mode::Off, NOT_SUPPORTED, NOT_SUPPORTED),
        (Mode::LoginOnly, OFF, OFF),
        (Mode::LoginOnly, ON, ON),
        (Mode::LoginOnly, REQUIRED, ON),
        (Mode::LoginOnly, NOT_SUPPORTED, NOT_SUPPORTED),
        (Mode::Required, OFF, REQUIRED),
        (Mode::Required, ON, ON),
        (Mode::Required, REQUIRED, ON),
        (Mode::Required, NOT_SUPPORTED, REQUIRED),
    ] {
        assert_eq!(negotiate(mode, said).await.0, answered);
    }
    let (_, _client, served, _) = negotiate(Mode::Required, NOT_SUPPORTED).await;
    let ended = served.await.unwrap().unwrap_err();
    assert!(matches!(ended, ConnectionError::EncryptionMismatch { client: 2, .. }), "{ended}");
}

#[tokio::test]
async fn only_the_login_is_encrypted() {
    let (_, mut stream, _served, identity) = negotiate(Mode::LoginOnly, OFF).await;
    let mut tls = Tls::handshake(&identity, "localhost", &mut stream).await.unwrap();
    assert_eq!(tls.0.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
    tls.write(&login(), &mut stream).await;
    let greeting = read_message(&mut stream).await.unwrap();
    assert_eq!(last_done(&greeting), (0xFD, 0), "in the clear");
    stream.write_all(&batch("count 2")).await.unwrap();
    assert_eq!(last_done(&read_message(&mut stream).await.unwrap()), (0xFD, 0x10));
}

#[tokio::test]
async fn everything_is_encrypted() {
    for (mode, said) in [(Mode::LoginOnly, ON), (Mode::Required, OFF), (Mode::Required, ON)] {
        let (_, mut stream, _served, identity) = negotiate(mode, said).await;
        let mut tls = Tls::handshake(&identity, "wsus.example", &mut stream).await.unwrap();
        tls.write(&login(), &mut stream).await;
        assert_eq!(last_done(&tls.read_message(&mut stream).await), (0xFD, 0));
        tls.write(&batch("count 2"), &mut stream).await;
        assert_eq!(last_done(&tls.read_message(&mut stream).await), (0xFD, 0x10));
    }
}

#[tokio::test]
async fn the_certificate_names_the_loopback_addresses_and_the_given_names_only() {
    for (name, known) in [("127.0.0.1", true), ("::1", true), ("localhost", true), ("other.example", false)] {
        let (_, mut stream, _served, identity) = negotiate(Mode::Required, ON).await;
        assert_eq!(Tls::handshake(&identity, name, &mut stream).await.is_ok(), known, "{name}");
    }
}

#[tokio::test]
async fn a_clear_login_where_tls_is_due_ends_the_connection() {
    for bytes in [login(), packet(0x12, &[0xAB; 200]), packet(0x12, &[]), vec![0x12, 1, 0, 3, 0, 0, 0, 0]] {
        let (_, mut stream, served, _) = negotiate(Mode::Required, ON).await;
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        assert!(matches!(served.await.unwrap(), Err(ConnectionError::Tls(_))));
    }
}

#[test]
fn an_identity_survives_pem_and_has_a_fingerprint() {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let identity = Identity::from_pem(&own.cert.pem(), &own.signing_key.serialize_pem()).unwrap();
    assert!(identity.server_config().is_ok());
    let expected = <sha2::Sha256 as sha2::Digest>::digest(own.cert.der());
    assert_eq!(identity.fingerprint()[..], expected[..]);
    assert!(Identity::from_pem("", &own.signing_key.serialize_pem()).is_err());
    assert!(Identity::from_pem(&own.cert.pem(), "no key").is_err());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mismatched = Identity::from_pem(&own.cert.pem(), &other.signing_key.serialize_pem()).unwrap();
    assert!(mismatched.server_config().is_err());
}
