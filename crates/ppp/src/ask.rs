//! Questions PPP has for the outside, and their answers. While one is open the machine waits in a named
//! phase; the link stays alive.

use std::net::Ipv4Addr;

use crate::{AuthMethod, Credentials, Secret};

/// A question. At most one is open at a time.
#[derive(Clone, Debug)]
pub enum Ask {
    /// Client role: the peer refused our credentials and allows another try (`R=1`, RFC 2433 §7).
    /// Answered by [`Answer::Credentials`].
    Credentials(Refusal),
    /// Client role: the password has expired and may be changed on this link (`E=648`).
    /// Answered by [`Answer::NewPassword`].
    NewPassword(Refusal),
    /// Client role: CBCP offers callback; answered by [`Answer::Callback`].
    CallbackNumber(CallbackOffer),
    /// Server role: is this true? Answered by [`Answer::Verdict`]. PPP itself never holds a secret here.
    Verify(Claim),
    /// Server role: the peer has passed authentication (or none was asked); what callback is it allowed or
    /// bound to? Asked before any network protocol opens; answered by [`Answer::Admit`].
    Admit {
        /// Name the verdict was given for; `None` where no authentication was asked.
        name: Option<String>,
        /// The peer agreed to CBCP (option 13, operation 6).
        callback_agreed: bool,
    },
    /// Server role: may the peer be called back at this number? Asked before the CBCP Ack; answered by
    /// [`Answer::CallbackTo`].
    CallbackTo {
        /// As the peer gave it; from outside, not yet normalised (defence rule 3).
        number: String,
    },
    /// Server role: an IPv4 address for the peer. Answered by [`Answer::Address`].
    Address {
        /// As in [`Ask::Admit`].
        name: Option<String>,
        /// The address the peer named itself, if it did.
        wanted: Option<Ipv4Addr>,
    },
}

/// An answer to the open question. One that does not fit the question is ignored.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Other credentials for another try.
    Credentials(Credentials),
    /// The new password; the old one is remembered from the credentials in use.
    NewPassword(Secret),
    /// What to do about callback.
    Callback(CallbackChoice),
    /// The verdict on a claim.
    Verdict(Verdict),
    /// The callback policy of the admitted peer.
    Admit(CallbackPolicy),
    /// The number to dial, normalised; `None` refuses it.
    CallbackTo(Option<String>),
    /// The peer's address; `None` where none is left (IPCP then fails, the link does not).
    Address(Option<Ipv4Addr>),
}

/// Why credentials were refused, as the peer said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The `E=` number: 646, 647, 648, 649, 691, 709 or another one. Methods without a number give 691.
    pub error: u32,
    /// `R=1`: another try on this link is allowed.
    pub retry: bool,
    /// The peer's text (`M=` or the message field); from outside, escape before showing.
    pub message: String,
}

/// What CBCP's Request offers the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackOffer {
    /// Type 1: no callback.
    pub none: bool,
    /// Type 2: a number of the caller's.
    pub caller: bool,
    /// Type 3: a number the answerer knows.
    pub preset: bool,
    /// Type 4: one of these numbers.
    pub list: Vec<String>,
}

/// The caller's choice among a [`CallbackOffer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackChoice {
    /// Type 1.
    None,
    /// Type 2, with the number in ASCII.
    Number(String),
    /// Type 3.
    Preset,
    /// Type 4, with one of the listed numbers.
    Listed(String),
}

/// What callback the answerer allows or requires of an admitted peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallbackPolicy {
    /// No callback: only type 1 is offered; a peer that did not agree to CBCP goes straight on.
    #[default]
    None,
    /// The caller may give a number (types 1 and 2), and may decline.
    Caller,
    /// This number and nothing else (type 3). Required: without a completed exchange no network protocol
    /// opens (defence rule 2).
    Preset(String),
    /// One of these numbers, or none (types 1 and 4).
    List(Vec<String>),
}

/// A peer's proof of who it is, as it came over the wire.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The name as sent, `DOMAIN\user` included; lossy UTF-8, at most 256 bytes on the wire.
    pub name: String,
    /// The name's bytes as sent: MS-CHAPv2 hashes these.
    pub raw_name: Vec<u8>,
    /// Identifier of the packet the proof came in.
    pub identifier: u8,
    /// The proof.
    pub proof: Proof,
    /// Which claim it is since the peer last passed, from 1; negotiating anew does not start it over.
    pub attempt: u32,
}

/// The part of a [`Claim`] that depends on the method.
#[derive(Clone, Debug)]
pub enum Proof {
    /// PAP: the password itself.
    Pap {
        /// As sent.
        password: Secret,
    },
    /// CHAP-MD5: `response = MD5(identifier, secret, challenge)`.
    ChapMd5 {
        /// What we sent.
        challenge: Vec<u8>,
        /// What came back.
        response: [u8; 16],
    },
    /// MS-CHAPv1.
    MsChapV1 {
        /// What we sent.
        challenge: [u8; 8],
        /// LAN Manager response; never used for a verdict.
        lm_response: [u8; 24],
        /// NT response.
        nt_response: [u8; 24],
        /// The flag octet: 1 = use the NT response.
        flags: u8,
    },
    /// MS-CHAPv2.
    MsChapV2 {
        /// What we sent.
        challenge: [u8; 16],
        /// The peer's own challenge.
        peer_challenge: [u8; 16],
        /// NT response.
        nt_response: [u8; 24],
        /// The flags octet (Windows 98 sends 4).
        flags: u8,
    },
    /// MS-CHAPv1 Change-Password version 2 (code 6).
    ChangeV1 {
        /// The challenge of the last response.
        challenge: [u8; 8],
        /// The whole packet from its code octet, 1118 octets.
        packet: Secret,
    },
    /// MS-CHAPv2 Change-Password (code 7).
    ChangeV2 {
        /// The challenge of the Failure (`C=`).
        challenge: [u8; 16],
        /// The whole packet from its code octet, 586 octets.
        packet: Secret,
    },
}

impl Proof {
    /// The method this proof belongs to.
    pub fn method(&self) -> AuthMethod {
        match self {
            Self::Pap { .. } => AuthMethod::Pap,
            Self::ChapMd5 { .. } => AuthMethod::ChapMd5,
            Self::MsChapV1 { .. } | Self::ChangeV1 { .. } => AuthMethod::MsChapV1,
            Self::MsChapV2 { .. } | Self::ChangeV2 { .. } => AuthMethod::MsChapV2,
        }
    }
}

/// The answer to a [`Claim`]: from a local store, RADIUS, or anything else that can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The claim is true (after a change packet: and the new password is stored).
    Accept {
        /// `S=`: the authenticator response of MS-CHAPv2 (RFC 2759 §8.7), which proves us to the peer.
        authenticator_response: Option<[u8; 20]>,
        /// Text for the person (`M=` or the message field).
        message: String,
    },
    /// The claim is not accepted.
    Refuse {
        /// `E=`: 646, 647, 648, 649, 691 or 709.
        error: u32,
        /// `R=`: another try is allowed as far as the answerer is concerned; PPP counts tries too.
        retry: bool,
        /// `C=`: the challenge for the next try; `None` takes a fresh random one.
        challenge: Option<Vec<u8>>,
        /// Text for the person.
        message: String,
    },
}
