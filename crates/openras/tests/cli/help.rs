//! Every example of the help texts runs as it is printed.

use std::process::{Command, Stdio};

use crate::lab::{Done, Lab, PROGRAM};

/// The lines under `Example`; one that goes on below ends with a backslash.
fn examples(lab: &Lab, words: &[&str]) -> Vec<String> {
    let help = |columns: &str| {
        let mut command = lab.command(&[words, &["--help"]].concat());
        command.env("COLUMNS", columns).stdout(Stdio::piped()).stderr(Stdio::piped());
        let done = Done::of(command.spawn().unwrap());
        assert_eq!(done.code, 0, "{words:?}: {}", done.err);
        let at =
            done.out.find("\nExample").unwrap_or_else(|| panic!("{words:?} has no example: {}", done.out));
        done.out[at + 1..].to_string()
    };
    let found = help("80");
    // folded, an example can no longer be copied
    assert_eq!(found, help("100"), "{words:?}");
    let found: Vec<&str> = found.lines().skip(1).filter(|line| !line.is_empty()).collect();
    assert!(!found.is_empty() && found.iter().all(|line| line.starts_with("  ")), "{words:?}: {found:?}");
    let whole = found.join("\n").replace("\\\n", "");
    whole.lines().map(|line| line.trim().to_string()).collect()
}

/// Runs a line in a shell that finds the program.
fn shell(lab: &Lab, line: &str) -> Done {
    let mut command = Command::new("sh");
    command.args(["-e", "-c", line]);
    lab.at_home(&mut command);
    let folder = std::path::Path::new(PROGRAM).parent().unwrap().display().to_string();
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    command.env("XDG_STATE_HOME", lab.path("state-home"));
    Done::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn the_examples_for_users_run_one_after_the_other() {
    let lab = Lab::new();
    lab.secret("new", "another");
    for word in ["add", "set", "passwd", "list", "unlock", "remove"] {
        for line in examples(&lab, &["user", word]) {
            // root's own store is not for a test
            let line = match line.strip_prefix("openras ") {
                Some(rest) => format!("openras {rest} --state \"$XDG_STATE_HOME\""),
                None => line,
            };
            let done = shell(&lab, &line);
            assert_eq!(done.code, 0, "{line}: {}", done.err);
        }
    }
}

#[test]
fn the_examples_of_serve_and_dial_meet() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\n");
    let serve = examples(&lab, &["serve"]);
    let start = "openras serve --config openras.toml";
    assert_eq!(serve[0], start);
    // a service of the test has its own socket; each example is started, and this one stays
    let server = lab.serve(&[]);
    for line in &serve[1..] {
        let rest = line.strip_prefix(start).unwrap_or_else(|| panic!("{line}"));
        let done = shell(&lab, &format!("{start} --help {rest}"));
        assert_eq!(done.code, 0, "{line}: {}", done.err);
    }
    let at = server.line("line1");
    for line in examples(&lab, &["dial"]) {
        // the port of the text may be taken on this machine
        let done = shell(&lab, &line.replace("tcp:127.0.0.1:7001", &at));
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
    }
}

#[test]
fn the_examples_of_the_phone_book_and_of_rasdial_run_one_after_the_other() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\n");
    let server = lab.serve(&[]);
    let at = server.line("line1");
    let book =
        ["add", "set", "show", "list", "export", "import", "remove"].map(|word| vec!["phonebook", word]);
    for words in book.into_iter().chain([vec!["rasdial"]]) {
        for line in examples(&lab, &words) {
            // the port of the text may be taken on this machine
            let done = shell(&lab, &line.replace("tcp:127.0.0.1:7001", &at));
            assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
        }
    }
}

#[test]
fn the_examples_of_the_commands_that_ask_run_and_without_a_service_say_so() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\n");
    let words = ["calls", "status", "ports", "reload", "audit", "hangup", "events"];
    let examples: Vec<String> = words.iter().flat_map(|word| examples(&lab, &[word])).collect();
    for line in &examples {
        let done = shell(&lab, line);
        assert_eq!(done.code, 11, "{line}: {}", done.err);
        let told = done.out + &done.err;
        assert!(told.contains("711"), "{line}: {told}");
        assert!(
            line.contains("--check") || told.contains("openras serve"),
            "{line} says how to start one: {told}"
        );
    }
    assert!(lab.private_services().is_empty(), "asking starts nothing");
    let server = lab.serve(&[]);
    for line in &examples {
        let line = format!("export OPENRAS_SOCKET={}; {line}", lab.socket());
        // it follows until somebody ends it, which tests/service does
        let line = line.replace("openras events", "openras events --help");
        let done = shell(&lab, &line);
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
        assert!(
            done.out.lines().all(|text| text.chars().count() <= 100 || text.starts_with('{')),
            "{}",
            done.out
        );
    }
    assert_eq!(server.stop().0, 0);
}

#[test]
fn the_examples_of_the_demo_parse() {
    let lab = Lab::new();
    // the demo itself has its own test; an option it does not know would end it with 2
    for line in examples(&lab, &["demo"]) {
        let done = shell(&lab, &line.replacen("openras demo", "openras demo --help", 1));
        assert_eq!(done.code, 0, "{line}: {}", done.err);
    }
}

#[test]
fn a_word_too_few_or_too_many_is_2_and_shows_the_way() {
    let lab = Lab::new();
    for words in [
        &["dial"][..],
        &["user"],
        &["nonsense"],
        &["serve", "--port", "1"],
        &["demo", "--strictly"],
        &["phonebook"],
        &["phonebook", "nonsense"],
    ] {
        let done = lab.run(words);
        assert_eq!(done.code, 2, "{words:?}");
        assert!(done.err.contains("Usage:"), "{words:?}: {}", done.err);
    }
}
