//! Starting a program: what every way of it gives, and the way without a jail.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::Command;

use super::child::{Held, Running};
use super::lines::Lines;
use super::{Fault, Limits};
use crate::host::BoxFuture;
use crate::jail::Wall;

/// Where a module's program is looked for, and the PATH it gets.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A pipe that is read.
pub(super) type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;
/// A pipe that is written.
pub(super) type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// The three pipes.
pub(super) struct Pipes {
    pub stdin: Writer,
    pub stdout: Lines<Reader>,
    pub stderr: Reader,
}

/// A program that runs and waits for its first message.
pub(super) struct Started {
    pub process: Box<dyn Process>,
    pub pipes: Pipes,
}

/// A started program. Dropping it kills it and all it started.
pub(super) trait Process: Send + Sync {
    /// How the program ended, if it does within `time`: `status 3` or `signal 9`.
    fn ended(&self, time: Duration) -> BoxFuture<'_, Option<String>>;

    /// Kills the program and all it started, and collects it.
    fn end(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A way of starting a program.
pub(super) trait Launch: Send + Sync {
    /// Starts one.
    fn start(&self) -> BoxFuture<'_, Result<Started, Fault>>;

    /// What stands around it.
    fn wall(&self) -> Wall;
}

/// Without a jail, with everything looked up.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub folder: Option<PathBuf>,
    pub user: Option<(u32, u32)>,
    pub limits: Limits,
}

impl Plain {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
        command.kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Launch for Plain {
    /// No shell, empty environment but for PATH and LANG, its own process group, no new privileges by set-uid
    /// files, resource limits.
    fn start(&self) -> BoxFuture<'_, Result<Started, Fault>> {
        Box::pin(async {
            let started = spawn(self.command(), true).await.and_then(|(child, pipes)| {
                let process = Running::new(child, Held::Group);
                process.limit(&self.limits)?;
                Ok(Started { process: Box::new(process), pipes })
            });
            started.map_err(|error| Fault::Start(error.kind()))
        })
    }

    fn wall(&self) -> Wall {
        Wall::None
    }
}

/// Starts a command in a process group of its own, on a thread of its own: starting waits for the disk, and "no new
/// privileges", where it is wanted, belongs to a thread and its children for good.
pub(super) async fn spawn(
    mut command: Command,
    no_new_privileges: bool,
) -> io::Result<(tokio::process::Child, Pipes)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let runtime = tokio::runtime::Handle::current();
    let (started, child) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("module-start".into()).spawn(move || {
        let _entered = runtime.enter();
        let ready = if no_new_privileges { rustix::thread::set_no_new_privs(true) } else { Ok(()) };
        let _ = started.send(ready.map_err(io::Error::from).and_then(|()| command.spawn()));
    })?;
    let mut child = child.await.map_err(|_| io::Error::other("the starting thread went away"))??;
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(stdin), Some(stdout), Some(stderr)) => {
            let stdout = Lines::new(Box::new(stdout) as Reader, crate::protocol::LINE_MAX);
            Ok((child, Pipes { stdin: Box::new(stdin), stdout, stderr: Box::new(stderr) }))
        }
        _ => Err(io::Error::other("a pipe is missing")),
    }
}
