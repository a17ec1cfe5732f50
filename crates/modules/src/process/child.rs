//! A module's process: how it is held and ended.

use std::io;
use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getrlimit, kill_process, kill_process_group,
    prlimit, waitid,
};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::Limits;
use super::launch::Process;
use super::slots::Slot;
use crate::host::BoxFuture;

/// How often a process that should end is looked at, at first; then ever more seldom.
const LOOK: Duration = Duration::from_millis(5);
/// At the longest.
const LOOK_MOST: Duration = Duration::from_millis(200);
/// A killed process is gone at once unless the kernel holds it.
const REAP: Duration = Duration::from_secs(3);

/// What ends all that belongs to a process.
#[derive(Debug)]
pub(super) enum Held {
    /// Its process group is killed.
    Group,
    /// It is the supervisor of a jail, asked to end all in there.
    Jail {
        /// Kept, or another process could have it.
        _slot: Option<Slot>,
    },
}

/// A started program. Dropping it kills all that belongs to it.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// Its number, and that of its process group; kept until it is killed, and it is not waited for before, so that
    /// the number cannot be another's.
    number: Option<Pid>,
    held: Held,
}

impl Running {
    pub(super) fn new(child: Child, held: Held) -> Self {
        let number = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, number, held }
    }

    /// A program that is over already has nothing left to limit.
    pub(super) fn limit(&self, limits: &Limits) -> io::Result<()> {
        let ceilings = limits.ceilings();
        let wanted = [
            (Resource::Core, Some(0)),
            (Resource::Cpu, Some(ceilings.cpu)),
            (Resource::Nofile, Some(ceilings.files)),
            (Resource::Fsize, Some(ceilings.file)),
            (Resource::As, ceilings.memory),
        ];
        for (resource, value) in wanted {
            let Some(value) = value else { continue };
            // the child has our own limits so far, and they cannot be raised
            let value = Some(getrlimit(resource).maximum.map_or(value, |own| own.min(value)));
            let limit = Rlimit { current: value, maximum: value };
            match prlimit(self.number, resource, limit) {
                Ok(_) | Err(rustix::io::Errno::SRCH) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn kill(&mut self) {
        let Some(number) = self.number.take() else { return };
        let _ = match self.held {
            Held::Group => kill_process_group(number, Signal::KILL),
            Held::Jail { .. } => kill_process(number, Signal::TERM),
        };
    }

    async fn look(&self, time: Duration) -> Option<String> {
        let until = Instant::now() + time;
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let mut pause = LOOK;
        loop {
            if let Ok(Some(status)) = waitid(WaitId::Pid(self.number?), how) {
                let signal = status.terminating_signal().map(|signal| format!("signal {signal}"));
                return signal.or(status.exit_status().map(|status| format!("status {status}")));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            sleep(pause.min(left)).await;
            pause = (2 * pause).min(LOOK_MOST);
        }
    }
}

impl Process for Running {
    fn ended(&self, time: Duration) -> BoxFuture<'_, Option<String>> {
        Box::pin(self.look(time))
    }

    fn end(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.kill();
            if timeout(REAP, self.child.wait()).await.is_err() {
                // a supervisor that does not listen; what is inside ends with it
                let _ = self.child.start_kill();
                // past this the runtime collects it
                let _ = timeout(REAP, self.child.wait()).await;
            }
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
