//! Every example of the help texts runs as it is printed.

use std::process::Command;

use crate::lab::{Done, Lab, PROGRAM};

/// The lines under `Example`.
fn examples(lab: &Lab, words: &[&str]) -> Vec<String> {
    let done = lab.run(&[words, &["--help"]].concat());
    assert_eq!(done.code, 0, "{words:?}: {}", done.err);
    let lines = done.out.lines().skip_while(|line| !line.starts_with("Example"));
    let found: Vec<String> =
        lines.skip(1).map(|line| line.trim().to_string()).filter(|line| !line.is_empty()).collect();
    assert!(!found.is_empty(), "{words:?} has no example: {}", done.out);
    found
}

/// Runs a line in a shell that finds the program.
fn shell(lab: &Lab, line: &str) -> Done {
    let mut command = Command::new("sh");
    command.args(["-e", "-c", line]);
    lab.at_home(&mut command);
    let folder = std::path::Path::new(PROGRAM).parent().unwrap().display().to_string();
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    command.env("XDG_STATE_HOME", lab.path("state-home"));
    let piped = std::process::Stdio::piped;
    Done::of(command.stdout(piped()).stderr(piped()).spawn().unwrap())
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
    assert_eq!(serve, ["openras serve --config openras.toml"]);
    let server = lab.serve(&[]);
    let at = server.line("line1");
    for line in examples(&lab, &["dial"]) {
        // the port of the text may be taken on this machine
        let done = shell(&lab, &line.replace("tcp:127.0.0.1:7001", &at));
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
    }
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
    for words in [&["dial"][..], &["user"], &["nonsense"], &["serve", "--port", "1"], &["demo", "--strictly"]]
    {
        let done = lab.run(words);
        assert_eq!(done.code, 2, "{words:?}");
        assert!(done.err.contains("Usage:"), "{words:?}: {}", done.err);
    }
}
