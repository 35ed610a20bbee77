//! What `doctor` found, for people and for programs.

mod json;
mod text;
mod wire;

pub use self::json::{FORMAT_VERSION, render_json};
pub use self::text::render_text;
use crate::model::health::Health;
use crate::model::health::findings::Finding;

/// A server's health and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was found.
    pub health: Health,
    /// What follows, the worst first.
    pub findings: Vec<Finding>,
    /// GRANT statements.
    pub grants: Vec<String>,
}
