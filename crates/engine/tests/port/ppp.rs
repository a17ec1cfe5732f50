//! PPP on a port: our own authentication always follows, the name check, questions and their limits, the ends.

use openras_engine::server::dialog::DialogCommand;
use openras_engine::server::port::{Answer, Command, NameCheck, PortConfig, PortEvent, wrong_credentials};
use openras_engine::{CallInput, LineEvent, LineOp, RasError};
use openras_ppp::{
    Answer as PppAnswer, AuthMethod, CloseReason, Command as PppCommand, Credentials, DownReason, Input,
};

use crate::bench::{config, secs};
use crate::call::{Call, PASSWORD, client, frame, unframe};

/// A call through one module that named `dialog`, then PPP as `user`.
fn through_module(dialog: &str, user: &str, password: &str, port: PortConfig) -> Call {
    let mut call = Call::new(port, client(user, password));
    call.run();
    call.bench.succeed(dialog);
    call.start();
    call
}

fn mschapv2(modules: &[&str]) -> PortConfig {
    let mut config = config(modules);
    config.ppp.authenticate_peer = vec![AuthMethod::MsChapV2];
    config
}

#[test]
fn a_good_call_comes_up_and_carries_ip_both_ways() {
    for port in [config(&[]), mschapv2(&[])] {
        let mut call = Call::new(port, client("alice", PASSWORD));
        call.bench.input(CallInput::Ip(&[0x45; 20]));
        call.start();
        assert!(call.is_up(), "{:?}", call.bench.downs);
        assert_eq!(call.owner.asked, ["verify alice", "admit alice", "address alice"]);
        let ipv4 = call.client_up[0].ipv4.unwrap();
        assert_eq!((ipv4.local.octets(), ipv4.remote.octets()), ([10, 64, 0, 2], [10, 64, 0, 1]));
        call.bench.input(CallInput::Ip(&[0x45; 21]));
        call.tell(Input::Ip(&[0x45; 22]));
        call.run();
        assert_eq!((call.client_ip.len(), call.bench.ip.len()), (1, 1), "what came before Up is dropped");
        let told =
            |wanted: fn(&PortEvent) -> bool| call.bench.events.iter().filter(|event| wanted(event)).count();
        assert_eq!(told(|event| matches!(event, PortEvent::Up(_))), 1);
        assert_eq!(told(|event| matches!(event, PortEvent::Authenticated(Some(name)) if name == "alice")), 1);
        assert_eq!(told(|event| matches!(event, PortEvent::Authenticating { leg: 1 })), 1);
    }
}

#[test]
fn our_own_authentication_follows_the_modules_always() {
    let call = through_module("alice", "alice", "wrong", config(&["totp"]));
    let end = call.bench.ended_with(691, "refused");
    assert!(end.counts_as_try && end.packet.is_some());
    assert_eq!(end.name.as_deref(), Some("alice"));
    call.assert_never_up();
    let call = through_module("alice", "alice", PASSWORD, config(&["totp"]));
    assert!(call.is_up());
}

#[test]
fn the_ppp_user_must_be_the_dialogs_under_require() {
    for (dialog, user) in [("alice", "ALICE"), ("alice", r"CORP\alice")] {
        assert!(through_module(dialog, user, PASSWORD, mschapv2(&["totp"])).is_up(), "{dialog} {user}");
    }
    for (port, has_a_try) in [(config(&["totp"]), false), (mschapv2(&["totp"]), true)] {
        let mut call = through_module("alice", "bob", PASSWORD, port);
        if has_a_try {
            assert_eq!(call.bench.ended, 0, "another try is open, as after a wrong password");
            call.bench.line(LineEvent::Disconnected);
        }
        let end = call.bench.ended_with(691, "\"bob\" is not \"alice\"");
        assert!(end.counts_as_try && end.why.contains("name_check"));
        assert_eq!(call.owner.asked, ["begin totp", "verify bob"], "nobody is admitted");
        call.assert_never_up();
    }
}

/// All frames of a call through alice's dialog, in which the caller proves itself three times as this user.
fn heard_by(user: &str, password: &str, port: &PortConfig) -> Vec<(u16, Vec<u8>)> {
    let mut call = Call::new(port.clone(), client(user, password));
    call.owner.retry = true;
    call.run();
    call.bench.succeed("alice");
    call.start();
    for _ in 0..2 {
        let again = Credentials { name: user.into(), password: password.into() };
        call.tell(Input::Command(PppCommand::Answer(PppAnswer::Credentials(again))));
        call.run();
    }
    assert!(call.bench.end().counts_as_try);
    call.assert_never_up();
    let frames = call.wire.split(|&byte| byte == 0x7e).filter(|frame| !frame.is_empty());
    frames.map(unframe).collect()
}

/// Rules 5 and 6: neither whether a stranger's password is right nor whose name is expected.
#[test]
fn a_wrong_user_a_right_password_and_a_wrong_one_look_alike_on_the_wire() {
    for port in [config(&["totp"]), mschapv2(&["totp"])] {
        let wrong_password = heard_by("alice", "wrong", &port);
        assert_eq!(heard_by("bob", PASSWORD, &port), wrong_password);
        assert_eq!(heard_by("bob", "wrong", &port), wrong_password);
    }
}

#[test]
fn a_wrong_user_may_try_again_as_the_right_one() {
    let mut call = through_module("alice", "bob", PASSWORD, mschapv2(&["totp"]));
    let right = Credentials { name: "alice".into(), password: PASSWORD.into() };
    call.tell(Input::Command(PppCommand::Answer(PppAnswer::Credentials(right))));
    call.run();
    assert!(call.is_up(), "{:?}", call.bench.downs);
}

/// PPP counts tries from 1 again when LCP is negotiated anew; the call must not (rule 4).
#[test]
fn negotiating_anew_buys_no_fourth_question() {
    for (dialog, user) in [("alice", "alice"), ("alice", "bob")] {
        let mut call = Call::new(mschapv2(&["totp"]), client(user, "wrong"));
        call.owner.retry = true;
        call.run();
        call.bench.succeed(dialog);
        for round in 1..=3 {
            assert_eq!(call.bench.ended, 0, "round {round}");
            call.client = openras_ppp::Ppp::new(client(user, "wrong"), [round; 32]);
            call.start();
        }
        assert_eq!(call.bench.end().error, Some(RasError(691)), "{user}: the third try was the last");
        assert_eq!(call.owner.asked.iter().filter(|asked| asked.starts_with("verify")).count(), 3);
    }
}

#[test]
fn right_answers_are_no_tries_and_wrong_ones_between_them_add_up() {
    let mut call = Call::new(mschapv2(&[]), client("alice", PASSWORD));
    call.owner.retry = true;
    let mut round = 0;
    let mut again = |call: &mut Call, user: &str, password: &str| {
        round += 1;
        call.client = openras_ppp::Ppp::new(client(user, password), [round; 32]);
        call.start();
    };
    for _ in 0..5 {
        again(&mut call, "alice", PASSWORD);
    }
    assert!(call.is_up(), "{:?}", call.bench.downs);
    for _ in 0..3 {
        assert_eq!(call.bench.ended, 0);
        again(&mut call, "bob", "guess");
        again(&mut call, "alice", PASSWORD);
    }
    call.bench.ended_with(691, "refused");
}

/// A claim that the caller left behind before its verdict was a question too.
#[test]
fn a_question_left_behind_counts() {
    let mut call = Call::new(mschapv2(&[]), client("alice", "wrong"));
    call.owner.silent.push("verify");
    for round in 1..=4 {
        call.client = openras_ppp::Ppp::new(client("alice", "wrong"), [round; 32]);
        call.start();
        if round > 1 {
            // on the claim of the round before, which nobody waits for any more
            call.bench.answer(Answer::Verdict(wrong_credentials()));
            call.run();
        }
    }
    assert_eq!(call.owner.asked, ["verify alice"; 3], "the fourth is refused without asking");
    let end = call.bench.ended_with(691, "refused");
    assert!(end.counts_as_try);
    let refused = |event: &&PortEvent| matches!(event, PortEvent::Refused(name, error) if name == "alice" && error.0 == 691);
    assert_eq!(call.bench.events.iter().filter(refused).count(), 4, "each is in the record");
}

#[test]
fn the_name_check_can_warn_or_be_off() {
    for (check, told) in [(NameCheck::Warn, 1), (NameCheck::Off, 0)] {
        let port = PortConfig { name_check: check, ..config(&["totp"]) };
        let call = through_module("token-17", "bob", PASSWORD, port);
        assert!(call.is_up());
        let differs = |event: &&PortEvent| matches!(event, PortEvent::NameDiffers(dialog, ppp) if dialog == "token-17" && ppp == "bob");
        assert_eq!(call.bench.events.iter().filter(differs).count(), told);
    }
}

#[test]
fn a_port_without_authentication_admits_the_dialogs_user() {
    let mut port = config(&["totp"]);
    port.ppp.authenticate_peer.clear();
    let call = through_module("alice", "nobody", "", port);
    assert!(call.is_up());
    assert_eq!(call.owner.asked[1..], ["admit alice", "address alice"]);
}

#[test]
fn bytes_that_came_before_success_go_to_ppp_and_text_goes_out_before_lcp() {
    let mut call = Call::new(config(&["totp"]), client("alice", PASSWORD));
    call.start();
    assert_eq!(call.bench.ended, 0, "PPP waits for the module");
    call.bench.dialog(DialogCommand::Send(b"Welcome\r\n".to_vec()));
    call.bench.succeed("alice");
    let sent = call.bench.sent.clone();
    call.run();
    assert!(call.is_up(), "without another Configure-Request of the client");
    assert!(sent.starts_with(b"Welcome\r\n\x7e\xff\x7d\x23\xc0\x21"), "{sent:?}");
}

#[test]
fn a_refused_admission_ends_the_call_with_its_number() {
    for number in [646, 647, 649] {
        let mut call = Call::new(config(&[]), client("alice", PASSWORD));
        call.owner.refusal = Some(number);
        call.start();
        call.pass(secs(15));
        let end = call.bench.ended_with(number, "did not admit \"alice\"");
        assert!(!end.counts_as_try, "the password was right");
        call.assert_never_up();
        assert_eq!(call.client_down.len(), 1, "told by LCP, before the line drops");
        assert!(!matches!(call.client_down[0].reason, DownReason::LineLost), "{:?}", call.client_down);
    }
}

#[test]
fn an_answer_that_does_not_come_ends_the_call() {
    for (kind, topic) in [("verify", "credentials"), ("admit", "rights"), ("address", "address")] {
        let mut call = Call::new(config(&[]), client("alice", PASSWORD));
        call.owner.silent.push(kind);
        call.start();
        call.pass(secs(29));
        assert_eq!(call.bench.downs.len(), 0, "{kind}");
        call.pass(secs(15));
        call.bench.ended_with(638, topic);
        assert!(call.bench.ups.is_empty() && call.client_up.is_empty());
    }
}

#[test]
fn without_an_address_the_call_ends_with_a_reason() {
    let mut call = Call::new(PortConfig { ppp: ipv4_only(), ..config(&[]) }, client("alice", PASSWORD));
    call.owner.address = None;
    call.start();
    call.pass(secs(120));
    let end = call.bench.end();
    assert!(end.error.is_some() && end.why.contains("network protocol"), "{end:?}");
    assert!(call.bench.ups.is_empty());
}

fn ipv4_only() -> openras_ppp::Config {
    openras_ppp::Config { ipv6cp: None, ..config(&[]).ppp }
}

#[test]
fn an_administrator_ends_ppp_politely() {
    for (silent, up) in [(Some("verify"), false), (Some("admit"), false), (None, true)] {
        let mut call = Call::new(config(&[]), client("alice", PASSWORD));
        call.owner.silent.extend(silent);
        call.start();
        assert_eq!(call.is_up(), up);
        call.bench.command(Command::Disconnect);
        assert!(!call.bench.ops.contains(&LineOp::HangUp), "Terminate-Request first");
        call.run();
        let end = call.bench.ended_with(631, "administrator");
        assert_eq!(end.was_up, up);
        assert_eq!(call.client_down.len(), 1);
        assert!(!matches!(call.client_down[0].reason, DownReason::LineLost), "{:?}", call.client_down);
    }
}

#[test]
fn a_caller_that_answers_nothing_any_more_cannot_hold_the_line() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.start();
    assert!(call.is_up());
    call.bench.command(Command::Disconnect);
    call.bench.command(Command::Disconnect);
    call.bench.sent.clear();
    call.bench.pass(secs(12));
    call.bench.ended_with(631, "administrator");
}

#[test]
fn a_caller_that_hangs_up_politely_is_no_error() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.start();
    call.tell(Input::Command(PppCommand::Close(CloseReason::User)));
    call.pass(secs(5));
    let end = call.bench.ended_with(None, "caller ended the call");
    assert!(end.was_up && !end.counts_as_try);
    assert_eq!(end.name.as_deref(), Some("alice"));
}

#[test]
fn carrier_lost_ends_the_call_in_every_phase_of_ppp() {
    for (silent, up) in
        [(Some("verify"), false), (Some("admit"), false), (Some("address"), false), (None, true)]
    {
        let mut call = Call::new(config(&[]), client("alice", PASSWORD));
        call.owner.silent.extend(silent);
        if !up {
            call.bench.line(LineEvent::Bytes(b"noise"));
        }
        call.start();
        call.bench.line(LineEvent::Disconnected);
        let end = call.bench.ended_with(628, "dropped");
        assert_eq!(end.was_up, up);
        assert!(!call.bench.ops.contains(&LineOp::HangUp));
    }
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.start();
    call.bench.command(Command::Disconnect);
    call.bench.line(LineEvent::Disconnected);
    call.bench.ended_with(631, "administrator");
}

#[test]
fn a_line_taken_away_while_up_ends_the_call() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.start();
    call.bench.line(LineEvent::Closed);
    assert!(call.bench.end().was_up);
}

#[test]
fn a_caller_that_says_nothing_is_given_up() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.bench.pass(secs(120));
    call.bench.ended_with(721, "No PPP packet");
    call.assert_never_up();
}

#[test]
fn wrong_tries_count_even_if_the_caller_hangs_up_first() {
    // the end was said to be a dropped line (628), and nobody looking at the record knew of the password
    let mut call = Call::new(mschapv2(&[]), client("alice", "wrong"));
    call.owner.retry = true;
    call.start();
    assert_eq!(call.bench.ended, 0, "another try is open");
    call.bench.line(LineEvent::Disconnected);
    assert!(call.bench.ended_with(691, "dropped during authentication").counts_as_try);
}

#[test]
fn a_caller_that_negotiates_anew_while_up_proves_itself_anew() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    call.start();
    assert!(call.is_up());
    call.client = openras_ppp::Ppp::new(client("alice", PASSWORD), [13; 32]);
    call.owner.silent.push("verify");
    call.start();
    let asked = call.owner.asked.len();
    assert_eq!(call.owner.asked.last().map(String::as_str), Some("verify alice"));
    let packets = call.bench.ip.len();
    call.bench.input(CallInput::Ip(&[0x45; 20]));
    call.tell(Input::Ip(&[0x45; 20]));
    call.run();
    assert_eq!((call.client_ip.len(), call.bench.ip.len()), (0, packets), "no IP meanwhile");
    call.owner.silent.clear();
    let accept = openras_ppp::Verdict::Accept { authenticator_response: None, message: String::new() };
    call.bench.answer(Answer::Verdict(accept));
    call.run();
    assert_eq!(call.owner.asked[asked..], ["admit alice", "address alice"]);
    call.bench.input(CallInput::Ip(&[0x45; 20]));
    call.run();
    assert_eq!(call.client_ip.len(), 1);
    call.pass(secs(3600));
    assert_eq!(call.bench.ended, 0, "it is up as before");
    let ups = call.bench.events.iter().filter(|event| matches!(event, PortEvent::Up(_))).count();
    assert_eq!(ups, 1, "it is the same call");
}

#[test]
fn a_caller_that_negotiates_for_ever_is_ended() {
    let mut call = Call::new(config(&[]), client("alice", PASSWORD));
    for identifier in 0..255 {
        // a new Configure-Request every few seconds, and never an answer to ours
        call.bench.bytes(&frame(0xc021, &[1, identifier, 0, 4]));
        call.bench.pass(secs(4));
        call.bench.sent.clear();
        if call.bench.ended > 0 {
            break;
        }
    }
    assert!(call.bench.end().error.is_some());
}
