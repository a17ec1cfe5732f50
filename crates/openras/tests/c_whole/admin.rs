//! RasAdmin against a live service: `c/admin.c`.

use crate::own;
use crate::scene::{How, Scene, ended};
use crate::stage::{Compiler, Lang};

#[test]
fn ports_are_listed_cleared_and_disconnected() {
    let scene = Scene::new();
    for how in How::checked() {
        scene.says(&own("admin.c"), how, &["ports"], "", 0);
    }
    let audit = scene.live.ask(&["audit", "--json"]);
    for change in ["port disconnect", "port statistics clear"] {
        assert!(audit.contains(change) && audit.contains("plain/1"), "{change}: {audit}");
    }
}

#[test]
fn users_are_shown_and_changed() {
    let scene = Scene::new();
    for how in How::checked() {
        scene.says(&own("admin.c"), how, &["users"], "", 0);
    }
    let alice = scene.live.ask(&["user", "list", "--json", "--config", "openras.toml"]);
    assert!(alice.contains("+497115551212"), "{alice}");
    let audit = scene.live.ask(&["audit", "--json"]);
    assert!(audit.contains("user set") && audit.contains("no_dial_in"), "{audit}");
}

#[test]
fn bad_arguments_have_their_numbers() {
    let scene = Scene::new();
    for how in How::all("arguments") {
        scene.says(&own("admin.c"), how, &["arguments"], "", 0);
    }
}

#[test]
fn without_a_service_there_is_nothing_to_administer() {
    let mut scene = Scene::new();
    let program = scene.build(&own("admin.c"), How::Plain(Compiler::Gcc, Lang::C));
    scene.live.stop();
    let output = scene.live.run(scene.stage.command(&program).arg("nobody"));
    ended("nobody", &output, 0);
}
