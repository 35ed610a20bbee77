//! `wsusctl snapshot`: saves what a server has to a file, for `diff --against`. Writes nothing to the server and takes no lock.

use super::arguments::Snapshot;
use super::get::one_server;
use super::output_file::OutputFile;
use super::planning;
use super::server::{Connecting, Sandboxes, unreadable};
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::model::scope::ReadScope;
use crate::saved;
use crate::susdb::read;

/// Runs the verb.
///
/// # Errors
/// Nothing that says which server, or a file that is there already (exit 3); another server than the manifest pins (4); a
/// server that cannot be reached or read, or a file that cannot be written (1).
pub async fn run(arguments: &Snapshot, streams: Streams) -> Result<Exit, Failure> {
    // Before anything is read: a large server takes its time.
    let file = OutputFile::new("--out", &arguments.out, arguments.force)?.private();
    let found = one_server("read", arguments.file.as_deref(), &arguments.reach, streams)?;
    let Some((server, sources)) = found else { return Ok(Exit::Invalid) };
    let sandboxes = Sandboxes::default();
    let connecting =
        Connecting { server: Some(&server), reach: &arguments.reach, verb: "snapshot", streams, sandboxes: &sandboxes };
    let mut session = connecting.open().await?;
    planning::check_pin(&mut session, &server.desired, &sources).await?;
    let snapshot = read::read_snapshot(&mut session, &ReadScope::whole()).await.map_err(unreadable)?;
    planning::check_server_id(snapshot.server.server_id, &server.desired, &sources, None)?;
    let impact = read::read_whole_impact(&mut session, &snapshot).await;
    file.write_with(|out| saved::write(&snapshot, &impact, env!("CARGO_PKG_VERSION"), out))?;
    let name = if file.is_standard_output() { "<stdout>".to_owned() } else { file.path().display().to_string() };
    streams.note(&format!(
        "written: {name}: server {}, {} updates, {} computers, {} groups",
        snapshot.server.server_id,
        snapshot.updates.len(),
        snapshot.computers.len(),
        snapshot.groups.len()
    ));
    Ok(Exit::Success)
}
