//! Custom scripting: script libraries in C, run by RasDial in a process of their own against a live service.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::expect_used)] // helpers of tests are tests

#[path = "../../../capi/tests/stage/service.rs"]
mod service;
#[path = "../../../capi/tests/stage/mod.rs"]
mod stage;

use std::path::{Path, PathBuf};
use std::process::Command;

use service::{ASKING, Live, write_asks};
use stage::{Compiler, Lang, SANITIZED, Stage};

/// RASEO_CustomScript.
const CUSTOM: &str = "2147483648";

struct Scene {
    stage: Stage,
    live: Live,
    host: PathBuf,
    dials: PathBuf,
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c_script/c").join(name)
}

impl Scene {
    fn new() -> Self {
        let stage = Stage::new();
        let live = Live::new().ports(ASKING);
        write_asks(&live);
        let live = live.user("alice", "secret", &[]).serve();
        let line = live.line("asks");
        live.entry("Office", &line, &[("OpenRASOptions", CUSTOM)]);
        live.entry("Plain", &line, &[]);
        let host =
            stage.compile(Lang::C, Compiler::Gcc, &["-Wno-pedantic", "-ldl"], &[&own("script_host.c")]);
        let dials = stage.compile(Lang::C, Compiler::Gcc, SANITIZED, &[&own("dials.c")]);
        Self { stage, live, host, dials }
    }

    fn library(&self, source: &Path, lang: Lang, compiler: Compiler) -> PathBuf {
        self.stage.compile_module(lang, compiler, &["-g"], &[source])
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.stage.command(&self.dials);
        command.args(args).env("OPENRAS_SCRIPT_HOST", &self.host);
        command
    }

    fn register(&self, library: &str) {
        let output = self.live.run(&mut self.command(&["--register", library]));
        assert!(output.status.success(), "{output:?}");
    }

    /// What `dials` says of each entry; what is on standard error.
    fn dial(&self, args: &[&str]) -> (Vec<String>, String) {
        let output = self.live.run(&mut self.command(args));
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args:?}: {out}{err}");
        (out.lines().map(str::to_owned).collect(), err.into_owned())
    }

    /// Processes of script libraries of this test.
    fn helpers(&self) -> usize {
        self.processes().len()
    }

    /// Their folders in /proc.
    fn processes(&self) -> Vec<PathBuf> {
        let host = self.host.display().to_string();
        let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let folder = entry.ok()?.path();
            let line = std::fs::read(folder.join("cmdline")).ok()?;
            String::from_utf8_lossy(&line).starts_with(&host).then_some(folder)
        });
        all.collect()
    }

    /// Waits until no process of a script library is left.
    fn all_gone(&self) {
        self.helpers_are(0);
    }

    /// Waits until there are so many.
    fn helpers_are(&self, wanted: usize) {
        service::until("processes of script libraries", || (self.helpers() == wanted).then_some(()));
    }
}

#[test]
fn the_example_answers_a_dialog_and_ppp_follows() {
    let scene = Scene::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/c/script.c");
    for compiler in Compiler::all("the_example_answers_a_dialog_and_ppp_follows") {
        scene.register(&scene.library(&example, Lang::C, compiler).display().to_string());
        let (said, _) = scene.dial(&["Office", "alice", "secret"]);
        assert_eq!(said, ["Office: 0 "], "{compiler:?}");
    }
    // a wrong word is the other end's to refuse; the library did its part
    let mut command = scene.command(&["Office", "alice", "secret"]);
    let output = scene.live.run(command.env("SCRIPT_WORD", "wrong"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("Office: ") && !said.starts_with("Office: 0"), "{said}");
    scene.all_gone();
}

#[test]
fn credentials_that_a_library_changes_are_those_of_ppp() {
    let scene = Scene::new();
    scene.register(&scene.library(&own("ways.c"), Lang::C, Compiler::Gcc).display().to_string());
    let (said, printed) = scene.dial(&["Office", "changes", "wrong", "Office", "alice", "wrong"]);
    assert_eq!(said[0], "Office: 0 ");
    assert!(said[1].starts_with("Office: 691"), "{said:?}");
    assert!(printed.contains("a library may print"), "on standard error, and nowhere else: {printed}");
}

#[test]
fn the_programs_side_leaks_nothing() {
    let scene = Scene::new();
    scene.register(&scene.library(&own("ways.c"), Lang::C, Compiler::Gcc).display().to_string());
    let program = scene.stage.compile(Lang::C, Compiler::Gcc, &["-g"], &[&own("dials.c")]);
    let test = "the_programs_side_leaks_nothing";
    let Some(mut command) = scene.stage.valgrind_command(test, &program) else { return };
    command.args(["+", "Office", "alice", "secret", "Office", "crashes", "", "Office", "refuses", ""]);
    let output = scene.live.run(command.env("OPENRAS_SCRIPT_HOST", &scene.host));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {out}{err}", output.status);
    let numbers: Vec<&str> = out.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(numbers, ["0", "755", "5000"], "{out}{err}");
}

/// The program's notifier hears of no pause: it is the library's.
#[test]
fn a_dial_with_a_notifier_runs_its_library_too() {
    let scene = Scene::new();
    scene.register(&scene.library(&own("ways.c"), Lang::C, Compiler::Gcc).display().to_string());
    let (said, _) =
        scene.dial(&["+", "Office", "alice", "secret", "Office", "refuses", "", "Office", "crashes", ""]);
    let numbers: Vec<&str> = said.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(numbers, ["0", "5000", "755"], "{said:?}");
}

#[test]
fn what_a_library_does_wrong_fails_its_own_dial() {
    let scene = Scene::new();
    scene.register(&scene.library(&own("ways.c"), Lang::C, Compiler::Gcc).display().to_string());
    let (said, err) = scene.dial(&[
        "Office", "hostile", "", "Office", "refuses", "", "Office", "crashes", "", "Office", "exits", "",
        "Office", "alice", "secret",
    ]);
    let numbers: Vec<&str> = said.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(numbers, ["9999", "5000", "755", "755", "0"], "{said:?}\n{err}");
    assert!(said[1].contains("returned 5000"), "{said:?}");
    assert!(said[2].contains("without returning"), "{said:?}");
    scene.all_gone();
}

#[test]
fn a_library_that_hangs_ends_with_its_line_and_with_its_program() {
    let scene = Scene::new();
    scene.register(&scene.library(&own("ways.c"), Lang::C, Compiler::Gcc).display().to_string());
    let mut child = scene.live.spawn(&mut scene.command(&[
        "Office",
        "hangs",
        "Planted-1717",
        "Office",
        "alice",
        "secret",
    ]));
    scene.helpers_are(1);
    // the password went to the library and stands nowhere else
    let process = scene.processes().pop().unwrap();
    for file in ["cmdline", "environ"] {
        let text = std::fs::read(process.join(file)).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("Planted-1717"), "{file}");
    }
    scene.live.ask(&["hangup", "all"]);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert!(said.lines().last().unwrap().starts_with("Office: 0"), "the next dial is as ever: {said}");
    assert!(!said.starts_with("Office: 0"), "{said}");
    scene.all_gone();
    // a program that dies takes its library along
    let mut child = scene.live.spawn(&mut scene.command(&["Office", "hangs", ""]));
    scene.helpers_are(1);
    child.kill().unwrap();
    child.wait().unwrap();
    scene.live.ask(&["hangup", "all"]);
    scene.helpers_are(0);
}

#[test]
fn without_a_library_or_the_wish_for_one_it_is_said() {
    let scene = Scene::new();
    let (said, _) = scene.dial(&["Office", "alice", "secret"]);
    assert!(said[0].starts_with("Office: 755") && said[0].contains("CustomScriptDllPath"), "{said:?}");
    scene.register("/no/such/library.so");
    let (said, _) = scene.dial(&["Office", "alice", "secret"]);
    assert!(said[0].starts_with("Office: 755") && said[0].contains("cannot be loaded"), "{said:?}");
    let other = scene.stage.source("other.c", "int unrelated;\n");
    scene.register(&scene.library(&other, Lang::C, Compiler::Gcc).display().to_string());
    let (said, _) = scene.dial(&["Office", "alice", "secret"]);
    assert!(said[0].contains("does not export RasCustomScriptExecute"), "{said:?}");
    // an entry that does not want it, and a program that does not, have a terminal that nobody answers
    let (said, _) = scene.dial(&["Plain", "alice", "secret"]);
    assert!(!said[0].contains(": 755"), "{said:?}");
    let (said, _) = scene.dial(&["-", "Office", "alice", "secret"]);
    assert!(!said[0].contains(": 755"), "{said:?}");
}

/// Scripts of the entry itself, through RasDial: no library and no pause of the program.
#[test]
fn scripts_of_an_entry_run_in_interactive_and_fail_with_their_line() {
    let scene = Scene::new();
    let line = scene.live.line("asks");
    for (name, text) in [
        ("good.scp", "proc main\n  waitfor \"ord: \" until 60\n  transmit \"open^M\"\nendproc\n"),
        ("good.chat", "TIMEOUT 60\nord: open\n"),
        ("broken.scp", "proc main\n  waitfor \"ord: \"\n  transmitt \"x\"\nendproc\n"),
        ("fails.scp", "proc main\n  integer n = 0\n  waitfor \"ord: \"\n  n = 1 / n\nendproc\n"),
        ("fails.chat", "TIMEOUT 1\nord: \\c\nnever: x\n"),
        ("halts.scp", "proc main\n  waitfor \"ord: \"\n  halt\nendproc\n"),
    ] {
        std::fs::write(scene.live.path(name), text).unwrap();
        let path = scene.live.path(name).display().to_string();
        scene.live.entry(name, &line, &[("OpenRASScript", &path)]);
    }
    for (entry, number, told) in [
        ("good.scp", "0", ""),
        ("good.chat", "0", ""),
        ("broken.scp", "752", "line 3"),
        ("fails.scp", "752", "line 4"),
        ("fails.chat", "638", "line 3"),
        ("halts.scp", "703", ""),
    ] {
        let (said, _) = scene.dial(&["-", entry, "alice", "secret"]);
        let expected = format!("{entry}: {number} ");
        assert!(said[0].starts_with(&expected) && said[0].contains(told), "{entry}: {said:?}");
    }
}
