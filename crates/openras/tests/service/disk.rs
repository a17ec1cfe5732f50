//! A full disk, a locked store, a broken store: a number and a sentence, calls that run go on, and all is well again when
//! the cause is gone.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::lab::{Api, Lab, PORT, Server, is_root, until};

/// A dial that must fail. Gives its end.
fn fails(api: &Api, line: &str) -> Value {
    match api.dial(line, "alice", &json!({})) {
        Ok(mut dial) => dial.connected().expect_err("it connected"),
        Err(error) => json!({ "error": serde_json::from_str::<Value>(&error.to_string()).unwrap() }),
    }
}

/// A dial that must connect. The call stays.
fn connects(api: &Api, line: &str) -> u64 {
    let mut dial = api.dial(line, "alice", &json!({})).unwrap();
    dial.connected().unwrap_or_else(|end| panic!("{end}"));
    dial.id
}

/// The call is alive: it carries a ping.
fn alive(api: &Api, id: u64) {
    let pinged = api.post(&format!("/v1/connections/{id}/ping"), &json!({ "count": 1 })).good();
    assert!(pinged["rtts"][0].is_number(), "{pinged}");
}

/// A number, and a sentence of what to do.
fn is_said(end: &Value) {
    let error = &end["error"];
    assert!(error["error"].as_u64().is_some_and(|number| number > 0), "{end}");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{end}");
}

/// A service whose state folder is a disk of its own, seen by it alone: nothing to unmount, whatever happens.
fn on_small_disk(lab: &Lab) -> Server {
    std::fs::rename(lab.path("state"), lab.path("seed")).unwrap();
    std::fs::create_dir(lab.path("state")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "sh", "-c"]);
    command
        .arg("mount -t tmpfs -o size=2m,mode=0700 none state && cp -a seed/. state/ && exec \"$0\" \"$@\"");
    let serve = lab.serve_command(&[]);
    command.arg(serve.get_program()).args(serve.get_args());
    lab.at_home(&mut command);
    lab.serve_by(command)
}

/// Fills a disk to the last octet.
fn fill(file: PathBuf) {
    let mut file = File::create(file).unwrap();
    for size in [65_536, 4096, 512, 1] {
        while file.write(&vec![b'x'; size]).is_ok_and(|n| n > 0) {}
    }
}

#[test]
fn a_full_disk_refuses_new_calls_says_so_and_is_forgotten_when_there_is_room() {
    if !is_root("service full disk") {
        return;
    }
    let lab = Lab::with(PORT);
    let server = on_small_disk(&lab);
    let state = PathBuf::from(format!("/proc/{}/root", server.pid()))
        .join(lab.path("state").strip_prefix("/").unwrap());
    let (api, line) = (lab.api(), lab.line("line1"));
    let call = connects(&api, &line);
    assert_eq!(lab.ask(&["status", "--check"]).code, 0);
    fill(state.join("fill"));
    // a record may still find room in its file's last block; not many do
    let end = (0..200).map(|_| match api.dial(&line, "alice", &json!({})) {
        Ok(mut dial) => {
            let end = dial.connected().err();
            let _ = api.request("POST", &format!("/v1/connections/{}/hangup", dial.id), Some(&json!({})));
            end
        }
        Err(error) => Some(json!({ "error": serde_json::from_str::<Value>(&error.to_string()).unwrap() })),
    });
    let end = end.flatten().next().expect("calls are refused while the record cannot be written");
    is_said(&end);
    is_said(&fails(&api, &line));
    alive(&api, call);
    let check = lab.ask(&["status", "--check"]);
    assert_eq!(check.code, 1, "{}{}", check.out, check.err);
    assert!((check.out + &check.err).contains("record"), "it says what is wrong");
    std::fs::remove_file(state.join("fill")).unwrap();
    until("calls are served again", || {
        let mut dial = api.dial(&line, "alice", &json!({})).ok()?;
        dial.connected().ok()
    });
    alive(&api, call);
    until("all is well again", || (lab.ask(&["status", "--check"]).code == 0).then_some(()));
    let chain = api.get("/v1/audit/verify").good();
    assert_eq!(chain["problem"], Value::Null, "{chain}");
    lab.told(&["hangup", "all"]);
    let said = server.stop();
    assert!(said.to_lowercase().contains("space"), "{said}");
}

#[test]
fn a_full_disk_is_passed_over_where_that_is_written() {
    if !is_root("service full disk go-on") {
        return;
    }
    let lab = Lab::with(&format!("audit_full = \"go-on\"\n{PORT}"));
    let server = on_small_disk(&lab);
    let state = PathBuf::from(format!("/proc/{}/root", server.pid()))
        .join(lab.path("state").strip_prefix("/").unwrap());
    let (api, line) = (lab.api(), lab.line("line1"));
    fill(state.join("fill"));
    for _ in 0..12 {
        let id = connects(&api, &line);
        api.post(&format!("/v1/connections/{id}/hangup"), &json!({})).good();
        until("it is over", || api.over(id));
    }
    std::fs::remove_file(state.join("fill")).unwrap();
    let id = connects(&api, &line);
    alive(&api, id);
    let chain = api.get("/v1/audit/verify").good();
    assert_eq!(chain["problem"], Value::Null, "{chain}");
    lab.told(&["hangup", "all"]);
    server.stop();
}

#[test]
fn a_locked_store_fails_who_needs_it_and_nobody_else() {
    let lab = Lab::with(PORT);
    lab.config(&format!(
        "{PORT}[[port]]\nname = \"open\"\nline = \"listen:unix:FOLDER/open\"\nauth = [\"none\"]\n\
         address = \"10.68.0.1\"\npool = \"10.68.0.2-10.68.0.9\"\n"
    ));
    let server = lab.serve(&[]);
    let (api, line) = (lab.api(), lab.line("line1"));
    let call = connects(&api, &line);
    let store = rusqlite::Connection::open(lab.path("state/users.db")).unwrap();
    store.pragma_update(None, "locking_mode", "NORMAL").unwrap();
    store.execute_batch("BEGIN EXCLUSIVE").unwrap();
    // who writes waits for the lock for a while and is told; who only reads, and who needs no store, is served
    let body = json!({ "name": "late", "password": "secret" });
    let writing = std::thread::scope(|scope| {
        let writing = scope.spawn(|| api.post("/v1/users", &body));
        alive(&api, call);
        connects(&api, &lab.line("open"));
        assert_eq!(api.get("/v1/server").status, 200);
        writing.join().unwrap()
    });
    assert!(writing.status >= 400, "{writing:?}");
    assert!(writing.error() > 0 && writing.text.contains("user database"), "{writing:?}");
    store.execute_batch("ROLLBACK").unwrap();
    drop(store);
    api.post("/v1/users", &body).good();
    connects(&api, &line);
    alive(&api, call);
    lab.told(&["hangup", "all"]);
    server.stop();
}

/// Overwrites every page of a file with something that is none. Gives what stood there.
fn spoil(path: &std::path::Path) -> Vec<u8> {
    let before = std::fs::read(path).unwrap();
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&b"not a store ".repeat(before.len() / 12 + 1)[..before.len()]).unwrap();
    before
}

#[test]
fn a_broken_store_keeps_the_service_from_starting_and_a_whole_one_lets_it() {
    let lab = Lab::with(PORT);
    let store = lab.path("state/users.db");
    let whole = spoil(&store);
    for log in ["users.db-wal", "users.db-shm"] {
        let _ = std::fs::remove_file(lab.path("state").join(log));
    }
    let done = crate::lab::Done::of(lab.serve_command(&[]));
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("user database"), "{}", done.err);
    assert!(!lab.socket().exists(), "its socket is left");
    std::fs::write(&store, whole).unwrap();
    let server = lab.serve(&[]);
    connects(&lab.api(), &lab.line("line1"));
    server.stop();
}

#[test]
fn a_store_that_breaks_under_a_service_fails_calls_with_a_sentence_and_keeps_those_that_run() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let (api, line) = (lab.api(), lab.line("line1"));
    let call = connects(&api, &line);
    // all of it is in the one file, so that there is no other copy to read
    let db = rusqlite::Connection::open(lab.path("state/users.db")).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    let store = lab.path("state/users.db");
    let whole = spoil(&store);
    let users = api.get("/v1/users");
    assert!(users.status >= 400 && users.error() > 0, "{users:?}");
    is_said(&fails(&api, &line));
    alive(&api, call);
    assert_eq!(api.get("/v1/calls").status, 200);
    assert_eq!((users.status, users.error()), (503, 645), "{users:?}");
    // with the store as it was, all works again
    let mut file = File::options().write(true).open(&store).unwrap();
    file.write_all(&whole).unwrap();
    drop(file);
    connects(&api, &line);
    alive(&api, call);
    lab.told(&["hangup", "all"]);
    server.stop();
}

#[test]
fn a_broken_record_is_said_and_not_mended_in_silence() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    connects(&lab.api(), &lab.line("line1"));
    lab.told(&["audit", "--verify"]);
    server.stop();
    let record = lab.path("state/audit.jsonl");
    let text = std::fs::read_to_string(&record).unwrap();
    assert!(text.contains("alice"), "{text}");
    std::fs::write(&record, text.replacen("alice", "mallo", 1)).unwrap();
    let server = lab.serve(&[]);
    let done = lab.ask(&["audit", "--verify"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    assert!((done.out + &done.err).contains("line"), "it says where");
    // it does not stand in anybody's way
    connects(&lab.api(), &lab.line("line1"));
    server.stop();
}
