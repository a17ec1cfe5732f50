//! `[[virtual_modem]]`: modems that the service plays for computers, and `[directory]`: the numbers they may dial.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use openras_nat::Reach;

use super::check::{Finding, Place, is_plain_name};
use super::device::Frame;
use super::{Config, DeviceLine, DialLine, PortConfig, PortLine, TlsConfig, TlsTrust};

/// Where the computer of a modem can be.
const FORMS: &str = "Write tcp:, telnet:, rfc2217:, tls:, ws: or wss: with an address, the same behind listen:, or listen:unix:, pty: or serial: with a path";
/// The longest key of the directory, in digits: what telephones take.
const LONGEST_KEY: usize = 20;

/// One `[[virtual_modem]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualModem {
    /// Its name; with several computers they are `name/1`, `name/2` ….
    pub name: String,
    /// Where the computer is.
    pub line: PortLine,
    /// Computers at the same time (default 1).
    pub calls: u16,
    /// Its number in the exchange, by which others call it (default none: it only dials).
    pub number: Option<String>,
    /// Bits a second of its calls, kept both ways; `None` is as fast as they go (default).
    pub speed: Option<u32>,
    /// Dials a minute from one place (default 20).
    pub dials: u32,
    /// Of the computers, how many may come from one source address (default 4).
    pub per_source: u16,
    /// How long a computer on a listening line may stay without a call and without a word (default 30 min).
    pub idle: Duration,
    /// What is no key of the directory may be `HOST:PORT` (default false).
    pub free_dial: bool,
    /// Where `free_dial` may go, in the words of `reach` (default internet).
    pub reach: Vec<String>,
    /// Passwords may cross a network in the clear on its line (defence rule 17) (default false).
    pub insecure: bool,
    /// Who it is to computers on `listen:tls:` and `listen:wss:`, which need it (default none).
    pub tls: Option<TlsConfig>,
    /// `tls` of a line that is connected in TLS (default none: what the system trusts).
    pub trust: Option<TlsTrust>,
    /// Origins of pages that may come over `listen:ws:` and `listen:wss:`, besides those of the same host (default none).
    pub origins: Vec<String>,
    /// `parity`, `stop` and `flow` of a `serial:` or `rfc2217:` line; what is left out is 8N1 with RTS and CTS.
    pub frame: Frame,
}

impl VirtualModem {
    /// A modem with every default.
    pub fn new(name: impl Into<String>, line: PortLine) -> Self {
        Self {
            name: name.into(),
            line,
            calls: 1,
            number: None,
            speed: None,
            dials: 20,
            per_source: 4,
            idle: Duration::from_secs(1800),
            free_dial: false,
            reach: vec!["internet".into()],
            insecure: false,
            tls: None,
            trust: None,
            origins: Vec::new(),
            frame: Frame::default(),
        }
    }

    /// The name of one of its places, as with ports.
    pub(crate) fn place_name(&self, number: u16) -> String {
        if self.calls == 1 { self.name.clone() } else { format!("{}/{number}", self.name) }
    }
}

/// What each number leads to.
pub type Directory = BTreeMap<String, Listing>;

/// One key of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Where it leads, in order.
    pub to: Vec<Target>,
    /// Which of them is tried first.
    pub hunt: Hunt,
    /// Bits a second of calls to it; `None` is the modem's own.
    pub speed: Option<u32>,
}

/// Which target of a key a call tries first; the others follow when it is busy or cannot be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hunt {
    /// Always the first.
    #[default]
    First,
    /// Each call begins behind the one before it.
    Turns,
}

/// Where a key leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A port of this service.
    Port(String),
    /// A modem of this service, which rings.
    Modem(String),
    /// A line that is dialled, as by `openras dial`.
    Line(DialLine),
}

impl FromStr for Target {
    type Err = super::LineError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        match given.split_once(':') {
            Some(("port", name)) if is_plain_name(name) => Ok(Self::Port(name.into())),
            Some(("modem", name)) if is_plain_name(name) => Ok(Self::Modem(name.into())),
            _ => given.parse().map(Self::Line),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(name) => write!(f, "port:{name}"),
            Self::Modem(name) => write!(f, "modem:{name}"),
            Self::Line(line) => line.fmt(f),
        }
    }
}

/// Whether a text can be dialled as a number: digits, `*` and `#`, an optional `+` before them.
pub(super) fn is_key(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
    (1..=LONGEST_KEY).contains(&digits.len()) && digits.chars().all(fits)
}

/// Every rule that is broken.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    let modems = &config.virtual_modems;
    for (index, modem) in modems.iter().enumerate() {
        let earlier = modems.get(..index).unwrap_or_default();
        let mut add = |key, what: String, remedy: &str| {
            found.push(Finding { place: Place::Modem(index, key), what, remedy: remedy.into() });
        };
        names(&mut add, modem, earlier, &config.ports);
        line(&mut add, modem, earlier, &config.ports);
        device(&mut add, modem, earlier, &config.ports);
        tls(&mut add, modem);
        numbers(&mut add, modem, &config.ports);
        if let Err(error) = Reach::parse(&modem.reach) {
            add(
                "reach",
                format!("reach: {error}"),
                "Write words such as \"internet\" or \"192.168.7.0/24:23\"",
            );
        }
        clear_text(&mut add, modem, config);
    }
    for (key, listing) in &config.directory {
        directory(&mut found, key, listing, config);
    }
    found
}

/// Takes a finding: key, what is wrong, what to write.
type Add<'a> = dyn FnMut(&'static str, String, &str) + 'a;

fn names(add: &mut Add<'_>, modem: &VirtualModem, earlier: &[VirtualModem], ports: &[PortConfig]) {
    let name = &modem.name;
    if !is_plain_name(name) {
        let what = format!("name = {name:?} is no name of a modem");
        add("name", what, "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -");
    } else if earlier.iter().any(|other| other.name == *name) || ports.iter().any(|port| port.name == *name) {
        let what = format!("name = {name:?} is taken by a port or an earlier modem");
        add("name", what, "Write another name");
    }
}

fn line(add: &mut Add<'_>, modem: &VirtualModem, earlier: &[VirtualModem], ports: &[PortConfig]) {
    let shown = modem.line.to_string();
    let ephemeral = shown.ends_with(":0");
    let taken = ports.iter().map(|port| (&port.name, &port.line));
    let taken = taken.chain(earlier.iter().map(|other| (&other.name, &other.line)));
    for (name, _) in taken.filter(|(_, line)| **line == modem.line && !ephemeral).take(1) {
        let what = format!("line = {shown:?} is used by {name:?} already");
        add("line", what, "Write another line, or raise `calls` there");
    }
    match &modem.line {
        PortLine::Exchange(_) => {
            let what = format!("line = {shown:?} is where a modem dials, not where its computer is");
            add("line", what, "Write the computer's line, and the number as number = \"…\"");
        }
        PortLine::Stdio | PortLine::Device(DeviceLine::Pty(_)) => {
            add("line", format!("line = {shown:?} is none a modem can be played on"), FORMS);
        }
        PortLine::Device(DeviceLine::Serial { path, .. }) if !path.is_absolute() => {
            add("line", format!("line = {shown:?} is not a full path"), "Write it from / on");
        }
        PortLine::Pty(path) | PortLine::ListenUnix(path) if !path.is_absolute() => {
            add("line", format!("line = {shown:?} is not a full path"), "Write it from / on");
        }
        line if modem.calls > 1 && !shown.starts_with("listen:") => {
            let what = format!("calls = {} on {line}, which has one other end", modem.calls);
            add("calls", what, "Write calls = 1, or a modem for each line");
        }
        _ => {}
    }
}

/// A device has one owner, and only a serial port has its keys.
fn device(add: &mut Add<'_>, modem: &VirtualModem, earlier: &[VirtualModem], ports: &[PortConfig]) {
    let is_serial_port = matches!(&modem.line, PortLine::Device(device) if device.is_serial_port());
    if modem.frame != Frame::default() && !is_serial_port {
        let what = format!("parity, stop and flow are for a serial port, and {} is none", modem.line);
        add("parity", what, "Leave them out, or write line = \"serial:/dev/ttyS0,115200\"");
    }
    let PortLine::Device(own) = &modem.line else { return };
    let others = ports.iter().map(|port| (&port.name, &port.line));
    let mut others = others.chain(earlier.iter().map(|other| (&other.name, &other.line)));
    // the same line is found with those of other kinds; a serial port may have another speed there
    let same = |line: &PortLine| match line {
        PortLine::Device(other) if other != own => {
            own.is_serial_port() && (own.path(), own.at()) == (other.path(), other.at())
        }
        _ => false,
    };
    if let Some((name, _)) = others.find(|(_, line)| same(line)) {
        add("line", format!("the device of {} is that of {name:?}", modem.line), "Write another device");
    }
}

fn tls(add: &mut Add<'_>, modem: &VirtualModem) {
    if let Some((what, remedy)) = super::tls::tls(&modem.line, modem.tls.is_some(), modem.trust.is_some()) {
        add("tls", what, remedy);
    }
    super::tls::origins(&modem.line, &modem.origins, |what, remedy| add("origins", what, remedy));
}

fn numbers(add: &mut Add<'_>, modem: &VirtualModem, ports: &[PortConfig]) {
    let Some(number) = &modem.number else { return };
    let Ok(line) = format!("exchange:{number}").parse::<PortLine>() else {
        let what = format!("number = {number:?} is no telephone number");
        return add("number", what, "Write an optional + and 1 to 20 digits");
    };
    if let Some(port) = ports.iter().find(|port| port.line == line) {
        let what = format!("number = {number:?} is the number of the port {:?}", port.name);
        add("number", what, "Write another; a key of [directory] can lead to both");
    }
}

/// Defence rule 17: what a port allows is said on the modem's line.
fn clear_text(add: &mut Add<'_>, modem: &VirtualModem, config: &Config) {
    if modem.insecure || !modem.line.crosses_network() {
        return;
    }
    let targets = config.directory.values().flat_map(|listing| &listing.to);
    let mut ports = targets.filter_map(|target| match target {
        Target::Port(name) => config.ports.iter().find(|port| port.name == *name),
        Target::Line(DialLine::Exchange(number)) => {
            config.ports.iter().find(|port| port.line == PortLine::Exchange(number.clone()))
        }
        Target::Modem(_) | Target::Line(_) => None,
    });
    if let Some(port) = ports.find(|port| super::in_the_clear(port).is_some()) {
        let what = format!(
            "the directory leads to the port {:?}, whose passwords others on the network of {} can listen to",
            port.name, modem.line
        );
        add(
            "line",
            what,
            "Write auth = [\"mschapv2\"] and no login there, a loopback address here, or insecure = true",
        );
    }
}

fn directory(found: &mut Vec<Finding>, key: &str, listing: &Listing, config: &Config) {
    let mut add = |what: String, remedy: &str| {
        found.push(Finding { place: Place::Directory(key.into()), what, remedy: remedy.into() });
    };
    if !is_key(key) {
        let what = format!("{key:?} is no number that can be dialled");
        add(what, "Write 1 to 20 digits, * or #, with an optional + before them");
    }
    if listing.to.is_empty() {
        add(format!("{key} leads nowhere"), "Write port:NAME, modem:NAME or a line such as telnet:HOST:PORT");
    }
    for target in &listing.to {
        match target {
            Target::Port(name) => match config.ports.iter().find(|port| port.name == *name) {
                None => add(format!("{key}: there is no port {name:?}"), "Write the name of a [[port]]"),
                Some(port) if !takes_calls(&port.line) => {
                    let what = format!("{key}: the port {name:?} on {} has one line of its own", port.line);
                    add(what, "Lead to a port on listen:… or exchange:NUMBER");
                }
                Some(_) => {}
            },
            Target::Modem(name) => {
                let modem = config.virtual_modems.iter().find(|modem| modem.name == *name);
                if modem.is_none_or(|modem| modem.number.is_none()) {
                    let what = format!("{key}: there is no modem {name:?} with a number");
                    add(what, "Write the name of a [[virtual_modem]] that has number = \"…\"");
                }
            }
            Target::Line(_) => {}
        }
    }
}

/// Whether a call of ours can be put through to a port: one that takes as many as come, or that has a number.
fn takes_calls(line: &PortLine) -> bool {
    matches!(line, PortLine::Exchange(_)) || line.to_string().starts_with("listen:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_modem_or_directory_says_what_to_write() {
        let text =
            "[[virtual_modem]]\nname = \"m\"\nline = \"exchange:1\"\nreach = [\"nowhere\"]\nnumber = \"x\"
            [[virtual_modem]]\nname = \"m\"\nline = \"listen:tcp:0.0.0.0:1\"
            [[port]]\nname = \"p\"\nline = \"pty:/run/p\"\nauth = [\"pap\"]
            [directory]\nabc = \"port:p\"\n1 = \"modem:none\"\n2 = []\n3 = \"port:none\"";
        let said = Config::parse(text, "t.toml").unwrap_err().to_string();
        for problem in [
            "is where a modem dials",
            "reach: ",
            "is no telephone number",
            "is taken by a port or an earlier modem",
            "others on the network of listen:tcp:0.0.0.0:1 can listen to",
            "\"abc\" is no number that can be dialled",
            "has one line of its own",
            "there is no modem \"none\" with a number",
            "2 leads nowhere",
            "there is no port \"none\"",
        ] {
            assert!(said.contains(problem), "no {problem:?} in\n{said}");
        }
    }
    /// What is said of a modem with this line and more.
    fn said_of(modem: &str) -> String {
        let text = format!("[[virtual_modem]]\nname = 'm'\n{modem}\n");
        Config::parse(&text, "t.toml").map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn lines_that_we_connect_have_the_keys_of_their_kind() {
        for line in [
            "tcp:127.0.0.1:1",
            "telnet:localhost:23",
            "tls:h:1",
            "ws:[::1]:1/modem",
            "wss:h:1",
            "rfc2217:h:1",
        ] {
            assert_eq!(said_of(&format!("line = '{line}'")), "", "{line}");
        }
        assert_eq!(said_of("line = 'rfc2217:h:1,9600'\nparity = 'even'\nflow = 'none'"), "");
        let ours = "tls = { ca = '/ca.pem', certificate = '/c.pem', key = '/k.pem' }";
        assert_eq!(said_of(&format!("line = 'wss:h:1'\n{ours}")), "");
        assert_eq!(said_of("line = 'listen:ws:h:1'\norigins = ['https://a.example']"), "");
        let other = "[[port]]\nname = 'p'\nline = 'rfc2217:h:1,300'";
        for (modem, said) in [
            (format!("line = 'tcp:h:1'\n{ours}"), "tls does nothing on the line"),
            ("line = 'tls:h:1'\ntls = { ca = 'c.pem' }".into(), "no full path"),
            ("line = 'tls:h:1'\ntls = { certificate = '/c.pem' }".into(), "a certificate without its key"),
            ("line = 'tls:h:1'\ntls = { clients = '/c.pem' }".into(), "none of ca, certificate, key"),
            ("line = 'tcp:h:1'\nflow = 'none'".into(), "are for a serial port"),
            ("line = 'telnet:h:1'\ncalls = 2".into(), "has one other end"),
            ("line = 'tls:h'".into(), "names no port"),
            ("line = 'unix:/x'".into(), "is one to dial, not to answer on"),
            (format!("line = 'rfc2217:h:1'\n{other}"), "is that of \"p\""),
            ("line = 'tcp:h:1'\norigins = ['https://a.example']".into(), "origins does nothing"),
            ("line = 'listen:wss:h:1'\norigins = ['a']".into(), "no origin of a page"),
        ] {
            let found = said_of(&modem);
            assert!(found.contains(said), "{modem}\n{found}");
        }
        // rule 17, as on lines where others come
        let clear = "number = '1'\n[[port]]\nname = 'p'\nline = 'exchange:2'\nauth = ['pap']\n[directory]\n1 = 'port:p'";
        for (line, open) in
            [("tcp:h:1", true), ("ws:h:1", true), ("tls:h:1", false), ("tcp:127.0.0.1:1", false)]
        {
            let found = said_of(&format!("line = '{line}'\n{clear}"));
            assert_eq!(found.contains("can listen to"), open, "{line}\n{found}");
        }
    }

    #[test]
    fn lines_in_tls_have_a_certificate_and_serial_ports_a_path_of_their_own() {
        let files = "tls = { certificate = '/c.pem', key = '/k.pem' }";
        for word in ["tls", "wss"] {
            let line = format!("line = 'listen:{word}:0.0.0.0:1'\ncalls = 3");
            assert_eq!(said_of(&format!("{line}\n{files}")), "");
            assert!(said_of(&line).contains("needs a certificate"));
        }
        assert_eq!(said_of("line = 'serial:/dev/ttyS0,9600'\nflow = 'xonxoff'\nparity = 'even'"), "");
        let other = "[[port]]\nname = 'p'\nline = 'serial:/dev/ttyS0,300'";
        for (modem, said) in [
            (format!("line = 'listen:tcp:127.0.0.1:1'\n{files}"), "tls does nothing on the line"),
            ("line = 'listen:tcp:127.0.0.1:1'\nflow = 'none'".into(), "are for a serial port"),
            ("line = 'serial:ttyS0'".into(), "is not a full path"),
            ("line = 'serial:/dev/ttyS0'\ncalls = 2".into(), "has one other end"),
            (format!("line = 'serial:/dev/ttyS0'\n{other}"), "is that of \"p\""),
            ("line = 'stdio'".into(), "is none a modem can be played on"),
        ] {
            let found = said_of(&modem);
            assert!(found.contains(said), "{modem}\n{found}");
        }
    }
}
