//! A module's process: how it is started, held and ended.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getrlimit, kill_process_group, prlimit, waitid,
};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use super::Limits;

/// Where a module's program is looked for, and the PATH it gets.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// How often a process that should end is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// A killed process is gone at once unless the kernel holds it.
const REAP: Duration = Duration::from_secs(1);

/// What to start, with everything looked up.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub folder: Option<PathBuf>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub limits: Limits,
}

/// The three pipes.
pub(super) struct Pipes {
    pub stdin: ChildStdin,
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
}

/// A started program. Dropping it kills its whole process group.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// Its process group, which has its number; kept until it is killed, and it is not waited for before, so
    /// that the number cannot be another's.
    group: Option<Pid>,
}

impl Launch {
    /// Starts the program: no shell, empty environment but for PATH and LANG, its own process group, no new
    /// privileges by set-uid files, resource limits.
    pub(super) async fn start(&self) -> io::Result<(Running, Pipes)> {
        let mut command = self.command();
        let runtime = tokio::runtime::Handle::current();
        let (started, child) = tokio::sync::oneshot::channel();
        // "No new privileges" belongs to a thread and its children, so this thread has to be a throw-away one.
        std::thread::Builder::new().name("module-start".into()).spawn(move || {
            let _entered = runtime.enter();
            let _ = started.send(no_new_privileges().and_then(|()| command.spawn()));
        })?;
        let mut child = child.await.map_err(|_| io::Error::other("the starting thread went away"))??;
        let pipes = match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(stderr)) => Pipes { stdin, stdout, stderr },
            _ => return Err(io::Error::other("a pipe is missing")),
        };
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let running = Running { child, group };
        running.limit(&self.limits)?;
        Ok((running, pipes))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some(gid) = self.gid {
            command.gid(gid);
        }
        if let Some(uid) = self.uid {
            command.uid(uid);
        }
        command
    }
}

fn no_new_privileges() -> io::Result<()> {
    Ok(rustix::thread::set_no_new_privs(true)?)
}

impl Running {
    /// A program that is over already has nothing left to limit.
    fn limit(&self, limits: &Limits) -> io::Result<()> {
        let memory = limits.memory_mib.saturating_mul(1024 * 1024);
        let wanted = [
            (Resource::Core, Some(0)),
            (Resource::Cpu, Some(limits.cpu_seconds)),
            (Resource::Nofile, Some(limits.files)),
            (Resource::As, (memory > 0).then_some(memory)),
        ];
        for (resource, value) in wanted {
            let Some(value) = value else { continue };
            // the child has our own limits so far, and they cannot be raised
            let value = Some(getrlimit(resource).maximum.map_or(value, |own| own.min(value)));
            let limit = Rlimit { current: value, maximum: value };
            match prlimit(self.group, resource, limit) {
                Ok(_) | Err(rustix::io::Errno::SRCH) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// How the program ended, if it does within `time`: `status 3` or `signal 9`.
    pub(super) async fn ended(&self, time: Duration) -> Option<String> {
        let until = Instant::now() + time;
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            if let Ok(Some(status)) = waitid(WaitId::Pid(self.group?), how) {
                let signal = status.terminating_signal().map(|signal| format!("signal {signal}"));
                return signal.or(status.exit_status().map(|status| format!("status {status}")));
            }
            if Instant::now() >= until {
                return None;
            }
            sleep(LOOK).await;
        }
    }

    /// Kills the program and all it started that stayed in its group, and collects it.
    pub(super) async fn end(mut self) {
        self.kill();
        // past this the runtime collects it
        let _ = timeout(REAP, self.child.wait()).await;
    }

    fn kill(&mut self) {
        if let Some(group) = self.group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
