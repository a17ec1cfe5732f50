//! Readers of events: a slow or dead one costs only itself.

use std::time::Duration;

use serde_json::json;

use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_loses_events_and_no_call_waits_for_it() {
    let lab = Lab::start().await;
    let mut slow = lab.events("/v1/events?packets=true").await;
    let dead = lab.events("/v1/events").await;
    for _ in 0..120 {
        let path = lab.connected().await;
        let mut events = lab.events(&format!("{path}/events")).await;
        assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
        events.ended().await;
    }
    drop(dead);
    let lost = slow.until(|event| event["event"] == "lost").await;
    assert!(lost["count"].as_u64().unwrap() > 0, "{lost}");
    slow.until(|event| event["event"] == "ended").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_for_thirty_seconds_is_let_go() {
    let lab = Lab::start().await;
    let mut clients = lab.serving.clients();
    let slow = lab.events("/v1/events?packets=true").await;
    assert_eq!(*clients.wait_for(|count| *count == 1).await.unwrap(), 1);
    for _ in 0..120 {
        let path = lab.connected().await;
        let mut events = lab.events(&format!("{path}/events")).await;
        lab.ask("POST", &format!("{path}/hangup"), None).await;
        events.ended().await;
    }
    clients.wait_for(|count| *count <= 1).await.unwrap();
    // nothing goes on any more: only the stalled write can end it
    tokio::time::timeout(Duration::from_secs(90), clients.wait_for(|count| *count == 0))
        .await
        .unwrap()
        .unwrap();
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn all_calls_are_told_to_whoever_watches_the_service() {
    let lab = Lab::start().await;
    let mut events = lab.events("/v1/events").await;
    let path = lab.connected().await;
    let id: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
    let connected = events.until(|event| event["name"] == "RASCS_Connected").await;
    assert_eq!(connected["call"], json!(id));
    lab.ask("POST", &format!("/v1/calls/{id}/hangup"), None).await;
    // both ends of it, for both are ours
    let one = events.ended().await;
    let two = events.ended().await;
    assert_ne!(one["call"], two["call"]);
}
