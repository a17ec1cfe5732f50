//! The words of `reach`.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    length: u8,
}

impl Net {
    /// The network of this address; `None`: more bits than its family has.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        (length <= bits).then_some(Self { address, length })
    }

    /// Whether an address lies in it. Families never mix.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let length = u32::from(self.length);
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(to)) => {
                (net.to_bits() ^ to.to_bits()).checked_shr(32 - length).unwrap_or_default() == 0
            }
            (IpAddr::V6(net), IpAddr::V6(to)) => {
                (net.to_bits() ^ to.to_bits()).checked_shr(128 - length).unwrap_or_default() == 0
            }
            _ => false,
        }
    }
}

/// Something in a list of words that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadWord {
    /// The word as it was written; text from a file, not escaped.
    pub word: String,
    /// What is wrong with it, and what to write.
    pub why: &'static str,
}

impl fmt::Display for BadWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in `reach`: {}", self.word, self.why)
    }
}

impl std::error::Error for BadWord {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Internet,
    /// No ports: all of them, and pings.
    Net {
        net: Net,
        ports: Vec<RangeInclusive<u16>>,
    },
}

const SHAPE: &str = "write `internet`, a network such as 192.168.7.0/24, or one with ports such as 192.168.7.0/24:22,443 \
                     or [fd00:7::/48]:80-90";
const PORTS: &str = "ports are numbers from 1 to 65535 or ranges of them, such as 22,443 or 8000-8010";
const HOST_BITS: &str =
    "the address has bits outside its network: 192.168.7.0/24 is right, 192.168.7.5/24 is not";

impl FromStr for Word {
    type Err = BadWord;

    fn from_str(word: &str) -> Result<Self, BadWord> {
        let bad = |why| BadWord { word: word.to_owned(), why };
        if word == "internet" {
            return Ok(Self::Internet);
        }
        let (net, ports) = match word.strip_prefix('[') {
            Some(rest) => match rest.split_once(']').ok_or_else(|| bad(SHAPE))? {
                (net, "") => (net, None),
                (net, ports) => (net, Some(ports.strip_prefix(':').ok_or_else(|| bad(SHAPE))?)),
            },
            // with more than one colon it is an IPv6 network without ports
            None => match word.split_once(':') {
                Some((net, ports)) if !ports.contains(':') => (net, Some(ports)),
                _ => (word, None),
            },
        };
        let net = parse_net(net).map_err(bad)?;
        let ports = match ports {
            Some(ports) => ports.split(',').map(range).collect::<Option<_>>().ok_or_else(|| bad(PORTS))?,
            None => Vec::new(),
        };
        Ok(Self::Net { net, ports })
    }
}

fn parse_net(text: &str) -> Result<Net, &'static str> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(number(length).ok_or(SHAPE)?)),
        None => (text, None),
    };
    let address = IpAddr::from_str(address).map_err(|_| SHAPE)?;
    if address.to_canonical() != address {
        return Err("write the IPv4 address itself, not its IPv6 form");
    }
    let length = length.unwrap_or(if address.is_ipv4() { 32 } else { 128 });
    let net = Net::new(address, u8::try_from(length).map_err(|_| SHAPE)?).ok_or(SHAPE)?;
    let host_bits = match address {
        IpAddr::V4(v4) => v4.to_bits().checked_shl(u32::from(length)).unwrap_or_default() != 0,
        IpAddr::V6(v6) => v6.to_bits().checked_shl(u32::from(length)).unwrap_or_default() != 0,
    };
    if host_bits { Err(HOST_BITS) } else { Ok(net) }
}

/// Digits only: `+22` is no port.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first != 0 && first <= last).then_some(first..=last)
}
