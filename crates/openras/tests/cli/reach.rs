//! Where callers get to through a port's NAT, which is the default: the port's `reach`, that of the user's
//! groups, a user's own, a user's own address.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::lab::{Done, Lab};

/// A page of this machine; its port.
fn page() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut octet = [0];
                match stream.read(&mut octet) {
                    Ok(1) => asked.extend(octet),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        }
    });
    port
}

fn set(lab: &Lab, more: &[&str]) -> Done {
    lab.run(&[&["user", "set", "alice", "--config", "openras.toml"], more].concat())
}

#[test]
fn a_users_own_reach_and_address_rule_from_the_next_call_on() {
    let page = page();
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n");
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let url = format!("http://10.64.0.1:{page}/");
    let fetch = || lab.dial(&line, &["--fetch", &url, "--json"]);

    let closed = fetch();
    assert_ne!(closed.code, 0, "a page of the machine is open: {}", closed.out);

    let done = set(&lab, &["--reach", &format!("127.0.0.1:{page}"), "--address", "10.64.9.9"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let open = fetch();
    assert_eq!(open.code, 0, "{}{}", open.out, open.err);
    assert!(open.out.contains("10.64.9.9"), "{}", open.out);
    let listed = lab.run(&["user", "list", "--config", "openras.toml"]).out;
    assert!(listed.contains(&format!("127.0.0.1:{page}")) && listed.contains("10.64.9.9"), "{listed}");

    // while one call has it a second one of the user has no address at all
    let mut first = lab.program(&line, "alice", "pw", &[]);
    first.state("Connected");
    let second = fetch();
    assert_ne!(second.code, 0, "{}", second.out);
    drop(first);

    assert_eq!(set(&lab, &["--reach", "none", "--address", "default"]).code, 0);
    let none = fetch();
    assert_ne!(none.code, 0, "{}", none.out);
    assert!(!none.out.contains("10.64.9.9"), "{}", none.out);

    let refused = set(&lab, &["--reach", "internet,nonsense"]);
    assert!(refused.code == 3 && refused.err.contains("nonsense"), "{}{}", refused.out, refused.err);
    let (code, said) = server.stop();
    assert_eq!(code, 0, "{said}");
    let why = format!("closed by reach: 127.0.0.1:{page}: it is an address of this machine");
    assert!(said.contains(&why), "{said}");
}

#[test]
fn a_groups_reach_closes_what_the_port_opens_until_the_user_has_words_or_the_group_goes() {
    let page = page();
    let port = format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\nreach = [\"127.0.0.1:{page}\"]\n"
    );
    let guests = |users: &str| format!("{port}[group.guests]\nusers = [{users}]\nreach = [\"internet\"]\n");
    let lab = Lab::with(&guests("\"Alice\", \"ALICE\""));
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let url = format!("http://10.64.0.1:{page}/");
    let opens = || lab.dial(&line, &["--fetch", &url, "--json"]).code == 0;

    assert!(!opens(), "the port's words were taken");
    assert_eq!(set(&lab, &["--reach", &format!("127.0.0.1:{page}")]).code, 0);
    assert!(opens(), "the group's words were taken before the user's");
    assert_eq!(set(&lab, &["--reach", "default"]).code, 0);
    assert!(!opens(), "the port's words were taken again");

    lab.config(&guests("\"bob\""));
    let socket = lab.socket();
    let done = lab.run(&["reload", "--socket", &socket]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(opens(), "the user is in the group no more");
    lab.config(&guests("\"alice\""));
    assert_eq!(lab.run(&["reload", "--socket", &socket]).code, 0);
    assert!(!opens(), "a group that a reload brings counts");
    let (code, said) = server.stop();
    assert_eq!(code, 0, "{said}");
    let why = format!("closed by reach: 127.0.0.1:{page}: it is an address of this machine");
    assert!(said.contains(&why), "{said}");
}
