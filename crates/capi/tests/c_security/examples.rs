//! The modules of `examples/c`: without a warning from gcc and clang, each with a right and a wrong caller, and again under
//! valgrind.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::host::{Host, verdict};
use crate::stage::{Compiler, Lang, Stage};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/c").join(name)
}

/// Compiles an example with both compilers, and plays `caller` with each and under valgrind.
fn each(name: &str, lang: Lang, caller: impl Fn(Host)) {
    let stage = Stage::new();
    for compiler in Compiler::all(name) {
        let module = stage.compile_module(lang, compiler, &["-g"], &[&example(name)]);
        caller(Host::start(&stage, &[], &module));
        if compiler == Compiler::Gcc
            && let Some(host) = Host::checked(name, &stage, &[], &module)
        {
            caller(host);
        }
    }
}

/// Each example once with a right caller, under a sanitizer.
pub(crate) fn each_sanitized(stage: &Stage, start: impl Fn(&Path) -> Host) {
    let typed: [(&str, Lang, &[u8]); 3] = [
        ("module_code.c", Lang::C, b"alice\r4711\r"),
        ("module_cpp.cpp", Lang::Cpp, b"alice\rsesame\r"),
        ("module_menu.c", Lang::C, b"1alice\r"),
    ];
    for (name, lang, keys) in typed {
        let flags = [crate::stage::SANITIZED, &["-DBUFFER_SIZE=5001"]].concat();
        let module = stage.compile_module(lang, Compiler::Gcc, &flags, &[&example(name)]);
        let mut host = start(&module);
        let (_, said) = types(&mut host, keys);
        assert_eq!(said, verdict("success", "alice", ""), "{name}");
        over(host);
    }
}

/// A caller who types this, as fast as the module takes it. What was on the screen, and the verdict.
fn types(host: &mut Host, keys: &[u8]) -> (String, Value) {
    let (mut screen, mut at) = (Vec::new(), 0);
    host.begin();
    loop {
        let said = host.hear();
        match said["type"].as_str().unwrap() {
            "send" => screen.extend(STANDARD.decode(said["data"].as_str().unwrap()).unwrap()),
            "receive" => {
                let wanted = usize::try_from(said["max"].as_u64().unwrap()).unwrap();
                match keys.get(at..at + wanted) {
                    Some(bytes) => host.received(bytes),
                    None => host.tell(&json!({ "type": "timeout" })),
                }
                at += wanted;
            }
            _ => return (String::from_utf8_lossy(&screen).into_owned(), said),
        }
    }
}

/// The call is over; the process ends by itself and in order.
fn over(mut host: Host) {
    host.tell(&json!({ "type": "end" }));
    let ended = host.ended();
    assert!(ended.status.success(), "{} {:?}", ended.status, ended.told);
    assert!(ended.told.is_empty() && ended.rest.is_empty(), "{:?} {:?}", ended.told, ended.rest);
}

#[test]
fn module_code_asks_byte_by_byte_and_masks_the_code() {
    each("module_code.c", Lang::C, |mut host| {
        let (screen, said) = types(&mut host, b"alixe\x08\x08ce\r\n4711\r\n");
        assert_eq!(said, verdict("success", "alice", ""));
        assert_eq!(screen, "User: alixe\x08 \x08\x08 \x08ce\r\nCode: ****\r\n");
        over(host);
    });
    each("module_code.c", Lang::C, |mut host| {
        let (screen, said) = types(&mut host, b"alice\r0815\rnobody\r\rbob\r4711\r");
        assert_eq!(said, verdict("failure", "bob", ""));
        assert_eq!(screen.matches("That is not it.").count(), 3);
        over(host);
    });
    each("module_code.c", Lang::C, |mut host| {
        let (_, said) = types(&mut host, b"alice\r47");
        assert_eq!((said["verdict"].as_str(), said["code"].as_u64()), (Some("error"), Some(638)));
        over(host);
    });
    // the caller hangs up in the middle: the module's End is enough
    each("module_code.c", Lang::C, |mut host| {
        host.begin();
        host.hear();
        host.hear();
        over(host);
    });
}

/// The answer to a challenge, computed without the module's code.
fn answer(challenge: &str, name: &str) -> Vec<u8> {
    let mut hash = 2_166_136_261_u32;
    for byte in b"the example's key".iter().chain(challenge.as_bytes()).chain(name.as_bytes()) {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    }
    let mut record = name.as_bytes().to_vec();
    record.resize(24, 0);
    record.extend(format!("{hash:08x}").bytes());
    record
}

#[test]
fn module_record_exchanges_one_record() {
    for (right, expected) in [(true, "success"), (false, "failure")] {
        each("module_record.c", Lang::C, |mut host| {
            host.begin();
            let said = host.hear();
            let record = STANDARD.decode(said["data"].as_str().unwrap()).unwrap();
            let challenge = std::str::from_utf8(&record).unwrap().strip_prefix("OR1?").unwrap().to_owned();
            assert_eq!(host.hear()["max"], 32);
            let other = if right { challenge } else { "00000000".to_owned() };
            host.received(&answer(&other, "terminal 7"));
            assert_eq!(host.hear(), verdict(expected, "terminal 7", ""));
            over(host);
        });
    }
    // its End puts the end off until the worker has completed
    each("module_record.c", Lang::C, |mut host| {
        host.begin();
        host.hear();
        host.hear();
        host.tell(&json!({ "type": "end" }));
        let said = host.hear();
        assert_eq!(said["verdict"], "error", "{said}");
        assert!(host.ended().status.success());
    });
}

#[test]
fn module_cpp_is_a_class() {
    each("module_cpp.cpp", Lang::Cpp, |mut host| {
        let (screen, said) = types(&mut host, b"alice\rsesame\r");
        assert_eq!(said, verdict("success", "alice", ""));
        assert_eq!(screen, "Name: \r\nWord of the day: \r\nWelcome.\r\n");
        over(host);
    });
    each("module_cpp.cpp", Lang::Cpp, |mut host| {
        let (_, said) = types(&mut host, b"alice\rnonsense\r");
        assert_eq!(said, verdict("failure", "alice", ""));
        over(host);
    });
    each("module_cpp.cpp", Lang::Cpp, |mut host| {
        host.begin();
        host.hear();
        host.hear();
        over(host);
    });
}

#[test]
fn module_menu_works_by_the_habits_of_old_modules() {
    each("module_menu.c", Lang::C, |mut host| {
        let (screen, said) = types(&mut host, b"21alice\r");
        assert_eq!(said, verdict("success", "alice", ""));
        assert_eq!(screen.matches("Your choice: ").count(), 2, "{screen}");
        assert!(screen.contains("Monday to Friday") && screen.ends_with("Good day.\r\n"), "{screen}");
        over(host);
    });
    each("module_menu.c", Lang::C, |mut host| {
        let (screen, said) = types(&mut host, b"3");
        assert_eq!(said, verdict("failure", "", ""));
        assert!(screen.ends_with("Good-bye.\r\n"), "{screen}");
        over(host);
    });
}
