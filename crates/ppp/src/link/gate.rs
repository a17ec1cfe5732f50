//! What may not begin yet, and what came for it meanwhile.
//!
//! The gate shuts in two ways. `Command::Hold` shuts it until `Command::Release`. Announcing a phase shuts it
//! until the next input or tick, so that an owner who sees the phase can hold before anything of it begins.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::exchanges::Who;
use super::questions::Asker;
use crate::ask::Answer;
use crate::auth::Effect;
use crate::wire::Protocol;

/// Packets kept at most; the peer repeats what does not fit.
const KEPT_PACKETS: usize = 8;

/// Something that begins when the gate opens.
#[derive(Debug)]
pub(super) enum Work {
    /// The exchanges of the authentication phase.
    Authenticate,
    /// What comes after authentication.
    Admission,
    /// CBCP.
    Callback,
    /// IPCP and IPV6CP.
    Network,
    /// What an exchange said after it had announced a step.
    Effect(Who, Effect),
}

/// Something that came while the gate was shut.
#[derive(Debug)]
pub(super) enum Kept {
    /// For an exchange; PAP's has a password in it.
    Packet(Protocol, Zeroizing<Vec<u8>>),
    /// For whoever asked.
    Answer(Asker, Answer),
}

#[derive(Default)]
pub(super) struct Gate {
    held: Option<Instant>,
    announced: Option<Instant>,
    /// There only while something waits.
    queues: Option<Box<Queues>>,
}

#[derive(Default)]
struct Queues {
    work: VecDeque<Work>,
    kept: VecDeque<Kept>,
    /// Packets of network protocols that came just before their phase.
    early: VecDeque<(Protocol, Vec<u8>)>,
}

impl Gate {
    pub(super) fn hold(&mut self, now: Instant) {
        self.held.get_or_insert(now);
    }

    /// How long it was held, if it was.
    pub(super) fn release(&mut self, now: Instant) -> Option<Duration> {
        self.held.take().map(|since| now.saturating_duration_since(since))
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    pub(super) fn is_shut(&self) -> bool {
        self.held.is_some() || self.announced.is_some()
    }

    /// A phase has been announced.
    pub(super) fn announce(&mut self, now: Instant) {
        self.announced = Some(now);
    }

    /// A new input has come since the announcement.
    pub(super) fn reopen(&mut self) {
        self.announced = None;
    }

    /// When it wants the tick that opens it.
    pub(super) fn timeout(&self) -> Option<Instant> {
        self.announced.filter(|_| self.held.is_none())
    }

    pub(super) fn push(&mut self, work: Work) {
        self.queues().work.push_back(work);
    }

    /// Whether an exchange has said something that has not happened yet.
    pub(super) fn has_effects_of(&self, who: Who) -> bool {
        self.queues
            .iter()
            .flat_map(|queues| &queues.work)
            .any(|work| matches!(work, Work::Effect(whose, _) if *whose == who))
    }

    /// The next thing that may begin now.
    pub(super) fn next_work(&mut self) -> Option<Work> {
        if self.is_shut() { None } else { self.queues.as_mut()?.work.pop_front() }
    }

    /// The next thing that came meanwhile.
    pub(super) fn next_kept(&mut self) -> Option<Kept> {
        if self.is_shut() {
            return None;
        }
        let queues = self.queues.as_mut()?;
        let kept = queues.kept.pop_front();
        if kept.is_none() && queues.work.is_empty() && queues.early.is_empty() {
            self.queues = None;
        }
        kept
    }

    fn queues(&mut self) -> &mut Queues {
        self.queues.get_or_insert_default()
    }

    pub(super) fn keep_packet(&mut self, protocol: Protocol, packet: &[u8]) {
        let kept = &mut self.queues().kept;
        if kept.len() < KEPT_PACKETS {
            kept.push_back(Kept::Packet(protocol, Zeroizing::new(packet.to_vec())));
        }
    }

    /// At most one question is open, so this cannot grow.
    pub(super) fn keep_answer(&mut self, asker: Asker, answer: Answer) {
        self.queues().kept.push_back(Kept::Answer(asker, answer));
    }

    pub(super) fn keep_early(&mut self, protocol: Protocol, packet: &[u8]) {
        let early = &mut self.queues().early;
        if early.len() < KEPT_PACKETS {
            early.push_back((protocol, packet.to_vec()));
        }
    }

    /// The packets that came early; they are kept no longer.
    pub(super) fn take_early(&mut self) -> VecDeque<(Protocol, Vec<u8>)> {
        self.queues.as_mut().map(|queues| std::mem::take(&mut queues.early)).unwrap_or_default()
    }

    /// Forgets everything but whether it is held.
    pub(super) fn clear(&mut self) {
        *self = Self { held: self.held, ..Self::default() };
    }
}
