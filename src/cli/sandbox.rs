//! `wsusctl sandbox`, and `sandbox:` URLs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::arguments::{Sandbox, SandboxInit, SandboxServe, ServeTls};
use super::input_file::{InputFile, NamedBy};
use super::output_file::OutputFile;
use super::password::Source;
use super::server::CERTIFICATE_SIZE_MAX;
use super::streams::Streams;
use super::{against, contents, report_lost};
use crate::failure::{Exit, Failure};
use crate::model::connection::{DatabaseUrl, Secret};
use crate::sandbox::engine::EngineError;
use crate::sandbox::options::Options;
use crate::sandbox::server::{self, Server};
use crate::sandbox::store::{Location, StoreError};
use crate::sandbox::tds::{Authentication, Encryption, Identity, Password, ServerSettings};
use crate::susdb::connector::{BoxStream, Connector};
use crate::susdb::target::Target;

/// How long a client whose login is refused waits for the answer.
const REFUSAL_DELAY: Duration = Duration::from_millis(500);

/// The longest file that may be a certificate.
const CERTIFICATE_BYTES_MAX: u64 = 64 * 1024;

/// What the sandbox makes up where it takes a server over.
const NOT_IN_A_SNAPSHOT: &str = "note: a snapshot does not say which computers need an update and which reports what, what is in a bundle, \
     titles in other languages, files, addresses and systems of computers, or how the procedures differ: these are the sandbox's";

/// Runs the verb.
///
/// # Errors
/// A file that cannot be made or opened, an address that cannot be listened on.
pub async fn run(arguments: Sandbox, streams: Streams) -> Result<Exit, Failure> {
    match arguments {
        Sandbox::Init(arguments) => init(&arguments, streams),
        Sandbox::Serve(arguments) => serve(&arguments, streams).await,
    }
}

fn init(arguments: &SandboxInit, streams: Streams) -> Result<Exit, Failure> {
    let SandboxInit { file, seed, from, force } = arguments;
    let cannot = |error| cannot_open(file, EngineError::Store(error));
    let made = match from {
        None => {
            server::create(file, *seed, *force).map_err(cannot)?;
            format!("{} is a server with seed {seed}.\n", file.display())
        }
        Some(snapshot) => {
            let against = against::load(snapshot)?;
            let left_out = server::create_from(file, &contents::of(&against.saved), *force).map_err(cannot)?;
            for what in left_out {
                streams.note(&format!("note: not taken over: {what}"));
            }
            streams.note(NOT_IN_A_SNAPSHOT);
            let id = against.saved.snapshot.server.server_id;
            format!("{} has what server {id} had in {}.\n", file.display(), against.file)
        }
    };
    streams.report(&made).map_err(report_lost)?;
    streams.note(&format!("Use it with --server sandbox:{}", file.display()));
    Ok(Exit::Success)
}

async fn serve(arguments: &SandboxServe, streams: Streams) -> Result<Exit, Failure> {
    if !arguments.listen.ip().is_loopback() && !arguments.allow_remote {
        return Err(Failure::new(Exit::Invalid, format!("{} can be reached from other machines", arguments.listen))
            .hint("listen on 127.0.0.1, or add --allow-remote if you mean it"));
    }
    let (server, note) = tcp_server(arguments, streams)?;
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        Failure::new(Exit::Failure, format!("cannot listen on {}", arguments.listen)).caused_by(error)
    })?;
    let address = listener.local_addr().unwrap_or(arguments.listen);
    // Whoever waits for the line on standard output finds everything else said.
    streams.note(&note);
    streams.note("Press Ctrl-C to stop.");
    streams.report(&format!("listening on {address}\n")).map_err(report_lost)?;
    let (order, shutdown) = watch::channel(false);
    let signalled = async move {
        // Without a handler for Ctrl-C the program just ends, which is a shutdown as well.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        let _ = order.send(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = server.serve(listener, shutdown) => {}
        () = signalled => {}
    }
    Ok(Exit::Success)
}

fn tcp_server(arguments: &SandboxServe, streams: Streams) -> Result<(Server, String), Failure> {
    let (file, options) = match format!("sandbox:{}", arguments.file).parse() {
        Ok(DatabaseUrl::Sandbox { file: Some(file), options }) => (PathBuf::from(file), options),
        _ => return Err(Failure::new(Exit::Invalid, "give the sandbox file to serve")),
    };
    let options = parse_options(&options)?;
    let Some(source) = Source::find(arguments.password_file.as_deref(), None, Path::new("")) else {
        return Err(Failure::new(Exit::Invalid, format!("no password is given for the login {}", arguments.user))
            .hint("set WSUSCTL_PASSWORD, or give --password-file FILE"));
    };
    let password = source.read(streams)?;
    let password = Password::new(password.expose().to_owned());
    let mut settings = ServerSettings::new(Authentication::Password { user: arguments.user.clone(), password });
    let (encryption, note) = encryption(arguments)?;
    settings.encryption = encryption;
    settings.refusal_delay = REFUSAL_DELAY;
    let server =
        Server::open(Location::File(file.clone()), &options, settings).map_err(|error| cannot_open(&file, error))?;
    Ok((server, note))
}

/// What is encrypted, and what to tell about the certificate.
fn encryption(arguments: &SandboxServe) -> Result<(Encryption, String), Failure> {
    if arguments.tls == ServeTls::Off {
        return Ok((Encryption::Off, "Nothing is encrypted. Clients connect with ?encrypt=off".to_owned()));
    }
    let cannot = |what: &str| Failure::new(Exit::Invalid, format!("cannot use {what}"));
    let identity = match (&arguments.cert, &arguments.key) {
        (Some(cert), Some(key)) => {
            let read = |path: &Path| {
                let text = InputFile::open(path, NamedBy::CommandLine).and_then(|file| file.text(CERTIFICATE_SIZE_MAX));
                text.map_err(|error| cannot(&path.display().to_string()).caused_by(error))
            };
            Identity::from_pem(&read(cert)?, &read(key)?)
        }
        _ => Identity::self_signed(&[]),
    };
    let identity = identity.map_err(|error| cannot("the certificate").caused_by(error))?;
    let strict = arguments.tls == ServeTls::Strict;
    let config = if strict { identity.strict_server_config() } else { identity.server_config() };
    let config = config.map_err(|error| cannot("the certificate").caused_by(error))?;
    if let Some(path) = &arguments.write_cert {
        OutputFile::new("--write-cert", path, is_certificate(path))?.write(identity.certificate_pem().as_bytes())?;
    }
    let fingerprint: String = identity.fingerprint().iter().map(|byte| format!("{byte:02x}")).collect();
    let how = if strict { "connect with ?encrypt=strict and " } else { "" };
    let note = format!("Clients {how}verify the certificate with ?pin=sha256:{fingerprint}");
    Ok(match arguments.tls {
        ServeTls::Login => (Encryption::LoginOnly(config), note),
        ServeTls::Strict => (Encryption::Strict(config), note),
        ServeTls::Off | ServeTls::Required => (Encryption::Required(config), note),
    })
}

/// Whether a file holds certificates and nothing else, as an earlier run has written it: only such a one is replaced.
fn is_certificate(path: &Path) -> bool {
    let is_short = path.metadata().is_ok_and(|there| there.is_file() && there.len() <= CERTIFICATE_BYTES_MAX);
    let text = if is_short { fs::read_to_string(path).unwrap_or_default() } else { String::new() };
    let text = text.trim();
    text.starts_with("-----BEGIN CERTIFICATE-----")
        && text.ends_with("-----END CERTIFICATE-----")
        && !text.contains("PRIVATE KEY")
}

/// Whether these are the options of a sandbox URL.
///
/// # Errors
/// What is wrong with them.
pub fn check_options(options: &[(String, String)]) -> Result<(), String> {
    Options::parse(options).map(|_| ()).map_err(|error| error.to_string())
}

fn parse_options(options: &[(String, String)]) -> Result<Options, Failure> {
    Options::parse(options).map_err(|error| {
        Failure::new(Exit::Invalid, "the sandbox URL has an option that the sandbox does not take").caused_by(error)
    })
}

/// Opens the server of a `sandbox:` URL in this process.
///
/// # Errors
/// A file that is missing, is no sandbox, or cannot be read; options that are none.
pub fn target(file: Option<PathBuf>, options: &[(String, String)], streams: Streams) -> Result<Target, Failure> {
    let options = parse_options(options)?;
    let name = file.as_ref().map_or_else(|| "sandbox:".to_owned(), |file| format!("sandbox:{}", file.display()));
    if let (Some(path), Some(seed)) = (&file, options.seed)
        && !path.exists()
    {
        streams.note(&format!("note: {} is missing and is made with seed {seed}", path.display()));
    }
    let (shown, location) = match file {
        Some(path) => (path.clone(), Location::File(path)),
        None => (PathBuf::from("in memory"), Location::Memory),
    };
    let server = Server::in_process(location, &options).map_err(|error| cannot_open(&shown, error))?;
    let server = Arc::new(server);
    let connector = Connector::new(name, move || {
        let stream: BoxStream = Box::new(server.connect());
        async move { Ok(stream) }.boxed()
    });
    Ok(Target::connector(connector, "sandbox".to_owned(), Secret::new(String::new())))
}

fn cannot_open(file: &Path, error: EngineError) -> Failure {
    let (exit, hint) = match &error {
        EngineError::Store(StoreError::Missing { path }) => (
            Exit::Failure,
            Some(format!(
                "make it with: wsusctl sandbox init {0} --seed demo (or open it as sandbox:{0}?seed=demo)",
                path.display()
            )),
        ),
        EngineError::Store(StoreError::NotAFile { .. }) => (Exit::Invalid, Some("give another name".to_owned())),
        EngineError::Store(StoreError::Exists { .. }) => (Exit::Failure, Some("add --force to replace it".to_owned())),
        EngineError::Variant(_) | EngineError::UnknownObject { .. } => (Exit::Invalid, None),
        _ => (Exit::Failure, None),
    };
    Failure::new(exit, format!("cannot open the sandbox {}", file.display())).caused_by(error).hints(hint)
}
