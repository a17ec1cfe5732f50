//! Routes through a dial's device, by the kernel's rtnetlink(7). They are never taken away: they go with the device.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::str::FromStr;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

use super::is_for_a_host;

/// A network beyond the other end: `A.B.C.D/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    to: Ipv4Addr,
    length: u8,
}

impl FromStr for Route {
    type Err = io::Error;

    /// `0.0.0.0/0` is everything. The bits behind the prefix must be 0.
    fn from_str(text: &str) -> io::Result<Self> {
        let wrong = || {
            let why = "write a network of IPv4 as 10.0.0.0/8, its last bits 0, or 0.0.0.0/0 for everything";
            io::Error::new(io::ErrorKind::InvalidInput, why)
        };
        let (to, digits) = text.split_once('/').ok_or_else(wrong)?;
        let to: Ipv4Addr = to.parse().map_err(|_| wrong())?;
        let length: u8 = digits.parse().map_err(|_| wrong())?;
        let plain = digits.bytes().all(|octet| octet.is_ascii_digit());
        let behind = u32::MAX.checked_shr(length.into()).unwrap_or(0);
        // one half of everything is a network as well
        let host = is_for_a_host(to) || to.is_unspecified() && length <= 1;
        if !plain || length > 32 || to.to_bits() & behind != 0 || !host {
            return Err(wrong());
        }
        Ok(Self { to, length })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.to, self.length)
    }
}

/// `RTM_NEWROUTE`, and its flags: a request, to be acknowledged, for one that is not there yet.
const NEW_ROUTE: u16 = 24;
const FLAGS: u16 = 0x1 | 0x4 | 0x200 | 0x400;
/// `struct rtmsg` behind its prefix length: no source, no type of service, the main table, set by an administrator, of this link,
/// unicast, no flags.
const KIND: [u8; 10] = [0, 0, 254, 4, 253, 1, 0, 0, 0, 0];
const INET: u8 = 2;
/// Attributes: the destination, the device.
const DESTINATION: u16 = 1;
const DEVICE: u16 = 4;
/// `NLMSG_ERROR`: the answer, with 0 or an error number behind its header of 16 octets.
const ANSWER: u16 = 2;
const HEADER: u32 = 16;

impl Route {
    /// Leads the network through the device.
    ///
    /// # Errors
    /// What the system says: `AlreadyExists` where another route leads there.
    pub(super) fn add(self, device: u32) -> io::Result<()> {
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        sendto(&socket, &self.message(device), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut memory = [0; 512];
        // the kernel has answered before `sendto` returns
        let (length, _) = recv(&socket, &mut memory[..], RecvFlags::DONTWAIT)?;
        answer(memory.get(..length).unwrap_or_default())
    }

    fn message(self, device: u32) -> Vec<u8> {
        let mut body = vec![INET, self.length];
        body.extend(KIND);
        for (attribute, value) in [(DESTINATION, self.to.octets()), (DEVICE, device.to_ne_bytes())] {
            body.extend(8_u16.to_ne_bytes());
            body.extend(attribute.to_ne_bytes());
            body.extend(value);
        }
        let length = HEADER + u32::try_from(body.len()).unwrap_or(0);
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(NEW_ROUTE.to_ne_bytes());
        message.extend(FLAGS.to_ne_bytes());
        // its number, and who asks: one question is asked
        message.extend([1_u32.to_ne_bytes(), [0; 4]].concat());
        message.extend(body);
        message
    }
}

fn answer(message: &[u8]) -> io::Result<()> {
    let kind = message.get(4..6).and_then(|two| two.try_into().ok()).map(u16::from_ne_bytes);
    let error = message.get(16..20).and_then(|four| four.try_into().ok()).map(i32::from_ne_bytes);
    match (kind, error) {
        (Some(ANSWER), Some(0)) => Ok(()),
        (Some(ANSWER), Some(error)) => Err(io::Error::from_raw_os_error(error.wrapping_neg())),
        _ => Err(io::Error::other("the system's answer is no answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_a_whole_network_that_hosts_can_be_in() {
        for good in ["10.0.0.0/8", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "192.0.2.1/32", "192.168.7.0/24"]
        {
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
            "fd00::/8",
            "host/8",
            "240.0.0.0/8",
            "10.0.0.0/8 dev eth0",
        ] {
            assert!(bad.parse::<Route>().is_err(), "{bad}");
        }
    }
}
