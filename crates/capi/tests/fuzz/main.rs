//! The fuzz body of the C interface on its corpus, and on random inputs from fixed seeds.

#![allow(unreachable_pub, reason = "the fuzz target uses the same file")]
#![allow(clippy::expect_used, clippy::indexing_slicing)] // helpers of tests are tests

mod body;

use std::path::Path;

/// Random inputs, beside the corpus.
const INPUTS: u64 = 2000;
/// dwSize of each function's structure, so that most calls come past the first look.
const SIZES: [u32; 20] =
    [532, 152, 724, 2948, 2948, 5680, 1068, 1068, 540, 540, 288, 288, 4, 4, 1068, 1068, 332, 48, 100, 20];

#[test]
fn the_corpus_and_random_calls_end_with_a_number() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/capi");
    let files = std::fs::read_dir(corpus).unwrap().flatten();
    let mut seen = 0;
    for file in files {
        body::run(&std::fs::read(file.path()).unwrap());
        seen += 1;
    }
    assert!(seen > 10, "only {seen} inputs in the corpus");
    for seed in 1..=INPUTS {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        // most pointers are not NULL
        let switches = if next() % 4 == 0 { 0xff } else { 0xfd };
        let mut data = vec![next() as u8, next() as u8 & switches, (next() % 20) as u8];
        for _ in 0..usize::from(data[2]) {
            data.push(b'a' + (next() % 4) as u8);
        }
        let of = if next() % 8 == 0 { next() % 20 } else { u64::from(data[0]) % 20 };
        let size = SIZES[of as usize];
        data.extend(size.to_le_bytes());
        for _ in 0..size.saturating_sub(4).min(3000) {
            data.push(if next() % 3 == 0 { next() as u8 } else { 0 });
        }
        body::run(&data);
    }
}
