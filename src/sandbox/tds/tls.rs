//! TLS below TDS: the handshake travels inside PRELOGIN packets, what comes after it does not (MS-TDS 3.2.5.1).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::packet::{DEFAULT_PACKET_SIZE, HEADER_LENGTH, Header, PacketWriter, kind};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A self-signed certificate could not be made.
    #[error("a self-signed certificate could not be made")]
    Generate(#[source] rcgen::Error),
    /// PEM text could not be read.
    #[error("the {part} is not valid PEM")]
    Pem {
        /// Certificate or key.
        part: &'static str,
        /// What is wrong.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// No certificate in the PEM text.
    #[error("there is no certificate in the PEM text")]
    NoCertificate,
    /// Certificate and key cannot serve TLS together.
    #[error("the certificate and the key cannot serve TLS")]
    Config(#[source] rustls::Error),
}

/// A certificate with its private key. Has no Debug.
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    certificate_pem: String,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Makes a self-signed certificate for localhost, its addresses, and more names.
    ///
    /// # Errors
    /// Where a name cannot stand in a certificate.
    pub fn self_signed(names: &[String]) -> Result<Self, IdentityError> {
        let own = ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned);
        let mut params = CertificateParams::new(own.chain(names.iter().cloned()).collect::<Vec<_>>())
            .map_err(IdentityError::Generate)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "wsusctl sandbox");
        let key = KeyPair::generate().map_err(IdentityError::Generate)?;
        let certificate = params.self_signed(&key).map_err(IdentityError::Generate)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            certificates: vec![certificate.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }

    /// Takes a certificate chain, the server's own first, and its key as PEM.
    ///
    /// # Errors
    /// Where either is not PEM or not there.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, IdentityError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|source| IdentityError::Pem { part: "certificate", source })?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|source| IdentityError::Pem { part: "key", source })?;
        Ok(Self { certificates: chain, certificate_pem: certificates.to_owned(), key })
    }

    /// The certificate, or the chain that was given, as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The SHA-256 of the server's own certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let sha256 = suite.tls13().expect("a suite of TLS 1.3").common.hash_provider;
        sha256.hash(&self.certificates[0]).as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// What the server offers in TLS handshakes: TLS 1.2. TDS 7 cannot do without it where only the login is encrypted,
    /// and SQL Server speaks TLS 1.3 with TDS 8 only.
    ///
    /// # Errors
    /// Where the key does not belong to the certificate or cannot be used.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, IdentityError> {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(self.certificates.clone(), self.key.clone_key())
            })
            .map(Arc::new)
            .map_err(IdentityError::Config)
    }
}

/// A stream that puts what is written into PRELOGIN packets and takes what is read out of them, until it is told that
/// the handshake is over.
pub(super) struct Framing<S> {
    stream: S,
    handshaking: bool,
    /// The header being read.
    header: [u8; HEADER_LENGTH],
    header_read: usize,
    /// Bytes left of the packet being read.
    left: usize,
    writer: PacketWriter,
    /// Bytes of the flight under way.
    flight: Vec<u8>,
    packets: Vec<u8>,
    written: usize,
}

impl<S> Framing<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            handshaking: true,
            header: [0; HEADER_LENGTH],
            header_read: 0,
            left: 0,
            writer: PacketWriter::new(kind::PRELOGIN, DEFAULT_PACKET_SIZE, 0),
            flight: Vec::new(),
            packets: Vec::new(),
            written: 0,
        }
    }

    /// From now on bytes pass as they are.
    pub(super) fn end_handshake(&mut self) {
        self.handshaking = false;
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> Framing<S> {
    /// Reads the next packet's header, unless inside a packet; `false` at the end of the stream.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.left == 0 {
            let mut buffer = ReadBuf::new(&mut self.header[self.header_read..]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            match buffer.filled().len() {
                0 => return Poll::Ready(Ok(false)),
                read => self.header_read += read,
            }
            if self.header_read < HEADER_LENGTH {
                continue;
            }
            self.header_read = 0;
            match Header::parse(&self.header) {
                Ok(header) if header.kind == kind::PRELOGIN => self.left = usize::from(header.length) - HEADER_LENGTH,
                Ok(_) => return Poll::Ready(Err(io::Error::other("TLS handshake outside PRELOGIN packets"))),
                Err(problem) => return Poll::Ready(Err(io::Error::other(problem))),
            }
        }
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framing<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, target: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.stream).poll_read(context, target);
        }
        if !ready!(this.poll_header(context))? {
            return Poll::Ready(Ok(()));
        }
        let mut part = target.take(this.left);
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut part))?;
        let read = part.filled().to_vec();
        this.left -= read.len();
        // `take` gives a view of the unfilled part that `target` does not know was filled.
        target.put_slice(&read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framing<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        }
        this.flight.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.flight.is_empty() {
            let flight = std::mem::take(&mut this.flight);
            this.packets.extend_from_slice(&this.writer.message(&flight));
        }
        while this.written < this.packets.len() {
            let count = ready!(Pin::new(&mut this.stream).poll_write(context, &this.packets[this.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.written += count;
        }
        this.packets.clear();
        this.written = 0;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut *this).poll_flush(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

/// What a connection runs over after the handshake.
pub(super) enum Transport<S> {
    /// The stream as it is.
    Plain(S),
    /// TLS for everything.
    Encrypted(Box<TlsStream<Framing<S>>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Transport<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, target: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, target),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, target),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Transport<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
