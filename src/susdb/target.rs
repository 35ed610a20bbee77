//! Where to connect, how to log in and how to check the server's certificate, with every secret resolved.

use crate::model::connection::{Auth, AuthMethod, Encrypt, MssqlUrl, Secret};

use super::connector::Connector;

/// A database server to open sessions on. Its Debug shows no secret.
#[derive(Debug, Clone)]
pub struct Target {
    /// How bytes get there.
    pub transport: Transport,
    /// How to log in.
    pub authentication: Authentication,
    /// The database, normally `SUSDB`.
    pub database: String,
    /// What is encrypted.
    pub encrypt: Encrypt,
    /// How the server's certificate is checked, where anything is encrypted.
    pub certificate: CertificateCheck,
}

/// How bytes get to the server.
#[derive(Debug, Clone)]
pub enum Transport {
    /// TCP.
    Tcp {
        /// Host name or address.
        host: String,
        /// Named instance; its port is asked of the SQL Browser unless `port` is given.
        instance: Option<String>,
        /// Port; none for 1433 or the instance's.
        port: Option<u16>,
    },
    /// A closure that gives fresh byte streams: the sandbox.
    Connector(Connector),
    /// The named pipe of the Windows Internal Database on this machine.
    WidPipe,
}

impl Transport {
    /// What messages call the server.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self {
            Self::Tcp { host, instance, port } => {
                let mut text = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                if let Some(instance) = instance {
                    text.push('\\');
                    text.push_str(instance);
                }
                if let Some(port) = port {
                    text.push_str(&format!(":{port}"));
                }
                text
            }
            Self::Connector(connector) => connector.name().to_owned(),
            Self::WidPipe => "wid:".to_owned(),
        }
    }
}

/// How to log in.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// As the user that runs the program.
    Integrated,
    /// With a SQL Server login.
    Sql {
        /// The login.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// NTLM with a Windows account.
    Ntlm {
        /// `DOMAIN\user`.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// Kerberos with the ticket of the user that runs the program.
    Kerberos,
}

impl Authentication {
    /// The login's name where it has one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Sql { user, .. } | Self::Ntlm { user, .. } => Some(user),
            Self::Integrated | Self::Kerberos => None,
        }
    }

    /// A text of the server without the password, should it repeat that.
    pub(super) fn hide(&self, text: &str) -> String {
        match self {
            Self::Sql { password, .. } | Self::Ntlm { password, .. } if !password.expose().is_empty() => {
                text.replace(password.expose(), "********")
            }
            _ => text.to_owned(),
        }
    }
}

/// How the server's certificate is checked.
#[derive(Debug, Clone)]
pub enum CertificateCheck {
    /// Chain and host name, against the system's roots and the certificates of `ca`.
    Verify {
        /// Further roots.
        ca: Option<CaFile>,
    },
    /// The certificate's SHA-256 has to be this one; its names, dates and issuer do not matter.
    Pin([u8; 32]),
    /// Nothing is checked: anybody in between can read and change everything.
    Trust,
}

/// A file of CA certificates that the caller has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaFile {
    /// Where it was read from, for messages.
    pub path: String,
    /// Its bytes: PEM, one certificate or more.
    pub pem: Vec<u8>,
}

/// Why a URL and its authentication do not make a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A method that needs a user without one.
    #[error("{method} authentication to {endpoint} needs a user, and none is given")]
    NoUser {
        /// The server.
        endpoint: String,
        /// The method.
        method: &'static str,
    },
    /// A method that needs a password without one.
    #[error("no password is given for {user} on {endpoint}")]
    NoPassword {
        /// The server.
        endpoint: String,
        /// The login.
        user: String,
    },
}

impl TargetError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoUser { .. } => vec![
                "put the user into the URL: mssql://USER@HOST/SUSDB".to_owned(),
                "or into the manifest: connection.auth {user: USER, password: {env: NAME}}".to_owned(),
            ],
            Self::NoPassword { .. } => vec![
                "set WSUSCTL_PASSWORD, or give --password-file FILE".to_owned(),
                "or refer to it in the manifest: connection.auth.password: {env: NAME}".to_owned(),
            ],
        }
    }
}

impl Target {
    /// A target for an `mssql:` URL. `?auth=` decides the method; else a user means a SQL Server login and no user
    /// integrated authentication. A user of `auth` goes before the URL's, `ca` before nothing else: a pin and
    /// `trustServerCertificate` make it irrelevant.
    ///
    /// # Errors
    /// [`TargetError`] where the method needs a user or a password that is not there.
    pub fn mssql(
        url: &MssqlUrl,
        auth: Option<&Auth>,
        password: Option<Secret>,
        ca: Option<CaFile>,
    ) -> Result<Self, TargetError> {
        let transport = Transport::Tcp { host: url.host.clone(), instance: url.instance.clone(), port: url.port };
        let user = url.user(auth).map(str::to_owned);
        let authentication = authentication(url.method(auth), user, password, &transport)?;
        let certificate = match url.pin {
            Some(pin) => CertificateCheck::Pin(pin),
            None if url.trust_server_certificate => CertificateCheck::Trust,
            None => CertificateCheck::Verify { ca },
        };
        Ok(Self { transport, authentication, database: url.database.clone(), encrypt: url.encrypt, certificate })
    }

    /// The Windows Internal Database of this machine, as the user that runs the program.
    #[must_use]
    pub fn wid() -> Self {
        Self {
            transport: Transport::WidPipe,
            authentication: Authentication::Integrated,
            database: "SUSDB".to_owned(),
            encrypt: Encrypt::Off,
            certificate: CertificateCheck::Trust,
        }
    }

    /// A server behind a closure, unencrypted: the sandbox.
    #[must_use]
    pub fn connector(connector: Connector, user: String, password: Secret) -> Self {
        Self {
            transport: Transport::Connector(connector),
            authentication: Authentication::Sql { user, password },
            database: "SUSDB".to_owned(),
            encrypt: Encrypt::Off,
            certificate: CertificateCheck::Trust,
        }
    }
}

fn authentication(
    method: AuthMethod,
    user: Option<String>,
    password: Option<Secret>,
    transport: &Transport,
) -> Result<Authentication, TargetError> {
    let name = match method {
        AuthMethod::Integrated => return Ok(Authentication::Integrated),
        AuthMethod::Kerberos => return Ok(Authentication::Kerberos),
        AuthMethod::Sql => "SQL Server",
        AuthMethod::Ntlm => "NTLM",
    };
    let endpoint = || transport.endpoint();
    let user = user.ok_or_else(|| TargetError::NoUser { endpoint: endpoint(), method: name })?;
    let password = password.ok_or_else(|| TargetError::NoPassword { endpoint: endpoint(), user: user.clone() })?;
    Ok(match method {
        AuthMethod::Ntlm => Authentication::Ntlm { user, password },
        _ => Authentication::Sql { user, password },
    })
}

#[cfg(test)]
mod tests {
    use super::{Authentication, CertificateCheck, Target, TargetError, Transport};
    use crate::model::connection::{Auth, DatabaseUrl, MssqlUrl, Secret};

    fn url(text: &str) -> MssqlUrl {
        match text.parse() {
            Ok(DatabaseUrl::Mssql(url)) => url,
            other => panic!("{other:?}"),
        }
    }

    fn secret() -> Option<Secret> {
        Some(Secret::new("hunter2".into()))
    }

    #[test]
    fn a_user_means_a_sql_login_and_none_integrated() {
        let target = Target::mssql(&url("mssql://sa@h/DB"), None, secret(), None).unwrap();
        assert!(matches!(&target.authentication, Authentication::Sql { user, .. } if user == "sa"));
        assert_eq!(target.database, "DB");
        let target = Target::mssql(&url("mssql://h"), None, None, None).unwrap();
        assert!(matches!(target.authentication, Authentication::Integrated));
        assert!(matches!(target.certificate, CertificateCheck::Verify { ca: None }));
    }

    #[test]
    fn auth_of_the_url_decides_the_method() {
        let target = Target::mssql(&url("mssql://D%5Cu@h?auth=ntlm"), None, secret(), None).unwrap();
        assert!(matches!(&target.authentication, Authentication::Ntlm { user, .. } if user == "D\\u"));
        let target = Target::mssql(&url("mssql://u@h?auth=kerberos"), None, None, None).unwrap();
        assert!(matches!(target.authentication, Authentication::Kerberos));
    }

    #[test]
    fn the_manifests_user_goes_first() {
        let auth = Auth::Sql { user: "svc".into(), password: None };
        let target = Target::mssql(&url("mssql://sa@h"), Some(&auth), secret(), None).unwrap();
        assert_eq!(target.authentication.user(), Some("svc"));
    }

    #[test]
    fn what_is_missing_is_said() {
        let error = Target::mssql(&url("mssql://sa@h\\W"), None, None, None).unwrap_err();
        assert_eq!(error, TargetError::NoPassword { endpoint: "h\\W".into(), user: "sa".into() });
        assert!(!error.hints().is_empty());
        let error = Target::mssql(&url("mssql://h?auth=sql"), None, None, None).unwrap_err();
        assert_eq!(error, TargetError::NoUser { endpoint: "h".into(), method: "SQL Server" });
    }

    #[test]
    fn endpoints_read_as_they_are_written() {
        let tcp = |host: &str, instance: Option<&str>, port| Transport::Tcp {
            host: host.into(),
            instance: instance.map(str::to_owned),
            port,
        };
        assert_eq!(tcp("h", None, None).endpoint(), "h");
        assert_eq!(tcp("::1", None, Some(1433)).endpoint(), "[::1]:1433");
        assert_eq!(tcp("h", Some("WSUS"), None).endpoint(), "h\\WSUS");
    }

    #[test]
    fn debug_shows_no_secret() {
        let target = Target::mssql(&url("mssql://sa@h"), None, secret(), None).unwrap();
        assert!(!format!("{target:?}").contains("hunter2"));
    }
}
