//! `examples/c/entry_editor.c`, narrow and wide, by both compilers.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::programs::{Home, SHORT, UNICODE, with_wmain};
use crate::stage::{Compiler, Lang, Stage, found};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/c/entry_editor.c")
}

/// A program in a home, perhaps under valgrind.
struct Editor<'a> {
    stage: &'a Stage,
    program: PathBuf,
    home: Home,
    checked: bool,
}

impl Editor<'_> {
    /// What a call says on both streams; whether it went well.
    fn say(&self, args: &[&str], input: &str) -> (String, bool) {
        let mut command = if self.checked {
            let mut command = self.stage.command(Path::new("valgrind"));
            command.args([
                "--quiet",
                "--error-exitcode=99",
                "--leak-check=full",
                "--errors-for-leak-kinds=definite",
            ]);
            command.arg(&self.program);
            command
        } else {
            self.stage.command(&self.program)
        };
        command.args(args).envs(self.home.env());
        let Output { status, stdout, stderr } = fed(&mut command, input);
        let said = format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert!(matches!(status.code(), Some(0 | 1)), "{args:?}: {status}\n{said}");
        (said, status.success())
    }

    fn ok(&self, args: &[&str]) -> String {
        let (said, success) = self.say(args, "");
        assert!(success, "{args:?}: {said}");
        said
    }
}

fn fed(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // a program that does not read has closed it
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn story(editor: &Editor<'_>) {
    assert_eq!(editor.ok(&["list"]), "");
    assert!(editor.ok(&["devices"]).starts_with("OpenRAS tcp (modem)\n"));
    editor.ok(&["add", "Büro", "200", "openras EXCHANGE"]);
    assert_eq!(
        editor.ok(&["show", "büro"]),
        "device   OpenRAS exchange (modem)\nnumber   200\nredial   0\nuser     \npassword none\n"
    );
    // the device of the last time, out of the registry
    editor.ok(&["add", "Other", "300"]);
    assert!(editor.ok(&["show", "Other"]).contains("device   OpenRAS exchange"));
    editor.ok(&["redial", "Büro", "3"]);
    let (said, success) = editor.say(&["user", "Büro", "алиса"], "planted-secret\n");
    assert!(success && said.is_empty(), "{said}");
    assert_eq!(
        editor.ok(&["show", "Büro"]),
        "device   OpenRAS exchange (modem)\nnumber   200\nredial   3\nuser     алиса\npassword ****************\n"
    );
    let saved = std::fs::read_to_string(editor.home.file("own/credentials")).unwrap();
    assert!(saved.contains("planted-secret\n"), "the line's end is no part of it");
    assert_eq!(editor.ok(&["list"]), "Büro\nOther\n");
    editor.ok(&["delete", "Büro"]);
    assert_eq!(editor.ok(&["list"]), "Other\n");
    let (said, success) = editor.say(&["show", "Büro"], "");
    assert!(!success && said.starts_with("The entry Büro: 623: "), "{said}");
    let (said, success) = editor.say(&["add", "x", "1", "Standard Modem"], "");
    assert!(!success && said.starts_with("The device Standard Modem: 608: "), "{said}");
    let (said, success) = editor.say(&["add", "a*b", "1"], "");
    assert!(!success && said.starts_with("The name a*b: 123: "), "{said}");
    assert!(!editor.say(&["add"], "").1);
}

#[test]
fn the_entry_editor_of_the_examples_edits() {
    let stage = Stage::new();
    for compiler in Compiler::all("the_entry_editor_of_the_examples_edits") {
        for width in [&[][..], UNICODE, SHORT] {
            let mut sources = vec![source()];
            sources.extend(with_wmain(width));
            let sources: Vec<_> = sources.iter().map(PathBuf::as_path).collect();
            let program = stage.compile(Lang::C, compiler, &[width, &["-g"]].concat(), &sources);
            story(&Editor { stage: &stage, program: program.clone(), home: Home::new(), checked: false });
            if compiler == Compiler::Gcc && found("the_entry_editor_of_the_examples_edits", "valgrind") {
                story(&Editor { stage: &stage, program, home: Home::new(), checked: true });
            }
        }
    }
}
