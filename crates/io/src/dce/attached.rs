//! The computer at a serial port of ours, by a null-modem cable.
//!
//! The cable crosses: the computer's DTR is our DSR, DCD or both; our DTR is the computer's DCD and DSR, so DTR is what the
//! modem says by DCD. Our RTS, its CTS, is on while the device is ours. There is no wire for RI: the computer reads RING.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use openras_engine::modem::DeviceOp;
use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp, RasError};
use tokio::io::ReadBuf;

use super::Computer;
use crate::line::{Device, Line, MAX_UNSENT, Told};

/// A computer behind a device of ours: it is there while the device is.
///
/// Its DTR counts as on until the wire of it has been seen on once: many cables have none, and then no fall of it is told.
pub struct Attached<D> {
    device: D,
    state: State,
    /// The wire of its DTR has been on since the device was opened.
    had_dtr: bool,
    /// Its DTR as it was told last.
    told_dtr: bool,
    /// Its DTR as the device says.
    dtr: bool,
    /// Our DTR as it was ordered; what the system makes of it when a device is opened differs.
    carrier: Option<bool>,
    events: VecDeque<LineEvent<'static>>,
    onlooker: Box<dyn FnMut(Option<String>) + Send>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    Opening,
    There,
    Closing,
}

impl<D: Device> Attached<D> {
    /// The computer at this device, which is opened when the line is. The onlooker is told why the device cannot be had, and
    /// `None` when it can.
    pub fn new(device: D, onlooker: impl FnMut(Option<String>) + Send + 'static) -> Self {
        Self {
            device,
            state: State::Closed,
            had_dtr: false,
            told_dtr: true,
            dtr: true,
            carrier: None,
            events: VecDeque::new(),
            onlooker: Box::new(onlooker),
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Opened(signals) => {
                self.state = State::There;
                (self.onlooker)(None);
                self.signals(signals.unwrap_or_default());
                self.events.push_back(LineEvent::Opened);
                self.events.push_back(LineEvent::Connected { text: String::new() });
            }
            Told::Failed(number) => {
                self.explain();
                self.state = State::Closed;
                self.events.push_back(LineEvent::Failed(number));
            }
            Told::Signals(signals) => self.signals(signals),
            Told::Gone | Told::Closed => {
                if told == Told::Gone {
                    self.explain();
                }
                if self.state != State::Closing {
                    self.events.push_back(LineEvent::Disconnected);
                }
                self.events.push_back(LineEvent::Closed);
                self.state = State::Closed;
            }
            Told::Bytes => {}
        }
    }

    fn explain(&mut self) {
        if let Some(reason) = self.device.reason() {
            (self.onlooker)(Some(reason.to_owned()));
        }
    }

    fn signals(&mut self, signals: Signals) {
        let on = signals.dcd || signals.dsr;
        self.had_dtr |= on;
        self.dtr = on || !self.had_dtr;
    }

    fn write(&mut self, octets: Vec<u8>) {
        if self.device.unsent().saturating_add(octets.len()) <= MAX_UNSENT {
            return self.device.op(DeviceOp::Write(octets));
        }
        // a computer that takes nothing is none
        self.events.push_back(LineEvent::Disconnected);
    }

    fn close(&mut self) {
        match self.state {
            State::Closed => self.events.push_back(LineEvent::Closed),
            State::Closing => {}
            State::Opening | State::There => {
                self.device.op(DeviceOp::Dtr(false));
                self.device.op(DeviceOp::Close);
                self.state = State::Closing;
            }
        }
    }
}

impl<D: Device> Line for Attached<D> {
    fn op(&mut self, op: LineOp) {
        match (op, self.state) {
            (LineOp::Open, State::Closed) => {
                (self.state, self.carrier) = (State::Opening, None);
                self.device.op(DeviceOp::Open);
            }
            (LineOp::Write(octets), State::There) => self.write(octets),
            (LineOp::Write(_), _) => {}
            (LineOp::Close | LineOp::HangUp, _) => self.close(),
            (LineOp::Open | LineOp::Dial(_) | LineOp::Answer, _) => {
                self.events.push_back(LineEvent::Failed(RasError::PORT_NOT_OPEN));
            }
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            match ready!(self.device.poll_event(cx, buf)) {
                // what comes behind the order to close is read by nobody
                Told::Bytes if self.state != State::There => buf.clear(),
                Told::Bytes => break,
                told => self.told(told),
            }
            if self.dtr != self.told_dtr {
                // its owner asks for DTR before it asks for events
                cx.waker().wake_by_ref();
            }
        }
        Poll::Ready(LineEvent::Bytes(buf.filled()))
    }

    fn unsent(&self) -> usize {
        self.device.unsent()
    }
}

impl<D: Device> Computer for Attached<D> {
    fn show(&mut self, signals: Signals) {
        if self.state == State::There && self.carrier.replace(signals.dcd) != Some(signals.dcd) {
            self.device.op(DeviceOp::Dtr(signals.dcd));
        }
    }

    fn poll_dtr(&mut self, _cx: &mut Context<'_>) -> Poll<bool> {
        if self.dtr == self.told_dtr {
            return Poll::Pending;
        }
        self.told_dtr = self.dtr;
        Poll::Ready(self.dtr)
    }
}

#[cfg(test)]
mod tests;
