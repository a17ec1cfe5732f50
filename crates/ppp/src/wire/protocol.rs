//! PPP protocol numbers (RFC 1661 §2, IANA "PPP DLL Protocol Numbers").

use std::fmt;

/// The Protocol field of a frame. Unknown numbers are kept, shown and rejected as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u16);

impl Protocol {
    /// IPv4 datagrams.
    pub const IP: Self = Self(0x0021);
    /// IPv6 datagrams.
    pub const IPV6: Self = Self(0x0057);
    /// IP Control Protocol, RFC 1332.
    pub const IPCP: Self = Self(0x8021);
    /// IPv6 Control Protocol, RFC 5072.
    pub const IPV6CP: Self = Self(0x8057);
    /// Compression Control Protocol, RFC 1962.
    pub const CCP: Self = Self(0x80fd);
    /// Link Control Protocol, RFC 1661.
    pub const LCP: Self = Self(0xc021);
    /// Password Authentication Protocol, RFC 1334.
    pub const PAP: Self = Self(0xc023);
    /// Callback Control Protocol, MS-CBCP.
    pub const CBCP: Self = Self(0xc029);
    /// Challenge Handshake Authentication Protocol, RFC 1994, and its Microsoft versions.
    pub const CHAP: Self = Self(0xc223);
    /// Extensible Authentication Protocol, RFC 3748.
    pub const EAP: Self = Self(0xc227);

    /// The name used in packet texts, if the number is known.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::IP => "IP",
            Self::IPV6 => "IPv6",
            Self::IPCP => "IPCP",
            Self::IPV6CP => "IPV6CP",
            Self::CCP => "CCP",
            Self::LCP => "LCP",
            Self::PAP => "PAP",
            Self::CBCP => "CBCP",
            Self::CHAP => "CHAP",
            Self::EAP => "EAP",
            _ => return None,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protocol({self})")
    }
}
