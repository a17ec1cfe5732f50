//! The functions behind which nothing stands: present in both widths, each with its number, a sentence that names the
//! alternative, and nothing written where the arguments are wrong.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

#[path = "../stage/mod.rs"]
mod stage;

use std::path::{Path, PathBuf};
use std::process::Output;

use stage::{Compiler, Lang, SANITIZED, Stage};

fn source(stage: &Stage, lang: Lang) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unsupported/c/unsupported.c");
    match lang {
        Lang::C => file,
        Lang::Cpp => stage.source("unsupported.cpp", &format!("#include \"{}\"\n", file.display())),
    }
}

fn succeeded(what: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{what}: {}\n{said}", output.status);
}

#[test]
fn each_refuses_with_its_number_and_names_the_alternative() {
    let test = "each_refuses_with_its_number_and_names_the_alternative";
    let stage = Stage::new();
    for compiler in Compiler::all(test) {
        for lang in [Lang::C, Lang::Cpp] {
            let source = source(&stage, lang);
            for width in [&["-g"][..], &["-g", "-DUNICODE", "-D_UNICODE", "-fshort-wchar"]] {
                let program = stage.compile(lang, compiler, width, &[&source]);
                succeeded(test, &stage.run(&program, &[], &[]));
                if (lang, compiler) == (Lang::C, Compiler::Gcc)
                    && let Some(output) = stage.valgrind(test, &program, &[], &[])
                {
                    succeeded(test, &output);
                }
            }
        }
    }
    let program = stage.compile(Lang::C, Compiler::Gcc, SANITIZED, &[&source(&stage, Lang::C)]);
    succeeded(test, &stage.run(&program, &[], &[]));
}

#[test]
fn the_loop_of_the_documentation_compiles() {
    let text = include_str!("../../../../docs/c-api.md");
    let block = text.split("```c\n").nth(1).unwrap().split("```").next().unwrap();
    let stage = Stage::new();
    let program = format!(
        "#include <errno.h>\n#include <poll.h>\n#include <stdio.h>\n#include <unistd.h>\n#include <ras.h>\n\
         #include <openras.h>\nint main(void)\n{{\nchar why[512];\nDWORD bytes = sizeof why;\n\
         RASDIALPARAMSA params = {{ .dwSize = sizeof params }};\n{block}\n\
         OpenrasReason(NULL, why, &bytes);\nputs(why);\nreturn (int)error;\n}}\n"
    );
    let source = stage.source("loop.c", &program);
    let program = stage.compile(Lang::C, Compiler::Gcc, &["-Wno-missing-field-initializers"], &[&source]);
    // nothing to dial: it ends with the number of that
    let output = stage.run(&program, &[], &[("OPENRAS_BIN", "/bin/false")]);
    assert_ne!(output.status.code(), Some(0));
    // and what is to be read afterwards is why the dial failed, not what asked about its handle
    let why = String::from_utf8_lossy(&output.stdout);
    assert!(why.ends_with(".\n") && !why.contains("handle"), "{why}");
}
