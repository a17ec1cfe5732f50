//! Ports of this machine that lead through a dial: they belong to the connection and go with it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openras_api::Problem;
use openras_api::types::forward::{Forward, Forwarding};
use openras_engine::{RasError, escape};
use openras_io::net::forward::{self, Counts, To};
use openras_io::net::loopback::LoopbackHandle;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

/// Ports of one connection.
const PORTS: usize = 16;
/// TCP connections through one dial: half of what its stack has room for; and through all.
const EACH: usize = 128;
const ALL: usize = 1024;
/// The first port that is not the system's.
const LOWEST: u16 = 1024;

/// Places for TCP connections of all dials.
#[derive(Clone)]
pub(crate) struct Flows(Arc<Semaphore>);

impl Default for Flows {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }
}

/// The ports of one dial.
pub(crate) struct Forwards {
    /// `None`: the dial has ended.
    open: Mutex<Option<Vec<One>>>,
    seats: [Arc<Semaphore>; 2],
}

/// One of them. Dropped, it is closed and its connections end.
struct One {
    listen: SocketAddr,
    to: To,
    counts: Arc<Counts>,
    _task: AbortOnDropHandle<()>,
}

impl One {
    fn info(&self) -> Forwarding {
        let counted = self.counts.read();
        Forwarding {
            listen: self.listen,
            to: match &self.to {
                To::One(target) => Some(target.to_string()),
                To::Socks => None,
            },
            open: counted.open,
            reached: counted.reached,
            failed: counted.failed,
            strangers: counted.strangers,
            full: counted.full,
        }
    }
}

impl Forwards {
    /// None yet, with places among `flows`.
    pub(super) fn new(flows: &Flows) -> Self {
        Self { open: Mutex::new(Some(Vec::new())), seats: [Arc::new(Semaphore::new(EACH)), flows.0.clone()] }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<One>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a port for this user.
    ///
    /// # Errors
    /// 87: not a loopback address, the system's port or not `HOST:PORT`; 602: the port is taken; 1816: too many; 6: the dial
    /// has ended.
    pub(crate) async fn open(
        &self,
        wanted: &Forward,
        owner: u32,
        stack: &LoopbackHandle,
    ) -> Result<Forwarding, Problem> {
        let to = checked(wanted)?;
        self.room()?;
        let listener = TcpListener::bind(wanted.listen).await.map_err(|error| refused(&error))?;
        let listen = listener.local_addr().map_err(|error| refused(&error))?;
        let counts = Arc::new(Counts::default());
        let seats = self.seats.clone();
        let forward = forward::Forward { to: to.clone(), owner, seats, counts: counts.clone() };
        let task = tokio::spawn(forward::serve(listener, forward, stack.clone()));
        let one = One { listen, to, counts, _task: AbortOnDropHandle::new(task) };
        // others may have come meanwhile
        self.room()?;
        let info = one.info();
        match &mut *self.lock() {
            Some(open) => open.push(one),
            None => return Err(RasError::INVALID_HANDLE.into()),
        }
        Ok(info)
    }

    fn room(&self) -> Result<(), Problem> {
        match self.lock().as_ref().map(Vec::len) {
            None => Err(RasError::INVALID_HANDLE.into()),
            Some(PORTS..) => Err(Problem::new(
                RasError(1816),
                format!("{PORTS} ports lead through this connection already."),
            )
            .remedy("Close one of them, or use one of SOCKS for many places.")),
            Some(_) => Ok(()),
        }
    }

    /// All that are open.
    pub(crate) fn list(&self) -> Vec<Forwarding> {
        self.lock().iter().flatten().map(One::info).collect()
    }

    /// Closes the port at this address; its connections end. `false`: there is none.
    pub(crate) fn close(&self, listen: SocketAddr) -> bool {
        let mut open = self.lock();
        let Some(open) = open.as_mut() else { return false };
        let before = open.len();
        open.retain(|one| one.listen != listen);
        open.len() < before
    }

    /// The dial has ended.
    pub(super) fn end(&self) {
        drop(self.lock().take());
    }
}

fn checked(wanted: &Forward) -> Result<To, Problem> {
    let wrong = |why: String, remedy: &str| Problem::new(RasError::INVALID_PARAMETER, why).remedy(remedy);
    let (address, port) = (wanted.listen.ip(), wanted.listen.port());
    if !address.is_loopback() {
        return Err(wrong(
            format!(
                "{address} is not an address of loopback: others in the network could use the connection."
            ),
            "Listen on 127.0.0.1 or [::1].",
        ));
    }
    if (1..LOWEST).contains(&port) {
        return Err(wrong(
            format!("Port {port} is one of the system's."),
            "Take a port of 1024 or more, or 0 for any.",
        ));
    }
    let Some(to) = &wanted.to else { return Ok(To::Socks) };
    to.parse().map(To::One).map_err(|error: std::io::Error| {
        let given = escape::short(to, 200);
        wrong(
            format!("\"{given}\" is not where a connection can go: {error}."),
            "Write HOST:PORT, an IPv6 address in brackets.",
        )
    })
}

/// Why a port could not be listened on.
fn refused(error: &std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => Problem::new(RasError(602), "Another program listens on this port.")
            .remedy("Take another port, or 0 for any."),
        _ => Problem::new(RasError(635), format!("The port could not be opened: {error}."))
            .remedy("Take another address or port."),
    }
}
