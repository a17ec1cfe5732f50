//! Modules with the habits of old ones, good and bad, and calls that end at the wrong moment.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::host::{Host, sent, verdict, wants};
use crate::source;
use crate::stage::{Compiler, Lang, Stage};

const IGNORES: u32 = 1;
const ASKS_IN_BEGIN: u32 = 2;
const CLOSES: u32 = 3;
const ONE_EVENT: u32 = 4;
const OWN_THREAD: u32 = 5;
const JOINS: u32 = 6;

fn module(stage: &Stage, case: u32) -> PathBuf {
    let define = format!("-DCASE={case}");
    let flags = [define.as_str(), "-g", "-Wno-unused-function"];
    let mut command = stage.compiler(Lang::C, Compiler::Gcc, &flags, &[&source("ported.c")]);
    let module = stage.path().join("ported.so");
    command.args(["-shared", "-fPIC", "-o"]).arg(&module).arg("-L").arg(stage.lib()).arg("-lrasman");
    crate::stage::quiet(&mut command);
    module
}

/// Plays `caller` with this case, and again under valgrind.
fn each(case: u32, options: &[&str], caller: impl Fn(Host)) {
    let stage = Stage::new();
    let module = module(&stage, case);
    caller(Host::start(&stage, options, &module));
    if let Some(host) = Host::checked("ported", &stage, options, &module) {
        caller(host);
    }
}

fn of(dialog: &str, mut message: Value) -> Value {
    message["dialog"] = dialog.into();
    message
}

fn begin(dialog: &str) -> Value {
    of(dialog, json!({ "type": "begin", "v": 1, "call": "1", "device": "tcp" }))
}

/// It looks at no result: a Receive that is refused because the line is gone still signals its event, with length 0, or
/// its thread would wait for ever.
#[test]
fn a_module_that_looks_at_no_result_is_woken_when_the_line_is_gone() {
    each(IGNORES, &["--grace=3"], |mut host| {
        host.begin();
        host.hears(&wants(1, 0));
        host.received(b"y");
        host.tell(&json!({ "type": "end" }));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
        assert_eq!(ended.told, ["begin", "end", "bytes=0", "detach"], "{:?}", ended.rest);
        assert_eq!(ended.rest, [verdict("failure", "alice", "")]);
    });
}

/// Send, Receive and Complete in Begin: slow, and no more.
#[test]
fn begin_may_hold_the_dialog_itself() {
    each(ASKS_IN_BEGIN, &[], |mut host| {
        host.begin();
        host.hears(&sent(b"PIN: "));
        host.hears(&wants(1, 0));
        host.received(b"y");
        host.hears(&verdict("success", "alice", ""));
        host.tell(&json!({ "type": "end" }));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
        assert_eq!(ended.told, ["begin", "end", "detach"]);
    });
}

/// A caller who hangs up while another call's Begin runs: the module never hears of him, or his dialog would wait for an
/// end that has been.
#[test]
fn a_call_that_ends_before_its_begin_is_never_begun() {
    each(ASKS_IN_BEGIN, &[], |mut host| {
        host.tell(&begin("d1"));
        host.hears(&of("d1", sent(b"PIN: ")));
        host.hears(&of("d1", wants(1, 0)));
        host.tell(&begin("d2"));
        host.tell(&json!({ "type": "end", "dialog": "d2" }));
        host.tell(&of("d1", json!({ "type": "received", "data": "eQ==" })));
        host.hears(&of("d1", verdict("success", "alice", "")));
        // the next one is as ever
        host.tell(&begin("d3"));
        host.hears(&of("d3", sent(b"PIN: ")));
        host.hears(&of("d3", wants(1, 0)));
        host.tell(&json!({ "type": "end", "dialog": "d3" }));
        host.hears(&of("d3", verdict("failure", "alice", "")));
        let ended = host.over();
        assert!(ended.status.success() && ended.rest.is_empty(), "{} {:?}", ended.status, ended.rest);
        let count = |what: &str| ended.told.iter().filter(|line| *line == what).count();
        assert_eq!((count("begin"), count("end")), (2, 2), "{:?}", ended.told);
    });
}

/// A connection that is opened and closed at once, as by a port scan: begin, end and the end of the input in one piece.
#[test]
fn a_call_that_is_over_at_once_ends_its_process_at_once() {
    let stage = Stage::new();
    let module = module(&stage, JOINS);
    for _ in 0..20 {
        // longer than the end is waited for
        let mut host = Host::start(&stage, &["--grace=3600"], &module);
        host.tell(&json!({ "type": "begin", "v": 1, "call": "1", "device": "tcp" }));
        host.tell(&json!({ "type": "end" }));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
        let count = |what: &str| ended.told.iter().filter(|line| *line == what).count();
        assert_eq!(count("begin"), count("end"), "{:?}", ended.told);
    }
}

/// The event is the module's to close as soon as it has waited for it.
#[test]
fn an_event_may_be_closed_right_after_its_wait() {
    each(CLOSES, &[], |mut host| {
        host.begin();
        for round in 0..200_u8 {
            host.hears(&wants(1, 0));
            host.received(&[round]);
        }
        host.hears(&verdict("success", "alice", ""));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
    });
}

/// One event for two calls of a shared process: each call has its own bytes.
#[test]
fn two_calls_may_wait_for_one_event() {
    each(ONE_EVENT, &[], |mut host| {
        for dialog in ["d1", "d2"] {
            host.tell(&begin(dialog));
            host.hears(&of(dialog, wants(1, 0)));
        }
        for (dialog, data, expected) in [("d2", "bg==", "failure"), ("d1", "eQ==", "success")] {
            host.tell(&of(dialog, json!({ "type": "received", "data": data })));
            host.hears(&of(dialog, verdict(expected, "alice", "")));
        }
        let ended = host.over();
        assert!(ended.status.success() && ended.rest.is_empty(), "{} {:?}", ended.status, ended.rest);
    });
}

/// A thread that DllMain has started is none of a dialog: the process does not wait for it, DllMain is told, and the code stays
/// under it.
#[test]
fn a_thread_of_dll_main_does_not_hold_up_the_end() {
    let stage = Stage::new();
    let module = module(&stage, OWN_THREAD);
    for _ in 0..20 {
        let mut host = Host::start(&stage, &[], &module);
        host.begin();
        host.hears(&wants(1, 0));
        host.received(b"y");
        host.hears(&verdict("success", "alice", ""));
        host.tell(&json!({ "type": "end" }));
        let ended = host.over();
        assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
        assert!(ended.told.contains(&"detach".to_owned()), "{:?}", ended.told);
        // the thread would run on in nothing
        assert!(!ended.told.contains(&"unmapped".to_owned()), "{:?}", ended.told);
    }
}

/// A thousand dialogs in one process: threads, descriptors and memory are as after the first hundred.
#[test]
fn a_thousand_dialogs_leave_nothing_in_a_shared_process() {
    let stage = Stage::new();
    let mut host = Host::start(&stage, &[], &module(&stage, ONE_EVENT));
    let mut play = |from: usize, to: usize| {
        for n in from..to {
            let dialog = format!("d{n}");
            host.tell(&begin(&dialog));
            host.hears(&of(&dialog, wants(1, 0)));
            if n % 3 == 0 {
                host.tell(&of(&dialog, json!({ "type": "end" })));
                host.hears(&of(&dialog, verdict("failure", "alice", "")));
            } else {
                host.tell(&of(&dialog, json!({ "type": "received", "data": "eQ==" })));
                host.hears(&of(&dialog, verdict("success", "alice", "")));
            }
        }
        host.settled()
    };
    let (threads, files, memory) = play(0, 150);
    let after = play(150, 1150);
    assert_eq!((threads, files), (after.0, after.1));
    assert!(after.2 < memory + 1024, "{memory} KiB became {} KiB", after.2);
    assert!(host.over().status.success());
}
