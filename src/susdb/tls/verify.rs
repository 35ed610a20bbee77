//! The one verifier of server certificates: by chain and name, by pin, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::susdb::error::ConnectError;
use crate::susdb::target::{CaFile, CertificateCheck};

/// Verifies as a [`CertificateCheck`] says, and remembers the certificate that it was shown, for the error message.
#[derive(Debug)]
pub(crate) struct Verifier {
    policy: Policy,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Vec<u8>>>,
}

#[derive(Debug)]
enum Policy {
    /// None where there is not one root to trust.
    Chain(Option<Arc<WebPkiServerVerifier>>),
    Pin([u8; 32]),
    Anything,
}

impl Verifier {
    /// A verifier for this check.
    ///
    /// # Errors
    /// [`ConnectError::CaFile`] where the CA file holds no certificate.
    pub(crate) fn new(check: &CertificateCheck, provider: Arc<CryptoProvider>) -> Result<Self, ConnectError> {
        let policy = match check {
            CertificateCheck::Verify { ca } => Policy::Chain(chain_verifier(ca.as_ref(), &provider)?),
            CertificateCheck::Pin(pin) => Policy::Pin(*pin),
            CertificateCheck::Trust => Policy::Anything,
        };
        Ok(Self { policy, provider, seen: Mutex::new(None) })
    }

    /// The certificate that the server showed, in DER form.
    pub(crate) fn seen(&self) -> Option<Vec<u8>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn chain_verifier(
    ca: Option<&CaFile>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<WebPkiServerVerifier>>, ConnectError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "a root certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    if let Some(ca) = ca {
        add_ca_file(&mut roots, ca)?;
    }
    if roots.is_empty() {
        return Ok(None);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(Some(verifier.expect("there are roots, and no revocation lists that could be wrong")))
}

fn add_ca_file(roots: &mut RootCertStore, ca: &CaFile) -> Result<(), ConnectError> {
    let unusable = |source| ConnectError::CaFile { path: ca.path.clone(), source };
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&ca.pem) {
        let certificate = certificate.map_err(|error| unusable(Some(Box::new(error))))?;
        roots.add(certificate).map_err(|error| unusable(Some(Box::new(error))))?;
        found = true;
    }
    if found { Ok(()) } else { Err(unusable(None)) }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        match &self.policy {
            Policy::Anything => Ok(ServerCertVerified::assertion()),
            Policy::Pin(pin) if super::certificate::sha256(end_entity) == *pin => Ok(ServerCertVerified::assertion()),
            Policy::Pin(_) => Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
            Policy::Chain(None) => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
            Policy::Chain(Some(verifier)) => {
                verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        }
    }

    // Whoever shows a certificate has to own its key, whatever else is checked.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
