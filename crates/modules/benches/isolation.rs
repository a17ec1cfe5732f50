//! What the wall costs a caller, and what a hostile module costs the others.
//!
//! `cargo bench -p openras-modules --bench isolation`. Prints p50 and p99 of: Begin to first byte, from the warm pool
//! and from cold; a round trip of a well-behaved dialog alone and beside hostile ones, and by how much p99 grew.
//! Percentiles over single calls are what is wanted here, so this counts itself and is no criterion bench.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openras_engine::server::{DialogCommand, DialogOutput};
use openras_modules::process::ProgramConfig;
use openras_modules::{CallInfo, Module, ModuleConfig, Parts, Registry, jail};

/// Calls for each figure of starts, round trips for each figure of delays.
const CALLS: usize = 100;
const TRIPS: usize = 2000;
/// Hostile dialogs beside the good one.
const HOSTILE: usize = 8;
/// Between two calls of one hostile caller.
const PAUSE: Duration = Duration::from_millis(250);

/// Asks for ever, and says the answer's length; sh, as its start is short.
const TALKS: &str = r#"read -r b; while :; do echo '{"type":"ask","prompt":"?"}'; read -r a || exit; done"#;
/// A flood of messages, a busy loop, a crash, a line without end.
const BAD: [&str; 4] = [
    r#"read -r b; yes '{"type":"log","text":"x"}'"#,
    r#"read -r b; while :; do :; done"#,
    r#"read -r b; kill -9 $$"#,
    r#"read -r b; head -c 1000000 /dev/zero | tr '\0' x; sleep 9"#,
];

fn registry(script: &str, warm: usize) -> (Registry, Arc<dyn Module>) {
    let mut config = ProgramConfig::new(["sh", "-c", script]);
    config.warm = warm;
    if script == TALKS {
        // the bench answers more often than a person types
        config.limits.messages_per_second = 1_000_000;
        config.limits.bytes = 1 << 30;
    }
    config.limits.answer = Duration::from_secs(1);
    let configs = BTreeMap::from([("x".to_owned(), ModuleConfig::Program(Box::new(config)))]);
    let registry = Registry::build(&configs, &Parts::default()).unwrap();
    let module = registry.module("x").unwrap();
    (registry, module)
}

fn shown(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("{what:<44} p50 {:>10.1?}   p99 {:>10.1?}   ({})", at(50), at(99), times.len());
    at(99)
}

async fn first_byte(module: &Arc<dyn Module>) -> Duration {
    let since = Instant::now();
    let mut ends = openras_modules::start(module.clone(), CallInfo::default());
    ends.commands.recv().await.unwrap();
    since.elapsed()
}

async fn starts(what: &str, warm: usize) {
    let (registry, module) = registry(TALKS, warm);
    let mut times = Vec::new();
    for _ in 0..CALLS {
        while registry.conditions().next().unwrap().1.waiting < warm {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(first_byte(&module).await);
    }
    shown(what, times);
}

/// One dialog that is answered at once, over and over.
async fn trips(what: &str) -> Duration {
    let (_registry, module) = registry(TALKS, 1);
    let mut ends = openras_modules::start(module, CallInfo::default());
    let mut times = Vec::new();
    ends.commands.recv().await.unwrap();
    for _ in 0..TRIPS {
        let since = Instant::now();
        ends.events.send(DialogOutput::Line("x".into())).await.unwrap();
        assert!(matches!(ends.commands.recv().await, Some(DialogCommand::Ask(_))));
        times.push(since.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    shown(what, times)
}

async fn beside_hostile() -> Duration {
    let modules: Vec<_> = BAD.iter().map(|script| registry(script, 2)).collect();
    let mut hostile = tokio::task::JoinSet::new();
    for n in 0..HOSTILE {
        let module = modules[n % modules.len()].1.clone();
        hostile.spawn(async move {
            loop {
                let mut ends = openras_modules::start(module.clone(), CallInfo::default());
                while ends.commands.recv().await.is_some() {}
                // a caller needs some time to call again
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    trips("round trip beside 8 hostile dialogs").await
}

#[tokio::main]
async fn run() {
    starts("Begin to first byte, warm", 2).await;
    starts("Begin to first byte, cold", 0).await;
    let alone = trips("round trip alone").await;
    let beside = beside_hostile().await;
    println!("p99 beside hostile ones grew by {:.1?} (must stay below 10 ms)", beside.saturating_sub(alone));
}

fn main() {
    jail::main_if_asked();
    run();
}
