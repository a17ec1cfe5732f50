//! The name servers of a dial, in force for all programs of this system while the call is: by systemd-resolved or `resolvconf`
//! where one of them has /etc/resolv.conf, else in that file itself.
//!
//! What a program that was killed left in force is undone by the next one: a device that is gone has no name servers.
//! Of what the other end says only addresses get here (defence rule 3).

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::tun::is_for_a_host;

mod file;
mod programs;
#[cfg(test)]
mod tests;

/// Name servers that count: those IPCP can give, and as many again by IPv6.
const MOST: usize = 4;

/// Where this system has its names.
#[derive(Clone, Debug)]
pub struct System {
    resolv_conf: PathBuf,
    /// Where systemd-resolved has its files.
    resolved: PathBuf,
    resolvectl: Vec<PathBuf>,
    resolvconf: Vec<PathBuf>,
    /// Where `resolvconf` keeps what it was told, by name.
    records: Vec<PathBuf>,
}

impl Default for System {
    fn default() -> Self {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect();
        Self {
            resolv_conf: "/etc/resolv.conf".into(),
            resolved: "/run/systemd/resolve".into(),
            resolvectl: paths(&["/usr/bin/resolvectl", "/bin/resolvectl"]),
            resolvconf: paths(&["/usr/sbin/resolvconf", "/sbin/resolvconf", "/usr/bin/resolvconf"]),
            records: paths(&["/run/resolvconf/interface", "/run/resolvconf/interfaces"]),
        }
    }
}

/// The name servers of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    device: String,
    /// The device's number: a name may come again, and this does not.
    index: u32,
    servers: Vec<IpAddr>,
}

/// How they are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Resolved,
    Resolvconf,
    File,
}

/// What became of them, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// They are in force.
    InForce(String),
    /// What was there before is again.
    Undone(String),
    /// They are not, or could not be undone: what happened, and what to do.
    Failed(String),
}

/// A call's hold on the system's name servers. Dropped, they are undone by the [`Keeper`].
pub(super) struct NameServers(watch::Sender<Option<Wanted>>);

impl NameServers {
    /// These shall be in force, as far as they can be the address of a host.
    pub(super) fn set(&self, device: &str, index: u32, servers: impl IntoIterator<Item = IpAddr>) {
        let mut usable: Vec<IpAddr> = Vec::new();
        for server in servers.into_iter().filter(is_server) {
            if !usable.contains(&server) && usable.len() < MOST {
                usable.push(server);
            }
        }
        self.want((!usable.is_empty()).then(|| Wanted { device: device.to_owned(), index, servers: usable }));
    }

    /// None shall be.
    pub(super) fn clear(&self) {
        self.want(None);
    }

    fn want(&self, wanted: Option<Wanted>) {
        self.0.send_if_modified(|now| {
            let changed = *now != wanted;
            *now = wanted;
            changed
        });
    }
}

fn is_server(server: &IpAddr) -> bool {
    match server {
        IpAddr::V4(server) => is_for_a_host(*server),
        // a link-local one is of no use without the name of a device
        IpAddr::V6(server) => {
            !server.is_loopback()
                && !server.is_unspecified()
                && !server.is_multicast()
                && !server.is_unicast_link_local()
                && server.to_ipv4_mapped().is_none()
        }
    }
}

/// Who carries out what a call's `NameServers` say; a task of its own, because it may wait for programs and files.
pub struct Keeper {
    system: System,
    wanted: watch::Receiver<Option<Wanted>>,
}

/// A hold on this system's name servers, and its keeper, which must be run.
pub(super) fn name_servers(system: System) -> (NameServers, Keeper) {
    let (sender, wanted) = watch::channel(None);
    (NameServers(sender), Keeper { system, wanted })
}

impl Keeper {
    /// Keeps what is in force as it is wanted, and ends when it is undone after the call.
    pub async fn run(mut self, tell: impl Fn(Said) + Send) {
        let mut in_force: Option<(Way, Wanted)> = None;
        loop {
            let wanted = self.wanted.borrow_and_update().clone();
            if in_force.as_ref().map(|(_, wanted)| wanted) != wanted.as_ref() {
                if let Some((way, was)) = in_force.take() {
                    tell(undo(&self.system, way, was).await);
                }
                if let Some(wanted) = wanted {
                    let (way, said) = put(&self.system, &wanted).await;
                    tell(said);
                    in_force = way.map(|way| (way, wanted));
                }
            }
            if self.wanted.changed().await.is_err() {
                break;
            }
        }
        if let Some((way, was)) = in_force.take() {
            tell(undo(&self.system, way, was).await);
        }
    }
}

/// Puts them in force. Without a way they are not.
async fn put(system: &System, wanted: &Wanted) -> (Option<Way>, Said) {
    repair(system).await;
    let way = programs::way(system);
    let result = match way {
        Way::Resolved => programs::resolved(system, wanted).await,
        Way::Resolvconf => programs::resolvconf(system, wanted).await,
        Way::File => {
            let (path, wanted) = (system.resolv_conf.clone(), wanted.clone());
            aside(move || file::put(&path, &wanted)).await
        }
    };
    match result {
        Ok(()) => {
            let servers: Vec<_> = wanted.servers.iter().map(ToString::to_string).collect();
            let through = match way {
                Way::Resolved => "by systemd-resolved".to_owned(),
                Way::Resolvconf => "by resolvconf".to_owned(),
                Way::File => format!("in {}", system.resolv_conf.display()),
            };
            (Some(way), Said::InForce(format!("name servers {} are in force, {through}", servers.join(", "))))
        }
        Err(error) => (
            None,
            Said::Failed(format!(
                "the name servers of the call could not be put in force: {}",
                why(system, &error)
            )),
        ),
    }
}

async fn undo(system: &System, way: Way, was: Wanted) -> Said {
    let path = system.resolv_conf.clone();
    let result = match way {
        // what it knows of a device goes with the device; said all the same, for one that stays
        Way::Resolved => {
            let _ = programs::revert(system, &was).await;
            Ok(file::Taken::Restored)
        }
        Way::Resolvconf => programs::forget(system, &was.device).await.map(|()| file::Taken::Restored),
        Way::File => aside(move || file::take(&path, &was)).await,
    };
    match result {
        Ok(file::Taken::Restored) => Said::Undone("the name servers are as they were before the call".into()),
        Ok(file::Taken::OthersRemain) => Said::Undone("the name servers of other calls are in force".into()),
        Ok(file::Taken::Changed(kept)) => Said::Failed(format!(
            "{} was changed by somebody else during the call and is left as it is; what was there before is in {}",
            system.resolv_conf.display(),
            kept.display()
        )),
        Err(error) => Said::Failed(format!("the name servers could not be undone: {}", why(system, &error))),
    }
}

fn why(system: &System, error: &io::Error) -> String {
    let path = system.resolv_conf.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
            "the service may not write {path} ({error}); run it as root, give its unit ReadWritePaths=, or set them yourself"
        ),
        _ => error.to_string(),
    }
}

/// Undoes what programs left in force that were killed. Nothing is done where there is nothing of ours.
pub async fn repair(system: &System) {
    programs::forget_the_dead(system).await;
    let path = system.resolv_conf.clone();
    let repaired = aside(move || file::repair(&path)).await;
    match repaired {
        Ok(false) => {}
        Ok(true) => tracing::info!("name servers of a call that was killed are no longer in force"),
        Err(error) => {
            tracing::error!(
                "name servers of a call that was killed cannot be undone: {}",
                why(system, &error)
            );
        }
    }
}

/// Files may wait, and calls must not.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Whether the device that had name servers is there still.
fn is_alive(device: &str, index: u32) -> bool {
    nix::net::if_::if_nametoindex(device).is_ok_and(|now| now == index)
}
