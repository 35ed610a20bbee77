//! The JSON Schemas: what is committed is what the program prints, and what they say is what the program does.

#![allow(clippy::unwrap_used)]

mod agreement;
mod committed;
mod corpus;
mod page;
mod plan;
mod second_opinion;
mod validator;

use wsusctl::diagnostic::{Diagnostics, Sources};
use wsusctl::manifest::{ReadLimits, read};

/// What the reader says about a text.
fn judged(yaml: &str) -> Diagnostics {
    read("manifest.yaml", yaml.as_bytes(), &mut Sources::default(), &ReadLimits::default()).1
}
