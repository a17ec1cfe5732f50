//! Handing over an open file: one byte with the descriptor beside it (SCM_RIGHTS), answered by a line.

use std::fs::File;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::path::Path;

use openras_engine::RasError;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Interest};

use super::{Stream, answer};
use crate::Problem;
use crate::trust::shown;
use crate::types::server::Descriptor;

/// Longest answer, in bytes.
const LONGEST: u64 = 8192;

/// Sends the file over the upgraded stream and reads its number.
pub(super) async fn hand_over(path: &Path, stream: Stream, file: &File) -> Result<u64, Problem> {
    let failed = |error: io::Error| {
        Problem::new(
            RasError::RASMAN_CANNOT_INITIALIZE,
            format!("The file could not be handed to the service at {}: {error}.", shown(path)),
        )
        .remedy("Look whether the service still runs.")
    };
    stream.socket().async_io(Interest::WRITABLE, || send(&stream, file)).await.map_err(failed)?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST)).read_until(b'\n', &mut line).await.map_err(failed)?;
    if let Ok(taken) = serde_json::from_slice::<Descriptor>(&line) {
        return Ok(taken.descriptor);
    }
    serde_json::from_slice(&line)
        .map_or_else(|_| Err(answer::strange(path, "it does not say whether it took the file")), Err)
}

fn send(stream: &Stream, file: &File) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let files = [file.as_fd()];
    if !beside.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::Error::other("no room for the descriptor"));
    }
    sendmsg(stream, &[IoSlice::new(b"\n")], &mut beside, SendFlags::NOSIGNAL)?;
    Ok(())
}
