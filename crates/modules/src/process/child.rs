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
        /// Kept until the supervisor is collected, or another process could have it while this one's still end: they
        /// would count against its limits, and the supervisor's sweep would kill it.
        slot: Option<Slot>,
    },
}

/// A started program. Dropping it kills all that belongs to it.
#[derive(Debug)]
pub(super) struct Running {
    /// `None` only once it is dropped.
    child: Option<Child>,
    /// Its number, and that of its process group; kept until it is killed, and it is not waited for before, so that
    /// the number cannot be another's.
    number: Option<Pid>,
    held: Held,
}

impl Running {
    pub(super) fn new(child: Child, held: Held) -> Self {
        let number = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child: Some(child), number, held }
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
            let Some(child) = &mut self.child else { return };
            if timeout(REAP, child.wait()).await.is_err() {
                // a supervisor that does not listen; what is inside ends with it
                let _ = child.start_kill();
                // past this it is collected behind our back
                let _ = timeout(REAP, child.wait()).await;
            }
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
        let Held::Jail { slot } = &mut self.held else { return };
        let (Some(mut child), Some(slot)) = (self.child.take(), slot.take()) else { return };
        // without a runtime the service is ending, and takes nobody's user any more
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = child.wait().await;
                drop(slot);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use tokio::io::{AsyncBufReadExt as _, BufReader};
    use tokio::process::Command;

    use super::*;

    /// What ends slowly counts against its user's limits, and its supervisor kills whatever that user runs.
    #[tokio::test]
    async fn a_user_is_another_processs_only_once_the_first_one_is_collected() {
        let range = 4_100_000..4_100_002;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' TERM; echo up; read -r go"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap();
        let (open, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).await.unwrap();
        let slot = Slot::take(&range);
        assert!(slot.is_some() && Slot::take(&range).is_none());
        drop(Running::new(child, Held::Jail { slot }));
        // asked to end it goes on, as a supervisor does that has much to clear away
        sleep(Duration::from_millis(50)).await;
        assert!(Slot::take(&range).is_none(), "its user is given away while it runs");
        drop(open);
        let free = async {
            while Slot::take(&range).is_none() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(120), free).await.expect("its user is free again");
    }
}
