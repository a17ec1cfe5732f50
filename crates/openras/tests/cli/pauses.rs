//! `dial --json`: pauses answered by a program.

use serde_json::json;

use crate::lab::{Lab, code, states};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";
pub(crate) const TOTP: &str = "modules = [\"totp\"]\n[module.totp]\nkind = \"totp\"\n";
pub(crate) const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

#[test]
fn a_wrong_password_pauses_with_691_and_the_right_one_connects() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "wrong", &["--ping", "1"]);
    let paused = call.state("RetryAuthentication");
    assert_eq!((paused["error"]["error"].as_u64(), &paused["paused"]), (Some(691), &json!(true)));
    call.say(&json!({ "resume": { "password": "secret" } }));
    let (code, last, events) = call.end();
    assert_eq!((code, &last["error"]), (0, &json!(null)), "{last}");
    let replies = events.iter().filter(|event| event["event"] == "reply").count();
    assert_eq!(replies, 2, "one for the answer, one for the hang-up after the ping: {events:#?}");
    let after: Vec<String> =
        states(&events).into_iter().skip_while(|state| state != "RetryAuthentication 691").collect();
    let expected =
        ["RetryAuthentication 691", "AuthRetry", "Authenticated", "AuthProject", "Projected", "Connected"];
    assert_eq!(after, expected);
}

#[test]
fn an_expired_password_is_changed_in_the_pause_and_only_the_new_one_works() {
    let lab = Lab::with(PORT);
    lab.add("dave", &["--must-change"]);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "dave", "pw", &["--ping", "1"]);
    assert_eq!(call.state("PasswordExpired")["error"]["error"], 648);
    call.say(&json!({ "resume": { "password": "fresh one" } }));
    let (code, last, events) = call.end();
    assert_eq!(code, 0, "{last}");
    assert!(states(&events).contains(&"AuthChangePassword".into()), "{:?}", states(&events));
    lab.secret("new", "fresh one");
    let line = server.line("line1");
    for (file, expected) in [("pw", 5), ("new", 0)] {
        let done =
            lab.run(&["dial", "--line", &line, "--user", "dave", "--password-file", file, "--ping", "1"]);
        assert_eq!(done.code, expected, "{file}: {}", done.out);
    }
}

#[test]
fn a_security_dialog_is_typed_through_the_terminal() {
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    let seed = lab.secret("seed", SEED);
    lab.add("bob", &["--totp-file", seed.to_str().unwrap()]);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "bob", "pw", &["--ping", "1"]);
    call.prompt("User: ");
    call.type_line("bob");
    call.prompt("Code: ");
    call.type_line(&code(SEED));
    let (exit, last, events) = call.end();
    assert_eq!(exit, 0, "{last}\n{}", server.said());
    assert!(states(&events).contains(&"Interactive".into()), "{:?}", states(&events));
}

#[test]
fn the_terminal_after_dialling_goes_on_when_told() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    for when in ["before-dial", "after-dial"] {
        let mut call =
            lab.program(&server.line("line1"), "alice", "pw", &["--terminal", when, "--ping", "1"]);
        call.state("Interactive");
        call.say(&json!({ "continue": true }));
        let (code, last, _) = call.end();
        assert_eq!(code, 0, "{when}: {last}");
    }
}

#[test]
fn a_hang_up_ends_a_pause_and_a_connection() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "wrong", &[]);
    call.state("RetryAuthentication");
    call.say(&json!({ "hangup": true }));
    let (code, last, _) = call.end();
    assert_eq!((code, &last["connected"], &last["error"]), (130, &json!(false), &json!(null)));
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &[]);
    call.state("Connected");
    call.say(&json!({ "hangup": true }));
    let (code, last, _) = call.end();
    assert_eq!((code, &last["connected"], &last["error"]), (0, &json!(true), &json!(null)));
}

#[test]
fn a_pause_nobody_can_answer_any_more_is_hung_up() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "wrong", &[]);
    call.close();
    let (code, _, events) = call.end();
    assert_eq!(code, 130, "{events:#?}");
    assert!(states(&events).contains(&"RetryAuthentication 691".into()));
}

#[test]
fn with_pauses_off_the_same_point_is_an_error() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let (code, last, events) = lab.program(&server.line("line1"), "alice", "wrong", &["--no-pause"]).end();
    assert_eq!((code, last["error"]["error"].as_u64()), (5, Some(691)));
    assert!(!events.iter().any(|event| event["paused"] == true), "{events:#?}");
    assert!(last["remedy"].as_str().unwrap().contains("password"), "{last}");
    assert!(last["packet"]["text"].as_str().unwrap().contains("E=691"), "{last}");
}

#[test]
fn an_answer_that_is_none_is_told_and_changes_nothing() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "wrong", &["--ping", "1"]);
    call.state("RetryAuthentication");
    call.write("{\"resume\":{\"passwrd\":\"hunter2\"}}\n\n{\"terminal\":\"*\"}\nnot json\n");
    for expected in ["not one of resume", "not base64", "not one of resume"] {
        let told = call.until(|event| event["event"] == "misunderstood");
        assert!(told["message"].as_str().unwrap().contains(expected), "{told}");
        assert!(!told.to_string().contains("hunter2"));
    }
    call.say(&json!({ "resume": { "password": "secret" } }));
    assert_eq!(call.end().0, 0);
}

#[test]
fn what_cannot_be_resumed_is_answered_with_its_number() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &[]);
    call.state("Connected");
    call.say(&json!({ "resume": { "password": "secret" } }));
    let reply = call.until(|event| event["event"] == "reply");
    assert_eq!(reply["error"]["error"], 756, "{reply}");
}
