#![no_main]

#[path = "../inputs/tds.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::tds(bytes));
