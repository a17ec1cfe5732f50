//! States for programs with an event loop, and reasons: `c/events.c`.

use std::io::Write;

use crate::own;
use crate::scene::{How, Scene, Talk, ended, example};
use crate::stage::{Compiler, Lang};

#[test]
fn states_wait_in_order_and_the_descriptor_tells_of_them() {
    let scene = Scene::new();
    for how in How::all("events") {
        scene.says(&own("events.c"), how, &["loop"], "", 0);
    }
}

#[test]
fn many_threads_have_states_of_their_own() {
    let scene = Scene::new();
    let line = scene.live.line("plain");
    for how in How::checked() {
        scene.says(&own("events.c"), how, &["many", &line], "", 0);
    }
}

#[test]
fn a_failure_is_a_state_and_its_reason_is_text() {
    let scene = Scene::new();
    for how in How::checked() {
        scene.says(&own("events.c"), how, &["failure"], "", 0);
    }
}

#[test]
fn a_pause_with_an_error_is_a_question() {
    let scene = Scene::new();
    for how in How::checked() {
        scene.says(&own("events.c"), how, &["retry"], "", 0);
    }
}

#[test]
fn any_connection_can_be_watched() {
    let scene = Scene::new();
    for how in How::checked() {
        scene.says(&own("events.c"), how, &["later"], "", 0);
    }
}

#[test]
fn a_connection_of_another_program_tells_its_end() {
    let scene = Scene::new();
    let program = scene.build(&own("events.c"), How::Plain(Compiler::Gcc, Lang::C));
    for how in How::checked() {
        let watcher = scene.build(&own("events.c"), how);
        let Some(mut watching) = scene.command("watch", &watcher, how, &["watch"]) else { continue };
        let mut holder = Talk::with(&scene.live, scene.stage.command(&program).arg("hold"));
        holder.expect("up\n");
        let mut watcher = Talk::with(&scene.live, &mut watching);
        watcher.expect("watching\n");
        holder.end("hold", 0);
        watcher.end("watch", 0);
    }
}

#[test]
fn everything_agreed_is_in_one_structure() {
    let scene = Scene::new();
    for how in How::checked() {
        scene.says(&own("agreed.c"), how, &[], "", 0);
    }
}

#[test]
fn the_example_is_one_loop() {
    let scene = Scene::asking();
    for how in How::all("event_loop") {
        let program = scene.build(&example("event_loop.c"), how);
        let Some(mut command) = scene.command("event_loop", &program, how, &["Asks", "alice"]) else {
            continue;
        };
        let mut dialer = Talk::with(&scene.live, &mut command);
        dialer.say("secret").expect("Word: ").say("open").expect("connected\n");
        dialer.end("event_loop", 0);
    }
    let program = scene.build(&example("event_loop.c"), How::Plain(Compiler::Gcc, Lang::C));
    let mut command = scene.stage.command(&program);
    let mut refused = scene.live.spawn(command.args(["Asks", "alice"]));
    // the keyboard stays open: it ends by itself
    let mut keyboard = refused.stdin.take().unwrap();
    keyboard.write_all(b"secret\nno\n").unwrap();
    ended("event_loop", &refused.wait_with_output().unwrap(), 1);
    drop(keyboard);
}
