//! Modules that fail in every way at random, each from an address of its own: its call ends with the number documented, the
//! others and the service go on, and no process is left. As many dialogs as `OPENRAS_DIALOGS` says.

use crate::calls::Caller;
use crate::service::{Live, until};
use crate::stage::Stage;
use crate::{module, port, verdicts};

const DIALOGS: usize = 120;
const SHORT: &str = "warm = 4\n[module.NAME.limits]\nbegin = 4\nanswer = 4\ngrace = 2\n";

/// A word for `faults.c` and the numbers its verdict may have; no verdict is on record for a caller who hung up.
const WORDS: [(&str, Option<u64>); 13] = [
    ("good", Some(0)),
    ("crash", Some(1067)),
    ("abort", Some(1067)),
    ("exit", Some(1067)),
    ("overrun", Some(1067)),
    ("overread", Some(1067)),
    ("hang", Some(638)),
    ("flood", Some(1816)),
    ("leave", Some(638)),
    ("twice", Some(691)),
    ("after", Some(0)),
    ("delay", None),
    ("good", Some(0)),
];

/// Ports whose module fails in Begin, by `IN_BEGIN`.
const BEGINS: [(&str, usize, u64); 5] =
    [("crashes", 1, 1067), ("hangs", 2, 638), ("exits", 3, 1067), ("refuses", 4, 665), ("completes", 5, 691)];

/// Processes that have this in their command line.
fn running(marker: &str) -> Vec<String> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = numbers.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(marker) && line.contains("module")).collect()
}

/// One call with this word, from this address; the verdict is as expected.
fn call(live: &Live, source: &str, word: &str, expected: Option<u64>) {
    let mut caller = Caller::from(live, "words", source);
    caller.until("Word: ");
    caller.types(format!("{word}\r").as_bytes());
    let Some(number) = expected else {
        // its End is put off until its Receive has been woken
        return;
    };
    if number == 0 {
        // PPP begins: the caller leaves it there
        until("the verdict", || verdicts(live, "words", source).pop());
        drop(caller);
    } else {
        caller.end();
    }
    let found = until("the verdict", || verdicts(live, "words", source).pop());
    assert_eq!(found.0, number, "{word}: {found:?}");
}

#[test]
fn every_fault_ends_its_own_call_only_and_leaves_no_process() {
    let count = std::env::var("OPENRAS_DIALOGS").map_or(DIALOGS, |count| count.parse().unwrap());
    let stage = Stage::new();
    let of = |name: &str, in_begin: usize| {
        let library = module(&stage, "faults.c", &[&format!("-DIN_BEGIN={in_begin}")]);
        port(name, &library, &SHORT.replace("NAME", name))
    };
    let mut live = BEGINS.iter().fold(Live::new(), |live, (name, n, _)| live.ports(&of(name, *n)));
    live = live.ports(&of("words", 0)).user("alice", "secret", &[]).serve();
    std::thread::scope(|scope| {
        let live = &live;
        for worker in 0..4 {
            scope.spawn(move || {
                for n in (0..count).filter(|n| n % 4 == worker) {
                    let source = format!("127.9.{}.{}", n / 250, n % 250 + 1);
                    // every word comes, in an order that looks random
                    let (word, expected) = WORDS[(n * 5 + n / WORDS.len()) % WORDS.len()];
                    call(live, &source, word, expected);
                }
            });
        }
        for (at, (name, _, number)) in BEGINS.iter().enumerate() {
            scope.spawn(move || {
                for n in 0..3 {
                    let source = format!("127.8.{at}.{}", n + 1);
                    Caller::from(live, name, &source).end();
                    let found = until("the verdict", || verdicts(live, name, &source).pop());
                    assert_eq!(found.0, *number, "{name}: {found:?}");
                }
            });
        }
    });
    // the service is as it was
    call(&live, "127.7.0.1", "good", Some(0));
    let said = live.stop();
    assert!(said.contains("SIGSEGV") || said.contains("signal 11") || said.contains("status 139"), "{said}");
    let marker = stage.path().display().to_string();
    until("all processes are gone", || running(&marker).is_empty().then_some(()));
}

/// Descriptors, threads and KiB of memory of the process that has this in its command line.
fn resources(marker: &str) -> Option<(usize, usize, usize)> {
    let mut processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let process = processes.find(|process| {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == marker.as_bytes())
    })?;
    let count = |what: &str| std::fs::read_dir(process.join(what)).map_or(0, Iterator::count);
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some((count("fd"), count("task"), memory.trim().trim_end_matches(" kB").parse().ok()?))
}

/// Calls that come through, are refused, hang up in the middle, or at once: the service has as many descriptors as before.
#[test]
fn dialogs_leave_nothing_in_the_service() {
    let count: usize = std::env::var("OPENRAS_DIALOGS").map_or(DIALOGS, |count| count.parse().unwrap());
    let stage = Stage::new();
    let code = module(&stage, "module_code.c", &[]);
    let mut live =
        Live::new().ports(&port("each", &code, "")).ports(&port("all", &code, "isolation = \"shared\""));
    live = live.user("alice", "secret", &[]).serve();
    let socket = live.socket().display().to_string();
    let dial = |n: usize| {
        let source = format!("127.4.{}.{}", n / 250, n % 250 + 1);
        let name = if n.is_multiple_of(2) { "each" } else { "all" };
        let mut caller = Caller::from(&live, name, &source);
        if n.is_multiple_of(5) {
            return;
        }
        caller.until("User: ");
        match n % 4 {
            0 | 1 => caller.types(b"alice\r4711\r\x7e\xff\x7d\x23"),
            2 => caller.types(b"bob\r1\rbob\r2\rbob\r3\r"),
            _ => return,
        }
        until("the verdict", || verdicts(&live, name, &source).pop());
    };
    let play = |numbers: std::ops::Range<usize>| {
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let mine = numbers.clone().filter(move |n| n % 4 == worker);
                scope.spawn(move || mine.for_each(dial));
            }
        });
    };
    play(0..40);
    // once all hosts of calls are gone that are not kept ready, twice the same
    let settled = || {
        let mut last = resources(&socket).unwrap();
        until("the service is at rest", || {
            std::thread::sleep(std::time::Duration::from_millis(500));
            let now = resources(&socket).unwrap();
            let same = now.0 == last.0;
            last = now;
            same.then_some(now)
        })
    };
    let before = settled();
    play(40..40 + count);
    let after = until("its descriptors are given back", || Some(settled()).filter(|now| now.0 <= before.0));
    assert!(after.1 <= before.1 + 4, "threads: {before:?} became {after:?}");
    assert!(after.2 < before.2 + 8 * 1024, "memory: {before:?} became {after:?}");
    if count > DIALOGS {
        println!("{before:?} became {after:?} in {count} dialogs");
    }
}

/// One process for all: a Begin that does not return costs the dialogs of that process, and the next call has a new one.
#[test]
fn a_begin_that_hangs_in_a_shared_process_does_not_close_the_port_for_good() {
    let stage = Stage::new();
    let library = module(&stage, "faults.c", &["-DIN_BEGIN=2"]);
    let keys = "isolation = \"shared\"\n[module.line1.limits]\nbegin = 1\n";
    let live = crate::live(&library, keys);
    for n in 1..=2 {
        let source = format!("127.6.0.{n}");
        Caller::from(&live, "line1", &source).end();
        let found = until("the verdict", || verdicts(&live, "line1", &source).pop());
        assert_eq!(found.0, 638, "{found:?}");
    }
    until("it is said", || live.said().contains("the process of all dialogs failed").then_some(()));
}

/// Defence rule 12: callers who crash the process of all again and again do not keep others out, who wait a second.
#[test]
fn crashes_of_a_shared_process_do_not_close_the_port_to_others() {
    let stage = Stage::new();
    let library = module(&stage, "faults.c", &["-DIN_BEGIN=0"]);
    let keys = format!("isolation = \"shared\"\n{}", SHORT.replace("NAME", "words"));
    let live = Live::new().ports(&port("words", &library, &keys)).user("alice", "secret", &[]).serve();
    for n in 1..=4 {
        call(&live, &format!("127.3.0.{n}"), "crash", Some(1067));
    }
    call(&live, "127.3.1.1", "good", Some(0));
}

/// A Begin that is only slow costs those whose turn does not come in time, and nobody else.
#[test]
fn slow_begins_in_a_shared_process_do_not_end_the_dialogs_that_run() {
    let stage = Stage::new();
    let library = module(&stage, "slow.c", &[]);
    let keys = "isolation = \"shared\"\n[module.line1.limits]\nbegin = 1\n";
    let live = crate::live(&library, keys);
    let mut first = Caller::from(&live, "line1", "127.5.0.1");
    first.until("ready");
    // three at once take 2.1 s
    let others: Vec<Caller> = (2..5).map(|n| Caller::from(&live, "line1", &format!("127.5.0.{n}"))).collect();
    until("one was too late", || {
        (2..5).flat_map(|n| verdicts(&live, "line1", &format!("127.5.0.{n}"))).find(|found| found.0 == 638)
    });
    first.types(b"y");
    let found = until("the verdict", || verdicts(&live, "line1", "127.5.0.1").pop());
    assert_eq!(found.0, 0, "{found:?}");
    drop(others);
    assert!(!live.said().contains("the process of all dialogs failed"), "{}", live.said());
}

/// And one that works serves many at once, each with its own End.
#[test]
fn a_shared_process_serves_many_callers() {
    let stage = Stage::new();
    let live = crate::live(&module(&stage, "module_code.c", &[]), "isolation = \"shared\"");
    let mut callers: Vec<Caller> = (0..8).map(|_| Caller::call(&live, "line1")).collect();
    callers.iter_mut().for_each(|caller| caller.until("User: "));
    for (n, caller) in callers.iter_mut().enumerate() {
        caller.types(if n % 2 == 0 { b"alice\r4711\r" } else { b"bob\r0815\r" });
    }
    let found = until("all verdicts", || {
        let found = verdicts(&live, "line1", "127.0.0.1");
        (found.len() == 8).then_some(found)
    });
    assert_eq!(found.iter().filter(|(error, name, _)| (*error, name.as_str()) == (0, "bob")).count(), 4);
}

/// `kill -9` of the service in the middle of dialogs, one of which ignores everything: their hosts end, too.
#[test]
fn a_killed_service_leaves_no_host() {
    let stage = Stage::new();
    let library = module(&stage, "faults.c", &["-DIN_BEGIN=0"]);
    let mut live = crate::live(&library, &SHORT.replace("NAME", "line1"));
    for word in ["", "hang\r"] {
        let mut caller = Caller::call(&live, "line1");
        caller.until("Word: ");
        caller.types(word.as_bytes());
        std::mem::forget(caller); // the line stays until this process ends
    }
    live.kill();
    let marker = stage.path().display().to_string();
    until("all hosts are gone", || running(&marker).is_empty().then_some(()));
}
