#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| openras_sim::fuzz::modem::run(data));
