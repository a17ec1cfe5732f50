//! One call's NAT with those who want to know of it: its story hears what is closed to the caller and how much goes through,
//! the totals what it counts, and it hears where the call may go now.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use openras_api::types::event::Event;
use openras_io::IpPort;
use openras_io::net::nat::NatPort;
use openras_nat::{Closed, Open, Stats, Why};
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;
use tracing::info;

use super::Networks;
use crate::ports::Busy;
use crate::ruling::Ruling;

/// A NAT with those who want to know of it.
pub(crate) struct Natted {
    nat: NatPort,
    /// The name of its `[[port]]`.
    port: String,
    /// What the totals know of it.
    told: (Stats, Open),
    networks: Arc<Networks>,
    busy: Arc<Busy>,
    /// Where the call may go, and which version of that it is.
    ruling: Option<Arc<Ruling>>,
    seen: u64,
}

impl Natted {
    pub(super) fn new(nat: NatPort, port: String, networks: Arc<Networks>, busy: Arc<Busy>) -> Self {
        Self { nat, port, told: Default::default(), networks, busy, ruling: None, seen: 0 }
    }

    /// Tells what has come together since the last time.
    fn tell(&mut self) {
        let now = (self.nat.stats(), self.nat.open());
        if now == self.told {
            return;
        }
        while let Some(closed) = self.nat.poll_closed() {
            self.closed(&closed);
        }
        self.networks.count(&self.port, &now, &self.told);
        self.told = now;
        if let Some(story) = self.busy.story() {
            story.note_nat(now.0, now.1);
        }
    }

    /// For `events` and whoever asks why.
    fn closed(&self, closed: &Closed) {
        self.event("closed_by_reach", sentence(closed, self.ruling.as_deref()));
    }

    fn event(&self, kind: &str, text: String) {
        info!("{text}");
        if let Some(story) = self.busy.story() {
            let port = story.port().unwrap_or_default().to_owned();
            story.tell(Event::Port { port, kind: kind.into(), text, error: None });
        }
    }

    /// Takes another ruling; how many destinations that closed, if there was one.
    fn rule(&mut self) -> Option<usize> {
        let ruling = self.busy.rules.news(&mut self.seen)?;
        // what was closed before was closed by the words of before
        self.tell();
        let ended = self.nat.set_reach(ruling.reach.clone());
        self.ruling = Some(ruling);
        Some(ended)
    }
}

fn sentence(closed: &Closed, ruling: Option<&Ruling>) -> String {
    let Closed { to, port, why } = closed;
    let at = match (to, port) {
        (to, None) => to.to_string(),
        (IpAddr::V4(to), Some(port)) => format!("{to}:{port}"),
        (IpAddr::V6(to), Some(port)) => format!("[{to}]:{port}"),
    };
    let whose = match (why, ruling) {
        (Why::Unspecified | Why::Multicast | Why::Broadcast, _) => " (built in: no word opens it)".into(),
        (_, Some(ruling)) => format!(" ({})", ruling.whose),
        (_, None) => String::new(),
    };
    format!("closed by reach: {at}: {why}{whose}")
}

impl IpPort for Natted {
    fn up(&mut self, negotiated: &Negotiated) {
        self.rule();
        self.nat.up(negotiated);
    }

    fn down(&mut self) {
        self.tell();
        self.nat.down();
        // what is open no more
        self.tell();
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.nat.poll_ready(cx)
    }

    fn send(&mut self, packet: Vec<u8>) {
        self.nat.send(packet);
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        if let Some(ended) = self.rule()
            && let Some(ruling) = &self.ruling
        {
            let text = format!(
                "where the caller may go has changed: {} holds; it ended {ended} of the caller's flows",
                ruling.whose
            );
            self.event("reach_changed", text);
        }
        let polled = self.nat.poll_recv(cx, buf);
        if polled.is_pending() {
            self.tell();
            if !self.busy.rules.wake(self.seen, cx.waker()) {
                cx.waker().wake_by_ref();
            }
        }
        polled
    }
}

impl Drop for Natted {
    fn drop(&mut self) {
        self.nat.down();
        self.tell();
    }
}

#[cfg(test)]
mod tests {
    use openras_nat::Reach;

    use super::*;
    use crate::ruling::Whose;

    #[test]
    fn what_is_closed_is_said_with_whose_words_closed_it() {
        let of = |whose| Ruling { reach: Reach::default(), whose };
        let closed = |to: &str, port, why, ruling: &Ruling| {
            sentence(&Closed { to: to.parse().unwrap(), port, why }, Some(ruling))
        };
        let user = of(Whose::User("alice".into()));
        assert_eq!(
            closed("192.168.7.1", Some(80), Why::Private, &user),
            "closed by reach: 192.168.7.1:80: it is a private network, and no word of `reach` names it \
             (`reach` of the user alice)"
        );
        let groups = of(Whose::Groups(vec!["office".into()]));
        let text = closed("fd00::1", Some(443), Why::Private, &groups);
        assert!(
            text.starts_with("closed by reach: [fd00::1]:443: it is ")
                && text.ends_with("(`reach` of [group.office])")
        );
        let port = of(Whose::Port("line1".into()));
        assert!(closed("8.8.8.8", None, Why::Unlisted, &port).ends_with("(`reach` of the port line1)"));
        assert!(
            closed("224.0.0.1", Some(1), Why::Multicast, &port).ends_with("(built in: no word opens it)")
        );
    }
}
