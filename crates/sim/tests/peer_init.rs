//! What `openras init` tells people to set at pppd, run by Debian's pppd on a real kernel.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod lab;

use lab::{Answering, LONG, alice, story};
use openras_sim::peers::pppd::{Guest, Job, available};
use openras_sim::peers::skip;

/// The options as `init` prints them, but for the terminal and its speed, which the guest has its own way to give.
const OPTIONS: &str =
    "noauth user alice defaultroute usepeerdns noipdefault lcp-echo-interval 20 lcp-echo-failure 3";

#[test]
fn these_are_the_options_that_are_printed() {
    let source =
        include_str!("../../openras/src/commands/init/settings.rs").replace("user {} ", "user alice ");
    assert!(source.contains(OPTIONS));
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_with_the_printed_options_comes_up_and_pings_us() {
    let folder = match available() {
        Ok(folder) => folder,
        Err(reason) => return skip("pppd_with_the_printed_options_comes_up_and_pings_us", &reason),
    };
    let job = Job { run: "ping -c 2 -i 0.2 -W 5 $REMOTE".into(), ..Job::new(OPTIONS) };
    let (mut guest, line) = Guest::start(&folder, &job).expect("the guest starts");
    // as `init` writes a port for callers over a line that is no network
    let port = |port: &mut openras_service::config::PortConfig| {
        use openras_ppp::AuthMethod::{MsChapV1, MsChapV2, Pap};
        port.auth = vec![MsChapV2, MsChapV1, Pap];
    };
    let mut us = Answering::start(port, alice()).await;
    us.join(line);
    let (status, guest) = tokio::task::spawn_blocking(move || {
        let status = guest.status(LONG).unwrap_or_else(|error| panic!("{error}"));
        (status, guest)
    })
    .await
    .unwrap();
    let events = us.until("down").await;
    assert_eq!(status, 0, "{}\n{}", guest.console(), story(&events));
}
