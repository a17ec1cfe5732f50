//! An entry of a book as RASENTRY.

use openras_phonebook::{Entry, Link, Number};

use crate::abi::basic::Guid;
use crate::abi::caller::Versioned;
use crate::abi::entry::Entry as RasEntry;
use crate::text::{Char, array};

/// All members but dwAlternateOffset. What no entry here has (channels, IKEv2) is 0.
pub(super) fn entry<C: Char>(entry: &Entry) -> RasEntry<C> {
    let mut shown = RasEntry::empty();
    numbers(entry, &mut shown);
    addresses(entry, &mut shown);
    texts(entry, &mut shown);
    if let Some(link) = entry.links.first() {
        link_of(link, &mut shown);
    }
    shown.dwSubEntries = u32::try_from(entry.links.len()).unwrap_or(u32::MAX);
    shown
}

fn numbers<C: Char>(entry: &Entry, shown: &mut RasEntry<C>) {
    shown.dwfOptions = entry.options;
    shown.dwfOptions2 = entry.options2;
    shown.dwFrameSize = entry.frame_size;
    shown.dwfNetProtocols = entry.net_protocols;
    shown.dwFramingProtocol = entry.framing;
    shown.dwDialMode = entry.dial_mode;
    shown.dwDialExtraPercent = entry.dial_extra_percent;
    shown.dwDialExtraSampleSeconds = entry.dial_extra_seconds;
    shown.dwHangUpExtraPercent = entry.hang_up_extra_percent;
    shown.dwHangUpExtraSampleSeconds = entry.hang_up_extra_seconds;
    shown.dwIdleDisconnectSeconds = entry.idle_disconnect_seconds;
    shown.dwType = entry.kind;
    shown.dwEncryptionType = entry.encryption;
    shown.dwCustomAuthKey = entry.custom_auth_key;
    shown.dwVpnStrategy = entry.vpn_strategy;
    shown.dwTcpWindowSize = entry.tcp_window;
    shown.dwRedialCount = entry.redial_count;
    shown.dwRedialPause = entry.redial_pause;
    shown.dwIPv4InterfaceMetric = entry.metric4;
    shown.dwIPv6InterfaceMetric = entry.metric6;
    shown.dwIPv6PrefixLength = entry.ip6_prefix;
}

fn addresses<C: Char>(entry: &Entry, shown: &mut RasEntry<C>) {
    shown.ipaddr = entry.ip.octets();
    shown.ipaddrDns = entry.dns.octets();
    shown.ipaddrDnsAlt = entry.dns_alt.octets();
    shown.ipaddrWins = entry.wins.octets();
    shown.ipaddrWinsAlt = entry.wins_alt.octets();
    shown.ipv6addrDns = entry.dns6.octets();
    shown.ipv6addrDnsAlt = entry.dns6_alt.octets();
    shown.ipv6addr = entry.ip6.octets();
    let [a, b, c, d, e, f, g, h, rest @ ..] = entry.guid;
    // the file has the bytes as they lie in the memory of Windows
    shown.guidId = Guid {
        Data1: u32::from_le_bytes([a, b, c, d]),
        Data2: u16::from_le_bytes([e, f]),
        Data3: u16::from_le_bytes([g, h]),
        Data4: rest,
    };
}

fn texts<C: Char>(entry: &Entry, shown: &mut RasEntry<C>) {
    shown.szScript = array(&entry.script);
    shown.szAutodialDll = array(&entry.autodial_dll);
    shown.szAutodialFunc = array(&entry.autodial_func);
    shown.szX25PadType = array(&entry.x25_pad);
    shown.szX25Address = array(&entry.x25_address);
    shown.szX25Facilities = array(&entry.x25_facilities);
    shown.szX25UserData = array(&entry.x25_user_data);
    shown.szCustomDialDll = array(&entry.custom_dial_dll);
    shown.szDnsSuffix = array(&entry.dns_suffix);
    shown.szPrerequisitePbk = array(&entry.prerequisite_pbk);
    shown.szPrerequisiteEntry = array(&entry.prerequisite_entry);
}

fn link_of<C: Char>(link: &Link, shown: &mut RasEntry<C>) {
    shown.szDeviceType = array(&link.device_type);
    shown.szDeviceName = array(device_name(link));
    let none = Number::default();
    let number = link.numbers.first().unwrap_or(&none);
    shown.szLocalPhoneNumber = array(&number.number);
    shown.szAreaCode = array(&number.area_code);
    shown.dwCountryID = number.country_id;
    shown.dwCountryCode = number.country_code;
}

/// Files with a port alone are usual; the port is the device then.
pub(in crate::calls) fn device_name(link: &Link) -> &str {
    if link.device_name.is_empty() { &link.port } else { &link.device_name }
}
