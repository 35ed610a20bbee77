//! `wsusctl doctor`: looks at what wsusctl needs of a server. Writes nothing and takes no lock.

use super::arguments::{Doctor, Manifests, Output};
use super::manifests::{Loaded, Server};
use super::output_file::OutputFile;
use super::server::{Connecting, Sandboxes};
use super::streams::Streams;
use super::{planning, report_lost};
use crate::failure::{Exit, Failure};
use crate::model::health::Health;
use crate::model::health::findings::{findings, is_limited};
use crate::model::health::grants::{Wanted, grants};
use crate::report::doctor::{self, Diagnosis};
use crate::susdb;

/// Runs the verb over every server.
///
/// # Errors
/// What keeps the run from starting; a server's own failure is reported and the others go on.
pub async fn run(arguments: &Doctor, streams: Streams) -> Result<Exit, Failure> {
    let Some(loaded) = load(arguments, streams)? else { return Ok(Exit::Invalid) };
    let servers: Vec<Option<&Server>> = match &loaded {
        Some(loaded) => loaded.servers.iter().map(Some).collect(),
        None => vec![None],
    };
    let wanted = match &arguments.grants {
        None => Wanted::Missing,
        Some(user) => Wanted::All(user.as_deref()),
    };
    let contract = contract_file(arguments, servers.len())?;
    // Standard output is one document.
    let reports = !contract.as_ref().is_some_and(OutputFile::is_standard_output);
    let sandboxes = Sandboxes::default();
    let mut exit = Exit::Success;
    let mut diagnoses = Vec::new();
    for server in servers {
        let connecting = Connecting { server, reach: &arguments.reach, verb: "doctor", streams, sandboxes: &sandboxes };
        match examine(connecting, contract.as_ref()).await {
            Ok(health) => {
                let findings = findings(&health);
                exit = exit.worse(if is_limited(&findings) { Exit::Failure } else { Exit::Success });
                let grants = grants(&health, wanted);
                let diagnosis = Diagnosis { health, findings, grants };
                if reports && arguments.output == Output::Text {
                    let text = doctor::render_text(&diagnosis, streams.color_out, streams.width());
                    let apart = if diagnoses.is_empty() { "" } else { "\n" };
                    streams.report(&format!("{apart}{text}")).map_err(report_lost)?;
                }
                diagnoses.push(diagnosis);
            }
            Err(failure) => {
                streams.complain(&failure.render());
                exit = exit.worse(failure.exit);
            }
        }
    }
    if arguments.output == Output::Json {
        let document = doctor::render_json(&diagnoses, env!("CARGO_PKG_VERSION"));
        streams.report(&document).map_err(report_lost)?;
    }
    Ok(exit)
}

/// The manifests; inside, none where the command line alone says where the server is. None where they are not valid.
fn load(arguments: &Doctor, streams: Streams) -> Result<Option<Option<Loaded>>, Failure> {
    let Doctor { files, max_manifest_size, reach, .. } = arguments;
    if files.is_empty() {
        return match reach.otherwise()? {
            Some(_) => Ok(Some(None)),
            None => Err(Failure::new(Exit::Invalid, "nothing says which server to look at").hint(
                "give --server URL, or with -f the manifests that have their connections, or set WSUSCTL_SERVER",
            )),
        };
    }
    let manifests = Manifests { files: files.clone(), max_manifest_size: *max_manifest_size };
    // Text: what is wrong with a manifest goes to standard error alone, since the document is about servers.
    Ok(planning::load_valid(&manifests, reach, Output::Text, streams)?.map(Some))
}

/// Where the contract goes.
fn contract_file(arguments: &Doctor, servers: usize) -> Result<Option<OutputFile>, Failure> {
    let Some(path) = &arguments.contract else { return Ok(None) };
    let bad = |summary: &str, hint: &str| Err(Failure::new(Exit::Invalid, summary).hint(hint));
    if servers != 1 {
        return bad("--contract takes one server, and these manifests are of several", "give the manifest of one");
    }
    let file = OutputFile::new("--contract", path, arguments.force)?;
    if file.is_standard_output() && arguments.output == Output::Json {
        return bad("--contract - and --output json are two documents for one standard output", "name a file");
    }
    Ok(Some(file))
}

async fn examine(connecting: Connecting<'_>, contract: Option<&OutputFile>) -> Result<Health, Failure> {
    let destination = connecting.destination()?;
    let (connection, server) = susdb::doctor::examine(&destination.target, &destination.options).await;
    if let Some(file) = contract {
        let streams = connecting.streams;
        match susdb::probe::probe(&destination.target, &destination.options, env!("CARGO_PKG_VERSION")).await {
            Ok(contract) => {
                file.write(contract.render().as_bytes())?;
                if !file.is_standard_output() {
                    streams
                        .note(&format!("written: {}: look at it before you give it to anybody", file.path().display()));
                }
            }
            Err(_) if server.is_none() => streams.complain("no contract is written: there is no connection\n"),
            Err(error) => {
                let summary = "no contract is written: the server could not be reached a second time";
                return Err(Failure::new(Exit::Failure, summary).caused_by(error).hint("run it again"));
            }
        }
    }
    let name = connecting.server.map(|server| server.desired.name.clone());
    Ok(Health { name, url: destination.url, connection, server })
}
