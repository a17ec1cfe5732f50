//! Ports of this machine that lead through a call: `--forward`, `--socks`, and `--on-demand`, where they wait for a call that is
//! placed when somebody needs it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use openras_api::client::Stream;
use openras_api::types::CallId;
use openras_api::types::connection::TcpTo;
use openras_api::types::forward::Forward;
use openras_api::{Client, Problem};
use openras_io::net::forward::{self, Counts, Target, To, Way};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// TCP connections through a call that was placed on demand: each is a connection to the service, of which a user has 64.
const SEATS: usize = 48;
/// How long a connection waits for a call to be placed, redials included.
const PLACED: Duration = Duration::from_secs(300);

/// `PORT:HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    listen: u16,
    to: Target,
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write PORT:HOST:PORT, as 8080:intranet:80; an IPv6 address in brackets".to_owned();
        let (listen, to) = text.split_once(':').ok_or_else(wrong)?;
        let listen = port(listen)?;
        Ok(Self { listen, to: to.parse().map_err(|_| wrong())? })
    }
}

/// A port to listen on: 1024 or more, or 0 for any.
pub(crate) fn port(text: &str) -> Result<u16, String> {
    let number = text.parse::<u16>().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit()));
    match number {
        Some(number @ (0 | 1024..)) => Ok(number),
        Some(_) => Err("ports below 1024 are the system's: take 1024 or more, or 0 for any".into()),
        None => Err("a port is a number up to 65535".into()),
    }
}

/// All that were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ports {
    pub(crate) forward: Vec<Port>,
    pub(crate) socks: Option<u16>,
}

impl Ports {
    pub(crate) fn is_empty(&self) -> bool {
        self.forward.is_empty() && self.socks.is_none()
    }

    /// Where each listens, and where it leads.
    fn all(&self) -> impl Iterator<Item = (SocketAddr, To)> + '_ {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let fixed = self.forward.iter().map(move |one| (at(one.listen), To::One(one.to.clone())));
        fixed.chain(self.socks.map(|port| (at(port), To::Socks)))
    }

    /// Has the service open them; each comes with what became of it.
    pub(crate) async fn open(
        &self,
        client: &Client,
        call: CallId,
    ) -> Vec<(Option<SocketAddr>, String, Result<(), Problem>)> {
        let mut opened = Vec::new();
        for (listen, to) in self.all() {
            let wanted = Forward { listen, to: named(&to) };
            let (at, result) = match client.forward(call, &wanted).await {
                Ok(open) => (Some(open.listen), Ok(())),
                Err(problem) => (None, Err(problem)),
            };
            opened.push((at, leads(at.unwrap_or(listen), &to), result));
        }
        opened
    }

    /// Opens them here; what comes waits for a call.
    ///
    /// # Errors
    /// A port that cannot be had.
    pub(crate) async fn wait(&self) -> Result<(Demand, Vec<String>)> {
        let mut demand = Demand::new();
        let seats = [Arc::new(Semaphore::new(SEATS)), Arc::new(Semaphore::new(SEATS))];
        let mut lines = Vec::new();
        for (listen, to) in self.all() {
            let listener =
                TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
            let listen = listener.local_addr().with_context(|| format!("cannot listen on {listen}"))?;
            lines.push(leads(listen, &to));
            let owner = rustix::process::geteuid().as_raw();
            let forward =
                forward::Forward { to, owner, seats: seats.clone(), counts: Arc::<Counts>::default() };
            demand.tasks.spawn(forward::serve(listener, forward, demand.way()));
        }
        Ok((demand, lines))
    }
}

fn named(to: &To) -> Option<String> {
    match to {
        To::One(target) => Some(target.to_string()),
        To::Socks => None,
    }
}

fn leads(at: SocketAddr, to: &To) -> String {
    match to {
        To::One(target) => format!("{at} leads to {target}"),
        To::Socks => format!("{at} is a SOCKS proxy"),
    }
}

/// Ports that are there whether a call is or not. Dropped, they are closed.
pub(crate) struct Demand {
    call: Arc<watch::Sender<State>>,
    tasks: JoinSet<()>,
}

/// How it stands with the call.
#[derive(Clone)]
enum State {
    /// There is none.
    Down,
    /// There is none, and somebody waits for one.
    Wanted,
    /// It is connected.
    Up(Client, CallId),
}

impl Demand {
    fn new() -> Self {
        Self { call: Arc::new(watch::Sender::new(State::Down)), tasks: JoinSet::new() }
    }

    fn way(&self) -> OnDemand {
        OnDemand(self.call.clone())
    }

    /// Waits until somebody needs a call.
    pub(crate) async fn wanted(&self) {
        // the sender is ours and lives
        let _ = self.call.subscribe().wait_for(|state| matches!(state, State::Wanted)).await;
    }

    /// What tells that the call is up.
    pub(crate) fn teller(&self) -> Teller {
        Teller(self.call.clone())
    }

    /// The call has ended, or could not be had: whoever waits hears so.
    pub(crate) fn down(&self) {
        self.call.send_replace(State::Down);
    }
}

/// Tells the ports of their call.
#[derive(Clone)]
pub(crate) struct Teller(Arc<watch::Sender<State>>);

impl Teller {
    /// The call was lost and is dialled again: who comes meanwhile waits for it.
    pub(crate) fn again(&self) {
        self.0.send_replace(State::Wanted);
    }

    /// The call is connected.
    pub(crate) fn up(&self, client: Client, call: CallId) {
        self.0.send_replace(State::Up(client, call));
    }
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Teller")
    }
}

/// The way of one port.
#[derive(Clone)]
struct OnDemand(Arc<watch::Sender<State>>);

impl OnDemand {
    /// The call that stands, or is placed now.
    async fn call(&self) -> io::Result<(Client, CallId)> {
        let mut states = self.0.subscribe();
        self.0.send_if_modified(|state| {
            let first = matches!(state, State::Down);
            if first {
                *state = State::Wanted;
            }
            first
        });
        let state = states.wait_for(|state| !matches!(state, State::Wanted)).await;
        match state.as_deref() {
            Ok(State::Up(client, id)) => Ok((client.clone(), *id)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Way for OnDemand {
    type Stream = Stream;

    async fn open(&self, to: &Target) -> io::Result<Stream> {
        let placed = tokio::time::timeout(PLACED, self.call()).await;
        let (client, call) = placed.map_err(|_| io::ErrorKind::NotConnected)??;
        let address = to.host.to_string();
        let address = address.trim_matches(['[', ']']).to_owned();
        client.tcp(call, &TcpTo { address, port: to.port }).await.map_err(|problem| {
            let kind = match problem.error {
                638 => io::ErrorKind::TimedOut,
                678 => io::ErrorKind::ConnectionRefused,
                868 => io::ErrorKind::NotFound,
                731 | 6 => io::ErrorKind::NotConnected,
                _ => io::ErrorKind::Other,
            };
            io::Error::new(kind, problem.message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_is_a_port_a_host_and_a_port() {
        for good in ["8080:intranet:80", "0:10.0.0.1:22", "1024:[fd00::1]:443"] {
            assert!(good.parse::<Port>().is_ok(), "{good}");
        }
        for bad in
            ["", "80:host:80", "8080:host", "8080:host:", "70000:host:80", "+8080:h:80", "8080:fd00::1:80"]
        {
            assert!(bad.parse::<Port>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_connection_wakes_the_call_and_hears_that_it_cannot_be_had() {
        let ports = Ports { forward: Vec::new(), socks: Some(0) };
        let (demand, lines) = ports.wait().await.unwrap();
        assert!(lines[0].ends_with(" is a SOCKS proxy"), "{lines:?}");
        let way = demand.way();
        let asked = tokio::spawn(async move { way.open(&"host:80".parse().unwrap()).await.map(drop) });
        demand.wanted().await;
        demand.down();
        assert_eq!(asked.await.unwrap().unwrap_err().kind(), io::ErrorKind::NotConnected);
        // the next one asks again, and is not told of the last one's fate
        let way = demand.way();
        let asked = tokio::spawn(async move { way.open(&"host:80".parse().unwrap()).await.map(drop) });
        demand.wanted().await;
        assert!(!asked.is_finished());
        demand.down();
        assert!(asked.await.unwrap().is_err());
    }
}
