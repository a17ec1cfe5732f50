//! A service behind the login prompt that is no IP: octets go between the line and what the owner has connected, which
//! stands where the IP port of the call does.

use std::time::{Duration, Instant};

use openras_ppp::{Secret, Stats};

use crate::escape;
use crate::line::{CallInput, CallOutput, LineEvent};

use super::context::Context;
use super::ends;
use super::login::{LastMinute, TEXT};
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
    last_minute: LastMinute,
    /// The service has said nothing that no terminal shows.
    is_text: bool,
}

/// Whether a terminal shows it: in a transfer of files, or in PPP with another host, a line of ours would be damage. Telnet is
/// known to the stream below, and never comes here.
fn is_text(octets: &[u8]) -> bool {
    // the start of a frame, whose rest may be all printable
    const FRAME: [u8; 2] = [0x7e, 0xff];
    const SHOWN: [u8; 5] = [0x00, 0x07, 0x08, 0x0e, 0x0f];
    let shows = |octet: &u8| {
        *octet >= 0x20 || *octet == 0x1b || (0x09..=0x0d).contains(octet) || SHOWN.contains(octet)
    };
    octets.iter().all(shows) && !octets.windows(2).any(|two| two == FRAME)
}

impl Stream {
    pub(super) fn new(service: String) -> Self {
        Self {
            service,
            stats: Stats::default(),
            idle: Duration::ZERO,
            until: None,
            session: None,
            last_minute: LastMinute::default(),
            is_text: true,
        }
    }

    /// Begins with what has been typed ahead.
    pub(super) fn begin(mut self: Box<Self>, now: Instant, typed: &Secret, cx: &mut Context) -> Phase {
        self.idle = cx.idle();
        self.session = session(now, cx);
        self.last_minute.until(now, self.session);
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
                self.is_text &= is_text(bytes);
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
        self.until.into_iter().chain(self.session).chain(self.last_minute.due()).min()
    }

    pub(super) fn expire(mut self: Box<Self>, now: Instant, cx: &mut Context) -> Phase {
        if self.last_minute.is_due(now) {
            if self.is_text {
                cx.write(escape::for_caller(TEXT));
            }
            return Phase::Stream(self);
        }
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
