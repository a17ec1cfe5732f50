//! A played modem and a computer at the other end of a cable, whose wires are in the hand of the test.

use std::sync::Arc;
use std::time::Duration;

use openras_engine::modem::{Dce, Identity};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::dce::{DceGauge, Over, run};
use crate::line::ExchangeHandle;
use crate::net::NoIp;
use crate::testing::{End, Heard, Phone};

/// A modem with the number 55 at this end of a cable, and a phone with the number 100.
async fn desk(end: &End) -> (Phone, JoinHandle<Over>, CancellationToken) {
    let exchange = ExchangeHandle::start(openras_engine::exchange::Settings::default());
    let mut far = Phone::start(exchange.phone(Some("100")), NoIp);
    assert_eq!(far.hear().await, Heard::Opened);
    let identity = Identity { speed: 33_600, model: "OpenRAS modem".into(), version: "1".into() };
    let modem = Dce::new(identity, Instant::now().into_std());
    let computer = Attached::new(end.clone(), |_| {});
    let (gauge, cancel) = (Arc::new(DceGauge::default()), CancellationToken::new());
    let running = run(modem, computer, exchange.phone(Some("55")), None, gauge, cancel.clone());
    (far, tokio::spawn(running), cancel)
}

#[tokio::test(start_paused = true)]
async fn our_dtr_is_the_carrier_and_the_fall_of_its_dtr_ends_the_call() {
    let end = End::with_signals();
    let (mut far, modem, cancel) = desk(&end).await;
    assert_eq!(end.sees(&["<DTR off>"]).await, "<DTR off>", "there is no call");
    end.dtr(true);
    end.says(b"ATE0DT100\r");
    assert_eq!(far.hear().await, Heard::Ring(Some("55".into())));
    assert_eq!(far.hear().await, Heard::Connected);
    let said = end.sees(&["CONNECT 33600\r\n", "<DTR on>"]).await;
    assert_eq!(said.matches("<DTR on>").count(), 1, "{said:?}");
    far.write(*b"hello").await;
    end.sees(&["hello"]).await;
    // &D2
    end.dtr(false);
    assert_eq!(far.hear().await, Heard::Disconnected);
    let said = end.sees(&["NO CARRIER\r\n", "<DTR off>"]).await;
    assert_eq!(said.matches("<DTR off>").count(), 1, "{said:?}");
    // as &C says; once more in command state
    end.dtr(true);
    end.says(b"AT&C0\r");
    end.sees(&["OK\r\n", "<DTR on>"]).await;
    cancel.cancel();
    assert_eq!(modem.await.unwrap(), Over::Cancelled);
    end.sees(&["<DTR off>"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cable_without_the_wire_is_a_computer_that_is_there_until_the_device_goes() {
    let end = End::with_signals();
    let (mut far, modem, _cancel) = desk(&end).await;
    end.says(b"ATE0DT100\r");
    assert_eq!(far.hear().await, Heard::Ring(Some("55".into())));
    assert_eq!(far.hear().await, Heard::Connected);
    end.sees(&["CONNECT 33600\r\n", "<DTR on>"]).await;
    // what has never been on does not fall
    end.dtr(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    far.write(*b"still here").await;
    end.sees(&["still here"]).await;
    end.unplug();
    assert_eq!(far.hear().await, Heard::Disconnected);
    assert_eq!(modem.await.unwrap(), Over::Left);
}
