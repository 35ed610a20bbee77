//! Where a server's database is and how to log in, as URLs and manifests say it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::origin::Declared;

/// The manifest's `connection`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Where the database is.
    pub database: Declared<DatabaseUrl>,
    /// How to log in; none where the URL alone decides.
    pub auth: Option<Auth>,
    /// A CA certificate file for TLS, relative to the manifest's directory.
    pub ca: Option<String>,
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// As the user that runs the program.
    Integrated,
    /// With a SQL Server login.
    Sql {
        /// The login.
        user: String,
        /// Where its password is.
        password: Option<SecretReference>,
    },
}

/// Where a secret is. Never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// In an environment variable.
    Env(String),
    /// In a file, relative to the manifest's directory; a line end at its end is not part of the secret.
    File(String),
}

/// A secret. It has no Display, its Debug shows nothing, and it compares with nothing.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret in.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A database URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `mssql://[user@]host[:port][\INSTANCE][/DATABASE][?options]`
    Mssql(MssqlUrl),
    /// `wid:`, the Windows Internal Database of this machine.
    Wid,
    /// `sandbox:[FILE][?options]`
    Sandbox {
        /// The file; none for a server in memory.
        file: Option<String>,
        /// The options, for the sandbox to judge.
        options: Options,
    },
}

/// A SQL Server database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MssqlUrl {
    /// SQL Server login; none for integrated authentication.
    pub user: Option<String>,
    /// Host name or address (an IPv6 address without its brackets).
    pub host: String,
    /// Named instance, looked up with the SQL Browser.
    pub instance: Option<String>,
    /// TCP port; none for 1433 or what the SQL Browser says.
    pub port: Option<u16>,
    /// Database, `SUSDB` where the URL has none.
    pub database: String,
    /// `?auth=`
    pub auth: Option<AuthMethod>,
    /// `?encrypt=`
    pub encrypt: Encrypt,
    /// `?trustServerCertificate=true`
    pub trust_server_certificate: bool,
    /// `?ca=`: a PEM file, relative to the working directory or the manifest's.
    pub ca: Option<String>,
    /// `?pin=sha256:HEX`: SHA-256 of the server's certificate (DER).
    pub pin: Option<[u8; 32]>,
}

impl DatabaseUrl {
    /// Where the database is, the same text for URLs that differ only in how they log in, in case or in what is the default.
    /// A sandbox's file is looked for below `directory`. None for a sandbox without a file: it is a server of its own.
    #[must_use]
    pub fn location(&self, directory: &Path) -> Option<String> {
        let url = match self {
            Self::Mssql(url) => url,
            Self::Wid => return Some("wid:".to_owned()),
            Self::Sandbox { file, .. } => {
                return file.as_ref().map(|file| format!("sandbox:{}", tidy(&directory.join(file)).display()));
            }
        };
        let host = url.host.trim_end_matches('.').to_lowercase();
        let behind = match (&url.port, &url.instance) {
            (Some(port), _) => format!(":{port}"),
            // The default instance may be named, too.
            (None, Some(instance)) if !instance.eq_ignore_ascii_case("MSSQLSERVER") => {
                format!("\\{}", instance.to_uppercase())
            }
            (None, _) => ":1433".to_owned(),
        };
        Some(format!("{host}{behind}/{}", url.database.to_uppercase()))
    }
}

/// A path without the steps that lead nowhere, as far as its text tells.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

impl MssqlUrl {
    /// Whether the login is encrypted, for a server whose certificate is checked.
    #[must_use]
    pub fn verifies_server(&self) -> bool {
        let is_encrypted = match self.encrypt {
            Encrypt::Required | Encrypt::Strict | Encrypt::Login => true,
            Encrypt::Off => false,
        };
        is_encrypted && (self.pin.is_some() || !self.trust_server_certificate)
    }

    /// The user to log in as: that of the manifest's `auth`, where there is one, else the URL's.
    #[must_use]
    pub fn user<'a>(&'a self, auth: Option<&'a Auth>) -> Option<&'a str> {
        match auth {
            Some(Auth::Sql { user, .. }) => Some(user),
            Some(Auth::Integrated) => None,
            None => self.user.as_deref(),
        }
    }

    /// How to log in: as `?auth=` says, else with a SQL Server login where there is a user.
    #[must_use]
    pub fn method(&self, auth: Option<&Auth>) -> AuthMethod {
        let otherwise = if self.user(auth).is_some() { AuthMethod::Sql } else { AuthMethod::Integrated };
        self.auth.unwrap_or(otherwise)
    }
}

/// How to log in to SQL Server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// As the user that runs the program.
    Integrated,
    /// SQL Server login and password.
    Sql,
    /// NTLM with user and password.
    Ntlm,
    /// Kerberos.
    Kerberos,
}

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encrypt {
    /// Everything. The default.
    #[default]
    Required,
    /// Everything, from the first byte: TDS 8, which SQL Server 2022 and later speak.
    Strict,
    /// The login only: what old servers do.
    Login,
    /// Nothing, not even the password.
    Off,
}

/// What is wrong with a database URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No scheme that is known.
    #[error("a database URL begins with mssql://, wid: or sandbox:")]
    Scheme,
    /// A password in the URL.
    #[error("a URL never carries a password")]
    Password,
    /// No host.
    #[error("the URL names no host")]
    Host,
    /// A host that cannot be one.
    #[error("the host has a character that no host name has")]
    HostCharacter,
    /// An IPv6 address whose bracket is not closed.
    #[error("the bracket of the IPv6 address is not closed")]
    Bracket,
    /// A port that is none.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// A broken percent escape.
    #[error("a percent sign is not followed by two hexadecimal digits of UTF-8 text")]
    Escape,
    /// An option that is not known.
    #[error("unknown option `{name}`; there are auth, encrypt, trustServerCertificate, ca and pin")]
    UnknownOption {
        /// The option.
        name: String,
    },
    /// An option twice.
    #[error("option `{name}` is given twice")]
    DuplicateOption {
        /// The option.
        name: String,
    },
    /// A value that the option does not take.
    #[error("option `{name}` takes {expected}")]
    OptionValue {
        /// The option.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// More than a database behind the host.
    #[error("the path is more than a database name")]
    Path,
    /// Something behind `wid:`.
    #[error("`wid:` takes nothing behind the colon")]
    Wid,
}

impl std::str::FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if let Some(rest) = text.strip_prefix("mssql://") {
            parse_mssql(rest).map(Self::Mssql)
        } else if let Some(rest) = text.strip_prefix("wid:") {
            if rest.is_empty() { Ok(Self::Wid) } else { Err(UrlError::Wid) }
        } else if let Some(rest) = text.strip_prefix("sandbox:") {
            let (file, options) = split_query(rest)?;
            // The file is a path as the user typed it: Windows paths and percent signs stay as they are.
            let file = (!file.is_empty()).then(|| file.to_owned());
            Ok(Self::Sandbox { file, options })
        } else {
            Err(UrlError::Scheme)
        }
    }
}

fn parse_mssql(rest: &str) -> Result<MssqlUrl, UrlError> {
    let (location, options) = split_query(rest)?;
    let (authority, path) = match location.split_once('/') {
        Some((authority, path)) => (authority, path),
        None => (location, ""),
    };
    if path.contains('/') {
        return Err(UrlError::Path);
    }
    let (user, endpoint) = match authority.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => return Err(UrlError::Password),
        Some((user, endpoint)) if !user.is_empty() => (Some(unescape(user)?), endpoint),
        Some((_, endpoint)) => (None, endpoint),
        None => (None, authority),
    };
    let (host, instance, port) = parse_endpoint(endpoint)?;
    let database = if path.is_empty() { "SUSDB".to_owned() } else { unescape(path)? };
    let mut url = MssqlUrl {
        user,
        host,
        instance,
        port,
        database,
        auth: None,
        encrypt: Encrypt::default(),
        trust_server_certificate: false,
        ca: None,
        pin: None,
    };
    for (name, value) in &options {
        apply_option(&mut url, name, value)?;
    }
    Ok(url)
}

fn parse_endpoint(endpoint: &str) -> Result<(String, Option<String>, Option<u16>), UrlError> {
    let (host, behind) = if let Some(rest) = endpoint.strip_prefix('[') {
        rest.split_once(']').ok_or(UrlError::Bracket)?
    } else {
        let end = endpoint.find([':', '\\']).unwrap_or(endpoint.len());
        endpoint.split_at(end)
    };
    if host.is_empty() {
        return Err(UrlError::Host);
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '@' | '%' | '[' | ']' | '"' | '\'')) {
        return Err(UrlError::HostCharacter);
    }
    let (instance, port) = match behind.strip_prefix('\\') {
        Some(rest) => match rest.split_once(':') {
            Some((instance, port)) => (Some(instance), Some(port)),
            None => (Some(rest), None),
        },
        None => (None, behind.strip_prefix(':')),
    };
    if instance.is_none() && port.is_none() && !behind.is_empty() {
        return Err(UrlError::Port);
    }
    let port = match port {
        Some(digits) => Some(digits.parse::<u16>().ok().filter(|port| *port != 0).ok_or(UrlError::Port)?),
        None => None,
    };
    Ok((host.to_owned(), instance.filter(|name| !name.is_empty()).map(str::to_owned), port))
}

fn apply_option(url: &mut MssqlUrl, name: &str, value: &str) -> Result<(), UrlError> {
    match name {
        "auth" => {
            url.auth = Some(match value {
                "integrated" => AuthMethod::Integrated,
                "sql" => AuthMethod::Sql,
                "ntlm" => AuthMethod::Ntlm,
                "kerberos" => AuthMethod::Kerberos,
                _ => return Err(UrlError::OptionValue { name: "auth", expected: "integrated, sql, ntlm or kerberos" }),
            });
        }
        "encrypt" => {
            url.encrypt = match value {
                "required" | "true" => Encrypt::Required,
                "strict" => Encrypt::Strict,
                "login" => Encrypt::Login,
                "off" => Encrypt::Off,
                _ => return Err(UrlError::OptionValue { name: "encrypt", expected: "required, strict, login or off" }),
            };
        }
        "trustServerCertificate" => {
            url.trust_server_certificate = match value {
                "true" => true,
                "false" => false,
                _ => {
                    return Err(UrlError::OptionValue { name: "trustServerCertificate", expected: "true or false" });
                }
            };
        }
        "ca" if !value.is_empty() => url.ca = Some(value.to_owned()),
        "ca" => return Err(UrlError::OptionValue { name: "ca", expected: "a file" }),
        "pin" => {
            url.pin = Some(parse_pin(value).ok_or(UrlError::OptionValue {
                name: "pin",
                expected: "sha256: and the 64 hexadecimal digits of the certificate's SHA-256",
            })?);
        }
        _ => return Err(UrlError::UnknownOption { name: name.to_owned() }),
    }
    Ok(())
}

fn parse_pin(value: &str) -> Option<[u8; 32]> {
    let digits: String = value.strip_prefix("sha256:")?.chars().filter(|c| *c != ':').collect();
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut pin = [0; 32];
    for (index, byte) in pin.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(pin)
}

/// What stands behind the question mark, in its order.
type Options = Vec<(String, String)>;

fn split_query(text: &str) -> Result<(&str, Options), UrlError> {
    let Some((location, query)) = text.split_once('?') else { return Ok((text, Vec::new())) };
    let mut options = Options::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescape(name)?, unescape(value)?);
        // The sandbox may be told the same thing about several procedures, statements or roles.
        let repeatable = ["variant", "raise", "role", "grant", "deny"].contains(&name.as_str());
        if !repeatable && options.iter().any(|(known, _)| *known == name) {
            return Err(UrlError::DuplicateOption { name });
        }
        options.push((name, value));
    }
    Ok((location, options))
}

fn unescape(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (rest.next(), rest.next());
        let digits = high.zip(low).and_then(|(high, low)| {
            let high = char::from(high).to_digit(16)?;
            let low = char::from(low).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        });
        bytes.push(digits.ok_or(UrlError::Escape)?);
    }
    String::from_utf8(bytes).map_err(|_| UrlError::Escape)
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wid => f.write_str("wid:"),
            Self::Sandbox { file, .. } => write!(f, "sandbox:{}", file.as_deref().unwrap_or_default()),
            Self::Mssql(url) => {
                f.write_str("mssql://")?;
                if let Some(user) = &url.user {
                    write!(f, "{user}@")?;
                }
                if url.host.contains(':') {
                    write!(f, "[{}]", url.host)?
                } else {
                    f.write_str(&url.host)?
                }
                if let Some(instance) = &url.instance {
                    write!(f, "\\{instance}")?;
                }
                if let Some(port) = url.port {
                    write!(f, ":{port}")?;
                }
                write!(f, "/{}", url.database)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AuthMethod, DatabaseUrl, Encrypt, MssqlUrl, Secret, UrlError};

    fn mssql(text: &str) -> MssqlUrl {
        match text.parse() {
            Ok(DatabaseUrl::Mssql(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn mssql_urls() {
        let url = mssql("mssql://svc-wsus@sql01.contoso.com:1434/SUSDB?auth=ntlm&encrypt=login&ca=ca%20.pem");
        assert_eq!(url.user.as_deref(), Some("svc-wsus"));
        assert_eq!((url.host.as_str(), url.port), ("sql01.contoso.com", Some(1434)));
        assert_eq!(
            (url.auth, url.encrypt, url.ca.as_deref()),
            (Some(AuthMethod::Ntlm), Encrypt::Login, Some("ca .pem"))
        );
        let url = mssql("mssql://sql01\\WSUS/");
        assert_eq!(
            (url.host.as_str(), url.instance.as_deref(), url.database.as_str()),
            ("sql01", Some("WSUS"), "SUSDB")
        );
        let url = mssql("mssql://[::1]:1433");
        assert_eq!((url.host.as_str(), url.port), ("::1", Some(1433)));
        assert_eq!(mssql(&format!("mssql://h?pin=sha256:{}", "aB".repeat(32))).pin, Some([0xab; 32]));
        assert_eq!(mssql("mssql://CONTOSO%5Csvc@h").user.as_deref(), Some("CONTOSO\\svc"));
    }

    #[test]
    fn bad_urls_say_what_is_wrong() {
        for (text, error) in [
            ("http://h", UrlError::Scheme),
            ("mssql://user:secret@h", UrlError::Password),
            ("mssql://", UrlError::Host),
            ("mssql://[::1", UrlError::Bracket),
            ("mssql://h x/SUSDB", UrlError::HostCharacter),
            ("mssql://h\u{1b}[31m/SUSDB", UrlError::HostCharacter),
            ("mssql://h:0", UrlError::Port),
            ("mssql://h:99999", UrlError::Port),
            ("mssql://h/a/b", UrlError::Path),
            ("mssql://h?x=1", UrlError::UnknownOption { name: "x".into() }),
            ("mssql://h?auth=sql&auth=sql", UrlError::DuplicateOption { name: "auth".into() }),
            ("mssql://h/%zz", UrlError::Escape),
            ("wid:x", UrlError::Wid),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(error), "{text}");
        }
        assert!(matches!(
            "mssql://h?pin=sha256:12".parse::<DatabaseUrl>(),
            Err(UrlError::OptionValue { name: "pin", .. })
        ));
    }

    #[test]
    fn sandbox_urls_keep_paths_as_typed() {
        assert_eq!(
            "sandbox:C:\\a%b.db?seed=demo&raise=1205@3&raise=50000@9".parse::<DatabaseUrl>(),
            Ok(DatabaseUrl::Sandbox {
                file: Some("C:\\a%b.db".into()),
                options: vec![
                    ("seed".into(), "demo".into()),
                    ("raise".into(), "1205@3".into()),
                    ("raise".into(), "50000@9".into())
                ],
            })
        );
        assert_eq!("sandbox:".parse::<DatabaseUrl>(), Ok(DatabaseUrl::Sandbox { file: None, options: vec![] }));
    }

    #[test]
    fn secrets_do_not_show() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(..)");
    }
}
