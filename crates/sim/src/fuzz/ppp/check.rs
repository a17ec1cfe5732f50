//! What must hold of everything a [`Ppp`](openras_ppp::Ppp) says.

use openras_ppp::hdlc::Deframer;
use openras_ppp::show::LONGEST;
use openras_ppp::wire::Protocol;
use openras_ppp::{Ask, Event, Output, Phase};

use super::PASSWORD;
use crate::fuzz::deframe::split;

/// The largest frame anyone may ask for: an MRU of 65535, all of it escaped.
const LONGEST_FRAME: usize = 2 * (65_535 + 8) + 2;
/// Outputs of one input, and more of each frame in it.
const OUTPUTS: usize = 64;
const OUTPUTS_A_FRAME: usize = 16;

/// What one end has said so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// It must prove who its peer is.
    pub(super) must_prove: bool,
    /// The question nobody has answered yet.
    pub(super) open: Option<Ask>,
    /// The open question is of a link that has begun anew since.
    pub(super) stale: bool,
    /// The peer's claim was accepted since the link began.
    pub(super) accepted: bool,
    pub(super) up: bool,
    pub(super) down: bool,
}

impl Record {
    /// Looks at the outputs of one input of so many frames.
    pub(super) fn look(&mut self, outputs: &[Output], frames: usize) {
        let most = OUTPUTS + OUTPUTS_A_FRAME * frames;
        assert!(outputs.len() <= most, "{} outputs of {frames} frames", outputs.len());
        for output in outputs {
            assert!(!self.down, "{output:?} after Down");
            match output {
                Output::Line(frame) => self.frame(frame),
                Output::Ip(_) => assert!(self.up, "a packet before Up"),
                Output::Event(event) => self.event(event),
            }
        }
    }

    /// One whole frame; none of a network protocol before the peer has proved itself.
    fn frame(&self, line: &[u8]) {
        assert!(line.len() <= LONGEST_FRAME);
        let mut deframer = Deframer::new();
        deframer.set_receive_mru(u16::MAX);
        deframer.set_receive_accm(0);
        let mut rest = line;
        let got = deframer.next_frame(&mut rest);
        assert!(rest.is_empty(), "more than one frame");
        let Some((protocol, _)) = got.and_then(Result::ok).and_then(split) else {
            unreachable!("not a frame: {line:02x?}")
        };
        if matches!(protocol, Protocol::IP | Protocol::IPV6) {
            assert!(self.up, "a packet on the line before Up");
        }
        if matches!(protocol, Protocol::IP | Protocol::IPV6 | Protocol::IPCP | Protocol::IPV6CP) {
            assert!(!self.must_prove || self.accepted, "{protocol} before the peer has proved itself");
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Ask(ask) => {
                assert!(self.open.is_none(), "{ask:?} while {:?} is open", self.open);
                self.open = Some(ask.clone());
                self.stale = false;
            }
            Event::Phase(Phase::Establish) => {
                self.accepted = false;
                self.stale = true;
            }
            Event::Up(_) => {
                assert!(!self.must_prove || self.accepted, "up before the peer has proved itself");
                self.up = true;
            }
            Event::Network(_) => assert!(self.up, "a change before Up"),
            Event::Down(_) => self.down = true,
            Event::Packet(packet) => {
                let text = packet.text();
                assert!(text.chars().count() <= LONGEST && !text.chars().any(char::is_control));
                assert!(!text.contains(PASSWORD), "{text}");
            }
            Event::Phase(_) | Event::PeerIdentification(_) | Event::TimeRemaining(..) | Event::Message(_) => {
            }
        }
    }
}
