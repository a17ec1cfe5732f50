//! Real programs without a jail in real time (`tests/isolation` has those in jails); every wait is for an event. A limit
//! that is tested is far below a second; all others are never reached, however slow the host.

use std::path::Path;
use std::sync::Mutex;

use openras_engine::server::{DialogCommand, DialogOutput};
use tokio::time::Instant;

use super::*;
use crate::dialog::{DialogEnds, dialog};

const READ: &str = "read -r begin; ";
const SUCCESS: &str = r#"echo '{"type":"complete","verdict":"success","user":"alice"}'; "#;

/// How long is waited for what must come, and far less than [`FOREVER`].
const PATIENCE: Duration = Duration::from_secs(180);
/// For sleep(1): what waits for it fails.
const FOREVER: &str = "3600";
/// A limit that is to be reached.
const SHORT: Duration = Duration::from_millis(300);

/// `script` for sh; it is given all the time that it may need.
fn patient(script: &str) -> ProgramConfig {
    let mut config = ProgramConfig::new(["sh", "-c", script]);
    config.isolation = Isolation::None;
    let times = [&mut config.limits.begin, &mut config.limits.answer, &mut config.limits.grace];
    for time in times {
        *time = PATIENCE;
    }
    config
}

struct Told {
    verdict: DialogVerdict,
    screen: String,
    took: Duration,
}

/// The engine's side: answers questions in turn; the last one stays open.
async fn line(mut ends: DialogEnds, answers: Vec<DialogOutput>) -> (DialogVerdict, String) {
    let (mut screen, mut answers) = (Vec::new(), answers.into_iter());
    loop {
        match ends.commands.recv().await.expect("a verdict always comes") {
            DialogCommand::Send(bytes) => screen.extend(bytes),
            DialogCommand::Extend(time) => screen.extend(format!("[{}s]", time.as_secs()).bytes()),
            DialogCommand::Ppp(_) => {}
            DialogCommand::Complete(verdict) => {
                return (verdict, String::from_utf8_lossy(&screen).into_owned());
            }
            DialogCommand::Ask(ask) => {
                screen.extend(ask.prompt.bytes());
                if let Some(answer) = answers.next() {
                    ends.events.send(answer).await.unwrap();
                }
            }
            DialogCommand::Receive { .. } => {
                if let Some(answer) = answers.next() {
                    ends.events.send(answer).await.unwrap();
                }
            }
        }
    }
}

/// One call until the program is over and collected.
async fn call(config: ProgramConfig, answers: Vec<DialogOutput>) -> Told {
    let module = ProgramModule::new("test", config, &Parts::default()).unwrap();
    let info = CallInfo { call: "c1".into(), port: "line1/1".into(), ..CallInfo::default() };
    let (handle, ends) = dialog(info);
    let begun = Instant::now();
    let ((verdict, screen), ()) = tokio::join!(line(ends, answers), module.run(handle));
    Told { verdict, screen, took: begun.elapsed() }
}

fn typed(text: &str) -> DialogOutput {
    DialogOutput::Line(text.into())
}

fn alice() -> DialogVerdict {
    DialogVerdict::Success { user: "alice".into(), domain: String::new() }
}

/// The program failed with this code, and the record says this about it.
async fn fails(config: ProgramConfig, code: u32, why: &str) -> Told {
    let told = call(config, vec![]).await;
    let DialogVerdict::Error { code: said, text } = &told.verdict else { panic!("{:?}", told.verdict) };
    assert_eq!(*said, code, "{text}");
    assert!(text.starts_with("test: ") && text.contains(why), "{text}");
    assert!(told.took < PATIENCE, "{:?}", told.took);
    told
}

/// Waits until the process of this number is gone or only waits to be collected.
async fn gone(pid: &str) {
    let running = || match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
        Err(_) => false,
    };
    let wait = async {
        while running() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "process {pid} still runs");
}

#[tokio::test]
async fn a_program_talks_asks_and_decides() {
    let script = r#"read -r begin
        case $begin in *'"type":"begin","v":1,"call":"c1","port":"line1/1"'*) ;; *) exit 9;; esac
        printf '%s\n' '{"type":"send","text":"Welcome\r\n"}'
        echo '{"type":"ask","prompt":"User: "}'; read -r name
        echo '{"type":"receive","max":2}'; read -r code
        case $name$code in '{"type":"line","data":"Ym9i","text":"bob"}{"type":"received","data":"NDI="}')
            echo '{"type":"complete","verdict":"success","user":"bob","domain":"LAB"}';; esac"#;
    let told = call(patient(script), vec![typed("bob"), DialogOutput::Received("42".into())]).await;
    assert_eq!(told.verdict, DialogVerdict::Success { user: "bob".into(), domain: "LAB".into() });
    assert_eq!(told.screen, "Welcome\r\nUser: ");
}

#[tokio::test]
async fn a_program_is_told_of_a_timeout_and_a_refusal() {
    let script = r#"read -r b; echo '{"type":"receive","max":9,"timeout":1}'; read -r a
        echo '{"type":"ask","prompt":""}'; read -r c
        [ "$a$c" = '{"type":"timeout"}{"type":"refused","error":616}' ] && "#;
    let told = call(
        patient(&format!("{script}{SUCCESS}")),
        vec![DialogOutput::TimedOut, DialogOutput::Refused(616)],
    )
    .await;
    assert_eq!(told.verdict, alice());
}

#[tokio::test]
async fn a_program_that_says_nothing_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    let script = format!("sleep {FOREVER} & echo $! $$ > '{}'; wait", file.display());
    let mut config = patient(&script);
    config.limits.begin = SHORT;
    fails(config.clone(), 638, "it said nothing within").await;
    // a slow host has not come to the numbers by then
    while !std::fs::read_to_string(&file).is_ok_and(|pids| pids.ends_with('\n')) {
        config.limits.begin *= 2;
        assert!(config.limits.begin < PATIENCE, "it writes no numbers");
        fails(config.clone(), 638, "it said nothing within").await;
    }
    for pid in std::fs::read_to_string(&file).unwrap().split_whitespace() {
        gone(pid).await;
    }
}

/// While the caller thinks it is not its turn: `random` has that, on virtual time.
#[tokio::test]
async fn a_program_that_goes_silent_on_its_turn_is_killed() {
    let script = format!("{READ} echo '{{\"type\":\"log\",\"text\":\"hi\"}}'; exec sleep {FOREVER}");
    let mut silent = patient(&script);
    silent.limits.answer = SHORT;
    fails(silent, 638, "it was its turn").await;
}

#[tokio::test]
async fn a_program_that_dies_ends_its_dialog_and_the_record_says_how() {
    fails(patient("exit 3"), 1067, "without a verdict (status 3)").await;
    fails(patient("kill -9 $$"), 1067, "(signal 9)").await;
    fails(patient(&format!("{READ} echo '{{\"type\":\"ask\",\"prompt\":\"?\"}}'; exit 0")), 1067, "status 0")
        .await;
}

#[tokio::test]
async fn a_program_that_closes_its_output_is_not_waited_for() {
    let mut closes = patient(&format!("exec >&-; exec sleep {FOREVER}"));
    closes.limits.grace = SHORT;
    fails(closes, 1067, "closed its output").await;
}

#[tokio::test]
async fn what_is_not_a_message_ends_the_dialog() {
    fails(patient("echo hello"), 13, "not JSON").await;
    fails(patient("echo"), 13, "not JSON").await;
    fails(patient(r#"echo '{"type":"open"}'; sleep 3600"#), 13, "none of").await;
    fails(patient(r#"printf '{"type":"se'"#), 13, "not JSON").await;
}

#[tokio::test]
async fn a_flood_is_stopped() {
    fails(patient(r#"yes '{"type":"log","text":"x"}'"#), 1816, "messages a second").await;
    let mut bytes = patient(r#"yes '{"type":"log","text":"x"}'"#);
    bytes.limits.messages_per_second = 1_000_000;
    bytes.limits.bytes = 10_000;
    fails(bytes, 1816, "more bytes").await;
    fails(patient("yes | tr -d '\\n'"), 13, "longer than").await;
}

#[tokio::test]
async fn sends_wait_for_the_line_and_keep_their_order() {
    let script = format!(
        r#"{READ} i=100; while [ $i -lt 200 ]; do echo '{{"type":"send","text":"'$i'"}}'; i=$((i+1)); done; {SUCCESS}"#
    );
    let told = call(patient(&script), vec![]).await;
    assert_eq!(told.verdict, alice());
    assert_eq!(told.screen, (100..200).map(|i| i.to_string()).collect::<String>());
}

#[tokio::test]
async fn the_first_verdict_counts() {
    let script =
        format!(r#"{READ} echo '{{"type":"complete","verdict":"failure","user":"eve"}}'; {SUCCESS}"#);
    let told = call(patient(&script), vec![]).await;
    assert_eq!(told.verdict, DialogVerdict::Failure { user: "eve".into(), domain: String::new() });
}

#[tokio::test]
async fn a_program_that_reads_nothing_may_still_decide() {
    assert_eq!(call(patient(&format!("exec <&-; {SUCCESS}")), vec![]).await.verdict, alice());
}

#[tokio::test]
async fn after_its_verdict_a_program_has_the_grace_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let told_end = folder.path().join("end");
    let polite = format!("{READ} {SUCCESS} read -r end; sleep 0.1; echo \"$end\" > '{}'", told_end.display());
    assert_eq!(call(patient(&polite), vec![]).await.verdict, alice());
    assert_eq!(std::fs::read_to_string(told_end).unwrap(), "{\"type\":\"end\"}\n");

    let mut lingers = patient(&format!("trap '' TERM; {READ} {SUCCESS} while :; do sleep 9; done"));
    lingers.limits.grace = SHORT;
    let lingers = call(lingers, vec![]).await;
    assert_eq!(lingers.verdict, alice());
    assert!((SHORT..PATIENCE).contains(&lingers.took), "{:?}", lingers.took);
}

#[tokio::test]
async fn the_end_of_the_call_reaches_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let heard = folder.path().join("heard");
    let script = format!(
        "{READ} echo '{{\"type\":\"ask\",\"prompt\":\"?\"}}'; read -r end; echo \"$end\" > '{}'",
        heard.display()
    );
    let told = call(patient(&script), vec![DialogOutput::End]).await;
    assert!(matches!(told.verdict, DialogVerdict::Error { code: 619, .. }));
    assert_eq!(std::fs::read_to_string(heard).unwrap(), "{\"type\":\"end\"}\n");
}

#[tokio::test]
async fn a_dropped_dialog_takes_its_program_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!(
        "echo $$ > '{}'; echo '{{\"type\":\"ask\",\"prompt\":\"?\"}}'; sleep {FOREVER}",
        pid.display()
    );
    let module = ProgramModule::new("test", patient(&script), &Parts::default()).unwrap();
    let (handle, mut ends) = dialog(CallInfo::default());
    tokio::select! {
        () = module.run(handle) => panic!("it cannot end by itself"),
        asked = ends.commands.recv() => assert!(matches!(asked, Some(DialogCommand::Ask(_)))),
    }
    assert!(matches!(ends.commands.recv().await, Some(DialogCommand::Complete(DialogVerdict::Error { .. }))));
    gone(std::fs::read_to_string(pid).unwrap().trim()).await;
}

#[tokio::test]
async fn bad_dialogs_do_not_touch_a_good_one_of_the_same_module() {
    let script = format!(
        r#"{READ} echo '{{"type":"ask","prompt":"?"}}'; read -r a
        case $a in *hang*) exec sleep {FOREVER};; *flood*) yes '{{"type":"log","text":"x"}}';; *die*) kill -9 $$;; esac
        {SUCCESS}"#
    );
    let module = ProgramModule::new("test", patient(&script), &Parts::default()).unwrap();
    let one = async |word| {
        let (handle, ends) = dialog(CallInfo::default());
        let ((verdict, _), ()) = tokio::join!(line(ends, vec![typed(word)]), module.run(handle));
        verdict
    };
    let others = async { tokio::join!(one("good"), one("flood"), one("die")) };
    let (good, flood, die) = tokio::select! {
        biased;
        verdict = one("hang") => panic!("the others wait for the bad one: {verdict:?}"),
        told = others => told,
    };
    assert_eq!(good, alice());
    assert!(matches!(flood, DialogVerdict::Error { code: 1816, .. }), "{flood:?}");
    assert!(matches!(die, DialogVerdict::Error { code: 1067, .. }), "{die:?}");
}

#[tokio::test]
async fn a_program_gets_no_environment_no_privileges_and_limits() {
    let script = format!(
        r#"{READ} [ -z "$CARGO$HOME$USER$CARGO_MANIFEST_DIR" ] || exit 1
        [ "$PATH" = /usr/local/bin:/usr/bin:/bin ] || exit 2
        [ "$(ulimit -n) $(ulimit -c) $(ulimit -t) $(ulimit -v)" = "64 0 30 1048576" ] || exit 3
        grep -q '^NoNewPrivs:[[:space:]]*1' /proc/self/status || exit 4
        {SUCCESS}"#
    );
    assert_eq!(call(patient(&script), vec![]).await.verdict, alice());
}

#[tokio::test]
async fn a_program_gets_none_of_the_services_files_and_sockets() {
    use std::os::fd::AsRawFd;
    let file = tempfile::NamedTempFile::new().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let shown = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap().display().to_string();
    let own = [shown(file.as_raw_fd()), shown(socket.as_raw_fd())];
    let script = format!(
        r#"{READ} for fd in /proc/$$/fd/*; do
            case $(readlink $fd) in '{}'|'{}'|*eventpoll*) exit 5;; pipe:*) n=$((n+1));; esac
        done
        [ "$n" -ge 3 ] || exit 6
        {SUCCESS}"#,
        own[0], own[1]
    );
    assert_eq!(call(patient(&script), vec![]).await.verdict, alice());
}

#[tokio::test]
async fn a_program_runs_in_its_folder_with_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.sh");
    std::fs::write(&file, format!("{READ} case $begin in *'\"config\":{{\"n\":7}}'*) {SUCCESS};; esac"))
        .unwrap();
    let mut config = patient("");
    config.command = vec!["sh".into(), "own.sh".into()];
    config.folder = Some(folder.path().to_owned());
    config.config = Settings(serde_json::json!({ "n": 7 }));
    assert_eq!(call(config, vec![]).await.verdict, alice());
}

#[tokio::test]
async fn a_program_that_vanished_after_start_refuses_its_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("module");
    std::fs::copy("/bin/sh", &file).unwrap();
    let mut config = ProgramConfig::new([file.to_str().unwrap()]);
    config.isolation = Isolation::None;
    let module = ProgramModule::new("test", config, &Parts::default()).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (handle, ends) = dialog(CallInfo::default());
    let ((verdict, _), ()) = tokio::join!(line(ends, vec![]), module.run(handle));
    assert!(matches!(verdict, DialogVerdict::Error { code: 2, .. }), "{verdict:?}");
    assert!(!Path::new(&file).exists());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_was_typed_unseen_reaches_no_log_and_no_record() {
    let log = Log::default();
    let sink = log.clone();
    // where there is but one subscriber, a line of code that another test's thread comes to first asks that thread's,
    // which has none, and is silent for ever; with two all of them are asked
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(move || sink.clone()).finish());
    let script = r#"read -r b; echo '{"type":"ask","prompt":"?","echo":"no"}'; read -r a
        echo "careless: $a" >&2; printf 'esc: \033[2J\n' >&2
        echo '{"type":"log","text":"got planted-secret"}'
        echo '{"type":"complete","verdict":"error","code":5,"text":"no planted-secret"}'"#;
    let told = call(patient(script), vec![typed("planted-secret")]).await;
    assert_eq!(told.verdict, DialogVerdict::Error { code: 5, text: "no ***".into() });
    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("got ***") && written.contains("careless: "), "{written}");
    assert!(!written.contains("planted-secret") && !written.contains("cGxhbnRlZC1zZWNyZXQ"), "{written}");
    assert!(!written.contains('\u{1b}') && written.contains("esc: \\u{1b}[2J"), "{written}");
}
