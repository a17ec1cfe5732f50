//! Ten thousand dialogs with programs that are only made up, on virtual time: every kind of fault, at random.

use std::sync::atomic::AtomicUsize;

use openras_engine::server::{DialogCommand, DialogOutput};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::launch::Launch;
use super::*;
use crate::dialog::DialogEnds;

const DIALOGS: u64 = 10_000;
/// Dialogs that run at a time.
const AT_A_TIME: usize = 200;

/// What a program does; a number so that the next is as likely.
const KINDS: u64 = 12;

/// Starts made-up programs, each of another kind.
struct Actors {
    next: AtomicU64,
    alive: Arc<AtomicUsize>,
}

/// A made-up process, alive until it is dropped.
struct Actor {
    task: AbortHandle,
    alive: Arc<AtomicUsize>,
}

impl Process for Actor {
    fn ended(&self, time: Duration) -> BoxFuture<'_, Option<String>> {
        Box::pin(async move {
            let until = Instant::now() + time;
            while !self.task.is_finished() {
                if Instant::now() >= until {
                    return None;
                }
                sleep(Duration::from_millis(100).min(until - Instant::now())).await;
            }
            Some("status 0".into())
        })
    }

    fn end(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { drop(self) })
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.task.abort();
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

fn dice(n: u64) -> u64 {
    let mut x = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^= x >> 31;
    x.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

impl Launch for Actors {
    fn start(&self) -> BoxFuture<'_, Result<Started, Fault>> {
        Box::pin(async {
            let kind = dice(self.next.fetch_add(1, Ordering::Relaxed)) % KINDS;
            match kind {
                1 => return Err(Fault::Jail("made up".into(), 1)),
                2 => {
                    sleep(Duration::from_secs(5)).await;
                    return Err(Fault::NotReady(Duration::from_secs(5)));
                }
                3 => sleep(Duration::from_secs(3)).await,
                _ => (),
            }
            let (stdin, reads) = duplex(1024);
            let (writes, stdout) = duplex(1024);
            self.alive.fetch_add(1, Ordering::Relaxed);
            let task = tokio::spawn(play(kind, reads, writes)).abort_handle();
            let pipes = launch::Pipes {
                stdin: Box::new(stdin),
                stdout: Lines::new(Box::new(stdout) as Reader, protocol::LINE_MAX),
                stderr: Box::new(tokio::io::empty()),
            };
            Ok(Started { process: Box::new(Actor { task, alive: self.alive.clone() }), pipes })
        })
    }

    fn wall(&self) -> Wall {
        Wall::None
    }
}

async fn hear(reads: &mut DuplexStream) -> bool {
    let mut byte = [0];
    while let Ok(1) = reads.read(&mut byte).await {
        if byte == [b'\n'] {
            return true;
        }
    }
    false
}

async fn play(kind: u64, mut reads: DuplexStream, mut writes: DuplexStream) {
    let success = b"{\"type\":\"complete\",\"verdict\":\"success\",\"user\":\"alice\"}\n".as_slice();
    if kind == 4 || !hear(&mut reads).await {
        return;
    }
    let script: &[u8] = match kind {
        5 => b"nonsense\n",
        6 => b"{\"type\":\"complete\",\"dialog\":\"d1\",\"verdict\":\"success\",\"user\":\"x\"}\n",
        7 => return sleep(Duration::from_secs(86_400)).await,
        8 => {
            while writes.write_all(b"{\"type\":\"log\",\"text\":\"x\"}\n").await.is_ok() {}
            return;
        }
        9 => {
            while writes.write_all(&[b'x'; 4096]).await.is_ok() {}
            return;
        }
        _ => b"{\"type\":\"ask\",\"prompt\":\"?\"}\n",
    };
    let _ = writes.write_all(script).await;
    if !hear(&mut reads).await || kind == 10 {
        return;
    }
    let _ = writes.write_all(success).await;
    if kind == 11 {
        let _ = writes.write_all(success).await;
    }
    while hear(&mut reads).await {}
}

/// The caller's side; says whether the program asked.
async fn caller(mut ends: DialogEnds) -> DialogVerdict {
    loop {
        match ends.commands.recv().await.expect("a verdict always comes") {
            DialogCommand::Complete(verdict) => return verdict,
            DialogCommand::Ask(_) => drop(ends.events.send(DialogOutput::Line("x".into())).await),
            _ => (),
        }
    }
}

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_dialogs_with_random_faults_all_end_and_leave_nothing() {
    let alive = Arc::new(AtomicUsize::new(0));
    let actors = Actors { next: AtomicU64::new(0), alive: alive.clone() };
    let config = ProgramConfig::new(["made up"]);
    let module: Arc<dyn Module> =
        Arc::new(ProgramModule::with("x".into(), config, Arc::new(actors), false).unwrap());
    let room = Arc::new(tokio::sync::Semaphore::new(AT_A_TIME));
    let mut dialogs = JoinSet::new();
    let (mut counts, mut begun, mut half) = (std::collections::BTreeMap::new(), 0, 0);
    while begun < DIALOGS || !dialogs.is_empty() {
        while begun < DIALOGS && dialogs.len() < AT_A_TIME {
            let (module, room) = (module.clone(), room.clone());
            begun += 1;
            dialogs.spawn(async move {
                let _turn = room.acquire_owned().await.unwrap();
                let since = Instant::now();
                let verdict = caller(crate::start(module, CallInfo::default())).await;
                // a start, a begin and an answer, each with its deadline
                assert!(since.elapsed() < Duration::from_secs(50), "{:?}: {verdict:?}", since.elapsed());
                match verdict {
                    DialogVerdict::Error { code, .. } => code,
                    _ => 0,
                }
            });
        }
        *counts.entry(dialogs.join_next().await.unwrap().unwrap()).or_insert(0) += 1;
        if begun == DIALOGS / 2 && half == 0 {
            half = resident();
        }
    }
    // good, slow to start, twice | no start | nonsense, for another, too long | hangs, starts late | dies | floods
    for code in [0, 5, 13, 638, 1067, 1816] {
        assert!(counts.get(&code).is_some_and(|count| *count > 100), "{code}: {counts:?}");
    }
    assert_eq!(counts.values().sum::<u64>(), DIALOGS);
    assert!(resident() < half + 16 * 1024 * 1024, "{half} then {}", resident());
    let condition = module.condition().unwrap();
    assert!(condition.refused > 100, "{condition:?}");
    drop(module);
    let gone = async {
        while alive.load(Ordering::Relaxed) > 0 {
            sleep(Duration::from_secs(1)).await;
        }
    };
    timeout(Duration::from_secs(60), gone).await.expect("no process is left");
}

/// Asks at once, and lets in whoever answers.
struct Asks;

impl Launch for Asks {
    fn start(&self) -> BoxFuture<'_, Result<Started, Fault>> {
        let actors = Actors { next: AtomicU64::new(0), alive: Arc::default() };
        Box::pin(async move {
            // the first one that is no fault
            actors.next.store((0..).find(|n| dice(*n).is_multiple_of(KINDS)).unwrap_or(0), Ordering::Relaxed);
            actors.start().await
        })
    }

    fn wall(&self) -> Wall {
        Wall::None
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_is_not_silent_while_the_caller_thinks() {
    let config = ProgramConfig::new(["made up"]);
    let limit = config.limits.answer;
    let module = ProgramModule::with("x".into(), config, Arc::new(Asks), false).unwrap();
    let mut ends = crate::start(Arc::new(module), CallInfo::default());
    assert!(matches!(ends.commands.recv().await, Some(DialogCommand::Ask(_))));
    let early = timeout(3 * limit, ends.commands.recv()).await;
    assert!(early.is_err(), "{early:?}");
    ends.events.send(DialogOutput::Line("x".into())).await.unwrap();
    assert!(matches!(caller(ends).await, DialogVerdict::Success { .. }));
}
