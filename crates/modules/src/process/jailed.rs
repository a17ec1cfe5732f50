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

/// Longest time from the start to the jail's ready line, for a program whose `limits.begin` gives it less.
const READY: Duration = Duration::from_secs(5);
/// The same where walls are tried: whoever starts the service while the host starts everything else must not be told
/// that no wall stands.
const TRIED: Duration = Duration::from_secs(30);

/// A program, and the jail that was found to work for it.
#[derive(Clone, Debug)]
pub(super) struct Jailed {
    helper: PathBuf,
    settings: Settings,
    /// Whose each process is: one user for all, one of these for each, or the service's.
    user: User,
    /// Longest time from the start to the jail's ready line: a host on which programs need long to begin builds jails
    /// no faster.
    ready: Duration,
}

#[derive(Clone, Debug)]
enum User {
    Fixed(Identity),
    Each(Range<u32>),
    Service,
}

impl Jailed {
    /// Tries the walls from the highest down and keeps the first that really stands. `begin` is the program's
    /// `limits.begin`.
    pub(super) fn new(
        helper: Option<PathBuf>,
        settings: Settings,
        fixed: Option<(u32, u32)>,
        uids: &Range<u32>,
        begin: Duration,
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
            let jailed = Self::untried(helper.clone(), Settings { kind, ..settings.clone() }, user, begin);
            match jailed.probe() {
                Ok(()) => return Ok(jailed),
                Err(Fault::File(reason)) => return Err(ProgramError::NoAccess(reason)),
                Err(reason) => why.push(format!("{}: {reason}", jailed.wall())),
            }
        }
        Err(ProgramError::NoWall(why.join("; ")))
    }

    fn untried(helper: PathBuf, settings: Settings, user: User, begin: Duration) -> Self {
        Self { helper, settings, user, ready: begin.max(READY) }
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
        let patience = self.ready.max(TRIED);
        let report = report.recv_timeout(patience);
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = child.wait();
        match report {
            Ok(Ok(line)) => ready(&line),
            Ok(Err(error)) => Err(Fault::Pipe(error.kind())),
            Err(_) => Err(Fault::NotReady(patience)),
        }
    }

    async fn launch(&self) -> Result<Started, Fault> {
        let (settings, slot) = self.settings(false).ok_or_else(no_user)?;
        let mut command = Command::new(&self.helper);
        command.args(Self::arguments(&settings)?).env_clear();
        let (child, mut pipes) = spawn(command, false).await.map_err(|error| Fault::Start(error.kind()))?;
        let process = Box::new(Running::new(child, Held::Jail { slot }));
        match timeout(self.ready, pipes.stdout.next()).await {
            Err(_) => Err(Fault::NotReady(self.ready)),
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::jail::Ceilings;

    /// The clock is virtual: it stands while the program is started, and then goes straight to the limit.
    #[tokio::test(start_paused = true)]
    async fn a_host_that_is_slow_by_its_settings_has_as_long_to_build_a_jail() {
        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join("never-ready");
        std::fs::write(&helper, "#!/bin/sh\nexec sleep 600\n").unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
        for (begin, limit) in [(60, 60), (10, 10), (1, 5)] {
            let settings = Settings {
                kind: Kind::Namespaces,
                program: "/bin/true".into(),
                arguments: Vec::new(),
                folder: None,
                readable: Vec::new(),
                network: false,
                identity: None,
                grace: 0,
                ceilings: Ceilings { memory: None, cpu: 30, files: 64, processes: 16, file: 1 << 20 },
                probe: false,
            };
            let begin = Duration::from_secs(begin);
            let jailed = Jailed::untried(helper.clone(), settings, User::Service, begin);
            let fault = jailed.launch().await.err().unwrap();
            assert_eq!(fault, Fault::NotReady(Duration::from_secs(limit)));
        }
    }
}
