//! `wsusctl diff`: shows what `apply` would change. Writes nothing and takes no lock.

use super::against::Snapshots;
use super::arguments::{Diff, Output, Planning};
use super::claims::Claims;
use super::planning::{self, Judged, Planned};
use super::report_lost;
use super::server::{Connecting, Sandboxes};
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::plan::permission::Permissions;
use crate::report::json::{self, ServerReport};

/// Runs the verb over every manifest.
///
/// # Errors
/// What keeps the run from starting; a server's own failure is reported and the others go on.
pub async fn run(arguments: &Diff, streams: Streams) -> Result<Exit, Failure> {
    let (files, arguments) = (&arguments.against, &arguments.planning);
    let loaded = planning::load_valid(&arguments.manifests, &arguments.reach, arguments.output, streams)?;
    let Some(loaded) = loaded else { return Ok(Exit::Invalid) };
    let permissions = Permissions::new(arguments.allow.iter().copied());
    let mut snapshots = Snapshots::load(files, loaded.servers.len())?;
    let sandboxes = Sandboxes::default();
    let claims = Claims::new(&loaded);
    let mut exit = Exit::Success;
    let mut planned: Vec<Planned> = Vec::new();
    let mut errors = crate::diagnostic::Diagnostics::default();
    for (index, server) in loaded.servers.iter().enumerate() {
        let connecting =
            Connecting { server: Some(server), reach: &arguments.reach, verb: "diff", streams, sandboxes: &sandboxes };
        let one = if files.is_empty() {
            plan_one(connecting, (&claims, index), arguments, &permissions, &loaded, streams).await
        } else {
            let plan = |against| {
                planning::plan_saved(against, &server.desired, arguments, &permissions, &loaded.sources, streams)
            };
            snapshots.of(&server.desired).and_then(plan)
        };
        match one {
            Ok(Ok(one)) => {
                exit = exit.worse(if one.plan.has_differences() { Exit::Differences } else { Exit::Success });
                if arguments.output == Output::Text {
                    planning::show_notices(&one.plan, &loaded.sources, streams);
                    let text = planning::plan_text(&one, &permissions, &loaded.sources, arguments.explain, streams);
                    streams.report(&text).map_err(report_lost)?;
                }
                planned.push(one);
            }
            Ok(Err(diagnostics)) => {
                exit = exit.worse(Exit::Invalid);
                errors.extend(diagnostics);
            }
            Err(failure) => {
                streams.complain(&failure.render());
                exit = exit.worse(failure.exit);
            }
        }
    }
    if arguments.output == Output::Json {
        let reports: Vec<ServerReport<'_>> = planned.iter().map(|one| one.report(&permissions)).collect();
        let document = json::render(&reports, &errors, &loaded.sources, planning::now(), env!("CARGO_PKG_VERSION"));
        streams.report(&document).map_err(report_lost)?;
    }
    Ok(exit)
}

async fn plan_one(
    connecting: Connecting<'_>,
    (claims, index): (&Claims<'_>, usize),
    arguments: &Planning,
    permissions: &Permissions,
    loaded: &super::manifests::Loaded,
    streams: Streams,
) -> Result<Result<Planned, crate::diagnostic::Diagnostics>, Failure> {
    let mut session = connecting.open().await?;
    let taken = claims.check(index, &mut session).await?;
    if taken.has_errors() {
        planning::show_diagnostics(&taken, &loaded.sources, streams);
        return Ok(Err(taken));
    }
    let desired = &loaded.servers[index].desired;
    let judged = arguments.now.map(Judged::chosen);
    match planning::plan(&mut session, desired, permissions, judged, &loaded.sources, streams).await? {
        Ok(planned) => Ok(Ok(planned.annotated(&session, arguments.explain).await)),
        Err(diagnostics) => Ok(Err(diagnostics)),
    }
}
