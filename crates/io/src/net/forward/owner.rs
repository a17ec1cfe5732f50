//! Whose process is at the other end of a connection over this machine's loopback: the kernel's table says it
//! (proc_pid_net(5)).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The user whose process has the socket at `peer` that is connected to `local`. `None`: there is no such socket, or its
/// process has closed it already.
pub(super) fn of(peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    let table = if peer.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    find(&std::fs::read_to_string(table).ok()?, peer, local)
}

fn find(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    let (peer, local) = (written(peer), written(local));
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        if fields.next() != Some(&peer) || fields.next() != Some(&local) {
            return None;
        }
        // st, queues, timer, retransmissions
        let uid = fields.nth(4)?.parse().ok()?;
        let inode: u64 = fields.nth(1)?.parse().ok()?;
        // a socket nobody holds any more is shown as root's
        (inode != 0).then_some(uid)
    })
}

/// As the table has it: the address in words of the machine's own byte order.
fn written(at: SocketAddr) -> String {
    let address = match at.ip() {
        IpAddr::V4(address) => format!("{:08X}", u32::from_ne_bytes(address.octets())),
        IpAddr::V6(address) => words(address),
    };
    format!("{address}:{:04X}", at.port())
}

fn words(address: Ipv6Addr) -> String {
    let octets = address.octets();
    let (words, _) = octets.as_chunks::<4>();
    words.iter().map(|word| format!("{:08X}", u32::from_ne_bytes(*word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_found_by_both_its_ends() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = std::net::TcpListener::bind(address) else { continue };
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, peer) = listener.accept().unwrap();
            let local = server.local_addr().unwrap();
            assert_eq!(of(peer, local), Some(rustix::process::geteuid().as_raw()), "{address}");
            drop(client);
            assert_eq!(of(peer, local), None, "{address}: nobody holds it");
        }
    }

    #[test]
    fn another_users_line_of_the_table_is_anothers() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:8AE2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 20033 1 0 20 4 30 10 -1\n   \
                     1: 0100007F:8AE4 0100007F:1F90 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1\n";
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        if cfg!(target_endian = "little") {
            assert_eq!(find(table, at(0x8ae2), at(8080)), Some(1001));
            assert_eq!(find(table, at(0x8ae4), at(8080)), None, "an orphan is not root's");
            assert_eq!(find(table, at(0x8ae2), at(8081)), None);
        }
    }
}
