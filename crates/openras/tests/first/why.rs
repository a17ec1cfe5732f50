//! `openras why`.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use crate::lab::Lab;

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";

/// Says why on the service of the lab.
fn why(lab: &Lab, more: &[&str]) -> crate::lab::Done {
    lab.run(&[&["why", "--socket", &lab.socket()], more].concat())
}

#[test]
fn the_last_call_that_failed_is_explained_by_the_port() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let done = why(&lab, &[]);
    assert!(done.code == 1 && done.err.contains("no call has failed"), "{}", done.err);
    let at = server.line("line1");
    let dial = |file: &str| lab.dial_with(&at, file, &["--no-pause", "--ping", "1"]);
    assert_eq!(dial("wrong").code, 5);
    assert_eq!(dial("pw").code, 0);
    let done = why(&lab, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    for said in
        ["691", "decided by", "wrong password", "[CHAP Failure", "openras user passwd", "asked in LCP"]
    {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    assert!(
        !done.out.contains('\u{1b}') && done.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        done.out
    );
    let json: Value = serde_json::from_str(&why(&lab, &["c1", "--json"]).out).unwrap();
    assert_eq!((&json["call"], &json["diagnosis"]), (&Value::from(1), &Value::from("password")));
    assert_eq!(why(&lab, &["c99"]).code, 1);
    assert_eq!(lab.run(&["why", "--socket", "/not/there"]).code, 11);
}

#[test]
fn a_caller_that_was_turned_away_is_explained_too() {
    let lab = Lab::with(&format!("{PORT}unauthenticated = 1\n"));
    let server = lab.serve(&[]);
    let at = server.line("line1").trim_start_matches("tcp:").to_owned();
    let first = std::net::TcpStream::connect(&at).unwrap();
    let second = std::net::TcpStream::connect(&at).unwrap();
    // closed at once: the end of the stream is the answer
    let mut second_reads = &second;
    let _ = std::io::Read::read(&mut second_reads, &mut [0; 8]);
    let done = why(&lab, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("(unauthenticated)") && done.out.contains("`calls`"), "{}", done.out);
    drop(first);
}

#[test]
fn a_capture_says_the_same_without_a_service() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let at = server.line("line1");
    lab.dial_with(&at, "wrong", &["--no-pause", "--capture", "call.pcapng"]);
    drop(server);
    let done = lab.run(&["why", "--capture", "call.pcapng"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("[CHAP Failure") && done.out.contains("--user"), "{}", done.out);
    let done = lab.run(&["why", "--capture", "openras.toml"]);
    assert!(done.code == 3 && done.err.contains("no pcapng file"), "{}", done.err);
}

#[test]
fn another_users_calls_are_not_explained_to_a_dialler() {
    // of answered calls only administrators hear; rights are the router's, and tests/socket of the service has them all
    let lab = Lab::with(PORT);
    let done = lab.run(&["why", "c1"]);
    assert_eq!(done.code, 11, "{}", done.err);
    assert!(lab.private_services().is_empty(), "asking starts nothing");
}

#[test]
fn a_destination_that_reach_closed_is_named_with_its_key() {
    let lab = Lab::with(&format!("{PORT}reach = [\"192.0.2.0/24\"]\n"));
    let server = lab.serve(&[]);
    let at = server.line("line1");
    let done = lab.dial(&at, &["--fetch", "http://127.0.0.1:9/"]);
    assert_eq!(done.code, 10, "{}", done.err);
    let done = why(&lab, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("closed by reach") && done.out.contains("to `reach` of the"), "{}", done.out);
    assert!(done.out.contains("(`reach` of the port line1)"), "{}", done.out);
    // the list of a user, and of a group, is said to be that
    let set = |reach| lab.run(&["user", "set", "alice", "--config", "openras.toml", "--reach", reach]).code;
    assert_eq!(set("none"), 0);
    assert_eq!(lab.dial(&at, &["--fetch", "http://127.0.0.1:9/"]).code, 10);
    let said = why(&lab, &[]).out;
    assert!(said.contains("(`reach` of the user alice)"), "{said}");
    assert_eq!(set("default"), 0);
    lab.config(&format!("{PORT}[group.guests]\nusers = [\"alice\"]\nreach = []\n"));
    assert_eq!(lab.run(&["reload", "--socket", &lab.socket()]).code, 0);
    let at = server.line("line1");
    assert_eq!(lab.dial(&at, &["--fetch", "http://127.0.0.1:9/"]).code, 10);
    let said = why(&lab, &[]).out;
    assert!(said.contains("(`reach` of [group.guests])"), "{said}");
}

/// Modems a service plays at pseudo-terminals, and a port they call: one call at a time.
const MODEMS: &str = "[directory]\n200 = \"port:line1\"\n\
    [[virtual_modem]]\nname = \"near\"\nline = \"pty:FOLDER/near\"\n\
    [[virtual_modem]]\nname = \"other\"\nline = \"pty:FOLDER/other\"\n\
    [[port]]\nname = \"line1\"\nline = \"exchange:200\"\nip = \"loopback\"\n";

/// What the service of the dials says of the last that failed.
fn why_of_the_dial(lab: &Lab) -> String {
    let done = lab.run(&["why"]);
    assert_eq!(done.code, 0, "{}", done.err);
    done.out
}

#[test]
fn a_modem_that_says_busy_is_explained() {
    let lab = Lab::with(MODEMS);
    let _server = lab.serve(&[]);
    let [near, other] = ["near", "other"].map(|name| format!("serial:{}", lab.path(name).display()));
    let stands = lab.dial(&other, &["--modem", "generic", "--number", "200", "--detach"]);
    assert_eq!(stands.code, 0, "{}", stands.err);
    let done = lab.dial(&near, &["--modem", "generic", "--number", "200"]);
    assert!((done.out.clone() + &done.err).contains("676"), "{}{}", done.out, done.err);
    let said = why_of_the_dial(&lab);
    for words in ["676 ERROR_LINE_BUSY", "said BUSY", "raise `calls`"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_modem_that_answers_nothing_is_explained() {
    let lab = Lab::with(MODEMS);
    // a device nobody speaks at
    let silent = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&silent).unwrap();
    unlockpt(&silent).unwrap();
    let line = format!("serial:{}", ptsname(&silent, Vec::new()).unwrap().to_str().unwrap());
    let done = lab.dial(&line, &["--modem", "generic", "--number", "200"]);
    assert!(done.code != 0 && (done.out.clone() + &done.err).contains("666"), "{}{}", done.out, done.err);
    let said = why_of_the_dial(&lab);
    assert!(said.contains("666 ERROR_DEVICE_NOT_READY") && said.contains("openras line test"), "{said}");
}

#[test]
fn a_certificate_nobody_believes_is_explained_at_both_ends() {
    let lab = Lab::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(lab.path("port.pem"), made.cert.pem()).unwrap();
    lab.secret("port.key", &made.signing_key.serialize_pem());
    let folder = lab.path("");
    let folder = folder.display().to_string();
    let folder = folder.trim_end_matches('/');
    lab.config(&format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:tls:127.0.0.1:0\"\nip = \"loopback\"\n\
         tls = {{ certificate = \"{folder}/port.pem\", key = \"{folder}/port.key\" }}\n"
    ));
    lab.secret("pw", "secret");
    let server = lab.serve(&[]);
    let line = server.line("line1").replacen("tcp:", "tls:", 1);
    let done = lab.dial(&line, &["--ping", "1"]);
    let all = done.out + &done.err;
    assert!(all.contains("801") && all.contains("--tls-ca"), "{all}");
    let said = why_of_the_dial(&lab);
    assert!(said.contains("--tls-ca FILE"), "{said}");
    let said = why(&lab, &[]).out;
    assert!(said.contains("no tls handshake") && said.contains("--tls-ca FILE"), "{said}");
}

/// A script of the dialling side that waits for what never comes, or cannot be carried out.
#[test]
fn a_script_that_comes_no_further_is_explained_at_the_dialling_end() {
    let lab = Lab::with(&format!("{PORT}login = \"prompt\"\n"));
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let add = ["phonebook", "add", "Home", "--line", &line, "--user", "alice", "--password-file", "pw"];
    let added = lab.run(&[&add[..], &["--script", "login.chat"]].concat());
    assert_eq!(added.code, 0, "{}", added.err);
    let stuck = "TIMEOUT 2\n\nnever: x\n";
    std::fs::write(lab.path("login.chat"), stuck).unwrap();
    for (command, code) in [("dial", 8), ("rasdial", 638 & 255)] {
        let done = lab.run(&[command, "Home"]);
        assert_eq!(done.code, code, "{}{}", done.out, done.err);
        let said = why_of_the_dial(&lab);
        for words in [
            "638",
            "The script failed in line 3",
            "never:",
            "the script of the entry",
            "--terminal after-dial",
        ] {
            assert!(said.contains(words), "{command}: {words}: {said}");
        }
    }
    let json: Value = serde_json::from_str(&lab.run(&["why", "--json"]).out).unwrap();
    assert_eq!((&json["diagnosis"], &json["error"]["error"]), (&Value::from("script"), &Value::from(638)));
    // what came instead stands there too
    let said = why_of_the_dial(&lab);
    assert!(said.contains("login:"), "{said}");
}
