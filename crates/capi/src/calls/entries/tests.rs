use openras_engine::RasError;
use openras_phonebook::entry::Target;
use openras_phonebook::{Entry, Pbk};

use super::show;
use super::take::{entry as take, must_dial};
use crate::abi::caller::{Versioned, over, read};
use crate::abi::entry::Entry as RasEntry;
use crate::text::array;

const OLD: &str = "[Old]\nType=1\nDialMode=2\n\nMEDIA=serial\nPort=COM1\n\nDEVICE=modem\nPhoneNumber=1\nComment=first\n\
    PhoneNumber=2\nComment=second\nPhoneNumber=3\nComment=third\n";

fn old() -> Entry {
    Entry::read(Pbk::parse(OLD.as_bytes()).unwrap().find("Old").unwrap())
}

/// What the entry dials after a caller changed some members of what it was shown.
fn changed(entry: &mut Entry, change: impl FnOnce(&mut RasEntry<u16>)) -> Option<Target> {
    let shown = show::entry::<u16>(entry);
    let mut given = shown;
    change(&mut given);
    take(&given, &shown, &[], entry).unwrap();
    entry.target(0, "")
}

#[test]
fn every_older_structure_keeps_what_it_cannot_say() {
    let mut entry = old();
    (entry.redial_count, entry.ip6_prefix, entry.kind, entry.dial_mode) = (5, 64, 2, 2);
    let shown = show::entry::<u8>(&entry);
    for &size in RasEntry::<u8>::SIZES {
        // a program of that time: its structure is as long as this, and all zero but for what must be said
        let mut bytes = vec![0_u8; size];
        bytes[..4].copy_from_slice(&u32::try_from(size).unwrap().to_ne_bytes());
        // SAFETY: `size` bytes are there.
        let mut given = unsafe { read(bytes.as_ptr().cast::<RasEntry<u8>>()) }.unwrap();
        (given.szDeviceType, given.szDeviceName) = (array("modem"), array("COM1"));
        (given.szLocalPhoneNumber, given.dwFramingProtocol, given.dwType) = (array("9"), 1, 2);
        let merged = over(&given, &shown);
        let mut after = entry.clone();
        take(&merged, &shown, &[], &mut after).unwrap();
        assert_eq!(after.dial_mode, if size >= 1796 { 0 } else { 2 }, "{size}");
        assert_eq!(after.redial_count, if size >= 2884 { 0 } else { 5 }, "{size}");
        assert_eq!(after.ip6_prefix, if size >= 2948 { 0 } else { 64 }, "{size}");
        assert_eq!((after.kind, after.options), (2, 0), "{size}");
    }
}

#[test]
fn another_device_is_dialled_and_the_old_ones_line_is_not() {
    let mut entry = old();
    assert_eq!(entry.target(0, ""), None, "a modem of Windows");
    let tcp = changed(&mut entry, |given| {
        given.szDeviceName = array("openras TCP");
        given.szLocalPhoneNumber = array("[::1]:7001");
    });
    assert_eq!(tcp.map(|to| to.line).as_deref(), Some("tcp:[::1]:7001"));
    // back to a device nobody here has: nothing may be left that would be dialled instead
    let modem = changed(&mut entry, |given| given.szDeviceName = array("Standard Modem"));
    assert_eq!(modem, None);
    entry.links[0].set_line("exchange:200");
    assert_eq!(entry.links[0].line, "exchange:200");
    // the line stands beside the device until the device goes
    assert!(changed(&mut entry, |given| given.dwRedialCount = 1).is_some());
    assert_eq!(changed(&mut entry, |given| given.szDeviceName = array("COM7")), None);
    let own = changed(&mut entry, |given| given.szDeviceName = array("tcp:127.0.0.1:1"));
    assert_eq!(own.map(|to| to.line).as_deref(), Some("tcp:127.0.0.1:1"));
}

#[test]
fn numbers_that_stay_keep_what_the_book_says_beside_them() {
    let mut book = Pbk::parse(OLD.as_bytes()).unwrap();
    let section = book.entry_mut("Old").unwrap();
    let mut entry = Entry::read(section);
    let shown = show::entry::<u8>(&entry);
    let alternates = ["2".to_owned(), "4".to_owned()];
    take(&shown, &shown, &alternates, &mut entry).unwrap();
    entry.write(section).unwrap();
    let text = String::from_utf8(book.to_bytes()).unwrap();
    assert!(
        text.contains("PhoneNumber=1\nComment=first\nPhoneNumber=2\nComment=second\nPhoneNumber=4\n"),
        "{text}"
    );
}

#[test]
fn a_country_is_known_by_its_id() {
    let mut entry = Entry::default();
    changed(&mut entry, |given| {
        (given.dwCountryID, given.szLocalPhoneNumber, given.dwfOptions) = (49, array("1"), 1);
    });
    assert_eq!((entry.links[0].numbers[0].country_id, entry.links[0].numbers[0].country_code), (49, 49));
    changed(&mut entry, |given| given.dwCountryCode = 1);
    assert_eq!(entry.links[0].numbers[0].country_code, 1, "what is said is taken");
}

#[test]
fn what_must_be_said_is_87_when_it_is_not() {
    let mut entry = Entry::default();
    assert_eq!(must_dial(&entry).unwrap_err().code, RasError(87));
    entry.links[0].numbers[0].number = "1".into();
    let shown = show::entry::<u8>(&entry);
    let full = shown;
    assert!(take(&full, &shown, &[], &mut entry.clone()).is_ok());
    for wrong in [
        RasEntry { szLocalPhoneNumber: array(""), ..full },
        RasEntry { szDeviceName: array(""), ..full },
        RasEntry { szDeviceType: array(""), ..full },
        RasEntry { dwFramingProtocol: 3, ..full },
        RasEntry { dwType: 6, ..full },
        RasEntry { dwEncryptionType: 4, ..full },
        RasEntry { dwEncryptionType: 256, ..full },
    ] {
        let error = take(&wrong, &shown, &[], &mut entry.clone()).unwrap_err();
        assert_eq!(error.code, RasError(87));
    }
    // a cable has no number, a LINE no other
    let cable = RasEntry { szLocalPhoneNumber: array(""), dwType: 3, ..full };
    assert!(take(&cable, &shown, &[], &mut entry.clone()).is_ok());
    let line = RasEntry { szLocalPhoneNumber: array(""), szDeviceName: array("unix:/a"), ..full };
    assert!(take(&line, &shown, &[], &mut entry.clone()).is_ok());
}

#[test]
fn what_an_entry_of_a_book_has_not_may_be_given_back() {
    for text in [
        // as Windows writes an entry for PPPoE, and one whose number was left out
        "[Old]\nType=5\n\nMEDIA=rastapi\nPort=PPPoE5-0\nDevice=WAN Miniport (PPPOE)\n\nDEVICE=PPPoE\nPhoneNumber=\n",
        "[Old]\nType=1\n\nMEDIA=serial\nPort=COM1\n\nDEVICE=modem\n",
        "[Old]\nType=1\n\nMEDIA=serial\nPort=unix:/a\n\nDEVICE=modem\n",
        // numbers that no list can hold
        "[Old]\nType=1\n\nMEDIA=serial\nPort=COM1\n\nDEVICE=modem\nPhoneNumber=1\nPhoneNumber=2\x002\nPhoneNumber=3\n",
    ] {
        let mut book = Pbk::parse(text.as_bytes()).unwrap();
        let section = book.entry_mut("Old").unwrap();
        let mut entry = Entry::read(section);
        let shown = show::entry::<u8>(&entry);
        let alternates = given_back(&entry);
        take(&RasEntry { dwRedialCount: 2, ..shown }, &shown, &alternates, &mut entry).unwrap();
        entry.write(section).unwrap();
        let after = String::from_utf8(book.to_bytes()).unwrap();
        assert_eq!(after.replace("RedialAttempts=2\n", ""), text);
        assert_ne!(after, text);
    }
    // but what is there cannot be taken away
    let mut entry = old();
    let shown = show::entry::<u8>(&entry);
    let none = RasEntry { szLocalPhoneNumber: array(""), ..shown };
    assert_eq!(take(&none, &shown, &[], &mut entry).unwrap_err().code, RasError(87));
}

/// The further numbers as a program finds them behind the structure.
fn given_back(entry: &Entry) -> Vec<String> {
    let list = crate::calls::behind::list::<u8>(&entry.links[0].numbers);
    let total = u32::try_from(list.len()).unwrap();
    let whole = [&[0_u8; 4][..], &list].concat();
    // SAFETY: there are `total` bytes behind the first four.
    unsafe { crate::calls::behind::numbers::<u8>(whole.as_ptr(), 4, 4, 4 + total) }.unwrap().unwrap()
}
