//! Where everything leaves: frames for the line, packets and events for the owner, in order.

use std::collections::VecDeque;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::config::Timers;
use crate::event::{Direction, Event, Packet};
use crate::hdlc::{self, Framing};
use crate::limits;
use crate::network::Network;
use crate::ppp::Output;
use crate::wire::{ControlPacket, Protocol};

/// Capacity an idle connection may keep, in octets.
const IDLE_SCRATCH: usize = 64;

/// What leaves and passes, in the terms of [`Stats`](crate::Stats).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) bytes_sent: u64,
    pub(crate) frames_sent: u64,
    pub(crate) packets_received: u64,
    pub(crate) packets_sent: u64,
    pub(crate) packets_dropped: u64,
}

/// The sending half every protocol shares.
pub(crate) struct Outlet {
    /// What the generator starts from when it is needed; it is large, and a connected end needs it seldom.
    seed: [u8; 32],
    rng: Option<Box<ChaCha12Rng>>,
    /// Restart timer and counters of every control protocol.
    pub(crate) timers: Timers,
    /// How frames are sent now.
    pub(crate) framing: Framing,
    /// Information octets the peer takes.
    pub(crate) send_mru: u16,
    /// Counters.
    pub(crate) tally: Tally,
    /// A packet of the users has gone since [`Self::was_busy`] was asked.
    busy: bool,
    trace: bool,
    outbox: VecDeque<Output>,
    /// Packets are put together here.
    scratch: Vec<u8>,
    /// Of the last packet that expects no negotiated reply: rejects, echoes, identification.
    identifier: u8,
}

impl Outlet {
    pub(crate) fn new(seed: [u8; 32], timers: Timers, trace: bool) -> Self {
        Self {
            seed,
            rng: None,
            timers,
            framing: Framing::DEFAULT,
            send_mru: 1500,
            tally: Tally::default(),
            busy: false,
            trace,
            outbox: VecDeque::new(),
            scratch: Vec::new(),
            identifier: 0,
        }
    }

    /// All randomness of this connection.
    pub(crate) fn rng(&mut self) -> &mut ChaCha12Rng {
        self.rng.get_or_insert_with(|| Box::new(ChaCha12Rng::from_seed(self.seed)))
    }

    /// Puts the generator away; it goes on from a seed of its own making.
    pub(crate) fn rest(&mut self) {
        if let Some(mut rng) = self.rng.take() {
            rng.fill_bytes(&mut self.seed);
        }
    }

    /// A new identifier for a packet outside a negotiation.
    pub(crate) fn next_identifier(&mut self) -> u8 {
        self.identifier = self.identifier.wrapping_add(1);
        self.identifier
    }

    /// Sends a packet given from its code octet on.
    pub(crate) fn send(&mut self, protocol: Protocol, packet: &[u8]) {
        self.trace(Direction::Sent, protocol, packet);
        self.frame(protocol, packet);
    }

    /// Sends a control packet.
    pub(crate) fn control(&mut self, protocol: Protocol, packet: &ControlPacket<'_>) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        packet.emit(&mut scratch);
        self.send(protocol, &scratch);
        self.scratch = scratch;
    }

    /// Frames a datagram of the owner, its header compressed if that was agreed.
    pub(crate) fn datagram(&mut self, protocol: Protocol, packet: &[u8], network: &mut Network) {
        self.tally.packets_sent += 1;
        self.busy |= !limits::is_of_link(packet);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let protocol = network.squeeze(protocol, packet, &mut scratch);
        self.frame(protocol, if scratch.is_empty() { packet } else { &scratch });
        self.scratch = scratch;
    }

    /// Whether a packet that keeps the connection up has gone since this was asked.
    pub(crate) fn was_busy(&mut self) -> bool {
        std::mem::take(&mut self.busy)
    }

    /// Gives a datagram to the owner.
    pub(crate) fn deliver(&mut self, packet: &[u8]) {
        self.tally.packets_received += 1;
        self.busy |= !limits::is_of_link(packet);
        self.outbox.push_back(Output::Ip(packet.to_vec()));
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outbox.push_back(Output::Event(event));
    }

    /// Tells of a control packet, if that is wanted.
    pub(crate) fn trace(&mut self, direction: Direction, protocol: Protocol, packet: &[u8]) {
        if self.trace {
            self.event(Event::Packet(Packet::new(direction, protocol, packet)));
        }
    }

    /// The next output. An emptied queue keeps no memory: thousands of connections are idle at any time.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        let output = self.outbox.pop_front();
        if output.is_none() {
            self.outbox = VecDeque::new();
            if self.scratch.capacity() > IDLE_SCRATCH {
                self.scratch = Vec::new();
            }
        }
        output
    }

    fn frame(&mut self, protocol: Protocol, packet: &[u8]) {
        let mut line = Vec::new();
        hdlc::frame(protocol, packet, self.framing, false, &mut line);
        self.tally.frames_sent += 1;
        self.tally.bytes_sent += line.len() as u64;
        self.outbox.push_back(Output::Line(line));
    }
}
