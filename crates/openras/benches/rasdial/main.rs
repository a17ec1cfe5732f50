//! RasDial from C to Connected, one dial after another.
//!
//! `cargo bench -p openras --bench rasdial`. One service answers on loopback TCP and dials; the C program and, beside it, the
//! client library in this program are its clients. All share the machine. Rounds of the three take turns, so that other
//! work on the machine meets each of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../../capi/tests/stage/service.rs"]
mod service;
#[path = "../../../capi/tests/stage/mod.rs"]
mod stage;

use std::path::Path;
use std::time::Instant;

use openras_client::{DialOptions, Service};
use service::{Live, PLAIN, until};
use stage::{Compiler, Lang, Stage};

const ROUNDS: usize = 10;
const EACH: usize = 50;

/// Microseconds of each dial of the C program.
fn from_c(live: &Live, stage: &Stage, program: &Path, more: &[&str]) -> Vec<f64> {
    let each = EACH.to_string();
    let mut command = stage.command(program);
    let output = live.run(command.args(["Office", "alice", "secret", &each]).args(more));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().unwrap()).collect()
}

/// The same by the client library.
async fn by_library(live: &Live, line: &str) -> Vec<f64> {
    let service = Service::connect_to(live.socket()).await.unwrap();
    let mut times = Vec::with_capacity(EACH);
    for _ in 0..EACH {
        let begun = Instant::now();
        let options = DialOptions::new(line).user("alice").password("secret");
        let connection = service.dial(options).await.unwrap().into_future().await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e6);
        connection.hang_up().await.unwrap();
        connection.wait_ended().await.unwrap();
    }
    times
}

fn percentile(times: &mut [f64], part: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() - 1) as f64 * part) as usize] / 1000.0
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let live = Live::new().ports(PLAIN).user("alice", "secret", &[]).serve();
    let line = live.line("plain");
    live.entry("Office", &line, &[]);
    let stage = Stage::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rasdial/dials.c");
    let program = stage.compile(Lang::C, Compiler::Gcc, &["-O2"], &[&source]);
    let (mut waits, mut told, mut library) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        waits.extend(from_c(&live, &stage, &program, &[]));
        told.extend(from_c(&live, &stage, &program, &["1"]));
        library.extend(runtime.block_on(by_library(&live, &line)));
        until("no call is left", || {
            let calls = live.ask(&["calls", "--json"]);
            (!calls.lines().any(|call| call.contains("\"over\":null"))).then_some(())
        });
    }
    let own = percentile(&mut library, 0.5);
    for (name, times) in [
        ("RasDial, synchronous", &mut waits),
        ("RasDial, RASDIALFUNC1", &mut told),
        ("client library", &mut library),
    ] {
        let (p50, p99) = (percentile(times, 0.5), percentile(times, 0.99));
        println!(
            "{name}: to Connected p50 {p50:.2} ms, p99 {p99:.2} ms; ratio against the client library {:.2}",
            p50 / own
        );
    }
}
