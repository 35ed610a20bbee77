//! The command line: the only place where the stages meet.

mod against;
mod apply;
mod arguments;
mod claims;
#[cfg(feature = "sandbox")]
mod contents;
mod core_dump;
mod diff;
mod doctor;
mod export;
mod get;
mod help;
mod input_file;
mod manifests;
mod output_file;
mod password;
mod planning;
mod progress;
mod refresh;
mod run_rules;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schema;
mod secret_policy;
mod server;
mod snapshot;
mod stop;
mod streams;
mod synchronise;
mod usage;
mod validate;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use self::arguments::{Arguments, ColorChoice, LogFormat, Verb};
use self::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::model::connection::UrlError;

/// Runs the program with these arguments (the program's name first) and gives its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => run_verb(arguments).into(),
        Err(error) => {
            // clap's own status for bad usage is 2, which here means differences.
            let exit = if error.use_stderr() { Exit::Invalid } else { Exit::Success };
            match error.source().and_then(|source| source.downcast_ref::<UrlError>()) {
                Some(problem) => {
                    Streams::new(ColorChoice::Auto, false).complain(&bad_url("--server", problem).render())
                }
                // A closed standard output or error leaves nobody to tell.
                None => drop(usage::advised(error).print()),
            }
            exit.into()
        }
    }
}

/// What to say about a database URL that is none: clap would repeat it, and it may carry a password. `of` says where it
/// stood.
fn bad_url(of: &str, problem: &UrlError) -> Failure {
    let failure =
        Failure::new(Exit::Invalid, format!("the value of {of} is not a database URL")).caused_by(problem.clone());
    match problem {
        UrlError::Password => failure
            .hint("write mssql://USER@HOST/SUSDB, and give the password with --password-file or WSUSCTL_PASSWORD")
            .hint("this password may be in the shell's history and in logs by now: change it"),
        _ => failure.hint("write mssql://[USER@]HOST[:PORT]/SUSDB, wid: or sandbox:[FILE]"),
    }
}

/// How long what still runs in the background may take to end.
const PARTING: Duration = Duration::from_secs(2);

fn run_verb(arguments: Arguments) -> Exit {
    let streams = Streams::new(arguments.common.color, arguments.common.quiet);
    start_logging(&arguments, streams);
    core_dump::forbid();
    let result = match runtime() {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(arguments.verb, streams));
            // A resolver that hangs is a thread that cannot be stopped: it is not waited for.
            runtime.shutdown_timeout(PARTING);
            result
        }
        Err(failure) => Err(failure),
    };
    result.unwrap_or_else(|failure| {
        streams.complain(&failure.render());
        failure.exit
    })
}

async fn dispatch(verb: Verb, streams: Streams) -> Result<Exit, Failure> {
    match verb {
        Verb::Validate(arguments) => validate::run(&arguments, streams),
        Verb::Diff(arguments) => diff::run(&arguments, streams).await,
        Verb::Apply(arguments) => apply::run(&arguments, streams).await,
        Verb::Doctor(arguments) => doctor::run(&arguments, streams).await,
        Verb::Export(arguments) => export::run(&arguments, streams).await,
        Verb::Snapshot(arguments) => snapshot::run(&arguments, streams).await,
        Verb::Get(arguments) => get::run(&arguments, streams).await,
        Verb::Schema(arguments) => schema::run(&arguments, streams),
        Verb::Help(arguments) => help::run(&arguments, streams),
        #[cfg(feature = "sandbox")]
        Verb::Sandbox(arguments) => sandbox::run(arguments, streams).await,
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, "cannot start the asynchronous runtime").caused_by(error))
}

fn start_logging(arguments: &Arguments, streams: Streams) {
    let common = &arguments.common;
    let level = match common.verbose {
        0 if is_server(&arguments.verb) && !common.quiet => "wsusctl=warn",
        0 => "off",
        1 => "wsusctl=info",
        _ => "wsusctl=debug",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(streams.color_err);
    match common.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Whether the verb is one that others use meanwhile: what goes wrong with them is said without being asked for.
fn is_server(verb: &Verb) -> bool {
    #[cfg(feature = "sandbox")]
    return matches!(verb, Verb::Sandbox(arguments::Sandbox::Serve(_)));
    #[cfg(not(feature = "sandbox"))]
    {
        let _ = verb;
        false
    }
}

/// The work of standard output failing: the report did not arrive.
fn report_lost(error: std::io::Error) -> Failure {
    Failure::new(Exit::Failure, "cannot write to standard output").caused_by(error)
}
