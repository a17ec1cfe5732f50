//! The serial port at the other end of a telnet line (RFC 2217): its speed, its format, its signals.
//!
//! [`Command`] is what is said, [`Access`] the end that has the port, [`Remote`] the end that uses it.

mod access;
mod command;
mod remote;
#[cfg(test)]
mod tests;

pub use access::{Access, Port};
pub use command::{Command, Malformed, Speaker};
pub use remote::Remote;

/// How octets stand on a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bits a second.
    pub baud: u32,
    /// Data bits, 5 to 8.
    pub data: u8,
    /// The parity bit.
    pub parity: Parity,
    /// Stop bits.
    pub stop: Stop,
    /// How a sender is stopped.
    pub flow: Flow,
}

impl Default for Format {
    /// 115200 8N1 with RTS and CTS: what modems are driven with.
    fn default() -> Self {
        Self { baud: 115_200, data: 8, parity: Parity::None, stop: Stop::One, flow: Flow::Hardware }
    }
}

/// Parity, with the numbers of SET-PARITY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Parity {
    /// No parity bit.
    None = 1,
    /// An odd number of ones.
    Odd,
    /// An even number of ones.
    Even,
    /// Always one.
    Mark,
    /// Always zero.
    Space,
}

impl Parity {
    const ALL: [Self; 5] = [Self::None, Self::Odd, Self::Even, Self::Mark, Self::Space];
}

/// Stop bits, with the numbers of SET-STOPSIZE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stop {
    /// One.
    One = 1,
    /// Two.
    Two,
    /// One and a half, with 5 data bits.
    OneAndHalf,
}

impl Stop {
    const ALL: [Self; 3] = [Self::One, Self::Two, Self::OneAndHalf];
}

/// Flow control both ways, with the numbers of SET-CONTROL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Flow {
    /// None.
    None = 1,
    /// XON and XOFF, which eat two octets: not for PPP without an ACCM.
    XonXoff,
    /// RTS and CTS.
    Hardware,
}

impl Flow {
    const ALL: [Self; 3] = [Self::None, Self::XonXoff, Self::Hardware];
}

/// The signals a modem gives, as in NOTIFY-MODEMSTATE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Data Carrier Detect: a call stands.
    pub dcd: bool,
    /// Ring Indicator.
    pub ri: bool,
    /// Data Set Ready: the modem is on.
    pub dsr: bool,
    /// Clear To Send.
    pub cts: bool,
}

impl Signals {
    const DCD: u8 = 0x80;
    const RI: u8 = 0x40;
    const DSR: u8 = 0x20;
    const CTS: u8 = 0x10;
    const DCD_CHANGED: u8 = 0x08;
    /// Ring went from on to off.
    const RI_ENDED: u8 = 0x04;
    const DSR_CHANGED: u8 = 0x02;
    const CTS_CHANGED: u8 = 0x01;

    /// From the octet of NOTIFY-MODEMSTATE.
    pub fn of(octet: u8) -> Self {
        let is = |bit| octet & bit != 0;
        Self { dcd: is(Self::DCD), ri: is(Self::RI), dsr: is(Self::DSR), cts: is(Self::CTS) }
    }

    /// The octet of NOTIFY-MODEMSTATE, with what has changed since `before`.
    pub fn octet(self, before: Self) -> u8 {
        let bit = |is, bit| if is { bit } else { 0 };
        bit(self.dcd, Self::DCD)
            | bit(self.ri, Self::RI)
            | bit(self.dsr, Self::DSR)
            | bit(self.cts, Self::CTS)
            | bit(self.dcd != before.dcd, Self::DCD_CHANGED)
            | bit(before.ri && !self.ri, Self::RI_ENDED)
            | bit(self.dsr != before.dsr, Self::DSR_CHANGED)
            | bit(self.cts != before.cts, Self::CTS_CHANGED)
    }
}
