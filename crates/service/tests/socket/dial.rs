//! A dial through the socket, from Connected to its end, by one client and by two.

use std::time::Duration;

use openras_service::config::PortConfig;
use openras_service::rights::Rights;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::lab::Lab;

#[tokio::test(start_paused = true)]
async fn two_clients_see_name_and_end_one_call() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({ "name": "work" })).await;
    let mut one = lab.hold(&path, &notifier).await;
    one.until_state("RASCS_Connected").await;

    let (_, list) = lab.ask("GET", "/v1/connections", None).await;
    assert_eq!(list[0]["name"], "work");
    assert_eq!(list[0]["state"]["name"], "RASCS_Connected");
    assert_eq!(list[0]["projection"]["authentication"], "mschapv2");
    assert!(list[0]["statistics"]["frames_sent"].as_u64().unwrap() > 0, "{list}");
    let (_, calls) = lab.ask("GET", "/v1/calls", None).await;
    assert!(calls.as_array().unwrap().iter().any(|call| call["direction"] == "dialled"), "{calls}");

    let mut two = lab.events(&format!("{path}/events?after=0&packets=true")).await;
    two.until(|event| event["event"] == "packet").await;
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
    for events in [&mut one, &mut two] {
        let ended = events.ended().await;
        assert_eq!((&ended["connected"], &ended["error"]), (&json!(true), &json!(null)), "{ended}");
    }
    assert_eq!(two.next().await, None);
    assert_eq!(one.next().await, None, "a dial that was hung up is nobody's to hold");
    let (status, problem) = lab.ask("GET", &path, None).await;
    assert_eq!((status, &problem["error"]), (404, &json!(6)));
}

#[tokio::test]
async fn a_dial_over_tcp_connects_and_its_story_stays_when_it_has_ended() {
    let port = PortConfig::new("line", "listen:tcp:127.0.0.1:0".parse().unwrap());
    let lab = Lab::with(vec![port], Rights::private()).await;
    while lab.service.addresses().is_empty() {
        tokio::task::yield_now().await;
    }
    let line = format!("tcp:{}", lab.service.addresses()[0].1);
    let (path, notifier) = lab.dial(json!({ "line": line })).await;
    let mut events = lab.hold(&path, &notifier).await;
    events.until_state("RASCS_Connected").await;
    let (status, pinged) = lab.ask("POST", &format!("{path}/ping"), Some(json!({ "count": 2 }))).await;
    assert_eq!(status, 200, "{pinged}");
    assert!(pinged["rtts"].as_array().unwrap().iter().all(|rtt| rtt.is_f64()), "{pinged}");
    let (status, _) = lab.ask("POST", &format!("{path}/statistics/clear"), None).await;
    assert_eq!(status, 204);
    let (_, cleared) = lab.ask("GET", &format!("{path}/statistics"), None).await;
    assert!(cleared["bytes_sent"].as_u64().unwrap() < 100, "{cleared}");
    lab.ask("POST", &format!("{path}/hangup"), None).await;
    events.ended().await;
    let (status, story) = lab.ask("GET", &path.replace("connections", "calls"), None).await;
    assert_eq!(status, 200);
    assert_eq!(story["state"], "RASCS_Connected");
    assert_eq!(story["ended"]["error"], json!(null));
    let events = story["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["event"] == "packet"), "{story}");
    assert!(events.is_sorted_by_key(|event| event["n"].as_u64()));
    assert_eq!(events.last().unwrap()["event"], "ended");
    lab.serving.stop().await;
    assert!(!lab.socket.exists());
}

#[tokio::test(start_paused = true)]
async fn a_dial_whose_creator_is_lost_before_connected_ends_after_two_seconds() {
    let lab = Lab::start().await;
    // nobody but a person goes on from this pause
    let (path, notifier) = lab.dial(json!({ "terminal": "before_dial", "pauses": true })).await;
    let mut creator = lab.hold(&path, &notifier).await;
    creator.until_state("RASCS_Interactive").await;
    let mut watcher = lab.events(&format!("{path}/events")).await;
    let lost = Instant::now();
    drop(creator);
    let ended = watcher.ended().await;
    let after = lost.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(3)).contains(&after), "{after:?}");
    assert_eq!(ended["connected"], false);
    assert!(ended["why"].as_str().unwrap().contains("went away"), "{ended}");
    assert_eq!(watcher.next().await, None);
    assert_eq!(lab.ask("GET", &path, None).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_dial_nobody_ever_holds_ends_after_five_seconds_and_a_connected_one_does_not() {
    let lab = Lab::start().await;
    let (path, _) = lab.dial(json!({ "terminal": "before_dial", "pauses": true })).await;
    let begun = Instant::now();
    lab.events(&format!("{path}/events")).await.ended().await;
    assert!((5..6).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());

    let path = lab.connected().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (_, connection) = lab.ask("GET", &path, None).await;
    assert_eq!(connection["state"]["name"], "RASCS_Connected");
    assert!(connection["connected_seconds"].as_u64().unwrap() >= 60, "{connection}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_dial_stays_readable_while_its_creator_is_there_and_two_seconds_more() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({ "password": "wrong" })).await;
    let mut creator = lab.hold(&path, &notifier).await;
    let ended = creator.ended().await;
    assert_eq!(ended["error"]["error"], 691);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let (_, failed) = lab.ask("GET", &path, None).await;
    assert_eq!(failed["state"]["error"]["error"], 691, "{failed}");
    assert_eq!(
        lab.ask("POST", &format!("{path}/resume"), Some(json!({ "notifier": notifier }))).await.1["error"],
        6
    );
    drop(creator);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(lab.ask("GET", &path, None).await.0, 404);
    assert_eq!(lab.ask("GET", &path.replace("connections", "calls"), None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_lets_go_of_a_failed_dial() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({ "line": "exchange:999" })).await;
    let mut creator = lab.hold(&path, &notifier).await;
    creator.ended().await;
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
    assert_eq!(creator.next().await, None);
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.1["error"], 6);
}

#[tokio::test(start_paused = true)]
async fn a_second_hang_up_waits_for_nothing_and_more_of_them_change_nothing() {
    // it was passed over: the dial went on asking a server that had stopped to answer for 6 s
    let lab = Lab::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = format!("tcp:{}", silent.local_addr().unwrap());
    for (hang_ups, at_once) in [(1, false), (2, true), (200, true)] {
        let (path, notifier) = lab.dial(json!({ "line": line })).await;
        let mut creator = lab.hold(&path, &notifier).await;
        let _stream = silent.accept().await.unwrap();
        creator.until_state("RASCS_Authenticate").await;
        let begun = Instant::now();
        for _ in 0..hang_ups {
            let (status, _) = lab.ask("POST", &format!("{path}/hangup"), None).await;
            assert!([204, 404].contains(&status), "{status}");
        }
        creator.ended().await;
        assert_eq!(begun.elapsed() < Duration::from_secs(1), at_once, "{hang_ups}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_stops_while_calls_run() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({})).await;
    let mut creator = lab.hold(&path, &notifier).await;
    creator.until_state("RASCS_Connected").await;
    let (_, ()) = tokio::join!(creator.ended(), lab.service.stop());
    lab.serving.stop().await;
}
