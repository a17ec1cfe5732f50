//! The line behind a played modem: one phone of the exchange, by which it is called and dials numbers, and whatever else the
//! directory leads to. While one of these is used the phone is busy for callers.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::{LineEvent, LineOp, RasError};
use openras_io::Line;
use openras_io::line::ExchangeLine;
use tokio::io::ReadBuf;
use tokio::time::Sleep;

use super::book::{Plan, Step};
use crate::config::VirtualModem;
use crate::service::Shared;

/// ERROR_NO_CARRIER: nothing is at the end of what was dialled.
const NO_CARRIER: RasError = RasError(679);

/// How long one target may take to answer where another follows: three rings. All of them together have the modem's S7.
const HUNT: Duration = Duration::from_secs(15);

/// The network of one computer's modem.
pub(super) struct Network {
    shared: Arc<Shared>,
    modem: Arc<VirtualModem>,
    /// Whose dials these are, for what they may.
    source: String,
    phone: ExchangeLine,
    /// Our hang-ups of the phone whose end has not been heard; it is nobody's business.
    ending: usize,
    /// What is used instead of the phone.
    other: Option<Box<dyn Line>>,
    /// That rings, and is not dialled: it is a port's.
    rings: bool,
    /// What may still be tried.
    plan: Plan,
    /// Until then the one that is tried may answer, if another follows.
    patience: Option<Pin<Box<Sleep>>>,
    /// Somebody was busy on the way.
    busy: bool,
    dialling: bool,
    /// The receiver is up while something else is used.
    lifted: bool,
    /// A call rings.
    ringing: bool,
    events: VecDeque<LineEvent<'static>>,
}

impl Network {
    pub(super) fn new(shared: &Arc<Shared>, modem: Arc<VirtualModem>, source: String) -> Self {
        Self {
            shared: shared.clone(),
            phone: shared.exchange.phone_of(modem.number.as_deref(), Some(&source)),
            modem,
            source,
            ending: 0,
            other: None,
            rings: false,
            plan: Plan::default(),
            patience: None,
            busy: false,
            dialling: false,
            lifted: false,
            ringing: false,
            events: VecDeque::new(),
        }
    }

    fn dial(&mut self, text: &str) {
        match self.shared.virtual_modems.book.plan(&self.shared, &self.modem, &self.source, text) {
            Ok(plan) => {
                (self.plan, self.busy, self.dialling) = (plan, false, true);
                // who dials does not answer
                if self.ringing {
                    self.phone_down();
                }
                self.next(NO_CARRIER);
            }
            Err(_) => self.events.push_back(LineEvent::Failed(NO_CARRIER)),
        }
    }

    /// Tries the next; where there is none it tells how the last one failed.
    fn next(&mut self, last: RasError) {
        self.busy |= last == RasError::LINE_BUSY;
        self.let_go();
        while let Some(step) = self.plan.steps.pop_front() {
            let others = !self.plan.steps.is_empty();
            self.patience = others.then(|| Box::pin(tokio::time::sleep(HUNT)));
            match step {
                Step::Phone(number) => {
                    if self.lifted {
                        self.phone_down();
                    }
                    return self.phone.op(LineOp::Dial(number));
                }
                Step::Port(name) => match self.port(&name) {
                    Ok(line) => return self.begin(line, true),
                    Err(error) => self.busy |= error == RasError::LINE_BUSY,
                },
                Step::Line(line) => return self.begin(line, false),
            }
        }
        (self.dialling, self.patience) = (false, None);
        if self.lifted {
            self.phone_down();
        }
        let error = if self.busy { RasError::LINE_BUSY } else { last };
        self.events.push_back(LineEvent::Failed(error));
    }

    /// Leaves one that does not answer for the next.
    fn poll_patience(&mut self, cx: &mut Context<'_>) {
        let over = self.patience.as_mut().is_some_and(|patience| patience.as_mut().poll(cx).is_ready());
        if over {
            if !self.lifted {
                // it is the phone that rings somebody
                self.phone_down();
            }
            self.next(RasError::NO_ANSWER);
        }
    }

    fn begin(&mut self, mut line: Box<dyn Line>, rings: bool) {
        self.rings = rings;
        if !std::mem::replace(&mut self.lifted, true) {
            self.phone.lift();
        }
        line.op(LineOp::Open);
        self.other = Some(line);
    }

    /// A call handed to a port.
    fn port(&self, name: &str) -> Result<Box<dyn Line>, RasError> {
        let door = self.shared.doors.named(name).ok_or(NO_CARRIER)?;
        let speed = self.plan.speed.or(self.modem.speed);
        door.put_through(&self.shared, &self.source, speed).ok_or(RasError::LINE_BUSY)
    }

    /// Hangs the phone up, if it is not.
    fn phone_down(&mut self) {
        (self.lifted, self.ringing) = (false, false);
        self.ending += 1;
        self.phone.op(LineOp::HangUp);
    }

    /// The other line ends by itself; what was written to it still goes out.
    fn let_go(&mut self) {
        if let Some(mut line) = self.other.take() {
            line.op(LineOp::Close);
            self.shared.tasks.spawn(openras_io::dce::closed_in_time(line));
        }
    }

    fn hang_up(&mut self) {
        self.plan = Plan::default();
        (self.dialling, self.patience) = (false, None);
        self.let_go();
        self.phone_down();
    }

    /// An event of the other line while it is dialled.
    fn other_event(&mut self, event: LineEvent<'static>) -> Option<LineEvent<'static>> {
        let line = self.other.as_mut()?;
        match event {
            // a line that dials, and one on which a port's call rings
            LineEvent::Opened if !self.rings => line.op(LineOp::Dial(String::new())),
            LineEvent::Ring { .. } => line.op(LineOp::Answer),
            LineEvent::Connected { text } => return Some(self.connected(&text)),
            LineEvent::Failed(error) => self.next(error),
            LineEvent::Disconnected | LineEvent::Closed if self.dialling => self.next(NO_CARRIER),
            LineEvent::Disconnected | LineEvent::Closed => {
                self.let_go();
                self.phone_down();
                return Some(LineEvent::Disconnected);
            }
            LineEvent::Opened | LineEvent::Bytes(_) => {}
        }
        None
    }

    /// An event of the phone that is not its bytes.
    fn phone_event(&mut self, event: LineEvent<'static>) -> Option<LineEvent<'static>> {
        match event {
            LineEvent::Disconnected if self.ending > 0 => {
                self.ending -= 1;
                None
            }
            LineEvent::Failed(error) if self.dialling => {
                self.next(error);
                None
            }
            LineEvent::Connected { text } => Some(self.connected(&text)),
            // a computer sees numbers, and no other's address
            LineEvent::Ring { caller } => {
                self.ringing = true;
                Some(LineEvent::Ring { caller: caller.filter(|caller| is_number(caller)) })
            }
            event => {
                self.ringing = false;
                Some(event)
            }
        }
    }

    /// A call stands: at the speed of its number, or at what its line says.
    fn connected(&mut self, text: &str) -> LineEvent<'static> {
        (self.dialling, self.ringing, self.patience) = (false, false, None);
        let speed = self.plan.speed.take();
        self.plan = Plan::default();
        LineEvent::Connected { text: speed.map_or_else(|| text.to_owned(), |speed| speed.to_string()) }
    }
}

/// Whether it is a number of the exchange.
fn is_number(caller: &str) -> bool {
    let digits = caller.strip_prefix('+').unwrap_or(caller);
    !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
}

/// The event without its bytes' borrow.
fn owned(event: LineEvent<'_>) -> LineEvent<'static> {
    match event {
        LineEvent::Opened => LineEvent::Opened,
        LineEvent::Ring { caller } => LineEvent::Ring { caller },
        LineEvent::Connected { text } => LineEvent::Connected { text },
        LineEvent::Bytes(_) => LineEvent::Bytes(&[]),
        LineEvent::Disconnected => LineEvent::Disconnected,
        LineEvent::Failed(error) => LineEvent::Failed(error),
        LineEvent::Closed => LineEvent::Closed,
    }
}

impl Line for Network {
    fn op(&mut self, op: LineOp) {
        match op {
            LineOp::Dial(text) => self.dial(&text),
            LineOp::HangUp => {
                self.hang_up();
                self.events.push_back(LineEvent::Disconnected);
            }
            LineOp::Write(octets) => match &mut self.other {
                Some(line) => line.op(LineOp::Write(octets)),
                None => self.phone.op(LineOp::Write(octets)),
            },
            LineOp::Close => {
                self.let_go();
                self.phone.op(LineOp::Close);
            }
            LineOp::Open | LineOp::Answer => self.phone.op(op),
        }
    }

    fn poll_event<'a>(&mut self, cx: &mut Context<'_>, buf: &'a mut ReadBuf<'_>) -> Poll<LineEvent<'a>> {
        loop {
            self.poll_patience(cx);
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            let mut quiet = true;
            if let Some(line) = &mut self.other
                && let Poll::Ready(event) = line.poll_event(cx, buf)
            {
                quiet = false;
                let event = owned(event);
                if matches!(event, LineEvent::Bytes(_)) && !buf.filled().is_empty() {
                    return Poll::Ready(LineEvent::Bytes(buf.filled()));
                }
                if let Some(event) = self.other_event(event) {
                    return Poll::Ready(event);
                }
            }
            if let Poll::Ready(event) = self.phone.poll_event(cx, buf) {
                quiet = false;
                let event = owned(event);
                if matches!(event, LineEvent::Bytes(_)) && !buf.filled().is_empty() {
                    return Poll::Ready(LineEvent::Bytes(buf.filled()));
                }
                if let Some(event) = self.phone_event(event) {
                    return Poll::Ready(event);
                }
            }
            if quiet && self.events.is_empty() {
                return Poll::Pending;
            }
        }
    }

    fn slow_down(&mut self, speed: u32) {
        match &mut self.other {
            Some(line) => line.slow_down(speed),
            None => self.phone.slow_down(speed),
        }
    }

    fn unsent(&self) -> usize {
        self.other.as_ref().map_or_else(|| self.phone.unsent(), |line| line.unsent())
    }
}
