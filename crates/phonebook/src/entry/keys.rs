//! Keys of the whole entry (ras-phonebook.md §1.4): their values as RASENTRY has them.
//!
//! Both directions go over one list of texts: what an entry would write. What differs from the list of the entry as it
//! was read is written, so a code that is not understood stays until its member is changed.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::Entry;
use super::flags::*;
use crate::{BookError, Section};

/// Bits of dwfOptions that a key holds as 0 or 1.
const OPTION_KEYS: [(&str, u32); 9] = [
    ("AutoLogon", RASEO_USE_LOGON_CREDENTIALS),
    ("SwCompression", RASEO_SW_COMPRESSION),
    ("SharedPhoneNumbers", RASEO_SHARED_PHONE_NUMBERS),
    ("PreviewUserPw", RASEO_PREVIEW_USER_PW),
    ("PreviewDomain", RASEO_PREVIEW_DOMAIN),
    ("PreviewPhoneNumber", RASEO_PREVIEW_PHONE_NUMBER),
    ("ShowDialingProgress", RASEO_SHOW_DIALING_PROGRESS),
    ("IpPrioritizeRemote", RASEO_REMOTE_DEFAULT_GATEWAY),
    ("IpHeaderCompression", RASEO_IP_HEADER_COMPRESSION),
];

/// Bits of dwfOptions2: the key, the bit, and the key's value when the bit is set.
const OPTION2_KEYS: [(&str, u32, &str); 6] = [
    ("UseRasCredentials", RASEO2_DONT_USE_RAS_CREDENTIALS, "0"),
    ("NegotiateMultilinkAlways", RASEO2_DONT_NEGOTIATE_MULTILINK, "0"),
    ("RedialOnLinkFailure", RASEO2_RECONNECT_IF_DROPPED, "1"),
    ("ShareMsFilePrint", RASEO2_SECURE_FILE_AND_PRINT, "0"),
    ("BindMsNetClient", RASEO2_SECURE_CLIENT_FOR_MSNET, "0"),
    ("GlobalDeviceSettings", RASEO2_USE_GLOBAL_DEVICE_SETTINGS, "1"),
];

/// AuthRestrictions: its bits and those of dwfOptions. 512, 128 and 256 are sourced, the others fit every sample.
const AUTH_BITS: [(u32, u32); 8] = [
    (0x8, RASEO_REQUIRE_PAP),
    (0x10, RASEO_REQUIRE_SPAP),
    (0x20, RASEO_REQUIRE_CHAP),
    (0x40, RASEO_REQUIRE_MSCHAP),
    (0x80, RASEO_REQUIRE_EAP),
    (0x100, RASEO_CUSTOM),
    (0x200, RASEO_REQUIRE_MSCHAP2),
    (0x400, RASEO_REQUIRE_W95_MSCHAP),
];

/// Bits of dwfOptions that have a key of Windows, here or in a link; the others are kept in `OpenRASOptions`.
const KEYED: u32 = {
    let mut bits = RASEO_USE_COUNTRY_AND_AREA_CODES
        | RASEO_PROMOTE_ALTERNATES
        | RASEO_SPECIFIC_IP_ADDR
        | RASEO_SPECIFIC_NAME_SERVERS
        | RASEO_DISABLE_LCP_EXTENSIONS;
    let mut keys = OPTION_KEYS.as_slice();
    while let Some(((_, bit), rest)) = keys.split_first() {
        bits |= *bit;
        keys = rest;
    }
    let mut auth = AUTH_BITS.as_slice();
    while let Some(((_, bit), rest)) = auth.split_first() {
        bits |= *bit;
        auth = rest;
    }
    bits
};

/// As [`KEYED`], for dwfOptions2 and `OpenRASOptions2`.
const KEYED2: u32 = RASEO2_DONT_USE_RAS_CREDENTIALS
    | RASEO2_DONT_NEGOTIATE_MULTILINK
    | RASEO2_RECONNECT_IF_DROPPED
    | RASEO2_SECURE_FILE_AND_PRINT
    | RASEO2_SECURE_CLIENT_FOR_MSNET
    | RASEO2_USE_GLOBAL_DEVICE_SETTINGS;

/// RASFP_ and BaseProtocol: PPP 1, SLIP 2, the old gateway 3 in the file and 4 in RASENTRY.
const FRAMINGS: [(u32, u32); 3] = [(1, 1), (2, 2), (4, 3)];
/// ET_ and DataEncryption.
const ENCRYPTIONS: [(u32, u32); 4] = [(0, 0), (1, 256), (2, 512), (3, 8)];
/// RASNP_ bits that `ExcludedProtocols` can take away.
const PROTOCOLS: u32 = RASNP_NETBEUI | RASNP_IPX | RASNP_IP | RASNP_IPV6;
/// The first keys of a new entry, before what it holds.
const BEGINNING: [(&str, &str); 1] = [("Encoding", "1")];

/// The entry's own keys; links are none of them.
pub(super) fn read(section: &Section) -> Entry {
    let default = Entry::default();
    let text = |key: &str| section.get(key).unwrap_or_default().trim().to_owned();
    let number =
        |key: &str, other: u32| section.get(key).and_then(|value| parse_number(&value)).unwrap_or(other);
    let v4 = |key: &str| parse_or(&text(key), Ipv4Addr::UNSPECIFIED);
    let v6 = |key: &str| parse_or(&text(key), Ipv6Addr::UNSPECIFIED);
    Entry {
        options: read_options(section),
        options2: read_options2(section),
        kind: number("Type", default.kind),
        framing: from_file(&FRAMINGS, number("BaseProtocol", 1)).unwrap_or(1),
        net_protocols: PROTOCOLS & !number("ExcludedProtocols", PROTOCOLS & !default.net_protocols),
        encryption: from_file(&ENCRYPTIONS, number("DataEncryption", 8)).unwrap_or(3),
        custom_auth_key: number("CustomAuthKey", 0),
        vpn_strategy: number("VpnStrategy", 0),
        ip: v4("IpAddress"),
        dns: v4("IpDnsAddress"),
        dns_alt: v4("IpDns2Address"),
        wins: v4("IpWinsAddress"),
        wins_alt: v4("IpWins2Address"),
        dns6: v6("Ipv6DnsAddress"),
        dns6_alt: v6("Ipv6Dns2Address"),
        ip6: v6("OpenRASIpv6Address"),
        ip6_prefix: number("Ipv6PrefixLength", 0),
        metric4: number("IpInterfaceMetric", 0),
        metric6: number("Ipv6InterfaceMetric", 0),
        frame_size: number("IpFrameSize", default.frame_size),
        tcp_window: number("TcpWindowSize", 0),
        dial_mode: number("DialMode", default.dial_mode),
        dial_extra_percent: number("DialPercent", default.dial_extra_percent),
        dial_extra_seconds: number("DialSeconds", default.dial_extra_seconds),
        hang_up_extra_percent: number("HangUpPercent", default.hang_up_extra_percent),
        hang_up_extra_seconds: number("HangUpSeconds", default.hang_up_extra_seconds),
        idle_disconnect_seconds: number("IdleDisconnectSeconds", 0),
        redial_count: number("RedialAttempts", 0),
        redial_pause: number("RedialSeconds", 0),
        callback_mode: number("CallbackMode", default.callback_mode),
        dial_params_uid: section.get("DialParamsUID").and_then(|value| parse_number(&value)),
        ..read_texts(section)
    }
}

/// Texts; all else as by default.
fn read_texts(section: &Section) -> Entry {
    let text = |key: &str| section.get(key).unwrap_or_default().trim().to_owned();
    Entry {
        dns_suffix: text("IpDnsSuffix"),
        script: text("OpenRASScript"),
        custom_dial_dll: text("CustomDialDll"),
        autodial_dll: text("OpenRASAutodialDll"),
        autodial_func: text("OpenRASAutodialFunc"),
        x25_pad: text("OpenRASX25PadType"),
        x25_address: text("OpenRASX25Address"),
        x25_facilities: text("OpenRASX25Facilities"),
        x25_user_data: text("OpenRASX25UserData"),
        prerequisite_pbk: text("PrerequisitePbk"),
        prerequisite_entry: text("PrerequisiteEntry"),
        own_number: text("OpenRASOwnNumber"),
        callback_line: text("OpenRASCallbackLine"),
        guid: parse_guid(&text("Guid")),
        links: Vec::new(),
        ..Entry::default()
    }
}

/// Writes every key whose text is not that of `before`; all of them into a section that has none.
pub(super) fn write(entry: &Entry, before: &Entry, section: &mut Section) -> Result<(), BookError> {
    let fresh =
        section.groups().len() == 1 && section.get("Type").is_none() && section.get("Encoding").is_none();
    if fresh {
        BEGINNING.into_iter().try_for_each(|(key, value)| section.set(key, value))?;
    }
    for ((key, new), (_, old)) in texts(entry).into_iter().zip(texts(before)) {
        let ours = key.starts_with("OpenRAS") || key == "DialParamsUID" || key == "Guid";
        if ours && new.is_empty() {
            if new != old {
                section.unset(key);
            }
        } else if fresh || new != old {
            section.set(key, &new)?;
        }
    }
    Ok(())
}

/// Every key with the text this entry gives it, in the order of the samples; always the same keys.
fn texts(entry: &Entry) -> Vec<(&'static str, String)> {
    let mut all = Vec::with_capacity(64);
    let bit = |on: bool| String::from(if on { "1" } else { "0" });
    all.push(("Type", entry.kind.to_string()));
    all.extend(OPTION_KEYS.map(|(key, mask)| (key, bit(entry.options & mask != 0))));
    all.extend(OPTION2_KEYS.map(|(key, mask, set)| (key, bit((entry.options2 & mask != 0) == (set == "1")))));
    all.push(("LcpExtensions", bit(entry.options & RASEO_DISABLE_LCP_EXTENSIONS == 0)));
    all.push(("AuthRestrictions", auth_number(entry.options).to_string()));
    all.extend(numbers(entry).map(|(key, value)| (key, value.to_string())));
    let idle = entry.idle_disconnect_seconds;
    all.push(("IdleDisconnectSeconds", if idle == RASIDS_DISABLED { "-1".into() } else { idle.to_string() }));
    all.push(("IpAssign", if entry.options & RASEO_SPECIFIC_IP_ADDR == 0 { "1" } else { "2" }.into()));
    all.push((
        "IpNameAssign",
        if entry.options & RASEO_SPECIFIC_NAME_SERVERS == 0 { "1" } else { "2" }.into(),
    ));
    all.extend(addresses(entry));
    all.extend(strings(entry).map(|(key, value)| (key, value.to_owned())));
    let hex = |value: u32| if value == 0 { String::new() } else { format!("0x{value:08x}") };
    all.push(("OpenRASOptions", hex(entry.options & !KEYED)));
    all.push(("OpenRASOptions2", hex(entry.options2 & !KEYED2)));
    let v6 = |address: Ipv6Addr| if address.is_unspecified() { String::new() } else { address.to_string() };
    all.push(("OpenRASIpv6Address", v6(entry.ip6)));
    all.push(("DialParamsUID", entry.dial_params_uid.map(|uid| uid.to_string()).unwrap_or_default()));
    all.push(("Guid", guid_text(&entry.guid)));
    all
}

fn numbers(entry: &Entry) -> [(&'static str, u32); 18] {
    [
        ("BaseProtocol", to_file(&FRAMINGS, entry.framing)),
        ("ExcludedProtocols", PROTOCOLS & !entry.net_protocols),
        ("DataEncryption", to_file(&ENCRYPTIONS, entry.encryption)),
        ("CustomAuthKey", entry.custom_auth_key),
        ("VpnStrategy", entry.vpn_strategy),
        ("DialMode", entry.dial_mode),
        ("DialPercent", entry.dial_extra_percent),
        ("DialSeconds", entry.dial_extra_seconds),
        ("HangUpPercent", entry.hang_up_extra_percent),
        ("HangUpSeconds", entry.hang_up_extra_seconds),
        ("RedialAttempts", entry.redial_count),
        ("RedialSeconds", entry.redial_pause),
        ("CallbackMode", entry.callback_mode),
        ("IpInterfaceMetric", entry.metric4),
        ("Ipv6InterfaceMetric", entry.metric6),
        ("Ipv6PrefixLength", entry.ip6_prefix),
        ("IpFrameSize", entry.frame_size),
        ("TcpWindowSize", entry.tcp_window),
    ]
}

fn addresses(entry: &Entry) -> [(&'static str, String); 7] {
    [
        ("IpAddress", entry.ip.to_string()),
        ("IpDnsAddress", entry.dns.to_string()),
        ("IpDns2Address", entry.dns_alt.to_string()),
        ("IpWinsAddress", entry.wins.to_string()),
        ("IpWins2Address", entry.wins_alt.to_string()),
        ("Ipv6DnsAddress", entry.dns6.to_string()),
        ("Ipv6Dns2Address", entry.dns6_alt.to_string()),
    ]
}

fn strings(entry: &Entry) -> [(&'static str, &str); 13] {
    [
        ("IpDnsSuffix", &entry.dns_suffix),
        ("CustomDialDll", &entry.custom_dial_dll),
        ("PrerequisitePbk", &entry.prerequisite_pbk),
        ("PrerequisiteEntry", &entry.prerequisite_entry),
        ("OpenRASScript", &entry.script),
        ("OpenRASAutodialDll", &entry.autodial_dll),
        ("OpenRASAutodialFunc", &entry.autodial_func),
        ("OpenRASX25PadType", &entry.x25_pad),
        ("OpenRASX25Address", &entry.x25_address),
        ("OpenRASX25Facilities", &entry.x25_facilities),
        ("OpenRASX25UserData", &entry.x25_user_data),
        ("OpenRASOwnNumber", &entry.own_number),
        ("OpenRASCallbackLine", &entry.callback_line),
    ]
}

fn read_options(section: &Section) -> u32 {
    let number = |key: &str| section.get(key).and_then(|value| parse_number(&value));
    let mut options = number("OpenRASOptions").unwrap_or(0) & !KEYED;
    for (key, bit) in OPTION_KEYS {
        if number(key).is_some_and(|value| value != 0) {
            options |= bit;
        }
    }
    if number("LcpExtensions") == Some(0) {
        options |= RASEO_DISABLE_LCP_EXTENSIONS;
    }
    if number("IpAssign") == Some(2) {
        options |= RASEO_SPECIFIC_IP_ADDR;
    }
    if number("IpNameAssign") == Some(2) {
        options |= RASEO_SPECIFIC_NAME_SERVERS;
    }
    let auth = number("AuthRestrictions").unwrap_or(0);
    AUTH_BITS.iter().filter(|(file, _)| auth & file != 0).fold(options, |options, (_, bit)| options | bit)
}

fn read_options2(section: &Section) -> u32 {
    let text = |key: &str| section.get(key).map(|value| value.trim().to_owned());
    let own = section.get("OpenRASOptions2").and_then(|value| parse_number(&value)).unwrap_or(0) & !KEYED2;
    let set = OPTION2_KEYS.iter().filter(|(key, _, value)| text(key).is_some_and(|text| text == *value));
    set.fold(own, |options, (_, bit, _)| options | bit)
}

fn auth_number(options: u32) -> u32 {
    AUTH_BITS.iter().filter(|(_, bit)| options & bit != 0).fold(0, |sum, (file, _)| sum | file)
}

/// RASENTRY's number of a number of the file.
fn from_file(table: &[(u32, u32)], number: u32) -> Option<u32> {
    table.iter().find(|(_, file)| *file == number).map(|(ours, _)| *ours)
}

/// The file's number of one of RASENTRY's; an unknown one as it is.
fn to_file(table: &[(u32, u32)], number: u32) -> u32 {
    table.iter().find(|(ours, _)| *ours == number).map_or(number, |(_, file)| *file)
}

/// Decimal, negative as its two's complement, or hexadecimal behind 0x.
pub(super) fn parse_number(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    text.parse().ok().or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
}

fn parse_or<T: FromStr>(text: &str, other: T) -> T {
    text.parse().unwrap_or(other)
}

fn parse_guid(text: &str) -> [u8; 16] {
    let value = if text.len() == 32 { u128::from_str_radix(text, 16).unwrap_or(0) } else { 0 };
    value.to_be_bytes()
}

fn guid_text(guid: &[u8; 16]) -> String {
    let value = u128::from_be_bytes(*guid);
    if value == 0 { String::new() } else { format!("{value:032X}") }
}
