//! A service for a user where none runs.
//!
//! The program is run as a helper step that starts the service and exits at once, so that the caller is left without a child
//! it does not know of. The service is ready when its socket answers. If two clients start one at the same time, the services
//! settle by a lock file which of them stays, and both clients find that one.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use openras_engine::{RasError, escape};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::find::{self, Found};
use crate::trust::{Refusal, Trust, Whose, shown};
use crate::{Client, Problem};

/// How long a service may take until its socket answers: on a host that starts everything else at the same time, seconds.
/// One that cannot start says so at once.
pub const READY: Duration = Duration::from_secs(20);

/// A client of the service that [`find::find`] finds; where none runs and none was named, a private one is started.
///
/// # Errors
/// 711 if none could be started or the named one does not answer, 5 if it is not to be trusted.
pub async fn connect_or_start(socket: Option<&Path>) -> Result<Client, Problem> {
    let found = found(socket).await?;
    if found.may_start() {
        let start = Start::real(found.socket.clone())?;
        start.run().await?;
    } else {
        found.answers.clone()?;
    }
    Client::open(found.socket.clone(), found.whose()).await
}

/// A client of the service that [`find::find`] finds; none is started.
///
/// # Errors
/// 711 if none runs, 5 if it is not to be trusted.
pub async fn connect(socket: Option<&Path>) -> Result<Client, Problem> {
    let found = found(socket).await?;
    found.answers.clone()?;
    Client::open(found.socket.clone(), found.whose()).await
}

/// Searches off the async threads: a home folder may be on a network.
async fn found(socket: Option<&Path>) -> Result<Found, Problem> {
    let socket = socket.map(Path::to_owned);
    tokio::task::spawn_blocking(move || find::find(socket.as_deref()))
        .await
        .map_err(|error| failed(format!("The search for the service ended: {error}.")))
}

/// One attempt to start a private service.
#[derive(Clone, Debug)]
pub struct Start {
    /// Where its socket will be.
    pub socket: PathBuf,
    /// The program.
    pub program: PathBuf,
    /// Its log.
    pub log: PathBuf,
    /// Our user id.
    pub uid: u32,
    /// How long it may take: [`READY`].
    pub ready: Duration,
}

impl Start {
    /// As this process's environment says.
    ///
    /// # Errors
    /// 711 if the program is not found.
    pub fn real(socket: PathBuf) -> Result<Self, Problem> {
        let program = Programs {
            named: std::env::var_os("OPENRAS_BIN"),
            caller: std::env::current_exe().ok(),
            path: std::env::var_os("PATH"),
        };
        Ok(Self {
            socket,
            program: program.find()?,
            log: find::private_log()?,
            uid: rustix::process::geteuid().as_raw(),
            ready: READY,
        })
    }

    /// Starts it and waits until its socket answers.
    ///
    /// # Errors
    /// 711 with the last line of its log; 5 if somebody else's socket appears.
    pub async fn run(&self) -> Result<(), Problem> {
        let deadline = Instant::now() + self.ready;
        self.folders()?;
        let before = self.log.metadata().map_or(0, |log| log.len());
        let helper = timeout_at(deadline, self.helper()).await;
        let said = match helper {
            Ok(Ok((status, _))) if status.success() => String::new(),
            Ok(Ok((status, said))) if said.is_empty() => {
                format!("{} ended with {status}", shown(&self.program))
            }
            Ok(Ok((_, said))) => said,
            Ok(Err(error)) => format!("{} cannot be run: {error}", shown(&self.program)),
            Err(_) => format!("{} did not return", shown(&self.program)),
        };
        // even where our helper failed: another client's may have succeeded
        let wait = if said.is_empty() { deadline } else { Instant::now() };
        match self.answers(wait).await {
            Ok(()) => Ok(()),
            Err(Refusal::Missing(_)) => Err(self.why(said, before)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Makes the socket's folder and the log's, closed to others.
    fn folders(&self) -> Result<(), Problem> {
        for folder in [self.socket.parent(), self.log.parent()].into_iter().flatten() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
                failed(format!(
                    "A service of your own cannot be started: {} cannot be made: {error}.",
                    shown(folder)
                ))
                .remedy("Set XDG_RUNTIME_DIR or XDG_STATE_HOME to a folder of yours.")
            })?;
        }
        Ok(())
    }

    /// Runs the helper step: its status, and the last thing it said.
    async fn helper(&self) -> std::io::Result<(ExitStatus, String)> {
        let mut child = Command::new(&self.program)
            .arg("private-service")
            .arg(&self.socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let errors = child.stderr.take();
        let status = child.wait().await?;
        let mut said = Vec::new();
        if let Some(errors) = errors.filter(|_| !status.success()) {
            // a grandchild may hold the pipe open; what is in it by now is enough
            let _ = timeout(Duration::from_millis(100), errors.take(8192).read_to_end(&mut said)).await;
        }
        Ok((status, last_line(&said)))
    }

    /// Waits until the socket answers.
    async fn answers(&self, deadline: Instant) -> Result<(), Refusal> {
        let trust = Trust { uid: self.uid, whose: Whose::Private };
        let mut pause = Duration::from_millis(2);
        loop {
            let state = find::probe(&self.socket, &trust);
            let late = Instant::now() + pause > deadline;
            if late || !matches!(state, Err(Refusal::Missing(_))) {
                return state;
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Why it did not start: what the helper said, else the log's last line.
    fn why(&self, said: String, before: u64) -> Problem {
        let said = if said.is_empty() { log_line(&self.log, before) } else { said };
        let message = if said.is_empty() {
            format!("The service did not start within {} s, and its log says nothing.", self.ready.as_secs())
        } else {
            format!("The service did not start: {}", said.trim_end_matches('.')) + "."
        };
        failed(message).remedy(format!("The whole log is in {}.", shown(&self.log)))
    }
}

/// Where the program may be.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// `OPENRAS_BIN`.
    pub named: Option<OsString>,
    /// The caller's own executable: the program may be it or beside it.
    pub caller: Option<PathBuf>,
    /// `PATH`.
    pub path: Option<OsString>,
}

impl Programs {
    /// The program `openras`: named, beside the caller, in the path.
    ///
    /// # Errors
    /// 711 if it is in none of these.
    pub fn find(&self) -> Result<PathBuf, Problem> {
        if let Some(named) = self.named.as_ref().filter(|named| !named.is_empty()) {
            let named = crate::trust::absolute(Path::new(named));
            return if runs(&named) {
                Ok(named)
            } else {
                Err(failed(format!("OPENRAS_BIN names {}, which is no program.", shown(&named)))
                    .remedy("Set it to the program openras, or unset it."))
            };
        }
        let beside = self.caller.as_ref().map(|caller| caller.with_file_name("openras"));
        // an empty or relative entry would mean whatever folder we happen to stand in
        let path = self.path.iter().flat_map(std::env::split_paths).filter(|folder| folder.is_absolute());
        beside.into_iter().chain(path.map(|folder| folder.join("openras"))).find(|at| runs(at)).ok_or_else(|| {
            failed("No service runs, and the program openras that could start one was not found.")
                .remedy("Install it, set OPENRAS_BIN to its path, or name a running service's socket with --socket.")
        })
    }
}

fn runs(program: &Path) -> bool {
    program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn failed(message: impl Into<String>) -> Problem {
    Problem::new(RasError::RASMAN_CANNOT_INITIALIZE, message)
}

/// The last line a log got since it was `before` bytes long; empty if none.
fn log_line(log: &Path, before: u64) -> String {
    const ENOUGH: u64 = 8192;
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        let begin = if length < before { 0 } else { before };
        file.seek(SeekFrom::Start(begin.max(length.saturating_sub(ENOUGH))))?;
        let mut text = Vec::new();
        file.take(ENOUGH).read_to_end(&mut text)?;
        Ok(text)
    };
    read().map_or_else(|_| String::new(), |text| last_line(&text))
}

fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    escape::short(line, 300)
}
