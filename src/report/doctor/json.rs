//! The JSON document of `doctor --output json`. docs/reference/doctor.md describes it.

use super::Diagnosis;
use super::wire::Document;
use crate::report::visible::visible_json;

/// The version of the document's shape, apart from that of the plan's.
pub const FORMAT_VERSION: &str = "1.1";

/// Writes the document, with a line end at its end. The same input gives the same bytes.
#[must_use]
pub fn render_json(diagnoses: &[Diagnosis], tool_version: &str) -> String {
    let document = Document::new(diagnoses, tool_version);
    let mut text = serde_json::to_string_pretty(&document).expect("every key of the document is a text");
    text.push('\n');
    visible_json(&text).into_owned()
}
