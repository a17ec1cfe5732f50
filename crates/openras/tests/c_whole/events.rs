//! States for programs with an event loop, and reasons: `c/events.c`.

use crate::own;
use crate::scene::{How, Scene, Talk};
use crate::stage::{Compiler, Lang};

#[test]
fn states_wait_in_order_and_the_descriptor_tells_of_them() {
    let scene = Scene::new();
    for how in How::all("events") {
        scene.says(&own("events.c"), how, &["loop"], "", 0);
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
    for how in How::all("agreed") {
        scene.says(&own("agreed.c"), how, &[], "", 0);
    }
}
