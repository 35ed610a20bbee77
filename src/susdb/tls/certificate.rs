//! A server's certificate as people look at it, and what can be wrong with it.

use std::fmt;

use chrono::{DateTime, Utc};
use rustls::CertificateError;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

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
        };
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return read };
        read.subject = one_line(&certificate.subject().to_string());
        read.issuer = one_line(&certificate.issuer().to_string());
        read.not_before = DateTime::from_timestamp(certificate.validity().not_before.timestamp(), 0);
        read.not_after = DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0);
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            read.dns_names = names.value.general_names.iter().filter_map(name_text).collect();
        }
        read
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
    /// Something else, in rustls's words.
    Unusable {
        /// The words.
        detail: String,
    },
}

impl CertificateProblem {
    /// Sorts rustls's reasons.
    pub(crate) fn from_rustls(error: &CertificateError, host: &str, pin: Option<[u8; 32]>) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::UnknownIssuer,
            E::Expired | E::ExpiredContext { .. } => Self::Expired,
            E::NotValidYet | E::NotValidYetContext { .. } => Self::NotYetValid,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName { expected: host.to_owned() },
            E::ApplicationVerificationFailure => match pin {
                Some(expected) => Self::WrongPin { expected },
                None => Self::Unusable { detail: error.to_string() },
            },
            _ => Self::Unusable { detail: error.to_string() },
        }
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => f.write_str("its issuer is not trusted"),
            Self::Expired => f.write_str("it has expired"),
            Self::NotYetValid => f.write_str("it is not valid yet"),
            Self::WrongName { expected } => write!(f, "it is not for `{expected}`"),
            Self::WrongPin { expected } => write!(f, "it is not the one pinned ({})", hex(expected)),
            Self::Unusable { detail } => f.write_str(detail),
        }
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
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::PeerCertificate;

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
