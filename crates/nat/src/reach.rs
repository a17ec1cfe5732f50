//! Where callers may go: defence rule 16, as a pure decision.
//!
//! A list of words: `internet`, or a network with or without ports (`192.168.7.0/24:22,443`, `[fd00:7::/48]:80-90`,
//! `10.1.1.7`). The decision is made on the final destination of each flow. A network word opens what it names, this
//! machine's own addresses included; `internet` opens everything else that is public and neither this machine's nor
//! another caller's. No word opens multicast, broadcast or the unspecified address.

mod nets;
#[cfg(test)]
mod tests;
mod word;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use word::Word;
pub use word::{BadWord, Net};

/// Why a destination is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// `0.0.0.0` or `::`: on many systems another name of this machine. No word opens it.
    Unspecified,
    /// More than one machine at once. No word opens it.
    Multicast,
    /// `255.255.255.255`. No word opens it.
    Broadcast,
    /// This machine's loopback.
    Loopback,
    /// Private networks of RFC 1918, shared ones of RFC 6598, unique local ones of RFC 4193, `0.0.0.0/8`.
    Private,
    /// One link only.
    LinkLocal,
    /// Reserved, for documentation or tests: nowhere on the internet.
    Reserved,
    /// An address of this machine.
    Host,
    /// An address of another caller.
    Caller,
    /// The address is open, this port is not.
    Port,
    /// A public address, and `internet` is not among the words.
    Unlisted,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "the unspecified address is never reached",
            Self::Multicast => "multicast is never forwarded",
            Self::Broadcast => "broadcasts are never forwarded",
            Self::Loopback => "it is this machine's loopback address, and no word of `reach` names it",
            Self::Private => "it is a private network, and no word of `reach` names it",
            Self::LinkLocal => "it is a link-local address, and no word of `reach` names it",
            Self::Reserved => "it is a reserved address, and no word of `reach` names it",
            Self::Host => "it is an address of this machine, and no word of `reach` names it",
            Self::Caller => "it is another caller's address, and no word of `reach` names it",
            Self::Port => "`reach` opens other ports of this address only",
            Self::Unlisted => "`internet` is not among the words of `reach`",
        })
    }
}

/// Where callers may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    words: Vec<Word>,
    /// This machine's addresses.
    host: Vec<IpAddr>,
    /// Where other callers are.
    callers: Vec<Net>,
}

impl Default for Reach {
    /// `internet`.
    fn default() -> Self {
        Self { words: vec![Word::Internet], host: Vec::new(), callers: Vec::new() }
    }
}

impl Reach {
    /// Reads the words of a configuration.
    ///
    /// # Errors
    /// The first word that means nothing, and why.
    pub fn parse<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> Result<Self, BadWord> {
        let words = words.into_iter().map(|word| Word::from_str(word.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { words, host: Vec::new(), callers: Vec::new() })
    }

    /// With the addresses this machine has now; given again when they change.
    #[must_use]
    pub fn with_host(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.host = addresses.into_iter().map(|address| address.to_canonical()).collect();
        self.host.sort_unstable();
        self
    }

    /// With the networks callers get their addresses from.
    #[must_use]
    pub fn with_callers(mut self, nets: impl IntoIterator<Item = Net>) -> Self {
        self.callers = nets.into_iter().collect();
        self
    }

    /// Whether a flow may go to this address and port; pings have no port, and go only where all ports are open.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, to: IpAddr, port: Option<u16>) -> Result<(), Why> {
        let to = to.to_canonical();
        if let Some(never) = nets::never(to) {
            return Err(never);
        }
        let mut port_closed = false;
        for word in &self.words {
            let open = match word {
                Word::Internet => false,
                Word::Net { net, .. } if !net.contains(to) => false,
                Word::Net { ports, .. } => {
                    let open = ports.is_empty()
                        || port.is_some_and(|port| ports.iter().any(|some| some.contains(&port)));
                    port_closed |= !open;
                    open
                }
            };
            if open {
                return Ok(());
            }
        }
        match self.closed(to) {
            Some(_) if port_closed => Err(Why::Port),
            Some(why) => Err(why),
            None if self.words.contains(&Word::Internet) => Ok(()),
            None if port_closed => Err(Why::Port),
            None => Err(Why::Unlisted),
        }
    }

    /// Why `internet` does not include an address. An IPv4 address inside an IPv6 one counts as itself.
    fn closed(&self, to: IpAddr) -> Option<Why> {
        if self.host.binary_search(&to).is_ok() {
            return Some(Why::Host);
        }
        if self.callers.iter().any(|net| net.contains(to)) {
            return Some(Why::Caller);
        }
        let inside = match to {
            IpAddr::V4(_) => None,
            IpAddr::V6(to) => nets::embedded(to),
        };
        let within = |to: Option<IpAddr>| to.and_then(|to| nets::never(to).or_else(|| self.closed(to)));
        nets::class(to).or_else(|| within(inside.map(IpAddr::V4)))
    }
}
