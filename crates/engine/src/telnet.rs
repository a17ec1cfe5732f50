//! Telnet as a line (RFC 854–858): what is said in telnet is taken out of the data and answered, data octets FF are doubled,
//! and 8 bits go through once BINARY is agreed.
//!
//! A peer that dials in by TCP may be a telnet client, a modem emulator that greets in telnet and then sends raw octets,
//! or something that has never heard of telnet: [`Mode::Auto`] finds out.

mod mode;
mod options;
#[cfg(test)]
mod tests;

use mode::Guess;
pub use mode::Mode;
use options::Options;
pub use options::Role;

/// Interpret As Command.
pub(crate) const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// Subnegotiation Begin.
const SB: u8 = 250;
const ARE_YOU_THERE: u8 = 246;
const BREAK: u8 = 243;
/// Subnegotiation End.
const SE: u8 = 240;

const CR: u8 = 13;
const LF: u8 = 10;
const NUL: u8 = 0;

/// TRANSMIT-BINARY, RFC 856.
pub const BINARY: u8 = 0;
/// ECHO, RFC 857.
pub const ECHO: u8 = 1;
/// SUPPRESS-GO-AHEAD, RFC 858.
pub const SUPPRESS_GO_AHEAD: u8 = 3;
/// COM-PORT-OPTION, RFC 2217.
pub const COM_PORT: u8 = 44;

/// The longest subnegotiation that is kept, in octets. What is longer is dropped whole.
const LONGEST_SUBNEGOTIATION: usize = 512;
/// Octets that are answered with, at most, for one `receive`: a peer that only asks and never reads gets no more.
const MOST_ANSWERS: usize = 4096;

/// What this end wants of telnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// When telnet is spoken.
    pub mode: Mode,
    /// As a server: offer to echo, for a login by a person. PPP wants none.
    pub echo: bool,
    /// RFC 2217 is wanted (as a client) or offered (as a server).
    pub com_port: bool,
}

/// What came besides data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer sent a break.
    Break,
    /// RFC 2217 is agreed.
    ComPort,
    /// The octets of a COM-PORT subnegotiation, behind the option's number; see [`crate::rfc2217`].
    ComPortSays(Vec<u8>),
}

/// What [`Telnet::receive`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Octets for whoever reads the line.
    pub data: Vec<u8>,
    /// Octets to be sent to the peer at once, as they are.
    pub answer: Vec<u8>,
    /// What else it said.
    pub events: Vec<Event>,
}

/// One end of a telnet line.
#[derive(Clone, Debug)]
pub struct Telnet {
    guess: Guess,
    options: Options,
    state: State,
    /// The subnegotiation in the making; its first octet is the option.
    sub: Vec<u8>,
    /// The last octet of data was a CR, and not in binary: a NUL behind it belongs to it, commands between them or not.
    received_cr: bool,
    /// The last octet sent was a CR, and not in binary: what follows decides what it meant (RFC 854).
    sent_cr: bool,
}

/// Where in the peer's octets we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Data,
    Iac,
    /// Behind WILL, WONT, DO or DONT.
    Verb(u8),
    Sub,
    /// Behind an IAC in a subnegotiation.
    SubIac,
    /// In a subnegotiation that is too long.
    SubLong,
    SubLongIac,
}

impl Telnet {
    /// An end that has said nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            guess: Guess::new(config.mode),
            options: Options::new(config),
            state: State::Data,
            sub: Vec::new(),
            received_cr: false,
            sent_cr: false,
        }
    }

    /// What to say first: nothing in [`Mode::Raw`], and in [`Mode::Auto`] nothing before the peer has spoken telnet.
    pub fn open(&mut self, out: &mut Vec<u8>) {
        if self.guess.opens() {
            self.options.open(out);
        }
    }

    /// Takes octets of the peer.
    pub fn receive(&mut self, input: &[u8]) -> Received {
        let mut found = Received::default();
        let mut rest = input;
        while !rest.is_empty() {
            if self.state == State::Data && !self.received_cr && self.plain_run(&mut rest, &mut found.data) {
                continue;
            }
            let Some((octet, behind)) = rest.split_first() else { break };
            rest = behind;
            self.octet(*octet, &mut found);
        }
        if !found.answer.is_empty() && self.owes_nul() {
            found.answer.insert(0, NUL);
        }
        found
    }

    /// Whether a CR that was sent still waits for its pair, which must not come behind a command; it is given it then.
    fn owes_nul(&mut self) -> bool {
        std::mem::take(&mut self.sent_cr) && self.guess.sends_telnet() && !self.options.sends_binary()
    }

    /// Takes the run of octets that mean themselves; `false` when there is none.
    fn plain_run(&mut self, rest: &mut &[u8], data: &mut Vec<u8>) -> bool {
        let raw = self.guess.is_raw();
        let end = if raw {
            rest.len()
        } else if self.guess.is_open() {
            // each octet may decide what the peer speaks
            return false;
        } else if self.options.receives_binary() {
            memchr::memchr(IAC, rest).unwrap_or(rest.len())
        } else {
            memchr::memchr2(IAC, CR, rest).unwrap_or(rest.len())
        };
        let Some((run, behind)) = rest.split_at_checked(end) else { return false };
        data.extend_from_slice(run);
        *rest = behind;
        !run.is_empty()
    }

    fn octet(&mut self, octet: u8, found: &mut Received) {
        match self.state {
            State::Data => self.data(octet, found),
            State::Iac => self.command(octet, found),
            State::Verb(verb) => {
                self.state = State::Data;
                self.verb(verb, octet, found);
            }
            State::Sub if octet == IAC => self.state = State::SubIac,
            State::Sub => self.gather(octet),
            State::SubIac => self.behind_iac_in_sub(octet, found),
            State::SubLong if octet == IAC => self.state = State::SubLongIac,
            State::SubLong => {}
            State::SubLongIac => self.state = if octet == SE { State::Data } else { State::SubLong },
        }
    }

    fn data(&mut self, octet: u8, found: &mut Received) {
        if self.guess.is_raw() {
            found.data.push(octet);
            return;
        }
        if octet == IAC {
            self.state = State::Iac;
            return;
        }
        // CR NUL is a carriage return (RFC 854)
        if std::mem::take(&mut self.received_cr) && octet == NUL && !self.options.receives_binary() {
            return;
        }
        self.guess.data(octet);
        found.data.push(octet);
        self.received_cr = octet == CR && self.guess.sends_telnet() && !self.options.receives_binary();
    }

    /// The octet behind an IAC.
    fn command(&mut self, octet: u8, found: &mut Received) {
        self.state = State::Data;
        let was_open = self.guess.is_open();
        if self.guess.iac(octet) {
            // an FF of raw data: what a frame of PPP begins with
            self.received_cr = false;
            found.data.extend([IAC, octet]);
            return;
        }
        match octet {
            IAC => {
                self.received_cr = false;
                found.data.push(IAC);
                // a frame in telnet's words is as good as a greeting: 8 bits are asked for
                if was_open && !self.guess.is_open() {
                    self.options.open(&mut found.answer);
                }
            }
            WILL | WONT | DO | DONT => self.state = State::Verb(octet),
            SB => {
                self.sub.clear();
                self.state = State::Sub;
            }
            BREAK => found.events.push(Event::Break),
            ARE_YOU_THERE if found.answer.len() < MOST_ANSWERS => found.answer.extend(b"\r\n[Yes]\r\n"),
            // NOP, GA, DM, IP, AO, EC, EL and what nobody has named mean nothing on a line
            _ => {}
        }
    }

    fn verb(&mut self, verb: u8, option: u8, found: &mut Received) {
        if self.guess.speaks_telnet() {
            self.options.open(&mut found.answer);
        }
        if found.answer.len() >= MOST_ANSWERS {
            return;
        }
        let had = self.options.com_port();
        match verb {
            WILL => self.options.will(option, &mut found.answer),
            WONT => self.options.wont(option, &mut found.answer),
            DO => self.options.should(option, &mut found.answer),
            _ => self.options.should_not(option, &mut found.answer),
        }
        if !had && self.options.com_port() {
            found.events.push(Event::ComPort);
        }
    }

    fn gather(&mut self, octet: u8) {
        if self.sub.len() >= LONGEST_SUBNEGOTIATION {
            self.sub = Vec::new();
            self.state = State::SubLong;
        } else {
            self.sub.push(octet);
        }
    }

    fn behind_iac_in_sub(&mut self, octet: u8, found: &mut Received) {
        if octet == IAC {
            self.state = State::Sub;
            self.gather(IAC);
            return;
        }
        self.state = State::Data;
        let sub = std::mem::take(&mut self.sub);
        if octet != SE {
            // whoever forgets the end of one has begun another command (RFC 855 leaves it open)
            self.state = State::Iac;
            self.octet(octet, found);
            return;
        }
        if let Some((&COM_PORT, said)) = sub.split_first()
            && self.options.com_port()
        {
            found.events.push(Event::ComPortSays(said.to_vec()));
        }
    }

    /// Whether the last octet was an FF of a peer that has said nothing in telnet: data, unless what belongs to it follows
    /// at once.
    pub fn is_in_doubt(&self) -> bool {
        self.state == State::Iac && matches!(self.guess, Guess::Silent { .. })
    }

    /// Nothing has followed: an FF that was in doubt is data. `None`: none was.
    pub fn settle(&mut self) -> Option<u8> {
        self.is_in_doubt().then(|| {
            self.state = State::Data;
            self.received_cr = false;
            self.guess.data(IAC);
            IAC
        })
    }

    /// Writes data as the peer expects it.
    pub fn send(&mut self, data: &[u8], out: &mut Vec<u8>) {
        if !self.guess.sends_telnet() {
            out.extend_from_slice(data);
            return;
        }
        if self.options.sends_binary() {
            self.sent_cr = false;
            escape(data, out);
            return;
        }
        for &octet in data {
            if std::mem::take(&mut self.sent_cr) && octet != LF {
                out.push(NUL);
            }
            out.push(octet);
            match octet {
                IAC => out.push(IAC),
                CR => self.sent_cr = true,
                _ => {}
            }
        }
    }

    /// Writes a subnegotiation of RFC 2217: `said` is what stands behind the option's number.
    pub fn say_com_port(&mut self, said: &[u8], out: &mut Vec<u8>) {
        if self.options.com_port() {
            if self.owes_nul() {
                out.push(NUL);
            }
            out.extend([IAC, SB, COM_PORT]);
            escape(said, out);
            out.extend([IAC, SE]);
        }
    }

    /// Whether 8 bits go through unchanged both ways: what PPP needs.
    pub fn is_binary(&self) -> bool {
        !self.guess.sends_telnet() || (self.options.sends_binary() && self.options.receives_binary())
    }

    /// Whether RFC 2217 is agreed.
    pub fn has_com_port(&self) -> bool {
        self.options.com_port()
    }

    /// Whether the peer has shown that it speaks telnet.
    pub fn is_telnet(&self) -> bool {
        self.guess.sends_telnet()
    }
}

/// Doubles each FF.
fn escape(data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    while let Some(at) = memchr::memchr(IAC, rest) {
        let (run, behind) = rest.split_at(at + 1);
        out.extend_from_slice(run);
        out.push(IAC);
        rest = behind;
    }
    out.extend_from_slice(rest);
}
