//! A service for a caller who has logged in: connected as the configuration says, and left for the call to take.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openras_engine::RasError;
use openras_io::line::{TelnetStream, ras_error};
use openras_io::octets::{As, Command, Octets, Program, Slot};
use tokio::net::TcpStream;
use tracing::warn;

use crate::config::{Config, HostPort, ServiceConfig};

/// How long a connect may take: shorter than any `answer_limit`.
const CONNECT: Duration = Duration::from_secs(15);

/// Connects a service and leaves its stream in the slot.
pub(super) async fn open(name: &str, config: &Config, slot: &Slot) -> Result<(), RasError> {
    let Some(service) = config.services.get(name) else {
        warn!(service = name, "a user has a service that no [service] table describes");
        return Err(RasError::DEVICE_DOES_NOT_EXIST);
    };
    match stream(service, config.helper.as_deref()).await {
        Ok(stream) => {
            slot.put(stream);
            Ok(())
        }
        Err(error) => {
            warn!(service = name, %error, "the service cannot be connected");
            Err(ras_error(&error))
        }
    }
}

async fn stream(service: &ServiceConfig, keeper: Option<&Path>) -> io::Result<Box<dyn Octets>> {
    Ok(match service {
        ServiceConfig::Tcp(at) => Box::new(connect(at).await?),
        ServiceConfig::Telnet(at) => Box::new(TelnetStream::client_perhaps(connect(at).await?)),
        ServiceConfig::Command { program, arguments, user } => {
            let named = user.clone();
            // where users come from a network, asking for one may take its time
            let asking = tokio::task::spawn_blocking(move || whom(named.as_deref()));
            let (user, name, home) = asking.await.map_err(io::Error::other)??;
            let user = user.as_ref();
            let program = Program { path: program, arguments, user, name: &name, home: &home, keeper };
            Box::new(Command::start(&program).await?)
        }
    })
}

async fn connect(at: &HostPort) -> io::Result<TcpStream> {
    let connecting = TcpStream::connect(at.to_string());
    let stream = tokio::time::timeout(CONNECT, connecting).await.map_err(|_| io::ErrorKind::TimedOut)??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whom a command runs as, with name and home. A service that is not root's has no choice, and root's must name one.
fn whom(user: Option<&str>) -> io::Result<(Option<As>, String, PathBuf)> {
    let own = rustix::process::geteuid();
    let found = match user {
        Some(name) => nix::unistd::User::from_name(name),
        None => nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(own.as_raw())),
    };
    let refused = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, why.to_owned());
    let found = found.map_err(io::Error::from)?.ok_or_else(|| refused("there is no such user"))?;
    let other = found.uid.as_raw() != own.as_raw();
    match (own.is_root(), user) {
        (true, None) => Err(refused("a command of root's service names no user")),
        (false, _) if other => Err(refused("only root can run a command as another user")),
        (true, Some(_)) if !other => Err(refused("a caller's program is never run as root")),
        (true, Some(_)) => {
            let user = As { uid: found.uid.as_raw(), gid: found.gid.as_raw() };
            Ok((Some(user), found.name, found.dir))
        }
        (false, _) => Ok((None, found.name, found.dir)),
    }
}
