//! A server's certificate as people look at it, and what can be wrong with it.

use std::fmt;

use chrono::{DateTime, Utc};
use rustls::CertificateError;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// What a certificate says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Whom it is for.
    pub subject: String,
    /// Who made it.
    pub issuer: String,
    /// Names and addresses that it holds for.
    pub dns_names: Vec<String>,
    /// From when.
    pub not_before: Option<DateTime<Utc>>,
    /// Until when.
    pub not_after: Option<DateTime<Utc>>,
    /// SHA-256 of its DER form.
    pub sha256: [u8; 32],
    /// What is too weak about it, or out of date.
    pub weaknesses: Vec<String>,
}

impl PeerCertificate {
    /// Reads a certificate. What cannot be read is left empty: it is shown to say what is wrong with it.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Self {
        let unknown = || "cannot be read".to_owned();
        let mut read = Self {
            subject: unknown(),
            issuer: unknown(),
            dns_names: Vec::new(),
            not_before: None,
            not_after: None,
            sha256: sha256(der),
            weaknesses: Vec::new(),
        };
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return read };
        read.subject = one_line(&certificate.subject().to_string());
        read.issuer = one_line(&certificate.issuer().to_string());
        read.not_before = DateTime::from_timestamp(certificate.validity().not_before.timestamp(), 0);
        read.not_after = DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0);
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            read.dns_names = names.value.general_names.iter().filter_map(name_text).collect();
        }
        read.weaknesses = weaknesses(&certificate);
        read
    }
}

/// Bits of an RSA key from which it is good for anything.
///
/// Source: learn.microsoft.com, "RSA keys less than 2048 bits are deprecated" (grade A).
const RSA_BITS: usize = 2048;

fn weaknesses(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let version = certificate.version().0 + 1;
    if version < 3 {
        found.push(format!("it is an X.509 certificate of version {version}, which holds no names to check"));
    }
    if let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed()
        && key.key_size() < RSA_BITS
    {
        found.push(format!("its RSA key has {} bits", key.key_size()));
    }
    if let Some(digest) = outdated_digest(&certificate.signature_algorithm.algorithm.to_id_string()) {
        found.push(format!("it is signed with {digest}"));
    }
    found
}

/// The digest of a signature algorithm that is no longer accepted.
///
/// Source: RFC 8017, appendix A.2.4 (PKCS #1), RFC 3279 2.2.3 (ECDSA) (grade A).
fn outdated_digest(algorithm: &str) -> Option<&'static str> {
    match algorithm {
        "1.2.840.113549.1.1.4" => Some("MD5"),
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" | "1.2.840.10045.4.1" => Some("SHA-1"),
        _ => None,
    }
}

/// A text of the certificate that no line of its description can be counterfeited with.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(one_line(name)),
        GeneralName::IPAddress([a, b, c, d]) => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
        GeneralName::IPAddress(bytes) => {
            <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())
        }
        _ => None,
    }
}

impl fmt::Display for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = |date: Option<DateTime<Utc>>| {
            date.map_or_else(|| "?".to_owned(), |date| date.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        };
        let names = if self.dns_names.is_empty() { "none".to_owned() } else { self.dns_names.join(", ") };
        writeln!(f, "  subject: {}", self.subject)?;
        writeln!(f, "  issuer:  {}", self.issuer)?;
        writeln!(f, "  names:   {names}")?;
        writeln!(f, "  valid:   {} to {}", date(self.not_before), date(self.not_after))?;
        write!(f, "  SHA-256: {}", hex(&self.sha256))
    }
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateProblem {
    /// None of the trusted roots made it.
    UnknownIssuer,
    /// It is no longer valid.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It is for another name.
    WrongName {
        /// The name that we connected by.
        expected: String,
    },
    /// It is another one than the one pinned.
    WrongPin {
        /// The SHA-256 of the one pinned.
        expected: [u8; 32],
    },
    /// Its issuer has revoked it.
    Revoked,
    /// Whether it is revoked cannot be found out.
    RevocationUnknown,
    /// It is not for servers.
    Purpose,
    /// It, or one above it, is too weak or too old.
    Weak {
        /// How.
        weaknesses: Vec<String>,
    },
    /// It, or one above it, is signed in a way that is not accepted.
    Algorithm,
    /// A signature is wrong: its own, one above it, or that of the handshake.
    Signature,
    /// It is the certificate of a CA.
    Authority,
    /// It has a critical extension that we do not know.
    Extension,
    /// It cannot be read.
    Damaged,
    /// It breaks another rule for certificates of servers.
    Rules,
}

impl CertificateProblem {
    /// Sorts rustls's reasons, with a look at the certificate where they say nothing.
    pub(crate) fn from_rustls(error: &CertificateError, der: &[u8], host: &str, pin: Option<[u8; 32]>) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::UnknownIssuer,
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName { expected: host.to_owned() },
            E::ApplicationVerificationFailure if pin.is_some() => Self::WrongPin { expected: pin.unwrap_or_default() },
            E::Revoked => Self::Revoked,
            E::UnknownRevocationStatus
            | E::ExpiredRevocationList
            | E::ExpiredRevocationListContext { .. }
            | E::InvalidOcspResponse => Self::RevocationUnknown,
            E::InvalidPurpose | E::InvalidPurposeContext { .. } => Self::Purpose,
            E::BadSignature => Self::Signature,
            E::UnhandledCriticalExtension => Self::Extension,
            other => Self::from_certificate(other, der),
        }
    }

    fn from_certificate(error: &CertificateError, der: &[u8]) -> Self {
        use CertificateError as E;
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Self::Damaged };
        let weaknesses = weaknesses(&certificate);
        if !weaknesses.is_empty() {
            return Self::Weak { weaknesses };
        }
        match error {
            E::UnsupportedSignatureAlgorithmContext { .. }
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Self::Algorithm,
            _ if certificate.is_ca() => Self::Authority,
            E::BadEncoding => Self::Damaged,
            _ => Self::Rules,
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => "its issuer is not trusted",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::WrongName { expected } => return write!(f, "it is not for `{expected}`"),
            Self::WrongPin { expected } => return write!(f, "it is not the one pinned ({})", hex(expected)),
            Self::Revoked => "its issuer has revoked it",
            Self::RevocationUnknown => "whether its issuer has revoked it cannot be found out",
            Self::Purpose => "it is not meant for servers: its extended key usage lacks server authentication",
            Self::Weak { weaknesses } => return f.write_str(&weaknesses.join(", and ")),
            Self::Algorithm => "it, or one that it depends on, is signed with an algorithm that is not accepted",
            Self::Signature => {
                "a signature is wrong, of the certificate or of the handshake: somebody may stand in between, or its key is \
                 of a kind or length that cannot be checked (RSA below 2048 bits with TLS 1.3)"
            }
            Self::Authority => "it is the certificate of a CA and not of a server",
            Self::Extension => "it has a critical extension that wsusctl does not know",
            Self::Damaged => "it cannot be read",
            Self::Rules => "it breaks a rule for certificates of servers",
        })
    }
}

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes as lower-case hexadecimal digits, as `?pin=sha256:` takes them.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{CertificateError as E, ExtendedKeyPurpose, OtherError};

    use super::{CertificateProblem, PeerCertificate};
    use crate::susdb::tls::problem::looks_like_debug;

    #[test]
    fn every_reason_has_words() {
        let plain = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let old: &[u8] = include_bytes!("fixtures/version1-rsa1024-sha1.der");
        let other = || E::Other(OtherError(Arc::new(std::io::Error::other("UnsupportedCertVersion"))));
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1));
        let algorithm = || E::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![1, 2, 3],
            supported_algorithms: Vec::new(),
        };
        let reasons = [
            E::BadEncoding,
            E::Expired,
            E::ExpiredContext { time: now, not_after: now },
            E::NotValidYet,
            E::NotValidYetContext { time: now, not_before: now },
            E::Revoked,
            E::UnhandledCriticalExtension,
            E::UnknownIssuer,
            E::UnknownRevocationStatus,
            E::ExpiredRevocationList,
            E::ExpiredRevocationListContext { time: now, next_update: now },
            E::BadSignature,
            algorithm(),
            E::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: vec![1],
                public_key_algorithm_id: vec![2],
            },
            E::NotValidForName,
            E::NotValidForNameContext {
                expected: ServerName::try_from("h").unwrap().to_owned(),
                presented: vec!["DnsName(\"a\")".to_owned()],
            },
            E::InvalidPurpose,
            E::InvalidPurposeContext { required: ExtendedKeyPurpose::ServerAuth, presented: Vec::new() },
            E::InvalidOcspResponse,
            E::ApplicationVerificationFailure,
            other(),
        ];
        for reason in &reasons {
            for der in [plain.der(), authority.der(), old, b"nothing"] {
                let text = CertificateProblem::from_rustls(reason, der, "h", None).to_string();
                assert!(!looks_like_debug(&text) && text.split(' ').count() > 2, "{reason:?}: {text}");
            }
        }
        let of = |reason: &E, der: &[u8]| CertificateProblem::from_rustls(reason, der, "h", None);
        assert_eq!(of(&other(), authority.der()), CertificateProblem::Authority);
        assert_eq!(of(&other(), plain.der()), CertificateProblem::Rules);
        assert_eq!(of(&algorithm(), plain.der()), CertificateProblem::Algorithm);
        assert_eq!(of(&E::BadEncoding, b"nothing"), CertificateProblem::Damaged);
        assert_eq!(
            of(&other(), old).to_string(),
            "it is an X.509 certificate of version 1, which holds no names to check, and its RSA key has 1024 bits, and it \
             is signed with SHA-1"
        );
    }

    #[test]
    fn no_name_can_counterfeit_a_line() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "sql01\n  SHA-256: 00");
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let text = PeerCertificate::from_der(certificate.der()).to_string();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("sql01"), "{text}");
    }
}
