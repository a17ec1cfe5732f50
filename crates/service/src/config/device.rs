//! What sits on a serial port: the modem of a `[[port]]` or a dial, `[modem.NAME]`, and the port's parity, stop bits and flow
//! control.

mod known;

use std::collections::BTreeMap;
use std::time::Duration;

use openras_engine::modem::{Carrier, HangUp, Settings, Words};
use openras_engine::rfc2217::{Flow, Format, Parity, Stop};

use super::check::{Finding, Place};
use super::{CallbackLine, Config, DeviceLine, PortConfig, PortLine};

pub use known::{KNOWN, Known};

/// The modem that is driven where none is named.
pub const GENERIC: &str = "generic";
/// The name of no modem: a cable between two computers.
pub const CABLE: &str = "null";
/// How many `[modem.NAME]` may lead from one to the next by `like`.
const LONGEST_CHAIN: usize = 8;
/// The most init strings, and the longest command, in characters: some modems take lines of 40.
const MOST_INIT: usize = 16;
const LONGEST_COMMAND: usize = 80;

/// What a `[[port]]` says of its device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceSettings {
    /// `modem`: one of the table or a `[modem.NAME]`; `None` and `null` are a cable.
    pub modem: Option<String>,
    /// `parity`, `stop` and `flow`; what is left out is 8N1 with RTS and CTS.
    pub frame: Frame,
}

/// How octets stand on a serial port, as far as its line does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// `parity`.
    pub parity: Option<Parity>,
    /// `stop`.
    pub stop: Option<Stop>,
    /// `flow`.
    pub flow: Option<Flow>,
}

impl Frame {
    /// The control characters PPP must not send as they are (RFC 1662 §7.1): XON and XOFF where they stop a sender.
    pub fn accm(&self) -> u32 {
        if self.flow == Some(Flow::XonXoff) { 1 << 0x11 | 1 << 0x13 } else { 0 }
    }

    /// The whole format, with the speed of the line.
    pub fn format(&self, speed: Option<u32>) -> Format {
        let usual = Format::default();
        Format {
            baud: speed.unwrap_or(usual.baud),
            data: usual.data,
            parity: self.parity.unwrap_or(usual.parity),
            stop: self.stop.unwrap_or(usual.stop),
            flow: self.flow.unwrap_or(usual.flow),
        }
    }
}

impl DeviceSettings {
    /// The modem's name; `None` for a cable.
    pub fn modem(&self) -> Option<&str> {
        self.modem.as_deref().filter(|name| *name != CABLE)
    }
}

/// One `[modem.NAME]`: what differs from the modem it is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModemConfig {
    /// `like`: the modem it is like (default generic; a table with the name of a known modem is like that one).
    pub like: Option<String>,
    /// `init`.
    pub init: Option<Vec<String>>,
    /// `dial`.
    pub dial: Option<String>,
    /// `answer`.
    pub answer: Option<String>,
    /// `rings`.
    pub rings: Option<u8>,
    /// `carrier`.
    pub carrier: Option<Carrier>,
    /// `hang_up`.
    pub hang_up: Option<HangUp>,
    /// `numeric`.
    pub numeric: Option<bool>,
    /// `patience`.
    pub patience: Option<Duration>,
    /// `check_every`.
    pub check_every: Option<Duration>,
}

impl ModemConfig {
    fn change(&self, settings: &mut Settings) {
        fn set<T: Clone>(field: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        set(&mut settings.init, &self.init);
        set(&mut settings.dial, &self.dial);
        set(&mut settings.answer, &self.answer);
        set(&mut settings.rings, &self.rings);
        set(&mut settings.carrier, &self.carrier);
        set(&mut settings.hang_up, &self.hang_up);
        set(&mut settings.patience, &self.patience);
        set(&mut settings.check_every, &self.check_every);
        if let Some(numeric) = self.numeric {
            settings.words = if numeric { Words::Numbers } else { Words::Text };
        }
    }
}

/// A modem that cannot be had by this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownModem {
    /// Nobody knows it.
    #[error(
        "there is no modem {0:?}: it is neither one of the table in docs/modems.md nor a [modem.NAME] of the configuration"
    )]
    Name(String),
    /// The chain of `like` comes back to where it was, or is too long.
    #[error("the modem {0:?} is like itself in the end (like)")]
    Circle(String),
}

/// How the modem of this name is driven.
///
/// # Errors
/// Nobody knows the name, or one it is like.
pub fn modem(name: &str, named: &BTreeMap<String, ModemConfig>) -> Result<Settings, UnknownModem> {
    let mut chain = Vec::new();
    let mut at = name;
    while let Some(modem) = named.get(at) {
        if chain.len() == LONGEST_CHAIN {
            return Err(UnknownModem::Circle(name.into()));
        }
        chain.push(modem);
        match &modem.like {
            Some(like) => at = like,
            // a table may change one of the known ones
            None => {
                at = if Known::named(at).is_some() { at } else { GENERIC };
                break;
            }
        }
    }
    let known = Known::named(at).ok_or_else(|| UnknownModem::Name(at.into()))?;
    let mut settings = known.settings();
    chain.iter().rev().for_each(|modem| modem.change(&mut settings));
    Ok(settings)
}

/// Whether this can be a command of ours: `AT` and printable characters of ASCII. What is wrong, as the end of a sentence.
pub(super) fn command(text: &str) -> Result<(), &'static str> {
    if !text.get(..2).is_some_and(|begin| begin == "AT" || begin == "at") {
        return Err("does not begin with AT");
    }
    if text.len() > LONGEST_COMMAND {
        return Err("has more than 80 characters");
    }
    if !text.bytes().all(|octet| (b' '..=b'~').contains(&octet)) {
        return Err("has characters that are no printable ASCII");
    }
    Ok(())
}

/// The rules of modems and devices.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, it) in &config.modems {
        modem_findings(&mut found, name, it, config);
    }
    for (index, port) in config.ports.iter().enumerate() {
        port_findings(&mut found, index, port, config);
    }
    found
}

fn modem_findings(found: &mut Vec<Finding>, name: &str, it: &ModemConfig, config: &Config) {
    let mut add = |key, what: String, remedy: &str| {
        found.push(Finding { place: Place::Device(name.into(), key), what, remedy: remedy.into() });
    };
    if !super::check::is_plain_name(name) || name == CABLE {
        let remedy = "Write 1 to 32 of the characters A-Z a-z 0-9 . _ -, and not null, which is no modem";
        add("", format!("{name:?} is no name of a modem"), remedy);
    }
    if let Err(error) = modem(name, &config.modems) {
        add(
            "like",
            format!("[modem.{name}] cannot be used: {error}"),
            "Name a modem of the table in docs/modems.md",
        );
    }
    let init = it.init.iter().flatten().map(|text| ("init", text));
    let others = [("dial", &it.dial), ("answer", &it.answer)];
    for (key, text) in init.chain(others.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)))) {
        if let Err(problem) = command(text) {
            add(key, format!("the command {text:?} {problem}"), "Write one such as \"AT&F\"");
        }
    }
    if it.init.as_ref().is_some_and(|init| init.is_empty() || init.len() > MOST_INIT) {
        let what = format!("init has {} commands", it.init.as_ref().map_or(0, Vec::len));
        add("init", what, "Write 1 to 16; a modem that answers none cannot be told from a dead one");
    }
}

/// What is wrong with one port.
struct Faults<'f> {
    found: &'f mut Vec<Finding>,
    index: usize,
}

impl Faults<'_> {
    fn add(&mut self, key: &'static str, what: String, remedy: &str) {
        self.found.push(Finding { place: Place::Port(self.index, key), what, remedy: remedy.into() });
    }
}

fn port_findings(found: &mut Vec<Finding>, index: usize, port: &PortConfig, config: &Config) {
    let mut faults = Faults { found, index };
    let is_device = matches!(port.line, PortLine::Device(_));
    if port.callback_line == Some(CallbackLine::Modem) && !(is_device && port.device.modem().is_some()) {
        let remedy = "Write modem = \"generic\" or another modem, or callback_line = \"exchange\"";
        faults.add("callback_line", "callback_line = \"modem\" on a port without a modem".into(), remedy);
    }
    match &port.line {
        PortLine::Device(device) => {
            of_the_modem(&mut faults, port, device, config);
            of_the_device(&mut faults, port, device, config.ports.get(..index).unwrap_or_default());
        }
        _ => of_no_device(&mut faults, port),
    }
}

/// Keys of a device on a line that is none.
fn of_no_device(faults: &mut Faults<'_>, port: &PortConfig) {
    let DeviceSettings { modem, frame } = &port.device;
    let keys = [
        ("modem", modem.is_some()),
        ("parity", frame.parity.is_some()),
        ("stop", frame.stop.is_some()),
        ("flow", frame.flow.is_some()),
    ];
    for (key, _) in keys.into_iter().filter(|(_, there)| *there) {
        let remedy = "Leave it out, or answer on serial:, rfc2217:, tcp:, telnet:, tls:, ws: or wss:";
        faults.add(key, format!("{key} is for a device, and {} is none", port.line), remedy);
    }
}

fn of_the_modem(faults: &mut Faults<'_>, port: &PortConfig, device: &DeviceLine, config: &Config) {
    if let Some(name) = port.device.modem()
        && let Err(error) = modem(name, &config.modems)
    {
        let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
        let remedy = format!("Write one of {}, or add a table [modem.{name}]", names.join(", "));
        faults.add("modem", error.to_string(), &remedy);
    }
    let bare = device.at().is_some() && !device.is_serial_port();
    if port.device.modem.is_none() && bare {
        let what = format!("line = \"{}\" is one to dial unless a modem is at its other end", port.line);
        let remedy =
            "Write modem = \"wifi\" or another modem, or listen: before the line to answer calls over TCP";
        faults.add("line", what, remedy);
    }
    if bare && port.device.frame != Frame::default() {
        let what = "parity, stop and flow are for a serial port".into();
        faults.add("parity", what, "Leave them out, or write rfc2217:");
    }
}

fn of_the_device(faults: &mut Faults<'_>, port: &PortConfig, device: &DeviceLine, earlier: &[PortConfig]) {
    if port.calls > 1 {
        let what = format!("calls = {} on a device, which has one other end", port.calls);
        faults.add("calls", what, "Write calls = 1, or a port for each device");
    }
    let Some(path) = device.path() else { return };
    let same = |other: &&PortConfig| {
        matches!(&other.line, PortLine::Device(it) if it.path() == Some(path)) && other.line != port.line
    };
    if let Some(other) = earlier.iter().find(same) {
        let what = format!("the device of {} is that of port {:?}", port.line, other.name);
        faults.add("line", what, "Write another device");
    }
    if !path.is_absolute() {
        faults.add("line", format!("the device {path:?} is not a full path"), "Write it from / on");
    }
}

#[cfg(test)]
mod tests;
