//! The examples of the help texts run as they are printed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::lab::{Done, Lab, PROGRAM};

fn examples(lab: &Lab, word: &str) -> Vec<String> {
    let help = lab.run(&[word, "--help"]).out;
    let at = help.find("\nExample").unwrap_or_else(|| panic!("{word} has no example: {help}"));
    let lines: Vec<&str> = help[at + 1..].lines().skip(1).filter(|line| !line.is_empty()).collect();
    lines.join("\n").replace("\\\n", "").lines().map(|line| line.trim().to_owned()).collect()
}

fn shell(lab: &Lab, line: &str) -> Done {
    let mut command = Command::new("sh");
    command.args(["-e", "-c", line]);
    lab.at_home(&mut command);
    let folder = Path::new(PROGRAM).parent().unwrap().display().to_string();
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    Done::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

#[test]
fn the_examples_run_one_after_the_other() {
    let lab = Lab::new();
    lab.secret("pw", "secret");
    let mut run = Vec::new();
    for word in ["init", "check-config"] {
        run.extend(examples(&lab, word));
    }
    assert_eq!(run.len(), 3, "{run:?}");
    for line in &run {
        let done = shell(&lab, line);
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
    }
    // nothing runs, which is said
    for line in examples(&lab, "why") {
        let done = shell(&lab, &line);
        assert_eq!(done.code, 11, "{line}: {}", done.err);
        assert!(done.err.contains("openras serve"), "{}", done.err);
    }
}
