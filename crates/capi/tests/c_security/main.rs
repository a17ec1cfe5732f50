//! Modules of the original interface, compiled from C and C++ and run by `openras-module-host`; the test is the service
//! and speaks its lines. `crates/openras/tests/c_security` has them under a live service.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests are tests

mod examples;
mod host;
mod life;
mod ported;
#[path = "../stage/mod.rs"]
mod stage;

use std::path::{Path, PathBuf};

use host::{Host, command, sent, verdict, wants};
use serde_json::json;
use stage::{Compiler, Lang, Stage};

pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c_security/c").join(name)
}

/// The caller of `rules.c`.
fn caller(mut host: Host, size: usize) {
    host.begin();
    host.hears(&wants(3, 0));
    host.hears(&sent(b"go"));
    host.received(b"abc");
    host.hears(&wants(4, 7));
    host.received(b"\x80\xff\r\n");
    host.hears(&wants(10, 1));
    host.tell(&json!({ "type": "timeout" }));
    host.hears(&wants(1, 0));
    host.received(b"z");
    host.hears(&wants(1, 0));
    host.tell(&json!({ "type": "refused", "error": 610 }));
    host.hears(&verdict("success", &"u".repeat(256), &"d".repeat(15)));
    host.tell(&json!({ "type": "end" }));
    let ended = host.ended();
    assert!(ended.status.success(), "size {size}: {} {:?}", ended.status, ended.told);
    assert!(ended.rest.is_empty(), "{:?}", ended.rest);
}

/// Points 2 to 22 and 42: what each function answers, whatever compiled the module.
#[test]
fn send_receive_and_get_info_answer_as_documented() {
    let stage = Stage::new();
    for compiler in Compiler::all("rules") {
        for size in [1024, 4096, 5001, 65_535] {
            let (define, option) = (format!("-DBUFFER_SIZE={size}"), format!("--buffer={size}"));
            let flags = [define.as_str(), "-g"];
            let module = stage.compile_module(Lang::C, compiler, &flags, &[&source("rules.c")]);
            caller(Host::start(&stage, &[&option], &module), size);
            if (compiler, size) == (Compiler::Gcc, 5001)
                && let Some(host) = Host::checked("rules", &stage, &[&option], &module)
            {
                caller(host, size);
            }
        }
    }
}

/// What the service asks at its start.
#[test]
fn a_library_that_is_no_module_is_told_with_its_reason() {
    let stage = Stage::new();
    let of = |name: &str, text: &str, flags: &[&str]| {
        let source = stage.source(name, text);
        stage.compile_module(Lang::C, Compiler::Gcc, flags, &[&source])
    };
    let head = "#include <windows.h>\n#include <rasshost.h>\n";
    let no_end = of(
        "no_end.c",
        &format!(
            "{head}DWORD RasSecurityDialogBegin(HPORT p, PBYTE a, DWORD b, PBYTE c, DWORD d, VOID (WINAPI *e)(SECURITY_MESSAGE *)) {{ (void)p; (void)a; (void)b; (void)c; (void)d; (void)e; return 0; }}\n"
        ),
        &[],
    );
    let none = of("none.c", "int nothing;\n", &[]);
    let lacks = of("lacks.c", "void not_there(void);\nvoid f(void);\nvoid f(void) { not_there(); }\n", &[]);
    let refuses = of(
        "refuses.c",
        &format!(
            "{head}BOOL APIENTRY DllMain(HINSTANCE a, DWORD b, LPVOID c);\nBOOL APIENTRY DllMain(HINSTANCE a, DWORD b, LPVOID c) {{ (void)a; (void)b; (void)c; return FALSE; }}\n"
        ),
        &[],
    );
    let text = stage.source("text.so", "this is no library\n");
    let cases = [
        (no_end, "does not export RasSecurityDialogEnd"),
        (none, "does not export RasSecurityDialogBegin"),
        (lacks, "not_there"),
        (refuses, "cannot be loaded (1114)"),
        (text, "file too short"),
        (stage.path().join("missing.so"), "No such file"),
    ];
    for (module, why) in cases {
        let output = command(&stage, &[], &["--check"], &module).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{why}: {said}");
        assert!(said.contains(&module.display().to_string()) && said.contains(why), "{why}: {said}");
        assert!(output.stdout.is_empty());
    }
    let good = stage.compile_module(Lang::C, Compiler::Gcc, &["-DBUFFER_SIZE=4096"], &[&source("rules.c")]);
    let output = command(&stage, &[], &["--check"], &good).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let wrong = [vec!["--bufer=1"], vec!["--buffer=x"], vec!["one", "two"]];
    for options in wrong {
        let output = command(&stage, &[], &options, &good).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{options:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage:"));
    }
}

/// The host in a program of C, so that AddressSanitizer comes first: the library, the host and the module under it.
#[test]
fn the_host_is_clean_under_the_address_sanitizer() {
    let stage = Stage::new();
    let text = "#include <stdio.h>\nstruct options { int check; unsigned buffer, delayed_end, grace; };\n\
                int openras_module_host(const char *path, const struct options *options);\n\
                int main(int argc, char **argv)\n{\n    struct options options = {0, BUFFER_SIZE, 0, 0};\n    \
                return argc > 1 ? openras_module_host(argv[1], &options) : 2;\n}\n";
    let flags = [stage::SANITIZED, &["-DBUFFER_SIZE=5001"]].concat();
    let program = stage.compile(Lang::C, Compiler::Gcc, &flags, &[&stage.source("host.c", text)]);
    let rules = stage.compile_module(Lang::C, Compiler::Gcc, &flags, &[&source("rules.c")]);
    let of = |module: &Path| {
        let mut command = stage.command(&program);
        command.arg(module);
        Host::of(command)
    };
    caller(of(&rules), 5001);
    examples::each_sanitized(&stage, of);
}

/// A source with every habit of its kind, as C and as C++, by both compilers.
#[test]
fn sources_of_old_compile_unchanged() {
    let stage = Stage::new();
    // in C++ such a source has no extern "C": rasshost.h declares its exports
    let as_cpp = format!("#include \"{}\"\n", source("habits.c").display());
    let as_cpp = stage.source("habits.cpp", &as_cpp);
    for compiler in Compiler::all("habits") {
        for (lang, file) in [(Lang::C, source("habits.c")), (Lang::Cpp, as_cpp.clone())] {
            // what GetProcAddress gives is cast to another type, as in every program of Windows
            let flags = ["-g", "-Wno-cast-function-type"];
            let module = stage.compile_module(lang, compiler, &flags, &[&file]);
            for (pin, expected) in [(b"1234", "success"), (b"4321", "failure")] {
                let mut host = Host::start(&stage, &[], &module);
                host.begin();
                host.hears(&sent(b"PIN (4 digits, please): "));
                host.hears(&wants(4, 30));
                host.received(pin);
                host.hears(&verdict(expected, "alice", "LAB"));
                assert!(host.over().status.success());
            }
        }
    }
}

/// Foreign and stale handles, wrong addresses, many threads at once, a forked child: a number that is documented, always.
#[test]
fn hostile_calls_get_a_number_and_nothing_else() {
    let stage = Stage::new();
    let mut command = stage.compiler(Lang::C, Compiler::Gcc, &["-g"], &[&source("hostile.c")]);
    let module = stage.path().join("hostile.so");
    command.args(["-shared", "-fPIC", "-o"]).arg(&module).arg("-L").arg(stage.lib()).arg("-lrasman");
    stage::quiet(&mut command);
    let play = |mut host: Host| {
        host.begin();
        loop {
            let said = host.hear();
            match said["type"].as_str().unwrap() {
                "receive" => {
                    let wanted = usize::try_from(said["max"].as_u64().unwrap()).unwrap();
                    host.received(&vec![b'x'; wanted]);
                }
                "send" => {}
                _ => {
                    assert_eq!(said, verdict("success", "alice", ""));
                    break;
                }
            }
        }
        let ended = host.over();
        // the child says once why nothing works there
        let child = |line: &String| line.contains("forked child");
        assert!(ended.status.success() && ended.told.iter().all(child), "{} {:?}", ended.status, ended.told);
    };
    play(Host::start(&stage, &[], &module));
    if let Some(host) = Host::checked("hostile", &stage, &[], &module) {
        play(host);
    }
}
