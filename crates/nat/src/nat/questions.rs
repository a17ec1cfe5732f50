//! DNS over UDP to our end of the link: questions for the host's resolver.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Nat;
use crate::order::{Order, QuestionId};
use crate::stats::Dropped;
use crate::wire::udp_packet;

/// The header of a DNS message, RFC 1035 §4.1.1.
const HEADER: usize = 12;

#[derive(Debug)]
struct Asked {
    caller: SocketAddr,
    gateway: SocketAddr,
    until: Instant,
}

/// What the resolver has not answered yet.
#[derive(Debug)]
pub(super) struct Questions {
    open: BTreeMap<QuestionId, Asked>,
    most: usize,
    patience: Duration,
    next: u64,
}

impl Questions {
    /// Those that wait for an answer.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn new(most: usize, patience: Duration) -> Self {
        Self { open: BTreeMap::new(), most, patience, next: 0 }
    }

    /// All wait equally long, so the first to come is the first to go.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.first_key_value().map(|(_, asked)| asked.until)
    }

    pub(super) fn expire(&mut self, now: Instant) {
        while self.deadline().is_some_and(|until| until <= now) {
            self.open.pop_first();
        }
    }
}

impl Nat {
    pub(super) fn ask(&mut self, now: Instant, caller: SocketAddr, gateway: SocketAddr, message: &[u8]) {
        if message.len() < HEADER {
            return self.stats.drop(Dropped::Malformed);
        }
        if self.questions.open.len() >= self.questions.most {
            return self.stats.drop(Dropped::Flows);
        }
        if message.len() > self.memory_left() {
            return self.stats.drop(Dropped::Memory);
        }
        if !self.new_flows.take(now) {
            return self.stats.drop(Dropped::Rate);
        }
        let question = QuestionId(self.questions.next);
        self.questions.next += 1;
        let until = now + self.questions.patience;
        self.questions.open.insert(question, Asked { caller, gateway, until });
        self.stats.questions += 1;
        self.order(Order::Question { question, message: message.to_vec() });
    }

    pub(super) fn answer(&mut self, question: QuestionId, answer: &[u8]) {
        let Some(asked) = self.questions.open.remove(&question) else {
            return self.stats.drop(Dropped::Unasked);
        };
        let id = self.next_ident();
        self.send(udp_packet(asked.gateway, asked.caller, id, answer));
    }
}
