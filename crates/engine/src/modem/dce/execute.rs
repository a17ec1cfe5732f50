//! A command line, carried out.

use crate::LineOp;

use super::command::{Asked, Command, Line};
use super::registers::{BACKSPACE, CR, LF};
use super::result::{Result, line};
use super::settings::{OnDtr, Profile};
use super::{Call, Dce, MOST_SAID};

/// Letters that mean nothing to a modem without a telephone line, and are taken: Bell modes, tones, speaker, blanks of old scripts.
const TAKEN: &str = "BCFKLMNPTWY";
/// The same for vendors' letters: flow and error control, compression, pulses, clocks. What they set is so anyhow: nothing is
/// lost on our line.
const VENDORS: [(char, &str); 3] = [('&', "ABGHIJKLMNPQRTXY"), ('\\', "ABCGJKLNPQTVX"), ('%', "ABCDEGLMPQ")];
/// Names that take any value, with the answer to `?` until then: speeds, error control, compression, as V.250 gives them.
const NAMES: [(&str, &str); 12] = [
    ("+FCLASS", "0"),
    ("+IPR", "0"),
    ("+ICF", "3,3"),
    ("+IFC", "2,2"),
    ("+ILRR", "0"),
    ("+MS", "V34,1"),
    ("+MR", "0"),
    ("+ES", "3,0,2"),
    ("+ER", "0"),
    ("+DS", "3,0"),
    ("+DR", "0"),
    ("+EB", "0,0,30"),
];

/// What follows a command.
enum Next {
    /// The next one.
    Go,
    /// The result, and nothing more of the line.
    Stop(Result),
    /// No result yet, and nothing more of the line.
    Wait,
}

impl Dce {
    /// Octets the computer has typed since its last command line: what is behind no AT, or too long for a line. Who types for ever
    /// is known by it.
    pub fn noise(&self) -> usize {
        self.noise
    }

    pub(super) fn execute(&mut self, text: &str) {
        let mut commands = Line::new(text);
        (self.said, self.noise) = (0, 0);
        while let Some(command) = commands.next_command() {
            let next = match command {
                Ok(command) => self.carry_out(command),
                Err(()) => Next::Stop(Result::Error),
            };
            match next {
                Next::Go => {}
                Next::Stop(result) => return self.result(result),
                Next::Wait => return,
            }
        }
        self.result(Result::Ok);
    }

    fn carry_out(&mut self, command: Command) -> Next {
        match command {
            Command::Answer => self.answer(),
            Command::Dial(what) => self.dials(&what),
            Command::Basic(letter, number) => self.basic(letter, number),
            Command::Vendor(mark, letter, number) => self.vendor(mark, letter, number),
            Command::Keep(at, number) => match (self.kept.get_mut(at), crate::modem::dial_string(&number)) {
                (Some(place), Some(number)) => {
                    *place = number;
                    Next::Go
                }
                _ => ERROR,
            },
            Command::Point(number) => {
                self.pointer = number;
                Next::Go
            }
            Command::Set(value) => {
                let value = u8::try_from(value).ok();
                good(value.is_some_and(|value| self.profile.registers.set(self.pointer, value)))
            }
            Command::Ask => {
                let value = self.profile.registers.get(self.pointer);
                self.inform(&format!("{value:03}"))
            }
            Command::Extended(name, asked) => self.extended(&name, asked),
        }
    }

    fn answer(&mut self) -> Next {
        if self.ring.is_none() || self.has_call() {
            return Next::Stop(Result::NoCarrier);
        }
        self.place(LineOp::Answer);
        Next::Wait
    }

    fn dials(&mut self, what: &str) -> Next {
        if self.has_call() {
            return ERROR;
        }
        let upper = what.to_ascii_uppercase();
        let number = if upper.trim_start_matches(['T', 'P']) == "L" {
            Some(self.last_dialled.clone()).filter(|number| !number.is_empty())
        } else if let Some(place) = upper.trim_start_matches(['T', 'P']).strip_prefix("S=") {
            let place = place.trim().parse::<usize>().ok().and_then(|at| self.kept.get(at));
            place.filter(|number| !number.is_empty()).cloned()
        } else {
            crate::modem::dial_string(what)
        };
        // how it is dialled is nothing to us: tones, pulses, pauses
        let plain =
            |number: String| number.chars().filter(|one| !"TPWtpw,@!".contains(*one)).collect::<String>();
        let number = number.map(plain).filter(|number| !number.is_empty());
        let Some(number) = number.or_else(|| name(what)) else { return ERROR };
        self.dial(number);
        Next::Wait
    }

    fn basic(&mut self, letter: char, number: u32) -> Next {
        let profile = &mut self.profile;
        match (letter, number) {
            ('E', 0 | 1) => profile.echo = number == 1,
            ('Q', 0..=2) => profile.quiet = number == 1,
            ('V', 0 | 1) => profile.verbose = number == 1,
            ('X', 0..=4) => profile.x = u8::try_from(number).unwrap_or(4),
            ('H', 0) => self.on_hook(),
            // off hook: there is no receiver to lift
            ('H', 1) => {}
            ('O', 0 | 1) => return self.goes_on(),
            ('Z', 0..=1) => {
                self.on_hook();
                self.profile = self.stored.clone();
                self.show_signals();
            }
            ('I', _) => return self.identity(number),
            (letter, _) if TAKEN.contains(letter) => {}
            _ => return ERROR,
        }
        Next::Go
    }

    /// O: back to the data of the call.
    fn goes_on(&mut self) -> Next {
        let Call::Online { speed } = self.call else { return Next::Stop(Result::NoCarrier) };
        self.connected(speed);
        Next::Wait
    }

    fn identity(&mut self, number: u32) -> Next {
        let text = match number {
            0 => self.identity.speed.to_string(),
            3 => format!("{} {}", self.identity.model, self.identity.version),
            4 => return self.view(),
            // the rest is checksums and tests
            1..=9 => return Next::Go,
            _ => return ERROR,
        };
        self.inform(&text)
    }

    fn vendor(&mut self, mark: char, letter: char, number: u32) -> Next {
        let profile = &mut self.profile;
        match (mark, letter, number) {
            ('&', 'C', 0 | 1) => {
                profile.dcd_follows = number == 1;
                self.show_signals();
            }
            ('&', 'S', 0..=2) => {
                profile.dsr_follows = number > 0;
                self.show_signals();
            }
            ('&', 'D', 0) => profile.on_dtr = OnDtr::Ignore,
            ('&', 'D', 1) => profile.on_dtr = OnDtr::Command,
            ('&', 'D', 2) => profile.on_dtr = OnDtr::HangUp,
            ('&', 'D', 3) => profile.on_dtr = OnDtr::Reset,
            ('&', 'F', _) => {
                *profile = Profile::default();
                self.show_signals();
            }
            ('&', 'W', 0 | 1) => self.stored = self.profile.clone(),
            ('&', 'V', _) => return self.view(),
            _ if VENDORS.iter().any(|(one, letters)| *one == mark && letters.contains(letter)) => {}
            _ => return ERROR,
        }
        Next::Go
    }

    fn extended(&mut self, name: &str, asked: Asked) -> Next {
        let text = match (name, &asked) {
            ("+GMI", Asked::Run) => "OpenRAS".to_owned(),
            ("+GMM", Asked::Run) => self.identity.model.clone(),
            ("+GMR", Asked::Run) => self.identity.version.clone(),
            ("+GSN", Asked::Run) => "0".into(),
            ("+GCAP", Asked::Run) => "+GCAP: +MS,+ES,+DS".into(),
            ("+VCID" | "#CID", Asked::Set(value)) => {
                self.profile.caller_id = value != "0";
                return good(matches!(value.as_str(), "0" | "1"));
            }
            ("+VCID" | "#CID", Asked::Value) => u8::from(self.profile.caller_id).to_string(),
            ("+VCID" | "#CID", Asked::Range) => "(0,1)".into(),
            _ => {
                return named(name, &asked).map_or(ERROR, |text| match text {
                    Some(text) => self.inform(&text),
                    None => Next::Go,
                });
            }
        };
        self.inform(&text)
    }

    /// All that is set.
    fn view(&mut self) -> Next {
        let profile = &self.profile;
        let bit = u8::from;
        let on_dtr = match profile.on_dtr {
            OnDtr::Ignore => 0,
            OnDtr::Command => 1,
            OnDtr::HangUp => 2,
            OnDtr::Reset => 3,
        };
        let switches = format!(
            "E{} Q{} V{} X{} &C{} &D{on_dtr} &S{}",
            bit(profile.echo),
            bit(profile.quiet),
            bit(profile.verbose),
            profile.x,
            bit(profile.dcd_follows),
            bit(profile.dsr_follows),
        );
        let registers: Vec<String> = [0, 1, 2, CR, LF, BACKSPACE, 6, 7, 8, 9, 10, 11, 12, 25]
            .iter()
            .map(|number| format!("S{number:02}:{:03}", profile.registers.get(*number)))
            .collect();
        self.inform(&switches);
        self.inform(&registers.join(" "))
    }

    fn inform(&mut self, text: &str) -> Next {
        let mut out = Vec::new();
        line(text, &self.profile, &mut out);
        self.said += out.len();
        if self.said > MOST_SAID {
            return ERROR;
        }
        self.write(out);
        Next::Go
    }
}

/// What stands behind D where it is no number: a word that the network may know, and mostly does not.
fn name(what: &str) -> Option<String> {
    let name = what.strip_prefix(['T', 't', 'P', 'p']).unwrap_or(what).trim();
    let fits = |one: char| one.is_ascii_graphic() && one != ';' && one != '=';
    let says = name.chars().any(|one| one.is_ascii_alphanumeric());
    (says && name.chars().all(fits) && !name.eq_ignore_ascii_case("L")).then(|| name.to_owned())
}

const ERROR: Next = Next::Stop(Result::Error);

fn good(good: bool) -> Next {
    if good { Next::Go } else { ERROR }
}

/// What a name of [`NAMES`] answers: `Some(None)` is taken without a word.
fn named(name: &str, asked: &Asked) -> Option<Option<String>> {
    let (_, value) = NAMES.iter().find(|(one, _)| *one == name)?;
    Some(match asked {
        Asked::Run | Asked::Set(_) => None,
        Asked::Value => Some(format!("{name}: {value}")),
        Asked::Range => Some(format!("{name}: ({value})")),
    })
}
