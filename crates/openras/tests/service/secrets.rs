//! Rule 14: planted secrets are looked for in all that a service and its clients write, while it runs and after.

use std::os::unix::process::CommandExt;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

use crate::lab::{Done, Lab, Program, chmod, holds, is_root};

const PASSWORD: &str = "Planted-Pass-7319";
const NEW: &str = "Planted-New-4405";
const WRONG: &str = "Planted-Wrong-9921";
const TYPED: &str = "Planted-Dialog-2208";
const SETTING: &str = "Planted-Setting-5577";
const SET_BY_API: &str = "Planted-Api-6310";
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// How the bytes could stand somewhere: as they are, in UTF-16, in hexadecimal, in base64.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    // the middle of the text, whatever comes before it
    let coded = (0..3).map(|shift| {
        let text = STANDARD_NO_PAD.encode(format!("{}{secret}", "x".repeat(shift)));
        text.as_bytes()[4..text.len() - 2].to_vec()
    });
    [secret.as_bytes().to_vec(), wide, hex.to_uppercase().into_bytes(), hex.into_bytes()]
        .into_iter()
        .chain(coded)
        .collect()
}

/// The code that is right now (RFC 6238).
fn code() -> String {
    use openras_modules::totp;
    let seed = totp::Seed::parse(SEED).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let code = totp::code(&seed.key, seed.hash, seed.digits, totp::step(now, seed.period));
    String::from_utf8_lossy(code.expose()).into_owned()
}

/// A program of two lines as a module: it asks, tells the log how long the answer was, and agrees.
const MODULE: &str = "read begin; printf '%s\\n' '{\"type\":\"ask\",\"prompt\":\"PIN: \",\"echo\":\"no\",\"timeout\":30}'; \
     read answer; printf '%s\\n' '{\"type\":\"log\",\"text\":\"the PIN was read\"}' \
     '{\"type\":\"complete\",\"verdict\":\"success\",\"user\":\"alice\",\"domain\":\"\"}'; read end";

fn ports() -> String {
    let port = |name: &str, more: &str| {
        format!(
            "[[port]]\nname = \"{name}\"\nline = \"listen:unix:FOLDER/{name}\"\ncalls = 8\nunauthenticated = 8\n\
             per_source = 8\ncapture = true\n{more}\n"
        )
    };
    [
        port("clear", "auth = [\"pap\", \"chap\"]"),
        port("totp", "modules = [\"totp\"]"),
        port("pin", "modules = [\"pin\"]"),
        port("old", "auth = [\"mschap\", \"mschapv2\"]"),
        format!(
            "[module.totp]\nkind = \"totp\"\n[module.pin]\nkind = \"program\"\ncommand = [\"sh\", \"-c\", {}]\n\
             [module.pin.config]\nshared = \"{SETTING}\"\n",
            Value::from(MODULE)
        ),
    ]
    .concat()
}

/// What was found where.
#[derive(Default)]
struct Haystack(Vec<(String, Vec<u8>)>);

impl Haystack {
    fn keep(&mut self, what: &str, text: impl Into<Vec<u8>>) {
        self.0.push((what.into(), text.into()));
    }

    fn dial(&mut self, what: &str, program: Program) {
        let text = program.stop();
        self.keep(what, text);
    }
}

/// The service's processes as anybody may see them.
fn processes(lab: &Lab, all: &mut Haystack) {
    for process in lab.processes() {
        for file in ["cmdline", "environ", "status", "comm"] {
            let bytes = std::fs::read(format!("/proc/{}/{file}", process.pid)).unwrap_or_default();
            all.keep(&format!("/proc/{}/{file}", process.pid), bytes);
        }
    }
}

/// All that the service tells whoever asks.
fn answers(lab: &Lab, all: &mut Haystack) {
    let asked = [
        &["status", "--json"][..],
        &["status"],
        &["calls", "--json"],
        &["calls"],
        &["ports", "--json"],
        &["ports"],
        &["audit", "--json"],
        &["audit"],
        &["audit", "--verify"],
    ];
    for words in asked {
        let done = lab.ask(words);
        assert!(!done.out.is_empty(), "{words:?}: {}", done.err);
        all.keep(&words.join(" "), done.out + &done.err);
    }
    for path in ["/metrics", "/v1/users", "/v1/server", "/v1/connections", "/v1/openapi.json"] {
        let answer = lab.api().get(path);
        assert_eq!(answer.status, 200, "{path}");
        all.keep(path, answer.text);
    }
    let calls = lab.api().get("/v1/calls").good();
    for id in calls.as_array().unwrap().iter().map(|call| call["id"].to_string()) {
        let story = lab.told(&["status", &id, "--json"]);
        assert!(story.contains("packet"), "the story of {id} has its packets");
        all.keep(&format!("status {id} --json"), story);
        all.keep(&format!("status {id}"), lab.told(&["status", &id]));
    }
}

/// One call of each kind in which a secret goes over the line.
fn calls(lab: &Lab, all: &mut Haystack) -> String {
    let more = |n: &str| {
        let capture = format!("capture-{n}");
        ["-vv".to_owned(), "--capture".to_owned(), capture]
    };
    let clear = lab.line("clear");
    for (auth, file, connects) in [("pap", "pw", true), ("pap", "wrong", false), ("chap", "pw", true)] {
        let more = more(&format!("{auth}-{file}"));
        let more: Vec<&str> = more.iter().map(String::as_str).chain(["--auth", auth]).collect();
        let mut program = lab.dial(&clear, "alice", file, &more);
        program.until(|event| event["name"] == "RASCS_Connected" || event["event"] == "ended");
        assert_eq!(program.seen.last().unwrap()["event"] != "ended", connects, "{auth} {file}");
        processes(lab, all);
        all.dial(&format!("dial {auth} {file}"), program);
    }
    // dialogs: something wrong typed first
    let typed = code();
    let more_totp = more("totp");
    let more_totp: Vec<&str> = more_totp.iter().map(String::as_str).collect();
    let mut program = lab.dial(&lab.line("totp"), "bob", "pw", &more_totp);
    for answer in [TYPED, &typed] {
        program.prompt("User: ");
        program.type_line("bob");
        program.prompt("Code: ");
        program.type_line(answer);
    }
    program.state("Connected");
    all.dial("dial totp", program);
    let mut program = lab.dial(&lab.line("pin"), "alice", "pw", &[]);
    program.prompt("PIN: ");
    processes(lab, all);
    program.type_line(TYPED);
    program.state("Connected");
    all.dial("dial pin", program);
    // a wrong password, the expired one, and the new one, over both versions
    for (auth, old, new) in [("mschap", PASSWORD, NEW), ("mschapv2", NEW, PASSWORD)] {
        lab.run(&["user", "set", "dave", "--must-change", "--config", "openras.toml"]);
        let more = more(auth);
        let more: Vec<&str> = more.iter().map(String::as_str).chain(["--auth", auth]).collect();
        let mut program = lab.dial(&lab.line("old"), "dave", "wrong", &more);
        program.state("RetryAuthentication");
        program.say(&json!({ "resume": { "password": old } }));
        program.state("PasswordExpired");
        program.say(&json!({ "resume": { "password": new } }));
        program.state("Connected");
        all.dial(&format!("dial {auth}"), program);
    }
    typed
}

/// Users through the API: made, changed, refused.
fn users(lab: &Lab, all: &mut Haystack) {
    let api = lab.api();
    let user = json!({ "name": "zoe", "password": SET_BY_API, "reversible": true });
    let made = api.request("POST", "/v1/users", Some(&user)).unwrap();
    assert!((200..300).contains(&made.status), "{made:?}");
    all.keep("add user", made.text);
    for (method, path, body) in [
        ("PUT", "/v1/users/zoe/password", json!({ "password": SET_BY_API })),
        // refused, each with what was wrong about it
        ("POST", "/v1/users", user),
        ("PUT", "/v1/users/zoe/password", json!({ "pasword": SET_BY_API })),
        ("PUT", "/v1/users/zoe/password", json!({ "password": [SET_BY_API] })),
        ("PUT", "/v1/users/nobody/password", json!({ "password": SET_BY_API })),
        ("POST", "/v1/connections", json!({ "line": "tcp:127.0.0.1:1", "pasword": SET_BY_API })),
        ("POST", "/v1/connections", json!({ "line": SET_BY_API.len(), "password": SET_BY_API })),
    ] {
        let answer = api.request(method, path, Some(&body)).unwrap();
        all.keep(&format!("{method} {path}"), answer.text);
    }
}

/// One life of a service with this log.
fn life(lab: &Lab, more: &[&str], trace: bool, all: &mut Haystack) -> String {
    let mut command = lab.serve_command(more);
    if trace {
        command.env("RUST_LOG", "trace");
    }
    let server = lab.serve_by(command);
    let socket = lab.socket();
    let listening = ["events", "--json", "--packets", "--socket", socket.to_str().unwrap()];
    let events = Program::start(lab.command(&listening));
    let typed = calls(lab, all);
    users(lab, all);
    processes(lab, all);
    answers(lab, all);
    let heard = events.stop();
    assert!(heard.contains("packet"), "{heard}");
    all.keep("events --json --packets", heard);
    lab.told(&["hangup", "all"]);
    let said = server.stop();
    assert!(said.contains("DEBUG"), "it is the full log: {said}");
    all.keep("the log", said);
    typed
}

#[test]
fn no_planted_secret_is_in_anything_a_service_writes() {
    let lab = Lab::new();
    lab.config(&ports());
    // the program's secrets stand in the configuration, and only its owner reads that
    chmod(&lab.path("openras.toml"), 0o600);
    for (name, text) in [("pw", PASSWORD), ("wrong", WRONG), ("seed", SEED)] {
        lab.secret(name, text);
    }
    lab.add("alice", &["--reversible"]);
    lab.add("dave", &["--must-change"]);
    let printed = lab.add("bob", &["--totp-file", "seed"]);
    let printed = printed.out + &printed.err;
    // recovery codes are printed once, here: they are secrets as well
    let recovery: Vec<String> = printed.lines().skip(1).map(|line| line.trim().to_owned()).collect();
    assert_eq!(recovery.len(), 10, "{printed}");
    let mut all = Haystack::default();
    let mut typed = vec![life(&lab, &["-vv"], false, &mut all)];
    // a code counts once: the second life has another seed, planted as well by being the same key for another user
    lab.run(&["user", "remove", "zoe", "--config", "openras.toml"]);
    lab.run(&["user", "remove", "bob", "--config", "openras.toml"]);
    lab.add("bob", &["--totp-file", "seed"]);
    typed.push(life(&lab, &["-vv", "--log-format", "json"], true, &mut all));
    for (path, bytes) in lab.all_files(&["pw", "wrong", "seed", "openras.toml"]) {
        all.keep(&path.display().to_string(), bytes);
    }
    for part in ["audit.jsonl", "users.db", "capture-pap-pw", "captures/"] {
        assert!(all.0.iter().any(|(what, _)| what.contains(part)), "nothing of {part} was looked at");
    }
    let secrets = [PASSWORD, NEW, WRONG, TYPED, SEED, SETTING, SET_BY_API];
    for secret in secrets.into_iter().chain(recovery.iter().map(String::as_str)) {
        for form in forms(secret) {
            for (what, bytes) in &all.0 {
                assert!(!holds(bytes, &form), "{secret} is in {what}");
            }
        }
    }
    // six digits may be a part of any number in a database or a capture's time
    for (what, bytes) in
        all.0.iter().filter(|(what, _)| !what.contains("users.db") && !what.contains("capture"))
    {
        for code in &typed {
            let alone = [format!("\"{code}"), format!(" {code} "), format!(": {code}"), format!("{code}\r")];
            assert!(!alone.iter().any(|code| holds(bytes, code.as_bytes())), "the code is in {what}");
        }
    }
}

#[test]
fn the_search_finds_a_secret_in_every_form_it_may_have() {
    let coded = STANDARD_NO_PAD.encode(format!("{{\"p\":\"{PASSWORD}\"}}"));
    let hex: String = format!("a{PASSWORD}").bytes().map(|byte| format!("{byte:02X}")).collect();
    let wide: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for written in [format!("x{PASSWORD}").into_bytes(), coded.into_bytes(), hex.into_bytes(), wide] {
        assert!(forms(PASSWORD).iter().any(|form| holds(&written, form)), "{written:?}");
    }
}

#[test]
fn the_memory_of_a_service_is_closed_to_its_own_user_and_a_crash_leaves_no_core() {
    let nobody = 65534;
    if !is_root("service secrets memory") {
        return;
    }
    let lab = Lab::with(crate::lab::PORT);
    chmod(lab.folder.path(), 0o755);
    for path in [lab.path(""), lab.path("openras.toml"), lab.path("state")] {
        std::os::unix::fs::chown(path, Some(nobody), Some(nobody)).unwrap();
    }
    for entry in std::fs::read_dir(lab.path("state")).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), Some(nobody), Some(nobody)).unwrap();
    }
    let mut command = lab.serve_command(&[]);
    command.uid(nobody).gid(nobody);
    let server = lab.serve_by(command);
    for file in ["mem", "environ", "maps", "fd"] {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("[ -d /proc/$0/{file} ] && ls /proc/$0/{file} || cat /proc/$0/{file} | head -c 1"),
        ]);
        command.arg(server.pid().to_string()).uid(nobody).gid(nobody);
        let done = Done::of(command);
        assert!(
            done.out.is_empty() && done.err.contains("ermission denied"),
            "{file}: {}{}",
            done.out,
            done.err
        );
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    server.stop();
}
