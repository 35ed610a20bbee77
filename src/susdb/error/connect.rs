//! Why no session came to be: one variant a stage, and what to try.

use std::io;
use std::time::Duration;

use super::hints;
use crate::susdb::attempts::{Attempt, lines};
use crate::susdb::driver::DriverProblem;
use crate::susdb::target::Target;
use crate::susdb::tls::certificate::{CertificateProblem, PeerCertificate};
use crate::susdb::tls::prelogin::PreloginError;
use crate::susdb::tls::problem::TlsProblem;

/// Why no session came to be.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host name has no address.
    #[error("cannot find the address of `{host}`")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver says.
        #[source]
        source: io::Error,
    },
    /// The SQL Browser did not say where the instance listens.
    #[error("the SQL Browser of {host} does not say on which port instance `{instance}` listens{}", lines(.attempts))]
    Browser {
        /// The host.
        host: String,
        /// The instance.
        instance: String,
        /// The addresses that were asked.
        attempts: Vec<Attempt>,
    },
    /// None of the host's addresses took a connection.
    #[error("cannot open a TCP connection to {host} port {port}{}", lines(.attempts))]
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The addresses that were tried.
        attempts: Vec<Attempt>,
    },
    /// The caller's connector gave no stream.
    #[error("cannot open {endpoint}")]
    Connector {
        /// What the connector is called.
        endpoint: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// This machine has no such pipe.
    #[error("no such pipe: {path}")]
    NoPipe {
        /// The pipe.
        path: &'static str,
    },
    /// The pipe is there and cannot be opened.
    #[error("cannot open the pipe {path}")]
    Pipe {
        /// The pipe.
        path: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `wid:` on another system than Windows.
    #[error("`wid:` works on the WSUS server itself only: the Windows Internal Database has no network port")]
    PipeElsewhere,
    /// The other side does not talk TDS.
    #[error("{endpoint} does not answer as a SQL Server")]
    Prelogin {
        /// The server.
        endpoint: String,
        /// How.
        #[source]
        source: PreloginError,
    },
    /// We ask for encryption and the server has none.
    #[error("{endpoint} does not support encryption, and encryption is required")]
    NoEncryption {
        /// The server.
        endpoint: String,
    },
    /// The server asks for encryption and we have switched it off.
    #[error("{endpoint} requires encryption, and the URL says encrypt=off")]
    EncryptionDemanded {
        /// The server.
        endpoint: String,
    },
    /// The host's name cannot be the name in a certificate.
    #[error("`{host}` cannot stand in a certificate, so the server's certificate cannot be checked against it")]
    HostName {
        /// The host.
        host: String,
    },
    /// The CA file holds no usable certificate.
    #[error("{path} holds no usable CA certificate: {problem}")]
    CaFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The TLS handshake broke.
    #[error("the TLS handshake with {endpoint} failed: {problem}")]
    Tls {
        /// The server.
        endpoint: String,
        /// Why.
        problem: TlsProblem,
    },
    /// The server's certificate is not accepted.
    #[error("the certificate of {endpoint} is not accepted: {problem}\n{certificate}")]
    Certificate {
        /// The server.
        endpoint: String,
        /// What is wrong with it.
        problem: CertificateProblem,
        /// The certificate.
        certificate: Box<PeerCertificate>,
    },
    /// This build cannot log in that way.
    #[error("{method} authentication is not in this build")]
    NoSuchAuthentication {
        /// The method.
        method: &'static str,
        /// The cargo feature that brings it to this system, where one does.
        feature: Option<&'static str>,
    },
    /// The server refused the login.
    #[error("{endpoint} refused the login{}: {message} (error {number}, state {state})", of_user(.user.as_deref()))]
    Login {
        /// The server.
        endpoint: String,
        /// The login, where it is one with a name.
        user: Option<String>,
        /// SQL Server's error number: 18456 for a wrong user or password.
        number: u32,
        /// Its state.
        state: u8,
        /// Its text.
        message: String,
    },
    /// Logged in, but the database cannot be opened.
    #[error("{endpoint} does not open database `{database}`: {message} (error {number})")]
    Database {
        /// The server.
        endpoint: String,
        /// The database.
        database: String,
        /// SQL Server's error number: 4060, 916.
        number: u32,
        /// Its text.
        message: String,
    },
    /// The connection broke during the login, or its answer makes no sense.
    #[error("the login to {endpoint} broke off: {problem}")]
    LoginBroken {
        /// The server.
        endpoint: String,
        /// How.
        problem: DriverProblem,
    },
    /// A stage took too long.
    #[error("{endpoint} did not get through the stage `{stage}` within {} s{}", .after.as_secs_f32(), lines(.attempts))]
    Timeout {
        /// The server.
        endpoint: String,
        /// The stage.
        stage: &'static str,
        /// The addresses that the stage has tried, where it tries any.
        attempts: Vec<Attempt>,
        /// The time that all stages together have.
        after: Duration,
    },
}

fn of_user(user: Option<&str>) -> String {
    user.map(|user| format!(" of `{user}`")).unwrap_or_default()
}

impl ConnectError {
    /// The stage that failed.
    #[must_use]
    pub fn stage(&self) -> &'static str {
        match self {
            Self::Resolve { .. } => "name resolution",
            Self::Browser { .. } => "SQL Browser",
            Self::Tcp { .. } => "TCP",
            Self::Connector { .. } => "connector",
            Self::NoPipe { .. } | Self::Pipe { .. } | Self::PipeElsewhere => "pipe",
            Self::Prelogin { .. } => "PRELOGIN",
            Self::NoEncryption { .. }
            | Self::EncryptionDemanded { .. }
            | Self::HostName { .. }
            | Self::CaFile { .. }
            | Self::Tls { .. }
            | Self::Certificate { .. } => "TLS",
            Self::NoSuchAuthentication { .. } | Self::Login { .. } | Self::LoginBroken { .. } => "login",
            Self::Database { .. } => "database",
            Self::Timeout { stage, .. } => stage,
        }
    }

    /// What to try: imperative sentences. Nothing that the connection to `target` has already, nor what would help nobody
    /// there.
    #[must_use]
    pub fn hints(&self, target: &Target) -> Vec<String> {
        hints::of(self, target)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::ConnectError;
    use crate::model::connection::{DatabaseUrl, Secret};
    use crate::susdb::attempts::Attempt;
    use crate::susdb::target::Target;

    fn target() -> Target {
        let Ok(DatabaseUrl::Mssql(url)) = "mssql://sa@h".parse() else { panic!("a URL") };
        Target::mssql(&url, None, Some(Secret::new("x".to_owned())), None).unwrap()
    }

    fn attempts(texts: &[(&str, Option<&str>)]) -> Vec<Attempt> {
        let attempt = |(address, failed): &(&str, Option<&str>)| Attempt {
            address: address.parse().unwrap(),
            failed: failed.map(str::to_owned),
        };
        texts.iter().map(attempt).collect()
    }

    #[test]
    fn every_address_is_named_with_what_became_of_it() {
        let tried = attempts(&[("10.0.0.1:1433", None), ("[fd00::1]:1433", Some("no route to that network"))]);
        let late = |after, tried| ConnectError::Timeout { endpoint: "ag".into(), stage: "TCP", attempts: tried, after };
        let error = late(Duration::from_secs(15), tried.clone());
        assert_eq!(
            error.to_string(),
            "ag did not get through the stage `TCP` within 15 s\n  10.0.0.1: no answer\n  fd00::1: no route to that network"
        );
        assert!(
            error.hints(&target())[0].contains("listener") && error.hints(&target()).concat().contains("60s"),
            "{:?}",
            error.hints(&target())
        );
        // What was given is not advised again, and one address is no listener.
        let error = late(Duration::from_secs(60), tried[..1].to_vec());
        assert_eq!(error.hints(&target()), ["check that no firewall drops packets to that port"]);
        let error = ConnectError::Tcp { host: "ag".into(), port: 1433, attempts: tried };
        assert!(error.to_string().ends_with("\n  10.0.0.1: no answer\n  fd00::1: no route to that network"), "{error}");
        assert!(error.hints(&target())[0].contains("listener"));
    }

    #[test]
    fn a_login_failure_names_user_and_number() {
        let error = ConnectError::Login {
            endpoint: "h".into(),
            user: Some("sa".into()),
            number: 18456,
            state: 1,
            message: "Login failed for user 'sa'.".into(),
        };
        assert_eq!(
            error.to_string(),
            "h refused the login of `sa`: Login failed for user 'sa'. (error 18456, state 1)"
        );
        assert_eq!(error.stage(), "login");
        assert_eq!(error.hints(&target())[0], "check user and password");
    }

    #[test]
    fn the_missing_pipe_says_what_to_check() {
        let error = ConnectError::NoPipe { path: r"\\.\pipe\MICROSOFT##WID\tsql\query" };
        assert_eq!(error.to_string(), r"no such pipe: \\.\pipe\MICROSOFT##WID\tsql\query");
        assert_eq!(error.hints(&target()).len(), 3);
    }
}
