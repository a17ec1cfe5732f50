//! RASENTRY into an entry of a book.
//!
//! Texts are compared with what RasGetEntryProperties shows: what comes back as it was shown changes nothing, so that
//! a text too long for its array is not cut in the book by a program that reads, changes something else, and writes.

use std::net::{Ipv4Addr, Ipv6Addr};

use openras_phonebook::entry::{KINDS, is_line};
use openras_phonebook::{BookError, Entry, Link, Number};

use super::super::books::wrong;
use super::super::country;
use super::show::device_name;
use crate::abi::entry::Entry as RasEntry;
use crate::text::{Char, from_array};

/// RASET_Direct: a cable has no number.
const DIRECT: u32 = 3;
/// ET_Optional: the last of its numbers. Another one would become a code of the book that means one of them.
const OPTIONAL: u32 = 3;

/// Gives an entry the members of a caller's; `shown` is the entry as the caller could read it, `alternates` its further
/// numbers. Whether it has another device now.
///
/// # Errors
/// 87: a member that must be given is not, or is none of its values.
pub(super) fn entry<C: Char>(
    given: &RasEntry<C>,
    shown: &RasEntry<C>,
    alternates: &[String],
    entry: &mut Entry,
) -> Result<bool, BookError> {
    check(given, shown)?;
    numbers(given, entry);
    addresses(given, entry);
    texts(given, shown, entry);
    if entry.links.is_empty() {
        entry.links.push(Link::default());
    }
    let Some(link) = entry.links.first_mut() else { return Ok(false) };
    let device = Device {
        kind: (from_array(&given.szDeviceType), from_array(&shown.szDeviceType)),
        name: (from_array(&given.szDeviceName), from_array(&shown.szDeviceName)),
    };
    let moved = set_device(link, &device)?;
    let (number, shown_number) =
        (from_array(&given.szLocalPhoneNumber), from_array(&shown.szLocalPhoneNumber));
    set_numbers(link, (number != shown_number).then_some(number), alternates);
    first_number(given, shown, link);
    // an entry of Windows may have none, such as one for PPPoE
    if !shown_number.is_empty() {
        must_dial(entry)?;
    }
    Ok(moved)
}

/// Whether an entry says whom it dials.
///
/// # Errors
/// 87: it has no number, and needs one.
pub(super) fn must_dial(entry: &Entry) -> Result<(), BookError> {
    let Some(link) = entry.links.first() else { return Ok(()) };
    let number = link.numbers.first().is_some_and(|number| !number.number.is_empty());
    if number || entry.kind == DIRECT || !link.line.is_empty() || is_line(device_name(link)) {
        return Ok(());
    }
    Err(wrong("szLocalPhoneNumber is empty", "Say what this device dials."))
}

/// What must be given. A value that the entry has already may be anything.
fn check<C: Char>(given: &RasEntry<C>, shown: &RasEntry<C>) -> Result<(), BookError> {
    if given.dwFramingProtocol != shown.dwFramingProtocol && ![1, 2, 4].contains(&given.dwFramingProtocol) {
        let what = format!("dwFramingProtocol is {}", given.dwFramingProtocol);
        return Err(wrong(what, "Set it to RASFP_Ppp, RASFP_Slip or RASFP_Ras."));
    }
    if given.dwType != shown.dwType && !(1..=5).contains(&given.dwType) {
        let what = format!("dwType is {}", given.dwType);
        return Err(wrong(what, "Set it to RASET_Phone or another of the RASET_ numbers."));
    }
    if given.dwEncryptionType != shown.dwEncryptionType && given.dwEncryptionType > OPTIONAL {
        let what = format!("dwEncryptionType is {}", given.dwEncryptionType);
        return Err(wrong(what, "Set it to ET_None, ET_Require, ET_RequireMax or ET_Optional."));
    }
    Ok(())
}

/// Type and name of a device: as given, and as they were shown.
pub(in crate::calls) struct Device {
    pub(in crate::calls) kind: (String, String),
    pub(in crate::calls) name: (String, String),
}

/// Gives a link a device; whether it is another one.
///
/// # Errors
/// 87: one is empty.
pub(in crate::calls) fn set_device(link: &mut Link, device: &Device) -> Result<bool, BookError> {
    let Device { kind, name } = device;
    // what a link of a book has not may be given back
    let needed = |text: &(String, String)| !text.1.is_empty() || *link == Link::default();
    if kind.0.is_empty() && needed(kind) || name.0.is_empty() && needed(name) {
        let what = "szDeviceType or szDeviceName is empty";
        return Err(wrong(what, "Take both from RasEnumDevices, such as \"modem\" and \"OpenRAS tcp\"."));
    }
    if kind.0 != kind.1 {
        link.device_type.clone_from(&kind.0);
    }
    if name.0 == name.1 || name.0 == device_name(link) {
        return Ok(kind.0 != kind.1);
    }
    link.device_name.clone_from(&name.0);
    // the port and the line were the old device's: kept, they would be dialled instead of the new one
    let ours = KINDS.iter().map(|kind| Link::new(kind)).find(|ours| {
        ours.device_name.eq_ignore_ascii_case(&name.0) || ours.port.eq_ignore_ascii_case(&name.0)
    });
    link.port = ours.map(|ours| ours.port).unwrap_or_default();
    link.line.clear();
    link.modem.clear();
    Ok(true)
}

/// Gives a link its numbers: the first if it is another one now, and the alternates. One that stays keeps what the book says
/// beside it.
pub(in crate::calls) fn set_numbers(link: &mut Link, first: Option<String>, alternates: &[String]) {
    if let Some(text) = first {
        match link.numbers.first_mut() {
            Some(number) => number.number = text,
            None => link.numbers.push(Number { number: text, ..Number::default() }),
        }
    }
    if super::super::behind::shown(&link.numbers).eq(alternates) {
        return;
    }
    let first = link.numbers.first().cloned().unwrap_or_default();
    let mut old: Vec<Number> = link.numbers.iter().skip(1).cloned().collect();
    let kept = |text: &String| match old.iter().position(|number| number.number == *text) {
        Some(at) => old.remove(at),
        None => Number { number: text.clone(), ..Number::default() },
    };
    let alternates: Vec<Number> = alternates.iter().map(kept).collect();
    link.numbers = std::iter::once(first).chain(alternates).collect();
}

/// Area and country of the first number.
fn first_number<C: Char>(given: &RasEntry<C>, shown: &RasEntry<C>, link: &mut Link) {
    let area = from_array(&given.szAreaCode);
    let same = area == from_array(&shown.szAreaCode)
        && (given.dwCountryID, given.dwCountryCode) == (shown.dwCountryID, shown.dwCountryCode);
    if same {
        return;
    }
    if link.numbers.is_empty() {
        link.numbers.push(Number::default());
    }
    let Some(number) = link.numbers.first_mut() else { return };
    if area != from_array(&shown.szAreaCode) {
        number.area_code = area;
    }
    number.country_id = given.dwCountryID;
    // a country that is given by its id alone
    number.country_code = match given.dwCountryCode {
        0 => country::code_of(given.dwCountryID).unwrap_or(0),
        code => code,
    };
}

fn numbers<C: Char>(given: &RasEntry<C>, entry: &mut Entry) {
    entry.options = given.dwfOptions;
    entry.options2 = given.dwfOptions2;
    entry.frame_size = given.dwFrameSize;
    entry.net_protocols = given.dwfNetProtocols;
    entry.framing = given.dwFramingProtocol;
    entry.dial_mode = given.dwDialMode;
    entry.dial_extra_percent = given.dwDialExtraPercent;
    entry.dial_extra_seconds = given.dwDialExtraSampleSeconds;
    entry.hang_up_extra_percent = given.dwHangUpExtraPercent;
    entry.hang_up_extra_seconds = given.dwHangUpExtraSampleSeconds;
    entry.idle_disconnect_seconds = given.dwIdleDisconnectSeconds;
    entry.kind = given.dwType;
    entry.encryption = given.dwEncryptionType;
    entry.custom_auth_key = given.dwCustomAuthKey;
    entry.vpn_strategy = given.dwVpnStrategy;
    entry.tcp_window = given.dwTcpWindowSize;
    entry.redial_count = given.dwRedialCount;
    entry.redial_pause = given.dwRedialPause;
    entry.metric4 = given.dwIPv4InterfaceMetric;
    entry.metric6 = given.dwIPv6InterfaceMetric;
    entry.ip6_prefix = given.dwIPv6PrefixLength;
}

fn addresses<C: Char>(given: &RasEntry<C>, entry: &mut Entry) {
    entry.ip = Ipv4Addr::from(given.ipaddr);
    entry.dns = Ipv4Addr::from(given.ipaddrDns);
    entry.dns_alt = Ipv4Addr::from(given.ipaddrDnsAlt);
    entry.wins = Ipv4Addr::from(given.ipaddrWins);
    entry.wins_alt = Ipv4Addr::from(given.ipaddrWinsAlt);
    entry.dns6 = Ipv6Addr::from(given.ipv6addrDns);
    entry.dns6_alt = Ipv6Addr::from(given.ipv6addrDnsAlt);
    entry.ip6 = Ipv6Addr::from(given.ipv6addr);
}

fn texts<C: Char>(given: &RasEntry<C>, shown: &RasEntry<C>, entry: &mut Entry) {
    text(&given.szScript, &shown.szScript, &mut entry.script);
    text(&given.szAutodialDll, &shown.szAutodialDll, &mut entry.autodial_dll);
    text(&given.szAutodialFunc, &shown.szAutodialFunc, &mut entry.autodial_func);
    text(&given.szX25PadType, &shown.szX25PadType, &mut entry.x25_pad);
    text(&given.szX25Address, &shown.szX25Address, &mut entry.x25_address);
    text(&given.szX25Facilities, &shown.szX25Facilities, &mut entry.x25_facilities);
    text(&given.szX25UserData, &shown.szX25UserData, &mut entry.x25_user_data);
    text(&given.szCustomDialDll, &shown.szCustomDialDll, &mut entry.custom_dial_dll);
    text(&given.szDnsSuffix, &shown.szDnsSuffix, &mut entry.dns_suffix);
    text(&given.szPrerequisitePbk, &shown.szPrerequisitePbk, &mut entry.prerequisite_pbk);
    text(&given.szPrerequisiteEntry, &shown.szPrerequisiteEntry, &mut entry.prerequisite_entry);
}

fn text<C: Char>(given: &[C], shown: &[C], to: &mut String) {
    let given = from_array(given);
    if given != from_array(shown) {
        *to = given;
    }
}
