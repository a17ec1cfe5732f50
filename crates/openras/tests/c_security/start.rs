//! T1: a library that cannot be used keeps the service from starting, and a reload from happening.

use std::path::Path;

use openras_client::TerminalMode;

use crate::service::Live;
use crate::stage::{Compiler, Lang, Stage, quiet};
use crate::{module, port};

/// What `openras serve` says of this module where it does not start.
fn refused(path: &Path, keys: &str) -> String {
    let live = Live::new().ports(&port("line1", path, keys));
    let socket = live.socket().display().to_string();
    let output = live.run(&mut live.command(&["serve", "--config", "openras.toml", "--socket", &socket]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("module `line1`") && !said.contains('\x1b'), "{said}");
    said
}

#[test]
fn a_library_that_is_not_there_or_no_module_stops_the_start_with_the_reason() {
    let stage = Stage::new();
    assert!(refused(&stage.path().join("none.so"), "").contains("there is no library"));
    let of = |name: &str, text: &str| {
        let to = stage.path().join(format!("{name}.so"));
        let source = stage.source(&format!("{name}.c"), text);
        let mut command = stage.compiler(Lang::C, Compiler::Gcc, &[], &[&source]);
        quiet(command.args(["-fPIC", "-shared", "-o"]).arg(&to));
        to
    };
    for isolation in ["", "isolation = \"none\"\n"] {
        let empty = of("empty", "int nothing;\n");
        let said = refused(&empty, isolation);
        assert!(said.contains("does not export RasSecurityDialogBegin"), "{said}");
        let lacks = of("lacks", "void not_there(void);\nvoid f(void);\nvoid f(void) { not_there(); }\n");
        let said = refused(&lacks, isolation);
        assert!(said.contains("undefined symbol: not_there"), "{said}");
        // whatever a library says is from outside
        let text = "#include <unistd.h>\n__attribute__((constructor)) static void speak(void)\n\
                    { if (write(2, \"\\x1b[2Jbad\", 7)) _exit(4); }\n";
        let said = refused(&of("speak", text), isolation);
        assert!(said.contains("\\u{1b}[2Jbad"), "{said}");
        let text = "__attribute__((constructor)) static void crash(void) { __builtin_trap(); }\n";
        let said = refused(&of("crash", text), isolation);
        assert!(
            said.contains("it ended while it was loaded (signal") || said.contains("status 132"),
            "{said}"
        );
        let text = "#include <unistd.h>\n__attribute__((constructor)) static void hang(void) { for (;;) pause(); }\n";
        let said = refused(&of("hang", text), &format!("{isolation}[module.line1.limits]\nbegin = 1\n"));
        assert!(said.contains("it was not loaded within 1s"), "{said}");
    }
    let good = module(&stage, "module_code.c", &[]);
    let said = refused(&good, "host = \"/nowhere/openras-module-host\"");
    assert!(said.contains("openras-module-host is not found in /nowhere"), "{said}");
    let said = refused(&good, "libopenras = \"/etc/passwd\"");
    assert!(said.contains("cannot be loaded"), "{said}");
    let said = refused(&good, &format!("folder = {:?}", stage.path()));
    assert!(said.contains("lies in the module's own `folder`"), "{said}");
    crate::service::chmod(&good, 0o757);
    let said = refused(&good, "");
    assert!(said.contains("every user of this host may change") && said.contains("chmod o-w"), "{said}");
}

#[test]
fn without_the_module_the_service_starts_and_a_reload_keeps_what_works() {
    let stage = Stage::new();
    let good = module(&stage, "module_code.c", &[]);
    let mut live = Live::new().ports(&port("line1", &good, "")).user("alice", "secret", &[]).serve();
    let config = std::fs::read_to_string(live.path("openras.toml")).unwrap();
    let broken = config.replace("module_code.so", "module_gone.so");
    std::fs::write(live.path("openras.toml"), broken).unwrap();
    let output = live.run(&mut live.command(&["reload"]));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no library"), "{said}");
    // the module that was there still answers
    let mut caller = crate::calls::Caller::call(&live, "line1");
    caller.until("User: ");
    drop(caller);
    // the value deleted: no dialog
    let without = config.split("modules = ").next().unwrap().to_owned();
    std::fs::write(live.path("openras.toml"), without).unwrap();
    live.ask(&["reload"]);
    let (states, error) = crate::calls::dials(&live, Some(TerminalMode::Never), &[], "secret");
    assert_eq!(error, None, "{states:?}");
    live.stop();
}

/// `openras module-host` is the same program by hand.
#[test]
fn the_host_can_be_run_by_hand() {
    let stage = Stage::new();
    let live = Live::new();
    let good = module(&stage, "module_code.c", &[]);
    live.ask(&["module-host", "--check", good.to_str().unwrap()]);
    let output = live.run(&mut live.command(&["module-host", "--check", "/etc/passwd"]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("/etc/passwd cannot be a security module"), "{said}");
}

/// The parts of a host where `./install` puts them.
#[test]
fn the_parts_are_found_where_they_are_installed() {
    let stage = Stage::new();
    let live = Live::new();
    let good = module(&stage, "module_code.c", &[]);
    let program = Path::new(crate::service::PROGRAM);
    let host = program.with_file_name("openras-module-host");
    let library = stage.lib().join("libopenras.so.0");
    for (from, to) in [
        (program, "bin/openras"),
        (&host, "libexec/openras/openras-module-host"),
        (&library, "lib/libopenras.so.0"),
    ] {
        let to = live.path(&format!("prefix/{to}"));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
    }
    let check = || {
        let mut command = std::process::Command::new(live.path("prefix/bin/openras"));
        live.run(command.args(["module-host", "--check"]).arg(&good))
    };
    let output = check();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::remove_file(live.path("prefix/lib/libopenras.so.0")).unwrap();
    let output = check();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("libopenras.so is not found in"), "{said}");
}
