//! The two directions between one dialog and its program: pipes of its own, or a share of those of all.

use std::collections::VecDeque;

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::Fault;
use super::launch::{Reader, Writer};
use super::lines::Lines;
use crate::protocol::{self, FromProgram, Malformed};

/// A line of the program.
#[derive(Debug)]
pub(super) struct Heard {
    /// Its length, without its end.
    pub bytes: usize,
    /// It was longer than a line may be.
    pub cut: bool,
    /// What it says.
    pub message: Result<FromProgram, Malformed>,
}

/// What a dialog hears from its program.
pub(super) enum Incoming {
    /// All the program writes; `any` holds for a `receive` that does not say.
    Pipe {
        /// Its standard output.
        lines: Lines<Reader>,
        /// The module's `receive`.
        any: bool,
    },
    /// What it wrote for this dialog; the last is a fault of the process.
    Share(mpsc::Receiver<Result<Heard, Fault>>),
}

impl Incoming {
    /// The next line. May be dropped and called again, nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Heard, Fault> {
        match self {
            Self::Pipe { lines, any } => {
                let line = lines.next().await.map_err(|error| Fault::Pipe(error.kind()))?;
                let line = line.ok_or(Fault::Exited(None))?;
                let message = protocol::parse(&line.bytes, *any);
                Ok(Heard { bytes: line.bytes.len(), cut: line.cut, message })
            }
            // a queue without a last word was full: it holds more than a meter lets pass
            Self::Share(share) => share.recv().await.unwrap_or(Err(Fault::Flood)),
        }
    }
}

/// The way to the program, and what waits for it. A program that does not read is not at fault.
pub(super) struct Outgoing {
    way: Way,
    lines: VecDeque<protocol::Line>,
    written: usize,
}

enum Way {
    Pipe(Writer),
    /// The process of many dialogs, and the name of this one.
    Share(mpsc::Sender<protocol::Line>, String),
    Closed,
}

impl Outgoing {
    /// A program's standard input.
    pub(super) fn pipe(pipe: Writer) -> Self {
        Self { way: Way::Pipe(pipe), lines: VecDeque::new(), written: 0 }
    }

    /// A share of the standard input of a process of many dialogs.
    pub(super) fn share(lines: mpsc::Sender<protocol::Line>, dialog: String) -> Self {
        Self { way: Way::Share(lines, dialog), lines: VecDeque::new(), written: 0 }
    }

    pub(super) fn push(&mut self, line: protocol::Line) {
        match &self.way {
            Way::Pipe(_) => self.lines.push_back(line),
            Way::Share(_, dialog) => self.lines.push_back(protocol::addressed(dialog, &line)),
            Way::Closed => (),
        }
    }

    /// Lines not written yet.
    pub(super) fn waiting(&self) -> usize {
        self.lines.len()
    }

    /// The end of the program's input.
    pub(super) fn close(&mut self) {
        self.way = Way::Closed;
        self.lines.clear();
    }

    /// Writes some; may be dropped and called again, nothing is written twice.
    pub(super) async fn write(&mut self) {
        let Some(line) = self.lines.front() else { return };
        let count = match &mut self.way {
            Way::Pipe(pipe) => pipe.write(line.get(self.written..).unwrap_or_default()).await.unwrap_or(0),
            Way::Share(way, _) => {
                let sent = way.reserve().await.map(|place| place.send(line.clone()));
                sent.map_or(0, |()| line.len())
            }
            Way::Closed => 0,
        };
        if count == 0 {
            return self.close();
        }
        self.written += count;
        if self.written >= line.len() {
            self.lines.pop_front();
            self.written = 0;
        }
    }
}
