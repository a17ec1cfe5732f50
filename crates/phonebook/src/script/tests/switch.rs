use super::*;

const FILE: &str = "; SWITCH.INF\r\n[other]\r\nCOMMAND=x\r\n[Login]\r\nCOMMAND=\r\nOK=<match>\"ogin:\"\r\nLOOP=<ignore>\r\n\
COMMAND=<username><cr>\r\nERROR_NO_CARRIER=<match>\"NO CARRIER\"\r\nOK=<match>\"word\"<?>\r\nLOOP=<ignore>\r\n\
COMMAND=<password><cr>\r\nCONNECT=<match>\"PPP\"\r\nERROR_DIAGNOSTICS=<match>\"ERROR:\"<diagnostics>\r\nOK=<ignore>\r\n\
COMMAND=end\r\n[last]\r\nCOMMAND=y\r\n";

fn login() -> Story {
    Story::of(&Script::parse_switch(FILE.as_bytes(), "login").unwrap())
}

#[test]
fn a_section_waits_sends_and_reads_on() {
    let mut story = login();
    story.hears("host lo").waits(1999).sent("").waits(1).sent("").hears_slowly("gin: ").sent("alice\r");
    story.hears("banner").waits(59_000).goes_on().hears("Password").goes_on().hears(":").sent("p^Mw\r");
    story.hears("PPP~").connected();
    assert_eq!(story.run.rest(), b"~");
}

#[test]
fn an_answer_that_fits_anything_counts_when_nothing_more_comes() {
    let mut story = login();
    story.waits(2000).hears("login:").hears("password:").sent("alice\rp^Mw\r");
    story.hears("EXE").waits(499).goes_on().hears("C>").waits(499).goes_on().waits(1).goes_on();
    // the last command has no responses: it ends the section, after the pause before a text without <cr>
    story.sent("").waits(250).sent("end").connected();
}

#[test]
fn errors_have_their_number_and_the_text_of_the_other_end() {
    let mut story = login();
    story.waits(2000).hears("login:").hears("NO CARRIER");
    story.failed(679, 9);
    let mut story = login();
    story.waits(2000).hears("login:").hears("password:").hears("ERROR: line ").goes_on().hears("12\x1b\r\n");
    assert!(story.failed(651, 14).contains("ERROR: line 12\\u{1b}"));
}

#[test]
fn silence_and_strange_answers_end_it() {
    login().waits(2000).waits(60_000).failed(638, 5);
    let script = Script::parse_switch(b"[a]\nCOMMAND=x<cr>\nOK=<h4f><h00>", "A").unwrap();
    let mut story = Story::of(&script);
    story.sent("x\r").hears("what?").waits(2000);
    assert!(story.failed(652, 2).contains("what?"));
    Story::of(&script).hears("O\0").connected();
}

#[test]
fn no_response_goes_on_at_once() {
    let script =
        Script::parse_switch(b"[a]\nCOMMAND=x<cr>\nNoResponse\nCOMMAND=y<cr><lf><h00>", "a").unwrap();
    Story::of(&script).sent("x\r").goes_on().waits(250).sent("y\r\n\0").connected();
}

#[test]
fn a_mistake_has_its_line() {
    for (text, line) in [
        ("[b]\nCOMMAND=", 1),
        ("[a]\nOK=x", 2),
        ("[a]\nCOMMAND=<match>\"x\"", 2),
        ("[a]\nCOMMAND=\nOK=<match>x", 3),
        ("[a]\nCOMMAND=\nOK=<cr", 3),
        ("[a]\nCOMMAND=\nMAYBE=x", 3),
        ("[a]\nCOMMAND=<hZZ>", 2),
        ("[12345678901234567890123456789012]\n[a]", 1),
    ] {
        assert_eq!(Script::parse_switch(text.as_bytes(), "a").unwrap_err().line, line, "{text}");
    }
}
