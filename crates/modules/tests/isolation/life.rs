//! How a jailed process begins and ends.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use openras_engine::server::DialogVerdict;

use crate::common::*;

#[tokio::test]
async fn the_example_needs_no_setting_to_run_in_the_jail() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/modules/challenge.py");
    let folder = tempfile::tempdir().unwrap();
    let (own, keys) = (folder.path().join("challenge.py"), folder.path().join("tokens.json"));
    std::fs::copy(script, &own).unwrap();
    std::fs::write(&keys, r#"{"heidi": "3132"}"#).unwrap();
    for file in [&own, &keys] {
        std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    }
    if !std::path::Path::new("/usr/bin/python3").exists() {
        return skip("life::the_example_needs_no_setting_to_run_in_the_jail", "no /usr/bin/python3");
    }
    let words = ["python3".to_owned(), own.display().to_string(), keys.display().to_string()];
    let (_registry, module) = module(patient(openras_modules::process::ProgramConfig::new(words)));
    let (verdict, screen) = call(&module, "wrong").await;
    assert!(matches!(verdict, DialogVerdict::Failure { .. }), "{verdict:?}");
    assert!(screen.contains("Login incorrect."), "{screen}");
}

#[tokio::test]
async fn the_record_says_how_a_jailed_program_ended() {
    for (script, how) in [("exit 3", "status 3"), ("kill -9 $$", "signal 9"), ("exit 200", "status 200")] {
        let (_registry, module) = module(sh(&format!("{READ}{script}")));
        let (verdict, _) = call(&module, "").await;
        let DialogVerdict::Error { code: 1067, text } = verdict else { panic!("{verdict:?}") };
        assert!(text.contains(how), "{text}");
    }
}

#[tokio::test]
async fn processor_time_is_bounded() {
    let mut config = sh(&format!("{READ}while :; do :; done"));
    config.limits.cpu_seconds = 1;
    let (_registry, module) = module(config);
    let (verdict, _) = call(&module, "").await;
    let DialogVerdict::Error { code: 1067, text } = verdict else { panic!("{verdict:?}") };
    assert!(text.contains("signal 9"), "{text}");
}

#[tokio::test]
async fn a_program_asks_for_time_and_gets_five_minutes_in_all() {
    let more = r#"echo '{"type":"more","seconds":200}'; "#;
    let mut config = sh(&format!("{READ}{more}{more}{more} sleep 1; {SUCCESS}"));
    // its own silence is not counted while it has asked for time
    config.limits.answer = Duration::from_millis(200);
    let (_registry, module) = module(config);
    let (verdict, screen) = call(&module, "").await;
    assert_eq!((verdict, screen.as_str()), (alice(), "[200s][100s]"));
}

#[tokio::test]
async fn a_second_verdict_is_refused_and_counted() {
    let twice =
        format!("{READ}{}{SUCCESS}", r#"echo '{"type":"complete","verdict":"failure","user":"bob"}'; "#);
    let (registry, module) = module(sh(&twice));
    let (verdict, _) = call(&module, "").await;
    assert_eq!(verdict, DialogVerdict::Failure { user: "bob".into(), domain: String::new() });
    until("it is counted", || registry.conditions().next().unwrap().1.refused > 0).await;
}

#[tokio::test]
async fn a_verdict_for_another_dialog_is_no_message_where_there_is_one() {
    let other = r#"echo '{"type":"complete","dialog":"d2","verdict":"success","user":"x"}'"#;
    let (_registry, module) = module(sh(&format!("{READ}{other}")));
    let (verdict, _) = call(&module, "").await;
    assert!(matches!(verdict, DialogVerdict::Error { code: 13, .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_process_that_ignores_everything_ends_with_its_dialog() {
    let marker = format!("70100.{}", std::process::id());
    let script =
        format!("trap '' TERM HUP INT; {READ}setsid sleep {marker} & {SUCCESS} while :; do wait; done");
    let mut config = sh(&script);
    config.limits.grace = Duration::from_millis(300);
    let (registry, module) = module(config);
    assert_eq!(call(&module, "").await.0, alice());
    drop((registry, module));
    gone(&marker).await;
}

/// A service that is killed: this process plays the jail's parent, and goes away without a word.
#[tokio::test]
async fn a_jail_ends_with_a_service_that_was_killed() {
    let marker = format!("70200.{}", std::process::id());
    let uids = openras_modules::Parts::default().uids;
    let identity = is_root()
        .then(|| serde_json::json!({ "uid": uids.start, "gid": uids.start, "sweeper": uids.end - 1 }));
    let script = format!("trap '' TERM HUP; setsid sleep {marker} & sleep {marker}; echo left");
    for kind in ["namespaces", "own_uid"] {
        if kind == "own_uid" && !is_root() {
            continue;
        }
        let settings = serde_json::json!({
            "kind": kind, "program": "/bin/sh", "arguments": ["-c", script], "folder": null, "readable": [],
            "network": false, "identity": identity, "grace": 100, "probe": false,
            "ceilings": { "memory": null, "cpu": 30, "files": 64, "processes": 16, "file": 1_048_576 },
        });
        let mut command = Command::new(helper());
        command.args(["module-jail", "supervise", &settings.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        if !line.contains("ready") {
            child.wait().unwrap();
            return skip("life::a_jail_ends_with_a_service_that_was_killed", line.trim());
        }
        until("it begins", || running(&format!("sleep {marker}")).len() >= 2).await;
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"x").unwrap();
        drop(stdin); // all that is left of a killed service
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert!(!ended.success(), "{ended}");
        gone(&marker).await;
    }
}

/// The other kill path: not the service goes, but the jail's own supervisor, as by hand or when memory runs out.
#[tokio::test]
async fn a_supervisor_that_is_killed_at_any_moment_leaves_nothing() {
    let test = "life::a_supervisor_that_is_killed_at_any_moment_leaves_nothing";
    if let Err(why) = registry(sh(SUCCESS), &parts()) {
        return skip(test, &why);
    }
    let marker = format!("70300.{}", std::process::id());
    let uids = openras_modules::Parts::default().uids;
    let identity = is_root().then(
        || serde_json::json!({ "uid": uids.start + 9, "gid": uids.start + 9, "sweeper": uids.end - 9 }),
    );
    let settings = serde_json::json!({
        "kind": "namespaces", "program": "/bin/sh", "folder": null, "readable": [], "network": false,
        "arguments": ["-c", format!("trap '' TERM HUP; setsid sleep {marker} & sleep {marker}")],
        "identity": identity, "grace": 100, "probe": false,
        "ceilings": { "memory": null, "cpu": 30, "files": 64, "processes": 16, "file": 1_048_576 },
    });
    let mut alive = Vec::new();
    for moment in 0..60_u32 {
        let mut command = Command::new(helper());
        command.args(["module-jail", "supervise", &settings.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // its input stays open: nothing but the kill tells the jail that it is over
        alive.push((child.stdin.take(), child.stdout.take()));
        let until = std::time::Instant::now() + Duration::from_micros(300) * moment;
        while std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    gone(&marker).await;
}
