//! What the kernel has heard about packets that did not arrive (`IP_RECVERR`), as the NAT passes it on.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use openras_nat::Trouble;
use tokio::net::UdpSocket;

/// Octets of a packet that are looked at: an echo request's header.
const HEAD: usize = 64;

/// One report.
#[derive(Debug)]
pub(super) struct Report {
    /// Where the packet was to go.
    pub(super) to: SocketAddr,
    /// Octets of it that came back with the report.
    pub(super) length: usize,
    /// The first of them.
    pub(super) head: [u8; HEAD],
    pub(super) trouble: Trouble,
}

/// Has a socket keep reports.
pub(super) fn ask_for(socket: &impl std::os::fd::AsFd, v4: bool) -> io::Result<()> {
    if v4 {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    }
    Ok(())
}

/// The next report; `None`: it says nothing a caller would hear of.
///
/// # Errors
/// `WouldBlock`: there is none.
pub(super) fn next(socket: &UdpSocket) -> io::Result<Option<Report>> {
    let mut head = [0; HEAD];
    let mut parts = [IoSliceMut::new(&mut head)];
    // an error with the address of who sent it, twice over
    let mut control = vec![0; 256];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let (to, length) = (message.address.as_ref().and_then(address), message.bytes);
    let trouble = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, from) => {
            let from = from.map(|from| Ipv4Addr::from(from.sin_addr.s_addr.to_ne_bytes()).into());
            trouble(&error, from)
        }
        ControlMessageOwned::Ipv6RecvErr(error, from) => {
            let from = from.map(|from| Ipv6Addr::from(from.sin6_addr.s6_addr).into());
            trouble(&error, from)
        }
        _ => None,
    });
    Ok(to.zip(trouble).map(|(to, trouble)| Report { to, length, head, trouble }))
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|at| SocketAddr::new(at.ip().into(), at.port()));
    v4.or_else(|| storage.as_sockaddr_in6().map(|at| SocketAddr::new(at.ip().into(), at.port())))
}

/// RFC 792, RFC 4443; the same numbers as in the kernel's `icmp_err_convert`.
fn trouble(error: &libc::sock_extended_err, from: Option<IpAddr>) -> Option<Trouble> {
    let size = u16::try_from(error.ee_info).unwrap_or(u16::MAX);
    let too_big = i32::try_from(error.ee_errno) == Ok(libc::EMSGSIZE);
    match (error.ee_origin, error.ee_type, error.ee_code) {
        _ if too_big => Some(Trouble::TooBig(size)),
        (libc::SO_EE_ORIGIN_ICMP, 3, 0 | 6 | 11) => Some(Trouble::Network),
        (libc::SO_EE_ORIGIN_ICMP, 3, 3) => Some(Trouble::Port),
        (libc::SO_EE_ORIGIN_ICMP, 3, 9 | 10 | 13) => Some(Trouble::Prohibited),
        (libc::SO_EE_ORIGIN_ICMP, 3, _) => Some(Trouble::Host),
        (libc::SO_EE_ORIGIN_ICMP, 11, _) | (libc::SO_EE_ORIGIN_ICMP6, 3, _) => {
            from.map(Trouble::TimeExceeded)
        }
        (libc::SO_EE_ORIGIN_ICMP6, 1, 0) => Some(Trouble::Network),
        (libc::SO_EE_ORIGIN_ICMP6, 1, 1 | 5 | 6) => Some(Trouble::Prohibited),
        (libc::SO_EE_ORIGIN_ICMP6, 1, 4) => Some(Trouble::Port),
        (libc::SO_EE_ORIGIN_ICMP6, 1, _) => Some(Trouble::Host),
        _ => None,
    }
}

/// What it means that a packet could not even be sent.
pub(super) fn unsent(error: &io::Error) -> Option<Trouble> {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Some(Trouble::Network),
        io::ErrorKind::HostUnreachable => Some(Trouble::Host),
        io::ErrorKind::PermissionDenied => Some(Trouble::Prohibited),
        _ => None,
    }
}
