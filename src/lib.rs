//! GitOps for Windows Server Update Services.
//!
//! One way through: `manifest` reads YAML into `model` values, `susdb` reads the server into the same, `resolve` turns
//! names into ids, `plan` compares, `apply` carries a plan out, `report` shows; `saved` keeps a read in a file,
//! `probe` what a server's procedures and tables look like. Only `cli`
//! brings the stages together.
//! docs/ARCHITECTURE.md has the map.

pub mod apply;
pub mod cli;
pub mod diagnostic;
pub mod encoding;
pub mod failure;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod probe;
pub mod report;
pub mod resolve;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod saved;
pub mod schema;
pub mod susdb;
