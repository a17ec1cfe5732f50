//! Dialogs with real processes that fail in every way at random: hundreds, or as many as `OPENRAS_DIALOGS` says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openras_engine::server::DialogVerdict;

use crate::common::*;

const DIALOGS: u64 = 300;
/// By how much the memory of the service's side may grow between the first quarter and the end, in KiB.
const GROWTH: u64 = 16 * 1024;

fn dialogs() -> u64 {
    std::env::var("OPENRAS_DIALOGS")
        .map_or(DIALOGS, |count| count.parse().expect("OPENRAS_DIALOGS is a number"))
}

/// Resident memory of this process, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A number that looks random, the same each time.
fn dice(n: u64) -> u64 {
    let mut x = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 31;
    x.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

/// Whether this is the right number for what the caller typed: a wrong one would let somebody in, or keep somebody
/// out.
fn is_right(word: &str, verdict: &DialogVerdict) -> bool {
    let code = match verdict {
        DialogVerdict::Error { code, .. } => *code,
        _ => 0,
    };
    let expected = match word {
        "good" | "twice" => 0,
        "crash" | "escape" => 1067,
        "flood" => 1816,
        "hang" => 638,
        _ => 13,
    };
    code == expected
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialog_has_a_verdict_and_no_process_is_left() {
    let marker = format!("70400.{}", std::process::id());
    let script = format!(
        r#"{READ} echo '{{"type":"ask","prompt":"?"}}'; read -r a
        case $a in
            *crash*) kill -9 $$;;
            *flood*) yes '{{"type":"log","text":"x"}}';;
            *hang*) sleep {marker};;
            *twice*) {SUCCESS}{SUCCESS};;
            *escape*) setsid sleep {marker} & exit 1;;
            *nonsense*) echo nonsense;;
            *) {SUCCESS};;
        esac"#
    );
    let mut config = sh(&script);
    config.warm = 4;
    // only for those whose silence is the test: a host may be slower than any limit that a test can wait for
    let mut impatient = config.clone();
    impatient.limits.answer = Duration::from_millis(500);
    let (registry, module) = module(config);
    let (hangs, silent) = crate::common::module(impatient);
    let room = std::sync::Arc::new(tokio::sync::Semaphore::new(8));
    let (count, ended) = (dialogs(), std::sync::Arc::new(AtomicU64::new(0)));
    let early = std::sync::Arc::new(AtomicU64::new(0));
    let calls: Vec<_> = (0..count)
        .map(|n| {
            let word = ["good", "crash", "flood", "hang", "twice", "escape", "nonsense", "good"];
            let word = word[usize::try_from(dice(n) % 8).unwrap()];
            let module = if word == "hang" { silent.clone() } else { module.clone() };
            let (room, ended, early) = (room.clone(), ended.clone(), early.clone());
            tokio::spawn(async move {
                let _turn = room.acquire_owned().await.unwrap();
                let verdict = call(&module, word).await.0;
                assert!(is_right(word, &verdict), "{word}: {verdict:?}");
                if ended.fetch_add(1, Ordering::SeqCst) + 1 == count / 4 {
                    early.store(memory(), Ordering::SeqCst);
                }
            })
        })
        .collect();
    for one in calls {
        one.await.unwrap();
    }
    let (early, late) = (early.load(Ordering::SeqCst), memory());
    println!("{count} dialogs: {early} KiB after a quarter, {late} KiB at the end");
    assert!(late < early + GROWTH, "{early} KiB after a quarter, {late} KiB at the end");
    drop((registry, module, hangs, silent));
    // it stands in the script, so this counts jails and supervisors too
    gone(&marker).await;
}
