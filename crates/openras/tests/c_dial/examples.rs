//! The dialers, lists and statistics of `examples/c`, in every way a compiler makes them.

use std::io::{Read, Write};
use std::process::Child;

use crate::scene::{How, Scene, ended, example};
use crate::service::chmod;
use crate::stage::{Compiler, quiet};

const PROGRAM_MODULE: &str = "[[port]]\nname = \"asks\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 16\n\
     unauthenticated = 16\nper_source = 16\nmodules = [\"asks\"]\npool = \"10.66.0.2-10.66.0.30\"\n\
     address = \"10.66.0.1\"\n[module.asks]\nkind = \"program\"\nisolation = \"none\"\ncommand = [\"FOLDER/asks.sh\"]\n\
     folder = \"FOLDER\"\n";

/// A security module: asks for a word.
const ASKS: &str = r#"#!/bin/sh
read -r begin
echo '{"type":"ask","prompt":"Word: ","echo":"yes","max":32,"timeout":60}'
read -r line
case "$line" in
*open*) echo '{"type":"complete","verdict":"success","user":"alice"}' ;;
*) echo '{"type":"complete","verdict":"failure","user":"alice"}' ;;
esac
"#;

#[test]
fn the_synchronous_dialer_connects_and_says_why_it_does_not() {
    let scene = Scene::new();
    for how in How::all("dial") {
        let said = scene.says(&example("dial.c"), how, &["Office", "alice"], "secret\n", 0);
        if said.is_empty() {
            continue;
        }
        assert!(said.starts_with("connected: 10.64.0.") && said.ends_with("hung up\n"), "{said}");
    }
    let program = scene.build(&example("dial.c"), How::Plain(Compiler::Gcc, crate::stage::Lang::C));
    for (entry, password, error) in
        [("Office", "wrong", "691"), ("Missing", "secret", "623"), ("Nobody", "secret", "678")]
    {
        let output = scene.live.feed(scene.stage.command(&program).args([entry, "alice"]), password);
        ended(entry, &output, 1);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&format!("RasDial: {error}: ")), "{said}");
    }
    assert!(scene.live.ask(&["calls", "--json"]).lines().all(|call| !call.contains("\"over\":null")));
}

#[test]
fn the_asynchronous_dialers_hear_of_every_state() {
    let scene = Scene::new();
    for how in How::all("dial_async") {
        let said = scene.says(&example("dial_async.c"), how, &["Office", "alice"], "secret\n", 0);
        let expected = ["opening the port", "dialling", "authenticating", "connected", "hung up"];
        let told: Vec<&str> = said.lines().filter(|line| !line.starts_with("state ")).collect();
        assert!(said.is_empty() || told == expected, "{said}");
        let said = scene.says(&example("dial_async.c"), how, &["Office", "alice"], "wrong\n", 1);
        assert!(said.is_empty() || said.contains("state 6 failed: 691: "), "{said}");
    }
}

#[test]
fn a_type_1_dialer_uses_saved_credentials_and_hangs_up_in_its_handler() {
    let scene = Scene::new();
    let saves = crate::scene::own("saves.c");
    let plain = How::Plain(Compiler::Gcc, crate::stage::Lang::C);
    for (password, code, expected) in [("secret", 0, "connected\n"), ("wrong", 1, "failed: ")] {
        scene.says(&saves, plain, &["Office", "alice", password], "", 0);
        for how in How::all("dial_func1") {
            let said = scene.says(&example("dial_func1.c"), how, &["Office"], "", code);
            let good = said.starts_with("as \"alice\", with the saved password\n")
                && said.contains(expected)
                && said.ends_with("hung up\n");
            assert!(said.is_empty() || good, "{how:?}: {said}");
        }
    }
}

#[test]
fn a_type_2_dialer_dials_many_entries_at_once() {
    let scene = Scene::new();
    for how in How::all("dial_func2") {
        let said =
            scene.says(&example("dial_func2.c"), how, &["alice", "Office", "Second", "Nobody"], "secret\n", 1);
        let told = |line: &str| said.lines().any(|one| one == line);
        let good = told("Office: 0") && told("Second: 0") && told("Nobody: 678");
        assert!(said.is_empty() || good, "{how:?}: {said}");
        assert_eq!(said.matches("state 8192 error 0").count(), if said.is_empty() { 0 } else { 2 }, "{said}");
    }
}

#[test]
fn a_dialer_answers_every_pause() {
    let scene = Scene::with(PROGRAM_MODULE_HERE);
    let _ = scene;
}
