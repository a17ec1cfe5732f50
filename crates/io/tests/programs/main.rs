//! Programs of callers: what they find, and that nothing of one outlives its call, whatever it does to stay.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers outside #[test] functions

mod defence;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use openras_io::octets::{As, Command, Program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Only a failure waits so long.
const LONG: Duration = Duration::from_secs(180);
/// The user that is nobody.
const NOBODY: u32 = 65_534;

/// As whom this machine can try it: as the service's own user, and where that is root as another.
fn users() -> Vec<Option<As>> {
    let root = rustix::process::geteuid().is_root();
    let other = root.then_some(Some(As { uid: NOBODY, gid: NOBODY }));
    [None].into_iter().chain(other).collect()
}

fn arguments(script: &str) -> Vec<String> {
    ["-c", script].map(str::to_owned).into()
}

/// Runs a script of sh.
async fn sh(script: &str, user: Option<&As>) -> Command {
    let program = Program {
        path: Path::new("/bin/sh"),
        arguments: &arguments(script),
        user,
        name: "somebody",
        home: Path::new("/"),
        keeper: Some(Path::new(env!("CARGO_BIN_EXE_openras-program-keeper"))),
    };
    Command::start(&program).await.unwrap()
}

/// All it says until it has said this, or has ended.
async fn until(program: &mut Command, word: &str) -> String {
    let mut seen = Vec::new();
    let mut some = [0; 1024];
    while !String::from_utf8_lossy(&seen).contains(word) {
        let read = tokio::time::timeout(LONG, program.read(&mut some)).await;
        let read = read.unwrap_or_else(|_| panic!("no {word:?}: {}", String::from_utf8_lossy(&seen)));
        match read.unwrap() {
            0 => break,
            count => seen.extend_from_slice(&some[..count]),
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Runs a script that writes process numbers to `$PIDS`, a line each, and then says "up".
async fn up(script: &str, user: Option<&As>) -> (Command, Vec<i32>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let file = folder.path().join("pids");
    let script = script.replace("$PIDS", &file.display().to_string());
    let mut program = sh(&script, user).await;
    let said = until(&mut program, "up").await;
    assert!(said.contains("up"), "{said}");
    let pids: Vec<i32> =
        std::fs::read_to_string(&file).unwrap().split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    for pid in &pids {
        assert!(lives(*pid), "{pid} of {pids:?}: {script}");
    }
    (program, pids)
}

fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn gone(pids: &[i32]) {
    let gone = async {
        for pid in pids {
            while lives(*pid) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(LONG, gone).await.unwrap_or_else(|_| panic!("{pids:?} are there still"));
}

#[tokio::test]
async fn a_program_has_a_terminal_of_its_own_and_nothing_of_the_service() {
    // as a descriptor that a library has left open for all
    let (left, _other) = rustix::pipe::pipe().unwrap();
    rustix::io::fcntl_setfd(&left, rustix::io::FdFlags::empty()).unwrap();
    for user in users() {
        let script = "tty; stty size; umask; id -u; id -G; pwd; ls -C /proc/self/fd; echo > /dev/tty && echo opens; env; \
                      read line; echo got $line";
        let mut program = sh(script, user.as_ref()).await;
        program.write_all(b"a word\r").await.unwrap();
        let seen = until(&mut program, "got a word").await;
        let uid = user.as_ref().map_or(rustix::process::geteuid().as_raw(), |user| user.uid);
        // 3 is of the folder that ls looks at
        for part in ["/dev/pts/", "24 80", "0022", &format!("\n{uid}\r"), "\n/\r", "\n0  1  2  3\r", "opens"]
        {
            assert!(seen.contains(part), "{part:?}: {seen}");
        }
        if user.is_some() {
            assert!(seen.contains(&format!("\n{NOBODY}\r\n{NOBODY}\r")), "one group: {seen}");
        }
        let (_, environment) = seen.split_once("opens").unwrap();
        let mut names: Vec<&str> =
            environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["HOME", "LANG", "LOGNAME", "PATH", "PWD", "TERM", "USER"], "{seen}");
        assert!(seen.contains("TERM=vt100") && seen.contains("USER=somebody"), "{seen}");
        assert_eq!(until(&mut program, "nothing more").await.trim(), "");
    }
}

#[tokio::test]
async fn keys_of_a_terminal_reach_the_program() {
    // ^C is a signal where the terminal is the program's own
    let mut program = sh("trap 'echo heard; exit' INT; echo up; while :; do sleep 1; done", None).await;
    until(&mut program, "up").await;
    program.write_all(&[3]).await.unwrap();
    assert!(until(&mut program, "heard").await.contains("heard"));
}

/// What a program may do to stay: be deaf to the hang-up, give its job a group of its own, leave its session, and
/// leave its parents too as a daemon does.
const STAYS: [&str; 4] = [
    "trap '' HUP; sleep 1000 & echo $$ $! > $PIDS; echo up; ",
    "trap '' HUP; set -m; sleep 1000 & echo $$ $! > $PIDS; echo up; ",
    "setsid sh -c 'trap \"\" HUP TERM; echo $$ > $PIDS; echo up; sleep 1000' & ",
    "(setsid sh -c '(setsid sleep 1000 & echo $! > $PIDS); echo up' >/dev/tty 2>&1 </dev/null &) ; ",
];

#[tokio::test]
async fn nothing_of_a_program_outlives_its_call() {
    for user in users() {
        for script in STAYS {
            let (program, pids) = up(&format!("{script} while :; do sleep 1000; done"), user.as_ref()).await;
            drop(program);
            gone(&pids).await;
        }
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    for user in users() {
        for script in STAYS {
            let (mut program, pids) = up(&format!("{script} read line"), user.as_ref()).await;
            let left = pids[pids.len() - 1];
            program.write_all(b"\r").await.unwrap();
            gone(&[left]).await;
            // and only then is the call told that it is over
            until(&mut program, "nothing more").await;
        }
    }
}

#[tokio::test]
async fn processes_that_begin_others_without_end_are_caught() {
    // two chains of processes, each of which begins the next in a session of its own and ends
    let link = "#!/bin/sh\nsetsid $0 >/dev/null 2>&1 </dev/null &\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chain");
    std::fs::write(&file, link).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    let chain = file.display().to_string();
    let script = format!("{chain}; {chain}; echo $$ > $PIDS; echo up; while :; do sleep 1000; done");
    let (program, pids) = up(&script, None).await;
    drop(program);
    gone(&pids).await;
    // the script is named in each link's command line
    let of_chain = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let words = all.filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
        words.filter(|words| words.windows(chain.len()).any(|part| part == chain.as_bytes())).count()
    };
    let ended = async {
        while of_chain() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, ended).await.expect("the chains end");
}

#[test]
fn a_program_ends_with_the_runtime_of_its_service() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = runtime();
    let script = "trap '' HUP; set -m; sleep 1000 & echo $$ $! > $PIDS; echo up; wait";
    let (program, pids) = service.block_on(up(script, None));
    drop(service);
    drop(program);
    runtime().block_on(gone(&pids));
}

#[tokio::test]
async fn a_program_goes_with_a_keeper_that_is_killed() {
    let (program, pids) =
        up("trap '' HUP; echo $$ $PPID > $PIDS; echo up; sleep 1000; sleep 1000", None).await;
    let keeper = rustix::process::Pid::from_raw(pids[1]).unwrap();
    rustix::process::kill_process(keeper, rustix::process::Signal::KILL).unwrap();
    gone(&pids).await;
    drop(program);
}

#[tokio::test]
async fn a_program_has_no_capability_and_without_root_gets_no_other_user() {
    use rustix::thread::{
        CapabilitySet, capabilities, configure_capability_in_ambient_set, set_capabilities,
    };
    let mut sets = capabilities(None).unwrap();
    sets.inheritable |= CapabilitySet::NET_ADMIN;
    let may = set_capabilities(None, sets).is_ok()
        && configure_capability_in_ambient_set(CapabilitySet::NET_ADMIN, true).is_ok();
    if !may {
        eprintln!("without a capability to pass on");
    }
    let script = "grep -E 'Cap(Inh|Prm|Eff|Amb)|NoNewPrivs' /proc/self/status; echo over";
    for user in users() {
        let seen = until(&mut sh(script, user.as_ref()).await, "over").await;
        let root = user.is_none() && rustix::process::geteuid().is_root();
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            // root's own program gets them anew, as root does
            let none = seen.lines().any(|line| line.starts_with(set) && line.contains("0000000000000000"));
            assert!(none || (root && !matches!(set, "CapInh" | "CapAmb")), "{set}: {seen}");
        }
        let (_, privileges) = seen.split_once("NoNewPrivs:").unwrap();
        assert_eq!(privileges.trim_start().starts_with('1'), user.is_none(), "{seen}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_ends_with_its_sentence() {
    let program = Program {
        path: Path::new("/nowhere/bbs"),
        arguments: &[],
        user: None,
        name: "x",
        home: Path::new("/nowhere"),
        keeper: Some(Path::new(env!("CARGO_BIN_EXE_openras-program-keeper"))),
    };
    let mut program = Command::start(&program).await.unwrap();
    let seen = until(&mut program, "No such file").await;
    assert!(seen.contains("/nowhere/bbs: No such file"), "{seen}");
}

#[tokio::test]
async fn a_service_whose_main_does_not_ask_is_told_so() {
    let program = Program {
        path: Path::new("/bin/sh"),
        arguments: &[],
        user: None,
        name: "x",
        home: Path::new("/"),
        keeper: Some(Path::new("/bin/true")),
    };
    let error = Command::start(&program).await.err().unwrap();
    assert!(error.to_string().contains("main_if_asked"), "{error}");
}
