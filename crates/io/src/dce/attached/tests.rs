//! A played modem and a computer at the other end of a cable, whose wires are in the hand of the test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use openras_engine::modem::{Dce, Identity};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::dce::{DceGauge, Over, run};
use crate::line::ExchangeHandle;
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

/// The other end of the cable.
#[derive(Clone, Default)]
struct End(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    signals: Option<Signals>,
    told: VecDeque<Told>,
    octets: Vec<u8>,
    /// What the modem said, and `<DTR on>`, `<DTR off>`.
    seen: String,
    waker: Option<std::task::Waker>,
}

impl End {
    fn change(&self, change: impl FnOnce(&mut Inside)) {
        let mut inside = self.0.lock().unwrap();
        change(&mut inside);
        if let Some(waker) = inside.waker.take() {
            waker.wake();
        }
    }

    fn dtr(&self, on: bool) {
        let signals = Signals { dsr: on, cts: true, ..Signals::default() };
        self.change(|inside| inside.told.push_back(Told::Signals(signals)));
    }

    fn types(&self, line: &str) {
        self.change(|inside| inside.octets.extend_from_slice(line.as_bytes()));
    }

    /// What was seen until all of these words were.
    async fn sees(&self, until: &[&str]) -> String {
        for _ in 0..600 {
            {
                let mut inside = self.0.lock().unwrap();
                if until.iter().all(|word| inside.seen.contains(word)) {
                    return std::mem::take(&mut inside.seen);
                }
            }
            // the clock of these tests goes by itself
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no {until:?} in {:?}", self.0.lock().unwrap().seen);
    }
}

impl Device for End {
    fn op(&mut self, op: DeviceOp) {
        self.change(|inside| match op {
            DeviceOp::Open => inside.told.push_back(Told::Opened(inside.signals)),
            DeviceOp::Close => inside.told.push_back(Told::Closed),
            DeviceOp::Write(octets) => inside.seen.push_str(&String::from_utf8_lossy(&octets)),
            DeviceOp::Dtr(on) => inside.seen.push_str(if on { "<DTR on>" } else { "<DTR off>" }),
        });
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        let mut inside = self.0.lock().unwrap();
        if let Some(told) = inside.told.pop_front() {
            return Poll::Ready(told);
        }
        if inside.octets.is_empty() || buf.remaining() == 0 {
            inside.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let most = inside.octets.len().min(buf.remaining());
        let octets: Vec<u8> = inside.octets.drain(..most).collect();
        buf.put_slice(&octets);
        Poll::Ready(Told::Bytes)
    }

    fn unsent(&self) -> usize {
        0
    }
}

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
    let end = End::default();
    end.change(|inside| inside.signals = Some(Signals::default()));
    let (mut far, modem, cancel) = desk(&end).await;
    assert_eq!(end.sees(&["<DTR off>"]).await, "<DTR off>", "there is no call");
    end.dtr(true);
    end.types("ATE0DT100\r");
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
    end.types("AT&C0\r");
    end.sees(&["OK\r\n", "<DTR on>"]).await;
    cancel.cancel();
    assert_eq!(modem.await.unwrap(), Over::Cancelled);
    end.sees(&["<DTR off>"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cable_without_the_wire_is_a_computer_that_is_there_until_the_device_goes() {
    let end = End::default();
    end.change(|inside| inside.signals = Some(Signals::default()));
    let (mut far, modem, _cancel) = desk(&end).await;
    end.types("ATE0DT100\r");
    assert_eq!(far.hear().await, Heard::Ring(Some("55".into())));
    assert_eq!(far.hear().await, Heard::Connected);
    end.sees(&["CONNECT 33600\r\n", "<DTR on>"]).await;
    // what has never been on does not fall
    end.dtr(false);
    tokio::time::sleep(Duration::from_secs(60)).await;
    far.write(*b"still here").await;
    end.sees(&["still here"]).await;
    end.change(|inside| inside.told.push_back(Told::Gone));
    assert_eq!(far.hear().await, Heard::Disconnected);
    assert_eq!(modem.await.unwrap(), Over::Left);
}
