//! Every seed of the fuzz targets through what the targets do, with stable Rust and no fuzzer. Inputs that once failed are
//! seeds, too.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "sandbox")]

use std::fs;

#[path = "fuzz/inputs/answer.rs"]
mod answer;
#[path = "fuzz/inputs/manifest.rs"]
mod manifest;
#[path = "fuzz/inputs/saved.rs"]
mod saved;
#[path = "fuzz/inputs/tds.rs"]
mod tds;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = format!("{}/tests/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let seeds: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds
}

#[test]
fn manifests() {
    seeds("manifest").iter().for_each(|seed| manifest::manifest(seed));
}

#[test]
fn requests_to_the_emulated_server() {
    seeds("tds").iter().for_each(|seed| tds::tds(seed));
}

#[test]
fn answers_to_the_gateway() {
    seeds("answer").iter().for_each(|seed| answer::answer(seed));
}

#[test]
fn snapshots() {
    seeds("saved").iter().for_each(|seed| saved::saved(seed));
}
