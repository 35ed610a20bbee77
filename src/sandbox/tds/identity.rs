//! The certificate that a server shows, and its key.

use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

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

    /// What a server of TDS 8 offers: TLS 1.3 and 1.2, and its name for ALPN.
    ///
    /// # Errors
    /// Where the key does not belong to the certificate or cannot be used.
    pub fn strict_server_config(&self) -> Result<Arc<ServerConfig>, IdentityError> {
        let mut config = self.config(&[&TLS13, &TLS12])?;
        config.alpn_protocols = vec![b"tds/8.0".to_vec()];
        Ok(Arc::new(config))
    }

    /// What the server offers in TLS handshakes: TLS 1.2. TDS 7 cannot do without it where only the login is encrypted,
    /// and SQL Server speaks TLS 1.3 with TDS 8 only.
    ///
    /// # Errors
    /// Where the key does not belong to the certificate or cannot be used.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, IdentityError> {
        self.config(&[&TLS12]).map(Arc::new)
    }

    fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> Result<ServerConfig, IdentityError> {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(self.certificates.clone(), self.key.clone_key())
            })
            .map_err(IdentityError::Config)
    }
}
