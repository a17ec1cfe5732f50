//! `openras init`.

use serde_json::Value;

use crate::lab::{Lab, mode};

fn init(lab: &Lab, more: &[&str]) -> crate::lab::Done {
    let state = lab.path("state").display().to_string();
    let words = ["init", "--config", "openras.toml", "--state", &state, "--reach", "nothing"];
    lab.run(&[&words, more].concat())
}

#[test]
fn it_writes_a_configuration_that_serves_a_user_that_may_dial_in() {
    let lab = Lab::new();
    lab.secret("pw", "7f3k-word");
    let more =
        ["--for", "emulator", "--line", "listen:tcp:127.0.0.1:0", "--user", "alice", "--password-file", "pw"];
    let done = init(&lab, &more);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    for said in ["written: ", "Windows 95", "not run by us", "pppd", "openras serve --config"] {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    assert!(!(done.out.clone() + &done.err).contains("7f3k-word"), "{}", done.out);
    assert_eq!(mode(&lab.path("openras.toml")) & 0o027, 0, "others read it not, and write it not");
    assert_eq!(lab.run(&["check-config", "openras.toml"]).code, 0);
    let server = lab.serve(&[]);
    let done = lab.dial(&server.line("line1"), &["--ping", "1"]);
    assert_eq!(done.code, 0, "{}", done.err);
}

#[test]
fn a_password_that_is_made_is_shown_once_and_lets_in() {
    let lab = Lab::new();
    let more = ["--for", "openras", "--line", "listen:tcp:127.0.0.1:0", "--user", "alice", "--json"];
    let done = init(&lab, &more);
    assert_eq!(done.code, 0, "{}", done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let password = json["password"].as_str().unwrap();
    lab.secret("pw", password);
    let server = lab.serve(&[]);
    assert_eq!(lab.dial(&server.line("line1"), &["--ping", "1"]).code, 0);
    let text = std::fs::read_to_string(lab.path("openras.toml")).unwrap();
    assert!(!text.contains(password), "{text}");
    // again: the user stays, and no password is made
    let done = init(&lab, &[&more[..], &["--force"]].concat());
    let json: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&json["user_is_new"], &json["password"]), (&Value::Bool(false), &Value::Null));
}

#[test]
fn what_is_there_is_not_written_over() {
    let lab = Lab::new();
    std::fs::write(lab.path("openras.toml"), "mine").unwrap();
    let more = ["--for", "emulator", "--line", "listen:tcp:127.0.0.1:0", "--user", "alice"];
    let done = init(&lab, &more);
    assert!(done.code == 3 && done.err.contains("--force"), "{}", done.err);
    assert_eq!(std::fs::read_to_string(lab.path("openras.toml")).unwrap(), "mine");
    assert!(!lab.path("state").exists(), "nor is a user made");
    assert_eq!(init(&lab, &[&more[..], &["--force"]].concat()).code, 0);
}

#[test]
fn words_that_are_missing_or_wrong_write_nothing() {
    let lab = Lab::new();
    for (more, code) in [
        // a question that nobody is there to answer
        (&["--user", "alice"][..], 2),
        (&["--for", "emulator"], 2),
        (&["--for", "emulator", "--user", "alice", "--line", "listen:tls:127.0.0.1:0"], 2),
        (&["--for", "emulator", "--user", "alice", "--line", "nonsense"], 3),
        (&["--for", "emulator", "--user", "", "--line", "listen:tcp:127.0.0.1:0"], 3),
    ] {
        let done = init(&lab, more);
        assert_eq!(done.code, code, "{more:?}: {}{}", done.out, done.err);
        assert!(!lab.path("openras.toml").exists(), "{more:?}");
    }
    assert_eq!(init(&lab, &["--for", "toaster"]).code, 2);
}

#[test]
fn what_is_there_can_be_asked_alone() {
    let lab = Lab::new();
    let done = lab.run(&["init", "--find", "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let json: Value = serde_json::from_str(&done.out).unwrap();
    let list = json["devices"].as_array().unwrap();
    assert!(list.iter().all(|one| one["line"].as_str().unwrap().starts_with("serial:/dev/")), "{json}");
    assert_eq!(lab.run(&["init", "--find"]).code, 0);
}
