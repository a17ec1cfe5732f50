use std::path::PathBuf;

use super::super::ask::NewUser;
use super::*;

fn plan(caller: Caller, line: &str, reach: &str) -> Plan {
    let user = NewUser { name: "alice".into(), password: None };
    let certificate =
        wants_certificate(line).then(|| Certificate::of(Path::new("/p.pem"), Path::new("/p.key")));
    Plan::new(&Answers { caller, line: line.into(), certificate, reach: vec![reach.into()], user }).unwrap()
}

fn text(plan: &Plan) -> String {
    plan.text(&Places { file: PathBuf::from("/etc/o.toml"), state: PathBuf::from("/var/lib/o \"x\"") })
}

#[test]
fn every_kind_of_caller_gets_a_configuration_without_a_mistake() {
    for (caller, line) in [
        (Caller::Emulator, "listen:tcp:127.0.0.1:7001"),
        (Caller::Computer, "listen:tcp:127.0.0.1:7001"),
        (Caller::Modem, "serial:/dev/ttyS0"),
        (Caller::WifiModem, "listen:telnet:0.0.0.0:6400"),
        (Caller::WifiModem, "listen:tcp:0.0.0.0:6400"),
        (Caller::Terminal, "listen:telnet:127.0.0.1:7023"),
        (Caller::Computer, "pty:/tmp/tty"),
        (Caller::Terminal, "listen:tls:0.0.0.0:7023"),
        (Caller::Device, "listen:tcp:0.0.0.0:7001"),
        (Caller::Device, "pty:/tmp/tty"),
        (Caller::Openras, "listen:tls:0.0.0.0:7443"),
        (Caller::Openras, "listen:tcp:0.0.0.0:7001"),
    ] {
        assert!(is_offered(caller), "{caller:?}");
        for reach in ["internet", "machine=80", "192.168.7.0/24:22,443", "nothing"] {
            let text = text(&plan(caller, line, reach));
            let config = Config::parse(&text, "init").unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(config.state, PathBuf::from("/var/lib/o \"x\""));
            assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
        }
    }
}

#[test]
fn what_shows_a_password_is_not_offered_to_a_network() {
    assert!(plan(Caller::Emulator, "listen:tcp:127.0.0.1:7001", "internet").auth.contains(&"pap"));
    assert!(!plan(Caller::Emulator, "listen:tcp:0.0.0.0:7001", "internet").auth.contains(&"pap"));
}

#[test]
fn words_that_do_not_fit_are_refused() {
    let user = || NewUser { name: "alice".into(), password: None };
    for words in [vec!["machine=0"], vec!["machine=x"], vec!["all of it"], vec!["nothing", "internet"]] {
        let reach = words.iter().map(|word| (*word).to_owned()).collect();
        let (caller, line) = (Caller::Emulator, "listen:tcp:127.0.0.1:1".into());
        let answers = Answers { caller, line, certificate: None, reach, user: user() };
        assert!(Plan::new(&answers).is_err(), "{words:?}");
    }
}

#[test]
fn lines_that_are_not_their_callers_are_refused_with_what_is() {
    for (caller, line, said) in [
        (Caller::Emulator, "pty:/tmp/tty", "--for computer"),
        (Caller::Terminal, "listen:telnet:0.0.0.0:7023", "listen:tls:"),
        (Caller::Device, "nonsense", ""),
    ] {
        let error = fits(caller, line).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
