//! Both ends from `examples/c`: a C dialer, paused in Interactive, answers a C security module.

use std::path::Path;

use crate::scene::{How, Scene, Talk, example};
use crate::service::PROGRAM;
use crate::stage::{Compiler, Lang, Stage};

#[test]
fn a_c_dialer_paused_in_interactive_answers_a_c_security_module() {
    let stage = Stage::new();
    let host = Path::new(PROGRAM).with_file_name("openras-module-host");
    assert!(host.is_file(), "{} is not built: cargo build -p openras-capi", host.display());
    let ports: Vec<String> = [("code", "module_code.c", "10.66"), ("menu", "module_menu.c", "10.67")]
        .map(|(name, source, net)| {
            let module = stage.compile_module(Lang::C, Compiler::Gcc, &[], &[&example(source)]);
            format!(
                "[[port]]\nname = \"{name}\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 8\npool = \"{net}.0.2-{net}.0.9\"\n\
                 address = \"{net}.0.1\"\nmodules = [\"{name}\"]\n[module.{name}]\nkind = \"library\"\npath = {module:?}\n"
            )
        })
        .into();
    let scene = Scene::with(&ports.concat(), |_| {});
    for name in ["code", "menu"] {
        scene.live.entry(name, &scene.live.line(name), &[]);
    }
    for how in [How::Plain(Compiler::Gcc, Lang::C), How::Sanitized, How::Valgrind] {
        let program = scene.build(&example("dial_pauses.c"), how);
        let play = |entry: &str, turns: &[(&str, &str)], end: &[&str], code: i32| {
            let Some(mut command) = scene.command("story", &program, how, &[entry, "alice"]) else { return };
            let mut talk = Talk::with(&scene.live, &mut command);
            talk.expect("Password: ").say("secret").expect("state 4096 error 0\n");
            for (expected, answer) in turns {
                talk.expect(expected).say(answer);
            }
            for expected in end {
                talk.expect(expected);
            }
            talk.end(&format!("{entry} {how:?}"), code);
        };
        // a wrong code first: the module asks again
        let wrong =
            [("User: ", "alice"), ("Code: ", "0000"), ("That is not it.", "alice"), ("Code: ", "4711")];
        play("code", &wrong, &["****", "state 6 error 0\n", "state 8192 error 0\n", "result 0\n"], 0);
        let menu = [("Your choice: ", "2"), ("8 to 18.", "1"), ("Your name: ", "alice")];
        play("menu", &menu, &["Good day.", "state 8192 error 0\n", "result 0\n"], 0);
        play("menu", &[("Your choice: ", "3")], &["Good-bye.", "result ", "why: "], 1);
    }
    let said = scene.live.said();
    // as a word: the digits may be part of a time or of a port
    let is_told = said.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "4711");
    assert!(!is_told, "what was typed is the module's alone: {said}");
}
