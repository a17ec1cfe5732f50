//! The commands of docs/out-of-band.md, in order, with a local line for the modem's.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::lab::{Done, Lab, PROGRAM};

/// The blocks marked to be run.
fn blocks() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/out-of-band.md");
    let text = std::fs::read_to_string(page).unwrap();
    let begin = "<!-- run -->\n```sh\n";
    text.split(begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn run(lab: &Lab, block: &str) -> Done {
    let mut command = Command::new("sh");
    command.args(["-e", "-u", "-c", block]);
    lab.at_home(&mut command);
    let folder = Path::new(PROGRAM).parent().unwrap().display().to_string();
    command.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap()));
    let done = Done::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    assert_eq!(done.code, 0, "{block}\n{}{}", done.out, done.err);
    done
}

#[test]
fn the_commands_of_the_page_build_it() {
    let lab = Lab::new();
    lab.secret("pw", "secret");
    let blocks = blocks();
    assert_eq!(blocks.len(), 5, "{blocks:#?}");
    let site = blocks[0]
        .replace("--for modem --line serial:/dev/ttyS0", "--for emulator --line listen:tcp:127.0.0.1:0");
    assert_ne!(site, blocks[0]);
    run(&lab, &site);
    let done = run(&lab, &blocks[1]);
    assert!(done.out.contains("openras.toml: no mistake"), "{}", done.out);
    let enrolment = std::fs::read_to_string(lab.path("enrolment")).unwrap();
    assert!(enrolment.contains("otpauth://"), "{enrolment}");
    let server = lab.serve(&[]);
    let at = server.line("line1");
    // one of the sites is there, the others are not
    let done = run(&lab, &blocks[2].replace("tcp:127.0.0.1:7001", &at));
    assert!(done.out.contains("site-03"), "{}", done.out);
    run(&lab, &blocks[3]);
    let not = std::fs::read_to_string(lab.path("not-reached")).unwrap();
    assert_eq!(not, "site-02\nsite-03\n");
    run(&lab, &blocks[4]);
    // what may not be reached is in the file as it was asked for
    let text = std::fs::read_to_string(lab.path("openras.toml")).unwrap();
    assert!(text.contains("reach = [\"192.168.100.0/24:22,23\"]"), "{text}");
}
