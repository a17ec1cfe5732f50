//! What an end keeps of its call, as a service keeps it of each of its calls.

use openras_engine::client::dial::{DialEnd, DialEvent};
use openras_engine::server::port::{PortEnd, PortEvent};
use openras_engine::why::{Role, Step, Transcript, shown};
use openras_ppp::Stats;
use openras_ppp::event::Packet;
use openras_service::why::{dial_step, port_step};

/// Packets and events so far.
#[derive(Debug, Default)]
pub(super) struct Kept {
    packets: Vec<Packet>,
    steps: Vec<Step>,
    up: bool,
    counters: Stats,
}

impl Kept {
    /// An event of a port.
    pub(super) fn of_port(&mut self, event: &PortEvent) {
        match event {
            PortEvent::Packet(packet) => self.packets.push(packet.clone()),
            event => {
                self.up |= matches!(event, PortEvent::Up(_));
                self.steps.push(port_step(event));
            }
        }
    }

    /// An event of a dial.
    pub(super) fn of_dial(&mut self, event: &DialEvent) {
        match event {
            DialEvent::Packet(packet) => self.packets.push(packet.clone()),
            event => {
                self.up |= matches!(event, DialEvent::Projection(_));
                self.steps.extend(dial_step(event));
            }
        }
    }

    /// What a port knows of a refusal and does not tell.
    pub(super) fn reason(&mut self, text: &str) {
        self.steps.push(Step { kind: "reason".into(), text: text.into() });
    }

    /// The newest counters; those of a machine that has ended are gone.
    pub(super) fn count(&mut self, counters: Stats) {
        if counters != Stats::default() {
            self.counters = counters;
        }
    }

    fn transcript(&self, role: Role, over: bool) -> Transcript {
        Transcript {
            role,
            line: "the line".into(),
            connected: self.up,
            over,
            packets: self.packets.clone(),
            steps: self.steps.clone(),
            counters: self.counters,
            ..Transcript::default()
        }
    }

    /// Of a port.
    pub(super) fn answered(&self, end: Option<&PortEnd>) -> Transcript {
        let transcript = self.transcript(Role::Answered, end.is_some());
        let Some(end) = end else { return transcript };
        Transcript {
            connected: end.was_up,
            error: end.error,
            why: end.why.clone(),
            remedy: end.remedy.clone(),
            decided: end.packet.as_ref().map(shown),
            ..transcript
        }
    }

    /// Of a dial.
    pub(super) fn dialled(&self, end: Option<&DialEnd>) -> Transcript {
        let transcript = self.transcript(Role::Dialled, end.is_some());
        let Some(end) = end else { return transcript };
        Transcript {
            connected: end.was_connected,
            error: end.error,
            why: end.why.clone(),
            remedy: end.remedy.clone(),
            decided: end.packet.as_ref().map(shown),
            ..transcript
        }
    }
}
