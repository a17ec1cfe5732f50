//! Ctrl-C and its kin as something to wait for; none is lost between two waits.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGTERM and SIGHUP, from when it is made. The system's own reaction, the end at once, is off from then on.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// What a service was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// SIGHUP: read the configuration again.
    Reload,
    /// SIGINT, SIGTERM: end.
    Stop,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("the system lets no signal be heard");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The next of them, where all mean the same.
    pub(crate) async fn next(&mut self) {
        self.heard().await;
    }

    /// The next of them, for a client.
    pub(crate) async fn heard(&mut self) -> Heard {
        tokio::select! {
            _ = self.interrupt.recv() => Heard::Interrupt,
            _ = self.terminate.recv() => Heard::End,
            _ = self.hangup.recv() => Heard::End,
        }
    }

    /// The next of them, for a service.
    pub(crate) async fn told(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.terminate.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }

    /// The next that means the end.
    pub(crate) async fn stop(&mut self) {
        while self.told().await != Told::Stop {}
    }
}

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// SIGINT: the person wants the work to end.
    Interrupt,
    /// SIGTERM, SIGHUP: this program is to end; its terminal or session has gone.
    End,
}

/// Ended by a signal before anything had begun.
#[derive(Debug, thiserror::Error)]
#[error("ended by the person")]
pub(crate) struct Interrupted;
