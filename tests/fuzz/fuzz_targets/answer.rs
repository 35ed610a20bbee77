#![no_main]

#[path = "../inputs/answer.rs"]
mod inputs;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inputs::answer(bytes));
