//! Framing speed beside memcpy and a coder that goes octet by octet with a table.
//!
//! `cargo bench -p openras-ppp --bench framing`; a table of ratios ends the run. Figures are the best of all
//! samples, so that a busy machine disturbs them little.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use openras_ppp::hdlc::{Deframer, Framing, frame};
use openras_ppp::wire::Protocol;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const LENGTHS: [usize; 3] = [64, 576, 1500];
const CONTENTS: [&str; 3] = ["random", "HTTP text", "all 7E"];
const MAPS: [u32; 2] = [0, 0xffff_ffff];
/// Different packets in turn, so that a branch predictor does not learn one by heart.
const PACKETS: usize = 64;

/// Nanoseconds a packet, by (direction, coder, contents, length, map): the best seen.
type Best = RefCell<BTreeMap<(&'static str, &'static str, &'static str, usize, u32), f64>>;

/// The classic coder: one table look-up for the FCS and one test for escapes an octet, FCS as it goes.
mod by_octet {
    const fn table() -> [u16; 256] {
        let mut table = [0; 256];
        let mut octet = 0;
        while octet < 256 {
            let mut value = octet as u16;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 != 0 { (value >> 1) ^ 0x8408 } else { value >> 1 };
                bit += 1;
            }
            table[octet] = value;
            octet += 1;
        }
        table
    }
    static FCS: [u16; 256] = table();

    pub(super) struct Coder {
        special: [bool; 256],
        ignored: [bool; 256],
    }

    impl Coder {
        pub(super) fn new(accm: u32) -> Self {
            let (mut special, mut ignored) = ([false; 256], [false; 256]);
            for octet in 0..32 {
                special[octet] = accm >> octet & 1 == 1;
                ignored[octet] = special[octet];
            }
            (special[0x7e], special[0x7d]) = (true, true);
            Self { special, ignored }
        }

        pub(super) fn encode(&self, packet: &[u8], out: &mut [u8]) -> usize {
            let (mut fcs, mut length) = (0xffffu16, 1);
            out[0] = 0x7e;
            let mut put = |octet: u8| {
                if self.special[usize::from(octet)] {
                    out[length] = 0x7d;
                    out[length + 1] = octet ^ 0x20;
                    length += 2;
                } else {
                    out[length] = octet;
                    length += 1;
                }
            };
            for octet in [0xff, 0x03, 0x00, 0x21] {
                fcs = (fcs >> 8) ^ FCS[usize::from(fcs as u8 ^ octet)];
                put(octet);
            }
            for octet in packet {
                fcs = (fcs >> 8) ^ FCS[usize::from(fcs as u8 ^ octet)];
                put(*octet);
            }
            for octet in (!fcs).to_le_bytes() {
                put(octet);
            }
            out[length] = 0x7e;
            length + 1
        }

        /// The length of the good frame found last.
        pub(super) fn decode(&self, wire: &[u8], frame: &mut [u8]) -> usize {
            let (mut fcs, mut length, mut escaped, mut found) = (0xffffu16, 0, false, 0);
            for octet in wire {
                let mut octet = *octet;
                if octet == 0x7e {
                    if length >= 4 && !escaped && fcs == 0xf0b8 {
                        found = length - 2;
                    }
                    (fcs, length, escaped) = (0xffff, 0, false);
                    continue;
                }
                if self.ignored[usize::from(octet)] {
                    continue;
                }
                if escaped {
                    octet ^= 0x20;
                    escaped = false;
                } else if octet == 0x7d {
                    escaped = true;
                    continue;
                }
                fcs = (fcs >> 8) ^ FCS[usize::from(fcs as u8 ^ octet)];
                if length < frame.len() {
                    frame[length] = octet;
                    length += 1;
                }
            }
            found
        }
    }
}

const TEXT: &str = "HTTP/1.1 200 OK\r\nDate: Mon, 02 Mar 1998 09:12:44 GMT\r\nServer: Apache/1.2.5\r\n\
Last-Modified: Fri, 27 Feb 1998 17:01:12 GMT\r\nContent-Length: 9381\r\nConnection: close\r\n\
Content-Type: text/html\r\n\r\n<html>\n<head><title>Timetable of the valley line</title></head>\n<body>\n\
<h1>Timetable of the valley line</h1>\n<p>Trains marked with a star run on working days only. The last train \
up the valley waits for the express if that is not more than ten minutes late.</p>\n<table border=1>\n\
<tr><td>Station</td><td>km</td><td>101</td><td>103*</td><td>105</td></tr>\n\
<tr><td>Upper bridge</td><td>0</td><td>6:02</td><td>6:40</td><td>7:15</td></tr>\n";

fn packets(contents: &str, length: usize) -> Vec<Vec<u8>> {
    let mut rng = ChaCha12Rng::from_seed([7; 32]);
    let packet = |index: usize| match contents {
        "random" => {
            let mut packet = vec![0; length];
            rng.fill_bytes(&mut packet);
            packet
        }
        "HTTP text" => TEXT.bytes().cycle().skip(index * 37).take(length).collect(),
        _ => vec![0x7e; length],
    };
    (0..PACKETS).map(packet).collect()
}

/// Times `work` on the packets in turn and keeps the best figure beside criterion's.
fn measure(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    key: (&'static str, &'static str, &'static str, usize, u32),
    best: &Best,
    mut work: impl FnMut(usize),
) {
    let id = BenchmarkId::new(key.1, format!("{} {} map {:08x}", key.2, key.3, key.4));
    group.bench_function(id, |bencher| {
        bencher.iter_custom(|rounds| {
            #[allow(clippy::disallowed_methods)] // measuring is what a bench is for
            let start = Instant::now();
            for round in 0..rounds {
                work(round as usize % PACKETS);
            }
            let took = start.elapsed();
            if rounds >= PACKETS as u64 {
                let each = took.as_nanos() as f64 / rounds as f64;
                let mut best = best.borrow_mut();
                let known = best.entry(key).or_insert(f64::MAX);
                *known = known.min(each);
            }
            took
        });
    });
}

fn cell(criterion: &mut Criterion, best: &Best, contents: &'static str, length: usize, map: u32) {
    let plain = packets(contents, length);
    let coder = by_octet::Coder::new(map);
    let framing = Framing { accm: map, acfc: false, pfc: false };
    let mut out = Vec::with_capacity(2 * length + 32);
    let mut room = vec![0; 2 * length + 32];
    let wire: Vec<Vec<u8>> = plain
        .iter()
        .map(|packet| {
            let mut wire = Vec::new();
            frame(Protocol::IP, packet, framing, false, &mut wire);
            // the two coders must agree before their speeds are compared
            let encoded = coder.encode(packet, &mut room);
            assert_eq!(room[..encoded], wire);
            assert_eq!(coder.decode(&wire, &mut room), length + 4);
            wire
        })
        .collect();

    for (direction, input) in [("send", &plain), ("receive", &wire)] {
        let mut group = criterion.benchmark_group(direction);
        measure(&mut group, (direction, "memcpy", contents, length, map), best, |index| {
            out.clear();
            out.extend_from_slice(black_box(&input[index]));
            black_box(&out);
        });
        measure(&mut group, (direction, "by octet", contents, length, map), best, |index| {
            let input = black_box(&input[index]);
            let length = if direction == "send" {
                coder.encode(input, &mut room)
            } else {
                coder.decode(input, &mut room)
            };
            black_box(&room[..length]);
        });
        let mut deframer = Deframer::new();
        deframer.set_receive_accm(map);
        measure(&mut group, (direction, "openras", contents, length, map), best, |index| {
            if direction == "send" {
                out.clear();
                frame(Protocol::IP, black_box(&input[index]), framing, false, &mut out);
                black_box(&out);
            } else {
                let mut bytes = black_box(input[index].as_slice());
                while let Some(found) = deframer.next_frame(&mut bytes) {
                    black_box(found.unwrap());
                }
            }
        });
        group.finish();
    }
}

fn print(best: &Best) {
    let best = best.borrow();
    if best.is_empty() {
        return;
    }
    println!("\nTimes as fast as the octet coder, and (times as slow as memcpy)\n");
    println!("| contents | map | octets | send | receive |");
    println!("|---|---|---:|---:|---:|");
    for contents in CONTENTS {
        for map in MAPS {
            for length in LENGTHS {
                let ratio = |direction| {
                    let of = |coder| best.get(&(direction, coder, contents, length, map)).copied();
                    match (of("openras"), of("by octet"), of("memcpy")) {
                        (Some(ours), Some(octet), Some(copy)) => {
                            format!("{:.1} ({:.1})", octet / ours, ours / copy)
                        }
                        _ => "–".to_owned(),
                    }
                };
                println!("| {contents} | {map:08X} | {length} | {} | {} |", ratio("send"), ratio("receive"));
            }
        }
    }
}

fn main() {
    let best = Best::default();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .sample_size(20)
        .without_plots()
        .configure_from_args();
    for contents in CONTENTS {
        for map in MAPS {
            for length in LENGTHS {
                cell(&mut criterion, &best, contents, length, map);
            }
        }
    }
    criterion.final_summary();
    print(&best);
}
