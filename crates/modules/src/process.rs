//! Programs as modules, in any language: one process for one dialog, supervised.
//!
//! Whatever the program does (hang, flood, die, talk nonsense) ends its own dialog with an error verdict and its
//! whole process group with SIGKILL. It is given a dialog's lines and nothing else of the service.

mod child;
mod config;
mod lines;
mod meter;
mod session;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::server::DialogVerdict;
use tokio::process::ChildStderr;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use config::{Limits, ProgramConfig, ProgramError, ReceiveMode, Settings};

use crate::dialog::{ABORTED, CallInfo, Dialog};
use crate::host::{BoxFuture, Module};
use crate::protocol::{self, Malformed};
use crate::redact::Redactor;
use child::{Launch, Running};
use lines::Lines;
use session::Session;

/// How long a program that closed its output may take to end, so that the record can say how.
const EXIT: Duration = Duration::from_millis(500);
/// How long what a killed program wrote to its standard error is read.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Lines of standard error logged in one dialog.
const STDERR_LINES: usize = 200;
/// Longest line of standard error.
const STDERR_LINE: usize = 1024;

/// What a program did wrong. Each ends its dialog with an error verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It could not be started.
    Start(io::ErrorKind),
    /// It said nothing within this time after its start.
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
            Self::NoBegin(time) => write!(f, "it said nothing within {time:?} of its start"),
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
            Self::Start(io::ErrorKind::NotFound) => 2,
            Self::Start(io::ErrorKind::PermissionDenied) => 5,
            Self::Start(_) | Self::Pipe(_) => 31,
            Self::NoBegin(_) | Self::Silent(_) => 638,
            Self::Exited(_) => ABORTED,
            Self::Malformed(_) | Self::LineTooLong => 13,
            Self::Flood | Self::TooMuch => 1816,
        }
    }
}

/// A program as a module.
#[derive(Debug)]
pub struct ProgramModule {
    name: String,
    config: ProgramConfig,
    launch: Launch,
}

impl ProgramModule {
    /// Looks the program up, so that a missing one is found at start and not at the first call.
    pub fn new(name: impl Into<String>, config: ProgramConfig) -> Result<Self, ProgramError> {
        let launch = config.launch()?;
        Ok(Self { name: name.into(), config, launch })
    }

    async fn converse(&self, mut dialog: Dialog) {
        let info = dialog.info().clone();
        let redactor = Arc::new(Redactor::default());
        let (program, pipes) = match self.launch.start().await {
            Ok(started) => started,
            Err(error) => return self.refuse(dialog, &Fault::Start(error.kind())),
        };
        // killed with its reader, should this future be dropped
        let mut last_words = JoinSet::new();
        last_words.spawn(log_stderr(pipes.stderr, self.name.clone(), info.call.clone(), redactor.clone()));
        let pipes = (pipes.stdin, pipes.stdout);
        let log = |text: &str| {
            tracing::info!(module = self.name, call = info.call, "{}", redactor.clean(text));
        };
        let any = self.config.receive == ReceiveMode::Any;
        let mut session = Session::new(pipes, &self.launch.limits, any, &log, &redactor);
        session.tell(self.begin(&info).line());
        match session.run(&mut dialog).await {
            Ok(verdict) => {
                dialog.complete(verdict.map_or_else(call_ended, |verdict| cleaned(verdict, &redactor)));
                let _ = timeout(self.launch.limits.grace, goodbye(&mut session, &program)).await;
            }
            Err(Fault::Exited(_)) => self.refuse(dialog, &Fault::Exited(program.ended(EXIT).await)),
            Err(fault) => self.refuse(dialog, &fault),
        }
        program.end().await;
        let _ = timeout(LAST_WORDS, last_words.join_next()).await;
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
}

impl Module for ProgramModule {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, dialog: Dialog) -> BoxFuture<'_, ()> {
        Box::pin(self.converse(dialog))
    }
}

async fn goodbye(session: &mut Session<'_>, program: &Running) {
    session.farewell().await;
    while program.ended(EXIT).await.is_none() {}
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

/// Past its share the pipe is not read any more, so that a flood stands still instead of costing time.
async fn log_stderr(pipe: ChildStderr, module: String, call: String, redactor: Arc<Redactor>) {
    let mut lines = Lines::new(pipe, STDERR_LINE);
    for _ in 0..STDERR_LINES {
        let Ok(Some(line)) = lines.next().await else { return };
        let text = redactor.clean(&String::from_utf8_lossy(&line.bytes));
        tracing::warn!(module, call, "stderr: {text}");
    }
    tracing::warn!(module, call, "stderr: more than {STDERR_LINES} lines; the rest is not read");
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests;
