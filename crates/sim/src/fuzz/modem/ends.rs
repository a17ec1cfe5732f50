//! The two ends of a played modem in the hand of a story: the device its computer is at, and the network.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp, RasError};
use openras_io::Line;
use openras_io::dce::Computer;
use openras_io::line::{Device, Told};
use tokio::io::ReadBuf;

/// What the computer may have typed that the modem has not read.
const ROOM: usize = 1024;

/// Something both the story and the modem have.
struct Shared<T>(Arc<Mutex<(T, Option<Waker>)>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Shared<T> {
    fn get(&self) -> MutexGuard<'_, (T, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut T)) {
        let mut inside = self.get();
        change(&mut inside.0);
        if let Some(waker) = inside.1.take() {
            waker.wake();
        }
    }
}

/// The device the computer is at.
#[derive(Clone, Default)]
pub(super) struct Cable {
    inside: Shared<Wires>,
    has_signals: bool,
}

#[derive(Default)]
struct Wires {
    told: VecDeque<Told>,
    typed: Vec<u8>,
    open: bool,
}

impl Cable {
    pub(super) fn new(has_signals: bool) -> Self {
        Self { has_signals, ..Self::default() }
    }

    pub(super) fn types(&self, octet: u8) {
        self.inside.change(|wires| {
            if wires.typed.len() < ROOM {
                wires.typed.push(octet);
            }
        });
    }

    /// A device that is not open tells nothing.
    pub(super) fn tells(&self, told: Told) {
        self.inside.change(|wires| {
            if wires.open && (self.has_signals || !matches!(told, Told::Signals(_))) {
                wires.told.push_back(told);
                wires.open = !matches!(told, Told::Gone | Told::Failed(_));
            }
        });
    }
}

impl Device for Cable {
    fn op(&mut self, op: DeviceOp) {
        let signals = self.has_signals.then(Signals::default);
        self.inside.change(|wires| match op {
            DeviceOp::Open => {
                wires.open = true;
                wires.told.push_back(Told::Opened(signals));
            }
            DeviceOp::Close => {
                wires.open = false;
                wires.told.push_back(Told::Closed);
            }
            DeviceOp::Write(_) | DeviceOp::Dtr(_) => {}
        });
    }

    fn poll_event(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Told> {
        let mut inside = self.inside.get();
        if let Some(told) = inside.0.told.pop_front() {
            return Poll::Ready(told);
        }
        let fits = inside.0.typed.len().min(buf.remaining());
        if fits == 0 {
            inside.1 = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let typed: Vec<u8> = inside.0.typed.drain(..fits).collect();
        buf.put_slice(&typed);
        Poll::Ready(Told::Bytes)
    }

    fn unsent(&self) -> usize {
        0
    }
}

/// The network: it answers orders, and what else happens there is the story's.
#[derive(Clone, Default)]
pub(super) struct Network(Shared<Calls>);

#[derive(Default)]
struct Calls {
    events: VecDeque<LineEvent<'static>>,
    says: VecDeque<u8>,
    /// It takes nothing more.
    stuck: bool,
    waiting: usize,
    seen: Seen,
}

/// What the network was told.
#[derive(Clone, Default)]
pub(super) struct Seen {
    pub(super) dialled: Vec<String>,
    pub(super) connected: u64,
    /// Octets.
    pub(super) written: usize,
}

impl Network {
    /// One of the things that happen there.
    pub(super) fn does(&self, which: u8) {
        self.0.change(|calls| {
            let event = match which {
                0 => LineEvent::Ring { caller: Some("555".into()) },
                1 => LineEvent::Ring { caller: None },
                2 => LineEvent::Connected { text: "CONNECT 9600".into() },
                3 => LineEvent::Connected { text: "CONNECT".into() },
                4 => LineEvent::Disconnected,
                5 => LineEvent::Failed(RasError(676)),
                _ => LineEvent::Closed,
            };
            calls.seen.connected += u64::from(matches!(event, LineEvent::Connected { .. }));
            calls.events.push_back(event);
        });
    }

    /// The other end of a call says so much, as far as it has room.
    pub(super) fn says(&self, octets: &[u8]) {
        self.0.change(|calls| {
            if calls.says.len() < 64 * ROOM {
                calls.says.extend(octets);
            }
        });
    }

    /// Whether the other end takes what it is told.
    pub(super) fn takes(&self, takes: bool) {
        self.0.change(|calls| {
            calls.stuck = !takes;
            if takes {
                calls.waiting = 0;
            }
        });
    }

    pub(super) fn seen(&self) -> Seen {
        self.0.get().0.seen.clone()
    }
}

impl Line for Network {
    fn op(&mut self, op: LineOp) {
        self.0.change(|calls| match op {
            LineOp::Open => calls.events.push_back(LineEvent::Opened),
            LineOp::Dial(number) => calls.seen.dialled.push(number),
            LineOp::Write(octets) => {
                calls.seen.written += octets.len();
                calls.waiting += if calls.stuck { octets.len() } else { 0 };
            }
            LineOp::HangUp => calls.events.push_back(LineEvent::Disconnected),
            LineOp::Close => calls.events.push_back(LineEvent::Closed),
            LineOp::Answer => {}
        });
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        let mut inside = self.0.get();
        if let Some(event) = inside.0.events.pop_front() {
            return Poll::Ready(event);
        }
        let fits = inside.0.says.len().min(buf.remaining());
        if fits == 0 {
            inside.1 = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let says: Vec<u8> = inside.0.says.drain(..fits).collect();
        buf.put_slice(&says);
        Poll::Ready(LineEvent::Bytes(buf.filled()))
    }

    fn unsent(&self) -> usize {
        self.0.get().0.waiting
    }
}

/// The most that ever waited for a line.
#[derive(Clone, Default)]
pub(super) struct Weight(Arc<AtomicUsize>);

impl Weight {
    pub(super) fn most(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A line whose waiting octets are watched.
pub(super) struct Weighed<L> {
    line: L,
    weight: Weight,
}

impl<L: Line> Weighed<L> {
    pub(super) fn new(line: L) -> Self {
        Self { line, weight: Weight::default() }
    }

    pub(super) fn weight(&self) -> Weight {
        self.weight.clone()
    }

    fn weigh(&self) {
        self.weight.0.fetch_max(self.line.unsent(), Ordering::Relaxed);
    }
}

impl<L: Line> Line for Weighed<L> {
    fn op(&mut self, op: LineOp) {
        self.line.op(op);
        self.weigh();
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.weigh();
        self.line.poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        self.line.unsent()
    }
}

impl<C: Computer> Computer for Weighed<C> {
    fn show(&mut self, signals: Signals) {
        self.line.show(signals);
    }

    fn poll_dtr(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.line.poll_dtr(cx)
    }
}
