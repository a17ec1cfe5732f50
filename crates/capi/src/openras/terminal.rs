//! The terminal of a paused connection as a descriptor: a pair of sockets, one end the program's; between the other and
//! the service a task carries bytes until the pause is over.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use openras_api::client::Stream;
use openras_engine::{ConnState, RasError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use crate::calls::connection::Connection;
use crate::calls::refused;
use crate::guard::INVALID_PARAMETER;
use crate::runtime;

/// ERROR_TOO_MANY_OPEN_FILES.
const TOO_MANY_FILES: RasError = RasError(4);
/// How long a line may take for what was written last: RasDial waits so long for a line that stands still, and no longer.
const LAST_BYTES: Duration = Duration::from_secs(10);
/// Bytes carried at once.
const CHUNK: usize = 4096;

/// The terminal a program has, if it has.
#[derive(Default)]
pub(crate) struct Taken(Mutex<Option<Carrier>>);

/// Who carries its bytes.
struct Carrier {
    /// Becomes true when the rest is to be carried and then no more.
    last: watch::Sender<bool>,
    over: tokio::task::JoinHandle<()>,
}

/// Gives the program an end of the terminal. One that it had before ends.
///
/// # Errors
/// 87: the connection is not paused in RASCS_Interactive; 4; what the service says.
pub(super) fn take(connection: &Connection) -> Result<OwnedFd, RasError> {
    let now = connection.now();
    if !now.paused || now.state != Some(ConnState::INTERACTIVE) {
        return Err(INVALID_PARAMETER);
    }
    finish(connection);
    let line = runtime::wait(connection.client.terminal(connection.id))?.map_err(|problem| {
        // the pause ended in this moment, or is another program's
        let ended = problem.number() == RasError::DIAL_ALREADY_IN_PROGRESS;
        let error = refused(problem);
        if ended { INVALID_PARAMETER } else { error }
    })?;
    let _inside = runtime::handle()?.enter();
    let (programs, ours) = std::os::unix::net::UnixStream::pair().map_err(|_| TOO_MANY_FILES)?;
    let ours = non_blocking(ours).map_err(|_| TOO_MANY_FILES)?;
    let (last, is_last) = watch::channel(false);
    let over = runtime::handle()?.spawn(carry(line, ours, is_last));
    let carrier = Carrier { last, over };
    *connection.extras.terminal.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(carrier);
    Ok(programs.into())
}

/// Sends what the program has written so far and ends its terminal: the dial goes on. Where it has none, nothing.
pub(crate) fn finish(connection: &Connection) {
    let carrier = connection.extras.terminal.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Carrier { last, over }) = carrier {
        let _ = last.send(true);
        let stop = over.abort_handle();
        // without a runtime nothing was carried; a task that panicked has closed both ends
        let _ = runtime::wait(async { tokio::time::timeout(LAST_BYTES, over).await });
        stop.abort();
    }
}

fn non_blocking(socket: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
    socket.set_nonblocking(true)?;
    UnixStream::from_std(socket)
}

async fn carry(line: Stream, program: UnixStream, last: watch::Receiver<bool>) {
    let (shown, typing) = tokio::io::split(line);
    let (typed, showing) = program.into_split();
    let down = show(shown, showing, last.clone());
    tokio::pin!(down);
    tokio::select! {
        () = &mut down => {}
        () = send(typed, typing, last) => down.await,
    }
}

/// What the program types, to its end or the end of the pause; then the service is told that no more comes, and closes.
async fn send(mut typed: OwnedReadHalf, mut line: WriteHalf<Stream>, mut last: watch::Receiver<bool>) {
    let mut bytes = [0; CHUNK];
    loop {
        let read = tokio::select! {
            read = typed.read(&mut bytes) => read,
            _ = last.wait_for(|last| *last) => break,
        };
        let Ok(count @ 1..) = read else { break };
        if line.write_all(bytes.get(..count).unwrap_or_default()).await.is_err() {
            return;
        }
    }
    // asked of the system: the runtime may not have heard yet of what was written a moment ago
    while let Ok(count @ 1..) = rustix::io::read(typed.as_ref(), &mut bytes) {
        if line.write_all(bytes.get(..count).unwrap_or_default()).await.is_err() {
            return;
        }
    }
    // a service that is gone needs no end
    let _ = line.shutdown().await;
}

/// What the other end shows, until the service closes. When it is the last, a program that does not read holds up nothing.
async fn show(mut line: ReadHalf<Stream>, mut program: OwnedWriteHalf, mut last: watch::Receiver<bool>) {
    let mut bytes = [0; CHUNK];
    while let Ok(count @ 1..) = line.read(&mut bytes).await {
        tokio::select! {
            // a program that has closed its end wants no more of it
            _ = program.write_all(bytes.get(..count).unwrap_or_default()) => {}
            _ = last.wait_for(|last| *last) => {}
        }
    }
    let _ = program.shutdown().await;
}
