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
    Generate,
    /// PEM text could not be read.
    #[error("the {part} is not valid PEM, or there is none in the file")]
    Pem {
        /// Certificate or key.
        part: &'static str,
    },
    /// No certificate in the PEM text.
    #[error("there is no certificate in the PEM text")]
    NoCertificate,
    /// The key is another certificate's.
    #[error("the key does not belong to the certificate")]
    OtherKey,
    /// The certificate cannot be read.
    #[error("the certificate cannot be read: it has to be of X.509 version 3")]
    Certificate,
    /// The key cannot be used.
    #[error("the key cannot sign: it has to be RSA of 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519")]
    Key,
}

impl From<rustls::Error> for IdentityError {
    /// The library's own words are for its developers.
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::OtherKey,
            rustls::Error::InvalidCertificate(_) => Self::Certificate,
            _ => Self::Key,
        }
    }
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
            .map_err(|_| IdentityError::Generate)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "wsusctl sandbox");
        let key = KeyPair::generate().map_err(|_| IdentityError::Generate)?;
        let certificate = params.self_signed(&key).map_err(|_| IdentityError::Generate)?;
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
            .map_err(|_| IdentityError::Pem { part: "certificate" })?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| IdentityError::Pem { part: "key" })?;
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
            .map_err(IdentityError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, IdentityError};

    fn pem(names: &[String]) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(names.to_vec()).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn what_cannot_serve_says_why() {
        let ((certificate, key), (_, other)) = (pem(&["a".to_owned()]), pem(&[]));
        let problem = |certificate: &str, key: &str| {
            Identity::from_pem(certificate, key).and_then(|identity| identity.server_config()).err().unwrap()
        };
        assert!(Identity::from_pem(&certificate, &key).unwrap().strict_server_config().is_ok());
        assert!(matches!(problem(&certificate, &other), IdentityError::OtherKey));
        assert!(matches!(problem("nothing", &key), IdentityError::NoCertificate));
        assert!(matches!(problem(&certificate, "nothing"), IdentityError::Pem { part: "key" }));
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(problem(damaged, &key), IdentityError::Certificate));
    }
}
