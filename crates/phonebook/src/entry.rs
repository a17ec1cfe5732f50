//! One entry with types: what RASENTRY holds that means something to us, read from the keys of a section and written
//! back into them. Only keys whose value changed are touched, so what is not understood stays.

pub mod flags;
mod keys;
mod links;
mod target;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr};

use openras_ppp::AuthMethod;

pub use target::{KINDS, Target, is_line, takes_modem};

use crate::{BookError, Section};
use flags::*;

/// A phone-book entry. Member names follow RASENTRY (ras-structs.md); numbers are RASENTRY's, not the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// dwfOptions: RASEO_ bits.
    pub options: u32,
    /// dwfOptions2: RASEO2_ bits.
    pub options2: u32,
    /// dwType: RASET_ (1 phone, 2 VPN, 3 direct, 4 internet, 5 broadband).
    pub kind: u32,
    /// dwFramingProtocol: RASFP_ (1 PPP, 2 SLIP).
    pub framing: u32,
    /// dwfNetProtocols: RASNP_ bits (4 IP, 8 IPv6).
    pub net_protocols: u32,
    /// dwEncryptionType: ET_ (0 none, 1 required, 2 strongest, 3 optional).
    pub encryption: u32,
    /// dwCustomAuthKey: the EAP type.
    pub custom_auth_key: u32,
    /// dwVpnStrategy.
    pub vpn_strategy: u32,
    /// ipaddr, with RASEO_SpecificIpAddr.
    pub ip: Ipv4Addr,
    /// ipaddrDns, with RASEO_SpecificNameServers.
    pub dns: Ipv4Addr,
    /// ipaddrDnsAlt.
    pub dns_alt: Ipv4Addr,
    /// ipaddrWins.
    pub wins: Ipv4Addr,
    /// ipaddrWinsAlt.
    pub wins_alt: Ipv4Addr,
    /// ipv6addrDns.
    pub dns6: Ipv6Addr,
    /// ipv6addrDnsAlt.
    pub dns6_alt: Ipv6Addr,
    /// ipv6addr.
    pub ip6: Ipv6Addr,
    /// dwIPv6PrefixLength.
    pub ip6_prefix: u32,
    /// dwIPv4InterfaceMetric.
    pub metric4: u32,
    /// dwIPv6InterfaceMetric.
    pub metric6: u32,
    /// dwFrameSize, in bytes: SLIP only.
    pub frame_size: u32,
    /// dwTcpWindowSize.
    pub tcp_window: u32,
    /// szDnsSuffix.
    pub dns_suffix: String,
    /// szScript: the path of a script, or `[section` of SWITCH.INF.
    pub script: String,
    /// szCustomDialDll.
    pub custom_dial_dll: String,
    /// szAutodialDll.
    pub autodial_dll: String,
    /// szAutodialFunc.
    pub autodial_func: String,
    /// szX25PadType.
    pub x25_pad: String,
    /// szX25Address.
    pub x25_address: String,
    /// szX25Facilities.
    pub x25_facilities: String,
    /// szX25UserData.
    pub x25_user_data: String,
    /// szPrerequisitePbk.
    pub prerequisite_pbk: String,
    /// szPrerequisiteEntry.
    pub prerequisite_entry: String,
    /// dwDialMode: RASEDM_ (1 all links, 2 as needed).
    pub dial_mode: u32,
    /// dwDialExtraPercent.
    pub dial_extra_percent: u32,
    /// dwDialExtraSampleSeconds.
    pub dial_extra_seconds: u32,
    /// dwHangUpExtraPercent.
    pub hang_up_extra_percent: u32,
    /// dwHangUpExtraSampleSeconds.
    pub hang_up_extra_seconds: u32,
    /// dwIdleDisconnectSeconds: 0 the user's setting, 0xFFFFFFFF never, else seconds.
    pub idle_disconnect_seconds: u32,
    /// dwRedialCount: attempts after the first.
    pub redial_count: u32,
    /// dwRedialPause, in seconds.
    pub redial_pause: u32,
    /// guidId, as the file has it; all 0 where it has none.
    pub guid: [u8; 16],
    /// CallbackMode as the file has it; its numbers are not documented.
    pub callback_mode: u32,
    /// DialParamsUID: under which credentials are saved. `None` until something is saved; see
    /// [`crate::Book::ensure_uid`].
    pub dial_params_uid: Option<u32>,
    /// The number of this end on the exchange, where it can be called back (`OpenRASOwnNumber`).
    pub own_number: String,
    /// Where this end is rung when it is called back, if its line does not ring by itself (`OpenRASCallbackLine`).
    pub callback_line: String,
    /// The links: a MEDIA group with its DEVICE group each; sub-entry 1 is the first.
    pub links: Vec<Link>,
}

/// One link (RASSUBENTRY): what it goes over, and whom it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// `MEDIA=`: serial, rastapi ….
    pub media: String,
    /// `Port=`.
    pub port: String,
    /// szDeviceName: `Device=`.
    pub device_name: String,
    /// szDeviceType: `DEVICE=`, such as modem.
    pub device_type: String,
    /// The number and its alternates, in the order in which they are tried.
    pub numbers: Vec<Number>,
    /// Our line where the device is one of Windows' or has a modem (`OpenRASLine`): it wins over port and device.
    pub line: String,
    /// The modem that dials on `line`, by its name in the service's table or configuration (`OpenRASModem`); empty for none.
    pub modem: String,
}

/// One number of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// szLocalPhoneNumber, or an alternate.
    pub number: String,
    /// szAreaCode.
    pub area_code: String,
    /// dwCountryCode.
    pub country_code: u32,
    /// dwCountryID.
    pub country_id: u32,
    /// Whether area and country code are dialled. Of an entry's first number its RASEO_UseCountryAndAreaCodes decides.
    pub use_rules: bool,
}

impl Default for Entry {
    /// What RasGetEntryProperties gives for the entry "": a PPP call over TCP, IPv4 and IPv6, addresses and name
    /// servers from the server.
    fn default() -> Self {
        Self {
            options: RASEO_REMOTE_DEFAULT_GATEWAY | RASEO_SW_COMPRESSION | RASEO_PREVIEW_USER_PW,
            options2: 0,
            kind: 1,
            framing: 1,
            net_protocols: RASNP_IP | RASNP_IPV6,
            encryption: 3,
            custom_auth_key: 0,
            vpn_strategy: 0,
            ip: Ipv4Addr::UNSPECIFIED,
            dns: Ipv4Addr::UNSPECIFIED,
            dns_alt: Ipv4Addr::UNSPECIFIED,
            wins: Ipv4Addr::UNSPECIFIED,
            wins_alt: Ipv4Addr::UNSPECIFIED,
            dns6: Ipv6Addr::UNSPECIFIED,
            dns6_alt: Ipv6Addr::UNSPECIFIED,
            ip6: Ipv6Addr::UNSPECIFIED,
            ip6_prefix: 0,
            metric4: 0,
            metric6: 0,
            frame_size: 1500,
            tcp_window: 0,
            dns_suffix: String::new(),
            script: String::new(),
            custom_dial_dll: String::new(),
            autodial_dll: String::new(),
            autodial_func: String::new(),
            x25_pad: String::new(),
            x25_address: String::new(),
            x25_facilities: String::new(),
            x25_user_data: String::new(),
            prerequisite_pbk: String::new(),
            prerequisite_entry: String::new(),
            dial_mode: 1,
            dial_extra_percent: 75,
            dial_extra_seconds: 120,
            hang_up_extra_percent: 10,
            hang_up_extra_seconds: 120,
            idle_disconnect_seconds: 0,
            redial_count: 0,
            redial_pause: 0,
            guid: [0; 16],
            callback_mode: 1,
            dial_params_uid: None,
            own_number: String::new(),
            callback_line: String::new(),
            links: vec![Link::new("tcp")],
        }
    }
}

impl Entry {
    /// An entry that calls over this line, otherwise as by default.
    pub fn for_line(line: &str) -> Self {
        let mut entry = Self::default();
        entry.set_line(line);
        entry
    }

    /// Reads a section. Every section is an entry: what is missing or not understood is as by default.
    pub fn read(section: &Section) -> Self {
        let mut entry = keys::read(section);
        entry.links = links::read(section);
        links::read_options(section, &mut entry);
        entry
    }

    /// Writes into a section what differs from what it holds; a section without a key gets all.
    ///
    /// # Errors
    /// 87: a text does not fit into a line of the file. Nothing is said about what was written before it: keep the
    /// section only if all went well ([`crate::Book::edit`] does so).
    pub fn write(&self, section: &mut Section) -> Result<(), BookError> {
        let before = Self::read(section);
        keys::write(self, &before, section)?;
        links::write(self, section)
    }

    /// Which methods may authenticate us, the preferred first: those whose RASEO_Require bits are set, without bits
    /// MS-CHAPv2 and CHAP (defence rule 4). RASEO_RequireEncryptedPw takes away PAP, RASEO_RequireMsEncryptedPw CHAP too.
    pub fn methods(&self) -> Vec<AuthMethod> {
        let has = |bit: u32| self.options & bit != 0;
        let any = has(RASEO_REQUIRE_PAP | RASEO_REQUIRE_CHAP | RASEO_REQUIRE_MSCHAP | RASEO_REQUIRE_MSCHAP2);
        let encrypted = has(RASEO_REQUIRE_ENCRYPTED_PW | RASEO_REQUIRE_MS_ENCRYPTED_PW);
        let allowed = [
            (AuthMethod::MsChapV2, !any || has(RASEO_REQUIRE_MSCHAP2)),
            (AuthMethod::MsChapV1, has(RASEO_REQUIRE_MSCHAP)),
            (AuthMethod::ChapMd5, (!any || has(RASEO_REQUIRE_CHAP)) && !has(RASEO_REQUIRE_MS_ENCRYPTED_PW)),
            (AuthMethod::Pap, has(RASEO_REQUIRE_PAP) && !encrypted),
        ];
        allowed.into_iter().filter(|(_, may)| *may).map(|(method, _)| method).collect()
    }

    /// Allows exactly these methods: sets and clears their RASEO_Require bits.
    pub fn set_methods(&mut self, methods: &[AuthMethod]) {
        self.options &= !(RASEO_REQUIRE_ENCRYPTED_PW | RASEO_REQUIRE_MS_ENCRYPTED_PW);
        for (method, bit) in [
            (AuthMethod::MsChapV2, RASEO_REQUIRE_MSCHAP2),
            (AuthMethod::MsChapV1, RASEO_REQUIRE_MSCHAP),
            (AuthMethod::ChapMd5, RASEO_REQUIRE_CHAP),
            (AuthMethod::Pap, RASEO_REQUIRE_PAP),
        ] {
            self.set_option(bit, methods.contains(&method));
        }
    }

    /// Sets or clears a bit of [`Self::options`].
    pub fn set_option(&mut self, bit: u32, on: bool) {
        self.options = if on { self.options | bit } else { self.options & !bit };
    }

    /// Whether all these bits of [`Self::options`] are set.
    pub fn has_option(&self, bits: u32) -> bool {
        self.options & bits == bits
    }
}
