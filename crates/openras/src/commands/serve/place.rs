//! Where the service answers programs, and whom.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use openras_api::find;
use openras_service::rights::Rights;
use openras_service::socket::Mode;
use rustix::fs::{Access, access};
use tokio::net::UnixStream;

use crate::cli::Serve;

/// How long one who has lost the race waits for the winner to answer.
const WINNER: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// A socket and who may ask there.
pub(crate) struct Place {
    pub(crate) socket: PathBuf,
    pub(crate) mode: Mode,
    pub(crate) rights: Rights,
}

/// `--private`, `--socket`, `OPENRAS_SOCKET`; else the system's place for those who may, or the user's own.
pub(crate) fn of(args: &Serve) -> Result<Place> {
    if let Some(socket) = &args.private {
        return Ok(private(socket.clone()));
    }
    let variable = std::env::var_os("OPENRAS_SOCKET").filter(|socket| !socket.is_empty()).map(PathBuf::from);
    if let Some(socket) = args.socket.clone().or(variable) {
        return Ok(system(std::path::absolute(&socket).unwrap_or(socket)));
    }
    let socket = Path::new(find::SYSTEM_SOCKET);
    let ours = |folder: &Path| access(folder, Access::WRITE_OK).is_ok();
    if rustix::process::geteuid().is_root() || socket.parent().is_some_and(ours) {
        return Ok(system(socket.to_owned()));
    }
    Ok(private(find::private_socket()?))
}

fn system(socket: PathBuf) -> Place {
    Place { socket, mode: Mode::System, rights: Rights::system() }
}

fn private(socket: PathBuf) -> Place {
    Place { socket, mode: Mode::Private, rights: Rights::private() }
}

impl Place {
    /// Whether a service of ours comes to answer there.
    pub(crate) async fn answers(&self) -> bool {
        let until = Instant::now() + WINNER;
        loop {
            if let Ok(stream) = UnixStream::connect(&self.socket).await
                && stream.peer_cred().is_ok_and(|peer| peer.uid() == rustix::process::geteuid().as_raw())
            {
                return true;
            }
            if until <= Instant::now() {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
