//! Rule 15: text from outside reaches no screen, log, event or record as it is.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::frame::frame;
use crate::lab::{Done, Lab, Program, skip};

/// What steers a terminal, or the reader's eyes: C0, C1, ESC, DEL, bidi, a byte order mark.
const EVIL: &str =
    "own\u{1b}]0;t\u{7}\u{1b}[2J\u{9b}31m\u{85}\u{202e}gnp\u{2066}x\u{200f}\u{7f}\u{8}\r\nforged\tline";

/// Whether it would steer something.
fn steers(text: &str) -> Option<char> {
    text.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
    })
}

/// An LCP packet.
fn lcp(code: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(4 + body.len()).unwrap();
    frame(&[&[0xc0, 0x21, code, 1, 0, length], body].concat())
}

/// LCP Identification with a magic number of zero (RFC 1570 §2.1).
fn identification() -> Vec<u8> {
    lcp(12, &[&[0, 0, 0, 0], EVIL.as_bytes()].concat())
}

/// A server that greets with it, names itself by it, asks for PAP and refuses with it.
fn hostile_server() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let _ = stream.write_all(format!("{EVIL}\r\n").as_bytes());
                let _ = stream.write_all(&identification());
                let _ = stream.write_all(&lcp(1, &[3, 4, 0xc0, 0x23, 5, 6, 0, 0, 0, 9]));
                let mut memory = [0; 4096];
                let _ = stream.read(&mut memory);
                let _ = stream.write_all(&lcp(5, EVIL.as_bytes()));
                while let Ok(1..) = stream.read(&mut memory) {}
            });
        }
    });
    line
}

/// A caller by hand that names itself by it, and proves itself by PAP with it as a name.
fn hostile_caller(socket: &Path) {
    let mut stream = UnixStream::connect(socket).unwrap();
    let pap = |id: u8| {
        let name = EVIL.as_bytes();
        let (n, length) = (u8::try_from(name.len()).unwrap(), u8::try_from(name.len() + 8).unwrap());
        frame(&[&[0xc0, 0x23, 1, id, 0, length, n], name, &[2, b'p', b'w']].concat())
    };
    stream.write_all(&lcp(1, &[5, 6, 1, 2, 3, 4])).unwrap();
    stream.set_read_timeout(Some(crate::lab::PATIENCE)).unwrap();
    let mut memory = [0; 4096];
    // its request is agreed to as it came, unescaped roughly: the identifier is all that changes
    let n = stream.read(&mut memory).unwrap();
    for packet in unframed(&memory[..n]) {
        if packet.starts_with(&[0xc0, 0x21, 1]) {
            let mut answer = packet.clone();
            answer[2] = 2;
            stream.write_all(&frame(&answer)).unwrap();
        }
    }
    for bytes in [identification(), pap(1), pap(2), lcp(5, EVIL.as_bytes())] {
        // a port that has hung up by now has heard enough
        let _ = stream.write_all(&bytes);
    }
    while let Ok(1..) = stream.read(&mut memory) {}
}

/// Packets out of frames, without address, control and check sum.
fn unframed(bytes: &[u8]) -> Vec<Vec<u8>> {
    let frames = bytes.split(|byte| *byte == 0x7e).filter(|frame| frame.len() > 6);
    frames
        .map(|frame| {
            let (mut out, mut escaped) = (Vec::new(), false);
            for byte in frame {
                match byte {
                    0x7d => escaped = true,
                    _ => out.push(if std::mem::take(&mut escaped) { byte ^ 0x20 } else { *byte }),
                }
            }
            out.truncate(out.len().saturating_sub(2));
            out.split_off(2.min(out.len()))
        })
        .collect()
}

/// Programs as modules that say it: to the log, on standard error, as a verdict's text.
const MODULE: &str = "import json,sys\nt=json.loads(sys.argv[1])\nsys.stdin.readline()\n\
     def s(**m): print(json.dumps(m),flush=True)\ns(type='log',text=t)\nprint(t,file=sys.stderr,flush=True)\n\
     s(type='complete',verdict='error',code=691,text=t)\nsys.stdin.readline()\n";

/// What the service and its programs wrote.
#[derive(Default)]
struct Written(Vec<(String, String)>);

impl Written {
    fn keep(&mut self, what: &str, text: String) {
        self.0.push((what.into(), text));
    }
}

fn dials(lab: &Lab, written: &mut Written) {
    let server = hostile_server();
    let mut dials: Vec<(String, Command)> = Vec::new();
    for (line, user, more) in [
        (server.as_str(), "alice", &["--domain", EVIL][..]),
        (&server, "alice", &["--terminal", "never"]),
        (&lab.line("clear"), EVIL, &["--auth", "pap", "--no-pause"]),
        (&lab.line("clear"), "alice", &["--auth", "pap", "--domain", EVIL, "--no-pause"]),
        (&lab.line("module"), EVIL, &[]),
    ] {
        // as a program reads it, and as a person
        for json in [true, false] {
            let socket = lab.socket();
            let mut args = vec!["dial", "--line", line, "--user", user, "--password-file", "pw", "-vv"];
            args.extend(["--ping", "1", "--socket", socket.to_str().unwrap()]);
            args.extend(more);
            args.extend(json.then_some("--json"));
            dials.push((format!("dial {line} json={json}"), lab.command(&args)));
        }
    }
    // all at once: the hostile server lets each wait for its farewell
    std::thread::scope(|scope| {
        let run = |(what, command)| (what, scope.spawn(move || Done::of(command)));
        for (what, done) in dials.into_iter().map(run).collect::<Vec<_>>() {
            let done = done.join().unwrap();
            written.keep(&what, done.out + &done.err);
        }
    });
    // a label, a number and words that are none, through the API
    for body in [
        json!({ "line": server, "name": EVIL, "user": EVIL, "domain": EVIL, "password": "x" }),
        json!({ "line": EVIL }),
        json!({ "line": format!("tcp:{EVIL}:1") }),
        json!({ "line": "exchange:100", "own_number": EVIL }),
        json!({ "line": server, "auth": [EVIL] }),
        json!({ "line": server, EVIL: EVIL }),
    ] {
        let answer = lab.api().post("/v1/connections", &body);
        written.keep("an answer to a dial", answer.text);
    }
    for path in
        ["/v1/%1b%5d0;x%07%c2%9b", "/v1/calls/%1b[2J", "/v1/ports/%1b%e2%80%ae", "/v1/users/%1b%c2%9bx"]
    {
        written.keep(path, lab.api().get(path).text);
    }
    let user = json!({ "name": EVIL, "password": "secret" });
    written.keep("a user", lab.api().post("/v1/users", &user).text);
    hostile_caller(&lab.path("clear"));
}

fn asked(lab: &Lab, written: &mut Written) {
    for words in [
        &["calls"][..],
        &["status"],
        &["ports"],
        &["audit"],
        &["audit", "--json"],
        &["calls", "--json"],
        &["ports", "--json"],
        &["status", "--json"],
    ] {
        let done = lab.ask(words);
        written.keep(&words.join(" "), done.out + &done.err);
    }
    let calls = lab.api().get("/v1/calls").good();
    for call in calls.as_array().unwrap() {
        let id = call["id"].to_string();
        written.keep(&format!("status {id}"), lab.told(&["status", &id]));
        written.keep(&format!("status {id} --json"), lab.told(&["status", &id, "--json"]));
    }
    written.keep("/metrics", lab.api().get("/metrics").text);
}

/// A text as TOML writes it, plain ASCII.
fn toml(text: &str) -> String {
    let spelt = text.chars().map(|c| match c {
        '\\' | '"' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        _ => format!("\\u{:04X}", u32::from(c)),
    });
    format!("\"{}\"", spelt.collect::<String>())
}

#[test]
fn no_text_from_outside_reaches_a_screen_a_log_an_event_or_the_record_as_it_is() {
    if Command::new("python3").arg("-c").arg("").status().is_err() {
        return skip("service escapes", "it needs python3");
    }
    let lab = Lab::new();
    lab.secret("pw", "secret");
    std::fs::write(lab.path("module.py"), MODULE).unwrap();
    let many = "calls = 8\nunauthenticated = 8\nper_source = 8\n";
    lab.config(&format!(
        "[[port]]\nname = \"clear\"\nline = \"listen:unix:FOLDER/clear\"\n{many}auth = [\"pap\"]\n\
         [[port]]\nname = \"module\"\nline = \"listen:unix:FOLDER/module\"\n{many}modules = [\"evil\"]\n\
         [module.evil]\nkind = \"program\"\ncommand = [\"python3\", \"FOLDER/module.py\", {}]\n\
         readable = [\"FOLDER/module.py\"]\n",
        toml(&Value::from(EVIL).to_string())
    ));
    lab.add("alice", &[]);
    for (format, trace) in [("text", false), ("json", true)] {
        let mut written = Written::default();
        let mut command = lab.serve_command(&["-vv", "--log-format", format]);
        if trace {
            command.env("RUST_LOG", "trace");
        }
        let server = lab.serve_by(command);
        let socket = lab.socket();
        let listen = |words: &[&str]| {
            let at = ["--socket", socket.to_str().unwrap()];
            Program::start(lab.command(&[&["events", "--packets"], words, &at].concat()))
        };
        let for_programs = listen(&["--json"]);
        dials(&lab, &mut written);
        asked(&lab, &mut written);
        written.keep("events --json", for_programs.stop());
        let said = server.stop();
        let of_module = |line: &&str| line.contains("module") && line.contains("forged");
        assert!(said.lines().filter(of_module).count() >= 2, "the module's own words are in the log: {said}");
        written.keep(&format!("the log as {format}"), said);
        let record = std::fs::read_to_string(lab.path("state/audit.jsonl")).unwrap();
        written.keep("audit.jsonl", record);
        let mut told = 0;
        for (what, text) in &written.0 {
            assert_eq!(steers(text), None, "{what}: {text:?}");
            // nothing forged stands at the begin of a line of its own
            assert!(!text.lines().any(|line| line.starts_with("forged")), "{what}: {text:?}");
            told += usize::from(text.contains("forged"));
        }
        assert!(told >= 10, "it is told, escaped: {told} of {}", written.0.len());
        for part in ["the log", "audit.jsonl", "events", "status", "calls"] {
            let found =
                written.0.iter().any(|(what, text)| what.starts_with(part) && text.contains("forged"));
            assert!(found, "nothing of it came to {part}, which proves nothing");
        }
    }
}
