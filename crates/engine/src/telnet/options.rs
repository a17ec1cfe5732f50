//! The options of both ends (RFC 855, by the states of RFC 1143 that an end needs which never takes an option back):
//! only changes are answered, so that two ends never answer each other for ever.

use super::{BINARY, COM_PORT, Config, DO, DONT, ECHO, IAC, SUPPRESS_GO_AHEAD, WILL, WONT};

/// Which end of the line this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The end that called.
    Client,
    /// The end that was called.
    Server,
}

/// Options we know, with their places in [`Options`].
const KNOWN: [u8; 4] = [BINARY, ECHO, SUPPRESS_GO_AHEAD, COM_PORT];

/// An option of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Off,
    /// We have asked; the answer is to come.
    Asked,
    On,
}

/// One end's side of an option.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    state: State,
    /// We agree when the peer wants it.
    allowed: bool,
    /// We ask for it ourselves.
    wanted: bool,
}

/// All options.
#[derive(Clone, Debug)]
pub(super) struct Options {
    ours: [Side; KNOWN.len()],
    theirs: [Side; KNOWN.len()],
    opened: bool,
}

impl Options {
    pub(super) fn new(config: Config) -> Self {
        let server = config.role == Role::Server;
        let both = Side { allowed: true, wanted: true, ..Side::default() };
        let only = |on: bool| Side { allowed: on, wanted: on, ..Side::default() };
        let agree = |on: bool| Side { allowed: on, ..Side::default() };
        Self {
            // who calls says WILL COM-PORT, the server says DO (RFC 2217)
            ours: [both, only(server && config.echo), both, only(!server && config.com_port)],
            theirs: [both, agree(!server), both, agree(server && config.com_port)],
            opened: false,
        }
    }

    /// Asks for what we want, once.
    pub(super) fn open(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.opened, true) {
            return;
        }
        for (sides, verb) in [(&mut self.ours, WILL), (&mut self.theirs, DO)] {
            for (option, side) in KNOWN.iter().zip(sides) {
                if side.wanted && side.state == State::Off {
                    side.state = State::Asked;
                    out.extend([IAC, verb, *option]);
                }
            }
        }
    }

    /// The peer offers an option, or agrees to it.
    pub(super) fn will(&mut self, option: u8, out: &mut Vec<u8>) {
        agreed(side(&mut self.theirs, option), option, [DO, DONT], out);
    }

    /// The peer does not, or no longer, do it.
    pub(super) fn wont(&mut self, option: u8, out: &mut Vec<u8>) {
        refused(side(&mut self.theirs, option), option, DONT, out);
    }

    /// The peer wants us to, or agrees that we do.
    pub(super) fn should(&mut self, option: u8, out: &mut Vec<u8>) {
        agreed(side(&mut self.ours, option), option, [WILL, WONT], out);
    }

    /// The peer does not want us to.
    pub(super) fn should_not(&mut self, option: u8, out: &mut Vec<u8>) {
        refused(side(&mut self.ours, option), option, WONT, out);
    }

    pub(super) fn sends_binary(&self) -> bool {
        is_on(&self.ours, BINARY)
    }

    pub(super) fn receives_binary(&self) -> bool {
        is_on(&self.theirs, BINARY)
    }

    pub(super) fn com_port(&self) -> bool {
        is_on(&self.ours, COM_PORT) || is_on(&self.theirs, COM_PORT)
    }
}

fn side(sides: &mut [Side; KNOWN.len()], option: u8) -> Option<&mut Side> {
    KNOWN.iter().zip(sides).find(|(known, _)| **known == option).map(|(_, side)| side)
}

fn is_on(sides: &[Side; KNOWN.len()], option: u8) -> bool {
    KNOWN.iter().zip(sides).any(|(known, side)| *known == option && side.state == State::On)
}

fn agreed(side: Option<&mut Side>, option: u8, [yes, no]: [u8; 2], out: &mut Vec<u8>) {
    match side {
        Some(side) if side.state == State::Asked => side.state = State::On,
        Some(side) if side.state == State::On => {}
        Some(side) if side.allowed => {
            side.state = State::On;
            out.extend([IAC, yes, option]);
        }
        _ => out.extend([IAC, no, option]),
    }
}

fn refused(side: Option<&mut Side>, option: u8, no: u8, out: &mut Vec<u8>) {
    let Some(side) = side else { return };
    // only what was on changes, and only a change is answered
    if std::mem::take(&mut side.state) == State::On {
        out.extend([IAC, no, option]);
    }
}
