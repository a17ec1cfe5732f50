//! Cables with and without signals.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};

use super::*;
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

/// One end of a cable, in the hand of the test.
#[derive(Clone, Default)]
struct End(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    has_signals: bool,
    signals: Signals,
    told: VecDeque<Told>,
    octets: Vec<u8>,
    ops: Vec<String>,
    waker: Option<std::task::Waker>,
}

impl End {
    fn new(has_signals: bool) -> Self {
        let end = Self::default();
        end.0.lock().unwrap().has_signals = has_signals;
        end
    }

    fn change(&self, change: impl FnOnce(&mut Inside)) {
        let mut inside = self.0.lock().unwrap();
        change(&mut inside);
        if let Some(waker) = inside.waker.take() {
            waker.wake();
        }
    }

    fn carrier(&self, on: bool) {
        self.change(|inside| {
            inside.signals.dsr = on;
            inside.told.push_back(Told::Signals(inside.signals));
        });
    }

    fn say(&self, octets: &[u8]) {
        self.change(|inside| inside.octets.extend_from_slice(octets));
    }
}

impl Device for End {
    fn op(&mut self, op: DeviceOp) {
        let mut inside = self.0.lock().unwrap();
        match op {
            DeviceOp::Open => {
                let signals = inside.has_signals.then_some(inside.signals);
                inside.told.push_back(Told::Opened(signals));
            }
            DeviceOp::Close => inside.told.push_back(Told::Closed),
            DeviceOp::Write(octets) => inside.ops.push(String::from_utf8(octets).unwrap()),
            DeviceOp::Dtr(on) => inside.ops.push(format!("DTR {on}")),
        }
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
        buf.put_slice(&std::mem::take(&mut inside.octets));
        Poll::Ready(Told::Bytes)
    }

    fn unsent(&self) -> usize {
        0
    }
}

async fn opened(end: &End) -> Phone {
    let mut phone = Phone::start(CableLine::new(end.clone(), |_| {}), NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    phone
}

#[tokio::test(start_paused = true)]
async fn the_other_ends_signal_rings_and_its_end_is_the_end_of_the_call() {
    let end = End::new(true);
    let mut phone = opened(&end).await;
    for call in 1..=2 {
        end.carrier(true);
        assert_eq!(phone.hear().await, Heard::Ring(None));
        assert_eq!(phone.hear().await, Heard::Connected);
        end.say(b"CLIENT");
        assert_eq!(phone.hear_bytes(6).await, b"CLIENT");
        phone.write(b"CLIENTSERVER".to_vec()).await;
        // what is written behind the end of a call goes nowhere
        while end.0.lock().unwrap().ops.len() <= call {
            tokio::task::yield_now().await;
        }
        end.carrier(false);
        assert_eq!(phone.hear().await, Heard::Disconnected);
    }
    assert_eq!(end.0.lock().unwrap().ops, ["DTR true", "CLIENTSERVER", "CLIENTSERVER"]);
}

#[tokio::test(start_paused = true)]
async fn a_cable_of_three_wires_rings_by_its_first_octets_which_are_kept_for_the_call() {
    let end = End::new(false);
    let mut phone = opened(&end).await;
    end.say(b"CLI");
    assert_eq!(phone.hear().await, Heard::Ring(None));
    assert_eq!(phone.hear().await, Heard::Connected);
    end.say(b"ENT");
    assert_eq!(phone.hear_bytes(6).await, b"CLIENT");
    phone.op(LineOp::HangUp).await;
    assert_eq!(phone.hear().await, Heard::Disconnected);
    assert_eq!(end.0.lock().unwrap().ops, ["DTR true", "DTR false", "DTR true"]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_is_always_on_does_not_call_until_it_says_something() {
    let end = End::new(true);
    end.carrier(true);
    end.0.lock().unwrap().told.clear();
    let mut phone = opened(&end).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(phone.heard.try_recv().is_err(), "no ring yet");
    end.say(b"~");
    assert_eq!(phone.hear().await, Heard::Ring(None));
    assert_eq!(phone.hear().await, Heard::Connected);
    assert_eq!(phone.hear_bytes(1).await, b"~");
    end.carrier(false);
    assert_eq!(phone.hear().await, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn a_dial_over_a_cable_is_connected_at_once_and_a_lost_device_closes_it() {
    let end = End::new(true);
    let mut phone = opened(&end).await;
    phone.dial("").await;
    assert_eq!(phone.hear().await, Heard::Connected);
    end.change(|inside| inside.told.push_back(Told::Gone));
    assert_eq!(phone.hear().await, Heard::Disconnected);
    phone.end().await;
}

/// The other end talks from the moment our DTR is up, before our dial is ordered: that is no reason to fail it.
#[tokio::test(start_paused = true)]
async fn a_dial_to_an_end_that_speaks_first_is_connected_and_loses_nothing() {
    let end = End::new(true);
    let mut line = CableLine::new(end.clone(), |_| {});
    let mut memory = [0; 16];
    let mut next = async |line: &mut CableLine<End>| {
        poll_fn(|cx| line.poll_event(cx, &mut ReadBuf::new(&mut memory)).map(|event| format!("{event:?}")))
            .await
    };
    line.op(LineOp::Open);
    assert_eq!(next(&mut line).await, "Opened");
    end.say(b"~LCP");
    assert!(next(&mut line).await.starts_with("Ring"));
    line.op(LineOp::Dial(String::new()));
    assert!(next(&mut line).await.starts_with("Connected"));
    assert_eq!(next(&mut line).await, format!("{:?}", LineEvent::Bytes(b"~LCP")));
}
