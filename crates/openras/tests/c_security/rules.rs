//! T4 to T6, T8 to T11, T14: what a caller and the record see.

use openras_client::TerminalMode;

use crate::calls::{Caller, dials};
use crate::service::until;
use crate::stage::Stage;
use crate::{live, module, verdicts};

/// T4, T5, T6, T9: pieces, time-outs and late bytes; an error is on record with its number.
#[test]
fn bytes_come_in_order_and_none_is_lost() {
    let stage = Stage::new();
    let mut live = live(&module(&stage, "bytes.c", &[]), "");
    let mut caller = Caller::call(&live, "line1");
    caller.until("ready");
    let three: Vec<u8> = [b'a', b'b', b'c'].iter().flat_map(|byte| [*byte; 100]).collect();
    caller.types(&three);
    caller.types(b"12");
    caller.until("[100 0 aa 0][100 0 bb 0][100 0 cc 0]");
    caller.until("[0 638 -- 1]");
    caller.types(b"34");
    caller.until("[4 0 14 0]");
    caller.types(b"\xff");
    caller.until("[1 0 ");
    caller.end();
    let verdict = until("the record", || verdicts(&live, "line1", "127.0.0.1").pop());
    assert_eq!(verdict, (4711, String::new(), String::new()));
    let said = live.stop();
    assert_eq!(said.matches("stderr: end").count(), 1, "{said}");
}

/// T10: carrier lost in a Receive; the worker is woken, End called once, the late Complete harmless.
#[test]
fn a_lost_carrier_wakes_the_worker_and_ends_the_dialog() {
    let stage = Stage::new();
    let mut live = live(&module(&stage, "bytes.c", &[]), "");
    let mut caller = Caller::call(&live, "line1");
    caller.until("ready");
    drop(caller);
    until("the module has completed", || live.said().contains("stderr: completed").then_some(()));
    let said = live.stop();
    assert!(said.contains("stderr: [0 619 -- 0]"), "{said}");
    assert_eq!(said.matches("stderr: end").count(), 1, "{said}");
    let logged = verdicts(&live, "line1", "127.0.0.1");
    assert!(logged.is_empty(), "no verdict counts after the end of its call: {logged:?}");
}

/// Point 39: a service that stops calls End for every dialog, and waits for Completes that were put off.
#[test]
fn a_stop_of_the_service_ends_every_dialog() {
    let stage = Stage::new();
    let mut live = live(&module(&stage, "bytes.c", &[]), "");
    let mut callers = [Caller::call(&live, "line1"), Caller::call(&live, "line1")];
    callers.iter_mut().for_each(|caller| caller.until("ready"));
    let said = live.stop();
    assert_eq!(said.matches("stderr: end").count(), 2, "{said}");
    assert_eq!(said.matches("stderr: completed").count(), 2, "{said}");
}

/// T9: a refused name is on record, and the caller reads why before the line drops.
#[test]
fn a_failure_is_on_record_with_its_name() {
    let stage = Stage::new();
    let live = live(&module(&stage, "module_cpp.cpp", &[]), "");
    let mut caller = Caller::call(&live, "line1");
    caller.until("Name: ");
    caller.types(b"mallory\r");
    caller.until("Word of the day: ");
    caller.types(b"guess\r");
    caller.until("No.\r\n");
    caller.end();
    let verdict = until("the record", || verdicts(&live, "line1", "127.0.0.1").pop());
    assert_eq!((verdict.0, verdict.1.as_str()), (691, "mallory"));
}

/// T11: one slow dialog holds up nobody.
#[test]
fn no_port_waits_for_another() {
    let stage = Stage::new();
    let live = live(&module(&stage, "module_code.c", &[]), "");
    let mut slow = Caller::call(&live, "line1");
    slow.until("User: ");
    for _ in 0..3 {
        let mut quick = Caller::call(&live, "line1");
        quick.until("User: ");
        quick.types(b"bob\r4711\rbob\r4711\rbob\r4711\r");
        quick.until("That is not it.");
        quick.end();
    }
    slow.types(b"alice\r");
    slow.until("Code: ");
}

const RIGHT: &[(&str, &str)] = &[("User: ", "alice\r"), ("Code: ", "4711\r")];

/// T8: SUCCESS lets PPP begin, and PPP's own authentication decides as always.
#[test]
fn success_only_lets_ppp_begin() {
    let stage = Stage::new();
    let live = live(&module(&stage, "module_code.c", &[]), "");
    let (states, error) = dials(&live, None, RIGHT, "secret");
    assert_eq!(error, None, "{states:?}");
    let (states, error) = dials(&live, None, RIGHT, "not it");
    assert!(states.iter().any(|state| state.contains("Interactive")), "{states:?}");
    assert!(error.is_some(), "the dialog's success is no password: {states:?}");
    // bob's code is right, and alice's password: the names differ
    let (states, error) = dials(&live, None, &[("User: ", "bob\r"), ("Code: ", "0815\r")], "secret");
    assert!(error.is_some(), "{states:?}");
    let of_bob = until("the record", || verdicts(&live, "line1", "127.0.0.1").pop());
    assert_eq!((of_bob.0, of_bob.1.as_str()), (0, "bob"));
}

/// Points 36 and 37: PPP that came in one piece with the last answer is PPP's, whole, and what the module sent last
/// comes before PPP's answer.
#[test]
fn ppp_in_one_piece_with_the_last_answer_is_not_lost() {
    /// LCP Configure-Request 0x5a without options.
    const REQUEST: &[u8] = b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x5a\x7d\x20\x7d\x24\x94\x7d\x3f\x7e";
    let stage = Stage::new();
    for (source, sent, last) in [
        ("module_code.c", &b"alice\r4711\r"[..], "Code: ****"),
        ("module_menu.c", b"1alice\r", "Good day.\r\n"),
    ] {
        for isolation in ["call", "shared"] {
            let live = live(&module(&stage, source, &[]), &format!("isolation = \"{isolation}\""));
            for _ in 0..4 {
                let mut caller = Caller::call(&live, "line1");
                caller.types(&[sent, REQUEST].concat());
                caller.hears_in_a_frame(last.as_bytes());
                // Configure-Ack: not one byte of the request is missing, or its FCS would be wrong
                caller.hears_in_a_frame(b"\xc0\x21\x02\x5a\x00\x04");
            }
        }
    }
}

/// T14: 0x1000 with error 0 for a client with paused states, 703 for one without.
#[test]
fn a_client_pauses_in_interactive_or_fails_with_703() {
    let stage = Stage::new();
    let live = live(&module(&stage, "module_code.c", &[]), "");
    let (states, error) = dials(&live, None, RIGHT, "secret");
    assert!(states.iter().any(|state| state == "RASCS_Interactive 0x1000 0"), "{states:?}");
    assert_eq!(error, None);
    let (states, error) = dials(&live, Some(TerminalMode::AfterDial), &[], "secret");
    assert_eq!(error, Some(703), "{states:?}");
}

/// Point 38: PPP is bytes for an old module unless its table says otherwise.
#[test]
fn ppp_in_the_dialog_is_what_the_table_says() {
    let stage = Stage::new();
    let module = module(&stage, "bytes.c", &[]);
    let lcp = b"\x7e\xff\x7d\x23\xc0\x21";
    for (word, number) in [("data", 4711), ("wait", 703), ("fail", 703)] {
        let live = live(&module, &format!("ppp_in_dialog = \"{word}\""));
        let mut caller = Caller::call(&live, "line1");
        caller.until("ready");
        caller.types(lcp);
        if word == "data" {
            caller.types(&[b'x'; 294]);
            caller.until("[100 0 ~x 0]");
            caller.types(b"5678yyyyz");
        }
        caller.end();
        let ended = until("the record", || ended(&live));
        assert_eq!(ended, number, "{word}");
    }
}

/// The number with which the first call ended.
fn ended(live: &crate::service::Live) -> Option<u64> {
    let text = std::fs::read_to_string(live.path("state/audit.jsonl")).unwrap_or_default();
    let mut records = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    records.find(|record| record["what"] == "ended").and_then(|record| record["error"].as_u64())
}

/// Point 9: `receive = "any"` completes with the first bytes.
#[test]
fn receive_any_completes_with_the_first_bytes() {
    let stage = Stage::new();
    let live = live(&module(&stage, "bytes.c", &[]), "receive = \"any\"");
    let mut caller = Caller::call(&live, "line1");
    caller.until("ready");
    caller.types(b"abc");
    caller.until("[3 0 ac 0]");
}

/// The files a module is shown: its own, the host's, and no more of their folders.
#[test]
fn a_module_sees_its_own_file_and_not_its_folder() {
    let stage = Stage::new();
    std::fs::write(stage.path().join("codes.txt"), "alice 1111\n").unwrap();
    // the example reads codes.txt in its folder, which is not where its file lies
    let live = live(&module(&stage, "module_code.c", &[]), "");
    let mut caller = Caller::call(&live, "line1");
    caller.until("User: ");
    caller.types(b"alice\r1111\r");
    caller.until("That is not it.");
    caller.types(b"alice\r4711\r");
    until("the record", || verdicts(&live, "line1", "127.0.0.1").pop().filter(|verdict| verdict.0 == 0));
}
