//! Authentication-Protocol, RFC 1661 §6.2: the sender of the option will authenticate the other end by it.

use crate::config::AuthMethod;
use crate::wire::{Malformed, Protocol, Reader, emit_option};

/// A protocol and, for CHAP, its algorithm octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AuthProtocol<'a> {
    pub(crate) protocol: Protocol,
    pub(crate) data: &'a [u8],
}

/// CHAP algorithms (RFC 1994 §3, RFC 2433 §3, RFC 2759 §3).
const MD5: u8 = 0x05;
const MS_V1: u8 = 0x80;
const MS_V2: u8 = 0x81;

impl<'a> AuthProtocol<'a> {
    /// Its type.
    pub(crate) const KIND: u8 = 3;

    pub(crate) fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(data);
        let protocol = Protocol(reader.u16("authentication protocol")?);
        Ok(Self { protocol, data: reader.rest() })
    }

    /// Appends the option that asks for `method`.
    pub(crate) fn emit(method: AuthMethod, out: &mut Vec<u8>) {
        let [high, low] = protocol_of(method).0.to_be_bytes();
        match method {
            AuthMethod::Pap => emit_option(Self::KIND, &[high, low], out),
            AuthMethod::ChapMd5 => emit_option(Self::KIND, &[high, low, MD5], out),
            AuthMethod::MsChapV1 => emit_option(Self::KIND, &[high, low, MS_V1], out),
            AuthMethod::MsChapV2 => emit_option(Self::KIND, &[high, low, MS_V2], out),
        }
    }

    /// The method, if it is one of ours.
    pub(crate) fn method(self) -> Option<AuthMethod> {
        Some(match (self.protocol, self.data) {
            (Protocol::PAP, []) => AuthMethod::Pap,
            (Protocol::CHAP, [MD5]) => AuthMethod::ChapMd5,
            (Protocol::CHAP, [MS_V1]) => AuthMethod::MsChapV1,
            (Protocol::CHAP, [MS_V2]) => AuthMethod::MsChapV2,
            _ => return None,
        })
    }

    /// In the words of packet texts: `pap`, `chap MD5`, `chap MS-v2`, `eap`, or numbers.
    pub(crate) fn text(self) -> String {
        match (self.protocol, self.data) {
            (Protocol::PAP, []) => "pap".to_owned(),
            (Protocol::EAP, []) => "eap".to_owned(),
            (Protocol::CHAP, [MD5]) => "chap MD5".to_owned(),
            (Protocol::CHAP, [MS_V1]) => "chap MS".to_owned(),
            (Protocol::CHAP, [MS_V2]) => "chap MS-v2".to_owned(),
            (Protocol::CHAP, [algorithm]) => format!("chap 0x{algorithm:02x}"),
            (protocol, _) => format!("0x{:04x}", protocol.0),
        }
    }
}

/// The protocol whose packets a method uses.
pub(crate) fn protocol_of(method: AuthMethod) -> Protocol {
    match method {
        AuthMethod::Pap => Protocol::PAP,
        AuthMethod::ChapMd5 | AuthMethod::MsChapV1 | AuthMethod::MsChapV2 => Protocol::CHAP,
    }
}

/// A method as packet texts name it.
pub(crate) fn method_text(method: AuthMethod) -> &'static str {
    match method {
        AuthMethod::Pap => "pap",
        AuthMethod::ChapMd5 => "chap MD5",
        AuthMethod::MsChapV1 => "chap MS",
        AuthMethod::MsChapV2 => "chap MS-v2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_the_octets_of_its_rfc_and_is_read_back() {
        for (method, octets) in [
            (AuthMethod::Pap, &[3u8, 4, 0xc0, 0x23][..]),
            (AuthMethod::ChapMd5, &[3, 5, 0xc2, 0x23, 0x05]),
            (AuthMethod::MsChapV1, &[3, 5, 0xc2, 0x23, 0x80]),
            (AuthMethod::MsChapV2, &[3, 5, 0xc2, 0x23, 0x81]),
        ] {
            let mut out = Vec::new();
            AuthProtocol::emit(method, &mut out);
            assert_eq!(out, octets);
            let option = AuthProtocol::parse(&out[2..]).unwrap();
            assert_eq!(option.method(), Some(method));
            assert_eq!(option.text(), method_text(method));
        }
    }

    #[test]
    fn an_unknown_algorithm_or_protocol_is_no_method() {
        for data in [&[0xc2u8, 0x23][..], &[0xc2, 0x23, 6], &[0xc2, 0x27], &[0xc0, 0x23, 1]] {
            assert_eq!(AuthProtocol::parse(data).unwrap().method(), None);
        }
        assert!(AuthProtocol::parse(&[0xc0]).is_err());
    }
}
