//! Rules of defence (docs/security.md) as they show at the program: what the crates below prove in detail holds when
//! all is put together.

use crate::lab::{Lab, code, code_at, mode, states};
use crate::pauses::{SEED, TOTP};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";

/// A port with TOTP, and bob who has a seed.
fn totp() -> Lab {
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    lab.secret("seed", SEED);
    lab.add("bob", &["--totp-file", "seed"]);
    lab
}

fn journal(lab: &Lab) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(lab.path("state/audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Rule 1.
#[test]
fn ppp_before_the_security_dialog_reaches_no_network() {
    let lab = totp();
    let server = lab.serve(&[]);
    let args = ["--terminal", "never", "--no-pause", "--ping", "1"];
    let (code, _, events) = lab.program(&server.line("line1"), "bob", "pw", &args).end();
    assert_ne!(code, 0);
    assert!(!events.iter().any(|event| event["event"] == "projection"), "{events:#?}");
    let (_, said) = server.stop();
    assert!(said.contains("no terminal"), "{said}");
    let ended = journal(&lab).into_iter().find(|line| line["what"] == "ended").unwrap();
    assert_eq!(ended["error"], 703, "{ended}");
    assert!(!journal(&lab).iter().any(|line| line["outcome"] == "accepted"));
}

/// Rule 5: the dialog's user is not enough, and another user's right password is not either.
#[test]
fn the_ppp_user_must_be_the_dialogs() {
    let lab = totp();
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &["--ping", "1"]);
    call.prompt("User: ");
    call.type_line("bob");
    call.prompt("Code: ");
    call.type_line(&code(SEED));
    assert_eq!(call.state("RetryAuthentication")["error"]["error"], 691);
    call.close();
    assert_eq!(call.end().0, 130);
    let (_, said) = server.stop();
    assert!(said.contains("name_check = require"), "{said}");
}

/// Rule 7.
#[test]
fn a_code_counts_once() {
    let lab = totp();
    let server = lab.serve(&[]);
    let code = code_at(SEED, 0);
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut call = lab.program(&server.line("line1"), "bob", "pw", &["--ping", "1"]);
        call.prompt("User: ");
        call.type_line("bob");
        call.prompt("Code: ");
        calls.push(call);
    }
    for call in &mut calls {
        call.type_line(&code);
    }
    let mut went = 0;
    for mut call in calls {
        // whoever lost is asked again
        let next = call.until(|event| {
            event["name"] == "RASCS_Connected" || (event["event"] == "terminal" && event["data"] != "DQo=")
        });
        went += u32::from(next["name"] == "RASCS_Connected");
    }
    assert_eq!(went, 1, "{}", server.said());
}

/// Rule 12: a program that dies, hangs, floods or is silent ends its own dialog only.
#[test]
fn a_bad_module_ends_its_own_dialogs_only() {
    let bad = [
        ("dies", "exit 3"),
        ("floods", "exec yes '{\\\"send\\\":\\\"QUFBQQ==\\\"}'"),
        ("garbage", "echo no json; exec cat >/dev/null"),
    ];
    let mut text = PORT.to_string();
    for (name, _) in bad {
        text += &format!(
            "[[port]]\nname = \"{name}\"\nline = \"listen:tcp:127.0.0.1:0\"\nmodules = [\"{name}\"]\n"
        );
    }
    for (name, script) in bad {
        text +=
            &format!("[module.{name}]\nkind = \"program\"\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n");
    }
    let lab = Lab::with(&text);
    let server = lab.serve(&[]);
    for (name, _) in bad {
        let done = lab.dial(&server.line(name), &["--ping", "1"]);
        assert!((4..=6).contains(&done.code), "{name}: {}{}", done.out, server.said());
        assert!(!done.out.contains("we are 10.64"), "{name} fails closed: {}", done.out);
        let done = lab.dial(&server.line("line1"), &["--ping", "1"]);
        assert_eq!(done.code, 0, "after {name}: {}", done.out);
    }
    assert_eq!(server.stop().0, 0);
}

/// Rule 13.
#[test]
fn secrets_lie_in_files_of_their_owner_and_others_are_refused() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    assert_eq!(lab.dial(&server.line("line1"), &["--ping", "1"]).code, 0);
    drop(server);
    assert_eq!(mode(&lab.path("state")), 0o700);
    for (path, _) in lab.all_files(&["openras.toml"]) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    use std::os::unix::fs::PermissionsExt;
    for file in ["state/users.db", "state/key", "state/audit.jsonl"] {
        let set =
            |mode| std::fs::set_permissions(lab.path(file), std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o640);
        let done = lab.refused("openras.toml");
        assert!(done.code == 3 && done.err.contains("chmod"), "{file}: {}", done.err);
        set(0o600);
    }
}

/// Rule 2: the preset callback is required.
#[test]
fn a_preset_callback_is_required() {
    let lab = Lab::with(PORT);
    lab.add("frank", &["--callback", "5550199"]);
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let args = ["dial", "--line", &line, "--user", "frank", "--password-file", "pw", "--ping", "1"];
    let done = lab.run(&args);
    assert_ne!(done.code, 0, "{}", done.out);
    assert!(!done.out.contains("we are 10.64"), "no network: {}", done.out);
    let (_, said) = server.stop();
    assert!(said.contains("must be called back"), "{said}");
}

/// Rule 17.
#[test]
fn clear_text_over_a_network_is_refused_at_the_start() {
    for auth in ["none", "pap", "chap"] {
        let lab = Lab::new();
        let port = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:0.0.0.0:0\"\n";
        lab.config(&format!("{port}auth = [\"{auth}\"]\n"));
        let done = lab.refused("openras.toml");
        assert_eq!(done.code, 3, "{}", done.err);
        assert!(done.err.contains(auth) && done.err.contains("insecure = true"), "{}", done.err);
        lab.config(&format!("{port}auth = [\"{auth}\"]\ninsecure = true\n"));
        assert_eq!(lab.serve(&[]).stop().0, 0);
    }
}

/// Rule 4: at most three questions for credentials a call.
#[test]
fn credentials_are_asked_for_three_times_at_most() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "wrong", &[]);
    for _ in 0..2 {
        call.state("RetryAuthentication");
        call.say(&serde_json::json!({ "resume": { "password": "still wrong" } }));
    }
    let (code, last, events) = call.end();
    assert_eq!((code, last["error"]["error"].as_u64()), (5, Some(691)), "{:?}", states(&events));
    let asked = states(&events).iter().filter(|state| state.starts_with("RetryAuthentication")).count();
    assert_eq!(asked, 2, "and the first was the dial's own");
}
