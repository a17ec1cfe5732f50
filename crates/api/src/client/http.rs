//! Connections to the socket: opening one, keeping it, sending a request over it.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use openras_engine::RasError;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::answer;
use crate::Problem;
use crate::trust::{Refusal, Trust, Whose, shown, unreachable};

/// A connection that can take a request.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Idle connections that are kept.
const KEPT: usize = 4;
/// Longest head of an answer, in bytes.
const HEAD: usize = 32 * 1024;
/// Most header lines of an answer.
const HEADERS: usize = 64;

/// Longest answer of a service that has no room, in bytes.
const FAREWELL: u64 = 8192;

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// JSON.
    pub(super) body: Option<Bytes>,
    /// The protocol asked for.
    pub(super) upgrade: Option<&'static str>,
}

impl Ask {
    /// Asking twice changes nothing more than asking once. A `DELETE` is not among them: its second answer would be that
    /// there is no such user.
    fn may_repeat(&self) -> bool {
        matches!(self.method, "GET" | "PUT")
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, Problem> {
        let mut request =
            Request::builder().method(self.method).uri(&self.path).header(header::HOST, "openras");
        if let Some(protocol) = self.upgrade {
            request = request.header(header::CONNECTION, "upgrade").header(header::UPGRADE, protocol);
        }
        if self.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(self.body.clone().unwrap_or_default())).map_err(|error| {
            Problem::new(
                RasError::INVALID_PARAMETER,
                format!("This cannot be asked of the service: {error}."),
            )
        })
    }
}

/// After so long without an answer it is looked at whether there can be one.
const LOOK: Duration = Duration::from_millis(200);

/// Why a request failed.
struct Failure {
    /// What hyper says; `None` where it ended the connection and forgot the request.
    error: Option<hyper::Error>,
    /// It was not sent, or not whole.
    unsent: bool,
}

/// The connections to one socket.
pub(super) struct Pool {
    pub(super) socket: PathBuf,
    trust: Trust,
    idle: Mutex<Vec<Sender>>,
}

impl Pool {
    pub(super) fn new(socket: PathBuf, whose: Whose) -> Self {
        Self { socket, trust: Trust::ours(whose), idle: Mutex::new(Vec::new()) }
    }

    /// Sends a request. Over a connection that was kept, and that the service has closed meanwhile, it is sent once more over a
    /// fresh one, if that can do no harm. The connection comes back with the answer: [`Pool::keep`] it after its body.
    pub(super) async fn send(&self, ask: &Ask) -> Result<(Response<Incoming>, Sender), Problem> {
        if let Some(mut kept) = self.take().await {
            match attempt(&mut kept, ask).await? {
                Ok(response) => return Ok((response, kept)),
                Err(failure) => {
                    let closed = failure
                        .error
                        .as_ref()
                        .is_some_and(|error| error.is_incomplete_message() || error.is_closed());
                    if !(failure.unsent || (closed && ask.may_repeat())) {
                        return Err(answer::broken(&self.socket, failure.error.as_ref()));
                    }
                }
            }
        }
        let mut fresh = self.open().await?;
        match attempt(&mut fresh, ask).await? {
            Ok(response) => Ok((response, fresh)),
            Err(failure) => {
                let why = if failure.unsent { self.farewell().await } else { None };
                Err(why.unwrap_or_else(|| answer::broken(&self.socket, failure.error.as_ref())))
            }
        }
    }

    /// What a service says that has no room: at once and unasked, which is no HTTP that could be read above.
    async fn farewell(&self) -> Option<Problem> {
        let mut said = Vec::new();
        let mut stream = self.dial().await.ok()?.take(FAREWELL);
        timeout(Duration::from_millis(200), stream.read_to_end(&mut said)).await.ok()?.ok()?;
        let text = said.windows(4).position(|four| four == b"\r\n\r\n").and_then(|at| said.get(at + 4..))?;
        serde_json::from_slice(text).ok()
    }

    /// A connection that was kept and still stands.
    async fn take(&self) -> Option<Sender> {
        loop {
            // the lock is gone before the wait
            let mut kept = self.lock().pop()?;
            if !kept.is_closed() && kept.ready().await.is_ok() {
                return Some(kept);
            }
        }
    }

    /// Keeps a connection whose answer was read whole.
    pub(super) fn keep(&self, sender: Sender) {
        let mut idle = self.lock();
        idle.retain(|kept| !kept.is_closed());
        if idle.len() < KEPT && !sender.is_closed() {
            idle.push(sender);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Sender>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fresh connection, to somebody who is trusted.
    pub(super) async fn open(&self) -> Result<Sender, Problem> {
        let stream = self.dial().await?;
        let (sender, connection) = http1::Builder::new()
            .max_headers(HEADERS)
            .max_header_size(HEAD)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| answer::broken(&self.socket, Some(&error)))?;
        // ends with the sender and its last answer; what goes wrong is told by the request it happens to
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    async fn dial(&self) -> Result<UnixStream, Refusal> {
        let owner = self.trust.check(&self.socket)?;
        let mut pause = Duration::from_millis(1);
        let stream = loop {
            match UnixStream::connect(&self.socket).await {
                Ok(stream) => break stream,
                // its queue is full: it is busy, not gone
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
                Err(error) => return Err(unreachable(&self.socket, &error)),
            }
        };
        let peer = stream.peer_cred().map_err(|error| unreachable(&self.socket, &error))?;
        self.trust.peer(&self.socket, owner, peer.uid())?;
        Ok(stream)
    }
}

async fn attempt(sender: &mut Sender, ask: &Ask) -> Result<Result<Response<Incoming>, Failure>, Problem> {
    let mut answer = pin!(sender.try_send_request(ask.request()?));
    let mut over = false;
    let answered = loop {
        match timeout(LOOK, &mut answer).await {
            Ok(answered) => break answered,
            // A request that is handed over in the very moment in which the connection ends can be left in hyper's queue,
            // where nobody takes it and nobody is told.
            Err(_) if over => return Ok(Err(Failure { error: None, unsent: true })),
            Err(_) => over = sender.is_closed(),
        }
    };
    Ok(answered.map_err(|mut error| {
        // a socket closed before it took the request whole: nobody can have acted on it
        let unsent =
            error.take_message().is_some() || answer::cut(error.error()) == Some(ErrorKind::BrokenPipe);
        Failure { error: Some(error.into_error()), unsent }
    }))
}

/// The socket below an answer of 101, and what was read behind it.
pub(super) async fn upgraded(
    pool: &Pool,
    response: Response<Incoming>,
) -> Result<(UnixStream, Bytes), Problem> {
    let upgraded =
        hyper::upgrade::on(response).await.map_err(|error| answer::broken(&pool.socket, Some(&error)))?;
    let parts = upgraded.downcast::<TokioIo<UnixStream>>().map_err(|_| {
        Problem::new(
            RasError::INVALID_DATA,
            format!("The stream of {} is not one of this client's.", shown(&pool.socket)),
        )
    })?;
    Ok((parts.io.into_inner(), parts.read_buf))
}
