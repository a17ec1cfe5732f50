//! A modem played on a line: one task joins the machine [`Dce`] with the computer's line and with the line its numbers are
//! dialled over.
//!
//! **Back pressure.** The computer is not read while [`HIGH_WATER`] octets wait for either line, the network not while they
//! wait for the computer; so neither end can make the modem hold more.
//!
//! **The computer.** It is there while its line has a call: when that ends, its call over the network ends too. A line that has
//! a modem's signals is a [`Computer`] of its own, any other is [`Plain`].

mod attached;
#[cfg(test)]
mod driven;
mod gauge;
mod serial_port;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::modem::{Dce, DceInput, DceOutput, DceState};
use openras_engine::rfc2217::Signals;
use openras_engine::{LineEvent, LineOp, RasError};
use openras_ppp::Machine;
use tokio::io::ReadBuf;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::driver::HIGH_WATER;
use crate::line::Line;

pub use attached::Attached;
pub use gauge::{DceGauge, DceReading};
pub use serial_port::SerialPort;

/// The most read at once from either side.
const READ: usize = 4096;
/// The most read at once of what are commands: two octets, `A/`, may ask for much.
const TYPED: usize = 64;
/// The most that is typed without a command line among it where others wait for the place, in octets: at 115,200 bits a second
/// nobody types so for 20 seconds who wants a modem.
const NOISE: usize = 256 * 1024;
/// How long the lines may take to end behind the last octet.
const FAREWELL: Duration = Duration::from_secs(6);

/// The line of the computer, with a modem's signals where it has them.
pub trait Computer: Line {
    /// The modem's signals from now on.
    fn show(&mut self, _signals: Signals) {}

    /// The computer's DTR has changed; on while its call stands, where a line has none.
    fn poll_dtr(&mut self, _cx: &mut Context<'_>) -> Poll<bool> {
        Poll::Pending
    }
}

/// A line without a modem's signals: a computer that is there has DTR on.
pub struct Plain<L>(pub L);

impl<L: Line> Computer for Plain<L> {}

impl<L: Line> Line for Plain<L> {
    fn op(&mut self, op: LineOp) {
        self.0.op(op);
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.0.poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        self.0.unsent()
    }
}

impl<T: Computer + ?Sized> Computer for Box<T> {
    fn show(&mut self, signals: Signals) {
        (**self).show(signals);
    }

    fn poll_dtr(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        (**self).poll_dtr(cx)
    }
}

/// Why a modem's run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The computer has gone.
    Left,
    /// It had no call and sent nothing for too long.
    Idle,
    /// It typed on and on, and no command line was among it.
    Noise,
    /// It was wanted to end.
    Cancelled,
    /// The computer's line could not be had.
    Failed(RasError),
}

/// Plays the modem for one computer: waits until that comes, and ends when it goes. The network's line is opened while it is
/// there. `idle` is how long it may stay without a call and without a word, on a line on which others may come: there it may not
/// type for ever either.
pub async fn run(
    modem: Dce,
    computer: impl Computer,
    network: impl Line,
    idle: Option<Duration>,
    gauge: Arc<DceGauge>,
    cancel: CancellationToken,
) -> Over {
    let heard = Instant::now();
    let mut desk = Desk { modem, computer, network, idle, gauge, there: false, ending: 0, heard };
    desk.computer.op(LineOp::Open);
    let over = loop {
        let due = desk.due();
        let until = due.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            () = cancel.cancelled() => break Over::Cancelled,
            over = poll_fn(|cx| desk.poll_io(cx)) => if let Some(over) = over { break over },
            () = tokio::time::sleep_until(until), if due.is_some() => {
                if desk.idle_at().is_some_and(|at| at <= Instant::now()) {
                    break Over::Idle;
                }
                desk.feed(DceInput::Tick);
            }
        }
    };
    desk.end(over).await;
    over
}

struct Desk<C, N> {
    modem: Dce,
    computer: C,
    network: N,
    idle: Option<Duration>,
    gauge: Arc<DceGauge>,
    /// The computer is there.
    there: bool,
    /// Our hang-ups whose end has not been heard: it is not that of the next call.
    ending: usize,
    /// When it sent something, or had a call, last.
    heard: Instant,
}

impl<C: Computer, N: Line> Desk<C, N> {
    fn due(&self) -> Option<Instant> {
        let modem = self.modem.poll_timeout().map(Instant::from_std);
        modem.into_iter().chain(self.idle_at()).min()
    }

    fn idle_at(&self) -> Option<Instant> {
        let idle = self.idle.filter(|_| self.there && self.modem.state() == DceState::Command)?;
        self.heard.checked_add(idle)
    }

    fn feed(&mut self, input: DceInput<'_>) {
        self.modem.handle(Instant::now().into_std(), input);
        while let Some(output) = self.modem.poll_output() {
            match output {
                DceOutput::Dte(octets) => self.computer.op(LineOp::Write(octets)),
                DceOutput::Signals(signals) => self.computer.show(signals),
                DceOutput::Network(op) => {
                    match &op {
                        LineOp::Dial(number) => self.gauge.dials(number),
                        LineOp::Write(octets) => self.gauge.sent(octets.len()),
                        LineOp::HangUp => self.ending += 1,
                        _ => {}
                    }
                    self.network.op(op);
                }
            }
        }
        if self.modem.state() != DceState::Command {
            self.heard = Instant::now();
        }
        self.gauge.state(Some(self.modem.state()).filter(|_| self.there));
    }

    /// Moves what can be moved; ready when something was.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<Option<Over>> {
        loop {
            if let Poll::Ready(on) = self.computer.poll_dtr(cx) {
                self.feed(DceInput::Dtr(on));
                return Poll::Ready(None);
            }
            if let Poll::Ready(over) = self.poll_computer(cx) {
                return Poll::Ready(over);
            }
            let held = !self.may_read_computer();
            if !self.there {
                return Poll::Pending;
            }
            if let Poll::Ready(over) = self.poll_network(cx) {
                return Poll::Ready(over);
            }
            // the network has taken enough to read the computer again, and nobody would wake us for that
            if !(held && self.may_read_computer()) {
                return Poll::Pending;
            }
        }
    }

    fn poll_computer(&mut self, cx: &mut Context<'_>) -> Poll<Option<Over>> {
        let mut memory = [0; READ];
        loop {
            let may_read = self.may_read_computer();
            let most = if self.modem.state() == DceState::Data { READ } else { TYPED };
            let (room, _) = memory.split_at_mut(if may_read { most } else { 0 });
            let mut buf = ReadBuf::new(room);
            match self.computer.poll_event(cx, &mut buf) {
                Poll::Ready(LineEvent::Bytes(octets)) => {
                    self.heard = Instant::now();
                    self.feed(DceInput::Dte(octets));
                    if self.idle.is_some() && self.modem.noise() > NOISE {
                        return Poll::Ready(Some(Over::Noise));
                    }
                }
                Poll::Ready(LineEvent::Ring { caller }) => {
                    self.gauge.computer(caller);
                    self.computer.op(LineOp::Answer);
                }
                Poll::Ready(LineEvent::Connected { .. }) => self.came(),
                Poll::Ready(LineEvent::Failed(error)) => return Poll::Ready(Some(Over::Failed(error))),
                Poll::Ready(LineEvent::Disconnected | LineEvent::Closed) => {
                    return Poll::Ready(Some(Over::Left));
                }
                Poll::Ready(LineEvent::Opened) => {}
                // the poll has written enough to read again, and nobody would wake us for that
                Poll::Pending if !may_read && self.may_read_computer() => continue,
                Poll::Pending => return Poll::Pending,
            }
            return Poll::Ready(None);
        }
    }

    fn may_read_computer(&self) -> bool {
        self.network.unsent() < HIGH_WATER && self.computer.unsent() < HIGH_WATER
    }

    /// The computer is there.
    fn came(&mut self) {
        (self.there, self.heard) = (true, Instant::now());
        self.computer.show(self.modem.signals());
        self.network.op(LineOp::Open);
        self.gauge.state(Some(self.modem.state()));
    }

    fn poll_network(&mut self, cx: &mut Context<'_>) -> Poll<Option<Over>> {
        let mut memory = [0; READ];
        loop {
            let may_read = self.computer.unsent() < HIGH_WATER;
            let (room, _) = memory.split_at_mut(if may_read { READ } else { 0 });
            let mut buf = ReadBuf::new(room);
            match self.network.poll_event(cx, &mut buf) {
                Poll::Ready(LineEvent::Disconnected) if self.ending > 0 => {
                    self.ending -= 1;
                    return Poll::Ready(None);
                }
                Poll::Ready(event) => {
                    match &event {
                        LineEvent::Bytes(octets) => self.gauge.received(octets.len()),
                        LineEvent::Connected { .. } => self.gauge.connected(),
                        _ => {}
                    }
                    self.feed(DceInput::Network(event));
                    return Poll::Ready(None);
                }
                Poll::Pending if !may_read && self.computer.unsent() < HIGH_WATER => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Lets both lines end in order.
    async fn end(mut self, over: Over) {
        self.gauge.state(None);
        self.network.op(LineOp::Close);
        if !matches!(over, Over::Failed(_)) {
            self.computer.op(LineOp::Close);
        }
        let Self { mut computer, mut network, .. } = self;
        let both = async {
            tokio::join!(closed(&mut network), async {
                if !matches!(over, Over::Failed(_)) {
                    closed(&mut computer).await;
                }
            });
        };
        let _ = tokio::time::timeout(FAREWELL, both).await;
    }
}

/// Lets a line that was told to close do so in its own time, which has a limit.
pub async fn closed_in_time(mut line: Box<dyn Line>) {
    let _ = tokio::time::timeout(FAREWELL, closed(&mut line)).await;
}

/// Until a line is given back.
async fn closed(line: &mut impl Line) {
    let mut memory = [0; 256];
    loop {
        let mut buf = ReadBuf::new(&mut memory);
        let closed = poll_fn(|cx| {
            buf.clear();
            line.poll_event(cx, &mut buf).map(|event| matches!(event, LineEvent::Closed))
        });
        if closed.await {
            return;
        }
    }
}
