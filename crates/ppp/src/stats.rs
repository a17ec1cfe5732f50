//! Plain counters of one line. Nobody below the service interprets them.

/// Counters of one end of one line since it was made. They only grow; they wrap after 2⁶⁴.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes taken from the line, framing and garbage included.
    pub bytes_received: u64,
    /// Frames received whole, with a good FCS.
    pub frames_received: u64,
    /// Frames dropped because their FCS was wrong.
    pub fcs_errors: u64,
    /// Frames the peer gave up with `7D 7E`. No error (RFC 1662 §4.3).
    pub aborts: u64,
    /// Frames too short to hold anything but an FCS.
    pub runts: u64,
    /// Frames longer than the cap, dropped.
    pub overflows: u64,
    /// Frames with a good FCS and an unknown control field.
    pub bad_headers: u64,
    /// Bytes given to the line, framing included.
    pub bytes_sent: u64,
    /// Frames given to the line.
    pub frames_sent: u64,
    /// IP packets given to the owner.
    pub packets_received: u64,
    /// IP packets taken from the owner and framed.
    pub packets_sent: u64,
    /// IP packets of either direction dropped because their protocol was not open.
    pub packets_dropped: u64,
}
