//! What to try after a connection failed, judged against what the connection was to be.

use std::time::Duration;

use super::connect::ConnectError;
use super::login;
use crate::model::connection::Encrypt;
use crate::susdb::attempts::Attempt;
use crate::susdb::driver::DriverProblem;
use crate::susdb::target::{CertificateCheck, Target, Transport};
use crate::susdb::tls::certificate::{CertificateProblem, PeerCertificate, hex};
use crate::susdb::tls::prelogin::PreloginError;
use crate::susdb::tls::problem::TlsProblem;

/// The time after which more of it is no advice any more.
const PATIENCE: Duration = Duration::from_secs(60);

const NOT_STRICT: &str = "encrypt=strict needs SQL Server 2022 or later: for an older one remove it from the URL";
const ERROR_LOG: &str = "look into the SQL Server's error log for the reason";
const HOST_AND_PORT: &str = "check host and port: a SQL Server has to listen there";

/// The hints of an error.
pub(super) fn of(error: &ConnectError, target: &Target) -> Vec<String> {
    let texts: &[&str] = match error {
        ConnectError::Certificate { problem, certificate, .. } => {
            return of_certificate(problem, certificate, &target.certificate);
        }
        ConnectError::NoSuchAuthentication { feature, .. } => return of_authentication(*feature),
        ConnectError::Resolve { .. } => &["check the spelling of the host in the URL, and this machine's DNS"],
        ConnectError::Browser { .. } => &[
            "start the service `SQL Server Browser` there and open UDP port 1434",
            "or give the port and do without it: mssql://HOST:PORT/SUSDB",
        ],
        ConnectError::Tcp { attempts, .. } => {
            let more = [
                "check that TCP/IP is enabled for the instance (SQL Server Configuration Manager) and its port is open",
                "a WSUS server with the Windows Internal Database has no port: run wsusctl on it with --server wid:",
            ];
            return listener(attempts).into_iter().chain(more).map(str::to_owned).collect();
        }
        ConnectError::Connector { .. } => &[],
        ConnectError::NoPipe { .. } => &[
            "run wsusctl on the WSUS server itself",
            "check that the Windows Internal Database is installed and runs: Get-Service 'MSSQL$MICROSOFT##WID'",
            "where WSUS uses a SQL Server instead, connect to that: --server mssql://HOST/SUSDB",
        ],
        ConnectError::Pipe { .. } => &[
            "run wsusctl as an administrator of this machine: the Windows Internal Database lets nobody else in",
            "where it is busy, try again",
        ],
        ConnectError::PipeElsewhere => &[
            "run wsusctl on the WSUS server itself: wsusctl diff -f FILE --server wid:",
            "where WSUS uses a SQL Server, connect to that: --server mssql://HOST/SUSDB",
        ],
        ConnectError::Prelogin { source, .. } => of_prelogin(source, target.encrypt),
        ConnectError::NoEncryption { .. } => &[
            "give the server a certificate (SQL Server Configuration Manager, Protocols, Certificate)",
            "or, on a network that nobody listens to, switch encryption off: encrypt=off in the URL",
        ],
        ConnectError::EncryptionDemanded { .. } => &["remove encrypt=off from the URL"],
        ConnectError::HostName { .. } => &[
            "use the server's DNS name or its address in the URL",
            "or pin its certificate: add ?pin=sha256:HEX to the URL",
        ],
        ConnectError::CaFile { .. } => &["give the certificate of the CA, or the server's own, in PEM form"],
        ConnectError::Tls { problem, .. } => of_tls(problem, target.encrypt),
        ConnectError::Login { number, state, .. } if matches!(target.transport, Transport::WidPipe) => {
            let known = login::of_number(*number).unwrap_or(
                "run wsusctl as an administrator of this machine: the Windows Internal Database lets nobody else in",
            );
            tracing::debug!(number, state, "the Windows Internal Database refused the login");
            return vec![known.to_owned()];
        }
        ConnectError::Login { number, state, .. } => return login::hints(*number, *state, &target.authentication),
        ConnectError::LoginBroken { problem, .. } => return of_driver(problem),
        ConnectError::Database { number, .. } => {
            return vec![login::of_number(*number).unwrap_or(ERROR_LOG).to_owned()];
        }
        ConnectError::Timeout { stage, attempts, after, .. } => return of_timeout(stage, attempts, *after),
    };
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What several addresses of one name may mean.
fn listener(attempts: &[Attempt]) -> Option<&'static str> {
    (attempts.len() > 1).then_some(
        "if this is the listener of an availability group, one of its addresses has to answer: check that the listener is \
         online and that the port is the listener's",
    )
}

fn of_timeout(stage: &str, attempts: &[Attempt], after: Duration) -> Vec<String> {
    let mut hints: Vec<String> = listener(attempts).into_iter().map(str::to_owned).collect();
    hints.extend(match stage {
        "name resolution" => Some("check this machine's DNS".to_owned()),
        "TCP" => Some("check that no firewall drops packets to that port".to_owned()),
        _ => None,
    });
    // Whoever has waited that long waits for nothing, and DNS gives no other answer later.
    if after < PATIENCE && stage != "name resolution" {
        hints.push(format!("give it more time: --connect-timeout {}s", PATIENCE.as_secs()));
    }
    if hints.is_empty() {
        hints.push(ERROR_LOG.to_owned());
    }
    hints
}

fn of_prelogin(problem: &PreloginError, encrypt: Encrypt) -> &'static [&'static str] {
    match (problem, encrypt) {
        (_, Encrypt::Strict) => &[NOT_STRICT, HOST_AND_PORT],
        (PreloginError::Closed | PreloginError::Tls, _) => &[
            "SQL Server 2022 and later do that where Force Strict Encryption is on: use encrypt=strict in the URL",
            HOST_AND_PORT,
        ],
        _ => &[HOST_AND_PORT],
    }
}

fn of_tls(problem: &TlsProblem, encrypt: Encrypt) -> &'static [&'static str] {
    match (problem, encrypt) {
        (TlsProblem::Machine, _) => &["set this machine's clock"],
        (TlsProblem::Name, _) => &["use a name that the server has a certificate for in the URL"],
        (TlsProblem::ClientCertificate, _) => {
            &["let the server, or what stands in front of it, do without certificates of its clients"]
        }
        (TlsProblem::Downgrade, _) => &["check what stands between this machine and the server"],
        (TlsProblem::NotStrict | TlsProblem::NotTls | TlsProblem::Closed | TlsProblem::Line(_), Encrypt::Strict) => {
            &[NOT_STRICT, HOST_AND_PORT]
        }
        (TlsProblem::Version | TlsProblem::NoCommonGround, Encrypt::Strict) => {
            &["check that the server offers TLS 1.2 or 1.3 with an AES-GCM cipher suite, the former with ECDHE"]
        }
        (TlsProblem::Version | TlsProblem::NoCommonGround, _) => &[
            "check that the server offers TLS 1.2 with an ECDHE and AES-GCM cipher suite",
            "a server that is too old for that can be reached with encrypt=off in the URL, unprotected",
        ],
        (TlsProblem::NoCertificate, _) => {
            &["give the server a certificate (SQL Server Configuration Manager, Protocols, Certificate)"]
        }
        _ => &[ERROR_LOG, "check what stands between this machine and the server"],
    }
}

fn of_driver(problem: &DriverProblem) -> Vec<String> {
    vec![match problem {
        DriverProblem::Elsewhere { host, port } => format!("connect there: --server mssql://{host}:{port}/SUSDB"),
        DriverProblem::Credentials(_) => {
            "check the ticket (klist), the clock and the domain of this machine".to_owned()
        }
        DriverProblem::Line(_) => ERROR_LOG.to_owned(),
        _ => "check that host and port are a SQL Server's and nothing stands in between".to_owned(),
    }]
}

fn of_certificate(
    problem: &CertificateProblem,
    certificate: &PeerCertificate,
    check: &CertificateCheck,
) -> Vec<String> {
    let better = || {
        "give the server another certificate (SQL Server Configuration Manager): X.509 version 3, RSA of 2048 to 8192 bits or \
         ECDSA on P-256 or P-384, signed with SHA-256 or better"
            .to_owned()
    };
    let pin = hex(&certificate.sha256);
    match (check, problem) {
        (CertificateCheck::Pin(_), CertificateProblem::WrongPin { .. }) => {
            return vec![
                format!(
                    "if its administrator has renewed it and names the SHA-256 above, change the pin: pin=sha256:{pin}"
                ),
                "if not, somebody may stand in between: ask before you connect".to_owned(),
            ];
        }
        // Nothing of it was looked at but whether the other side owns its key.
        (CertificateCheck::Pin(_) | CertificateCheck::Trust, _) => return vec![better()],
        (CertificateCheck::Verify { .. }, _) => {}
    }
    let mut hints = match (problem, check) {
        (CertificateProblem::WrongName { .. }, _) => {
            let name = certificate.dns_names.first();
            name.map(|name| format!("connect by a name of the certificate: mssql://{name}/SUSDB")).into_iter().collect()
        }
        (CertificateProblem::UnknownIssuer, CertificateCheck::Verify { ca: Some(ca) }) => {
            vec![format!("{} does not hold its issuer: add that, or the server's own certificate", ca.path)]
        }
        (CertificateProblem::UnknownIssuer | CertificateProblem::Authority, _) => {
            vec!["trust its issuer: add ?ca=FILE.pem to the URL, or tls: {ca: FILE.pem} to the connection".to_owned()]
        }
        (CertificateProblem::Expired | CertificateProblem::Revoked, _) => {
            vec!["renew the server's certificate (SQL Server Configuration Manager, Protocols, Certificate)".to_owned()]
        }
        (CertificateProblem::NotYetValid, _) => vec!["check this machine's clock".to_owned()],
        (CertificateProblem::Weak { .. } | CertificateProblem::Algorithm | CertificateProblem::Rules, _) => {
            vec![better()]
        }
        _ => Vec::new(),
    };
    hints.push(format!(
        "if the SHA-256 above is what the server's administrator tells you, pin it: add ?pin=sha256:{pin} to the URL"
    ));
    hints.push("check nothing, and trust everybody in between: add ?trustServerCertificate=true to the URL".to_owned());
    hints
}

fn of_authentication(feature: Option<&str>) -> Vec<String> {
    let mut hints = vec!["use a SQL Server login: mssql://USER@HOST/SUSDB".to_owned()];
    if let Some(feature) = feature {
        hints.push(format!("or build wsusctl with it: cargo install --path . --features {feature}"));
    }
    hints
}
