//! A pool of IPv4 addresses for callers: which are leased, which comes next. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// How many addresses that became free last are kept back while others are free.
const RESTING: usize = 64;

/// Addresses from a range, each leased to one call at a time.
///
/// Leases go round the range, and an address that has just become free rests: late packets for its last user
/// should not reach the next one. Memory grows with the leases, never with the range.
#[derive(Debug)]
pub struct Pool {
    first: u32,
    last: u32,
    next: u32,
    calls: BTreeMap<u64, u32>,
    taken: BTreeSet<u32>,
    /// Of these, the ones that calls have out of other pools.
    lent: BTreeSet<u32>,
    resting: VecDeque<u32>,
}

/// Why a text is no pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Neither `a-b` nor `a/len`.
    #[error("a pool is FIRST-LAST or ADDRESS/LENGTH, such as 10.64.0.2-10.64.0.254 or 10.64.0.0/24")]
    Form,
    /// One part is no IPv4 address.
    #[error("{0:?} is no IPv4 address")]
    Address(String),
    /// The prefix length is no number of 0–32.
    #[error("{0:?} is no prefix length (0 to 32)")]
    Length(String),
    /// The last address comes before the first.
    #[error("the last address {1} comes before the first {0}")]
    Reversed(Ipv4Addr, Ipv4Addr),
    /// The range holds addresses no host can have.
    #[error("{0} to {1} holds addresses that no host can have (0/8, 127/8, or 224.0.0.0 and above)")]
    Unusable(Ipv4Addr, Ipv4Addr),
}

impl FromStr for Pool {
    type Err = PoolError;

    /// `FIRST-LAST`, both included, or `ADDRESS/LENGTH` without the network's own and its broadcast address
    /// (which /31 and /32 do not have, RFC 3021).
    fn from_str(text: &str) -> Result<Self, PoolError> {
        let (first, last) = if let Some((first, last)) = text.split_once('-') {
            (address(first)?, address(last)?)
        } else if let Some((base, length)) = text.split_once('/') {
            network(address(base)?, length.trim())?
        } else {
            return Err(PoolError::Form);
        };
        let (low, high) = (Ipv4Addr::from(first), Ipv4Addr::from(last));
        if first > last {
            return Err(PoolError::Reversed(low, high));
        }
        let touches = |from: u32, to: u32| first <= to && last >= from;
        if touches(0, 0x00ff_ffff) || touches(0x7f00_0000, 0x7fff_ffff) || last >= 0xe000_0000 {
            return Err(PoolError::Unusable(low, high));
        }
        Ok(Self::between(low, high))
    }
}

fn address(text: &str) -> Result<u32, PoolError> {
    let text = text.trim();
    text.parse::<Ipv4Addr>().map(u32::from).map_err(|_| PoolError::Address(text.to_owned()))
}

fn network(base: u32, length: &str) -> Result<(u32, u32), PoolError> {
    let bits = length.parse::<u32>().ok().filter(|&bits| bits <= 32);
    let bits = bits.ok_or_else(|| PoolError::Length(length.to_owned()))?;
    let host = u32::MAX.checked_shr(bits).unwrap_or(0);
    let (low, high) = (base & !host, base | host);
    Ok(if bits < 31 { (low + 1, high - 1) } else { (low, high) })
}

impl Pool {
    /// An address for a call: the one it has already; else the wanted one if it is free and of this pool; else the
    /// next free one. `None` when all are leased.
    pub fn lease(&mut self, call: u64, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        if let Some(&has) = self.calls.get(&call) {
            return Some(has.into());
        }
        let wanted =
            wanted.map(u32::from).filter(|&address| self.holds(address) && !self.taken.contains(&address));
        let address = wanted.or_else(|| self.next_free())?;
        self.resting.retain(|&other| other != address);
        self.taken.insert(address);
        self.calls.insert(call, address);
        Some(address.into())
    }

    /// Ends the lease of a call and gives the address it had.
    pub fn release(&mut self, call: u64) -> Option<Ipv4Addr> {
        let address = self.calls.remove(&call)?;
        self.taken.remove(&address);
        self.rest(address);
        Some(address.into())
    }

    /// Takes an address out of the pool for good, such as the port's own.
    pub fn reserve(&mut self, address: Ipv4Addr) {
        let address = u32::from(address);
        if self.holds(address) {
            self.lent.remove(&address);
            self.taken.insert(address);
            self.resting.retain(|&other| other != address);
        }
    }

    /// As [`reserve`](Self::reserve), until [`unreserve`](Self::unreserve): a call has it out of another pool.
    pub fn reserve_for_now(&mut self, address: Ipv4Addr) {
        let number = u32::from(address);
        if self.holds(number) && !self.taken.contains(&number) {
            self.reserve(address);
            self.lent.insert(number);
        }
    }

    /// The call that had it out of another pool is over.
    pub fn unreserve(&mut self, address: Ipv4Addr) {
        let address = u32::from(address);
        if self.lent.remove(&address) {
            self.taken.remove(&address);
            self.rest(address);
        }
    }

    /// The addresses that calls have.
    pub fn leased(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.calls.values().map(|&address| address.into())
    }

    fn rest(&mut self, address: u32) {
        self.resting.push_back(address);
        if self.resting.len() > RESTING {
            self.resting.pop_front();
        }
    }

    /// A pool of the addresses from one to the other, both included; what they are is not looked at.
    pub fn between(one: Ipv4Addr, other: Ipv4Addr) -> Self {
        let (first, last) = (u32::from(one.min(other)), u32::from(one.max(other)));
        Self {
            first,
            last,
            next: first,
            calls: BTreeMap::new(),
            taken: BTreeSet::new(),
            lent: BTreeSet::new(),
            resting: VecDeque::new(),
        }
    }

    /// The first and the last address of its range.
    pub fn range(&self) -> (Ipv4Addr, Ipv4Addr) {
        (self.first.into(), self.last.into())
    }

    /// Whether the address lies in the pool's range, free or not.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.holds(address.into())
    }

    /// How many addresses are free.
    pub fn free(&self) -> u64 {
        u64::from(self.last - self.first) + 1 - self.taken.len() as u64
    }

    fn holds(&self, address: u32) -> bool {
        (self.first..=self.last).contains(&address)
    }

    fn next_free(&mut self) -> Option<u32> {
        let free = |address: &u32| !self.taken.contains(address) && !self.resting.contains(address);
        // ends after as many steps as addresses are leased or resting, not as the range is long
        let found = (self.next..=self.last).chain(self.first..self.next).find(free);
        let address = found.or_else(|| self.resting.front().copied())?;
        self.next = if address >= self.last { self.first } else { address + 1 };
        Some(address)
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", Ipv4Addr::from(self.first), Ipv4Addr::from(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(text: &str) -> Pool {
        text.parse().unwrap()
    }

    fn ip(last: u8) -> Option<Ipv4Addr> {
        Some(Ipv4Addr::new(10, 64, 0, last))
    }

    #[test]
    fn an_address_that_a_call_has_out_of_another_pool_is_kept_out_as_long_as_it_has_it() {
        let mut pool: Pool = "10.0.0.1-10.0.0.2".parse().unwrap();
        let elsewhere = Ipv4Addr::new(10, 0, 0, 1);
        pool.reserve_for_now(elsewhere);
        pool.unreserve(Ipv4Addr::new(10, 0, 0, 2));
        assert_eq!(pool.lease(1, Some(elsewhere)), Some(Ipv4Addr::new(10, 0, 0, 2)));
        assert_eq!(pool.leased().collect::<Vec<_>>(), [Ipv4Addr::new(10, 0, 0, 2)]);
        assert_eq!(pool.lease(2, None), None);
        pool.unreserve(elsewhere);
        assert_eq!(pool.lease(2, None), Some(elsewhere));
        pool.unreserve(elsewhere);
        assert_eq!(pool.lease(3, None), None, "it is the second call's now");
    }

    #[test]
    fn a_range_gives_each_address_once_and_then_none() {
        let mut pool = pool("10.64.0.2-10.64.0.4");
        assert_eq!(
            (1..=4).map(|call| pool.lease(call, None)).collect::<Vec<_>>(),
            [ip(2), ip(3), ip(4), None]
        );
        assert_eq!(pool.free(), 0);
        assert_eq!(pool.release(2), ip(3));
        assert_eq!(pool.release(2), None);
        assert_eq!(pool.lease(4, None), ip(3));
    }

    #[test]
    fn a_call_that_asks_again_keeps_its_address() {
        let mut pool = pool("10.64.0.2-10.64.0.4");
        assert_eq!(pool.lease(7, None), ip(2));
        assert_eq!(pool.lease(7, ip(4)), ip(2));
        assert_eq!(pool.free(), 2);
    }

    #[test]
    fn a_just_freed_address_rests_while_others_are_free() {
        let mut pool = pool("10.64.0.1-10.64.0.3");
        for call in 1..=3 {
            pool.lease(call, None);
        }
        pool.release(1);
        pool.release(2);
        assert_eq!(pool.lease(4, None), ip(1), "the one that rested longest");
        pool.release(4);
        pool.release(3);
        assert_eq!(pool.lease(5, None), ip(2));
        assert_eq!(pool.lease(6, None), ip(1));
        assert_eq!(pool.lease(7, None), ip(3));
    }

    #[test]
    fn a_wanted_address_is_honoured_only_if_free_and_of_the_pool() {
        let mut pool = pool("10.64.0.0/24");
        assert_eq!(pool.lease(1, ip(77)), ip(77));
        assert_eq!(pool.lease(2, ip(77)), ip(1));
        assert_eq!(pool.lease(3, Some(Ipv4Addr::new(192, 168, 0, 1))), ip(2));
        assert_eq!(pool.lease(4, ip(255)), ip(3), "the broadcast address is no caller's");
    }

    #[test]
    fn a_reserved_address_is_never_leased() {
        let mut pool = pool("10.64.0.1-10.64.0.2");
        pool.reserve(Ipv4Addr::new(10, 64, 0, 1));
        pool.reserve(Ipv4Addr::new(10, 9, 9, 9));
        assert_eq!(pool.lease(1, ip(1)), ip(2));
        assert_eq!(pool.lease(2, None), None);
    }

    #[test]
    fn a_huge_pool_costs_nothing_and_wraps_at_its_end() {
        let mut pool = pool("1.0.0.0-126.255.255.255");
        assert_eq!(pool.free(), 126 << 24);
        assert_eq!(
            pool.lease(1, Some(Ipv4Addr::new(126, 255, 255, 255))),
            Some(Ipv4Addr::new(126, 255, 255, 255))
        );
        pool.next = pool.last;
        assert_eq!(pool.lease(2, None), Some(Ipv4Addr::new(1, 0, 0, 0)));
        for _ in 0..10_000 {
            let address = pool.lease(3, None);
            assert_eq!(pool.release(3), address);
        }
        assert!(pool.resting.len() <= RESTING && pool.taken.len() == 2);
    }

    #[test]
    fn both_forms_are_read_and_bad_ones_named() {
        assert_eq!(pool("10.64.0.9/29").to_string(), "10.64.0.9-10.64.0.14");
        assert_eq!(pool("10.64.0.9/31").to_string(), "10.64.0.8-10.64.0.9");
        assert_eq!(pool("10.64.0.9/32").to_string(), "10.64.0.9-10.64.0.9");
        assert_eq!(pool(" 10.64.0.1 - 10.64.0.2 ").free(), 2);
        let error = |text: &str| text.parse::<Pool>().unwrap_err();
        assert_eq!(error("10.64.0.1"), PoolError::Form);
        assert_eq!(error("10.64.0.1-x"), PoolError::Address("x".into()));
        assert_eq!(error("10.64.0.1/33"), PoolError::Length("33".into()));
        assert!(matches!(error("10.64.0.2-10.64.0.1"), PoolError::Reversed(..)));
        for unusable in ["0.0.0.0/0", "127.0.0.1-127.0.0.9", "10.0.0.0-240.0.0.0", "224.0.0.0/8"] {
            assert!(matches!(error(unusable), PoolError::Unusable(..)), "{unusable}");
        }
    }
}
