//! What every test here begins with: a stage for programs and a live service with entries to dial.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use crate::service::{ASKING, Live, PHONE, PLAIN, write_asks};
use crate::stage::{Compiler, Lang, SANITIZED, Stage};

pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) live: Live,
}

/// How a program is built and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By this compiler, as it is.
    Plain(Compiler, Lang),
    /// By gcc, with AddressSanitizer.
    Sanitized,
    /// By gcc, under valgrind.
    Valgrind,
}

impl How {
    /// Every way there is here.
    pub(crate) fn all(test: &str) -> Vec<Self> {
        let compilers = Compiler::all(test);
        let plain = compilers.iter().flat_map(|one| [Lang::C, Lang::Cpp].map(|lang| Self::Plain(*one, lang)));
        plain.chain(Self::checked()).collect()
    }

    /// The two that look at memory.
    pub(crate) fn checked() -> [Self; 2] {
        [Self::Sanitized, Self::Valgrind]
    }
}

impl Scene {
    /// The usual: alice may dial in with `secret`; `Office` is without a module, `Talk` the same with a terminal after
    /// dialling, `Phone` can call back (dave must change his password, erin may say where).
    pub(crate) fn new() -> Self {
        Self::with("", |_| {})
    }

    /// As [`Scene::new`], with more ports and modules; `prepare` makes the files they need.
    pub(crate) fn with(ports: &str, prepare: impl FnOnce(&Live)) -> Self {
        let callback = ["--callback", "caller", "--callback-allow", "2"];
        let live = Live::new().ports(PLAIN).ports(PHONE).ports(ports);
        prepare(&live);
        let live = live.user("alice", "secret", &[]).user("dave", "secret", &["--must-change"]);
        let live = live.user("erin", "secret", &callback).serve();
        let line = live.line("plain");
        live.entry("Office", &line, &[]);
        live.entry("Second", &line, &[]);
        live.entry("Büro", &line, &[]);
        live.entry("Talk", &line, &[("OpenRASOptions", "0x80")]);
        live.entry("Phone", "exchange:100", &[("OpenRASOwnNumber", "200")]);
        live.entry("Nobody", "exchange:999", &[]);
        Self { stage: Stage::new(), live }
    }

    /// With a port `asks`, whose module asks for the word `open` before PPP; the entry is `Asks`.
    pub(crate) fn asking() -> Self {
        let scene = Self::with(ASKING, write_asks);
        scene.live.entry("Asks", &scene.live.line("asks"), &[]);
        scene
    }

    /// Builds a source the one way; [`Scene::command`] runs it.
    pub(crate) fn build(&self, source: &Path, how: How) -> PathBuf {
        self.build_with(source, how, &[])
    }

    /// As [`Scene::build`], with more flags.
    pub(crate) fn build_with(&self, source: &Path, how: How, flags: &[&str]) -> PathBuf {
        let debug = [&["-g"], flags].concat();
        match how {
            How::Plain(compiler, Lang::C) => self.stage.compile(Lang::C, compiler, &debug, &[source]),
            How::Plain(compiler, Lang::Cpp) => {
                // clang wants C++ in a file of its own
                let name = source.file_name().unwrap().to_string_lossy().replace(".c", ".cpp");
                let text = format!("#include \"{}\"\n", source.display());
                self.stage.compile(Lang::Cpp, compiler, &debug, &[&self.stage.source(&name, &text)])
            }
            How::Sanitized => {
                self.stage.compile(Lang::C, Compiler::Gcc, &[SANITIZED, flags].concat(), &[source])
            }
            How::Valgrind => self.stage.compile(Lang::C, Compiler::Gcc, &debug, &[source]),
        }
    }

    /// As [`Scene::build_with`], for a program whose main() is in an archive: that comes behind it.
    pub(crate) fn build_wide(&self, source: &Path, how: How, flags: &[&str], archive: &str) -> PathBuf {
        let behind = format!("-Wl,--undefined=main,{archive}");
        self.build_with(source, how, &[flags, &[behind.as_str()]].concat())
    }

    /// A call of what [`Scene::build`] made; `None` where there is no valgrind.
    pub(crate) fn command(&self, test: &str, program: &Path, how: How, args: &[&str]) -> Option<Command> {
        let mut command = match how {
            How::Valgrind => self.stage.valgrind_command(test, program)?,
            _ => self.stage.command(program),
        };
        command.args(args);
        Some(command)
    }

    /// Builds and runs it, with `input` on its standard input; it must end with `code`. Gives what it wrote.
    pub(crate) fn says(&self, source: &Path, how: How, args: &[&str], input: &str, code: i32) -> String {
        let program = self.build(source, how);
        let test = source.file_stem().unwrap().to_string_lossy().into_owned();
        let Some(mut command) = self.command(&test, &program, how, args) else { return String::new() };
        let output = self.live.feed(&mut command, input);
        ended(&format!("{test} {args:?} {how:?}"), &output, code);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A program that is talked to.
pub(crate) struct Talk {
    child: Child,
    wrote: String,
}

impl Talk {
    pub(crate) fn with(live: &Live, command: &mut Command) -> Self {
        Self { child: live.spawn(command), wrote: String::new() }
    }

    /// A program whose surroundings are set, and whose three streams are pipes.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self { child: command.spawn().unwrap(), wrote: String::new() }
    }

    /// Reads on until it has written this behind what was expected before.
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        let mut byte = [0];
        let mut fresh = Vec::new();
        while !String::from_utf8_lossy(&fresh).ends_with(text) {
            match self.child.stdout.as_mut().unwrap().read(&mut byte) {
                Ok(1) => fresh.push(byte[0]),
                _ => {
                    let mut said = String::new();
                    let _ = self.child.stderr.take().unwrap().read_to_string(&mut said);
                    let wrote = self.wrote.clone() + &String::from_utf8_lossy(&fresh);
                    panic!("it ended without {text:?}:\n{wrote}\n{said}");
                }
            }
        }
        self.wrote.push_str(&String::from_utf8_lossy(&fresh));
        self
    }

    /// The last whole line it wrote.
    pub(crate) fn last_line(&self) -> &str {
        self.wrote.lines().last().unwrap_or_default()
    }

    /// Types a line.
    pub(crate) fn say(&mut self, line: &str) -> &mut Self {
        self.child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        self
    }

    /// Kills it.
    pub(crate) fn kill(mut self) {
        // the program, not the `timeout` before it
        let pid = self.child.id().to_string();
        let killed = Command::new("pkill").args(["-KILL", "-P", &pid]).status();
        assert!(killed.unwrap().success());
        self.child.wait().unwrap();
    }

    /// Closes its standard input; it must end with `code`. Gives all it wrote.
    pub(crate) fn end(mut self, what: &str, code: i32) -> String {
        drop(self.child.stdin.take());
        let mut output = self.child.wait_with_output().unwrap();
        output.stdout = [self.wrote.as_bytes(), &output.stdout].concat();
        ended(what, &output, code);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// How a program ended, with all it said where that is wrong.
pub(crate) fn ended(what: &str, output: &Output, code: i32) {
    let said = String::from_utf8_lossy(&output.stderr);
    let wrote = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{what}: {}\n{wrote}\n{said}", output.status);
    assert!(!said.contains("panicked"), "{what}: {said}");
}

/// A source of these tests.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c_dial/c").join(name)
}

/// A source of `examples/c`.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/c").join(name).canonicalize().unwrap()
}
