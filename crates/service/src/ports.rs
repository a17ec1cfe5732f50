//! The ports: each line of the configuration answers here, as many calls at a time as it may.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use openras_engine::server::Port;
use openras_engine::server::port::Command;
use openras_io::line::{PtyMade, TcpListener, UnixListener};
use openras_io::{Ends, Line, driver};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::callback_line::WithCallback;
use crate::config::{CallbackLine, PortConfig, PortLine};
use crate::host::{Caller, Host};
use crate::page;
use crate::service::{Shared, StartError, seed};

/// Commands and notices that may wait between a call and its host.
const QUEUE: usize = 64;
/// A socket file made by a port can be used by its owner and group.
const SOCKET_MODE: u32 = 0o660;

/// Opens the line of a port and lets it answer. Gives the address of a listening TCP port.
pub(crate) async fn open(shared: &Arc<Shared>, index: usize) -> Result<Option<(String, SocketAddr)>, StartError> {
    let Some(port) = shared.config.ports.get(index).cloned() else { return Ok(None) };
    let slots = Slots::new(port.calls);
    let door = Door { shared: shared.clone(), index, slots, port: Arc::new(port) };
    match &door.port.line.clone() {
        PortLine::ListenTcp(at) => {
            let listener = TcpListener::bind(&at.to_string()).await.map_err(|e| door.failed(e))?;
            let address = listener.local_addr().map_err(|e| door.failed(e))?;
            info!(port = door.port.name, %address, "answering");
            let name = door.port.name.clone();
            shared.tasks.spawn(door.listen_tcp(listener));
            return Ok(Some((name, address)));
        }
        PortLine::ListenUnix(path) => {
            let listener = UnixListener::bind(path, SOCKET_MODE).map_err(|e| door.failed(e))?;
            info!(port = door.port.name, path = %path.display(), "answering");
            shared.tasks.spawn(door.listen_unix(listener));
        }
        PortLine::Pty(path) => {
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
    fn failed(&self, error: std::io::Error) -> StartError {
        let remedy = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program uses it: end that one or choose another",
            std::io::ErrorKind::PermissionDenied => "this user may not: choose a port above 1023 or another folder",
            std::io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
            _ => "check the address or path of its `line`",
        };
        StartError::Port { port: self.port.name.clone(), line: self.port.line.to_string(), error, remedy }
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
        while !self.shared.cancel.is_cancelled() {
            let Some(slot) = self.slots.take() else { return };
            self.clone().call(make(), kind, None, slot).await;
        }
    }

    /// A caller who finds every call taken is told so by the closed line at once.
    fn answer<L: Line + 'static>(&self, line: L, kind: &'static str, source: Option<String>) {
        match self.slots.take() {
            Some(slot) => drop(self.shared.tasks.spawn(self.clone().call(line, kind, source, slot))),
            None => warn!(port = self.port.name, source, "refused: all {} calls are taken", self.port.calls),
        }
    }

    async fn call<L: Line + 'static>(self, line: L, kind: &'static str, source: Option<String>, slot: Slot) {
        let Ok(seed) = seed() else {
            warn!(port = self.port.name, "refused: the system gives no random numbers");
            return;
        };
        let caller = Caller {
            call: self.shared.next_call(),
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
        let exchange = self.shared.exchange.clone();
        let calls_back = self.port.callback_line == Some(CallbackLine::Exchange) && kind != "exchange";
        let line: Box<dyn Line> = if calls_back {
            Box::new(WithCallback::new(line, move || Box::new(exchange.phone(None))))
        } else {
            Box::new(line)
        };
        let ip = page::stack();
        let host = Host::new(self.shared.clone(), caller, commands);
        tokio::join!(driver::run(machine, line, ip, ends), host.run(for_host));
        drop(slot);
    }
}

/// `192.0.2.1` of `192.0.2.1:1234`, for delays by source.
fn host_part(source: &str) -> String {
    source.parse::<SocketAddr>().map_or_else(|_| source.to_string(), |at| at.ip().to_canonical().to_string())
}
