//! What the tests of this crate share: a plain machine over a line, run by the driver; the end of a cable.

mod end;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use openras_engine::{CallInput, CallOutput, LineEvent, LineOp, RasError, Snapshot, Watched};
use openras_ppp::{Machine, Negotiated};
use tokio::io::ReadBuf;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use end::End;

use crate::driver::{Ends, Outcome, run};
use crate::{IpPort, Line};

#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Opened,
    Ring(Option<String>),
    Connected,
    Bytes(Vec<u8>),
    Disconnected,
    Failed(RasError),
    Tick,
}

#[derive(Debug)]
pub(crate) enum Say {
    Op(LineOp),
    /// An IP packet for the IP port, so many times.
    Ip(usize),
    Up(Box<Negotiated>),
    TickAfter(Duration),
    Bye,
    /// Bytes are counted but not told.
    Quiet,
}

/// Tells all it hears, does what it is told, answers rings, writes IP packets it gets to the line.
#[derive(Default)]
pub(crate) struct Plain {
    started: bool,
    quiet: bool,
    tick: Option<Instant>,
    out: VecDeque<CallOutput<Heard>>,
}

impl Machine for Plain {
    type Input<'a> = CallInput<'a, Say>;
    type Output = CallOutput<Heard>;

    fn handle(&mut self, now: Instant, input: CallInput<'_, Say>) {
        if !std::mem::replace(&mut self.started, true) {
            self.out.push_back(CallOutput::Line(LineOp::Open));
        }
        if self.tick.is_some_and(|at| at <= now) {
            self.tick = None;
            self.out.push_back(CallOutput::Notice(Heard::Tick));
        }
        let out = match input {
            CallInput::Line(event) => return self.line(event),
            CallInput::Ip(packet) => CallOutput::Line(LineOp::Write(packet.to_vec())),
            CallInput::Command(Say::Op(op)) => CallOutput::Line(op),
            CallInput::Command(Say::Bye) => CallOutput::Line(LineOp::Close),
            CallInput::Command(Say::Up(negotiated)) => CallOutput::Up(negotiated),
            CallInput::Command(Say::Ip(count)) => {
                return self.out.extend((0..count).map(|_| CallOutput::Ip(vec![0; 1000])));
            }
            CallInput::Command(Say::TickAfter(wait)) => return self.tick = Some(now + wait),
            CallInput::Command(Say::Quiet) => return self.quiet = true,
            CallInput::Tick => return,
        };
        self.out.push_back(out);
    }

    fn poll_output(&mut self) -> Option<CallOutput<Heard>> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.tick
    }
}

impl Watched for Plain {
    fn snapshot(&self) -> Snapshot {
        Snapshot::default()
    }
}

impl Plain {
    fn line(&mut self, event: LineEvent<'_>) {
        let heard = match event {
            LineEvent::Opened => Heard::Opened,
            LineEvent::Ring { caller } => {
                self.out.push_back(CallOutput::Line(LineOp::Answer));
                Heard::Ring(caller)
            }
            LineEvent::Connected { .. } => Heard::Connected,
            LineEvent::Bytes(_) if self.quiet => return,
            LineEvent::Bytes(bytes) => Heard::Bytes(bytes.to_vec()),
            LineEvent::Disconnected => Heard::Disconnected,
            LineEvent::Failed(error) => Heard::Failed(error),
            LineEvent::Closed => return self.out.push_back(CallOutput::Ended),
        };
        self.out.push_back(CallOutput::Notice(heard));
    }
}

/// A running [`Plain`] and what its owner holds.
pub(crate) struct Phone {
    pub(crate) say: mpsc::Sender<Say>,
    pub(crate) heard: mpsc::Receiver<Heard>,
    pub(crate) cancel: CancellationToken,
    pub(crate) task: JoinHandle<Outcome>,
}

impl Phone {
    pub(crate) fn start(line: impl Line + 'static, ip: impl IpPort + 'static) -> Self {
        Self::tapped(line, ip, None)
    }

    pub(crate) fn tapped(
        line: impl Line + 'static,
        ip: impl IpPort + 'static,
        tap: Option<Box<dyn crate::Tap>>,
    ) -> Self {
        let (say, commands) = mpsc::channel(8);
        let (notices, heard) = mpsc::channel(8);
        let cancel = CancellationToken::new();
        let ends = Ends {
            commands,
            notices,
            cancel: cancel.clone(),
            farewell: || Say::Bye,
            tap,
            gauge: Default::default(),
        };
        let task = tokio::spawn(run(Plain::default(), line, ip, ends));
        Self { say, heard, cancel, task }
    }

    pub(crate) async fn op(&self, op: LineOp) {
        self.say(Say::Op(op)).await;
    }

    pub(crate) async fn dial(&self, number: &str) {
        self.op(LineOp::Dial(number.into())).await;
    }

    pub(crate) async fn write(&self, bytes: impl Into<Vec<u8>>) {
        self.op(LineOp::Write(bytes.into())).await;
    }

    pub(crate) async fn say(&self, say: Say) {
        self.say.send(say).await.unwrap();
    }

    pub(crate) async fn hear(&mut self) -> Heard {
        let heard = tokio::time::timeout(Duration::from_secs(60), self.heard.recv()).await;
        heard.expect("nothing heard for a minute").expect("the call is over")
    }

    /// All bytes until so many have come.
    pub(crate) async fn hear_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.hear().await {
                Heard::Bytes(bytes) => all.extend(bytes),
                other => panic!("{other:?} after {} bytes", all.len()),
            }
        }
        all
    }

    pub(crate) async fn end(self) -> Outcome {
        drop(self.say);
        self.task.await.unwrap()
    }
}

/// A line that counts how often it is polled, and shows by the third of [`Counted::new`] whether it still exists.
pub(crate) struct Counted<L> {
    line: L,
    polls: Arc<AtomicUsize>,
    _alive: Arc<()>,
}

impl<L> Counted<L> {
    pub(crate) fn new(line: L) -> (Self, Arc<AtomicUsize>, Arc<()>) {
        let (polls, alive) = (Arc::default(), Arc::default());
        (Self { line, polls: Arc::clone(&polls), _alive: Arc::clone(&alive) }, polls, alive)
    }
}

impl<L: Line> Line for Counted<L> {
    fn op(&mut self, op: LineOp) {
        self.line.op(op);
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        self.line.poll_event(cx, buf)
    }

    fn unsent(&self) -> usize {
        self.line.unsent()
    }
}

/// How often the line is polled in an hour in which nothing moves.
pub(crate) async fn polls_in_an_hour(polls: &AtomicUsize) -> usize {
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = polls.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    polls.load(Ordering::SeqCst) - before
}
