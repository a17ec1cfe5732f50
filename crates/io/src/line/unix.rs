//! Unix sockets: `unix:PATH` dials, `listen:unix:PATH` answers.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use std::time::Duration;

use openras_engine::RasError;
use tokio::net::UnixStream;

use super::failure::ras_error;
use super::switched::{Accepted, Kind, Later, Switched};

/// How long a listener rests when the system has no room for another socket.
const BREATH: Duration = Duration::from_millis(200);

/// A line whose other end is one unix socket.
pub struct UnixDial {
    line: Switched<Connect>,
}

impl UnixDial {
    /// `path` is the socket's file. The number dialled does not count.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { line: Switched::new(Connect { path: path.into() }) }
    }
}

struct Connect {
    path: PathBuf,
}

impl Kind for Connect {
    type Stream = UnixStream;

    fn dial(&mut self, _number: &str) -> Later<Result<UnixStream, RasError>> {
        let path = self.path.clone();
        Box::pin(async move {
            UnixStream::connect(&path).await.map_err(|error| {
                tracing::info!(path = %path.display(), %error, "cannot connect");
                ras_error(&error)
            })
        })
    }
}

delegate_line!([] UnixDial);

/// Answers calls on a unix socket; each one is an [`Accepted`] line. The file goes when this is dropped.
#[derive(Debug)]
pub struct UnixListener {
    socket: tokio::net::UnixListener,
    path: PathBuf,
    /// Device and inode of our file: what another program put in its place is not removed.
    file: (u64, u64),
}

impl UnixListener {
    /// Listens at `path` with these permission bits. The file of a dead socket is replaced; where somebody listens,
    /// or where something that is no socket lies, the error is `AddrInUse`. The file appears with its final
    /// permissions.
    pub fn bind(path: impl Into<PathBuf>, mode: u32) -> io::Result<Self> {
        let path = path.into();
        refuse_live(&path)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let fresh = path.with_file_name(name);
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = tokio::net::UnixListener::bind(&fresh)?;
        let placed = fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))
            .and_then(|()| fs::symlink_metadata(&fresh))
            .and_then(|file| fs::rename(&fresh, &path).map(|()| (file.dev(), file.ino())));
        match placed {
            Ok(file) => Ok(Self { socket, path, file }),
            Err(error) => {
                drop(fs::remove_file(&fresh));
                Err(error)
            }
        }
    }

    /// The next connection.
    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        self.socket.poll_accept(cx).map_ok(|(stream, _)| stream)
    }

    /// The next call. Never fails, as [`TcpListener::accept`](super::TcpListener::accept); its source is `uid N`.
    pub async fn accept(&self) -> Accepted<UnixStream> {
        let mut failing = false;
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    let source = stream.peer_cred().ok().map(|peer| format!("uid {}", peer.uid()));
                    return Accepted::new(stream, source);
                }
                Err(error) => {
                    // a system without room says so at every try, and once is enough to read
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "cannot accept a call; trying again until it can");
                    }
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
}

/// An error unless the path is free or holds a socket nobody listens on.
fn refuse_live(path: &Path) -> io::Result<()> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !file.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "a file that is no socket lies there"));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there")),
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.file) {
            drop(fs::remove_file(&self.path));
        }
    }
}
