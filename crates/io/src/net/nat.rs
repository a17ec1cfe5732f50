//! `ip = "nat"`: the caller's packets become sockets of this process, which needs no rights for it.
//!
//! What a packet means is decided by [`openras_nat::Nat`]; here are its sockets. All of a call runs in its driver's
//! task: the driver's polls move it on, and each socket's own waker says which of them has something to say, so that
//! no turn walks over flows that are silent. Octets of TCP go from the socket into the caller's connection and back
//! without waiting anywhere else; packets are made when the line asks for one.

mod endpoint;
mod host;
mod ready;
mod resolver;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod trouble;

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use openras_nat::{Caps, Closed, Config, Nat, Open, Reach, Stats, Times, V4, V6};
use openras_ppp::Negotiated;
use tokio::io::ReadBuf;

use self::ready::Ready;
use self::session::{Session, now};
use super::IpPort;
use super::autoconf::link_local;

pub use endpoint::ping_allowed;
pub use host::Host;
pub use resolver::Resolver;

/// Connections to this address are passed on to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Where this machine listens while the call stands.
    pub listen: SocketAddr,
    /// The caller's port.
    pub to: u16,
}

/// What all calls of a port share.
#[derive(Debug)]
pub struct Settings {
    /// Where callers may go, without this machine's addresses, which are [`Settings::host`]'s.
    pub reach: Reach,
    /// This machine's addresses.
    pub host: Arc<Host>,
    /// Whom names are asked of.
    pub resolver: Arc<Resolver>,
    /// Connections to callers.
    pub forwards: Vec<Forward>,
    /// What one call may use.
    pub caps: Caps,
    /// How long things may stand still.
    pub times: Times,
}

/// IPv6 of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The caller's 64 bits.
    pub prefix: Ipv6Addr,
    /// Our address, outside of them.
    pub gateway: Ipv6Addr,
}

/// One call's NAT as the driver sees it. It begins with each [`up`](IpPort::up) and ends with the link. Must be used
/// inside a tokio runtime.
pub struct NatPort {
    settings: Arc<Settings>,
    /// The call's own, instead of the port's.
    reach: Option<Reach>,
    prefix: Option<Prefix>,
    seed: [u8; 32],
    session: Option<Box<Session>>,
    ready: Option<Arc<Ready>>,
    /// Which addresses of this machine the session knows.
    version: u64,
    /// Of sessions that are over.
    before: Stats,
}

impl NatPort {
    /// A port that is down. No two may have the same seed.
    #[must_use]
    pub fn new(settings: Arc<Settings>, prefix: Option<Prefix>, seed: [u8; 32]) -> Self {
        Self {
            settings,
            reach: None,
            prefix,
            seed,
            session: None,
            ready: None,
            version: 0,
            before: Stats::default(),
        }
    }

    /// Where this caller may go, instead of what the settings say. What runs and may not any more ends.
    /// Gives how many destinations that was.
    pub fn set_reach(&mut self, reach: Reach) -> usize {
        self.reach = Some(reach);
        self.refresh()
    }

    /// What it has counted, sessions that are over included.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut sum = self.before;
        self.session.iter().for_each(|session| sum.add(session.nat.stats()));
        sum
    }

    /// Flows open now, by kind.
    #[must_use]
    pub fn open(&self) -> Open {
        self.session.as_ref().map(|session| session.nat.open()).unwrap_or_default()
    }

    /// Flows open now.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.nat.flows())
    }

    /// The next place `reach` has closed to the caller, each once.
    pub fn poll_closed(&mut self) -> Option<Closed> {
        self.session.as_mut()?.nat.poll_closed()
    }

    /// Takes this machine's addresses of now.
    fn refresh(&mut self) -> usize {
        self.version = self.settings.host.version();
        let reach = self.reach();
        let Some(session) = &mut self.session else { return 0 };
        let ended = session.nat.set_reach(now(), reach);
        session.carry_out();
        ended
    }

    fn reach(&self) -> Reach {
        let reach = self.reach.as_ref().unwrap_or(&self.settings.reach).clone();
        reach.with_host(self.settings.host.addresses().iter().copied())
    }

    /// What was agreed as the NAT is told it; `None`: nothing a packet could use.
    fn config(&self, negotiated: &Negotiated) -> Option<Config> {
        let v4 = negotiated.ipv4.filter(|v4| !v4.remote.is_unspecified() && !v4.local.is_unspecified());
        let v4 = v4.map(|v4| V4 { caller: v4.remote, gateway: v4.local });
        let v6 = negotiated.ipv6.zip(self.prefix).map(|((ours, _), prefix)| V6 {
            prefix: prefix.prefix,
            link_local: link_local(ours),
            gateway: prefix.gateway,
        });
        let Settings { caps, times, .. } = &*self.settings;
        (v4.is_some() || v6.is_some()).then(|| Config {
            v4,
            v6,
            mtu: negotiated.link.send_mru.into(),
            mru: negotiated.link.receive_mru.into(),
            caps: *caps,
            times: *times,
        })
    }

    /// IPv6 may come up after IPv4, and again: what is the same goes on. Whether nothing else has changed.
    fn goes_on(&mut self, config: &Config) -> bool {
        let Some(session) = &mut self.session else { return false };
        let known = session.nat.config();
        let rest = Config { v4: known.v4, v6: known.v6, ..config.clone() };
        // a forward leads to the address there was when it was opened
        let stays = known.v4 == config.v4 || (known.v4.is_none() && self.settings.forwards.is_empty());
        if rest != *known || !stays {
            return false;
        }
        if rest != *config {
            session.nat.set_addresses(now(), config.v4, config.v6);
            session.carry_out();
        }
        true
    }

    fn end(&mut self) {
        if let Some(session) = self.session.take() {
            self.before.add(session.nat.stats());
        }
        self.ready = None;
    }
}

impl IpPort for NatPort {
    fn up(&mut self, negotiated: &Negotiated) {
        let Some(config) = self.config(negotiated) else { return self.end() };
        let settings = self.settings.clone();
        let callers = [
            config.v4.map(|v4| SocketAddr::new(v4.caller.into(), 0)),
            // who has IPv6 only is found at the address its identifier makes
            config.v6.zip(negotiated.ipv6).map(|(v6, (_, theirs))| {
                let bits = v6.prefix.to_bits() | u128::from(u64::from_be_bytes(theirs));
                SocketAddr::new(Ipv6Addr::from_bits(bits).into(), 0)
            }),
        ];
        if self.goes_on(&config) {
            return;
        }
        self.before = self.stats();
        self.session = None;
        let ready = Arc::new(Ready::default());
        settings.host.join(&ready);
        self.version = settings.host.version();
        // sequence numbers of a second session are not those of the first
        let [first, ..] = &mut self.seed;
        *first = first.wrapping_add(1);
        let nat = Nat::new(now(), config, self.reach(), self.seed);
        self.session = Some(Box::new(Session::new(nat, settings, ready.clone(), callers)));
        self.ready = Some(ready);
    }

    fn down(&mut self) {
        self.end();
    }

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
        // what cannot be taken is dropped and counted; TCP's window closes long before
        Poll::Ready(())
    }

    fn send(&mut self, packet: Vec<u8>) {
        if let Some(session) = &mut self.session {
            session.packet(&packet);
        }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        if self.session.is_some() && self.version != self.settings.host.version() {
            self.refresh();
        }
        match &mut self.session {
            Some(session) => session.poll(cx, buf),
            // woken with `up`, by the driver itself
            None => Poll::Pending,
        }
    }
}
