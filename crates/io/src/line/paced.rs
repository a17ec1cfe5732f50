//! A line as slow as a modem: what goes over it takes the time it would take at a speed.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::{LineEvent, LineOp};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use super::{Line, MAX_UNSENT};
use crate::driver::HIGH_WATER;

/// Time that octets may be ahead of their speed by: what a modem has in its buffers.
const AHEAD: Duration = Duration::from_millis(50);
/// The most read at once.
const READ: usize = 2048;

/// Passes calls of a line on at a speed, each direction by itself. A call has the speed that stands in the text of its
/// [`LineEvent::Connected`], else the line's own.
pub struct Paced<L> {
    line: L,
    /// Bits a second of calls that name none; `None` is as fast as the line goes.
    speed: Option<u32>,
    to: Pace,
    from: Pace,
    out: Vec<u8>,
}

impl<L: Line> Paced<L> {
    /// `speed` in bits a second, for calls that name none; `None` lets those go as fast as they do.
    pub fn new(line: L, speed: Option<u32>) -> Self {
        Self { line, speed, to: Pace::default(), from: Pace::default(), out: Vec::new() }
    }

    fn begin(&mut self, text: &str) {
        let speed = speed_in(text).or(self.speed);
        (self.to, self.from) = (Pace::new(speed), Pace::new(speed));
        if let Some(speed) = speed {
            self.line.slow_down(speed);
        }
    }

    fn hung_up(&mut self) {
        (self.to, self.from) = (Pace::default(), Pace::default());
        self.out = Vec::new();
    }

    /// Gives the line as much as may go by now.
    fn poll_write(&mut self, cx: &mut Context<'_>) {
        while !self.out.is_empty() {
            let may = self.to.poll_room(cx).min(self.out.len());
            if may == 0 {
                return;
            }
            let rest = self.out.split_off(may);
            self.to.passed(may);
            self.line.op(LineOp::Write(std::mem::replace(&mut self.out, rest)));
        }
    }
}

/// The speed a CONNECT names, in bits a second.
pub(crate) fn speed_in(text: &str) -> Option<u32> {
    speeds_in(text).next()
}

/// The slowest one: `CONNECT 115200/V34/LAPM/V42BIS/33600:TX/31200:RX` names that of the serial port first.
pub(crate) fn slowest_in(text: &str) -> Option<u32> {
    speeds_in(text).min()
}

fn speeds_in(text: &str) -> impl Iterator<Item = u32> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
    numbers.filter_map(|word| word.parse().ok()).filter(|speed| *speed >= 300)
}

/// How many octets take half a second at a speed, in bits a second: as many as may wait for a slow line. Whatever is written
/// behind them, an answer to the other end above all, comes late by as much as waits.
pub fn half_a_second(speed: Option<u32>) -> usize {
    speed.map_or(usize::MAX, |speed| usize::try_from(speed / 16).unwrap_or(usize::MAX).max(1))
}

/// What [`Line::unsent`] says of a slow line: full, at [`HIGH_WATER`], as soon as half a second of it waits.
pub(crate) fn unsent(waiting: usize, speed: Option<u32>) -> usize {
    if waiting >= half_a_second(speed) { waiting.max(HIGH_WATER) } else { waiting }
}

impl<L: Line> Line for Paced<L> {
    fn op(&mut self, op: LineOp) {
        match op {
            LineOp::Write(octets) if self.to.is_limited() => {
                self.out.extend_from_slice(&octets);
                if self.out.len() > MAX_UNSENT {
                    self.out = Vec::new();
                    self.line.op(LineOp::HangUp);
                }
            }
            op => {
                if matches!(op, LineOp::HangUp | LineOp::Close) && !self.out.is_empty() {
                    // the end of a call does not wait for a slow line
                    self.line.op(LineOp::Write(std::mem::take(&mut self.out)));
                }
                self.line.op(op);
            }
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.poll_write(cx);
        if !self.from.is_limited() {
            let event = self.line.poll_event(cx, buf);
            if let Poll::Ready(LineEvent::Connected { text }) = &event {
                let text = text.clone();
                self.begin(&text);
            }
            return event;
        }
        let mut memory = [0; READ];
        let may = self.from.poll_room(cx).min(READ).min(buf.remaining());
        let (room, _) = memory.split_at_mut(may);
        let mut part = ReadBuf::new(room);
        match self.line.poll_event(cx, &mut part) {
            Poll::Ready(LineEvent::Bytes(octets)) => {
                self.from.passed(octets.len());
                buf.put_slice(octets);
                Poll::Ready(LineEvent::Bytes(buf.filled()))
            }
            Poll::Ready(LineEvent::Disconnected) => {
                self.hung_up();
                Poll::Ready(LineEvent::Disconnected)
            }
            Poll::Ready(LineEvent::Closed) => {
                self.hung_up();
                Poll::Ready(LineEvent::Closed)
            }
            Poll::Ready(LineEvent::Connected { text }) => {
                self.begin(&text);
                Poll::Ready(LineEvent::Connected { text })
            }
            Poll::Ready(LineEvent::Opened) => Poll::Ready(LineEvent::Opened),
            Poll::Ready(LineEvent::Ring { caller }) => Poll::Ready(LineEvent::Ring { caller }),
            Poll::Ready(LineEvent::Failed(error)) => Poll::Ready(LineEvent::Failed(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn unsent(&self) -> usize {
        let waiting = self.out.len() + self.line.unsent();
        if self.out.len() >= self.to.full { waiting.max(HIGH_WATER) } else { waiting }
    }
}

/// One direction's speed.
struct Pace {
    /// An octet's time: 8 bits, as modems with error control send it, without start and stop bits.
    octet: Option<Duration>,
    /// How many octets may wait for it.
    full: usize,
    /// When the line has sent all that was passed.
    done: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Pace {
    fn new(speed: Option<u32>) -> Self {
        let octet = speed.filter(|speed| *speed > 0).map(|speed| Duration::from_secs(8) / speed);
        Self { octet, full: half_a_second(speed), done: None, sleep: None }
    }

    fn is_limited(&self) -> bool {
        self.octet.is_some()
    }

    /// How many octets may pass now; at 0 it wakes when some may.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> usize {
        let Some(octet) = self.octet else { return usize::MAX };
        let now = Instant::now();
        let behind = self.done.map_or(Duration::ZERO, |done| done.saturating_duration_since(now));
        let free = AHEAD.saturating_sub(behind);
        let room = free.as_nanos().checked_div(octet.as_nanos()).unwrap_or(0);
        // in steps that are worth a write
        let step = (AHEAD / 2).as_nanos().checked_div(octet.as_nanos()).unwrap_or(0).max(1);
        if room >= step {
            return usize::try_from(room).unwrap_or(usize::MAX);
        }
        let at = now + behind.saturating_sub(AHEAD / 2) + octet;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        sleep.as_mut().reset(at);
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
        0
    }

    fn passed(&mut self, octets: usize) {
        let Some(octet) = self.octet else { return };
        let now = Instant::now();
        let from = self.done.map_or(now, |done| done.max(now));
        self.done = Some(from + octet * u32::try_from(octets).unwrap_or(u32::MAX));
    }
}
