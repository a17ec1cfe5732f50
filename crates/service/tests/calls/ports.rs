//! Ports as an administrator sees them, other settings for a service that runs, and room for callers.

use std::time::Duration;

use openras_engine::ConnState;
use openras_engine::client::dial::{Command, Notice};
use openras_service::config::{Config, PortConfig, PortLine};
use openras_service::connections::Connection;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::lab::{Lab, config, exchange, over, request, tcp};

/// Reads until the dial is connected.
async fn connected(mut connection: Connection) -> Connection {
    loop {
        match connection.notice().await.expect("it ended") {
            Notice::State { state: ConnState::CONNECTED, .. } => return connection,
            Notice::Ended(end) => panic!("{end:?}"),
            _ => {}
        }
    }
}

async fn hung_up(connection: Connection) -> openras_engine::client::dial::DialEnd {
    connection.command(Command::HangUp).await;
    over(connection).await
}

/// The other end's view of a call that was ended: waits until the service says that the port has no call.
async fn free(lab: &Lab, port: &str) {
    while lab.service.ports().iter().any(|other| other.name == port && other.call.is_some()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn port(lab: &Lab, name: &str) -> openras_api::types::port::Port {
    lab.service.ports().into_iter().find(|port| port.name == name).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_port_is_listed_with_its_call_which_can_be_ended() {
    let lab = Lab::start(vec![tcp("line1"), exchange("line2", "100", 1)]).await;
    let names: Vec<String> = lab.service.ports().into_iter().map(|port| port.name).collect();
    assert_eq!(names, ["line1/1", "line1/2", "line1/3", "line1/4", "line2/1"]);
    assert_eq!(
        (port(&lab, "line1/1").condition.as_str(), port(&lab, "line1/1").condition_number),
        ("listening", 3)
    );
    let call = connected(lab.dial(request(&format!("tcp:{}", lab.address("line1")), "alice"))).await;
    let busy = port(&lab, "line1/1");
    assert_eq!((busy.condition.as_str(), busy.condition_number), ("authenticated", 5));
    assert_eq!((busy.user.as_deref(), busy.source.as_deref()), (Some("alice"), Some("127.0.0.1")));
    assert!(busy.call.is_some() && busy.since.is_some() && !busy.leaving);
    assert!(busy.statistics.bytes_received > 100 && busy.statistics.frames_sent > 3, "{:?}", busy.statistics);
    lab.service.clear_port_statistics("line1/1").unwrap();
    assert_eq!(port(&lab, "line1/1").statistics.bytes_received, 0);
    assert_eq!(lab.service.disconnect("line1/2").unwrap_err().error, 668);
    assert_eq!(lab.service.disconnect("line9/1").unwrap_err().error, 6);
    assert_eq!(lab.service.disconnect("line1").unwrap_err().error, 6);
    lab.service.disconnect("line1/1").unwrap();
    assert!(over(call).await.error.is_some());
    free(&lab, "line1/1").await;
    assert!(lab.record().contains("\"error\":631"), "{}", lab.record());
}

#[tokio::test(start_paused = true)]
async fn a_reload_under_200_calls_loses_none() {
    let state = tempfile::tempdir().unwrap();
    let many = |name: &str, number: &str| PortConfig {
        calls: 100,
        pool: "10.65.0.0/16".parse().unwrap(),
        ..exchange(name, number, 100)
    };
    let service =
        openras_service::Service::start(config(&state, vec![many("a", "100"), many("b", "200")])).await;
    let lab = Lab { service: service.unwrap(), state };
    lab.add("alice", openras_engine::users::CallbackRight::None);
    for n in 0..200 {
        lab.add(&format!("user{n}"), openras_engine::users::CallbackRight::None);
    }
    let mut calls = Vec::new();
    for n in 0..200 {
        let line = if n % 2 == 0 { "exchange:100" } else { "exchange:200" };
        calls.push(connected(lab.dial(request(line, &format!("user{n}")))).await);
    }
    // a stays, b gets other settings and fewer calls, c is new; then b goes altogether
    let fewer = PortConfig { calls: 1, dns: vec![[10, 0, 0, 1].into()], ..many("b", "200") };
    let ports = vec![exchange("c", "300", 1), many("a", "100"), fewer];
    let reloaded = lab.service.reload(config(&lab.state, ports)).await.unwrap();
    assert_eq!(
        (reloaded.added, reloaded.changed, reloaded.unchanged),
        (vec!["c".into()], vec!["b".into()], vec!["a".into()])
    );
    let reloaded =
        lab.service.reload(config(&lab.state, vec![many("a", "100"), exchange("c", "300", 1)])).await;
    assert_eq!(reloaded.unwrap().removed, ["b"]);
    let ports = lab.service.ports();
    assert_eq!(ports.iter().filter(|port| port.call.is_some()).count(), 200);
    assert_eq!(ports.iter().filter(|port| port.leaving).count(), 100);
    lab.works("exchange:300").await;
    let gone = over(lab.dial(request("exchange:200", "alice"))).await;
    assert!(!gone.was_connected, "b answers no more: {gone:?}");
    for call in calls {
        let end = hung_up(call).await;
        assert!(end.was_connected && end.error.is_none(), "{end:?}");
    }
    lab.service.reload(config(&lab.state, vec![many("a", "100")])).await.unwrap();
    assert!(lab.service.ports().iter().all(|port| port.name.starts_with("a/")));
}

#[tokio::test(start_paused = true)]
async fn a_reload_with_anything_wrong_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openras.toml");
    let write = |text: &str| {
        let state = folder.path().join("state");
        std::fs::write(&file, format!("state = {state:?}\n{text}")).unwrap();
    };
    write("[[port]]\nname = 'a'\nline = 'exchange:100'\n");
    let service = openras_service::Service::start(Config::load(&file).unwrap()).await.unwrap();
    let before = service.ports();
    for (bad, said) in [
        ("[[port]]\nname = 'a'\nline = 'exchange:200'\ncalls = 0\n", "openras.toml:5:9"),
        (
            "[[port]]\nname = 'a'\nline = 'exchange:200'\nmodules = ['x']\n[module.x]\nkind = 'program'\ncommand = ['no-such-program']\n",
            "no-such-program",
        ),
        ("[[port]\n", "not TOML"),
    ] {
        write(bad);
        let problem = service.reload_file().await.unwrap_err();
        assert_eq!(problem.error, 87);
        assert!(
            problem.message.contains(said) && problem.message.starts_with("nothing was changed"),
            "{problem}"
        );
        assert_eq!(service.ports(), before);
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(service.reload_file().await.unwrap_err().error, 87);
    assert_eq!(service.ports(), before);
    write("password_min = 9\n[[port]]\nname = 'a'\nline = 'exchange:200'\n");
    let reloaded = service.reload_file().await.unwrap();
    assert_eq!((reloaded.changed, reloaded.needs_restart), (vec!["a".into()], vec!["password_min".into()]));
}

#[tokio::test]
async fn a_line_that_cannot_be_had_at_a_reload_is_shown_and_tried_again() {
    let lab = Lab::start(vec![exchange("line1", "100", 1)]).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line: PortLine = format!("listen:tcp:{}", taken.local_addr().unwrap()).parse().unwrap();
    let ports = vec![exchange("line1", "100", 1), PortConfig::new("late", line)];
    let reloaded = lab.service.reload(config(&lab.state, ports)).await.unwrap();
    assert_eq!(reloaded.problems.iter().map(|problem| problem.error).collect::<Vec<_>>(), [633]);
    let late = port(&lab, "late/1");
    assert_eq!((late.condition.as_str(), late.problem.unwrap().error), ("non_operational", 633));
    let notes = lab.service.server().notes;
    assert!(notes.iter().any(|note| note.text.contains("late/1")), "{notes:?}");
    drop(taken);
    while port(&lab, "late/1").problem.is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    lab.works(&format!("tcp:{}", lab.address("late"))).await;
    assert!(lab.service.server().notes.iter().all(|note| !note.text.contains("late/1")));
}

/// Rule 8: half of the calls of a line, four of a source.
#[tokio::test(start_paused = true)]
async fn callers_who_prove_nothing_have_so_much_room_and_are_closed_at_once_beyond() {
    let roomy = PortConfig { calls: 12, ..tcp("line1") };
    let small = PortConfig { calls: 4, ..tcp("line2") };
    let lab = Lab::start(vec![roomy, small]).await;
    let mut callers = Vec::new();
    for _ in 0..2 {
        callers.push(TcpStream::connect(lab.address("line2")).await.unwrap());
    }
    let closed = |address| async move {
        let mut caller = TcpStream::connect(address).await.unwrap();
        let mut memory = [0; 64];
        let begun = tokio::time::Instant::now();
        let end = caller.read(&mut memory).await;
        (matches!(end, Ok(0) | Err(_)) && begun.elapsed() < Duration::from_secs(1)).then_some(())
    };
    assert!(closed(lab.address("line2")).await.is_some(), "half of four are two");
    for _ in 0..2 {
        callers.push(TcpStream::connect(lab.address("line1")).await.unwrap());
    }
    assert!(closed(lab.address("line1")).await.is_some(), "four of one source, on all lines together");
    let text = lab.service.metrics();
    for line in [
        "openras_unauthenticated 4",
        "openras_calls_turned_away_total{limit=\"unauthenticated\"} 1",
        "openras_calls_turned_away_total{limit=\"per_source\"} 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert!(lab.record().contains("\"what\":\"turned-away\""));
    callers.pop();
    while lab.service.metrics().lines().all(|line| line != "openras_unauthenticated 3") {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // who has passed takes nobody's room
    let at = format!("tcp:{}", lab.address("line1"));
    let first = connected(lab.dial(request(&at, "alice"))).await;
    lab.add("bob", openras_engine::users::CallbackRight::None);
    let second = connected(lab.dial(request(&at, "bob"))).await;
    hung_up(first).await;
    hung_up(second).await;
}

/// Every line of the metrics is one Prometheus can read.
#[tokio::test(start_paused = true)]
async fn metrics_parse_and_count_what_happened() {
    let lab = Lab::start(vec![tcp("line1")]).await;
    lab.works(&format!("tcp:{}", lab.address("line1"))).await;
    free(&lab, "line1/1").await;
    let text = lab.service.metrics();
    let mut typed = std::collections::BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(matches!(kind, "counter" | "gauge") && name.starts_with("openras_"));
            assert!(typed.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {name}");
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            assert!(typed.contains_key(name), "{line}");
            value.parse::<f64>().unwrap();
            if let Some((_, labels)) = series.split_once('{') {
                let labels = labels.strip_suffix('}').unwrap();
                assert!(labels.split(',').all(|l| l.contains("=\"") && l.ends_with('"')), "{line}");
            }
        }
    }
    let value = |name: &str| -> u64 {
        text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap().parse().unwrap()
    };
    assert_eq!(value("openras_calls_answered_total"), 1);
    assert_eq!(value("openras_claims_total{verdict=\"accepted\"}"), 1);
    assert!(value("openras_octets_total{direction=\"received\"}") > 100);
    assert!(value("openras_audit_records_total") >= 4);
    assert_eq!(value("openras_ports{condition=\"listening\"}"), 4);
}

/// Rule 20.
#[tokio::test]
async fn the_record_has_the_whole_story_of_a_call_and_its_chain_holds() {
    let lab = Lab::start(vec![exchange("line1", "100", 1)]).await;
    lab.works("exchange:100").await;
    free(&lab, "line1/1").await;
    lab.service.stop().await;
    let record = lab.record();
    let what: Vec<String> = record
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["what"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(what, ["chain", "started", "answered", "tried", "up", "ended", "stopped"]);
    let verified = openras_service::audit::verify(&lab.state.path().join("state"));
    assert_eq!((verified.records, verified.problem), (7, None));
}
