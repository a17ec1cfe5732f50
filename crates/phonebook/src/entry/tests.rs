use std::net::Ipv4Addr;

use openras_engine::RasError;
use proptest::prelude::*;

use super::*;
use crate::Pbk;

/// Every key of the reference that has a meaning here, with values that are not the defaults, and unknown codes.
const WINDOWS: &str = "[VPN]\r\nEncoding=1\r\nPBVersion=6\r\nType=2\r\nAutoLogon=1\r\nUseRasCredentials=0\r\nLowDateTime=5\r\n\
DialParamsUID=77\r\nGuid=00112233445566778899AABBCCDDEEFF\r\nBaseProtocol=9\r\nVpnStrategy=6\r\nExcludedProtocols=3\r\n\
LcpExtensions=0\r\nDataEncryption=1024\r\nSwCompression=0\r\nDialMode=2\r\nRedialAttempts=3\r\nRedialSeconds=60\r\n\
IdleDisconnectSeconds=-1\r\nRedialOnLinkFailure=1\r\nCallbackMode=2\r\nAuthRestrictions=552\r\nIpPrioritizeRemote=0\r\n\
IpAddress=10.0.0.2\r\nIpDnsAddress=10.0.0.1\r\nIpAssign=2\r\nIpNameAssign=2\r\nIpFrameSize=1006\r\nIpDnsSuffix=example.org\r\n\
\r\nNETCOMPONENTS=\r\nms_msclient=1\r\n\r\nMEDIA=rastapi\r\nPort=VPN4-0\r\nDevice=WAN Miniport (PPTP)\r\n\r\nDEVICE=vpn\r\n\
PhoneNumber=vpn.example.org\r\nAreaCode=30\r\nCountryCode=49\r\nCountryID=49\r\nUseDialingRules=0\r\nComment=\r\n\
FriendlyName=\r\nPhoneNumber=two\r\nLastSelectedPhone=0\r\nPromoteAlternates=1\r\nTryNextAlternateOnFail=1\r\n";

fn book(text: &str) -> Pbk {
    Pbk::parse(text.as_bytes()).unwrap()
}

fn written(text: &str, change: impl FnOnce(&mut Entry)) -> String {
    let mut book = book(text);
    let name = book.names().next().unwrap();
    let section = book.entry_mut(&name).unwrap();
    let mut entry = Entry::read(section);
    change(&mut entry);
    entry.write(section).unwrap();
    assert_eq!(Entry::read(section), entry, "what was written is read again");
    String::from_utf8(book.to_bytes()).unwrap()
}

#[test]
fn a_file_of_windows_has_the_meaning_of_the_reference() {
    let entry = Entry::read(book(WINDOWS).find("VPN").unwrap());
    assert_eq!((entry.kind, entry.vpn_strategy, entry.dial_mode), (2, 6, 2));
    assert_eq!(entry.dial_params_uid, Some(77));
    assert_eq!(entry.guid[..3], [0, 0x11, 0x22]);
    assert_eq!(entry.net_protocols, RASNP_IP | RASNP_IPV6);
    assert_eq!(entry.idle_disconnect_seconds, RASIDS_DISABLED);
    assert_eq!(entry.ip, Ipv4Addr::new(10, 0, 0, 2));
    assert_eq!((entry.redial_count, entry.redial_pause, entry.frame_size), (3, 60, 1006));
    let bits = RASEO_USE_LOGON_CREDENTIALS
        | RASEO_DISABLE_LCP_EXTENSIONS
        | RASEO_SPECIFIC_IP_ADDR
        | RASEO_SPECIFIC_NAME_SERVERS
        | RASEO_PROMOTE_ALTERNATES
        | RASEO_REQUIRE_PAP
        | RASEO_REQUIRE_CHAP
        | RASEO_REQUIRE_MSCHAP2;
    assert_eq!(entry.options, bits, "{:#x}", entry.options);
    assert_eq!(entry.options2, RASEO2_DONT_USE_RAS_CREDENTIALS | RASEO2_RECONNECT_IF_DROPPED);
    assert_eq!(entry.methods(), [AuthMethod::MsChapV2, AuthMethod::ChapMd5, AuthMethod::Pap]);
    let link = &entry.links[0];
    assert_eq!((link.media.as_str(), link.device_type.as_str()), ("rastapi", "vpn"));
    assert_eq!(
        link.numbers.iter().map(|one| one.number.as_str()).collect::<Vec<_>>(),
        ["vpn.example.org", "two"]
    );
    assert_eq!((link.numbers[0].area_code.as_str(), link.numbers[0].country_code), ("30", 49));
    assert_eq!(entry.target(0, ""), None, "a device of Windows is no line of ours");
}

#[test]
fn writing_what_was_read_changes_nothing_even_of_codes_that_mean_nothing() {
    assert_eq!(written(WINDOWS, |_| {}), WINDOWS);
    let strange = "[x]\r\nMEDIA=\r\nDEVICE=\r\nType=hello\r\nMEDIA=a\r\nPhoneNumber=stray\r\n";
    assert_eq!(written(strange, |_| {}), strange);
}

#[test]
fn a_switch_beside_the_modem_stays() {
    let switch = "[x]\r\nType=1\r\nMEDIA=serial\r\nPort=tcp\r\nDEVICE=switch\r\nTerminal=1\r\n";
    let text = written(switch, |entry| entry.set_line("tcp:h:1"));
    assert!(text.contains("\r\nDEVICE=modem\r\nPhoneNumber=h:1\r\n"), "{text}");
    assert!(text.ends_with("DEVICE=switch\r\nTerminal=1\r\n"), "{text}");
}

#[test]
fn each_change_is_one_line() {
    let one = |change: fn(&mut Entry), from: &str, to: &str| {
        assert_eq!(written(WINDOWS, change), WINDOWS.replacen(from, to, 1));
    };
    one(|entry| entry.encryption = 0, "DataEncryption=1024", "DataEncryption=0");
    one(|entry| entry.framing = 2, "BaseProtocol=9", "BaseProtocol=2");
    one(|entry| entry.set_option(RASEO_SPECIFIC_IP_ADDR, false), "IpAssign=2", "IpAssign=1");
    one(|entry| entry.set_option(RASEO_DISABLE_LCP_EXTENSIONS, false), "LcpExtensions=0", "LcpExtensions=1");
    one(|entry| entry.options2 = RASEO2_RECONNECT_IF_DROPPED, "UseRasCredentials=0", "UseRasCredentials=1");
    one(|entry| entry.set_methods(&[AuthMethod::MsChapV2]), "AuthRestrictions=552", "AuthRestrictions=512");
    one(|entry| entry.idle_disconnect_seconds = 0, "IdleDisconnectSeconds=-1", "IdleDisconnectSeconds=0");
    one(|entry| entry.links[0].numbers[0].number = "n".into(), "=vpn.example.org", "=n");
    one(|entry| entry.links[0].numbers[0].country_code = 1, "CountryCode=49", "CountryCode=1");
    one(
        |entry| {
            entry.set_option(RASEO_USE_COUNTRY_AND_AREA_CODES, true);
            entry.links[0].numbers[0].use_rules = true;
        },
        "UseDialingRules=0",
        "UseDialingRules=1",
    );
    one(
        |entry| entry.set_option(RASEO_PROMOTE_ALTERNATES, false),
        "PromoteAlternates=1",
        "PromoteAlternates=0",
    );
    one(|entry| entry.links[0].device_type = "modem".into(), "DEVICE=vpn", "DEVICE=modem");
    one(|entry| entry.links[0].device_name = "D".into(), "Device=WAN Miniport (PPTP)", "Device=D");
    one(|entry| entry.links[0].numbers.truncate(1), "PhoneNumber=two\r\n", "");
    one(
        |entry| entry.set_option(RASEO_TERMINAL_AFTER_DIAL, true),
        "\r\n\r\nNET",
        "\r\nOpenRASOptions=0x00000080\r\n\r\nNET",
    );
    one(|entry| entry.set_line("tcp:h:1"), "(PPTP)\r\n", "(PPTP)\r\nOpenRASLine=tcp:h:1\r\n");
}

#[test]
fn alternates_stand_behind_the_number_before_them() {
    let number = |text: &str| Number { number: text.into(), ..Number::default() };
    let text = written(WINDOWS, |entry| entry.links[0].numbers.push(number("three")));
    let added = "PhoneNumber=two\r\nPhoneNumber=three\r\nAreaCode=\r\nCountryCode=0\r\nCountryID=0\r\nUseDialingRules=0\r\nLast";
    assert!(text.contains(added), "{text}");
    assert_eq!(written(&text, |entry| entry.links[0].numbers.truncate(2)), WINDOWS);
}

#[test]
fn links_come_and_go_with_their_devices() {
    let two = written(WINDOWS, |entry| entry.links.push(Link::new("exchange")));
    assert!(two.ends_with(
        "\r\n\r\nMEDIA=serial\r\nPort=exchange\r\nDevice=OpenRAS exchange\r\n\r\nDEVICE=modem\r\nPhoneNumber=\r\nAreaCode=\r\n\
         CountryCode=0\r\nCountryID=0\r\nUseDialingRules=0\r\n"
    ), "{two}");
    let mut changed = book(&two);
    assert!(Entry::remove_link(changed.entry_mut("VPN").unwrap(), 0).unwrap());
    assert!(!Entry::remove_link(changed.entry_mut("VPN").unwrap(), 1).unwrap());
    let left = Entry::read(changed.find("VPN").unwrap());
    assert_eq!(left.links, [Link::new("exchange")]);
    assert!(!String::from_utf8(changed.to_bytes()).unwrap().contains("TryNextAlternateOnFail"));
}

#[test]
fn a_new_entry_can_be_read_by_windows_tools_and_says_its_line() {
    let mut book = Pbk::new();
    let entry = Entry { script: "/s.scp".into(), ..Entry::for_line("tcp:127.0.0.1:7001") };
    entry.write(book.add("Home").unwrap()).unwrap();
    let text = String::from_utf8(book.to_bytes()).unwrap();
    assert!(text.starts_with("[Home]\r\nEncoding=1\r\nType=1\r\n"), "{text}");
    for line in [
        "BaseProtocol=1",
        "LcpExtensions=1",
        "OpenRASScript=/s.scp",
        "Port=tcp",
        "PhoneNumber=127.0.0.1:7001",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} in {text}");
    }
    for key in ["OpenRASOptions", "DialParamsUID", "Guid", "X25"] {
        assert!(!text.contains(key), "{key} in {text}");
    }
    let read = Entry::read(book.find("home").unwrap());
    assert_eq!(read, entry);
    assert_eq!(read.target(0, "").unwrap().line, "tcp:127.0.0.1:7001");
}

#[test]
fn every_line_has_its_home_and_comes_back() {
    for line in ["tcp:[::1]:7001", "unix:/run/a b", "pty:/dev/ttyUSB0", "exchange:+4930100", "tcp:host:1"] {
        let target = Entry::for_line(line).target(0, "").unwrap();
        assert_eq!((target.line.as_str(), target.number.as_str()), (line, ""));
    }
}

#[test]
fn a_line_is_found_in_number_device_and_port() {
    let link = |port: &str, device: &str, number: &str| Link {
        port: port.into(),
        device_name: device.into(),
        numbers: vec![Number { number: number.into(), ..Number::default() }],
        ..Link::default()
    };
    let line = |link: &Link, number: &str| link.target(number, 0).map(|target| (target.line, target.number));
    let some = |line: &str, number: &str| Some((line.to_owned(), number.to_owned()));
    assert_eq!(line(&link("COM1", "Modem", "tcp:h:1"), ""), some("tcp:h:1", ""));
    assert_eq!(line(&link("COM1", "openras TCP", "h:1"), ""), some("tcp:h:1", ""));
    assert_eq!(line(&link("COM1", "openras TCP", "h:1"), "g:2"), some("tcp:g:2", ""));
    assert_eq!(line(&link("exchange", "", "(030) 1-2"), ""), some("exchange:03012", ""));
    assert_eq!(line(&link("COM1", "pty:/dev/tty1", "55"), ""), some("pty:/dev/tty1", "55"));
    assert_eq!(line(&link("COM1", "Modem", "55"), ""), None);
    assert_eq!(line(&link("tcp", "", ""), ""), None, "a kind without a number is no line");
    assert_eq!(line(&link("tcp:", "ftp:x", "55"), ""), None);
    assert_eq!(line(&link("€€€€", "é", "55"), ""), None);
}

#[test]
fn country_and_area_are_dialled_where_the_entry_says_so() {
    let number =
        Number { number: "12-34".into(), area_code: "(30)".into(), country_code: 49, ..Number::default() };
    assert_eq!(number.dialled(0), "12-34");
    assert_eq!(number.dialled(RASEO_USE_COUNTRY_AND_AREA_CODES), "+49301234");
    let mut entry = Entry::for_line("exchange:1");
    entry.links[0].numbers[0] = number;
    entry.set_option(RASEO_USE_COUNTRY_AND_AREA_CODES, true);
    assert_eq!(entry.target(0, "").unwrap().line, "exchange:+49301234");
}

#[test]
fn methods_are_never_negotiated_down() {
    let of = |options: u32| Entry { options, ..Entry::default() }.methods();
    assert_eq!(of(0), [AuthMethod::MsChapV2, AuthMethod::ChapMd5]);
    assert_eq!(of(RASEO_REQUIRE_MS_ENCRYPTED_PW), [AuthMethod::MsChapV2]);
    assert_eq!(of(RASEO_REQUIRE_PAP), [AuthMethod::Pap]);
    assert_eq!(of(RASEO_REQUIRE_PAP | RASEO_REQUIRE_ENCRYPTED_PW), []);
    for methods in [vec![], vec![AuthMethod::Pap], vec![AuthMethod::MsChapV1, AuthMethod::ChapMd5]] {
        let mut entry = Entry::default();
        entry.set_methods(&methods);
        let expected = if methods.is_empty() { Entry::default().methods() } else { methods };
        assert_eq!(entry.methods(), expected);
    }
}

#[test]
fn every_kind_of_line_is_found_again() {
    for kind in KINDS {
        let line = format!("{kind}:1");
        assert_eq!(Entry::for_line(&line).target(0, "").map(|to| to.line), Some(line));
    }
}

#[test]
fn a_modem_stands_beside_its_line_and_the_number_is_the_numbers() {
    let of = |entry: &Entry| {
        let to = entry.target(0, "").unwrap();
        (to.line, to.modem, to.number)
    };
    let said = |line: &str, modem: &str, number: &str| (line.to_owned(), modem.to_owned(), number.to_owned());
    let mut entry = Entry::for_line("serial:/dev/ttyUSB0,115200");
    entry.set_modem("generic");
    assert_eq!(of(&entry), said("serial:/dev/ttyUSB0,115200", "generic", ""));
    entry.links[0].numbers[0].number = "555 1234".into();
    let mut book = Pbk::new();
    entry.write(book.add("e").unwrap()).unwrap();
    let text = String::from_utf8(book.to_bytes()).unwrap();
    assert!(text.contains("OpenRASLine=serial:/dev/ttyUSB0,115200"), "{text}");
    let mut entry = Entry::read(book.find("e").unwrap());
    assert_eq!(of(&entry), said("serial:/dev/ttyUSB0,115200", "generic", "555 1234"));
    // szPhoneNumber of a dial
    assert_eq!(entry.target(0, "9").map(|to| (to.number, to.modem)), Some(("9".into(), "generic".into())));
    assert_eq!(entry.target(0, "tcp:h:1").map(|to| to.modem), Some(String::new()), "a line is another way");
    entry.set_line("rfc2217:h:7");
    assert_eq!(of(&entry), said("rfc2217:h:7", "generic", "555 1234"));
    entry.set_modem("");
    assert_eq!(of(&entry), said("rfc2217:h:7", "", ""));
    entry.set_modem("wifi");
    entry.set_line("exchange:100");
    assert_eq!(of(&entry), said("exchange:100", "", ""), "no modem can be there");
}

#[test]
fn a_modem_of_windows_keeps_its_name_and_number() {
    let text = "[w]\nType=1\n\nMEDIA=serial\nPort=COM1\nDevice=Standard Modem\n\nDEVICE=modem\nPhoneNumber=5551234\n";
    let mut book = Pbk::parse(text.as_bytes()).unwrap();
    let section = book.entry_mut("w").unwrap();
    let mut entry = Entry::read(section);
    entry.set_line("serial:/dev/ttyS0");
    entry.set_modem("generic");
    entry.write(section).unwrap();
    let after = String::from_utf8(book.to_bytes()).unwrap();
    for line in text.lines() {
        assert!(after.contains(line), "{line} is not in {after}");
    }
    let to = Entry::read(book.find("w").unwrap()).target(0, "").unwrap();
    assert_eq!(
        (to.line.as_str(), to.number.as_str(), to.modem.as_str()),
        ("serial:/dev/ttyS0", "5551234", "generic")
    );
}

#[test]
fn a_text_that_is_two_lines_is_refused() {
    let mut book = Pbk::new();
    let entry = Entry { script: "a\nType=2".into(), ..Entry::default() };
    assert_eq!(entry.write(book.add("a").unwrap()).unwrap_err().code, RasError(87));
}

proptest! {
    /// Bits, numbers and texts of any entry survive the file.
    #[test]
    fn any_entry_comes_back(
        options in any::<u32>(), options2 in any::<u32>(), kind in 1_u32..6, framing in prop_oneof![Just(1_u32), Just(2), Just(4)],
        net in 0_u32..16, encryption in 0_u32..4, numbers in any::<[u32; 9]>(), ip in any::<[u8; 4]>(), guid in any::<[u8; 16]>(),
        uid in any::<Option<u32>>(), texts in proptest::collection::vec("[a-zA-Z0-9.:;#=\\[\\]äß-]{0,20}", 8),
    ) {
        let text = |at: usize| texts[at].trim().to_owned();
        let mut entry = Entry {
            options, options2, kind, framing, net_protocols: net, encryption, custom_auth_key: numbers[0],
            vpn_strategy: numbers[1], ip: ip.into(), ip6_prefix: numbers[2], metric4: numbers[3], frame_size: numbers[4],
            dial_mode: numbers[5], idle_disconnect_seconds: numbers[6], redial_count: numbers[7], redial_pause: numbers[8],
            guid, dial_params_uid: uid, script: text(0), dns_suffix: text(1), x25_pad: text(2), own_number: text(3),
            prerequisite_entry: text(4), callback_line: text(1), ..Entry::default()
        };
        entry.links[0].numbers = vec![
            Number { number: text(5), area_code: text(6), country_code: numbers[0], country_id: numbers[1], use_rules: options & 1 != 0 },
            Number { number: text(7), ..Number::default() },
        ];
        entry.links[0].modem = text(3);
        let mut book = Pbk::new();
        entry.write(book.add("e").unwrap()).unwrap();
        let again = Pbk::parse(&book.to_bytes()).unwrap();
        prop_assert_eq!(Entry::read(again.find("e").unwrap()), entry);
    }

    /// Writing into any section is read again as what was written, whatever stood there.
    #[test]
    fn an_entry_over_any_section(lines in proptest::collection::vec(prop_oneof![
        Just("MEDIA=serial"), Just("MEDIA="), Just("DEVICE=modem"), Just("DEVICE=switch"), Just("PhoneNumber=1"),
        Just("AreaCode=2"), Just("Type=3"), Just("Device=OpenRAS tcp"), Just("NETCOMPONENTS="), Just(""), Just("junk"),
        Just("PromoteAlternates=1"), Just("UseDialingRules=1"),
    ], 0..20)) {
        let mut book = Pbk::parse(format!("[e]\n{}", lines.join("\n")).as_bytes()).unwrap();
        let section = book.entry_mut("e").unwrap();
        let entry = Entry::for_line("tcp:h:1");
        entry.write(section).unwrap();
        let read = Entry::read(section);
        prop_assert_eq!(read.target(0, ""), entry.target(0, ""));
        prop_assert_eq!(read.links.len(), 1);
        let before = section.to_bytes();
        Entry::read(section).write(section).unwrap();
        prop_assert_eq!(before, section.to_bytes(), "writing what was read");
    }
}

/// A book may be somebody else's: its largest entry must not cost more than its size.
#[test]
fn an_entry_with_as_many_numbers_and_links_as_a_book_may_have_is_read_and_written_at_once() {
    let begun = std::time::Instant::now();
    let media = "\nMEDIA=serial\nPort=x\nDevice=OpenRAS tcp\n\nDEVICE=modem\n";
    let numbers = format!("[a]\nType=1\n{media}{}", "PhoneNumber=1\n".repeat(50_000));
    let links = format!("[a]\nType=1\n{}", format!("{media}PhoneNumber=1\n").repeat(8_000));
    for text in [numbers, links] {
        let mut book = Pbk::parse(text.as_bytes()).unwrap();
        let section = book.entry_mut("a").unwrap();
        let mut entry = Entry::read(section);
        entry.links.first_mut().unwrap().numbers.first_mut().unwrap().number = "2".into();
        entry.write(section).unwrap();
        assert_eq!(Entry::read(section).links, entry.links);
        assert_eq!(book.to_bytes(), text.replacen("PhoneNumber=1", "PhoneNumber=2", 1).as_bytes());
    }
    // some seconds on the slowest machine; the square of it takes hours
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn the_entrys_options_stay_when_its_first_link_goes() {
    let text = "[E]\nType=1\n\nMEDIA=serial\nPort=tcp\n\nDEVICE=modem\nPhoneNumber=1\nUseDialingRules=1\n\
        PromoteAlternates=1\n\nMEDIA=serial\nPort=exchange\n\nDEVICE=modem\nPhoneNumber=2\nCountryCode=49\n";
    let mut book = Pbk::parse(text.as_bytes()).unwrap();
    let section = book.entry_mut("E").unwrap();
    let before = Entry::read(section);
    assert!(Entry::remove_link(section, 0).unwrap());
    let after = Entry::read(section);
    assert_eq!((after.options, after.links.len()), (before.options, 1));
    assert_eq!(after.target(0, "").unwrap().line, "exchange:+492", "what was dialled before is dialled now");
}

#[test]
fn numbers_of_a_book_as_large_as_may_be_go_away_in_time() {
    let mut text = String::from("[E]\nType=1\n\nMEDIA=serial\nPort=tcp\n\nDEVICE=modem\n");
    for n in 0..90_000 {
        text += &format!("PhoneNumber={n}\nComment=c\n");
    }
    text += "Other=1\n";
    let mut book = Pbk::parse(text.as_bytes()).unwrap();
    let section = book.entry_mut("E").unwrap();
    let mut entry = Entry::read(section);
    assert_eq!(entry.links[0].numbers.len(), 90_000);
    entry.links[0].numbers.truncate(2);
    let start = std::time::Instant::now();
    entry.write(section).unwrap();
    // one after the other it took hours, in which nobody else could change the book
    assert!(start.elapsed() < std::time::Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(
        String::from_utf8(book.to_bytes()).unwrap(),
        "[E]\nType=1\n\nMEDIA=serial\nPort=tcp\n\nDEVICE=modem\nPhoneNumber=0\nComment=c\nPhoneNumber=1\nComment=c\nOther=1\n"
    );
}
