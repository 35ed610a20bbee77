#![no_main]

#[path = "../inputs/saved.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::saved(bytes));
