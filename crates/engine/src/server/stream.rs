//! A service behind the login prompt that is no IP: octets go between the line and what the owner has connected, which
//! stands where the IP port of the call does.

use std::time::{Duration, Instant};

use openras_ppp::{Secret, Stats};

use crate::line::{CallInput, CallOutput, LineEvent};

use super::context::Context;
use super::ends;
use super::phases::Phase;
use super::port::Command;
use super::slip::session;

/// One service.
pub(super) struct Stream {
    service: String,
    stats: Stats,
    idle: Duration,
    until: Option<Instant>,
    /// When the call is over in any case.
    session: Option<Instant>,
}

impl Stream {
    pub(super) fn new(service: String) -> Self {
        Self { service, stats: Stats::default(), idle: Duration::ZERO, until: None, session: None }
    }

    /// Begins with what has been typed ahead.
    pub(super) fn begin(mut self: Box<Self>, now: Instant, typed: &Secret, cx: &mut Context) -> Phase {
        self.idle = cx.config.login.idle;
        self.session = session(now, cx);
        cx.end_null_modem();
        // no address: the owner's port knows that octets follow
        cx.up(Box::default());
        if !typed.is_empty() {
            self.receive(typed.expose(), cx);
        }
        self.lives(now);
        Phase::Stream(self)
    }

    pub(super) fn handle(
        mut self: Box<Self>,
        now: Instant,
        input: CallInput<'_, Command>,
        cx: &mut Context,
    ) -> Phase {
        let end = match input {
            CallInput::Line(LineEvent::Bytes(bytes)) => {
                self.receive(bytes, cx);
                self.lives(now);
                return Phase::Stream(self);
            }
            CallInput::Ip([]) => ends::service_ended(&self.service),
            CallInput::Ip(bytes) => {
                self.stats.bytes_sent += bytes.len() as u64;
                cx.write(bytes.to_vec());
                self.lives(now);
                return Phase::Stream(self);
            }
            CallInput::Line(LineEvent::Disconnected) => ends::hung_up(&self.service),
            CallInput::Command(Command::Disconnect) => ends::administrator(),
            _ => return Phase::Stream(self),
        };
        Phase::finish(now, end, cx)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until.into_iter().chain(self.session).min()
    }

    pub(super) fn expire(&self, now: Instant, cx: &mut Context) -> Phase {
        if self.session.is_some_and(|until| until <= now) {
            return Phase::finish(now, ends::session_over(&self.service), cx);
        }
        Phase::finish(now, ends::idle(&self.service, self.idle), cx)
    }

    pub(super) fn stats(&self) -> Stats {
        self.stats
    }

    fn receive(&mut self, bytes: &[u8], cx: &mut Context) {
        self.stats.bytes_received += bytes.len() as u64;
        cx.output(CallOutput::Ip(bytes.to_vec()));
    }

    fn lives(&mut self, now: Instant) {
        self.until = now.checked_add(self.idle).filter(|_| !self.idle.is_zero());
    }
}
