//! IPv6 of the calling side: an address of the network that the port advertises, and TCP through it without any right.

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};

use serde_json::json;

use crate::lab::{Lab, PATIENCE};

#[test]
fn a_forward_and_socks_go_over_ipv6_to_what_reach_opens() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        println!("SKIP: no IPv6 here");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let lab = Lab::with(&format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nipv6 = \"fd12:3456:789a::/56\"\n\
         reach = [\"[::1]:{port}\"]\n"
    ));
    let server = lab.serve(&[]);
    let forward = format!("0:[fd12:3456:789a::1]:{port}");
    let more = ["--forward", &forward, "--socks", "0"];
    let mut program = lab.program(&server.line("line1"), "alice", "pw", &more);
    let mut opened = Vec::new();
    while opened.len() < 2 {
        let event = program.until(|event| event["event"] == "port");
        assert!(event["failed"].is_null(), "{event}");
        opened.push(event["text"].as_str().unwrap().split(' ').next().unwrap().to_owned());
    }
    let connect = |at: &str| {
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let here = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            stream.write_all(&all).unwrap();
        }
    });
    let sent: Vec<u8> = (0..300_000).map(|n: u32| (n % 251) as u8).collect();
    let back = |mut stream: TcpStream| {
        stream.write_all(&sent).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        back
    };
    assert!(back(connect(&opened[0])) == sent);
    // SOCKS 5 with the address as such
    let mut socks = connect(&opened[1]);
    socks.write_all(&[5, 1, 0]).unwrap();
    let mut two = [0; 2];
    socks.read_exact(&mut two).unwrap();
    let mut ask = vec![5, 1, 0, 4];
    ask.extend("fd12:3456:789a::1".parse::<Ipv6Addr>().unwrap().octets());
    ask.extend(port.to_be_bytes());
    socks.write_all(&ask).unwrap();
    let mut answer = [0; 10];
    socks.read_exact(&mut answer).unwrap();
    assert_eq!(answer[..2], [5, 0]);
    assert!(back(socks) == sent);
    here.join().unwrap();
    program.say(&json!({ "hangup": true }));
    assert_eq!(program.end().0, 0);
}
