//! `openras answer --stdio`: one call, on the streams that inetd, ssh or a getty gave us.

use std::fs::OpenOptions;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use openras_api::types::event::{Ended, Event};
use openras_engine::RasError;
use openras_io::line::{Accepted, StdioStream};
use openras_service::{Arrived, Heard, Service};
use rustix::stdio::{stderr, stdin, stdout};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::serve;
use crate::cli::Answer;
use crate::exit;
use crate::signals::Signals;

/// How long the end of the call may linger, so that its last octets arrive.
const LINGER: Duration = Duration::from_secs(3);

/// Makes standard error lead to the log, or nowhere where it would lead to the caller. Before anything is written.
///
/// # Errors
/// The log cannot be written.
pub(crate) fn settle(log: Option<&Path>) -> Result<()> {
    let target = match log {
        Some(log) => OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(log)
            .with_context(|| format!("cannot write the log {}", log.display()))?,
        None if leads_to_the_caller() => {
            OpenOptions::new().write(true).open("/dev/null").context("cannot open /dev/null")?
        }
        None => return Ok(()),
    };
    rustix::stdio::dup2_stderr(target).context("standard error cannot be led elsewhere")
}

/// Whether standard error is what the call comes over.
fn leads_to_the_caller() -> bool {
    let file = |fd: std::os::fd::BorrowedFd<'_>| rustix::fs::fstat(fd).ok().map(|f| (f.st_dev, f.st_ino));
    let caller = [file(stdin().as_fd()), file(stdout().as_fd())];
    caller.into_iter().flatten().any(|caller| file(stderr().as_fd()) == Some(caller))
}

/// Serves the call and ends with it.
pub(crate) async fn run(args: Answer) -> Result<u8> {
    let config = serve::read(args.config.clone()).await?;
    let mut signals = Signals::listen()?;
    let (stream, mut found) = StdioStream::new(stdin(), stdout())
        .context("nobody can call on standard input and output: give it a socket, pipes or a terminal")?;
    let peer = stream.peer();
    let source = peer.or_else(ssh_peer).map(|ip| ip.to_string());
    let config = config.for_one_call(&args.port, peer).map_err(|error| anyhow!(error))?;
    let service = Service::start(config).await?;
    let code = tokio::spawn(code(service.events()));
    let line = Box::new(Accepted::new(stream, source.clone()));
    let answered = {
        let answering = service.answer(Arrived { line, source });
        tokio::pin!(answering);
        tokio::select! {
            answered = &mut answering => answered,
            () = signals.next() => tokio::join!(service.stop(), answering).1,
        }
    };
    service.stop().await;
    let _ = tokio::time::timeout(LINGER, found.unused()).await;
    drop((found, service));
    if !answered {
        return Ok(exit::LINE);
    }
    Ok(code.await.unwrap_or(exit::LINE))
}

/// The exit code of the call these are the events of.
async fn code(mut events: Receiver<std::sync::Arc<Heard>>) -> u8 {
    loop {
        match events.recv().await {
            Ok(heard) => {
                if let Event::Ended(ended) = &heard.told.event {
                    return of(ended);
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return exit::LINE,
        }
    }
}

fn of(ended: &Ended) -> u8 {
    match &ended.error {
        None => exit::OK,
        Some(problem) => exit::of(RasError(problem.error), ended.connected),
    }
}

/// Who called by ssh, as its server says: `ADDRESS PORT ADDRESS PORT`.
fn ssh_peer() -> Option<IpAddr> {
    let connection = std::env::var("SSH_CONNECTION").ok()?;
    connection.split(' ').next()?.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}
