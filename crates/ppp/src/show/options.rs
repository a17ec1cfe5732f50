//! Configuration options as text.

use std::fmt::Write;

use super::text::hex;
use crate::ipcp::{address, servers};
use crate::ipv6cp;
use crate::lcp::accm::Accm;
use crate::lcp::auth::AuthProtocol;
use crate::lcp::magic::Magic;
use crate::lcp::mru::Mru;
use crate::lcp::{acfc, callback, pfc};
use crate::wire::{Malformed, Protocol, RawOption};

/// Appends one option without its angle brackets; one that is unknown or malformed by its numbers.
pub(super) fn option(protocol: Protocol, option: RawOption<'_>, out: &mut String) {
    let known = match protocol {
        Protocol::LCP => lcp(option),
        Protocol::IPCP => ipcp(option),
        Protocol::IPV6CP => ipv6cp(option),
        Protocol::CCP => ccp(option),
        _ => Ok(None),
    };
    match known {
        Ok(Some(text)) => out.push_str(&text),
        Ok(None) | Err(Malformed { .. }) => {
            let _ = write!(out, "{} ", option.kind);
            hex(option.data, out);
        }
    }
}

type Text = Result<Option<String>, Malformed>;

fn lcp(option: RawOption<'_>) -> Text {
    Ok(Some(match option.kind {
        Mru::KIND => format!("mru {}", Mru::parse(option.data)?.0),
        Accm::KIND => format!("accm 0x{:08x}", Accm::parse(option.data)?.0),
        AuthProtocol::KIND => format!("auth {}", AuthProtocol::parse(option.data)?.text()),
        Magic::KIND => format!("magic 0x{:08x}", Magic::parse(option.data)?.0),
        pfc::KIND if option.data.is_empty() => "pfc".to_owned(),
        acfc::KIND if option.data.is_empty() => "acfc".to_owned(),
        callback::KIND if callback::wants_cbcp(option.data) => "callback CBCP".to_owned(),
        17 => match *option.data {
            [high, low] => format!("mrru {}", u16::from_be_bytes([high, low])),
            _ => return Ok(None),
        },
        18 if option.data.is_empty() => "ssnhf".to_owned(),
        _ => return Ok(named(lcp_name(option.kind), option)),
    }))
}

/// Options we never agree to, for the reader's sake.
fn lcp_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "vendor",
        4 => "quality",
        9 => "fcs",
        10 => "padding",
        11 => "numbered",
        13 => "callback",
        15 => "compound",
        19 => "endpoint",
        23 => "discriminator",
        _ => return None,
    })
}

fn named(name: Option<&'static str>, option: RawOption<'_>) -> Option<String> {
    let mut text = name?.to_owned();
    if !option.data.is_empty() {
        text.push(' ');
        hex(option.data, &mut text);
    }
    Some(text)
}

fn ipcp(option: RawOption<'_>) -> Text {
    const NAMES: [&str; 4] = ["dns1", "nbns1", "dns2", "nbns2"];
    if let Some(name) = servers::index(option.kind).and_then(|index| NAMES.get(index)) {
        return Ok(Some(format!("{name} {}", address::parse(option.data)?)));
    }
    Ok(match option.kind {
        1 => named(Some("addresses"), option),
        2 => named(Some("compression"), option),
        address::KIND => Some(format!("address {}", address::parse(option.data)?)),
        _ => None,
    })
}

fn ipv6cp(option: RawOption<'_>) -> Text {
    if option.kind != ipv6cp::INTERFACE_IDENTIFIER {
        return Ok((option.kind == 2).then(|| named(Some("compression"), option)).flatten());
    }
    let [a, b, c, d, e, f, g, h] = ipv6cp::parse(option.data)?;
    Ok(Some(format!("id {a:02x}{b:02x}:{c:02x}{d:02x}:{e:02x}{f:02x}:{g:02x}{h:02x}")))
}

fn ccp(option: RawOption<'_>) -> Text {
    let name = match option.kind {
        0 => "vendor",
        1 => "predictor1",
        2 => "predictor2",
        17 => "stac",
        18 => "mppe",
        21 => "bsd",
        23 => "lzs-dcp",
        26 => "deflate",
        _ => return Ok(None),
    };
    Ok(named(Some(name), option))
}
