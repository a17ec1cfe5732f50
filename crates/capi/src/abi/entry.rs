//! Entries of a phone book.

#![allow(non_snake_case, reason = "the members have their names of the headers")]

use super::basic::Guid;
use crate::text::Char;

/// An entry of a phone book.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct EntryName<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) szEntryName: [C; 257],
    pub(crate) dwFlags: u32,
    pub(crate) szPhonebookPath: [C; 261],
}

/// All of an entry; `dwAlternateOffset` leads to further numbers behind the structure.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Entry<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwfOptions: u32,
    pub(crate) dwCountryID: u32,
    pub(crate) dwCountryCode: u32,
    pub(crate) szAreaCode: [C; 11],
    pub(crate) szLocalPhoneNumber: [C; 129],
    pub(crate) dwAlternateOffset: u32,
    pub(crate) ipaddr: [u8; 4],
    pub(crate) ipaddrDns: [u8; 4],
    pub(crate) ipaddrDnsAlt: [u8; 4],
    pub(crate) ipaddrWins: [u8; 4],
    pub(crate) ipaddrWinsAlt: [u8; 4],
    pub(crate) dwFrameSize: u32,
    pub(crate) dwfNetProtocols: u32,
    pub(crate) dwFramingProtocol: u32,
    pub(crate) szScript: [C; 260],
    pub(crate) szAutodialDll: [C; 260],
    pub(crate) szAutodialFunc: [C; 260],
    pub(crate) szDeviceType: [C; 17],
    pub(crate) szDeviceName: [C; 129],
    pub(crate) szX25PadType: [C; 33],
    pub(crate) szX25Address: [C; 201],
    pub(crate) szX25Facilities: [C; 201],
    pub(crate) szX25UserData: [C; 201],
    pub(crate) dwChannels: u32,
    pub(crate) dwReserved1: u32,
    pub(crate) dwReserved2: u32,
    pub(crate) dwSubEntries: u32,
    pub(crate) dwDialMode: u32,
    pub(crate) dwDialExtraPercent: u32,
    pub(crate) dwDialExtraSampleSeconds: u32,
    pub(crate) dwHangUpExtraPercent: u32,
    pub(crate) dwHangUpExtraSampleSeconds: u32,
    pub(crate) dwIdleDisconnectSeconds: u32,
    pub(crate) dwType: u32,
    pub(crate) dwEncryptionType: u32,
    pub(crate) dwCustomAuthKey: u32,
    pub(crate) guidId: Guid,
    pub(crate) szCustomDialDll: [C; 260],
    pub(crate) dwVpnStrategy: u32,
    pub(crate) dwfOptions2: u32,
    pub(crate) dwfOptions3: u32,
    pub(crate) szDnsSuffix: [C; 256],
    pub(crate) dwTcpWindowSize: u32,
    pub(crate) szPrerequisitePbk: [C; 260],
    pub(crate) szPrerequisiteEntry: [C; 257],
    pub(crate) dwRedialCount: u32,
    pub(crate) dwRedialPause: u32,
    pub(crate) ipv6addrDns: [u8; 16],
    pub(crate) ipv6addrDnsAlt: [u8; 16],
    pub(crate) dwIPv4InterfaceMetric: u32,
    pub(crate) dwIPv6InterfaceMetric: u32,
    pub(crate) ipv6addr: [u8; 16],
    pub(crate) dwIPv6PrefixLength: u32,
    pub(crate) dwNetworkOutageTime: u32,
    pub(crate) szIDi: [C; 257],
    pub(crate) szIDr: [C; 257],
    pub(crate) fIsImsConfig: i32,
    pub(crate) IdiType: u32,
    pub(crate) IdrType: u32,
    pub(crate) fDisableIKEv2Fragmentation: i32,
}

/// A link of a multilink entry.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct SubEntry<C: Char> {
    pub(crate) dwSize: u32,
    pub(crate) dwfFlags: u32,
    pub(crate) szDeviceType: [C; 17],
    pub(crate) szDeviceName: [C; 129],
    pub(crate) szLocalPhoneNumber: [C; 129],
    pub(crate) dwAlternateOffset: u32,
}

layout! {
    versioned EntryName<A, W> "RASENTRYNAME" [264, 532] [520, 1048] {
        dwSize 0, 0; szEntryName 4, 4; dwFlags 264, 520; szPhonebookPath 268, 524;
    }
}
layout! {
    versioned Entry<A, W> "RASENTRY" [1768, 1796, 2088, 2884, 2924, 2948, 3480] [3468, 3496, 4048, 5616, 5656, 5680, 6724] {
        dwSize 0, 0; dwfOptions 4, 4; dwCountryID 8, 8; dwCountryCode 12, 12; szAreaCode 16, 16;
        szLocalPhoneNumber 27, 38; dwAlternateOffset 156, 296; ipaddr 160, 300; ipaddrDns 164, 304;
        ipaddrDnsAlt 168, 308; ipaddrWins 172, 312; ipaddrWinsAlt 176, 316; dwFrameSize 180, 320;
        dwfNetProtocols 184, 324; dwFramingProtocol 188, 328; szScript 192, 332; szAutodialDll 452, 852;
        szAutodialFunc 712, 1372; szDeviceType 972, 1892; szDeviceName 989, 1926;
        szX25PadType 1118, 2184; szX25Address 1151, 2250; szX25Facilities 1352, 2652;
        szX25UserData 1553, 3054; dwChannels 1756, 3456; dwReserved1 1760, 3460; dwReserved2 1764, 3464;
        dwSubEntries 1768, 3468; dwDialMode 1772, 3472; dwDialExtraPercent 1776, 3476;
        dwDialExtraSampleSeconds 1780, 3480; dwHangUpExtraPercent 1784, 3484;
        dwHangUpExtraSampleSeconds 1788, 3488; dwIdleDisconnectSeconds 1792, 3492; dwType 1796, 3496;
        dwEncryptionType 1800, 3500; dwCustomAuthKey 1804, 3504; guidId 1808, 3508;
        szCustomDialDll 1824, 3524; dwVpnStrategy 2084, 4044; dwfOptions2 2088, 4048;
        dwfOptions3 2092, 4052; szDnsSuffix 2096, 4056; dwTcpWindowSize 2352, 4568;
        szPrerequisitePbk 2356, 4572; szPrerequisiteEntry 2616, 5092; dwRedialCount 2876, 5608;
        dwRedialPause 2880, 5612; ipv6addrDns 2884, 5616; ipv6addrDnsAlt 2900, 5632;
        dwIPv4InterfaceMetric 2916, 5648; dwIPv6InterfaceMetric 2920, 5652; ipv6addr 2924, 5656;
        dwIPv6PrefixLength 2940, 5672; dwNetworkOutageTime 2944, 5676; szIDi 2948, 5680;
        szIDr 3205, 6194; fIsImsConfig 3464, 6708; IdiType 3468, 6712; IdrType 3472, 6716;
        fDisableIKEv2Fragmentation 3476, 6720;
    }
}
layout! {
    versioned SubEntry<A, W> "RASSUBENTRY" [288] [564] {
        dwSize 0, 0; dwfFlags 4, 4; szDeviceType 8, 8; szDeviceName 25, 42; szLocalPhoneNumber 154, 300;
        dwAlternateOffset 284, 560;
    }
}
