//! A TCP/IP header, as both ends keep it.

/// The longest that is compressed: IP and TCP with all the options they can have are 120.
const LONGEST: usize = 128;
const TCP: u8 = 6;
const IP_HEADER: usize = 20;
const TCP_HEADER: usize = 20;

/// TCP's flags.
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;
pub(super) const URG: u8 = 0x20;

/// IP's and TCP's header with their options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    octets: Vec<u8>,
    /// Octets of IP's.
    ip: usize,
    /// Octets of data behind it, in the packet it came with.
    pub(super) data: u16,
}

impl Header {
    /// The header of a whole TCP packet over IPv4 that is no fragment; `None` for any other.
    pub(super) fn of(packet: &[u8]) -> Option<Self> {
        let first = *packet.first()?;
        let ip = usize::from(first & 15) * 4;
        let total = usize::from(word(packet, 2)?);
        let whole = first >> 4 == 4 && ip >= IP_HEADER && total == packet.len();
        // neither "more fragments" nor an offset
        if !whole || word(packet, 6)? & 0x3fff != 0 || *packet.get(9)? != TCP {
            return None;
        }
        let tcp = usize::from(packet.get(ip + 12)? >> 4) * 4;
        let octets = packet.get(..ip + tcp).filter(|header| tcp >= TCP_HEADER && header.len() <= LONGEST)?;
        let data = u16::try_from(packet.len() - octets.len()).ok()?;
        Some(Self { octets: octets.to_vec(), ip, data })
    }

    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    pub(super) fn flags(&self) -> u8 {
        self.octet(self.ip + 13)
    }

    pub(super) fn set_flag(&mut self, flag: u8, on: bool) {
        if let Some(flags) = self.octets.get_mut(self.ip + 13) {
            *flags = if on { *flags | flag } else { *flags & !flag };
        }
    }

    /// Addresses and ports: what makes a connection.
    pub(super) fn connection(&self) -> (&[u8], &[u8]) {
        (
            self.octets.get(12..20).unwrap_or_default(),
            self.octets.get(self.ip..self.ip + 4).unwrap_or_default(),
        )
    }

    /// All that must be as before for a packet to be compressed: version, lengths, type of service, fragment bits, time to live,
    /// protocol, options, and flags nobody has a bit for.
    pub(super) fn fixed(&self) -> impl PartialEq + '_ {
        let ip = self.octets.get(..2).zip(self.octets.get(6..10)).zip(self.octets.get(IP_HEADER..self.ip));
        let tcp = self.octets.get(self.ip + TCP_HEADER..);
        (ip, self.octet(self.ip + 12), self.flags() & !(PSH | URG), tcp)
    }

    pub(super) fn id(&self) -> u16 {
        self.word(4)
    }

    pub(super) fn sequence(&self) -> u32 {
        self.long(self.ip + 4)
    }

    pub(super) fn acknowledgement(&self) -> u32 {
        self.long(self.ip + 8)
    }

    pub(super) fn window(&self) -> u16 {
        self.word(self.ip + 14)
    }

    pub(super) fn checksum(&self) -> u16 {
        self.word(self.ip + 16)
    }

    pub(super) fn urgent(&self) -> u16 {
        self.word(self.ip + 18)
    }

    pub(super) fn set_id(&mut self, id: u16) {
        self.put(4, &id.to_be_bytes());
    }

    pub(super) fn set_sequence(&mut self, sequence: u32) {
        self.put(self.ip + 4, &sequence.to_be_bytes());
    }

    pub(super) fn set_acknowledgement(&mut self, acknowledgement: u32) {
        self.put(self.ip + 8, &acknowledgement.to_be_bytes());
    }

    pub(super) fn set_window(&mut self, window: u16) {
        self.put(self.ip + 14, &window.to_be_bytes());
    }

    pub(super) fn set_checksum(&mut self, checksum: u16) {
        self.put(self.ip + 16, &checksum.to_be_bytes());
    }

    pub(super) fn set_urgent(&mut self, urgent: u16) {
        self.put(self.ip + 18, &urgent.to_be_bytes());
    }

    /// Takes so many octets of data behind it, and sets IP's length and checksum for that. `None`: longer than IP can be.
    pub(super) fn set_data(&mut self, data: usize) -> Option<()> {
        let total = u16::try_from(self.len() + data).ok()?;
        self.data = u16::try_from(data).ok()?;
        self.put(2, &total.to_be_bytes());
        self.put(10, &[0, 0]);
        let sum = !fold(sum(self.octets.get(..self.ip)?));
        self.put(10, &sum.to_be_bytes());
        Some(())
    }

    /// Whether TCP's checksum is that of header and data.
    pub(super) fn fits(&self, data: &[u8]) -> bool {
        let tcp = self.octets.get(self.ip..).unwrap_or_default();
        let length = u64::try_from(tcp.len() + data.len()).unwrap_or(u64::MAX);
        let addresses = self.octets.get(12..20).unwrap_or_default();
        // a TCP header has an even number of octets, so its data begins a word
        fold(sum(addresses) + u64::from(TCP) + length + sum(tcp) + sum(data)) == 0xffff
    }

    fn octet(&self, at: usize) -> u8 {
        self.octets.get(at).copied().unwrap_or(0)
    }

    fn word(&self, at: usize) -> u16 {
        word(&self.octets, at).unwrap_or(0)
    }

    fn long(&self, at: usize) -> u32 {
        (u32::from(self.word(at)) << 16) | u32::from(self.word(at + 2))
    }

    fn put(&mut self, at: usize, value: &[u8]) {
        if let Some(place) = self.octets.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    }
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

/// The sum of words of the Internet checksum (RFC 1071), not folded yet.
fn sum(octets: &[u8]) -> u64 {
    octets
        .chunks(2)
        .map(|two| match *two {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            [high] => u64::from(high) << 8,
            _ => 0,
        })
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
