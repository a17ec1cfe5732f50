//! Stage 2: builds the jail around itself, gives up all rights, and runs the program.
//!
//! With namespaces it is process 1 in there and stays, so that the program is an ordinary process: one that is not 1
//! hears its own signals, and somebody collects what it leaves behind.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::SigSet;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{AccessFlags, Pid, access, geteuid, setsid};
use rustix::process::{DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal};

use super::settings::{Kind, Report, Settings};
use super::supervise::{SIGNALLED, null};
use super::{Failed, Step, drop, mounts};

/// The environment's PATH.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Becomes the jail; gives the status for the supervisor.
pub(super) fn run(settings: &Settings) -> Result<i32, Failed> {
    let mut parent = Parent::find()?;
    parent.die_with()?;
    // a group and session of its own, or the program's kill(0) would reach the supervisor
    setsid().step("leaving the session of the service")?;
    drop::first_to_go();
    // what is made in the jail is for its user to read
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    match settings.kind {
        Kind::Namespaces => enter_namespaces(settings)?,
        Kind::OwnUid => enter_own_uid(settings)?,
    }
    drop::capabilities()?;
    // set anew: the kernel forgets it with every change of user
    parent.die_with()?;
    let mut command = command(settings);
    may_run(settings)?;
    let report = Report::Ready { own_uid: settings.identity.is_some() }.line();
    let own = if settings.kind == Kind::Namespaces { 1 } else { 0 };
    drop::limits(&settings.ceilings, own)?;
    let mut stdout = std::io::stdout();
    stdout.write_all(&report).and_then(|()| stdout.flush()).step("saying that the jail is ready")?;
    if settings.probe {
        return Ok(0);
    }
    match settings.kind {
        Kind::Namespaces => attend(command),
        Kind::OwnUid => {
            SigSet::all().thread_unblock().step("letting signals through")?;
            Err(Failed::io("running the program", &command.exec()))
        }
    }
}

/// The supervisor, as the service's /proc shows it.
struct Parent {
    number: String,
    /// What is known of this process, in a /proc that tells of the parent too. Stays good when the jail has another.
    status: File,
}

impl Parent {
    fn find() -> Result<Self, Failed> {
        let number = std::env::args().nth(4).unwrap_or_default();
        let status = File::open("/proc/self/stat").step("opening /proc/self/stat")?;
        Ok(Self { number, status })
    }

    /// The kernel kills this process when the supervisor ends, however it ends; one that has ended already is found.
    fn die_with(&mut self) -> Result<(), Failed> {
        set_parent_process_death_signal(Some(Signal::KILL)).step("asking to end with the supervisor")?;
        let mut text = String::new();
        self.status.rewind().step("reading /proc/self/stat")?;
        self.status.read_to_string(&mut text).step("reading /proc/self/stat")?;
        // `NUMBER (NAME) STATE PARENT …`, and a name may have anything in it
        let parent = text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1));
        match parent == Some(self.number.as_str()) {
            true => Ok(()),
            false => Err(Failed::at("looking for the supervisor, which has ended", Errno::ESRCH)),
        }
    }
}

fn enter_namespaces(settings: &Settings) -> Result<(), Failed> {
    unshare(CloneFlags::CLONE_NEWNS).step("making a mount namespace")?;
    nix::unistd::sethostname("module").step("naming the host")?;
    mounts::build(settings)?;
    drop::no_messages();
    if let Some(identity) = settings.identity {
        drop::become_user(identity)?;
        return drop::no_more_namespaces((identity.uid, identity.uid), (identity.gid, identity.gid));
    }
    // 0 is who we are in the supervisor's user namespace; to the rest of the machine, the service's user
    drop::no_more_namespaces((mounts::INSIDE, 0), (mounts::INSIDE, 0))
}

fn enter_own_uid(settings: &Settings) -> Result<(), Failed> {
    let identity = settings.identity.ok_or_else(|| Failed::at("choosing a user", Errno::EINVAL))?;
    let folder = settings.folder.as_deref().unwrap_or(Path::new("/"));
    drop::become_user(identity)?;
    std::env::set_current_dir(folder).step("going to the module's folder")
}

fn command(settings: &Settings) -> Command {
    let mut command = Command::new(&settings.program);
    command.args(&settings.arguments).env_clear().env("PATH", PATH).env("LANG", "C.UTF-8");
    command
}

/// What a person forgets most often: the module is another user now.
fn may_run(settings: &Settings) -> Result<(), Failed> {
    let usable = |path: &Path, how, what: &str| {
        let step = || format!("{what} {} as the user of the module", path.display());
        access(path, how).map_err(|errno| Failed { file: true, ..Failed::at(step(), errno) })
    };
    usable(&settings.program, AccessFlags::X_OK, "running")?;
    settings
        .readable
        .iter()
        .filter(|(_, file)| file != &settings.program)
        .try_for_each(|(_, file)| usable(file, AccessFlags::R_OK, "reading"))
}

/// Starts the program, collects everything that ends, and ends with the program; the kernel kills the rest.
fn attend(mut command: Command) -> Result<i32, Failed> {
    // the program could otherwise look into this process, which has the same user
    set_dumpable_behavior(DumpableBehavior::NotDumpable).step("hiding the jail's memory")?;
    SigSet::all().thread_unblock().step("letting signals through")?;
    // naming the user makes the standard library fork, which asks for no new memory; limits are set already
    command.uid(geteuid().as_raw()).process_group(0);
    let started = command.spawn();
    let null = null()?;
    nix::unistd::dup2_stdin(&null).step("letting the program's input go")?;
    nix::unistd::dup2_stdout(&null).step("letting the program's output go")?;
    let program = match started {
        Ok(child) => Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)),
        Err(error) => {
            eprintln!("the program cannot be run: {error}");
            return Ok(126);
        }
    };
    nix::unistd::dup2_stderr(&null).step("letting the program's errors go")?;
    loop {
        match wait() {
            Ok(WaitStatus::Exited(pid, status)) if pid == program => return Ok(status),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == program => {
                return Ok(SIGNALLED + signal as i32);
            }
            Ok(_) | Err(Errno::EINTR) => (),
            Err(errno) => return Err(Failed::at("waiting for the program", errno)),
        }
    }
}
