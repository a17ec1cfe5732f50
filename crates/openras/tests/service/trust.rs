//! Rule 9: who may ask the service, and which socket a client believes.

use std::io::{Read, Write};
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::lab::{Done, Lab, PORT, chmod, is_root, until};

/// A user with no rights anywhere.
const NOBODY: u32 = 65534;
/// Groups that only the service of these tests knows.
const DIALERS: u32 = 64_001;
const ADMINS: u32 = 64_002;

/// Lets every user reach the socket, so that the service itself must refuse.
fn open_up(lab: &Lab) {
    for (path, bits) in [(lab.folder.path(), 0o755), (&lab.path("run"), 0o755), (&lab.socket(), 0o666)] {
        chmod(path, bits);
    }
    lab.secret("pw-nobody", "secret");
    chown(lab.path("pw-nobody"), Some(NOBODY), Some(NOBODY)).unwrap();
}

/// Runs a command as this user and group.
fn run_as(lab: &Lab, uid: u32, gid: u32, args: &[&str]) -> Done {
    let mut command = lab.command(&[args, &["--socket", lab.socket().to_str().unwrap()]].concat());
    command.uid(uid).gid(gid);
    Done::of(command)
}

/// A refusal with a sentence: what it says and what to try.
fn refused(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, code, "{}{}", done.out, done.err);
    for word in words {
        assert!(done.err.contains(word), "no {word:?} in: {}", done.err);
    }
    assert!(done.err.len() > 30 && done.err.contains("try:"), "{}", done.err);
}

/// A service that knows the groups of the API.
fn grouped(lab: &Lab) -> crate::lab::Server {
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let groups = groups.lines().filter(|line| !line.starts_with("openras")).collect::<Vec<_>>().join("\n");
    let file = lab.path("group");
    std::fs::write(&file, format!("{groups}\nopenras:x:{DIALERS}:\nopenras-admin:x:{ADMINS}:\n")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c"]);
    command.arg("mount --bind \"$0\" /etc/group && exec \"$@\"").arg(&file);
    let serve = lab.serve_command(&[]);
    command.arg(serve.get_program()).args(serve.get_args());
    lab.at_home(&mut command);
    lab.serve_by(command)
}

#[test]
fn user_and_group_decide_what_a_client_may_ask() {
    if !is_root("service trust groups") {
        return;
    }
    let lab = Lab::with(PORT);
    let server = grouped(&lab);
    let group = std::os::unix::fs::MetadataExt::gid(&std::fs::metadata(lab.socket()).unwrap());
    assert_eq!(group, DIALERS, "the socket is its group's");
    open_up(&lab);
    // in no group: nothing, and the sentence names the remedy
    for words in [&["calls"][..], &["status"], &["ports"], &["hangup", "all"], &["audit"]] {
        refused(&run_as(&lab, NOBODY, NOBODY, words), 1, &["65534", "group"]);
    }
    let line = lab.line("line1");
    let dial = ["dial", "--line", &line, "--user", "alice", "--password-file", "pw-nobody", "--detach"];
    let done = run_as(&lab, NOBODY, NOBODY, &dial);
    assert!(![0, 130].contains(&done.code) && (done.out + &done.err).contains("group"), "{}", done.code);

    // a dialler dials what the configuration grants: here nothing on a path
    let done = run_as(&lab, NOBODY, DIALERS, &dial);
    assert_ne!(done.code, 0, "no grant, no path: {}", done.out);
    lab.config(&format!("[[grant]]\nuid = {NOBODY}\nlines = [\"unix:FOLDER/line1\"]\n{PORT}"));
    lab.told(&["reload"]);
    let done = run_as(&lab, NOBODY, DIALERS, &dial);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    lab.detached(&line);
    // it sees its own call and nobody else's, and ends no other
    let calls = |done: Done| -> Vec<Value> {
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let mine = calls(run_as(&lab, NOBODY, DIALERS, &["calls", "--json"]));
    assert!(mine.iter().all(|call| call["uid"] == NOBODY) && !mine.is_empty(), "{mine:#?}");
    let all = calls(lab.ask(&["calls", "--json"]));
    let roots = all.iter().find(|call| call["uid"] == 0 && call["over"].is_null()).expect("root's call");
    let id = format!("c{}", roots["id"]);
    refused(&run_as(&lab, NOBODY, DIALERS, &["hangup", &id]), 1, &["6"]);
    refused(&run_as(&lab, NOBODY, DIALERS, &["status", &id]), 1, &["6"]);
    for words in [&["ports"][..], &["audit"], &["reload"]] {
        refused(&run_as(&lab, NOBODY, DIALERS, words), 1, &["administrators"]);
    }
    assert!(lab.api().over(roots["id"].as_u64().unwrap()).is_none());
    assert_eq!(run_as(&lab, NOBODY, DIALERS, &["hangup", "all"]).code, 0);
    assert!(lab.api().over(roots["id"].as_u64().unwrap()).is_none(), "`all` is all of its own");
    // an administrator by group may do all
    assert!(run_as(&lab, NOBODY, ADMINS, &["ports", "--json"]).out.contains("line1/1"));
    assert_eq!(run_as(&lab, NOBODY, ADMINS, &["hangup", &id]).code, 0);
    until("root's call ends", || lab.api().over(roots["id"].as_u64().unwrap()));
    server.stop();
}

#[test]
fn a_private_service_hears_no_other_user_and_root_believes_no_other_users_service() {
    if !is_root("service trust private") {
        return;
    }
    let lab = Lab::new();
    let folder = lab.path("run");
    std::fs::create_dir(&folder).unwrap();
    chmod(&folder, 0o700);
    let private = |uid: u32| {
        let mut command = lab.command(&["private-service"]);
        command.arg(lab.socket()).args(["--idle", "30"]).uid(uid).gid(uid);
        if uid != 0 {
            for path in [lab.path(""), folder.clone()] {
                chown(path, Some(uid), Some(uid)).unwrap();
            }
        }
        let done = Done::of(command);
        assert_eq!(done.code, 0, "{}", done.err);
        until("it answers", || UnixStream::connect(lab.socket()).ok());
    };
    let end = || {
        for process in lab.processes() {
            let pid = rustix::process::Pid::from_raw(process.pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        }
        until("it ends", || lab.processes().is_empty().then_some(()));
        assert!(!lab.socket().exists(), "its socket is left");
    };
    private(0);
    open_up(&lab);
    let done = run_as(&lab, NOBODY, NOBODY, &["calls"]);
    assert!([1, 11].contains(&done.code) && done.err.len() > 30, "{} {}", done.code, done.err);
    assert!(!done.err.contains("panicked") && done.out.is_empty());
    assert_eq!(run_as(&lab, 0, 0, &["calls"]).code, 0, "its own user is heard");
    end();
    // its log and its lock are root's: the next one begins anew
    std::fs::remove_dir_all(lab.path("home-state")).unwrap();
    std::fs::remove_file(lab.path("run/api.lock")).unwrap();
    chmod(&folder, 0o700);
    private(NOBODY);
    chmod(&lab.path(""), 0o755);
    refused(&run_as(&lab, 0, 0, &["calls"]), 11, &["65534"]);
    assert_eq!(run_as(&lab, NOBODY, NOBODY, &["calls"]).code, 0);
    end();
}

#[test]
fn a_squatted_socket_gets_nothing_from_a_client() {
    if !is_root("service trust squatted") {
        return;
    }
    let lab = Lab::new();
    std::fs::create_dir(lab.path("run")).unwrap();
    lab.secret("pw", "Planted-Squat-4711");
    let listener = UnixListener::bind(lab.socket()).unwrap();
    chown(lab.socket(), Some(NOBODY), Some(NOBODY)).unwrap();
    let line = ["dial", "--line", "tcp:127.0.0.1:1", "--user", "alice", "--password-file", "pw"];
    for words in [&["calls"][..], &["status"], &["hangup", "all"], &line] {
        let done = lab.ask(words);
        assert_ne!(done.code, 0);
        assert!((done.out.clone() + &done.err).contains("65534"), "{words:?}: {}{}", done.out, done.err);
    }
    listener.set_nonblocking(true).unwrap();
    while let Ok((mut stream, _)) = listener.accept() {
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text);
        assert!(text.is_empty(), "the squatter got {} octets", text.len());
    }
}

#[test]
fn a_socket_in_a_bad_place_is_refused_by_service_and_client() {
    let lab = Lab::with(PORT);
    let real = lab.path("real");
    std::fs::create_dir(&real).unwrap();
    chmod(&real, 0o700);
    symlink(&real, lab.path("link")).unwrap();
    std::fs::create_dir(lab.path("open")).unwrap();
    chmod(&lab.path("open"), 0o777);
    std::fs::create_dir(lab.path("file")).unwrap();
    chmod(&lab.path("file"), 0o700);
    std::fs::write(lab.path("file/api.sock"), "mine").unwrap();
    let long = lab.path(&"long/".repeat(30)).join("api.sock");
    let table = [
        (lab.path("link/api.sock"), "symbolic link"),
        (lab.path("open/api.sock"), "other users"),
        (lab.path("file/api.sock"), "no socket"),
        (long, "107"),
    ];
    for (socket, word) in table {
        let socket = socket.to_str().unwrap();
        let served = lab.run(&["serve", "--config", "openras.toml", "--socket", socket]);
        assert!([3, 11].contains(&served.code), "serve at {socket}: {} {}", served.code, served.err);
        assert!(served.err.contains(word), "{socket}: {}", served.err);
        // somebody answers at the place all the same
        let path = Path::new(socket);
        let there = match path.parent() {
            Some(folder) if folder.is_dir() && !path.exists() => UnixListener::bind(path).ok(),
            _ => None,
        };
        let asked = lab.run(&["calls", "--socket", socket]);
        refused(&asked, 11, &[]);
        drop(there);
    }
    assert_eq!(std::fs::read_to_string(lab.path("file/api.sock")).unwrap(), "mine");
}

#[test]
fn a_second_service_on_one_socket_is_refused_and_the_first_goes_on() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    lab.detached(&lab.line("line1"));
    let config = PORT.replace("line1", "line2");
    let state = lab.path("other-state");
    std::fs::write(
        lab.path("other.toml"),
        format!("state = {state:?}\n{}", config.replace("FOLDER", lab.folder.path().to_str().unwrap())),
    )
    .unwrap();
    let socket = lab.socket();
    let done = lab.run(&["serve", "--config", "other.toml", "--socket", socket.to_str().unwrap()]);
    assert!([3, 11].contains(&done.code), "{}: {}", done.code, done.err);
    assert!(done.err.contains("another service"), "{}", done.err);
    let running =
        lab.told(&["calls", "--json"]).lines().filter(|line| line.contains("\"over\":null")).count();
    assert_eq!(running, 2);
    lab.told(&["hangup", "all"]);
    server.stop();
    assert!(!lab.socket().exists());
}

#[test]
fn requests_that_are_none_cost_only_themselves() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.api().dial(&lab.line("line1"), "alice", &serde_json::json!({})).unwrap();
    call.connected().unwrap_or_else(|end| panic!("{end}"));
    let half = "POST /v1/connections HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{\"line\":";
    let huge = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    let held: Vec<UnixStream> = [half, &huge, "\u{1}\u{2}\u{3}\r\n\r\n", "GET", ""]
        .iter()
        .map(|text| {
            let mut stream = UnixStream::connect(server.socket()).unwrap();
            // it may be refused before all of it was written
            let _ = stream.write_all(text.as_bytes());
            stream
        })
        .collect();
    assert!(lab.told(&["calls"]).contains("line1"), "others are served meanwhile");
    assert!(lab.api().over(call.id).is_none());
    drop(held);
    lab.told(&["hangup", "all"]);
    server.stop();
}
