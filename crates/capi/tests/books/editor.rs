//! `examples/c/entry_editor.c`, narrow and wide, by both compilers.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
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
    let saved = fs::read_to_string(editor.home.file("own/credentials")).unwrap();
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

/// Every function once: each start under valgrind takes a second.
fn short_story(editor: &Editor<'_>) {
    editor.ok(&["add", "Büro", "200", "OpenRAS exchange"]);
    assert!(editor.say(&["user", "Büro", "alice"], "planted-secret\n").1);
    editor.ok(&["redial", "Büro", "3"]);
    assert!(editor.ok(&["show", "Büro"]).contains("redial   3\nuser     alice\n"));
    assert_eq!(editor.ok(&["list"]), "Büro\n");
    editor.ok(&["delete", "Büro"]);
    assert!(!editor.say(&["show", "Büro"], "").1);
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
            let editor =
                Editor { stage: &stage, program: program.clone(), home: Home::new(), checked: false };
            // what clang makes of it calls the same functions
            if compiler == Compiler::Gcc {
                story(&editor)
            } else {
                short_story(&editor)
            }
            if compiler == Compiler::Gcc
                && width != UNICODE
                && found("the_entry_editor_of_the_examples_edits", "valgrind")
            {
                short_story(&Editor { stage: &stage, program, home: Home::new(), checked: true });
            }
        }
    }
}

#[test]
fn files_that_are_wrong_have_their_numbers() {
    let stage = Stage::new();
    let program = stage.compile(Lang::C, Compiler::Gcc, &[], &[&source()]);
    let editor = Editor { stage: &stage, program, home: Home::new(), checked: false };
    editor.ok(&["add", "Home", "127.0.0.1:7001"]);
    assert!(editor.say(&["user", "Home", "alice"], "planted-secret\n").1);
    let (book, saved) = (editor.home.file("own/rasphone.pbk"), editor.home.file("own/credentials"));
    let refused = |args: &[&str], said: &str| {
        let (text, success) = editor.say(args, "");
        assert!(!success && text.contains(said), "{args:?}: {text}");
    };
    // others can read it: nothing is given and nothing written
    fs::set_permissions(&saved, Permissions::from_mode(0o644)).unwrap();
    refused(&["show", "Home"], "RasGetEntryDialParams: 5: ");
    refused(&["user", "Home", "bob"], "RasSetEntryDialParams: 5: ");
    fs::set_permissions(&saved, Permissions::from_mode(0o600)).unwrap();
    fs::write(&saved, "entry 1 /x\nlater word\n").unwrap();
    refused(&["show", "Home"], "RasGetEntryDialParams: 13: ");
    let good = fs::read(&book).unwrap();
    for (bytes, number) in [(b"\xff\xfe[\0a\0]\0".to_vec(), 625), (vec![b'a'; 5 << 20], 622)] {
        fs::write(&book, &bytes).unwrap();
        refused(&["list"], &format!("RasEnumEntries: {number}: "));
        refused(&["show", "Home"], &format!("The entry Home: {number}: "));
        refused(&["add", "New", "127.0.0.1:1"], &format!("The name New: {number}: "));
        refused(&["delete", "Home"], &format!("RasDeleteEntry: {number}: "));
        assert_eq!(fs::read(&book).unwrap(), bytes, "what is not understood is not written");
    }
    fs::remove_file(&book).unwrap();
    fs::create_dir(&book).unwrap();
    refused(&["list"], "RasEnumEntries: 621: ");
    // nobody knows where the books are
    let mut nowhere = stage.command(&editor.program);
    nowhere.arg("list").env_remove("HOME").env_remove("XDG_CONFIG_HOME").env_remove("OPENRAS_PHONEBOOK");
    let text = String::from_utf8(nowhere.output().unwrap().stderr).unwrap();
    assert!(text.contains("RasEnumEntries: 621: "), "{text}");
    // devices are there all the same
    assert!(editor.ok(&["devices"]).starts_with("OpenRAS tcp"));
    fs::remove_dir(&book).unwrap();
    fs::write(&book, good).unwrap();
    assert_eq!(editor.ok(&["list"]), "Home\n");
}

#[test]
fn devices_are_those_that_can_be_dialled_and_fewer_than_32() {
    let stage = Stage::new();
    let program = stage.compile(Lang::C, Compiler::Gcc, &[], &[&source()]);
    let editor = Editor { stage: &stage, program, home: Home::new(), checked: false };
    let usual = "OpenRAS tcp (modem)\nOpenRAS telnet (modem)\nOpenRAS tls (modem)\nOpenRAS ws (modem)\nOpenRAS wss (modem)\nOpenRAS unix (modem)\nOpenRAS pty (modem)\n\
         OpenRAS serial (modem)\nOpenRAS rfc2217 (modem)\nOpenRAS exchange (modem)\nOpenRAS pool (modem)\n";
    assert_eq!(editor.ok(&["devices"]), usual);
    let entry = |device: &str, line: &str| {
        format!(
            "[{device}]\nType=1\n\nMEDIA=serial\nPort=COM1\nDevice={device}\n{line}\nDEVICE=modem\nPhoneNumber=5\n\n"
        )
    };
    fs::create_dir(editor.home.file("own")).unwrap();
    let ours = entry("Standard Modem", "OpenRASLine=exchange:200\n") + &entry("openras TCP", "");
    // a modem of another machine cannot be dialled over here
    fs::write(editor.home.file("own/rasphone.pbk"), ours + &entry("56k Modem", "")).unwrap();
    assert_eq!(editor.ok(&["devices"]), format!("{usual}Standard Modem (modem)\n"));
    let many: String = (0..100).map(|n| entry(&format!("Modem {n}"), "OpenRASLine=exchange:200\n")).collect();
    fs::write(editor.home.file("all.pbk"), many).unwrap();
    assert_eq!(editor.ok(&["devices"]).lines().count(), 31);
}
