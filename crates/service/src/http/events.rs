//! Event streams: of one connection, and of all calls a client may hear of. A stream is as slow as its reader; what
//! the reader misses is counted and told, and nothing waits for it.

use std::sync::Arc;

use bytes::Bytes;
use openras_api::Problem;
use openras_api::types::event::{Event, Told};
use openras_engine::RasError;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::answer::{self, Answer, Lines, line};
use super::ask::Ask;
use crate::calls::{Heard, PacketsWanted, Reader, Story};
use crate::connections::held::Creator;
use crate::rights::Peer;
use crate::service::Shared;

/// Bytes put together for one write, at most a line more.
const CHUNK: usize = 16 * 1024;

/// `GET /v1/connections/{id}/events`.
pub(super) fn of_connection(ask: &Ask) -> Answer {
    let held = ask.held()?;
    let creator = match ask.query("notifier")? {
        None => None,
        Some(notifier) if notifier == held.notifier() => Some(held.creator()),
        Some(_) => {
            return Err(Problem::new(RasError::INVALID_PARAMETER, "The notifier is not this dial's.")
                .remedy("Leave it out to watch; only the program that dialled holds the dial."));
        }
    };
    let packets = ask.flag("packets")? || (creator.is_some() && held.packets());
    let reader = held.story().reader(ask.number("after")?, packets);
    let keeps_terminal = ask.flag("keep_terminal")?;
    ask.session.pulse.stream();
    answer::stream(OfCall { story: held.story().clone(), reader, creator, keeps_terminal, next: None })
}

struct OfCall {
    story: Arc<Story>,
    reader: Reader,
    creator: Option<Creator>,
    /// Bytes of the terminal wait for whoever takes it.
    keeps_terminal: bool,
    /// Read already, to be told after terminal bytes that came before it.
    next: Option<Told>,
}

impl OfCall {
    /// What can be told now, and whether that is all there will ever be.
    fn gather(&mut self) -> (Vec<u8>, bool) {
        let (mut out, mut over) = (Vec::new(), false);
        while out.len() < CHUNK {
            if self.next.is_none() {
                match self.reader.try_next() {
                    Some(Some(told)) => self.next = Some(told),
                    Some(None) => over = true,
                    None => {}
                }
            }
            let before = self.next.as_ref().map_or(u64::MAX, |told| told.n);
            let shows = self.creator.as_ref().filter(|_| !self.keeps_terminal);
            let shown = shows.and_then(|creator| creator.shown_before(before));
            match shown.or_else(|| self.next.take()) {
                Some(told) => line(&mut out, &told),
                None => break,
            }
        }
        // the creator's stream keeps what is left of the dial readable, as long as there is something
        let over = over && self.creator.as_ref().is_none_or(|creator| creator.held().is_gone());
        (out, over)
    }
}

impl Lines for OfCall {
    async fn lines(mut self) -> Option<(Bytes, Self)> {
        let story = self.story.clone();
        loop {
            let news = story.news();
            let (out, over) = self.gather();
            if !out.is_empty() {
                return Some((out.into(), self));
            }
            if over {
                return None;
            }
            news.await;
        }
    }
}

/// `GET /v1/events`.
pub(super) fn of_service(ask: &Ask) -> Answer {
    let calls = &ask.api.service.shared().calls;
    let packets = ask.flag("packets")?.then(|| calls.want_packets());
    ask.session.pulse.stream();
    let shared = ask.api.service.shared().clone();
    answer::stream(OfAll { heard: calls.subscribe(), packets, peer: ask.session.peer.clone(), shared })
}

struct OfAll {
    heard: broadcast::Receiver<Arc<Heard>>,
    packets: Option<PacketsWanted>,
    peer: Arc<Peer>,
    shared: Arc<Shared>,
}

impl OfAll {
    fn add(&self, out: &mut Vec<u8>, heard: &Heard) {
        let is_packet = matches!(heard.told.event, Event::Packet(_));
        if self.peer.owns(heard.uid) && (!is_packet || self.packets.is_some()) {
            line(out, &heard.told);
        }
    }

    /// The reader was too slow: how many events of all calls it missed.
    fn lost(&self, out: &mut Vec<u8>, count: u64) {
        self.shared.counters.reader_lost();
        line(out, &Told { call: 0, n: 0, t: 0.0, event: Event::Lost { count } });
    }
}

impl Lines for OfAll {
    async fn lines(mut self) -> Option<(Bytes, Self)> {
        let mut out = Vec::new();
        while out.is_empty() {
            match self.heard.recv().await {
                Ok(heard) => self.add(&mut out, &heard),
                Err(RecvError::Lagged(count)) => self.lost(&mut out, count),
                Err(RecvError::Closed) => return None,
            }
        }
        while out.len() < CHUNK {
            match self.heard.try_recv() {
                Ok(heard) => self.add(&mut out, &heard),
                Err(TryRecvError::Lagged(count)) => self.lost(&mut out, count),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some((out.into(), self))
    }
}
