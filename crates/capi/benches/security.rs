//! What a security library costs: rounds of Send and Receive a second over 64 dialogs, and how long one round of a dialog
//! takes, each beside a program that speaks the lines itself.
//!
//! `cargo bench -p openras-capi --bench security`. Needs gcc. The engine's side is played here: every Receive is answered at
//! once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openras_engine::server::{DialogCommand, DialogOutput};
use openras_modules::process::{Isolation, LibraryConfig, Limits, ProgramConfig};
use openras_modules::{CallInfo, DialogEnds, Module, ModuleConfig, Parts, Registry, jail};

const DIALOGS: usize = 64;
/// Rounds of each of the dialogs, and of the one alone.
const ROUNDS: usize = 500;
const ALONE: usize = 5000;

fn compiled(folder: &Path, source: &str, more: &[&str]) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = folder.join(source.replace(".c", ".bin"));
    let mut command = Command::new("gcc");
    command.args(["-O2", "-I"]).arg(here.join("../../include/openras")).args(more);
    command.arg(here.join("benches").join(source)).arg("-o").arg(&to);
    // RASMAN's functions are there when it is loaded
    assert!(command.status().unwrap().success());
    to
}

/// No caller types as fast.
fn limits(limits: Limits) -> Limits {
    let room = Limits { messages_per_second: 1_000_000, bytes: 1 << 30, cpu_seconds: 600, ..limits };
    Limits { begin: Duration::from_secs(60), ..room }
}

fn module(config: ModuleConfig) -> (Registry, Arc<dyn Module>) {
    let registry = Registry::build(&BTreeMap::from([("x".to_owned(), config)]), &Parts::default());
    let registry = registry.unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let module = registry.module("x").unwrap();
    (registry, module)
}

/// One round: the module has sent and waits; it is answered.
async fn round(ends: &mut DialogEnds, answer: &str) {
    loop {
        match ends.commands.recv().await.expect("the module is gone") {
            DialogCommand::Receive { .. } => break,
            DialogCommand::Complete(verdict) => panic!("{verdict:?}"),
            _ => {}
        }
    }
    ends.events.send(DialogOutput::Received(answer.into())).await.unwrap();
}

async fn many(module: &Arc<dyn Module>) -> f64 {
    let mut dialogs = Vec::new();
    for _ in 0..DIALOGS {
        let mut ends = openras_modules::start(module.clone(), CallInfo::default());
        round(&mut ends, "x").await;
        dialogs.push(ends);
    }
    let since = Instant::now();
    let tasks: Vec<_> = dialogs
        .into_iter()
        .map(|mut ends| {
            tokio::spawn(async move {
                for _ in 0..ROUNDS {
                    round(&mut ends, "x").await;
                }
                ends
            })
        })
        .collect();
    let mut dialogs = Vec::new();
    for task in tasks {
        dialogs.push(task.await.unwrap());
    }
    let rate = (DIALOGS * ROUNDS) as f64 / since.elapsed().as_secs_f64();
    for ends in &mut dialogs {
        round(ends, "q").await;
    }
    rate
}

async fn alone(module: &Arc<dyn Module>) -> (Duration, Duration) {
    let mut ends = openras_modules::start(module.clone(), CallInfo::default());
    round(&mut ends, "x").await;
    let mut times = Vec::new();
    for _ in 0..ALONE {
        let since = Instant::now();
        round(&mut ends, "x").await;
        times.push(since.elapsed());
    }
    times.sort_unstable();
    (times[ALONE / 2], times[ALONE * 99 / 100])
}

#[tokio::main]
async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let library = compiled(folder.path(), "rounds.c", &["-shared", "-fPIC"]);
    let plain = compiled(folder.path(), "plain.c", &[]);
    let mut program = ProgramConfig::new([plain.to_str().unwrap()]);
    program.limits = limits(program.limits);
    let mut call = LibraryConfig::new(&library);
    call.limits = limits(call.limits);
    let mut shared = LibraryConfig { isolation: Isolation::Shared, ..call.clone() };
    (shared.limits.processes, shared.limits.memory_mib) = (256, 0);
    let kinds = [
        ("a program", ModuleConfig::Program(Box::new(program))),
        ("a library, isolation call", ModuleConfig::Library(Box::new(call))),
        ("a library, isolation shared", ModuleConfig::Library(Box::new(shared))),
    ];
    let mut first = None;
    for (what, config) in kinds {
        let (_registry, module) = module(config);
        let (p50, p99) = alone(&module).await;
        let (of_p50, of_p99) = *first.get_or_insert((p50, p99));
        let (by_p50, by_p99) = (p50.div_duration_f64(of_p50), p99.div_duration_f64(of_p99));
        let rate = many(&module).await;
        println!(
            "{what:<28} p50 {p50:>8.1?} ({by_p50:.2})  p99 {p99:>8.1?} ({by_p99:.2})  {DIALOGS} dialogs {rate:>7.0}/s"
        );
    }
}

fn main() {
    jail::main_if_asked();
    run();
}
