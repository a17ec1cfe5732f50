//! The client: one method for each route, over connections that are kept for the next request.
//!
//! Nothing is sent before the socket and the peer were found to be trusted ([`crate::trust`]). Every request has a limit of time,
//! and every failure is a [`Problem`] with a number and a sentence.

mod answer;
mod body;
mod calls;
mod descriptor;
mod events;
mod http;
mod stream;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openras_engine::RasError;

use crate::Problem;
use crate::find;
use crate::trust::{Whose, absolute, shown};

pub use events::{Events, Lines};
pub use stream::Stream;

use http::Pool;

/// How long an answer may take, unless [`Client::timeout`] says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one service. Clones are cheap and share their connections. Its futures need a tokio runtime with I/O and time.
#[derive(Clone)]
pub struct Client {
    pool: Arc<Pool>,
    timeout: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("socket", &self.pool.socket).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to the service at this socket. `openras_api::start` also finds one, and starts one.
    ///
    /// # Errors
    /// 711 if nothing answers there, 5 if it is barred or not to be trusted.
    pub async fn connect(socket: impl Into<PathBuf>) -> Result<Self, Problem> {
        let socket = absolute(&socket.into());
        let whose = find::whose(&socket);
        Self::open(socket, whose).await
    }

    /// Connects where a service of this kind is expected.
    pub(crate) async fn open(socket: PathBuf, whose: Whose) -> Result<Self, Problem> {
        let client = Self { pool: Arc::new(Pool::new(socket, whose)), timeout: TIMEOUT };
        let first = client.within(TIMEOUT, client.pool.open()).await?;
        client.pool.keep(first);
        Ok(client)
    }

    /// The same with another limit for each answer. The events of a stream have none.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The socket it speaks to.
    pub fn socket(&self) -> &Path {
        &self.pool.socket
    }

    /// Puts a limit on what is being waited for.
    async fn within<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => Err(Problem::new(
                RasError::REQUEST_TIMEOUT,
                format!(
                    "The service at {} did not answer within {} s.",
                    shown(self.socket()),
                    limit.as_secs_f32()
                ),
            )
            .remedy("Look at its log; if it hangs, start it again.")),
        }
    }
}
