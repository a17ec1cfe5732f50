//! Rule 14: planted secrets are searched for in everything the programs write. Rule 15: text from outside is escaped.

use std::io::{Read, Write};

use serde_json::json;

use crate::frame::frame;
use crate::lab::{Lab, code, holds, stranger};
use crate::pauses::{SEED, TOTP};

const PASSWORD: &str = "Planted-Pass-7319";
const NEW: &str = "Planted-New-4405";
const WRONG: &str = "Planted-Wrong-9921";
const TYPED: &str = "Planted-Dialog-2208";

/// How the bytes could stand somewhere: as they are, in UTF-16, in hexadecimal, in base64.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    // the middle of the text, whatever comes before it
    let coded = (0..3).map(|shift| {
        let text =
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(format!("{}{secret}", "x".repeat(shift)));
        text.as_bytes()[4..text.len() - 2].to_vec()
    });
    [secret.as_bytes().to_vec(), wide, hex.to_uppercase().into_bytes(), hex.into_bytes()]
        .into_iter()
        .chain(coded)
        .collect()
}

#[test]
fn no_planted_secret_is_in_anything_that_is_written() {
    let lab = Lab::new();
    let totp = TOTP.replace("modules = [\"totp\"]\n", "");
    lab.config(&format!(
        "[[port]]\nname = \"pap\"\nline = \"listen:tcp:127.0.0.1:0\"\nauth = [\"pap\", \"chap\"]\ncalls = 3\n\
         [[port]]\nname = \"totp\"\nline = \"listen:tcp:127.0.0.1:0\"\nmodules = [\"totp\"]\n\
         [[port]]\nname = \"old\"\nline = \"listen:tcp:127.0.0.1:0\"\nauth = [\"mschap\", \"mschapv2\"]\n{totp}"
    ));
    for (name, text) in [("pw", PASSWORD), ("wrong", WRONG), ("seed", SEED)] {
        lab.secret(name, text);
    }
    let mut all = Vec::new();
    for (name, more) in
        [("alice", &["--reversible"][..]), ("bob", &["--totp-file", "seed"]), ("dave", &["--must-change"])]
    {
        let done = lab.add(name, more);
        all.push((format!("user add {name}"), (done.out + &done.err).into_bytes()));
    }
    // the recovery codes are printed once, here: they are secrets as well
    let printed = String::from_utf8(all[1].1.clone()).unwrap();
    let recovery: Vec<String> = printed.lines().skip(1).map(|line| line.trim().to_string()).collect();
    assert_eq!(recovery.len(), 10, "{printed}");
    all.clear();

    let server = lab.serve(&["-vv"]);
    let mut keep = |what: &str, text: String| all.push((what.to_string(), text.into_bytes()));
    for (auth, file) in [("pap", "pw"), ("pap", "wrong"), ("chap", "pw")] {
        let line = server.line("pap");
        let capture = format!("capture-{auth}-{file}");
        let args = ["dial", "--line", &line, "--user", "alice", "--password-file", file, "--auth", auth];
        let done = lab.run(&[&args[..], &["-vv", "--ping", "1", "--capture", &capture]].concat());
        keep(&format!("dial {auth} {file}"), done.out + &done.err);
    }
    // the dialog, with something wrong typed first
    let mut call =
        lab.program(&server.line("totp"), "bob", "pw", &["--ping", "1", "--capture", "capture-totp"]);
    let typed = code(SEED);
    for answer in [TYPED, &typed] {
        call.prompt("User: ");
        call.type_line("bob");
        call.prompt("Code: ");
        call.type_line(answer);
    }
    let (exit, last, events) = call.end();
    assert_eq!(exit, 0, "{last}");
    keep("dial totp", events.iter().map(|event| format!("{event}\n")).collect());
    // a wrong password, the expired one, and the new one, over both versions
    for auth in ["mschap", "mschapv2"] {
        let state = lab.run(&["user", "set", "dave", "--must-change", "--config", "openras.toml"]);
        assert_eq!(state.code, 0);
        let capture = format!("capture-{auth}");
        let args = ["--auth", auth, "--ping", "1", "--capture", &capture];
        let mut call = lab.program(&server.line("old"), "dave", "wrong", &args);
        call.state("RetryAuthentication");
        let (old, new) = if auth == "mschap" { (PASSWORD, NEW) } else { (NEW, PASSWORD) };
        call.say(&json!({ "resume": { "password": old } }));
        call.state("PasswordExpired");
        call.say(&json!({ "resume": { "password": new } }));
        let (exit, last, events) = call.end();
        assert_eq!(exit, 0, "{last}\n{}", server.said());
        keep(&format!("dial {auth}"), events.iter().map(|event| format!("{event}\n")).collect());
    }
    let (_, said) = server.stop();
    assert!(said.contains("TRACE") || said.contains("DEBUG"), "it is the full log");
    all.push(("serve -vv".into(), said.into_bytes()));
    for (path, bytes) in lab.all_files(&["pw", "wrong", "seed"]) {
        all.push((path.display().to_string(), bytes));
    }
    assert!(all.iter().any(|(what, _)| what.ends_with("audit.jsonl")));
    assert!(all.iter().any(|(what, _)| what.ends_with("users.db")));
    assert_eq!(all.iter().filter(|(what, _)| what.contains("capture-")).count(), 6);
    let secrets = [PASSWORD, NEW, WRONG, TYPED, SEED].into_iter().chain(recovery.iter().map(String::as_str));
    for secret in secrets {
        for form in forms(secret) {
            for (what, bytes) in &all {
                assert!(!holds(bytes, &form), "{secret} is in {what}");
            }
        }
    }
    // six digits may be a part of any number in a database
    for (what, bytes) in all.iter().filter(|(what, _)| {
        what.starts_with("dial totp") || what.starts_with("serve") || what.ends_with("jsonl")
    }) {
        assert!(
            !holds(bytes, format!("\"{typed}").as_bytes()) && !holds(bytes, format!(" {typed}").as_bytes()),
            "the code is in {what}"
        );
    }
}

/// A server that greets with this, then says PPP in words that steer a terminal.
fn hostile() -> String {
    stranger(|mut stream| {
        let text = "\u{1b}]0;owned\u{7} \u{202e}txt\u{9b}2J\r\n".as_bytes();
        let _ = stream.write_all(text);
        let _ = stream
            .write_all(&frame(&[&[0xc0, 0x21, 12, 1, 0, 8 + text.len() as u8, 0, 0, 0, 9], text].concat()));
        // a Configure-Request that asks for PAP, and a Terminate-Request with a reason
        let _ = stream.write_all(&frame(&[0xc0, 0x21, 1, 1, 0, 14, 3, 4, 0xc0, 0x23, 5, 6, 0, 0, 0, 9]));
        let mut memory = [0; 4096];
        let _ = stream.read(&mut memory);
        let _ = stream.write_all(&frame(&[&[0xc0, 0x21, 5, 7, 0, 4 + text.len() as u8], text].concat()));
        while let Ok(1..) = stream.read(&mut memory) {}
    })
}

fn steers(text: &str) -> bool {
    text.chars().any(|c| {
        (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[test]
fn what_a_server_says_never_steers_the_terminal_or_the_reader_of_events() {
    let lab = Lab::new();
    let line = hostile();
    let ways =
        [&["-vv"][..], &["--json"], &["--terminal", "never", "-v"], &["--terminal", "never", "--json"]];
    let one = |args: &[&str]| {
        let done = lab.run(&[&["dial", "--line", &line, "--user", "alice"], args].concat());
        assert!(!steers(&done.out) && !steers(&done.err), "{args:?}: {:?} {:?}", done.out, done.err);
        // and it is told, escaped once (JSON writes the backslash twice)
        let escaped = if args.contains(&"--json") { "\\\\u{1b}" } else { "\\u{1b}" };
        assert!(done.out.contains(escaped), "{args:?}: {}", done.out);
        assert!(done.out.contains("owned"), "{args:?}: {}", done.out);
    };
    std::thread::scope(|scope| ways.iter().for_each(|args| drop(scope.spawn(|| one(args)))));
}

#[test]
fn the_search_finds_a_secret_in_every_form_it_may_have() {
    use base64::Engine as _;
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("{{\"p\":\"{PASSWORD}\"}}"));
    let hex: String = format!("a{PASSWORD}").bytes().map(|byte| format!("{byte:02X}")).collect();
    let wide: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for written in [format!("x{PASSWORD}").into_bytes(), coded.into_bytes(), hex.into_bytes(), wide] {
        assert!(forms(PASSWORD).iter().any(|form| holds(&written, form)), "{written:?}");
    }
}

#[test]
fn a_crash_leaves_no_core_and_no_option_takes_a_password() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\n");
    let server = lab.serve(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    // a process that is not dumpable belongs to root there, whoever runs it
    use std::os::unix::fs::MetadataExt;
    assert_eq!(std::fs::metadata(format!("/proc/{}/environ", server.pid())).unwrap().uid(), 0);
    for words in
        [&["dial", "--line", "tcp:127.0.0.1:1"][..], &["user", "add", "bob"], &["user", "passwd", "alice"]]
    {
        let done = lab.run(&[words, &["--password", "hunter2"]].concat());
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(!done.err.contains("hunter2"), "{}", done.err);
    }
}

#[test]
fn what_a_caller_says_never_steers_the_servers_log_or_record() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nauth = [\"pap\"]\n");
    let server = lab.serve(&["-vv"]);
    let name = "al\u{1b}[2J\u{202e}ice\u{9b}";
    let args = [
        "dial",
        "--line",
        &server.line("line1"),
        "--user",
        name,
        "--password-file",
        "pw",
        "--auth",
        "pap",
        "-v",
    ];
    let done = lab.run(&args);
    assert_eq!(done.code, 5, "{}", done.out);
    assert!(!steers(&done.out), "{:?}", done.out);
    let (_, said) = server.stop();
    assert!(said.contains("ice") && !steers(&said), "{said:?}");
    let journal = std::fs::read_to_string(lab.path("state/audit.jsonl")).unwrap();
    assert!(journal.contains("ice") && !steers(&journal), "{journal:?}");
}
