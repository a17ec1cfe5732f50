//! Clients come: who it is, whether there is room, and one task for each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use openras_api::Problem;
use openras_engine::RasError;
use tokio::net::UnixStream;
use tokio::net::unix::UCred;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::conn::{Conn, Pulse};
use super::rest::Rest;
use super::{Api, answer, router};
use crate::rights::{Peer, Role};
use crate::socket::Socket;

/// Connections at a time, in all and for one user.
const ALL: usize = 256;
const EACH: usize = 64;
/// Of these, places nobody else takes from those who may do all by their uid: users must not lock out administrators.
const KEPT: usize = 16;
/// The longest head of a request, in bytes.
const HEAD: usize = 16 * 1024;
/// How long answers may take to go out when the service stops.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// After the system could not give us a connection.
const BREATH: Duration = Duration::from_millis(100);

/// How many connections each user has.
#[derive(Clone)]
pub(super) struct Seats(Arc<Mutex<HashMap<u32, usize>>>, Arc<watch::Sender<usize>>);

/// One connection's place, until dropped.
pub(super) struct Seat {
    uid: u32,
    of: Seats,
}

impl Seats {
    pub(super) fn new(count: watch::Sender<usize>) -> Self {
        Self(Arc::default(), Arc::new(count))
    }

    /// A place for this user, if there is room; `first` for one who may do all by its uid.
    pub(super) fn take(&self, uid: u32, first: bool) -> Option<Seat> {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = seats.values().sum();
        let room = if first { ALL } else { ALL - KEPT };
        if all >= room || seats.get(&uid).is_some_and(|own| *own >= EACH) {
            return None;
        }
        *seats.entry(uid).or_default() += 1;
        self.1.send_replace(all + 1);
        Some(Seat { uid, of: self.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = seats.get_mut(&self.uid) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seats.remove(&self.uid);
            }
        }
        self.of.1.send_replace(seats.values().sum());
    }
}

/// What a request knows of the connection it came on.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) peer: Arc<Peer>,
    pub(super) pulse: Arc<Pulse>,
    /// Taken along by a stream that outlives the HTTP of its connection.
    pub(super) _seat: Arc<Seat>,
}

/// Accepts until cancelled.
pub(super) async fn run(api: Arc<Api>, socket: Socket, count: watch::Sender<usize>) {
    let (tasks, cancel) = (api.tasks.clone(), api.cancel.clone());
    let seats = Seats::new(count);
    let router = router::router(&api);
    loop {
        let stream = tokio::select! {
            accepted = socket.listener().accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // too many open files: those who are here go on, the newcomer waits
                    tracing::warn!(%error, "a client could not be accepted");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
            () = cancel.cancelled() => break,
        };
        let Ok(credentials) = stream.peer_cred() else { continue };
        if api.rights.refuses(credentials.uid()) {
            tracing::warn!(uid = credentials.uid(), "a client of another user was sent away");
            continue;
        }
        let first = api.rights.of(credentials.uid(), &[]) == Role::Admin;
        let Some(seat) = seats.take(credentials.uid(), first) else {
            turn_away(&stream);
            continue;
        };
        tasks.spawn(client(api.clone(), router.clone(), stream, credentials, seat, cancel.clone()));
    }
    drop(socket);
    tasks.close();
    tasks.wait().await;
}

/// One connection, from its first byte to its last.
async fn client(
    api: Arc<Api>,
    router: Router,
    stream: UnixStream,
    credentials: UCred,
    seat: Seat,
    cancel: CancellationToken,
) {
    let peer = Arc::new(api.rights.peer(credentials).await);
    let pulse = Arc::new(Pulse::default());
    let session = Session { peer, pulse: pulse.clone(), _seat: Arc::new(seat) };
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let busy = session.pulse.begin();
        request.extensions_mut().insert(session.clone());
        let rest = Rest::default();
        let request = request.map(|body| rest.lend(body));
        let answered = hyper::service::Service::call(&TowerToHyperService::new(router.clone()), request);
        async move {
            let answered = answered.await;
            rest.drain().await;
            answered.map(|response| response.map(|body| busy.around(body)))
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(Conn::new(stream, pulse)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // what a client does wrong on its connection is its own affair
        _ = connection.as_mut() => {}
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(LAST_WORDS, connection).await;
        }
    }
}

/// Says that there is no room, as far as it can be said without waiting.
fn turn_away(stream: &UnixStream) {
    let problem = Problem::new(RasError(1816), "The service has as many clients as it takes at a time.")
        .remedy("End programs that watch calls, or try again later.");
    let _ = stream.try_write(&answer::raw(&problem));
}
