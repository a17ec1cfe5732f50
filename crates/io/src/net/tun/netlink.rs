//! rtnetlink (rtnetlink(7)): one question at a time about routes and addresses of a device of ours.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// `RTM_NEWADDR`, `RTM_DELADDR`, `RTM_NEWROUTE`.
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const NEW_ROUTE: u16 = 24;
/// A request that is to be acknowledged; for something that is not there yet.
const ASKED: u16 = 0x1 | 0x4;
const NEW: u16 = 0x200 | 0x400;
const INET: u8 = 2;
const INET6: u8 = 10;
/// `struct rtmsg` behind its prefix length: no source, no type of service, the main table, set by an administrator; then the scope;
/// then unicast, no flags.
const ROUTE: [u8; 4] = [0, 0, 254, 4];
const OF_LINK: u8 = 253;
const UNIVERSE: u8 = 0;
const UNICAST: [u8; 5] = [1, 0, 0, 0, 0];
/// `struct ifaddrmsg` behind its prefix length: no duplicates are looked for, in the whole world.
const NO_DUPLICATES: [u8; 2] = [0x02, 0];
/// Attributes of a route: the destination, the device; of an address: itself, and our end of it.
const DESTINATION: u16 = 1;
const DEVICE: u16 = 4;
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
/// `NLMSG_ERROR`: the answer, with 0 or an error number behind its header of 16 octets.
const ANSWER: u16 = 2;
const HEADER: u32 = 16;

/// Leads a network through the device.
///
/// # Errors
/// What the system says: `AlreadyExists` where another route leads there.
pub(super) fn add_route(device: u32, to: IpAddr, length: u8) -> io::Result<()> {
    let (family, scope, octets) = match to {
        IpAddr::V4(to) => (INET, OF_LINK, to.octets().to_vec()),
        IpAddr::V6(to) => (INET6, UNIVERSE, to.octets().to_vec()),
    };
    let mut body = vec![family, length];
    body.extend(ROUTE);
    body.push(scope);
    body.extend(UNICAST);
    attribute(&mut body, DESTINATION, &octets);
    attribute(&mut body, DEVICE, &device.to_ne_bytes());
    ask(NEW_ROUTE, ASKED | NEW, &body)
}

/// Gives the device an address of IPv6, or takes it away.
///
/// # Errors
/// What the system says.
pub(super) fn set_address(device: u32, address: Ipv6Addr, there: bool) -> io::Result<()> {
    let mut body = vec![INET6, 128];
    body.extend(NO_DUPLICATES);
    body.extend(device.to_ne_bytes());
    attribute(&mut body, ADDRESS, &address.octets());
    attribute(&mut body, LOCAL, &address.octets());
    if there { ask(NEW_ADDRESS, ASKED | NEW, &body) } else { ask(DELETE_ADDRESS, ASKED, &body) }
}

/// All values here fill whole words.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.extend(u16::try_from(4 + value.len()).unwrap_or(0).to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
}

fn ask(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let length = HEADER + u32::try_from(body.len()).unwrap_or(0);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    // its number, and who asks: one question is asked
    message.extend([1_u32.to_ne_bytes(), [0; 4]].concat());
    message.extend(body);
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, &message, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    let mut memory = [0; 512];
    // the kernel has answered before `sendto` returns
    let (length, _) = recv(&socket, &mut memory[..], RecvFlags::DONTWAIT)?;
    answer(memory.get(..length).unwrap_or_default())
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
