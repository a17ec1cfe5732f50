//! The serial port a client of RFC 2217 has with a call, or with a modem we play: nothing else is behind it, so that it takes
//! any speed and format, and its signals tell of the call, or are the modem's.

use std::sync::Arc;

use openras_engine::rfc2217::{Access, Format, Port, Signals};

use super::wires::Wires;

/// What we call ourselves.
const SIGNATURE: &str = "OpenRAS";

pub(super) struct ComPort {
    access: Access,
    port: Plain,
    carrier: bool,
    /// To the modem behind the port, which says what its signals are and what a dropped DTR does.
    wires: Option<Arc<Wires>>,
    /// RFC 2217 is agreed.
    begun: bool,
}

/// A port that is as it was set.
struct Plain {
    format: Format,
    dtr: bool,
}

impl Port for Plain {
    fn format(&self) -> Format {
        self.format
    }

    fn set_format(&mut self, format: Format) {
        // no serial line is slower than standing still, or has other octets
        if format.baud > 0 && (5..=8).contains(&format.data) {
            self.format = format;
        }
    }

    fn set_dtr(&mut self, on: bool) {
        self.dtr = on;
    }

    fn set_rts(&mut self, _on: bool) {}

    fn set_break(&mut self, _on: bool) {}

    fn purge(&mut self, _received: bool, _to_send: bool) {}
}

/// As they are while a call stands.
const ON_LINE: Signals = Signals { dcd: true, ri: false, dsr: true, cts: true };

impl ComPort {
    /// A port whose call stands.
    pub(super) fn new() -> Self {
        Self {
            access: Access::new(SIGNATURE, ON_LINE),
            port: Plain { format: Format::default(), dtr: true },
            carrier: true,
            wires: None,
            begun: false,
        }
    }

    /// A port with a modem behind it.
    pub(super) fn of_modem(wires: Arc<Wires>) -> Self {
        let access = Access::new(SIGNATURE, wires.signals());
        Self { access, wires: Some(wires), ..Self::new() }
    }

    /// What is told as soon as RFC 2217 is agreed.
    pub(super) fn begin(&mut self) -> Vec<u8> {
        // as they are by now
        let _ = self.news();
        self.begun = true;
        self.access.begin()
    }

    /// What to say of signals of the modem that have changed.
    pub(super) fn news(&mut self) -> Option<Vec<u8>> {
        let signals = self.wires.as_ref().filter(|_| self.carrier)?.signals();
        self.access.signals(signals).filter(|_| self.begun)
    }

    /// Takes what the client says; gives what to say.
    pub(super) fn receive(&mut self, said: &[u8]) -> Vec<Vec<u8>> {
        let answer = self.access.receive(said, &mut self.port);
        if let Some(wires) = &self.wires {
            wires.set_dtr(self.port.dtr);
            return answer.into_iter().collect();
        }
        let lost = if self.port.dtr { None } else { self.carrier_lost() };
        answer.into_iter().chain(lost).collect()
    }

    /// Whether the client has dropped DTR, where that is its hook.
    pub(super) fn has_hung_up(&self) -> bool {
        self.wires.is_none() && !self.port.dtr
    }

    /// The call is over: what to say about it, once.
    pub(super) fn carrier_lost(&mut self) -> Option<Vec<u8>> {
        if !std::mem::replace(&mut self.carrier, false) {
            return None;
        }
        self.access.signals(Signals { dcd: false, ..ON_LINE })
    }

    /// Whether the client takes no data now.
    pub(super) fn is_suspended(&self) -> bool {
        self.access.is_suspended()
    }
}
