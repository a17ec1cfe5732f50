//! `openras phonebook`.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::lab::{Done, Lab, mode};

/// A book as Windows writes it, with keys that mean nothing to us.
const WINDOWS: &str = "[Office]\r\nEncoding=1\r\nPBVersion=6\r\nType=1\r\nDialParamsUID=7\r\nFuture=yes\r\n\r\n\
                       NETCOMPONENTS=\r\nms_msclient=1\r\n\r\nMEDIA=serial\r\nPort=COM1\r\nDevice=Standard Modem\r\n\r\n\
                       DEVICE=modem\r\nPhoneNumber=5551234\r\nHwFlowControl=1\r\n; a note\r\n";

fn json(lab: &Lab, entry: &str) -> Value {
    let done = lab.run(&["phonebook", "show", entry, "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    serde_json::from_str(&done.out).unwrap()
}

fn good(lab: &Lab, words: &[&str]) -> Done {
    let done = lab.run(&[&["phonebook"], words].concat());
    assert_eq!(done.code, 0, "{words:?}: {}", done.err);
    done
}

/// The exit code and what was said.
fn bad(lab: &Lab, words: &[&str]) -> (i32, String) {
    let done = lab.run(&[&["phonebook"], words].concat());
    assert!(done.code != 0 && done.out.is_empty(), "{words:?}: {}", done.out);
    (done.code, done.err)
}

fn book(lab: &Lab) -> String {
    std::fs::read_to_string(lab.path(".config/openras/rasphone.pbk")).unwrap()
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.secret("pw", "s ecret\n");
    good(&lab, &["add", "Home", "--line", "tcp:127.0.0.1:7001", "--user", "alice", "--password-file", "pw"]);
    lab
}

#[test]
fn an_entry_is_added_shown_changed_renamed_and_removed() {
    let lab = lab();
    let home = json(&lab, "HOME");
    assert_eq!(home["line"], "tcp:127.0.0.1:7001");
    assert_eq!((&home["user"], &home["password_saved"]), (&json!("alice"), &json!(true)));
    assert_eq!(home["auth"], json!(["mschapv2", "chap"]));
    assert!(
        !book(&lab).contains("ecret") && !home.to_string().contains("ecret"),
        "no password outside its file"
    );
    assert_eq!(mode(&lab.path(".config/openras/credentials")), 0o600);

    // only what is named changes
    good(
        &lab,
        &["set", "home", "--auth", "pap", "--terminal", "after-dial", "--domain", "CORP", "--callback", "*"],
    );
    let changed = json(&lab, "Home");
    for key in ["line", "user", "password_saved", "name", "script"] {
        assert_eq!(changed[key], home[key], "{key}");
    }
    assert_eq!((&changed["auth"], &changed["terminal"]), (&json!(["pap"]), &json!("after-dial")));
    assert_eq!((&changed["domain"], &changed["callback"]), (&json!("CORP"), &json!("*")));

    // the credentials stay with the entry
    good(&lab, &["set", "Home", "--name", "Home 2"]);
    assert_eq!(json(&lab, "Home 2")["password_saved"], true);
    good(&lab, &["set", "Home 2", "--forget"]);
    let forgotten = json(&lab, "Home 2");
    assert_eq!((&forgotten["user"], &forgotten["password_saved"]), (&json!(null), &json!(false)));

    let shown = good(&lab, &["list"]).out;
    assert!(shown.contains("Home 2") && shown.contains("tcp:127.0.0.1:7001"), "{shown}");
    good(&lab, &["remove", "home 2"]);
    assert_eq!(good(&lab, &["list", "--json"]).out, "");
}

#[test]
fn what_cannot_be_done_has_its_number_and_changes_nothing() {
    let lab = lab();
    let before = book(&lab);
    let refused = [
        (&["add", "HOME", "--line", "tcp:h:1"][..], 1, "183"),
        (&["add", "a/b", "--line", "tcp:h:1"], 3, "123"),
        (&["add", "b", "--line", "tcp:h:1", "--password-file", "missing"], 3, "missing"),
        (&["add", "b"], 2, "--line"),
        (&["add", "b", "--line", "telnet:x"], 2, "telnet:x"),
        (&["add", "b", "--line", "tcp:h:1", "--auth", "md5"], 2, "md5"),
        (&["set", "Home"], 3, "nothing to change"),
        (&["set", "nobody", "--user", "x"], 1, "623"),
        (&["show", "nobody"], 1, "623"),
        (&["remove", "Home", "nobody"], 1, "623"),
        (&["list", "--phonebook", "missing.pbk"], 3, "621"),
        (&["import", "missing.pbk"], 3, "621"),
        (&["export", "nobody"], 1, "623"),
    ];
    for (words, code, text) in refused {
        let (found, said) = bad(&lab, words);
        assert!(found == code && said.contains(text), "{words:?}: {found} {said}");
    }
    assert_eq!(book(&lab), before);
    let (_, said) = bad(&lab, &["show", "no\u{1b}[2Jbody"]);
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_book_of_windows_is_merged_line_for_line() {
    let lab = lab();
    std::fs::write(lab.path("windows.pbk"), WINDOWS).unwrap();
    assert!(good(&lab, &["import", "windows.pbk"]).out.contains("Office: new"));
    let text = book(&lab);
    for line in WINDOWS.lines().filter(|line| !line.starts_with("DialParamsUID")) {
        assert!(text.contains(line), "{line} is lost: {text}");
    }
    let office = json(&lab, "office");
    assert_eq!((&office["line"], &office["number"]), (&json!(null), &json!("5551234")));
    // a line for it leaves the modem of Windows alone
    good(&lab, &["set", "Office", "--line", "tcp:127.0.0.1:7002"]);
    assert!(
        book(&lab).contains("Device=Standard Modem\r\n") && book(&lab).contains("PhoneNumber=5551234\r\n")
    );
    assert_eq!(json(&lab, "Office")["line"], "tcp:127.0.0.1:7002");
}

#[test]
fn a_name_that_is_there_refuses_the_import_unless_it_says_what_to_do() {
    let lab = lab();
    std::fs::write(lab.path("other.pbk"), format!("{WINDOWS}[HOME]\r\nType=1\r\n")).unwrap();
    let before = book(&lab);
    let (code, said) = bad(&lab, &["import", "other.pbk"]);
    assert!(code == 1 && said.contains("183") && said.contains("--replace"), "{code} {said}");
    assert_eq!(book(&lab), before, "all or nothing");
    let told = good(&lab, &["import", "other.pbk", "--rename"]).out;
    assert!(told.contains("Office: new") && told.contains("HOME: new, as HOME 2"), "{told}");
    assert_eq!(json(&lab, "Home")["line"], "tcp:127.0.0.1:7001");
    // one of them only
    assert_eq!(good(&lab, &["import", "other.pbk", "office", "--replace"]).out, "Office: replaced\n");
}

/// An entry that comes from elsewhere must not have the password of the one it replaces sent to another place.
#[test]
fn an_imported_entry_never_uses_a_saved_password() {
    let lab = lab();
    let text = book(&lab);
    std::fs::write(lab.path("same.pbk"), text.replace("[Home]", "[Thief]")).unwrap();
    good(&lab, &["import", "same.pbk"]);
    assert_eq!(json(&lab, "Thief")["password_saved"], false);
    // replaced by one that calls the same place it keeps them, by one that calls another it does not
    std::fs::write(lab.path("same.pbk"), text.replace("Type=1", "Type=2")).unwrap();
    good(&lab, &["import", "same.pbk", "--replace"]);
    assert_eq!(json(&lab, "Home")["password_saved"], true);
    assert_eq!(json(&lab, "Home")["type"], "vpn");
    std::fs::write(lab.path("moved.pbk"), text.replace("127.0.0.1:7001", "192.0.2.1:7001")).unwrap();
    good(&lab, &["import", "moved.pbk", "--replace"]);
    let moved = json(&lab, "Home");
    assert_eq!((&moved["line"], &moved["password_saved"]), (&json!("tcp:192.0.2.1:7001"), &json!(false)));
    let left = std::fs::read_to_string(lab.path(".config/openras/credentials")).unwrap();
    assert!(!left.contains("ecret"), "forgotten with its entry: {left}");
}

#[test]
fn what_is_exported_has_no_secrets_and_comes_back_as_it_was() {
    let lab = lab();
    std::fs::write(lab.path("windows.pbk"), WINDOWS).unwrap();
    good(&lab, &["import", "windows.pbk"]);
    let out = good(&lab, &["export", "office"]).out;
    assert_eq!(out, WINDOWS.replace("DialParamsUID=7\r\n", ""));
    good(&lab, &["export", "--output", "all.pbk"]);
    let all = std::fs::read_to_string(lab.path("all.pbk")).unwrap();
    assert!(all.contains("[Home]") && all.contains("[Office]"), "{all}");
    assert!(!all.contains("ecret") && !all.contains("alice") && !all.contains("UID"), "{all}");
    let (code, said) = bad(&lab, &["export", "--output", "all.pbk"]);
    assert!(code == 3 && said.contains("all.pbk"), "an older file is not overwritten: {said}");

    let other = Lab::new();
    let mut command = other.command(&["phonebook", "import", "-"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(all.as_bytes()).unwrap();
    assert_eq!(Done::of(child).code, 0);
    assert_eq!(book(&other), all);
}

#[test]
fn a_book_that_is_named_and_that_of_all_users_are_books_of_their_own() {
    let lab = lab();
    good(&lab, &["add", "There", "--number", "5551", "--phonebook", "a.pbk"]);
    good(&lab, &["add", "For all", "--line", "unix:socket", "--all-users"]);
    assert_eq!(good(&lab, &["list", "--json", "--phonebook", "a.pbk"]).out.lines().count(), 1);
    let there = good(&lab, &["show", "there", "--json", "--phonebook", "a.pbk"]).out;
    assert!(there.contains("\"line\":\"exchange:5551\""), "{there}");
    let all: Vec<Value> =
        good(&lab, &["list", "--json"]).out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let owners: Vec<&str> = all.iter().map(|one| one["owner"].as_str().unwrap()).collect();
    assert_eq!(owners, ["user", "all users"]);
    // a path means the same wherever it is dialled from
    let socket = lab.folder.path().canonicalize().unwrap().join("socket");
    let line = all[1]["line"].as_str().unwrap().strip_prefix("unix:").unwrap();
    assert!(
        std::path::Path::new(line).is_absolute() && line.ends_with("/socket"),
        "{line} {}",
        socket.display()
    );
    assert_eq!(mode(&lab.path("all-users.pbk")), 0o644);
}
