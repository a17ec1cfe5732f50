//! Programs in C on books of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::stage::{Compiler, Lang, SANITIZED, Stage};

pub(crate) const UNICODE: &[&str] = &["-DUNICODE", "-D_UNICODE"];
pub(crate) const SHORT: &[&str] = &["-DUNICODE", "-D_UNICODE", "-fshort-wchar"];
/// The Windows a program can be made for, from NT 4 to 10.
const WINVERS: [&str; 7] = [
    "-DWINVER=0x400",
    "-DWINVER=0x401",
    "-DWINVER=0x500",
    "-DWINVER=0x501",
    "-DWINVER=0x600",
    "-DWINVER=0x601",
    "-DWINVER=0xA00",
];

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/books/c").join(name)
}

/// A home with nothing in it.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("openras-books-").tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The environment that has programs find it, and no other.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        let file = |name| self.file(name).to_str().unwrap().to_owned();
        vec![
            ("HOME", file("")),
            ("XDG_CONFIG_HOME", file("config")),
            ("XDG_RUNTIME_DIR", file("run")),
            ("OPENRAS_PHONEBOOK", file("own/rasphone.pbk")),
            ("OPENRAS_ALL_USERS_PHONEBOOK", file("all.pbk")),
            // nothing here may start a service
            ("OPENRAS_BIN", "/nonexistent/openras".into()),
        ]
    }

    pub(crate) fn all_users(&self) -> String {
        self.file("all.pbk").to_str().unwrap().to_owned()
    }
}

fn succeeded(what: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{said}", output.status);
}

/// Runs a program on a home of its own; where `checked`, again under valgrind on another.
fn proven(stage: &Stage, test: &str, program: &Path, args: &[&str], checked: bool) -> Home {
    let home = Home::new();
    let (all, env) = (home.all_users(), home.env());
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let args: Vec<_> = args.iter().map(|arg| if *arg == "ALL" { all.as_str() } else { arg }).collect();
    succeeded(&format!("{test} {}", program.display()), &stage.run(program, &args, &env));
    if checked {
        let other = Home::new();
        let (all, env) = (other.all_users(), other.env());
        let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let args: Vec<_> =
            args.iter().map(|arg| if arg.ends_with("all.pbk") { &all } else { *arg }).collect();
        if let Some(output) = stage.valgrind(test, program, &args, &env) {
            succeeded(&format!("{test} under valgrind, {}", program.display()), &output);
        }
    }
    home
}

/// A wide program's start-up where wchar_t has 32 bits: `_tmain` is `wmain`, and the static library has its main.
pub(crate) fn with_wmain(flags: &[&str]) -> Vec<PathBuf> {
    let wide = flags.contains(&"-DUNICODE");
    wide.then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("wmain/wmain.c")).into_iter().collect()
}

#[test]
fn entries_are_made_changed_listed_and_deleted_by_programs_of_every_windows() {
    let stage = Stage::new();
    for compiler in Compiler::all("entries") {
        for (nth, winver) in WINVERS.into_iter().enumerate() {
            for (form, width) in [&[][..], UNICODE, SHORT].into_iter().enumerate() {
                // clang and the last form see the oldest and the newest Windows; the oldest narrow one and the newest wide
                // one are run under valgrind too, where a run takes seconds
                if (compiler == Compiler::Clang || form == 2) && ![0, 6].contains(&nth) {
                    continue;
                }
                let flags = [width, &["-g", winver]].concat();
                let mut sources = vec![source("books.c")];
                sources.extend(with_wmain(&flags));
                let sources: Vec<_> = sources.iter().map(PathBuf::as_path).collect();
                let program = stage.compile(Lang::C, compiler, &flags, &sources);
                let checked = compiler == Compiler::Gcc && [(0, 0), (6, 1)].contains(&(nth, form));
                proven(&stage, "books.c", &program, &["ALL"], checked);
            }
        }
    }
}

#[test]
fn links_countries_and_what_is_saved() {
    let stage = Stage::new();
    for compiler in Compiler::all("links") {
        for (name, winvers) in
            [("links.c", &WINVERS[1..2]), ("country.c", &WINVERS[..1]), ("saved.c", &WINVERS)]
        {
            for winver in winvers {
                for width in [&[][..], UNICODE] {
                    let flags = [width, &["-g", winver]].concat();
                    let program = stage.compile(Lang::C, compiler, &flags, &[&source(name)]);
                    if compiler == Compiler::Clang && !winvers.ends_with(&[*winver]) {
                        continue;
                    }
                    // one of each under valgrind: saved.c narrow, the others wide
                    let first = compiler == Compiler::Gcc && winvers.starts_with(&[*winver]);
                    let checked = first && width.is_empty() == (name == "saved.c");
                    proven(&stage, name, &program, &[], checked);
                }
            }
        }
    }
}

#[test]
fn no_secret_is_in_a_book_and_none_is_for_others() {
    let stage = Stage::new();
    let program = stage.compile(Lang::C, Compiler::Gcc, &["-g"], &[&source("saved.c")]);
    let home = proven(&stage, "saved.c", &program, &["stop"], false);
    let book = fs::read(home.file("own/rasphone.pbk")).unwrap();
    let saved = home.file("own/credentials");
    let planted = b"planted-";
    assert!(!book.windows(planted.len()).any(|part| part == planted), "a secret is in the book");
    assert!(fs::read_to_string(&saved).unwrap().contains("planted-six"), "else this test tests nothing");
    assert!(fs::read_to_string(&saved).unwrap().contains("planted-seven"));
    for (file, text) in [(&saved, "credentials"), (&home.file("own/rasphone.pbk"), "book")] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{text}");
    }
}

#[test]
fn a_program_that_writes_what_it_read_changes_no_byte() {
    let stage = Stage::new();
    let home = Home::new();
    let long = "x".repeat(400);
    // a book from Windows: keys nobody here knows, a number and a path too long for any program
    let book = format!(
        "[Old]\r\nEncoding=1\r\nPBVersion=6\r\nType=1\r\nUnknownKey=1\r\nOpenRASScript=/{long}.scp\r\n\
         IpDnsFlags=0\r\n\r\nNETCOMPONENTS=\r\nms_msclient=1\r\n\r\nMEDIA=serial\r\nPort=COM1\r\n\
         Device=Standard 56000 bps Modem\r\n\r\nDEVICE=modem\r\nPhoneNumber={long}\r\nAreaCode=030\r\n\
         CountryCode=49\r\nCountryID=49\r\nUseDialingRules=1\r\nComment=home\r\nPhoneNumber={long}\r\nComment=second\r\n"
    );
    fs::create_dir(home.file("own")).unwrap();
    fs::write(home.file("own/rasphone.pbk"), &book).unwrap();
    let env = home.env();
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for winver in WINVERS {
        for width in [&[][..], UNICODE] {
            let flags = [width, &[winver]].concat();
            let program = stage.compile(Lang::C, Compiler::Gcc, &flags, &[&source("again.c")]);
            succeeded("again.c", &stage.run(&program, &[], &env));
            let after = fs::read_to_string(home.file("own/rasphone.pbk")).unwrap();
            assert_eq!(after, book, "{flags:?}");
        }
    }
}

#[test]
fn what_is_wrong_has_its_number_and_harms_nobody() {
    let stage = Stage::new();
    for compiler in Compiler::all("wrong") {
        for (nth, winver) in WINVERS.into_iter().enumerate() {
            if compiler == Compiler::Clang && nth != 0 {
                continue;
            }
            let program = stage.compile(Lang::C, compiler, &["-g", winver], &[&source("wrong.c")]);
            proven(&stage, "wrong.c", &program, &["ALL"], compiler == Compiler::Gcc && nth == 6);
        }
    }
}

#[test]
fn many_threads_lose_nothing_of_each_other() {
    let stage = Stage::new();
    let program = stage.compile(Lang::C, Compiler::Gcc, &["-g"], &[&source("threads.c")]);
    let home = proven(&stage, "threads.c", &program, &[], false);
    let text = fs::read_to_string(home.file("own/rasphone.pbk")).unwrap();
    assert_eq!(text.matches("[Kept ").count(), 8, "{text}");
}

#[test]
fn structures_lie_within_what_the_sanitizer_watches() {
    let stage = Stage::new();
    for (name, args) in [("books.c", &["ALL"][..]), ("links.c", &[]), ("saved.c", &[])] {
        let program = stage.compile(Lang::C, Compiler::Gcc, SANITIZED, &[&source(name)]);
        proven(&stage, name, &program, args, false);
    }
}
