//! Where a secret may go. A manifest names the server and the secret, and whoever may change a manifest, by a pull request, say,
//! must not send the runner's password wherever they like.
//!
//! docs/decisions/0020-where-secrets-go.md has the reasons.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use super::arguments::Reach;
use super::input_file::{InputFile, NamedBy};
use super::password::Source;
use crate::failure::{Exit, Failure};
use crate::model::connection::MssqlUrl;
use crate::model::host::is_host;

/// Bytes of a policy file.
const SIZE_MAX: u64 = 1 << 20;

/// The variable that names the policy file where no flag does.
const VARIABLE: &str = "WSUSCTL_SECRET_POLICY";

/// What the runner allows.
#[derive(Debug, Default)]
pub struct SecretPolicy {
    /// None where the runner says nothing.
    rules: Option<Vec<Allowed>>,
}

/// A secret and where it may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    secret: Name,
    hosts: Vec<Host>,
    /// Over connections that are not verified, too.
    unverified: bool,
}

/// A secret, by the place it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Variable(String),
    File(PathBuf),
}

/// A host, or all below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Exact(String),
    Below(String),
}

/// Why a text says nothing that can be allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowedError {
    /// No `=`.
    #[error("it is written NAME=HOST, as WSUS_SQL_PASSWORD=sql01.contoso.com")]
    Form,
    /// No host.
    #[error("`{0}` is neither the name of a host nor *.DOMAIN")]
    Host(String),
}

impl FromStr for Host {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |domain| (true, domain));
        if !is_host(name) || name.contains('*') {
            return Err(AllowedError::Host(text.to_owned()));
        }
        let name = plain(name);
        Ok(if below { Self::Below(name) } else { Self::Exact(name) })
    }
}

/// A host's name as it is compared.
fn plain(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches([']', '.']).to_lowercase()
}

impl Host {
    fn is(&self, host: &str) -> bool {
        let host = plain(host);
        match self {
            Self::Exact(name) => *name == host,
            Self::Below(domain) => {
                host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        }
    }
}

/// `NAME=HOST` of `--allow-secret`: a name with a dot or a slash is a file's.
impl FromStr for Allowed {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        let (name, host) = text.rsplit_once('=').filter(|(name, _)| !name.is_empty()).ok_or(AllowedError::Form)?;
        let is_file = name.contains(['/', '\\', '.']);
        let secret = if is_file { Name::File(name.into()) } else { Name::Variable(name.to_owned()) };
        // Whoever types the host knows it: the flag stands for the verification, too.
        Ok(Self { secret, hosts: vec![host.parse()?], unverified: true })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PolicyFile {
    api_version: String,
    kind: String,
    secrets: Vec<PolicyRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyRule {
    env: Option<String>,
    file: Option<PathBuf>,
    hosts: Vec<String>,
    #[serde(default)]
    unverified: bool,
}

impl SecretPolicy {
    /// Reads what the runner allows: the flags, and the policy file. `directory` is that of the manifests.
    ///
    /// # Errors
    /// A policy that cannot be read or means nothing, or one that whoever writes the manifests could write, too (exit 3).
    pub fn load(reach: &Reach, directory: &Path) -> Result<Self, Failure> {
        let file = reach.secret_policy.clone();
        let file = file.or_else(|| std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from));
        if file.is_none() && reach.allow_secret.is_empty() {
            return Ok(Self::default());
        }
        let mut rules = reach.allow_secret.clone();
        if let Some(file) = file {
            rules.extend(read(&file, directory)?);
        }
        Ok(Self { rules: Some(rules) })
    }

    /// Whether a password may go to the server that a manifest names. `directory` is the manifest's.
    ///
    /// # Errors
    /// It may not (exit 4).
    pub fn check(&self, source: &Source, url: &MssqlUrl, directory: &Path) -> Result<(), Failure> {
        let refused = |why: &str| {
            let summary = format!("the password from {source} is not sent to {}: {why}", url.host);
            let allow = format!("if that is where it belongs, allow it: --allow-secret '{source}={}'", url.host);
            Failure::new(Exit::Refused, summary).hint(allow)
        };
        let verify = "verify the server: no encrypt=off and no trustServerCertificate in the URL; ?ca=FILE or ?pin=sha256:... where its certificate is its own";
        let Some(rules) = &self.rules else {
            if !url.verifies_server() {
                return Err(refused("the manifest names the server, and the connection is not verified").hint(verify));
            }
            if source.is_outside(directory) {
                let why = "the manifest names a file outside of its directory";
                return Err(refused(why).hint("or put the file below the manifest's directory"));
            }
            return Ok(());
        };
        let mut rules =
            rules.iter().filter(|rule| rule.secret.is(source) && rule.hosts.iter().any(|host| host.is(&url.host)));
        let Some(first) = rules.next() else {
            return Err(refused("the manifest names the server, and the policy of this run does not allow it"));
        };
        if url.verifies_server() || first.unverified || rules.any(|rule| rule.unverified) {
            return Ok(());
        }
        Err(refused("the policy allows it over a verified connection only").hint(verify))
    }
}

impl Name {
    fn is(&self, source: &Source) -> bool {
        match (self, source) {
            (Self::Variable(name), Source::Variable(variable)) => name == variable,
            (Self::File(name), Source::File { path, .. }) => match (fs::canonicalize(name), fs::canonicalize(path)) {
                (Ok(name), Ok(path)) => name == path,
                _ => name == path,
            },
            _ => false,
        }
    }
}

fn read(path: &Path, directory: &Path) -> Result<Vec<Allowed>, Failure> {
    let cannot = || Failure::new(Exit::Invalid, format!("cannot read the policy {}", path.display()));
    let file = InputFile::open(path, NamedBy::CommandLine).and_then(|file| file.text(SIZE_MAX));
    let text = file.map_err(|error| cannot().caused_by(error))?;
    let manifests = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    if let (Ok(path), Ok(manifests)) = (fs::canonicalize(path), fs::canonicalize(manifests))
        && path.starts_with(manifests)
    {
        return Err(cannot().hint("it is below the manifest's directory, and who changes the one can change the other: keep it outside of the repository"));
    }
    let PolicyFile { api_version, kind, secrets } =
        serde_saphyr::from_str(&text).map_err(|error| cannot().caused_by(std::io::Error::other(error.to_string())))?;
    if api_version != "wsusctl/v1alpha1" || kind != "SecretPolicy" {
        return Err(cannot().hint("a policy begins with `apiVersion: wsusctl/v1alpha1` and `kind: SecretPolicy`"));
    }
    let beside = path.parent().unwrap_or(Path::new(""));
    let rule = |PolicyRule { env, file, hosts, unverified }| {
        let secret = match (env, file) {
            (Some(name), None) => Name::Variable(name),
            (None, Some(file)) => Name::File(beside.join(file)),
            _ => return Err(cannot().hint("each secret has exactly one of `env` and `file`")),
        };
        let hosts: Result<_, AllowedError> = hosts.iter().map(|host| host.parse()).collect();
        Ok(Allowed { secret, hosts: hosts.map_err(|error| cannot().caused_by(error))?, unverified })
    };
    secrets.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Allowed, AllowedError, SecretPolicy, Source};
    use crate::model::connection::{DatabaseUrl, MssqlUrl};

    fn url(text: &str) -> MssqlUrl {
        match text.parse() {
            Ok(DatabaseUrl::Mssql(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn variable() -> Source {
        Source::Variable("P".to_owned())
    }

    #[track_caller]
    fn assert_allowed(rules: Option<&[&str]>, database: &str, expected: bool) {
        let rules = rules.map(|rules| rules.iter().map(|rule| rule.parse().unwrap()).collect());
        let found = SecretPolicy { rules }.check(&variable(), &url(database), Path::new(""));
        assert_eq!(found.is_ok(), expected, "{database}: {found:?}");
    }

    #[test]
    fn without_a_policy_the_connection_is_verified() {
        let pin = format!("mssql://h?trustServerCertificate=true&pin=sha256:{}", "0".repeat(64));
        for database in ["mssql://h", "mssql://h?encrypt=login", "mssql://h?encrypt=strict", "mssql://h?ca=x", &pin] {
            assert_allowed(None, database, true);
        }
        // This machine is no exception: any program on it may listen.
        for database in [
            "mssql://h?encrypt=off",
            "mssql://127.0.0.1?encrypt=off",
            "mssql://h?encrypt=login&trustServerCertificate=true",
        ] {
            assert_allowed(None, database, false);
        }
    }

    #[test]
    fn with_a_policy_only_what_it_names_is_sent() {
        for (rule, host, expected) in [
            ("P=sql01.contoso.com", "SQL01.contoso.com.", true),
            ("P=sql01.contoso.com", "sql01.contoso.com.example", false),
            ("P=*.contoso.com", "sql01.contoso.com", true),
            ("P=*.contoso.com", "a.b.contoso.com", true),
            ("P=*.contoso.com", "contoso.com", false),
            ("P=*.contoso.com", "evilcontoso.com", false),
            ("OTHER=sql01.contoso.com", "sql01.contoso.com", false),
            ("./P=sql01.contoso.com", "sql01.contoso.com", false),
            ("P=::1", "[::1]", true),
        ] {
            assert_allowed(Some(&[rule]), &format!("mssql://{host}"), expected);
            assert_allowed(Some(&[rule]), &format!("mssql://{host}?encrypt=off"), expected);
        }
        assert_allowed(Some(&[]), "mssql://h", false);
    }

    #[test]
    fn what_cannot_be_allowed_is_told() {
        for text in ["P", "=h", ""] {
            assert_eq!(text.parse::<Allowed>(), Err(AllowedError::Form), "{text}");
        }
        for host in ["*", "*.", "h:1433", "http://h", "a*"] {
            assert_eq!(format!("P={host}").parse::<Allowed>(), Err(AllowedError::Host(host.to_owned())));
        }
    }
}
