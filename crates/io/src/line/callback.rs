//! `callback_line`: a line that answers on one line and dials on another.

use std::task::{Context, Poll};

use openras_engine::{LineEvent, LineOp};
use tokio::io::ReadBuf;

use super::Line;

/// Answers on the first line and dials on the second, which is opened at the first `Dial`. A port that calls back
/// sees one line. While the second one is in use the first is left alone; a call that comes in there meanwhile rings
/// as soon as the port answers again, which it does after `Close` and `Open`.
pub struct WithCallback<A, B> {
    answers: A,
    dials: B,
    /// Where operations go and events come from.
    dialled: bool,
    /// The second line has been opened and not yet given back.
    open: bool,
    /// The number to dial once the second line is open.
    number: Option<String>,
    closing: bool,
}

impl<A: Line, B: Line> WithCallback<A, B> {
    /// Calls come in on `answers` and go out on `dials`.
    pub fn new(answers: A, dials: B) -> Self {
        Self { answers, dials, dialled: false, open: false, number: None, closing: false }
    }

    fn dial(&mut self, number: String) {
        self.dialled = true;
        if self.open {
            return self.dials.op(LineOp::Dial(number));
        }
        self.open = true;
        self.number = Some(number);
        self.dials.op(LineOp::Open);
    }
}

impl<A: Line, B: Line> Line for WithCallback<A, B> {
    fn op(&mut self, op: LineOp) {
        match op {
            LineOp::Dial(number) => self.dial(number),
            // the second line first; its end closes the first
            LineOp::Close if self.open => {
                self.closing = true;
                self.dialled = true;
                self.dials.op(LineOp::Close);
            }
            // it could not be opened, so there is nothing to give back
            LineOp::Close => {
                self.dialled = false;
                self.answers.op(LineOp::Close);
            }
            op if self.dialled => self.dials.op(op),
            op => self.answers.op(op),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if !self.dialled {
            return self.answers.poll_event(cx, buf);
        }
        match self.dials.poll_event(cx, buf) {
            Poll::Ready(LineEvent::Opened) => {
                if let Some(number) = self.number.take() {
                    self.dials.op(LineOp::Dial(number));
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(LineEvent::Closed) => {
                self.open = false;
                self.dialled = false;
                if std::mem::take(&mut self.closing) {
                    self.answers.op(LineOp::Close);
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(LineEvent::Failed(error)) => {
                // could not even be opened: the next try opens it again
                if self.number.take().is_some() {
                    self.open = false;
                }
                Poll::Ready(LineEvent::Failed(error))
            }
            event => event,
        }
    }

    fn unsent(&self) -> usize {
        if self.dialled { self.dials.unsent() } else { self.answers.unsent() }
    }
}
