//! One end of a cable: a device whose wires are in the hand of the test.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::Signals;
use tokio::io::ReadBuf;

use crate::line::{Device, Told};

/// The device, and the same for whoever holds its wires.
#[derive(Clone, Default)]
pub(crate) struct End(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    /// `None` for a cable without signals.
    signals: Option<Signals>,
    told: VecDeque<Told>,
    octets: Vec<u8>,
    /// What was written, and `<DTR on>`, `<DTR off>`.
    ops: Vec<String>,
    waker: Option<Waker>,
}

impl End {
    /// A cable that has signals, all of them off. One without is the default.
    pub(crate) fn with_signals() -> Self {
        let end = Self::default();
        end.change(|inside| inside.signals = Some(Signals::default()));
        end
    }

    fn change(&self, change: impl FnOnce(&mut Inside)) {
        let mut inside = self.0.lock().unwrap();
        change(&mut inside);
        if let Some(waker) = inside.waker.take() {
            waker.wake();
        }
    }

    /// The other end's DTR, our DSR, is now so.
    pub(crate) fn dtr(&self, on: bool) {
        self.has_dtr(on);
        self.change(|inside| inside.told.extend(inside.signals.map(Told::Signals)));
    }

    /// As [`Self::dtr`], before anybody looks.
    pub(crate) fn has_dtr(&self, on: bool) {
        self.change(|inside| inside.signals.get_or_insert_default().dsr = on);
    }

    /// The device is lost.
    pub(crate) fn unplug(&self) {
        self.change(|inside| inside.told.push_back(Told::Gone));
    }

    /// The other end says something.
    pub(crate) fn says(&self, octets: &[u8]) {
        self.change(|inside| inside.octets.extend_from_slice(octets));
    }

    /// What was done to the device: each write, and `<DTR on>`, `<DTR off>`.
    pub(crate) fn ops(&self) -> Vec<String> {
        self.0.lock().unwrap().ops.clone()
    }

    /// What was done until all of these words were seen, and is then forgotten. The clock goes by itself.
    pub(crate) async fn sees(&self, until: &[&str]) -> String {
        for _ in 0..600 {
            let seen = self.ops().concat();
            if until.iter().all(|word| seen.contains(word)) {
                self.change(|inside| inside.ops.clear());
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no {until:?} in {:?}", self.ops());
    }
}

impl Device for End {
    fn op(&mut self, op: DeviceOp) {
        self.change(|inside| match op {
            DeviceOp::Open => inside.told.push_back(Told::Opened(inside.signals)),
            DeviceOp::Close => inside.told.push_back(Told::Closed),
            DeviceOp::Write(octets) => inside.ops.push(String::from_utf8_lossy(&octets).into_owned()),
            DeviceOp::Dtr(on) => inside.ops.push(if on { "<DTR on>" } else { "<DTR off>" }.into()),
        });
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        let mut inside = self.0.lock().unwrap();
        if let Some(told) = inside.told.pop_front() {
            return Poll::Ready(told);
        }
        let most = inside.octets.len().min(buf.remaining());
        if most == 0 {
            inside.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let octets: Vec<u8> = inside.octets.drain(..most).collect();
        buf.put_slice(&octets);
        Poll::Ready(Told::Bytes)
    }

    fn unsent(&self) -> usize {
        0
    }
}
