use openras_engine::RasError;
use proptest::prelude::*;

use super::*;

/// As a Windows writes it, with what nobody knows: unknown keys, a comment, two numbers, a chained device, a second link.
const SAMPLE: &[u8] = b"; kept\r\n\r\n[Office]\r\nEncoding=1\r\nType=1\r\nFuture=a=b\r\n\r\nNETCOMPONENTS=\r\nms_server=1\r\n\r\n\
MEDIA=serial\r\nPort=COM1\r\nDevice=Modem\r\n\r\nDEVICE=modem\r\nPhoneNumber=1\r\nAreaCode=\r\nPhoneNumber=2\r\nAreaCode=9\r\n\
LastSelectedPhone=0\r\n\r\n\r\n[B\xfcro]\nType=2\nodd line\n  Key = value \nMEDIA=rastapi\nPort=VPN4-0\nDevice=WAN Miniport (PPTP)\n\
\nDEVICE=vpn\nPhoneNumber=h";

fn sample() -> Pbk {
    Pbk::parse(SAMPLE).unwrap()
}

#[test]
fn a_file_of_windows_comes_back_byte_for_byte() {
    assert_eq!(sample().to_bytes(), SAMPLE);
    assert_eq!(sample().names().collect::<Vec<_>>(), ["Office", "Büro"]);
    let bom = [BOM, SAMPLE].concat();
    assert_eq!(Pbk::parse(&bom).unwrap().to_bytes(), bom);
}

#[test]
fn device_and_its_capitals_are_different_keys() {
    let book = sample();
    let office = book.find("Office").unwrap();
    let kinds: Vec<_> = office.groups().into_iter().map(|group| (group.kind, group.value)).collect();
    assert_eq!(
        kinds,
        [
            (GroupKind::Entry, String::new()),
            (GroupKind::Components, String::new()),
            (GroupKind::Media, "serial".into()),
            (GroupKind::Device, "modem".into()),
        ]
    );
    let groups = office.groups();
    assert_eq!(office.get_in(&groups[2], "Device", 0).unwrap(), "Modem");
    assert_eq!(office.get_in(&groups[3], "PhoneNumber", 1).unwrap(), "2");
    let records = office.records(&groups[3], "PhoneNumber", ["AreaCode"]);
    assert_eq!(records[0].1, [""]);
    assert_eq!(records[1].1, ["9"]);
    assert_eq!(office.get("Port"), None, "a key of another group");
    assert_eq!(office.get("Future").unwrap(), "a=b");
}

#[test]
fn old_western_bytes_are_read_and_kept() {
    let mut book = sample();
    assert_eq!(book.find("büro").unwrap().get("key").unwrap(), " value ");
    book.entry_mut("BÜRO").unwrap().set("Type", "1").unwrap();
    let text = book.to_bytes();
    assert!(text.windows(6).any(|part| part == b"[B\xfcro]"));
    assert!(text.ends_with(b"PhoneNumber=h"), "no end of line appears where nothing was added");
}

#[test]
fn setting_a_key_changes_its_line_only() {
    let mut book = sample();
    book.entry_mut("Office").unwrap().set("type", "5").unwrap();
    let changed = String::from_utf8_lossy(&book.to_bytes()).into_owned();
    assert_eq!(changed, String::from_utf8_lossy(SAMPLE).replacen("Type=1", "Type=5", 1));
}

#[test]
fn a_new_key_goes_to_the_end_of_its_group_with_the_files_line_end() {
    let mut book = sample();
    book.entry_mut("Office").unwrap().set("OpenRASScript", "x").unwrap();
    book.entry_mut("Büro").unwrap().set("CustomAuthKey", "0").unwrap();
    let text = book.to_bytes();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("Future=a=b\r\nOpenRASScript=x\r\n\r\nNETCOMPONENTS"), "{text}");
    assert!(text.contains("  Key = value \nCustomAuthKey=0\nMEDIA=rastapi\n"), "{text}");
}

#[test]
fn entries_are_added_renamed_and_removed() {
    let mut book = sample();
    assert_eq!(book.add("office").unwrap_err().code, RasError(183));
    book.add("New").unwrap().set("Type", "1").unwrap();
    assert!(
        book.to_bytes().ends_with(b"PhoneNumber=h\r\n\r\n[New]\r\nType=1\r\n")
            || book.to_bytes().ends_with(b"PhoneNumber=h\n\n[New]\nType=1\n")
    );
    assert_eq!(book.rename("new", "Office").unwrap_err().code, RasError(183));
    book.rename("new", "NEW").unwrap();
    assert_eq!(book.rename("gone", "x").unwrap_err().code, RasError(623));
    assert_eq!(book.rename("NEW", "a\nb").unwrap_err().code, RasError(123));
    book.remove("NEW").unwrap();
    assert_eq!(book.names().collect::<Vec<_>>(), ["Office", "Büro"]);
    book.remove("Office").unwrap();
    book.remove("Büro").unwrap();
    assert_eq!(book.to_bytes(), b"; kept\r\n\r\n");
}

#[test]
fn an_entry_goes_into_another_book_with_all_its_lines() {
    let mut other = Pbk::new();
    other.import(sample().find("Büro").unwrap(), "Copy").unwrap();
    let text = String::from_utf8(other.to_bytes()).unwrap();
    assert!(
        text.starts_with("[Copy]\r\nType=2\r\nodd line\r\n") && text.ends_with("PhoneNumber=h\r\n"),
        "{text}"
    );
}

#[test]
fn values_that_would_be_other_lines_are_refused() {
    let mut book = sample();
    let office = book.entry_mut("Office").unwrap();
    for value in ["a\nType=2", "a\r", "\0", &"x".repeat(LONGEST_LINE)] {
        assert_eq!(office.set("Key", value).unwrap_err().code, RasError(87));
    }
    for key in ["", "a=b", "[x", ";x", "a\nb", " a"] {
        assert_eq!(office.set(key, "1").unwrap_err().code, RasError(87), "{key:?}");
    }
    assert_eq!(book.to_bytes(), SAMPLE);
}

#[test]
fn what_is_too_large_is_refused_with_its_line() {
    let long = [b"[a]\r\nKey=", vec![b'x'; LONGEST_LINE].as_slice(), b"\r\n"].concat();
    let error = Pbk::parse(&long).unwrap_err();
    assert_eq!((error.code, error.line), (RasError(622), Some(2)), "{error}");
    assert_eq!(Pbk::parse(&vec![b'\n'; MOST_LINES + 1]).unwrap_err().line, Some(MOST_LINES + 1));
    assert!(Pbk::parse(&vec![b'\n'; MOST_LINES]).is_ok());
    assert_eq!(
        Pbk::parse("[a]\n".repeat(MOST_ENTRIES + 1).as_bytes()).unwrap_err().line,
        Some(MOST_ENTRIES + 1)
    );
    assert_eq!(Pbk::parse(&vec![b' '; LARGEST + 1]).unwrap_err().code, RasError(622));
    let wide = Pbk::parse(b"\xff\xfe[\0a\0]\0").unwrap_err();
    assert_eq!((wide.code, wide.line), (RasError(625), Some(1)));
    let shown = wide.in_file("/b/\x1b.pbk").to_string();
    assert!(
        shown.starts_with("/b/\\u{1b}.pbk, line 1: the file is UTF-16 (625 ERROR_CORRUPT_PHONEBOOK). "),
        "{shown}"
    );
}

/// Texts that look like phone books, so that the tests meet groups, doubles and torn lines.
fn books() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"[a]".to_vec()),
        Just(b"[A]".to_vec()),
        Just(b"Type=1".to_vec()),
        Just(b"MEDIA=serial".to_vec()),
        Just(b"DEVICE=modem".to_vec()),
        Just(b"DEVICE=switch".to_vec()),
        Just(b"Device=x".to_vec()),
        Just(b"PhoneNumber=1".to_vec()),
        Just(b"AreaCode=2".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..8),
    ];
    proptest::collection::vec((piece, any::<bool>()), 0..40).prop_map(|pieces| {
        let end = |has: bool| if has { b"\r\n".as_slice() } else { b"" };
        pieces.iter().flat_map(|(piece, has)| [piece.as_slice(), end(*has)].concat()).collect()
    })
}

proptest! {
    #[test]
    fn any_bytes_come_back(bytes in books()) {
        if let Ok(book) = Pbk::parse(&bytes) {
            prop_assert_eq!(book.to_bytes(), bytes);
        }
    }

    #[test]
    fn one_key_changes_one_line(bytes in books(), value in "[a-z=\\[ ]{0,6}") {
        let Ok(mut book) = Pbk::parse(&bytes) else { return Ok(()) };
        let Some(name) = book.names().next() else { return Ok(()) };
        let section = book.entry_mut(&name).unwrap();
        let had = section.get("Type").is_some();
        section.set("Type", &value).unwrap();
        prop_assert_eq!(section.get("Type").unwrap(), value.as_str());
        let after = book.to_bytes();
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
            bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
        };
        let (before, now) = (lines(&bytes), lines(&after));
        if had {
            prop_assert_eq!(before.len(), now.len());
            prop_assert!(before.iter().zip(&now).filter(|(one, other)| one != other).count() <= 1);
        } else {
            // what was there is there, in its order, and one line more
            let new = [b"Type=".as_slice(), value.as_bytes()].concat();
            let mut rest = now.clone();
            let at = rest.iter().position(|line| *line == new).unwrap();
            rest.remove(at);
            rest.retain(|line| !line.is_empty());
            let mut old = before;
            old.retain(|line| !line.is_empty());
            prop_assert_eq!(old, rest);
        }
        let again = Pbk::parse(&after).unwrap();
        prop_assert_eq!(again.to_bytes(), after);
        prop_assert_eq!(again.names().collect::<Vec<_>>(), Pbk::parse(&bytes).unwrap().names().collect::<Vec<_>>());
    }

    #[test]
    fn groups_can_be_removed_in_any_book(bytes in books(), nth in 0_usize..6) {
        let Ok(mut book) = Pbk::parse(&bytes) else { return Ok(()) };
        let Some(name) = book.names().next() else { return Ok(()) };
        let section = book.entry_mut(&name).unwrap();
        let groups = section.groups();
        if let Some(group) = groups.iter().filter(|group| group.kind != GroupKind::Entry).nth(nth) {
            section.remove_group(group);
            prop_assert!(section.groups().len() < groups.len());
        }
    }
}
