//! Whether the peer speaks telnet, where nobody has said so.

/// PPP's flag.
const FLAG: u8 = 0x7e;
const IAC: u8 = super::IAC;
/// The lowest number of a command: end of file, behind which come suspend, abort (RFC 1184 §2.4) and end of record (RFC 885).
const LOWEST: u8 = 236;

/// When telnet is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Never: all octets are data.
    Raw,
    /// From the first octet on.
    Telnet,
    /// When the peer does. Emulated modems greet in telnet whomever they dial, and go on in telnet or raw: the first frame
    /// of PPP tells, `7E FF FF` or `7E FF` and what is no command.
    Auto,
}

/// What is known of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    Raw,
    Telnet,
    /// Nothing but data so far, and none of it decides. The flag: the last octet was PPP's.
    Silent {
        flag: bool,
    },
    /// It has said something in telnet. The flag as above.
    Greeted {
        flag: bool,
    },
}

impl Guess {
    pub(super) fn new(mode: Mode) -> Self {
        match mode {
            Mode::Raw => Self::Raw,
            Mode::Telnet => Self::Telnet,
            Mode::Auto => Self::Silent { flag: false },
        }
    }

    /// Whether we speak first.
    pub(super) fn opens(self) -> bool {
        self == Self::Telnet
    }

    pub(super) fn is_raw(self) -> bool {
        self == Self::Raw
    }

    /// Whether the next octets may decide it.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Greeted { .. })
    }

    /// Whether what we send is written as telnet: who greets in telnet is answered so until it shows otherwise.
    pub(super) fn sends_telnet(self) -> bool {
        matches!(self, Self::Telnet | Self::Greeted { .. })
    }

    /// An octet of data that is no FF.
    pub(super) fn data(&mut self, octet: u8) {
        match self {
            // who begins with data is raw: text may be followed by telnet, a frame is not
            Self::Silent { flag } | Self::Greeted { flag } => *flag = octet == FLAG,
            Self::Raw | Self::Telnet => {}
        }
    }

    /// The octet behind an FF. `true`: both are data of a raw peer.
    pub(super) fn iac(&mut self, octet: u8) -> bool {
        match *self {
            Self::Raw => true,
            Self::Telnet => false,
            // who has never said a word of telnet does not double: a mask or a broadcast address in a packet of SLIP
            Self::Silent { flag: false } if octet == IAC => true,
            Self::Silent { flag } | Self::Greeted { flag } if octet == IAC => {
                // a doubled FF behind a flag is the address field in telnet's words
                if flag {
                    *self = Self::Telnet;
                } else {
                    self.data(octet);
                }
                false
            }
            // no telnet command has a lower number: such an octet behind an FF is data, as the 03 or 7D of a frame is
            Self::Silent { .. } | Self::Greeted { .. } if octet < LOWEST => {
                *self = Self::Raw;
                true
            }
            Self::Silent { .. } | Self::Greeted { .. } => false,
        }
    }

    /// The peer negotiates. `true` the first time, when we have not spoken yet.
    pub(super) fn speaks_telnet(&mut self) -> bool {
        match *self {
            Self::Silent { flag } => {
                *self = Self::Greeted { flag };
                true
            }
            _ => false,
        }
    }
}
