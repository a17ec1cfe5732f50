//! `openras dial ENTRY`: what an entry of the phone book says, and its script.

use serde_json::{Value, json};

use crate::lab::{Done, Lab, Server, code, states};
use crate::pauses::{SEED, TOTP};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";

/// A port without a dialog, and the entry Home for it with alice's credentials.
fn home(more: &[&str]) -> (Lab, Server) {
    on_port("", more)
}

/// The same behind a dialog, which asks before PPP.
fn behind_a_dialog(more: &[&str]) -> (Lab, Server) {
    on_port(TOTP, more)
}

fn on_port(modules: &str, more: &[&str]) -> (Lab, Server) {
    let lab = Lab::with(&format!("{PORT}{modules}"));
    let server = lab.serve(&[]);
    entry(&lab, &server, "Home", "alice", more);
    (lab, server)
}

fn entry(lab: &Lab, server: &Server, name: &str, user: &str, more: &[&str]) {
    let line = server.line("line1");
    let args = ["phonebook", "add", name, "--line", &line, "--user", user, "--password-file", "pw"];
    let done = lab.run(&[&args, more].concat());
    assert_eq!(done.code, 0, "{}", done.err);
}

/// The events of `dial --json` without a standard input, which is no one to answer a pause.
fn events(done: &Done) -> Vec<Value> {
    done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_entry_brings_its_line_and_what_is_saved_and_what_is_named_goes_before() {
    let (lab, server) = home(&[]);
    lab.add("bob", &[]);
    let done = lab.run(&["dial", "HOME", "--ping", "1"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    lab.secret("other", "not it");
    for (more, code) in [
        (&["--user", "bob", "--password-file", "pw"][..], 0),
        // alice's password is not tried for bob
        (&["--user", "bob"], 5),
        (&["--password-file", "other"], 5),
        (&["--auth", "none"], 6),
        (&["--line", "tcp:127.0.0.1:1"], 4),
        (&["--phonebook", "missing.pbk"], 3),
    ] {
        let done = lab.run(&[&["dial", "Home", "--ping", "1"], more].concat());
        assert_eq!(done.code, code, "{more:?}: {}{}", done.out, done.err);
    }
    let done = lab.run(&["dial", "nobody"]);
    assert!(done.code == 3 && done.out.contains("623"), "{}{}", done.out, done.err);
    drop(server);
}

#[test]
fn an_entry_that_is_connected_is_not_dialled_again() {
    let (lab, server) = home(&[]);
    let dial = || lab.run(&["dial", "Home", "--detach", "--json"]);
    let first = dial();
    assert_eq!(first.code, 0, "{}{}", first.out, first.err);
    let again = dial();
    assert_eq!((again.code, &events(&again)[0]["event"]), (0, &json!("connected_already")), "{}", again.out);
    assert_eq!(events(&again)[0]["call"], events(&first)[0]["call"]);
    // nothing is left of the second: one hang-up ends it
    let call = events(&first)[0]["call"].to_string();
    assert_eq!(lab.run(&["hangup", &call]).code, 0);
    drop(server);
}

/// Scripts in both languages talk to a security dialog; PPP begins behind them.
#[test]
fn a_script_answers_the_dialog_in_the_pause() {
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    let seed = lab.secret("seed", SEED);
    let server = lab.serve(&[]);
    for user in ["bob", "carl"] {
        lab.add(user, &["--totp-file", seed.to_str().unwrap()]);
    }
    let scripts = [
        ("bob", "login.chat", format!("TIMEOUT 60\nser: \\L\node: {}\n", code(SEED))),
        (
            "carl",
            "login.scp",
            format!(
                "proc main\n  waitfor \"ser: \" until 60\n  transmit $USERID\n  transmit \"^M\"\n  \
                 waitfor \"ode: \"\n  transmit \"{}^M\"\nendproc\n",
                code(SEED)
            ),
        ),
    ];
    for (user, script, text) in scripts {
        std::fs::write(lab.path(script), text).unwrap();
        entry(&lab, &server, user, user, &["--script", script]);
        let done = lab.run(&["dial", user, "--ping", "1", "--json"]);
        assert_eq!(done.code, 0, "{script}: {}{}\n{}", done.out, done.err, server.said());
        let told = states(&events(&done));
        assert!(told.contains(&"Interactive".into()) && told.contains(&"Connected".into()), "{told:?}");
        // what the other end said is shown
        assert!(done.out.contains("\"event\":\"terminal\""), "{}", done.out);
    }
}

#[test]
fn a_script_that_fails_ends_the_dial_with_its_number_and_line() {
    let (lab, server) = behind_a_dialog(&["--script", "login.scp"]);
    let script = lab.path("login.scp");
    // one that cannot be read is found before anything is dialled
    std::fs::write(&script, "proc main\n  transmitt 1\nendproc\n").unwrap();
    let done = lab.run(&["dial", "Home"]);
    assert!(
        done.code == 3 && done.out.contains("752") && done.out.contains("line 2"),
        "{}{}",
        done.out,
        done.err
    );
    // a mistake that shows while it runs
    std::fs::write(&script, "proc main\n  integer n\n  n = 1 / n\nendproc\n").unwrap();
    let done = lab.run(&["dial", "Home", "--json"]);
    let last = events(&done).pop().unwrap();
    assert_eq!((&last["event"], &last["error"]["error"]), (&json!("ended"), &json!(752)), "{}", done.out);
    assert!(last["why"].as_str().unwrap().contains("line 3"), "{last}");
    let done = lab.run(&["rasdial", "home"]);
    assert_eq!(done.code, 752 & 255, "{}{}", done.out, done.err);
    let last = done.out.lines().last().unwrap();
    assert!(last.starts_with("Remote Access error 752 - ") && last.contains("line 3"), "{last}");
    // a text that never comes
    entry(&lab, &server, "chat", "alice", &["--script", "login.chat"]);
    std::fs::write(lab.path("login.chat"), "TIMEOUT 1\n\nnever: x\n").unwrap();
    let done = lab.run(&["dial", "chat", "--json"]);
    let last = events(&done).pop().unwrap();
    assert_eq!((done.code, &last["error"]["error"]), (8, &json!(638)), "{}", done.out);
    assert!(last["why"].as_str().unwrap().contains("line 3"), "{last}");
}

/// `halt` leaves the terminal to the user; where there is none, that is 703.
#[test]
fn a_script_that_halts_leaves_the_terminal_to_who_watches() {
    let (lab, server) = behind_a_dialog(&["--script", "login.scp"]);
    let seed = lab.secret("seed", SEED);
    lab.add("bob", &["--totp-file", seed.to_str().unwrap()]);
    let script =
        "proc main\n  waitfor \"ser: \"\n  transmit \"bob^M\"\n  waitfor \"ode: \"\n  halt\nendproc\n";
    std::fs::write(lab.path("login.scp"), script).unwrap();
    let done = lab.run(&["dial", "Home"]);
    assert!(done.code == 8 && done.out.contains("703"), "{}{}", done.out, done.err);
    let words = ["dial", "Home", "--user", "bob", "--password-file", "pw", "--json", "--ping", "1"];
    let mut call = crate::lab::Program::start(lab.command(&words));
    call.prompt("Code: ");
    // it halts a moment later, and until then the terminal is not ours
    let typed = json!({ "terminal": base64(&format!("{}\r", code(SEED))) });
    loop {
        call.say(&typed);
        let reply = call.until(|event| event["event"] == "reply" || event["name"] == "RASCS_Authenticate");
        if reply["event"] != "reply" || reply["error"].is_null() {
            break;
        }
        assert_eq!(reply["error"]["error"], 756, "{reply}");
    }
    let (code, last, _) = call.end();
    assert_eq!(code, 0, "{last}");
    drop(server);
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A script needs pauses for its terminal; a pause of another kind stays what it is to who has none.
#[test]
fn with_a_script_a_wrong_password_is_still_691_without_a_watcher() {
    let (lab, server) = home(&["--script", "login.chat"]);
    std::fs::write(lab.path("login.chat"), "'' x\n").unwrap();
    lab.secret("other", "not it");
    let done = lab.run(&["dial", "Home", "--password-file", "other"]);
    assert!(done.code == 5 && done.out.contains("691"), "{}{}", done.out, done.err);
    drop(server);
}

/// Defence rule 14: what is saved for an entry, and what its script sends, is in nothing but the file of credentials.
#[test]
fn a_saved_password_is_nowhere_but_in_its_file() {
    const PLANTED: &str = "Planted-Entry-5512";
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    lab.secret("planted", PLANTED);
    let server = lab.serve(&["-vv"]);
    let script = "proc main\n  waitfor \"ser: \"\n  transmit \"alice^M\"\n  waitfor \"ode: \"\n  transmit $PASSWORD, raw\n  \
                  transmit \"^M\"\n  waitfor \"ser: \"\nendproc\n";
    std::fs::write(lab.path("login.scp"), script).unwrap();
    let line = server.line("line1");
    let add = ["phonebook", "add", "Home", "--line", &line, "--user", "alice", "--password-file", "planted"];
    let mut all = Vec::new();
    for args in [
        &[&add[..], &["--script", "login.scp"]].concat()[..],
        &["phonebook", "show", "Home", "--json"],
        &["phonebook", "list"],
        &["phonebook", "export", "--output", "copy.pbk"],
        &["phonebook", "set", "Home", "--domain", "CORP"],
        &["dial", "Home", "--json"],
        &["dial", "Home", "-vv"],
        &["rasdial", "Home"],
        &["rasdial", "Home", "alice", PLANTED],
        &["status", "c1", "--socket", &lab.socket()],
    ] {
        let done = lab.run(args);
        assert!(!done.out.is_empty() || done.code == 0, "{args:?}: {}", done.err);
        all.push((args.join(" ").replace(PLANTED, "*"), (done.out + &done.err).into_bytes()));
    }
    all.push(("the service's log".into(), server.stop().1.into_bytes()));
    for (path, bytes) in lab.all_files(&["planted", ".config/openras/credentials"]) {
        all.push((path.display().to_string(), bytes));
    }
    for (what, bytes) in &all {
        assert!(!crate::lab::holds(bytes, PLANTED.as_bytes()), "{what}: {}", String::from_utf8_lossy(bytes));
    }
    let saved = std::fs::read(lab.path(".config/openras/credentials")).unwrap();
    assert!(crate::lab::holds(&saved, PLANTED.as_bytes()), "the search finds it where it is");
}
