//! Why a TLS handshake failed, in words of our own: a library's tell its developers what to look for.

use std::fmt;
use std::io;

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use crate::susdb::line;

/// Why a TLS handshake failed, where it is not the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsProblem {
    /// The connection broke.
    Line(String),
    /// The other side closed it.
    Closed,
    /// What came is no TLS.
    NotTls,
    /// No version of TLS in common.
    Version,
    /// No cipher suite, key exchange or signature in common.
    NoCommonGround,
    /// The other side does not speak TDS 8.0.
    NotStrict,
    /// The other side wants to see a certificate of ours.
    ClientCertificate,
    /// The other side does not know the name that we asked for.
    Name,
    /// The other side gave up, with the number of its reason.
    Alert(u8),
    /// The other side breaks the rules of TLS.
    Rules,
    /// Somebody in between wants an older version of TLS.
    Downgrade,
    /// The other side shows no certificate.
    NoCertificate,
    /// This machine has no random numbers or no clock.
    Machine,
}

impl TlsProblem {
    /// Sorts what a handshake ends with.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return Self::from_rustls(error);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Closed,
            io::ErrorKind::InvalidData => Self::NotTls,
            _ => Self::Line(line::words(error)),
        }
    }

    pub(crate) fn from_rustls(error: &Error) -> Self {
        use PeerIncompatible as I;
        match error {
            Error::AlertReceived(alert) => Self::from_alert(*alert),
            Error::PeerIncompatible(
                I::ServerDoesNotSupportTls12Or13
                | I::ServerTlsVersionIsDisabledByOurConfig
                | I::SupportedVersionsExtensionRequired,
            ) => Self::Version,
            Error::PeerIncompatible(_) | Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm) => {
                Self::NoCommonGround
            }
            Error::PeerMisbehaved(PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported) => Self::Downgrade,
            Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme) => Self::NoCommonGround,
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::DecryptError => Self::Rules,
            Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => Self::Version,
            Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => Self::NotTls,
            Error::NoApplicationProtocol => Self::NotStrict,
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes => Self::Machine,
            _ => Self::Rules,
        }
    }

    fn from_alert(alert: AlertDescription) -> Self {
        use AlertDescription as A;
        match alert {
            A::CloseNotify | A::UserCanceled => Self::Closed,
            A::HandshakeFailure | A::InsufficientSecurity | A::MissingExtension | A::UnsupportedExtension => {
                Self::NoCommonGround
            }
            A::ProtocolVersion | A::InappropriateFallback => Self::Version,
            A::NoApplicationProtocol => Self::NotStrict,
            A::CertificateRequired | A::NoCertificate => Self::ClientCertificate,
            A::UnrecognisedName => Self::Name,
            other => Self::Alert(other.into()),
        }
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line(words) => words,
            Self::Closed => "the server closed the connection in the middle of it",
            Self::NotTls => "what came from the server is no TLS",
            Self::Version => "the server and wsusctl have no version of TLS in common",
            Self::NoCommonGround => "the server and wsusctl have no cipher suite or signature algorithm in common",
            Self::NotStrict => "the server does not speak TDS 8.0",
            Self::ClientCertificate => "the server wants to see a client certificate, and wsusctl has none",
            Self::Name => "the server does not know the host's name in the URL",
            Self::Alert(number) => return write!(f, "the server gave up, with alert {number} of TLS"),
            Self::Rules => "what came from the server breaks the rules of TLS",
            Self::Downgrade => "an older version of TLS was chosen than both sides have: somebody may stand in between",
            Self::NoCertificate => "the server shows no certificate",
            Self::Machine => "this machine gives no time or no random numbers",
        })
    }
}

#[cfg(test)]
/// Whether a text looks like the name of a type, a variant or a value as `Debug` writes them.
pub(crate) fn looks_like_debug(text: &str) -> bool {
    let camel = |word: &str| {
        let letters: Vec<char> = word.chars().collect();
        letters.windows(3).any(|three| three[0].is_lowercase() && three[1].is_uppercase() && three[2].is_lowercase())
    };
    text.contains("::") || text.contains(['{', '}', '"']) || text.contains("Error(") || text.split(' ').any(camel)
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::{
        AlertDescription, CertRevocationListError, ContentType, Error, HandshakeType, InconsistentKeys, InvalidMessage,
        PeerIncompatible as I, PeerMisbehaved as M,
    };

    use super::{TlsProblem, looks_like_debug};

    #[test]
    fn every_failure_has_words() {
        let mut errors = vec![
            Error::InappropriateMessage { expect_types: vec![ContentType::Alert], got_type: ContentType::Handshake },
            Error::InappropriateHandshakeMessage {
                expect_types: vec![HandshakeType::Finished],
                got_type: HandshakeType::ServerHello,
            },
            Error::NoCertificatesPresented,
            Error::UnsupportedNameType,
            Error::DecryptError,
            Error::EncryptError,
            Error::General("SomeType { field: 1 }".to_owned()),
            Error::FailedToGetCurrentTime,
            Error::FailedToGetRandomBytes,
            Error::HandshakeNotComplete,
            Error::PeerSentOversizedRecord,
            Error::NoApplicationProtocol,
            Error::BadMaxFragmentSize,
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch),
            Error::InvalidCertRevocationList(CertRevocationListError::BadSignature),
        ];
        errors.extend((0..=255).map(|code| Error::AlertReceived(AlertDescription::from(code))));
        for message in [
            InvalidMessage::InvalidContentType,
            InvalidMessage::UnknownProtocolVersion,
            InvalidMessage::MessageTooShort,
            InvalidMessage::MissingData("ServerHello"),
            InvalidMessage::DuplicateExtension(1),
        ] {
            errors.push(Error::InvalidMessage(message));
        }
        for reason in [
            I::ServerDoesNotSupportTls12Or13,
            I::ServerTlsVersionIsDisabledByOurConfig,
            I::NoCipherSuitesInCommon,
            I::NoKxGroupsInCommon,
            I::NoSignatureSchemesInCommon,
            I::ExtendedMasterSecretExtensionRequired,
            I::ServerRejectedEncryptedClientHello(None),
        ] {
            errors.push(Error::PeerIncompatible(reason));
        }
        for reason in [
            M::AttemptedDowngradeToTls12WhenTls13IsSupported,
            M::SelectedUnofferedCipherSuite,
            M::SignedKxWithWrongAlgorithm,
            M::SignedHandshakeWithUnadvertisedSigScheme,
            M::TooManyWarningAlertsReceived,
        ] {
            errors.push(Error::PeerMisbehaved(reason));
        }
        for error in errors {
            let text = TlsProblem::from_rustls(&error).to_string();
            assert!(!looks_like_debug(&text), "{error:?}: {text}");
            assert!(text.split(' ').count() > 3, "{error:?}: {text}");
        }
    }

    #[test]
    fn the_likely_ones_are_told_apart() {
        let of = |error: Error| TlsProblem::from_io(&io::Error::new(io::ErrorKind::InvalidData, error));
        assert_eq!(of(Error::AlertReceived(AlertDescription::ProtocolVersion)), TlsProblem::Version);
        assert_eq!(of(Error::AlertReceived(AlertDescription::HandshakeFailure)), TlsProblem::NoCommonGround);
        assert_eq!(of(Error::AlertReceived(AlertDescription::NoApplicationProtocol)), TlsProblem::NotStrict);
        assert_eq!(of(Error::AlertReceived(AlertDescription::InternalError)), TlsProblem::Alert(80));
        assert_eq!(of(Error::InvalidMessage(InvalidMessage::InvalidContentType)), TlsProblem::NotTls);
        assert_eq!(TlsProblem::from_io(&io::ErrorKind::UnexpectedEof.into()), TlsProblem::Closed);
        let reset = TlsProblem::from_io(&io::ErrorKind::ConnectionReset.into());
        assert_eq!(reset.to_string(), "the other side reset the connection");
    }
}
