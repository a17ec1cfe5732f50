//! A cable between two computers as a line: a device without a modem. The other end's DTR is our DSR or DCD, where the cable
//! has them; where it has not, the first octets are the call.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp, RasError};
use tokio::io::ReadBuf;
use tokio::time::Sleep;

use super::attached::{Device, Told};
use super::switched::DRAIN;
use super::{Line, MAX_UNSENT};

/// How long DTR is down to tell the other end that the call is over.
const DTR_DOWN: Duration = Duration::from_millis(500);
/// Octets kept between the ring and the answer: what called has to be answered before it says more.
const EARLY: usize = 4096;

/// A line over a cable.
///
/// It rings when the other end's signal comes, or its first octets; one that was there before the line was opened rings by
/// octets only, so that a machine which is always on does not call for ever. A call is over when a signal that was there
/// goes, or the device does.
pub struct CableLine<D> {
    device: D,
    state: State,
    signals: Signals,
    /// The signal was there during this call.
    had_carrier: bool,
    /// Octets that came before the answer.
    early: Vec<u8>,
    events: VecDeque<LineEvent<'static>>,
    onlooker: Box<dyn FnMut(String) + Send>,
}

enum State {
    Closed,
    Opening,
    Idle,
    Ringing,
    Up,
    /// What was written goes out; then DTR falls.
    Draining(Pin<Box<Sleep>>),
    /// DTR is down.
    HangingUp(Pin<Box<Sleep>>),
    Closing,
}

impl<D: Device> CableLine<D> {
    /// A cable on this device, opened when the line is. The onlooker is told why the device cannot be had.
    pub fn new(device: D, onlooker: impl FnMut(String) + Send + 'static) -> Self {
        Self {
            device,
            state: State::Closed,
            signals: Signals::default(),
            had_carrier: false,
            early: Vec::new(),
            events: VecDeque::new(),
            onlooker: Box::new(onlooker),
        }
    }

    fn connected(&mut self) {
        self.state = State::Up;
        self.had_carrier = carrier(self.signals);
        self.events.push_back(LineEvent::Connected { text: "CONNECT".into() });
    }

    fn hang_up(&mut self) {
        match self.state {
            State::Up => self.state = State::Draining(Box::pin(tokio::time::sleep(DRAIN))),
            State::Draining(_) | State::HangingUp(_) => {}
            State::Ringing => {
                self.idle();
                self.events.push_back(LineEvent::Disconnected);
            }
            _ => self.events.push_back(LineEvent::Disconnected),
        }
    }

    fn idle(&mut self) {
        self.state = State::Idle;
        self.early = Vec::new();
    }

    fn close(&mut self) {
        match self.state {
            State::Closed => self.events.push_back(LineEvent::Closed),
            State::Closing => {}
            _ => {
                self.device.op(DeviceOp::Dtr(false));
                self.device.op(DeviceOp::Close);
                self.state = State::Closing;
            }
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Opened(signals) => {
                self.signals = signals.unwrap_or_default();
                self.device.op(DeviceOp::Dtr(true));
                self.idle();
                self.events.push_back(LineEvent::Opened);
            }
            Told::Failed(number) => {
                self.explain();
                self.state = State::Closed;
                self.events.push_back(LineEvent::Failed(number));
            }
            Told::Signals(signals) => self.signals(signals),
            Told::Gone | Told::Closed => {
                self.explain();
                if matches!(self.state, State::Up | State::Draining(_) | State::HangingUp(_)) {
                    self.events.push_back(LineEvent::Disconnected);
                }
                if !matches!(self.state, State::Closed) {
                    self.events.push_back(LineEvent::Closed);
                }
                self.state = State::Closed;
            }
            Told::Bytes => {}
        }
    }

    fn explain(&mut self) {
        if let Some(reason) = self.device.reason() {
            (self.onlooker)(reason.to_owned());
        }
    }

    fn signals(&mut self, signals: Signals) {
        let before = carrier(std::mem::replace(&mut self.signals, signals));
        let now = carrier(signals);
        match self.state {
            State::Idle if now && !before => self.ring(),
            State::Up if self.had_carrier && !now => {
                self.idle();
                self.events.push_back(LineEvent::Disconnected);
            }
            State::Up => self.had_carrier |= now,
            _ => {}
        }
    }

    fn ring(&mut self) {
        self.state = State::Ringing;
        self.events.push_back(LineEvent::Ring { caller: None });
    }

    /// Goes on with a hang-up; ready when it has.
    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Draining(sleep) => {
                if self.device.unsent() > 0 {
                    ready!(sleep.as_mut().poll(cx));
                }
                self.device.op(DeviceOp::Dtr(false));
                self.state = State::HangingUp(Box::pin(tokio::time::sleep(DTR_DOWN)));
                Poll::Ready(())
            }
            State::HangingUp(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.device.op(DeviceOp::Dtr(true));
                self.idle();
                self.events.push_back(LineEvent::Disconnected);
                Poll::Ready(())
            }
            _ => Poll::Pending,
        }
    }

    /// Octets came, or something else was told, which is done with.
    fn poll_bytes(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<bool> {
        if let State::Up = self.state {
            if !self.early.is_empty() && buf.remaining() > 0 {
                let fits = self.early.len().min(buf.remaining());
                let early = self.early.split_off(fits);
                buf.put_slice(&std::mem::replace(&mut self.early, early));
                return Poll::Ready(true);
            }
            let told = ready!(self.device.poll_event(cx, buf));
            self.told(told);
            return Poll::Ready(told == Told::Bytes);
        }
        let mut memory = [0; EARLY];
        let room = EARLY.saturating_sub(self.early.len());
        let mut octets = ReadBuf::new(memory.get_mut(..room).unwrap_or_default());
        let told = ready!(self.device.poll_event(cx, &mut octets));
        if told == Told::Bytes {
            match self.state {
                State::Idle => {
                    self.early = octets.filled().to_vec();
                    self.ring();
                }
                State::Ringing => self.early.extend_from_slice(octets.filled()),
                // of a call that ends
                _ => {}
            }
        }
        self.told(told);
        Poll::Ready(false)
    }
}

/// Whether the other end is there: a cable leads its DTR to DSR, DCD or both.
fn carrier(signals: Signals) -> bool {
    signals.dcd || signals.dsr
}

impl<D: Device> Line for CableLine<D> {
    fn op(&mut self, op: LineOp) {
        match (op, &self.state) {
            (LineOp::Open, State::Closed) => {
                self.device.op(DeviceOp::Open);
                self.state = State::Opening;
            }
            (LineOp::Dial(_), State::Idle) | (LineOp::Answer, State::Ringing) => self.connected(),
            // the other end was first: both want the call
            (LineOp::Dial(_), State::Ringing) => {
                self.events.retain(|event| !matches!(event, LineEvent::Ring { .. }));
                self.connected();
            }
            (LineOp::Open | LineOp::Dial(_) | LineOp::Answer, _) => {
                self.events.push_back(LineEvent::Failed(RasError::PORT_NOT_OPEN));
            }
            (LineOp::Write(octets), State::Up) => {
                if self.device.unsent() + octets.len() > MAX_UNSENT {
                    return self.hang_up();
                }
                self.device.op(DeviceOp::Write(octets));
            }
            (LineOp::Write(_), _) => {}
            (LineOp::HangUp, _) => self.hang_up(),
            (LineOp::Close, _) => self.close(),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            if self.poll_hang_up(cx).is_ready() {
                continue;
            }
            if ready!(self.poll_bytes(cx, buf)) {
                break;
            }
        }
        Poll::Ready(LineEvent::Bytes(buf.filled()))
    }

    fn unsent(&self) -> usize {
        self.device.unsent()
    }
}

#[cfg(test)]
mod tests;
