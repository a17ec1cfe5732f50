//! Through the link: pings, and TCP streams as raw bytes.

use std::net::IpAddr;

use openras_api::routes::STREAM;
use openras_api::types::connection::{Ping, Pinged, TcpTo};
use openras_io::net::forward::{Target, Way};
use tokio::io::AsyncWriteExt;

use super::answer::{self, Answer};
use super::ask::{Ask, wrong};
use super::upgrade;

/// The most echo requests at a time.
const PINGS: u16 = 10_000;

/// `POST …/ping`.
pub(super) async fn ping(mut ask: Ask) -> Answer {
    let held = ask.held()?;
    let wanted: Ping = ask.json().await?;
    if !(1..=PINGS).contains(&wanted.count) {
        return Err(wrong(format!("count must be 1 to {PINGS}.")));
    }
    let agreed = held.story().projection().unwrap_or_default();
    let far = agreed.ipv4.map(|ip| IpAddr::V4(ip.remote)).or(agreed.ipv6.map(|ip| IpAddr::V6(ip.remote)));
    let address =
        wanted.address.or(far).ok_or_else(|| upgrade::link(&std::io::ErrorKind::NotConnected.into()))?;
    // nobody waits for the answers of a client that has gone
    ask.session.pulse.stream();
    let rtts = held.stack().ping(address, wanted.count).await.map_err(|error| upgrade::link(&error))?;
    let rtts = rtts.iter().map(|rtt| rtt.map(|rtt| rtt.as_secs_f64())).collect();
    answer::json(&Pinged { address, rtts })
}

/// `POST …/tcp`.
pub(super) async fn tcp(mut ask: Ask) -> Answer {
    let held = ask.held()?;
    upgrade::wanted(&ask, STREAM)?;
    let to: TcpTo = ask.json().await?;
    let host = to
        .address
        .parse()
        .map_err(|_| wrong("address must be an IP address or the name of a host.".into()))?;
    let opened = held.stack().open(&Target { host, port: to.port }).await;
    let mut stream = opened.map_err(|error| upgrade::link(&error))?;
    upgrade::switch(ask, STREAM, move |mut socket, first| async move {
        if stream.write_all(&first).await.is_ok() {
            // either end may break it off; there is nobody left to tell
            let _ = tokio::io::copy_bidirectional(&mut socket, &mut stream).await;
        }
    })
}
