//! Hundreds of dialogs with real processes that fail in every way at random.

use std::time::Duration;

use openras_engine::server::DialogVerdict;

use crate::common::*;

const DIALOGS: u64 = 300;

/// A number that looks random, the same each time.
fn dice(n: u64) -> u64 {
    let mut x = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 31;
    x.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
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
    config.limits.answer = Duration::from_millis(1500);
    config.limits.grace = Duration::from_millis(500);
    config.warm = 4;
    let (registry, module) = module(config);
    let room = std::sync::Arc::new(tokio::sync::Semaphore::new(8));
    let calls: Vec<_> = (0..DIALOGS)
        .map(|n| {
            let (module, room) = (module.clone(), room.clone());
            let word = ["good", "crash", "flood", "hang", "twice", "escape", "nonsense", "good"];
            let word = word[usize::try_from(dice(n) % 8).unwrap()];
            tokio::spawn(async move {
                let _turn = room.acquire_owned().await.unwrap();
                let verdict = call(&module, word).await.0;
                let code = match &verdict {
                    DialogVerdict::Error { code, .. } => *code,
                    _ => 0,
                };
                // the wrong one would let somebody in, or keep somebody out
                let expected: &[u32] = match word {
                    "good" | "twice" => &[0],
                    "crash" | "escape" => &[1067],
                    "flood" => &[1816],
                    "hang" => &[638],
                    _ => &[13],
                };
                assert!(expected.contains(&code), "{word}: {verdict:?}");
            })
        })
        .collect();
    for one in calls {
        one.await.unwrap();
    }
    drop((registry, module));
    // it stands in the script, so this counts jails and supervisors too
    gone(&marker).await;
}
