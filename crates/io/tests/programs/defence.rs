//! What a program, or whoever has started the service, may have done so that a program stays, or has rights that are not its own.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command as Plain, ExitStatus, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

const KEEPER: &str = env!("CARGO_BIN_EXE_openras-program-keeper");

#[tokio::test]
async fn what_the_service_was_told_to_ignore_the_program_hears() {
    // as nohup does, and a shell for what it puts into the background
    let folder = tempfile::tempdir().unwrap();
    let keeper = folder.path().join("keeper");
    let ignoring = "trap '' HUP INT QUIT TERM TSTP TTIN TTOU USR1 CHLD";
    std::fs::write(&keeper, format!("#!/bin/sh\n{ignoring}\nexec {KEEPER} \"$@\"\n")).unwrap();
    std::fs::set_permissions(&keeper, PermissionsExt::from_mode(0o755)).unwrap();
    let script =
        "grep -E 'Sig(Ign|Blk)' /proc/self/status; (setsid sh -c 'echo up; sleep 1000' &); read line";
    let program = Program {
        path: Path::new("/bin/sh"),
        arguments: &arguments(script),
        user: None,
        name: "somebody",
        home: Path::new("/"),
        keeper: Some(&keeper),
    };
    let mut program = Command::start(&program).await.unwrap();
    let seen = until(&mut program, "up").await;
    for set in ["SigIgn:", "SigBlk:"] {
        let (_, set) = seen.split_once(set).unwrap();
        let set = u64::from_str_radix(set.split_whitespace().next().unwrap(), 16).unwrap();
        // the two that are above are of threads, and of whatever runs these tests
        assert_eq!(set & 0x7fff_ffff, 0, "{seen}");
    }
    // the keeper hears that the program has ended: the call is over, though the caller is there
    program.write_all(b"\r").await.unwrap();
    until(&mut program, "nothing more").await;
}

#[tokio::test]
async fn a_process_whose_first_thread_has_ended_is_ended() {
    let script = "import ctypes, os, platform, threading\n\
                  threading.Thread(target=lambda: threading.Event().wait()).start()\n\
                  open('$PIDS', 'w').write(str(os.getpid()))\n\
                  os.write(1, b'up')\n\
                  number = {'x86_64': 60}.get(platform.machine(), 93)\n\
                  ctypes.CDLL(None).syscall(number, 0)\n";
    if !Path::new("/usr/bin/python3").exists() {
        eprintln!("no python3, whose threads are needed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let pids = folder.path().join("pids");
    let (file, script) = (folder.path().join("script"), script.replace("$PIDS", &pids.display().to_string()));
    std::fs::write(&file, script).unwrap();
    for user in users() {
        let _ = std::fs::remove_file(&pids);
        let mut program = sh(&format!("exec /usr/bin/python3 {}", file.display()), user.as_ref()).await;
        until(&mut program, "up").await;
        let pid: i32 = std::fs::read_to_string(&pids).unwrap().parse().unwrap();
        let first_has_ended = async {
            while !std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") Z ") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, first_has_ended).await.expect("the first thread ends");
        assert_eq!(std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().count(), 2);
        drop(program);
        let gone = async {
            while Path::new(&format!("/proc/{pid}")).exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LONG, gone).await.expect("it ends");
    }
}

/// A keeper that runs a script of sh, and not by way of the library; with what the terminal shows.
fn keeper(user: [&str; 2], script: &str, service: UnixStream) -> (ExitStatus, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave: OwnedFd = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
    let mut keeper = Plain::new(KEEPER);
    keeper.args(["program-keeper", "keep"]).args(user).args(["/bin/sh", "-c", script]).env_clear();
    keeper.stdin(Stdio::from(slave.try_clone().unwrap())).stdout(Stdio::from(OwnedFd::from(service)));
    let status = keeper.stderr(Stdio::from(slave.try_clone().unwrap())).status().unwrap();
    rustix::io::ioctl_fionbio(&master, true).unwrap();
    let mut shown = [0; 4096];
    let count = rustix::io::read(&master, &mut shown).unwrap_or(0);
    (status, String::from_utf8_lossy(&shown[..count]).into_owned())
}

#[tokio::test]
async fn no_number_makes_a_program_roots() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root's service gives programs another user");
        return;
    }
    for (uid, gid) in [(u32::MAX, NOBODY), (NOBODY, u32::MAX), (0, NOBODY)] {
        let user = As { uid, gid };
        let program = Program {
            path: Path::new("/bin/sh"),
            arguments: &[],
            user: Some(&user),
            name: "somebody",
            home: Path::new("/"),
            keeper: Some(Path::new(KEEPER)),
        };
        let error = Command::start(&program).await.err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{error}");
        let (_caller, service) = UnixStream::pair().unwrap();
        let (_, shown) = keeper([&uid.to_string(), &gid.to_string()], "echo runs; id", service);
        assert!(shown.contains("user is no number") || shown.contains("never run as root"), "{shown}");
        assert!(!shown.contains("runs"), "{uid} {gid}: {shown}");
    }
}

#[test]
fn a_caller_who_goes_while_the_program_begins_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let (caller, service) = UnixStream::pair().unwrap();
    drop(caller);
    let script = format!("trap '' HUP; echo $$ > {}; sleep 1000", file.display());
    let (status, shown) = keeper(["-", "-"], &script, service);
    // it has heard of the caller as at any other time: hung up, waited, and ended all
    assert_eq!(status.code(), Some(0), "{status} {shown}");
    if let Ok(pid) = std::fs::read_to_string(&file) {
        assert!(!lives(pid.trim().parse().unwrap()), "{pid}");
    }
}

#[tokio::test]
async fn a_program_that_would_not_become_a_keeper_is_not_started_as_one() {
    let program = Program {
        path: Path::new("/bin/sh"),
        arguments: &[],
        user: None,
        name: "x",
        home: Path::new("/"),
        // the harness of these tests would take the words for the names of tests
        keeper: None,
    };
    let error = Command::start(&program).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported, "{error}");
}
