//! The small Win32 as C and C++ programs see it: compiled with our headers, run, and run again under valgrind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use stage::{Compiler, Lang, Stage, quiet};

const UNICODE: &[&str] = &["-DUNICODE", "-D_UNICODE"];
const SHORT: &[&str] = &["-DUNICODE", "-D_UNICODE", "-fshort-wchar"];
/// What GetProcAddress gives is cast to another type, as in every program of Windows.
const CAST: &[&str] = &["-g", "-Wno-cast-function-type"];

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/win32/c").join(name)
}

/// A source of C as a source of either language: clang wants C++ in files of their own.
fn of(stage: &Stage, lang: Lang, name: &str) -> PathBuf {
    match lang {
        Lang::C => source(name),
        Lang::Cpp => {
            let text = format!("#include \"{}\"\n", source(name).display());
            stage.source(&name.replace(".c", ".cpp"), &text)
        }
    }
}

fn succeeded(what: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{said}", output.status);
}

/// Runs a program, and that of gcc's C again under valgrind, which sees the same calls in the others.
fn proven(stage: &Stage, test: &str, program: &Path, env: &[(&str, &str)]) -> Output {
    let output = stage.run(program, &[], env);
    succeeded(test, &output);
    let name = program.file_name().unwrap().to_string_lossy();
    if name.contains("-gcc")
        && let Some(checked) = stage.valgrind(test, program, &[], env)
    {
        succeeded(test, &checked);
    }
    output
}

#[test]
fn events_waits_threads_and_memory() {
    let stage = Stage::new();
    for compiler in Compiler::all("events") {
        for lang in [Lang::C, Lang::Cpp] {
            proven(
                &stage,
                "events",
                &stage.compile(lang, compiler, &["-g"], &[&of(&stage, lang, "events.c")]),
                &[],
            );
        }
    }
}

#[test]
fn texts_and_formats_of_both_widths() {
    let stage = Stage::new();
    let said = "tprintf narrow -5 7%\nprintf\nother|\n";
    for compiler in Compiler::all("texts") {
        for lang in [Lang::C, Lang::Cpp] {
            for flags in [&[][..], UNICODE, SHORT] {
                let program =
                    stage.compile(lang, compiler, &[flags, &["-g"]].concat(), &[&of(&stage, lang, "text.c")]);
                let output = proven(&stage, "texts", &program, &[]);
                assert_eq!(String::from_utf8_lossy(&output.stdout), said, "{flags:?}");
                assert!(output.stderr.is_empty());
            }
        }
    }
    // the debugger's text is there when asked for, and cannot steer a terminal
    let program = stage.compile(Lang::C, Compiler::Gcc, &[], &[&source("text.c")]);
    let output = stage.run(&program, &[], &[("OPENRAS_DEBUG", "1")]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "debug\\u{1b}[2J\n");
}

#[test]
fn wmain_and_wide_functions_where_wchar_t_has_16_bits() {
    let stage = Stage::new();
    let wmain = Path::new(env!("CARGO_MANIFEST_DIR")).join("wmain/wmain.c");
    let object = stage.path().join("wmain.o");
    quiet(Command::new("gcc").args(["-Wall", "-Wextra", "-Werror", "-c"]).arg(&wmain).arg("-o").arg(&object));
    let archive = stage.path().join("libopenras_wmain.a");
    quiet(Command::new("ar").arg("rcs").arg(&archive).arg(&object));
    for compiler in Compiler::all("wide") {
        for (lang, extra) in [(Lang::C, ""), (Lang::Cpp, ""), (Lang::C, "-DEXTRA"), (Lang::Cpp, "-DEXTRA")] {
            let flags = [SHORT, &["-g"], if extra.is_empty() { &[] } else { &["-DEXTRA"] }].concat();
            let mut command = stage.compiler(lang, compiler, &flags, &[&of(&stage, lang, "wide.c")]);
            let program = stage.path().join(format!("wide{lang:?}{compiler:?}{extra}"));
            let part = program.with_extension("o");
            quiet(command.arg("-c").arg("-o").arg(&part));
            let mut link = Command::new(compiler.program(lang));
            link.arg(&part).arg(&archive).arg("-L").arg(stage.lib()).arg("-lopenras").arg("-o").arg(&program);
            quiet(&mut link);
            wide_says(&stage, &program);
        }
    }
}

fn wide_says(stage: &Stage, program: &Path) {
    let mut command = stage.command(program);
    command.args(["Büro", "😀"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all("Büro\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{}: {said}", program.display());
    let written = String::from_utf8_lossy(&output.stdout);
    assert_eq!(written, "wïde narrow Büro x -5\nprintf\nfputws €\n");
}

#[test]
fn the_registry_is_a_users_file() {
    let stage = Stage::new();
    for compiler in Compiler::all("registry") {
        for lang in [Lang::C, Lang::Cpp] {
            let program = stage.compile(lang, compiler, &["-g"], &[&of(&stage, lang, "registry.c")]);
            let folder = tempfile::tempdir().unwrap();
            let env = [("XDG_CONFIG_HOME", folder.path().to_str().unwrap())];
            succeeded("registry", &stage.run(&program, &[], &env));
            let text = fs::read_to_string(folder.path().join("openras/registry.json")).unwrap();
            assert!(text.contains(r"HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\RAS\\SecurityHost"), "{text}");
            fs::remove_dir_all(folder.path().join("openras")).unwrap();
            if (lang, compiler) == (Lang::C, Compiler::Gcc)
                && let Some(output) = stage.valgrind("registry", &program, &[], &env)
            {
                succeeded("registry", &output);
            }
        }
    }
}

#[test]
fn libraries_are_found_by_windows_names_and_told_by_dllmain() {
    let stage = Stage::new();
    // without the links: RASMAN.DLL is this library all the same
    let only = stage.path().join("only");
    fs::create_dir(&only).unwrap();
    symlink(stage.lib().join("libopenras.so.0"), only.join("libopenras.so.0")).unwrap();
    for (name, flags) in [
        ("libtokenhost.so", &["-DREFUSE=0", "-g"][..]),
        ("libold.so", &["-DREFUSE=0", "-DOLD", "-g"]),
        ("librefuses.so", &["-DREFUSE=1"]),
        ("libbrought.so", &["-DREFUSE=0", "-DBROUGHT"]),
    ] {
        let module = stage.compile_module(Lang::Cpp, Compiler::Gcc, flags, &[&source("module.cpp")]);
        fs::rename(module, only.join(name)).unwrap();
    }
    let env = [("LD_LIBRARY_PATH", only.to_str().unwrap())];
    for compiler in Compiler::all("libraries") {
        let program = stage.compile(Lang::C, compiler, CAST, &[&source("load.c")]);
        proven(&stage, "libraries", &program, &env);
    }
}

#[test]
fn nothing_waits_for_constructors_or_for_threads_a_fork_left_behind() {
    let stage = Stage::new();
    let module = stage.compile_module(Lang::Cpp, Compiler::Gcc, &[], &[&source("constructor.cpp")]);
    fs::rename(module, stage.lib().join("libconstructor.so")).unwrap();
    let module = stage.compile_module(Lang::Cpp, Compiler::Gcc, &["-DREFUSE=0"], &[&source("module.cpp")]);
    fs::rename(module, stage.lib().join("libplain.so")).unwrap();
    let program = stage.compile(Lang::C, Compiler::Gcc, CAST, &[&source("together.c")]);
    succeeded("together", &stage.run(&program, &[], &[("OPENRAS_DEBUG", "1")]));
}

/// A catalogue of translations with one sentence.
fn catalogue(from: &str, to: &str) -> Vec<u8> {
    // magic, version, how many, where the originals and translations are listed, no hash table
    let mut words = vec![0x9504_12DE, 0, 1, 28, 36, 0, 0];
    let (from_at, to_at) = (44, 44 + from.len() + 1);
    words.extend([from.len(), from_at, to.len(), to_at].map(|word| u32::try_from(word).unwrap()));
    let bytes = words.into_iter().flat_map(u32::to_ne_bytes);
    bytes.chain(format!("{from}\0{to}\0").into_bytes()).collect()
}

#[test]
fn errors_of_libraries_are_the_same_in_every_language() {
    let stage = Stage::new();
    let messages = stage.path().join("xx/LC_MESSAGES");
    fs::create_dir_all(&messages).unwrap();
    fs::write(messages.join("libc.mo"), catalogue("invalid ELF header", "kein ELF")).unwrap();
    let program = stage.compile(Lang::C, Compiler::Gcc, &["-g"], &[&source("language.c")]);
    let folder = stage.path().to_str().unwrap();
    succeeded("language", &stage.run(&program, &[folder], &[("LANGUAGE", "xx")]));
}
