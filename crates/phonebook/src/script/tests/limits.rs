use super::*;

#[test]
fn a_loop_that_waits_for_nothing_is_cut() {
    for text in [
        "a: goto a",
        "while TRUE do endwhile",
        "a: delay 0 goto a",
        "a: delay -5 goto a",
        "a: waitfor \"\" until 0 goto a",
        "a: waitfor \"x\" until 0 goto a",
        "a: set screen keyboard on goto a",
    ] {
        assert!(Story::main(text).failed(752, 2).contains("in a circle"), "{text}");
    }
    // one that waits may go on for ever
    let mut story = Story::main("a: delay 1 transmit \".\" goto a");
    for _ in 0..20_000 {
        story.waits(1000).goes_on();
    }
}

#[test]
fn a_flood_does_not_stop_the_search_nor_grow_the_window() {
    let mut story = Story::main("waitfor \"end\" transmit \"ok\" waitfor \"never\"");
    let flood = "e".repeat(3 << 20) + "nd";
    story.hears(&flood).sent("ok");
    story.hears(&flood).goes_on();
    assert!(story.run.rest().len() <= 8 << 10);
}

#[test]
fn what_a_script_sends_and_builds_is_limited() {
    let text =
        "integer n = 900 string s = \"0123456789\"\nwhile n > 0 do s = s + \"0123456789\" n = n - 1 endwhile";
    assert!(Story::main(text).failed(752, 3).contains("longer than 1024"));
    let long = "x".repeat(1000);
    let script =
        Script::parse(Kind::Scp, format!("proc main a: transmit \"{long}\" goto a endproc").as_bytes())
            .unwrap();
    let mut run = Run::new(&script, Login::default(), Instant::now());
    let mut sent = 0;
    while let Some(output) = run.poll_output() {
        if let Output::Write(bytes) = output {
            sent += bytes.len();
        }
    }
    assert!((64 << 10..70 << 10).contains(&sent), "{sent}");
    assert!(wrong(Kind::Chat, &"x ".repeat(LARGEST)).what.contains("64 KiB"));
}

#[test]
fn a_password_is_nowhere_to_be_seen() {
    let script = "proc main string s = $PASSWORD transmit s, raw waitfor s endproc";
    let script = Script::parse(Kind::Scp, script.as_bytes()).unwrap();
    let login = Login { password: Secret::from("hunter2"), ..Login::default() };
    let mut run = Run::new(&script, login.clone(), Instant::now());
    let mut shown = format!("{login:?} {run:?} {script:?}");
    while let Some(output) = run.poll_output() {
        shown += &format!("{output:?}");
    }
    assert!(!shown.contains("hunter2") && !shown.contains("[104, 117"), "{shown}");
    let chat = Script::parse(Kind::Chat, b"login: hunter2").unwrap();
    assert!(!format!("{chat:?}").contains("hunter2"));
}

#[test]
fn the_language_follows_the_name() {
    for (path, kind) in
        [("a.scp", Kind::Scp), ("/x/A.SCP", Kind::Scp), ("a.chat", Kind::Chat), ("scp", Kind::Chat)]
    {
        assert_eq!(Kind::of(Path::new(path)), kind);
    }
}
