//! Debian's pppd on a real kernel, both roles, through the whole service.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod lab;

use std::net::Ipv4Addr;

use lab::{Answering, Dialling, LONG, alice, story};
use openras_engine::users::CallbackRight;
use openras_ppp::AuthMethod::{self, ChapMd5, MsChapV1, MsChapV2, Pap};
use openras_service::config::{CallbackLine, PortConfig};
use openras_service::users::NewUser;
use openras_sim::peers::pppd::{After, Guest, Job, available};
use openras_sim::peers::skip;

/// Boots a guest, or says why not.
fn guest(test: &str, job: &Job) -> Option<(Guest, std::os::unix::net::UnixStream)> {
    match available() {
        Ok(folder) => Some(Guest::start(&folder, job).expect("the guest starts")),
        Err(reason) => {
            skip(test, &reason);
            None
        }
    }
}

/// Waits off the async threads: the guest's console is read by a blocking channel.
async fn status(mut guest: Guest) -> (i32, Guest) {
    tokio::task::spawn_blocking(move || {
        let status = guest.status(LONG).unwrap_or_else(|error| panic!("{error}"));
        (status, guest)
    })
    .await
    .unwrap()
}

async fn said(mut guest: Guest, text: &'static str) -> (String, Guest) {
    tokio::task::spawn_blocking(move || {
        let line = guest.wait_for(text, LONG).unwrap_or_else(|error| panic!("{error}"));
        (line, guest)
    })
    .await
    .unwrap()
}

fn client(options: &str) -> Job {
    Job {
        run: "ping -c 2 -i 0.2 -W 5 $REMOTE".into(),
        ..Job::new(format!("noauth user alice lcp-restart 1 {options}"))
    }
}

fn asks(methods: &[AuthMethod]) -> impl FnOnce(&mut PortConfig) {
    let methods = methods.to_vec();
    move |port| port.auth = methods
}

/// pppd calls us by this method, and pings us.
async fn calls_us(test: &str, methods: &[AuthMethod]) {
    let Some((guest, line)) = guest(test, &client("")) else { return };
    let mut us = Answering::start(asks(methods), alice()).await;
    us.join(line);
    let (status, guest) = status(guest).await;
    let events = us.until("down").await;
    assert_eq!(status, 0, "{}\n{}", guest.console(), story(&events));
    let name = events.iter().find(|event| event.kind == "authenticated").map(|event| event.text.clone());
    assert_eq!(name.is_some_and(|text| text.contains("alice")), !methods.is_empty(), "{}", story(&events));
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_calls_us_without_authentication() {
    calls_us("pppd_calls_us_without_authentication", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_calls_us_with_pap() {
    calls_us("pppd_calls_us_with_pap", &[Pap]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_calls_us_with_chap_md5() {
    calls_us("pppd_calls_us_with_chap_md5", &[ChapMd5]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_calls_us_with_mschap_v1() {
    calls_us("pppd_calls_us_with_mschap_v1", &[MsChapV1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_calls_us_with_mschap_v2() {
    calls_us("pppd_calls_us_with_mschap_v2", &[MsChapV2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_with_a_wrong_password_is_refused() {
    for methods in [&[Pap][..], &[ChapMd5], &[MsChapV1], &[MsChapV2]] {
        let job = Job { secrets: "alice * WRONG *\n".into(), wait: String::new(), ..client("") };
        let Some((guest, line)) = guest("pppd_with_a_wrong_password_is_refused", &job) else { return };
        let mut us = Answering::start(asks(methods), alice()).await;
        us.join(line);
        let (line, guest) = said(guest, "@@ pppd exit").await;
        let events = us.until("down").await;
        // 19: "we failed to authenticate ourselves to the peer"; 16: our hang-up came before its own goodbye was done
        let refused = matches!(line.as_str(), "@@ pppd exit 19" | "@@ pppd exit 16");
        let knows = guest.console().contains("authentication failed");
        assert!(refused && knows, "{methods:?}\n{}\n{}", guest.console(), story(&events));
        let refusal = events.iter().find(|event| event.kind == "refused").and_then(|event| event.error);
        assert_eq!(refusal.map(|error| error.0), Some(691), "{methods:?}\n{}", story(&events));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_gets_our_dns_servers() {
    let job = Job { run: "test \"$DNS1\" = 10.64.0.53".into(), ..client("usepeerdns") };
    let Some((guest, line)) = guest("pppd_gets_our_dns_servers", &job) else { return };
    let us = Answering::start(|port| port.dns = vec![Ipv4Addr::new(10, 64, 0, 53)], alice()).await;
    us.join(line);
    let (status, guest) = status(guest).await;
    assert_eq!(status, 0, "{}", guest.console());
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_pings_us_over_ipv6() {
    let job = Job {
        wait: "ip4 ip6".into(),
        run: "ping -6 -c 2 -i 0.2 -W 5 -I $LL_IFNAME $LL_REMOTE".into(),
        ..client("+ipv6")
    };
    let Some((guest, line)) = guest("pppd_pings_us_over_ipv6", &job) else { return };
    let us = Answering::start(|_| {}, alice()).await;
    us.join(line);
    let (status, guest) = status(guest).await;
    assert_eq!(status, 0, "{}", guest.console());
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_is_called_back_at_the_number_it_gives() {
    let job = Job { wait: String::new(), ..client("callback 5551212") };
    let Some((guest, line)) = guest("pppd_is_called_back_at_the_number_it_gives", &job) else { return };
    let user = NewUser { callback: CallbackRight::Caller { allow: vec!["555".into()] }, ..alice() };
    let us = Answering::start(
        |port| {
            port.callback_line = Some(CallbackLine::Exchange);
            port.limits.callback_tries = 1;
        },
        user,
    );
    let mut us = us.await;
    us.join(line);
    let (line, guest) = said(guest, "@@ pppd exit").await;
    // 14: "callback was negotiated"
    assert_eq!(line, "@@ pppd exit 14", "{}", guest.console());
    let events = us.until("down").await;
    let text = story(&events);
    assert!(text.contains("5551212") && events.iter().any(|event| event.kind == "calling_back"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_vanishes_frees_the_line() {
    let job = Job { after: After::Vanish, run: String::new(), ..client("") };
    let Some((guest, line)) = guest("a_caller_that_vanishes_frees_the_line", &job) else { return };
    let mut us =
        Answering::start(|port| port.limits.echo = Some(std::time::Duration::from_secs(1)), alice()).await;
    us.join(line);
    us.until("up").await;
    let (_, guest) = said(guest, "@@ vanish").await;
    drop(guest);
    let events = us.until("down").await;
    assert!(events.last().is_some_and(|event| event.error.is_some()), "{}", story(&events));
}

fn server(options: &str) -> Job {
    Job { after: After::Hold, ..Job::new(format!("lcp-restart 1 10.9.0.1:10.9.0.2 {options}")) }
}

/// We call pppd by this method, and ping it.
async fn we_call(test: &str, options: &str, auth: &[AuthMethod]) {
    let Some((guest, line)) = guest(test, &server(options)) else { return };
    let mut us = Dialling::start(line, "pw", auth).await;
    if let Err(end) = us.connected().await {
        panic!("{end:?}\n{}", us.story);
    }
    let agreed = us.agreed.clone().expect("a projection");
    assert_eq!(agreed.us, auth.first().copied(), "{}", us.story);
    assert_eq!(agreed.ipv4.map(|ip| ip.local), Some(Ipv4Addr::new(10, 9, 0, 2)), "{}", us.story);
    assert_ne!(us.ping(Ipv4Addr::new(10, 9, 0, 1)).await, 0, "{}", us.story);
    let end = us.hang_up().await;
    assert!(end.error.is_none(), "{end:?}");
    let (_, guest) = status(guest).await;
    drop(guest);
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_pppd_without_authentication() {
    we_call("we_call_pppd_without_authentication", "noauth", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_pppd_with_pap() {
    we_call("we_call_pppd_with_pap", "auth require-pap", &[Pap]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_pppd_with_chap_md5() {
    we_call("we_call_pppd_with_chap_md5", "auth require-chap", &[ChapMd5]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_pppd_with_mschap_v1() {
    we_call("we_call_pppd_with_mschap_v1", "auth require-mschap", &[MsChapV1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_pppd_with_mschap_v2() {
    we_call("we_call_pppd_with_mschap_v2", "auth require-mschap-v2", &[MsChapV2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_refuses_our_wrong_password() {
    let cases = [
        ("require-pap", Pap),
        ("require-chap", ChapMd5),
        ("require-mschap", MsChapV1),
        ("require-mschap-v2", MsChapV2),
    ];
    for (option, method) in cases {
        let job = Job { wait: String::new(), ..server(&format!("auth {option}")) };
        let Some((guest, line)) = guest("pppd_refuses_our_wrong_password", &job) else { return };
        let mut us = Dialling::start(line, "WRONG", &[method]).await;
        let end = us.connected().await.expect_err("a refusal");
        assert_eq!(end.error.map(|error| error.0), Some(691), "{method}: {end:?}\n{}", us.story);
        drop(guest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_refuse_a_pppd_that_wants_a_method_we_do_not_allow() {
    let Some((guest, line)) =
        guest("we_refuse_a_pppd_that_wants_a_method_we_do_not_allow", &server("auth require-pap"))
    else {
        return;
    };
    let mut us = Dialling::start(line, "pw", &[MsChapV2]).await;
    let end = us.connected().await.expect_err("a refusal");
    assert!(end.error.is_some(), "{end:?}");
    assert!(!us.story.contains("PAP AuthReq"), "a clear password was sent:\n{}", us.story);
    drop(guest);
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_gives_us_dns_and_ipv6() {
    let job = Job { wait: "ip4 ip6".into(), ..server("noauth +ipv6 ms-dns 10.9.0.53 ms-dns 10.9.0.54") };
    let Some((guest, line)) = guest("pppd_gives_us_dns_and_ipv6", &job) else { return };
    let mut us = Dialling::start(line, "pw", &[]).await;
    if let Err(end) = us.connected().await {
        panic!("{end:?}\n{}", us.story);
    }
    let agreed = us.agreed.clone().expect("a projection");
    let dns = agreed.ipv4.map(|ip| ip.dns);
    assert_eq!(dns, Some([Some(Ipv4Addr::new(10, 9, 0, 53)), Some(Ipv4Addr::new(10, 9, 0, 54))]));
    assert!(agreed.ipv6.is_some(), "{}", us.story);
    us.hang_up().await;
    drop(guest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_vanishes_ends_our_dial() {
    let job = Job { after: After::Vanish, ..server("noauth") };
    let Some((guest, line)) = guest("a_server_that_vanishes_ends_our_dial", &job) else { return };
    let mut us = Dialling::start(line, "pw", &[]).await;
    if let Err(end) = us.connected().await {
        panic!("{end:?}\n{}", us.story);
    }
    let (_, guest) = said(guest, "@@ vanish").await;
    drop(guest);
    let end = us.ended().await;
    assert!(end.was_connected && end.error.is_some(), "{end:?}");
}
