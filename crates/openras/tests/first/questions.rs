//! The questions of `openras init`, asked of a person at a terminal.

use crate::lab::Lab;
use crate::terminal::Person;

/// Begins the questions.
fn init(lab: &Lab) -> Person {
    let state = lab.path("state").display().to_string();
    Person::start(lab, &["init", "--config", "openras.toml", "--state", &state])
}

/// Answers each question by what is typed.
fn answers(person: &mut Person, asked: &[(&str, &str)]) {
    for (question, typed) in asked {
        person.sees(question);
        person.types(&format!("{typed}\n"));
    }
}

/// Types the password twice; it is not shown.
fn password(person: &mut Person, first: &str, second: &str) {
    person.sees("Password of alice (Enter makes one): ");
    assert!(!person.echoes());
    person.types(&format!("{first}\n"));
    person.sees("The same again: ");
    person.types(&format!("{second}\n"));
}

fn written(lab: &Lab) -> String {
    std::fs::read_to_string(lab.path("openras.toml")).unwrap()
}

#[test]
fn who_answers_everything_gets_a_service_that_lets_in() {
    let lab = Lab::new();
    lab.secret("pw", "7f3k-word");
    let mut person = init(&lab);
    answers(
        &mut person,
        &[
            ("What will call?", "9"),
            ("Write a number from 1 to 7.", "1"),
            ("On what line? [listen:tcp:127.0.0.1:7001]: ", "nonsense"),
            ("nonsense", ""),
        ],
    );
    // what is wrong is said, and asked again; Enter takes the default, so that the port has to be put right here
    answers(&mut person, &[("What may they reach?", "2"), ("TCP port of the service [80]: ", "http")]);
    answers(&mut person, &[("names no TCP port", "8080"), ("Name of the first user [alice]: ", "")]);
    password(&mut person, "7f3k-word", "7f3k-wort");
    person.sees("two different ones");
    password(&mut person, "7f3k-word", "7f3k-word");
    let (code, shown) = person.end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("7f3k"), "{shown}");
    assert!(shown.contains("TCP port 8080"), "{shown}");
    let text = written(&lab);
    assert!(text.contains("reach = [\"127.0.0.1:8080\"]") && text.contains("ip = \"nat\""), "{text}");
    let text = text.replace("127.0.0.1:7001", "127.0.0.1:0");
    std::fs::write(lab.path("openras.toml"), text).unwrap();
    let server = lab.serve(&[]);
    let done = lab.dial(&server.line("line1"), &["--ping", "1"]);
    assert_eq!(done.code, 0, "{}", done.err);
}

#[test]
fn every_kind_of_caller_can_be_chosen_and_its_file_is_good() {
    for (number, line) in [
        ("1", "listen:tcp:127.0.0.1:0"),
        ("2", "listen:tcp:127.0.0.1:0"),
        ("4", "listen:telnet:127.0.0.1:0"),
        ("5", "listen:telnet:127.0.0.1:0"),
        ("6", "listen:tcp:127.0.0.1:0"),
        ("7", "listen:tcp:127.0.0.1:0"),
    ] {
        let lab = Lab::new();
        let mut person = init(&lab);
        answers(&mut person, &[("What will call?", number), ("On what line?", line)]);
        answers(&mut person, &[("What may they reach?", "4"), ("Name of the first user", "alice")]);
        answers(&mut person, &[("Password of alice", "")]);
        let (code, shown) = person.end();
        assert!(code == 0 && shown.contains("shown once"), "{number}: {shown}");
        assert_eq!(lab.run(&["check-config", "openras.toml", "--strict"]).code, 0, "{}", written(&lab));
        // and a service begins with it
        drop(lab.serve(&[]));
    }
}

#[test]
fn a_line_in_tls_asks_for_the_certificate_and_calls_go_over_it() {
    let lab = Lab::new();
    lab.secret("pw", "7f3k-word");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    std::fs::write(lab.path("port.pem"), made.cert.pem()).unwrap();
    lab.secret("port.key", &made.signing_key.serialize_pem());
    let mut person = init(&lab);
    answers(
        &mut person,
        &[
            ("What will call?", "7"),
            ("On what line?", "listen:tls:127.0.0.1:0"),
            ("certificate (a file in PEM): ", "missing.pem"),
            ("no such file", "port.pem"),
            ("private key (a file in PEM): ", "port.key"),
            ("What may they reach?", "4"),
            ("Name of the first user", "alice"),
        ],
    );
    password(&mut person, "7f3k-word", "7f3k-word");
    let (code, shown) = person.end();
    assert!(code == 0 && shown.contains("--tls-ca"), "{shown}");
    let server = lab.serve(&[]);
    let line = server.line("line1").replacen("tcp:", "tls:", 1);
    let done = lab.dial(&line, &["--tls-ca", "port.pem", "--ping", "1"]);
    assert_eq!(done.code, 0, "{}", done.err);
}

#[test]
fn a_prompt_that_would_show_passwords_to_a_network_is_not_written() {
    let lab = Lab::new();
    let mut person = init(&lab);
    answers(&mut person, &[("What will call?", "5"), ("On what line?", "listen:telnet:0.0.0.0:7023")]);
    person.sees("would show passwords to the network");
    answers(&mut person, &[("On what line?", "nonsense")]);
    person.sees("On what line?");
    person.types("\u{3}");
    let (code, shown) = person.end();
    assert!(code != 0 && !lab.path("openras.toml").exists() && !lab.path("state").exists(), "{shown}");
}
