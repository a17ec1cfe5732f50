//! The ports: each line of the configuration answers here, as many calls at a time as it may.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openras_engine::server::Port;
use openras_engine::server::port::Command;
use openras_engine::{LineEvent, LineOp, RasError};
use openras_io::line::{PtyMade, TcpListener, UnixListener, WithCallback};
use openras_io::{Ends, Line, driver};
use tokio::io::ReadBuf;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::config::{CallbackLine, PortConfig, PortLine};
use crate::host::{Caller, Host};
use crate::page;
use crate::service::{Shared, StartError, seed};

/// Commands and notices that may wait between a call and its host.
const QUEUE: usize = 64;
/// Before a line that could not be opened is tried again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Where nothing better is known.
const REMEDY: &str = "check the address or path of its `line`";
/// A socket file made by a port can be used by its owner and group.
const SOCKET_MODE: u32 = 0o660;

/// Opens the line of a port and lets it answer. Gives the address of a listening TCP port.
pub(crate) async fn open(
    shared: &Arc<Shared>,
    index: usize,
) -> Result<Option<(String, SocketAddr)>, StartError> {
    let Some(port) = shared.config.ports.get(index).cloned() else { return Ok(None) };
    let slots = Slots::new(port.calls);
    let door = Door { shared: shared.clone(), index, slots, port: Arc::new(port) };
    match &door.port.line.clone() {
        PortLine::ListenTcp(at) => {
            let listener = TcpListener::bind(&at.to_string()).await.map_err(|e| door.failed(&e))?;
            let address = listener.local_addr().map_err(|e| door.failed(&e))?;
            info!(port = door.port.name, %address, "answering");
            let name = door.port.name.clone();
            shared.tasks.spawn(door.listen_tcp(listener));
            return Ok(Some((name, address)));
        }
        PortLine::ListenUnix(path) => {
            let listener = UnixListener::bind(path, SOCKET_MODE).map_err(|e| door.failed(&e))?;
            info!(port = door.port.name, path = %path.display(), "answering");
            shared.tasks.spawn(door.listen_unix(listener));
        }
        PortLine::Pty(path) => {
            door.probe(path).await?;
            info!(port = door.port.name, path = %path.display(), "answering");
            let path = path.clone();
            shared.tasks.spawn(door.again(move || PtyMade::new(&path), "pty"));
        }
        PortLine::Exchange(number) => {
            info!(port = door.port.name, number, "answering");
            for _ in 0..door.port.calls {
                let (exchange, number) = (shared.exchange.clone(), number.clone());
                shared.tasks.spawn(door.clone().again(move || exchange.phone(Some(&number)), "exchange"));
            }
        }
    }
    Ok(None)
}

/// The numbers of calls that are free: `line1/1` … `line1/16`.
#[derive(Clone)]
struct Slots(Arc<Mutex<BTreeSet<u16>>>);

impl Slots {
    fn new(calls: u16) -> Self {
        Self(Arc::new(Mutex::new((1..=calls).collect())))
    }

    fn take(&self) -> Option<Slot> {
        let number = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_first()?;
        Some(Slot { number, of: self.clone() })
    }
}

/// One call's number, free again when dropped.
struct Slot {
    number: u16,
    of: Slots,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.number);
    }
}

/// One `[[port]]` while it answers.
#[derive(Clone)]
struct Door {
    shared: Arc<Shared>,
    index: usize,
    port: Arc<PortConfig>,
    slots: Slots,
}

impl Door {
    fn failed(&self, error: &std::io::Error) -> StartError {
        let (number, remedy) = match error.kind() {
            ErrorKind::AddrInUse | ErrorKind::AlreadyExists | ErrorKind::ResourceBusy => {
                (RasError::PORT_NOT_AVAILABLE, "another program uses it: end that one or choose another")
            }
            ErrorKind::PermissionDenied => (
                RasError::PORT_NOT_AVAILABLE,
                "this user may not: choose a port above 1023 or another folder",
            ),
            ErrorKind::AddrNotAvailable => {
                (RasError::DEVICE_DOES_NOT_EXIST, "this machine does not have that address")
            }
            _ => (RasError::PORT_OR_DEVICE, REMEDY),
        };
        self.cannot(number, error.to_string(), remedy)
    }

    fn cannot(&self, number: RasError, error: String, remedy: &'static str) -> StartError {
        StartError::Port {
            port: self.port.name.clone(),
            line: self.port.line.to_string(),
            number,
            error,
            remedy,
        }
    }

    /// Makes the pseudo-terminal once before the first call, so that one that cannot be made is said at the start.
    async fn probe(&self, path: &Path) -> Result<(), StartError> {
        let mut line = PtyMade::new(path);
        line.op(LineOp::Open);
        match poll_fn(|cx| line.poll_event(cx, &mut ReadBuf::new(&mut [])).map(failure)).await {
            None => Ok(()),
            Some(number) => Err(self.cannot(number, number.sentence().to_string(), REMEDY)),
        }
    }

    async fn listen_tcp(self, listener: TcpListener) {
        loop {
            tokio::select! {
                line = listener.accept() => {
                    let source = line.source().map(host_part);
                    self.answer(line, "tcp", source);
                }
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    async fn listen_unix(self, listener: UnixListener) {
        loop {
            tokio::select! {
                line = listener.accept() => self.answer(line, "unix", None),
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    /// A line that waits for its next call by itself.
    async fn again<L: Line + 'static>(self, make: impl Fn() -> L, kind: &'static str) {
        let mut pause = FIRST_PAUSE;
        while !self.shared.cancel.is_cancelled() {
            let Some(slot) = self.slots.take() else { return };
            if self.clone().call(make(), kind, None, slot).await {
                pause = FIRST_PAUSE;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    /// A caller who finds every call taken is told so by the closed line at once.
    fn answer<L: Line + 'static>(&self, line: L, kind: &'static str, source: Option<String>) {
        match self.slots.take() {
            Some(slot) => drop(self.shared.tasks.spawn(self.clone().call(line, kind, source, slot))),
            None => warn!(port = self.port.name, source, "refused: all {} calls are taken", self.port.calls),
        }
    }

    /// Serves one call on a line. Gives whether there was one: a line that cannot be opened never rings.
    async fn call<L: Line + 'static>(
        self,
        line: L,
        kind: &'static str,
        source: Option<String>,
        slot: Slot,
    ) -> bool {
        let Ok(seed) = seed() else {
            warn!(port = self.port.name, "refused: the system gives no random numbers");
            return false;
        };
        let caller = Caller {
            call: 0,
            port: self.port.call_name(slot.number),
            pool: self.index,
            kind,
            source: source.unwrap_or_else(|| self.port.line.to_string()),
        };
        let (commands, for_port) = mpsc::channel::<Command>(QUEUE);
        let (notices, for_host) = mpsc::channel(QUEUE);
        let ends = Ends {
            commands: for_port,
            notices,
            cancel: self.shared.cancel.child_token(),
            farewell: || Command::Disconnect,
            tap: None,
        };
        let machine = Port::new(self.port.engine(slot.number), seed);
        let calls_back = self.port.callback_line == Some(CallbackLine::Exchange) && kind != "exchange";
        let line: Box<dyn Line> = if calls_back {
            Box::new(WithCallback::new(line, self.shared.exchange.phone(None)))
        } else {
            Box::new(line)
        };
        let ip = page::stack();
        let host = Host::new(self.shared.clone(), caller, commands);
        let (_, rang) = tokio::join!(driver::run(machine, line, ip, ends), host.run(for_host));
        drop(slot);
        rang
    }
}

fn failure(event: LineEvent<'_>) -> Option<RasError> {
    match event {
        LineEvent::Failed(number) => Some(number),
        _ => None,
    }
}

/// `192.0.2.1` of `192.0.2.1:1234`, for delays by source.
fn host_part(source: &str) -> String {
    source.parse::<SocketAddr>().map_or_else(|_| source.to_string(), |at| at.ip().to_canonical().to_string())
}
