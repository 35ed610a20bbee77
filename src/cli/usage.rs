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

fn tip(error: &clap::Error) -> Option<String> {
    let written = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(written)) => written.as_str(),
        _ => return None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument if is_manifest(written) => {
            Some(format!("manifests are given with -f: -f {written}"))
        }
        _ => None,
    }
}

/// A file or a directory, as `kubectl diff x.yaml` would not take it either, but people write it.
fn is_manifest(written: &str) -> bool {
    let path = Path::new(written);
    !written.starts_with('-') && (path.extension().is_some_and(|end| end == "yaml" || end == "yml") || path.exists())
}
