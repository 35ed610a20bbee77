//! Handshake signatures of certificates that are trusted as they are: pinned, named in the CA file, or not checked.
//!
//! rustls reads X.509 of version 3 only and takes RSA keys from 2048 bits on. The certificate that SQL Server makes for
//! itself may have neither. Who trusts exactly that certificate still has to know that the other side owns its key.

use ring::signature::{
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RsaParameters, UnparsedPublicKey,
};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::SignatureVerificationAlgorithm;
use rustls::{CertificateError, Error, SignatureScheme};
use x509_parser::asn1_rs::Any;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The version of TLS whose rules a signature keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Tls12,
    Tls13,
}

/// The schemes to offer to a server whose certificate is trusted as it is. PKCS #1 goes before PSS, which ring does not
/// verify with short keys; SHA-1 is among them because Schannel wants the scheme of the certificate's own signature offered.
pub(super) const SCHEMES: [SignatureScheme; 10] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// Verifies that the owner of a certificate's key has signed a message.
///
/// # Errors
/// A certificate or key that cannot be used, a scheme that the version of TLS does not have, a wrong signature.
pub(super) fn verify(
    certificate: &[u8],
    scheme: SignatureScheme,
    message: &[u8],
    signature: &[u8],
    rules: Rules,
    known: &WebPkiSupportedAlgorithms,
) -> Result<(), Error> {
    let damaged = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| damaged())?;
    let spki = certificate.public_key();
    let key = &*spki.subject_public_key.data;
    let valid = match short_key(scheme, rules) {
        Some(algorithm) if matches!(spki.parsed(), Ok(PublicKey::RSA(_))) => {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        }
        _ => {
            let (_, whole) = Any::from_der(spki.raw).map_err(|_| damaged())?;
            let (_, algorithm) = Any::from_der(whole.data).map_err(|_| damaged())?;
            candidates(scheme, rules, known)
                .filter(|candidate| candidate.public_key_alg_id().as_ref() == algorithm.data)
                .any(|candidate| candidate.verify_signature(key, message, signature).is_ok())
        }
    };
    if valid { Ok(()) } else { Err(Error::InvalidCertificate(CertificateError::BadSignature)) }
}

/// What verifies a PKCS #1 signature by a key of 1024 bits or more.
fn short_key(scheme: SignatureScheme, rules: Rules) -> Option<&'static RsaParameters> {
    match (rules, scheme) {
        (Rules::Tls12, SignatureScheme::RSA_PKCS1_SHA1) => Some(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (Rules::Tls12, SignatureScheme::RSA_PKCS1_SHA256) => Some(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (Rules::Tls12, SignatureScheme::RSA_PKCS1_SHA512) => Some(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        _ => None,
    }
}

/// What rustls verifies a scheme with. In TLS 1.3 a scheme names the curve, and there is no PKCS #1.
///
/// Source: RFC 8446, 4.2.3 (grade A).
fn candidates(
    scheme: SignatureScheme,
    rules: Rules,
    known: &WebPkiSupportedAlgorithms,
) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    let outdated = matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA256 | SignatureScheme::RSA_PKCS1_SHA384 | SignatureScheme::RSA_PKCS1_SHA512
    );
    let count = match rules {
        Rules::Tls12 => usize::MAX,
        Rules::Tls13 if outdated => 0,
        Rules::Tls13 => 1,
    };
    let found = known.mapping.iter().find(|(mapped, _)| *mapped == scheme).map_or(&[][..], |(_, found)| *found);
    found.iter().copied().take(count)
}

#[cfg(test)]
mod tests {
    use rustls::SignatureScheme;
    use rustls::crypto::ring;

    use super::{Rules, verify};

    /// What openssl made: X.509 of version 1, RSA with 1024 bits, signed by itself with SHA-1.
    const CERTIFICATE: &[u8] = include_bytes!("fixtures/version1-rsa1024-sha1.der");
    const MESSAGE: &[u8] = b"what both sides said so far";

    #[test]
    fn a_short_key_signs() {
        let known = ring::default_provider().signature_verification_algorithms;
        let check = |scheme, message: &[u8], signature, rules| {
            verify(CERTIFICATE, scheme, message, signature, rules, &known).is_ok()
        };
        for (scheme, signature) in [
            (SignatureScheme::RSA_PKCS1_SHA1, &include_bytes!("fixtures/signature.sha1")[..]),
            (SignatureScheme::RSA_PKCS1_SHA256, include_bytes!("fixtures/signature.sha256")),
            (SignatureScheme::RSA_PKCS1_SHA512, include_bytes!("fixtures/signature.sha512")),
        ] {
            assert!(check(scheme, MESSAGE, signature, Rules::Tls12), "{scheme:?}");
            // Another message, another scheme, another version of TLS.
            assert!(!check(scheme, b"something else", signature, Rules::Tls12), "{scheme:?}");
            assert!(!check(SignatureScheme::RSA_PSS_SHA256, MESSAGE, signature, Rules::Tls12), "{scheme:?}");
            assert!(!check(SignatureScheme::ECDSA_NISTP256_SHA256, MESSAGE, signature, Rules::Tls12), "{scheme:?}");
            assert!(!check(scheme, MESSAGE, signature, Rules::Tls13), "{scheme:?}");
        }
        let signature = include_bytes!("fixtures/signature.sha256");
        let scheme = SignatureScheme::RSA_PKCS1_SHA256;
        assert!(verify(b"no certificate", scheme, MESSAGE, signature, Rules::Tls12, &known).is_err());
    }
}
