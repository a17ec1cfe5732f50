//! Ports of this machine that lead through a call, a call that is placed when it is needed, and placed again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::lab::{Lab, Program};

const PAGE: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nip = \"loopback\"\n";
const MEGABYTE: usize = 1_048_576;

/// The ports that a dial says it has opened, in the order they were asked for.
fn ports(program: &mut Program, kind: &str, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let event = program.until(|event| event["event"] == kind);
        assert_eq!(event["failed"], Value::Null, "{event}");
        all.push(event["text"].as_str().unwrap().split(' ').next().unwrap().to_owned());
    }
    all
}

fn stream(at: &str) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(crate::lab::PATIENCE)).unwrap();
    stream
}

/// What a server answers to one request.
fn get(mut stream: TcpStream, path: &str) -> Vec<u8> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: page\r\nconnection: close\r\n\r\n").unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_else(|| panic!("no head"));
    all.split_off(end + 4)
}

/// Through SOCKS 5, the host by its name or address as text.
fn socks(at: &str, host: &str, port: u16) -> TcpStream {
    let mut stream = stream(at);
    stream.write_all(&[5, 1, 0]).unwrap();
    let mut two = [0; 2];
    stream.read_exact(&mut two).unwrap();
    assert_eq!(two, [5, 0]);
    let mut ask = vec![5, 1, 0, 3, u8::try_from(host.len()).unwrap()];
    ask.extend(host.as_bytes());
    ask.extend(port.to_be_bytes());
    stream.write_all(&ask).unwrap();
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..2], [5, 0]);
    stream
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_megabyte_comes_through_a_forwarded_port_and_through_socks() {
    let lab = Lab::with(PAGE);
    let server = lab.serve(&[]);
    let more = ["--forward", "0:10.64.0.1:80", "--socks", "0"];
    let mut program = lab.program(&server.line("line1"), "alice", "pw", &more);
    let ports = ports(&mut program, "port", 2);
    let path = format!("/bytes/{MEGABYTE}");
    let page = get(stream(&ports[0]), &path);
    assert_eq!(page.len(), MEGABYTE);
    let promised = get(stream(&ports[0]), &format!("{path}.sha256"));
    assert_eq!(sha256(&page), String::from_utf8_lossy(&promised).trim());
    assert!(get(socks(&ports[1], "10.64.0.1", 80), &path) == page);
    // nobody listens there: what is refused at the other end is refused here
    let mut refused = stream(&ports[1]);
    refused.write_all(&[4, 1, 0, 81, 10, 64, 0, 1, 0]).unwrap();
    let mut answer = [0; 8];
    refused.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..2], [0, 0x5b]);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--socks5-hostname", &ports[1]]).arg(format!("http://10.64.0.1{path}"));
    match curl.stderr(Stdio::null()).output() {
        Ok(done) => assert!(done.status.success() && done.stdout == page, "{:?}", done.status),
        Err(_) => println!("SKIP: no curl"),
    }
    program.say(&json!({ "hangup": true }));
    assert_eq!(program.end().0, 0);
    assert!(TcpStream::connect(&ports[0]).is_err(), "the port goes with the call");
}

/// Answers every question for an IPv4 address with 127.0.0.1.
fn name_server() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut memory = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut memory) {
            let mut answer = memory[..length].to_vec();
            // QR, RD, RA; one answer and nothing more
            answer[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
            let end = 12 + answer[12..].iter().position(|octet| *octet == 0).unwrap() + 5;
            answer.truncate(end);
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
            socket.send_to(&answer, from).unwrap();
        }
    });
    port
}

fn web_server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut memory = [0; 1024];
            let _ = stream.read(&mut memory);
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
        }
    });
    port
}

#[test]
fn names_are_asked_over_the_link_and_lead_behind_the_nat() {
    let (names, web) = (name_server(), web_server());
    let lab = Lab::with(&format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nip = \"nat\"\n\
         resolver = [\"127.0.0.1:{names}\"]\nreach = [\"127.0.0.1:{web}\"]\n"
    ));
    let server = lab.serve(&[]);
    let url = format!("http://page.test:{web}/");
    let more = ["--fetch", &url, "--forward", &format!("0:page.test:{web}"), "--socks", "0"];
    let mut program = lab.program(&server.line("line1"), "alice", "pw", &more);
    let ports = ports(&mut program, "port", 2);
    let fetched = program.until(|event| event["event"] == "fetch");
    assert_eq!(
        (&fetched["bytes"], &fetched["failed"]),
        (&5.into(), &Value::Null),
        "{fetched}\n{}",
        server.said()
    );
    assert_eq!(get(stream(&ports[0]), "/"), b"hello");
    assert_eq!(get(socks(&ports[1], "other.test", web), "/"), b"hello");
    program.say(&json!({ "hangup": true }));
    assert_eq!(program.end().0, 0);
}

#[test]
fn a_call_is_placed_when_somebody_connects_and_again_after_it_was_idle() {
    let lab = Lab::with(PAGE);
    let server = lab.serve(&[]);
    // a host may be so slow that the call is idle before the page is asked for, and ends: then with more time
    let came = ["1s", "4s", "16s", "64s"].iter().any(|idle| {
        let more = ["--forward", "0:10.64.0.1:80", "--on-demand", "--idle", idle];
        let mut program = lab.program(&server.line("line1"), "alice", "pw", &more);
        let port = ports(&mut program, "waiting", 1).remove(0);
        let came = [(); 2].map(|()| {
            let mut page = Vec::new();
            let mut stream = stream(&port);
            write!(stream, "GET /bytes/1000 HTTP/1.1\r\nhost: page\r\nconnection: close\r\n\r\n").unwrap();
            let _ = stream.read_to_end(&mut page);
            program.state("Connected");
            let ended = program.until(|event| event["event"] == "ended");
            assert_eq!(ended["error"]["error"], 828, "{ended}");
            page.len() > 1000
        });
        program.say(&json!({ "hangup": true }));
        assert_eq!(program.end().0, 0);
        came == [true, true]
    });
    assert!(came, "no page comes in a minute");
}

#[test]
fn a_number_that_is_busy_is_dialled_again_and_a_wrong_password_is_not() {
    let lab = Lab::with(PAGE);
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let again = ["--redial=2", "--redial-pause", "50ms", "--no-pause"];
    // nobody listens there
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let program = lab.program(&format!("tcp:{nobody}"), "alice", "pw", &again);
    let (code, _, events) = program.end();
    let count = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert_eq!((code, count("ended"), count("redial")), (4, 3, 2), "{events:#?}");
    let program = lab.program(&line, "alice", "wrong", &again);
    let (code, _, events) = program.end();
    assert_eq!(
        (code, events.iter().filter(|event| event["event"] == "ended").count()),
        (5, 1),
        "{events:#?}"
    );
}

#[test]
fn a_port_that_cannot_be_had_is_told() {
    let lab = Lab::with(PAGE);
    let server = lab.serve(&[]);
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = format!("{}:10.64.0.1:80", taken.local_addr().unwrap().port());
    let done = lab.dial(&server.line("line1"), &["--forward", &port, "--for", "100ms"]);
    assert_eq!(done.code, 10, "{}", done.out);
    assert!(done.out.contains("Another program listens on this port"), "{}", done.out);
    let done = lab.dial("tcp:127.0.0.1:1", &["--forward", "80:h:80"]);
    assert_eq!(done.code, 2, "{}", done.err);
}
