//! Networks that a dial's device leads to.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::{is_for_a_host, netlink};

/// A network beyond the other end: `A.B.C.D/N`, or one of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    to: IpAddr,
    length: u8,
}

impl FromStr for Route {
    type Err = io::Error;

    /// `0.0.0.0/0` and `::/0` are everything. The bits behind the prefix must be 0.
    fn from_str(text: &str) -> io::Result<Self> {
        let wrong = || {
            let why = "write a network as 10.0.0.0/8 or fd00:7::/48, its last bits 0, or 0.0.0.0/0 or ::/0 for everything";
            io::Error::new(io::ErrorKind::InvalidInput, why)
        };
        let (to, digits) = text.split_once('/').ok_or_else(wrong)?;
        let to: IpAddr = to.parse().map_err(|_| wrong())?;
        let length: u8 = digits.parse().map_err(|_| wrong())?;
        let plain = digits.bytes().all(|octet| octet.is_ascii_digit());
        // one half of everything is a network as well
        let (whole, host) = match to {
            IpAddr::V4(to) => {
                let behind = u32::MAX.checked_shr(length.into()).unwrap_or(0);
                let whole = length <= 32 && to.to_bits() & behind == 0;
                (whole, is_for_a_host(to) || to.is_unspecified() && length <= 1)
            }
            IpAddr::V6(to) => {
                let behind = u128::MAX.checked_shr(length.into()).unwrap_or(0);
                let whole = length <= 128 && to.to_bits() & behind == 0;
                (whole, is_for_a_host_of_ipv6(to) || to.is_unspecified() && length <= 1)
            }
        };
        if !plain || !whole || !host {
            return Err(wrong());
        }
        Ok(Self { to, length })
    }
}

/// Not the system's own business, and not an IPv4 address in other clothes.
fn is_for_a_host_of_ipv6(to: Ipv6Addr) -> bool {
    !to.is_unspecified()
        && !to.is_loopback()
        && !to.is_multicast()
        && !to.is_unicast_link_local()
        && to.to_ipv4_mapped().is_none()
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.to, self.length)
    }
}

impl Route {
    /// Whether it is one of IPv6.
    pub(super) fn is_ipv6(self) -> bool {
        self.to.is_ipv6()
    }

    /// Leads the network through the device.
    ///
    /// # Errors
    /// What the system says: `AlreadyExists` where another route leads there.
    pub(super) fn add(self, device: u32) -> io::Result<()> {
        netlink::add_route(device, self.to, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_whole_network_that_hosts_can_be_in() {
        for good in [
            "10.0.0.0/8",
            "0.0.0.0/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "192.0.2.1/32",
            "192.168.7.0/24",
            "::/0",
            "8000::/1",
            "fd00:7::/48",
            "2001:db8::7/128",
        ] {
            assert_eq!(good.parse::<Route>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "10.0.0.0",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "127.0.0.0/8",
            "224.0.0.0/4",
            "169.254.0.0/16",
            "0.0.0.0/8",
            "fd00::1/8",
            "::/8",
            "::1/128",
            "ff00::/8",
            "fe80::/10",
            "fd00::/129",
            "::ffff:10.0.0.0/104",
            "host/8",
            "240.0.0.0/8",
            "10.0.0.0/8 dev eth0",
        ] {
            assert!(bad.parse::<Route>().is_err(), "{bad}");
        }
    }
}
