//! Reading one call's story as it is told. A reader holds no queue: what it did not take in time is gone from the
//! call's rings, and it is told how much.

use std::sync::Arc;

use openras_api::types::event::{Event, Told};

use super::story::Story;

/// A place in a call's story.
pub(crate) struct Reader {
    story: Arc<Story>,
    /// Places in the rings.
    events: u64,
    packets: Option<u64>,
}

impl Reader {
    /// Begins behind event number `after`, as far as events are kept.
    pub(super) fn new(story: Arc<Story>, after: u64, packets: bool) -> Self {
        let (events, packets) = {
            let told = story.lock();
            (told.events.behind(after), packets.then(|| told.packets.behind(after)))
        };
        Self { story, events, packets }
    }

    /// Waits for the next event.
    #[cfg(test)]
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            let story = self.story.clone();
            let news = story.news();
            match self.try_next() {
                Some(next) => return next,
                None => news.await,
            }
        }
    }

    /// The next event, or [`Event::Lost`] where this reader was too slow; the inner `None` behind the last one of a
    /// call that is over, the outer one where there is none yet ([`Story::news`] tells when to look again).
    pub(crate) fn try_next(&mut self) -> Option<Option<Told>> {
        let told = self.story.lock();
        let first = told.events.first();
        let first_packet = told.packets.first();
        let mut lost = first.saturating_sub(self.events);
        self.events = self.events.max(first);
        if let Some(packets) = &mut self.packets {
            lost += first_packet.saturating_sub(*packets);
            *packets = first_packet.max(*packets);
        }
        let event = told.events.at(self.events);
        let packet = self.packets.and_then(|place| told.packets.at(place));
        let entry = match (event, packet) {
            (Some(event), Some(packet)) if packet.n < event.n => packet,
            (Some(event), _) => event,
            (None, Some(packet)) => packet,
            (None, None) => return told.is_over().then_some(None),
        };
        let mut next = self.story.told(entry);
        if lost > 0 {
            next.n = next.n.saturating_sub(1);
            next.event = Event::Lost { count: lost };
            return Some(Some(next));
        }
        let is_packet = packet.is_some_and(|packet| packet.n == entry.n);
        match &mut self.packets {
            Some(packets) if is_packet => *packets += 1,
            _ => self.events += 1,
        }
        Some(Some(next))
    }
}
