//! A port's line together with the line its callbacks are dialled over.

use std::task::{Context, Poll};

use openras_engine::{LineEvent, LineOp};
use openras_io::Line;
use tokio::io::ReadBuf;

/// Answers on one line and calls back over another. Once a callback has been dialled the first line is gone.
pub(crate) struct WithCallback<L, F> {
    line: Stage<L>,
    make: F,
}

enum Stage<L> {
    Answering(L),
    /// The callback line is being opened; this number is dialled next.
    Opening(Box<dyn Line>, String),
    Calling(Box<dyn Line>),
}

impl<L: Line, F: FnMut() -> Box<dyn Line> + Send> WithCallback<L, F> {
    /// `make` gives the callback line when the first callback is dialled.
    pub(crate) fn new(line: L, make: F) -> Self {
        Self { line: Stage::Answering(line), make }
    }

    fn current(&mut self) -> &mut dyn Line {
        match &mut self.line {
            Stage::Answering(line) => line,
            Stage::Opening(line, _) | Stage::Calling(line) => line.as_mut(),
        }
    }

    /// The callback line has opened: the number is dialled now.
    fn opened(&mut self) {
        let none = Stage::Opening(Box::new(Gone), String::new());
        self.line = match std::mem::replace(&mut self.line, none) {
            Stage::Opening(mut line, number) => {
                line.op(LineOp::Dial(number));
                Stage::Calling(line)
            }
            other => other,
        };
    }
}

impl<L: Line, F: FnMut() -> Box<dyn Line> + Send> Line for WithCallback<L, F> {
    fn op(&mut self, op: LineOp) {
        match (op, &self.line) {
            (LineOp::Dial(number), Stage::Answering(_)) => {
                let mut line = (self.make)();
                line.op(LineOp::Open);
                self.line = Stage::Opening(line, number);
            }
            (op, _) => self.current().op(op),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        if let Stage::Opening(line, _) = &mut self.line {
            let mut nothing = ReadBuf::new(&mut []);
            match line.poll_event(cx, &mut nothing) {
                Poll::Ready(LineEvent::Opened) => self.opened(),
                Poll::Ready(LineEvent::Failed(error)) => return Poll::Ready(LineEvent::Failed(error)),
                Poll::Ready(LineEvent::Closed) => return Poll::Ready(LineEvent::Closed),
                Poll::Ready(_) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        self.current().poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        match &self.line {
            Stage::Answering(line) => line.unsent(),
            Stage::Opening(line, _) | Stage::Calling(line) => line.unsent(),
        }
    }
}

/// Stands in while one line is exchanged for another; never polled.
struct Gone;

impl Line for Gone {
    fn op(&mut self, _op: LineOp) {}

    fn poll_event<'a>(&mut self, _cx: &mut Context<'_>, _buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        Poll::Ready(LineEvent::Closed)
    }

    fn unsent(&self) -> usize {
        0
    }
}
