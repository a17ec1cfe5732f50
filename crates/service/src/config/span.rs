//! Humane values: lengths of time and ranges of addresses.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

use openras_engine::server::pool::PoolError;

/// A text that is no length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a length of time; write one such as 30s, 5m, 1m30s, 500ms or 2h")]
pub struct DurationError;

/// Reads a length of time such as `5m`, `30s`, `1m30s`, `500ms` or `2h`; no unit may come twice, or after a smaller
/// one.
///
/// # Errors
/// Anything else, and what is too long to count.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let read = || {
        let (mut rest, mut total, mut next) = (text, 0u64, 0);
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, after) = rest.split_at_checked(digits)?;
            let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, after) = after.split_at_checked(unit)?;
            let place = UNITS.iter().position(|(name, _)| *name == unit).filter(|place| *place >= next)?;
            let (_, milliseconds) = UNITS.get(place)?;
            total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*milliseconds)?)?;
            (rest, next) = (after, place + 1);
        }
        (next > 0).then(|| Duration::from_millis(total))
    };
    read().ok_or(DurationError)
}

/// Writes a length of time the way [`parse_duration`] reads it; parts under a millisecond are dropped.
pub fn show_duration(time: Duration) -> String {
    let mut left = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
        if left >= size {
            text += &format!("{}{unit}", left / size);
            left %= size;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

/// The range of a port's pool, both ends included: `10.64.0.2-10.64.0.254` or `10.64.0.0/24`. Who has which address
/// is known by the engine's [`Pool`](openras_engine::server::Pool), which also reads the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    first: Ipv4Addr,
    last: Ipv4Addr,
}

impl Pool {
    /// A range known to be good when the program is built.
    pub(super) const fn between(first: [u8; 4], last: [u8; 4]) -> Self {
        let [a, b, c, d] = first;
        let [e, f, g, h] = last;
        Self { first: Ipv4Addr::new(a, b, c, d), last: Ipv4Addr::new(e, f, g, h) }
    }

    /// The pool from which calls lease these addresses, all of them free.
    pub fn leases(&self) -> openras_engine::server::Pool {
        openras_engine::server::Pool::between(self.first, self.last)
    }

    /// The first and the last.
    pub fn range(&self) -> (Ipv4Addr, Ipv4Addr) {
        (self.first, self.last)
    }

    /// How many there are, at least 1.
    pub fn size(&self) -> u32 {
        self.last.to_bits() - self.first.to_bits() + 1
    }

    /// Whether it holds `address`.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address)
    }

    /// Whether the two have an address in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Whether a host on a network can have this address.
pub(crate) fn is_host(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    first != 0 && first < 224 && !address.is_loopback()
}

impl FromStr for Pool {
    type Err = PoolError;

    fn from_str(text: &str) -> Result<Self, PoolError> {
        let (first, last) = text.parse::<openras_engine::server::Pool>()?.range();
        Ok(Self { first, last })
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("5m", 300_000),
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1h2m3s4ms", 3_723_004),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "5", "m", "5x", "-5m", "5m5m", "5s1m", "1.5m", " 5m", "5 m", "99999999999999999999h", "5é"]
        {
            assert_eq!(parse_duration(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn a_pool_has_both_its_ends() {
        let pool: Pool = "10.64.0.2-10.64.0.4".parse().unwrap();
        assert_eq!((pool.size(), pool.to_string().as_str()), (3, "10.64.0.2-10.64.0.4"));
        assert!(pool.contains(Ipv4Addr::new(10, 64, 0, 4)) && !pool.contains(Ipv4Addr::new(10, 64, 0, 5)));
        assert_eq!("10.64.0.0/24".parse::<Pool>().unwrap().size(), 254);
        for text in ["10.0.0.2-10.0.0.1", "10.0.0.1-", "0.0.0.1-0.0.0.2", "223.255.255.255-224.0.0.1"] {
            assert!(text.parse::<Pool>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_survive(milliseconds in 0u64..100_000_000) {
            let time = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse_duration(&show_duration(time)), Ok(time));
        }

        #[test]
        fn no_text_upsets_the_readers(text in ".{0,20}") {
            let _ = (parse_duration(&text), text.parse::<Pool>());
        }
    }
}
