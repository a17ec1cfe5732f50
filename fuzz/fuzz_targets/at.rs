#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| openras_sim::fuzz::at::run(data));
