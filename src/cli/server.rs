//! From a manifest and the command line to an open session.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::arguments::Reach;
use super::input_file::{InputError, InputFile, NamedBy};
use super::manifests::Server;
use super::password::Source;
use super::secret_policy::SecretPolicy;
use super::streams::Streams;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::failure::{Exit, Failure};
use crate::model::connection::{Auth, AuthMethod, DatabaseUrl, Encrypt, MssqlUrl};
use crate::model::desired::Desired;
use crate::susdb::lock::LockError;
use crate::susdb::read::ReadError;
use crate::susdb::session::{ConnectOptions, Session, Stage};
use crate::susdb::target::{CaFile, Target};

/// A server to connect to, and for what.
#[derive(Clone, Copy)]
pub struct Connecting<'a> {
    /// The manifest; none where the command line alone says where the server is.
    pub server: Option<&'a Server>,
    /// The command line.
    pub reach: &'a Reach,
    /// The verb, for the application name that the database server shows.
    pub verb: &'static str,
    /// Where to say things.
    pub streams: Streams,
    /// The emulated servers that this run has opened already.
    pub sandboxes: &'a Sandboxes,
}

/// Where to connect, and how.
pub struct Destination {
    /// The URL, for messages.
    pub url: String,
    /// The server, with every secret resolved.
    pub target: Target,
    /// Time limits, and who we are.
    pub options: ConnectOptions,
}

/// What says where a server is.
#[derive(Clone, Copy)]
struct Place<'a> {
    url: &'a DatabaseUrl,
    auth: Option<&'a Auth>,
    ca: Option<&'a str>,
    /// What paths are relative to.
    directory: &'a Path,
    /// Whether a manifest says it, and not whoever runs the program.
    by_manifest: bool,
}

/// The emulated servers of this process: connecting again reaches the same server, with its memory and its faults.
#[derive(Default)]
pub struct Sandboxes(Mutex<BTreeMap<String, Target>>);

impl Sandboxes {
    fn target(&self, name: String, open: impl FnOnce() -> Result<Target, Failure>) -> Result<Target, Failure> {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = opened.get(&name) {
            return Ok(target.clone());
        }
        let target = open()?;
        opened.insert(name, target.clone());
        Ok(target)
    }
}

impl Connecting<'_> {
    /// Opens a session.
    ///
    /// # Errors
    /// Nothing says where the server is (exit 3), a secret or certificate that cannot be read (3), a secret that may not go
    /// there (4), a server that cannot be
    /// reached (1).
    pub async fn open(&self) -> Result<Session, Failure> {
        let Destination { url, target, options } = self.destination()?;
        let stage = Stage::default();
        let session = Session::connect_observed(&target, &options, &stage).await.map_err(|error| {
            let hints = error.hints(&target);
            Failure::new(Exit::Failure, format!("cannot connect to {url}")).caused_by(error).hints(hints)
        })?;
        for weakness in stage.certificate().map(|certificate| certificate.weaknesses).unwrap_or_default() {
            let note = format!(
                "warning: the server's certificate is trusted as it is, but {weakness}: give the server a better one"
            );
            self.streams.note(&note);
        }
        Ok(session)
    }

    /// The URL, for messages; none where nothing says it.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.place().ok().map(|place| place.url.to_string())
    }

    /// Finds out where to connect and how, without contacting anything.
    ///
    /// # Errors
    /// Nothing says where the server is, or a secret or certificate cannot be read (exit 3); a sandbox that cannot be
    /// opened.
    pub fn destination(&self) -> Result<Destination, Failure> {
        let place = self.place()?;
        let options = ConnectOptions {
            connect_timeout: self.reach.connect_timeout,
            statement_timeout: self.reach.timeout,
            application_name: application_name(self.verb),
            host_name: host_name(),
            ..ConnectOptions::default()
        };
        Ok(Destination { url: place.url.to_string(), target: self.target(place)?, options })
    }

    /// `--server` replaces the manifest's whole connection, so that its password never goes to another server.
    fn place(&self) -> Result<Place<'_>, Failure> {
        let alone = |url| Place { url, auth: None, ca: None, directory: Path::new(""), by_manifest: false };
        if let Some(url) = &self.reach.server {
            return Ok(alone(url));
        }
        let declared = self.server.and_then(|server| Some((server, server.desired.connection.as_ref()?)));
        match declared {
            Some((server, connection)) => Ok(Place {
                url: &connection.database.value,
                auth: connection.auth.as_ref(),
                ca: connection.ca.as_deref(),
                directory: &server.directory,
                by_manifest: true,
            }),
            None => self.reach.otherwise()?.map(alone).ok_or_else(|| {
                let problem = format!("nothing says where the server of manifest {} is", self.name());
                Failure::new(Exit::Invalid, problem)
                    .hint("give --server URL, write connection.database into the manifest, or set WSUSCTL_SERVER")
            }),
        }
    }

    /// The manifest's name; empty where there is none.
    fn name(&self) -> &str {
        self.server.map_or("", |server| server.desired.name.as_str())
    }

    fn target(&self, place: Place<'_>) -> Result<Target, Failure> {
        match place.url {
            DatabaseUrl::Wid => Ok(Target::wid()),
            DatabaseUrl::Mssql(mssql) => self.mssql_target(mssql, place),
            DatabaseUrl::Sandbox { file, options } => {
                let file = file.as_ref().map(|file| place.directory.join(file));
                // Each manifest with `sandbox:` alone has a server of its own.
                let name = format!("{} {file:?} {options:?}", self.name());
                self.sandboxes.target(name, || sandbox_target(file, options, self.streams))
            }
        }
    }

    fn mssql_target(&self, url: &MssqlUrl, place: Place<'_>) -> Result<Target, Failure> {
        let Place { auth, ca, directory, .. } = place;
        let reference = match auth {
            Some(Auth::Sql { password, .. }) => password.as_ref(),
            _ => None,
        };
        let sends_password = matches!(url.method(auth), AuthMethod::Sql | AuthMethod::Ntlm);
        let source = Source::find(self.reach.password_file.as_deref(), reference, directory);
        if let Some(source) = source.as_ref().filter(|_| place.by_manifest && sends_password) {
            SecretPolicy::load(self.reach, directory)?.check(source, url, directory)?;
        }
        if url.trust_server_certificate && url.pin.is_none() {
            self.streams.note(
                "warning: the server's certificate is not checked: anybody in between can read and change what is sent",
            );
        }
        if url.encrypt == Encrypt::Off {
            self.streams.note("warning: nothing is encrypted, the password included");
        }
        let password = source.map(|source| source.read(self.streams)).transpose()?;
        let ca = match url.ca.as_deref().or(ca) {
            Some(file) => Some(read_ca(&directory.join(file))?),
            None => None,
        };
        Target::mssql(url, auth, password, ca).map_err(|error| {
            let hints = error.hints();
            Failure::new(Exit::Invalid, "cannot log in").caused_by(error).hints(hints)
        })
    }
}

/// Bytes of a file of certificates: the roots of a whole system take a quarter of a megabyte.
pub const CERTIFICATE_SIZE_MAX: u64 = 4 << 20;

fn read_ca(path: &Path) -> Result<CaFile, Failure> {
    let text = InputFile::open(path, NamedBy::Manifest).and_then(|file| file.text(CERTIFICATE_SIZE_MAX));
    let text = text.map_err(|error| {
        let hint = match &error {
            // What Windows exports unless told otherwise.
            InputError::NotText(_) => {
                Some("it has to be PEM: certutil -encode FILE FILE.pem makes it from DER".to_owned())
            }
            error => error.hint(),
        };
        let summary = format!("cannot read the CA certificate {}", path.display());
        Failure::new(Exit::Invalid, summary).caused_by(error).hints(hint)
    })?;
    Ok(CaFile { path: path.display().to_string(), pem: text.into_bytes() })
}

/// `wsusctl/0.1.0 apply anna@runner7`: what a database administrator sees in the list of sessions.
fn application_name(verb: &str) -> String {
    let user = variable(&["USER", "LOGNAME", "USERNAME"]).or_else(account).unwrap_or_else(|| "unknown".to_owned());
    let name = format!("wsusctl/{} {verb} {user}@{}", env!("CARGO_PKG_VERSION"), host_name());
    // LOGIN7 takes 128 characters.
    name.chars().take(128).collect()
}

/// The account that runs the program, where no variable says so: in containers and under cron.
#[cfg(unix)]
fn account() -> Option<String> {
    let uid = rustix::process::getuid().to_string();
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().find(|line| line.split(':').nth(2) == Some(uid.as_str()))?;
    line.split(':').next().map(str::to_owned)
}

#[cfg(not(unix))]
fn account() -> Option<String> {
    None
}

fn host_name() -> String {
    variable(&["HOSTNAME", "COMPUTERNAME"])
        .or_else(|| fs::read_to_string("/etc/hostname").ok().map(|text| text.trim().to_owned()))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn variable(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok()).filter(|text| !text.is_empty())
}

/// What can be said offline about the options of a manifest's sandbox URL.
pub fn check_options(desired: &Desired, diagnostics: &mut Diagnostics) {
    let Some(connection) = &desired.connection else { return };
    let DatabaseUrl::Sandbox { options, .. } = &connection.database.value else { return };
    if let Err(problem) = sandbox_options(options) {
        diagnostics.push(
            Diagnostic::error("sandbox-option", "a sandbox URL has an option that the sandbox does not take")
                .detail(problem)
                .at(connection.database.origin, "in this URL"),
        );
    }
}

#[cfg(feature = "sandbox")]
fn sandbox_options(options: &[(String, String)]) -> Result<(), String> {
    super::sandbox::check_options(options)
}

#[cfg(not(feature = "sandbox"))]
fn sandbox_options(_: &[(String, String)]) -> Result<(), String> {
    Ok(())
}

#[cfg(feature = "sandbox")]
fn sandbox_target(file: Option<PathBuf>, options: &[(String, String)], streams: Streams) -> Result<Target, Failure> {
    super::sandbox::target(file, options, streams)
}

#[cfg(not(feature = "sandbox"))]
fn sandbox_target(_: Option<PathBuf>, _: &[(String, String)], _: Streams) -> Result<Target, Failure> {
    Err(Failure::new(Exit::Invalid, "this build of wsusctl has no sandbox")
        .hint("use a build with the cargo feature `sandbox`, which is on by default"))
}

/// The failure of a read.
#[must_use]
pub fn unreadable(error: ReadError) -> Failure {
    let may_pass = matches!(&error, ReadError::Query(query) if query.may_pass());
    let hints = error.hints();
    let mut failure = Failure::new(Exit::Failure, "cannot read the server").caused_by(error).hints(hints);
    failure.may_pass = may_pass;
    failure
}

/// The failure to take the lock.
#[must_use]
pub fn not_locked(error: LockError) -> Failure {
    let held = matches!(error, LockError::Held { .. });
    let passing = matches!(&error, LockError::Query(query) if query.may_pass());
    let exit = if held { Exit::Locked } else { Exit::Failure };
    let hints = error.hints();
    let mut failure = Failure::new(exit, "cannot take the apply lock").caused_by(error).hints(hints);
    if held {
        failure = failure.hint("wait until the other apply has ended, or end it, and run this again");
    }
    failure.may_pass = passing;
    failure
}
