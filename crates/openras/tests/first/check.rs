//! `openras check-config`.

use serde_json::Value;

use crate::lab::Lab;

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nip = \"loopback\"\n";

#[test]
fn a_good_file_is_0_and_says_so() {
    let lab = Lab::with(PORT);
    let done = lab.run(&["check-config", "--config", "openras.toml", "--strict"]);
    assert_eq!(
        (done.code, done.out.as_str()),
        (0, "openras.toml: no mistake; 1 port, 0 warnings\n"),
        "{}",
        done.err
    );
    // the usual place, and the file without its flag
    std::fs::create_dir_all(lab.path(".config/openras")).unwrap();
    std::fs::copy(lab.path("openras.toml"), lab.path(".config/openras/openras.toml")).unwrap();
    assert_eq!(lab.run(&["check-config", "openras.toml"]).code, 0);
    assert_eq!(lab.run(&["check-config"]).code, 0);
}

#[test]
fn every_mistake_is_said_with_its_line_and_that_is_3() {
    let lab = Lab::new();
    lab.config(&format!("{PORT}call = 3\nmodules = [\"ghost\"]\npool = \"x\"\n"));
    let done = lab.run(&["check-config", "openras.toml"]);
    assert_eq!(done.code, 3, "{}", done.err);
    for said in [
        "openras.toml:6:1: mistake: \"call\" is no key",
        "openras.toml:7:12: mistake: the module \"ghost\"",
        "openras.toml:8:8: mistake:",
        "3 mistakes",
    ] {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    assert!(!done.out.contains('\u{1b}'), "colour is for terminals");
    let done = lab.run(&["check-config", "openras.toml", "--json"]);
    let told: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((done.code, told.len()), (3, 3));
    assert!(told.iter().all(|one| one["level"] == "mistake" && one["line"].as_u64() >= Some(6)), "{told:?}");
    let done = lab.run(&["check-config", "missing.toml"]);
    assert!(done.code == 3 && done.out.contains("missing.toml: mistake: it cannot be read"), "{}", done.out);
}

#[test]
fn warnings_are_said_with_their_line_and_are_failures_where_that_is_asked() {
    let lab = Lab::with(&format!("{PORT}capture = true\nname_check = \"off\"\n"));
    let done = lab.run(&["check-config", "openras.toml"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(done.out.contains("openras.toml:6: warning: every call of line1 is recorded"), "{}", done.out);
    assert!(
        done.out.contains("openras.toml:7: warning: ") && done.out.contains("2 warnings"),
        "{}",
        done.out
    );
    assert_eq!(lab.run(&["check-config", "openras.toml", "--strict"]).code, 1);
    let done = lab.run(&["check-config", "openras.toml", "--json"]);
    let told: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told.len() == 2 && told.iter().all(|one| one["level"] == "warning"), "{told:?}");
}

#[test]
fn a_service_that_runs_by_it_is_not_disturbed() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let at = server.line("line1");
    let port = format!("[[port]]\nname = \"line1\"\nline = \"listen:{at}\"\n");
    lab.config(&port);
    let done = lab.run(&["check-config", "openras.toml"]);
    assert!(done.code == 0 && done.out.contains("in use already"), "{}{}", done.out, done.err);
    let done = lab.dial(&at, &["--ping", "1"]);
    assert_eq!(done.code, 0, "{}", done.err);
}
