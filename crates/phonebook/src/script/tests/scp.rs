use std::net::Ipv4Addr;

use super::*;

/// The typical script of the reference, word for word.
const TYPICAL: &str = r#"
proc main
   waitfor "ogin:" until 30
   if $FAILURE then
      halt
   endif
   transmit $USERID
   transmit "^M"
   waitfor "assword:", matchcase
   transmit $PASSWORD, raw
   transmit "<cr>"
   waitfor "PPP"
endproc
"#;

#[test]
fn the_typical_script_logs_in_and_leaves_the_rest_for_ppp() {
    let mut story = Story::scp(TYPICAL);
    story.hears_slowly("Welcome\r\nLOGIN:").sent("alice\r");
    story.hears("PASSWORD:").goes_on().hears("Password:").sent("p^Mw\r");
    story.hears("alice\r\nStarting PPP\x7e\u{7f}").connected();
    assert_eq!(story.run.rest(), b"\x7e\x7f");
    story.hears("more");
    assert_eq!(story.run.rest(), b"more");
}

#[test]
fn a_timeout_is_seen_and_halt_leaves_the_terminal_open() {
    let mut story = Story::scp(TYPICAL);
    assert_eq!(story.run.poll_timeout(), Some(story.now + Duration::from_secs(30)));
    story.waits(29_999).goes_on().waits(1);
    assert_eq!(story.run.outcome(), Some(&Outcome::Halted));
}

#[test]
fn a_spurious_tick_changes_nothing() {
    let mut story = Story::scp(TYPICAL);
    for _ in 0..20_000 {
        story.waits(0).goes_on();
    }
}

#[test]
fn escapes_are_sent_as_the_octets_they_stand_for() {
    let mut story = Story::main(r#"transmit "^@^Z^z^_^[<CR><lf>\"\^\<\\^1<x>\q" transmit "^M<cr>\"", raw"#);
    story.connected().sent("\0\x1a\x1a\x1f\x1b\r\n\"^<\\^1<x>\\q^M<cr>\\\"");
}

#[test]
fn without_raw_a_password_is_read_for_escapes_as_windows_does() {
    Story::main("transmit $PASSWORD").connected().sent("p\rw");
    Story::main("string s = $PASSWORD + \"<lf>\" transmit s, raw").connected().sent("p^Mw<lf>");
}

#[test]
fn operators_bind_as_the_reference_says() {
    let yes = |condition: &str| {
        Story::main(&format!("if {condition} then transmit \"y\" endif")).connected().sent("y");
    };
    yes("1 + 2 * 3 == 7");
    yes("(1 + 2) * 3 == 9");
    yes("-2 + 3 == 1 and 7 / 2 == 3");
    yes("TRUE or FALSE and FALSE");
    yes("!FALSE and !(1 > 2) and 2 >= 2 and 1 <= 2 and 1 != 2");
    yes("\"a\" + \"b\" == \"ab\" and \"a\" != \"A\"");
    yes("10 - 2 - 3 == 5");
    yes("true == TRUE");
    yes("!$SUCCESS and !$FAILURE");
}

#[test]
fn variables_labels_and_loops() {
    let text = "integer n = 3 string s boolean ok = TRUE\nS = \"x\"\n while n > 0 do transmit s n = n - 1 endwhile\n\
                goto over\n transmit \"no\"\n over:\n ok = FALSE if ok then transmit \"no\" endif transmit \"end\"";
    Story::main(text).connected().sent("xxxend");
}

#[test]
fn each_text_of_a_waitfor_has_its_label() {
    let text = "again: waitfor \"name:\" then name, \"busy\" matchcase then busy, \"x\", matchcase then other until 5\n\
                transmit \"timeout\" goto again\n name: transmit \"N\" goto again\n busy: transmit \"B\" goto again\nother: halt";
    let mut story = Story::main(text);
    story.hears("NAME:BUSYbusy").sent("NB").goes_on();
    story.waits(5000).sent("timeout");
    story.hears("X").goes_on().hears("x");
    assert_eq!(story.run.outcome(), Some(&Outcome::Halted));
}

#[test]
fn what_came_before_a_waitfor_is_still_looked_at() {
    let mut story =
        Story::main("delay 2 waitfor \"login:\" transmit \"a\" waitfor \"no\" until 1 waitfor \"word:\"");
    story.hears("login:password:").sent("").waits(1999).sent("").waits(1).sent("a");
    // also what a waitfor that gave up has seen
    story.waits(1000).connected();
}

#[test]
fn an_address_is_found_in_the_text() {
    let mut story = Story::main("set ipaddr getip 2 transmit \"k\"");
    story.hears_slowly("v1.2 300.1.1.1 1.2.3.4.5 server 10.0.0.1, you 10.0.0.2").goes_on().sent("");
    story.hears(".\r\nPPP").connected().sent("k");
    assert_eq!(story.others, [Output::Address(Ipv4Addr::new(10, 0, 0, 2))]);
    assert_eq!(story.run.rest(), b"\r\nPPP");
    let mut story = Story::main("string s\ns = getip\nset ipaddr s\ngetip\ntransmit \"end\"");
    story.hears("IP 1.2.3.4\r\n").hears("5.6.7.8\r\n").connected().sent("end");
    assert_eq!(story.others, [Output::Address(Ipv4Addr::new(1, 2, 3, 4))]);
    assert!(Story::main("set ipaddr \"x\"").failed(752, 2).contains("no IP address"));
}

#[test]
fn settings_are_given_to_the_caller() {
    let text = "set port databits 7 set port parity even set port stopbits 2 set screen keyboard off set screen keyboard on";
    let mut story = Story::main(text);
    story.connected();
    assert_eq!(
        story.others,
        [
            Output::Port(PortSetting::DataBits(7)),
            Output::Port(PortSetting::Parity(Parity::Even)),
            Output::Port(PortSetting::StopBits(2)),
            Output::Keyboard(false),
            Output::Keyboard(true),
        ]
    );
}

#[test]
fn a_mistake_has_its_line() {
    for (text, line) in [
        ("", 1),
        ("proc other\nendproc\n", 2),
        ("proc main\ntransmit\nendproc", 3),
        ("proc main\n\ntransmit 5\nendproc", 3),
        ("proc main\n;\n;\nfrobnicate\nendproc", 4),
        ("proc main\nendproc\nproc main\nendproc", 3),
        ("proc main\ngoto x\nendproc", 2),
        ("proc main\nx:\nx:\nendproc", 3),
        ("proc main\ntransmit \"a\nendproc", 2),
        ("proc main\nif 1 then\nendif\nendproc", 2),
        ("proc main\nif TRUE then\nendproc", 3),
        ("proc main\ninteger a\ninteger A\nendproc", 3),
        ("proc main\ndelay 1\ninteger a\nendproc", 3),
        ("proc main\nx = 1\nendproc", 2),
        ("proc main\ninteger halt\nendproc", 2),
        ("proc main\ntransmit $PASSWORT\nendproc", 2),
        ("proc main\nset port databits 9\nendproc", 2),
        ("proc main\nset port parity maybe\nendproc", 2),
        ("proc main\nset screen keyboard\nendproc", 3),
        ("proc main\nwaitfor \"a\", \"b\" then l\nl:\nendproc", 2),
        ("proc main\ndelay 99999999999\nendproc", 2),
        ("proc main\ndelay 1 + \"a\"\nendproc", 2),
        ("proc main\n§\nendproc", 2),
        ("proc main\n$USERID = \"x\"\nendproc", 2),
        ("proc main", 1),
    ] {
        let error = wrong(Kind::Scp, text);
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.to_string().contains("(752 ERROR_SCRIPT_SYNTAX)"), "{error}");
    }
    let deep = format!("proc main\ndelay {}1{}\nendproc", "(".repeat(1000), ")".repeat(1000));
    assert_eq!(wrong(Kind::Scp, &deep).line, 2);
    let long = format!("proc main\ndelay 1{}\nendproc", "+1".repeat(1000));
    assert_eq!(wrong(Kind::Scp, &long).line, 2);
}

#[test]
fn a_mistake_while_it_runs_has_its_line_too() {
    assert!(Story::main("integer n\n\ndelay 1 / n").failed(752, 4).contains("division by zero"));
    Story::main("integer n = 2147483647\nn = n * n").failed(752, 3);
}
