//! Modems driven by the program: the other half of each is one that a service plays.

use crate::lab::{Done, Lab, PATIENCE, Server};

/// A modem at a pseudo-terminal, and a port of that number.
const MODEMS: &str = "[directory]\n200 = \"port:line1\"\n\
    [[virtual_modem]]\nname = \"near\"\nline = \"pty:FOLDER/near\"\n\
    [[port]]\nname = \"line1\"\nline = \"exchange:200\"\ncalls = 4\nip = \"loopback\"\n";

fn lab() -> Lab {
    Lab::with(MODEMS)
}

fn lines(done: &Done) -> Vec<&str> {
    done.out.lines().map(str::trim).collect()
}

#[test]
fn a_line_test_shows_the_dialogue_and_its_example_runs() {
    let lab = lab();
    let _server = lab.serve(&[]);
    let near = format!("serial:{}", lab.path("near").display());
    let help = lab.run(&["line", "test", "--help"]).out;
    let example = help.lines().last().unwrap().trim().replace("serial:/dev/ttyUSB0,115200", &near);
    let words: Vec<&str> = example.split(' ').skip(1).collect();
    let done = lab.run(&words);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let said = lines(&done);
    for line in ["The device is open; it has no signals", "> AT&F", "< OK", "> ATI", "The modem is ready"] {
        assert!(said.contains(&line), "{line} is not in {said:#?}");
    }
    assert_eq!(said.last(), Some(&"The modem does all that was asked."));

    let done = lab.run(&["line", "test", &near, "--dial", "200", "--json"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let events: Vec<serde_json::Value> =
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let at =
        |kind: &str| kinds.iter().position(|one| *one == kind).unwrap_or_else(|| panic!("{kind}: {kinds:?}"));
    assert!(at("opened") < at("ready") && at("ready") < at("connected") && at("connected") < at("hung_up"));
    assert_eq!(kinds.last(), Some(&"passed"));

    let done = lab.run(&["line", "test", &near, "--dial", "999"]);
    assert_eq!(done.code, 4, "{}", done.out);
    assert!(done.out.contains("679 ERROR_NO_CARRIER"), "{}", done.out);
}

#[test]
fn what_cannot_be_tested_says_why() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"exchange:100\"\n");
    for (words, code, said) in [
        (
            &["serial:/dev/ttyNONE7"][..],
            4,
            "608 ERROR_DEVICE_DOES_NOT_EXIST: There is no serial port /dev/ttyNONE7: plug it in",
        ),
        (
            &["line1", "--config", "openras.toml"],
            3,
            "the port line1 answers on exchange:100, which is no device",
        ),
        (&["line2", "--config", "openras.toml"], 3, "the configuration has no port \"line2\""),
        (&["serial:/dev/null", "--modem", "nope"], 3, "there is no modem \"nope\""),
        (&["serial:/dev/null", "--dial", "1;H0"], 3, "--dial \"1;H0\" is nothing a modem dials"),
        (&["serial:", "--modem", "generic"], 3, "names no path"),
    ] {
        let done = lab.run(&[&["line", "test"], words].concat());
        let all = format!("{}{}", done.out, done.err);
        assert_eq!(done.code, code, "{words:?}: {all}");
        assert!(all.contains(said), "{words:?}: {all}");
    }
}

#[test]
fn a_call_through_a_modem_carries_a_megabyte_and_a_number_only_dials() {
    let lab = lab();
    let _server = lab.serve(&[]);
    let near = format!("serial:{}", lab.path("near").display());
    let more =
        ["--modem", "generic", "--number", "200", "--ping", "3", "--fetch", "http://10.64.0.1/bytes/1048576"];
    let done = lab.dial(&near, &more);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let done = lab.dial(&near, &["--modem", "generic", "--number", "200\rATD112"]);
    assert_eq!(done.code, 4, "{}{}", done.out, done.err);
    assert!(format!("{}{}", done.out, done.err).contains("749"), "{}{}", done.out, done.err);
}

#[test]
fn our_client_of_a_terminal_server_calls_our_own() {
    let lab = Lab::with(
        "[[port]]\nname = \"line1\"\nline = \"listen:rfc2217:127.0.0.1:0\"\ncalls = 2\nip = \"loopback\"\n",
    );
    let server = lab.serve(&[]);
    let at = server.line("line1").replace("telnet:", "rfc2217:").replace("tcp:", "rfc2217:");
    let done = lab.dial(&at, &["--ping", "3", "--fetch", "http://10.64.0.1/bytes/1048576"]);
    assert_eq!(done.code, 0, "{at}: {}{}", done.out, done.err);
}

/// While no call stands a port lets another program have its modem, and takes it back.
#[test]
fn a_port_lends_its_modem_to_a_line_test_and_answers_again() {
    let lab = lab();
    let _modems = lab.serve(&[]);
    let mine = format!(
        "state = \"{}\"\n[[port]]\nname = \"dialin\"\nline = \"serial:{}\"\nmodem = \"generic\"\n",
        lab.path("state2").display(),
        lab.path("near").display()
    );
    std::fs::write(lab.path("second.toml"), mine).unwrap();
    let socket = lab.path("second.sock").display().to_string();
    let serve = lab.command(&["serve", "--config", "second.toml", "--socket", &socket]);
    let _second = Server::start(serve);
    let listening = || {
        for _ in 0..1200 {
            let ports = lab.run(&["ports", "--json", "--socket", &socket]);
            if ports.out.contains("\"condition\":\"listening\"") && ports.out.contains("\"problem\":null") {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("never listening: {}", lab.run(&["ports", "--json", "--socket", &socket]).out);
    };
    listening();
    let done = lab.run(&["line", "test", "dialin", "--config", "second.toml"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    listening();
}

/// An entry of the phone book with a modem, dialled by both of our programs.
#[test]
fn an_entry_of_the_phone_book_dials_by_its_modem() {
    let lab = lab();
    let _server = lab.serve(&[]);
    let near = format!("serial:{}", lab.path("near").display());
    let add = ["phonebook", "add", "Home", "--line", &near, "--modem", "generic", "--number", "200"];
    let said = lab.run(&[&add[..], &["--user", "alice", "--password-file", "pw"]].concat());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let shown = lab.run(&["phonebook", "show", "Home"]).out;
    assert!(shown.contains("modem           generic"), "{shown}");
    let done = lab.run(&["dial", "Home", "--ping", "3"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let done = lab.run(&["dial", "Home", "--number", "999"]);
    assert!(format!("{}{}", done.out, done.err).contains("679"), "{}{}", done.out, done.err);
    let done = lab.run(&["rasdial", "Home"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    lab.run(&["rasdial", "Home", "/disconnect"]);
    let done = lab.run(&["phonebook", "add", "Bad", "--line", "exchange:200", "--modem", "generic"]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(done.err.contains("a modem needs a line"), "{}", done.err);
}

/// A port of the system's choice, free again.
fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a terminal server offers beside telnet: a modem behind TLS, another behind WebSocket. One is driven by who dials, one by
/// the port that answers.
#[test]
fn modems_behind_tls_and_websocket_dial_answer_and_are_tested() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let mut text = "[directory]\n".to_owned();
    for (n, word) in ["tls", "ws", "wss"].into_iter().enumerate() {
        text += &format!("30{n} = \"modem:rings-{word}\"\n");
    }
    let mut ways = Vec::new();
    for (n, word) in ["tls", "ws", "wss"].into_iter().enumerate() {
        let (dials, answers) = (free(), free());
        let (ours, theirs) = match word {
            "ws" => ("", ""),
            _ => (
                "tls = { ca = \"FOLDER/port.pem\" }\n",
                "tls = { certificate = \"FOLDER/port.pem\", key = \"FOLDER/port.key\" }\n",
            ),
        };
        text += &format!(
            "[[virtual_modem]]\nname = \"dials-{word}\"\nline = \"listen:{word}:127.0.0.1:{dials}\"\n{theirs}\
             [[virtual_modem]]\nname = \"rings-{word}\"\nline = \"listen:{word}:127.0.0.1:{answers}\"\n\
             number = \"30{n}\"\n{theirs}\
             [[port]]\nname = \"at-{word}\"\nline = \"{word}:127.0.0.1:{answers}\"\nmodem = \"generic\"\n\
             ip = \"loopback\"\n{ours}"
        );
        ways.push((format!("{word}:127.0.0.1:{dials}"), format!("30{n}")));
    }
    let lab = Lab::with(&text);
    lab.secret("port.pem", &made.cert.pem());
    lab.secret("port.key", &made.signing_key.serialize_pem());
    let server = lab.serve(&[]);
    for (line, number) in &ways {
        let trust: &[&str] = if line.starts_with("ws:") { &[] } else { &["--tls-ca", "port.pem"] };
        let call = ["--modem", "generic", "--number", number, "--ping", "3"];
        let begun = std::time::Instant::now();
        loop {
            let done = lab.dial(line, &[&call[..], trust].concat());
            // the port may not have its modem yet: nobody is there to be rung
            let early = done.out.contains("679") && begun.elapsed() < PATIENCE;
            if !early {
                assert_eq!(done.code, 0, "{line}: {}{}{}", done.out, done.err, server.said());
                break;
            }
        }
        let done = lab.run(&[&["line", "test", line, "--modem", "generic"][..], trust].concat());
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
    }
    // nobody has vouched for it
    let done = lab.dial(&ways[0].0, &["--modem", "generic", "--number", "300"]);
    assert!(done.code == 4 && (done.out.clone() + &done.err).contains("801"), "{}{}", done.out, done.err);
}
