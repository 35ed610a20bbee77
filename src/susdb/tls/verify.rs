//! The one verifier of server certificates: by chain and name, by pin, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::signature::{self, Rules};
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
    Chain {
        /// None where there is not one root to trust.
        chain: Option<Arc<WebPkiServerVerifier>>,
        /// The certificates of the CA file. A server that shows one of them is trusted as it is, whatever its version, key
        /// or signature: somebody has put it there.
        named: Vec<CertificateDer<'static>>,
    },
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
            CertificateCheck::Verify { ca } => {
                let named = ca.as_ref().map_or(Ok(Vec::new()), read_ca_file)?;
                Policy::Chain { chain: chain_verifier(&named, &provider), named }
            }
            CertificateCheck::Pin(pin) => Policy::Pin(*pin),
            CertificateCheck::Trust => Policy::Anything,
        };
        Ok(Self { policy, provider, seen: Mutex::new(None) })
    }

    /// The certificate that the server showed, in DER form.
    pub(crate) fn seen(&self) -> Option<Vec<u8>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a certificate is trusted for itself and not for who made it.
    fn takes_as_it_is(&self, certificate: &CertificateDer<'_>) -> bool {
        match &self.policy {
            Policy::Chain { named, .. } => named.contains(certificate),
            Policy::Pin(_) | Policy::Anything => true,
        }
    }

    /// Whoever shows a certificate has to own its key, whatever else is checked.
    fn check_owner(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
        rules: Rules,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        if self.takes_as_it_is(certificate) {
            signature::verify(certificate, signature.scheme, message, signature.signature(), rules, known)?;
            return Ok(HandshakeSignatureValid::assertion());
        }
        match rules {
            Rules::Tls12 => verify_tls12_signature(message, certificate, signature, known),
            Rules::Tls13 => verify_tls13_signature(message, certificate, signature, known),
        }
    }
}

fn chain_verifier(
    named: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "a root certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    roots.add_parsable_certificates(named.iter().cloned());
    if roots.is_empty() {
        return None;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Some(verifier.expect("there are roots, and no revocation lists that could be wrong"))
}

fn read_ca_file(ca: &CaFile) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    let unusable = |problem: String| ConnectError::CaFile { path: ca.path.clone(), problem };
    let mut found = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(&ca.pem).enumerate() {
        let number = index + 1;
        let certificate = certificate.map_err(|_| unusable(format!("block {number} of it is not whole")))?;
        if X509Certificate::from_der(&certificate).is_err() {
            return Err(unusable(format!("certificate {number} of it cannot be read")));
        }
        found.push(certificate);
    }
    if found.is_empty() { Err(unusable("it has no block `-----BEGIN CERTIFICATE-----`".to_owned())) } else { Ok(found) }
}

/// Checks dates and name of a certificate that the CA file names, without rustls, which may not be able to read it.
fn check_named(certificate: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, read) =
        X509Certificate::from_der(certificate).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < read.validity().not_before.timestamp() {
        return Err(Error::InvalidCertificate(CertificateError::NotValidYet));
    }
    if now > read.validity().not_after.timestamp() {
        return Err(Error::InvalidCertificate(CertificateError::Expired));
    }
    match ParsedCertificate::try_from(certificate) {
        Ok(parsed) => rustls::client::verify_server_name(&parsed, name),
        // No extensions, no names: what it is for stands in its subject.
        Err(_)
            if read
                .subject()
                .iter_common_name()
                .any(|common| common.as_str().is_ok_and(|common| common.eq_ignore_ascii_case(&name.to_str()))) =>
        {
            Ok(())
        }
        Err(_) => Err(Error::InvalidCertificate(CertificateError::NotValidForName)),
    }
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
            Policy::Chain { named, .. } if named.contains(end_entity) => {
                check_named(end_entity, server_name, now).map(|()| ServerCertVerified::assertion())
            }
            Policy::Chain { chain: None, .. } => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
            Policy::Chain { chain: Some(verifier), .. } => {
                verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_owner(message, certificate, signature, Rules::Tls12)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_owner(message, certificate, signature, Rules::Tls13)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match &self.policy {
            Policy::Chain { named, .. } if named.is_empty() => {
                self.provider.signature_verification_algorithms.supported_schemes()
            }
            _ => signature::SCHEMES.to_vec(),
        }
    }
}
