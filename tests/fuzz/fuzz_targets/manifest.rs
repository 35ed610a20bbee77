#![no_main]

#[path = "../inputs/manifest.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::manifest(bytes));
