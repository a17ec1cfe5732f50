//! The login prompt: a name and a password before PPP, and what a caller may do without them (nothing but PPP's own proof).

use openras_engine::LineEvent;
use openras_engine::RasError;
use openras_engine::server::dialog::{DialogCommand, Echo, PppInDialog};
use openras_engine::server::login::{AfterLogin, LoginConfig, LoginMode};
use openras_engine::server::port::{Answer, Condition, NameCheck, PortConfig, PortEvent, wrong_credentials};
use openras_ppp::{AuthMethod, Config, Secret};

use crate::bench::{Bench, config, secs};
use crate::call::{Call, PASSWORD, client};
use crate::openings::{PPP_OPENINGS, SLIP_DATAGRAM};

pub(crate) fn with_login(modules: &[&str], mode: LoginMode) -> PortConfig {
    PortConfig { login: LoginConfig { mode, ..LoginConfig::default() }, ..config(modules) }
}

/// A client that has nothing to prove itself with.
fn nobody() -> Config {
    Config { authenticate_us: Vec::new(), credentials: None, ipv6cp: None, ..Config::default() }
}

/// All that was shown since the last look.
pub(crate) fn shown(call: &mut Call) -> String {
    call.run();
    String::from_utf8_lossy(&std::mem::take(&mut call.wire)).into_owned()
}

pub(crate) fn type_in(call: &mut Call, text: &str) -> String {
    call.bench.bytes(text.as_bytes());
    shown(call)
}

/// A caller at the prompt of this port.
pub(crate) fn at_prompt(port: PortConfig, client: Config) -> Call {
    let mut call = Call::new(port, client);
    call.pass(secs(1));
    call
}

#[test]
fn a_person_logs_in_and_gets_ppp_without_another_question() {
    let mut port = with_login(&[], LoginMode::Auto);
    port.login.banner = "Example Ltd.\n".into();
    let mut call = Call::new(port, nobody());
    call.pass(secs(1) - std::time::Duration::from_millis(1));
    assert_eq!(shown(&mut call), "", "the line settles");
    call.pass(secs(1));
    assert_eq!(shown(&mut call), "Example Ltd.\r\nlogin: ");
    assert_eq!(type_in(&mut call, "ali"), "ali", "a person sees what is typed");
    assert_eq!(type_in(&mut call, "ce\r\n"), "ce\r\nPassword: ");
    assert_eq!(call.bench.port.condition(), Condition::Authenticating);
    let text = type_in(&mut call, &format!("{PASSWORD}\r"));
    assert!(text.starts_with("\r\n\r\nStarting PPP.\r\n") && !text.contains(PASSWORD), "{text}");
    call.start();
    call.pass(secs(4));
    assert!(call.is_up());
    assert_eq!(call.owner.asked, ["verify alice", "admit alice", "admit alice", "address alice"]);
    let told = |what: fn(&PortEvent) -> bool| call.bench.events.iter().filter(|event| what(event)).count();
    assert_eq!(told(|event| matches!(event, PortEvent::LoggedIn(name) if name == "alice")), 1);
    assert_eq!(told(|event| matches!(event, PortEvent::Service(name) if name == "ppp")), 1);
}

#[test]
fn who_has_logged_in_has_time_to_start_ppp() {
    let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
    type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
    call.pass(secs(70));
    assert_eq!(call.bench.ended, 0);
    call.start();
    call.pass(secs(4));
    assert!(call.is_up());
}

#[test]
fn ppp_after_the_login_proves_itself_again_where_the_port_says_so() {
    let with = |user: &str| {
        let mut port = with_login(&[], LoginMode::Auto);
        port.login.after = AfterLogin::Auth;
        port.ppp.authenticate_peer = vec![AuthMethod::MsChapV2];
        let mut call = at_prompt(port, client(user, PASSWORD));
        type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
        call.start();
        call.pass(secs(4));
        call
    };
    let same = with("ALICE");
    assert!(same.is_up());
    assert_eq!(same.owner.asked.iter().filter(|asked| asked.starts_with("verify")).count(), 2);
    let mut other = with("bob");
    other.pass(secs(200));
    other.assert_never_up();
    other.bench.ended_with(718, "ppp_after_login");
}

/// `ppp_after_login = "auth"` is for the same user, on a port that compares no names too.
#[test]
fn nobody_logs_in_as_one_and_runs_ppp_as_another() {
    for check in [NameCheck::Off, NameCheck::Warn] {
        let mut port = with_login(&[], LoginMode::Auto);
        port.login.after = AfterLogin::Auth;
        port.name_check = check;
        let mut call = at_prompt(port, client("bob", PASSWORD));
        type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
        call.start();
        call.pass(secs(200));
        call.assert_never_up();
        let end = call.bench.ended_with(691, "the user who logged in at the prompt");
        // to switch a check off is no remedy for a wrong name
        assert!(
            end.remedy.contains("the name that logs in") && !end.remedy.contains("name_check"),
            "{end:?}"
        );
    }
}

/// A module that takes PPP for data says so for itself, not for the prompt behind it.
#[test]
fn ppp_at_the_prompt_is_ppp_whatever_it_was_for_the_module_before() {
    for mode in [LoginMode::Auto, LoginMode::Prompt] {
        let mut bench = Bench::begun(with_login(&["totp"], mode));
        bench.dialog(DialogCommand::Ppp(PppInDialog::Data));
        bench.succeed("alice");
        bench.pass(secs(2));
        bench.bytes(PPP_OPENINGS[0]);
        match mode {
            LoginMode::Auto => assert!(bench.is_authenticating()),
            _ => drop(bench.ended_with(703, "PPP began")),
        }
    }
}

/// `name_check = "warn"` behind a module that names nobody: the difference is on record, at the prompt as without one.
#[test]
fn a_module_without_a_name_is_still_compared() {
    for mode in [LoginMode::Ppp, LoginMode::Auto] {
        let mut port = with_login(&["gate"], mode);
        port.name_check = NameCheck::Warn;
        let mut call = Call::new(port, client("alice", PASSWORD));
        call.run();
        call.bench.succeed("");
        call.pass(secs(1));
        call.start();
        call.pass(secs(4));
        assert!(call.is_up());
        let differs = |event: &PortEvent| matches!(event, PortEvent::NameDiffers(..));
        assert!(call.bench.events.iter().any(differs), "{mode:?}");
    }
}

#[test]
fn ppp_that_begins_at_the_prompt_proves_itself_and_no_octet_of_it_is_lost() {
    for typed in ["", "ali", "alice\r", "alice\rsec"] {
        let mut call = at_prompt(with_login(&[], LoginMode::Auto), client("alice", PASSWORD));
        call.bench.bytes(typed.as_bytes());
        call.start();
        assert!(call.is_up(), "behind {typed:?}");
        assert_eq!(call.owner.asked, ["verify alice", "admit alice", "address alice"]);
    }
    // before the prompt is shown
    let mut call = Call::new(with_login(&[], LoginMode::Auto), client("alice", PASSWORD));
    call.start();
    call.pass(secs(4));
    assert!(call.is_up());
    let mut wrong = at_prompt(with_login(&[], LoginMode::Auto), client("alice", "wrong"));
    wrong.start();
    wrong.pass(secs(30));
    wrong.assert_never_up();
}

/// Rule 1: every opening, on every kind of port, at every moment before anybody has proved anything.
#[test]
fn no_opening_opens_anything_before_the_login() {
    for mode in [LoginMode::Auto, LoginMode::Prompt] {
        for opening in PPP_OPENINGS.iter().copied().chain([SLIP_DATAGRAM]) {
            for typed in ["", "alice", "alice\r", "alice\rwrong"] {
                for whole in [true, false] {
                    let mut bench = Bench::answered(with_login(&[], mode));
                    bench.pass(secs(1));
                    bench.bytes(typed.as_bytes());
                    match whole {
                        true => bench.bytes(opening),
                        false => opening.iter().for_each(|octet| bench.bytes(&[*octet])),
                    }
                    let (seven, slip) = (opening.get(1) == Some(&0x7f), opening == SLIP_DATAGRAM);
                    let seven = seven || opening.get(2) == Some(&0x5f);
                    assert!(bench.ups.is_empty() && bench.ip.is_empty() && bench.asks.is_empty());
                    match mode {
                        LoginMode::Auto if !seven && !slip => {
                            assert!(bench.is_authenticating(), "{opening:x?}");
                        }
                        _ => {
                            let word = if slip {
                                "SLIP"
                            } else if seven {
                                "7 bits"
                            } else {
                                "PPP began"
                            };
                            assert!(!bench.ended_with(703, word).counts_as_try);
                            assert!(!bench.is_authenticating());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn behind_modules_nothing_but_their_success_leads_to_the_prompt() {
    for mode in [LoginMode::Auto, LoginMode::Prompt] {
        for opening in PPP_OPENINGS {
            let mut bench = Bench::begun(with_login(&["totp"], mode));
            bench.ask_line("Code: ", Echo::No, None);
            bench.bytes(opening);
            bench.ended_with(703, "no terminal");
            assert!(!bench.is_authenticating() && bench.ups.is_empty());
        }
        let mut bench = Bench::begun(with_login(&["totp"], mode));
        bench.asks.clear();
        bench.bytes(b"alice\rsecret\r");
        bench.pass(secs(2));
        assert!(bench.sent.is_empty() && bench.asks.is_empty(), "the module has not decided");
    }
}

#[test]
fn what_a_module_has_proved_is_not_asked_again() {
    let mut call = at_prompt(with_login(&["totp"], LoginMode::Prompt), nobody());
    call.run();
    call.bench.succeed("alice");
    assert_eq!(shown(&mut call), "Password: ");
    assert!(
        type_in(&mut call, "wrong\r").ends_with("Wrong user name or password.\r\n\r\nPassword: ")
            || call.bench.ended == 1
    );
    let mut call = at_prompt(with_login(&["totp"], LoginMode::Prompt), nobody());
    call.run();
    call.bench.succeed("alice");
    type_in(&mut call, &format!("{PASSWORD}\r"));
    call.start();
    call.pass(secs(4));
    assert!(call.is_up());
    assert_eq!(
        call.owner.asked,
        ["begin totp", "verify alice", "admit alice", "admit alice", "address alice"]
    );
}

#[test]
fn a_call_has_three_questions_at_the_prompt_and_in_ppp_together() {
    let mut call = at_prompt(with_login(&[], LoginMode::Auto), client("alice", PASSWORD));
    call.owner.retry = true;
    shown(&mut call);
    for _ in 0..2 {
        let text = type_in(&mut call, "alice\rwrong\r");
        assert!(text.ends_with("\r\nWrong user name or password.\r\n\r\nlogin: "), "{text:?}");
    }
    type_in(&mut call, "alice\rwrong\r");
    let end = call.bench.ended_with(691, "login prompt");
    assert!(end.counts_as_try);
    assert_eq!(call.owner.asked.len(), 3);

    let mut call = at_prompt(with_login(&[], LoginMode::Auto), client("alice", "wrong"));
    call.owner.retry = true;
    type_in(&mut call, "alice\rwrong\ralice\rwrong\r");
    call.start();
    call.pass(secs(60));
    assert_eq!(call.owner.asked.len(), 3, "PPP has what the prompt has left: {:?}", call.owner.asked);
    call.assert_never_up();
}

#[test]
fn an_account_that_may_not_is_told_once_and_hung_up() {
    let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
    call.owner.refusal = Some(649);
    assert!(
        type_in(&mut call, &format!("alice\r{PASSWORD}\r")).ends_with("You may not log in here now.\r\n")
    );
    call.bench.ended_with(649, "alice");
}

#[test]
fn a_caller_that_types_for_ever_meets_a_cap_and_a_slow_person_does_not() {
    let mut bench = Bench::answered(with_login(&[], LoginMode::Prompt));
    for _ in 0..200 {
        if bench.ended == 0 {
            bench.bytes(&[b'x'; 50]);
        }
    }
    bench.ended_with(699, "4096");
    assert!(bench.sent.len() < 10_000);

    let mut bench = Bench::answered(with_login(&[], LoginMode::Prompt));
    for _ in 0..100 {
        bench.bytes(b"\r");
    }
    bench.ended_with(703, "too many");

    let limit = PortConfig { before_auth: secs(120), ..with_login(&[], LoginMode::Auto) };
    let mut call = Call::new(limit.clone(), nobody());
    for key in format!("alice\r{PASSWORD}\r").chars() {
        call.pass(secs(5));
        type_in(&mut call, &key.to_string());
    }
    assert_eq!(call.bench.ended, 0);
    call.start();
    call.pass(secs(4));
    assert!(call.is_up());
    let mut silent = Bench::answered(limit);
    silent.pass(secs(121));
    silent.ended_with(638, "before_auth");
}

#[test]
fn an_expired_password_is_changed_at_the_prompt() {
    let expired = |port: PortConfig| {
        let mut call = at_prompt(port, nobody());
        call.owner.expired = true;
        let text = type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
        assert!(text.ends_with("has expired. Choose another one.\r\nNew password: "), "{text:?}");
        call
    };
    let mut call = expired(with_login(&[], LoginMode::Prompt));
    assert!(type_in(&mut call, "\r").ends_with("New password: "));
    assert!(type_in(&mut call, "new\rnwe\r").ends_with("The two are different.\r\nNew password: "));
    assert!(call.owner.changed.is_none());
    let text = type_in(&mut call, "new one\rnew one\r");
    assert!(text.contains("Starting PPP.") && !text.contains("new one"), "{text:?}");
    assert_eq!(call.owner.changed, Some(Secret::from("new one")));
    assert_eq!(call.owner.asked, ["verify alice", "verify alice", "admit alice"]);
    // nothing is open before it is changed
    let mut call = expired(with_login(&[], LoginMode::Prompt));
    call.bench.bytes(PPP_OPENINGS[0]);
    call.bench.ended_with(703, "PPP began");
    let mut call = expired(with_login(&[], LoginMode::Auto));
    call.bench.bytes(SLIP_DATAGRAM);
    call.bench.ended_with(703, "SLIP began");
    // a person has time for it, and not for ever
    let limit = PortConfig { before_auth: secs(120), ..with_login(&[], LoginMode::Prompt) };
    let mut call = expired(limit.clone());
    call.pass(secs(170));
    assert_eq!((call.bench.ended, call.bench.port.condition()), (0, Condition::Authenticating));
    call.pass(secs(12));
    call.bench.ended_with(638, "before_auth");
    // a refused change is no way back to the prompt, and to more time
    let mut call = expired(limit);
    call.owner.silent = vec!["verify"];
    type_in(&mut call, "new\rnew\r");
    call.bench.answer(Answer::Verdict(wrong_credentials()));
    call.bench.ended_with(691, "login prompt");
}

#[test]
fn what_a_modem_says_is_nobodys_name() {
    let mut call = at_prompt(with_login(&[], LoginMode::Auto), nobody());
    let text = type_in(&mut call, "\r\nCONNECT 33600/V34\r\nRING\r\nalice\r");
    assert!(text.ends_with("Password: "), "{text:?}");
    assert!(call.owner.asked.is_empty());
}

#[test]
fn seven_bits_and_parity_log_in_and_hear_that_ppp_needs_eight() {
    let even = |text: &str| -> Vec<u8> {
        text.bytes().map(|octet| octet | ((octet.count_ones() % 2) as u8) << 7).collect()
    };
    let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
    shown(&mut call);
    call.bench.bytes(&even("alice\r"));
    let text = shown(&mut call);
    assert!(text.contains("has 7 bits"), "{text:?}");
    call.bench.bytes(&even(&format!("{PASSWORD}\r")));
    assert!(shown(&mut call).contains("8N1"));
    assert_eq!(call.owner.asked, ["verify alice", "admit alice"]);
    call.bench.ended_with(703, "7 bits");
}

#[test]
fn a_line_that_echoes_ends_with_a_sentence_and_without_a_try() {
    for mode in [LoginMode::Auto, LoginMode::Prompt] {
        let mut port = with_login(&[], mode);
        port.login.banner = "Example\n".into();
        let mut bench = Bench::answered(port);
        bench.pass(secs(1));
        for _ in 0..50 {
            let back = std::mem::take(&mut bench.sent);
            if bench.ended == 0 {
                bench.bytes(&back);
            }
        }
        assert!(!bench.ended_with(737, "comes back").counts_as_try);
        assert!(bench.asks.is_empty());
    }
}

#[test]
fn the_guest_of_a_null_modem_is_answered_on_every_kind_of_port() {
    for mode in [LoginMode::Ppp, LoginMode::Auto] {
        let mut port = with_login(&[], mode);
        port.login.null_modem = true;
        let mut call = Call::new(port, client("alice", PASSWORD));
        call.bench.bytes(b"\0CLI");
        call.bench.bytes(b"ENT");
        assert!(shown(&mut call).contains("CLIENTSERVER"));
        call.start();
        call.pass(secs(4));
        assert!(call.is_up());
    }
    let mut bench = Bench::answered(with_login(&[], LoginMode::Ppp));
    bench.bytes(b"CLIENT");
    assert!(!bench.sent.windows(6).any(|six| six == b"SERVER"), "only where it is a cable");
}

#[test]
fn a_caller_who_hangs_up_at_the_prompt_is_no_try() {
    let mut bench = Bench::answered(with_login(&[], LoginMode::Prompt));
    bench.bytes(b"alice\rsec");
    bench.line(LineEvent::Disconnected);
    let end = bench.end();
    assert!(!end.counts_as_try && end.error == Some(RasError::DISCONNECTION));
    assert!(bench.asks.is_empty());
    // an answer that comes too late
    let mut bench = Bench::answered(with_login(&[], LoginMode::Prompt));
    bench.bytes(b"alice\rsecret\r");
    bench.line(LineEvent::Disconnected);
    bench.answer(Answer::Admit(Ok(Default::default())));
    assert!(bench.ups.is_empty());
}

/// Who types the password where the name is asked has told it to no log and no record.
#[test]
fn a_name_that_nobody_has_goes_nowhere_as_it_was_typed() {
    for known in [true, false] {
        let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
        call.owner.silent = vec!["verify"];
        type_in(&mut call, "hunter2\rx\r");
        // hung up on while it is looked at: nobody knows yet whether it is a name
        let answer = |verdict| if known { Answer::Verdict(verdict) } else { Answer::Unknown(verdict) };
        for _ in 0..3 {
            call.bench.answer(answer(wrong_credentials()));
            type_in(&mut call, "hunter2\rx\r");
        }
        let end = call.bench.ended_with(691, "was refused at the login prompt");
        let told = format!("{:?} {end:?}", call.bench.events);
        assert_eq!(told.contains("hunter2"), known, "{told}");
        assert_eq!(
            end.name.as_deref(),
            Some(if known { "hunter2" } else { "(unknown name of 7 characters)" })
        );
        let refused = |event: &&PortEvent| matches!(event, PortEvent::Refused(..));
        assert_eq!(call.bench.events.iter().filter(refused).count(), 3);
        assert!(end.counts_as_try);
    }
    let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
    call.owner.silent = vec!["verify"];
    type_in(&mut call, "hunter2\rx\r");
    call.bench.line(LineEvent::Disconnected);
    let end = call.bench.end();
    assert!(end.name.is_none() && !format!("{:?} {end:?}", call.bench.events).contains("hunter2"), "{end:?}");
}

/// As a script does that sends its password and begins at once.
#[test]
fn slip_that_begins_before_the_verdict_waits_for_it() {
    let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
    call.owner.services = vec!["slip".into()];
    call.owner.silent = vec!["verify"];
    type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
    call.bench.bytes(SLIP_DATAGRAM);
    assert_eq!(call.bench.ended, 0);
    let accept = openras_ppp::Verdict::Accept { authenticator_response: None, message: String::new() };
    call.bench.answer(Answer::Verdict(accept));
    assert!(shown(&mut call).contains("Starting SLIP."));
    // refused, it has proved nothing
    let mut call = at_prompt(with_login(&[], LoginMode::Prompt), nobody());
    call.owner.silent = vec!["verify"];
    type_in(&mut call, "alice\rwrong\r");
    call.bench.bytes(SLIP_DATAGRAM);
    call.bench.answer(Answer::Verdict(wrong_credentials()));
    call.bench.bytes(SLIP_DATAGRAM);
    call.bench.ended_with(703, "SLIP began");
}
