//! What can go wrong between us and a server: connecting, one variant a stage, and running a statement.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::answer::AnswerProblem;
use super::connector::BrowserError;
use super::tls::certificate::{CertificateProblem, PeerCertificate, hex};
use super::tls::prelogin::PreloginError;

/// The error of a layer below us, of whatever type.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

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
    #[error("the SQL Browser of {host} does not say on which port instance `{instance}` listens")]
    Browser {
        /// The host.
        host: String,
        /// The instance.
        instance: String,
        /// Why.
        #[source]
        source: BrowserError,
    },
    /// TCP was refused or broke.
    #[error("cannot open a TCP connection to {host} port {port} ({address})")]
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The address that was tried last.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
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
    #[error("{path} holds no usable CA certificate in PEM form")]
    CaFile {
        /// The file.
        path: String,
        /// What the reader says, where it says something.
        #[source]
        source: Option<BoxError>,
    },
    /// The TLS handshake broke.
    #[error("the TLS handshake with {endpoint} failed")]
    Tls {
        /// The server.
        endpoint: String,
        /// Why.
        #[source]
        source: BoxError,
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
    #[error("the login to {endpoint} broke off")]
    LoginBroken {
        /// The server.
        endpoint: String,
        /// How.
        #[source]
        source: BoxError,
    },
    /// A stage took too long.
    #[error("{endpoint} did not get through the stage `{stage}` within {} s", .after.as_secs_f32())]
    Timeout {
        /// The server.
        endpoint: String,
        /// The stage.
        stage: &'static str,
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

    /// What to try: imperative sentences.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let texts: &[&str] = match self {
            Self::Certificate { problem, certificate, .. } => return certificate_hints(problem, certificate),
            Self::NoSuchAuthentication { feature, .. } => return authentication_hints(*feature),
            Self::Resolve { .. } => &["check the spelling of the host in the URL, and this machine's DNS"],
            Self::Browser { .. } => &[
                "start the service `SQL Server Browser` there and open UDP port 1434",
                "or give the port and do without it: mssql://HOST:PORT/SUSDB",
            ],
            Self::Tcp { .. } => &[
                "check that TCP/IP is enabled for the instance (SQL Server Configuration Manager) and its port is open",
                "a WSUS server with the Windows Internal Database has no port: run wsusctl on it with --server wid:",
            ],
            Self::Connector { .. } => &[],
            Self::NoPipe { .. } => &[
                "run wsusctl on the WSUS server itself",
                "check that the Windows Internal Database is installed and runs: Get-Service 'MSSQL$MICROSOFT##WID'",
                "where WSUS uses a SQL Server instead, connect to that: --server mssql://HOST/SUSDB",
            ],
            Self::Pipe { .. } => &[
                "run wsusctl as an administrator of this machine: the Windows Internal Database lets nobody else in",
                "where it is busy, try again",
            ],
            Self::PipeElsewhere => &[
                "run wsusctl on the WSUS server itself: wsusctl diff -f FILE --server wid:",
                "where WSUS uses a SQL Server, connect to that: --server mssql://HOST/SUSDB",
            ],
            Self::Prelogin { .. } => &["check host and port: a SQL Server has to listen there"],
            Self::NoEncryption { .. } => &[
                "give the server a certificate (SQL Server Configuration Manager, Protocols, Certificate)",
                "or, on a network that nobody listens to, switch encryption off: add ?encrypt=off to the URL",
            ],
            Self::EncryptionDemanded { .. } => &["remove encrypt=off from the URL"],
            Self::HostName { .. } => &[
                "use the server's DNS name or its address in the URL",
                "or pin its certificate: add ?pin=sha256:HEX to the URL",
            ],
            Self::CaFile { .. } => &["give a file with at least one block `-----BEGIN CERTIFICATE-----`"],
            Self::Tls { .. } => &[
                "check that the server offers TLS 1.2 with an ECDHE and AES-GCM cipher suite",
                "a server that is too old for that can be reached with ?encrypt=off, unprotected",
            ],
            Self::Login { number: 18456, .. } => &[
                "check user and password",
                "check that the server allows SQL Server logins (mixed mode), or use ?auth=integrated",
            ],
            Self::Login { .. } | Self::LoginBroken { .. } => &["look into the SQL Server's error log for the reason"],
            Self::Database { .. } => &[
                "check the database's name in the URL: WSUS always calls it SUSDB",
                "map the login to a user of that database: CREATE USER ... FOR LOGIN ...",
            ],
            Self::Timeout { stage: "name resolution", .. } => &["check this machine's DNS"],
            Self::Timeout { stage: "TCP", .. } => {
                &["check that no firewall drops packets to that port", "give it more time: --connect-timeout 60s"]
            }
            Self::Timeout { .. } => &["give it more time: --connect-timeout 60s"],
        };
        texts.iter().map(|text| (*text).to_owned()).collect()
    }
}

fn certificate_hints(problem: &CertificateProblem, certificate: &PeerCertificate) -> Vec<String> {
    let mut hints = Vec::new();
    if let CertificateProblem::WrongName { .. } = problem {
        if let Some(name) = certificate.dns_names.first() {
            hints.push(format!("connect by a name of the certificate: mssql://{name}/SUSDB"));
        }
    } else if let CertificateProblem::UnknownIssuer = problem {
        hints
            .push("trust its issuer: add ?ca=FILE.pem to the URL, or tls: {ca: FILE.pem} to the connection".to_owned());
    }
    hints.push(format!(
        "if the SHA-256 above is what the server's administrator tells you, pin it: add ?pin=sha256:{} to the URL",
        hex(&certificate.sha256)
    ));
    hints.push("check nothing, and trust everybody in between: add ?trustServerCertificate=true to the URL".to_owned());
    hints
}

fn authentication_hints(feature: Option<&str>) -> Vec<String> {
    let mut hints = vec!["use a SQL Server login: mssql://USER@HOST/SUSDB".to_owned()];
    if let Some(feature) = feature {
        hints.push(format!("or build wsusctl with it: cargo install --path . --features {feature}"));
    }
    hints
}

/// Why a statement gave no result.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The server reported an error.
    #[error("the server reports error {} in `{statement}`", .error.number)]
    Server {
        /// The statement's name in the catalogue, or the procedure.
        statement: &'static str,
        /// The error.
        #[source]
        error: ServerError,
    },
    /// The connection is gone. Whether the statement ran is not known.
    #[error("the connection was lost in `{statement}`")]
    ConnectionLost {
        /// The statement.
        statement: &'static str,
        /// How, where the layer below says.
        #[source]
        source: Option<BoxError>,
    },
    /// The statement took too long. Whether it ran is not known; the session has to reconnect.
    #[error("`{statement}` took longer than {} s", .after.as_secs_f32())]
    Timeout {
        /// The statement.
        statement: &'static str,
        /// The limit.
        after: Duration,
    },
    /// The answer is not TDS as we know it. The session has to reconnect.
    #[error("the answer to `{statement}` cannot be understood")]
    Protocol {
        /// The statement.
        statement: &'static str,
        /// How.
        #[source]
        source: BoxError,
    },
    /// The answer is TDS, and cannot be an answer to the statement. The session has to reconnect.
    #[error("the answer to `{statement}` is not to be trusted")]
    Answer {
        /// The statement.
        statement: &'static str,
        /// What is wrong with it.
        #[source]
        problem: AnswerProblem,
    },
}

impl QueryError {
    /// Whether the statement may have run although there is no result.
    #[must_use]
    pub fn fate_unknown(&self) -> bool {
        !matches!(self, Self::Server { .. })
    }

    /// Whether another try may go better: the connection broke, or the server was busy. An answer that is nonsense is not
    /// asked for again.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::Timeout { .. }) || self.is_deadlock()
    }

    /// Whether the server chose the statement as the victim of a deadlock (1205): it did not run.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Server { error, .. } if error.number == DEADLOCK)
    }
}

impl QueryError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Server { error, .. } => error.hints(),
            Self::Timeout { .. } => vec!["give statements more time: --timeout 30m".to_owned()],
            Self::ConnectionLost { .. } | Self::Protocol { .. } => vec!["run it again".to_owned()],
            Self::Answer { .. } => vec![
                "run it again; where it stays, check that host and port are a SQL Server's and nothing stands in between"
                    .to_owned(),
            ],
        }
    }
}

/// Error number of a deadlock's victim.
pub(crate) const DEADLOCK: u32 = 1205;

/// Error number of what a procedure raises itself.
///
/// Source: learn.microsoft.com, RAISERROR with a text (grade A).
pub(crate) const RAISED: u32 = 50_000;

/// An error as SQL Server reports it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (error {number}, state {state}, severity {class}{}, line {line})", in_procedure(.procedure))]
pub struct ServerError {
    /// Its number: 50000 where a procedure raised it.
    pub number: u32,
    /// Its state.
    pub state: u8,
    /// Its severity.
    pub class: u8,
    /// The procedure it came from; empty for none.
    pub procedure: String,
    /// The line in it.
    pub line: u32,
    /// Its text.
    pub message: String,
}

impl ServerError {
    /// What to do about it, where the number says.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        const READ: &str = "let the login read SUSDB: make its user a member of db_datareader and of PublicViewAccess";
        const DOCTOR: &str = "`wsusctl doctor` lists every GRANT that the login lacks";
        // Source: learn.microsoft.com, Database Engine events and errors (grade A).
        let text = match self.number {
            229 | 230 if self.message.contains("EXECUTE") => return vec![self.grant_execute(), DOCTOR.to_owned()],
            229 | 230 => return vec![READ.to_owned(), DOCTOR.to_owned()],
            208 => "check that the database in the URL is WSUS's: it is always called SUSDB",
            1205 => "run it again: the server chose this statement to end a deadlock",
            // Source: PatchMyPC CustomerTroubleshooting, Remove-WSUSCategories.ps1 (grade A).
            RAISED if self.message.contains("Reset Process") => {
                "WSUS still processes an earlier change of its configuration: wait until it has, and run it again"
            }
            _ => return Vec::new(),
        };
        vec![text.to_owned()]
    }

    /// The message of 229 names the procedure: `... denied on the object 'spDeployUpdate', database ...`.
    fn grant_execute(&self) -> String {
        let named = self.message.split("object '").nth(1).and_then(|rest| rest.split('\'').next());
        let procedure = named.unwrap_or(&self.procedure);
        if procedure.is_empty() {
            return "let the login run WSUS's procedures: it needs EXECUTE on them in SUSDB, or db_owner".to_owned();
        }
        let quoted = procedure.replace(']', "]]");
        format!("let the login's user run it: GRANT EXECUTE ON dbo.[{quoted}] TO [USER] in SUSDB, or make it db_owner")
    }
}

fn in_procedure(procedure: &str) -> String {
    if procedure.is_empty() { String::new() } else { format!(", {procedure}") }
}

#[cfg(test)]
mod tests {
    use super::{ConnectError, QueryError, ServerError};

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
        assert_eq!(error.hints()[0], "check user and password");
    }

    #[test]
    fn the_missing_pipe_says_what_to_check() {
        let error = ConnectError::NoPipe { path: r"\\.\pipe\MICROSOFT##WID\tsql\query" };
        assert_eq!(error.to_string(), r"no such pipe: \\.\pipe\MICROSOFT##WID\tsql\query");
        assert_eq!(error.hints().len(), 3);
    }

    #[test]
    fn only_a_server_error_settles_a_statements_fate() {
        let deadlock = QueryError::Server {
            statement: "spDeployUpdate",
            error: ServerError {
                number: 1205,
                state: 1,
                class: 13,
                procedure: "spDeployUpdate".into(),
                line: 3,
                message: "deadlock".into(),
            },
        };
        assert!(deadlock.is_deadlock() && !deadlock.fate_unknown());
        let lost = QueryError::ConnectionLost { statement: "spDeployUpdate", source: None };
        assert!(lost.fate_unknown() && !lost.is_deadlock());
    }

    #[test]
    fn known_errors_say_what_to_do() {
        let hint = |number, message: &str| {
            let error =
                ServerError { number, message: message.into(), state: 1, class: 16, procedure: String::new(), line: 1 };
            error.hints().concat()
        };
        let denied =
            "The EXECUTE permission was denied on the object 'spDeployUpdate', database 'SUSDB', schema 'dbo'.";
        assert!(hint(229, denied).contains("GRANT EXECUTE ON dbo.[spDeployUpdate] TO"));
        assert!(hint(229, denied).contains("wsusctl doctor"));
        assert!(hint(229, "EXECUTE permission denied").contains("needs EXECUTE"));
        assert!(hint(229, "The SELECT permission was denied on the object 'tbUpdate'").contains("db_datareader"));
        let reset = "spSetConfiguration was called while a Reset Process was Needed/InProgress cannot change Configuration \
                     at this time";
        assert!(hint(50000, reset).contains("wait until it has"));
        assert_eq!(hint(50000, "something else"), "");
    }
}
