//! A person at a terminal hears of the end of its time a minute before; nobody else does.

use openras_engine::CallInput;
use openras_engine::server::login::LoginMode;
use openras_engine::server::port::PortConfig;
use openras_ppp::Config;
use openras_ppp::config::Limits;

use crate::bench::secs;
use crate::call::{Call, PASSWORD};
use crate::login::{shown, type_in, with_login};
use crate::openings::PPP_OPENINGS;

const SAID: &str = "\r\nOne minute is left.\r\n";

fn nobody() -> Config {
    Config { authenticate_us: Vec::new(), credentials: None, ipv6cp: None, ..Config::default() }
}

#[test]
fn a_prompt_whose_time_ends_says_so_and_shows_again_what_was_asked_and_typed() {
    let port = PortConfig { before_auth: secs(120), ..with_login(&[], LoginMode::Prompt) };
    let mut call = Call::new(port.clone(), nobody());
    type_in(&mut call, "ali");
    call.pass(secs(59));
    assert_eq!(shown(&mut call), "", "too early");
    call.pass(secs(2));
    assert_eq!(shown(&mut call), format!("{SAID}login: ali"));
    // what was typed before still counts
    assert_eq!(type_in(&mut call, "ce\r"), "ce\r\nPassword: ");
    call.pass(secs(20));
    assert_eq!(shown(&mut call), "", "once");
    type_in(&mut call, &format!("{PASSWORD}\r"));
    assert_eq!(call.owner.asked.first().map(String::as_str), Some("verify alice"));
    // a password that is half typed is not shown
    let mut call = Call::new(port.clone(), nobody());
    type_in(&mut call, "alice\rsec");
    call.pass(secs(61));
    assert_eq!(shown(&mut call), format!("{SAID}Password: "));
    // nor is there a word where there never was a minute
    let mut call = Call::new(PortConfig { before_auth: secs(50), ..port.clone() }, nobody());
    type_in(&mut call, "ali");
    call.pass(secs(49));
    assert_eq!(shown(&mut call), "");
    // nobody is at a terminal
    let mut call = Call::new(PortConfig { ..with_login(&[], LoginMode::Auto) }, nobody());
    call.pass(secs(5));
    call.bench.bytes(PPP_OPENINGS[0]);
    shown(&mut call);
    call.pass(secs(200));
    assert!(!shown(&mut call).contains("minute"));
}

#[test]
fn a_menu_whose_time_ends_says_so() {
    let mut call = Call::new(with_login(&[], LoginMode::Prompt), nobody());
    call.owner.services = vec!["ppp".into(), "bbs".into()];
    assert!(type_in(&mut call, &format!("alice\r{PASSWORD}\rbb")).ends_with("> bb"));
    call.pass(secs(121));
    assert_eq!(shown(&mut call), format!("{SAID}> bb"));
}

/// In a service that shows text; a transfer of files is not disturbed.
#[test]
fn a_service_whose_session_ends_says_so_if_it_speaks_text() {
    let said = |octets: &[u8]| {
        let mut port = with_login(&[], LoginMode::Prompt);
        port.ppp.limits = Limits { session: std::num::NonZeroU32::new(600), ..Limits::default() };
        let mut call = Call::new(port, nobody());
        call.owner.services = vec!["bbs".into()];
        type_in(&mut call, &format!("alice\r{PASSWORD}\r"));
        call.bench.input(CallInput::Ip(octets));
        shown(&mut call);
        call.pass(secs(539));
        let early = shown(&mut call);
        call.pass(secs(2));
        let text = shown(&mut call);
        call.pass(secs(60));
        call.bench.ended_with(812, "session_limit");
        (early, text)
    };
    for text in [&b"\x1b[2JWelcome to the board\r\n\x07"[..], "Grüße".as_bytes()] {
        assert_eq!(said(text), (String::new(), SAID.to_owned()));
    }
    // ZMODEM, XMODEM, PPP with another host
    for other in [&b"**\x18B00000000000000\r\n"[..], b"\x15", b"~\xff}#\xc0!"] {
        assert_eq!(said(other), (String::new(), String::new()), "{other:x?}");
    }
}
