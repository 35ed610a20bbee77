//! The JSON document of `diff --output json`, for programs. docs/reference/json-plan.md describes it.

mod wire;

use chrono::{DateTime, Utc};

use super::visible::visible_json;
use crate::diagnostic::{Diagnostics, Sources};
use crate::plan::Plan;

/// The version of the document's shape. Its first number changes when readers would have to change, its second when
/// something is added.
pub const FORMAT_VERSION: &str = "1.0";

/// A server's plan and what the document says about it besides.
#[derive(Debug, Clone)]
pub struct ServerReport<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The plan's digest, in hexadecimal.
    pub digest: String,
    /// The permissions that `--allow` gave, as they are typed.
    pub permissions: Vec<String>,
}

/// Writes the document, with a line end at its end.
///
/// `errors` are the problems of the manifests. Where one of them is an error nothing was planned in earnest: the document
/// then has no servers and so no changes, whatever `servers` says. The same input gives the same bytes.
#[must_use]
pub fn render(
    servers: &[ServerReport<'_>],
    errors: &Diagnostics,
    sources: &Sources,
    evaluated_at: DateTime<Utc>,
    tool_version: &str,
) -> String {
    let servers = if errors.has_errors() { &[] } else { servers };
    let document = wire::Document::new(servers, errors, sources, evaluated_at, tool_version);
    let mut text = serde_json::to_string_pretty(&document).expect("every key of the document is a text");
    text.push('\n');
    visible_json(&text).into_owned()
}
