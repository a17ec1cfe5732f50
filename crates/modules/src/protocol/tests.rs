use proptest::prelude::*;

use super::*;

fn read(line: &str) -> Result<DialogCommand, Malformed> {
    match parse(line.as_bytes(), false)? {
        FromProgram::Command(command) => Ok(command),
        FromProgram::Log(_) | FromProgram::Begun => panic!("a command was expected"),
    }
}

fn refused_for(line: &str) -> String {
    read(line).expect_err("must not be taken").to_string()
}

#[test]
fn a_send_carries_base64_or_text_and_never_both() {
    assert!(
        matches!(read(r#"{"type":"send","data":"AP9h"}"#), Ok(DialogCommand::Send(b)) if b == [0, 0xFF, b'a'])
    );
    assert!(
        matches!(read(r#"{"type":"send","text":"Hi\r\n"}"#), Ok(DialogCommand::Send(b)) if b == b"Hi\r\n")
    );
    for wrong in
        [r#"{"type":"send"}"#, r#"{"type":"send","data":"%"}"#, r#"{"type":"send","data":"","text":""}"#]
    {
        assert!(refused_for(wrong).contains("data"), "{wrong}");
    }
    let long = format!(r#"{{"type":"send","text":"{}"}}"#, "x".repeat(65_536));
    assert!(refused_for(&long).contains("65535"));
}

#[test]
fn a_receive_has_a_length_a_time_and_a_way_to_complete() {
    let Ok(DialogCommand::Receive { max, timeout, any }) =
        read(r#"{"type":"receive","max":6,"timeout":1.5,"any":true}"#)
    else {
        panic!()
    };
    assert_eq!((max, timeout, any), (6, Some(Duration::from_millis(1500)), true));
    for forever in [r#"{"type":"receive","max":1}"#, r#"{"type":"receive","max":1,"timeout":0,"any":null}"#] {
        assert!(matches!(read(forever), Ok(DialogCommand::Receive { timeout: None, any: false, .. })));
    }
    let by_configuration = parse(br#"{"type":"receive","max":1}"#, true);
    assert!(matches!(by_configuration, Ok(FromProgram::Command(DialogCommand::Receive { any: true, .. }))));
    for wrong in ["0", "65536", "-1", "\"6\"", "1e99", "null"] {
        assert!(refused_for(&format!(r#"{{"type":"receive","max":{wrong}}}"#)).contains("max"), "{wrong}");
    }
    for wrong in ["-1", "86401", "1e300", "true"] {
        let line = format!(r#"{{"type":"receive","max":1,"timeout":{wrong}}}"#);
        assert!(refused_for(&line).contains("timeout"), "{wrong}");
    }
}

#[test]
fn an_ask_has_a_prompt_and_an_echo() {
    let Ok(DialogCommand::Ask(ask)) =
        read(r#"{"type":"ask","prompt":"Code: ","echo":"mask","max":8,"timeout":30}"#)
    else {
        panic!()
    };
    assert_eq!((ask.prompt.as_str(), ask.echo, ask.max), ("Code: ", Echo::Mask, 8));
    assert_eq!(ask.timeout, Some(Duration::from_secs(30)));
    assert!(
        matches!(read(r#"{"type":"ask","prompt":""}"#), Ok(DialogCommand::Ask(a)) if a.max == 256 && a.echo == Echo::Yes)
    );
    assert!(refused_for(r#"{"type":"ask"}"#).contains("prompt"));
    assert!(refused_for(r#"{"type":"ask","prompt":"?","echo":"loud"}"#).contains("echo"));
    assert!(refused_for(r#"{"type":"ask","prompt":"?","max":1025}"#).contains("1024"));
}

#[test]
fn a_verdict_is_one_of_three() {
    let verdict = |line: &str| match read(line) {
        Ok(DialogCommand::Complete(verdict)) => verdict,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        verdict(r#"{"type":"complete","verdict":"success","user":"alice","domain":"LAB"}"#),
        DialogVerdict::Success { user: "alice".into(), domain: "LAB".into() }
    );
    assert_eq!(
        verdict(r#"{"type":"complete","verdict":"failure"}"#),
        DialogVerdict::Failure { user: String::new(), domain: String::new() }
    );
    assert_eq!(
        verdict(r#"{"type":"complete","verdict":"error","code":13,"text":"no data"}"#),
        DialogVerdict::Error { code: 13, text: "no data".into() }
    );
    assert!(refused_for(r#"{"type":"complete","verdict":"yes"}"#).contains("verdict"));
    assert!(refused_for(r#"{"type":"complete","verdict":"success","user":"a\u0000b"}"#).contains("control"));
    let long = format!(r#"{{"type":"complete","verdict":"success","user":"{}"}}"#, "u".repeat(257));
    assert!(refused_for(&long).contains("256"));
    assert!(
        refused_for(r#"{"type":"complete","verdict":"success","domain":"0123456789abcdef"}"#).contains("15")
    );
    // a success must not carry an error's fields: what was meant is not clear, so it is refused
    assert!(
        refused_for(r#"{"type":"complete","verdict":"success","user":"a","code":5}"#)
            .contains("does not know")
    );
}

#[test]
fn what_is_not_a_message_is_refused_without_repeating_it() {
    let cases = [
        ("", "not JSON"),
        ("hunter2", "not JSON"),
        ("[]", "object"),
        ("{}", "object"),
        (r#"{"type":7}"#, "object"),
        (r#"{"type":"hunter2"}"#, "none of"),
        (r#"{"type":"log","text":"x","hunter2":1}"#, "does not know"),
        (r#"{"type":"send","text":["hunter2"]}"#, "must be text"),
    ];
    for (line, why) in cases {
        let said = refused_for(line);
        assert!(said.contains(why) && !said.contains("hunter2"), "{line}: {said}");
    }
    assert!(parse(&b"[".repeat(100_000), false).is_err(), "deep nesting is refused, not followed");
}

#[test]
fn every_message_to_a_program_is_one_line_of_json() {
    let config = serde_json::json!({ "users": { "alice": "1\n2" } });
    let begin = Begin {
        v: VERSION,
        call: "c7",
        port: "line1/1",
        device: "tcp",
        line: "tcp",
        source: "192.0.2.7",
        number: None,
        limit: Some(300),
        config: &config,
    };
    let secret = Secret::new(b"p\"\\\n\xC3\xA4".to_vec());
    let lines = [begin.line(), received(&secret), line(&secret), timeout(), refused(616), end()];
    let kinds = ["begin", "received", "line", "timeout", "refused", "end"];
    for (line, kind) in lines.iter().zip(kinds) {
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1, "{kind}");
        let value: Value = serde_json::from_slice(line).unwrap();
        assert_eq!(value["type"], kind);
    }
    let begin: Value = serde_json::from_slice(&lines[0]).unwrap();
    assert_eq!((&begin["v"], &begin["config"]), (&1.into(), &config));
    let answer: Value = serde_json::from_slice(&lines[2]).unwrap();
    assert_eq!(answer["text"], "p\"\\\nä");
    assert_eq!(BASE64.decode(answer["data"].as_str().unwrap().as_bytes()).unwrap(), secret.expose());
}

#[test]
fn a_line_that_is_not_utf_8_has_no_text() {
    let answer: Value = serde_json::from_slice(&line(&Secret::new(vec![0xFF]))).unwrap();
    assert_eq!((&answer["data"], answer.get("text")), (&"/w==".into(), None));
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes, false);
    }

    #[test]
    fn no_json_of_known_words_makes_the_parser_panic(
        kind in "send|receive|ask|complete|log|x",
        name in "data|text|max|timeout|any|prompt|echo|verdict|user|domain|code",
        value in "-?[0-9]{1,25}(\\.[0-9])?|true|null|\"[a-zA-Z=]{0,9}\"|\\[\\]|\\{\\}|\"success\"",
        more in "(,\"verdict\":\"error\"|,\"prompt\":\"p\"|,\"max\":3)?",
    ) {
        let _ = parse(format!(r#"{{"type":"{kind}","{name}":{value}{more}}}"#).as_bytes(), true);
    }

    #[test]
    fn sent_bytes_survive_the_way_through_base64(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let line = format!(r#"{{"type":"send","data":"{}"}}"#, BASE64.encode(&bytes));
        prop_assert!(matches!(read(&line), Ok(DialogCommand::Send(sent)) if sent == bytes));
        let back: Value = serde_json::from_slice(&received(&Secret::new(bytes.clone()))).unwrap();
        prop_assert_eq!(BASE64.decode(back["data"].as_str().unwrap().as_bytes()).unwrap(), bytes);
    }
}

#[test]
fn more_time_is_asked_for_in_whole_seconds() {
    assert!(matches!(
        read(r#"{"type":"more","seconds":60}"#),
        Ok(DialogCommand::Extend(time)) if time == Duration::from_secs(60)
    ));
    for wrong in ["0", "301", "-1", "1.5", "\"60\"", "null"] {
        assert!(
            refused_for(&format!(r#"{{"type":"more","seconds":{wrong}}}"#)).contains("seconds"),
            "{wrong}"
        );
    }
}

#[test]
fn a_line_of_many_dialogs_names_one_and_a_line_of_one_names_none() {
    let line = br#"{"type":"log","dialog":"d7","text":"x"}"#;
    assert!(
        matches!(parse_addressed(line, false), (Some(dialog), Ok(FromProgram::Log(_))) if dialog == "d7")
    );
    assert_eq!(parse(line, false).err(), Some(Malformed::Extra("log")));
    assert!(matches!(parse_addressed(br#"{"type":"log","text":"x"}"#, false), (None, Ok(_))));
    for wrong in [r#"{"type":"log","dialog":7,"text":"x"}"#, "[]", "x"] {
        assert!(matches!(parse_addressed(wrong.as_bytes(), false), (None, Err(_))), "{wrong}");
    }
    let told = addressed("d\"7", &received(&"a".into()));
    let told = String::from_utf8(told.to_vec()).unwrap();
    assert_eq!(told, "{\"dialog\":\"d\\\"7\",\"type\":\"received\",\"data\":\"YQ==\"}\n");
}
