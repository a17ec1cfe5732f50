//! The API's server: HTTP/1.1 with JSON on the socket. One task a connection; what a client may do is decided when it
//! connects (`rights.rs`), what there is to ask stands in `openras_api::routes`.

mod accept;
mod answer;
mod ask;
mod audit;
mod callback;
mod calls;
mod conn;
mod connections;
mod descriptors;
mod events;
mod forwards;
mod lines;
mod ports;
mod rest;
mod router;
mod server;
mod tcp;
mod terminal;
mod upgrade;
mod users;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Service;
use crate::connections::held::Table;
use crate::rights::Rights;
use crate::socket::Socket;

/// What all requests share.
pub(crate) struct Api {
    pub(crate) service: Arc<Service>,
    pub(crate) rights: Rights,
    pub(crate) held: Table,
    pub(crate) descriptors: descriptors::Waiting,
    /// Streams that are no HTTP any more.
    pub(crate) tasks: TaskTracker,
    pub(crate) cancel: CancellationToken,
}

/// The API while it is served. Dropped, it goes on until its runtime ends.
pub struct Serving {
    cancel: CancellationToken,
    clients: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

/// Answers clients on the socket until [`Serving::stop`]. Must be called inside a tokio runtime.
pub fn serve(service: Arc<Service>, socket: Socket, rights: Rights) -> Serving {
    let cancel = CancellationToken::new();
    let (count, clients) = watch::channel(0);
    let api = Arc::new(Api {
        service,
        rights,
        held: Table::default(),
        descriptors: descriptors::Waiting::default(),
        tasks: TaskTracker::new(),
        cancel: cancel.clone(),
    });
    let task = tokio::spawn(accept::run(api, socket, count));
    Serving { cancel, clients, task }
}

impl Serving {
    /// How many clients are connected now, and whenever that changes.
    pub fn clients(&self) -> watch::Receiver<usize> {
        self.clients.clone()
    }

    /// Removes the socket, gives running answers a second to go out and ends the streams. The calls are the
    /// service's and go on.
    pub async fn stop(self) {
        self.cancel.cancel();
        // a panic in it has been told already
        let _ = self.task.await;
    }
}
