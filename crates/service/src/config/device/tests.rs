//! Modems by name, and what is wrong with a device in a file.

use super::*;

fn read(text: &str) -> Result<Config, String> {
    Config::parse(text, "f").map_err(|error| error.to_string())
}

#[test]
fn every_known_modem_can_be_told_its_commands() {
    for known in &KNOWN {
        let settings = modem(known.name, &BTreeMap::new()).unwrap();
        for text in settings.init.iter().chain([&settings.dial, &settings.answer]) {
            command(text).unwrap_or_else(|error| panic!("{}: {text} {error}", known.name));
        }
        assert_eq!(settings.init[0], "AT", "{}: found alive before anything else", known.name);
    }
}

#[test]
fn the_guide_has_the_table() {
    let guide = include_str!("../../../../../docs/modems.md");
    for known in &KNOWN {
        let (name, what, from) = (known.name, known.what, known.from);
        let seen = if known.seen { "yes" } else { "no" };
        let row = format!("| `{name}` | {what} | `{}` | {from} | {seen} |", known.init().join(" "));
        assert!(guide.contains(&row), "{row}");
    }
}

#[test]
fn a_modem_is_like_another_with_what_differs() {
    let config = read(
        "[modem.mine]\nlike = \"usr-courier\"\nrings = 2\npatience = \"90s\"\n\
         [modem.old]\nlike = \"mine\"\nnumeric = true\ncarrier = \"text\"\nhang_up = \"escape\"\n\
         [modem.pbx]\ndial = \"ATDT0W\"\n[modem.fresh]\ninit = [\"AT\", \"ATZ\"]\ncheck_every = \"10m\"\nanswer = \"ATA\"",
    )
    .unwrap();
    let mine = modem("mine", &config.modems).unwrap();
    assert_eq!((mine.rings, mine.patience, mine.init[1].as_str()), (2, Duration::from_secs(90), "AT&F1"));
    let old = modem("old", &config.modems).unwrap();
    assert_eq!(
        (old.words, old.carrier, old.hang_up, old.rings),
        (Words::Numbers, Carrier::Text, HangUp::Escape, 2)
    );
    let pbx = modem("pbx", &config.modems).unwrap();
    assert_eq!((pbx.dial.as_str(), pbx.init[2].as_str()), ("ATDT0W", "ATE0V1Q0X3"), "the known one, changed");
    let fresh = modem("fresh", &config.modems).unwrap();
    assert_eq!((fresh.init.len(), fresh.check_every), (2, Duration::from_secs(600)));
    assert!(modem("nobodys", &config.modems).is_err());
}

#[test]
fn a_port_has_its_device_and_its_modem() {
    let config = read(
        "[[port]]\nname = \"a\"\nline = \"serial:/dev/ttyS0,57600\"\nmodem = \"pbx\"\nparity = \"even\"\nstop = 2\nflow = \"none\"\n\
         [[port]]\nname = \"b\"\nline = \"serial:/dev/ttyS1\"\npool = \"10.65.0.0/24\"\n\
         [[port]]\nname = \"c\"\nline = \"tcp:127.0.0.1:2000\"\nmodem = \"wifi\"\npool = \"10.66.0.0/24\"",
    )
    .unwrap();
    let [a, b, c] = &config.ports[..] else { panic!("three ports") };
    let format = a.device.frame.format(Some(57_600));
    assert_eq!(
        format,
        Format { baud: 57_600, data: 8, parity: Parity::Even, stop: Stop::Two, flow: Flow::None }
    );
    assert_eq!(a.device.frame.accm(), 0);
    assert_eq!(Frame { flow: Some(Flow::XonXoff), ..Frame::default() }.accm(), 0x000a_0000);
    assert_eq!((a.device.modem(), b.device.modem(), c.device.modem()), (Some("pbx"), None, Some("wifi")));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let said = read(
        "[[port]]\nname = \"a\"\nline = \"serial:/dev/ttyS0\"\nmodem = \"nobodys\"\ncalls = 2\nflow = \"maybe\"\n\
         [[port]]\nname = \"b\"\nline = \"serial:/dev/ttyS0,9600\"\nmodem = \"null\"\npool = \"10.65.0.0/24\"\n\
         [[port]]\nname = \"c\"\nline = \"exchange:1\"\nmodem = \"generic\"\nstop = 1\npool = \"10.66.0.0/24\"\n\
         [[port]]\nname = \"d\"\nline = \"tcp:127.0.0.1:1\"\npool = \"10.67.0.0/24\"\n\
         [modem.x]\nlike = \"y\"\ninit = [\"ATZ\\r\\nATD112\", \"Z\"]\nrings = 0\n[modem.y]\nlike = \"x\"\ninit = []\n[modem.null]",
    )
    .unwrap_err();
    for part in [
        "there is no modem \"nobodys\"",
        "calls = 2 on a device",
        "flow = \"maybe\" is not a word known here",
        "the device of serial:/dev/ttyS0,9600 is that of port \"a\"",
        "modem is for a device, and exchange:1 is none",
        "stop is for a device, and exchange:1 is none",
        "line = \"tcp:127.0.0.1:1\" is one to dial unless a modem is at its other end",
        "is like itself in the end",
        "the command \"ATZ\\r\\nATD112\" has characters that are no printable ASCII",
        "the command \"Z\" does not begin with AT",
        "rings = 0 is not a number this may be",
        "init has 0 commands",
        "\"null\" is no name of a modem",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}
