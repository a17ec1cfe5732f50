use super::*;

#[test]
fn libraries_never_trace() {
    let table = [
        ("trace", "warn,openras=trace"),
        ("debug,openras_io=trace", "warn,openras=debug,openras_io=trace"),
        ("hyper=trace", "warn,hyper=debug"),
        ("hyper", "warn,hyper=debug"),
        ("hyper=5, rustls=info", "warn,hyper=debug,rustls=info"),
        ("openras_service=debug,off", "warn,openras_service=debug,openras=off"),
        ("4", "warn,openras=4"),
    ];
    for (wanted, capped_to) in table {
        assert_eq!(capped(wanted), capped_to);
        assert!(EnvFilter::try_new(capped(wanted)).is_ok(), "{wanted}");
    }
}

#[test]
fn nothing_in_a_line_steers_a_terminal() {
    let text = "a\\u{1b} \u{1b}[2J \u{9b}1m \u{202e}gnp.exe";
    let shown = safe(text);
    assert!(shown.starts_with("a\\u{1b} \\u{1b}[2J "), "{shown}");
    let json = serde_json::json!({ "message": text }).to_string();
    let line = safe_json(&json);
    for bad in ['\u{1b}', '\u{9b}', '\u{202e}'] {
        assert!(!shown.contains(bad) && !line.contains(bad), "{bad:?} in {shown} or {line}");
    }
    // and means the same
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["message"], text);
}

#[test]
fn a_large_log_is_turned_over_and_a_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    open(&path).unwrap().write_all(b"one\n").unwrap();
    open(&path).unwrap().write_all(b"two\n").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
    File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
    open(&path).unwrap().write_all(b"new\n").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new\n");
    assert_eq!(std::fs::metadata(folder.path().join("log.1")).unwrap().len(), LARGEST + 1);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(open(&link).is_err());
}
