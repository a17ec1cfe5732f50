//! What the client asks, over which connection, and what it makes of good answers and refusals.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use openras_api::Client;
use openras_api::routes::ROUTES;
use openras_api::types::connection::{Dial, GiveUp, Ping, Resume, Seen, TcpTo};
use openras_api::types::forward::Forward;
use openras_api::types::user::{NewUser, Password, UserRights};
use openras_ppp::Secret;

use crate::other_end::{Peer, SERVER, other_end};

const REFUSAL: &str =
    r#"{"error":691,"name":"ERROR_AUTHENTICATION_FAILURE","message":"No.","remedy":"Try."}"#;

async fn refuse(mut peer: Peer) {
    while peer.request().await.is_some() {
        peer.answer(422, REFUSAL).await;
    }
}

async fn greet(mut peer: Peer) {
    while peer.request().await.is_some() {
        peer.answer(200, SERVER).await;
    }
}

/// One request of every method.
async fn everything(client: &Client) -> usize {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let file = File::open("/dev/null").unwrap();
    let resume = Resume { notifier: "n".into(), ..Resume::default() };
    let user = NewUser {
        name: "eve".into(),
        password: Secret::from("x").into(),
        reversible: false,
        rights: UserRights::default(),
    };
    let password = Password { password: Secret::from("x").into(), reversible: true };
    let errors = [
        client.dial(&Dial::new("tcp:127.0.0.1:1")).await.err(),
        client.connections().await.err(),
        client.connection(7).await.err(),
        client.connection_events(7, Some("a/b"), 3, true).await.err(),
        client.resume(7, &resume).await.err(),
        client.seen(7, &Seen { notifier: "n".into(), seq: 1 }).await.err(),
        client
            .give_up(7, &GiveUp { notifier: "n".into(), error: 638, why: "w".into(), remedy: String::new() })
            .await
            .err(),
        client.hangup(7).await.err(),
        client.release(7).await.err(),
        client.terminal(7).await.err(),
        client.projection(7).await.err(),
        client.statistics(7).await.err(),
        client.clear_statistics(7).await.err(),
        client.ping(7, &Ping { address: None, count: 1 }).await.err(),
        client.tcp(7, &TcpTo { address: address.to_string(), port: 80 }).await.err(),
        client.forward(7, &Forward { listen: (address, 8080).into(), to: None }).await.err(),
        client.forwards(7).await.err(),
        client.close_forward(7, (address, 8080).into()).await.err(),
        client.calls().await.err(),
        client.call(7).await.err(),
        client.why(Some(7)).await.err(),
        client.end_call(7).await.err(),
        client.events(false).await.err(),
        client.descriptor(&file).await.err(),
        client.modems().await.err(),
        client.ports().await.err(),
        client.port("line1/3").await.err(),
        client.disconnect("line1/3").await.err(),
        client.clear_port_statistics("line1/3").await.err(),
        client.users().await.err(),
        client.add_user(&user).await.err(),
        client.user("..").await.err(),
        client.set_user("ä?b", &UserRights::default()).await.err(),
        client.remove_user("x").await.err(),
        client.set_password("x", &password).await.err(),
        client.unlock_user("x").await.err(),
        client.server().await.err(),
        client.reload().await.err(),
        client.audit(4, true).await.err(),
        client.verify_audit().await.err(),
        client.metrics().await.err(),
        client.openapi().await.err(),
    ];
    for (at, error) in errors.iter().enumerate() {
        let problem = error.as_ref().unwrap_or_else(|| panic!("{at} was no refusal"));
        assert_eq!((problem.error, problem.message.as_str()), (691, "No."), "{at}");
    }
    errors.len()
}

#[tokio::test]
async fn every_route_has_its_method_and_all_go_over_one_connection() {
    let end = other_end(refuse);
    let client = end.client().await;
    let asked = everything(&client).await;
    assert_eq!(asked, ROUTES.len());
    // two ways to ask for the events of a connection
    assert!(client.dial_events(7, "a/b").await.is_err());
    let lines = end.asked();
    assert!(lines.iter().all(|(number, _)| *number == 0), "{lines:?}");
    let as_templates: BTreeSet<String> = lines
        .iter()
        .map(|(_, line)| {
            let line = line.split('?').next().unwrap();
            ["line1%2F3", "%2E%2E", "%C3%A4%3Fb", "x"].iter().fold(line.to_owned(), |line, name| {
                line.replace(&format!("users/{name}"), "users/{name}")
                    .replace(&format!("ports/{name}"), "ports/{name}")
            })
        })
        .map(|line| line.replace("/7", "/{id}"))
        .collect();
    let routes = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(as_templates, routes);
    let all: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    assert!(all.contains(&"GET /v1/connections/7/events?notifier=a%2Fb&after=3&packets=true".to_owned()));
    assert!(
        all.contains(&"GET /v1/connections/7/events?notifier=a%2Fb&after=0&keep_terminal=true".to_owned())
    );
    assert!(all.contains(&"GET /v1/audit?after=4&follow=true".to_owned()));
}

#[tokio::test]
async fn what_is_sent_is_the_json_of_the_types() {
    let end = other_end(refuse);
    let mut dial = Dial::new("tcp:127.0.0.1:1");
    dial.password = Secret::from("geheim \"ä\"").into();
    end.client().await.dial(&dial).await.unwrap_err();
    let heard = end.heard.lock().unwrap();
    let (_, request) = heard.first().unwrap();
    assert!(request.head.to_lowercase().contains("content-type: application/json\r\n"), "{}", request.head);
    let back: Dial = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(back.password, dial.password);
    assert_eq!(back.line, dial.line);
}

#[tokio::test]
async fn an_upgrade_is_asked_for_by_its_protocol() {
    let end = other_end(refuse);
    end.client().await.terminal(1).await.unwrap_err();
    let heard = end.heard.lock().unwrap();
    let head = heard.first().unwrap().1.head.to_lowercase();
    assert!(
        head.contains("upgrade: openras-stream\r\n") && head.contains("connection: upgrade\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn members_of_a_later_version_are_passed_over() {
    let end = other_end(greet);
    let server = end.client().await.server().await.unwrap();
    assert_eq!((server.pid, server.api), (7, 1));
}

#[tokio::test]
async fn an_empty_name_is_not_sent() {
    let end = other_end(greet);
    let problem = end.client().await.user("").await.unwrap_err();
    assert_eq!(problem.error, 87);
    assert!(end.asked().is_empty());
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_unseen() {
    let end = other_end(|mut peer: Peer| async move {
        // one request each, and gone
        if peer.request().await.is_some() {
            peer.answer(200, SERVER).await;
        }
    });
    let client = end.client().await;
    for _ in 0..20 {
        client.server().await.unwrap();
    }
    assert_eq!(end.asked().len(), 20);
}

/// The first connection answers one request, reads another, and closes without a word.
async fn dies_at_its_second(mut peer: Peer) {
    if peer.number > 0 {
        return greet(peer).await;
    }
    peer.request().await.unwrap();
    peer.answer(200, SERVER).await;
    peer.request().await.unwrap();
}

#[tokio::test]
async fn a_question_whose_kept_connection_died_is_asked_once_more() {
    let end = other_end(dies_at_its_second);
    let client = end.client().await;
    client.server().await.unwrap();
    client.server().await.unwrap();
    assert_eq!(end.asked().iter().map(|asked| asked.0).collect::<Vec<_>>(), [0, 0, 1]);
}

#[tokio::test]
async fn what_changes_something_is_never_sent_twice() {
    let end = other_end(dies_at_its_second);
    let client = end.client().await;
    client.server().await.unwrap();
    let problem = client.dial(&Dial::new("tcp:127.0.0.1:1")).await.unwrap_err();
    assert_eq!(problem.error, 711, "{problem}");
    assert!(problem.message.contains("ended the connection"), "{problem}");
    let dials = end.asked().iter().filter(|asked| asked.1 == "POST /v1/connections").count();
    assert_eq!(dials, 1);
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_the_last() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
    });
    let problem = end.client().await.server().await.unwrap_err();
    assert_eq!(problem.error, 711, "{problem}");
    assert_eq!(end.asked().iter().map(|asked| asked.0).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn many_at_once_are_each_answered_and_few_connections_are_kept() {
    let end = other_end(greet);
    let client = end.client().await;
    let all: Vec<_> = (0..64)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.server().await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    let connections: BTreeSet<usize> = end.asked().iter().map(|asked| asked.0).collect();
    assert!(connections.len() <= 64);
    for _ in 0..8 {
        client.server().await.unwrap();
    }
    // those after the crowd use what was kept, not fresh ones
    let later: BTreeSet<usize> = end.asked().iter().skip(64).map(|asked| asked.0).collect();
    assert!(later.is_subset(&connections), "{later:?} of {connections:?}");
}

#[tokio::test]
async fn a_service_that_hangs_is_told_by_its_number() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.gone().await;
    });
    let client = end.client().await.timeout(Duration::from_millis(50));
    let problem = client.server().await.unwrap_err();
    assert_eq!(problem.error, 638);
    assert!(problem.message.contains("did not answer within 0.05 s"), "{problem}");
    assert!(client.terminal(1).await.is_err_and(|problem| problem.error == 638));
    assert!(client.events(false).await.is_err_and(|problem| problem.error == 638));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_room_is_understood_though_it_speaks_first() {
    const FULL: &str = r#"{"error":1816,"name":"","message":"Too many.","remedy":"Wait."}"#;
    let end = other_end(|mut peer: Peer| async move {
        peer.answer(503, FULL).await;
    });
    for _ in 0..50 {
        let problem = end.client().await.server().await.unwrap_err();
        assert_eq!(problem.error, 1816, "{problem}");
        let problem = end.client().await.dial(&Dial::new("tcp:127.0.0.1:1")).await.unwrap_err();
        assert_eq!(problem.error, 1816, "{problem}");
    }
}
