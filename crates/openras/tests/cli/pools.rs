//! Pools: the first free of several lines takes the call.

use serde_json::{Value, json};

use crate::lab::Lab;

const POOLS: &str = "[[port]]\nname = \"one\"\nline = \"pty:FOLDER/one\"\nip = \"loopback\"\n\
    [[port]]\nname = \"two\"\nline = \"pty:FOLDER/two\"\nip = \"loopback\"\n\
    [[port]]\nname = \"far\"\nline = \"exchange:200\"\nip = \"loopback\"\n\
    [directory]\n200 = \"port:far\"\n\
    [[virtual_modem]]\nname = \"near\"\nline = \"pty:FOLDER/near\"\n\
    [pool.out]\nlines = [\"pty:FOLDER/none\", \"pty:FOLDER/one\", \"pty:FOLDER/two\"]\n\
    [pool.modems]\nlines = [\"serial:FOLDER/none\", \"serial:FOLDER/near\"]\nmodem = \"generic\"\n";

/// The ports that have a call.
fn called(lab: &Lab) -> Vec<String> {
    let ports = lab.run(&["ports", "--json", "--socket", &lab.socket()]);
    let all: Vec<Value> = ports.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let busy = all.iter().filter(|port| port["call"].is_u64());
    busy.map(|port| port["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_call_takes_the_first_free_line_of_a_pool_and_without_one_is_633() {
    let lab = Lab::with(POOLS);
    let server = lab.serve(&[]);
    let socket = lab.socket();
    let at = ["--socket", socket.as_str()];

    let mut first = lab.program("pool:out", "alice", "pw", &at);
    first.state("Connected");
    assert_eq!(called(&lab), ["one/1"], "{}", server.said());
    let mut second = lab.program("pool:out", "alice", "pw", &at);
    second.state("Connected");
    assert_eq!(called(&lab), ["one/1", "two/1"], "{}", server.said());

    let (code, last, _) = lab.program("pool:out", "alice", "pw", &at).end();
    assert_eq!((code, &last["error"]["error"]), (4, &json!(633)), "{last}");
    assert!(last.to_string().contains("pool:out could not be opened"), "{last}");

    first.say(&json!({ "hangup": true }));
    first.end();
    let done = lab.dial("pool:out", &["--ping", "1", "--socket", &socket]);
    assert_eq!(done.code, 0, "the line that is free again: {}{}{}", done.out, done.err, server.said());
    second.say(&json!({ "hangup": true }));
    second.end();
}

#[test]
fn the_modem_of_a_pool_dials_the_number_and_a_pool_that_is_none_is_said() {
    let lab = Lab::with(POOLS);
    let server = lab.serve(&[]);
    let socket = lab.socket();
    let done = lab.dial("pool:modems", &["--number", "200", "--ping", "1", "--socket", &socket]);
    assert_eq!(done.code, 0, "{}{}{}", done.out, done.err, server.said());
    let done = lab.dial("pool:out", &["--number", "200", "--socket", &socket]);
    assert!(done.code == 3 || done.code == 4, "{}", done.code);
    assert!(
        format!("{}{}", done.out, done.err).contains("none is named for pool:out"),
        "{}{}",
        done.out,
        done.err
    );
    // an entry's own modem and number go over a pool as over any line
    let add = ["phonebook", "add", "Out", "--line", "pool:modems", "--modem", "generic", "--number", "200"];
    let said = lab.run(&[&add[..], &["--user", "alice", "--password-file", "pw"]].concat());
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let done = lab.run(&["dial", "Out", "--ping", "1", "--socket", &socket]);
    assert_eq!(done.code, 0, "{}{}{}", done.out, done.err, server.said());

    let done = lab.dial("pool:none", &["--socket", &socket]);
    assert_eq!(done.code, 4, "{}{}", done.out, done.err);
    let said = format!("{}{}", done.out, done.err);
    assert!(said.contains("608") && said.contains("has no pool \"none\""), "{said}");
}
