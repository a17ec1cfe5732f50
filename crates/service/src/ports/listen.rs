//! The lines of ports: opened, waited on, and each call of them run.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use openras_engine::RasError;
use openras_engine::server::Port;
use openras_engine::server::port::Command;
use openras_io::driver::{self, Ends, Gauge, Outcome, Tap};
use openras_io::line::{NoHandshake, PtyMade, Reception, TcpListener, UnixListener};
use openras_io::octets::{OrOctets, Slot as OctetsSlot};
use openras_io::{Line, capture};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, warn};

use super::door::Door;
use super::ready::Ready;
use super::slots::{Busy, Slot};
use crate::config::{PortConfig, PortLine};
use crate::host::{Caller, Host, Ran};
use crate::limits::{Pass, Room};
use crate::service::{Shared, StartError, seed};
use crate::tenure::{FIRST_PAUSE, LONGEST_PAUSE, Tenant, rests};

/// Commands and notices that may wait between a call and its host.
const QUEUE: usize = 16;
/// Where nothing better is known.
const REMEDY: &str = "check the address or path of its `line`";
/// A socket file made by a port can be used by its owner and group.
const SOCKET_MODE: u32 = 0o660;

impl PortLine {
    /// Whether it waits for a call by itself, with the settings it was opened with.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Pty(_) | Self::Exchange(_) | Self::Device(_))
    }
}

/// A line that can answer.
pub(crate) enum Opened {
    Tcp(TcpListener, SocketAddr, Reception),
    Unix(UnixListener),
    /// Each waits for calls by itself: open and with a number, or as soon as a call that still runs has left one.
    Waiting(Vec<Option<(Slot, Ready)>>),
}

/// Opens the line of a port. Who calls from now on is heard.
pub(super) async fn opened(shared: &Arc<Shared>, door: &Door) -> Result<Opened, StartError> {
    let port = &*door.config();
    let failed = |error: &io::Error| failed(port, error);
    let opened = match &port.line {
        PortLine::ListenTcp(at) | PortLine::Listen(_, at) => {
            let reception = super::reception::of(port)?;
            let listener = TcpListener::bind(&at.to_string()).await.map_err(|e| failed(&e))?;
            let address = listener.local_addr().map_err(|e| failed(&e))?;
            Opened::Tcp(listener, address, reception)
        }
        PortLine::Stdio => Opened::Waiting(Vec::new()),
        PortLine::ListenUnix(path) => {
            Opened::Unix(UnixListener::bind(path, SOCKET_MODE).map_err(|e| failed(&e))?)
        }
        PortLine::Pty(path) => waiting(door, 1, || Ready::opening(PtyMade::new(path))).await?,
        // a device that is not there, or a modem that is dead, is tried again while the service runs
        PortLine::Device(_) => Opened::Waiting(vec![None]),
        PortLine::Exchange(number) => {
            waiting(door, port.calls, || Ready::opening(shared.exchange.phone(Some(number)))).await?
        }
    };
    // a service that ends while it opens its lines
    if shared.cancel.is_cancelled() {
        return Err(failed(&ErrorKind::Interrupted.into()));
    }
    Ok(opened)
}

/// Opens as many of `count` lines as there are numbers for.
async fn waiting(door: &Door, count: u16, make: impl Fn() -> Ready) -> Result<Opened, StartError> {
    let take = |_| door.slots.take().map(|slot| (slot, make()));
    let mut lines: Vec<_> = (0..count).map(take).collect();
    for (_, line) in lines.iter_mut().flatten() {
        line.opened().await.map_err(|number| cannot(&door.config(), number, number.sentence(), REMEDY))?;
    }
    Ok(Opened::Waiting(lines))
}

fn failed(port: &PortConfig, error: &io::Error) -> StartError {
    not_opened(&port.name, &port.line, error)
}

/// A line that cannot be had, and what to try.
pub(crate) fn not_opened(name: &str, line: &PortLine, error: &io::Error) -> StartError {
    let (number, remedy) = match error.kind() {
        ErrorKind::AddrInUse | ErrorKind::AlreadyExists | ErrorKind::ResourceBusy => {
            (RasError::PORT_NOT_AVAILABLE, "another program uses it: end that one or choose another")
        }
        ErrorKind::PermissionDenied => {
            (RasError::PORT_NOT_AVAILABLE, "this user may not: choose a port above 1023 or another folder")
        }
        ErrorKind::AddrNotAvailable => {
            (RasError::DEVICE_DOES_NOT_EXIST, "this machine does not have that address")
        }
        _ => (RasError::PORT_OR_DEVICE, REMEDY),
    };
    let (port, line, error) = (name.to_owned(), line.to_string(), error.to_string());
    StartError::Port { port, line, number, error, remedy }
}

pub(super) fn cannot(port: &PortConfig, number: RasError, error: String, remedy: &'static str) -> StartError {
    StartError::Port { port: port.name.clone(), line: port.line.to_string(), number, error, remedy }
}

impl Opened {
    /// Where it listens on TCP.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address, _) => Some(*address),
            Self::Unix(_) | Self::Waiting(_) => None,
        }
    }

    /// Answers calls until it is stopped; then its line is free, and calls that run go on.
    pub(super) async fn answer(self, shared: &Arc<Shared>, door: &Arc<Door>, stop: CancellationToken) {
        let config = door.config();
        info!(port = door.name, line = %config.line, "answering");
        let answering = Answering { shared: shared.clone(), door: door.clone(), stop };
        match self {
            Self::Tcp(listener, _, reception) => answering.tcp(listener, reception).await,
            Self::Unix(listener) => answering.unix(listener).await,
            Self::Waiting(lines) => answering.waiting(lines, &config),
        }
    }
}

/// Serves one call that has come by itself, until it is over. `false`: there was no room for it.
pub(super) async fn one(
    shared: &Arc<Shared>,
    door: &Arc<Door>,
    line: Box<dyn Line>,
    source: Option<String>,
) -> bool {
    let answering = Answering { shared: shared.clone(), door: door.clone(), stop: CancellationToken::new() };
    let Some((pass, slot)) = answering.admit(source.as_deref()) else { return false };
    answering.call(Arrival { line, kind: "stdio", source, pass: Some(pass) }, slot).await;
    true
}

/// A port from when its line was opened until that is closed.
#[derive(Clone)]
struct Answering {
    shared: Arc<Shared>,
    door: Arc<Door>,
    /// Its line is not wanted any more.
    stop: CancellationToken,
}

/// Puts a call of ours through to a port; `false` where that has no room for it.
pub(super) fn put_through(
    shared: &Arc<Shared>,
    door: &Arc<Door>,
    stop: CancellationToken,
    line: impl Line + 'static,
    source: &str,
) -> bool {
    let answering = Answering { shared: shared.clone(), door: door.clone(), stop };
    let Some((pass, slot)) = answering.admit(Some(source)) else { return false };
    let arrival = Arrival { line, kind: "modem", source: Some(source.to_owned()), pass: Some(pass) };
    shared.tasks.spawn(answering.call(arrival, slot));
    true
}

/// A call's machine with its line, until that is over.
type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;
/// Who answers its questions.
type Hosting = Pin<Box<dyn Future<Output = Ran> + Send>>;

/// What a call comes over.
struct Arrival<L> {
    line: L,
    /// The kind of line in a word, such as `tcp`.
    kind: &'static str,
    /// The peer's address without its port.
    source: Option<String>,
    /// The room it has among the unauthenticated; a line that waits has none yet.
    pass: Option<Pass>,
}

impl Answering {
    async fn tcp(self, listener: TcpListener, reception: Reception) {
        loop {
            tokio::select! {
                (stream, source) = listener.accept_stream() => {
                    let (reception, caller) = (reception.clone(), source.clone());
                    let kind = reception.word();
                    let line = async move { reception.receive(stream, Some(caller)).await };
                    self.arrived(line, kind, Some(source));
                }
                () = self.stop.cancelled() => return,
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    async fn unix(self, listener: UnixListener) {
        loop {
            tokio::select! {
                line = listener.accept() => {
                    let source = line.source().map(str::to_owned);
                    self.arrived(std::future::ready(Ok(line)), "unix", source);
                }
                () = self.stop.cancelled() => return,
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    /// Lines that wait for their next call by themselves.
    fn waiting(&self, lines: Vec<Option<(Slot, Ready)>>, config: &PortConfig) {
        for first in lines {
            let answering = self.clone();
            let task = match &config.line {
                PortLine::Pty(path) => {
                    let path = path.clone();
                    self.shared.tasks.spawn(answering.again(move || PtyMade::new(&path), first, "pty"))
                }
                PortLine::Exchange(number) => {
                    let (exchange, number) = (self.shared.exchange.clone(), number.clone());
                    let phone = move || exchange.phone(Some(&number));
                    self.shared.tasks.spawn(answering.again(phone, first, "exchange"))
                }
                PortLine::Device(device) => {
                    let (device, kind) = (device.clone(), device.kind());
                    let (shared, door) = (self.shared.clone(), self.door.clone());
                    let line = move || super::device::line(&shared, &door, &device);
                    self.shared.tasks.spawn(answering.again(line, first, kind))
                }
                PortLine::ListenTcp(_) | PortLine::Listen(..) | PortLine::ListenUnix(_) | PortLine::Stdio => {
                    return;
                }
            };
            // it ends with its calls
            drop(task);
        }
    }

    async fn again<L: Line + 'static>(
        self,
        make: impl Fn() -> L,
        mut first: Option<(Slot, Ready)>,
        kind: &'static str,
    ) {
        let longest = if let PortLine::Device(_) = self.door.config().line {
            super::device::LONGEST_PAUSE
        } else {
            LONGEST_PAUSE
        };
        let mut pause = FIRST_PAUSE;
        loop {
            let (slot, line) = match first.take() {
                Some(first) => first,
                None => tokio::select! {
                    slot = self.door.slots.wait() => (slot, Ready::later(make())),
                    () = self.stop.cancelled() => return,
                    () = self.shared.cancel.cancelled() => return,
                },
            };
            let Some(ran) = self.one_after_another(line, kind, slot).await else { return };
            if let Some(number) = ran.failed {
                let config = self.door.config();
                self.door.fails(&cannot(&config, number, number.sentence(), REMEDY));
            }
            if ran.rang {
                pause = FIRST_PAUSE;
                self.door.tenure().set_open(None);
            } else {
                if !rests(&self.shared, &self.stop, pause).await {
                    return;
                }
                pause = (pause * 2).min(longest);
            }
        }
    }

    /// Waits for the next call of a line and serves it; `None` when the line is not wanted any more.
    async fn one_after_another(&self, mut line: Ready, kind: &'static str, slot: Slot) -> Option<Ran> {
        // a device tells how it is while it waits: that is its machine's
        if !matches!(self.door.config().line, PortLine::Device(_)) {
            tokio::select! {
                ready = line.waits() => if let Err(number) = ready {
                    return Some(Ran { failed: Some(number), ..Ran::default() });
                },
                () = self.stop.cancelled() => {
                    line.close().await;
                    return None;
                }
                () = self.shared.cancel.cancelled() => return None,
            }
        }
        let arrival = Arrival { line, kind, source: None, pass: None };
        // made when it is needed: what waits for it holds no room for it
        Some(Box::pin(self.clone().call(arrival, slot)).await)
    }

    /// A caller there is no room for is told so by the closed line at once. One whose line has to be made first, by shaking
    /// hands, has its room while that lasts, and holds nobody up.
    fn arrived<L: Line + 'static>(
        &self,
        line: impl Future<Output = Result<L, NoHandshake>> + Send + 'static,
        kind: &'static str,
        source: Option<String>,
    ) {
        let Some((pass, slot)) = self.admit(source.as_deref()) else { return };
        let answering = self.clone();
        // what shaking hands took is given back when that is done
        let line = Box::pin(line);
        self.shared.tasks.spawn(async move {
            let line = tokio::select! {
                line = line => line,
                () = answering.shared.cancel.cancelled() => return,
            };
            match line {
                Ok(line) => {
                    let arrival = Arrival { line, kind, source, pass: Some(pass) };
                    answering.call(arrival, slot).await;
                }
                Err(why) => answering.turned_away(&why, "handshake", source.as_deref()),
            }
        });
    }

    /// Room for a caller; one there is none for is on record.
    fn admit(&self, source: Option<&str>) -> Option<(Pass, Slot)> {
        let config = self.door.config();
        if !self.shared.may_answer() {
            self.turned_away(&"the audit record cannot be written (audit_full)", "audit", source);
            return None;
        }
        let room = Room {
            port: &self.door.name,
            source,
            of_port: config.unauthenticated(),
            of_source: config.limits.per_source,
        };
        let pass = match self.shared.limits.enter(&room) {
            Ok(pass) => pass,
            Err(refused) => {
                self.turned_away(&refused, refused.word(), source);
                return None;
            }
        };
        let slot = self.door.slots.take();
        if slot.is_none() {
            let why = format_args!("all {} calls are taken (calls)", config.calls);
            self.turned_away(&why, "calls", source);
        }
        Some((pass, slot?))
    }

    fn turned_away(&self, why: &dyn std::fmt::Display, limit: &'static str, source: Option<&str>) {
        self.shared.counters.turned_away(limit);
        crate::host::turned_away(&self.shared, &self.door.name, source.unwrap_or_default(), why);
    }

    /// Serves one call on a line. A line that cannot be opened never rings.
    async fn call<L: Line + 'static>(self, arrival: Arrival<L>, slot: Slot) -> Ran {
        let Some((running, host)) = self.begun(arrival, &slot) else { return Ran::default() };
        let (_, ran) = tokio::join!(running, host);
        drop(slot);
        ran
    }

    /// A call and who answers its questions, each in a place of its own: a future keeps room for all that goes through its
    /// hands, and this one's stays as long as the call.
    fn begun<L: Line + 'static>(self, arrival: Arrival<L>, slot: &Slot) -> Option<(Running, Hosting)> {
        let (Ok(seed), Ok(nat_seed)) = (seed(), seed()) else {
            warn!(port = self.door.name, "refused: the system gives no random numbers");
            return None;
        };
        let Arrival { line, kind, source, pass } = arrival;
        let config = self.door.config();
        let name = config.call_name(slot.number);
        let span = tracing::info_span!(
            "call",
            call = tracing::field::Empty,
            port = name,
            source = tracing::field::Empty
        );
        let (commands, for_port) = mpsc::channel(QUEUE);
        let (notices, for_host) = mpsc::channel(QUEUE);
        let gauge = Arc::new(Gauge::default());
        let busy = Arc::new(Busy::new(gauge.clone(), commands.clone()));
        slot.set(busy.clone());
        let ends = Ends {
            commands: for_port,
            notices,
            cancel: self.shared.cancel.child_token(),
            farewell: || Box::new(Command::Disconnect),
            tap: self.tap(&config, &name),
            gauge,
        };
        let machine = Port::new(config.engine(slot.number), seed);
        let (networks, current) = (&self.shared.networks, self.shared.current());
        let ip = networks.call(&current.config, &self.shared.cancel, &config, slot.number, nat_seed, &busy);
        let line = super::callback::line(&self.shared, &config, kind, line);
        let source = source.unwrap_or_else(|| config.line.to_string());
        let octets = OctetsSlot::default();
        let caller = Caller { port: name, kind, source, config, octets: octets.clone() };
        let host = Host::new(self.shared.clone(), caller, commands, busy, pass);
        let host = host.run(for_host, self.stop, span.clone()).instrument(span.clone());
        let running = driver::run(machine, line, OrOctets::new(ip, octets), ends).instrument(span);
        Some((Box::pin(running), Box::pin(host)))
    }

    /// Where the call is recorded, if it is.
    fn tap(&self, config: &PortConfig, name: &str) -> Option<Box<dyn Tap>> {
        if !config.capture {
            return None;
        }
        let folder = self.shared.current().config.state.join("captures");
        let file = format!("{}-{}.pcapng", name.replace('/', "-"), crate::host::unix_seconds());
        let made = private_folder(&folder).and_then(|()| capture::Capture::create(&folder.join(file)));
        match made {
            Ok(tap) => Some(Box::new(tap)),
            Err(error) => {
                warn!(port = name, %error, "the call cannot be recorded");
                None
            }
        }
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
