//! When a private service has nothing to do any more.

use std::time::Duration;

use openras_service::Service;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// How often it looks again when nothing is told.
const LOOK: Duration = Duration::from_secs(1);

/// Until there was no call, no port and no client for as long as `idle`.
pub(crate) async fn wait(service: &Service, mut clients: watch::Receiver<usize>, idle: Duration) {
    let mut events = service.events();
    let mut since = None;
    loop {
        let busy = *clients.borrow_and_update() > 0 || !service.is_idle();
        since = if busy { None } else { since.or_else(|| Some(Instant::now())) };
        let over = since.map(|since| since + idle);
        if over.is_some_and(|over| over <= Instant::now()) {
            return;
        }
        let look = Instant::now() + LOOK;
        let something = async {
            tokio::select! {
                changed = clients.changed() => if changed.is_err() { sleep(LOOK).await },
                told = events.recv() => if matches!(told, Err(RecvError::Closed)) { sleep(LOOK).await },
            }
        };
        // a client who came and went in between begins the time anew
        if timeout_at(over.unwrap_or(look).min(look), something).await.is_ok() {
            since = None;
        }
    }
}
