//! Processes kept ready.

use std::time::{Duration, Instant};

use crate::common::*;

#[tokio::test(flavor = "multi_thread")]
async fn processes_wait_before_a_call_comes_and_are_replaced_when_taken() {
    let (registry, module) = module(sh(&format!("{READ}{SUCCESS}")));
    let condition = || registry.conditions().next().unwrap().1;
    until("two wait", || condition().waiting == 2).await;
    assert_eq!((condition().started, condition().failed), (2, 0));
    assert_eq!(call(&module, "").await.0, alice());
    until("the next one waits", || condition().waiting == 2 && condition().started == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_processes_are_served_too() {
    let (_registry, module) = module(sh(&format!("{READ}{SUCCESS}")));
    let calls: Vec<_> = (0..12)
        .map(|_| {
            tokio::spawn({
                let module = module.clone();
                async move { call(&module, "").await.0 }
            })
        })
        .collect();
    for one in calls {
        assert_eq!(one.await.unwrap(), alice());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_dies_waiting_is_not_started_again_at_once() {
    let since = Instant::now();
    let (registry, module) = module(sh("exit 4"));
    let condition = || registry.conditions().next().unwrap().1;
    until("it died again and again", || condition().failed >= 3).await;
    // a second after the first, and two after the one that was started with it
    assert!(since.elapsed() >= Duration::from_millis(2900), "{:?}", since.elapsed());
    let verdict = call(&module, "").await.0;
    assert!(matches!(verdict, openras_engine::server::DialogVerdict::Error { .. }), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_processes_end_with_their_registry() {
    let marker = format!("70500.{}", std::process::id());
    let mut config = sh(&format!("sleep {marker} & {READ}{SUCCESS}"));
    config.warm = 3;
    let (registry, module) = module(config);
    until("three wait", || running(&format!("sleep {marker}")).len() >= 3).await;
    drop((registry, module));
    gone(&marker).await;
}
