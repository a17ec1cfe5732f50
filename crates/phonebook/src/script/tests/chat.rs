use super::*;

#[test]
fn the_script_of_the_manual_page_dials_and_logs_in() {
    let mut story = Story::chat(
        "# comment\nABORT BUSY ABORT 'NO CARRIER'\nTIMEOUT 5\n'' ATZ OK ATDT\\T CONNECT ''\nogin: \\L ssword: \\q\\P\nPPP",
    );
    story.sent("ATZ\r").hears("\r\nOK\r\n").sent("ATDT555\r").hears_slowly("CONNECT 33600").sent("\r");
    story.hears("login:").sent("alice\r").hears("Password:").sent("p^Mw\r").hears("PPP~").connected();
    assert_eq!(story.run.rest(), b"~");
}

#[test]
fn what_ends_a_script_gives_its_number() {
    for (said, number) in
        [("BUSY", 676), ("NO CARRIER", 679), ("Login incorrect", 691), ("NO DIALTONE", 680), ("WEIRD", 651)]
    {
        let mut story = Story::chat(&format!("\nABORT '{said}'\nCONNECT x"));
        story.hears(said);
        assert!(story.failed(number, 3).contains(said));
    }
    let mut story = Story::chat("ABORT BUSY CLR_ABORT BUSY CONNECT x");
    story.hears("BUSY").goes_on().hears("CONNECT").sent("x\r").connected();
}

#[test]
fn what_does_not_come_in_time_ends_the_script() {
    let mut story = Story::chat("a b\nTIMEOUT 3 c");
    story.waits(44_999).goes_on().waits(1);
    assert!(story.failed(638, 1).contains("did not come in 45 s"));
    let mut story = Story::chat("a b\nTIMEOUT 3 c");
    story.hears("a").sent("b\r").waits(3000);
    story.failed(638, 2);
}

#[test]
fn a_sub_expect_sends_and_waits_again() {
    let mut story = Story::chat("TIMEOUT 2 ogin:--ogin:-\\x\\c-in: end");
    story.hears("noise").waits(2000).sent("\r").waits(2000).sent("x").hears("in:").sent("end\r").connected();
    let mut story = Story::chat("TIMEOUT 2 a-\\c-b end");
    story.waits(2000).sent("").waits(1999).goes_on().waits(1);
    story.failed(638, 1);
    // a hyphen that is one
    Story::chat("a\\-b x").hears("a-b").sent("x\r").connected();
}

#[test]
fn escapes_are_those_of_chat() {
    let mut story = Story::chat("'' 'a b\\s\\t\\n\\r\\b\\\\\\101\\N^C^[\\c'");
    story.sent("a b \t\n\r\x08\\A\0\x03\x1b").connected();
    Story::chat("'' EOT").sent("\x04").connected();
    Story::chat("\\x41^J\\s x").goes_on().hears("x41\n ").sent("x\r").connected();
    let mut story = Story::chat("'' BREAK");
    story.sent("").connected();
    assert_eq!(story.others, [Output::Break]);
    let mut story = Story::chat("'' a\\d\\pb");
    story.sent("a").waits(999).sent("").waits(1).sent("").waits(99).sent("").waits(1).sent("b\r").connected();
}

#[test]
fn texts_are_told() {
    let mut story = Story::chat("SAY 'hello\\n' REPORT CONNECT CONNECT '' x y");
    story.hears("CONNECT 9600\r\nx").sent("\ry\r").connected();
    assert_eq!(story.others, [Output::Say("hello\n".into()), Output::Say("CONNECT 9600".into())]);
}

#[test]
fn a_mistake_has_its_line() {
    for (text, line) in [
        ("a 'b", 1),
        ("a b\nABORT", 2),
        ("\n\nTIMEOUT x", 3),
        ("ECHO maybe", 1),
        ("a\nb @/etc/passwd", 2),
        ("a \\U", 1),
        ("\nTIMEOUT", 2),
    ] {
        assert_eq!(wrong(Kind::Chat, text).line, line, "{text}");
    }
    assert_eq!(wrong(Kind::Chat, &"a-".repeat(100)).line, 1);
}
