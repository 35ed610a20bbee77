//! `wsusctl validate`: reads manifests and says what is wrong. Nothing is contacted.

use super::arguments::{Output, Validate};
use super::manifests::{Loaded, load};
use super::streams::Streams;
use super::{planning, report_lost};
use crate::failure::{Exit, Failure};
use crate::report;

/// Runs the verb.
///
/// # Errors
/// A path that cannot be read.
pub fn run(arguments: &Validate, streams: Streams) -> Result<Exit, Failure> {
    let loaded = load(&arguments.manifests)?;
    loaded.tell_of_others(streams);
    let Loaded { servers, sources, mut diagnostics, others: _ } = loaded;
    for server in &servers {
        super::server::check_options(&server.desired, &mut diagnostics);
    }
    diagnostics.sort();
    planning::show_diagnostics(&diagnostics, &sources, streams);
    let failed = diagnostics.has_errors();
    match arguments.output {
        Output::Json => {
            let document =
                report::json::render(&[], &diagnostics, &sources, planning::now(), env!("CARGO_PKG_VERSION"));
            streams.report(&document).map_err(report_lost)?;
        }
        Output::Text if failed => {}
        Output::Text => {
            let count = servers.len();
            let noun = if count == 1 { "manifest is" } else { "manifests are" };
            streams.report(&format!("{count} {noun} valid.\n")).map_err(report_lost)?;
        }
    }
    Ok(if failed { Exit::Invalid } else { Exit::Success })
}
