//! Where an entry's call goes: our LINE words out of what Windows keeps of a port, a device and a number.

use super::flags::RASEO_USE_COUNTRY_AND_AREA_CODES;
use super::{Entry, Link, Number};
use crate::{BookError, Section};

/// Kinds of lines that are dialled; `KIND:REST` is a line (docs/configuration.md).
pub const KINDS: [&str; 11] =
    ["tcp", "telnet", "tls", "ws", "wss", "unix", "pty", "serial", "rfc2217", "exchange", "pool"];

/// Those of them that can have a modem at their end.
const WITH_MODEM: [&str; 6] = ["serial", "rfc2217", "tcp", "telnet", "pty", "pool"];

/// Before a kind in a device's name, so that a list of devices says whose they are.
const OURS: &str = "OpenRAS ";

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As `openras dial --line` takes it. Only its kind is known to be right.
    pub line: String,
    /// The number to dial on it, where the line itself holds none (a device); may be empty.
    pub number: String,
    /// The modem that dials it, by its name in the service's table or configuration; empty for none.
    pub modem: String,
}

impl Target {
    /// A line that says all.
    fn of_line(line: impl Into<String>) -> Self {
        Self { line: line.into(), number: String::new(), modem: String::new() }
    }
}

/// Whether a text has the form of a LINE that is dialled: one of [`KINDS`], a colon, and something.
pub fn is_line(text: &str) -> bool {
    text.split_once(':').is_some_and(|(kind, rest)| KINDS.contains(&kind) && !rest.is_empty())
}

/// Whether a modem can be at the end of this line.
pub fn takes_modem(line: &str) -> bool {
    is_line(line) && line.split_once(':').is_some_and(|(kind, _)| WITH_MODEM.contains(&kind))
}

impl Entry {
    /// Where sub-entry `at` (from 0) calls; `number` overrides its own where it is not empty. The first that fits:
    /// a `number` that is a LINE; `OpenRASLine`; the entry's number if it is a LINE; a device or port that is a LINE, or the name of a kind to which the number
    /// belongs (`OpenRAS tcp` and `host:7001`). `None`: the device is none of ours.
    pub fn target(&self, at: usize, number: &str) -> Option<Target> {
        self.links.get(at).and_then(|link| link.target(number, self.options))
    }

    /// Lets the first link call over this line.
    pub fn set_line(&mut self, line: &str) {
        if self.links.is_empty() {
            self.links.push(Link::default());
        }
        if let Some(link) = self.links.first_mut() {
            link.set_line(line);
            if link.line.is_empty() {
                // the number is complete now
                self.options &= !RASEO_USE_COUNTRY_AND_AREA_CODES;
            }
        }
    }

    /// Lets this modem dial on the first link's line; empty takes it away. See [`Link::set_modem`].
    pub fn set_modem(&mut self, modem: &str) {
        if let Some(link) = self.links.first_mut() {
            link.set_modem(modem);
        }
    }

    /// Removes a link of a section (RasDeleteSubEntry), `at` from 0; those behind move up. Whether there was one.
    /// Writing an entry whose links moved would instead give each group the next one's values.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn remove_link(section: &mut Section, at: usize) -> Result<bool, BookError> {
        super::links::remove(section, at)
    }
}

impl Link {
    /// A link over one of [`KINDS`], without a number.
    pub fn new(kind: &str) -> Self {
        Self {
            media: "serial".into(),
            port: kind.into(),
            device_name: format!("{OURS}{kind}"),
            device_type: "modem".into(),
            numbers: vec![Number::default()],
            line: String::new(),
            modem: String::new(),
        }
    }

    /// As [`Entry::target`], for this link under these RASEO_ bits.
    pub fn target(&self, number: &str, options: u32) -> Option<Target> {
        if is_line(number) {
            return Some(Target::of_line(number));
        }
        let own = self.numbers.first().map(|own| own.dialled(options)).unwrap_or_default();
        let number = if number.is_empty() { &own } else { number };
        // our own key says more than what stands in Windows' keys
        if !self.modem.is_empty() && is_line(&self.line) {
            return Some(Target {
                number: number.into(),
                modem: self.modem.clone(),
                ..Target::of_line(&self.line)
            });
        }
        join(&self.line, number).or_else(|| match is_line(number) {
            true => Some(Target::of_line(number)),
            false => [&self.device_name, &self.port].into_iter().find_map(|place| join(place, number)),
        })
    }

    /// Calls over this line from now on. A device of Windows keeps its name and number: the line then stands beside
    /// them, in `OpenRASLine`. So does the line of a modem, which stays where the new one can have it.
    pub fn set_line(&mut self, line: &str) {
        let (kind, rest) = line.split_once(':').unwrap_or((line, ""));
        if !self.modem.is_empty() {
            if takes_modem(line) {
                self.line = line.into();
                return;
            }
            self.modem.clear();
            self.line.clear();
        }
        let foreign = |name: &String| !name.is_empty() && join(name, "0").is_none();
        if foreign(&self.device_name) || (self.device_name.is_empty() && foreign(&self.port)) {
            self.line = line.into();
            return;
        }
        let mut fresh = Self::new(kind);
        fresh.numbers = std::mem::take(&mut self.numbers);
        match fresh.numbers.first_mut() {
            Some(number) => *number = Number { number: rest.into(), ..Number::default() },
            None => fresh.numbers.push(Number { number: rest.into(), ..Number::default() }),
        }
        if !self.media.is_empty() {
            fresh.media.clone_from(&self.media);
        }
        *self = fresh;
    }
}

impl Link {
    /// Lets this modem dial the number on the line the link has; empty takes it away, and the number with it where the
    /// device is ours.
    pub fn set_modem(&mut self, modem: &str) {
        if modem.is_empty() {
            if !std::mem::take(&mut self.modem).is_empty() {
                let line = std::mem::take(&mut self.line);
                self.set_line(&line);
            }
            return;
        }
        if self.line.is_empty()
            && let Some(target) = self.target("", 0)
        {
            // what stood in the number was the line's
            self.line = target.line;
            if let Some(number) = self.numbers.first_mut() {
                *number = Number { number: target.number, ..Number::default() };
            }
        }
        self.modem = modem.into();
    }
}

impl Number {
    /// What is dialled: with RASEO_UseCountryAndAreaCodes `+`, country code, area code and number in digits, else the
    /// number as it stands.
    pub fn dialled(&self, options: u32) -> String {
        if options & RASEO_USE_COUNTRY_AND_AREA_CODES == 0 || self.number.is_empty() || is_line(&self.number)
        {
            return self.number.clone();
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let country = if self.country_code == 0 { String::new() } else { format!("+{}", self.country_code) };
        format!("{country}{}{}", digits(&self.area_code), digits(&self.number))
    }
}

/// A line out of a device's or port's name and a number.
fn join(place: &str, number: &str) -> Option<Target> {
    let (head, tail) = place.split_at_checked(OURS.len()).unwrap_or(("", place));
    let place = if head.eq_ignore_ascii_case(OURS) { tail } else { place };
    if is_line(place) {
        return Some(Target { number: number.into(), ..Target::of_line(place) });
    }
    let kind = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(place)).filter(|_| !number.is_empty())?;
    let rest = if *kind == "exchange" { plain(number) } else { number.trim().into() };
    Some(Target::of_line(format!("{kind}:{rest}")))
}

/// A telephone number without what only makes it readable; anything else is left for the line to refuse.
fn plain(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect()
}
