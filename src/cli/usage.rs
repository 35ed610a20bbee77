//! What to say beside clap's own words when the arguments are wrong.

use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The error with a tip, where what was written shows what was meant.
pub fn advised(mut error: clap::Error) -> clap::Error {
    if let Some(tip) = tip(&error) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

const OUT: &str = "a file to write is given with --out: --out FILE";

fn tip(error: &clap::Error) -> Option<String> {
    let written = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(written)) => written.as_str(),
        _ => return None,
    };
    match error.kind() {
        // `-o` is how a report is written, in every verb that has formats.
        ErrorKind::UnknownArgument if written == "-o" || written == "--output" => Some(OUT.to_owned()),
        ErrorKind::InvalidValue if written.starts_with("--output") && is_manifests(error) => Some(OUT.to_owned()),
        ErrorKind::UnknownArgument if is_manifest(written) => {
            Some(format!("manifests are given with -f: -f {written}"))
        }
        _ => None,
    }
}

/// Whether the formats are those of a manifest: only a verb that writes one also writes files.
fn is_manifests(error: &clap::Error) -> bool {
    matches!(error.get(ContextKind::ValidValue), Some(ContextValue::Strings(formats)) if *formats == ["yaml"])
}

/// A file or a directory, as `kubectl diff x.yaml` would not take it either, but people write it.
fn is_manifest(written: &str) -> bool {
    let path = Path::new(written);
    !written.starts_with('-') && (path.extension().is_some_and(|end| end == "yaml" || end == "yml") || path.exists())
}
