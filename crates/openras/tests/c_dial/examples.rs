//! The dialers, lists and statistics of `examples/c`, in every way a compiler makes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scene::{How, Scene, Talk, ended, example, own};
use crate::stage::{Compiler, Lang, Stage, found, quiet};

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
    let program = scene.build(&example("dial.c"), How::Plain(Compiler::Gcc, Lang::C));
    for (entry, password, error) in
        [("Office", "wrong", "691"), ("Missing", "secret", "623"), ("Nobody", "secret", "679")]
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
    let saves = own("saves.c");
    let plain = How::Plain(Compiler::Gcc, Lang::C);
    for (password, code, expected) in [("secret", 0, "connected\n"), ("wrong", 1, "failed: ")] {
        scene.says(&saves, plain, &["Office", "alice", password], "", 0);
        for how in How::all("dial_func1") {
            let said = scene.says(&example("dial_func1.c"), how, &["Office"], "", code);
            let good = said.starts_with("as \"alice\", with the saved password\n")
                && said.contains(expected)
                && said.ends_with("hung up\n");
            assert!(said.is_empty() || good, "{how:?}: {said}");
        }
        // neither name nor password: both are the saved ones
        scene.says(&example("dial.c"), plain, &["Office"], "", code);
    }
}

#[test]
fn a_type_2_dialer_dials_many_entries_at_once() {
    let scene = Scene::new();
    for how in How::all("dial_func2") {
        let said = scene.says(
            &example("dial_func2.c"),
            how,
            &["alice", "Office", "Second", "Nobody"],
            "secret\n",
            1,
        );
        let told = |line: &str| said.lines().any(|one| one == line);
        let good = told("Office: 0") && told("Second: 0") && told("Nobody: 679");
        assert!(said.is_empty() || good, "{how:?}: {said}");
        assert_eq!(said.matches("state 8192 error 0").count(), if said.is_empty() { 0 } else { 2 }, "{said}");
    }
}

/// One dial of `dial_pauses` by this entry and user; what is expected and answered, in turn; its end.
fn asked(scene: &Scene, how: How, dial: &[&str], turns: &[(&str, &str)], end: &[&str], code: i32) {
    let program = scene.build(&example("dial_pauses.c"), how);
    let Some(mut command) = scene.command("dial_pauses", &program, how, dial) else { return };
    let mut talk = Talk::with(&scene.live, &mut command);
    for (expected, answer) in turns {
        talk.expect(expected).say(answer);
    }
    for expected in end {
        talk.expect(expected);
    }
    talk.end(&format!("{dial:?} {how:?}"), code);
}

#[test]
fn a_dialer_answers_every_pause() {
    let scene = Scene::asking();
    let connected = &["state 8192 error 0\n", "result 0\n"][..];
    // a new password must be another one
    let password = |n: usize| if n == 0 { "secret".to_owned() } else { format!("fresh {n}") };
    let mut changes = 0;
    for how in How::all("dial_pauses") {
        // the terminal, left by the person
        let turns = [("Password: ", "secret"), ("state 4096 error 0\n", ".")];
        asked(&scene, how, &["Talk", "alice"], &turns, connected, 0);
        // a module's question, after which the other end goes on by itself
        let turns = [("Password: ", "secret"), ("Word: ", "open")];
        asked(&scene, how, &["Asks", "alice"], &turns, connected, 0);
        if !How::checked().contains(&how) {
            // one program is like the other, and some of what follows takes seconds
            continue;
        }
        let turns = [("Password: ", "secret"), ("Word: ", "shut")];
        asked(&scene, how, &["Asks", "alice"], &turns, &["result ", "why: "], 1);
        let turns =
            [("Password: ", "no"), ("state 4097 error 691\n\nUser: ", "alice"), ("Password: ", "secret")];
        asked(&scene, how, &["Office", "alice"], &turns, &["state 7 error 0\n", connected[1]], 0);
        let turns = [("Password: ", "no"), ("User: ", "")];
        asked(&scene, how, &["Office", "alice"], &turns, &["result 631\n"], 1);
        scene.live.ask(&["user", "set", "dave", "--must-change=true", "--config", "openras.toml"]);
        let (old, new) = (password(changes), password(changes + 1));
        changes += 1;
        let turns = [("Password: ", &*old), ("state 4099 error 648\n\nNew password: ", &*new)];
        asked(&scene, how, &["Office", "dave"], &turns, &["state 9 error 0\n", connected[1]], 0);
        let turns = [("Password: ", "secret"), ("state 4098 error 0\n\nCall back at: ", "200")];
        asked(&scene, how, &["Phone", "erin"], &turns, &["state 17 error 0\n", connected[1]], 0);
    }
}

#[test]
fn the_entrys_script_answers_instead_of_the_program() {
    let scene = Scene::asking();
    let (line, plain) = (scene.live.line("asks"), How::Plain(Compiler::Gcc, Lang::C));
    for (entry, text) in [("Scripted", "Word: open"), ("Broken", "TIMEOUT 1 Nothing: open")] {
        let script = scene.live.path(&format!("{entry}.chat"));
        std::fs::write(&script, text).unwrap();
        scene.live.entry(entry, &line, &[("OpenRASScript", script.to_str().unwrap())]);
    }
    let connected = scene.says(&example("dial.c"), plain, &["Scripted", "alice"], "secret\n", 0);
    assert!(connected.starts_with("connected: 10.66.0."), "{connected}");
    // with a notifier, which is told of no pause
    for how in How::checked() {
        let said = scene.says(&example("dial_async.c"), how, &["Scripted", "alice"], "secret\n", 0);
        assert!(said.is_empty() || said.contains("connected\n") && !said.contains("state 4096"), "{said}");
        let said = scene.says(&example("dial_async.c"), how, &["Broken", "alice"], "secret\n", 1);
        assert!(said.is_empty() || said.contains("state 4096 failed: "), "{said}");
    }
}

#[test]
fn lists_and_statistics_show_what_other_programs_dialled() {
    let scene = Scene::new();
    let holds = own("holds.c");
    let plain = How::Plain(Compiler::Gcc, Lang::C);
    for name in ["enum_connections.c", "stat.c"] {
        assert_eq!(scene.says(&example(name), plain, &[], "", 0), "no connections\n");
    }
    let mut others = Vec::new();
    for entry in ["Office", "Büro"] {
        let program = scene.build(&holds, plain);
        let mut command = scene.command("holds", &program, plain, &[entry, "secret"]).unwrap();
        let mut talk = Talk::with(&scene.live, &mut command);
        talk.expect("connected\n");
        others.push(talk);
    }
    for how in How::all("enum_connections") {
        let said = scene.says(&example("enum_connections.c"), how, &[], "", 0);
        for entry in ["Office", "Büro"] {
            assert!(said.is_empty() || said.contains(&format!("{entry}: connected over modem \"")), "{said}");
        }
        let said = scene.says(&example("stat.c"), how, &[], "", 0);
        assert!(said.is_empty() || said.contains("Büro: ") && !said.contains(": 0 bytes sent, 0"), "{said}");
    }
    scene.says(&example("stat.c"), plain, &["clear"], "", 0);
    let said = scene.says(&example("stat.c"), plain, &[], "", 0);
    assert_eq!(said.matches(": 0 bytes sent, 0 received; 0 frames").count(), 2, "{said}");
    for mut other in others {
        other.say("hangup");
        other.end("holds", 0);
    }
}

#[test]
fn lists_show_the_entries_and_the_devices() {
    let scene = Scene::new();
    for how in How::all("enum_entries") {
        let said = scene.says(&example("enum_entries.c"), how, &[], "", 0);
        for entry in ["Office", "Second", "Büro", "Talk", "Phone", "Nobody"] {
            assert!(said.is_empty() || said.contains(&format!("{entry}: yours\n")), "{said}");
        }
        let said = scene.says(&example("enum_devices.c"), how, &[], "", 0);
        assert!(said.is_empty() || said.contains("modem: OpenRAS tcp\n"), "{said}");
    }
    let missing = scene.live.path("no-such.pbk");
    scene.says(&example("enum_entries.c"), How::Sanitized, &[missing.to_str().unwrap()], "", 1);
}

/// Builds `libopenras_wmain.a` into the stage.
fn wmain(stage: &Stage) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capi/wmain/wmain.c");
    let (archive, object) = (stage.lib().join("libopenras_wmain.a"), stage.path().join("wmain.o"));
    quiet(Command::new("gcc").args(["-Wall", "-Wextra", "-Werror", "-c"]).arg(source).arg("-o").arg(&object));
    quiet(Command::new("ar").arg("rcs").arg(&archive).arg(&object));
    archive
}

#[test]
fn a_unicode_dialer_with_wmain() {
    let scene = Scene::new();
    let archive = wmain(&scene.stage);
    for how in How::all("dial_unicode") {
        let short = ["-DUNICODE", "-D_UNICODE", "-fshort-wchar"];
        let link = archive.display().to_string();
        let program = scene.build_wide(&example("dial_unicode.c"), how, &short, &link);
        let Some(mut command) = scene.command("dial_unicode", &program, how, &["Büro", "alice"]) else {
            continue;
        };
        let output = scene.live.feed(&mut command, "secret\n");
        ended(&format!("dial_unicode {how:?}"), &output, 0);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("connected: 10.64.0.") && said.contains("over modem \""), "{said}");
    }
}

#[test]
fn the_makefile_builds_everything_without_a_word() {
    if !found("the_makefile_builds_everything_without_a_word", "make") {
        return;
    }
    let stage = Stage::new();
    wmain(&stage);
    let folder = stage.path().join("examples");
    std::fs::create_dir(&folder).unwrap();
    for file in std::fs::read_dir(example("")).unwrap().map(Result::unwrap) {
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".c") || name.ends_with(".cpp") || name == "Makefile" {
            std::fs::copy(file.path(), folder.join(&*name)).unwrap();
        }
    }
    let mut make = Command::new("make");
    make.current_dir(&folder).arg("-s").arg(format!("OPENRAS_PREFIX={}", stage.path().display()));
    quiet(make.env("LC_ALL", "C"));
    let built = |name: &str| folder.join(name).is_file();
    for source in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        let stem = source.file_stem().unwrap().to_string_lossy().into_owned();
        if source.extension().is_some_and(|kind| kind == "c" || kind == "cpp") {
            assert!(built(&stem) || built(&format!("{stem}.so")), "{stem} is in no list of the Makefile");
        }
    }
}
