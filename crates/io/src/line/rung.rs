//! `--callback-line`: how an end that has dialled is rung when it is called back, where its line cannot ring by itself.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use openras_engine::terminal::Recogniser;
use openras_engine::{LineEvent, LineOp};
use tokio::io::ReadBuf;
use tokio::time::Instant;

use super::Line;

/// Octets read at once while PPP is waited for.
const READ: usize = 1024;

/// Dials on the first line, and is rung on the second, which is opened when the call on the first is over: only whoever
/// was told to call back has a reason to ring then. `Close` gives both back.
pub struct RungOn<A, B> {
    dials: A,
    rings: B,
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The first line; a call has stood on it.
    First { was_up: bool },
    /// The second line is to be opened, if the owner wants more than `Close`.
    Over,
    /// It is being opened.
    Opening,
    /// The second line.
    Second,
    /// The second line is being given back; the first one after it.
    Closing,
}

impl<A: Line, B: Line> RungOn<A, B> {
    /// Calls go out on `dials`, and the one that comes back rings on `rings`.
    pub fn new(dials: A, rings: B) -> Self {
        Self { dials, rings, at: At::First { was_up: false } }
    }

    /// An event of the second line; `None` is for nobody.
    fn second<'a>(&mut self, event: LineEvent<'a>) -> Option<LineEvent<'a>> {
        match (event, self.at) {
            // it may have been given back before this came
            (LineEvent::Opened, At::Opening) => {
                self.at = At::Second;
                None
            }
            (LineEvent::Failed(error), At::Opening) => {
                tracing::warn!("no callback: the line to be rung on cannot be had: {}", error.sentence());
                Some(LineEvent::Closed)
            }
            (LineEvent::Closed, At::Closing) => {
                self.at = At::First { was_up: false };
                self.dials.op(LineOp::Close);
                None
            }
            (_, At::Closing) => None,
            (event, _) => Some(event),
        }
    }
}

impl<A: Line, B: Line> Line for RungOn<A, B> {
    fn op(&mut self, op: LineOp) {
        match (op, self.at) {
            (op, At::First { .. }) | (op @ LineOp::Close, At::Over) => {
                if self.at == At::Over {
                    self.at = At::First { was_up: false };
                }
                self.dials.op(op);
            }
            (LineOp::Close, _) => {
                self.at = At::Closing;
                self.rings.op(LineOp::Close);
            }
            (op, _) => self.rings.op(op),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if self.at == At::Over {
            self.at = At::Opening;
            self.rings.op(LineOp::Open);
        }
        let At::First { was_up } = &mut self.at else {
            return match self.rings.poll_event(cx, buf) {
                Poll::Ready(LineEvent::Bytes(octets)) => Poll::Ready(LineEvent::Bytes(octets)),
                Poll::Ready(event) => match self.second(event) {
                    Some(event) => Poll::Ready(event),
                    None => {
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                },
                Poll::Pending => Poll::Pending,
            };
        };
        let event = self.dials.poll_event(cx, buf);
        match &event {
            Poll::Ready(LineEvent::Connected { .. }) => *was_up = true,
            Poll::Ready(LineEvent::Disconnected) if *was_up => self.at = At::Over,
            _ => {}
        }
        event
    }

    fn unsent(&self) -> usize {
        match self.at {
            At::First { .. } => self.dials.unsent(),
            _ => self.rings.unsent(),
        }
    }
}

/// A wire with one other end, on which that end calls back after a call of ours. What rings is the first frame of PPP
/// that comes then: neither a signal, which also comes and goes while both ends hang up, nor the last octets of the call
/// before. The line below rings when something happens on it.
pub struct SameWire<L> {
    line: L,
    at: Wire,
    /// What has come of the call back before it is answered.
    early: Vec<u8>,
    events: VecDeque<LineEvent<'static>>,
}

enum Wire {
    /// As the line below says.
    Plain { was_up: bool },
    /// A call of ours is over, and nothing has come since.
    Quiet,
    /// Something is there: is it PPP?
    Listening(Recogniser),
    /// It is, and rings.
    Rung,
}

impl<L: Line> SameWire<L> {
    /// Over this line.
    pub fn new(line: L) -> Self {
        Self { line, at: Wire::Plain { was_up: false }, early: Vec::new(), events: VecDeque::new() }
    }

    /// An event of the line below while a call back is waited for.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<LineEvent<'static>> {
        let mut memory = [0; READ];
        loop {
            let mut buf = ReadBuf::new(&mut memory);
            let Poll::Ready(event) = self.line.poll_event(cx, &mut buf) else { return Poll::Pending };
            match event {
                LineEvent::Ring { .. } => self.line.op(LineOp::Answer),
                LineEvent::Connected { .. } => self.at = Wire::Listening(Recogniser::new()),
                LineEvent::Disconnected | LineEvent::Failed(_) => self.at = Wire::Quiet,
                LineEvent::Bytes(octets) => {
                    let Wire::Listening(recogniser) = &mut self.at else { continue };
                    if let Some((_, frame)) = recogniser.push(Instant::now().into_std(), octets).ppp {
                        (self.at, self.early) = (Wire::Rung, frame);
                        return Poll::Ready(LineEvent::Ring { caller: None });
                    }
                }
                LineEvent::Closed => {
                    self.at = Wire::Plain { was_up: false };
                    return Poll::Ready(LineEvent::Closed);
                }
                LineEvent::Opened => {}
            }
        }
    }
}

impl<L: Line> Line for SameWire<L> {
    fn op(&mut self, op: LineOp) {
        match (&self.at, op) {
            (Wire::Plain { .. }, op) => self.line.op(op),
            (Wire::Rung, LineOp::Answer) => {
                self.at = Wire::Plain { was_up: true };
                self.events.push_back(LineEvent::Connected { text: "CONNECT".into() });
            }
            (_, op @ (LineOp::HangUp | LineOp::Close | LineOp::Dial(_))) => {
                self.at = Wire::Plain { was_up: matches!(op, LineOp::HangUp) };
                self.early = Vec::new();
                self.line.op(op);
            }
            (_, LineOp::Answer | LineOp::Open | LineOp::Write(_)) => {}
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        let was_up = match &mut self.at {
            Wire::Plain { was_up } => was_up,
            Wire::Rung => return Poll::Pending,
            Wire::Quiet | Wire::Listening(_) => return self.poll_wait(cx),
        };
        if !self.early.is_empty() && buf.remaining() > 0 {
            let rest = self.early.split_off(self.early.len().min(buf.remaining()));
            buf.put_slice(&std::mem::replace(&mut self.early, rest));
            return Poll::Ready(LineEvent::Bytes(buf.filled()));
        }
        let event = self.line.poll_event(cx, buf);
        match &event {
            Poll::Ready(LineEvent::Connected { .. }) => *was_up = true,
            Poll::Ready(LineEvent::Disconnected) if *was_up => self.at = Wire::Quiet,
            _ => {}
        }
        event
    }

    fn unsent(&self) -> usize {
        self.line.unsent()
    }
}

#[cfg(test)]
mod tests;
