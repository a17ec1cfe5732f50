//! What the system sends over a port's device, told apart by whom it is for.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::task::Waker;

use super::packet;

/// Packets that may wait for one call.
const QUEUE: usize = 128;

/// Whom a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum To {
    Ipv4(Ipv4Addr),
    /// All addresses that begin with these 64 bits.
    Ipv6(u64),
}

impl From<Ipv4Addr> for To {
    fn from(address: Ipv4Addr) -> Self {
        Self::Ipv4(address)
    }
}

impl From<Ipv6Addr> for To {
    fn from(address: Ipv6Addr) -> Self {
        let [a, b, c, d, ..] = address.segments();
        Self::Ipv6([a, b, c, d].into_iter().fold(0, |bits, word| bits << 16 | u64::from(word)))
    }
}

/// What waits for one call.
#[derive(Default)]
struct Mailbox {
    packets: VecDeque<Vec<u8>>,
    waker: Option<Waker>,
}

/// What waits for the calls of a device.
#[derive(Default)]
pub(super) struct Mail {
    /// Which call has an address now.
    calls: HashMap<To, u64>,
    boxes: HashMap<u64, Mailbox>,
    /// The last call.
    last: u64,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    Taken,
    /// As much waits for the call as may.
    Full,
    /// No call has the address.
    Nobody,
}

impl Mail {
    /// The number of a new call.
    pub(super) fn begin(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A call has these addresses, and no others; what waits for it stays.
    pub(super) fn set(&mut self, call: u64, addresses: impl IntoIterator<Item = To>) {
        self.calls.retain(|_, owner| *owner != call);
        self.calls.extend(addresses.into_iter().map(|to| (to, call)));
        self.boxes.entry(call).or_default();
    }

    /// Whether no other call has this address.
    pub(super) fn is_free(&self, to: To, call: u64) -> bool {
        self.calls.get(&to).is_none_or(|owner| *owner == call)
    }

    /// A call is over. What it had may be another one's already, and stays that one's.
    pub(super) fn end(&mut self, call: u64) {
        self.calls.retain(|_, owner| *owner != call);
        self.boxes.remove(&call);
    }

    /// Keeps a packet for the call that has the address it goes to.
    pub(super) fn deliver(&mut self, bytes: &[u8]) -> Delivered {
        let to = match (packet::addresses(bytes), packet::addresses_of_ipv6(bytes)) {
            (Some((_, to)), _) => To::from(to),
            (None, Some((_, to))) => To::from(to),
            (None, None) => return Delivered::Nobody,
        };
        let found = self.calls.get(&to).and_then(|call| self.boxes.get_mut(call));
        let Some(mailbox) = found else { return Delivered::Nobody };
        if mailbox.packets.len() >= QUEUE {
            return Delivered::Full;
        }
        mailbox.packets.push_back(bytes.to_vec());
        mailbox.waker.take().into_iter().for_each(Waker::wake);
        Delivered::Taken
    }

    /// The next packet for a call; where there is none now the waker is woken for one.
    pub(super) fn take(&mut self, call: u64, waker: &Waker) -> Option<Vec<u8>> {
        let mailbox = self.boxes.get_mut(&call)?;
        let next = mailbox.packets.pop_front();
        if next.is_none() {
            // an idle call holds no room for what once waited for it
            mailbox.packets = VecDeque::new();
            mailbox.waker = Some(waker.clone());
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_ipv4(last: u8) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 64, 0, 1, 10, 64, 0, last];
        smoltcp::wire::Ipv4Packet::new_unchecked(&mut packet[..]).fill_checksum();
        packet
    }

    fn to_ipv6(to: &str) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 0, 59, 64];
        packet.extend("fd00::1".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend(to.parse::<Ipv6Addr>().unwrap().octets());
        packet
    }

    #[test]
    fn each_call_gets_what_is_for_its_addresses_as_long_as_it_has_them() {
        let mut mail = Mail::default();
        let (alice, bob) = (mail.begin(), mail.begin());
        let v4 = |last| To::from(Ipv4Addr::new(10, 64, 0, last));
        let v6 = To::from("fd00:0:0:1::".parse::<Ipv6Addr>().unwrap());
        mail.set(alice, [v4(2)]);
        mail.set(bob, [v4(3)]);
        assert_eq!(mail.deliver(&to_ipv4(2)), Delivered::Taken);
        // IPv6 comes up beside it, and nothing that waits is lost
        mail.set(alice, [v4(2), v6]);
        for there in ["fd00:0:0:1::7", "fd00:0:0:1:ffff::"] {
            assert_eq!(mail.deliver(&to_ipv6(there)), Delivered::Taken);
        }
        for nobody in [to_ipv4(4), to_ipv6("fd00:0:0:2::7"), to_ipv6("fd00::1"), vec![], vec![0x60; 7]] {
            assert_eq!(mail.deliver(&nobody), Delivered::Nobody);
        }
        assert!(mail.is_free(v6, alice) && !mail.is_free(v6, bob) && mail.is_free(v4(7), bob));
        let waker = Waker::noop();
        assert_eq!(mail.take(bob, waker), None);
        let all: Vec<_> = std::iter::from_fn(|| mail.take(alice, waker)).collect();
        assert_eq!(all.len(), 3);
        for _ in 0..QUEUE {
            assert_eq!(mail.deliver(&to_ipv4(3)), Delivered::Taken);
        }
        assert_eq!(mail.deliver(&to_ipv4(3)), Delivered::Full);
        // a new call has alice's address before the end of hers is known
        let carol = mail.begin();
        mail.set(carol, [v4(2)]);
        mail.end(alice);
        assert_eq!(mail.deliver(&to_ipv4(2)), Delivered::Taken);
        assert_eq!(mail.deliver(&to_ipv6("fd00:0:0:1::7")), Delivered::Nobody);
        assert!(mail.take(carol, waker).is_some() && mail.take(alice, waker).is_none());
    }
}
