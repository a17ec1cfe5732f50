//! Programs as modules, in any language: one process for one dialog, or one for all, supervised.
//!
//! Whatever the program does (hang, flood, die, talk nonsense) ends its own dialog with an error verdict and its
//! whole process group with SIGKILL. It is given a dialog's lines and nothing else of the service.

mod channel;
mod child;
mod config;
mod jailed;
mod launch;
mod library;
mod lines;
mod meter;
mod pool;
mod session;
mod shared;
mod slots;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openras_engine::server::{DialogCommand, DialogVerdict, PppInDialog};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

pub use config::{Isolation, Limits, ProgramConfig, ProgramError, ReceiveMode, Settings};
pub use library::{HostParts, LibraryConfig};

use crate::dialog::{ABORTED, CallInfo, Dialog};
use crate::host::{BoxFuture, Condition, Module};
use crate::jail::Wall;
use crate::protocol::{self, Malformed};
use crate::redact::Redactor;
use crate::registry::Parts;
use channel::{Incoming, Outgoing};
use launch::{Process, Reader, Started};
use lines::Lines;
use pool::Pool;
use session::Session;
use shared::Mux;

/// How long a program that closed its output may take to end, so that the record can say how; its grace where that is
/// longer.
const EXIT: Duration = Duration::from_millis(500);
/// How long what a killed program wrote to its standard error is read.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long the end of a program and of all it started may take, once it is killed.
const COLLECT: Duration = Duration::from_secs(5);
/// Lines of standard error logged in one dialog.
const STDERR_LINES: usize = 200;
/// Longest line of standard error.
const STDERR_LINE: usize = 1024;

/// What a program did wrong. Each ends its dialog with an error verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It could not be started.
    Start(io::ErrorKind),
    /// Its jail could not be built; why, and the system's error number.
    Jail(String, i32),
    /// A file that it needs cannot be used by its user; why.
    File(String),
    /// Its jail was not ready within this time.
    NotReady(Duration),
    /// It said nothing within this time after its `begin`.
    NoBegin(Duration),
    /// It was its turn, and it said nothing for this long.
    Silent(Duration),
    /// It ended, or closed its output, without a verdict; how, if known.
    Exited(Option<String>),
    /// A line is not a message.
    Malformed(Malformed),
    /// A line is longer than [`protocol::LINE_MAX`].
    LineTooLong,
    /// More messages a second than allowed.
    Flood,
    /// More bytes in all than allowed.
    TooMuch,
    /// Its output could not be read.
    Pipe(io::ErrorKind),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(kind) => write!(f, "it could not be started: {kind}"),
            Self::Jail(why, _) | Self::File(why) => write!(f, "it could not be started: {why}"),
            Self::NotReady(time) => write!(f, "it was not started within {time:?}"),
            Self::NoBegin(time) => write!(f, "it said nothing within {time:?} of its begin"),
            Self::Silent(time) => write!(f, "it was its turn and it said nothing for {time:?}"),
            Self::Exited(Some(how)) => write!(f, "it ended without a verdict ({how})"),
            Self::Exited(None) => f.write_str("it closed its output without a verdict"),
            Self::Malformed(why) => write!(f, "{why}"),
            Self::LineTooLong => write!(f, "a line is longer than {} bytes", protocol::LINE_MAX),
            Self::Flood => f.write_str("it sent more messages a second than it may"),
            Self::TooMuch => f.write_str("it wrote more bytes than it may"),
            Self::Pipe(kind) => write!(f, "its output could not be read: {kind}"),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// The Win32 or RAS number for the record (SECURITY_MESSAGE's dwError).
    pub fn code(&self) -> u32 {
        match self {
            Self::Start(kind) => started(*kind),
            Self::Jail(_, errno) => started(io::Error::from_raw_os_error(*errno).kind()),
            Self::File(_) => 5,
            Self::Pipe(_) => 31,
            Self::NotReady(_) | Self::NoBegin(_) | Self::Silent(_) => 638,
            Self::Exited(_) => ABORTED,
            Self::Malformed(_) | Self::LineTooLong => 13,
            Self::Flood | Self::TooMuch => 1816,
        }
    }
}

/// The number for a start that failed.
fn started(kind: io::ErrorKind) -> u32 {
    match kind {
        io::ErrorKind::NotFound => 2,
        io::ErrorKind::PermissionDenied => 5,
        _ => 31,
    }
}

/// A program as a module.
pub struct ProgramModule {
    name: String,
    config: ProgramConfig,
    processes: Processes,
    /// It is a library of the original interface in its host.
    library: bool,
    /// Verdicts that came when there was nothing to decide.
    refused: AtomicU64,
}

enum Processes {
    /// One a dialog.
    Each(Pool),
    /// One for all.
    Shared(Mux),
}

impl fmt::Debug for ProgramModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramModule")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl ProgramModule {
    /// Looks the program up and tries its wall, so that what is wrong is found at start and not at the first call;
    /// waits for that, some milliseconds. Processes are kept ready on the current runtime, if there is one;
    /// `isolation = "shared"` needs one.
    pub fn new(name: impl Into<String>, config: ProgramConfig, parts: &Parts) -> Result<Self, ProgramError> {
        let (name, launch) = (name.into(), config.launch(parts)?);
        Self::with(name, config, launch, false)
    }

    /// As [`new`](Self::new), a library of the original interface; it is loaded once behind its wall, so that one that
    /// cannot be is found at start.
    pub fn library(
        name: impl Into<String>,
        config: &LibraryConfig,
        parts: &Parts,
    ) -> Result<Self, ProgramError> {
        let program = config.program(parts)?;
        config.check(program.clone(), parts)?;
        let launch = program.launch(parts)?;
        Self::with(name.into(), program, launch, true)
    }

    fn with(
        name: String,
        config: ProgramConfig,
        launch: Arc<dyn launch::Launch>,
        library: bool,
    ) -> Result<Self, ProgramError> {
        let any = config.receive == ReceiveMode::Any;
        let processes = match config.isolation {
            Isolation::Shared if tokio::runtime::Handle::try_current().is_err() => {
                return Err(ProgramError::NoRuntime);
            }
            Isolation::Shared => Processes::Shared(Mux::new(&name, launch, &config.limits, any)),
            Isolation::Call => Processes::Each(Pool::new(&name, launch, config.warm)),
            // what runs with the service's rights runs for a call only
            Isolation::None => Processes::Each(Pool::new(&name, launch, 0)),
        };
        tracing::info!(module = name, wall = %processes.wall(), "the module's wall");
        Ok(Self { name, config, processes, library, refused: AtomicU64::new(0) })
    }

    async fn converse(&self, dialog: Dialog) {
        if self.config.ppp_in_dialog != PppInDialog::default() {
            // a call that is over already says so later
            let _ = dialog.commands().send(DialogCommand::Ppp(self.config.ppp_in_dialog)).await;
        }
        match &self.processes {
            Processes::Each(pool) => match pool.take().await {
                Ok(started) => self.alone(dialog, started).await,
                Err(fault) => self.refuse(dialog, &fault),
            },
            Processes::Shared(mux) => self.together(dialog, mux).await,
        }
    }

    /// A dialog with a process of its own.
    async fn alone(&self, mut dialog: Dialog, started: Started) {
        let info = dialog.info().clone();
        let redactor = Arc::new(Redactor::default());
        let Started { process, pipes } = started;
        // killed with its reader, should this future be dropped
        let mut last_words = JoinSet::new();
        let net = redactor.clone();
        let clean = move |text: &str| net.clean(text);
        last_words.spawn(log_stderr(pipes.stderr, self.name.clone(), info.call.clone(), clean, false));
        let any = self.config.receive == ReceiveMode::Any;
        let channel = (Outgoing::pipe(pipes.stdin), Incoming::Pipe { lines: pipes.stdout, any });
        let log =
            |text: &str| tracing::info!(module = self.name, call = info.call, "{}", redactor.clean(text));
        let mut session = Session::new(channel, &self.config.limits, &log, &redactor, self.library);
        session.tell(self.begin(&info).line());
        match session.run(&mut dialog).await {
            Ok(verdict) => {
                dialog.complete(verdict.map_or_else(call_ended, |verdict| cleaned(verdict, &redactor)));
                let grace = self.config.limits.grace;
                if timeout(grace, goodbye(&mut session, &*process)).await.is_err() && self.library {
                    tracing::warn!(
                        module = self.name,
                        call = info.call,
                        "it has not ended {grace:?} after its dialog, as a module does that puts off its End; its \
                         process is ended"
                    );
                }
                self.count_refused(session.refused(), &info);
            }
            Err(Fault::Exited(_)) => {
                let how = process.ended(self.config.limits.grace.max(EXIT)).await;
                self.refuse(dialog, &Fault::Exited(how));
            }
            Err(fault) => self.refuse(dialog, &fault),
        }
        process.end().await;
        let _ = timeout(LAST_WORDS, last_words.join_next()).await;
    }

    /// A dialog with a share of the process of all.
    async fn together(&self, mut dialog: Dialog, mux: &Mux) {
        let info = dialog.info().clone();
        let begin = self.config.limits.begin;
        let share = match timeout(begin, mux.join()).await {
            Ok(Ok(share)) => share,
            Ok(Err(fault)) => return self.refuse(dialog, &fault),
            Err(_) => return self.refuse(dialog, &Fault::NotReady(begin)),
        };
        let shared::Share { incoming, outgoing, redactor, leave } = share;
        let log =
            |text: &str| tracing::info!(module = self.name, call = info.call, "{}", redactor.clean(text));
        let mut session =
            Session::new((outgoing, incoming), &self.config.limits, &log, &redactor, self.library);
        session.tell(self.begin(&info).line());
        let ended = session.run(&mut dialog).await;
        match ended {
            Ok(verdict) => {
                dialog.complete(verdict.map_or_else(call_ended, |verdict| cleaned(verdict, &redactor)));
            }
            Err(fault) => {
                // Begin is called for one at a time: one that does not return holds up all that come after it
                if self.library && matches!(fault, Fault::NoBegin(_)) {
                    mux.is_stuck(&leave, &fault);
                }
                self.refuse(dialog, &fault);
            }
        }
        // the others go on: this one's process is told that it is over, whoever's fault it was
        let _ = timeout(self.config.limits.grace, session.say_end()).await;
        drop(leave);
    }

    fn begin<'a>(&'a self, info: &'a CallInfo) -> protocol::Begin<'a> {
        protocol::Begin {
            v: protocol::VERSION,
            call: &info.call,
            port: &info.port,
            device: &info.device,
            line: &info.line,
            source: &info.source,
            number: info.number.as_deref(),
            limit: info.limit.map(|limit| limit.as_secs()),
            config: &self.config.config.0,
        }
    }

    fn refuse(&self, dialog: Dialog, fault: &Fault) {
        tracing::error!(module = self.name, call = dialog.info().call, "the module failed: {fault}");
        dialog.complete(DialogVerdict::Error { code: fault.code(), text: format!("{}: {fault}", self.name) });
    }

    fn count_refused(&self, verdicts: u64, info: &CallInfo) {
        if verdicts > 0 {
            self.refused.fetch_add(verdicts, Ordering::Relaxed);
            tracing::warn!(
                module = self.name,
                call = info.call,
                verdicts,
                "verdicts after the first are refused"
            );
        }
    }
}

impl Processes {
    fn wall(&self) -> Wall {
        match self {
            Self::Each(pool) => pool.launch().wall(),
            Self::Shared(mux) => mux.launch().wall(),
        }
    }
}

impl Module for ProgramModule {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, dialog: Dialog) -> BoxFuture<'_, ()> {
        Box::pin(self.converse(dialog))
    }

    /// Its own, and the time to collect what it leaves.
    fn grace(&self) -> Duration {
        self.config.limits.grace + COLLECT
    }

    fn condition(&self) -> Option<Condition> {
        let own = self.refused.load(Ordering::Relaxed);
        let (waiting, started, failed, refused) = match &self.processes {
            Processes::Each(pool) => {
                let (waiting, started, failed) = pool.counts();
                (waiting, started, failed, own)
            }
            Processes::Shared(mux) => mux.counts().read(),
        };
        Some(Condition { wall: self.processes.wall(), waiting, started, failed, refused })
    }
}

/// Hears the program out, until it has ended.
async fn goodbye(session: &mut Session<'_>, process: &dyn Process) {
    let ended = async { while process.ended(EXIT).await.is_none() {} };
    tokio::select! {
        () = session.farewell() => (),
        () = ended => {
            // what it said is in the pipe; what it started may hold the pipe open
            let _ = timeout(LAST_WORDS, session.farewell()).await;
        }
    }
    while process.ended(EXIT).await.is_none() {}
}

fn call_ended() -> DialogVerdict {
    DialogVerdict::Error { code: 619, text: "the call ended before the verdict".to_owned() }
}

/// An error's text goes to the record, so it is cleaned like a line for the log.
fn cleaned(verdict: DialogVerdict, redactor: &Redactor) -> DialogVerdict {
    match verdict {
        DialogVerdict::Error { code, text } => DialogVerdict::Error { code, text: redactor.clean(&text) },
        named => named,
    }
}

/// Past its share the pipe is not read any more, so that a flood stands still instead of costing time; one that lasts
/// for many dialogs has a new share each minute.
async fn log_stderr(pipe: Reader, module: String, call: String, clean: impl Fn(&str) -> String, again: bool) {
    let mut lines = Lines::new(pipe, STDERR_LINE);
    loop {
        let minute = Instant::now() + Duration::from_secs(60);
        for _ in 0..STDERR_LINES {
            let Ok(Some(line)) = lines.next().await else { return };
            let text = clean(&String::from_utf8_lossy(&line.bytes));
            tracing::warn!(module, call, "stderr: {text}");
        }
        if !again {
            break;
        }
        if Instant::now() < minute {
            tracing::warn!(
                module,
                "stderr: more than {STDERR_LINES} lines in a minute; the next one is waited for"
            );
            sleep_until(minute).await;
        }
    }
    tracing::warn!(module, call, "stderr: more than {STDERR_LINES} lines; the rest is not read");
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
