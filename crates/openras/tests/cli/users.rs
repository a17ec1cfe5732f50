//! `openras user`: what it says and what it refuses.

use serde_json::Value;

use crate::lab::{Lab, mode};

const STORE: [&str; 2] = ["--state", "state"];

fn lab() -> Lab {
    let lab = Lab::new();
    lab.secret("pw", "secret\n");
    lab.secret("new", "fresh one\n");
    lab
}

fn user(lab: &Lab, args: &[&str]) -> (i32, String, String) {
    let state = lab.path("state").display().to_string();
    let done = lab.run(&[&["user"], args, &["--state", &state]].concat());
    (done.code, done.out, done.err)
}

fn good(lab: &Lab, args: &[&str]) -> String {
    let (code, out, err) = user(lab, args);
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
    out
}

fn bad(lab: &Lab, args: &[&str]) -> String {
    let (code, out, err) = user(lab, args);
    assert_eq!((code, out.as_str()), (3, ""), "{args:?}: {err}");
    err
}

#[test]
fn a_user_gets_services_and_a_name_that_is_none_is_refused() {
    let lab = lab();
    good(&lab, &["add", "alice", "--password-file", "pw", "--service", "ppp,slip", "--service", "bbs"]);
    assert!(good(&lab, &["list"]).contains("gets ppp slip bbs"));
    let listed: Value = serde_json::from_str(&good(&lab, &["list", "--json"])).unwrap();
    assert_eq!(listed["services"], serde_json::json!(["ppp", "slip", "bbs"]));
    good(&lab, &["set", "alice", "--service", "default"]);
    assert!(!good(&lab, &["list"]).contains("gets"));
    assert!(bad(&lab, &["set", "alice", "--service", "/bin/sh"]).contains("is no service"));
}

#[test]
fn users_are_added_listed_changed_unlocked_and_removed() {
    let lab = lab();
    assert_eq!(good(&lab, &["add", "alice", "--password-file", "pw"]), "");
    assert_eq!(
        good(&lab, &["add", "bob", "--password-file", "pw", "--reversible", "--no-dial-in", "--must-change"]),
        ""
    );
    assert_eq!(
        good(
            &lab,
            &[
                &["add", "erin", "--password-file", "pw", "--callback", "caller"][..],
                &["--callback-allow", "+4930", "--callback-allow", "555"]
            ]
            .concat()
        ),
        ""
    );
    assert_eq!(
        good(&lab, &["add", "frank", "--password-file", "pw", "--callback", "5550199", "--disabled"]),
        ""
    );
    assert_eq!(
        good(&lab, &["list"]),
        "\
name   methods                     callback                  may
alice  mschapv2 mschap pap         none                      dial in
bob    mschapv2 mschap chap pap    none                      no dial-in, must change the password
erin   mschapv2 mschap pap         caller +4930 555          dial in
frank  mschapv2 mschap pap         5550199                   disabled
"
    );
    good(&lab, &["set", "frank", "--disabled", "false", "--callback", "none"]);
    good(&lab, &["set", "BOB", "--no-dial-in=false", "--callback", "caller"]);
    good(&lab, &["passwd", "alice", "--password-file", "new"]);
    good(&lab, &["unlock", "alice"]);
    good(&lab, &["remove", "erin"]);
    let lines = good(&lab, &["list", "--json"]);
    let users: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = users.iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["alice", "bob", "frank"]);
    assert_eq!((&users[1]["no_dial_in"], &users[1]["callback"]["kind"]), (&false.into(), &"caller".into()));
    assert_eq!((&users[2]["disabled"], &users[2]["callback"]["kind"]), (&false.into(), &"none".into()));
}

#[test]
fn a_seed_and_its_codes_are_printed_once() {
    let lab = lab();
    let out = good(&lab, &["add", "bob", "--password-file", "pw", "--totp"]);
    let seed = out.lines().find_map(|line| line.trim().strip_prefix("seed  ")).unwrap().to_string();
    assert!(out.contains("otpauth://totp/"), "{out}");
    let codes: Vec<&str> =
        out.lines().skip_while(|line| !line.starts_with("Recovery")).skip(1).map(str::trim).collect();
    assert_eq!(codes.len(), 10, "{out}");
    for (path, bytes) in lab.all_files(&["pw", "new"]) {
        for secret in codes.iter().copied().chain([seed.as_str()]) {
            assert!(!crate::lab::holds(&bytes, secret.as_bytes()), "{secret} in {}", path.display());
        }
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(good(&lab, &["list"]).contains("totp, 10 recovery codes"));
    // one from a file is not printed again
    lab.secret("seed", &seed);
    let out = good(&lab, &["set", "bob", "--totp-file", "seed"]);
    assert!(!out.contains(&seed) && out.contains("Recovery codes"), "{out}");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let lab = lab();
    good(&lab, &["add", "alice", "--password-file", "pw"]);
    lab.secret("empty", "\n");
    lab.secret("noseed", "this is no seed!\n");
    let cases: [(&[&str], &str); 13] = [
        (&["add", "ALICE", "--password-file", "pw"], "183 ERROR_ALREADY_EXISTS"),
        (&["add", "bob", "--password-file", "none"], "cannot open none"),
        (&["add", "bob", "--password-file", "empty"], "password"),
        (&["add", "bob"], "--password-file FILE"),
        (&["add", "bob", "--password-file", "pw", "--callback", "ATDT1"], "ATDT1"),
        (
            &["add", "bob", "--password-file", "pw", "--callback", "none", "--callback-allow", "1"],
            "--callback caller",
        ),
        (&["add", "bob", "--password-file", "pw", "--totp-file", "noseed"], "seed"),
        (&["set", "alice"], "nothing to change"),
        // it made one who is always called back at one number choose it
        (&["set", "alice", "--callback-allow", "1"], "--callback caller"),
        (&["set", "ghost", "--disabled"], "2 ERROR_FILE_NOT_FOUND: there is no user \"ghost\""),
        (&["passwd", "ghost", "--password-file", "pw"], "ghost"),
        (&["remove", "ghost"], "ghost"),
        (&["unlock", "ghost"], "ghost"),
    ];
    for (args, said) in cases {
        let err = bad(&lab, args);
        assert!(err.starts_with("openras: ") && err.contains(said), "{args:?}: {err}");
        assert!(err.lines().count() == 1 && !err.contains("this is no seed"), "{err}");
    }
    assert_eq!(good(&lab, &["list", "--json"]).lines().count(), 1);
    assert_eq!(STORE[0], "--state");
}

#[test]
fn a_name_that_could_deceive_is_refused_and_shown_escaped() {
    let lab = lab();
    let err = bad(&lab, &["add", "a\u{1b}[2J\u{202e}b", "--password-file", "pw"]);
    assert!(!err.contains('\u{1b}') && !err.contains('\u{202e}'), "{err:?}");
}

#[test]
fn a_users_limits_are_set_shown_and_taken_back() {
    let lab = lab();
    good(&lab, &["add", "alice", "--password-file", "pw", "--idle", "10m"]);
    good(&lab, &["set", "alice", "--session", "2h"]);
    assert!(good(&lab, &["list"]).contains("10m idle, 2h in all"), "{}", good(&lab, &["list"]));
    let listed: Value = serde_json::from_str(&good(&lab, &["list", "--json"])).unwrap();
    assert_eq!((&listed["idle_limit"], &listed["session_limit"]), (&600.into(), &7200.into()));
    good(&lab, &["set", "alice", "--idle", "0"]);
    let listed: Value = serde_json::from_str(&good(&lab, &["list", "--json"])).unwrap();
    assert_eq!((&listed["idle_limit"], &listed["session_limit"]), (&0.into(), &7200.into()));
    assert!(bad(&lab, &["set", "alice", "--idle", "5s"]).contains("from 10 s to 30 days, or 0 for none"));
    let (code, _, said) = user(&lab, &["set", "alice", "--session", "soon"]);
    assert!(code == 2 && said.contains("--session"), "{said}");
    let listed: Value = serde_json::from_str(&good(&lab, &["list", "--json"])).unwrap();
    assert_eq!(listed["session_limit"], 7200, "what is refused changes nothing");
}
