//! Connections and the programs around them: counted dials, programs that die, other programs' connections, notifications, a
//! service that goes away.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::scene::{How, Scene, Talk, example, own};
use crate::service::until;
use crate::stage::{Compiler, Lang};

const PLAIN: How = How::Plain(Compiler::Gcc, Lang::C);

struct Holds {
    scene: Scene,
    program: PathBuf,
}

impl Holds {
    fn new() -> Self {
        let scene = Scene::new();
        let program = scene.build(&own("holds.c"), PLAIN);
        Self { scene, program }
    }

    /// A program that dials this and is talked to.
    fn dial(&self, args: &[&str]) -> Talk {
        let mut command = self.scene.command("holds", &self.program, PLAIN, args).unwrap();
        Talk::with(&self.scene.live, &mut command)
    }

    fn connected(&self, entry: &str) -> Talk {
        let mut talk = self.dial(&[entry, "secret"]);
        talk.expect("connected\n");
        talk
    }

    /// Dialled calls that run, each a line of JSON.
    fn running(&self) -> Vec<String> {
        let all = self.scene.live.ask(&["calls", "--json"]);
        let runs = |call: &&str| call.contains("\"over\":null") && call.contains("\"dialled\"");
        all.lines().filter(runs).map(str::to_owned).collect()
    }

    /// Waits until so many run.
    fn until_running(&self, count: usize) {
        until(&format!("{count} calls run"), || (self.running().len() == count).then_some(()));
    }
}

#[test]
fn dials_of_one_entry_count_in_one_program() {
    let test = Holds::new();
    let mut talk = test.connected("Office");
    talk.say("again").expect("again\n").say("again").expect("again\n");
    assert_eq!(test.running().len(), 1);
    talk.say("release").expect("released\n").say("status").expect("status 0 8192 0\n");
    talk.say("release").expect("released\n").say("status").expect("status 0 8192 0\n");
    talk.say("hangup");
    talk.end("holds", 0);
    assert_eq!(test.running(), [""; 0]);
}

#[test]
fn dials_of_one_entry_count_across_programs() {
    let test = Holds::new();
    let mut first = test.connected("Office");
    let mut second = test.connected("Office");
    assert_eq!(test.running().len(), 1, "the second dialled nothing");
    // the handle of the first ends with its hang-up, and the connection stays for the second
    first.say("hangup");
    first.end("the first", 0);
    second.say("status").expect("status 0 8192 0\n");
    assert_eq!(test.running().len(), 1);
    second.say("hangup");
    second.end("the second", 0);
    assert_eq!(test.running(), [""; 0]);
}

#[test]
fn a_connection_that_ends_says_so_to_all_who_hold_it() {
    let test = Holds::new();
    let mut first = test.connected("Office");
    let mut second = test.connected("Office");
    test.scene.live.ask(&["hangup", "all"]);
    test.until_running(0);
    for talk in [&mut first, &mut second] {
        // told by an event that may be on its way
        until("it is told", || {
            talk.say("status")
                .expect("status 0 ")
                .expect("\n")
                .last_line()
                .starts_with("status 0 8193")
                .then_some(())
        });
    }
    // whoever dialled it and whoever joined it read the same sentence
    let [one, other] = [&mut first, &mut second]
        .map(|talk| talk.say("why").expect("why: ").expect("\n").last_line().to_owned());
    assert!(one.ends_with('.') && one == other, "{one:?} and {other:?}");
    for mut talk in [first, second] {
        talk.say("hangup");
        talk.end("holds", 0);
    }
}

#[test]
fn a_program_that_dies_ends_its_unfinished_dial_and_not_its_connection() {
    let test = Holds::new();
    let mut paused = test.dial(&["Office", "wrong", "paused"]);
    paused.expect("paused 691\n");
    let connected = test.connected("Büro");
    assert_eq!(test.running().len(), 2);
    paused.kill();
    test.until_running(1);
    connected.kill();
    let mut left = test.connected("Second");
    left.say("leave");
    left.end("holds", 0);
    assert_eq!(test.running().len(), 2, "what is connected stays");
    // another program sees them and hangs them up
    let said = test.scene.says(&example("enum_connections.c"), PLAIN, &[], "", 0);
    assert!(said.contains("Büro: connected") && said.contains("Second: connected"), "{said}");
    for how in How::checked() {
        let said = test.scene.says(&own("hangs_all.c"), how, &[], "", 0);
        if how == How::Sanitized {
            assert_eq!(said, "Büro\nSecond\n");
        }
    }
    test.until_running(0);
}

#[test]
fn a_program_that_dies_in_the_terminal_leaves_no_connection() {
    let test = Holds::new();
    let mut paused = test.dial(&["Talk", "secret", "paused"]);
    paused.expect("paused 703\n");
    // the other end begins PPP by itself, and could be connected long before this
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(test.running().len(), 1);
    paused.kill();
    test.until_running(0);
}

#[test]
fn a_program_may_leave_after_a_failed_dial_without_hanging_up() {
    let test = Holds::new();
    let mut paused = test.dial(&["Office", "wrong", "paused"]);
    paused.expect("paused 691\n").say("leave");
    paused.end("holds", 0);
    test.until_running(0);
    test.connected("Office").say("hangup");
}

#[test]
fn a_service_that_goes_away_is_told_and_hung_up() {
    let mut test = Holds::new();
    let mut talk = test.connected("Office");
    test.scene.live.kill();
    until("it is told", || {
        talk.say("status").expect("status 0 ").expect("\n").last_line().ends_with("8193 711").then_some(())
    });
    let mut none = test.dial(&["Office", "secret"]);
    none.expect("error 711\n");
    none.end("holds", 0);
    // numbers begin anew with another service: what is over there must not be taken for what is new here
    test.scene.live.again();
    test.scene.live.entry("Anew", &test.scene.live.line("plain"), &[]);
    let mut anew = test.connected("Anew");
    talk.say("hangup");
    talk.end("holds", 0);
    anew.say("status").expect("status 0 8192 0\n").say("hangup");
    anew.end("holds", 0);
}

#[test]
fn events_of_the_program_tell_what_comes_and_goes() {
    let test = Holds::new();
    for how in How::checked() {
        let program = test.scene.build(&own("hears.c"), how);
        let Some(mut command) = test.scene.command("hears", &program, how, &[]) else { continue };
        let mut hears = Talk::with(&test.scene.live, &mut command);
        hears.expect("listening\n");
        let mut other = test.connected("Office");
        hears.expect("up\n");
        other.say("hangup");
        hears.expect("down\n");
        other.end("holds", 0);
        hears.end("hears", 0);
    }
}

/// Processes of this home's own private service.
fn private_services(home: &Path) -> Vec<u32> {
    let socket = home.join("run/openras/api.sock").display().to_string();
    let found = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        (line.contains("--private") && line.contains(&socket)).then_some(pid)
    });
    found.collect()
}

#[test]
fn without_a_service_a_dial_starts_one_of_its_own() {
    let test = Holds::new();
    let scene = &test.scene;
    let program = scene.build(&own("hangs_all.c"), PLAIN);
    let mut lists = scene.stage.command(&program);
    let lists = scene.live.at_home(&mut lists).env_remove("OPENRAS_SOCKET").output().unwrap();
    assert!(lists.status.success() && lists.stdout.is_empty(), "no service: no connections");
    assert_eq!(private_services(scene.live.home()), [0; 0], "a list starts none");
    let mut command = scene.stage.command(&test.program);
    command.args(["Office", "secret"]);
    let command = scene.live.at_home(&mut command).env_remove("OPENRAS_SOCKET");
    let mut talk = Talk::of(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    talk.expect("connected\n");
    let services = private_services(scene.live.home());
    talk.say("hangup");
    talk.end("holds", 0);
    assert_eq!(services.len(), 1);
    assert!(std::process::Command::new("kill").arg(services[0].to_string()).status().unwrap().success());
    until("the private service ends", || private_services(scene.live.home()).is_empty().then_some(()));
}
