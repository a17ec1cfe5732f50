//! What is said in a COM-PORT subnegotiation.

use thiserror::Error;

use super::{Flow, Parity, Stop};

/// Added to a command's number by the end that has the port.
const ANSWER: u8 = 100;

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The end that uses the port.
    Client,
    /// The end that has it.
    Server,
}

/// A subnegotiation that is none of RFC 2217's, or has a value it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(&'static str);

/// A command, or the answer to one. `None` asks for the value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// SIGNATURE: what is at the other end, as text; empty asks.
    Signature(Vec<u8>),
    /// SET-BAUDRATE, bits a second.
    Baud(Option<u32>),
    /// SET-DATASIZE, 5 to 8.
    Data(Option<u8>),
    /// SET-PARITY.
    Parity(Option<Parity>),
    /// SET-STOPSIZE.
    Stop(Option<Stop>),
    /// SET-CONTROL: flow control, outbound or both ways.
    Flow(Option<Flow>),
    /// SET-CONTROL: flow control inbound.
    FlowIn(Option<Flow>),
    /// SET-CONTROL: flow by DCD (17), DTR (18) or DSR (19); which we take and answer with what is in force.
    FlowBySignal(u8),
    /// SET-CONTROL: the break signal.
    Break(Option<bool>),
    /// SET-CONTROL: Data Terminal Ready.
    Dtr(Option<bool>),
    /// SET-CONTROL: Request To Send.
    Rts(Option<bool>),
    /// NOTIFY-LINESTATE.
    LineState(u8),
    /// NOTIFY-MODEMSTATE: see [`super::Signals`].
    ModemState(u8),
    /// FLOWCONTROL-SUSPEND: send no more data.
    Suspend,
    /// FLOWCONTROL-RESUME.
    Resume,
    /// SET-LINESTATE-MASK.
    LineStateMask(u8),
    /// SET-MODEMSTATE-MASK.
    ModemStateMask(u8),
    /// PURGE-DATA: 1 what was received, 2 what is to be sent, 3 both.
    Purge(u8),
}

impl Command {
    /// Reads one: `said` is what stands behind the option's number.
    ///
    /// # Errors
    /// A number nobody has given a meaning, a value out of range, a wrong length.
    pub fn parse(said: &[u8], from: Speaker) -> Result<Self, Malformed> {
        let (number, value) = said.split_first().ok_or(Malformed("an empty subnegotiation"))?;
        let number = match from {
            Speaker::Client => *number,
            Speaker::Server => {
                number.checked_sub(ANSWER).ok_or(Malformed("a command from the end that has the port"))?
            }
        };
        if number == 0 {
            return Ok(Self::Signature(value.to_vec()));
        }
        if number == 1 {
            let baud = value.try_into().map_err(|_| Malformed("a speed is not four octets"))?;
            return Ok(Self::Baud(Some(u32::from_be_bytes(baud)).filter(|baud| *baud != 0)));
        }
        match (number, value) {
            (8, []) => Ok(Self::Suspend),
            (9, []) => Ok(Self::Resume),
            (_, [value]) => Self::of_octet(number, *value),
            _ => Err(Malformed("a command of another length")),
        }
    }

    fn of_octet(number: u8, value: u8) -> Result<Self, Malformed> {
        Ok(match number {
            2 => Self::Data(one_of(value, &[5, 6, 7, 8], |bits| bits)?),
            3 => Self::Parity(one_of(value, &Parity::ALL, |parity| parity as u8)?),
            4 => Self::Stop(one_of(value, &Stop::ALL, |stop| stop as u8)?),
            5 => Self::control(value)?,
            6 => Self::LineState(value),
            7 => Self::ModemState(value),
            // some send a value with them
            8 => Self::Suspend,
            9 => Self::Resume,
            10 => Self::LineStateMask(value),
            11 => Self::ModemStateMask(value),
            12 if (1..=3).contains(&value) => Self::Purge(value),
            _ => return Err(Malformed("a command nobody knows")),
        })
    }

    /// SET-CONTROL, which has many subjects.
    fn control(value: u8) -> Result<Self, Malformed> {
        Ok(match value {
            0..=3 => Self::Flow(one_of(value, &Flow::ALL, |flow| flow as u8)?),
            4..=6 => Self::Break(switch(value - 4)),
            7..=9 => Self::Dtr(switch(value - 7)),
            10..=12 => Self::Rts(switch(value - 10)),
            13..=16 => Self::FlowIn(one_of(value - 13, &Flow::ALL, |flow| flow as u8)?),
            17..=19 => Self::FlowBySignal(value),
            _ => return Err(Malformed("a SET-CONTROL nobody knows")),
        })
    }

    /// Writes it: what stands behind the option's number.
    pub fn emit(&self, from: Speaker) -> Vec<u8> {
        let (number, value): (u8, Vec<u8>) = match self {
            Self::Signature(text) => (0, text.clone()),
            Self::Baud(baud) => (1, baud.unwrap_or(0).to_be_bytes().to_vec()),
            Self::Data(bits) => (2, vec![bits.unwrap_or(0)]),
            Self::Parity(parity) => (3, vec![parity.map_or(0, |parity| parity as u8)]),
            Self::Stop(stop) => (4, vec![stop.map_or(0, |stop| stop as u8)]),
            Self::Flow(flow) => (5, vec![flow.map_or(0, |flow| flow as u8)]),
            Self::Break(on) => (5, vec![4 + unswitch(*on)]),
            Self::Dtr(on) => (5, vec![7 + unswitch(*on)]),
            Self::Rts(on) => (5, vec![10 + unswitch(*on)]),
            Self::FlowIn(flow) => (5, vec![13 + flow.map_or(0, |flow| flow as u8)]),
            Self::FlowBySignal(value) => (5, vec![*value]),
            Self::LineState(state) => (6, vec![*state]),
            Self::ModemState(state) => (7, vec![*state]),
            Self::Suspend => (8, vec![]),
            Self::Resume => (9, vec![]),
            Self::LineStateMask(mask) => (10, vec![*mask]),
            Self::ModemStateMask(mask) => (11, vec![*mask]),
            Self::Purge(which) => (12, vec![*which]),
        };
        let number = if from == Speaker::Server { number + ANSWER } else { number };
        std::iter::once(number).chain(value).collect()
    }
}

/// 0 asks; else the one with this number.
fn one_of<T: Copy>(value: u8, all: &[T], number: impl Fn(T) -> u8) -> Result<Option<T>, Malformed> {
    if value == 0 {
        return Ok(None);
    }
    let found = all.iter().copied().find(|one| number(*one) == value);
    found.map(Some).ok_or(Malformed("a value nobody knows"))
}

/// 0 asks, 1 is on, 2 off.
fn switch(value: u8) -> Option<bool> {
    [None, Some(true), Some(false)].get(usize::from(value)).copied().flatten()
}

fn unswitch(on: Option<bool>) -> u8 {
    match on {
        None => 0,
        Some(true) => 1,
        Some(false) => 2,
    }
}
