//! `pool:NAME` on a dial: the first of several lines that can be had.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use openras_engine::{LineEvent, LineOp, RasError};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use super::Line;
use super::failure::NOT_AVAILABLE;

/// How long one line may take to be opened; a modem is set up meanwhile.
const EACH: Duration = Duration::from_secs(10);
/// How long all of them may take together: less than a dial waits for its line.
const ALL: Duration = Duration::from_secs(28);

/// Several lines that are one: `Open` tries one after the other, and the first that opens is the line from then on.
///
/// A line that fails to open, or says nothing for 10 s, is passed over and given back. When none is left, or 28 s have
/// passed, `Open` has failed with 633. What was passed over is not tried again: another call has a pool of its own.
pub struct PoolLine<L> {
    name: String,
    left: VecDeque<(String, L)>,
    current: Option<(String, L)>,
    /// Until when the current line may take to be opened.
    opening: Option<Pin<Box<Sleep>>>,
    /// When all of them must have been tried.
    until: Option<Instant>,
    events: VecDeque<LineEvent<'static>>,
}

impl<L: Line> PoolLine<L> {
    /// A pool of these lines, with their names for the log, tried in this order.
    pub fn new(name: impl Into<String>, lines: impl IntoIterator<Item = (String, L)>) -> Self {
        Self {
            name: name.into(),
            left: lines.into_iter().collect(),
            current: None,
            opening: None,
            until: None,
            events: VecDeque::new(),
        }
    }

    fn open(&mut self) {
        self.until = Some(Instant::now() + ALL);
        // one that was had before, closed since
        if let Some(again) = self.current.take() {
            self.left.push_front(again);
        }
        if !self.next() {
            self.events.push_back(LineEvent::Failed(NOT_AVAILABLE));
        }
    }

    /// Begins to open the next line; whether there is one, and time for it. The one before is dropped, and so given back.
    fn next(&mut self) -> bool {
        self.current = None;
        self.opening = None;
        let now = Instant::now();
        let until = self.until.unwrap_or(now);
        let Some((name, mut line)) = self.left.pop_front().filter(|_| now < until) else {
            tracing::info!(pool = self.name, "no line of the pool is free");
            return false;
        };
        line.op(LineOp::Open);
        self.current = Some((name, line));
        self.opening = Some(Box::pin(tokio::time::sleep_until(until.min(now + EACH))));
        true
    }

    /// Ready with `Opened`, or with `Failed` when no line is left.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<LineEvent<'static>> {
        while let (Some((name, line)), Some(limit)) = (&mut self.current, &mut self.opening) {
            let mut nothing = ReadBuf::new(&mut []);
            let error = match line.poll_event(cx, &mut nothing) {
                Poll::Ready(LineEvent::Opened) => {
                    tracing::info!(pool = self.name, line = name, "this line of the pool takes the call");
                    self.opening = None;
                    return Poll::Ready(LineEvent::Opened);
                }
                Poll::Ready(LineEvent::Failed(error)) => error,
                Poll::Ready(_) => RasError::PORT_OR_DEVICE,
                Poll::Pending => {
                    ready!(limit.as_mut().poll(cx));
                    RasError::REQUEST_TIMEOUT
                }
            };
            tracing::info!(pool = self.name, line = name, "passed over: {}", error.sentence());
            if !self.next() {
                return Poll::Ready(LineEvent::Failed(NOT_AVAILABLE));
            }
        }
        Poll::Pending
    }
}

impl<L: Line> Line for PoolLine<L> {
    fn op(&mut self, op: LineOp) {
        match (op, &mut self.current) {
            (LineOp::Open, _) if self.opening.is_none() => self.open(),
            (LineOp::Open, _) => {}
            (LineOp::Close, Some((_, line))) => {
                self.opening = None;
                line.op(LineOp::Close);
            }
            (op, Some((_, line))) => line.op(op),
            (LineOp::Close, None) => self.events.push_back(LineEvent::Closed),
            (LineOp::HangUp, None) => self.events.push_back(LineEvent::Disconnected),
            (LineOp::Dial(_) | LineOp::Answer, None) => {
                self.events.push_back(LineEvent::Failed(RasError::PORT_NOT_OPEN));
            }
            (LineOp::Write(_), None) => {}
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        if self.opening.is_some() {
            return self.poll_open(cx);
        }
        match &mut self.current {
            Some((_, line)) => line.poll_event(cx, buf),
            None => Poll::Pending,
        }
    }

    fn unsent(&self) -> usize {
        self.current.as_ref().map_or(0, |(_, line)| line.unsent())
    }
}

#[cfg(test)]
mod tests;
