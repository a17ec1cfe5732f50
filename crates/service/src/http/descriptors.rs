//! Open files that clients hand over (defence rule 10): the client opened them with its own rights; the service only
//! writes to what it was given.
//!
//! Closing may wait: on FUSE for a program of any user, at a device or a TCP socket for whoever takes the rest. So only
//! plain files of the system, pipes and Unix sockets are taken; anything else is closed by a thread of its own, and until
//! then it is one of those its user may have here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use openras_api::Problem;
use openras_api::routes::DESCRIPTOR;
use openras_api::types::server::Descriptor;
use openras_engine::RasError;
use rustix::fs::FileType;
use rustix::net::sockopt::socket_domain;
use rustix::net::{AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::time::timeout;

use super::answer::{Answer, line};
use super::ask::Ask;
use super::conn::Conn;
use super::upgrade;

/// How long a file waits to be named in a request, and how long a client may take to send it.
const LIFE: Duration = Duration::from_secs(10);
/// Files of one user that may wait.
const EACH: usize = 4;
/// Stack of a thread that only closes.
const STACK: usize = 64 * 1024;

/// Files handed over and not yet used.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Files>>);

#[derive(Default)]
struct Files {
    last: u64,
    /// With their users; `None` for one that is still to come, or is being closed.
    files: BTreeMap<u64, (u32, Option<File>)>,
}

/// Room for one file, until dropped or its file was taken.
struct Place {
    of: Waiting,
    number: u64,
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a file of this user.
    fn place(&self, uid: u32) -> Result<Place, Problem> {
        let mut files = self.lock();
        if files.files.values().filter(|(owner, _)| *owner == uid).count() >= EACH {
            return Err(Problem::new(RasError(1816), format!("{EACH} files of this user wait already."))
                .remedy("Use them in requests, or wait 10 s."));
        }
        files.last += 1;
        let number = files.last;
        files.files.insert(number, (uid, None));
        Ok(Place { of: self.clone(), number })
    }

    /// Takes a user's file.
    ///
    /// # Errors
    /// 87: there is none of this number, or it is another's.
    pub(super) fn take(&self, uid: u32, number: u64) -> Result<File, Problem> {
        let mut files = self.lock();
        if let Some((owner, waits)) = files.files.get_mut(&number)
            && *owner == uid
            && let Some(file) = waits.take()
        {
            files.files.remove(&number);
            return Ok(file);
        }
        Err(Problem::new(RasError::INVALID_PARAMETER, "No file with this number waits.")
            .remedy("Hand it over by POST /v1/descriptors and name it within 10 s, once."))
    }
}

impl Place {
    /// Keeps the file for its user; it goes after [`LIFE`].
    fn keep(self, file: File) -> u64 {
        let number = self.number;
        if let Some((_, waits)) = self.of.lock().files.get_mut(&number) {
            *waits = Some(file);
        }
        tokio::spawn(async move {
            tokio::time::sleep(LIFE).await;
            // with what waits there still
            drop(self);
        });
        number
    }

    /// Closes files, and only then makes room for others.
    fn close(self, files: Vec<OwnedFd>) {
        let slow: Vec<_> = files.into_iter().filter(|file| !closes_at_once(file)).collect();
        if slow.is_empty() {
            return;
        }
        // without a thread they are closed here
        let _ = std::thread::Builder::new().name("close".into()).stack_size(STACK).spawn(move || {
            drop(slow);
            drop(self);
        });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.lock().files.remove(&self.number);
    }
}

/// `POST /v1/descriptors`.
pub(super) fn hand_over(ask: Ask) -> Answer {
    upgrade::wanted(&ask, DESCRIPTOR)?;
    let (waiting, uid) = (ask.api.descriptors.clone(), ask.peer().uid);
    upgrade::switch(ask, DESCRIPTOR, move |socket, first| take(waiting, uid, socket, first))
}

async fn take(waiting: Waiting, uid: u32, mut socket: Conn, first: Bytes) {
    let taken = match waiting.place(uid) {
        Ok(place) => file(place, &socket, &first).await,
        Err(full) => {
            // it would lose the answer if it were still sending; what comes beside a read is not taken
            let _ = timeout(LIFE, socket.read_u8()).await;
            Err(full)
        }
    };
    let mut out = Vec::new();
    match taken {
        Ok(descriptor) => line(&mut out, &Descriptor { descriptor }),
        Err(problem) => line(&mut out, &problem),
    }
    // a client that has gone needs no answer
    let _ = timeout(LIFE, socket.write_all(&out)).await;
}

/// Takes one file.
async fn file(place: Place, socket: &Conn, first: &Bytes) -> Result<u64, Problem> {
    let mut files = match timeout(LIFE, receive(socket)).await {
        Ok(Ok((1, files))) if first.is_empty() => files,
        Ok(Ok((_, files))) => {
            place.close(files);
            return Err(not_one());
        }
        _ => return Err(not_one()),
    };
    match files.pop() {
        Some(file) if files.is_empty() => {
            if closes_at_once(&file) {
                return Ok(place.keep(file.into()));
            }
            place.close(vec![file]);
            Err(Problem::new(
                RasError::INVALID_PARAMETER,
                "This is no plain file of the machine's own file systems, and no pipe or Unix socket.",
            )
            .remedy("Hand over a file on a disk of this machine, or a pipe."))
        }
        last => {
            place.close(files.into_iter().chain(last).collect());
            Err(not_one())
        }
    }
}

fn not_one() -> Problem {
    Problem::new(RasError::INVALID_DATA, "One byte with one descriptor was to come here.")
        .remedy("After the answer 101, send one byte with SCM_RIGHTS of one open file.")
}

/// Whether nobody can make closing it wait.
fn closes_at_once(file: &OwnedFd) -> bool {
    // asking FUSE for the type would wait already
    is_of_the_system(file)
        && rustix::fs::fstat(file).is_ok_and(|found| match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile | FileType::Fifo => true,
            FileType::Socket => socket_domain(file).is_ok_and(|family| family == AddressFamily::UNIX),
            _ => false,
        })
}

/// Whether the kernel itself serves the file, as far as can be told without asking whoever serves it: its mount is one
/// we see, and not of FUSE; or it is a pipe or socket.
fn is_of_the_system(file: &OwnedFd) -> bool {
    let number = file.as_raw_fd();
    let name = std::fs::read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
    if name.to_str().is_some_and(|name| name.starts_with("pipe:[") || name.starts_with("socket:[")) {
        return true;
    }
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mount = about.lines().find_map(|line| line.strip_prefix("mnt_id:"));
    let kind = mount.and_then(|mount| kind_of_mount(&String::from_utf8_lossy(&mounts), mount.trim()));
    kind.is_some_and(|kind| !kind.starts_with("fuse"))
}

/// The kind of file system of a mount in a table as proc(5) describes it.
fn kind_of_mount(mounts: &str, number: &str) -> Option<String> {
    let line = mounts.lines().find(|line| line.split(' ').next() == Some(number))?;
    line.split_once(" - ")?.1.split(' ').next().map(str::to_owned)
}

/// How many bytes came, and what came beside them.
async fn receive(socket: &Conn) -> io::Result<(usize, Vec<OwnedFd>)> {
    let socket = socket.socket();
    socket.async_io(Interest::READABLE, || one(socket)).await
}

/// One byte with at most two descriptors.
fn one(socket: &tokio::net::UnixStream) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut byte = [0];
    // room for two, so that a second is seen; the system closes any more
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut beside, RecvFlags::CMSG_CLOEXEC)?;
    let files = beside
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        })
        .flatten()
        .collect();
    Ok((got.bytes, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_program_serves_is_told_by_its_mount() {
        let mounts = "\
            25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
            251 25 0:50 / /home/a/\\040-\\040ext4 rw,nosuid - fuse.sshfs host: rw,user_id=7\n";
        assert_eq!(kind_of_mount(mounts, "25").as_deref(), Some("ext4"));
        assert_eq!(kind_of_mount(mounts, "251").as_deref(), Some("fuse.sshfs"));
        assert_eq!(kind_of_mount(mounts, "5"), None);
        let (reader, _writer) = std::io::pipe().unwrap();
        let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (unix, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        for (file, taken) in [
            (OwnedFd::from(reader), true),
            (tempfile::tempfile().unwrap().into(), true),
            (unix.into(), true),
            (tcp.into(), false),
            (File::open("/dev/null").unwrap().into(), false),
            (File::open("/").unwrap().into(), false),
        ] {
            assert_eq!(closes_at_once(&file), taken, "{file:?}");
        }
    }

    #[tokio::test]
    async fn there_is_room_only_when_a_file_was_closed() {
        let waiting = Waiting::default();
        let mut places: Vec<_> = (0..EACH).map(|_| waiting.place(7).unwrap()).collect();
        assert_eq!(waiting.place(7).err().unwrap().error, 1816);
        let other = waiting.place(8).unwrap();
        assert!(waiting.take(8, other.number).is_err(), "it has not come yet");
        let number = other.keep(tempfile::tempfile().unwrap());
        assert!(waiting.take(7, number).is_err(), "it is another's");
        assert!(waiting.take(8, number).is_ok());
        places.pop();
        assert!(waiting.place(7).is_ok());
    }
}
