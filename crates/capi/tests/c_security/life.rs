//! How dialogs begin and end: Begin, Complete, End, in every order.

use serde_json::json;

use crate::host::{Ended, Host, error, verdict, wants};
use crate::source;
use crate::stage::{Compiler, Lang, Stage};

const REFUSES: u32 = 1;
const IN_BEGIN: u32 = 2;
const IN_BEGIN_AND_REFUSES: u32 = 3;
const TWICE: u32 = 4;
const WRONG: u32 = 5;
const CONTROL: u32 = 6;
const UNSPECIFIED: u32 = 7;
const LATE_END: u32 = 8;
const NO_END: u32 = 9;
const NEVER: u32 = 10;
const OVERRUN: u32 = 11;
const WAITS: u32 = 12;
const PRINTS: u32 = 13;
const TOUCHES: u32 = 14;

/// Plays `caller` with this case, and again under valgrind.
fn each(case: u32, options: &[&str], caller: impl Fn(Host)) {
    let stage = Stage::new();
    let define = format!("-DCASE={case}");
    let flags = [define.as_str(), "-g", "-Wno-unused-function"];
    // linked with the library, as some are: RASMAN.DLL is there already
    let mut command = stage.compiler(Lang::C, Compiler::Gcc, &flags, &[&source("life.c")]);
    let module = stage.path().join("life.so");
    command.args(["-shared", "-fPIC", "-o"]).arg(&module).arg("-L").arg(stage.lib()).arg("-lrasman");
    crate::stage::quiet(&mut command);
    caller(Host::start(&stage, options, &module));
    if let Some(host) = Host::checked("life", &stage, options, &module) {
        caller(host);
    }
}

/// A good end, with these lines told, and no more said to the service.
fn good(ended: Ended, told: &[&str]) {
    assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
    assert_eq!(ended.told, told);
    assert!(ended.rest.is_empty(), "{:?}", ended.rest);
}

/// T2: nonzero from Begin is the verdict; neither End nor Complete follows.
#[test]
fn a_begin_that_refuses_is_the_end() {
    for case in [REFUSES, IN_BEGIN_AND_REFUSES] {
        each(case, &[], |mut host| {
            host.begin();
            host.hears(&error(665, "RasSecurityDialogBegin refused the call"));
            good(host.ended(), &["attach", "begin", "detach"]);
        });
    }
}

/// Point 30, T12: Complete in Begin counts once Begin has returned 0, and End is called once.
#[test]
fn complete_may_be_called_in_begin() {
    each(IN_BEGIN, &[], |mut host| {
        host.begin();
        host.hears(&verdict("success", "alice", ""));
        host.tell(&json!({ "type": "end" }));
        good(host.over(), &["attach", "begin", "end", "detach"]);
    });
}

/// Points 25 to 28.
#[test]
fn the_first_complete_counts_and_a_wrong_one_is_no_success() {
    each(TWICE, &[], |mut host| {
        host.begin();
        let ended = host.ended();
        assert!(ended.status.success() && ended.told.iter().filter(|line| *line == "end").count() == 1);
        let (logs, said): (Vec<_>, Vec<_>) = ended.rest.into_iter().partition(|line| line["type"] == "log");
        assert_eq!((logs.len(), said), (1, vec![verdict("failure", "bob", "")]));
    });
    each(WRONG, &[], |mut host| {
        host.begin();
        assert!(host.hear()["text"].as_str().unwrap().contains("NULL"));
        assert!(host.hear()["text"].as_str().unwrap().contains("no dialog of this process"));
        host.hears(&error(87, "dwMsgId in Complete is none of 1, 2, 3"));
        good(host.ended(), &["attach", "begin", "end", "detach"]);
    });
    each(CONTROL, &[], |mut host| {
        host.begin();
        host.hears(&error(13, "a name in Complete has a control character in it"));
        good(host.ended(), &["attach", "begin", "end", "detach"]);
    });
    each(UNSPECIFIED, &[], |mut host| {
        host.begin();
        host.hears(&error(0, ""));
        good(host.ended(), &["attach", "begin", "end", "detach"]);
    });
}

const WOKEN: &str = "woken length=0 error=619";

/// T10, points 18, 19 and 29: the worker is woken, End put off, Complete comes, and all is clean.
#[test]
fn a_line_that_goes_wakes_the_worker_and_end_may_be_put_off() {
    each(LATE_END, &[], |mut host| {
        host.begin();
        host.hears(&wants(1, 0));
        host.tell(&json!({ "type": "end" }));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
        let mut told = ended.told;
        // End and the worker run at the same time
        told.sort();
        assert_eq!(told, ["attach", "begin", "detach", "end", "late", "send=619", WOKEN]);
        assert_eq!(ended.rest, [verdict("success", "alice", "")], "which the service does not want any more");
    });
}

/// T10: nonzero from End says that Complete does not come; one that comes all the same is logged.
#[test]
fn nonzero_from_end_is_final() {
    each(NO_END, &[], |mut host| {
        host.begin();
        host.hears(&wants(1, 0));
        host.tell(&json!({ "type": "end" }));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
        assert_eq!(ended.rest.len(), 1);
        assert!(ended.rest[0]["text"].as_str().unwrap().contains("one that is over"), "{:?}", ended.rest);
    });
    each(WAITS, &[], |mut host| {
        host.begin();
        host.hears(&wants(1, 0));
        // the service is gone: the same
        let ended = host.over();
        let mut told = ended.told;
        told.sort();
        assert!(ended.status.success() && ended.rest.is_empty());
        assert_eq!(told, ["attach", "begin", "detach", "end", WOKEN]);
    });
}

/// Point 29: a Complete that never comes is said after a while, and the process ends with its grace.
#[test]
fn an_end_that_is_put_off_for_ever_is_logged() {
    each(NEVER, &["--delayed-end=1", "--grace=1"], |mut host| {
        host.begin();
        host.hears(&wants(1, 0));
        host.tell(&json!({ "type": "end" }));
        let said = host.hear();
        assert!(said["text"].as_str().unwrap().contains("put the end off 1 s ago"), "{said}");
        let ended = host.over();
        assert!(ended.status.success() && ended.rest.is_empty());
        assert!(!ended.told.contains(&"detach".to_owned()), "its code may still run: {:?}", ended.told);
    });
}

/// A module that writes one byte too much does not go on with somebody else's memory.
#[test]
fn a_buffer_overrun_ends_the_process_there_and_then() {
    let stage = Stage::new();
    for size in ["--buffer=1024", "--buffer=4096", "--buffer=65520"] {
        let case = format!("-DCASE={OVERRUN}");
        let flags = [case.as_str(), "-g"];
        let mut command = stage.compiler(Lang::C, Compiler::Gcc, &flags, &[&source("life.c")]);
        let module = stage.path().join("overrun.so");
        command.args(["-shared", "-fPIC", "-o"]).arg(&module).arg("-L").arg(stage.lib()).arg("-lrasman");
        crate::stage::quiet(&mut command);
        let mut host = Host::start(&stage, &[size], &module);
        host.begin();
        let ended = host.ended();
        assert!(!ended.status.success(), "{size}: {}", ended.status);
        assert!(ended.rest.is_empty(), "{:?}", ended.rest);
    }
}

/// What a module prints is no message of ours, and what it reads is nothing of the service's.
#[test]
fn the_modules_own_streams_are_not_the_services() {
    each(PRINTS, &[], |mut host| {
        host.begin();
        host.hears(&verdict("failure", "bob", ""));
        let ended = host.ended();
        assert!(ended.status.success() && ended.rest.is_empty());
        assert!(ended.told.contains(&"stdin=-1".to_owned()), "{:?}", ended.told);
        assert!(ended.told.iter().any(|line| line.contains("mallory")), "{:?}", ended.told);
    });
}

/// `isolation = "shared"`: dialogs by name, one's end is not the other's.
#[test]
fn one_process_serves_many_dialogs() {
    each(WAITS, &[], |mut host| {
        for dialog in ["d1", "d2"] {
            host.tell(&json!({ "type": "begin", "v": 1, "call": "1", "device": "tcp", "dialog": dialog }));
            let mut wanted = wants(1, 0);
            wanted["dialog"] = dialog.into();
            host.hears(&wanted);
        }
        host.tell(&json!({ "type": "end", "dialog": "d1" }));
        host.tell(&json!({ "type": "begin", "v": 1, "call": "1", "device": "tcp", "dialog": "\"d3" }));
        let mut wanted = wants(1, 0);
        wanted["dialog"] = "\"d3".into();
        host.hears(&wanted);
        let ended = host.over();
        assert!(ended.status.success() && ended.rest.is_empty(), "{} {:?}", ended.status, ended.rest);
        let count = |what: &str| ended.told.iter().filter(|line| *line == what).count();
        assert_eq!((count("begin"), count("end"), count(WOKEN)), (3, 3, 3), "{:?}", ended.told);
    });
}

/// What a module must not do, and what never hurt it: its thread wipes the buffers once more after Complete, and goes on.
#[test]
fn buffers_are_there_for_a_while_after_the_end() {
    each(TOUCHES, &[], |mut host| {
        host.begin();
        host.hears(&verdict("success", "alice", ""));
        host.tell(&json!({ "type": "end" }));
        good(host.over(), &["attach", "begin", "end", "touched", "detach"]);
    });
}
