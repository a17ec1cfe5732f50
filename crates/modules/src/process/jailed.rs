//! Starting a program in a jail.

use std::io::{BufRead as _, BufReader, Read as _};
use std::ops::Range;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{geteuid, kill_process};
use tokio::process::Command;
use tokio::time::timeout;

use super::child::{Held, Running};
use super::launch::{Launch, Started, spawn};
use super::slots::Slot;
use super::{Fault, ProgramError};
use crate::host::BoxFuture;
use crate::jail::{ARGUMENT, Identity, Kind, Report, Settings, Wall};

/// Longest time from the start to the jail's ready line.
const READY: Duration = Duration::from_secs(5);

/// A program, and the jail that was found to work for it.
#[derive(Clone, Debug)]
pub(super) struct Jailed {
    helper: PathBuf,
    settings: Settings,
    /// Whose each process is: one user for all, one of these for each, or the service's.
    user: User,
}

#[derive(Clone, Debug)]
enum User {
    Fixed(Identity),
    Each(Range<u32>),
    Service,
}

impl Jailed {
    /// Tries the walls from the highest down and keeps the first that really stands.
    pub(super) fn new(
        helper: Option<PathBuf>,
        settings: Settings,
        fixed: Option<(u32, u32)>,
        uids: &Range<u32>,
    ) -> Result<Self, ProgramError> {
        // the running program even where its file was replaced in the meantime
        let helper = helper.unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
        let fixed = fixed.map(|(uid, gid)| User::Fixed(Identity { uid, gid, sweeper: None }));
        let root = geteuid().is_root();
        if fixed.is_some() && !root {
            return Err(ProgramError::NoRight);
        }
        let own = fixed.unwrap_or_else(|| User::Each(uids.clone()));
        // never as root itself: to the kernel's settings in /proc/sys, root is root without any capability
        let walls = match root {
            false => vec![(Kind::Namespaces, User::Service)],
            true => vec![(Kind::Namespaces, own.clone()), (Kind::OwnUid, own)],
        };
        let mut why = Vec::new();
        for (kind, user) in walls {
            let jailed =
                Self { helper: helper.clone(), settings: Settings { kind, ..settings.clone() }, user };
            match jailed.probe() {
                Ok(()) => return Ok(jailed),
                Err(Fault::File(reason)) => return Err(ProgramError::NoAccess(reason)),
                Err(reason) => why.push(format!("{}: {reason}", jailed.wall())),
            }
        }
        Err(ProgramError::NoWall(why.join("; ")))
    }

    /// The settings for one process, and what must be kept as long as it lives.
    fn settings(&self, probe: bool) -> Option<(Settings, Option<Slot>)> {
        let (identity, slot) = match &self.user {
            User::Service => (None, None),
            User::Fixed(identity) => (Some(*identity), None),
            User::Each(range) => {
                let slot = Slot::take(range)?;
                (Some(slot.identity()), Some(slot))
            }
        };
        Some((Settings { identity, probe, ..self.settings.clone() }, slot))
    }

    fn arguments(settings: &Settings) -> Result<[String; 3], Fault> {
        let text = serde_json::to_string(settings).map_err(|_| {
            Fault::Jail("a path in its settings is not UTF-8".into(), nix::Error::EINVAL as i32)
        })?;
        Ok([ARGUMENT.to_owned(), "supervise".to_owned(), text])
    }

    /// Builds the jail once, for nobody.
    fn probe(&self) -> Result<(), Fault> {
        let (settings, _slot) = self.settings(true).ok_or_else(no_user)?;
        let arguments = Self::arguments(&settings)?;
        let mut command = std::process::Command::new(&self.helper);
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| Fault::Start(error.kind()))?;
        let (told, report) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut line = Vec::new();
                let mut pipe = BufReader::new(stdout.take(Report::MAX as u64));
                let _ = told.send(pipe.read_until(b'\n', &mut line).map(|_| line));
            });
        }
        let report = report.recv_timeout(READY);
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = child.wait();
        match report {
            Ok(Ok(line)) => ready(&line),
            Ok(Err(error)) => Err(Fault::Pipe(error.kind())),
            Err(_) => Err(Fault::NotReady(READY)),
        }
    }

    async fn launch(&self) -> Result<Started, Fault> {
        let (settings, slot) = self.settings(false).ok_or_else(no_user)?;
        let mut command = Command::new(&self.helper);
        command.args(Self::arguments(&settings)?).env_clear();
        let (child, mut pipes) = spawn(command, false).await.map_err(|error| Fault::Start(error.kind()))?;
        let process = Box::new(Running::new(child, Held::Jail { _slot: slot }));
        match timeout(READY, pipes.stdout.next()).await {
            Err(_) => Err(Fault::NotReady(READY)),
            Ok(Err(error)) => Err(Fault::Pipe(error.kind())),
            Ok(Ok(line)) => {
                ready(&line.map(|line| line.bytes).unwrap_or_default()).map(|()| Started { process, pipes })
            }
        }
    }
}

fn no_user() -> Fault {
    Fault::Jail("no user is left in the range for modules".into(), nix::Error::EAGAIN as i32)
}

/// Reads the jail's one line.
fn ready(line: &[u8]) -> Result<(), Fault> {
    match serde_json::from_slice(line) {
        Ok(Report::Ready { .. }) => Ok(()),
        Ok(Report::Failed(failed)) if failed.file => Err(Fault::File(failed.to_string())),
        Ok(Report::Failed(failed)) => Err(Fault::Jail(failed.to_string(), failed.errno)),
        Err(_) => Err(Fault::Jail(
            "the program asked to be the jail is none: its main() must begin with \
             openras_modules::jail::main_if_asked(), or `Parts::helper` name one that does"
                .into(),
            nix::Error::EINVAL as i32,
        )),
    }
}

impl Launch for Jailed {
    fn start(&self) -> BoxFuture<'_, Result<Started, Fault>> {
        Box::pin(self.launch())
    }

    fn wall(&self) -> Wall {
        match self.settings.kind {
            Kind::Namespaces => Wall::Namespaces { own_uid: !matches!(self.user, User::Service) },
            Kind::OwnUid => Wall::OwnUid,
        }
    }
}
