#![no_main]
#[path = "../../crates/capi/tests/fuzz/body.rs"]
mod body;
libfuzzer_sys::fuzz_target!(|data: &[u8]| body::run(data));
