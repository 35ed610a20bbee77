//! `wsusctl schema`: prints a JSON Schema. Nothing is read and nothing is contacted.

use super::arguments::{Described, SchemaOf};
use super::report_lost;
use super::streams::Streams;
use crate::failure::{Exit, Failure};
use crate::{manifest, probe, report};

/// Runs the verb.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(arguments: &SchemaOf, streams: Streams) -> Result<Exit, Failure> {
    let document = match arguments.document {
        Described::Manifest => manifest::schema(),
        Described::Plan => report::json::schema(),
        Described::Contract => probe::schema(),
    };
    streams.report(&document.render()).map_err(report_lost)?;
    Ok(Exit::Success)
}
