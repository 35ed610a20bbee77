//! Shows what the stages found: values in, text out.
//!
//! Nothing here reads a file or a clock or writes to a stream; `cli` owns the streams. One renderer a module, and each
//! takes its values apart without `..`, so that a new field of a plan cannot be forgotten here.

pub mod diagnostics;
pub mod doctor;
pub mod export;
pub mod json;
pub mod listing;
pub mod outcome;
mod place;
#[cfg(test)]
mod sample;
mod style;
pub mod text;
mod timestamp;
pub mod visible;
pub mod yaml;
