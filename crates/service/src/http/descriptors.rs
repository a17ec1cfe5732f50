//! Open files that clients hand over (defence rule 10): the client opened them with its own rights; the service only
//! writes to what it was given.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use openras_api::Problem;
use openras_api::routes::DESCRIPTOR;
use openras_api::types::server::Descriptor;
use openras_engine::RasError;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::time::timeout;

use super::answer::{Answer, line};
use super::ask::Ask;
use super::conn::Conn;
use super::upgrade;

/// How long a file waits to be named in a request, and how long a client may take to send it.
const LIFE: Duration = Duration::from_secs(10);
/// Files of one user that may wait.
const EACH: usize = 4;

/// Files handed over and not yet used.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Files>>);

#[derive(Default)]
struct Files {
    last: u64,
    files: BTreeMap<u64, (u32, File)>,
}

impl Waiting {
    /// Keeps a file for its user; it goes after [`LIFE`].
    fn keep(&self, uid: u32, file: File) -> Result<u64, Problem> {
        let number = {
            let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if files.files.values().filter(|(owner, _)| *owner == uid).count() >= EACH {
                return Err(Problem::new(RasError(1816), format!("{EACH} files of this user wait already."))
                    .remedy("Use them in requests, or wait 10 s."));
            }
            files.last += 1;
            let number = files.last;
            files.files.insert(number, (uid, file));
            number
        };
        let files = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            tokio::time::sleep(LIFE).await;
            if let Some(files) = files.upgrade() {
                files.lock().unwrap_or_else(PoisonError::into_inner).files.remove(&number);
            }
        });
        Ok(number)
    }

    /// Takes a user's file.
    ///
    /// # Errors
    /// 87: there is none of this number, or it is another's.
    pub(super) fn take(&self, uid: u32, number: u64) -> Result<File, Problem> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if files.files.get(&number).is_some_and(|(owner, _)| *owner == uid)
            && let Some((_, file)) = files.files.remove(&number)
        {
            return Ok(file);
        }
        Err(Problem::new(RasError::INVALID_PARAMETER, "No file with this number waits.")
            .remedy("Hand it over by POST /v1/descriptors and name it within 10 s, once."))
    }
}

/// `POST /v1/descriptors`.
pub(super) fn hand_over(ask: Ask) -> Answer {
    upgrade::wanted(&ask, DESCRIPTOR)?;
    let (waiting, uid) = (ask.api.descriptors.clone(), ask.peer().uid);
    upgrade::switch(ask, DESCRIPTOR, move |socket, first| take(waiting, uid, socket, first))
}

async fn take(waiting: Waiting, uid: u32, mut socket: Conn, first: Bytes) {
    let taken = match timeout(LIFE, receive(&socket)).await {
        Ok(Ok(file)) if first.is_empty() => waiting.keep(uid, file),
        _ => Err(Problem::new(RasError::INVALID_DATA, "One byte with one descriptor was to come here.")
            .remedy("After the answer 101, send one byte with SCM_RIGHTS of one open file.")),
    };
    let mut out = Vec::new();
    match taken {
        Ok(descriptor) => line(&mut out, &Descriptor { descriptor }),
        Err(problem) => line(&mut out, &problem),
    }
    // a client that has gone needs no answer
    let _ = timeout(LIFE, socket.write_all(&out)).await;
}

async fn receive(socket: &Conn) -> io::Result<File> {
    let socket = socket.socket();
    socket.async_io(Interest::READABLE, || one(socket)).await
}

/// One byte with exactly one descriptor; others are closed.
fn one(socket: &tokio::net::UnixStream) -> io::Result<File> {
    let mut byte = [0];
    // room for two, so that a second is seen (and closed); the system closes any more
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut beside, RecvFlags::CMSG_CLOEXEC)?;
    let mut files: Vec<OwnedFd> = beside
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        })
        .flatten()
        .collect();
    match (got.bytes, files.pop()) {
        (1, Some(file)) if files.is_empty() => Ok(File::from(file)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
