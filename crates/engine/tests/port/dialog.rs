//! The security dialog (ras-security-host §5, §9).

use openras_engine::server::dialog::{AskLine, DialogCommand, DialogVerdict, Echo, PppInDialog};
use openras_engine::server::port::{Answer, Ask, NameCheck, PortConfig, PortEvent};
use openras_engine::{LineEvent, LineOp, RasError};
use openras_ppp::Machine;

use crate::bench::{Bench, config, secs, success};

#[test]
fn begin_is_asked_before_ppp_and_must_be_answered_in_ten_seconds() {
    let mut bench = Bench::answered(config(&["totp"]));
    assert!(matches!(&bench.asks[..], [Ask::SecurityBegin { module }] if module == "totp"));
    assert!(bench.sent.is_empty() && !bench.is_authenticating());
    bench.pass(secs(9));
    assert_eq!(bench.ended, 0);
    bench.pass(secs(1));
    bench.ended_with(638, "did not begin within 10 s");
    assert_eq!(bench.ends_heard(), 1, "its Begin may have returned since");
}

#[test]
fn a_begin_that_fails_ends_the_call_without_an_end() {
    let mut bench = Bench::answered(config(&["totp"]));
    bench.answer(Answer::Begun(Err(RasError::PORT_NOT_CONFIGURED)));
    let end = bench.ended_with(665, "could not begin");
    assert!(!end.counts_as_try);
    assert_eq!(bench.ends_heard(), 0);
}

#[test]
fn what_a_module_does_while_begin_runs_counts_and_its_verdict_waits_for_begin() {
    let mut bench = Bench::answered(config(&["m"]));
    bench.dialog(DialogCommand::Send(b"hello".to_vec()));
    bench.succeed("alice");
    assert_eq!(bench.sent, b"hello");
    assert!(!bench.is_authenticating());
    bench.answer(Answer::Begun(Ok(())));
    assert!(bench.is_authenticating());
    assert_eq!(bench.last_heard(), "end");
}

#[test]
fn a_receive_completes_with_the_bytes_asked_for_and_the_rest_is_kept() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.bytes(&[b'x'; 250]);
    bench.receive(100, None);
    bench.receive(100, None);
    bench.receive(100, None);
    assert_eq!(bench.heard.len(), 2);
    bench.bytes(&[b'y'; 49]);
    assert_eq!(bench.heard.len(), 2);
    bench.bytes(b"yz");
    assert_eq!(bench.last_heard(), format!("received {:?}", "x".repeat(50) + &"y".repeat(50)));
    bench.receive(1, None);
    assert_eq!(bench.last_heard(), "received \"z\"");
}

#[test]
fn a_receive_of_any_completes_with_the_first_bytes() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.dialog(DialogCommand::Receive { max: 3, timeout: None, any: true });
    assert!(bench.heard.is_empty());
    bench.bytes(b"12345");
    assert_eq!(bench.all_heard(), ["received \"123\""]);
    bench.dialog(DialogCommand::Receive { max: 10, timeout: None, any: true });
    assert_eq!(bench.last_heard(), "received \"45\"");
}

#[test]
fn a_timeout_keeps_what_had_come_for_the_next_receive() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.receive(4, Some(5));
    bench.bytes(b"12");
    bench.pass(secs(4));
    assert!(bench.heard.is_empty());
    bench.pass(secs(1));
    assert_eq!(bench.all_heard(), ["timed out"]);
    bench.bytes(b"3");
    bench.receive(4, Some(5));
    bench.bytes(b"4");
    assert_eq!(bench.last_heard(), "received \"1234\"");
    bench.pass(secs(100));
    assert_eq!(bench.heard.len(), 2, "no time-out follows a completed Receive");
}

#[test]
fn a_receive_without_a_timeout_waits_as_long_as_the_dialog_may_take() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.receive(1, None);
    bench.pass(secs(299));
    assert!(bench.heard.is_empty() && bench.ended == 0);
    bench.pass(secs(1));
    bench.ended_with(638, "longer than 300 s");
    assert_eq!(bench.all_heard(), ["end"]);
}

#[test]
fn a_limit_of_zero_is_none() {
    let mut bench = Bench::begun(PortConfig { dialog_limit: secs(0), ..config(&["m"]) });
    bench.receive(1, None);
    bench.pass(secs(100_000));
    assert_eq!(bench.ended, 0);
}

#[test]
fn the_limit_covers_all_modules_together() {
    let mut bench = Bench::begun(config(&["a", "b"]));
    bench.pass(secs(200));
    bench.succeed("alice");
    bench.answer(Answer::Begun(Ok(())));
    bench.pass(secs(99));
    assert_eq!(bench.ended, 0);
    bench.pass(secs(1));
    bench.ended_with(638, "dialog_limit");
    assert_eq!(bench.ends_heard(), 2);
}

#[test]
fn commands_that_cannot_be_taken_are_refused_with_their_number() {
    let ask = |max| AskLine { prompt: "?".into(), echo: Echo::Yes, max, timeout: None };
    let receive = |max| DialogCommand::Receive { max, timeout: None, any: false };
    let mut bench = Bench::begun(config(&["m"]));
    bench.dialog(receive(0));
    bench.dialog(DialogCommand::Ask(ask(0)));
    bench.dialog(receive(65_536));
    bench.dialog(DialogCommand::Ask(ask(1025)));
    bench.dialog(DialogCommand::Send(vec![0; 65_536]));
    bench.dialog(DialogCommand::Send(Vec::new()));
    assert_eq!(
        bench.all_heard(),
        ["refused 603", "refused 603", "refused 610", "refused 610", "refused 610"]
    );
    assert!(bench.sent.is_empty());
    bench.receive(2, None);
    bench.receive(1, None);
    bench.dialog(DialogCommand::Ask(ask(5)));
    assert_eq!(bench.all_heard()[5..], ["refused 616", "refused 616"]);
    bench.bytes(b"ab");
    assert_eq!(bench.last_heard(), "received \"ab\"", "the first one stays valid");
    assert!(bench.sent.is_empty(), "a refused Ask says nothing to the caller");
}

#[test]
fn an_ask_prompts_edits_and_completes_with_the_line() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.ask_line("Code:\n> \x1b[2J", Echo::Mask, None);
    assert_eq!(bench.sent, b"Code:\r\n> ?[2J", "a prompt carries text only");
    bench.sent.clear();
    bench.bytes(b"12");
    bench.bytes(b"x\x08");
    bench.bytes(b"3\r");
    assert_eq!(bench.all_heard(), ["line \"123\""]);
    assert_eq!(bench.sent, b"***\x08 \x08*\r\n");
}

#[test]
fn cr_lf_and_cr_lf_each_end_one_line_also_across_requests() {
    for end in ["\r", "\n", "\r\n"] {
        let mut bench = Bench::begun(config(&["m"]));
        bench.bytes(format!("a{end}b{end}").as_bytes());
        bench.ask_line("", Echo::No, None);
        bench.ask_line("", Echo::No, None);
        assert_eq!(bench.all_heard(), ["line \"a\"", "line \"b\""], "{end:?}");
        bench.ask_line("", Echo::No, Some(9));
        bench.pass(secs(9));
        assert_eq!(bench.last_heard(), "timed out", "{end:?} leaves nothing behind");
    }
    let mut bench = Bench::begun(config(&["m"]));
    bench.receive(2, None);
    bench.bytes(b"a\r");
    bench.ask_line("", Echo::No, None);
    bench.bytes(b"\nb\r");
    bench.receive(1, None);
    bench.bytes(b"\n");
    assert_eq!(bench.heard.len(), 2);
    bench.bytes(b"c");
    assert_eq!(bench.all_heard(), ["received \"a\\r\"", "line \"b\"", "received \"c\""]);
}

#[test]
fn what_was_typed_before_a_timeout_begins_the_next_line() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.ask_line("?", Echo::Yes, Some(10));
    bench.bytes(b"12\x1b[A3");
    bench.pass(secs(10));
    bench.ask_line("!", Echo::Yes, Some(10));
    bench.bytes(b"4\n");
    assert_eq!(bench.all_heard(), ["timed out", "line \"1234\""]);
    assert_eq!(bench.sent, b"?123!1234\r\n");
}

#[test]
fn a_tilde_alone_is_an_answer_after_a_second() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.receive(1, Some(30));
    bench.bytes(b"~");
    assert!(bench.heard.is_empty(), "it may begin a PPP header");
    bench.pass(secs(1));
    assert_eq!(bench.all_heard(), ["received \"~\""]);
    bench.ask_line("", Echo::Yes, None);
    bench.bytes(b"a~b\r");
    assert_eq!(bench.last_heard(), "line \"a~b\"");
}

#[test]
fn more_than_64_kib_that_nobody_reads_end_the_call() {
    let mut bench = Bench::begun(config(&["m"]));
    bench.bytes(&[b'x'; 65_536]);
    assert_eq!(bench.ended, 0);
    bench.bytes(b"x");
    let end = bench.ended_with(699, "64 KiB");
    assert!(!end.counts_as_try);
    assert_eq!(bench.all_heard(), ["end"]);
}

#[test]
fn failure_and_error_let_the_text_out_then_hang_up_and_are_recorded() {
    let failure = DialogVerdict::Failure { user: "mal\x1blory".into(), domain: "CORP".into() };
    let error = DialogVerdict::Error { code: 5, text: "no\nstore".into() };
    let unspecified = DialogVerdict::Error { code: 0, text: String::new() };
    for (verdict, number, word) in
        [(failure, 691, r"CORP\\mal\u{1b}lory"), (error, 5, r"no\nstore"), (unspecified, 635, "unspecified")]
    {
        let mut bench = Bench::begun(config(&["m", "never"]));
        bench.dialog(DialogCommand::Send(b"Go away\r\n".to_vec()));
        bench.dialog(DialogCommand::Complete(verdict.clone()));
        assert_eq!(bench.sent, b"Go away\r\n");
        let end = bench.ended_with(number, word);
        assert_eq!(end.counts_as_try, number == 691, "only a wrong answer is a wrong try");
        assert!(bench.ops.contains(&LineOp::HangUp));
        assert_eq!(bench.all_heard(), ["end"]);
        assert_eq!(bench.asks.len(), 1, "the next module is not asked");
        assert!(matches!(bench.events.last(),
            Some(PortEvent::DialogEnded(module, told)) if module == "m" && *told == verdict));
    }
}

#[test]
fn carrier_lost_ends_the_dialog_once() {
    for mut bench in [Bench::answered(config(&["m"])), Bench::begun(config(&["m"]))] {
        bench.receive(5, Some(10));
        bench.line(LineEvent::Disconnected);
        bench.ended_with(628, "dropped during the security dialog");
        assert_eq!(bench.all_heard(), ["end"]);
        assert!(!bench.ops.contains(&LineOp::HangUp), "there is nothing to hang up");
        bench.dialog(DialogCommand::Send(b"late".to_vec()));
        bench.succeed("alice");
        assert!(bench.sent.is_empty() && !bench.is_authenticating());
    }
}

#[test]
fn a_second_complete_and_what_follows_one_is_ignored() {
    let mut bench = Bench::answered(config(&["a", "b"]));
    bench.succeed("alice");
    bench.dialog(DialogCommand::Complete(DialogVerdict::Error { code: 1, text: String::new() }));
    bench.dialog(DialogCommand::Send(b"late".to_vec()));
    bench.receive(1, None);
    bench.answer(Answer::Begun(Ok(())));
    assert!(bench.sent.is_empty());
    assert_eq!(bench.all_heard(), ["end"]);
    assert!(matches!(bench.asks.last(), Some(Ask::SecurityBegin { module }) if module == "b"));
}

#[test]
fn modules_run_in_order_and_ppp_starts_after_the_last() {
    let mut bench = Bench::begun(config(&["a", "b"]));
    bench.bytes(b"left over");
    bench.succeed("alice");
    assert!(!bench.is_authenticating());
    bench.answer(Answer::Begun(Ok(())));
    bench.receive(9, None);
    assert_eq!(bench.last_heard(), "received \"left over\"", "what one module left is the next one's");
    bench.succeed("ALICE");
    assert!(bench.is_authenticating());
    assert_eq!(bench.ends_heard(), 2);
}

/// The call after SUCCESS of two modules with these names.
fn after_both(first: (&str, &str), second: (&str, &str), check: NameCheck) -> Bench {
    let mut bench = Bench::begun(PortConfig { name_check: check, ..config(&["a", "b"]) });
    bench.dialog(DialogCommand::Complete(success(first.0, first.1)));
    bench.answer(Answer::Begun(Ok(())));
    bench.dialog(DialogCommand::Complete(success(second.0, second.1)));
    bench
}

#[test]
fn two_modules_with_two_names_are_691() {
    for check in [NameCheck::Require, NameCheck::Warn, NameCheck::Off] {
        let bench = after_both(("alice", ""), ("bob", ""), check);
        assert!(bench.ended_with(691, "\"bob\" after").counts_as_try);
        after_both(("alice", "CORP"), ("alice", "LAB"), check).ended_with(691, r"LAB\\alice");
        assert!(after_both(("alice", "CORP"), ("Alice", "corp"), check).is_authenticating());
        assert!(after_both(("alice", ""), ("alice", "CORP"), check).is_authenticating());
    }
}

#[test]
fn success_without_a_name_fails_under_require_only() {
    let named = |check| {
        let mut bench = Bench::begun(PortConfig { name_check: check, ..config(&["m"]) });
        bench.succeed("");
        bench
    };
    let bench = named(NameCheck::Require);
    assert!(!bench.ended_with(691, "without a name").counts_as_try, "it is the module's fault");
    assert!(named(NameCheck::Warn).is_authenticating());
    assert!(named(NameCheck::Off).is_authenticating());
    assert!(after_both(("", ""), ("bob", ""), NameCheck::Off).is_authenticating());
}

#[test]
fn late_wrong_and_unasked_answers_are_ignored() {
    let mut bench = Bench::answered(config(&["m"]));
    bench.answer(Answer::Admit(Err(RasError::NO_DIALIN_PERMISSION)));
    bench.answer(Answer::Address(None));
    bench.answer(Answer::CallbackTo(true));
    assert_eq!(bench.ended, 0);
    bench.answer(Answer::Begun(Ok(())));
    bench.answer(Answer::Begun(Err(RasError::UNKNOWN)));
    assert_eq!(bench.ended, 0);
    assert!(bench.port.poll_timeout().is_some());
}

/// Point 38: `data` gives the module PPP's bytes, `fail` ends the call at once, and a second module decides anew.
#[test]
fn ppp_before_the_verdict_is_what_the_module_says() {
    let lcp = [0x7e, 0xff, 0x7d, 0x23, 0xc0, 0x21];
    let ppp = |what| {
        let mut bench = Bench::begun(config(&["m", "n"]));
        bench.dialog(DialogCommand::Ppp(what));
        bench
    };
    let mut bench = ppp(PppInDialog::Data);
    bench.receive(3, None);
    bench.bytes(&lcp);
    assert_eq!(bench.heard.len(), 1, "the module waits for the caller, and PPP is an answer");
    assert!(!bench.is_authenticating() && bench.sent.is_empty(), "and nothing but that");
    bench.succeed("alice");
    bench.answer(Answer::Begun(Ok(())));
    bench.bytes(&lcp);
    assert_eq!(bench.ended, 0);
    bench.receive(3, None);
    bench.receive(1, None);
    bench.ended_with(703, "no terminal");
    let mut bench = ppp(PppInDialog::Fail);
    bench.bytes(&lcp);
    bench.ended_with(703, "no terminal");
    assert!(bench.ends_heard() == 1 && !bench.is_authenticating());
}
